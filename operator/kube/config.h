// Where the API server is, whom to trust, who we are.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "contract/result.h"

namespace podmirror::kube {

// Bytes given at once, or a file that may be replaced at any time and is read again then.
struct Material {
  std::string inline_bytes;  // PEM, or a token
  std::string file;          // absolute; used where inline_bytes is empty

  bool empty() const { return inline_bytes.empty() && file.empty(); }
  bool operator==(const Material&) const = default;
};

struct ClusterConfig {
  std::string server;              // "https://10.96.0.1:443", "https://[fd00::1]:6443"
  std::string tls_server_name;     // empty: the host of `server`
  Material certificate_authority;  // required with https: the system's authorities are never trusted
  bool insecure_skip_tls_verify = false;
  Material client_certificate;
  Material client_key;
  Material token;
  std::string ns;  // of the context, or of the pod; empty: "default"

  bool operator==(const ClusterConfig&) const = default;
};

// Environment variables by name; absent ones are not in it.
using Environment = std::map<std::string, std::string>;

// --kubeconfig, else KUBECONFIG (a list: the first that defines a thing wins), else in-cluster
// (KUBERNETES_SERVICE_HOST and _PORT, /var/run/secrets/kubernetes.io/serviceaccount), else ~/.kube/config.
// `context`: empty for current-context.
Result<ClusterConfig> LoadConfig(const std::string& kubeconfig, const std::string& context,
                                 const Environment& environment);

// One kubeconfig file's text; relative paths are relative to `directory`.
// Refused with a message: exec and auth-provider plugins, proxy-url, user name and password.
Result<ClusterConfig> DecodeKubeconfig(std::string_view text, const std::string& directory, const std::string& context);

}  // namespace podmirror::kube
