#include "operator/app/options.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

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
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == text.size() ||
      text.find('/', slash + 1) != std::string_view::npos) {
    return Fail("\"" + std::string(text) + "\" names no object", "",
                "write its namespace and name, such as kube-system/kube-dns");
  }
  return ObjectKey{std::string(text.substr(0, slash)), std::string(text.substr(slash + 1))};
}

Result<process::Level> ParseLevel(std::string_view text) {
  if (text == "debug") return process::Level::kDebug;
  if (text == "info") return process::Level::kInfo;
  if (text == "warning") return process::Level::kWarning;
  if (text == "error") return process::Level::kError;
  return Fail("\"" + std::string(text) + "\" is no log level", "", "write debug, info, warning or error");
}

// Values out of flags; the first fault stays.
class Reading {
 public:
  template <typename T>
  void Take(const std::string& flag, Result<T> value, T& into) {
    if (value.has_value()) {
      into = *std::move(value);
    } else if (!error_) {
      error_ = value.error();
      error_->where = flag;
    }
  }
  void Blame(const std::string& flag, std::string what, std::string fix) {
    if (!error_) error_ = Error{std::move(what), flag, std::move(fix)};
  }
  const std::optional<Error>& error() const { return error_; }

 private:
  std::optional<Error> error_;
};

void AddClusterFlags(CLI::App& app, Options& options) {
  app.add_option("--kubeconfig", options.kubeconfig,
                 "Kubeconfig file (default: $KUBECONFIG, else the pod's service account, else ~/.kube/config)")
      ->type_name("FILE")
      ->group("Cluster");
  app.add_option("--context", options.context, "Context of the kubeconfig (default: its current one)")
      ->type_name("NAME")
      ->group("Cluster");
  app.add_option(
         "--namespace", options.ns,
         "Namespace of the operator, its Lease, Secret, ConfigMap and agents (default: $POD_NAMESPACE, else that "
         "of the configuration)")
      ->type_name("NAME")
      ->group("Cluster");
}

void AddLeaseFlags(CLI::App& app, Options& options, Flags& flags) {
  app.add_option("--lease", options.lease,
                 "Lease by which one of several operators leads (default: podmirror-operator)")
      ->type_name("NAME")
      ->group("Leader election");
  app.add_option("--lease-duration", flags.lease_duration, "A leader silent for so long is deposed (default: 15s)")
      ->type_name("TIME")
      ->group("Leader election");
  app.add_option("--renew-deadline", flags.renew_deadline,
                 "A leader that cannot renew for so long stops leading (default: 10s)")
      ->type_name("TIME")
      ->group("Leader election");
  app.add_option("--retry-period", flags.retry_period, "Pause between two tries (default: 2s)")
      ->type_name("TIME")
      ->group("Leader election");
}

void AddAgentFlags(CLI::App& app, Options& options) {
  app.add_option("--listen-agents", options.listen_agents, "Where agents connect (default: [::]:9443)")
      ->type_name("HOST:PORT")
      ->group("Agents");
  app.add_option("--agent-service-account", options.agent_service_account,
                 "Service account of the agents, in the operator's namespace (default: podmirror-agent)")
      ->type_name("NAME")
      ->group("Agents");
  app.add_option("--token-audience", options.audience, "Audience of the agents' tokens (default: podmirror-operator)")
      ->type_name("TEXT")
      ->group("Agents");
  app.add_option("--tls-secret", options.tls_secret,
                 "Secret for the authority and certificate that the operator makes. It must exist, and may be empty "
                 "(default: podmirror-operator-tls)")
      ->type_name("NAME")
      ->group("Agents");
  app.add_option("--ca-config-map", options.ca_config_map,
                 "ConfigMap for what agents shall trust, key ca.crt. It must exist, and may be empty (default: "
                 "podmirror-operator-ca)")
      ->type_name("NAME")
      ->group("Agents");
  app.add_option("--server-name", options.server_names,
                 "Name in the certificate (default: podmirror-operator.NAMESPACE.svc). Can be given several times")
      ->type_name("DNSNAME")
      ->allow_extra_args(false)
      ->group("Agents");
}

void AddPolicyFlags(CLI::App& app, Flags& flags) {
  app.add_option("--allow-target-cidr", flags.target_cidrs,
                 "Targets with an address must lie in it (default: none may). Can be given several times")
      ->type_name("CIDR")
      ->allow_extra_args(false)
      ->group("Policy");
  app.add_option("--priority-namespace", flags.priority_namespaces,
                 "Its sessions come before all others, need no consent and ignore the seal on a pod (default: none). "
                 "Can be given several times")
      ->type_name("NAME")
      ->allow_extra_args(false)
      ->group("Policy");
  app.add_option("--dns-service", flags.dns_service,
                 "The Service that networkServices ClusterDNS means (default: kube-system/kube-dns)")
      ->type_name("NAMESPACE/NAME")
      ->group("Policy");
  app.add_option("--node-local-dns", flags.node_local_dns,
                 "Address of the node-local DNS cache (default: 169.254.20.10). Can be given several times")
      ->type_name("IP")
      ->allow_extra_args(false)
      ->group("Policy");
}

void AddProcessFlags(CLI::App& app, Options& options, Flags& flags) {
  app.add_option("--listen-metrics", options.listen_metrics,
                 "Where /metrics, /healthz and /readyz are served over HTTP (default: [::]:9090)")
      ->type_name("HOST:PORT")
      ->group("Process");
  app.add_option("--log-level", flags.log_level, "debug, info (default), warning or error")
      ->type_name("LEVEL")
      ->group("Process");
}

void ReadFlags(const Flags& flags, Options& options, Reading& reading) {
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
  reading.Take("--log-level", ParseLevel(flags.log_level), options.log_level);
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
  Reading reading;
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
