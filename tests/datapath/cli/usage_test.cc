// Exit codes and messages where nothing can be programmed.

#include "tests/datapath/cli/local_world.h"

namespace podmirror::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class Usage : public LocalWorld {};
class UsageWithoutBpffs : public LocalWorld {
  bool WantsBpffs() const override { return false; }
};

TEST_F(Usage, WrongOneEndsWithTwoAndSaysOnStderrWhy) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{},
                                                    {"local"},
                                                    {"local", "-f", "/nowhere"},
                                                    {"local", "-f", "/etc/passwd"},
                                                    {"local", "-f", folder_, "--frobnicate"},
                                                    {"local", "-f", folder_, "--node-budget", "12"},
                                                    {"status", "-o", "x"},
                                                    {"cleanup", "everything"}}) {
    const Ended ended = Podmirror(arguments);
    EXPECT_EQ(ended.code, 2) << ended.err;
    EXPECT_THAT(ended.err, AllOf(StartsWith("error: "), HasSubstr("--help")));
    EXPECT_EQ(ended.out, "");
  }
}

TEST_F(Usage, HelpAndVersionEndWell) {
  EXPECT_EQ(Podmirror({"--help"}).code, 0);
  EXPECT_THAT(Podmirror({"local", "--help"}).out, HasSubstr("--node-budget"));
  EXPECT_THAT(Podmirror({"--version"}).out, StartsWith("podmirror "));
}

std::vector<std::string> Unprivileged(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"setpriv", "--bounding-set=-all", "--inh-caps=-all"});
  return arguments;
}

TEST_F(Usage, WithoutPrivilegeNothingIsProgrammedAndTheMessageNamesIt) {
  WriteShop();
  for (const std::vector<std::string>& arguments : {Local(), Local({"--once"})}) {
    const Ended ended = Execute(Unprivileged(arguments));
    EXPECT_EQ(ended.code, 1) << ended.err;
    EXPECT_THAT(ended.err, AllOf(HasSubstr("error: "), HasSubstr("CAP_"), Not(HasSubstr("ready"))));
  }
}

TEST_F(Usage, CleanupWithoutPrivilegeRemovesNothingAndNamesIt) {
  WriteShop();
  ASSERT_EQ(Execute(Local({"--once"})).code, 0);
  const Ended ended = Execute(Unprivileged({PodmirrorBinary(), "cleanup"}));
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.err, AllOf(HasSubstr("error: "), HasSubstr("CAP_")));
  EXPECT_EQ(Podmirror({"status"}).code, 0);
}

TEST_F(UsageWithoutBpffs, NothingIsProgrammedAndTheMessageSaysHowToMountIt) {
  WriteShop();
  const Ended ended = Execute(Local({"--once"}));
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.err, AllOf(HasSubstr("error: "), HasSubstr("/sys/fs/bpf"), HasSubstr("mount")));
}

TEST_F(UsageWithoutBpffs, WhatIsWrongWithFilesIsSaidAllTheSame) {
  Write("a.yaml", "kind: [\n");
  EXPECT_THAT(Execute(Local({"--once"})).err, HasSubstr("error: a.yaml:"));
}

TEST_F(UsageWithoutBpffs, StatusSaysThatNothingIsHereAndCleanupHasNothingToDo) {
  const Ended status = Podmirror({"status"});
  EXPECT_EQ(status.code, 1);
  EXPECT_THAT(status.err, StartsWith("error: "));
  EXPECT_EQ(Podmirror({"cleanup"}).code, 0);
}

TEST_F(Usage, StatusWithoutADatapathSaysHowToStartOne) {
  const Ended ended = Podmirror({"status", "-o", "json"});
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.err, HasSubstr("podmirror local"));
  EXPECT_EQ(ended.out, "");
}

TEST_F(Usage, CleanupOfNothingEndsWell) {
  const Ended ended = Podmirror({"cleanup"});
  EXPECT_EQ(ended.code, 0);
  EXPECT_EQ(ended.out, "nothing of podmirror was here\n");
}

TEST_F(UsageWithoutBpffs, CompileNeedsNoKernelAndPrintsVerdictsAndStates) {
  WriteShop();
  const Ended ended = Podmirror({"compile", "-f", folder_});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, AllOf(HasSubstr("default/all"), HasSubstr("node local:"), HasSubstr("10.2.0.9")));
}

TEST_F(UsageWithoutBpffs, CompileOfAWrongObjectEndsWithOne) {
  WriteShop();
  Write("bad.yaml", Session("bad", "  packetLength: 79\n"));
  const Ended ended = Podmirror({"compile", "-f", folder_, "-o", "json"});
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.err, AllOf(StartsWith("error: bad.yaml:10:"), HasSubstr("spec.packetLength")));
  EXPECT_THAT(ended.out, AllOf(HasSubstr("SessionInvalid"), HasSubstr("\"states\"")));
}

}  // namespace
}  // namespace podmirror::testing
