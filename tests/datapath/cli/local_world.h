// The little world in which the real binary runs.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/datapath/support/program.h"
#include "tests/support/folder.h"
#include "tests/support/private_network.h"

namespace podmirror::testing {

// Sends echo requests from a network namespace and waits for each reply.
inline void Ping(const std::string& netns, const std::string& address, int count) {
  std::thread([&] {
    const int ns = open(("/run/netns/" + netns).c_str(), O_RDONLY | O_CLOEXEC);
    ASSERT_EQ(setns(ns, CLONE_NEWNET), 0) << std::strerror(errno);
    close(ns);
    const int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
    ASSERT_GE(fd, 0);
    const timeval limit{5, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    inet_pton(AF_INET, address.c_str(), &to.sin_addr);
    for (int i = 0; i < count; ++i) {
      icmphdr request{};
      request.type = ICMP_ECHO;
      request.un.echo.sequence = htons(static_cast<std::uint16_t>(i));
      // The one's complement sum of the header's two words that are not zero.
      request.checksum = static_cast<std::uint16_t>(~(ICMP_ECHO + request.un.echo.sequence));
      ASSERT_GT(sendto(fd, &request, sizeof(request), 0, reinterpret_cast<sockaddr*>(&to), sizeof(to)), 0)
          << std::strerror(errno);
      char reply[128];
      ASSERT_GT(recv(fd, reply, sizeof(reply), 0), 0) << "no reply from " << address;
    }
    close(fd);
  }).join();
}

// A pod "web" behind veth-web, and a collector "ids" behind veth-ids, on a node that routes between them; a bpffs, and
// a folder for YAML files.
class LocalWorld : public PrivateNetwork {
 protected:
  void SetUp() override {
    PrivateNetwork::SetUp();
    if (HasFatalFailure()) return;
    folder_ = root_ / "folder";
    std::filesystem::create_directory(folder_);
    if (WantsBpffs()) Shell("mount -t bpf bpf /sys/fs/bpf");
    Shell(R"(
      for pod in web ids; do
        ip netns add $pod
        ip link add veth-$pod type veth peer name eth0 netns $pod
        ip link set veth-$pod up
        ip -n $pod link set lo up
        ip -n $pod link set eth0 up
      done
      ip addr add 10.1.0.1/24 dev veth-web
      ip addr add 10.2.0.1/24 dev veth-ids
      ip -n web addr add 10.1.0.5/24 dev eth0
      ip -n ids addr add 10.2.0.9/24 dev eth0
    )");
  }
  virtual bool WantsBpffs() const { return true; }

  void Write(const std::string& name, const std::string& text) const { std::ofstream(folder_ / name) << text; }

  std::vector<std::string> Local(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {PodmirrorBinary(), "local", "-f", folder_, "--node-budget", "off"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  // Everything mirrored from web to ids by session default/all.
  void WriteShop() const {
    Write("pods.yaml", kPods);
    Write("shop.yaml", Session("all") + kFilterAndTarget);
  }

  static std::string Session(const std::string& name, const std::string& more = "", const std::string& target = "ids") {
    return "---\napiVersion: podmirror.io/v1alpha1\nkind: TrafficMirrorSession\nmetadata: {name: " + name +
           "}\nspec:\n  sessionNumber: 1\n  source: {podSelector: {matchLabels: {app: web}}}\n  filterRef: {name: "
           "everything}\n  targetRef: {name: " +
           target + "}\n" + more;
  }

  static constexpr char kPods[] = R"(
apiVersion: v1
kind: Pod
metadata:
  name: web
  labels: {app: web}
  annotations: {podmirror.io/local-netns: web}
spec: {nodeName: anywhere}
status: {phase: Running, podIPs: [{ip: 10.1.0.5}]}
)";
  static constexpr char kFilterAndTarget[] = R"(
---
apiVersion: podmirror.io/v1alpha1
kind: TrafficMirrorFilter
metadata: {name: everything}
spec:
  ingress: [{ruleNumber: 100, action: Accept}]
  egress: [{ruleNumber: 100, action: Accept}]
---
apiVersion: podmirror.io/v1alpha1
kind: TrafficMirrorTarget
metadata: {name: ids}
spec:
  address: {ip: 10.2.0.9, port: 4789}
)";

  Folder root_;
  std::filesystem::path folder_;
};

}  // namespace podmirror::testing
