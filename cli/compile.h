// `podmirror compile`: what a folder would do, without touching the kernel.
#pragma once

#include "cli/options.h"

namespace podmirror::cli {

int RunCompile(const CompileOptions& options);

}  // namespace podmirror::cli
