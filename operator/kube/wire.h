// What the API server sends, as values: lines of a watch, pages of a list, its Status. Pure. Only what is read is
// parsed (decode/thin.h).
#pragma once

#include <chrono>
#include <expected>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "contract/result.h"
#include "operator/kube/reflector.h"

namespace podmirror::kube {

// "/api/v1/pods": of all namespaces.
std::string_view PathOf(Kind kind);

struct Item {
  ObjectKey key;  // empty where not even that could be read
  std::expected<Object, Error> object;
};

// meta/v1 Status: how the API server says no.
struct ServerStatus {
  int code = 0;
  std::string reason;
  std::string message;
  std::chrono::milliseconds retry_after{0};
};

struct Changed {
  Item item;
  bool is_new = false;  // ADDED
};
struct Deleted {
  ObjectKey key;
};
struct Bookmark {
  bool initial_events_end = false;
};

struct Frame {
  std::variant<Changed, Deleted, Bookmark, ServerStatus> what;
  std::string resource_version;  // empty where none could be read
};

// One line of a watch. An Error: it is no frame; the watch cannot be believed any more.
Result<Frame> DecodeFrame(Kind kind, std::string_view line);

struct Page {
  std::vector<Item> items;
  std::string resource_version;
  std::string continue_token;  // empty: the last page
};
Result<Page> DecodePage(Kind kind, std::string_view body);

// Never fails: of a body that is no Status, `message` is its beginning and `code` is `http_status`.
ServerStatus DecodeStatus(int http_status, std::string_view body);

// metadata.uid of an object; empty where there is none.
std::string UidOf(std::string_view body);

}  // namespace podmirror::kube
