#include "contract/codec.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace podmirror {
namespace {

IpAddress Ip(const char* text) { return IpAddress::Parse(text).value(); }

Rule FullRule() {
  Rule rule;
  rule.number = 100;
  rule.action = Action::kReject;
  rule.protocol = kTcp;
  rule.source = Cidr::Parse("10.0.0.0/8").value();
  rule.destination = Cidr::Parse("192.0.2.0/24").value();
  rule.source_ports = PortRange::Make(1024, 65535).value();
  rule.destination_ports = PortRange::Make(443, 443).value();
  return rule;
}

DesiredState FullState() {
  DesiredState state;
  DesiredFilter filter;
  filter.key = {"shop", "web"};
  filter.ingress = {FullRule()};
  filter.egress = {Rule{}};
  filter.egress[0].protocol = Protocol{47};
  filter.infrastructure = 1 | 8;
  filter.cluster_dns = true;
  state.filters = {filter};
  state.targets = {{{"shop", "ids"}, {{Ip("10.0.0.9"), 4789}, {Ip("fd00::9"), 4789}}}};
  DesiredSession session;
  session.key = {"shop", "tap"};
  session.uid = "u-1";
  session.vni = Vni::Make(64).value();
  session.filter = {"shop", "web"};
  session.target = {"shop", "ids"};
  session.packet_length = 128;
  session.expires_at = ParseInstant("2026-12-01T00:00:00Z").value();
  state.sessions = {session};
  state.sources = {{{"shop", "a"}, "u-2", {Ip("10.0.0.1"), Ip("fd00::1")}, {{"shop", "tap"}}, {}}};
  state.cluster_dns = {{Ip("10.96.0.10"), 53}};
  state.collectors = {{Ip("10.0.0.9"), 4789}};
  return state;
}

TEST(Codec, WritesEveryFieldOfAState) {
  EXPECT_EQ(Encode(FullState()), R"({
  "filters": [
    {
      "namespace": "shop",
      "name": "web",
      "ingress": [
        {
          "ruleNumber": 100,
          "action": "Reject",
          "protocol": "TCP",
          "sourceCIDR": "10.0.0.0/8",
          "destinationCIDR": "192.0.2.0/24",
          "sourcePorts": {
            "from": 1024,
            "to": 65535
          },
          "destinationPorts": {
            "from": 443,
            "to": 443
          }
        }
      ],
      "egress": [
        {
          "ruleNumber": 1,
          "action": "Accept",
          "protocol": 47
        }
      ],
      "networkServices": [
        "ClusterDNS"
      ],
      "infrastructureTraffic": [
        "ARP",
        "InstanceMetadata"
      ]
    }
  ],
  "targets": [
    {
      "namespace": "shop",
      "name": "ids",
      "endpoints": [
        "10.0.0.9:4789",
        "[fd00::9]:4789"
      ]
    }
  ],
  "sessions": [
    {
      "namespace": "shop",
      "name": "tap",
      "uid": "u-1",
      "virtualNetworkID": 64,
      "filter": "shop/web",
      "target": "shop/ids",
      "packetLength": 128,
      "expiresAt": "2026-12-01T00:00:00Z"
    }
  ],
  "sources": [
    {
      "namespace": "shop",
      "name": "a",
      "uid": "u-2",
      "ips": [
        "10.0.0.1",
        "fd00::1"
      ],
      "ingress": [
        "shop/tap"
      ],
      "egress": []
    }
  ],
  "clusterDNS": [
    "10.96.0.10:53"
  ],
  "collectors": [
    "10.0.0.9:4789"
  ]
}
)");
}

TEST(Codec, LeavesOutWhatIsAbsent) {
  DesiredState state;
  state.sessions = {DesiredSession{}};
  const std::string text = Encode(state);
  for (const char* absent : {"uid", "packetLength", "expiresAt", "tier", "priorityCollectors"}) {
    EXPECT_EQ(text.find(absent), std::string::npos) << absent;
  }
  EXPECT_EQ(Encode(NodeReport{}), "{\n  \"sources\": [],\n  \"endpoints\": [],\n  \"truncations\": []\n}\n");
}

TEST(Codec, EqualStatesGiveEqualBytesAndDifferentOnesDoNot) {
  EXPECT_EQ(Encode(FullState()), Encode(FullState()));
  DesiredState other = FullState();
  other.filters[0].infrastructure = 2 | 4;
  EXPECT_NE(Encode(other), Encode(FullState()));
  EXPECT_NE(Encode(other).find("\"DHCP\",\n        \"NTP\""), std::string::npos);
}

TEST(Codec, WritesEveryFieldOfAReport) {
  NodeReport report;
  report.sources = {{{"shop", "a"}, "veth1", "", ""}, {{"shop", "b"}, "", "InterfaceNotFound", "no link"}};
  report.endpoints = {{{Ip("10.0.0.9"), 4789}, "NoRoute", "no route to 10.0.0.9"}};
  report.truncations = {{{"shop", "tap"}, "eth0", 1500, 1536}};
  EXPECT_EQ(Encode(report), R"({
  "sources": [
    {
      "pod": "shop/a",
      "interface": "veth1"
    },
    {
      "pod": "shop/b",
      "reason": "InterfaceNotFound",
      "message": "no link"
    }
  ],
  "endpoints": [
    {
      "endpoint": "10.0.0.9:4789",
      "reason": "NoRoute",
      "message": "no route to 10.0.0.9"
    }
  ],
  "truncations": [
    {
      "session": "shop/tap",
      "interface": "eth0",
      "mtu": 1500,
      "neededMTU": 1536
    }
  ]
}
)");
}

TEST(Codec, ReplacesBytesThatAreNotUtf8) {
  NodeReport report;
  report.sources = {{{"shop", "a"}, "", "NotProgrammed", "bad \xff byte"}};
  const nlohmann::json json = nlohmann::json::parse(Encode(report));
  EXPECT_EQ(json["sources"][0]["message"], "bad \xEF\xBF\xBD byte");
}

}  // namespace
}  // namespace podmirror
