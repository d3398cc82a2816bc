#include "tests/kube/conformance/suite.h"

namespace podmirror::kube::conformance {

INSTANTIATE_TEST_SUITE_P(Transport, Conformance, testing::Values(Implementation{"cpprest", MakeTransport}),
                         [](const auto& tried) { return tried.param.name; });

}  // namespace podmirror::kube::conformance
