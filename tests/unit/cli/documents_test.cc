#include "cli/documents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace podmirror::cli {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;
using testing::UnorderedElementsAre;

std::string Document(const std::string& kind, const std::string& name, const std::string& spec,
                     const std::string& annotation = "") {
  const bool core = kind == "Pod" || kind == "Namespace" || kind == "Service";
  return "apiVersion: " + std::string(core ? "v1" : "podmirror.io/v1alpha1") + "\nkind: " + kind +
         "\nmetadata:\n  name: " + name + "\n  namespace: default\n" +
         (annotation.empty() ? "" : "  annotations:\n    " + annotation + "\n") + spec;
}

std::string Pod(const std::string& name, const std::string& annotation = "") {
  return Document("Pod", name, "spec: {nodeName: n7}\nstatus: {podIPs: [{ip: 10.1.0.5}]}\n", annotation);
}

std::string Filter(const std::string& name, const std::string& cidr = "10.0.0.0/8") {
  return Document("TrafficMirrorFilter", name,
                  "spec:\n  ingress:\n  - {ruleNumber: 100, action: Accept, sourceCIDR: " + cidr + "}\n");
}

std::string Join(std::initializer_list<std::string> documents) {
  std::string text;
  for (const std::string& document : documents) text += "---\n" + document;
  return text;
}

std::vector<std::string> Put(const Change& change) {
  std::vector<std::string> names;
  for (const store::AnyObject& object : change.put) names.push_back(store::KeyOf(object).name);
  return names;
}

std::vector<std::string> Removed(const Change& change) {
  std::vector<std::string> names;
  for (const ObjectId& id : change.removed) names.push_back(id.second.name);
  return names;
}

std::vector<std::string> Errors(const Change& change) {
  std::vector<std::string> texts;
  for (const Error& error : change.errors) texts.push_back(Describe(error));
  return texts;
}

bool IsQuiet(const Change& change) {
  return change.put.empty() && change.removed.empty() && change.errors.empty() && change.warnings.empty();
}

class DocumentsTest : public testing::Test {
 protected:
  Change Apply(const FolderContent& content) { return documents_.Apply(content); }
  Documents documents_{Documents::OtherPods::kElsewhere};
};

TEST_F(DocumentsTest, EveryDocumentOfEveryFileIsPutOnce) {
  const FolderContent content = {{"a.yaml", Join({Pod("a1"), Filter("a2")})}, {"b.yaml", Pod("b1")}};
  const Change change = Apply(content);
  EXPECT_THAT(Put(change), UnorderedElementsAre("a1", "a2", "b1"));
  EXPECT_THAT(Errors(change), IsEmpty());
  EXPECT_TRUE(IsQuiet(Apply(content)));
}

TEST_F(DocumentsTest, OnlyWhatChangedIsPut) {
  Apply({{"a.yaml", Join({Pod("a1"), Filter("a2")})}});
  const Change change = Apply({{"a.yaml", Join({Pod("a1"), Filter("a2", "192.0.2.0/24"), Pod("a3")})}});
  EXPECT_THAT(Put(change), UnorderedElementsAre("a2", "a3"));
  EXPECT_THAT(Removed(change), IsEmpty());
}

TEST_F(DocumentsTest, CommentsAndOrderChangeNothing) {
  Apply({{"a.yaml", Join({Pod("a1"), Filter("a2")})}});
  EXPECT_TRUE(IsQuiet(Apply({{"a.yaml", "# new\n" + Join({Filter("a2"), Pod("a1")})}})));
}

TEST_F(DocumentsTest, RemovedFilesAndDocumentsTakeTheirObjectsAlong) {
  Apply({{"a.yaml", Join({Pod("a1"), Pod("a2")})}, {"b.yaml", Pod("b1")}});
  EXPECT_THAT(Removed(Apply({{"a.yaml", Pod("a1")}})), UnorderedElementsAre("a2", "b1"));
}

TEST_F(DocumentsTest, ObjectThatMovesToAnotherFileStays) {
  Apply({{"a.yaml", Pod("p")}});
  EXPECT_TRUE(IsQuiet(Apply({{"b.yaml", Pod("p")}})));
}

TEST_F(DocumentsTest, OtherKindsAreWarnedOfOncePerKind) {
  const std::string deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\n";
  const Change change = Apply({{"a.yaml", Join({deployment, deployment})}, {"b.yaml", deployment}});
  EXPECT_THAT(change.warnings, ElementsAre(AllOf(StartsWith("a.yaml: "), HasSubstr("apps/v1 Deployment"))));
  EXPECT_THAT(Apply({{"c.yaml", deployment}}).warnings, IsEmpty());
  const Change other = Apply({{"c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n"}});
  EXPECT_THAT(other.warnings, SizeIs(1));
}

