#include "random_messages.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace podmirror {
namespace {

class Dice {
 public:
  explicit Dice(std::mt19937& random) : random_(random) {}

  std::int64_t Number(std::int64_t least, std::int64_t most) {
    return std::uniform_int_distribution<std::int64_t>(least, most)(random_);
  }
  bool Toss() { return Number(0, 1) == 1; }

  std::string Name() { return std::string(1, static_cast<char>('a' + Number(0, 25))) + std::to_string(Number(0, 99)); }
  ObjectKey Key() { return {"ns-" + Name(), Name() + ".x"}; }

  IpAddress Ip() {
    const auto byte = [&] { return static_cast<std::uint8_t>(Number(1, 255)); };
    if (Toss()) return IpAddress::V4({byte(), byte(), byte(), byte()});
    return IpAddress::V6({0xfd, byte(), 0, 0, 0, 0, 0, 0, 0, 0, byte(), 0, 0, byte(), byte(), byte()});
  }
  SocketAddress Socket() { return {Ip(), static_cast<std::uint16_t>(Number(1, 65535))}; }
  Instant Moment() { return Instant(std::chrono::milliseconds(Number(0, 4'000'000'000'000))); }

  template <typename Make>
  auto Sorted(int most, Make make) {
    std::set<decltype(make())> set;
    for (std::int64_t i = Number(0, most); i > 0; --i) set.insert(make());
    return std::vector<decltype(make())>(set.begin(), set.end());
  }
  template <typename T>
  const T& OneOf(const std::vector<T>& list) {
    return list[static_cast<std::size_t>(Number(0, static_cast<std::int64_t>(list.size()) - 1))];
  }
  template <typename T>
  void Shuffle(std::vector<T>& list) {
    std::shuffle(list.begin(), list.end(), random_);
  }

 private:
  std::mt19937& random_;
};

PortRange Ports(Dice& dice) {
  const std::int64_t from = dice.Number(0, 65535);
  return PortRange::Make(from, dice.Number(from, 65535)).value();
}

Cidr Range(Dice& dice, bool v4) {
  return Cidr::Parse(v4 ? "10." + std::to_string(dice.Number(0, 255)) + ".0.0/16" : "fd00:1::/32").value();
}

std::vector<Rule> Rules(Dice& dice) {
  std::vector<Rule> rules;
  for (const std::int64_t number : dice.Sorted(5, [&] { return dice.Number(1, 32766); })) {
    Rule rule;
    rule.number = static_cast<std::uint16_t>(number);
    rule.action = dice.Toss() ? Action::kAccept : Action::kReject;
    if (dice.Toss()) rule.protocol = Protocol{static_cast<std::uint8_t>(dice.Number(0, 255))};
    const bool v4 = dice.Toss();
    if (dice.Toss()) rule.source = Range(dice, v4);
    if (dice.Toss()) rule.destination = Range(dice, v4);
    if (dice.Toss()) {
      rule.protocol = dice.Toss() ? kTcp : kSctp;
      rule.source_ports = Ports(dice);
      if (dice.Toss()) rule.destination_ports = Ports(dice);
    }
    rules.push_back(rule);
  }
  return rules;
}

Revision RandomRevision(Dice& dice) {
  return {{dice.Moment(), dice.Number(0, INT64_MAX)}, static_cast<std::uint64_t>(dice.Number(0, INT64_MAX)) * 2 + 1};
}

std::vector<ObjectKey> SessionsOfPod(Dice& dice, const std::vector<ObjectKey>& sessions) {
  std::vector<ObjectKey> list = dice.Sorted(3, [&] { return dice.OneOf(sessions); });
  dice.Shuffle(list);
  return list;
}

}  // namespace

StateMessage RandomState(std::mt19937& random) {
  Dice dice(random);
  StateMessage message{RandomRevision(dice), {}};
  DesiredState& state = message.state;
  const auto key = [&] { return dice.Key(); };
  const auto socket = [&] { return dice.Socket(); };
  std::vector<ObjectKey> filters = dice.Sorted(4, key);
  std::vector<ObjectKey> targets = dice.Sorted(4, key);
  std::vector<ObjectKey> sessions;
  for (const ObjectKey& filter : filters) {
    state.filters.push_back(
        {filter, Rules(dice), Rules(dice), static_cast<std::uint8_t>(dice.Number(0, 15)), dice.Toss()});
  }
  for (const ObjectKey& target : targets) state.targets.push_back({target, dice.Sorted(5, socket)});
  if (!filters.empty() && !targets.empty()) sessions = dice.Sorted(5, key);
  for (const ObjectKey& name : sessions) {
    DesiredSession session;
    session.key = name;
    if (dice.Toss()) session.uid = "uid-" + dice.Name();
    session.vni = Vni::Make(dice.Number(0, 0xffffff)).value();
    session.filter = dice.OneOf(filters);
    session.target = dice.OneOf(targets);
    if (dice.Toss()) session.packet_length = static_cast<std::uint16_t>(dice.Number(80, 65535));
    if (dice.Toss()) session.expires_at = dice.Moment();
    if (dice.Toss()) session.tier = Tier::kPriority;
    if (dice.Toss()) session.tier = Tier::kPriority;
    state.sessions.push_back(session);
  }
  for (const ObjectKey& pod : dice.Sorted(5, key)) {
    DesiredSource source;
    source.pod = pod;
    if (dice.Toss()) source.uid = "uid-" + dice.Name();
    source.ips = dice.Sorted(2, [&] { return dice.Ip(); });
    if (!sessions.empty()) source.ingress = SessionsOfPod(dice, sessions);
    if (!sessions.empty()) source.egress = SessionsOfPod(dice, sessions);
    state.sources.push_back(source);
  }
  state.cluster_dns = dice.Sorted(3, socket);
  state.collectors = dice.Sorted(5, socket);
  state.priority_collectors = dice.Sorted(2, socket);
  state.priority_collectors = dice.Sorted(2, socket);
  return message;
}

ReportMessage RandomReport(std::mt19937& random) {
  Dice dice(random);
  ReportMessage message;
  if (dice.Toss()) message.applied = RandomRevision(dice);
  message.agent_version = "0." + dice.Name();
  message.kernel = "6.18-" + dice.Name();
  message.attach_mode = dice.Toss() ? "tcx" : "";
  const auto text = [&] { return dice.Toss() ? "quoted \"\u00e9\" \\ and a\nline " + dice.Name() : ""; };
  const auto reason = [&] { return dice.Toss() ? "NotProgrammed" : ""; };
  for (const ObjectKey& pod : dice.Sorted(5, [&] { return dice.Key(); })) {
    message.report.sources.push_back({pod, dice.Toss() ? "veth" + dice.Name() : "", reason(), text()});
  }
  for (const SocketAddress& endpoint : dice.Sorted(5, [&] { return dice.Socket(); })) {
    message.report.endpoints.push_back({endpoint, reason(), text()});
  }
  for (const ObjectKey& session : dice.Sorted(5, [&] { return dice.Key(); })) {
    message.report.truncations.push_back({session, "eth0", static_cast<std::uint32_t>(dice.Number(0, UINT32_MAX)),
                                          static_cast<std::uint32_t>(dice.Number(0, 65535))});
  }
  return message;
}

}  // namespace podmirror
