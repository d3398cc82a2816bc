// `podmirror status`: what is programmed and counted now, whoever programmed it.
#pragma once

#include "cli/options.h"

namespace podmirror::cli {

int RunStatus(const StatusOptions& options);

}  // namespace podmirror::cli
