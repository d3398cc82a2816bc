#include "operator/kube/kubeconfig.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <utility>

#include "operator/decode/reader.h"
#include "operator/decode/syntax.h"
#include "operator/kube/http_url.h"

namespace podmirror::kube {
namespace {

using decode::Node;
using decode::Reader;
using Entries = std::vector<Kubeconfig::Entry>;

std::unexpected<Error> In(const std::string& file, Error error) {
  if (!file.empty()) error.where = error.where.empty() ? file : file + ":" + error.where;
  return std::unexpected(std::move(error));
}

// RFC 4648; line breaks may stand anywhere.
std::optional<std::string> DecodeBase64(std::string_view text) {
  static constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned bits = 0;
  std::size_t digits = 0;
  std::size_t padding = 0;
  for (const char c : text) {
    if (c == '\n' || c == '\r' || c == ' ' || c == '\t') continue;
    if (c == '=') {
      ++padding;
      continue;
    }
    const auto value = kAlphabet.find(c);
    if (value == std::string_view::npos || padding > 0) return std::nullopt;
    bits = (bits << 6 | static_cast<unsigned>(value)) & 0xffffff;
    if (++digits % 4 != 1) bytes.push_back(static_cast<char>(bits >> (6 - 2 * ((digits - 1) % 4))));
  }
  if ((digits + padding) % 4 != 0 || padding > 2) return std::nullopt;
  return bytes;
}

// `list`: "clusters", with items {name: ..., <item>: {...}}.
void ReadEntries(const Reader& root, const Node& document, std::string_view list, std::string_view item,
                 const Kubeconfig::Entry& origin, Entries& entries) {
  const Node* nodes = document.Find(list);
  const auto readers = root.At(list).Items();
  for (std::size_t i = 0; i < readers.size(); ++i) {
    const std::string name = readers[i].At("name").Text();
    if (name.empty()) return readers[i].Refuse("an entry without a name", "write name: and the name");
    if (std::ranges::any_of(entries, [&](const auto& entry) { return entry.name == name; })) {
      return readers[i].Refuse("the name " + decode::Quote(name) + " stands twice in " + std::string(list),
                               "remove one of the two");
    }
    const Node* body = nodes->items[i].Find(item);
    entries.push_back({name, body != nullptr ? *body : Node{}, origin.directory, origin.file});
  }
}

const Kubeconfig::Entry* Find(const Entries& entries, const std::string& name) {
  const auto found = std::ranges::find(entries, name, &Kubeconfig::Entry::name);
  return found == entries.end() ? nullptr : &*found;
}

std::unexpected<Error> Unknown(const char* what, const std::string& name, const Entries& entries,
                               const std::string& file) {
  std::vector<std::string_view> names;
  for (const auto& entry : entries) names.push_back(entry.name);
  std::string fix = names.empty() ? std::string("the kubeconfig has none: add it")
                                  : "write one of those that it has: " + decode::Join(names);
  return Fail("the kubeconfig has no " + std::string(what) + " " + decode::Quote(name), file, std::move(fix));
}

// "x-data" in base64, else the file "x".
Material ReadMaterial(const Reader& body, const std::string& field, const std::string& directory) {
  Material material;
  const Reader data = body.At(field + "-data");
  if (const std::string text = data.Text(); !text.empty()) {
    auto bytes = DecodeBase64(text);
    if (!bytes || bytes->empty()) {
      data.Refuse("this is no base64", "give the PEM text in base64, or the name of a file in " + field);
    } else {
      material.inline_bytes = std::move(*bytes);
      return material;
    }
  }
  const std::string path = body.At(field).Text();
  if (!path.empty()) material.file = (std::filesystem::path(directory) / path).lexically_normal().string();
  return material;
}

void RefuseField(const Reader& body, const char* field, const char* why, const char* fix) {
  const Reader found = body.At(field);
  if (found.present()) found.Refuse(std::string(field) + " is not supported: " + why, fix);
}

void ReadCluster(const Kubeconfig::Entry& entry, ClusterConfig& config, std::optional<Error>& error) {
  const Reader body(entry.body, "cluster " + decode::Quote(entry.name), error);
  RefuseField(body, "proxy-url", "the operator speaks to the API server directly", "remove it");
  config.server = body.At("server").Text();
  config.tls_server_name = body.At("tls-server-name").Text();
  config.insecure_skip_tls_verify = body.At("insecure-skip-tls-verify").Flag();
  config.certificate_authority = ReadMaterial(body, "certificate-authority", entry.directory);
  if (error) return;

  const auto url = ParseServerUrl(config.server);
  if (config.server.empty()) return body.Refuse("a cluster without a server", "write server: https://host:port");
  if (!url) return body.At("server").Refuse(url.error().what, url.error().fix);
  if (!url->tls) return;
  if (config.insecure_skip_tls_verify && !config.certificate_authority.empty()) {
    return body.Refuse("certificate-authority and insecure-skip-tls-verify contradict each other",
                       "remove insecure-skip-tls-verify");
  }
  if (!config.insecure_skip_tls_verify && config.certificate_authority.empty()) {
    body.Refuse("a cluster without certificate-authority or certificate-authority-data",
                "add the cluster's CA: the authorities of this machine are not trusted");
  }
}

void ReadUser(const Kubeconfig::Entry& entry, ClusterConfig& config, std::optional<Error>& error) {
  constexpr const char* kFix =
      "give token, tokenFile or a client certificate instead, such as a token of `kubectl create token`";
  const Reader body(entry.body, "user " + decode::Quote(entry.name), error);
  RefuseField(body, "exec", "the operator starts no other programs", kFix);
  RefuseField(body, "auth-provider", "Kubernetes has removed it", kFix);
  RefuseField(body, "username", "API servers have no basic authentication any more", kFix);
  RefuseField(body, "password", "API servers have no basic authentication any more", kFix);
  for (const char* field : {"as", "as-uid", "as-groups", "as-user-extra"}) {
    RefuseField(body, field, "the operator acts as nobody but itself", "remove it");
  }
  config.client_certificate = ReadMaterial(body, "client-certificate", entry.directory);
  config.client_key = ReadMaterial(body, "client-key", entry.directory);
  const std::string token_file = body.At("tokenFile").Text();
  if (!token_file.empty()) {  // where both are given, client-go believes the file, which can change
    config.token.file = (std::filesystem::path(entry.directory) / token_file).lexically_normal().string();
  } else {
    config.token.inline_bytes = body.At("token").Text();
  }
  if (config.client_certificate.empty() != config.client_key.empty()) {
    body.Refuse(
        config.client_key.empty() ? "a client certificate without its key" : "a client key without a certificate",
        "give client-certificate and client-key, or neither");
  }
}

}  // namespace

Result<Kubeconfig> ReadKubeconfig(std::string_view text, const std::string& directory, const std::string& file) {
  auto documents = decode::ReadYaml(text);
  if (!documents) return In(file, documents.error());
  Kubeconfig read;
  if (documents->empty()) return read;
  if (documents->size() > 1) return Fail("a kubeconfig has one document, and this has several", file, "remove the ---");
  const Node& document = documents->front();
  std::optional<Error> error;
  const Reader root(document, "", error);
  const std::string kind = root.At("kind").Text("Config");
  const std::string version = root.At("apiVersion").Text("v1");
  if (kind != "Config" || version != "v1") {
    root.Refuse("this is " + version + " " + kind + " and no kubeconfig", "give a file with kind: Config");
  }
  const Kubeconfig::Entry origin{"", {}, directory, file};
  read.current_context = root.At("current-context").Text();
  ReadEntries(root, document, "clusters", "cluster", origin, read.clusters);
  ReadEntries(root, document, "users", "user", origin, read.users);
  ReadEntries(root, document, "contexts", "context", origin, read.contexts);
  if (error) return In(file, *error);
  return read;
}

void Merge(Kubeconfig& first, Kubeconfig second) {
  if (first.current_context.empty()) first.current_context = std::move(second.current_context);
  for (const auto list : {&Kubeconfig::clusters, &Kubeconfig::users, &Kubeconfig::contexts}) {
    for (auto& entry : second.*list) {
      if (Find(first.*list, entry.name) == nullptr) (first.*list).push_back(std::move(entry));
    }
  }
}

Result<ClusterConfig> Resolve(const Kubeconfig& kubeconfig, const std::string& context) {
  const std::string& name = context.empty() ? kubeconfig.current_context : context;
  if (name.empty()) {
    return Fail("the kubeconfig has no current-context", "", "set it with `kubectl config use-context`, or name one");
  }
  const auto* chosen = Find(kubeconfig.contexts, name);
  if (chosen == nullptr) return Unknown("context", name, kubeconfig.contexts, "");
  std::optional<Error> error;
  const Reader body(chosen->body, "context " + decode::Quote(name), error);
  const std::string cluster_name = body.At("cluster").Text();
  const std::string user_name = body.At("user").Text();
  ClusterConfig config;
  config.ns = body.At("namespace").Text();
  if (error) return In(chosen->file, *error);

  const auto* cluster = Find(kubeconfig.clusters, cluster_name);
  if (cluster == nullptr) return Unknown("cluster", cluster_name, kubeconfig.clusters, chosen->file);
  ReadCluster(*cluster, config, error);
  if (error) return In(cluster->file, *error);
  if (user_name.empty()) return config;
  const auto* user = Find(kubeconfig.users, user_name);
  if (user == nullptr) return Unknown("user", user_name, kubeconfig.users, chosen->file);
  ReadUser(*user, config, error);
  if (error) return In(user->file, *error);
  return config;
}

}  // namespace podmirror::kube
