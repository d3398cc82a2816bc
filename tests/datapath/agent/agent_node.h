// A node on which the real `podmirror-agent` runs.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "contract/messages.h"
#include "tests/datapath/support/node.h"

namespace podmirror::testing {

class AgentNode : public Node {
 protected:
  // Pod web (1), NIC ids (1).
  void SetUp() override;
  void TearDown() override;

  // Session shop/all mirrors both directions of web to ids.
  static StateMessage Shop(std::uint64_t number, std::uint32_t vni = kShopVni);
  static StateMessage Nothing(std::uint64_t number);

  std::string StateFile() const { return root_ / "kept" / "state.json"; }
  std::vector<std::string> Command(std::vector<std::string> more = {}) const;
  // Started, and it has said `until`.
  std::unique_ptr<Program> StartAgent(std::vector<std::string> more = {},
                                      const std::string& until = "the state is applied") const;

  // What its port answers: status line, headers and body; "" where nobody listens.
  static std::string Get(const std::string& path);
  // The value of the one sample that begins with `sample` ("name" or "name{labels}"); -1: none.
  static double Metric(const std::string& sample);
  static double Packets(const std::string& direction, const std::string& outcome);

  static constexpr int kPort = 9644;
};

}  // namespace podmirror::testing
