// What comes off a wire, taken and refused.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "contract/codec.h"
#include "random_messages.h"

namespace podmirror {
namespace {

using Json = nlohmann::ordered_json;

const char* const kState = R"({
  "version": 1,
  "revision": {"leaseCreated": "2026-12-01T00:00:00Z", "leaseTransitions": 3, "number": 17},
  "state": {
    "filters": [{"namespace": "shop", "name": "web",
      "ingress": [{"ruleNumber": 100, "action": "Reject", "protocol": "TCP", "sourceCIDR": "10.0.0.0/8",
                   "destinationCIDR": "192.0.2.0/24", "sourcePorts": {"from": 1024, "to": 65535},
                   "destinationPorts": {"from": 443, "to": 443}},
                  {"ruleNumber": 200, "action": "Accept"}],
      "egress": [{"ruleNumber": 1, "action": "Accept", "protocol": 47}],
      "networkServices": ["ClusterDNS"], "infrastructureTraffic": ["ARP", "InstanceMetadata"]}],
    "targets": [{"namespace": "shop", "name": "ids", "endpoints": ["10.0.0.9:4789", "[fd00::9]:4789"]}],
    "sessions": [{"namespace": "shop", "name": "tap", "uid": "u-1", "virtualNetworkID": 64, "filter": "shop/web",
                  "target": "shop/ids", "packetLength": 128, "expiresAt": "2026-12-01T00:00:00Z"},
                 {"namespace": "shop", "name": "two", "virtualNetworkID": 65, "filter": "shop/web",
                  "target": "shop/ids"}],
    "sources": [{"namespace": "shop", "name": "a", "uid": "u-2", "ips": ["10.0.0.1", "fd00::1"],
                 "ingress": ["shop/two", "shop/tap"], "egress": []}],
    "clusterDNS": ["10.96.0.10:53"],
    "collectors": ["10.0.0.9:4789"]
  }
})";

const char* const kReport = R"({
  "version": 1,
  "applied": {"leaseCreated": "2026-12-01T00:00:00Z", "leaseTransitions": 3, "number": 17},
  "agentVersion": "0.1.0", "kernel": "6.18", "attachMode": "tcx",
  "report": {
    "sources": [{"pod": "shop/a", "interface": "veth1"},
                {"pod": "shop/b", "reason": "InterfaceNotFound", "message": "no link"}],
    "endpoints": [{"endpoint": "10.0.0.9:4789", "reason": "NoRoute", "message": "no route"}],
    "truncations": [{"session": "shop/tap", "interface": "eth0", "mtu": 1500, "neededMTU": 1536}]
  }
})";

// One change to a message that is right, and where it is then wrong.
struct Wrong {
  const char* pointer;  // RFC 6901
  const char* value;    // JSON; nullptr: the field is taken away
  const char* where;
  const char* what;
};

std::string Changed(const char* text, const Wrong& wrong) {
  Json json = Json::parse(text);
  const Json::json_pointer pointer{std::string(wrong.pointer)};
  if (wrong.value != nullptr) {
    json[pointer] = Json::parse(wrong.value);
  } else {
    json[pointer.parent_pointer()].erase(pointer.back());
  }
  return json.dump();
}

template <typename T>
void ExpectRefused(const Result<T>& decoded, const Wrong& wrong) {
  ASSERT_FALSE(decoded.has_value()) << wrong.pointer << " " << (wrong.value == nullptr ? "absent" : wrong.value);
  EXPECT_EQ(decoded.error().where, wrong.where) << wrong.pointer << ": " << decoded.error().what;
  EXPECT_NE(decoded.error().what.find(wrong.what), std::string::npos) << wrong.pointer << ": " << decoded.error().what;
}

