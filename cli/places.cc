#include "cli/places.h"

#include <net/if.h>

#include <algorithm>

namespace podmirror::cli {
namespace {

constexpr std::string_view kLocalPrefix = "podmirror.io/local-";
constexpr std::size_t kMaxFileName = 255;

bool IsPlain(std::string_view name) {
  return std::ranges::all_of(name, [](char c) { return c > 0x20 && c < 0x7f && c != '/'; });
}

// As dev_valid_name() of net/core/dev.c has it.
std::string FaultOfInterface(std::string_view name) {
  if (name.empty()) return "is empty";
  if (name.size() >= IFNAMSIZ) return "is longer than 15 bytes, the kernel's limit";
  if (name == "." || name == ".." || !IsPlain(name) || name.find(':') != name.npos) return "cannot name an interface";
  return "";
}

// It becomes the last part of a path: nothing in it may lead elsewhere.
std::string FaultOfNetns(std::string_view name) {
  if (name.empty()) return "is empty";
  if (name.size() > kMaxFileName) return "is longer than 255 bytes";
  if (name == "." || name == ".." || !IsPlain(name)) return "cannot name a network namespace";
  return "";
}

}  // namespace

Placement PlaceOf(const api::Pod& pod) {
  Placement result;
  const std::string* interface = nullptr;
  const std::string* netns = nullptr;
  for (const auto& [key, value] : pod.meta.annotations) {
    if (key == kLocalInterface) {
      interface = &value;
    } else if (key == kLocalNetns) {
      netns = &value;
    } else if (key.starts_with(kLocalPrefix)) {
      result.errors.push_back(
          {"no such annotation", key, "write " + std::string(kLocalInterface) + " or " + std::string(kLocalNetns)});
    }
  }
  if (interface != nullptr && netns != nullptr) {
    result.errors.push_back({"stands beside " + std::string(kLocalInterface) + ", and only one of them can be obeyed",
                             std::string(kLocalNetns), "remove one of the two"});
  } else if (interface != nullptr) {
    if (const std::string fault = FaultOfInterface(*interface); !fault.empty()) {
      result.errors.push_back({"\"" + *interface + "\" " + fault, std::string(kLocalInterface),
                               "write the name of the pod's interface on this host, such as veth1a2b"});
    }
  } else if (netns != nullptr) {
    if (const std::string fault = FaultOfNetns(*netns); !fault.empty()) {
      result.errors.push_back({"\"" + *netns + "\" " + fault, std::string(kLocalNetns),
                               "write the name of a file under /run/netns, as `ip netns list` shows it"});
    }
  }
  if (!result.errors.empty() || (interface == nullptr && netns == nullptr)) return result;
  pods::LocalPlace place;
  if (interface != nullptr) place.interface = *interface;
  if (netns != nullptr) place.network_namespace = *netns;
  place.ips = pod.ips;
  result.place = std::move(place);
  return result;
}

}  // namespace podmirror::cli
