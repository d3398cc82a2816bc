// Objects as files would hold them, each a document of its own. `more` are further lines of the spec (of a Pod: of its
// metadata), indented by two.
#pragma once

#include <string>
#include <vector>

namespace podmirror::testing {

// Labelled `app: NAME`, placed in the network namespace NAME.
std::string PodYaml(const std::string& name, const std::string& ip, const std::string& more = "");
// On another node, as far as local mode knows.
std::string FarPodYaml(const std::string& name, const std::string& ip);

struct SessionSpec {
  std::string name = "";
  int number = 1;
  std::string app = "";     // "": every pod
  std::string filter = "";  // "": that of the session's name
  std::string target = "ids";
  int vni = 0;  // 0: one is allotted
  std::string more = "";
};
std::string SessionYaml(const SessionSpec& session);

// Rules in flow style: "{ruleNumber: 1, action: Accept}".
std::string FilterYaml(const std::string& name, const std::string& ingress, const std::string& egress);
inline const std::string kAcceptAll = "{ruleNumber: 1, action: Accept}";

std::string AddressTargetYaml(const std::string& name, const std::string& ip, int port = 4789);
// A target with its Service and EndpointSlice; the endpoints are the pods NAME-0, NAME-1, ... of FarPodYaml().
std::string ServiceTargetYaml(const std::string& name, const std::vector<std::string>& ips);

}  // namespace podmirror::testing
