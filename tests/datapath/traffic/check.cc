// The end of a round: what the reference makes of the capture at the pod, against all that can be seen.
#include <algorithm>
#include <set>
#include <unordered_map>

#include "tests/datapath/traffic/world.h"

namespace podmirror::testing {
namespace {

constexpr std::size_t kOuterToPayload = 42;  // Ethernet, IPv4, UDP
constexpr std::size_t kVxlanHeader = 8;
constexpr std::size_t kOuterOfMtu = 36;  // what the outer headers take of a path's MTU

constexpr const char* kInterfaceTerms[] = {"seen", "guarded", "malformed", "non_ip", "unmatched", "accepted_total"};
// All that the reference knows; what it does not count must be 0.
constexpr const char* kSessionTerms[] = {
    "evaluated",        "excluded",     "rejected", "no_match",   "accepted",      "over_budget",
    "drop_no_endpoint", "clone_failed", "encap_in", "drop_encap", "drop_truncate", "drop_send",
    "sampled_out",      "rate_limited", "sliced",   "mirrored",   "wire_sent",     "mtu_truncated"};

const char* NameOf(Direction direction) { return direction == Direction::kIngress ? "ingress" : "egress"; }

const Json* FindInterface(const Json& status, Direction direction) {
  for (const Json& interface : status["interfaces"]) {
    if (interface["name"] == "pod0") return &interface[NameOf(direction)];
  }
  return nullptr;
}

const Json* FindSession(const Json& status, const std::string& name, Direction direction) {
  for (const Json& session : status["sessions"]) {
    if (session["name"] != name) continue;
    for (const Json& source : session["sources"]) {
      if (source["pod"] == "pod") return &source[NameOf(direction)];
    }
  }
  return nullptr;
}

std::int64_t Value(const Json* terms, const std::string& name) {
  return terms == nullptr || !terms->contains(name) ? 0 : (*terms)[name].get<std::int64_t>();
}

// The pod has encapsulated what the kernel had not cut yet.
bool IsTunnelledSuperFrame(const Tapped& tapped) {
  return tapped.segment != 0 && tapped.checksum_from != EndOfNetworkHeaders(tapped.bytes);
}

bool IsGuarded(const oracle::Reading& reading, const std::vector<SocketAddress>& collectors) {
  if (reading.protocol != 17u || !reading.ports) return false;
  return std::ranges::any_of(collectors, [&](const SocketAddress& collector) {
    const auto first = collector.ip.bytes().begin();
    const oracle::Octets address(first, first + (collector.ip.is_v4() ? 4 : 16));
    return reading.destination == address && reading.ports->second == collector.port;
  });
}

// What one end sends to its own MAC (an answer to a forged ARP request, say) no bridge brings back.
bool IsToItself(const Frame& frame) { return std::equal(frame.begin(), frame.begin() + 6, frame.begin() + 6); }

std::multiset<Frame> Bytes(const std::vector<Tapped>& frames, bool sent) {
  std::multiset<Frame> bytes;
  for (const Tapped& frame : frames) {
    if (frame.sent == sent && !IsToItself(frame.bytes)) bytes.insert(frame.bytes);
  }
  return bytes;
}

void ExpectReceived(const std::multiset<Frame>& sent, const std::multiset<Frame>& received, const char* what) {
  std::vector<Frame> lost, strange;
  std::ranges::set_difference(sent, received, std::back_inserter(lost));
  std::ranges::set_difference(received, sent, std::back_inserter(strange));
  EXPECT_TRUE(lost.empty()) << what << ": " << lost.size() << " lost, such as " << oracle::Hex(lost.front());
  EXPECT_TRUE(strange.empty()) << what << ": " << strange.size() << " altered, such as "
                               << oracle::Hex(strange.front());
}

}  // namespace

std::int64_t TrafficWorld::Term(const std::string& session, Direction direction, const std::string& name) const {
  return Value(FindSession(end_, session, direction), name) - Value(FindSession(base_, session, direction), name);
}

std::int64_t TrafficWorld::InterfaceTerm(Direction direction, const std::string& name) const {
  return Value(FindInterface(end_, direction), name) - Value(FindInterface(base_, direction), name);
}

std::int64_t TrafficWorld::WireSent(const std::string& target) const {
  std::int64_t sum = 0;
  for (const Session& session : sessions_) {
    if (session.target != target) continue;
    for (const Direction direction : kDirections) sum += Term(session.name, direction, "wire_sent");
  }
  return sum;
}

std::size_t TrafficWorld::Limit(const Session& session) const {
  const auto path = static_cast<std::size_t>(mtus_.path) - kOuterOfMtu;
  return std::min<std::size_t>(path, session.packet_length.value_or(path));
}

std::set<std::size_t> TrafficWorld::CutSizes() const {
  std::set<std::size_t> sizes = {96, 128, 192, 256};  // what is tried where the kernel refuses to cut shorter
  for (const Session& session : sessions_) sizes.insert(Limit(session));
  return sizes;
}

void TrafficWorld::Judge(const Tapped& tapped, Tally& tally) {
  const Direction direction = tapped.sent ? Direction::kEgress : Direction::kIngress;
  auto& interface = tally.interface[static_cast<int>(direction)];
  auto& terms = tally.session[static_cast<int>(direction)];
  ++interface["seen"];
  const oracle::Reading reading = oracle::Read(tapped.bytes);
  if (reading.kind == oracle::Reading::Kind::kNonIp) return void(++interface["non_ip"]);
  if (reading.kind == oracle::Reading::Kind::kMalformed) return void(++interface["malformed"]);
  if (IsGuarded(reading, more_.collectors)) return void(++interface["guarded"]);
  std::vector<oracle::Session> sessions;
  for (const Session& session : sessions_) sessions.push_back({&session.filter, false});
  const oracle::Judgement judgement = oracle::Judge(sessions, direction, reading, more_.cluster_dns);
  const int asked = judgement.winner.value_or(static_cast<int>(sessions.size()));
  for (int i = 0; i < asked; ++i) {
    const std::string& name = sessions_[static_cast<std::size_t>(i)].name;
    ++terms[{name, "evaluated"}];
    ++terms[{name, judgement.excluded.contains(i)   ? "excluded"
                   : judgement.rejected.contains(i) ? "rejected"
                                                    : "no_match"}];
  }
  ++interface[judgement.winner ? "accepted_total" : "unmatched"];
  if (judgement.winner) Want(sessions_[static_cast<std::size_t>(*judgement.winner)], tapped, direction, tally);
}

void TrafficWorld::Want(const Session& session, const Tapped& tapped, Direction direction, Tally& tally) {
  auto& terms = tally.session[static_cast<int>(direction)];
  for (const char* term : {"evaluated", "accepted", "encap_in"}) ++terms[{session.name, term}];
  if (IsTunnelledSuperFrame(tapped)) return void(++terms[{session.name, "drop_encap"}]);
  ++terms[{session.name, "mirrored"}];
  const std::size_t limit = Limit(session);
  const std::size_t end_of_headers = std::max(EndOfNetworkHeaders(tapped.bytes), tapped.checksum_at);
  bool cut = false;
  for (WireFrame& frame : OnTheWire(tapped)) {
    cut = cut || frame.bytes.size() > limit;
    ++terms[{session.name, "wire_sent"}];
    collectors_.at(session.target)
        .wanted.push_back({session.vni, std::move(frame.bytes), limit, frame.checksum_at,
                           tapped.segment == 0 && end_of_headers + 2 > limit});
  }
  if (cut && limit < session.packet_length.value_or(65535)) ++terms[{session.name, "mtu_truncated"}];
}

void TrafficWorld::CheckCopies(const std::string& target, Collector& collector) {
  std::vector<std::string> faults;
  std::vector<Frame> payloads;
  collector.copies.clear();
  for (const Frame& frame : collector.frames) {
    collector.copies.push_back(ReadCopy(frame, collector.leg, faults));
    payloads.push_back(Frame(frame.begin() + kOuterToPayload, frame.end()));
  }
  const Comparison comparison = Compare(collector.wanted, collector.copies);
  cut_late_ += comparison.cut_late;
  faults.insert(faults.end(), comparison.faults.begin(), comparison.faults.end());
  for (const std::string& fault : faults) ADD_FAILURE() << "collector " << target << ": " << fault;
  std::ranges::sort(payloads);
  std::ranges::sort(collector.datagrams);
  EXPECT_TRUE(payloads == collector.datagrams) << "the socket at " << target << " did not get what the wire carried";
}

// One port for both directions of a flow, and not one for all flows.
void TrafficWorld::CheckFlows() const {
  std::map<std::string, std::uint16_t> port_of;
  std::set<std::uint16_t> ports;
  const std::set<std::size_t> cut = CutSizes();
  for (const auto& [name, collector] : collectors_) {
    for (const Copy& copy : collector.copies) {
      if (cut.contains(copy.inner.size())) continue;  // the flow can perhaps not be told from what is left
      const std::string flow = oracle::Read(copy.inner).flow;
      const auto [known, fresh] = port_of.emplace(flow, copy.source_port);
      EXPECT_EQ(known->second, copy.source_port) << "two source ports of one flow: " << oracle::Hex(copy.inner);
      ports.insert(copy.source_port);
    }
  }
  if (port_of.size() >= 20) {
    EXPECT_GE(ports.size(), 10u) << port_of.size() << " flows";
  }
}

// Pod and peer received what the other one sent: every frame, every byte.
void TrafficWorld::CheckProduction() const {
  ExpectReceived(Bytes(pod_frames_, true), Bytes(peer_frames_, false), "from pod to peer");
  ExpectReceived(Bytes(peer_frames_, true), Bytes(pod_frames_, false), "from peer to pod");
}

void TrafficWorld::CheckCounters(const Tally& tally) const {
  const auto count = [](const auto& terms, const auto& key) {
    const auto found = terms.find(key);
    return found == terms.end() ? 0 : found->second;
  };
  std::int64_t cut_late = 0;
  for (const Direction direction : kDirections) {
    const int d = static_cast<int>(direction);
    for (const char* term : kInterfaceTerms) {
      EXPECT_EQ(InterfaceTerm(direction, term), count(tally.interface[d], std::string(term)))
          << NameOf(direction) << " " << term;
    }
    for (const Session& session : sessions_) {
      cut_late += Term(session.name, direction, "cut_late");
      for (const char* term : kSessionTerms) {
        EXPECT_EQ(Term(session.name, direction, term),
                  count(tally.session[d], std::pair(session.name, std::string(term))))
            << session.name << " " << NameOf(direction) << " " << term;
      }
    }
  }
  EXPECT_EQ(cut_late, static_cast<std::int64_t>(cut_late_)) << "cut_late";
}

// The identities of the law from what `status` prints, whatever it says of them itself.
void TrafficWorld::CheckLaw() const {
  EXPECT_EQ(end_["law"], "ok");
  for (const Direction direction : kDirections) {
    const auto interface = [&](const char* name) { return InterfaceTerm(direction, name); };
    EXPECT_EQ(interface("seen"), interface("guarded") + interface("malformed") + interface("non_ip") +
                                     interface("unmatched") + interface("accepted_total"));
    std::int64_t accepted = 0;
    std::int64_t passed_on = interface("unmatched") + interface("accepted_total");
    for (const Session& session : sessions_) {
      SCOPED_TRACE(session.name + " " + NameOf(direction));
      const auto term = [&](const char* name) { return Term(session.name, direction, name); };
      EXPECT_EQ(term("evaluated"), passed_on);
      passed_on = term("excluded") + term("rejected") + term("no_match");
      EXPECT_EQ(term("evaluated"), passed_on + term("accepted"));
      EXPECT_EQ(term("accepted"), term("sampled_out") + term("rate_limited") + term("over_budget") +
                                      term("drop_no_endpoint") + term("clone_failed") + term("sliced") +
                                      term("encap_in"));
      EXPECT_EQ(term("encap_in"),
                term("sent") + term("segmented") + term("drop_truncate") + term("drop_encap") + term("drop_send"));
      EXPECT_EQ(term("mirrored"), term("sent") + term("segmented") + term("sliced"));
      EXPECT_EQ(term("segments_of_segmented"), term("segments_in") + term("backlog_drop"));
      EXPECT_EQ(term("segments_in"), term("segments_sent") + term("segments_dropped"));
      EXPECT_EQ(term("wire_sent"), term("segments_of_sent") + term("segments_sent"));
      accepted += term("accepted");
    }
    EXPECT_EQ(interface("accepted_total"), accepted);
    EXPECT_EQ(interface("unmatched"), passed_on);
  }
}

void TrafficWorld::ExpectRightChecksums() const {
  const std::set<std::size_t> cut = CutSizes();
  for (const auto& [name, collector] : collectors_) {
    for (const Frame& datagram : collector.datagrams) {
      if (cut.contains(datagram.size() - kVxlanHeader)) continue;
      const Frame inner(datagram.begin() + kVxlanHeader, datagram.end());
      ASSERT_TRUE(ChecksumsAreRight(inner)) << oracle::Hex(inner);
    }
  }
}

}  // namespace podmirror::testing
