// `podmirror status` counts what went over the wire.
#include <nlohmann/json.hpp>

#include "tests/datapath/cli/local_world.h"

namespace podmirror::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using Json = nlohmann::json;

class StatusTest : public LocalWorld {
 protected:
  void SetUp() override {
    LocalWorld::SetUp();
    if (HasFatalFailure()) return;
    WriteShop();
    const Ended ended = Execute(Local({"--once"}));
    ASSERT_EQ(ended.code, 0) << ended.err;
  }
};

TEST_F(StatusTest, JsonHasThePromisedShapeAndTheCountsOfThePing) {
  Ping("web", "10.1.0.1", 5);
  const Ended ended = Podmirror({"status", "-o", "json"});
  ASSERT_EQ(ended.code, 0) << ended.err;
  const Json status = Json::parse(ended.out);
  EXPECT_EQ(status["law"], "ok");
  ASSERT_EQ(status["sessions"].size(), 1u);
  const Json& session = status["sessions"][0];
  EXPECT_EQ(session["namespace"], "default");
  EXPECT_EQ(session["name"], "all");
  EXPECT_TRUE(session["vni"].is_number_unsigned());
  EXPECT_EQ(session["conditions"].size(), 4u);
  ASSERT_EQ(session["sources"].size(), 1u);
  const Json& source = session["sources"][0];
  EXPECT_EQ(source["pod"], "web");
  EXPECT_EQ(source["interface"], "veth-web");
  EXPECT_EQ(source["reason"], "Mirroring");
  for (const char* direction : {"ingress", "egress"}) {
    EXPECT_GE(source[direction]["mirrored"].get<int>(), 5) << direction;
    // The node's own first packets may come before the collector's neighbour is known.
    EXPECT_EQ(source[direction]["accepted"].get<int>(),
              source[direction]["encap_in"].get<int>() + source[direction]["drop_no_endpoint"].get<int>())
        << direction;
  }
  EXPECT_EQ(status["targets"], Json::parse(R"([{"namespace": "default", "name": "ids",
      "endpoints": [{"ip": "10.2.0.9", "port": 4789, "reason": "Ready"}]}])"));
  ASSERT_EQ(status["interfaces"].size(), 1u);
  EXPECT_EQ(status["interfaces"][0]["name"], "veth-web");
  EXPECT_GE(status["interfaces"][0]["egress"]["seen"].get<int>(), 5);
}

TEST_F(StatusTest, TableIsForPeople) {
  const Ended ended = Podmirror({"status"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, AllOf(HasSubstr("default/all"), HasSubstr("veth-web"), HasSubstr("MIRRORED"),
                               HasSubstr("SKIPPED"), HasSubstr("law: ok")));
}

TEST_F(StatusTest, WhoMayNotReadItIsToldSo) {
  // Where the user nobody can reach it.
  std::filesystem::copy_file(PodmirrorBinary(), root_ / "podmirror");
  std::filesystem::permissions(root_.path(), std::filesystem::perms(0755));
  const Ended ended = Execute({"setpriv", "--reuid", "65534", "--clear-groups", root_ / "podmirror", "status"});
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.err, AllOf(HasSubstr("may not be read"), HasSubstr("run as root")));
}

TEST_F(StatusTest, InterfaceThatWentKeepsItsCounters) {
  Ping("web", "10.1.0.1", 5);
  Shell("ip link del veth-web");
  const Ended ended = Podmirror({"status", "-o", "json"});
  ASSERT_EQ(ended.code, 0) << ended.err;
  const Json status = Json::parse(ended.out);
  EXPECT_GE(status["sessions"][0]["sources"][0]["egress"]["mirrored"].get<int>(), 5);
  EXPECT_EQ(status["interfaces"][0]["name"], "veth-web");
}

TEST_F(StatusTest, FilterWithoutAnythingToSayStillCountsWhatItSaw) {
  Write("shop.yaml", Session("all") + R"(
---
apiVersion: podmirror.io/v1alpha1
kind: TrafficMirrorFilter
metadata: {name: everything}
spec:
  egress: [{ruleNumber: 100, action: Reject, protocol: ICMP}]
---
apiVersion: podmirror.io/v1alpha1
kind: TrafficMirrorTarget
metadata: {name: ids}
spec:
  address: {ip: 10.2.0.9, port: 4789}
)");
  ASSERT_EQ(Execute(Local({"--once"})).code, 0);
  Ping("web", "10.1.0.1", 5);
  const Json status = Json::parse(Podmirror({"status", "-o", "json"}).out);
  const Json& source = status["sessions"][0]["sources"][0];
  EXPECT_GE(source["egress"]["rejected"].get<int>(), 5);
  EXPECT_GE(source["ingress"]["no_match"].get<int>(), 5);
  EXPECT_EQ(status["law"], "ok");
}

}  // namespace
}  // namespace podmirror::testing
