// Files that change under load, and what holds without anybody there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/names.h"
#include "tests/datapath/life/pinned.h"
#include "tests/datapath/support/node.h"

namespace podmirror::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

// Accepts, in both directions, UDP from the source port of a load.
std::string FlowRule(std::uint32_t flow) {
  return "{ruleNumber: " + std::to_string(flow) +
         ", action: Accept, protocol: UDP, sourcePorts: {from: " + std::to_string(20000 + flow) + "}}";
}
std::string FlowFilter(const std::string& name, std::uint32_t flow) {
  return FilterYaml(name, FlowRule(flow), FlowRule(flow));
}

class EditTest : public Node {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(Node::SetUp());
    BuildShop();
  }
};

TEST_F(EditTest, AnExpiredSessionEndsInTheKernelWithNobodyThere) {
  const auto expires = std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now() + seconds(6));
  Write("shop.yaml", SessionYaml({.name = "all",
                                  .number = 1,
                                  .app = "web",
                                  .vni = kShopVni,
                                  .more = "  expiresAt: " + FormatInstant(expires) + "\n"}) +
                         SessionYaml({.name = "next", .number = 2, .app = "web", .filter = "all", .vni = 8}) +
                         FilterYaml("all", kAcceptAll, kAcceptAll) + AddressTargetYaml("ids", NicIp(1)));
  const Receiver ids("ids", kVxlan);
  auto local = Start();
  ASSERT_LT(std::chrono::system_clock::now(), expires) << "the start took too long";
  Load load({.network_namespace = "web", .to = HostIp(1)});
  local->Kill();
  std::uint32_t before = 0;
  for (;;) {
    const std::uint32_t sent_by_now = load.sent();
    if (std::chrono::system_clock::now() >= expires - milliseconds(20)) break;
    before = sent_by_now;
    ASSERT_TRUE(load.Await(1));
  }
  while (std::chrono::system_clock::now() < expires + milliseconds(20)) ASSERT_TRUE(load.Await(1));
  const std::uint32_t after = load.sent();
  ASSERT_TRUE(load.Await(300));
  const std::uint32_t sent = load.Stop();
  EXPECT_TRUE(ids.AwaitCount(1, sent));
  EXPECT_EQ(EachOnce(ids.Numbers(1), sent), "") << "as if the session were absent: the next one is asked";
  const auto first = ids.Numbers(1, kShopVni);
  const auto second = ids.Numbers(1, 8);
  ASSERT_FALSE(first.empty());
  ASSERT_FALSE(second.empty());
  EXPECT_GE(first.rbegin()->first + 1, before);
  EXPECT_LE(first.rbegin()->first, after);
  EXPECT_EQ(second.begin()->first, first.rbegin()->first + 1);
  local = Start();
  EXPECT_THAT(local->err(), HasSubstr("session default/all: Expired")) << local->err();
}

TEST_F(EditTest, APausedSessionLeavesItsPacketsToTheNext) {
  const auto write = [&](bool paused) {
    Write("shop.yaml",
          SessionYaml(
              {.name = "all", .number = 1, .app = "web", .vni = kShopVni, .more = paused ? "  paused: true\n" : ""}) +
              SessionYaml({.name = "next", .number = 2, .app = "web", .filter = "all", .vni = 8}) +
              FilterYaml("all", kAcceptAll, kAcceptAll) + AddressTargetYaml("ids", NicIp(1)));
  };
  write(false);
  const Receiver ids("ids", kVxlan);
  const auto local = Start();
  Load load({.network_namespace = "web", .to = HostIp(1)});
  for (int i = 0; i < 3; ++i) {
    for (bool paused : {true, false}) {
      const std::uint32_t vni = paused ? 8 : kShopVni;
      const std::size_t had = ids.Numbers(1, vni).size();
      write(paused);
      ASSERT_TRUE(local->Says(paused ? "session default/all: Paused" : "session default/all: Programmed"));
      ASSERT_TRUE(Await([&] { return ids.Numbers(1, vni).size() > had + 100; })) << local->err();
    }
  }
  const std::uint32_t sent = load.Stop();
  EXPECT_TRUE(ids.AwaitCount(1, sent));
  EXPECT_EQ(EachOnce(ids.Numbers(1), sent), "");
}

