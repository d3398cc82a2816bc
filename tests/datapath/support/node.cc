#include "tests/datapath/support/node.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/datapath/support/law.h"

namespace podmirror::testing {

void Node::SetUp() {
  ASSERT_NO_FATAL_FAILURE(PrivateNetwork::SetUp());
  ASSERT_EQ(mount("bpf", "/sys/fs/bpf", "bpf", 0, nullptr), 0) << std::strerror(errno);
  folder_ = root_ / "folder";
  std::filesystem::create_directory(folder_);
  Shell("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.default.disable_ipv6=1");
}

void Node::TearDown() {
  if (std::filesystem::exists("/sys/fs/bpf/podmirror")) ExpectLaw();
}

std::string Node::PodLinkScript(const std::string& name, int number) {
  const std::string n = std::to_string(number);
  return "name=" + name + " n=" + n + " mac=$(printf '02:00:00:00:%02x' " + n + ")\n" + R"(
    ip link add veth-$name address $mac:01 type veth peer name eth0 address $mac:05 netns $name
    ip addr add 10.1.$n.1/24 dev veth-$name
    ip -n $name addr add 10.1.$n.5/24 dev eth0
    ip -n $name link set eth0 up
    ip link set veth-$name up
    ip neigh add 10.1.$n.5 lladdr $mac:05 dev veth-$name
    ip -n $name neigh add 10.1.$n.1 lladdr $mac:01 dev eth0
    ip -n $name route add default via 10.1.$n.1
  )";
}

void Node::AwaitUp(const std::string& interface) {
  EXPECT_TRUE(Await([&] {
    std::string state;
    std::ifstream("/sys/class/net/" + interface + "/operstate") >> state;
    return state == "up";
  })) << interface;
}

void Node::AddPod(const std::string& name, int number) {
  Shell("ip netns add " + name + "\nip netns exec " + name +
        " sysctl -qw net.ipv6.conf.default.disable_ipv6=1\nip -n " + name + " link set lo up\n" +
        PodLinkScript(name, number));
  AwaitUp("veth-" + name);
}

void Node::AddNic(const std::string& name, int number) {
  Shell("name=" + name + " n=" + std::to_string(number) + R"(
    ip netns add $name
    ip netns exec $name sysctl -qw net.ipv6.conf.default.disable_ipv6=1
    ip link add nic-$name type veth peer name eth0 netns $name
    ip -n $name link set lo up
    ip -n $name link set eth0 mtu 1700 up
    ip link set nic-$name mtu 1700 up
    ip addr add 10.9.$n.1/24 dev nic-$name
    ip -n $name addr add 10.9.$n.9/24 dev eth0
    ip -n $name addr add 10.9.$n.10/24 dev eth0
    ip -n $name route add default via 10.9.$n.1
    ethtool -K nic-$name tx off tso off gso off >/dev/null
  )");
  AwaitUp("nic-" + name);
}

void Node::Write(const std::string& name, const std::string& text) const {
  const std::filesystem::path fresh = folder_ / ("." + name + ".new");
  std::ofstream(fresh) << text;
  std::filesystem::rename(fresh, folder_ / name);
}

std::vector<std::string> Node::LocalCommand(std::vector<std::string> more) const {
  std::vector<std::string> arguments = {PodmirrorBinary(), "local", "-f", folder_};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

std::unique_ptr<Program> Node::Start(std::vector<std::string> more) const {
  auto local = std::make_unique<Program>(LocalCommand(std::move(more)));
  EXPECT_TRUE(local->Says("ready\n")) << local->err();
  return local;
}

Json Node::StatusNow() {
  const Ended ended = Podmirror({"status", "-o", "json"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  return Json::parse(ended.out, nullptr, false);
}

Json Node::Status() {
  Json status = StatusNow();
  const bool settled = Await([&] {
    poll(nullptr, 0, 100);  // the distance that the law asks for
    const Json before = std::move(status);
    status = StatusNow();
    return before == status;
  });
  EXPECT_TRUE(settled) << "the counters do not come to rest: " << status.dump(1);
  return status;
}

std::uint64_t Node::Term(const Json& status, const std::string& session, const std::string& pod,
                         const std::string& direction, const std::string& term) {
  for (const Json& item : status.at("sessions")) {
    if (item.at("name") != session) continue;
    for (const Json& source : item.at("sources")) {
      if (source.at("pod") == pod) return source.at(direction).at(term);
    }
  }
  ADD_FAILURE() << "status has no source " << pod << " of session " << session << ": " << status.dump(1);
  return 0;
}

std::uint64_t Node::InterfaceTerm(const Json& status, const std::string& interface, const std::string& direction,
                                  const std::string& term) {
  for (const Json& item : status.at("interfaces")) {
    if (item.at("name") == interface) return item.at(direction).at(term);
  }
  ADD_FAILURE() << "status has no interface " << interface << ": " << status.dump(1);
  return 0;
}

std::string Node::SourceReason(const Json& status, const std::string& session, const std::string& pod) {
  for (const Json& item : status.at("sessions")) {
    if (item.at("name") != session) continue;
    for (const Json& source : item.at("sources")) {
      if (source.at("pod") == pod) return source.at("reason");
    }
  }
  return "";
}

std::string Node::EndpointReason(const Json& status, const std::string& target, const std::string& ip) {
  for (const Json& item : status.at("targets")) {
    if (item.at("name") != target) continue;
    for (const Json& endpoint : item.at("endpoints")) {
      if (endpoint.at("ip") == ip) return endpoint.at("reason");
    }
  }
  return "";
}

void Node::ExpectLaw() {
  const Json status = Status();
  EXPECT_THAT(BrokenLaws(status), ::testing::IsEmpty()) << status.dump(1);
}

bool Node::Await(const std::function<bool()>& done, std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!done()) {
    if (std::chrono::steady_clock::now() >= end) return done();
    poll(nullptr, 0, 10);
  }
  return true;
}

void Node::BuildShop() {
  AddPod("web", 1);
  AddNic("ids", 1);
  Write("pods.yaml", PodYaml("web", PodIp(1)));
  Write("shop.yaml", SessionYaml({.name = "all", .app = "web", .vni = kShopVni}) +
                         FilterYaml("all", kAcceptAll, kAcceptAll) + AddressTargetYaml("ids", NicIp(1)));
}

}  // namespace podmirror::testing
