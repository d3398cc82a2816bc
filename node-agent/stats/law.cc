#include "node-agent/stats/law.h"

#include <array>
#include <cstring>
#include <initializer_list>
#include <map>

namespace podmirror::stats {
namespace {

constexpr std::array<std::string_view, PM_INTERFACE_TERMS> kInterfaceNames = {"seen",   "guarded",   "malformed",
                                                                              "non_ip", "unmatched", "accepted_total"};
constexpr std::array<std::string_view, PM_SESSION_TERMS> kSessionNames = {
    "evaluated",        "excluded",     "rejected",      "no_match", "accepted",  "over_budget",
    "drop_no_endpoint", "clone_failed", "encap_in",      "sent",     "segmented", "drop_truncate",
    "drop_encap",       "drop_send",    "mtu_truncated", "cut_late"};
constexpr std::array<std::string_view, PM_SEGMENT_TERMS> kSegmentNames = {
    "segments_of_segmented", "segments_in", "segments_sent", "segments_dropped", "segments_of_sent"};

struct Term {
  std::string_view name;
  std::uint64_t value;
};

// whole = sum of parts; the words of a violation, or nothing.
std::string Unequal(const Term& whole, std::initializer_list<Term> parts, std::string_view unit) {
  std::uint64_t sum = 0;
  std::string words;
  for (const Term& part : parts) {
    sum += part.value;
    words += (words.empty() ? "" : " + ") + std::string(part.name) + " " + std::to_string(part.value);
  }
  if (whole.value == sum) return {};
  return std::string(whole.name) + " " + std::to_string(whole.value) + " is not " + words +
         (parts.size() > 1 ? " = " + std::to_string(sum) : "") + " (" + std::string(unit) + ")";
}

class Checker {
 public:
  void Check(const HookCount& hook) {
    where_ = hook.name;
    CheckInterface(hook);
    const SessionCount* before = nullptr;
    for (const SessionCount& session : hook.sessions) {
      where_ = hook.name + ", session " + session.name;
      CheckSession(session.counters.packets, "packets");
      CheckSession(session.counters.bytes, "bytes");
      if (session.chained && before != nullptr) {
        CheckChain(before->name, before->counters.packets, session.counters.packets, "packets");
        CheckChain(before->name, before->counters.bytes, session.counters.bytes, "bytes");
      }
      CheckSegments(session.counters);
      before = &session;
    }
  }

  std::vector<std::string> Take() { return std::move(violations_); }

 private:
  void Say(const std::string& violation) {
    if (!violation.empty()) violations_.push_back(where_ + ": " + violation);
  }

  void CheckInterface(const HookCount& hook) {
    const auto term = [&](pm_interface_term which) { return Term{NameOf(which), hook.counters.packets[which]}; };
    Say(Unequal(term(PM_SEEN),
                {term(PM_GUARDED), term(PM_MALFORMED), term(PM_NON_IP), term(PM_UNMATCHED), term(PM_ACCEPTED_TOTAL)},
                "packets"));
    if (!hook.complete) return;
    Term accepted{"accepted over all sessions", 0};
    for (const SessionCount& session : hook.sessions) accepted.value += session.counters.packets[PM_ACCEPTED];
    Say(Unequal(term(PM_ACCEPTED_TOTAL), {accepted}, "packets"));
  }

  void CheckSession(const __u64* values, std::string_view unit) {
    const auto term = [&](pm_session_term which) { return Term{NameOf(which), values[which]}; };
    Say(Unequal(term(PM_EVALUATED), {term(PM_EXCLUDED), term(PM_ACCEPTED), term(PM_REJECTED), term(PM_NO_MATCH)},
                unit));
    Say(Unequal(term(PM_ACCEPTED),
                {term(PM_OVER_BUDGET), term(PM_DROP_NO_ENDPOINT), term(PM_CLONE_FAILED), term(PM_ENCAP_IN)}, unit));
    Say(Unequal(term(PM_ENCAP_IN),
                {term(PM_SENT), term(PM_SEGMENTED), term(PM_DROP_TRUNCATE), term(PM_DROP_ENCAP), term(PM_DROP_SEND)},
                unit));
  }

