// Messages of any content that is allowed.
#pragma once

#include <random>

#include "contract/messages.h"

namespace podmirror {

StateMessage RandomState(std::mt19937& random);
ReportMessage RandomReport(std::mt19937& random);

}  // namespace podmirror