TEST(DecodeState, TakesEveryField) {
  const Result<StateMessage> message = DecodeStateMessage(kState);
  ASSERT_TRUE(message.has_value()) << Describe(message.error());
  EXPECT_EQ(message->revision.number, 17U);
  EXPECT_EQ(message->revision.epoch.lease_transitions, 3);
  EXPECT_EQ(FormatInstant(message->revision.epoch.lease_created), "2026-12-01T00:00:00Z");
  const DesiredState& state = message->state;
  EXPECT_EQ(state.filters[0].ingress[0].destination_ports->to(), 443);
  EXPECT_EQ(state.filters[0].egress[0].protocol, Protocol{47});
  EXPECT_EQ(state.filters[0].infrastructure, 1 | 8);
  EXPECT_TRUE(state.filters[0].cluster_dns);
  EXPECT_EQ(state.targets[0].endpoints[1].ToString(), "[fd00::9]:4789");
  EXPECT_EQ(state.sessions[0].packet_length, 128);
  EXPECT_FALSE(state.sessions[1].expires_at.has_value());
  EXPECT_EQ(state.sources[0].ingress, (std::vector<ObjectKey>{{"shop", "two"}, {"shop", "tap"}}));
  EXPECT_EQ(state.cluster_dns[0].port, 53);
  EXPECT_EQ(Encode(*message), Json::parse(kState).dump());
}

TEST(DecodeState, GivesBackWhatWasWritten) {
  std::mt19937 random(1);
  for (int i = 0; i < 500; ++i) {
    const StateMessage message = RandomState(random);
    const std::string text = Encode(message);
    const Result<StateMessage> decoded = DecodeStateMessage(text);
    ASSERT_TRUE(decoded.has_value()) << Describe(decoded.error()) << "\n" << text;
    ASSERT_EQ(*decoded, message) << text;
    ASSERT_EQ(text.find('\n'), std::string::npos);
  }
}

