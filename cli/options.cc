#include "cli/options.h"

#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include "node-agent/dataplane/dataplane.h"

namespace podmirror::cli {
namespace {

// Flags as written; turned into values only when all are there, so that every fault is told in our own words.
struct Flags {
  std::string folder;
  bool once = false;
  std::vector<std::string> target_cidrs;
  std::string node_budget = "10%";
  std::string source_port_bits = "8";
  std::string dns_service = "kube-system/kube-dns";
  std::vector<std::string> node_local_dns;
  std::string output = "table";
  std::string bpffs{dataplane::kDefaultBpffs};
};

void AddFolder(CLI::App& command, Flags& flags) {
  command.add_option("-f,--folder", flags.folder, "Folder of *.yaml and *.yml files")->type_name("DIR");
}

void AddCompileFlags(CLI::App& command, Flags& flags) {
  command
      .add_option("--allow-target-cidr", flags.target_cidrs,
                  "Address targets must lie in it (default: anywhere). Can be given several times")
      ->type_name("CIDR")
      ->allow_extra_args(false);
  command
      .add_option("--cluster-dns-service", flags.dns_service,
                  "The Service that networkServices ClusterDNS means (default: kube-system/kube-dns)")
      ->type_name("NAMESPACE/NAME");
  command
      .add_option("--node-local-dns", flags.node_local_dns,
                  "Address of the node-local DNS cache (default: 169.254.20.10). Can be given several times")
      ->type_name("IP")
      ->allow_extra_args(false);
}

void AddOutput(CLI::App& command, Flags& flags) {
  command.add_option("-o,--output", flags.output, "table (default) or json")->type_name("FORMAT");
}

void AddBpffs(CLI::App& command, Flags& flags) {
  command.add_option("--bpffs", flags.bpffs, "Where the BPF file system is mounted (default: /sys/fs/bpf)")
      ->type_name("DIR");
}

// Values out of flags; the first fault stays.
class Reading {
 public:
  explicit Reading(const Flags& flags) : flags_(flags) {}

  const std::optional<Error>& error() const { return error_; }

  std::string Folder() {
    if (flags_.folder.empty()) return Blame<std::string>("-f", {"no folder is given", "", "write -f DIR"});
    struct stat info;
    if (stat(flags_.folder.c_str(), &info) != 0) {
      return Blame<std::string>("-f " + flags_.folder, {strerror(errno), "", "name a folder of YAML files"});
    }
    if (!S_ISDIR(info.st_mode)) {
      return Blame<std::string>("-f " + flags_.folder, {"is not a folder", "", "name the folder that the file is in"});
    }
    return flags_.folder;
  }

  compile::Settings CompileSettings() {
    compile::Settings settings;
    std::vector<std::string> cidrs = flags_.target_cidrs;
    if (cidrs.empty()) cidrs = {"0.0.0.0/0", "::/0"};
    for (const std::string& text : cidrs) {
      if (auto cidr = Take("--allow-target-cidr " + text, Cidr::Parse(text))) {
        settings.allowed_target_cidrs.push_back(*cidr);
      }
    }
    std::ranges::sort(settings.allowed_target_cidrs);
    if (auto service = Take("--cluster-dns-service", ParseServiceName(flags_.dns_service))) {
      settings.dns_service = *service;
    }
    if (!flags_.node_local_dns.empty()) settings.node_local_dns.clear();
    for (const std::string& text : flags_.node_local_dns) {
      if (auto ip = Take("--node-local-dns " + text, IpAddress::Parse(text))) settings.node_local_dns.push_back(*ip);
    }
    std::ranges::sort(settings.node_local_dns);
    return settings;
  }

  plan::Settings PlanSettings() {
    plan::Settings settings;
    if (auto budget = Take("--node-budget", ParseNodeBudget(flags_.node_budget))) settings.budget = *budget;
    if (auto bits = Take("--source-port-bits", plan::ParseSourcePortBits(flags_.source_port_bits))) {
      settings.source_port_bits = *bits;
    }
    return settings;
  }

  Format Output() {
    if (flags_.output == "json") return Format::kJson;
    if (flags_.output == "table") return Format::kTable;
    return Blame<Format>("-o", {"\"" + flags_.output + "\" is no format", "", "write table or json"});
  }

 private:
  template <typename T>
  T Blame(const std::string& flag, Error error) {
    error.where = flag;
    if (!error_.has_value()) error_ = std::move(error);
    return T{};
  }

  template <typename T>
  std::optional<T> Take(const std::string& flag, const Result<T>& value) {
    if (value.has_value()) return *value;
    Blame<int>(flag, value.error());
    return std::nullopt;
  }

