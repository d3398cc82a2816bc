#include "operator/compile/selector.h"

#include <algorithm>

namespace podmirror::compile {
namespace {

bool Holds(const api::Requirement& requirement, const api::Labels& labels) {
  const auto label = labels.find(requirement.key);
  const bool exists = label != labels.end();
  const auto listed = [&] { return std::ranges::find(requirement.values, label->second) != requirement.values.end(); };
  switch (requirement.op) {
    case api::Requirement::Operator::kIn:
      return exists && listed();
    case api::Requirement::Operator::kNotIn:
      return !exists || !listed();
    case api::Requirement::Operator::kExists:
      return exists;
    case api::Requirement::Operator::kDoesNotExist:
      return !exists;
  }
  return false;
}

}  // namespace

bool Matches(const api::Selector& selector, const api::Labels& labels) {
  const auto has = [&](const auto& wanted) {
    const auto label = labels.find(wanted.first);
    return label != labels.end() && label->second == wanted.second;
  };
  return std::ranges::all_of(selector.match_labels, has) &&
         std::ranges::all_of(selector.match_expressions, [&](const auto& r) { return Holds(r, labels); });
}

}  // namespace podmirror::compile