  // What the session before did not accept is what this one sees.
  void CheckChain(const std::string& name, const __u64* before, const __u64* after, std::string_view unit) {
    const auto term = [&](pm_session_term which) { return Term{NameOf(which), before[which]}; };
    const std::string violation = Unequal({NameOf(PM_EVALUATED), after[PM_EVALUATED]},
                                          {term(PM_EXCLUDED), term(PM_REJECTED), term(PM_NO_MATCH)}, unit);
    if (!violation.empty()) Say(violation + " of the session before, " + name);
  }

  void CheckSegments(const pm_session_counters& counters) {
    const auto term = [&](pm_segment_term which) { return Term{NameOf(which), counters.segments[which]}; };
    Say(Unequal(term(PM_SEGMENTS_IN), {term(PM_SEGMENTS_SENT), term(PM_SEGMENTS_DROPPED)}, "segments"));
    const Term in = term(PM_SEGMENTS_IN);
    const Term handed = term(PM_SEGMENTS_OF_SEGMENTED);
    if (in.value <= handed.value) return;
    Say(std::string(in.name) + " " + std::to_string(in.value) + " is more than " + std::string(handed.name) + " " +
        std::to_string(handed.value) + " (segments)");
  }

  std::string where_;
  std::vector<std::string> violations_;
};

template <typename T>
bool SameBytes(const T& a, const T& b) {
  return std::memcmp(&a, &b, sizeof(T)) == 0;
}

}  // namespace

std::string_view NameOf(pm_interface_term term) { return kInterfaceNames.at(term); }
std::string_view NameOf(pm_session_term term) { return kSessionNames.at(term); }
std::string_view NameOf(pm_segment_term term) { return kSegmentNames.at(term); }

bool SessionCount::operator==(const SessionCount& other) const {
  return name == other.name && chained == other.chained && SameBytes(counters, other.counters);
}

bool HookCount::operator==(const HookCount& other) const {
  return name == other.name && complete == other.complete && SameBytes(counters, other.counters) &&
         sessions == other.sessions;
}

std::vector<std::string> CheckLaw(const std::vector<HookCount>& hooks) {
  Checker checker;
  for (const HookCount& hook : hooks) checker.Check(hook);
  return checker.Take();
}

std::vector<std::string> CheckLaw(const std::vector<HookCount>& first, const std::vector<HookCount>& second) {
  std::map<std::string_view, const HookCount*> before;
  for (const HookCount& hook : first) before.emplace(hook.name, &hook);
  Checker checker;
  for (const HookCount& hook : second) {
    const auto found = before.find(hook.name);
    if (found != before.end() && *found->second == hook) checker.Check(hook);
  }
  return checker.Take();
}

void Add(pm_interface_counters& sum, const pm_interface_counters& more) {
  for (int i = 0; i < PM_INTERFACE_TERMS; ++i) sum.packets[i] += more.packets[i];
}

void Add(pm_session_counters& sum, const pm_session_counters& more) {
  for (int i = 0; i < PM_SESSION_TERMS; ++i) sum.packets[i] += more.packets[i];
  for (int i = 0; i < PM_SESSION_TERMS; ++i) sum.bytes[i] += more.bytes[i];
  for (int i = 0; i < PM_SEGMENT_TERMS; ++i) sum.segments[i] += more.segments[i];
}

std::uint64_t Mirrored(const pm_session_counters& counters) {
  return counters.packets[PM_SENT] + counters.packets[PM_SEGMENTED];
}

std::uint64_t WireSent(const pm_session_counters& counters) {
  return counters.segments[PM_SEGMENTS_OF_SENT] + counters.segments[PM_SEGMENTS_SENT];
}

std::uint64_t BacklogDrop(const pm_session_counters& counters) {
  const std::uint64_t handed = counters.segments[PM_SEGMENTS_OF_SEGMENTED];
  const std::uint64_t arrived = counters.segments[PM_SEGMENTS_IN];
  return handed > arrived ? handed - arrived : 0;
}

}  // namespace podmirror::stats
