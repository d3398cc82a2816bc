// What a CRD says about its kind besides the schema.
#include <gtest/gtest.h>

#include <algorithm>

#include "operator/decode/kinds.h"
#include "tests/crds/crd.h"

namespace podmirror::crds {
namespace {

using decode::Node;

std::vector<std::string> Columns(const Crd& crd) {
  std::vector<std::string> names;
  for (const Node& column : At(crd.version(), "additionalPrinterColumns").items)
    names.push_back(At(column, "name").text);
  return names;
}

TEST(Definitions, OneFileForEachKind) {
  EXPECT_EQ(
      YamlFiles(kRoot + "crds"),
      (std::vector<std::string>{"trafficmirrorfilter.yaml", "trafficmirrorsession.yaml", "trafficmirrortarget.yaml"}));
}

TEST(Definitions, NameTheKindAsTheDecoderDoes) {
  const std::map<std::string, std::string> short_names = {
      {"TrafficMirrorFilter", "tmf"}, {"TrafficMirrorTarget", "tmt"}, {"TrafficMirrorSession", "tms"}};
  for (const Crd& crd : ReadCrds()) {
    SCOPED_TRACE(crd.kind);
    std::string singular = crd.kind;
    std::ranges::transform(singular, singular.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const Node& spec = At(crd.document, "spec");
    EXPECT_EQ(At(crd.document, "apiVersion").text, "apiextensions.k8s.io/v1");
    EXPECT_EQ(At(crd.document, "kind").text, "CustomResourceDefinition");
    EXPECT_EQ(At(crd.document, "metadata.name").text, singular + "s.podmirror.io");
    EXPECT_EQ(At(spec, "group").text, decode::kGroup);
    EXPECT_EQ(At(spec, "scope").text, "Namespaced");
    EXPECT_EQ(At(spec, "names.kind").text, crd.kind);
    EXPECT_EQ(At(spec, "names.listKind").text, crd.kind + "List");
    EXPECT_EQ(At(spec, "names.plural").text, singular + "s");
    EXPECT_EQ(At(spec, "names.singular").text, singular);
    EXPECT_EQ(At(spec, "names.shortNames").items.at(0).text, short_names.at(crd.kind));
    EXPECT_EQ(At(spec, "names.categories").items.at(0).text, "podmirror");
  }
}

TEST(Definitions, HaveOneVersionWithAStatus) {
  for (const Crd& crd : ReadCrds()) {
    SCOPED_TRACE(crd.kind);
    EXPECT_EQ(At(crd.document, "spec.versions").items.size(), 1u);
    EXPECT_EQ(std::string(decode::kGroup) + "/" + At(crd.version(), "name").text, decode::kApiVersion);
    EXPECT_TRUE(At(crd.version(), "served").boolean);
    EXPECT_TRUE(At(crd.version(), "storage").boolean);
    EXPECT_NE(At(crd.version(), "subresources").Find("status"), nullptr);
    const Node& root = At(crd.version(), "schema.openAPIV3Schema");
    EXPECT_EQ(At(root, "required").items.size(), 1u);
    EXPECT_EQ(At(root, "required").items.at(0).text, "spec");
    std::vector<std::string> names;
    for (const auto& [name, property] : At(root, "properties").members) names.push_back(name);
    EXPECT_EQ(names, (std::vector<std::string>{"apiVersion", "kind", "metadata", "spec", "status"}));
  }
}

TEST(Definitions, SessionsAreListedWithTheDesignedColumns) {
  EXPECT_EQ(Columns(ReadCrds().at(2)),
            (std::vector<std::string>{"Number", "Target", "VNI", "Selected", "Mirroring", "Ready", "Age"}));
}

// ".spec.sessionNumber" names a property of the schema; conditions are picked by their type.
TEST(Definitions, ColumnsShowFieldsThatExist) {
  int columns = 0;
  for (const Crd& crd : ReadCrds()) {
    for (const Node& column : At(crd.version(), "additionalPrinterColumns").items) {
      std::string path = At(column, "jsonPath").text;
      SCOPED_TRACE(crd.kind + path);
      ++columns;
      if (path == ".metadata.creationTimestamp") continue;
      path = path.substr(1, path.find('[') - 1);
      for (std::size_t dot = path.find('.'); dot != std::string::npos; dot = path.find('.', dot + 12)) {
        path.replace(dot, 1, ".properties.");
      }
      EXPECT_EQ(At(crd.version(), "schema.openAPIV3Schema.properties." + path).kind, Node::Kind::kMap) << path;
    }
  }
  EXPECT_GE(columns, 15);
}

}  // namespace
}  // namespace podmirror::crds
