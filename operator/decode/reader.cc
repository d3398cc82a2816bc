#include "operator/decode/reader.h"

#include <limits>
#include <utility>

#include "operator/decode/schema.h"
#include "operator/decode/syntax.h"

namespace podmirror::decode {

Reader::Reader(const Node& node, std::string path, std::optional<Error>& error)
    : node_(node.kind == Node::Kind::kNull ? nullptr : &node),
      path_(std::move(path)),
      position_(node.position),
      error_(&error) {}

Reader Reader::At(std::string_view field) const {
  std::string path = path_.empty() ? std::string(field) : path_ + "." + std::string(field);
  const Node* found = Is(Node::Kind::kMap, "a map") ? node_->Find(field) : nullptr;
  if (found != nullptr && found->kind == Node::Kind::kNull) found = nullptr;
  return {found, std::move(path), found == nullptr ? position_ : found->position, error_};
}

std::vector<Reader> Reader::Items() const {
  std::vector<Reader> items;
  if (!Is(Node::Kind::kList, "a list")) return items;
  for (std::size_t i = 0; i < node_->items.size(); ++i) {
    items.push_back(Reader(node_->items[i], path_ + "[" + std::to_string(i) + "]", *error_));
  }
  return items;
}

std::string Reader::Text(std::string_view otherwise) const {
  return Is(Node::Kind::kString, "a string") ? node_->text : std::string(otherwise);
}

bool Reader::Flag() const { return Is(Node::Kind::kBool, "true or false") && node_->boolean; }

std::optional<std::int64_t> Reader::Number(std::int64_t minimum, std::int64_t maximum) const {
  if (!Is(Node::Kind::kInteger, "a whole number")) return std::nullopt;
  if (node_->integer >= minimum && node_->integer <= maximum) return node_->integer;
  Refuse(node_->text + " is out of range",
         "write a number from " + std::to_string(minimum) + " to " + std::to_string(maximum));
  return std::nullopt;
}

std::optional<IpAddress> Reader::Ip() const {
  const std::string text = Text();
  if (text.empty()) return std::nullopt;
  const Result<IpAddress> address = IpAddress::Parse(text);
  if (address) return *address;
  Refuse(address.error().what, address.error().fix);
  return std::nullopt;
}

std::optional<Instant> Reader::Time() const {
  if (!Is(Node::Kind::kString, "a string")) return std::nullopt;
  const Result<Instant> instant = ParseInstant(node_->text);
  if (instant) return *instant;
  Refuse(instant.error().what, instant.error().fix);
  return std::nullopt;
}

api::Labels Reader::StringMap() const {
  api::Labels labels;
  if (!Is(Node::Kind::kMap, "a map")) return labels;
  for (const auto& [key, value] : node_->members) {
    const Reader member(&value, path_ + "[" + Quote(key) + "]", value.position, error_);
    labels[key] = member.Text();
  }
  return labels;
}

void Reader::Refuse(std::string what, std::string fix) const {
  if (!*error_) *error_ = Error{std::move(what), Where(position_, path_), std::move(fix)};
}

bool Reader::Is(Node::Kind kind, std::string_view wanted) const {
  if (node_ == nullptr) return false;
  if (node_->kind == kind) return true;
  const bool scalar = node_->kind != Node::Kind::kList && node_->kind != Node::Kind::kMap;
  Refuse(
      (scalar ? Quote(node_->text) + " is " : "is ") + std::string(node_->KindName()) + ", not " + std::string(wanted),
      kind == Node::Kind::kString && scalar ? "quote it: \"" + node_->text + "\"" : "write " + std::string(wanted));
  return false;
}

api::Meta ReadMeta(const Reader& metadata, bool namespaced) {
  constexpr std::string_view kOurAnnotations = "podmirror.io/";
  api::Meta meta;
  if (!metadata.present()) metadata.Refuse("the field metadata is missing", "write metadata: {name: ...}");
  const Reader name = metadata.At("name");
  meta.key.name = name.Text();
  if (!name.present()) name.Refuse("the field name is missing", "give the object a name");
  if (namespaced ? !IsDnsSubdomain(meta.key.name) : !IsDnsLabel(meta.key.name)) {
    name.Refuse(Quote(meta.key.name) + " is not a name",
                "write lower-case letters, digits and '-' or '.', beginning and ending with a letter or digit");
  }
  if (namespaced) {
    const Reader ns = metadata.At("namespace");
    meta.key.ns = ns.Text("default");
    if (!IsDnsLabel(meta.key.ns)) {
      ns.Refuse(Quote(meta.key.ns) + " is not a namespace",
                "write lower-case letters, digits and '-', beginning and ending with a letter or digit");
    }
  }
  meta.uid = metadata.At("uid").Text();
  meta.generation = metadata.At("generation").Number(0, std::numeric_limits<std::int64_t>::max()).value_or(0);
  meta.created = metadata.At("creationTimestamp").Time();
  meta.deleting = metadata.At("deletionTimestamp").Time().has_value();
  meta.labels = metadata.At("labels").StringMap();
  meta.annotations = metadata.At("annotations").StringMap();
  std::erase_if(meta.annotations, [&](const auto& entry) { return !entry.first.starts_with(kOurAnnotations); });
  return meta;
}

}  // namespace podmirror::decode