TEST(DecodeState, RefusesEachFieldThatIsWrong) {
  const Wrong kWrong[] = {
      {"/version", "2", "version", "only 1 is understood"},
      {"/version", "\"1\"", "version", "not a whole number"},
      {"/version", nullptr, "", "lacks the field \"version\""},
      {"/more", "1", "", "unknown field \"more\""},
      {"/revision", "[]", "revision", "is not an object"},
      {"/revision/leaseCreated", "\"yesterday\"", "revision.leaseCreated", "is not a time"},
      {"/revision/leaseCreated", "\"2026-12-01T00:00:00+00:00\"", "revision.leaseCreated", "not as we write it"},
      {"/revision/leaseTransitions", "-1", "revision.leaseTransitions", "not a whole number"},
      {"/revision/leaseTransitions", "9223372036854775808", "revision.leaseTransitions", "not a whole number"},
      {"/revision/number", "-1", "revision.number", "not a whole number"},
      {"/revision/number", "1.5", "revision.number", "not a whole number"},
      {"/revision/number", "18446744073709551616", "revision.number", "not a whole number"},
      {"/revision/node", "\"b\"", "revision", "unknown field"},
      {"/state", nullptr, "", "lacks the field \"state\""},
      {"/state/filters", "{}", "state.filters", "is not a list"},
      {"/state/filters/0/name", "\"We b\"", "state.filters[0].name", "not an object's name"},
      {"/state/filters/0/name", "\"\"", "state.filters[0].name", "not an object's name"},
      {"/state/filters/0/namespace", "\"a.b\"", "state.filters[0].namespace", "not a namespace's name"},
      {"/state/filters/0/priority", "1", "state.filters[0]", "unknown field"},
      {"/state/filters/0/ingress/0/ruleNumber", "0", "state.filters[0].ingress[0].ruleNumber", "not a whole number"},
      {"/state/filters/0/ingress/0/ruleNumber", "32767", "state.filters[0].ingress[0].ruleNumber", "not a whole"},
      {"/state/filters/0/ingress/0/ruleNumber", "200", "state.filters[0].ingress[1]", "sorted"},
      {"/state/filters/0/ingress/0/action", "\"accept\"", "state.filters[0].ingress[0].action", "not an action"},
      {"/state/filters/0/ingress/0/protocol", "\"tcp\"", "state.filters[0].ingress[0].protocol", "not a protocol"},
      {"/state/filters/0/ingress/0/protocol", "6", "state.filters[0].ingress[0].protocol", "has a name"},
      {"/state/filters/0/ingress/0/protocol", "256", "state.filters[0].ingress[0].protocol", "0 to 255"},
      {"/state/filters/0/ingress/0/protocol", "47", "state.filters[0].ingress[0]", "names ports without"},
      {"/state/filters/0/ingress/0/sourceCIDR", "\"10.0.0.1/8\"", "state.filters[0].ingress[0].sourceCIDR", "prefix"},
      {"/state/filters/0/ingress/0/sourceCIDR", "\"FD00::/16\"", "state.filters[0].ingress[0].sourceCIDR", "write it"},
      {"/state/filters/0/ingress/0/sourceCIDR", "\"fd00::/16\"", "state.filters[0].ingress[0]", "mixes IPv4 and IPv6"},
      {"/state/filters/0/ingress/0/sourcePorts/from", "65536", "state.filters[0].ingress[0].sourcePorts.from", "65535"},
      {"/state/filters/0/ingress/0/sourcePorts/to", "1", "state.filters[0].ingress[0].sourcePorts", "above"},
      {"/state/filters/0/ingress/0/sourcePorts/to", nullptr, "state.filters[0].ingress[0].sourcePorts", "lacks"},
      {"/state/filters/0/networkServices/0", "\"DNS\"", "state.filters[0].networkServices", "not a network service"},
      {"/state/filters/0/infrastructureTraffic", "[\"NTP\",\"ARP\"]", "state.filters[0].infrastructureTraffic[1]",
       "sorted"},
      {"/state/filters/0/infrastructureTraffic/0", "\"ICMP\"", "state.filters[0].infrastructureTraffic[0]",
       "not infrastructure"},
      {"/state/targets/0/endpoints/0", "\"10.0.0.9\"", "state.targets[0].endpoints[0]", "not an address and a port"},
      {"/state/targets/0/endpoints/0", "\"10.0.0.9:0\"", "state.targets[0].endpoints[0]", "not an address and a port"},
      {"/state/targets/0/endpoints/0", "\"10.0.0.9:04789\"", "state.targets[0].endpoints[0]", "not as we write it"},
      {"/state/targets/0/endpoints/0", "\"[10.0.0.9]:4789\"", "state.targets[0].endpoints[0]", "not as we write it"},
      {"/state/targets/0/endpoints/0", "\"fd00::9:4789\"", "state.targets[0].endpoints[0]", "not as we write it"},
      {"/state/targets/0/endpoints/0", "\"[fd00::9]:4789\"", "state.targets[0].endpoints[1]", "twice"},
      {"/state/targets/0/endpoints/0", "7", "state.targets[0].endpoints[0]", "not a text"},
      {"/state/sessions/0/uid", "\"\"", "state.sessions[0].uid", "is empty"},
      {"/state/sessions/0/virtualNetworkID", "16777216", "state.sessions[0].virtualNetworkID", "16777215"},
      {"/state/sessions/0/filter", "\"web\"", "state.sessions[0].filter", "not namespace/name"},
      {"/state/sessions/0/filter", "\"shop/other\"", "state", "shop/other, which is not among the filters"},
      {"/state/sessions/0/target", "\"shop/other\"", "state", "shop/other, which is not among the targets"},
      {"/state/sessions/0/packetLength", "79", "state.sessions[0].packetLength", "80 to 65535"},
      {"/state/sessions/0/expiresAt", "null", "state.sessions[0].expiresAt", "not a text"},
      {"/state/sessions/0/tier", "\"Normal\"", "state.sessions[0].tier", "not a tier"},
      {"/state/sessions/0/name", "\"two\"", "state.sessions[1]", "twice"},
      {"/state/sources/0/ips/0", "\"10.0.0.256\"", "state.sources[0].ips[0]", "not an IP address"},
      {"/state/sources/0/ips/0", "\"FD00::1\"", "state.sources[0].ips[0]", "not as we write it"},
      {"/state/sources/0/ingress/0", "\"shop/tap\"", "state.sources[0].ingress[1]", "twice"},
      {"/state/sources/0/egress", "[\"shop/none\"]", "state", "shop/none, which is not among the sessions"},
      {"/state/sources/0/node", "\"b\"", "state.sources[0]", "unknown field"},
      {"/state/clusterDNS", nullptr, "state", "lacks the field"},
      {"/state/priorityCollectors", "[]", "state.priorityCollectors", "is empty"},
      {"/state/priorityCollectors", "[\"10.0.0.1\"]", "state.priorityCollectors[0]", "not"},
      {"/state/sessions/0/tier", "\"Normal\"", "state.sessions[0].tier", "not a tier"},
      {"/state/priorityCollectors", "[]", "state.priorityCollectors", "is empty"},
      {"/state/collectors/0", "false", "state.collectors[0]", "not a text"},
  };
  for (const Wrong& wrong : kWrong) ExpectRefused(DecodeStateMessage(Changed(kState, wrong)), wrong);
}

