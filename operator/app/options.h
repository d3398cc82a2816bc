// The operator's command line.
#pragma once

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "contract/names.h"
#include "operator/compile/compile.h"
#include "process/log.h"

namespace podmirror::app {

struct Options {
  std::string kubeconfig;
  std::string context;
  std::string ns;  // of the operator and its agents; empty: that of the configuration
  std::string identity;
  std::string lease = "podmirror-operator";
  std::chrono::milliseconds lease_duration{15'000};
  std::chrono::milliseconds renew_deadline{10'000};
  std::chrono::milliseconds retry_period{2'000};
  std::string listen_agents = "[::]:9443";
  std::string listen_metrics = "[::]:9090";
  std::string agent_service_account = "podmirror-agent";
  std::string audience = "podmirror-operator";
  std::string tls_secret = "podmirror-operator-tls";
  std::string ca_config_map = "podmirror-operator-ca";
  std::vector<std::string> server_names;  // in the certificate; empty: those of the Service podmirror-operator
  compile::Settings compile;
  process::Level log_level = process::Level::kInfo;
};

inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;

// The process ends with this text: help, or what is wrong.
struct Finish {
  int exit_code = kExitDone;
  std::string text;
};

// POD_NAMESPACE and POD_NAME of `environment` are defaults.
std::variant<Options, Finish> ParseOptions(int argc, const char* const* argv,
                                           const std::map<std::string, std::string>& environment);

}  // namespace podmirror::app
