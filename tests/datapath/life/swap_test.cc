// Rules change under load: under each of two rulesets exactly one of two sessions accepts every packet, so a packet
// that is judged by half of a change would come twice or never.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "node-agent/app/agent.h"
#include "node-agent/pods/local.h"
#include "tests/datapath/support/node.h"

namespace podmirror::testing {
namespace {

class SwapTest : public Node {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(Node::SetUp());
    AddPod("web", 1);
    AddNic("ids", 1);
  }

  void ExpectCopiesOnce(const Receiver& ids, std::uint32_t sent) {
    EXPECT_TRUE(ids.AwaitCount(1, sent));
    EXPECT_EQ(EachOnce(ids.Numbers(1), sent), "");
    EXPECT_GT(ids.Numbers(1, 1).size(), sent / 10) << "each of the sessions had its share";
    EXPECT_GT(ids.Numbers(1, 2).size(), sent / 10);
  }
};

DesiredFilter FilterOf(const std::string& name, Action action) {
  DesiredFilter filter;
  filter.key = {"default", name};
  Rule rule;
  rule.action = action;
  filter.egress = {rule};
  return filter;
}

DesiredSession SessionOf(const std::string& name, std::uint32_t vni) {
  DesiredSession session;
  session.key = {"default", name};
  session.vni = Vni::Make(vni).value();
  session.filter = session.key;
  session.target = {"default", "ids"};
  return session;
}

// The first session or the second accepts.
DesiredState StateOf(bool first) {
  const ObjectKey pod{"default", "web"};
  DesiredState state;
  state.filters = {FilterOf("one", first ? Action::kAccept : Action::kReject),
                   FilterOf("two", first ? Action::kReject : Action::kAccept)};
  const SocketAddress collector{IpAddress::Parse("10.9.1.9").value(), kVxlan};
  state.targets = {{.key = {"default", "ids"}, .endpoints = {collector}}};
  state.sessions = {SessionOf("one", 1), SessionOf("two", 2)};
  state.sources = {{.pod = pod,
                    .uid = "",
                    .ips = {},
                    .ingress = {{"default", "one"}, {"default", "two"}},
                    .egress = {{"default", "one"}, {"default", "two"}}}};
  state.collectors = {collector};
  return state;
}

TEST_F(SwapTest, AThousandChangesByTheAgent) {
  auto kernel = dataplane::OpenKernel();
  ASSERT_TRUE(kernel) << Describe(kernel.error());
  auto routes = routes::Routes::Open();
  ASSERT_TRUE(routes) << Describe(routes.error());
  auto pods = pods::LocalPods::Open();
  ASSERT_TRUE(pods) << Describe(pods.error());
  (*pods)->Follow({{{"default", "web"},
                    {.interface = "", .network_namespace = "web", .ips = {IpAddress::Parse(PodIp(1)).value()}}}});
  plan::Settings settings;
  settings.budget.kind = plan::NodeBudget::Kind::kOff;
  agent::Agent agent(**kernel, **routes, settings);
  const auto reconcile = [&](bool first) -> agent::Outcome {
    return agent.Reconcile(StateOf(first), (*pods)->Current());
  };
  ASSERT_TRUE(AwaitOn((*routes)->fd(), [] {}, [&] { return agent::Agent::Settled(reconcile(true).report); }));

  const Receiver ids("ids", kVxlan);
  Load load({.network_namespace = "web", .to = HostIp(1), .at_most = 1'000'000});
  ASSERT_TRUE(load.Await(10));
  int changed = 0;
  for (int i = 0; i < 1000; ++i) {
    const agent::Outcome outcome = reconcile(i % 2 == 1);
    ASSERT_EQ(outcome.failures, 0) << Describe(outcome.errors.front());
    changed += outcome.writes > 0;
  }
  EXPECT_EQ(changed, 1000);
  ExpectCopiesOnce(ids, load.Stop());
}

TEST_F(SwapTest, ChangesOfAFile) {
  constexpr int kChanges = 40;
  const std::string reject = "{ruleNumber: 1, action: Reject}";
  const auto write = [&](bool first) {
    Write("filters.yaml", FilterYaml("one", first ? kAcceptAll : reject, first ? kAcceptAll : reject) +
                              FilterYaml("two", first ? reject : kAcceptAll, first ? reject : kAcceptAll));
  };
  Write("pods.yaml", PodYaml("web", PodIp(1)));
  Write("sessions.yaml", SessionYaml({.name = "one", .number = 1, .app = "web", .vni = 1}) +
                             SessionYaml({.name = "two", .number = 2, .app = "web", .vni = 2}) +
                             AddressTargetYaml("ids", NicIp(1)));
  write(true);
  const auto local = Start();
  const Receiver ids("ids", kVxlan);
  Load load({.network_namespace = "web", .to = HostIp(1), .at_most = 1'000'000});
  const auto copies = [&](std::uint32_t vni) { return ids.Numbers(1, vni).size(); };
  for (int i = 0; i < kChanges; ++i) {
    const bool first = i % 2 == 1;
    const std::size_t before = copies(first ? 1 : 2);
    write(first);
    ASSERT_TRUE(Await([&] { return copies(first ? 1 : 2) > before; })) << "change " << i << ": " << local->err();
  }
  ExpectCopiesOnce(ids, load.Stop());
}

}  // namespace
}  // namespace podmirror::testing
