#include "operator/app/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace podmirror::app {
namespace {

using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;
using ::testing::HasSubstr;

using Parsed = std::variant<Options, Finish>;

Parsed Parse(std::vector<const char*> arguments, const std::map<std::string, std::string>& environment = {}) {
  arguments.insert(arguments.begin(), "podmirror-operator");
  return ParseOptions(static_cast<int>(arguments.size()), arguments.data(), environment);
}
Options Good(std::vector<const char*> arguments, const std::map<std::string, std::string>& environment = {}) {
  Parsed parsed = Parse(std::move(arguments), environment);
  if (const auto* finish = std::get_if<Finish>(&parsed)) ADD_FAILURE() << finish->text;
  return std::get<Options>(parsed);
}
void ExpectRefused(std::vector<const char*> arguments, const std::string& text) {
  const Parsed parsed = Parse(std::move(arguments));
  ASSERT_TRUE(std::holds_alternative<Finish>(parsed));
  EXPECT_EQ(std::get<Finish>(parsed).exit_code, kExitUsage);
  EXPECT_THAT(std::get<Finish>(parsed).text, HasSubstr(text));
}

TEST(OperatorOptions, HaveDefaultsThatTheManifestsNeedNotRepeat) {
  const Options options = Good({});
  EXPECT_EQ(options.lease, "podmirror-operator");
  EXPECT_EQ(options.lease_duration, 15s);
  EXPECT_EQ(options.renew_deadline, 10s);
  EXPECT_EQ(options.retry_period, 2s);
  EXPECT_EQ(options.listen_agents, "[::]:9443");
  EXPECT_EQ(options.listen_metrics, "[::]:9090");
  EXPECT_EQ(options.agent_service_account, "podmirror-agent");
  EXPECT_EQ(options.tls_secret, "podmirror-operator-tls");
  EXPECT_EQ(options.ca_config_map, "podmirror-operator-ca");
  EXPECT_TRUE(options.compile.allowed_target_cidrs.empty()) << "address targets are allowed nowhere by default";
  EXPECT_TRUE(options.compile.priority_namespaces.empty());
  EXPECT_EQ(options.compile.dns_service, (ObjectKey{"kube-system", "kube-dns"}));
}

TEST(OperatorOptions, PolicyFlagsReachTheCompiler) {
  const Options options =
      Good({"--allow-target-cidr", "192.0.2.0/24", "--allow-target-cidr", "2001:db8::/32", "--priority-namespace",
            "security", "--dns-service", "dns/coredns", "--node-local-dns", "169.254.25.10"});
  ASSERT_EQ(options.compile.allowed_target_cidrs.size(), 2U);
  EXPECT_EQ(options.compile.allowed_target_cidrs[0].ToString(), "192.0.2.0/24");
  EXPECT_EQ(options.compile.priority_namespaces, (std::set<std::string>{"security"}));
  EXPECT_EQ(options.compile.dns_service, (ObjectKey{"dns", "coredns"}));
  ASSERT_EQ(options.compile.node_local_dns.size(), 1U);
  EXPECT_EQ(options.compile.node_local_dns[0].ToString(), "169.254.25.10");
}

TEST(OperatorOptions, TheEnvironmentNamesThePod) {
  const std::map<std::string, std::string> environment = {{"POD_NAMESPACE", "pm"}, {"POD_NAME", "operator-0"}};
  EXPECT_EQ(Good({}, environment).ns, "pm");
  EXPECT_EQ(Good({}, environment).identity, "operator-0");
  EXPECT_EQ(Good({"--namespace", "other"}, environment).ns, "other");
}

TEST(OperatorOptions, DurationsHaveUnits) {
  EXPECT_EQ(Good({"--lease-duration", "2m", "--renew-deadline", "1500ms", "--retry-period", "1s"}).renew_deadline,
            1500ms);
  for (const char* bad : {"15", "s", "-1s", "0s", "1h", "1.5s", "99999999999999999999s"}) {
    ExpectRefused({"--lease-duration", bad}, "is no duration; write a whole number with a unit");
  }
}

TEST(OperatorOptions, DurationsThatWouldDeposeAHealthyLeaderAreRefused) {
  ExpectRefused({"--lease-duration", "10s"}, "--lease-duration: is not longer than --renew-deadline");
  ExpectRefused({"--retry-period", "9s"}, "--renew-deadline: is not longer than 1.2 times --retry-period");
}

TEST(OperatorOptions, WhatIsWrongIsNamedWithItsFlag) {
  ExpectRefused({"--allow-target-cidr", "10.0.0.1/8"}, "--allow-target-cidr");
  ExpectRefused({"--node-local-dns", "dns"}, "--node-local-dns");
  ExpectRefused({"--dns-service", "kube-dns"}, "--dns-service: \"kube-dns\" names no object");
  ExpectRefused({"--log-level", "loud"}, "write debug, info, warning or error");
  ExpectRefused({"--no-such-flag"}, "--no-such-flag");
}

TEST(OperatorOptions, HelpNamesEveryFlagAndVariable) {
  const Parsed parsed = Parse({"--help"});
  ASSERT_TRUE(std::holds_alternative<Finish>(parsed));
  EXPECT_EQ(std::get<Finish>(parsed).exit_code, kExitDone);
  for (const char* word : {"--kubeconfig",
                           "--context",
                           "--namespace",
                           "--lease",
                           "--lease-duration",
                           "--renew-deadline",
                           "--retry-period",
                           "--listen-agents",
                           "--listen-metrics",
                           "--allow-target-cidr",
                           "--priority-namespace",
                           "--dns-service",
                           "--node-local-dns",
                           "--agent-service-account",
                           "--token-audience",
                           "--tls-secret",
                           "--ca-config-map",
                           "--server-name",
                           "--log-level",
                           "KUBECONFIG",
                           "KUBERNETES_SERVICE_HOST",
                           "POD_NAMESPACE",
                           "POD_NAME"}) {
    EXPECT_THAT(std::get<Finish>(parsed).text, HasSubstr(word));
  }
}

}  // namespace
}  // namespace podmirror::app
