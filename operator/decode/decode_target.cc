#include "contract/limits.h"
#include "operator/decode/kind_decoders.h"

namespace podmirror::decode {
namespace {

std::uint16_t PortOf(const Node& map) {
  const Node* port = map.Find("port");
  return port == nullptr ? kDefaultVxlanPort : static_cast<std::uint16_t>(port->integer);
}

api::AllowedNamespaces DecodeAllowed(const Node& node) {
  using From = api::AllowedNamespaces::From;
  api::AllowedNamespaces allowed;
  if (const Node* from = node.Find("from")) {
    allowed.from = from->text == "All" ? From::kAll : from->text == "Selector" ? From::kSelector : From::kSame;
  }
  if (const Node* selector = node.Find("selector")) allowed.selector = DecodeSelector(*selector);
  return allowed;
}

}  // namespace

api::TargetSpec DecodeTarget(const Node& spec) {
  api::TargetSpec target;
  if (const Node* service = spec.Find("service")) {
    target.service = api::ServiceRef{service->Find("name")->text, PortOf(*service)};
  }
  if (const Node* address = spec.Find("address")) {
    target.address = SocketAddress{IpAddress::Parse(address->Find("ip")->text).value(), PortOf(*address)};
  }
  if (const Node* allowed = spec.Find("allowedNamespaces")) target.allowed = DecodeAllowed(*allowed);
  return target;
}

}  // namespace podmirror::decode
