// `podmirror local` on a real kernel: files in, verdicts, lines and a datapath out.
#include <sys/stat.h>

#include <nlohmann/json.hpp>
#include <set>

#include "tests/datapath/cli/local_world.h"

namespace podmirror::testing {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

class LocalTest : public LocalWorld {
 protected:
  static Json Status() {
    const Ended ended = Podmirror({"status", "-o", "json"});
    EXPECT_EQ(ended.code, 0) << ended.err;
    return Json::parse(ended.out, nullptr, false);
  }

  static std::string ReasonOf(const Json& status, const std::string& session, const std::string& type) {
    for (const Json& item : status["sessions"]) {
      if (item["name"] != session) continue;
      for (const Json& condition : item["conditions"]) {
        if (condition["type"] == type) return condition["reason"];
      }
    }
    return "absent";
  }

  static std::string ReasonOfSource(const Json& status, const std::string& session) {
    for (const Json& item : status["sessions"]) {
      if (item["name"] == session && !item["sources"].empty()) return item["sources"][0]["reason"];
    }
    return "absent";
  }
};

TEST_F(LocalTest, OnceProgramsPrintsTheVerdictsAndLeavesTheDatapath) {
  WriteShop();
  const Ended ended = Execute(Local({"--once"}));
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, AllOf(HasSubstr("SESSION"), HasSubstr("default/all"), HasSubstr("default/ids"),
                               HasSubstr("default/everything")));
  EXPECT_THAT(ended.err, HasSubstr("\nready\n"));
  EXPECT_EQ(ReasonOfSource(Status(), "all"), "Mirroring") << ended.err;
}

TEST_F(LocalTest, OnceEndsWellWhateverTheVerdicts) {
  WriteShop();
  Write("bad.yaml", Session("bad", "  packetLength: 79\n"));
  Write("broken.yaml", "kind: Pod\nkind: Pod\n");
  Write("lost.yaml", Session("lost") + "  virtualNetworkID: 16777216\n");
  const Ended ended = Execute(Local({"--once"}));
  EXPECT_EQ(ended.code, 0);
  EXPECT_THAT(ended.err, AllOf(HasSubstr("error: bad.yaml:10:"), HasSubstr("error: broken.yaml:2:1"),
                               HasSubstr("error: lost.yaml:10:")));
  EXPECT_THAT(ended.out, HasSubstr("SessionInvalid"));
  EXPECT_EQ(ReasonOfSource(Status(), "all"), "Mirroring");
}

TEST_F(LocalTest, OnceWithNothingToDoEndsWell) {
  const Ended ended = Execute(Local({"--once"}));
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(ended.out, "No sessions, targets or filters.\n");
}

TEST_F(LocalTest, UnknownInterfaceIsAVerdictThatNamesIt) {
  Write("shop.yaml", Session("all") + kFilterAndTarget);
  Write("pods.yaml", R"(
apiVersion: v1
kind: Pod
metadata:
  name: web
  labels: {app: web}
  annotations: {podmirror.io/local-interface: veth-none}
status: {phase: Running, podIPs: [{ip: 10.1.0.5}]}
)");
  const Ended ended = Execute(Local({"--once"}));
  EXPECT_EQ(ended.code, 0);
  EXPECT_THAT(ended.out, AllOf(HasSubstr("InterfaceNotFound"), HasSubstr("veth-none")));
}

TEST_F(LocalTest, ChangedAddedAndRemovedFilesAreObeyed) {
  WriteShop();
  Program local(Local());
  ASSERT_TRUE(local.Says("\nready\n")) << local.err();
  EXPECT_EQ(ReasonOf(Status(), "all", "Programmed"), "Programmed");

  Write("more.yaml", Session("more", "  virtualNetworkID: 77\n"));
  ASSERT_TRUE(local.Says("session default/more: Programmed")) << local.err();
  EXPECT_EQ(ReasonOfSource(Status(), "more"), "Mirroring");

  Write("more.yaml", Session("more", "  virtualNetworkID: 77\n  paused: true\n"));
  ASSERT_TRUE(local.Says("session default/more: Paused")) << local.err();
  EXPECT_EQ(ReasonOf(Status(), "more", "Programmed"), "Paused");

  std::filesystem::remove(folder_ / "more.yaml");
  ASSERT_TRUE(local.Says("session default/more: gone")) << local.err();
  EXPECT_EQ(ReasonOf(Status(), "more", "Programmed"), "absent");
  EXPECT_EQ(ReasonOf(Status(), "all", "Programmed"), "Programmed");
}

