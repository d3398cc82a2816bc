#include "operator/push/authority.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "operator/push/certificate.h"

namespace podmirror::push {
namespace {

constexpr std::size_t kRetired = 4;  // at most; more than two were made by hand

using std::chrono::milliseconds;

Instant TwoThirds(const Certificate& certificate) {
  return Made(certificate) + (Until(certificate) - Made(certificate)) * 2 / 3;
}

// A clock that was set back: it is not valid yet, nor will it be soon.
bool IsValid(const Certificate& certificate, Instant now) {
  return now >= Made(certificate) - kSkew && now < Until(certificate);
}

std::optional<Pair> ReadAuthority(const std::string& certificate, const std::string& key, Instant now) {
  auto pair = ReadPair(certificate, key);
  if (!pair || !IsAuthority(pair->certificate) || !IsValid(pair->certificate, now)) return std::nullopt;
  return pair;
}

// One round of decisions over what was read. Each step leaves what is not due as it is, to the byte.
class Renewal {
 public:
  Renewal(const Certificates& current, Instant now, const AuthoritySettings& settings)
      : now_(now),
        settings_(settings),
        look_again_(now + settings.authority_life),
        authority_(ReadAuthority(current.authority, current.authority_key, now)),
        next_(ReadAuthority(current.next_authority, current.next_authority_key, now)),
        leaf_(ReadPair(current.certificate, current.key)) {
    for (Certificate& certificate : ReadAll(current.authority)) {
      if (!authority_ || !Equal(certificate, authority_->certificate)) retired_.push_back(std::move(certificate));
    }
  }

  Result<Renewed> Run() {
    for (const auto step : {&Renewal::SettleAuthority, &Renewal::SettleNext, &Renewal::SettleLeaf}) {
      if (auto done = (this->*step)(); !done) return std::unexpected(done.error());
    }
    SettleRetired();
    return Write();
  }

 private:
  void LookAgain(Instant when) { look_again_ = std::min(look_again_, when); }

  Result<void> SettleAuthority() {
    if (next_ && (!authority_ || now_ >= Made(next_->certificate) + settings_.overlap)) {
      if (authority_) retired_.insert(retired_.begin(), authority_->certificate);
      authority_ = std::exchange(next_, std::nullopt);
    }
    if (authority_) return {};
    auto made = MakeAuthority(now_, now_ + settings_.authority_life);
    if (!made) return std::unexpected(made.error());
    authority_ = std::move(*made);
    return {};
  }

  Result<void> SettleNext() {
    const Instant due = TwoThirds(authority_->certificate);
    if (!next_ && now_ >= due) {
      auto made = MakeAuthority(now_, now_ + settings_.authority_life);
      if (!made) return std::unexpected(made.error());
      next_ = std::move(*made);
    }
    LookAgain(next_ ? Made(next_->certificate) + settings_.overlap : due);
    LookAgain(Until(authority_->certificate));
    return {};
  }

  bool LeafIsGood() const {
    return leaf_ && IsValid(leaf_->certificate, now_) && now_ < TwoThirds(leaf_->certificate) &&
           IsSignedBy(leaf_->certificate, authority_->certificate) &&
           DnsNames(leaf_->certificate) == settings_.dns_names;
  }

  Result<void> SettleLeaf() {
    if (!LeafIsGood()) {
      const Instant until = std::min<Instant>(now_ + settings_.certificate_life, Until(authority_->certificate));
      auto made = MakeLeaf(*authority_, settings_.dns_names, now_, until);
      if (!made) return std::unexpected(made.error());
      leaf_ = std::move(*made);
    }
    LookAgain(TwoThirds(leaf_->certificate));
    return {};
  }

  // What a retired authority has signed was made before the present one signed: it has ended a life later.
  void SettleRetired() {
    const Instant end = Made(authority_->certificate) + settings_.overlap + settings_.certificate_life;
    std::erase_if(retired_, [&](const Certificate& certificate) {
      return now_ >= end || !IsAuthority(certificate) || !IsValid(certificate, now_);
    });
    if (retired_.size() > kRetired) retired_.resize(kRetired);
    for (const Certificate& certificate : retired_) LookAgain(std::min(end, Until(certificate)));
  }

  Result<Renewed> Write() const {
    Certificates out;
    out.authority = push::Write(authority_->certificate);
    for (const Certificate& certificate : retired_) out.authority += push::Write(certificate);
    out.bundle = out.authority;
    out.certificate = push::Write(leaf_->certificate);
    if (next_) {
      out.next_authority = push::Write(next_->certificate);
      out.bundle += out.next_authority;
    }
    for (const auto& [text, key] : {std::pair(&out.authority_key, &authority_), std::pair(&out.key, &leaf_),
                                    std::pair(&out.next_authority_key, &next_)}) {
      if (!*key) continue;
      auto written = push::Write((*key)->key);
      if (!written) return std::unexpected(written.error());
      *text = std::move(*written);
    }
    return Renewed{std::move(out), std::max<Instant>(look_again_, now_ + milliseconds(1))};
  }

  const Instant now_;
  const AuthoritySettings& settings_;
  Instant look_again_;
  std::optional<Pair> authority_;
  std::optional<Pair> next_;
  std::optional<Pair> leaf_;
  std::vector<Certificate> retired_;  // the youngest first
};

bool IsDnsName(const std::string& name) {
  const auto good = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.'; };
  return !name.empty() && name.size() <= 253 && std::ranges::all_of(name, good);
}

}  // namespace

Result<Renewed> Renew(const Certificates& current, Instant now, const AuthoritySettings& settings) {
  if (settings.dns_names.empty()) return Fail("no DNS name to make a certificate for", "", "name the Service");
  for (const std::string& name : settings.dns_names) {
    if (!IsDnsName(name))
      return Fail("no DNS name", "\"" + name + "\"", "write it as podmirror-operator.podmirror.svc");
  }
  return Renewal(current, now, settings).Run();
}

Identity IdentityOf(const Certificates& certificates) { return {certificates.certificate, certificates.key}; }

}  // namespace podmirror::push