TEST(DecodeState, RefusesTooManySessionsOfAPodAndTooManyRules) {
  Json json = Json::parse(kState);
  for (int i = 0; i < 17; ++i) json["state"]["sources"][0]["egress"].push_back("shop/s" + std::to_string(i));
  EXPECT_EQ(DecodeStateMessage(json.dump()).error().where, "state.sources[0].egress");
  json = Json::parse(kState);
  for (int i = 2; i < 300; ++i)
    json["state"]["filters"][0]["egress"].push_back({{"ruleNumber", i}, {"action", "Accept"}});
  EXPECT_EQ(DecodeStateMessage(json.dump()).error().where, "state.filters[0].egress");
}

TEST(DecodeReport, GivesBackWhatWasWritten) {
  std::mt19937 random(2);
  for (int i = 0; i < 500; ++i) {
    const ReportMessage message = RandomReport(random);
    const Result<ReportMessage> decoded = DecodeReportMessage(Encode(message));
    ASSERT_TRUE(decoded.has_value()) << Describe(decoded.error()) << "\n" << Encode(message);
    ASSERT_EQ(*decoded, message) << Encode(message);
  }
}

TEST(DecodeReport, RefusesEachFieldThatIsWrong) {
  ASSERT_TRUE(DecodeReportMessage(kReport).has_value()) << Describe(DecodeReportMessage(kReport).error());
  const Wrong kWrong[] = {
      {"/version", "0", "version", "not a whole number"},
      {"/node", "\"other\"", "", "unknown field \"node\""},
      {"/applied", "null", "applied", "is not an object"},
      {"/applied/number", nullptr, "applied", "lacks the field \"number\""},
      {"/agentVersion", nullptr, "", "lacks the field \"agentVersion\""},
      {"/kernel", "6", "kernel", "not a text"},
      {"/attachMode", "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"", "attachMode", "longer"},
      {"/report/sources/0/pod", "\"shop\"", "report.sources[0].pod", "not namespace/name"},
      {"/report/sources/0/pod", "\"shop/b\"", "report.sources[1]", "twice"},
      {"/report/sources/0/interface", "\"interface-sixteen\"", "report.sources[0].interface", "longer than 15"},
      {"/report/sources/1/reason", "\"No Link\"", "report.sources[1].reason", "not a reason"},
      {"/report/sources/1/reason", "\"\"", "report.sources[1].reason", "is empty"},
      {"/report/sources/0/packets", "1", "report.sources[0]", "unknown field"},
      {"/report/endpoints/0/endpoint", "\":53\"", "report.endpoints[0].endpoint", "not an IP address"},
      {"/report/endpoints/0/message", "[]", "report.endpoints[0].message", "not a text"},
      {"/report/truncations/0/mtu", "4294967296", "report.truncations[0].mtu", "4294967295"},
      {"/report/truncations/0/neededMTU", "-1", "report.truncations[0].neededMTU", "not a whole number"},
      {"/report/truncations/0/session", nullptr, "report.truncations[0]", "lacks"},
      {"/report/truncations", "0", "report.truncations", "is not a list"},
  };
  for (const Wrong& wrong : kWrong) ExpectRefused(DecodeReportMessage(Changed(kReport, wrong)), wrong);
}

TEST(DecodeReport, AMessageThatIsTooLongIsCutWhenItIsWritten) {
  ReportMessage message;
  message.report.sources = {{{"shop", "a"}, "", "NotProgrammed", std::string(1023, 'x') + "\u00e9 and more"},
                            {{"shop", "b"}, "", "NotProgrammed", std::string(1000, '\xff')}};
  const Result<ReportMessage> decoded = DecodeReportMessage(Encode(message));
  ASSERT_TRUE(decoded.has_value()) << Describe(decoded.error());
  EXPECT_EQ(decoded->report.sources[0].message, std::string(1023, 'x'));
  EXPECT_EQ(decoded->report.sources[1].message.size(), 1023U);  // three bytes each
}

TEST(DecodeReport, AReportThatIsTooLargeKeepsItsReasons) {
  ReportMessage message;
  for (int i = 10'000; i < 12'000; ++i) {
    message.report.sources.push_back({{"shop", "p" + std::to_string(i)}, "", "NotProgrammed", std::string(900, 'x')});
  }
  const Result<ReportMessage> decoded = DecodeReportMessage(Encode(message));
  ASSERT_TRUE(decoded.has_value()) << Describe(decoded.error());
  ASSERT_EQ(decoded->report.sources.size(), 2'000U);
  EXPECT_EQ(decoded->report.sources[7].reason, "NotProgrammed");
  EXPECT_EQ(decoded->report.sources[7].message, "");
}

TEST(DecodeText, RefusesWhatIsNotOneJsonObject) {
  for (const char* text : {"", "{", "[]", "null", "{}{}", "{} x", "{\"a\":01}", "\xff", "{\"version\":1,}", "NaN",
                           "{\"version\": \"\xc3\x28\"}", "// {}\n{}"}) {
    EXPECT_FALSE(DecodeStateMessage(text).has_value()) << text;
    EXPECT_FALSE(DecodeReportMessage(text).has_value()) << text;
  }
  EXPECT_EQ(DecodeStateMessage("{\"version\": }").error().where, "byte 13");
}

TEST(DecodeText, RefusesAFieldThatStandsTwice) {
  const Result<StateMessage> twice = DecodeStateMessage(R"({"state": {"filters": [{}, {"name": 1, "name": 1}]}})");
  ASSERT_FALSE(twice.has_value());
  EXPECT_EQ(twice.error().where, "state.filters[1]");
  EXPECT_EQ(twice.error().what, "has the field \"name\" twice");
}

TEST(DecodeText, RefusesWhatIsTooDeepTooWideOrTooLong) {
  EXPECT_NE(DecodeStateMessage(std::string(100'000, '[')).error().what.find("nested"), std::string::npos);
  std::string wide = "{";
  for (int i = 0; i < 20; ++i) wide += "\"f" + std::to_string(i) + "\":0,";
  EXPECT_NE(DecodeStateMessage(wide).error().what.find("more than 16 fields"), std::string::npos);
  EXPECT_NE(DecodeReportMessage(std::string(kMaxReportBytes + 1, ' ')).error().what.find("bytes long"),
            std::string::npos);
  EXPECT_NE(DecodeStateMessage(std::string(kMaxStateBytes + 1, ' ')).error().what.find("bytes long"),
            std::string::npos);
}

TEST(DecodeText, QuotesLittleOfAForeignText) {
  std::string text = "{\"";
  for (int i = 0; i < 1000; ++i) text += "\u00e9";
  const Result<StateMessage> unknown = DecodeStateMessage(text + "\": 1, \"version\": 1}");
  ASSERT_FALSE(unknown.has_value());
  EXPECT_LT(Describe(unknown.error()).size(), 300U);
}

TEST(Revision, ALeaseMadeAnewIsNewerThoughItCountsFromZero) {
  const Instant before = ParseInstant("2026-12-01T00:00:00Z").value();
  const Instant after = ParseInstant("2026-12-01T00:00:01Z").value();
  EXPECT_LT((Revision{{before, 9}, 9}), (Revision{{after, 0}, 0}));
  EXPECT_LT((Revision{{before, 9}, 9}), (Revision{{before, 10}, 0}));
  EXPECT_LT((Revision{{before, 9}, 9}), (Revision{{before, 9}, 10}));
}

}  // namespace
}  // namespace podmirror
