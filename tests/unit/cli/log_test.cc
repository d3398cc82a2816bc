#include "cli/log.h"

#include <gtest/gtest.h>

namespace podmirror::cli {
namespace {

TEST(Log, ControlBytesCannotSteerTheTerminal) { EXPECT_EQ(OneLine("a\nb\x1b[2Jc\x7f"), "a\\x0ab\\x1b[2Jc\\x7f"); }

TEST(Log, OtherAlphabetsStayReadable) { EXPECT_EQ(OneLine("größe 日本"), "größe 日本"); }

TEST(Log, ErrorIsOneLineWithPlaceFaultAndFix) {
  testing::internal::CaptureStderr();
  Say(Error{"10.0.0.1/8 has host bits set", "shop.yaml:12:5 spec.ingress[0].sourceCIDR", "write 10.0.0.0/8"});
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "error: shop.yaml:12:5 spec.ingress[0].sourceCIDR: 10.0.0.1/8 has host bits set; write 10.0.0.0/8\n");
}

TEST(Log, ReadyStandsAloneOnItsLine) {
  testing::internal::CaptureStderr();
  Say(Level::kWarning, "something");
  SayPlain("ready");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "warning: something\nready\n");
}

}  // namespace
}  // namespace podmirror::cli
