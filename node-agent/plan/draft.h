// What the passes of Plan() hand on to each other: the inputs, and the wanted state in the words of the observed one.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "node-agent/plan/plan.h"

namespace podmirror::plan {

// Why something cannot be done; an empty reason: it can. The first fault of a thing is the one that is told.
struct Fault {
  std::string reason;
  std::string message;

  void Say(std::string_view why, std::string text) {
    if (reason.empty()) *this = Fault{std::string(why), std::move(text)};
  }
};

struct SourceDraft {
  const DesiredSource* desired = nullptr;
  std::string interface;      // its name, where one is known
  std::uint32_t ifindex = 0;  // of the interface that is held for it; 0: none
  Fault fault;
};

// A collector address, judged from this node.
struct EndpointDraft {
  const routes::NextHop* next_hop = nullptr;
  Fault fault;                      // with one, its flows end here (PM_NO_ENDPOINT)
  std::optional<std::uint32_t> id;  // where there is no fault
  std::set<ObjectKey> sources;      // whose copies go there
};

struct Draft {
  const DesiredState& desired;
  const Observed& observed;
  const pods::PodLinks& links;
  const routes::NextHops& next_hops;
  const Settings& settings;

  std::map<ObjectKey, const DesiredSession*> sessions{};
  std::map<ObjectKey, const DesiredFilter*> filters{};
  std::map<ObjectKey, std::set<ObjectKey>> sources_of_target{};
  std::set<ObjectKey> dns_sources{};  // those with a session that mirrors the cluster's DNS

  std::vector<SourceDraft> sources{};                  // by pod
  std::map<SocketAddress, EndpointDraft> endpoints{};  // of all targets
  std::map<ObjectKey, std::uint32_t> target_ids{};     // a target is missing where there was no room
  Observed wanted{};
};

// Its sessions, in order.
inline std::span<const pm_hook_session> Sessions(const Hook& hook) {
  return {hook.value.session, std::min<std::size_t>(hook.value.n_sessions, PM_MAX_SESSIONS)};
}

// The endpoints of a target's table, each once.
std::vector<std::uint32_t> EndpointsOf(const pm_target& target);

// The observed interface that goes on under the same name, index and identity; null: `wanted` is a new owner.
const Interface* Kept(const Observed& observed, std::uint32_t ifindex, const pm_interface& wanted);

// Nothing has counted for this interface yet, or what has counted had no hook to explain it: reset and start anew.
bool StartsAtZero(const Interface* kept);

}  // namespace podmirror::plan
