#include "cli/documents.h"

#include <algorithm>
#include <type_traits>

#include "cli/places.h"
#include "operator/decode/node.h"

namespace podmirror::cli {
namespace {

std::string_view KindName(store::Kind kind) {
  switch (kind) {
    case store::Kind::kFilter:
      return "TrafficMirrorFilter";
    case store::Kind::kTarget:
      return "TrafficMirrorTarget";
    case store::Kind::kSession:
      return "TrafficMirrorSession";
    case store::Kind::kPod:
      return "Pod";
    case store::Kind::kNamespace:
      return "Namespace";
    case store::Kind::kService:
      return "Service";
    case store::Kind::kEndpointSlice:
      return "EndpointSlice";
  }
  return "object";
}

std::string Name(const ObjectId& id) {
  return std::string(KindName(id.first)) + " " + (id.second.ns.empty() ? id.second.name : id.second.ToString());
}

std::string At(const std::string& file, const decode::Position& position) {
  if (position.line == 0) return file;
  return file + ":" + std::to_string(position.line) + ":" + std::to_string(position.column);
}

// "12:5 spec.ports" of a decoder becomes "shop.yaml:12:5 spec.ports".
Error InFile(const std::string& file, Error error) {
  error.where = error.where.empty() ? file : file + ":" + error.where;
  return error;
}

const api::Invalid* InvalidSpec(const store::AnyObject& object) {
  return std::visit(
      [](const auto& value) -> const api::Invalid* {
        if constexpr (requires { value.spec; }) {
          return value.spec.has_value() ? nullptr : &value.spec.error();
        } else {
          return nullptr;
        }
      },
      object);
}

// nullopt: a kind that we do not watch.
std::optional<store::AnyObject> Watched(decode::Decoded decoded) {
  return std::visit(
      [](auto& value) -> std::optional<store::AnyObject> {
        if constexpr (std::is_same_v<std::decay_t<decltype(value)>, decode::OtherKind>) {
          return std::nullopt;
        } else {
          return store::AnyObject(std::move(value));
        }
      },
      decoded);
}

// Where an annotation stands, to point at it.
decode::Position PositionOfAnnotation(const decode::Node& document, std::string_view key) {
  const decode::Node* node = &document;
  for (const std::string_view step : {std::string_view("metadata"), std::string_view("annotations"), key}) {
    const decode::Node* next = node->Find(step);
    if (next == nullptr) break;
    node = next;
  }
  return node->position;
}

std::string IgnoredKind(const std::string& file, const decode::OtherKind& other) {
  const std::string kind = other.api_version + " " + other.kind;
  const std::string advice = other.kind.ends_with("List")
                                 ? "write each of its items as a document of its own, with --- between them"
                                 : "what is read is TrafficMirrorFilter, TrafficMirrorTarget, TrafficMirrorSession, "
                                   "Pod, Namespace, Service and "
                                   "EndpointSlice";
  return file + ": kind " + kind + " is ignored, here and wherever it comes again; " + advice;
}

}  // namespace

Change Documents::Apply(const FolderContent& content) {
  Change change;
  std::erase_if(files_, [&](const auto& file) { return !content.contains(file.first); });
  for (const auto& [name, file] : content) Take(name, file, change.warnings);

  std::vector<Error> errors;
  std::map<ObjectId, Entry> merged = Merge(errors);
  for (const auto& [id, entry] : merged) {
    const auto old = objects_.find(id);
    if (old == objects_.end() || old->second.object != entry.object) change.put.push_back(entry.object);
  }
  for (const auto& [id, entry] : objects_) {
    if (!merged.contains(id)) change.removed.push_back(id);
  }
  objects_ = std::move(merged);

  std::set<std::string> described;
  for (Error& error : errors) {
    const std::string text = Describe(error);
    if (described.insert(text).second && !errors_.contains(text)) change.errors.push_back(std::move(error));
  }
  errors_ = std::move(described);
  return change;
}

std::map<ObjectKey, pods::LocalPlace> Documents::places() const {
  std::map<ObjectKey, pods::LocalPlace> places;
  for (const auto& [id, entry] : objects_) {
    if (entry.place.has_value()) places.emplace(id.second, *entry.place);
  }
  return places;
}

void Documents::Take(const std::string& name, const FileContent& content, std::vector<std::string>& warnings) {
  if (std::holds_alternative<Unsettled>(content)) return;
  File& file = files_[name];
  if (const auto* error = std::get_if<Error>(&content)) {
    file.unreadable = InFile(name, *error);
    return;
  }
  file.unreadable.reset();
  const auto& text = std::get<std::string>(content);
  if (file.text == text) return;
  Parse(name, text, file, warnings);
  file.text = text;
}

void Documents::Parse(const std::string& name, const std::string& text, File& file,
                      std::vector<std::string>& warnings) {
  file.errors.clear();
  const Result<std::vector<decode::Node>> documents = decode::ReadYaml(text);
  if (!documents.has_value()) {
    file.errors.push_back(InFile(name, documents.error()));
    return;
  }
  std::vector<Entry> entries;
  bool undecoded = false;
  for (const decode::Node& document : *documents) {
    for (const decode::Node* object : decode::ObjectsOf(document)) {
      undecoded = !TakeObject(name, *object, file, entries, warnings) || undecoded;
    }
  }
  if (undecoded) {
    for (Entry& old : file.entries) {
      const bool said = std::ranges::any_of(entries, [&](const Entry& entry) { return entry.id == old.id; });
      if (!said) entries.push_back(std::move(old));
    }
  }
  file.entries = std::move(entries);
}

bool Documents::TakeObject(const std::string& name, const decode::Node& document, File& file,
                           std::vector<Entry>& entries, std::vector<std::string>& warnings) {
  Result<decode::Decoded> decoded = decode::Decode(document);
  if (!decoded.has_value()) {
    file.errors.push_back(InFile(name, decoded.error()));
    return false;
  }
  if (const auto* other = std::get_if<decode::OtherKind>(&*decoded)) {
    if (warned_kinds_.insert(other->api_version + " " + other->kind).second) {
      warnings.push_back(IgnoredKind(name, *other));
    }
  } else if (auto object = Watched(std::move(*decoded))) {
    entries.push_back(MakeEntry(name, document, std::move(*object)));
  }
  return true;
}

Documents::Entry Documents::MakeEntry(const std::string& name, const decode::Node& document,
                                      store::AnyObject object) const {
  Entry entry;
  entry.id = {store::KindOf(object), store::KeyOf(object)};
  entry.where = At(name, document.position);
  if (const api::Invalid* invalid = InvalidSpec(object)) entry.errors.push_back(InFile(name, invalid->error));
  if (auto* pod = std::get_if<api::Pod>(&object)) {
    Placement placement = PlaceOf(*pod);
    for (Error& error : placement.errors) {
      error.where =
          At(name, PositionOfAnnotation(document, error.where)) + " " + Name(entry.id) + " annotation " + error.where;
      entry.errors.push_back(std::move(error));
    }
    entry.place = std::move(placement.place);
    if (entry.place.has_value()) {
      pod->node = kLocalNode;
    } else if (other_pods_ == OtherPods::kElsewhere) {
      pod->node.clear();
    }
  }
  entry.object = std::move(object);
  return entry;
}

std::map<ObjectId, Documents::Entry> Documents::Merge(std::vector<Error>& errors) const {
  std::map<ObjectId, Entry> merged;
  for (const auto& [name, file] : files_) {
    if (file.unreadable.has_value()) errors.push_back(*file.unreadable);
    errors.insert(errors.end(), file.errors.begin(), file.errors.end());
    for (const Entry& entry : file.entries) {
      const auto [first, inserted] = merged.emplace(entry.id, entry);
      if (inserted) {
        errors.insert(errors.end(), entry.errors.begin(), entry.errors.end());
      } else {
        errors.push_back({Name(entry.id) + " is in " + first->second.where + " already, which is the one obeyed",
                          entry.where, "remove one of the two, or give it another name"});
      }
    }
  }
  return merged;
}

}  // namespace podmirror::cli
