// Reads documents that Kubernetes has checked already: absent and null are the same, unknown fields are ignored.
// What cannot be read is remembered as the first error, and reading goes on with a default.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "contract/ip.h"
#include "contract/names.h"
#include "contract/result.h"
#include "operator/api/objects.h"
#include "operator/decode/node.h"

namespace podmirror::decode {

class Reader {
 public:
  // `error` takes the first fault; it must outlive the reader and all readers made from it.
  Reader(const Node& node, std::string path, std::optional<Error>& error);

  bool present() const { return node_ != nullptr; }
  const std::string& path() const { return path_; }

  Reader At(std::string_view field) const;  // of a map; absent where this is absent
  std::vector<Reader> Items() const;        // of a list; empty where absent

  std::string Text(std::string_view otherwise = "") const;
  bool Flag() const;  // absent: false
  std::optional<std::int64_t> Number(std::int64_t minimum, std::int64_t maximum) const;
  std::optional<IpAddress> Ip() const;  // the empty string counts as absent
  std::optional<Instant> Time() const;
  api::Labels StringMap() const;

  void Refuse(std::string what, std::string fix) const;

 private:
  Reader(const Node* node, std::string path, Position position, std::optional<Error>* error)
      : node_(node), path_(std::move(path)), position_(position), error_(error) {}
  bool Is(Node::Kind kind, std::string_view wanted) const;

  const Node* node_;  // nullptr: absent
  std::string path_;
  Position position_;
  std::optional<Error>* error_;
};

// The metadata of any kind that we watch. `namespaced`: an absent namespace is "default"; otherwise it stays empty.
api::Meta ReadMeta(const Reader& metadata, bool namespaced);

}  // namespace podmirror::decode
