// The real binary as a child process, and the little world in which it runs.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/private_network.h"

namespace podmirror::testing {

class Program {
 public:
  explicit Program(std::vector<std::string> arguments) {
    int out[2];
    int err[2];
    if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    child_ = fork();
    if (child_ == 0) {
      dup2(out[1], STDOUT_FILENO);
      dup2(err[1], STDERR_FILENO);
      execvp(argv[0], argv.data());
      _exit(127);
    }
    close(out[1]);
    close(err[1]);
    streams_[0].fd = out[0];
    streams_[1].fd = err[0];
  }
  ~Program() {
    if (child_ > 0) {
      kill(child_, SIGKILL);
      waitpid(child_, nullptr, 0);
    }
    for (const Stream& stream : streams_) {
      if (stream.fd >= 0) close(stream.fd);
    }
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // Reads until stderr has the text behind what an earlier call found; false when it ended or ten seconds passed.
  bool Says(const std::string& text) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    for (;;) {
      if (const std::size_t at = err().find(text, heard_); at != std::string::npos) {
        heard_ = at + text.size();
        return true;
      }
      if (!ReadSome(end)) return false;
    }
  }

  void Signal(int number) const { kill(child_, number); }

  // The exit code, or 128 + the signal that ended it; -1 where it did not end.
  int Wait() {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (streams_[0].fd >= 0 || streams_[1].fd >= 0) {
      if (!ReadSome(end) && std::chrono::steady_clock::now() >= end) return -1;
    }
    int status = 0;
    if (child_ > 0) waitpid(child_, &status, 0);
    child_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  const std::string& out() const { return streams_[0].text; }
  const std::string& err() const { return streams_[1].text; }

 private:
  struct Stream {
    int fd = -1;
    std::string text;
  };

  bool ReadSome(std::chrono::steady_clock::time_point end) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd fds[2] = {{streams_[0].fd, POLLIN, 0}, {streams_[1].fd, POLLIN, 0}};
    if (fds[0].fd < 0 && fds[1].fd < 0) return false;
    if (poll(fds, 2, static_cast<int>(left.count())) <= 0) return false;
    for (int i = 0; i < 2; ++i) {
      if (fds[i].fd < 0 || fds[i].revents == 0) continue;
      char buffer[4096];
      const ssize_t size = read(fds[i].fd, buffer, sizeof(buffer));
      if (size > 0) {
        streams_[i].text.append(buffer, static_cast<std::size_t>(size));
      } else {
        close(fds[i].fd);
        streams_[i].fd = -1;
      }
    }
    return true;
  }

  pid_t child_ = -1;
  Stream streams_[2];
  std::size_t heard_ = 0;
};

struct Ended {
  int code;
  std::string out;
  std::string err;
};

inline Ended Execute(std::vector<std::string> arguments) {
  Program program(std::move(arguments));
  const int code = program.Wait();
  return {code, program.out(), program.err()};
}

inline Ended Podmirror(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), PODMIRROR_BINARY);
  return Execute(std::move(arguments));
}

// Sends echo requests from a network namespace and waits for each reply.
inline void Ping(const std::string& netns, const std::string& address, int count) {
  std::thread([&] {
    const int ns = open(("/run/netns/" + netns).c_str(), O_RDONLY | O_CLOEXEC);
    ASSERT_EQ(setns(ns, CLONE_NEWNET), 0) << std::strerror(errno);
    close(ns);
    const int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
    ASSERT_GE(fd, 0);
    const timeval limit{5, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    inet_pton(AF_INET, address.c_str(), &to.sin_addr);
    for (int i = 0; i < count; ++i) {
      icmphdr request{};
      request.type = ICMP_ECHO;
      request.un.echo.sequence = htons(static_cast<std::uint16_t>(i));
      // The one's complement sum of the header's two words that are not zero.
      request.checksum = static_cast<std::uint16_t>(~(ICMP_ECHO + request.un.echo.sequence));
      ASSERT_GT(sendto(fd, &request, sizeof(request), 0, reinterpret_cast<sockaddr*>(&to), sizeof(to)), 0)
          << std::strerror(errno);
      char reply[128];
      ASSERT_GT(recv(fd, reply, sizeof(reply), 0), 0) << "no reply from " << address;
    }
    close(fd);
  }).join();
}

// A pod "web" behind veth-web, and a collector "ids" behind veth-ids, on a node that routes between them; a bpffs, and
// a folder for YAML files.
class LocalWorld : public PrivateNetwork {
 protected:
  void SetUp() override {
    PrivateNetwork::SetUp();
    if (HasFatalFailure()) return;
    std::string path = ::testing::TempDir() + "podmirror-cli-XXXXXX";
    root_ = mkdtemp(path.data());
    folder_ = root_ / "folder";
    std::filesystem::create_directory(folder_);
    if (WantsBpffs()) Shell("mount -t bpf bpf /sys/fs/bpf");
    Shell(R"(
      for pod in web ids; do
        ip netns add $pod
        ip link add veth-$pod type veth peer name eth0 netns $pod
        ip link set veth-$pod up
        ip -n $pod link set lo up
        ip -n $pod link set eth0 up
      done
      ip addr add 10.1.0.1/24 dev veth-web
      ip addr add 10.2.0.1/24 dev veth-ids
      ip -n web addr add 10.1.0.5/24 dev eth0
      ip -n ids addr add 10.2.0.9/24 dev eth0
    )");
  }
  void TearDown() override {
    if (!root_.empty()) std::filesystem::remove_all(root_);
  }
  virtual bool WantsBpffs() const { return true; }

  void Write(const std::string& name, const std::string& text) const { std::ofstream(folder_ / name) << text; }

  std::vector<std::string> Local(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {PODMIRROR_BINARY, "local", "-f", folder_, "--node-budget", "off"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  // Everything mirrored from web to ids by session default/all.
  void WriteShop() const {
    Write("pods.yaml", kPods);
    Write("shop.yaml", Session("all") + kFilterAndTarget);
  }

  static std::string Session(const std::string& name, const std::string& more = "", const std::string& target = "ids") {
    return "---\napiVersion: podmirror.io/v1alpha1\nkind: TrafficMirrorSession\nmetadata: {name: " + name +
           "}\nspec:\n  sessionNumber: 1\n  source: {podSelector: {matchLabels: {app: web}}}\n  filterRef: {name: "
           "everything}\n  targetRef: {name: " +
           target + "}\n" + more;
  }

  static constexpr char kPods[] = R"(
apiVersion: v1
kind: Pod
metadata:
  name: web
  labels: {app: web}
  annotations: {podmirror.io/local-netns: web}
spec: {nodeName: anywhere}
status: {phase: Running, podIPs: [{ip: 10.1.0.5}]}
)";
  static constexpr char kFilterAndTarget[] = R"(
---
apiVersion: podmirror.io/v1alpha1
kind: TrafficMirrorFilter
metadata: {name: everything}
spec:
  ingress: [{ruleNumber: 100, action: Accept}]
  egress: [{ruleNumber: 100, action: Accept}]
---
apiVersion: podmirror.io/v1alpha1
kind: TrafficMirrorTarget
metadata: {name: ids}
spec:
  address: {ip: 10.2.0.9, port: 4789}
)";

  std::filesystem::path root_;
  std::filesystem::path folder_;
};

}  // namespace podmirror::testing
