// Any bytes as a line of a watch, a page of a list and a Status, of every kind that is watched: an answer that keeps
// the readers' promises, or an Error that says something. The first byte is the kind.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string_view>
#include <variant>

#include "operator/kube/reflector_collect.h"
#include "operator/kube/wire.h"

namespace podmirror::kube {
namespace {

void Require(bool holds, std::string_view promise) {
  if (holds) return;
  std::cerr << "broken promise: " << promise << "\n";
  std::abort();
}

void Inspect(Kind kind, const Item& item) {
  if (!item.object) return Require(!item.object.error().what.empty(), "an error says what is wrong");
  Require(item.object->index() == static_cast<std::size_t>(kind), "an object is of the kind that was asked for");
  Require(KeyOf(*item.object) == item.key, "an item has its object's key");
  Require(!item.key.name.empty(), "an object that was read has a name");
}

void Inspect(Kind kind, const Frame& frame) {
  if (const auto* changed = std::get_if<Changed>(&frame.what)) Inspect(kind, changed->item);
  if (const auto* deleted = std::get_if<Deleted>(&frame.what)) {
    Require(!deleted->key.name.empty(), "what is deleted has a name");
  }
  if (const auto* status = std::get_if<ServerStatus>(&frame.what)) {
    Require(status->code > 0 && status->code < 1000, "a status has a code");
    Require(status->retry_after >= std::chrono::seconds(0) && status->retry_after <= std::chrono::hours(1),
            "nobody waits for ever");
  }
}

void Read(Kind kind, std::string_view text) {
  if (const Result<Frame> frame = DecodeFrame(kind, text)) {
    Inspect(kind, *frame);
  } else {
    Require(!frame.error().what.empty(), "an error says what is wrong");
  }
  if (const Result<Page> page = DecodePage(kind, text)) {
    Require(!page->resource_version.empty(), "a list has a resourceVersion");
    for (const Item& item : page->items) Inspect(kind, item);
  }
  const ServerStatus status = DecodeStatus(500, text);
  Require(status.code == 500, "the code is HTTP's");
  UidOf(text);
}

}  // namespace
}  // namespace podmirror::kube

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace podmirror::kube;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  Read(kAllKinds[data[0] % std::size(kAllKinds)], text);
  return 0;
}
