#include "operator/kube/wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace podmirror::kube {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

// As kube-apiserver writes one, shortened.
std::string PodJson(const std::string& name, const std::string& version) {
  return R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":")" + name +
         R"(","generateName":"web-","namespace":"shop","uid":"9b1e","resourceVersion":")" + version +
         R"(","creationTimestamp":"2026-01-02T03:04:05Z","labels":{"app":"web"},)"
         R"("annotations":{"podmirror.io/sealed":"true","other/x":"{\"metadata\":{\"name\":\"liar\"}}"},)"
         R"("managedFields":[{"manager":"kubelet","operation":"Update","fieldsV1":{"f:metadata":{"f:name":{}}}}]},)"
         R"("spec":{"containers":[{"name":"web","env":[{"name":"nodeName","value":"liar"}]}],"nodeName":"n1"},)"
         R"("status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}],"podIP":"10.0.0.1",)"
         R"("podIPs":[{"ip":"10.0.0.1"},{"ip":"fd00::1"}],"hostIP":"192.0.2.1","hostIPs":[{"ip":"192.0.2.1"}]}})";
}

std::string Line(const std::string& type, const std::string& object) {
  return R"({"type":")" + type + R"(","object":)" + object + "}";
}

const std::string kFilter =
    R"({"apiVersion":"podmirror.io/v1alpha1","kind":"TrafficMirrorFilter","metadata":{"name":"web","namespace":"shop",)"
    R"("resourceVersion":"7","generation":2,"managedFields":[{"x":1}]},"spec":{"ingress":[]},"status":{"b":1,"a":[]}})";

template <typename T>
T Decoded(Kind kind, const std::string& line) {
  Result<Frame> frame = DecodeFrame(kind, line);
  EXPECT_TRUE(frame) << Describe(frame.error());
  return std::get<T>(std::move(frame->what));
}

TEST(DecodeFrame, ReadsAPodAndItsVersion) {
  const Result<Frame> frame = DecodeFrame(Kind::kPod, Line("ADDED", PodJson("web-1", "42")));
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->resource_version, "42");
  const auto& changed = std::get<Changed>(frame->what);
  EXPECT_TRUE(changed.is_new);
  EXPECT_EQ(changed.item.key, (ObjectKey{"shop", "web-1"}));
  const auto& pod = std::get<api::Pod>(changed.item.object.value());
  EXPECT_EQ(pod.meta.key, changed.item.key);
  EXPECT_EQ(pod.meta.uid, "9b1e");
  EXPECT_EQ(pod.meta.labels, (api::Labels{{"app", "web"}}));
  EXPECT_EQ(pod.meta.annotations, (api::Labels{{"podmirror.io/sealed", "true"}}));
  EXPECT_TRUE(pod.meta.created);
  EXPECT_EQ(pod.node, "n1");
  EXPECT_EQ(pod.phase, api::PodPhase::kRunning);
  EXPECT_EQ(pod.ips.size(), 2u);
  EXPECT_EQ(pod.host_ips.size(), 1u);
}

TEST(DecodeFrame, ReadsTheOtherKindsOfKubernetes) {
  const auto ns = Decoded<Changed>(Kind::kNamespace, Line("MODIFIED", R"({"kind":"Namespace","apiVersion":"v1",
      "metadata":{"name":"shop","annotations":{"podmirror.io/allow-from":"bank"}},"spec":{"finalizers":["x"]}})"));
  EXPECT_FALSE(ns.is_new);
  EXPECT_EQ(ns.item.key, (ObjectKey{"", "shop"}));
  EXPECT_EQ(std::get<api::Namespace>(ns.item.object.value()).meta.annotations.size(), 1u);

  const auto service = Decoded<Changed>(Kind::kService, Line("ADDED", R"({"kind":"Service","apiVersion":"v1",
      "metadata":{"name":"ids","namespace":"shop"},"spec":{"type":"ClusterIP","clusterIP":"10.96.0.9",
      "clusterIPs":["10.96.0.9"],"ipFamilies":["IPv4"],"selector":{"a":"b"},
      "ports":[{"name":"vxlan","port":4789,"protocol":"UDP","targetPort":"x","nodePort":30000}]}})"));
  const auto& decoded_service = std::get<api::Service>(service.item.object.value());
  EXPECT_EQ(decoded_service.ports, (std::vector<api::ServicePort>{{"vxlan", 4789, "UDP"}}));
  EXPECT_EQ(decoded_service.cluster_ips.size(), 1u);
  EXPECT_EQ(decoded_service.ip_families.size(), 1u);

  const auto slice = Decoded<Changed>(Kind::kEndpointSlice, Line("ADDED", R"({"kind":"EndpointSlice",
      "apiVersion":"discovery.k8s.io/v1","metadata":{"name":"ids-a","namespace":"shop",
      "labels":{"kubernetes.io/service-name":"ids"}},"addressType":"IPv4","ports":[{"name":"vxlan","port":4789,
      "protocol":"UDP"}],"endpoints":[{"addresses":["10.0.0.2"],"nodeName":"n1","zone":"a",
      "conditions":{"ready":true,"serving":true,"terminating":true},
      "targetRef":{"kind":"Pod","namespace":"shop","name":"ids-1","uid":"u"}}]})"));
  const auto& decoded_slice = std::get<api::EndpointSlice>(slice.item.object.value());
  EXPECT_EQ(decoded_slice.service, "ids");
  ASSERT_EQ(decoded_slice.endpoints.size(), 1u);
  const api::Endpoint& endpoint = decoded_slice.endpoints.front();
  EXPECT_EQ(endpoint.ready, true);
  EXPECT_TRUE(endpoint.terminating);
  EXPECT_EQ(endpoint.target_kind + endpoint.target_namespace + endpoint.target_name, "Podshopids-1");
  EXPECT_EQ(decoded_slice.ports.size(), 1u);
}

