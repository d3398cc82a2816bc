#include "operator/kube/config.h"

#include <filesystem>
#include <fstream>
#include <utility>
#include <vector>

#include "contract/limits.h"
#include "operator/kube/http_url.h"
#include "operator/kube/kubeconfig.h"

namespace podmirror::kube {
namespace {

namespace fs = std::filesystem;

const std::string kServiceAccount = "/var/run/secrets/kubernetes.io/serviceaccount";

std::string Lookup(const Environment& environment, const char* name) {
  const auto found = environment.find(name);
  return found == environment.end() ? "" : found->second;
}

Result<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes(kMaxDocumentBytes + 1, '\0');  // one more than the reader takes
  if (file) file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!file.is_open() || file.bad()) {
    return Fail("the kubeconfig cannot be read", path, "check that it exists and that this process may read it");
  }
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  return bytes;
}

Result<Kubeconfig> ReadFrom(const std::string& path) {
  const auto text = ReadFile(path);
  if (!text) return std::unexpected(text.error());
  std::error_code fault;
  const fs::path whole = fs::absolute(path, fault);
  return ReadKubeconfig(*text, (fault ? fs::path(path) : whole).parent_path().string(), path);
}

Result<ClusterConfig> FromFile(const std::string& path, const std::string& context) {
  const auto kubeconfig = ReadFrom(path);
  if (!kubeconfig) return std::unexpected(kubeconfig.error());
  auto config = Resolve(*kubeconfig, context);
  if (!config && config.error().where.empty()) config.error().where = path;
  return config;
}

// As PATH: names between colons. Files that do not exist are passed over, as kubectl does.
Result<ClusterConfig> FromList(const std::string& list, const std::string& context) {
  Kubeconfig merged;
  bool found = false;
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(':', begin), list.size());
    const std::string path = list.substr(begin, end - begin);
    begin = end + 1;
    std::error_code ignored;
    if (path.empty() || !fs::exists(path, ignored)) continue;
    auto one = ReadFrom(path);
    if (!one) return std::unexpected(one.error());
    Merge(merged, std::move(*one));
    found = true;
  }
  if (!found) return Fail("no file that KUBECONFIG names exists", list, "name a kubeconfig, or unset KUBECONFIG");
  auto config = Resolve(merged, context);
  if (!config && config.error().where.empty()) config.error().where = list;
  return config;
}

Result<ClusterConfig> InCluster(const std::string& host, const std::string& port) {
  ClusterConfig config;
  config.server = "https://" + (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + port;
  if (const auto url = ParseServerUrl(config.server); !url) {
    return Fail(url.error().what, "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT",
                "leave both as the kubelet has set them");
  }
  config.certificate_authority.file = kServiceAccount + "/ca.crt";
  config.token.file = kServiceAccount + "/token";
  std::ifstream file(kServiceAccount + "/namespace");
  std::getline(file, config.ns);
  return config;
}

}  // namespace

Result<ClusterConfig> DecodeKubeconfig(std::string_view text, const std::string& directory,
                                       const std::string& context) {
  const auto kubeconfig = ReadKubeconfig(text, directory, "");
  if (!kubeconfig) return std::unexpected(kubeconfig.error());
  return Resolve(*kubeconfig, context);
}

Result<ClusterConfig> LoadConfig(const std::string& kubeconfig, const std::string& context,
                                 const Environment& environment) {
  if (!kubeconfig.empty()) return FromFile(kubeconfig, context);
  if (const auto list = Lookup(environment, "KUBECONFIG"); !list.empty()) return FromList(list, context);
  const auto host = Lookup(environment, "KUBERNETES_SERVICE_HOST");
  const auto port = Lookup(environment, "KUBERNETES_SERVICE_PORT");
  if (!host.empty() && !port.empty()) {
    if (context.empty()) return InCluster(host, port);
    return Fail("a context is chosen, but there is no kubeconfig that could have it", "",
                "name the kubeconfig with --kubeconfig, or leave the context out");
  }
  const auto home = Lookup(environment, "HOME");
  std::error_code ignored;
  if (const auto path = home + "/.kube/config"; !home.empty() && fs::exists(path, ignored)) {
    return FromFile(path, context);
  }
  return Fail("nothing says where the API server is", "",
              "run in a pod of the cluster, or give --kubeconfig or KUBECONFIG");
}

}  // namespace podmirror::kube
