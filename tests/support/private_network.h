// A network namespace, a mount namespace and a /run/netns of one test's own. They die with the process, whatever
// happens to it, so nothing is left behind. Needs root.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>

namespace podmirror::testing {

// Runs a shell script in the test's namespaces; the test fails with its first command that does.
inline void Shell(const std::string& script) {
  const int status = std::system(("set -e\n" + script).c_str());
  if (status != 0) ADD_FAILURE() << "exit status " << status << " of:\n" << script;
}

class PrivateNetwork : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(geteuid(), 0u) << "this suite needs root";
    ASSERT_EQ(unshare(CLONE_NEWNET | CLONE_NEWNS), 0) << std::strerror(errno);
    ASSERT_EQ(mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0) << std::strerror(errno);
    // sysfs shows the devices of the namespace in which it was mounted.
    ASSERT_EQ(mount("sysfs", "/sys", "sysfs", 0, nullptr), 0) << std::strerror(errno);
    mkdir("/run/netns", 0755);
    ASSERT_EQ(mount("none", "/run/netns", "tmpfs", 0, nullptr), 0) << std::strerror(errno);
    Shell("ip link set lo up");
  }
};

// Calls `process` whenever `fd` is readable until `done`; false after `limit`.
inline bool AwaitOn(int fd, const std::function<void()>& process, const std::function<bool()>& done,
                    std::chrono::milliseconds limit = std::chrono::seconds(10)) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!done()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd entry{fd, POLLIN, 0};
    if (poll(&entry, 1, static_cast<int>(left.count())) > 0) process();
  }
  return true;
}

}  // namespace podmirror::testing
