// What a person reads on stderr while `podmirror` works.
#pragma once

#include <string>
#include <string_view>

#include "contract/result.h"
#include "process/log.h"

namespace podmirror::cli {

using process::Level;

// Text from files and names goes to a terminal: control bytes are shown as \xNN, so that a message stays one line and
// cannot steer the terminal.
std::string OneLine(std::string_view text);

// One line: "error: ...", "warning: ...", "info: ...".
void Say(Level level, std::string_view text);
void Say(const Error& error);
// A line that stands alone, such as "ready".
void SayPlain(std::string_view line);

}  // namespace podmirror::cli
