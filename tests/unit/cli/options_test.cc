#include "cli/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace podmirror::cli {
namespace {

using Kind = plan::NodeBudget::Kind;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

Command Parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "podmirror");
  return ParseCommandLine(static_cast<int>(arguments.size()), arguments.data());
}

LocalOptions Local(std::vector<const char*> flags) {
  flags.insert(flags.begin(), {"local", "-f", "/"});
  const Command command = Parse(flags);
  if (const auto* finish = std::get_if<Finish>(&command)) ADD_FAILURE() << finish->text;
  return std::holds_alternative<LocalOptions>(command) ? std::get<LocalOptions>(command) : LocalOptions{};
}

Finish Finished(std::vector<const char*> arguments) {
  const Command command = Parse(std::move(arguments));
  if (!std::holds_alternative<Finish>(command)) {
    ADD_FAILURE() << "was accepted";
    return {-1, ""};
  }
  return std::get<Finish>(command);
}

TEST(Options, LocalHasTheDefaultsOfTheText) {
  const LocalOptions options = Local({});
  EXPECT_EQ(options.folder, "/");
  EXPECT_FALSE(options.once);
  EXPECT_THAT(options.compile.allowed_target_cidrs, ElementsAre(*Cidr::Parse("0.0.0.0/0"), *Cidr::Parse("::/0")));
  EXPECT_EQ(options.compile.dns_service, (ObjectKey{"kube-system", "kube-dns"}));
  EXPECT_EQ(options.compile.node_local_dns, compile::Settings::DefaultNodeLocalDns());
  EXPECT_EQ(options.plan.budget, (plan::NodeBudget{Kind::kPercent, 10}));
  EXPECT_EQ(options.plan.source_port_bits, 8);
  EXPECT_EQ(options.bpffs, "/sys/fs/bpf");
}

TEST(Options, LocalTakesEveryFlag) {
  const LocalOptions options =
      Local({"--once", "--allow-target-cidr", "192.0.2.0/24", "--allow-target-cidr=10.0.0.0/8", "--node-budget", "off",
             "--source-port-bits", "0", "--cluster-dns-service", "dns/core", "--node-local-dns", "169.254.25.10",
             "--node-local-dns", "fd00::10", "--bpffs", "/run/bpf"});
  EXPECT_TRUE(options.once);
  EXPECT_THAT(options.compile.allowed_target_cidrs,
              ElementsAre(*Cidr::Parse("10.0.0.0/8"), *Cidr::Parse("192.0.2.0/24")));
  EXPECT_EQ(options.plan.budget.kind, Kind::kOff);
  EXPECT_EQ(options.plan.source_port_bits, 0);
  EXPECT_EQ(options.compile.dns_service, (ObjectKey{"dns", "core"}));
  EXPECT_THAT(options.compile.node_local_dns,
              ElementsAre(*IpAddress::Parse("169.254.25.10"), *IpAddress::Parse("fd00::10")));
  EXPECT_EQ(options.bpffs, "/run/bpf");
}

TEST(Options, StatusPrintsATableUnlessToldOtherwise) {
  EXPECT_EQ(std::get<StatusOptions>(Parse({"status"})).format, Format::kTable);
  EXPECT_EQ(std::get<StatusOptions>(Parse({"status", "-o", "json"})).format, Format::kJson);
  EXPECT_EQ(std::get<StatusOptions>(Parse({"status", "-o", "table"})).format, Format::kTable);
}

TEST(Options, CleanupAndCompileAreCommands) {
  EXPECT_EQ(std::get<CleanupOptions>(Parse({"cleanup"})).bpffs, "/sys/fs/bpf");
  EXPECT_EQ(std::get<CompileOptions>(Parse({"compile", "-f", "/tmp"})).folder, "/tmp");
}

struct Misuse {
  std::vector<const char*> arguments;
  std::string text;
};

void PrintTo(const Misuse& misuse, std::ostream* out) {
  for (const char* argument : misuse.arguments) *out << argument << ' ';
}

class BadUsage : public testing::TestWithParam<Misuse> {};

