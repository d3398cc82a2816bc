#include "cli/places.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace podmirror::cli {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const std::string kInterface(kLocalInterface);
const std::string kNetns(kLocalNetns);

api::Pod PodWith(api::Labels annotations) {
  api::Pod pod;
  pod.meta.key = {"default", "web"};
  pod.meta.annotations = std::move(annotations);
  pod.ips = {*IpAddress::Parse("10.1.0.5")};
  return pod;
}

TEST(Places, PodWithoutAnnotationIsElsewhere) {
  const Placement placement = PlaceOf(PodWith({}));
  EXPECT_FALSE(placement.place.has_value());
  EXPECT_THAT(placement.errors, IsEmpty());
}

TEST(Places, InterfaceIsTaken) {
  const Placement placement = PlaceOf(PodWith({{"podmirror.io/local-interface", "veth1a2b"}}));
  ASSERT_TRUE(placement.place.has_value());
  EXPECT_EQ(placement.place->interface, "veth1a2b");
  EXPECT_EQ(placement.place->network_namespace, "");
}

TEST(Places, NetworkNamespaceIsTakenWithThePodsAddresses) {
  const Placement placement = PlaceOf(PodWith({{"podmirror.io/local-netns", "shop-1"}}));
  ASSERT_TRUE(placement.place.has_value());
  EXPECT_EQ(placement.place->network_namespace, "shop-1");
  EXPECT_EQ(placement.place->interface, "");
  EXPECT_EQ(placement.place->ips, std::vector{*IpAddress::Parse("10.1.0.5")});
}

TEST(Places, OtherAnnotationsOfOursAreNoneOfItsBusiness) {
  const Placement placement = PlaceOf(PodWith({{"podmirror.io/sealed", "true"}}));
  EXPECT_FALSE(placement.place.has_value());
  EXPECT_THAT(placement.errors, IsEmpty());
}

TEST(Places, BothAnnotationsAreAnErrorAndThePodIsElsewhere) {
  const Placement placement = PlaceOf(PodWith({{kInterface, "veth0"}, {kNetns, "shop"}}));
  EXPECT_FALSE(placement.place.has_value());
  ASSERT_THAT(placement.errors, SizeIs(1));
  EXPECT_EQ(placement.errors[0].where, kNetns);
  EXPECT_EQ(placement.errors[0].fix, "remove one of the two");
}

TEST(Places, MisspeltAnnotationSaysWhatToWrite) {
  const Placement placement = PlaceOf(PodWith({{"podmirror.io/local-iface", "veth0"}}));
  EXPECT_FALSE(placement.place.has_value());
  ASSERT_THAT(placement.errors, SizeIs(1));
  EXPECT_EQ(placement.errors[0].where, "podmirror.io/local-iface");
  EXPECT_THAT(placement.errors[0].fix, HasSubstr("podmirror.io/local-interface or podmirror.io/local-netns"));
}

struct BadName {
  std::string annotation;
  std::string value;
  std::string fault;
};

void PrintTo(const BadName& name, std::ostream* out) { *out << name.annotation << " \"" << name.value << '"'; }

class BadPlace : public testing::TestWithParam<BadName> {};

TEST_P(BadPlace, IsAnErrorThatNamesTheAnnotationAndThePodIsElsewhere) {
  const auto& [annotation, value, fault] = GetParam();
  const Placement placement = PlaceOf(PodWith({{annotation, value}}));
  EXPECT_FALSE(placement.place.has_value());
  ASSERT_THAT(placement.errors, SizeIs(1));
  EXPECT_EQ(placement.errors[0].where, annotation);
  EXPECT_THAT(placement.errors[0].what, HasSubstr(fault));
  EXPECT_NE(placement.errors[0].fix, "");
}

INSTANTIATE_TEST_SUITE_P(Names, BadPlace,
                         testing::Values(BadName{kInterface, "", "is empty"},
                                         BadName{kInterface, "sixteen-letters-", "15 bytes"},
                                         BadName{kInterface, "..", "cannot name an interface"},
                                         BadName{kInterface, "a/b", "cannot name an interface"},
                                         BadName{kInterface, "a b", "cannot name an interface"},
                                         BadName{kInterface, "eth0:1", "cannot name an interface"},
                                         BadName{kNetns, "", "is empty"},
                                         BadName{kNetns, "..", "cannot name a network namespace"},
                                         BadName{kNetns, "../../etc/passwd", "cannot name a network namespace"},
                                         BadName{kNetns, "/proc/1/ns/net", "cannot name a network namespace"},
                                         BadName{kNetns, "a\nb", "cannot name a network namespace"},
                                         BadName{kNetns, std::string(256, 'a'), "255 bytes"}));

TEST(Places, LongestNamesAreTaken) {
  EXPECT_TRUE(PlaceOf(PodWith({{kInterface, "fifteen-letters"}})).place.has_value());
  EXPECT_TRUE(PlaceOf(PodWith({{kNetns, std::string(255, 'a')}})).place.has_value());
}

}  // namespace
}  // namespace podmirror::cli
