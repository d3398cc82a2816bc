// `podmirror local`: the whole pipeline on this host, with a folder in the place of the API server and a function call
// in the place of the stream. One thread, one poll().
#pragma once

#include "cli/options.h"

namespace podmirror::cli {

int RunLocal(const LocalOptions& options);

}  // namespace podmirror::cli
