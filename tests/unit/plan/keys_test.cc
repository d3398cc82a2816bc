#include <gtest/gtest.h>

#include "node-agent/plan/plan.h"
#include "tests/support/plan_world.h"

namespace podmirror::plan {
namespace {

DesiredSession Named(const std::string& ns, const std::string& name, const std::string& uid) {
  DesiredSession session;
  session.key = {ns, name};
  session.uid = uid;
  return session;
}

TEST(SessionKey, TellsSessionsApartByNamespaceNameAndUid) {
  const std::uint64_t key = SessionKey(Named("a", "b", "c"));
  EXPECT_EQ(key, SessionKey(Named("a", "b", "c")));
  EXPECT_NE(key, SessionKey(Named("x", "b", "c")));
  EXPECT_NE(key, SessionKey(Named("a", "x", "c")));
  EXPECT_NE(key, SessionKey(Named("a", "b", "x")));
}

TEST(SessionKey, DoesNotRunNamesTogether) {
  EXPECT_NE(SessionKey(Named("ab", "c", "")), SessionKey(Named("a", "bc", "")));
  EXPECT_NE(SessionKey(Named("a", "bc", "")), SessionKey(Named("a", "b", "c")));
}

TEST(SessionKey, IgnoresWhatMayChangeInASessionsLife) {
  DesiredSession session = Named("a", "b", "c");
  const std::uint64_t key = SessionKey(session);
  session.packet_length = 128;
  session.vni = Vni::Make(9).value();
  session.filter = {"a", "other"};
  EXPECT_EQ(SessionKey(session), key);
}

TEST(TargetKey, TellsTargetsApartByNamespaceAndName) {
  EXPECT_EQ(TargetKey({"a", "b"}), TargetKey({"a", "b"}));
  EXPECT_NE(TargetKey({"a", "b"}), TargetKey({"b", "a"}));
  EXPECT_NE(TargetKey({"ab", "c"}), TargetKey({"a", "bc"}));
}

TEST(InterfaceIdentity, TellsAReusedIfindexByMacPeerAndNamespace) {
  pods::PodLink link;
  link.ifindex = 7;
  const std::uint64_t identity = InterfaceIdentity(link);
  for (auto change : std::vector<void (*)(pods::PodLink&)>{[](pods::PodLink& l) { l.mac.bytes[0] = 2; },
                                                           [](pods::PodLink& l) { l.peer_ifindex = 2; },
                                                           [](pods::PodLink& l) { l.peer_namespace = 0; }}) {
    pods::PodLink other = link;
    change(other);
    EXPECT_NE(InterfaceIdentity(other), identity);
  }
}

TEST(InterfaceIdentity, IgnoresWhatMayChangeInAnInterfacesLife) {
  pods::PodLink link;
  const std::uint64_t identity = InterfaceIdentity(link);
  link.mtu = 9000;
  link.name = "renamed";
  EXPECT_EQ(InterfaceIdentity(link), identity);
}

}  // namespace
}  // namespace podmirror::plan
