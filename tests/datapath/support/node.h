// A node of a test's own: pods, NICs with collectors behind them, a bpffs, a folder for YAML files, and the real
// `podmirror local` on it. Whatever a test did, the law of counters is checked at its end.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/datapath/support/load.h"
#include "tests/datapath/support/program.h"
#include "tests/datapath/support/receiver.h"
#include "tests/datapath/support/yaml.h"
#include "tests/support/folder.h"
#include "tests/support/private_network.h"

namespace podmirror::testing {

using Json = nlohmann::json;

class Node : public PrivateNetwork {
 protected:
  void SetUp() override;
  void TearDown() override;

  // Namespace NAME with eth0 10.1.NUMBER.5/24; the host's end is veth-NAME, 10.1.NUMBER.1, and the pod's way out.
  // Nobody speaks unasked: no IPv6, and the pod and its host's end know each other's address.
  static void AddPod(const std::string& name, int number);
  // What is inside a pod's namespace and the host's end, where the namespace is there already.
  static std::string PodLinkScript(const std::string& name, int number);
  static std::string PodIp(int number) { return "10.1." + std::to_string(number) + ".5"; }
  static std::string HostIp(int number) { return "10.1." + std::to_string(number) + ".1"; }
  // nic-NAME, 10.9.NUMBER.1/24, which leads to eth0 10.9.NUMBER.9 in namespace NAME. It plays a NIC: no offloads, so
  // what arrives is what a wire would carry. MTU 1700.
  static void AddNic(const std::string& name, int number);
  // A second address there, 10.9.NUMBER.10, may be a pod's: address targets must not be one.
  static std::string NicPodIp(int number) { return "10.9." + std::to_string(number) + ".10"; }
  static std::string NicIp(int number) { return "10.9." + std::to_string(number) + ".9"; }

  // Waits until it carries packets.
  static void AwaitUp(const std::string& interface);

  // In one step: nobody reads half of it.
  void Write(const std::string& name, const std::string& text) const;
  void Remove(const std::string& name) const { std::filesystem::remove(folder_ / name); }

  std::vector<std::string> LocalCommand(std::vector<std::string> more = {"--node-budget", "off"}) const;
  // Started, and ready.
  std::unique_ptr<Program> Start(std::vector<std::string> more = {"--node-budget", "off"}) const;

  // What `status` says once two readings 100 ms apart agree.
  static Json Status();
  // What it says at this moment.
  static Json StatusNow();
  static std::uint64_t Term(const Json& status, const std::string& session, const std::string& pod,
                            const std::string& direction, const std::string& term);
  static std::uint64_t InterfaceTerm(const Json& status, const std::string& interface, const std::string& direction,
                                     const std::string& term);
  // "" where it is absent.
  static std::string SourceReason(const Json& status, const std::string& session, const std::string& pod);
  static std::string EndpointReason(const Json& status, const std::string& target, const std::string& ip);
  static void ExpectLaw();

  // For what tells nobody that it has changed: looks again and again.
  static bool Await(const std::function<bool()>& done, std::chrono::milliseconds limit = std::chrono::seconds(10));

  // Pod web (1), NIC ids (1); session "all" mirrors both directions of web to ids with VNI 7.
  void BuildShop();
  static constexpr std::uint32_t kShopVni = 7;

  Folder root_;
  std::filesystem::path folder_;
};

}  // namespace podmirror::testing