TEST_F(DocumentsTest, ItemsOfAListAreObjectsEachForItself) {
  const std::string list =
      "apiVersion: v1\nkind: List\nitems:\n"
      "- {apiVersion: v1, kind: Pod, metadata: {name: one}}\n"
      "- {apiVersion: v1, kind: Pod, metadata: {nam: two}}\n"
      "- {apiVersion: v1, kind: Secret, metadata: {name: three}}\n"
      "- {apiVersion: v1, kind: Pod, metadata: {name: four}}\n";
  const Change change = Apply({{"a.yaml", list}});
  EXPECT_THAT(Put(change), UnorderedElementsAre("one", "four"));
  EXPECT_THAT(Errors(change), ElementsAre(StartsWith("a.yaml:5:")));
  EXPECT_THAT(change.warnings, ElementsAre(HasSubstr("Secret")));
}

TEST_F(DocumentsTest, SameObjectInTwoFilesTheFirstByNameWinsAndTheSecondIsAnError) {
  const Change change = Apply({{"b.yaml", "\n" + Filter("f", "192.0.2.0/24")}, {"a.yaml", Filter("f")}});
  ASSERT_THAT(change.put, SizeIs(1));
  const auto& filter = std::get<api::TrafficMirrorFilter>(change.put[0]);
  EXPECT_EQ(filter.spec->ingress[0].source->ToString(), "10.0.0.0/8");
  EXPECT_THAT(Errors(change),
              ElementsAre(AllOf(StartsWith("b.yaml:2:1: TrafficMirrorFilter default/f is in a.yaml:1:1"),
                                HasSubstr("remove one of the two"))));
}

TEST_F(DocumentsTest, SecondOneTakesOverWhenTheFirstGoes) {
  Apply({{"a.yaml", Filter("f")}, {"b.yaml", Filter("f", "192.0.2.0/24")}});
  const Change change = Apply({{"b.yaml", Filter("f", "192.0.2.0/24")}});
  EXPECT_THAT(Put(change), ElementsAre("f"));
  EXPECT_THAT(change.removed, IsEmpty());
  EXPECT_THAT(documents_.errors(), IsEmpty());
}

TEST_F(DocumentsTest, SameObjectTwiceInOneFileIsAnErrorToo) {
  const Change change = Apply({{"a.yaml", Join({Pod("p"), Pod("p")})}});
  EXPECT_THAT(Put(change), ElementsAre("p"));
  EXPECT_THAT(Errors(change), ElementsAre(HasSubstr("Pod default/p is in a.yaml:2:1 already")));
}

TEST_F(DocumentsTest, BrokenYamlKeepsItsLastGoodStateAndSaysWhere) {
  Apply({{"a.yaml", Pod("p")}, {"b.yaml", Pod("q")}});
  const Change change = Apply({{"a.yaml", "kind: Pod\nkind: Pod\n"}, {"b.yaml", Join({Pod("q"), Pod("r")})}});
  EXPECT_THAT(Put(change), ElementsAre("r"));
  EXPECT_THAT(Removed(change), IsEmpty());
  EXPECT_THAT(Errors(change), ElementsAre(StartsWith("a.yaml:2:1")));
}

TEST_F(DocumentsTest, BrokenFileThatIsRemovedTakesItsLastGoodStateAlong) {
  Apply({{"a.yaml", Pod("p")}});
  Apply({{"a.yaml", "{"}});
  EXPECT_THAT(Removed(Apply({})), ElementsAre("p"));
}

TEST_F(DocumentsTest, MendedFileIsObeyedAndItsErrorForgotten) {
  Apply({{"a.yaml", "{"}});
  EXPECT_THAT(documents_.errors(), SizeIs(1));
  EXPECT_THAT(Put(Apply({{"a.yaml", Pod("p")}})), ElementsAre("p"));
  EXPECT_THAT(documents_.errors(), IsEmpty());
  EXPECT_THAT(Errors(Apply({{"a.yaml", "{"}})), SizeIs(1));
}

TEST_F(DocumentsTest, AnErrorThatStaysIsSaidOnce) {
  EXPECT_THAT(Errors(Apply({{"a.yaml", "{"}})), SizeIs(1));
  EXPECT_THAT(Errors(Apply({{"a.yaml", "{"}, {"b.yaml", Pod("p")}})), IsEmpty());
  EXPECT_THAT(documents_.errors(), SizeIs(1));
}

