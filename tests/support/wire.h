// Frames on interfaces of other network namespaces: sent raw, captured into memory. Namespaces are those of
// /run/netns (PrivateNetwork gives a test its own); an empty name is the caller's. Needs root.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "contract/result.h"

namespace podmirror::testing {

using Frame = std::vector<std::uint8_t>;

// Runs `work` on a thread of its own that is inside the namespace.
Result<void> Inside(const std::string& network_namespace, const std::function<Result<void>()>& work);

// An AF_PACKET socket on one interface. Move-only; closes itself.
class Wire {
 public:
  static Result<Wire> Open(const std::string& network_namespace, const std::string& interface);
  Wire(Wire&& other) noexcept;
  Wire& operator=(Wire&&) = delete;
  ~Wire();

  // As it is, Ethernet header first; at most the interface's MTU and its header.
  Result<void> Send(const Frame& frame) const;

  // What has come in (and, if asked for, gone out) since the last call, in order. Waits until there are `count`
  // frames that pass `want`, or `limit` is over; frames that do not pass are forgotten. A tag that the kernel keeps
  // beside the frame is put back into it.
  using Want = std::function<bool(const Frame&)>;
  std::vector<Frame> Take(std::size_t count, std::chrono::milliseconds limit, const Want& want = {}) const;

  // Whether Take() also gives what leaves through the interface. Off at first.
  void SeeOutgoing(bool on) { outgoing_ = on; }
  // Frames that the kernel dropped because the socket's buffer was full, since the last call.
  std::uint32_t Dropped() const;

 private:
  explicit Wire(int fd) : fd_(fd) {}
  int fd_ = -1;
  bool outgoing_ = false;
};

// A UDP socket whose kernel verified every checksum. `datagrams` holds the payloads that arrived.
class UdpSink {
 public:
  static Result<UdpSink> Open(const std::string& network_namespace, std::uint16_t port);
  UdpSink(UdpSink&& other) noexcept;
  UdpSink& operator=(UdpSink&&) = delete;
  ~UdpSink();

  std::vector<Frame> Take(std::size_t count, std::chrono::milliseconds limit) const;

 private:
  explicit UdpSink(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace podmirror::testing
