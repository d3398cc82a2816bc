// The words that both messages are made of.
#pragma once

#include <cstddef>
#include <string>

#include "contract/ip.h"
#include "contract/json_value.h"
#include "contract/messages.h"
#include "contract/names.h"

namespace podmirror::json {

inline constexpr std::size_t kMaxUid = 128;

// Names as Kubernetes allows them: they become labels of metrics and words of conditions.
ObjectKey ReadNamed(Fields& fields);          // "namespace" and "name"
ObjectKey ReadReference(const Value& value);  // "namespace/name"
// In the one way in which we write them: equal values are equal bytes.
IpAddress ReadIp(const Value& value);
SocketAddress ReadSocket(const Value& value);
Instant ReadInstant(const Value& value);
Revision ReadRevision(const Value& value);

// Of a whole message; call it first: another version may have other fields.
void CheckVersion(Fields& fields);

}  // namespace podmirror::json