TEST_F(DocumentsTest, UnreadableFileKeepsItsLastGoodState) {
  Apply({{"a.yaml", Pod("p")}});
  const Change change = Apply({{"a.yaml", Error{"may not be read", "", "chmod"}}});
  EXPECT_THAT(change.removed, IsEmpty());
  EXPECT_THAT(Errors(change), ElementsAre("a.yaml: may not be read; chmod"));
  EXPECT_TRUE(IsQuiet(Apply({{"a.yaml", Pod("p")}})));
  EXPECT_THAT(documents_.errors(), IsEmpty());
}

TEST_F(DocumentsTest, FileThatIsBeingWrittenKeepsWhatItSaid) {
  Apply({{"a.yaml", Pod("p")}});
  EXPECT_TRUE(IsQuiet(Apply({{"a.yaml", Unsettled{}}, {"new.yaml", Unsettled{}}})));
  EXPECT_THAT(Removed(Apply({{"a.yaml", ""}})), ElementsAre("p"));
}

TEST_F(DocumentsTest, DocumentWithoutKindStopsItselfAlone) {
  const Change change = Apply({{"a.yaml", Join({Pod("p"), "apiVersion: v1\nmetadata: {name: x}\n", Pod("q")})}});
  EXPECT_THAT(Put(change), UnorderedElementsAre("p", "q"));
  EXPECT_THAT(Errors(change), ElementsAre(StartsWith("a.yaml:")));
}

TEST_F(DocumentsTest, WhatABrokenDocumentMayHaveSaidBeforeStays) {
  Apply({{"a.yaml", Join({Pod("p"), Pod("q")})}});
  const Change change = Apply({{"a.yaml", Join({Pod("p"), "kind: Pod\nmetadata: {name: 7}\n"})}});
  EXPECT_THAT(change.removed, IsEmpty());
  EXPECT_THAT(Errors(change), SizeIs(1));
  EXPECT_THAT(Removed(Apply({{"a.yaml", Pod("p")}})), ElementsAre("q"));
}

TEST_F(DocumentsTest, ObjectOfOursWithAWrongFieldIsThereAndIsAnError) {
  const Change change = Apply({{"shop.yaml", Join({Filter("bad", "10.0.0.1/8"), Filter("good")})}});
  EXPECT_THAT(Put(change), UnorderedElementsAre("bad", "good"));
  EXPECT_THAT(Errors(change), ElementsAre(AllOf(StartsWith("shop.yaml:9:"), HasSubstr("spec.ingress[0].sourceCIDR"),
                                                HasSubstr("write 10.0.0.0/8"))));
  for (const store::AnyObject& object : change.put) {
    const auto& filter = std::get<api::TrafficMirrorFilter>(object);
    EXPECT_EQ(filter.spec.has_value(), filter.meta.key.name == "good");
  }
}

TEST_F(DocumentsTest, AnnotatedPodIsOnThisHostWhateverItsNodeName) {
  const Change change = Apply({{"a.yaml", Join({Pod("here", "podmirror.io/local-interface: veth0"), Pod("there")})}});
  for (const store::AnyObject& object : change.put) {
    const auto& pod = std::get<api::Pod>(object);
    EXPECT_EQ(pod.node, pod.meta.key.name == "here" ? "local" : "");
  }
  ASSERT_THAT(documents_.places(), SizeIs(1));
  EXPECT_EQ(documents_.places().at({"default", "here"}).interface, "veth0");
}

TEST_F(DocumentsTest, DryRunKeepsNodeNames) {
  Documents dry(Documents::OtherPods::kAsWritten);
  const Change change = dry.Apply({{"a.yaml", Pod("there")}});
  EXPECT_EQ(std::get<api::Pod>(change.put.at(0)).node, "n7");
}

TEST_F(DocumentsTest, BadAnnotationSaysFileObjectAndAnnotationAndThePodIsElsewhere) {
  const Change change = Apply({{"a.yaml", Pod("p", "podmirror.io/local-netns: ../x")}});
  EXPECT_EQ(std::get<api::Pod>(change.put.at(0)).node, "");
  EXPECT_THAT(documents_.places(), IsEmpty());
  EXPECT_THAT(Errors(change), ElementsAre(AllOf(StartsWith("a.yaml:7:31 Pod default/p annotation "
                                                           "podmirror.io/local-netns: \"../x\""),
                                                HasSubstr("write the name of a file under /run/netns"))));
}

TEST_F(DocumentsTest, PlaceThatChangesIsFollowed) {
  Apply({{"a.yaml", Pod("p", "podmirror.io/local-interface: veth0")}});
  const Change change = Apply({{"a.yaml", Pod("p", "podmirror.io/local-interface: veth1")}});
  EXPECT_THAT(Put(change), ElementsAre("p"));
  EXPECT_EQ(documents_.places().at({"default", "p"}).interface, "veth1");
}

}  // namespace
}  // namespace podmirror::cli
