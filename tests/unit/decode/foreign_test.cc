// Fields of Kubernetes' own kinds that cannot be read; the golden files hold those that can.
#include <gtest/gtest.h>

#include "operator/decode/decode.h"

namespace podmirror::decode {
namespace {

std::string Refusal(const std::string& head, const std::string& rest) {
  const Result<std::vector<Node>> documents = ReadYaml(head + "\nmetadata: {name: a}\n" + rest + "\n");
  if (!documents) return "unreadable " + Describe(documents.error());
  const Result<Decoded> decoded = Decode(documents->front());
  return decoded ? "accepted" : decoded.error().where.substr(decoded.error().where.find(' ') + 1);
}

std::string Pod(const std::string& rest) { return Refusal("apiVersion: v1\nkind: Pod", rest); }
std::string Service(const std::string& spec) { return Refusal("apiVersion: v1\nkind: Service", "spec: " + spec); }
std::string Slice(const std::string& rest) {
  return Refusal("apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice", rest);
}

TEST(ForeignFaults, Pods) {
  EXPECT_EQ(Pod("spec: {nodeName: 7}"), "spec.nodeName");
  EXPECT_EQ(Pod("spec: {hostNetwork: 'true'}"), "spec.hostNetwork");
  EXPECT_EQ(Pod("spec: []"), "spec");
  EXPECT_EQ(Pod("status: {phase: 7}"), "status.phase");
  EXPECT_EQ(Pod("status: {podIPs: 10.0.0.1}"), "status.podIPs");
  EXPECT_EQ(Pod("status: {podIPs: [10.0.0.1]}"), "status.podIPs[0]");
  EXPECT_EQ(Pod("status: {podIPs: [{ip: nowhere}]}"), "status.podIPs[0].ip");
  EXPECT_EQ(Pod("status: {podIP: 10.0.0.300}"), "status.podIP");
  EXPECT_EQ(Pod("status: {hostIPs: [{ip: '::1%lo'}]}"), "status.hostIPs[0].ip");
  EXPECT_EQ(Pod("status: {hostIP: x}"), "status.hostIP");
  EXPECT_EQ(Pod("status: {phase: Odd}"), "accepted");
  EXPECT_EQ(Pod("spec: {restartPolicy: [7], hostNetwork: null}\nfuture: {}"), "accepted");
}

TEST(ForeignFaults, Services) {
  EXPECT_EQ(Service("{type: 7}"), "spec.type");
  EXPECT_EQ(Service("{clusterIPs: [x]}"), "spec.clusterIPs[0]");
  EXPECT_EQ(Service("{clusterIP: x}"), "spec.clusterIP");
  EXPECT_EQ(Service("{ipFamilies: [IPv5]}"), "spec.ipFamilies[0]");
  EXPECT_EQ(Service("{ports: [{name: a}]}"), "spec.ports[0].port");
  EXPECT_EQ(Service("{ports: [{port: 0}]}"), "spec.ports[0].port");
  EXPECT_EQ(Service("{ports: [{port: '80'}]}"), "spec.ports[0].port");
  EXPECT_EQ(Service("{ports: [{port: 80, protocol: 6}]}"), "spec.ports[0].protocol");
  EXPECT_EQ(Service("{selector: {a: b}, ports: null}"), "accepted");
}

TEST(ForeignFaults, EndpointSlices) {
  EXPECT_EQ(Slice("addressType: IPX"), "addressType");
  EXPECT_EQ(Slice("ports: []"), "addressType");
  EXPECT_EQ(Slice("addressType: IPv4\nports: [{port: 65536}]"), "ports[0].port");
  EXPECT_EQ(Slice("addressType: IPv4\nendpoints: [{addresses: [x]}]"), "endpoints[0].addresses[0]");
  EXPECT_EQ(Slice("addressType: IPv4\nendpoints: [{conditions: {ready: 'no'}}]"), "endpoints[0].conditions.ready");
  EXPECT_EQ(Slice("addressType: IPv4\nendpoints: [{conditions: {terminating: 1}}]"),
            "endpoints[0].conditions.terminating");
  EXPECT_EQ(Slice("addressType: IPv4\nendpoints: [{targetRef: Pod}]"), "endpoints[0].targetRef");
  EXPECT_EQ(Slice("addressType: IPv4\nendpoints: [{zone: 7}]"), "accepted");
}

TEST(ForeignFaults, MetadataOfAnyKind) {
  EXPECT_EQ(Refusal("apiVersion: v1\nkind: Namespace", "").substr(0, 8), "accepted");
  const auto decode = [](const char* yaml) { return Decode(ReadYaml(yaml)->front()); };
  EXPECT_FALSE(decode("{apiVersion: v1, kind: Pod, metadata: {name: a, uid: 7}}"));
  EXPECT_FALSE(decode("{apiVersion: v1, kind: Pod, metadata: {name: a, generation: -1}}"));
  EXPECT_FALSE(decode("{apiVersion: v1, kind: Pod, metadata: {name: a, deletionTimestamp: soon}}"));
  EXPECT_FALSE(decode("{apiVersion: v1, kind: Pod, metadata: name}"));
  EXPECT_FALSE(decode("{apiVersion: v1, kind: Pod, metadata: {name: a/b}}"));
  EXPECT_FALSE(decode("{apiVersion: v1, kind: Pod, metadata: {name: ../etc}}"));
  EXPECT_TRUE(decode("{apiVersion: v1, kind: Pod, metadata: {name: a, uid: null, labels: null}}"));
}

}  // namespace
}  // namespace podmirror::decode
