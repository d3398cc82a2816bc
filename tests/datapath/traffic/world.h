// A pod, its peer, two collectors, and the real `podmirror local` on the node between them, which is the test's own
// network namespace:
//
//   namespace pod                                   namespace peer        pod  10.1.0.2, fd01::2
//   eth0 ..01 - pod0 [ bridge br0 ] peer0 - eth0 ..02                     peer 10.1.0.3, fd01::3
//
//   node: up0 10.9.0.1 - eth0 10.9.0.2, namespace far     the uplink plays a NIC: no offloads, so it completes
//                                                         checksums and cuts super-frames
//         near0 10.8.0.1 - eth0 10.8.0.2, namespace near  a collector on the same node, behind a plain veth
//
// A test works in rounds: Mirror() starts the program with some sessions, traffic follows, and Check() compares
// everything that can be seen with what a reference that shares no code with the product says of the capture at the
// pod: the copies byte for byte, their outer headers, all counters, and that production was not touched.
#pragma once

#include <gmock/gmock.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/datapath/support/program.h"
#include "tests/datapath/support/yaml.h"
#include "tests/datapath/traffic/copies.h"
#include "tests/datapath/traffic/flows.h"
#include "tests/datapath/traffic/tap.h"
#include "tests/datapath/traffic/yaml.h"
#include "tests/oracle/reference.h"
#include "tests/support/folder.h"
#include "tests/support/private_network.h"

namespace podmirror::testing {

using Json = nlohmann::json;

// Accepts everything in both directions, all infrastructure traffic included.
DesiredFilter Everything();

struct Mtus {
  int pod = 1500;
  int path = 1600;
};

class TrafficWorld : public PrivateNetwork {
 protected:
  static constexpr std::uint32_t kVni = 4242;

  void SetUp() override { Build({}); }
  void TearDown() override;
  void Build(const Mtus& mtus);

  // Begins a round. `more`: YAML beside the sessions and their targets; its collectors and cluster DNS are named, so
  // that the reference knows them.
  struct Surroundings {
    std::string yaml;
    std::string targets = AddressTargetYaml("far", "10.9.0.2") + AddressTargetYaml("near", "10.8.0.2");
    std::vector<SocketAddress> cluster_dns;
    std::vector<SocketAddress> collectors;
  };
  void Mirror(std::vector<Session> sessions) { Mirror(std::move(sessions), Surroundings()); }
  void Mirror(std::vector<Session> sessions, const Surroundings& more);
  // One session that mirrors everything.
  void MirrorAll(const std::string& target, std::optional<std::uint16_t> packet_length = {});
  // Ends it.
  void Check();
  // Begins another one with the same sessions.
  void Forget();

  // Of what is sent raw: from the pod, or, with the MACs exchanged, from its peer.
  void SendRaw(Frame frame, Direction direction);
  void SendBothWays(const Frame& frame);
  void Expect(const Result<void>& done) { EXPECT_TRUE(done) << Describe(done.error()); }
  // Conversations between pod and peer, begun by either.
  std::vector<Ends> Conversations() const;

  // Moves what sockets hold into memory.
  void TakeFrames();
  Pump Taking() {
    return [this] { TakeFrames(); };
  }

  Json Status() const;
  // The counters of the round: what `status` says now, less what it said at its beginning.
  std::int64_t Term(const std::string& session, Direction direction, const std::string& name) const;
  std::int64_t InterfaceTerm(Direction direction, const std::string& name) const;
  // What the collectors' sockets got has right checksums; for traffic of sockets.
  void ExpectRightChecksums() const;
  const std::vector<Copy>& copies(const std::string& target) const { return collectors_.at(target).copies; }
  Program& local() { return *local_; }
  void Stop();

 private:
  struct Collector {
    Leg leg;
    std::optional<Wire> wire;
    std::optional<UdpSink> sink;
    std::vector<Frame> frames;
    std::vector<Frame> datagrams;
    std::vector<Copy> copies;
    std::vector<WantedCopy> wanted;
  };
  struct Tally {
    std::map<std::string, std::int64_t> interface[2];                        // by Direction
    std::map<std::pair<std::string, std::string>, std::int64_t> session[2];  // by session and term
  };

  void OpenCollector(const std::string& name, const Leg& leg);
  void AwaitRest();
  void Judge(const Tapped& tapped, Tally& tally);
  void Want(const Session& session, const Tapped& tapped, Direction direction, Tally& tally);
  void CheckProduction() const;
  void CheckCounters(const Tally& tally) const;
  void CheckLaw() const;
  void CheckCopies(const std::string& target, Collector& collector);
  void CheckFlows() const;
  std::int64_t WireSent(const std::string& target) const;
  std::size_t Limit(const Session& session) const;
  // Lengths at which a copy may have been cut.
  std::set<std::size_t> CutSizes() const;

  Mtus mtus_;
  Folder folder_;
  std::string links_before_;
  std::string pins_before_;
  std::map<std::string, Collector> collectors_;
  std::optional<Tap> pod_tap_;
  std::optional<Tap> peer_tap_;
  std::optional<Wire> pod_wire_;
  std::optional<Wire> peer_wire_;
  std::unique_ptr<Program> local_;

  // of the round
  std::vector<Session> sessions_;
  Surroundings more_;
  Json base_;
  Json end_;
  std::vector<Tapped> pod_frames_;
  std::vector<Tapped> peer_frames_;
  std::size_t cut_late_ = 0;
};

}  // namespace podmirror::testing