TEST_F(LocalTest, FileThatEditorsRenameOverIsObeyed) {
  WriteShop();
  Program local(Local());
  ASSERT_TRUE(local.Says("\nready\n")) << local.err();
  Write(".shop.yaml.new", Session("all", "  paused: true\n") + kFilterAndTarget);
  std::filesystem::rename(folder_ / ".shop.yaml.new", folder_ / "shop.yaml");
  EXPECT_TRUE(local.Says("session default/all: Paused")) << local.err();
}

TEST_F(LocalTest, BrokenFileKeepsItsLastGoodStateAndSaysWhereItIsBroken) {
  WriteShop();
  Program local(Local());
  ASSERT_TRUE(local.Says("\nready\n")) << local.err();
  Write("shop.yaml", Session("all") + "spec: twice\n");
  ASSERT_TRUE(local.Says("error: shop.yaml:10:1")) << local.err();
  EXPECT_EQ(ReasonOfSource(Status(), "all"), "Mirroring");
  Write("shop.yaml", Session("all", "  paused: true\n") + kFilterAndTarget);
  EXPECT_TRUE(local.Says("session default/all: Paused")) << local.err();
}

TEST_F(LocalTest, FolderThatVanishesIsAnErrorAndItsStateStays) {
  WriteShop();
  Program local(Local());
  ASSERT_TRUE(local.Says("\nready\n")) << local.err();
  std::filesystem::rename(folder_, root_ / "away");
  ASSERT_TRUE(local.Says("error: " + folder_.string())) << local.err();
  EXPECT_EQ(ReasonOfSource(Status(), "all"), "Mirroring");

  std::filesystem::create_directory(folder_);
  Write("pods.yaml", kPods);
  Write("shop.yaml", Session("all", "  paused: true\n") + kFilterAndTarget);
  EXPECT_TRUE(local.Says("session default/all: Paused")) << local.err();
}

TEST_F(LocalTest, InterfaceThatAppearsLaterIsMirroredThen) {
  WriteShop();
  Shell("ip link del veth-web");
  Program local(Local());
  ASSERT_TRUE(local.Says("\nready\n")) << local.err();
  EXPECT_THAT(local.err(), HasSubstr("InterfaceNotFound"));
  Shell(R"(
    ip link add veth-web type veth peer name eth0 netns web
    ip addr add 10.1.0.1/24 dev veth-web
    ip link set veth-web up
    ip -n web addr add 10.1.0.5/24 dev eth0
    ip -n web link set eth0 up
  )");
  EXPECT_TRUE(local.Says("session default/all: Programmed (1 of 1 pod mirroring)")) << local.err();
}

TEST_F(LocalTest, NextHopsThatCannotBeReachedHoldReadyUpForThreeSecondsAtMost) {
  Write("pods.yaml", kPods);
  for (const auto& [name, ip] : {std::pair("silent", "10.2.0.77"), std::pair("nowhere", "192.0.2.1")}) {
    Write(std::string(name) + ".yaml",
          "apiVersion: podmirror.io/v1alpha1\nkind: TrafficMirrorTarget\nmetadata: {name: " + std::string(name) +
              "}\nspec: {address: {ip: " + ip + ", port: 4789}}\n");
  }
  Write("shop.yaml", Session("one", "", "silent") + Session("two", "", "nowhere") + kFilterAndTarget);
  const auto start = std::chrono::steady_clock::now();
  const Ended ended = Execute(Local({"--once"}));
  EXPECT_EQ(ended.code, 0);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(4500));
  EXPECT_THAT(ended.out,
              AllOf(HasSubstr("endpoint 192.0.2.1:4789: NoRoute"), HasSubstr("endpoint 10.2.0.77:4789: Neighbour")));
}

