// Pods of local mode: each says by itself where it is on this host. Followed live.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "contract/result.h"
#include "node-agent/pods/pods.h"

namespace podmirror::pods {

// Exactly one of the two is set.
struct LocalPlace {
  std::string interface;          // host-side interface, by name
  std::string network_namespace;  // under /run/netns; the interface in it that holds one of `ips`
  std::vector<IpAddress> ips;

  bool operator==(const LocalPlace&) const = default;
};

class LocalPods {
 public:
  static Result<std::unique_ptr<LocalPods>> Open();
  virtual ~LocalPods() = default;

  virtual void Follow(std::map<ObjectKey, LocalPlace> places) = 0;
  virtual int fd() const = 0;                   // readable when links may have changed: then call Process()
  virtual Result<bool> Process() = 0;           // true where Current() has changed
  virtual const PodLinks& Current() const = 0;  // one for each place, found or not
};

}  // namespace podmirror::pods
