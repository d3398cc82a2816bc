// What users and Kubernetes wrote, as plain values: only the fields that somebody obeys.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "contract/desired_state.h"
#include "contract/ip.h"
#include "contract/names.h"
#include "contract/result.h"

namespace podmirror::api {

using Labels = std::map<std::string, std::string>;

struct Meta {
  ObjectKey key;  // Namespace objects: ns is empty
  std::string uid;
  std::int64_t generation = 0;
  std::optional<Instant> created;  // absent counts as youngest
  bool deleting = false;           // has a deletionTimestamp
  Labels labels;
  Labels annotations;  // only keys under podmirror.io/

  bool operator==(const Meta&) const = default;
};

// LabelSelector of meta/v1.
struct Requirement {
  enum class Operator : std::uint8_t { kIn, kNotIn, kExists, kDoesNotExist };
  std::string key;
  Operator op = Operator::kExists;
  std::vector<std::string> values;

  bool operator==(const Requirement&) const = default;
};

struct Selector {
  Labels match_labels;
  std::vector<Requirement> match_expressions;

  bool operator==(const Selector&) const = default;
};

struct FilterSpec {
  std::vector<Rule> ingress;  // ascending by number
  std::vector<Rule> egress;
  std::uint8_t infrastructure = 0;  // bits of podmirror::Infrastructure
  bool cluster_dns = false;

  bool operator==(const FilterSpec&) const = default;
};

struct ServiceRef {
  std::string name;
  std::uint16_t port = 0;  // the Service's port number

  bool operator==(const ServiceRef&) const = default;
};

// Whose sessions may send to a target.
struct AllowedNamespaces {
  enum class From : std::uint8_t { kSame, kAll, kSelector };
  From from = From::kSame;
  Selector selector;  // of kSelector

  bool operator==(const AllowedNamespaces&) const = default;
};

// Exactly one of service and address is set.
struct TargetSpec {
  std::optional<ServiceRef> service;
  std::optional<SocketAddress> address;
  AllowedNamespaces allowed;

  bool operator==(const TargetSpec&) const = default;
};

struct SessionSpec {
  std::uint16_t number = 1;
  Selector pods;
  std::optional<Selector> namespaces;  // absent: its own
  std::string filter;
  std::string target;
  std::string target_namespace;  // empty: its own
  std::optional<Vni> vni;
  std::optional<std::uint16_t> packet_length;
  bool paused = false;
  std::optional<Instant> expires_at;

  bool operator==(const SessionSpec&) const = default;
};

// Our kinds keep a wrong spec as its Error: the object exists, says what is wrong with it, and does nothing.
// `reason` of a wrong filter is BadCIDR where the fault is a CIDR, else FilterInvalid.
struct Invalid {
  Error error;
  std::string reason;

  bool operator==(const Invalid&) const = default;
};

template <typename Spec>
struct Object {
  Meta meta;
  std::expected<Spec, Invalid> spec;
  std::string status = {};  // as canonical JSON (sorted keys, no blanks), so that one can compare; absent: empty

  bool operator==(const Object&) const = default;
};

using TrafficMirrorFilter = Object<FilterSpec>;
using TrafficMirrorTarget = Object<TargetSpec>;

struct TrafficMirrorSession : Object<SessionSpec> {
  std::optional<Vni> status_vni;  // status.virtualNetworkID: input as well as output

  bool operator==(const TrafficMirrorSession&) const = default;
};

enum class PodPhase : std::uint8_t { kPending, kRunning, kSucceeded, kFailed, kUnknown };

struct Pod {
  Meta meta;
  NodeName node;                    // empty: not bound yet
  std::vector<IpAddress> ips;       // status.podIPs
  std::vector<IpAddress> host_ips;  // status.hostIPs
  PodPhase phase = PodPhase::kPending;
  bool host_network = false;

  bool operator==(const Pod&) const = default;
};

struct Namespace {
  Meta meta;

  bool operator==(const Namespace&) const = default;
};

struct ServicePort {
  std::string name;
  std::uint16_t port = 0;
  std::string protocol = "TCP";

  bool operator==(const ServicePort&) const = default;
};

struct Service {
  Meta meta;
  std::string type = "ClusterIP";
  std::vector<IpAddress> cluster_ips;  // empty where headless
  std::vector<IpFamily> ip_families;   // spec.ipFamilies
  std::vector<ServicePort> ports;

  bool operator==(const Service&) const = default;
};

struct EndpointSlicePort {
  std::string name;
  std::optional<std::uint16_t> port;
  std::string protocol = "TCP";

  bool operator==(const EndpointSlicePort&) const = default;
};

struct Endpoint {
  std::vector<IpAddress> addresses;
  std::optional<bool> ready;  // absent counts as ready
  bool terminating = false;
  std::string target_kind;  // of targetRef; empty: none
  std::string target_namespace;
  std::string target_name;

  bool operator==(const Endpoint&) const = default;
};

struct EndpointSlice {
  Meta meta;
  std::string service;             // label kubernetes.io/service-name
  std::optional<IpFamily> family;  // nullopt: FQDN
  std::vector<EndpointSlicePort> ports;
  std::vector<Endpoint> endpoints;

  bool operator==(const EndpointSlice&) const = default;
};

}  // namespace podmirror::api
