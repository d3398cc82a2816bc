#include "operator/decode/decode.h"

#include <algorithm>
#include <utility>

#include "contract/reasons.h"
#include "operator/decode/canonical.h"
#include "operator/decode/kind_decoders.h"
#include "operator/decode/kinds.h"
#include "operator/decode/reader.h"
#include "operator/decode/schema.h"
#include "operator/decode/syntax.h"

namespace podmirror::decode {
namespace {

constexpr std::string_view kOurKinds[] = {kFilterKind, kTargetKind, kSessionKind};

// Fields of ObjectMeta (meta/v1), so that a misspelt one of ours does not pass silently.
const std::vector<std::string_view>& MetadataFields() {
  static const std::vector<std::string_view> fields = {"name",
                                                       "namespace",
                                                       "labels",
                                                       "annotations",
                                                       "uid",
                                                       "generation",
                                                       "creationTimestamp",
                                                       "deletionTimestamp",
                                                       "finalizers",
                                                       "ownerReferences",
                                                       "generateName",
                                                       "resourceVersion",
                                                       "selfLink",
                                                       "managedFields",
                                                       "deletionGracePeriodSeconds"};
  return fields;
}

const std::vector<std::string_view>& DocumentFields() {
  static const std::vector<std::string_view> fields = {"apiVersion", "kind", "metadata", "spec", "status"};
  return fields;
}

void FindUnknown(const Node& map, const std::string& path, const std::vector<std::string_view>& known,
                 std::vector<Found>& found) {
  for (const auto& [name, value] : map.members) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      found.push_back(UnknownField(name, value, path, known, {}));
    }
  }
}

std::vector<Found> FindFaults(const Node& document, const Schema& schema) {
  std::vector<Found> found;
  FindUnknown(document, "", DocumentFields(), found);
  if (const Node* metadata = document.Find("metadata")) FindUnknown(*metadata, "metadata", MetadataFields(), found);
  const Node* spec = document.Find("spec");
  if (spec == nullptr) {
    found.push_back({{"the field spec is missing", Where(document.position, "spec"), "write spec: {...}"}});
    return found;
  }
  const std::vector<Found> in_spec = Validate(schema, *spec, "spec");
  found.insert(found.end(), in_spec.begin(), in_spec.end());
  return found;
}

// The first fault, with a few of the others behind its fix.
api::Invalid Summarize(const std::vector<Found>& found, std::string_view reason) {
  constexpr std::size_t kShown = 5;
  api::Invalid invalid{found.front().error, std::string(found.front().is_cidr ? reason::kBadCidr : reason)};
  for (std::size_t i = 1; i < std::min(found.size(), kShown); ++i) {
    invalid.error.fix += "; also " + Describe(found[i].error);
  }
  if (found.size() > kShown) invalid.error.fix += "; and " + std::to_string(found.size() - kShown) + " more faults";
  return invalid;
}

template <typename Object>
Result<Object> DecodeOurs(const Node& document, const Schema& schema, std::string_view reason, auto decode_spec) {
  std::optional<Error> error;
  Object object{ReadMeta(Reader(document, "", error).At("metadata"), true), {}, {}};
  if (error) return std::unexpected(std::move(*error));
  const std::vector<Found> found = FindFaults(document, schema);
  if (found.empty()) {
    object.spec = decode_spec(*document.Find("spec"));
  } else {
    object.spec = std::unexpected(Summarize(found, reason));
  }
  if (const Node* status = document.Find("status")) object.status = CanonicalJson(*status);
  return object;
}

Result<Decoded> DecodeOurKind(const Node& document, std::string_view kind) {
  if (kind == kFilterKind) {
    return DecodeOurs<api::TrafficMirrorFilter>(document, FilterSchema(), reason::kFilterInvalid, DecodeFilter);
  }
  if (kind == kTargetKind) {
    return DecodeOurs<api::TrafficMirrorTarget>(document, TargetSchema(), reason::kTargetInvalid, DecodeTarget);
  }
  using Session = api::Object<api::SessionSpec>;
  Result<Session> session = DecodeOurs<Session>(document, SessionSchema(), reason::kSessionInvalid, DecodeSession);
  if (!session) return std::unexpected(std::move(session.error()));
  return api::TrafficMirrorSession{std::move(*session), DecodeStatusVni(document)};
}

