// BPF, NET_ADMIN and PERFMON are enough for everything, and nothing works with less without saying what is missing.
#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <set>

#include "tests/datapath/support/node.h"

namespace podmirror::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

using Capabilities = std::set<int>;
const Capabilities kEnough = {CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON};
constexpr uid_t kNobody = 65532;

void Must(bool done) {
  if (!done) _exit(126);
}

void SetCapabilities(const Capabilities& capabilities) {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct data[2] = {};
  for (int capability : capabilities) {
    data[CAP_TO_INDEX(capability)].effective |= CAP_TO_MASK(capability);
    data[CAP_TO_INDEX(capability)].permitted |= CAP_TO_MASK(capability);
    data[CAP_TO_INDEX(capability)].inheritable |= CAP_TO_MASK(capability);
  }
  Must(syscall(SYS_capset, &header, data) == 0);
}

// What a container runtime does: these and no others, bounding set included, as that user.
std::function<void()> With(Capabilities capabilities, uid_t user) {
  return [capabilities, user] {
    for (int capability = 0; capability <= CAP_LAST_CAP; ++capability) {
      const bool kept = capabilities.contains(capability);
      Must(kept || prctl(PR_CAPBSET_READ, capability) < 1 || prctl(PR_CAPBSET_DROP, capability) == 0);
    }
    Must(prctl(PR_SET_KEEPCAPS, 1) == 0);
    Must(user == 0 || (setgroups(0, nullptr) == 0 && setresgid(user, user, user) == 0));
    Must(setresuid(user, user, user) == 0);
    SetCapabilities(capabilities);
    for (int capability : capabilities) Must(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) == 0);
    Must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    Must(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);  // the change of user has cleared it
  };
}

class PrivilegeTest : public Node, public ::testing::WithParamInterface<uid_t> {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(Node::SetUp());
    BuildShop();
    // An init container prepares the pin directory; the binary and the folder must be readable.
    Shell("chown " + std::to_string(GetParam()) + " /sys/fs/bpf");
    std::filesystem::copy_file(PodmirrorBinary(), root_ / "podmirror");
    Shell("chmod -R a+rX " + root_.path().string());
  }
  std::vector<std::string> Command(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), root_ / "podmirror");
    return arguments;
  }
  std::vector<std::string> Local() const { return Command({"local", "-f", folder_, "--node-budget", "off"}); }
};

TEST_P(PrivilegeTest, ThreeCapabilitiesAreEnoughForEverything) {
  const auto as = With(kEnough, GetParam());
  const Receiver ids("ids", kVxlan);
  {
    Program local(Local(), as);
    ASSERT_TRUE(local.Says("ready\n")) << local.err();
    EXPECT_THAT(local.err(), Not(HasSubstr("error")));
    Load load({.network_namespace = "web", .to = HostIp(1), .at_most = 300});
    EXPECT_TRUE(ids.AwaitCount(1, load.Finish())) << local.err();
    local.Kill();
  }
  {
    Program local(Local(), as);
    ASSERT_TRUE(local.Says("ready\n")) << local.err();
    EXPECT_THAT(local.err(), HasSubstr("nothing was changed in the kernel")) << "adopted";
    Write("shop.yaml", SessionYaml({.name = "all", .app = "web", .vni = 9}) +
                           FilterYaml("all", kAcceptAll, kAcceptAll) + AddressTargetYaml("ids", NicIp(1)));
    Shell("chmod a+r " + (folder_ / "shop.yaml").string());
    Load load({.network_namespace = "web", .to = HostIp(1), .flow = 2});
    EXPECT_TRUE(Await([&] { return !ids.Numbers(2, 9).empty(); })) << local.err();
    load.Stop();
    Shell("ip link del veth-web");
    ASSERT_TRUE(local.Says("InterfaceNotFound")) << local.err();
    Shell(PodLinkScript("web", 1));
    ASSERT_TRUE(local.Says("session default/all: Programmed")) << local.err();
    local.Signal(SIGTERM);
    EXPECT_EQ(local.Wait(), 0) << local.err();
  }
  const Ended status = Execute(Command({"status", "-o", "json"}), as);
  EXPECT_EQ(status.code, 0) << status.err;
  EXPECT_EQ(SourceReason(Json::parse(status.out), "all", "web"), "Mirroring");
  ExpectLaw();
  const Ended cleanup = Execute(Command({"cleanup"}), as);
  EXPECT_EQ(cleanup.code, 0) << cleanup.err;
  EXPECT_FALSE(std::filesystem::exists("/sys/fs/bpf/podmirror"));
  EXPECT_THAT(Execute({"ip", "link"}).out, Not(HasSubstr("pm-")));
}

TEST_P(PrivilegeTest, EachOfThemThatIsMissingIsNamed) {
  const std::pair<int, std::string> names[] = {
      {CAP_BPF, "CAP_BPF"}, {CAP_NET_ADMIN, "CAP_NET_ADMIN"}, {CAP_PERFMON, "CAP_PERFMON"}};
  for (const auto& [missing, name] : names) {
    Capabilities capabilities = kEnough;
    capabilities.erase(missing);
    const Ended ended = Execute(Local(), With(capabilities, GetParam()));
    EXPECT_EQ(ended.code, 1) << name;
    EXPECT_THAT(ended.err, HasSubstr("missing privilege: " + name + ";")) << "and no other; what to do follows";
    EXPECT_FALSE(std::filesystem::exists("/sys/fs/bpf/podmirror")) << name;
  }
  const Ended none = Execute(Local(), With({}, GetParam()));
  EXPECT_EQ(none.code, 1);
  EXPECT_THAT(none.err, HasSubstr("missing privilege: CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON"));
}

TEST_P(PrivilegeTest, StatusReadsWithoutAny) {
  ASSERT_EQ(Execute(Command({"local", "-f", folder_, "--once"}), With(kEnough, GetParam())).code, 0);
  const Ended status = Execute(Command({"status", "-o", "json"}), With({}, GetParam()));
  EXPECT_EQ(status.code, 0) << status.err;
  EXPECT_EQ(SourceReason(Json::parse(status.out, nullptr, false), "all", "web"), "Mirroring") << status.out;
}

TEST_P(PrivilegeTest, CleanupSaysWhatItLacksAndRemovesNothing) {
  ASSERT_EQ(Execute(Command({"local", "-f", folder_, "--once"}), With(kEnough, GetParam())).code, 0);
  const Ended cleanup = Execute(Command({"cleanup"}), With({}, GetParam()));
  EXPECT_EQ(cleanup.code, 1);
  EXPECT_THAT(cleanup.err, HasSubstr("error: ")) << cleanup.err;
  EXPECT_EQ(SourceReason(StatusNow(), "all", "web"), "Mirroring");
}

INSTANTIATE_TEST_SUITE_P(AsRootAndNot, PrivilegeTest, ::testing::Values(0, kNobody),
                         [](const auto& user) { return user.param == 0 ? "Root" : "Nobody"; });

}  // namespace
}  // namespace podmirror::testing
