// What Compile() found out about each object, beside the states. `status/reduce` words it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "contract/ip.h"
#include "contract/names.h"

namespace podmirror::compile {

// True with an empty reason: nothing to say. `reason` is one of contract/reasons.h.
struct Finding {
  bool ok = true;
  std::string reason;
  std::string message;

  static Finding No(std::string_view reason, std::string message) {
    return {false, std::string(reason), std::move(message)};
  }
  bool operator==(const Finding&) const = default;
};

struct FilterVerdict {
  Finding accepted;
  int sessions = 0;  // that name it

  bool operator==(const FilterVerdict&) const = default;
};

struct EndpointVerdict {
  SocketAddress endpoint;
  std::string pod;     // the targetRef's name; empty for an address or where there is none
  std::string reason;  // empty: usable; EndpointNotPermitted otherwise
  std::string message;

  bool operator==(const EndpointVerdict&) const = default;
};

struct TargetVerdict {
  Finding accepted;
  Finding resolved;
  Finding ready;
  std::vector<EndpointVerdict> endpoints;  // ascending; not-ready ones are left out, `total` counts them
  int total = 0;
  int sessions = 0;

  bool operator==(const TargetVerdict&) const = default;
};

// A pod that a session selects. An empty reason: it is in that node's DesiredState.
struct SourceVerdict {
  ObjectKey pod;
  NodeName node;  // empty: not bound
  std::string reason;
  std::string message;

  bool operator==(const SourceVerdict&) const = default;
};

struct SessionVerdict {
  Finding accepted;
  Finding resolved;
  Finding active;        // ok, or Paused, Expired, NotResolved
  Finding target_ready;  // copies the target's
  ObjectKey target;
  std::optional<Vni> vni;              // stated or allotted; absent: refused or invalid
  std::vector<SourceVerdict> sources;  // by pod; bound ones, and those that can never be a source
  bool beyond_own = false;             // it has a namespaceSelector
  int left_out = 0;                    // namespaces that spec.source.namespaceSelector selects and that do not consent

  bool operator==(const SessionVerdict&) const = default;
};

struct Verdicts {
  std::map<ObjectKey, FilterVerdict> filters;
  std::map<ObjectKey, TargetVerdict> targets;
  std::map<ObjectKey, SessionVerdict> sessions;

  bool operator==(const Verdicts&) const = default;
};

}  // namespace podmirror::compile
