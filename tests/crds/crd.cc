#include "tests/crds/crd.h"

#include <algorithm>
#include <cctype>

#include "operator/decode/kinds.h"

namespace podmirror::crds {

const decode::Node& At(const decode::Node& node, std::string_view path) {
  static const decode::Node nothing;
  const decode::Node* at = &node;
  while (at != nullptr && !path.empty()) {
    const std::size_t dot = std::min(path.find('.'), path.size());
    at = at->Find(path.substr(0, dot));
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return at == nullptr ? nothing : *at;
}

const decode::Node& Crd::version() const { return At(document, "spec.versions").items.at(0); }

const decode::Node& Crd::Property(const std::string& name) const {
  return At(version(), "schema.openAPIV3Schema.properties." + name);
}

std::vector<Crd> ReadCrds() {
  const auto read = [](std::string_view kind, const decode::Schema& schema) {
    std::string file(kind);
    std::ranges::transform(file, file.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return Crd{std::string(kind), &schema, ReadDocument(kRoot + "crds/" + file + ".yaml")};
  };
  return {read(decode::kFilterKind, decode::FilterSchema()), read(decode::kTargetKind, decode::TargetSchema()),
          read(decode::kSessionKind, decode::SessionSchema())};
}

}  // namespace podmirror::crds
