#include "node-agent/plan/op.h"

#include <gtest/gtest.h>

#include "node-agent/plan/lower_abi.h"
#include "tests/support/plan_world.h"

namespace podmirror::plan {
namespace {

TEST(Describe, NamesTheOpAndItsThing) {
  EXPECT_EQ(Describe(CreateBase{}), "CreateBase");
  EXPECT_EQ(Describe(PutHook{3, PM_EGRESS, {}}), "PutHook 3 egress");
  EXPECT_EQ(Describe(RemoveHook{3, PM_INGRESS}), "RemoveHook 3 ingress");
  EXPECT_EQ(Describe(PutInterface{20, {.index = 4, .pad = 0, .identity = 1}}), "PutInterface 20 as 4");
  EXPECT_EQ(Describe(Attach{20, PM_INGRESS}), "Attach to interface 20 ingress");
  EXPECT_EQ(Describe(AttachUplink{2}), "AttachUplink 2");
  EXPECT_EQ(Describe(DetachUplink{2}), "DetachUplink 2");
  EXPECT_EQ(Describe(PutBudget{1, {2, 1000, 5}}), "PutBudget 1 of interface 2, 1000 bytes/s");
}

TEST(Describe, WritesAddressesAsPeopleDo) {
  const auto socket = LowerSocket(test::Socket("10.9.0.1:4789"));
  EXPECT_EQ(Describe(PutCollector{socket, PM_GUARD_NORMAL}), "PutCollector 10.9.0.1:4789");
  EXPECT_EQ(Describe(PutCollector{socket, PM_GUARD_ALL}), "PutCollector 10.9.0.1:4789 for all");
  EXPECT_EQ(Describe(RemoveService{LowerSocket(test::Socket("[fd00::a]:53"))}), "RemoveService [fd00::a]:53");
  EXPECT_EQ(Describe(PutNeighbour{{2, IpAddress::V4({10, 0, 0, 1})}}), "PutNeighbour 10.0.0.1 on interface 2");
}

TEST(Raise, UndoesLower) {
  for (const char* text : {"10.9.0.1:4789", "255.1.2.3:65535", "[fd00::a]:53", "[::1]:1"})
    EXPECT_EQ(RaiseSocket(LowerSocket(test::Socket(text))), test::Socket(text));
  const IpAddress address = IpAddress::V4({1, 2, 3, 4});
  EXPECT_EQ(RaiseV4(LowerV4(address)), address);
}

}  // namespace
}  // namespace podmirror::plan
