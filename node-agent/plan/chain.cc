#include "node-agent/plan/chain.h"

#include "contract/reasons.h"
#include "node-agent/plan/lower_abi.h"

namespace podmirror::plan {
namespace {

std::string Limited(std::string_view what, std::size_t limit, const ObjectKey& session) {
  return "session " + session.ToString() + " and those after it are left out: " + std::string(what) + ", at most " +
         std::to_string(limit);
}

std::string Undescribed(std::string_view kind, const ObjectKey& key) {
  return std::string(kind) + " " + key.ToString() + " is named in this node's desired state but not described there";
}

// Looks up what the session refers to. The message says what is missing.
std::string Resolve(const Draft& draft, const ObjectKey& key, ChainLink& link) {
  const auto session = draft.sessions.find(key);
  if (session == draft.sessions.end()) return Undescribed("session", key);
  link.session = session->second;
  const auto filter = draft.filters.find(link.session->filter);
  if (filter == draft.filters.end()) return Undescribed("filter", link.session->filter);
  link.filter = filter->second;
  if (!draft.sources_of_target.contains(link.session->target)) return Undescribed("target", link.session->target);
  const auto target = draft.target_ids.find(link.session->target);
  if (target == draft.target_ids.end()) return Limited("this node has too many targets", PM_MAX_TARGETS, key);
  link.entry.target = target->second;
  return {};
}

// The counters' slot that the session has now.
const pm_hook_session* Find(const Hook* before, std::uint64_t key) {
  if (before == nullptr) return nullptr;
  for (const pm_hook_session& session : Sessions(*before))
    if (session.key == key) return &session;
  return nullptr;
}

std::string TakeSlot(const Hook* before, IdPool& slots, ChainLink& link) {
  const pm_hook_session* now = Find(before, link.entry.key);
  link.fresh = now == nullptr;
  const std::optional<std::uint32_t> slot = now != nullptr ? now->slot : slots.Next();
  if (!slot) return Limited("this node has too many {interface, direction, session}", PM_MAX_SLOTS, link.session->key);
  link.entry.slot = *slot;
  return {};
}

// Does the chain law hold between the session at `position` and the one before it? Both must have begun with this
// plan, or have been neighbours all their lives.
bool Chained(const Chain& chain, std::size_t position, const Hook* before) {
  const bool fresh = chain[position].fresh && (position == 0 || chain[position - 1].fresh);
  if (fresh) return true;
  const pm_hook_session* now = Find(before, chain[position].entry.key);
  if (now == nullptr || now->chained == 0) return false;
  const std::ptrdiff_t was = now - before->value.session;
  if (position == 0 || was == 0) return position == 0 && was == 0;
  return (now - 1)->key == chain[position - 1].entry.key;
}

}  // namespace

Chain BuildChain(const Draft& draft, SourceDraft& source, Direction direction, const Hook* before, IdPool& slots) {
  Chain chain;
  std::size_t rules = 0;
  for (const ObjectKey& key : source.desired->sessions(direction)) {
    ChainLink link;
    std::string fault = Resolve(draft, key, link);
    if (fault.empty()) {
      rules += link.filter->rules(direction).size();
      link.entry.key = SessionKey(*link.session);
      link.entry.vni = link.session->vni.value();
      link.entry.packet_length = link.session->packet_length.value_or(0);
      if (link.session->expires_at)
        link.entry.expires_tai_ns = ExpiresTai(*link.session->expires_at, draft.settings.tai_minus_utc_ns);
      if (chain.size() == PM_MAX_SESSIONS) {
        fault = Limited("a pod has too many sessions", PM_MAX_SESSIONS, key);
      } else if (rules > PM_MAX_RULES) {
        fault = Limited("a pod has too many rules in one direction", PM_MAX_RULES, key);
      } else {
        fault = TakeSlot(before, slots, link);
      }
    }
    if (!fault.empty()) {
      source.fault.Say(reason::kNotProgrammed, std::move(fault));
      break;
    }
    chain.push_back(link);
  }
  for (std::size_t position = 0; position < chain.size(); ++position)
    chain[position].entry.chained = Chained(chain, position, before) ? 1 : 0;
  return chain;
}

std::uint64_t ExpiresTai(Instant expires_at, std::int64_t tai_minus_utc_ns) {
  constexpr std::int64_t kMillisecond = 1'000'000;
  constexpr std::int64_t kSecond = 1'000 * kMillisecond;
  // Beyond the range of 64-bit nanoseconds (the year 2262, less a day for the offset) lies "in the far future".
  constexpr std::int64_t kLatest = INT64_MAX / kMillisecond - 86'400'000;
  const std::int64_t utc_ms = std::min<std::int64_t>(expires_at.time_since_epoch().count(), kLatest);
  if (utc_ms < 0) return 1;
  const std::int64_t offset = (tai_minus_utc_ns + kSecond / 2) / kSecond * kSecond;
  return static_cast<std::uint64_t>(std::max<std::int64_t>(1, utc_ms * kMillisecond + offset));
}

}  // namespace podmirror::plan
