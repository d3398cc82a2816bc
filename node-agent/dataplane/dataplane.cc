#include "node-agent/dataplane/dataplane.h"

#include "node-agent/dataplane/apply.h"
#include "node-agent/dataplane/observe.h"
#include "node-agent/dataplane/privilege.h"

namespace podmirror::dataplane {
namespace {

class KernelDataplane : public Dataplane {
 public:
  explicit KernelDataplane(const std::string& bpffs) : pins_(bpffs) {}

  Result<plan::Observed> Observe() override { return ObserveAll(pins_); }
  Result<void> Apply(const plan::Op& op) override { return ApplyOp(pins_, op); }

 private:
  Pins pins_;
};

}  // namespace

Result<std::unique_ptr<Dataplane>> OpenKernel(const std::string& bpffs) {
  if (auto checked = CheckCapabilities(); !checked) return std::unexpected(checked.error());
  if (auto checked = CheckKernel(); !checked) return std::unexpected(checked.error());
  if (auto checked = CheckBpffs(bpffs); !checked) return std::unexpected(checked.error());
  return std::make_unique<KernelDataplane>(bpffs);
}

Result<plan::Observed> ObservePinned(const std::string& bpffs) { return ObserveAll(Pins(bpffs)); }

}  // namespace podmirror::dataplane
