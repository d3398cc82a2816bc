#include "tests/kube/conformance/suite.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

namespace podmirror::kube::conformance {

const Authority& Conformance::authority() {
  static const Authority one("the cluster's authority");
  return one;
}

void Conformance::Serve(FaultServer::Script script, const std::string& address) {
  server_ = std::make_unique<FaultServer>(address, FaultServer::Tls{authority().Issue({}), ""}, std::move(script));
}

void Conformance::ServePlain(FaultServer::Script script) {
  server_ = std::make_unique<FaultServer>("127.0.0.1", std::nullopt, std::move(script));
}

ClusterConfig Conformance::Config() const {
  ClusterConfig config;
  config.server = server_->url();
  config.certificate_authority.inline_bytes = authority().certificate();
  config.token.inline_bytes = "secret";
  return config;
}

Transport& Conformance::transport() {
  if (!transport_) Reconnect(Config());
  return *transport_;
}

std::expected<Response, TransportError> Conformance::Get(std::chrono::milliseconds timeout) {
  Request request;
  request.target = "/api/v1/pods?limit=500&labelSelector=a%3Db";
  request.timeout = timeout;
  return transport().Roundtrip(request);
}

std::expected<Response, TransportError> Conformance::Post(const std::string& body) {
  Request request;
  request.method = "POST";
  request.target = "/api/v1/events";
  request.content_type = "application/json";
  request.body = body;
  request.timeout = kLong;
  return transport().Roundtrip(request);
}

std::unique_ptr<Stream> Conformance::Open(std::chrono::milliseconds idle) {
  Request request;
  request.target = "/api/v1/pods?watch=true";
  request.timeout = kLong;
  auto start = transport().Open(request, idle);
  EXPECT_TRUE(start) << Say(start);
  return start ? std::move(start->stream) : nullptr;
}

std::string Say(const TransportError& error) {
  static const char* const kNames[] = {"unreachable", "TLS", "timeout", "cancelled", "too large", "malformed"};
  return std::string(kNames[static_cast<int>(error.kind)]) + ": " + error.what;
}

std::vector<std::string> AllLines(Stream& stream) {
  std::vector<std::string> lines;
  for (;;) {
    auto line = stream.Next();
    EXPECT_TRUE(line) << Say(line);
    if (!line || !*line) return lines;
    lines.push_back(std::move(**line));
  }
}

std::chrono::milliseconds Took(const std::function<void()>& action) {
  const auto begun = std::chrono::steady_clock::now();
  action();
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun);
}

namespace {
int CountEntries(const char* folder) {
  const std::filesystem::directory_iterator entries(folder);
  return static_cast<int>(std::distance(begin(entries), end(entries)));
}
}  // namespace

int CountFiles() { return CountEntries("/proc/self/fd"); }
int CountThreads() { return CountEntries("/proc/self/task"); }

long ResidentKiB() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::stol(line.substr(6));
  }
  return 0;
}

}  // namespace podmirror::kube::conformance
