#include "node-agent/pods/local.h"

#include <utility>

#include "node-agent/pods/find.h"
#include "node-agent/pods/follow.h"

namespace podmirror::pods {
namespace {

using netlink::Answer;

class KernelPods final : public LocalPods {
 public:
  explicit KernelPods(Follower follower) : follower_(std::move(follower)) {}

  void Follow(std::map<ObjectKey, LocalPlace> places) override {
    if (places == places_) return;
    places_ = std::move(places);
    follower_.Follow([this](netlink::Socket& socket) { return LookAtAll(socket); });
  }
  int fd() const override { return follower_.fd(); }
  Result<bool> Process() override { return follower_.Process(); }
  const PodLinks& Current() const override { return follower_.Current(); }

 private:
  Answer<Looked> LookAtAll(netlink::Socket& socket) const {
    Looked looked;
    for (const auto& [pod, place] : places_) {
      auto link = Find(socket, place);
      if (!link) return std::unexpected(link.error());
      if (!place.network_namespace.empty() && link->ifindex == 0) looked.missing = true;
      looked.links.emplace(pod, std::move(*link));
    }
    return looked;
  }

  Follower follower_;
  std::map<ObjectKey, LocalPlace> places_;
};

}  // namespace

Result<std::unique_ptr<LocalPods>> LocalPods::Open() {
  auto follower = Follower::Open();
  if (!follower) return std::unexpected(follower.error());
  return std::make_unique<KernelPods>(std::move(*follower));
}

}  // namespace podmirror::pods
