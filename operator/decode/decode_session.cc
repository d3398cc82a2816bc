#include "operator/decode/kind_decoders.h"

namespace podmirror::decode {
namespace {

api::Requirement::Operator OperatorOf(std::string_view name) {
  using Operator = api::Requirement::Operator;
  if (name == "In") return Operator::kIn;
  if (name == "NotIn") return Operator::kNotIn;
  return name == "Exists" ? Operator::kExists : Operator::kDoesNotExist;
}

api::Requirement DecodeRequirement(const Node& node) {
  api::Requirement requirement;
  requirement.key = node.Find("key")->text;
  requirement.op = OperatorOf(node.Find("operator")->text);
  if (const Node* values = node.Find("values")) {
    for (const Node& value : values->items) requirement.values.push_back(value.text);
  }
  return requirement;
}

}  // namespace

api::Selector DecodeSelector(const Node& node) {
  api::Selector selector;
  if (const Node* labels = node.Find("matchLabels")) {
    for (const auto& [key, value] : labels->members) selector.match_labels[key] = value.text;
  }
  if (const Node* expressions = node.Find("matchExpressions")) {
    for (const Node& item : expressions->items) selector.match_expressions.push_back(DecodeRequirement(item));
  }
  return selector;
}

api::SessionSpec DecodeSession(const Node& spec) {
  api::SessionSpec session;
  session.number = static_cast<std::uint16_t>(spec.Find("sessionNumber")->integer);
  const Node& source = *spec.Find("source");
  session.pods = DecodeSelector(*source.Find("podSelector"));
  if (const Node* namespaces = source.Find("namespaceSelector")) session.namespaces = DecodeSelector(*namespaces);
  session.filter = spec.Find("filterRef")->Find("name")->text;
  const Node& target = *spec.Find("targetRef");
  session.target = target.Find("name")->text;
  if (const Node* ns = target.Find("namespace")) session.target_namespace = ns->text;
  if (const Node* vni = spec.Find("virtualNetworkID")) session.vni = Vni::Make(vni->integer).value();
  if (const Node* length = spec.Find("packetLength")) {
    session.packet_length = static_cast<std::uint16_t>(length->integer);
  }
  if (const Node* paused = spec.Find("paused")) session.paused = paused->boolean;
  if (const Node* expires_at = spec.Find("expiresAt")) session.expires_at = ParseInstant(expires_at->text).value();
  return session;
}

std::optional<Vni> DecodeStatusVni(const Node& document) {
  const Node* status = document.Find("status");
  const Node* number = status == nullptr ? nullptr : status->Find("virtualNetworkID");
  if (number == nullptr || number->kind != Node::Kind::kInteger) return std::nullopt;
  const Result<Vni> vni = Vni::Make(number->integer);
  return vni ? std::optional<Vni>(*vni) : std::nullopt;
}

}  // namespace podmirror::decode
