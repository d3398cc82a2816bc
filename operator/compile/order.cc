#include "operator/compile/order.h"

#include <tuple>

namespace podmirror::compile {

bool Older(const api::TrafficMirrorSession& a, const api::TrafficMirrorSession& b) {
  const Instant created_a = a.meta.created.value_or(Instant::max());
  const Instant created_b = b.meta.created.value_or(Instant::max());
  return std::tie(created_a, a.meta.key) < std::tie(created_b, b.meta.key);
}

bool EvaluatedBefore(const api::TrafficMirrorSession& a, const api::TrafficMirrorSession& b) {
  if (a.spec->number != b.spec->number) return a.spec->number < b.spec->number;
  return Older(a, b);
}

}  // namespace podmirror::compile
