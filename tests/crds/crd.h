// A CRD and the schema that the decoder has for its spec.
#pragma once

#include <string>

#include "operator/decode/schema.h"
#include "tests/crds/files.h"

namespace podmirror::crds {

struct Crd {
  std::string kind;
  const decode::Schema* schema;
  decode::Node document;

  const decode::Node& version() const;                          // the only one
  const decode::Node& Property(const std::string& name) const;  // of the whole object: spec, status
};

std::vector<Crd> ReadCrds();

// "a.b.c"; an empty node where something is missing.
const decode::Node& At(const decode::Node& node, std::string_view path);

}  // namespace podmirror::crds
