#include "operator/kube/wire.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "operator/decode/kinds.h"
#include "operator/decode/thin.h"

namespace podmirror::kube {
namespace {

using decode::Node;
using decode::Part;
using decode::Shape;
using Rest = Shape::Rest;

constexpr std::string_view kInitialEventsEnd = "k8s.io/initial-events-end";

struct KindInfo {
  Kind kind;
  std::string_view name;
  std::string_view path;
  std::string_view api_version;
  std::string_view kind_name;
};

constexpr KindInfo kKinds[] = {
    {Kind::kFilter, "tmf", "/apis/podmirror.io/v1alpha1/trafficmirrorfilters", decode::kApiVersion,
     decode::kFilterKind},
    {Kind::kTarget, "tmt", "/apis/podmirror.io/v1alpha1/trafficmirrortargets", decode::kApiVersion,
     decode::kTargetKind},
    {Kind::kSession, "tms", "/apis/podmirror.io/v1alpha1/trafficmirrorsessions", decode::kApiVersion,
     decode::kSessionKind},
    {Kind::kPod, "pods", "/api/v1/pods", "v1", "Pod"},
    {Kind::kNamespace, "namespaces", "/api/v1/namespaces", "v1", "Namespace"},
    {Kind::kService, "services", "/api/v1/services", "v1", "Service"},
    {Kind::kEndpointSlice, "endpointslices", "/apis/discovery.k8s.io/v1/endpointslices", "discovery.k8s.io/v1",
     "EndpointSlice"},
};

const KindInfo& InfoOf(Kind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

Shape::Field All(std::string_view name) { return {name}; }
Shape::Field Some(std::string_view name, std::vector<Shape::Field> fields) {
  return {name, {std::move(fields), Rest::kDrop}};
}

Shape::Field Annotations() { return {"annotations", {{}, Rest::kOurs}}; }

Shape::Field ForeignMetadata() {
  return Some("metadata", {All("name"), All("namespace"), All("uid"), All("generation"), All("resourceVersion"),
                           All("creationTimestamp"), All("deletionTimestamp"), All("labels"), Annotations()});
}

// A kind that is not ours: what decode/decode_core.cc reads of it.
Shape Foreign(std::vector<Shape::Field> fields) {
  fields.push_back(All("apiVersion"));
  fields.push_back(All("kind"));
  fields.push_back(ForeignMetadata());
  return {std::move(fields), Rest::kDrop};
}

// Unknown fields of our kinds are faults, so nothing falls away but what is never judged.
Shape Ours() {
  const Shape metadata{{{"managedFields", {}, true}, Annotations()}, Rest::kKeep};
  return {{{"metadata", metadata}}, Rest::kKeep};
}

const Shape& ShapeOf(Kind kind) {
  static const Shape ours = Ours();
  static const Shape pod =
      Foreign({Some("spec", {All("nodeName"), All("hostNetwork")}),
               Some("status", {All("phase"), All("podIP"), All("podIPs"), All("hostIP"), All("hostIPs")})});
  static const Shape ns = Foreign({});
  static const Shape service =
      Foreign({Some("spec", {All("type"), All("clusterIP"), All("clusterIPs"), All("ipFamilies"),
                             Some("ports", {All("name"), All("port"), All("protocol")})})});
  static const Shape slice =
      Foreign({All("addressType"), Some("ports", {All("name"), All("port"), All("protocol")}),
               Some("endpoints", {All("addresses"), Some("conditions", {All("ready"), All("terminating")}),
                                  Some("targetRef", {All("kind"), All("namespace"), All("name")})})});
  switch (kind) {
    case Kind::kFilter:
    case Kind::kTarget:
    case Kind::kSession:
      return ours;
    case Kind::kPod:
      return pod;
    case Kind::kNamespace:
      return ns;
    case Kind::kService:
      return service;
    case Kind::kEndpointSlice:
      return slice;
  }
  return ours;
}

// Of what is only named.
const Shape& MetadataShape() {
  static const Shape shape{{Some("metadata", {All("name"), All("namespace"), All("resourceVersion"),
                                              Some("annotations", {All(kInitialEventsEnd)})})},
                           Rest::kDrop};
  return shape;
}

std::string TextAt(const Node& map, std::string_view key) {
  const Node* value = map.Find(key);
  return value != nullptr && value->kind == Node::Kind::kString ? value->text : std::string();
}

const Node& MapAt(const Node& map, std::string_view key) {
  static const Node nothing;
  const Node* value = map.Find(key);
  return value == nullptr ? nothing : *value;
}

Result<Node> ReadThin(std::string_view json, const Shape& shape) {
  const Result<std::string> thin = decode::Thin(json, shape);
  if (!thin) return std::unexpected(thin.error());
  Result<Node> node = decode::ReadJson(*thin);
  if (node && node->kind != Node::Kind::kMap) return Fail("an object must be a map");
  return node;
}

ObjectKey KeyOf(const Node& document, Kind kind) {
  const Node& metadata = MapAt(document, "metadata");
  ObjectKey key{TextAt(metadata, "namespace"), TextAt(metadata, "name")};
  if (key.name.empty()) return {};
  if (kind != Kind::kNamespace && key.ns.empty()) key.ns = "default";
  return key;
}

void SetMissing(Node& document, std::string_view key, std::string_view text) {
  if (document.Find(key) != nullptr) return;
  Node value;
  value.kind = Node::Kind::kString;
  value.text = text;
  document.members.push_back({std::string(key), std::move(value)});
}

std::expected<Object, Error> DecodeObject(Kind kind, Node& document) {
  // Items of a list of the kinds of Kubernetes do not name theirs.
  SetMissing(document, "apiVersion", InfoOf(kind).api_version);
  SetMissing(document, "kind", InfoOf(kind).kind_name);
  Result<decode::Decoded> decoded = decode::Decode(document);
  if (!decoded) return std::unexpected(std::move(decoded.error()));
  const Error other{"is no " + std::string(InfoOf(kind).kind_name), "kind", ""};
  if (decoded->index() != static_cast<std::size_t>(kind)) return std::unexpected(other);
  return std::visit(
      [&other](auto&& value) -> std::expected<Object, Error> {
        if constexpr (std::is_constructible_v<Object, decltype(value)>)
          return Object(std::forward<decltype(value)>(value));
        return std::unexpected(other);
      },
      std::move(*decoded));
}

struct Read {
  Item item;
  std::string resource_version;
};

Read ReadItem(Kind kind, std::string_view json) {
  Result<Node> document = ReadThin(json, ShapeOf(kind));
  const Result<Node> rescued = document ? Result<Node>(Node{}) : ReadThin(json, MetadataShape());
  static const Node nameless;
  const Node& named = document ? *document : rescued ? *rescued : nameless;
  Read read{{KeyOf(named, kind), std::unexpected(Error{})}, TextAt(MapAt(named, "metadata"), "resourceVersion")};
  if (document) {
    read.item.object = DecodeObject(kind, *document);
  } else {
    read.item.object = std::unexpected(std::move(document.error()));
  }
  return read;
}

std::string_view ValueOf(const std::vector<Part>& members, std::string_view key) {
  const auto found = std::ranges::find(members, key, &Part::key);
  return found == members.end() ? std::string_view() : found->value;
}

ServerStatus StatusOf(const Node& document) {
  ServerStatus status;
  const auto number = [](const Node& map, std::string_view key, std::int64_t most) {
    const Node* value = map.Find(key);
    const bool is_number = value != nullptr && value->kind == Node::Kind::kInteger;
    return is_number ? std::clamp<std::int64_t>(value->integer, 0, most) : 0;
  };
  status.code = static_cast<int>(number(document, "code", 999));
  status.reason = TextAt(document, "reason");
  status.message = TextAt(document, "message");
  status.retry_after = std::chrono::seconds(number(MapAt(document, "details"), "retryAfterSeconds", 3600));
  return status;
}

const Shape& StatusShape() {
  static const Shape shape{
      {All("kind"), All("code"), All("reason"), All("message"), Some("details", {All("retryAfterSeconds")})},
      Rest::kDrop};
  return shape;
}

Result<Frame> DecodeError(std::string_view object) {
  const Result<Node> document = ReadThin(object, StatusShape());
  if (!document) return std::unexpected(document.error());
  ServerStatus status = StatusOf(*document);
  if (status.code == 0) status.code = 500;
  return Frame{std::move(status), ""};
}

Result<Frame> DecodeDeleted(Kind kind, const Node& document, std::string version) {
  ObjectKey key = KeyOf(document, kind);
  if (key.name.empty()) return Fail("a deleted object has no name", "object.metadata.name");
  return Frame{Deleted{std::move(key)}, std::move(version)};
}

Frame DecodeBookmark(const Node& document, std::string version) {
  const Node& annotations = MapAt(MapAt(document, "metadata"), "annotations");
  return {Bookmark{TextAt(annotations, kInitialEventsEnd) == "true"}, std::move(version)};
}

}  // namespace

std::string_view NameOf(Kind kind) { return InfoOf(kind).name; }
std::string_view PathOf(Kind kind) { return InfoOf(kind).path; }

Result<Frame> DecodeFrame(Kind kind, std::string_view line) {
  const Result<std::vector<Part>> members = decode::Split(line);
  if (!members) return std::unexpected(members.error());
  const std::string_view type = ValueOf(*members, "type");
  const std::string_view object = ValueOf(*members, "object");
  if (type == "\"ERROR\"") return DecodeError(object);
  const bool is_new = type == "\"ADDED\"";
  const bool is_change = is_new || type == "\"MODIFIED\"";
  if (!is_change && type != "\"DELETED\"" && type != "\"BOOKMARK\"") {
    return Fail("no watch event has the type " + std::string(type.substr(0, 32)), "type");
  }
  if (is_change) {
    Read read = ReadItem(kind, object);
    return Frame{Changed{std::move(read.item), is_new}, std::move(read.resource_version)};
  }
  const Result<Node> document = ReadThin(object, MetadataShape());
  if (!document) return std::unexpected(document.error());
  std::string version = TextAt(MapAt(*document, "metadata"), "resourceVersion");
  if (type == "\"DELETED\"") return DecodeDeleted(kind, *document, std::move(version));
  return DecodeBookmark(*document, std::move(version));
}

Result<Page> DecodePage(Kind kind, std::string_view body) {
  const Result<std::vector<Part>> members = decode::Split(body);
  if (!members) return std::unexpected(members.error());
  const Result<Node> metadata = decode::ReadJson(ValueOf(*members, "metadata"));
  if (!metadata) return Fail("the metadata of a list cannot be read", "metadata");
  Page page{{}, TextAt(*metadata, "resourceVersion"), TextAt(*metadata, "continue")};
  const std::string_view items = ValueOf(*members, "items");
  if (page.resource_version.empty()) return Fail("a list has no resourceVersion", "metadata.resourceVersion");
  if (items == "null") return page;
  const Result<std::vector<Part>> parts = decode::Split(items);
  if (!parts) return Fail("a list has no items", "items");
  page.items.reserve(parts->size());
  for (const Part& part : *parts) page.items.push_back(ReadItem(kind, part.value).item);
  return page;
}

ServerStatus DecodeStatus(int http_status, std::string_view body) {
  constexpr std::size_t kShown = 256;
  const Result<Node> document = ReadThin(body, StatusShape());
  if (!document || TextAt(*document, "kind") != "Status") return {http_status, "", std::string(body.substr(0, kShown))};
  ServerStatus status = StatusOf(*document);
  status.code = http_status;
  return status;
}

std::string UidOf(std::string_view body) {
  static const Shape shape{{Some("metadata", {All("uid")})}, Rest::kDrop};
  const Result<Node> document = ReadThin(body, shape);
  return document ? TextAt(MapAt(*document, "metadata"), "uid") : std::string();
}

}  // namespace podmirror::kube