TEST_P(BadUsage, EndsWithTwoAndSaysWhatIsWrong) {
  const Finish finish = Finished(GetParam().arguments);
  EXPECT_EQ(finish.exit_code, 2);
  EXPECT_THAT(finish.text, AllOf(HasSubstr("error: "), HasSubstr(GetParam().text), HasSubstr("--help")));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadUsage,
    testing::Values(Misuse{{}, "subcommand"}, Misuse{{"frobnicate"}, "frobnicate"}, Misuse{{"local"}, "write -f DIR"},
                    Misuse{{"local", "-f"}, "-f"}, Misuse{{"local", "-f", "/nowhere/at/all"}, "No such file"},
                    Misuse{{"local", "-f", "/etc/passwd"}, "is not a folder"},
                    Misuse{{"local", "-f", "/", "--twice"}, "--twice"}, Misuse{{"local", "-f", "/", "extra"}, "extra"},
                    Misuse{{"local", "-f", "/", "--allow-target-cidr", "10.0.0.1/8"}, "10.0.0.0/8"},
                    Misuse{{"local", "-f", "/", "--node-budget", "many"}, "write a share such as 10%"},
                    Misuse{{"local", "-f", "/", "--source-port-bits", "15"}, "0 to 14"},
                    Misuse{{"local", "-f", "/", "--source-port-bits", "x"}, "0 to 14"},
                    Misuse{{"local", "-f", "/", "--cluster-dns-service", "kube-dns"}, "kube-system/kube-dns"},
                    Misuse{{"local", "-f", "/", "--node-local-dns", "010.0.0.1"}, "--node-local-dns 010.0.0.1"},
                    Misuse{{"status", "-o", "xml"}, "write table or json"}, Misuse{{"status", "-f", "/"}, "-f"},
                    Misuse{{"cleanup", "all"}, "all"}, Misuse{{"compile"}, "write -f DIR"}));

TEST(Options, HelpOfEveryCommandSaysWhatItDoesAndEndsWell) {
  EXPECT_THAT(Finished({"--help"}).text, AllOf(HasSubstr("local"), HasSubstr("status"), HasSubstr("cleanup")));
  const std::string local = Finished({"local", "--help"}).text;
  for (const char* flag : {"--folder", "--once", "--allow-target-cidr", "--node-budget", "--source-port-bits",
                           "--cluster-dns-service", "--node-local-dns", "--bpffs", "podmirror.io/local-netns"}) {
    EXPECT_THAT(local, HasSubstr(flag));
  }
  EXPECT_THAT(Finished({"status", "--help"}).text, AllOf(HasSubstr("--output"), HasSubstr("Exit:")));
  EXPECT_THAT(Finished({"cleanup", "--help"}).text, HasSubstr("Exit:"));
  EXPECT_THAT(Finished({"compile", "--help"}).text, HasSubstr("change nothing"));
  EXPECT_EQ(Finished({"local", "--help"}).exit_code, 0);
}

TEST(Options, VersionIsOneLine) {
  const Finish finish = Finished({"--version"});
  EXPECT_EQ(finish.exit_code, 0);
  EXPECT_THAT(finish.text, testing::MatchesRegex("podmirror [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST(NodeBudget, ShareRateAndOffAreRead) {
  EXPECT_EQ(*ParseNodeBudget("10%"), (plan::NodeBudget{Kind::kPercent, 10}));
  EXPECT_EQ(*ParseNodeBudget("100%"), (plan::NodeBudget{Kind::kPercent, 100}));
  EXPECT_EQ(*ParseNodeBudget("64K"), (plan::NodeBudget{Kind::kRate, 64'000}));
  EXPECT_EQ(*ParseNodeBudget("500M"), (plan::NodeBudget{Kind::kRate, 500'000'000}));
  EXPECT_EQ(*ParseNodeBudget("10000G"), (plan::NodeBudget{Kind::kRate, 10'000'000'000'000}));
  EXPECT_EQ(ParseNodeBudget("off")->kind, Kind::kOff);
}

TEST(NodeBudget, EverythingElseIsRefusedWithTheThreeForms) {
  for (const char* text : {"", "%", "0%", "101%", "10", "M", "0M", "-5M", "5.5G", "10001G", "99999999999999999999G",
                           "5T", "5 M", "OFF", "10%%", "500Mbit"}) {
    const auto budget = ParseNodeBudget(text);
    ASSERT_FALSE(budget.has_value()) << text;
    EXPECT_THAT(Describe(budget.error()), AllOf(HasSubstr("10%"), HasSubstr("500M"), HasSubstr("off"))) << text;
  }
}

TEST(ServiceName, IsNamespaceAndName) {
  EXPECT_EQ(*ParseServiceName("kube-system/kube-dns"), (ObjectKey{"kube-system", "kube-dns"}));
  for (const char* text : {"", "kube-dns", "/kube-dns", "kube-system/", "a/b/c"}) {
    EXPECT_FALSE(ParseServiceName(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace podmirror::cli
