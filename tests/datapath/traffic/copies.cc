#include "tests/datapath/traffic/copies.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <unordered_map>

#include "tests/oracle/frames.h"

namespace podmirror::testing {
namespace {

constexpr std::size_t kOuter = 50;
constexpr std::size_t kMaxFaults = 5;

unsigned Word(const Frame& frame, std::size_t at) { return frame[at] * 256u + frame[at + 1]; }

template <std::size_t N>
bool Has(const Frame& frame, std::size_t at, const std::array<std::uint8_t, N>& bytes) {
  return std::equal(bytes.begin(), bytes.end(), frame.begin() + static_cast<std::ptrdiff_t>(at));
}

bool HeaderChecksumIsRight(const Frame& frame) {
  unsigned sum = 0;
  for (std::size_t at = 14; at < 34; at += 2) sum += Word(frame, at);
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return sum == 0xffff;
}

std::string Key(std::uint32_t vni, const Frame& bytes) {
  std::string key(reinterpret_cast<const char*>(&vni), sizeof(vni));
  key.append(bytes.begin(), bytes.end());
  return key;
}

std::string Masked(std::string key, std::size_t checksum_at) {
  const std::size_t at = sizeof(std::uint32_t) + checksum_at;
  if (at + 2 <= key.size()) key[at] = key[at + 1] = 0;
  return key;
}

std::string Describe(const char* what, const std::string& key) {
  std::uint32_t vni;
  std::copy_n(key.begin(), sizeof(vni), reinterpret_cast<char*>(&vni));
  const Frame bytes(key.begin() + sizeof(vni), key.end());
  return std::string(what) + ", VNI " + std::to_string(vni) + ", " + std::to_string(bytes.size()) + " bytes: " +
         oracle::Hex(Frame(bytes.begin(), bytes.begin() + std::min<std::ptrdiff_t>(128, std::ssize(bytes))));
}

class Matcher {
 public:
  explicit Matcher(const std::vector<Copy>& arrived) {
    for (const Copy& copy : arrived) ++left_[Key(copy.vni, copy.inner)];
  }

  Comparison Run(const std::vector<WantedCopy>& wanted) {
    std::vector<const WantedCopy*> unsure;
    for (const WantedCopy& copy : wanted) {
      if (!Take(CutKey(copy)) && !Take(WithOtherZero(copy))) unsure.push_back(&copy);
    }
    TakeWithOtherChecksum(unsure);
    for (const WantedCopy* copy : unsure) {
      if (copy->may_be_longer && TakeLonger(*copy)) {
        ++result_.cut_late;
      } else {
        Fault("missing", CutKey(*copy));
      }
    }
    for (const auto& [key, count] : left_) Fault("not wanted", key);
    if (faults_ > kMaxFaults) result_.faults.push_back("and " + std::to_string(faults_ - kMaxFaults) + " more");
    return std::move(result_);
  }

 private:
  static std::string CutKey(const WantedCopy& copy) {
    const auto end = copy.whole.begin() + std::min(std::ssize(copy.whole), static_cast<std::ptrdiff_t>(copy.limit));
    return Key(copy.vni, Frame(copy.whole.begin(), end));
  }

  // A sum of nothing but ones is written as either zero: as 0xffff where a checksum is completed, as 0 where a stream
  // is cut into segments. Empty where the checksum is not that.
  static std::string WithOtherZero(const WantedCopy& copy) {
    if (copy.checksum_at == 0 || Word(copy.whole, copy.checksum_at) != 0xffff) return {};
    return Masked(CutKey(copy), copy.checksum_at);
  }

  void Fault(const char* what, const std::string& key) {
    if (++faults_ <= kMaxFaults) result_.faults.push_back(Describe(what, key));
  }

  bool Take(const std::string& key) {
    const auto found = left_.find(key);
    if (found == left_.end()) return false;
    if (--found->second == 0) left_.erase(found);
    return true;
  }

