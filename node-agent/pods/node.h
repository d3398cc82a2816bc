// Pods of a cluster: found by their addresses. Behind a host-side interface lies the network namespace of a pod; which
// one is told by the addresses in it (netlink only: no /proc, no /run/netns, no container runtime). Followed live.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "contract/result.h"
#include "node-agent/pods/pods.h"

namespace podmirror::pods {

class NodePods {
 public:
  static Result<std::unique_ptr<NodePods>> Open();
  virtual ~NodePods() = default;

  // The addresses of each pod, the most telling first. An address of two pods names neither.
  virtual void Follow(std::map<ObjectKey, std::vector<IpAddress>> pods) = 0;
  virtual int fd() const = 0;                   // readable when links may have changed: then call Process()
  virtual Result<bool> Process() = 0;           // true where Current() has changed
  virtual const PodLinks& Current() const = 0;  // one for each pod, found or not
};

}  // namespace podmirror::pods