  const Flags& flags_;
  std::optional<Error> error_;
};

Finish Misused(const std::string& text, const std::string& command) {
  return {kExitUsage, "error: " + text + "\nRun `podmirror" + (command.empty() ? "" : " " + command) +
                          " --help` to see what it takes.\n"};
}

}  // namespace

Result<ObjectKey> ParseServiceName(std::string_view text) {
  if (auto key = ParseObjectKey(text)) return *std::move(key);
  return Fail("\"" + std::string(text) + "\" does not name a Service", "",
              "write its namespace and name, such as kube-system/kube-dns");
}

Command ParseCommandLine(int argc, const char* const* argv) {
  Flags flags;
  CLI::App app("Podmirror mirrors pods' packets to collectors, as AWS VPC Traffic Mirroring does.", "podmirror");
  app.set_version_flag("--version", "podmirror " PODMIRROR_VERSION, "Print the version");
  app.require_subcommand(1);
  app.set_help_flag("-h,--help", "Print this help");

  CLI::App* local = app.add_subcommand("local", "Mirror the pods of this host as a folder of YAML files says");
  local->footer(
      "DIR holds TrafficMirrorSession, -Filter and -Target, and Pods, Namespaces, Services and EndpointSlices as\n"
      "Kubernetes shows them. A Pod says where it is on this host by one annotation:\n"
      "  podmirror.io/local-interface: <host-side interface>\n"
      "  podmirror.io/local-netns: <name under /run/netns>\n"
      "Changed files are obeyed at once. `ready` is printed on stderr when everything is programmed. SIGTERM and\n"
      "SIGINT stop the command and leave the copies going; `podmirror cleanup` ends them.\n"
      "Exit: 0 done, 1 nothing could be programmed, 2 bad usage.");
  AddFolder(*local, flags);
  local->add_flag("--once", flags.once, "Program, print the verdicts and exit");
  AddCompileFlags(*local, flags);
  local
      ->add_option("--node-budget", flags.node_budget,
                   "What copies may take of each egress device: a share of its speed (10%, the default), a rate in "
                   "bits per second (500M; K, M, G), or off")
      ->type_name("BUDGET");
  local
      ->add_option("--source-port-bits", flags.source_port_bits,
                   "Copies of one target use up to 2^BITS outer source ports: 0 to 14 (default: 8)")
      ->type_name("BITS");
  AddBpffs(*local, flags);

  CLI::App* status = app.add_subcommand("status", "Show what is mirrored and count it; `local` need not be running");
  status->footer("Exit: 0 shown, 1 nothing of podmirror is here, 2 bad usage.");
  AddOutput(*status, flags);
  AddBpffs(*status, flags);

  CLI::App* cleanup = app.add_subcommand("cleanup", "Remove all that is podmirror's from the kernel, nothing else");
  cleanup->footer("Exit: 0 nothing of podmirror is left, 1 it could not be removed, 2 bad usage.");
  AddBpffs(*cleanup, flags);

  CLI::App* compile = app.add_subcommand("compile", "Print the verdicts and node states of a folder; change nothing");
  compile->footer(
      "Pods with a podmirror.io/local-* annotation are on the node \"local\", others where their nodeName says.\n"
      "Exit: 0 all files and objects are valid, 1 some are not, 2 bad usage.");
  AddFolder(*compile, flags);
  AddCompileFlags(*compile, flags);
  AddOutput(*compile, flags);

  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForVersion& version) {
    return Finish{kExitDone, std::string(version.what()) + "\n"};
  } catch (const CLI::Success&) {  // help was asked for, of whichever command came with it
    const auto asked = app.get_subcommands();
    return Finish{kExitDone, asked.empty() ? app.help() : asked.front()->help()};
  } catch (const CLI::ParseError& error) {
    const auto asked = app.get_subcommands();
    if (!asked.empty()) return Misused(error.what(), asked.front()->get_name());
    if (argc < 2 || argv[1][0] == '-') return Misused(error.what(), "");
    return Misused("\"" + std::string(argv[1]) + "\" is no command; write local, status, cleanup or compile", "");
  }

  Reading reading(flags);
  Command command;
  std::string name;
  if (local->parsed()) {
    name = "local";
    command =
        LocalOptions{reading.Folder(), flags.once, reading.CompileSettings(), reading.PlanSettings(), flags.bpffs};
  } else if (compile->parsed()) {
    name = "compile";
    command = CompileOptions{reading.Folder(), reading.CompileSettings(), reading.Output()};
  } else if (status->parsed()) {
    name = "status";
    command = StatusOptions{reading.Output(), flags.bpffs};
  } else {
    name = "cleanup";
    command = CleanupOptions{flags.bpffs};
  }
  if (reading.error().has_value()) return Misused(Describe(*reading.error()), name);
  return command;
}

}  // namespace podmirror::cli
