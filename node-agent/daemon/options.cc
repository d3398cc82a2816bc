#include "node-agent/daemon/options.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdint>
#include <optional>

#include "node-agent/dataplane/dataplane.h"
#include "node-agent/link/credentials.h"
#include "node-agent/plan/settings_text.h"
#include "process/reading.h"

namespace podmirror::daemon {
namespace {

constexpr std::string_view kEnvironment = "PODMIRROR_";

// As written; turned into values only when all are there, so that every fault is told in our own words.
struct Flags {
  Options options;
  std::string node_budget = "10%";
  std::string source_port_bits = "8";
  std::string resync = "5s";
  std::string log_level = "info";
};

// --state-file is PODMIRROR_STATE_FILE too.
void Add(CLI::App& app, const std::string& name, std::string& value, const std::string& help, const std::string& type) {
  std::string variable(kEnvironment);
  for (const char c : name) variable += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  app.add_option("--" + name, value, help)->type_name(type)->envname(variable);
}

std::optional<std::int64_t> ParseNumber(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

Result<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  const bool milliseconds = text.ends_with("ms");
  const std::size_t unit = milliseconds ? 2 : 1;
  const std::int64_t factor = milliseconds ? 1 : 1000;
  const std::int64_t number =
      text.ends_with("s") && text.size() > unit ? ParseNumber(text.substr(0, text.size() - unit)).value_or(0) : 0;
  if (number >= 1 && number <= 3'600'000 / factor && number * factor >= 200) {
    return std::chrono::milliseconds(number * factor);
  }
  return Fail("\"" + std::string(text) + "\" is not a time from 200ms to 3600s", "", "write 5s or 500ms");
}

std::optional<Error> ReadValues(Flags& flags) {
  Options& options = flags.options;
  process::Reading reading;
  reading.Take("--node-budget", plan::ParseNodeBudget(flags.node_budget), options.plan.budget);
  reading.Take("--source-port-bits", plan::ParseSourcePortBits(flags.source_port_bits), options.plan.source_port_bits);
  reading.Take("--resync", ParseDuration(flags.resync), options.resync);
  reading.Take("--log-level", process::ParseLevel(flags.log_level), options.log_level);
  if (options.state_file.empty()) reading.Blame("--state-file", "names no file", "write a path");
  if (options.link.address.empty() || options.cleanup) return reading.error();
  link::Address address;
  reading.Take("--operator-address", link::ParseAddress(options.link.address), address);
  if (options.link.server_name.empty()) options.link.server_name = address.host;
  if (options.link.ca_file.empty()) {
    reading.Blame("--ca-file", "is needed with --operator-address",
                  "write the file that the ConfigMap of the CA is mounted as");
  }
  if (options.link.token_file.empty()) {
    reading.Blame("--token-file", "is needed with --operator-address", "write the file of the projected token");
  }
  return reading.error();
}

void Describe(CLI::App& app, Flags& flags) {
  Options& options = flags.options;
  Add(app, "operator-address", options.link.address,
      "Address and port of the operator's stream, such as 10.96.12.7:9443 (default: none; then only the state that is "
      "kept on this node is applied)",
      "HOST:PORT");
  Add(app, "operator-server-name", options.link.server_name,
      "Name that the operator's certificate must carry (default: the host of --operator-address)", "NAME");
  Add(app, "ca-file", options.link.ca_file,
      "PEM bundle of the authorities that may sign the operator's certificate; read again at each dial", "FILE");
  Add(app, "token-file", options.link.token_file,
      "ServiceAccount token for the operator (audience podmirror-operator); read again at each dial", "FILE");
  Add(app, "state-file", options.state_file,
      "Where the last desired state is kept (default: /var/lib/podmirror/state.json)", "FILE");
  Add(app, "bpffs", options.bpffs, "Where the BPF file system is mounted (default: /sys/fs/bpf)", "DIR");
  Add(app, "node-budget", flags.node_budget,
      "What copies may take of each egress device: a share of its speed (10%, the default), a rate in bits per second "
      "(500M; K, M, G), or off",
      "BUDGET");
  Add(app, "source-port-bits", flags.source_port_bits,
      "Copies of one target use up to 2^BITS outer source ports: 0 to 14 (default: 8)", "BITS");
  Add(app, "listen", options.listen,
      "Port for /metrics, /healthz and /readyz (default: [::]:9644, IPv4 and IPv6); empty: none", "HOST:PORT");
  Add(app, "node-name", options.node_name,
      "Name of this node for the log; the operator takes it from the token (default: none)", "NAME");
  Add(app, "resync", flags.resync,
      "How often everything is looked at again and the counters are read, 200ms to 3600s (default: 5s)", "TIME");
  Add(app, "log-level", flags.log_level, "debug, info (default), warning or error", "LEVEL");
  app.add_flag("--cleanup", options.cleanup,
               "Remove all that is podmirror's from the kernel, and the state file, and exit");
}

}  // namespace

std::variant<Options, Finish> ParseOptions(int argc, const char* const* argv) {
  Flags flags;
  flags.options.state_file = "/var/lib/podmirror/state.json";
  flags.options.bpffs = dataplane::kDefaultBpffs;
  flags.options.listen = "[::]:9644";
  CLI::App app("Podmirror's node agent mirrors the pods of this node as the operator says.", "podmirror-agent");
  app.set_version_flag("--version", "podmirror-agent " PODMIRROR_VERSION, "Print the version");
  app.set_help_flag("-h,--help", "Print this help");
  app.footer(
      "Each flag can be given by the environment variable beside it; a flag comes first.\n"
      "Without an operator and without a kept state nothing is changed in the kernel. While the operator is away, and\n"
      "when the agent ends, copies go on; --cleanup ends them.\n"
      "Needs the capabilities BPF, NET_ADMIN and PERFMON, and the node's network namespace.\n"
      "Exit: 0 stopped or cleaned up, 1 it cannot work here, 2 bad usage.");
  Describe(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForVersion& version) {
    return Finish{kExitDone, std::string(version.what()) + "\n"};
  } catch (const CLI::Success&) {
    return Finish{kExitDone, app.help()};
  } catch (const CLI::ParseError& error) {
    return Finish{kExitUsage, std::string("error: ") + error.what() + "\nRun `podmirror-agent --help`.\n"};
  }
  if (const auto error = ReadValues(flags)) {
    return Finish{kExitUsage, "error: " + podmirror::Describe(*error) + "\nRun `podmirror-agent --help`.\n"};
  }
  return flags.options;
}

}  // namespace podmirror::daemon
