#include "operator/app/options.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "process/reading.h"

namespace podmirror::app {
namespace {

using Milliseconds = std::chrono::milliseconds;

// Flags that are more than a text, as written.
struct Flags {
  std::string lease_duration = "15s";
  std::string renew_deadline = "10s";
  std::string retry_period = "2s";
  std::vector<std::string> target_cidrs;
  std::vector<std::string> priority_namespaces;
  std::string dns_service = "kube-system/kube-dns";
  std::vector<std::string> node_local_dns;
  std::string log_level = "info";
};

Result<Milliseconds> ParseDuration(std::string_view text) {
  const auto wrong = [&] {
    return Fail("\"" + std::string(text) + "\" is no duration", "",
                "write a whole number with a unit: 1500ms, 15s or 2m");
  };
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (error != std::errc() || number <= 0 || number > 86'400'000) return wrong();
  if (unit == "ms") return Milliseconds(number);
  if (unit == "s" && number <= 86'400) return Milliseconds(number * 1'000);
  if (unit == "m" && number <= 1'440) return Milliseconds(number * 60'000);
  return wrong();
}

Result<ObjectKey> ParseKey(std::string_view text) {
  if (auto key = ParseObjectKey(text)) return *std::move(key);
  return Fail("\"" + std::string(text) + "\" names no object", "",
              "write its namespace and name, such as kube-system/kube-dns");
}

// `value`: a text, or a list of texts for a flag that can be given several times, one each time.
template <typename Value>
void Add(CLI::App& app, const char* group, const char* flag, Value& value, const char* type, const char* help) {
  CLI::Option* option = app.add_option(flag, value, help)->type_name(type)->group(group);
  if constexpr (!std::is_same_v<Value, std::string>) option->allow_extra_args(false);
}

void AddClusterFlags(CLI::App& app, Options& options) {
  Add(app, "Cluster", "--kubeconfig", options.kubeconfig, "FILE",
      "Kubeconfig file (default: $KUBECONFIG, else the pod's service account, else ~/.kube/config)");
  Add(app, "Cluster", "--context", options.context, "NAME", "Context of the kubeconfig (default: its current one)");
  Add(app, "Cluster", "--namespace", options.ns, "NAME",
      "Namespace of the operator, its Lease, Secret, ConfigMap and agents (default: $POD_NAMESPACE, else that "
      "of the configuration)");
}

void AddLeaseFlags(CLI::App& app, Options& options, Flags& flags) {
  Add(app, "Leader election", "--lease", options.lease, "NAME",
      "Lease by which one of several operators leads (default: podmirror-operator)");
  Add(app, "Leader election", "--lease-duration", flags.lease_duration, "TIME",
      "A leader silent for so long is deposed (default: 15s)");
  Add(app, "Leader election", "--renew-deadline", flags.renew_deadline, "TIME",
      "A leader that cannot renew for so long stops leading (default: 10s)");
  Add(app, "Leader election", "--retry-period", flags.retry_period, "TIME", "Pause between two tries (default: 2s)");
}

void AddAgentFlags(CLI::App& app, Options& options) {
  Add(app, "Agents", "--listen-agents", options.listen_agents, "HOST:PORT",
      "Where agents connect (default: [::]:9443)");
  Add(app, "Agents", "--agent-service-account", options.agent_service_account, "NAME",
      "Service account of the agents, in the operator's namespace (default: podmirror-agent)");
  Add(app, "Agents", "--token-audience", options.audience, "TEXT",
      "Audience of the agents' tokens (default: podmirror-operator)");
  Add(app, "Agents", "--tls-secret", options.tls_secret, "NAME",
      "Secret for the authority and certificate that the operator makes. It must exist, and may be empty "
      "(default: podmirror-operator-tls)");
  Add(app, "Agents", "--ca-config-map", options.ca_config_map, "NAME",
      "ConfigMap for what agents shall trust, key ca.crt. It must exist, and may be empty (default: "
      "podmirror-operator-ca)");
  Add(app, "Agents", "--server-name", options.server_names, "DNSNAME",
      "Name in the certificate (default: podmirror-operator.NAMESPACE.svc). Can be given several times");
}

void AddPolicyFlags(CLI::App& app, Flags& flags) {
  Add(app, "Policy", "--allow-target-cidr", flags.target_cidrs, "CIDR",
      "Targets with an address must lie in it (default: none may). Can be given several times");
  Add(app, "Policy", "--priority-namespace", flags.priority_namespaces, "NAME",
      "Its sessions come before all others, need no consent and ignore the seal on a pod (default: none). "
      "Can be given several times");
  Add(app, "Policy", "--dns-service", flags.dns_service, "NAMESPACE/NAME",
      "The Service that networkServices ClusterDNS means (default: kube-system/kube-dns)");
  Add(app, "Policy", "--node-local-dns", flags.node_local_dns, "IP",
      "Address of the node-local DNS cache (default: 169.254.20.10). Can be given several times");
}

void AddProcessFlags(CLI::App& app, Options& options, Flags& flags) {
  Add(app, "Process", "--listen-metrics", options.listen_metrics, "HOST:PORT",
      "Where /metrics, /healthz and /readyz are served over HTTP (default: [::]:9090)");
  Add(app, "Process", "--log-level", flags.log_level, "LEVEL", "debug, info (default), warning or error");
}

void ReadFlags(const Flags& flags, Options& options, process::Reading& reading) {
  reading.Take("--lease-duration", ParseDuration(flags.lease_duration), options.lease_duration);
  reading.Take("--renew-deadline", ParseDuration(flags.renew_deadline), options.renew_deadline);
  reading.Take("--retry-period", ParseDuration(flags.retry_period), options.retry_period);
  // client-go's rule: what is retried must fit into the deadline, and that into the duration, with its jitter of 1.2.
  if (options.lease_duration <= options.renew_deadline) {
    reading.Blame("--lease-duration", "is not longer than --renew-deadline", "write a longer one");
  }
  if (options.renew_deadline * 5 <= options.retry_period * 6) {
    reading.Blame("--renew-deadline", "is not longer than 1.2 times --retry-period", "write a longer one");
  }
  for (const std::string& text : flags.target_cidrs) {
    reading.Take("--allow-target-cidr", Cidr::Parse(text), options.compile.allowed_target_cidrs.emplace_back());
  }
  options.compile.priority_namespaces = {flags.priority_namespaces.begin(), flags.priority_namespaces.end()};
  reading.Take("--dns-service", ParseKey(flags.dns_service), options.compile.dns_service);
  if (!flags.node_local_dns.empty()) options.compile.node_local_dns.clear();
  for (const std::string& text : flags.node_local_dns) {
    reading.Take("--node-local-dns", IpAddress::Parse(text), options.compile.node_local_dns.emplace_back());
  }
  reading.Take("--log-level", process::ParseLevel(flags.log_level), options.log_level);
}

}  // namespace

std::variant<Options, Finish> ParseOptions(int argc, const char* const* argv,
                                           const std::map<std::string, std::string>& environment) {
  Options options;
  Flags flags;
  CLI::App app("Watches Podmirror's resources and tells each node's agent what to mirror.", "podmirror-operator");
  app.set_version_flag("--version", "podmirror-operator " PODMIRROR_VERSION, "Print the version");
  app.set_help_flag("-h,--help", "Print this help");
  app.footer(
      "Environment:\n"
      "  KUBECONFIG      kubeconfig files, separated by colons, where --kubeconfig is absent\n"
      "  KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT\n"
      "                  the API server, in a pod; with the files of its service account\n"
      "  HOME            for ~/.kube/config\n"
      "  POD_NAMESPACE   the operator's namespace, where --namespace is absent\n"
      "  POD_NAME        who it is in the Lease and in events (default: the host's name)\n"
      "Logs are JSON, one object a line, on stderr. SIGTERM and SIGINT end it; mirroring goes on.\n"
      "Exit: 0 ended by a signal, 1 it could not start or go on, 2 bad usage.");
  AddClusterFlags(app, options);
  AddLeaseFlags(app, options, flags);
  AddAgentFlags(app, options);
  AddPolicyFlags(app, flags);
  AddProcessFlags(app, options, flags);
  const auto misused = [](const std::string& text) {
    return Finish{kExitUsage, "error: " + text + "\nRun `podmirror-operator --help` to see what it takes.\n"};
  };
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForVersion& version) {
    return Finish{kExitDone, std::string(version.what()) + "\n"};
  } catch (const CLI::Success&) {
    return Finish{kExitDone, app.help()};
  } catch (const CLI::ParseError& error) {
    return misused(error.what());
  }
  process::Reading reading;
  ReadFlags(flags, options, reading);
  if (reading.error()) return misused(Describe(*reading.error()));
  const auto of = [&environment](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string() : found->second;
  };
  if (options.ns.empty()) options.ns = of("POD_NAMESPACE");
  options.identity = of("POD_NAME");
  return options;
}

}  // namespace podmirror::app
