// Which session gets a packet, and what no session gets.
#include "tests/datapath/traffic/world.h"

namespace podmirror::testing {
namespace {

using oracle::Address;
using oracle::Ethernet;
using oracle::Ipv4;
using oracle::Ipv6;
using oracle::Octets;
using oracle::Ports;

Cidr Net(const char* text) { return Cidr::Parse(text).value(); }

SocketAddress At(const char* ip, std::uint16_t port) { return {IpAddress::Parse(ip).value(), port}; }

Rule Accept(std::optional<Protocol> protocol = {}) {
  Rule rule;
  rule.protocol = protocol;
  return rule;
}

Rule Reject(std::optional<Protocol> protocol = {}) {
  Rule rule = Accept(protocol);
  rule.action = Action::kReject;
  return rule;
}

// Numbered in this order.
std::vector<Rule> Rules(std::vector<Rule> rules) {
  for (std::size_t i = 0; i < rules.size(); ++i) rules[i].number = static_cast<std::uint16_t>(10 * (i + 1));
  return rules;
}

DesiredFilter Filter(std::vector<Rule> ingress, std::vector<Rule> egress, std::uint8_t infrastructure = 0) {
  DesiredFilter filter;
  filter.ingress = Rules(std::move(ingress));
  filter.egress = Rules(std::move(egress));
  filter.infrastructure = infrastructure;
  return filter;
}

Frame Udp4(const char* source, unsigned from, const char* destination, unsigned to, unsigned protocol = 17) {
  return Ethernet(0x0800, Ipv4{.source = Address(source),
                               .destination = Address(destination),
                               .protocol = protocol,
                               .payload = Ports(from, to, 20)}
                              .Build());
}

Frame Udp6(const char* source, unsigned from, const char* destination, unsigned to) {
  return Ethernet(
      0x86dd, Ipv6{.source = Address(source), .destination = Address(destination), .payload = Ports(from, to)}.Build());
}

class SessionsTest : public TrafficWorld {
 protected:
  void Talk() {
    for (const Ends& ends : Conversations()) {
      Expect(Stream(ends, 1 << 18, Taking()));
      Expect(Datagrams(ends, {0, 100, 1400, 3000}, Taking()));
      Expect(UdpSuperFrame(ends, 5000, 1000));
      Expect(Echo(ends, 1, 56));
      Expect(Echo(ends, 2, 3000));
    }
  }
  std::int64_t Both(const std::string& session, const char* term) const {
    return Term(session, Direction::kIngress, term) + Term(session, Direction::kEgress, term);
  }
};

TEST_F(SessionsTest, EachPacketIsMirroredOnceByTheFirstSessionThatAcceptsIt) {
  Rule v6_udp = Reject(kUdp);
  v6_udp.destination = Net("fd00::/8");
  const Session tcp{
      .name = "a-tcp", .number = 5, .vni = 11, .filter = Filter({Reject(kUdp), Accept(kTcp)}, {Accept(kTcp)})};
  const Session udp{.name = "b-udp",
                    .number = 6,
                    .vni = 22,
                    .target = "near",
                    .filter = Filter({v6_udp, Accept(kUdp)}, {v6_udp, Accept(kUdp), Reject()}),
                    .packet_length = 128};
  const Session rest{.name = "c-rest", .number = 7, .vni = 33, .filter = Filter({Accept()}, {Reject(kIcmp), Accept()})};
  Mirror({tcp, udp, rest});
  Talk();
  Check();
  for (const char* name : {"a-tcp", "b-udp", "c-rest"}) {
    for (const Direction direction : kDirections) EXPECT_GT(Term(name, direction, "mirrored"), 0) << name;
  }
  EXPECT_GT(Both("a-tcp", "rejected"), 0) << "and yet later sessions got these packets";
  EXPECT_GT(Both("b-udp", "rejected"), 0);
  EXPECT_GT(Term("c-rest", Direction::kEgress, "rejected"), 0);
}

TEST_F(SessionsTest, DirectionsHaveRulesOfTheirOwn) {
  Mirror({{.name = "in-tcp-out-udp", .filter = Filter({Accept(kTcp)}, {Accept(kUdp)})}});
  Talk();
  Check();
  Mirror({{.name = "out", .filter = Filter({}, {Accept()})}});
  Talk();
  Check();
  EXPECT_EQ(Term("out", Direction::kIngress, "mirrored"), 0);
  EXPECT_GT(Term("out", Direction::kEgress, "mirrored"), 0);
}

TEST_F(SessionsTest, InfrastructureTrafficIsMirroredWhereItIsListed) {
  std::vector<Frame> frames = {Ethernet(0x0806, oracle::Arp({10, 0, 0, 1}, {10, 0, 0, 2})),
                               Udp4("0.0.0.0", 68, "255.255.255.255", 67),
                               Udp4("10.0.0.1", 68, "10.0.0.2", 53),
                               Udp6("fe80::1", 546, "ff02::1:2", 547),
                               Udp4("10.0.0.1", 123, "169.254.169.123", 123),
                               Udp4("10.0.0.1", 123, "10.0.0.2", 123),
                               Udp6("fd00::1", 5000, "fd00:ec2::123", 123),
                               Udp6("fd00:ec2::254", 80, "fd00::1", 5000),
                               Ethernet(0x88cc, {})};
  for (const char* metadata :
       {"169.254.169.254", "169.254.170.2", "169.254.170.23", "168.63.129.16", "100.100.100.200", "169.254.169.253"}) {
    frames.push_back(Udp4("10.0.0.1", 5000, metadata, 80, 6));
    frames.push_back(Udp4("10.0.0.1", 5000, metadata, 53));
    frames.push_back(Udp4("10.0.0.1", 53, metadata, 54));
    frames.push_back(Udp4(metadata, 5, "10.0.0.1", 6, 1));
  }
  for (const std::uint8_t listed : {0, 1, 2, 4, 8, 15}) {
    const std::string name = "listed-" + std::to_string(listed);
    Mirror({{.name = name, .filter = Filter({Accept()}, {Accept()}, listed)}});
    for (const Frame& frame : frames) SendBothWays(frame);
    Check();
    EXPECT_EQ(Both(name, "excluded") == 0, listed == 15);
  }
}

TEST_F(SessionsTest, ClusterDnsIsAcceptedBeforeTheRulesAreAsked) {
  Surroundings dns;
  dns.yaml = ClusterDns(
      "{addresses: [10.7.7.7], conditions: {ready: true}}, "
      "{addresses: [10.7.7.8], conditions: {ready: false}}");
  dns.cluster_dns = {At("10.96.0.10", 53), At("fd00:10::a", 53), At("10.7.7.7", 1053), At("169.254.20.10", 53)};
  DesiredFilter only_dns = Filter({Reject()}, {});
  only_dns.cluster_dns = true;
  Mirror({{.name = "dns", .number = 1, .vni = 53, .filter = only_dns},
          {.name = "rest", .number = 2, .vni = 99, .target = "near", .filter = Filter({Accept()}, {Accept(kTcp)})}},
         dns);
  for (const char* server : {"10.96.0.10", "10.96.0.11", "10.7.7.7", "10.7.7.8", "169.254.20.10"}) {
    for (const unsigned port : {53u, 54u, 1053u}) {
      for (const unsigned protocol : {17u, 6u, 132u}) {
        SendBothWays(Udp4("10.0.0.1", 5000, server, port, protocol));
        SendBothWays(Udp4(server, port, "10.0.0.1", 5000, protocol));
      }
    }
  }
  for (const char* server : {"fd00:10::a", "fd00:10::b"}) {
    SendBothWays(Udp6("fd00::1", 5000, server, 53));
    SendBothWays(Udp6(server, 53, "fd00::1", 5000));
  }
  SendBothWays(Ethernet(
      0x0800, Ipv4{.destination = Address("10.96.0.10"), .payload = Ports(5000, 53), .fragment_offset = 5}.Build()));
  Check();
  // Three servers over UDP and TCP to and from, and one over IPv6.
  EXPECT_EQ(Term("dns", Direction::kEgress, "mirrored"), 3 * 2 * 2 + 2);
  EXPECT_EQ(Term("dns", Direction::kIngress, "mirrored"), 3 * 2 * 2 + 2);
}

TEST_F(SessionsTest, CopiesAndWhatLooksLikeThemAreGuarded) {
  MirrorAll("far");
  Expect(SendDatagram("pod", "10.9.0.2", kVxlanPort, 100));
  Expect(SendDatagram("pod", "10.9.0.2", kVxlanPort, 5000));
  Expect(SendDatagram("pod", "10.9.0.2", 4790, 100));
  SendBothWays(Udp4("10.0.0.1", 1, "10.9.0.2", kVxlanPort));
  SendBothWays(Udp4("10.0.0.1", 1, "10.9.0.2", kVxlanPort, 6));
  SendBothWays(Udp4("10.9.0.2", kVxlanPort, "10.0.0.1", 1));
  Check();
  // The later fragments of the long one have no ports.
  EXPECT_EQ(InterfaceTerm(Direction::kEgress, "guarded"), 3);
  EXPECT_EQ(InterfaceTerm(Direction::kIngress, "guarded"), 1);
}

TEST_F(SessionsTest, ACollectorIsNoSource) {
  Surroundings pods;
  pods.targets = AddressTargetYaml("far", "10.9.0.2");
  pods.yaml = Pod("near", "web", "10.8.0.2") + R"(
---
apiVersion: v1
kind: Service
metadata: {name: ids}
spec: {clusterIPs: [10.96.0.20], ipFamilies: [IPv4], ports: [{name: vxlan, port: 4789, protocol: UDP}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: ids-a, labels: {kubernetes.io/service-name: ids}}
addressType: IPv4
endpoints: [{addresses: [10.8.0.2], targetRef: {kind: Pod, name: near, namespace: default}}]
ports: [{name: vxlan, port: 4789, protocol: UDP}]
---
apiVersion: podmirror.io/v1alpha1
kind: TrafficMirrorTarget
metadata: {name: near}
spec: {service: {name: ids, port: 4789}}
)";
  Mirror({{.name = "all", .target = "near", .filter = Everything()}}, pods);
  Talk();
  Check();
  EXPECT_GT(Both("all", "mirrored"), 0);
  std::map<std::string, std::string> reasons;
  const Json status = Status();
  for (const Json& source : status["sessions"][0]["sources"]) reasons[source["pod"]] = source["reason"];
  EXPECT_EQ(reasons, (std::map<std::string, std::string>{{"near", "IsCollector"}, {"pod", "Mirroring"}}));
  EXPECT_EQ(status["interfaces"].size(), 1u);
}

}  // namespace
}  // namespace podmirror::testing
