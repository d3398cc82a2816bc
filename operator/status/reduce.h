// Reduce: verdicts + what nodes say -> conditions. It words what they say and has no opinion of its own.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "contract/names.h"
#include "contract/node_report.h"
#include "operator/compile/compile.h"

namespace podmirror::status {

struct Condition {
  std::string type;
  bool status = false;
  std::string reason;  // never empty
  std::string message;

  bool operator==(const Condition&) const = default;
};

// One selected pod as its users see it: reason "Mirroring", or why not.
struct SourceStatus {
  ObjectKey pod;
  NodeName node;
  std::string interface;
  std::string reason;
  std::string message;

  bool operator==(const SourceStatus&) const = default;
};

struct SessionStatus {
  std::optional<Vni> vni;
  int selected = 0;
  int mirroring = 0;
  int failed = 0;
  int nodes = 0;
  std::vector<SourceStatus> sources;  // by pod
  std::vector<Condition> conditions;  // Accepted, ResolvedRefs, Programmed, TargetReady

  bool operator==(const SessionStatus&) const = default;
};

struct EndpointStatus {
  SocketAddress endpoint;
  std::string reason;  // "Ready", or why not
  std::string message;

  bool operator==(const EndpointStatus&) const = default;
};

struct TargetStatus {
  int ready = 0;
  int total = 0;
  int sessions = 0;
  std::vector<EndpointStatus> endpoints;
  std::vector<Condition> conditions;  // Accepted, ResolvedRefs, Ready

  bool operator==(const TargetStatus&) const = default;
};

struct FilterStatus {
  int sessions = 0;
  std::vector<Condition> conditions;  // Accepted

  bool operator==(const FilterStatus&) const = default;
};

struct Status {
  std::map<ObjectKey, FilterStatus> filters;
  std::map<ObjectKey, TargetStatus> targets;
  std::map<ObjectKey, SessionStatus> sessions;

  bool operator==(const Status&) const = default;
};

// What is known of a node. A node that is not named has never reported.
struct NodeState {
  NodeReport report;      // the last one; only what concerns the node's own sources and targets is heard
  bool reachable = true;  // false: it should have reported in the last 60 s and has not
  // What the node had applied when it made the report; nullptr: not known, so nothing is confirmed. Give it the pointer
  // of Compiled::states where that is it.
  std::shared_ptr<const DesiredState> applied;
};

Status Reduce(const compile::Compiled& compiled, const std::map<NodeName, NodeState>& nodes);

}  // namespace podmirror::status
