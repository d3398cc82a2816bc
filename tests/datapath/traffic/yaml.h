// Sessions with a filter that the reference knows as a value, as text. See also tests/datapath/support/yaml.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "contract/desired_state.h"

namespace podmirror::testing {

// A session with a filter of its own, both called `name`. Selects the pods with label app=web.
struct Session {
  std::string name;
  int number = 1;
  std::uint32_t vni = 1;
  std::string target = "far";
  DesiredFilter filter{};
  std::optional<std::uint16_t> packet_length{};
};

std::string ToYaml(const Session& session);
// A pod whose network namespace on this host is called like itself.
// kube-dns on port 53 of 10.96.0.10 and fd00:10::a, and its IPv4 slice (target port 1053) with these endpoints.
std::string ClusterDns(const std::string& endpoints);

std::string Pod(const std::string& name, const std::string& app, const std::string& ip);

}  // namespace podmirror::testing
