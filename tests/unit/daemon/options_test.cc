#include "node-agent/daemon/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace podmirror::daemon {
namespace {

using ::testing::HasSubstr;

std::variant<Options, Finish> Parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "podmirror-agent");
  return ParseOptions(static_cast<int>(arguments.size()), arguments.data());
}

Options Good(std::vector<const char*> arguments) {
  const auto parsed = Parse(std::move(arguments));
  if (const auto* finish = std::get_if<Finish>(&parsed)) ADD_FAILURE() << finish->text;
  return std::holds_alternative<Options>(parsed) ? std::get<Options>(parsed) : Options{};
}

Finish Finished(std::vector<const char*> arguments) {
  const auto parsed = Parse(std::move(arguments));
  if (!std::holds_alternative<Finish>(parsed)) return {-1, "was accepted"};
  return std::get<Finish>(parsed);
}

TEST(AgentOptions, HaveTheDefaultsOfTheText) {
  const Options options = Good({});
  EXPECT_EQ(options.link.address, "");
  EXPECT_EQ(options.state_file, "/var/lib/podmirror/state.json");
  EXPECT_EQ(options.bpffs, "/sys/fs/bpf");
  EXPECT_EQ(options.listen, "[::]:9644");
  EXPECT_EQ(options.plan.budget, (plan::NodeBudget{plan::NodeBudget::Kind::kPercent, 10}));
  EXPECT_EQ(options.plan.source_port_bits, 8);
  EXPECT_EQ(options.resync, std::chrono::seconds(5));
  EXPECT_EQ(options.log_level, process::Level::kInfo);
  EXPECT_FALSE(options.cleanup);
}

TEST(AgentOptions, TakeEveryFlag) {
  const Options options = Good({"--operator-address",
                                "[fd00::7]:9443",
                                "--operator-server-name",
                                "op.ns.svc",
                                "--ca-file",
                                "/c",
                                "--token-file",
                                "/t",
                                "--state-file",
                                "/s",
                                "--bpffs",
                                "/b",
                                "--node-budget",
                                "off",
                                "--source-port-bits",
                                "0",
                                "--listen",
                                "",
                                "--node-name",
                                "n1",
                                "--resync",
                                "500ms",
                                "--log-level",
                                "debug",
                                "--cleanup"});
  EXPECT_EQ(options.link.address, "[fd00::7]:9443");
  EXPECT_EQ(options.link.server_name, "op.ns.svc");
  EXPECT_EQ(options.link.ca_file, "/c");
  EXPECT_EQ(options.link.token_file, "/t");
  EXPECT_EQ(options.state_file, "/s");
  EXPECT_EQ(options.bpffs, "/b");
  EXPECT_EQ(options.plan.budget.kind, plan::NodeBudget::Kind::kOff);
  EXPECT_EQ(options.plan.source_port_bits, 0);
  EXPECT_EQ(options.listen, "");
  EXPECT_EQ(options.node_name, "n1");
  EXPECT_EQ(options.resync, std::chrono::milliseconds(500));
  EXPECT_EQ(options.log_level, process::Level::kDebug);
  EXPECT_TRUE(options.cleanup);
}

TEST(AgentOptions, TheEnvironmentStandsBehindTheFlags) {
  setenv("PODMIRROR_STATE_FILE", "/from/environment", 1);
  EXPECT_EQ(Good({}).state_file, "/from/environment");
  EXPECT_EQ(Good({"--state-file", "/from/flag"}).state_file, "/from/flag");
  unsetenv("PODMIRROR_STATE_FILE");
}

TEST(AgentOptions, TheCertificateMustCarryTheHostUnlessANameIsGiven) {
  EXPECT_EQ(Good({"--operator-address", "op.example:1", "--ca-file", "/c", "--token-file", "/t"}).link.server_name,
            "op.example");
}

TEST(AgentOptions, SayWhatIsWrongAndWhatToWrite) {
  const std::pair<std::vector<const char*>, const char*> wrong[] = {
      {{"--operator-address", "10.0.0.1", "--ca-file", "/c", "--token-file", "/t"}, "write an address and a port"},
      {{"--operator-address", "10.0.0.1:1", "--token-file", "/t"}, "--ca-file: is needed"},
      {{"--operator-address", "10.0.0.1:1", "--ca-file", "/c"}, "--token-file: is needed"},
      {{"--node-budget", "much"}, "--node-budget"},
      {{"--source-port-bits", "15"}, "0 to 14"},
      {{"--resync", "5"}, "write 5s or 500ms"},
      {{"--resync", "100ms"}, "200ms to 3600s"},
      {{"--resync", "3601s"}, "200ms to 3600s"},
      {{"--resync", "9223372036854775807s"}, "200ms to 3600s"},
      {{"--resync", "ms"}, "200ms to 3600s"},
      {{"--log-level", "loud"}, "write debug, info, warning or error"},
      {{"--state-file", ""}, "--state-file"},
      {{"--nothing"}, "--nothing"},
  };
  for (const auto& [arguments, word] : wrong) {
    const Finish finish = Finished(arguments);
    EXPECT_EQ(finish.exit_code, kExitUsage) << word;
    EXPECT_THAT(finish.text, HasSubstr(word));
  }
}

TEST(AgentOptions, HelpNamesTheEnvironment) {
  const Finish help = Finished({"--help"});
  EXPECT_EQ(help.exit_code, kExitDone);
  EXPECT_THAT(help.text, HasSubstr("PODMIRROR_OPERATOR_ADDRESS"));
  EXPECT_THAT(help.text, HasSubstr("/var/lib/podmirror/state.json"));
  EXPECT_EQ(Finished({"--version"}).text, "podmirror-agent 0.1.0\n");
}

}  // namespace
}  // namespace podmirror::daemon
