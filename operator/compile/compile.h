// Compile: snapshot -> { node -> DesiredState, verdict per object }. The reason the project exists.
// Pure: no I/O, clock, log, randomness, nor its own previous output. Same input, byte-equal output.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "contract/desired_state.h"
#include "contract/ip.h"
#include "contract/names.h"
#include "operator/compile/shared.h"
#include "operator/compile/verdicts.h"
#include "operator/store/snapshot.h"

namespace podmirror::compile {

// What the administrator set. The defaults are the operator's.
struct Settings {
  std::vector<Cidr> allowed_target_cidrs;  // address targets must lie in one of these
  ObjectKey dns_service{"kube-system", "kube-dns"};
  std::vector<IpAddress> node_local_dns = DefaultNodeLocalDns();
  std::set<std::string> priority_namespaces;  // whose sessions come before all others
  std::string own_namespace;                  // of Podmirror's own pods, which are no sources; empty: there are none

  static std::vector<IpAddress> DefaultNodeLocalDns();  // 169.254.20.10

  bool operator==(const Settings&) const = default;
};

struct Compiled {
  std::map<NodeName, Shared<DesiredState>> states;  // nodes that have at least one source
  Verdicts verdicts;
  std::optional<Instant> next_change;  // the earliest expiresAt still to come: compile again then

  bool operator==(const Compiled&) const = default;
};

// What Compile() found out before, so that it does not find out the same again. The result is the same with any memo,
// only sooner; pointers of states that are equal are too. For the snapshots of one store.
class Memo {
 public:
  Memo();
  ~Memo();

  struct Known;  // memo.h
  Known& known() { return *known_; }

 private:
  std::unique_ptr<Known> known_;
};

Compiled Compile(const store::Snapshot& snapshot, const Settings& settings, Memo& memo);
Compiled Compile(const store::Snapshot& snapshot, const Settings& settings);

}  // namespace podmirror::compile
