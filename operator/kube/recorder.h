// Events (events.k8s.io/v1) as users see them with `kubectl describe`: aggregated and limited. Never blocks a caller,
// never fails one: events are told, not owed.
#pragma once

#include <memory>
#include <string>

#include "contract/names.h"
#include "operator/kube/client.h"

namespace podmirror::kube {

struct ObjectReference {
  std::string api_version;
  std::string kind;
  ObjectKey key;
  std::string uid;

  auto operator<=>(const ObjectReference&) const = default;
};

// Shown with `regarding`. Where `related` is of another namespace, its owner has not asked for it: at most 20 such
// events a minute from one `related` in one namespace, then one more that says how many others there were.
struct Event {
  ObjectReference regarding;
  ObjectReference related;  // kind empty: none
  bool warning = false;
  std::string reason;  // CamelCase, at most 128 bytes
  std::string action;
  std::string note;  // cut to 1024 bytes

  auto operator<=>(const Event&) const = default;
};

class Recorder {
 public:
  // `instance`: this process's name. Equal events become a series (count, last time); a flood is cut per object.
  static std::unique_ptr<Recorder> Start(std::shared_ptr<Client> client, std::string instance);
  virtual ~Recorder() = default;  // what was not sent yet is dropped
  virtual void Record(Event event) = 0;
};

}  // namespace podmirror::kube