TEST_F(LocalTest, ExpiredSessionStopsAndSaysSo) {
  WriteShop();
  const auto soon = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now() + std::chrono::seconds(3));
  char text[32];
  strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime(&soon));
  Write("shop.yaml", Session("all", "  expiresAt: " + std::string(text) + "\n") + kFilterAndTarget);
  Program local(Local());
  ASSERT_TRUE(local.Says("session default/all: Programmed")) << local.err();
  EXPECT_TRUE(local.Says("session default/all: Expired")) << local.err();
}

TEST_F(LocalTest, SignalsEndItWellTheDatapathStaysAndTheLastLineNamesCleanup) {
  WriteShop();
  for (const int signal : {SIGTERM, SIGINT}) {
    Program local(Local());
    ASSERT_TRUE(local.Says("ready\n")) << local.err();
    local.Signal(signal);
    EXPECT_EQ(local.Wait(), 0);
    const std::string last = local.err().substr(local.err().rfind('\n', local.err().size() - 2) + 1);
    EXPECT_THAT(last, HasSubstr("podmirror cleanup"));
    EXPECT_EQ(ReasonOfSource(Status(), "all"), "Mirroring");
  }
}

// Every pin with its inode: one that is written anew has another.
std::string Pins() {
  std::set<std::string> pins;
  for (const auto& entry : std::filesystem::recursive_directory_iterator("/sys/fs/bpf")) {
    struct stat info;
    stat(entry.path().c_str(), &info);
    pins.insert(entry.path().string() + " " + std::to_string(info.st_ino) + "\n");
  }
  std::string text;
  for (const std::string& pin : pins) text += pin;
  return text;
}

TEST_F(LocalTest, StartedAgainItAdoptsWhatIsThereAndCountsOn) {
  WriteShop();
  {
    Program local(Local());
    ASSERT_TRUE(local.Says("\nready\n")) << local.err();
    Ping("web", "10.1.0.1", 3);
    local.Signal(SIGKILL);
    EXPECT_EQ(local.Wait(), 128 + SIGKILL);
  }
  const std::string pins = Pins();
  const Json before = Status();
  Program local(Local());
  ASSERT_TRUE(local.Says("\nready\n")) << local.err();
  const Json after = Status();
  EXPECT_EQ(Pins(), pins);
  EXPECT_GE(after["sessions"][0]["sources"][0]["egress"]["mirrored"],
            before["sessions"][0]["sources"][0]["egress"]["mirrored"]);
  EXPECT_GE(before["sessions"][0]["sources"][0]["egress"]["mirrored"].get<int>(), 3);
}

TEST_F(LocalTest, SecondOneBesideItIsWarned) {
  Program local(Local());
  ASSERT_TRUE(local.Says("ready\n")) << local.err();
  EXPECT_THAT(Execute(Local({"--once"})).err, HasSubstr("warning: another `podmirror local` runs"));
  local.Signal(SIGTERM);
  EXPECT_EQ(local.Wait(), 0);
  EXPECT_THAT(Execute(Local({"--once"})).err, Not(HasSubstr("warning: ")));
}

TEST_F(LocalTest, CleanupRemovesEverythingOfOursAndNothingElse) {
  const auto links = [] { return Execute({"ip", "-o", "link"}).out; };
  Shell("mkdir /sys/fs/bpf/somebody-else");
  const std::string links_before = links();
  const std::string pins_before = Pins();
  WriteShop();
  ASSERT_EQ(Execute(Local({"--once"})).code, 0);
  EXPECT_NE(Pins(), pins_before);
  const Ended ended = Podmirror({"cleanup"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("removed "));
  EXPECT_EQ(Pins(), pins_before);
  EXPECT_EQ(links(), links_before);
  EXPECT_THAT(Execute({"ip", "neigh"}).out, Not(HasSubstr("managed")));
  EXPECT_EQ(Podmirror({"cleanup"}).out, "nothing of podmirror was here\n");
}

}  // namespace
}  // namespace podmirror::testing
