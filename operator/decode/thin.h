// Cutting JSON down to what somebody reads, before it is parsed: most of a Pod's 5 KB is not. Text to text, without
// allocating for what falls away.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "contract/result.h"

namespace podmirror::decode {

// Which members of a map are kept; of a list: of each of its maps.
struct Shape {
  // What happens to members that are not named in `fields`.
  enum class Rest { kKeep, kDrop, kOurs };  // kOurs: kept where the key begins with podmirror.io/
  struct Field;

  std::vector<Field> fields;
  Rest rest = Rest::kDrop;
};

struct Shape::Field {
  std::string_view name;
  Shape shape = {{}, Rest::kKeep};
  bool drop = false;
};

// Of what is kept every byte is kept. Errors only where brackets and quotes do not match up; whether the result is
// JSON is for its reader to say.
Result<std::string> Thin(std::string_view json, const Shape& shape);

// A map's members, or a list's items, as they are written. Views into `json`.
struct Part {
  std::string_view key;  // empty: an item. Escapes are left as they are written
  std::string_view value;
};
Result<std::vector<Part>> Split(std::string_view json);

}  // namespace podmirror::decode
