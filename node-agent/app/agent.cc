#include "node-agent/app/agent.h"

#include <algorithm>
#include <set>
#include <utility>
#include <variant>

#include "contract/reasons.h"
#include "node-agent/app/truncations.h"

namespace podmirror::agent {
namespace {

constexpr int kMaxRounds = 4;

// Who lost the first place of a hook takes it back at once, but not again before this has passed: two programs that
// both want to be first would fight for ever.
constexpr std::chrono::seconds kAttachAgainAfter{10};

// The reports that show a source as programmed say now that it is not. A source that says already why it is not
// mirrored keeps its reason.
void Blame(NodeReport& report, const std::map<ObjectKey, std::string>& blamed) {
  for (SourceReport& source : report.sources) {
    const auto why = blamed.find(source.pod);
    if (why == blamed.end() || !source.reason.empty()) continue;
    source.reason = reason::kNotProgrammed;
    source.message = why->second;
  }
}

// The kernel cannot be seen: nothing is known to be programmed.
NodeReport Blind(const DesiredState& desired, const pods::PodLinks& links, const Error& error) {
  NodeReport report;
  for (const DesiredSource& source : desired.sources) {
    const auto link = links.find(source.pod);
    report.sources.push_back({source.pod, link == links.end() ? "" : link->second.name,
                              std::string(reason::kNotProgrammed), Describe(error)});
  }
  return report;
}

bool IsNotFirst(const plan::Observed& observed, const plan::Attach& attach) {
  const auto interface = observed.interfaces.find(attach.ifindex);
  return interface != observed.interfaces.end() &&
         interface->second.attachments.at(attach.direction) == plan::Attachment::kNotFirst;
}

bool IsNotFirst(const plan::Observed& observed, const plan::DetachUplink& detach) {
  const auto uplink = observed.uplinks.find(detach.ifindex);
  return uplink != observed.uplinks.end() && uplink->second.attachment == plan::Attachment::kNotFirst;
}

}  // namespace

// One pass over the ops of a plan.
struct Agent::Round {
  int writes = 0;
  bool plan_anew = false;                   // a failure has changed what shall be
  std::set<std::size_t> not_done;           // failed or held back
  std::vector<Error> errors;                // of those that failed
  std::map<ObjectKey, std::string> blamed;  // sources that are not served, and why
};

Agent::Agent(dataplane::Dataplane& dataplane, routes::Routes& routes, plan::Settings settings,
             std::function<Clock::time_point()> now)
    : dataplane_(dataplane), routes_(routes), settings_(std::move(settings)), now_(std::move(now)) {}

Outcome Agent::Reconcile(const DesiredState& desired, const pods::PodLinks& links,
                         const dataplane::Counters& counters) {
  Outcome outcome;
  std::vector<Error> route_errors;
  routes_.Follow(plan::AddressesToFollow(desired));
  ForgetOldAttaches();
  Round last;
  for (int round = 0; round < kMaxRounds; ++round) {
    FollowRoutes(route_errors);
    auto observed = dataplane_.Observe();
    if (!observed) {
      outcome.report = Blind(desired, links, observed.error());
      last = Round{.writes = 0, .plan_anew = false, .not_done = {0}, .errors = {observed.error()}, .blamed = {}};
      break;
    }
    if (round == 0) outcome.report.truncations = Truncations(desired, *observed, links, routes_.Current(), counters);
    const plan::Planned planned = plan::Plan(desired, *observed, links, routes_.Current(), settings_);
    outcome.report.sources = planned.report.sources;
    outcome.report.endpoints = planned.report.endpoints;
    last = ApplyAll(planned, *observed);
    outcome.writes += last.writes;
    if (last.writes == 0 && !last.plan_anew) break;
  }
  Blame(outcome.report, last.blamed);
  outcome.failures = static_cast<int>(last.not_done.size() + route_errors.size());
  outcome.errors = std::move(last.errors);
  outcome.errors.insert(outcome.errors.end(), route_errors.begin(), route_errors.end());
  return outcome;
}

// After a failure the next hops are those of the last look that succeeded.
void Agent::FollowRoutes(std::vector<Error>& errors) {
  errors.clear();
  if (auto followed = routes_.Process(); !followed) errors.push_back(followed.error());
}

Agent::Round Agent::ApplyAll(const plan::Planned& planned, const plan::Observed& observed) {
  Round round;
  std::map<std::size_t, std::string> why;  // of what is not done
  for (std::size_t at = 0; at < planned.ops.size(); ++at) {
    const plan::Op& op = planned.ops[at];
    if (plan::HeldBack(planned, at, round.not_done)) {
      const auto& needs = planned.needs.at(at);
      const auto cause = std::ranges::find_if(needs, [&](std::size_t need) { return round.not_done.contains(need); });
      why[at] = why[*cause];
      round.not_done.insert(at);
    } else if (auto applied = dataplane_.Apply(op); !applied) {
      Error error = applied.error();
      const std::string name = plan::Describe(op);
      if (error.where != name) error.what = name + ": " + error.what;
      why[at] = Describe(error);
      round.errors.push_back(std::move(error));
      round.not_done.insert(at);
      if (const auto* uplink = std::get_if<plan::AttachUplink>(&op))
        round.plan_anew = settings_.pair_only.insert(uplink->ifindex).second || round.plan_anew;
    } else {
      ++round.writes;
      const auto* attach = std::get_if<plan::Attach>(&op);
      if (attach != nullptr && IsNotFirst(observed, *attach)) {
        const plan::AttachPoint point{attach->ifindex, attach->direction};
        attached_again_[point] = now_();
        settings_.attached_again.insert(point);
      }
      const auto* detach = std::get_if<plan::DetachUplink>(&op);
      if (detach != nullptr && IsNotFirst(observed, *detach)) settings_.pair_only.insert(detach->ifindex);
    }
  }
  for (const auto& [at, reason] : why) {
    const auto sources = planned.sources_of_op.find(at);
    if (sources == planned.sources_of_op.end()) continue;
    for (const ObjectKey& source : sources->second) round.blamed.emplace(source, reason);
  }
  return round;
}

void Agent::ForgetOldAttaches() {
  const Clock::time_point now = now_();
  std::erase_if(attached_again_, [&](const auto& entry) { return now - entry.second >= kAttachAgainAfter; });
  settings_.attached_again.clear();
  for (const auto& [point, when] : attached_again_) settings_.attached_again.insert(point);
}

bool Agent::Settled(const NodeReport& report) {
  return std::ranges::none_of(
      report.endpoints, [](const EndpointReport& endpoint) { return endpoint.reason == reason::kNeighbourPending; });
}

}  // namespace podmirror::agent
