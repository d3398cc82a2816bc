#include "operator/compile/allot_vnis.h"

#include <algorithm>
#include <string>
#include <vector>

#include "contract/limits.h"
#include "contract/reasons.h"
#include "operator/compile/order.h"

namespace podmirror::compile {
namespace {

using Sessions = std::vector<const api::TrafficMirrorSession*>;

Sessions ValidOldestFirst(const store::Snapshot& snapshot) {
  Sessions sessions;
  for (const auto& [key, session] : snapshot.sessions) {
    if (session.spec) sessions.push_back(&session);
  }
  std::ranges::sort(sessions, [](const auto* a, const auto* b) { return Older(*a, *b); });
  return sessions;
}

// Who holds a number. Several holders are always of one namespace.
class Ledger {
 public:
  bool IsHeld(Vni vni) const { return holders_.contains(vni); }
  bool IsHeldByOther(Vni vni, const std::string& ns) const {
    const auto holder = holders_.find(vni);
    return holder != holders_.end() && holder->second != ns;
  }
  void Hold(Vni vni, const std::string& ns) { holders_.emplace(vni, ns); }
  // Ends, as there are far fewer sessions than numbers.
  Vni FirstFree(Vni from) const {
    Vni vni = from;
    while (IsHeld(vni)) vni = *Vni::Make(vni.value() == kMaxVni ? 0 : vni.value() + 1);
    return vni;
  }

 private:
  std::map<Vni, std::string> holders_;
};

Finding Conflict(Vni vni) {
  return Finding::No(reason::kVniConflict,
                     "spec.virtualNetworkID " + std::to_string(vni.value()) +
                         " is held by an older session of another namespace; write another number, or leave the field "
                         "out to be given a free one");
}

}  // namespace

Vni FirstChoice(std::string_view uid_or_key) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : uid_or_key) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return *Vni::Make(static_cast<std::int64_t>((hash ^ (hash >> 24) ^ (hash >> 48)) & kMaxVni));
}

void AllotVnis(const store::Snapshot& snapshot, SessionVerdicts& verdicts) {
  const Sessions sessions = ValidOldestFirst(snapshot);
  Ledger ledger;
  Sessions without;
  for (const auto* session : sessions) {
    const ObjectKey& key = session->meta.key;
    SessionVerdict& verdict = verdicts.at(key);
    if (const auto stated = session->spec->vni) {
      if (ledger.IsHeldByOther(*stated, key.ns)) {
        verdict.accepted = Conflict(*stated);
        continue;
      }
      verdict.vni = stated;
    } else if (session->status_vni && !ledger.IsHeld(*session->status_vni)) {
      verdict.vni = session->status_vni;
    } else {
      without.push_back(session);
      continue;
    }
    ledger.Hold(*verdict.vni, key.ns);
  }
  // Last: by now every number that any session states is held, also that of a refused one (by whom it clashed with),
  // and nobody loses a number that a younger session has already.
  for (const auto* session : without) {
    const ObjectKey& key = session->meta.key;
    const Vni vni = ledger.FirstFree(FirstChoice(session->meta.uid.empty() ? key.ToString() : session->meta.uid));
    verdicts.at(key).vni = vni;
    ledger.Hold(vni, key.ns);
  }
}

}  // namespace podmirror::compile