// One flow is mirrored by a session that nobody touches, while everything else changes around it.
class EveryKindTest : public EditTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(EditTest::SetUp());
    AddPod("app", 2);
    AddNic("ids2", 2);
    Write("pods.yaml", PodYaml("web", PodIp(1)) + FarPodYaml("ids-0", NicPodIp(2)) + FarPodYaml("ids-1", NicPodIp(1)));
    Write("shop.yaml", SessionYaml({.name = "steady", .number = 1, .app = "web", .target = "still", .vni = 1}) +
                           FlowFilter("steady", 1) + AddressTargetYaml("still", NicIp(1)));
    WriteEdited({.name = "edited", .number = 2, .app = "web", .vni = 2});
    Write("filter.yaml", FlowFilter("edited", 2));
    Write("target.yaml", AddressTargetYaml("ids", NicIp(1)));
  }
  void WriteEdited(const SessionSpec& session) const { Write("edited.yaml", SessionYaml(session)); }
  static std::string Target(int port) {
    return "---\napiVersion: podmirror.io/v1alpha1\nkind: TrafficMirrorTarget\nmetadata: {name: ids}\nspec:\n"
           "  service: {name: ids, port: " +
           std::to_string(port) + "}\n";
  }
  static std::string Service(int port) {
    return "---\napiVersion: v1\nkind: Service\nmetadata: {name: ids}\nspec: {clusterIP: 10.96.0.50, ipFamilies: "
           "[IPv4], "
           "ports: [{name: vxlan, protocol: UDP, port: " +
           std::to_string(port) + "}]}\n";
  }
  static std::string Slice(int port, const std::string& pod, const std::string& ip) {
    return "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata:\n  name: ids\n  labels: "
           "{kubernetes.io/service-name: ids}\naddressType: IPv4\nports: [{name: vxlan, protocol: UDP, port: " +
           std::to_string(port) + "}]\nendpoints: [{addresses: [" + ip +
           "], targetRef: {kind: Pod, namespace: default, name: " + pod + "}}]\n";
  }
  // The inner maps of the hooks that there are now.
  static std::map<std::string, std::string> Hooks() {
    auto pinned = PinnedObjects();
    std::erase_if(pinned, [](const auto& pin) { return pin.first.find("/hooks/") == std::string::npos; });
    return pinned;
  }
};

TEST_F(EveryKindTest, ChangesAsADifferenceAndLeavesNoGapForOthers) {
  const Receiver ids("ids", kVxlan);
  const Receiver ids2("ids2", kVxlan);
  const Receiver odd_port("ids", kOtherVxlan);
  const auto local = Start();
  const milliseconds pace{1};
  Load steady({.network_namespace = "web", .to = HostIp(1), .flow = 1, .every = pace});
  Load edited({.network_namespace = "web", .to = HostIp(1), .flow = 2, .bytes = 200, .every = pace});
  Load other({.network_namespace = "web", .to = HostIp(1), .flow = 3, .every = pace});
  Load app({.network_namespace = "app", .to = HostIp(2), .flow = 4, .every = pace});
  // A copy of `flow` with these properties arrives, of a packet that was sent after the change.
  const auto arrives = [&](const Receiver& where, const Load& load, std::uint32_t vni, std::size_t bytes = 0) {
    const std::uint32_t from = load.sent();
    return Await([&] {
      return std::ranges::any_of(where.arrivals(), [&](const Arrival& arrival) {
        return arrival.flow == load.flow() && arrival.number >= from && arrival.vni == vni &&
               (bytes == 0 || arrival.bytes == bytes);
      });
    });
  };
  ASSERT_TRUE(arrives(ids, edited, 2)) << local->err();
  const auto hooks = Hooks();
  const auto expect_hooks_untouched = [&](const std::string& what) {
    const auto now = Hooks();
    for (const auto& [pin, object] : hooks) EXPECT_EQ(now.contains(pin) ? now.at(pin) : "gone", object) << what;
  };

  Write("target.yaml", AddressTargetYaml("ids", NicIp(2)));
  EXPECT_TRUE(arrives(ids2, edited, 2)) << "an address target: " << local->err();
  Write("service.yaml", Service(4789));
  Write("slice.yaml", Slice(4789, "ids-1", NicPodIp(1)));
  Write("target.yaml", Target(4789));
  EXPECT_TRUE(arrives(ids, edited, 2)) << "a service target: " << local->err();
  Write("slice.yaml", Slice(4789, "ids-0", NicPodIp(2)));
  EXPECT_TRUE(arrives(ids2, edited, 2)) << "an endpoint: " << local->err();
  Write("slice.yaml", Slice(kOtherVxlan, "ids-1", NicPodIp(1)));
  EXPECT_TRUE(arrives(odd_port, edited, 2)) << "a slice's port: " << local->err();
  expect_hooks_untouched("where the copies go is no matter of the hooks");
  Write("target.yaml", Target(5000));
  ASSERT_TRUE(local->Says("target default/ids: ")) << local->err();
  Write("service.yaml", Service(5000));
  EXPECT_TRUE(arrives(odd_port, edited, 2)) << "a service's port: " << local->err();

  WriteEdited({.name = "edited", .number = 2, .app = "web", .vni = 3});
  EXPECT_TRUE(arrives(odd_port, edited, 3)) << "a session's VNI: " << local->err();
  WriteEdited({.name = "edited", .number = 2, .app = "web", .vni = 3, .more = "  packetLength: 80\n"});
  EXPECT_TRUE(arrives(odd_port, edited, 3, 80)) << "a session's packetLength: " << local->err();
  Write("filter.yaml", FlowFilter("edited", 3));
  EXPECT_TRUE(arrives(odd_port, other, 3)) << "a filter: " << local->err();
  Write("filter.yaml", FilterYaml("edited", FlowRule(2), FlowRule(2) + ", " + FlowRule(4)));
  EXPECT_TRUE(arrives(odd_port, edited, 3)) << "a filter: " << local->err();

  Write("app.yaml", PodYaml("app", PodIp(2)));
  WriteEdited({.name = "edited", .number = 2, .app = "app", .vni = 3});
  EXPECT_TRUE(arrives(odd_port, app, 3)) << "a selector and a pod: " << local->err();
  Remove("app.yaml");
  ASSERT_TRUE(local->Says("NoSources")) << "a pod that is gone: " << local->err();
  Write("app.yaml", PodYaml("app", PodIp(2)));
  EXPECT_TRUE(arrives(odd_port, app, 3)) << "a pod that is back: " << local->err();
  Remove("edited.yaml");
  ASSERT_TRUE(local->Says("session default/edited: gone")) << local->err();
  WriteEdited({.name = "edited", .number = 2, .app = "app", .vni = 4});
  EXPECT_TRUE(arrives(odd_port, app, 4)) << "a session: " << local->err();

  for (Load* load : {&edited, &other, &app}) load->Stop();
  const std::uint32_t sent = steady.Stop();
  EXPECT_TRUE(ids.AwaitCount(1, sent));
  EXPECT_EQ(EachOnce(ids.Numbers(1, 1), sent), "");
  for (const Receiver* receiver : {&ids, &ids2, &odd_port}) {
    for (std::uint32_t flow : {2, 3, 4}) EXPECT_EQ(NoneTwice(receiver->Numbers(flow)), "") << flow;
  }
}

