// The operator: threads, and what connects them.
#pragma once

#include <map>
#include <string>

#include "operator/app/options.h"

namespace podmirror::app {

// Until a signal ends it, then never returns: the process ends within two seconds whatever hangs.
int RunOperator(const Options& options, const std::map<std::string, std::string>& environment);

}  // namespace podmirror::app