TEST(DecodeFrame, KeepsTheStatusOfOurKindsAndNoManagedFields) {
  const auto changed = Decoded<Changed>(Kind::kFilter, Line("ADDED", kFilter));
  const auto& filter = std::get<api::TrafficMirrorFilter>(changed.item.object.value());
  EXPECT_TRUE(filter.spec);
  EXPECT_EQ(filter.meta.generation, 2);
  EXPECT_EQ(filter.status, R"({"a":[],"b":1})");
}

TEST(DecodeFrame, AWrongSpecOfOursIsAnObjectThatIsInvalid) {
  const auto changed = Decoded<Changed>(
      Kind::kTarget, Line("ADDED", R"({"apiVersion":"podmirror.io/v1alpha1","kind":"TrafficMirrorTarget",
      "metadata":{"name":"ids","namespace":"shop"},"spec":{"servise":{}}})"));
  EXPECT_FALSE(std::get<api::TrafficMirrorTarget>(changed.item.object.value()).spec);
}

TEST(DecodeFrame, AnObjectThatCannotBeReadKeepsItsKeyAndVersion) {
  const std::string pod = R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":"web-1","namespace":"shop",
      "resourceVersion":"9"},"status":{"podIPs":[{"ip":"10.0.0.256"}]}})";
  const Result<Frame> frame = DecodeFrame(Kind::kPod, Line("MODIFIED", pod));
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->resource_version, "9");
  const Item& item = std::get<Changed>(frame->what).item;
  EXPECT_EQ(item.key, (ObjectKey{"shop", "web-1"}));
  ASSERT_FALSE(item.object);
  EXPECT_THAT(Describe(item.object.error()), HasSubstr("status.podIPs[0].ip"));
}

TEST(DecodeFrame, AnObjectThatBreaksTheReadersLimitsKeepsItsKey) {
  std::string deep = "{\"apiVersion\":\"podmirror.io/v1alpha1\",\"kind\":\"TrafficMirrorFilter\",\"spec\":";
  deep += std::string(100, '[') + std::string(100, ']') + ",\"metadata\":{\"name\":\"x\",\"namespace\":\"shop\"}}";
  const auto changed = Decoded<Changed>(Kind::kFilter, Line("ADDED", deep));
  EXPECT_FALSE(changed.item.object);
  EXPECT_EQ(changed.item.key, (ObjectKey{"shop", "x"}));
}

TEST(DecodeFrame, AnObjectOfAnotherKindIsUnreadable) {
  const auto changed = Decoded<Changed>(Kind::kService, Line("ADDED", PodJson("web-1", "1")));
  EXPECT_FALSE(changed.item.object);
  const auto job = Decoded<Changed>(Kind::kService,
                                    Line("ADDED", R"({"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"x"}})"));
  EXPECT_FALSE(job.item.object);
}

TEST(DecodeFrame, ADeletedObjectNeedsOnlyAName) {
  const auto deleted = Decoded<Deleted>(
      Kind::kPod, Line("DELETED", R"({"metadata":{"name":"x","namespace":"shop"},"status":{"podIP":"nonsense"}})"));
  EXPECT_EQ(deleted.key, (ObjectKey{"shop", "x"}));
  EXPECT_FALSE(DecodeFrame(Kind::kPod, Line("DELETED", "{}")));
}

