// Reduce: verdicts + node reports -> conditions. It words what they say and has no opinion of its own.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "contract/names.h"
#include "contract/node_report.h"
#include "operator/compile/verdicts.h"

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

Status Reduce(const compile::Verdicts& verdicts, const std::map<NodeName, NodeReport>& reports);

}  // namespace podmirror::status
