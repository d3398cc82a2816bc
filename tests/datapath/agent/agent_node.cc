#include "tests/datapath/agent/agent_node.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "node-agent/app/counts.h"
#include "node-agent/dataplane/dataplane.h"

namespace podmirror::testing {
namespace {

std::vector<stats::HookCount> ReadCounts() {
  const auto observed = dataplane::ObservePinned("/sys/fs/bpf");
  const auto counters = dataplane::ReadCounters("/sys/fs/bpf");
  EXPECT_TRUE(observed.has_value() && counters.has_value());
  if (!observed.has_value() || !counters.has_value()) return {};
  return agent::HookCounts(*observed, *counters);
}

}  // namespace

void AgentNode::SetUp() {
  ASSERT_NO_FATAL_FAILURE(Node::SetUp());
  AddPod("web", 1);
  AddNic("ids", 1);
}

// Once two readings agree, the counters add up.
void AgentNode::TearDown() {
  if (std::filesystem::exists("/sys/fs/bpf/podmirror")) {
    std::vector<stats::HookCount> counts = ReadCounts();
    EXPECT_TRUE(Await([&] {
      poll(nullptr, 0, static_cast<int>(stats::kRest.count()));
      const auto before = std::move(counts);
      counts = ReadCounts();
      return before == counts;
    }));
    EXPECT_THAT(stats::CheckLaw(counts), ::testing::IsEmpty());
  }
}

StateMessage AgentNode::Nothing(std::uint64_t number) {
  StateMessage message;
  message.revision.epoch.lease_created = ParseInstant("2026-12-01T00:00:00Z").value();
  message.revision.number = number;
  return message;
}

StateMessage AgentNode::Shop(std::uint64_t number, std::uint32_t vni) {
  StateMessage message = Nothing(number);
  DesiredFilter filter;
  filter.key = {"shop", "everything"};
  filter.ingress = {Rule{}};
  filter.egress = {Rule{}};
  const SocketAddress collector{IpAddress::Parse(NicIp(1)).value(), kVxlan};
  DesiredSession session;
  session.key = {"shop", "all"};
  session.uid = "uid-of-all";
  session.vni = Vni::Make(vni).value();
  session.filter = filter.key;
  session.target = {"shop", "ids"};
  DesiredSource source;
  source.pod = {"shop", "web"};
  source.uid = "uid-of-web";
  source.ips = {IpAddress::Parse(PodIp(1)).value()};
  source.ingress = {session.key};
  source.egress = {session.key};
  message.state = {{filter}, {{session.target, {collector}}}, {session}, {source}, {}, {collector}, {}};
  return message;
}

std::vector<std::string> AgentNode::Command(std::vector<std::string> more) const {
  std::vector<std::string> command = {PODMIRROR_AGENT_BINARY,
                                      "--state-file",
                                      StateFile(),
                                      "--node-budget",
                                      "off",
                                      "--resync",
                                      "300ms",
                                      "--listen",
                                      "[::]:" + std::to_string(kPort)};
  command.insert(command.end(), more.begin(), more.end());
  return command;
}

std::unique_ptr<Program> AgentNode::StartAgent(std::vector<std::string> more, const std::string& until) const {
  auto agent = std::make_unique<Program>(Command(std::move(more)));
  EXPECT_TRUE(agent->Says(until)) << agent->err();
  return agent;
}

std::string AgentNode::Get(const std::string& path) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(kPort);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string answer;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0) {
    const std::string request = "GET " + path + " HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n";
    EXPECT_EQ(send(fd, request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
    char buffer[4096];
    for (ssize_t got = 0; (got = recv(fd, buffer, sizeof(buffer), 0)) > 0;) {
      answer.append(buffer, static_cast<std::size_t>(got));
    }
  }
  close(fd);
  return answer;
}

double AgentNode::Metric(const std::string& sample) {
  const std::string text = Get("/metrics");
  const std::size_t at = text.find("\n" + sample + " ");
  return at == text.npos ? -1 : std::atof(text.c_str() + at + sample.size() + 2);
}

double AgentNode::Packets(const std::string& direction, const std::string& outcome) {
  return Metric(R"(podmirror_agent_session_packets_total{namespace="shop",session="all",direction=")" + direction +
                R"(",outcome=")" + outcome + "\"}");
}

}  // namespace podmirror::testing