  // Takes what is equal but for the checksum; leaves the others in `unsure`.
  void TakeWithOtherChecksum(std::vector<const WantedCopy*>& unsure) {
    std::set<std::size_t> places;
    for (const WantedCopy* copy : unsure) {
      if (copy->checksum_at != 0 && copy->whole.size() > copy->limit) places.insert(copy->checksum_at);
    }
    for (const std::size_t place : places) {
      std::unordered_multimap<std::string, std::string> by_mask;
      for (const auto& [key, count] : left_) {
        for (int i = 0; i < count; ++i) by_mask.emplace(Masked(key, place), key);
      }
      std::erase_if(unsure, [&](const WantedCopy* copy) {
        if (copy->checksum_at != place || copy->whole.size() <= copy->limit) return false;
        const auto found = by_mask.find(Masked(CutKey(*copy), place));
        if (found == by_mask.end()) return false;
        Take(found->second);
        by_mask.erase(found);
        return true;
      });
    }
  }

  // A longer beginning of the same frame.
  bool TakeLonger(const WantedCopy& copy) {
    const std::string whole =
        Masked(Key(copy.vni, copy.whole), copy.checksum_at == 0 ? copy.whole.size() : copy.checksum_at);
    for (const auto& [key, count] : left_) {
      if (key.size() <= sizeof(copy.vni) + copy.limit || key.size() > whole.size()) continue;
      if (!std::string_view(whole).starts_with(
              Masked(key, copy.checksum_at == 0 ? copy.whole.size() : copy.checksum_at))) {
        continue;
      }
      return Take(std::string(key));
    }
    return false;
  }

  std::unordered_map<std::string, int> left_;
  std::size_t faults_ = 0;
  Comparison result_;
};

}  // namespace

Comparison Compare(const std::vector<WantedCopy>& wanted, const std::vector<Copy>& arrived) {
  return Matcher(arrived).Run(wanted);
}

bool IsCopy(const Frame& frame) {
  return frame.size() >= 38 && Word(frame, 12) == 0x0800 && frame[14] / 16 == 4 && frame[23] == 17 &&
         Word(frame, 14 + (frame[14] & 15) * 4u + 2) == kVxlanPort;
}

Copy ReadCopy(const Frame& frame, const Leg& leg, std::vector<std::string>& faults) {
  const auto check = [&](bool right, const char* what) {
    if (!right && faults.size() < kMaxFaults) {
      faults.push_back(
          std::string(what) + " of the copy is wrong: " +
          oracle::Hex(Frame(frame.begin(), frame.begin() + std::min<std::ptrdiff_t>(64, std::ssize(frame)))));
    }
    return right;
  };
  if (!check(frame.size() >= kOuter + 14 && frame[14] == 0x45, "length")) return {};
  check(Has(frame, 0, leg.dmac) && Has(frame, 6, leg.smac), "a MAC");
  check(frame[15] == 0, "DSCP");
  check(Word(frame, 16) == frame.size() - 14, "the IP length");
  check(Word(frame, 20) == 0, "a fragment field");
  check(frame[22] == 64, "TTL");
  check(HeaderChecksumIsRight(frame), "the IP header's checksum");
  check(Has(frame, 26, leg.source) && Has(frame, 30, leg.destination), "an address");
  check(Word(frame, 34) >= 0xc000 && Word(frame, 34) <= 0xc0ff, "the source port");
  check(Word(frame, 38) == frame.size() - 34, "the UDP length");
  check(Word(frame, 40) == 0, "the UDP checksum");
  check(Word(frame, 42) == 0x0800 && Word(frame, 44) == 0 && frame[49] == 0, "the VXLAN header");
  return {static_cast<std::uint32_t>(frame[46] << 16 | frame[47] << 8 | frame[48]),
          static_cast<std::uint16_t>(Word(frame, 34)), Frame(frame.begin() + kOuter, frame.end())};
}

}  // namespace podmirror::testing
