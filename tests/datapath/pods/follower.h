// One pod followed live, whatever it is found by: LocalPods or NodePods in a network namespace of the test's own.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "contract/names.h"
#include "node-agent/pods/pods.h"
#include "tests/support/private_network.h"

namespace podmirror::pods {

inline const ObjectKey kPod{"shop", "a"};

template <typename Pods>
class Follower : public podmirror::testing::PrivateNetwork {
 protected:
  void SetUp() override {
    PrivateNetwork::SetUp();
    auto opened = Pods::Open();
    ASSERT_TRUE(opened) << Describe(opened.error());
    pods_ = std::move(*opened);
  }

  const PodLink& Link() const { return pods_->Current().at(kPod); }

  static void ExpectNone(const PodLink& link, std::string_view reason, const std::string& word) {
    EXPECT_EQ(link.ifindex, 0u);
    EXPECT_EQ(link.reason, reason) << link.message;
    EXPECT_THAT(link.message, ::testing::HasSubstr(word));
  }

  bool Await(const std::function<bool()>& done) {
    const auto process = [this] {
      auto changed = pods_->Process();
      EXPECT_TRUE(changed) << Describe(changed.error());
    };
    const bool came = podmirror::testing::AwaitOn(pods_->fd(), process, done);
    if (!came) ADD_FAILURE() << "still " << Link().ifindex << " " << Link().reason << ": " << Link().message;
    return came;
  }

  std::unique_ptr<Pods> pods_;
};

}  // namespace podmirror::pods