// A namespace of its own: sealing it must not touch the others'.
TEST_F(EveryKindTest, ASealedNamespaceEndsItsSessionsAlone) {
  const auto in_bank = [](std::string text) {
    for (std::size_t at = 0; (at = text.find("metadata: {name: ", at)) != std::string::npos; at += 20) {
      text.insert(at + 11, "namespace: bank, ");
    }
    return text;
  };
  std::string pod = PodYaml("app", PodIp(2));
  pod.insert(pod.find("  name: app"), "  namespace: bank\n");
  Write("bank.yaml", pod + in_bank(SessionYaml({.name = "edited", .app = "app", .vni = 9}) + FlowFilter("edited", 4) +
                                   AddressTargetYaml("ids", NicIp(2))));
  const auto write_namespace = [&](const std::string& sealed) {
    Write("namespace.yaml",
          "apiVersion: v1\nkind: Namespace\nmetadata: {name: bank, annotations: "
          "{podmirror.io/sealed: \"" +
              sealed + "\"}}\n");
  };
  const Receiver ids("ids", kVxlan);
  const Receiver ids2("ids2", kVxlan);
  const auto local = Start();
  Load steady({.network_namespace = "web", .to = HostIp(1), .flow = 1});
  Load app({.network_namespace = "app", .to = HostIp(2), .flow = 4});
  ASSERT_TRUE(ids2.Await(4, 10)) << local->err();
  write_namespace("true");
  ASSERT_TRUE(local->Says("Sealed")) << local->err();
  const std::uint32_t sealed_at = app.sent();
  ASSERT_TRUE(app.Await(300));
  const std::uint32_t opened_at = app.sent();
  write_namespace("false");
  ASSERT_TRUE(local->Says("session bank/edited: Programmed")) << local->err();
  ASSERT_TRUE(ids2.Await(4, app.sent() + 10));
  app.Stop();
  const auto copied = ids2.Numbers(4);
  EXPECT_EQ(std::distance(copied.upper_bound(sealed_at), copied.lower_bound(opened_at)), 0);
  const std::uint32_t sent = steady.Stop();
  EXPECT_TRUE(ids.AwaitCount(1, sent));
  EXPECT_EQ(EachOnce(ids.Numbers(1), sent), "");
}

}  // namespace
}  // namespace podmirror::testing
