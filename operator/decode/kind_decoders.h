// One function for each kind. Ours get a spec whose shape Validate() has found faultless; the others get the document.
#pragma once

#include <optional>

#include "operator/api/objects.h"
#include "operator/decode/node.h"
#include "operator/decode/reader.h"

namespace podmirror::decode {

api::FilterSpec DecodeFilter(const Node& spec);
api::Selector DecodeSelector(const Node& node);
api::TargetSpec DecodeTarget(const Node& spec);
api::SessionSpec DecodeSession(const Node& spec);
// status.virtualNetworkID of a session; what cannot be read counts as absent.
std::optional<Vni> DecodeStatusVni(const Node& document);

api::Pod DecodePod(const Reader& document);
api::Namespace DecodeNamespace(const Reader& document);
api::Service DecodeService(const Reader& document);
api::EndpointSlice DecodeEndpointSlice(const Reader& document);

}  // namespace podmirror::decode