template <typename Object>
Result<Decoded> DecodeForeign(const Node& document, Object (*decode)(const Reader&)) {
  std::optional<Error> error;
  Object object = decode(Reader(document, "", error));
  if (error) return std::unexpected(std::move(*error));
  return object;
}

std::string_view GroupOf(std::string_view api_version) {
  const std::size_t slash = api_version.find('/');
  return slash == std::string_view::npos ? std::string_view() : api_version.substr(0, slash);
}

bool IsOneOf(std::string_view word, std::span<const std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Our group with a version or kind that it does not have, or our kind with hardly any group.
std::optional<Error> Misnamed(const Node& document, const std::string& api_version, const std::string& kind) {
  const std::string_view group = GroupOf(api_version);
  constexpr std::string_view kOurGroup[] = {kGroup};
  const bool our_group = group == kGroup || Nearest(group, kOurGroup).has_value();
  if (!our_group && !(group.empty() && IsOneOf(kind, kOurKinds))) return std::nullopt;
  if (api_version != kApiVersion) {
    return Error{Quote(api_version) + " is not a version of ours",
                 Where(document.Find("apiVersion")->position, "apiVersion"),
                 "write apiVersion: " + std::string(kApiVersion)};
  }
  if (IsOneOf(kind, kOurKinds)) return std::nullopt;
  const std::optional<std::string_view> nearest = Nearest(kind, kOurKinds);
  return Error{Quote(kind) + " is not a kind of podmirror.io", Where(document.Find("kind")->position, "kind"),
               "write " + (nearest ? "kind: " + std::string(*nearest) : Join(kOurKinds))};
}

// As far as it can be read; nobody uses it but to say that the object is ignored.
OtherKind DescribeOther(const Node& document, std::string api_version, std::string kind) {
  OtherKind other{std::move(api_version), std::move(kind), {}};
  const Node* metadata = document.Find("metadata");
  if (metadata == nullptr) return other;
  if (const Node* name = metadata->Find("name")) other.key.name = name->text;
  if (const Node* ns = metadata->Find("namespace")) other.key.ns = ns->text;
  return other;
}

std::string ReadRequired(const Reader& document, std::string_view field, std::string_view example) {
  const Reader reader = document.At(field);
  std::string text = reader.Text();
  if (text.empty()) {
    reader.Refuse("the field " + std::string(field) + " is missing",
                  "write " + std::string(field) + ": " + std::string(example));
  }
  return text;
}

}  // namespace

Result<Decoded> Decode(const Node& document) {
  if (document.kind != Node::Kind::kMap) {
    return Fail("a document must be a map, and this is " + std::string(document.KindName()),
                Where(document.position, ""), "write apiVersion, kind, metadata and spec");
  }
  std::optional<Error> error;
  const Reader reader(document, "", error);
  const std::string api_version = ReadRequired(reader, "apiVersion", kApiVersion);
  const std::string kind = ReadRequired(reader, "kind", kSessionKind);
  if (!error) error = Misnamed(document, api_version, kind);
  if (error) return std::unexpected(std::move(*error));

  if (api_version == kApiVersion) return DecodeOurKind(document, kind);
  if (api_version == "v1" && kind == "Pod") return DecodeForeign(document, DecodePod);
  if (api_version == "v1" && kind == "Namespace") return DecodeForeign(document, DecodeNamespace);
  if (api_version == "v1" && kind == "Service") return DecodeForeign(document, DecodeService);
  if (api_version == "discovery.k8s.io/v1" && kind == "EndpointSlice") {
    return DecodeForeign(document, DecodeEndpointSlice);
  }
  return DescribeOther(document, api_version, kind);
}

std::vector<const Node*> ObjectsOf(const Node& document) {
  const Node* version = document.Find("apiVersion");
  const Node* kind = document.Find("kind");
  const Node* items = document.Find("items");
  const bool is_list = version != nullptr && version->text == "v1" && kind != nullptr && kind->text == "List" &&
                       items != nullptr && items->kind == Node::Kind::kList;
  if (!is_list) return {&document};
  std::vector<const Node*> objects;
  objects.reserve(items->items.size());
  for (const Node& item : items->items) objects.push_back(&item);
  return objects;
}

}  // namespace podmirror::decode
