// The shipped object loads and attaches under exactly the capabilities that the docs name, and its maps hold what the
// C++ side believes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <net/if.h>
#include <sys/syscall.h>

#include <map>
#include <thread>

#include "mirror_bpf.skel.h"
#include "node-agent/dataplane/dataplane.h"
#include "node-agent/dataplane/programs.h"
#include "tests/support/private_network.h"

namespace podmirror {
namespace {

using ::testing::HasSubstr;

constexpr std::uint64_t Bit(int capability) { return std::uint64_t{1} << capability; }
constexpr std::uint64_t kNeeded = Bit(CAP_BPF) | Bit(CAP_NET_ADMIN) | Bit(CAP_PERFMON);

// Runs `work` on a thread that has these capabilities and no other.
void WithCapabilities(std::uint64_t capabilities, const std::function<void()>& work) {
  std::thread thread([&] {
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    __user_cap_data_struct data[2] = {};
    for (int half : {0, 1}) {
      data[half].effective = data[half].permitted = static_cast<std::uint32_t>(capabilities >> (32 * half));
    }
    ASSERT_EQ(syscall(SYS_capset, &header, data), 0) << std::strerror(errno);
    work();
  });
  thread.join();
}

class LoadTest : public testing::PrivateNetwork {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(PrivateNetwork::SetUp());
    ASSERT_EQ(mount("bpf", "/sys/fs/bpf", "bpf", 0, nullptr), 0) << std::strerror(errno);
    testing::Shell("ip link add pod0 type veth peer name pod1; ip link set pod0 up; ip link set pod1 up");
  }
};

TEST_F(LoadTest, EverythingWorksUnderExactlyTheNamedCapabilities) {
  const std::uint32_t ifindex = if_nametoindex("pod0");
  WithCapabilities(kNeeded, [&] {
    auto kernel = dataplane::OpenKernel();
    ASSERT_TRUE(kernel) << Describe(kernel.error());
    plan::Endpoint endpoint;
    endpoint.value.ifindex = ifindex;
    const plan::Op ops[] = {plan::CreateBase{},
                            plan::PutConfig{0xff},
                            plan::PutEndpoint{1, endpoint},
                            plan::PutTarget{1, std::make_shared<pm_target>()},
                            plan::PutRuleset{0, std::make_shared<pm_ruleset>()},
                            plan::ResetSlot{1},
                            plan::ResetInterfaceCounters{1},
                            plan::PutInterface{ifindex, {.index = 1, .pad = 0, .identity = 0}},
                            plan::PutHook{1, PM_EGRESS, {}},
                            plan::Attach{ifindex, PM_EGRESS},
                            plan::Attach{ifindex, PM_INGRESS}};
    for (const plan::Op& op : ops) {
      if (const auto* put = std::get_if<plan::PutTarget>(&op)) {
        auto* table = const_cast<pm_target*>(put->target.get());
        std::fill(std::begin(table->endpoint), std::end(table->endpoint), std::uint16_t{1});
      }
      auto done = (*kernel)->Apply(op);
      ASSERT_TRUE(done) << Describe(done.error());
    }
    auto observed = (*kernel)->Observe();
    ASSERT_TRUE(observed) << Describe(observed.error());
    EXPECT_TRUE(observed->base);
    EXPECT_EQ(observed->interfaces.at(ifindex).attachments[PM_EGRESS], plan::Attachment::kCurrent);
    EXPECT_EQ(observed->interfaces.at(ifindex).attachments[PM_INGRESS], plan::Attachment::kCurrent);
    EXPECT_TRUE(dataplane::WriteReport("/sys/fs/bpf", "text"));
    auto removed = dataplane::Cleanup("/sys/fs/bpf");
    EXPECT_TRUE(removed) << Describe(removed.error());
  });
}

TEST_F(LoadTest, EachMissingCapabilityIsNamed) {
  const std::map<int, std::string> names = {
      {CAP_BPF, "CAP_BPF"}, {CAP_NET_ADMIN, "CAP_NET_ADMIN"}, {CAP_PERFMON, "CAP_PERFMON"}};
  for (const auto& [capability, name] : names) {
    WithCapabilities(kNeeded & ~Bit(capability), [&name] {
      auto kernel = dataplane::OpenKernel();
      ASSERT_FALSE(kernel);
      EXPECT_EQ(kernel.error().what, "missing privilege: " + name);
      EXPECT_THAT(kernel.error().fix, HasSubstr("setcap"));
    });
  }
}

TEST_F(LoadTest, StatusReadsWithoutAnyCapability) {
  auto kernel = dataplane::OpenKernel();
  ASSERT_TRUE(kernel);
  ASSERT_TRUE((*kernel)->Apply(plan::CreateBase{}));
  ASSERT_TRUE((*kernel)->Apply(plan::ResetSlot{9}));
  ASSERT_TRUE(dataplane::WriteReport("/sys/fs/bpf", "all is well"));
  WithCapabilities(0, [] {
    auto counters = dataplane::ReadCounters("/sys/fs/bpf");
    EXPECT_TRUE(counters) << Describe(counters.error());
    auto report = dataplane::ReadReport("/sys/fs/bpf");
    ASSERT_TRUE(report) << Describe(report.error());
    EXPECT_EQ(*report, "all is well");
    auto observed = dataplane::ObservePinned("/sys/fs/bpf");
    ASSERT_TRUE(observed) << Describe(observed.error());
    EXPECT_TRUE(observed->base);
  });
}

TEST_F(LoadTest, ADirectoryThatIsNoBpfFileSystemIsRefused) {
  for (const char* path : {"/run", "/nowhere"}) {
    auto kernel = dataplane::OpenKernel(path);
    ASSERT_FALSE(kernel);
    EXPECT_EQ(kernel.error().where, path);
    EXPECT_EQ(kernel.error().fix, std::string("mount it: mount -t bpf bpf ") + path);
  }
}

TEST(Object, HasExactlyTheMapsAndProgramsThatTheAgentLooksFor) {
  mirror_bpf* skeleton = mirror_bpf__open();
  ASSERT_NE(skeleton, nullptr);
  std::vector<std::string> maps, programs;
  bpf_map* map;
  bpf_object__for_each_map(map, skeleton->obj) maps.emplace_back(bpf_map__name(map));
  bpf_program* program;
  bpf_object__for_each_program(program, skeleton->obj) programs.emplace_back(bpf_program__name(program));
  EXPECT_THAT(maps, ::testing::UnorderedElementsAreArray(dataplane::kMaps));
  EXPECT_THAT(programs, ::testing::UnorderedElementsAreArray(dataplane::kPrograms));
  mirror_bpf__destroy(skeleton);
}

TEST(Object, LaysItsValuesOutLikeTheAgent) {
  mirror_bpf* skeleton = mirror_bpf__open();
  ASSERT_NE(skeleton, nullptr);
  const auto& maps = skeleton->maps;
  EXPECT_EQ(bpf_map__value_size(maps.pm_interfaces), sizeof(pm_interface));
  EXPECT_EQ(bpf_map__value_size(maps.pm_endpoints), sizeof(pm_endpoint));
  EXPECT_EQ(bpf_map__key_size(maps.pm_collectors), sizeof(pm_socket));
  EXPECT_EQ(bpf_map__key_size(maps.pm_services), sizeof(pm_socket));
  EXPECT_EQ(bpf_map__value_size(maps.pm_config), sizeof(pm_config));
  EXPECT_EQ(bpf_map__value_size(maps.pm_budgets), sizeof(pm_budget));
  EXPECT_EQ(bpf_map__value_size(maps.pm_interface_counters), sizeof(pm_interface_counters));
  EXPECT_EQ(bpf_map__value_size(maps.pm_session_counters), sizeof(pm_session_counters));
  EXPECT_EQ(bpf_map__value_size(bpf_map__inner_map(maps.pm_hooks)), dataplane::kHooks.value_size);
  EXPECT_EQ(bpf_map__value_size(bpf_map__inner_map(maps.pm_rulesets)), dataplane::kRulesets.value_size);
  EXPECT_EQ(bpf_map__value_size(bpf_map__inner_map(maps.pm_targets)), dataplane::kTargets.value_size);
  mirror_bpf__destroy(skeleton);
}

}  // namespace
}  // namespace podmirror
