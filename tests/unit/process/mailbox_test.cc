#include "process/mailbox.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>
#include <vector>

namespace podmirror::process {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

TEST(Mailbox, ValuesComeInTheOrderInWhichTheyWereSent) {
  Mailbox<int> box(10);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(box.Send(i));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(box.Receive(Clock::now()), i);
}

TEST(Mailbox, AnEmptyOneWaitsUntilTheDeadline) {
  Mailbox<int> box(1);
  const auto start = Clock::now();
  EXPECT_EQ(box.Receive(start + 30ms), std::nullopt);
  EXPECT_GE(Clock::now() - start, 30ms);
}

TEST(Mailbox, AFullOneLetsItsSenderWait) {
  Mailbox<int> box(1);
  ASSERT_TRUE(box.Send(1));
  auto second = std::async(std::launch::async, [&] { return box.Send(2); });
  EXPECT_EQ(second.wait_for(50ms), std::future_status::timeout);
  EXPECT_EQ(box.Receive(Clock::now() + 10s), 1);
  EXPECT_TRUE(second.get());
  EXPECT_EQ(box.Receive(Clock::now() + 10s), 2);
}

TEST(Mailbox, SendNowPassesTheLimit) {
  Mailbox<int> box(1);
  EXPECT_TRUE(box.SendNow(1));
  EXPECT_TRUE(box.SendNow(2));
}

TEST(Mailbox, ClosingWakesBothSides) {
  Mailbox<int> full(1);
  Mailbox<int> empty(1);
  ASSERT_TRUE(full.Send(1));
  auto sender = std::async(std::launch::async, [&] { return full.Send(2); });
  auto receiver = std::async(std::launch::async, [&] { return empty.Receive(Clock::now() + 60s); });
  full.Close();
  empty.Close();
  EXPECT_FALSE(sender.get());
  EXPECT_EQ(receiver.get(), std::nullopt);
  EXPECT_EQ(full.Receive(Clock::now()), 1);
  EXPECT_FALSE(full.SendNow(3));
}

TEST(Mailbox, NothingIsLostBetweenManySendersAndOneReceiver) {
  Mailbox<int> box(4);
  std::vector<std::thread> senders;
  senders.reserve(4);
  for (int t = 0; t < 4; ++t) {
    senders.emplace_back([&box] {
      for (int i = 1; i <= 500; ++i) box.Send(i);
    });
  }
  long sum = 0;
  for (int i = 0; i < 2000; ++i) sum += box.Receive(Clock::now() + 10s).value_or(0);
  for (auto& sender : senders) sender.join();
  EXPECT_EQ(sum, 4L * 500 * 501 / 2);
}

}  // namespace
}  // namespace podmirror::process
