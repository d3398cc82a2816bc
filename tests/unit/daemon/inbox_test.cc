#include "node-agent/daemon/inbox.h"

#include <gtest/gtest.h>
#include <poll.h>

namespace podmirror::daemon {
namespace {

StateMessage Numbered(std::uint64_t number) {
  StateMessage message;
  message.revision.number = number;
  return message;
}

bool Readable(const Inbox& inbox) {
  pollfd entry{inbox.fd(), POLLIN, 0};
  return poll(&entry, 1, 0) == 1;
}

TEST(Inbox, WakesItsReaderOnce) {
  Inbox inbox;
  EXPECT_FALSE(Readable(inbox));
  inbox.Put(Numbered(1));
  inbox.SetConnected(true);
  EXPECT_TRUE(Readable(inbox));
  const Inbox::News news = inbox.Take();
  EXPECT_EQ(news.state, Numbered(1));
  EXPECT_TRUE(news.connected);
  EXPECT_FALSE(news.stop);
  EXPECT_FALSE(Readable(inbox));
  EXPECT_FALSE(inbox.Take().state.has_value()) << "a state is told once";
  EXPECT_TRUE(inbox.Take().connected) << "what lasts is told each time";
}

TEST(Inbox, HoldsTheNewestStateWhateverComesAfterIt) {
  Inbox inbox;
  for (const std::uint64_t number : {3, 5, 4}) inbox.Put(Numbered(number));
  EXPECT_EQ(inbox.Take().state, Numbered(5));
}

TEST(Inbox, DoesNotForgetTheWishToStop) {
  Inbox inbox;
  inbox.Stop();
  inbox.SetConnected(false);
  EXPECT_TRUE(inbox.Take().stop);
  EXPECT_TRUE(inbox.Take().stop);
}

}  // namespace
}  // namespace podmirror::daemon
