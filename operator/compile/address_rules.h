// Which addresses outside the cluster may receive copies (api.md, TrafficMirrorTarget).
#pragma once

#include <map>
#include <string_view>

#include "contract/ip.h"
#include "operator/compile/compile.h"
#include "operator/compile/verdicts.h"
#include "operator/store/snapshot.h"

namespace podmirror::compile {

// Whose the addresses are that targets name: "a Service", "a Pod", "a node".
using AddressOwners = std::map<IpAddress, std::string_view>;
AddressOwners FindAddressOwners(const store::Snapshot& snapshot);

// Ok, or AddressNotAllowed. Never a special address nor one of the cluster's, whatever the allow-list says.
Finding JudgeAddress(const IpAddress& ip, const AddressOwners& owners, const Settings& settings);

}  // namespace podmirror::compile
