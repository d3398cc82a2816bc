#include "node-agent/pods/find.h"

#include <fcntl.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>
#include <string>

#include "node-agent/netlink/link.h"
#include "node-agent/pods/look.h"

namespace podmirror::pods {
namespace {

using netlink::Answer;
using netlink::Attributes;
using netlink::Link;
using netlink::Request;
using netlink::Socket;

constexpr std::size_t kMaxInterfaceName = 15;  // IFNAMSIZ without the final zero
constexpr std::size_t kMaxFileName = 255;
constexpr std::size_t kMaxListed = 10;

// "a, b, c and 4 more"
std::string Listed(const std::set<std::string>& names) {
  std::string text;
  std::size_t count = 0;
  for (const std::string& name : names) {
    if (count == kMaxListed) return text + " and " + std::to_string(names.size() - count) + " more";
    if (count++ > 0) text += ", ";
    text += name;
  }
  return text;
}

// ": write one of a, b, c" or nothing to choose from.
std::string Choice(const std::string& annotation, const std::set<std::string>& names, const std::string& otherwise) {
  if (names.empty()) return "; " + otherwise;
  return "; write podmirror.io/" + annotation + ": with one of " + Listed(names);
}

std::string WhyNotSource(const Link& link) {
  if (link.is_loopback()) return "the loopback interface, whose packets belong to no pod";
  if (netlink::IsOwn(link)) return "a device of Podmirror itself";
  if (link.kind == "netkit") return "a netkit device, whose packets may pass by the hooks of its host side";
  return "an interface without an Ethernet header" + (link.kind.empty() ? "" : " (" + link.kind + ")");
}

// --- by interface name ---

Answer<std::string> InterfaceChoice(Socket& socket) {
  auto links = netlink::Links(socket);
  if (!links) return std::unexpected(links.error());
  std::set<std::string> names;
  for (const Link& link : *links) {
    if (CanBeSource(link)) names.insert(link.name);
  }
  return Choice("local-interface", names, "this host has no interface that can be a pod's");
}

bool IsInterfaceName(const std::string& name) {
  return !name.empty() && name.size() <= kMaxInterfaceName && name != "." && name != ".." &&
         std::ranges::none_of(name, [](unsigned char c) { return c == '/' || c == ':' || c <= ' ' || c == 127; });
}

Answer<PodLink> FindByName(Socket& socket, const std::string& name) {
  if (!IsInterfaceName(name)) {
    return NotFound("\"" + name +
                    "\" cannot be an interface's name; write 1 to 15 characters without blanks, '/' and ':'");
  }
  auto link = netlink::LinkByName(socket, name);
  if (!link && link.error().code != ENODEV) return std::unexpected(link.error());
  if (link && CanBeSource(*link)) return ToPodLink(*link);
  auto choice = InterfaceChoice(socket);
  if (!choice) return std::unexpected(choice.error());
  if (!link) return NotFound("this host has no interface " + name + *choice);
  return Unsupported(name + " is " + WhyNotSource(*link) + *choice);
}

// --- by network namespace ---

class OpenFile {
 public:
  explicit OpenFile(const std::string& path) : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~OpenFile() {
    if (fd_ >= 0) close(fd_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

bool IsFileName(const std::string& name) {
  return !name.empty() && name.size() <= kMaxFileName && name != "." && name != ".." &&
         name.find('/') == std::string::npos && name.find('\0') == std::string::npos;
}

std::string NamespaceChoice() {
  std::set<std::string> names;
  std::error_code ignored;
  for (std::filesystem::directory_iterator at(kNetnsFolder, ignored), end; !ignored && at != end;
       at.increment(ignored)) {
    names.insert(at->path().filename());
  }
  return Choice("local-netns", names, "there is none; make one with `ip netns add`");
}

bool IsOwnNamespace(int fd) {
  struct stat theirs{};
  struct stat ours{};
  return fstat(fd, &theirs) == 0 && stat("/proc/thread-self/ns/net", &ours) == 0 && theirs.st_dev == ours.st_dev &&
         theirs.st_ino == ours.st_ino;
}

// -1: this namespace has no id for that one.
Answer<std::int32_t> NamespaceId(Socket& socket, int fd) {
  Request request(RTM_GETNSID, 0);
  request.Body<rtgenmsg>().rtgen_family = AF_UNSPEC;
  request.U32(NETNSA_FD, static_cast<std::uint32_t>(fd));
  auto answer = socket.Ask(std::move(request));
  if (!answer) return std::unexpected(answer.error());
  if (answer->empty()) return -1;
  return static_cast<std::int32_t>(
      Attributes(answer->front(), sizeof(rtgenmsg)).U32(NETNSA_NSID).value_or(static_cast<std::uint32_t>(-1)));
}

// A namespace gets its id when a link that leads there is shown (peernet2id_alloc in rtnl_fill_ifinfo). None after
// that: no link leads there.
Answer<std::int32_t> NamespaceIdAfterLook(Socket& socket, int fd) {
  auto id = NamespaceId(socket, fd);
  if (!id || *id >= 0) return id;
  auto links = netlink::Links(socket);
  if (!links) return std::unexpected(links.error());
  return NamespaceId(socket, fd);
}

// The link there that holds one of the addresses, the first listed first. nullopt: none.
Answer<std::optional<std::uint32_t>> HolderOf(Socket& socket, std::int32_t space, const std::vector<IpAddress>& ips) {
  auto held = AddressesIn(socket, space);
  if (!held) return std::unexpected(held.error());
  std::optional<std::uint32_t> holder;
  auto best = ips.end();
  for (const auto& [ifindex, address] : *held) {
    const auto at = std::find(ips.begin(), best, address);
    if (at == best) continue;
    best = at;
    holder = ifindex;
  }
  return holder;
}

// The host's end of a link there: the two must name each other.
Answer<PodLink> HostSideOf(Socket& socket, const std::string& name, std::int32_t space, const Link& inside) {
  const std::string who = inside.name + " in network namespace " + name;
  if (inside.kind != "veth") {
    const std::string kind = inside.kind.empty() ? "a hardware device" : "a " + inside.kind;
    return Unsupported(who + " is " + kind +
                       ", not a veth: its packets pass no interface of this host; use a veth pair");
  }
  auto here = netlink::LinkByIndex(socket, inside.peer);
  if (!here && here.error().code != ENODEV) return std::unexpected(here.error());
  if (!here || here->kind != "veth" || here->peer != inside.ifindex || here->peer_namespace != space) {
    return Unsupported("the other end of " + who + " is not in this host's network namespace; move it here");
  }
  if (!CanBeSource(*here)) return Unsupported(here->name + " is " + WhyNotSource(*here));
  return ToPodLink(*here);
}

Answer<PodLink> FindBehind(Socket& socket, const LocalPlace& place, std::int32_t space) {
  const std::string& name = place.network_namespace;
  auto holder = HolderOf(socket, space, place.ips);
  if (!holder) return std::unexpected(holder.error());
  if (!*holder) {
    return NotFound("no interface in network namespace " + name + " holds " + AddressList(place.ips) +
                    "; give it the address, or correct status.podIPs");
  }
  auto inside = netlink::LinkByIndex(socket, **holder, space);
  if (!inside) return std::unexpected(inside.error());
  if (inside->is_loopback()) {
    return Unsupported("network namespace " + name + " holds " + AddressList(place.ips) +
                       " on its loopback interface; give the address to a veth, or write local-interface");
  }
  return HostSideOf(socket, name, space, *inside);
}

Answer<PodLink> FindByNamespace(Socket& socket, const LocalPlace& place) {
  const std::string& name = place.network_namespace;
  if (!IsFileName(name)) {
    return NotFound("\"" + name + "\" cannot be a network namespace's name" + NamespaceChoice());
  }
  const std::string path = std::string(kNetnsFolder) + "/" + name;
  const OpenFile file(path);
  if (file.fd() < 0) return NotFound("cannot open " + path + ": " + std::strerror(errno) + NamespaceChoice());
  if (IsOwnNamespace(file.fd())) {
    return Unsupported(path + " is this host's own network namespace; write podmirror.io/local-interface instead");
  }
  auto space = NamespaceIdAfterLook(socket, file.fd());
  if (!space && IsGone(space.error())) return NotFound(path + " is not a network namespace" + NamespaceChoice());
  if (!space) return std::unexpected(space.error());
  if (*space < 0) {
    return NotFound(
        "no interface in network namespace " + name + " has its other end on this host (looked for " +
        AddressList(place.ips) +
        "); connect it by a veth pair (packets of a macvlan, ipvlan or hardware device pass no interface here)");
  }
  auto found = FindBehind(socket, place, *space);
  if (found || !IsGone(found.error())) return found;
  return NotFound("network namespace " + name + " changed while it was looked at");
}

}  // namespace

Answer<PodLink> Find(Socket& socket, const LocalPlace& place) {
  return place.network_namespace.empty() ? FindByName(socket, place.interface) : FindByNamespace(socket, place);
}

}  // namespace podmirror::pods
