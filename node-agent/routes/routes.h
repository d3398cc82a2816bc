// Routes: collector address -> next hop, from netlink, followed live. Observes, changes nothing.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "contract/ip.h"
#include "contract/result.h"

namespace podmirror::routes {

enum class NeighbourState : std::uint8_t { kAbsent, kPending, kResolved, kFailed };

// How this host reaches an address now. With a reason there is no way and the other fields say as much as is known.
struct NextHop {
  std::string reason;  // NoRoute, UnsupportedEgress, NeighbourFailed, NeighbourPending; empty: usable
  std::string message;
  std::uint32_t ifindex = 0;
  std::string device;
  IpAddress gateway;  // whose MAC it is; the address itself on a connected route
  IpAddress source;   // ours on this route
  MacAddress smac;
  MacAddress dmac;
  std::uint32_t mtu = 0;              // of the route: the lower of device and route
  bool completes_checksums = true;    // datapath.md, Checksums
  bool has_line_rate = false;         // false for a veth or bridge, whose speed says nothing
  std::uint64_t bits_per_second = 0;  // 0: unknown
  NeighbourState neighbour = NeighbourState::kAbsent;

  bool operator==(const NextHop&) const = default;
};

using NextHops = std::map<IpAddress, NextHop>;

// One netlink socket that listens, one that asks. Not thread-safe.
class Routes {
 public:
  static Result<std::unique_ptr<Routes>> Open();
  virtual ~Routes() = default;

  // The addresses whose way is wanted from now on.
  virtual void Follow(std::set<IpAddress> addresses) = 0;
  // Readable when something may have changed: then call Process().
  virtual int fd() const = 0;
  // Drains the events; true where Current() has changed. Lost events (ENOBUFS) cost a full look.
  virtual Result<bool> Process() = 0;
  virtual const NextHops& Current() const = 0;
};

}  // namespace podmirror::routes