TEST(DecodeFrame, TellsTheBookmarkThatEndsTheInitialEvents) {
  const std::string plain = R"({"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"50"}})";
  const std::string end = R"({"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"50",
      "annotations":{"k8s.io/initial-events-end":"true"}},"spec":{"containers":null},"status":{}})";
  EXPECT_FALSE(Decoded<Bookmark>(Kind::kPod, Line("BOOKMARK", plain)).initial_events_end);
  for (const Kind kind : kAllKinds) {
    EXPECT_TRUE(Decoded<Bookmark>(kind, Line("BOOKMARK", end)).initial_events_end);
    EXPECT_EQ(DecodeFrame(kind, Line("BOOKMARK", end))->resource_version, "50");
  }
}

TEST(DecodeFrame, ReadsTheServersError) {
  const auto status = Decoded<ServerStatus>(Kind::kPod, Line("ERROR", R"({"kind":"Status","apiVersion":"v1",
      "metadata":{},"status":"Failure","message":"too old: 1, now 5","reason":"Expired","code":410})"));
  EXPECT_EQ(status.code, 410);
  EXPECT_EQ(status.reason, "Expired");
  EXPECT_EQ(status.message, "too old: 1, now 5");
  EXPECT_EQ(Decoded<ServerStatus>(Kind::kPod, Line("ERROR", "{}")).code, 500);
  EXPECT_EQ(Decoded<ServerStatus>(Kind::kPod, Line("ERROR", R"({"code":429,"details":{"retryAfterSeconds":3}})"))
                .retry_after.count(),
            3000);
}

TEST(DecodeFrame, WhatIsNoFrameIsAnError) {
  for (const std::string line :
       {"", "null", "[]", "{}", "{\"type\":\"ADDED\"", "nonsense", R"({"type":"RENAMED","object":{}})",
        R"({"type":"BOOKMARK","object":7})", R"({"type":"ERROR","object":"x"})"}) {
    EXPECT_FALSE(DecodeFrame(Kind::kPod, line)) << line;
  }
}

TEST(DecodePage, ReadsItemsThatDoNotNameTheirKind) {
  const Result<Page> page = DecodePage(Kind::kPod, R"({"kind":"PodList","apiVersion":"v1","metadata":{
      "resourceVersion":"77","continue":"abc","remainingItemCount":3},"items":[
      {"metadata":{"name":"a","namespace":"shop"},"status":{"phase":"Pending"}},
      {"metadata":{"name":"b","namespace":"shop"},"status":{"podIP":"nonsense"}}]})");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->resource_version, "77");
  EXPECT_EQ(page->continue_token, "abc");
  ASSERT_EQ(page->items.size(), 2u);
  EXPECT_TRUE(page->items[0].object);
  EXPECT_FALSE(page->items[1].object);
  EXPECT_EQ(page->items[1].key, (ObjectKey{"shop", "b"}));
}

TEST(DecodePage, ReadsALastAndAnEmptyPage) {
  for (const std::string items : {"[]", "null"}) {
    const Result<Page> page =
        DecodePage(Kind::kFilter, R"({"metadata":{"resourceVersion":"1"},"items":)" + items + "}");
    ASSERT_TRUE(page) << items;
    EXPECT_THAT(page->items, IsEmpty());
    EXPECT_EQ(page->continue_token, "");
  }
}

TEST(DecodePage, WhatIsNoListIsAnError) {
  for (const std::string body :
       {"", "{}", R"({"metadata":{"resourceVersion":"1"}})", R"({"metadata":{},"items":[]})",
        R"({"metadata":{"resourceVersion":"1"},"items":7})", R"({"metadata":{"resourceVersion":"1"},"items":[)"}) {
    EXPECT_FALSE(DecodePage(Kind::kPod, body)) << body;
  }
}

TEST(DecodeStatus, ReadsAStatusOrTakesTheBeginningOfTheBody) {
  const ServerStatus status = DecodeStatus(
      403, R"({"kind":"Status","status":"Failure","reason":"Forbidden","message":"pods is forbidden","code":403})");
  EXPECT_EQ(status.code, 403);
  EXPECT_EQ(status.reason, "Forbidden");
  const ServerStatus plain = DecodeStatus(502, "<html>" + std::string(1000, 'x'));
  EXPECT_EQ(plain.code, 502);
  EXPECT_EQ(plain.message.size(), 256u);
}

TEST(Kinds, EachHasANameAndAPathOfItsOwn) {
  std::set<std::string_view> names, paths;
  for (const Kind kind : kAllKinds) {
    names.insert(NameOf(kind));
    paths.insert(PathOf(kind));
  }
  EXPECT_EQ(names.size(), std::size(kAllKinds));
  EXPECT_EQ(paths.size(), std::size(kAllKinds));
  EXPECT_EQ(PathOf(Kind::kEndpointSlice), "/apis/discovery.k8s.io/v1/endpointslices");
  EXPECT_EQ(NameOf(Kind::kSession), "tms");
}

}  // namespace
}  // namespace podmirror::kube
