// What stands between a library's threads and the caller: queue, waiting, endings.
#include "operator/kube/http_exchange.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace podmirror::kube {
namespace {

using Kind = TransportError::Kind;
using std::chrono::milliseconds;

class ExchangeTest : public testing::Test {
 protected:
  static auto Soon() { return std::chrono::steady_clock::now() + std::chrono::seconds(20); }

  int aborts_ = 0;
  std::shared_ptr<Registry> registry_ = std::make_shared<Registry>();
  std::shared_ptr<Exchange> exchange_ = std::make_shared<Exchange>(registry_, "server", [this] { ++aborts_; });
};

TEST_F(ExchangeTest, PiecesComeOutInOrderAndThenTheEnd) {
  exchange_->OnHead({200, {}, ""});
  EXPECT_TRUE(exchange_->OnPiece("a", nullptr));
  EXPECT_TRUE(exchange_->OnPiece("b", nullptr));
  exchange_->OnEnd(std::nullopt);
  EXPECT_EQ(exchange_->Head(Soon())->status, 200);
  EXPECT_EQ(**exchange_->Take(Soon()), "a");
  EXPECT_EQ(**exchange_->Take(Soon()), "b");
  EXPECT_EQ(*exchange_->Take(Soon()), std::nullopt);
  EXPECT_EQ(*exchange_->Take(Soon()), std::nullopt);
  exchange_->Join();
}

TEST_F(ExchangeTest, FullQueueHoldsTheLibraryUntilHalfIsTaken) {
  const std::string piece(kMaxQueuedBytes / 4, 'x');
  int resumed = 0;
  exchange_->OnHead({200, {}, ""});
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(exchange_->OnPiece(piece, nullptr));
  EXPECT_FALSE(exchange_->OnPiece(piece, [&] { ++resumed; }));
  ASSERT_TRUE(exchange_->Take(Soon()));
  ASSERT_TRUE(exchange_->Take(Soon()));
  EXPECT_EQ(resumed, 0);
  ASSERT_TRUE(exchange_->Take(Soon()));
  EXPECT_EQ(resumed, 1);
  ASSERT_TRUE(exchange_->Take(Soon()));
  EXPECT_EQ(resumed, 1);
}

TEST_F(ExchangeTest, StopLetsTheLibraryGoAndDropsWhatWaits) {
  int resumed = 0;
  exchange_->OnHead({200, {}, ""});
  EXPECT_FALSE(exchange_->OnPiece(std::string(kMaxQueuedBytes + 1, 'x'), [&] { ++resumed; }));
  exchange_->Stop({Kind::kTooLarge, "too large"});
  EXPECT_EQ(resumed, 1);
  EXPECT_EQ(aborts_, 1);
  EXPECT_TRUE(exchange_->OnPiece("late", nullptr));
  exchange_->OnEnd(TransportError{Kind::kUnreachable, "aborted"});
  EXPECT_EQ(exchange_->Take(Soon()).error().kind, Kind::kTooLarge) << "the first reason stands";
}

TEST_F(ExchangeTest, CancelStandsAboveEveryOtherEnding) {
  exchange_->OnHead({200, {}, ""});
  exchange_->OnPiece("a", nullptr);
  exchange_->OnEnd(std::nullopt);
  exchange_->Cancel();
  exchange_->Cancel();
  EXPECT_EQ(exchange_->Take(Soon()).error().kind, Kind::kCancelled);
  EXPECT_EQ(exchange_->Take(Soon()).error().kind, Kind::kCancelled);
}

TEST_F(ExchangeTest, WhatCameBeforeAFaultIsTakenFirst) {
  exchange_->OnHead({200, {}, ""});
  exchange_->OnPiece("a", nullptr);
  exchange_->OnEnd(TransportError{Kind::kUnreachable, "lost"});
  EXPECT_TRUE(exchange_->Head(Soon()));
  EXPECT_EQ(**exchange_->Take(Soon()), "a");
  EXPECT_EQ(exchange_->Take(Soon()).error().kind, Kind::kUnreachable);
}

TEST_F(ExchangeTest, SilenceIsCountedFromTheMomentTheServerMaySpeakAgain) {
  exchange_->OnHead({200, {}, ""});
  exchange_->OnPiece(std::string(kMaxQueuedBytes + 1, 'x'), [] {});
  std::this_thread::sleep_for(milliseconds(300));  // the caller is slow, which is not the server's silence
  ASSERT_TRUE(exchange_->Take(milliseconds(200)));
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(exchange_->Take(milliseconds(200)).error().kind, Kind::kTimeout);
  EXPECT_GE(std::chrono::steady_clock::now() - begun, milliseconds(190));
  EXPECT_EQ(aborts_, 1);
}

TEST_F(ExchangeTest, NoHeadInTimeIsATimeoutAndAborts) {
  EXPECT_EQ(exchange_->Head(std::chrono::steady_clock::now()).error().kind, Kind::kTimeout);
  EXPECT_EQ(aborts_, 1);
}

TEST_F(ExchangeTest, StaleConnectionIsTold) {
  exchange_->OnEnd(TransportError{Kind::kUnreachable, "closed"}, /*stale=*/true);
  EXPECT_FALSE(exchange_->Head(Soon()));
  EXPECT_TRUE(exchange_->stale());
}

TEST_F(ExchangeTest, RegistryCancelsAllAndThenTakesNone) {
  ASSERT_TRUE(registry_->Add(exchange_));
  std::thread later([&] { registry_->CancelAll(); });
  EXPECT_EQ(exchange_->Head(Soon()).error().kind, Kind::kCancelled);
  later.join();
  EXPECT_FALSE(registry_->Add(exchange_));
}

}  // namespace
}  // namespace podmirror::kube
