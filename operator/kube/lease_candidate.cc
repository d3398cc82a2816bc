#include "operator/kube/lease_candidate.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "operator/kube/wire.h"

namespace podmirror::kube {
namespace {

using Json = nlohmann::json;
using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr double kJitter = 1.2;
constexpr milliseconds kReleaseTimeout{1'000};

const Json& At(const Json& map, const char* key) {
  static const Json nothing;
  const auto found = map.is_object() ? map.find(key) : map.end();
  return map.is_object() && found != map.end() ? *found : nothing;
}

std::string Text(const Json& value) { return value.is_string() ? value.get<std::string>() : std::string(); }

std::int64_t Number(const Json& value) {
  constexpr std::int64_t kMost = 1'000'000'000;
  return value.is_number_integer() ? std::clamp<std::int64_t>(value.get<std::int64_t>(), 0, kMost) : 0;
}

std::optional<LeaseRecord> Decode(const std::string& body) {
  const Json json = Json::parse(body, nullptr, false);
  const Json& metadata = At(json, "metadata");
  const Json& spec = At(json, "spec");
  const Result<Instant> created = ParseInstant(Text(At(metadata, "creationTimestamp")));
  if (!created || Text(At(metadata, "resourceVersion")).empty()) return std::nullopt;
  return LeaseRecord{Text(At(spec, "holderIdentity")),      seconds(Number(At(spec, "leaseDurationSeconds"))),
                     Number(At(spec, "leaseTransitions")),  Text(At(spec, "renewTime")),
                     Text(At(spec, "acquireTime")),         Text(At(metadata, "uid")),
                     Text(At(metadata, "resourceVersion")), *created};
}

Request Asking(std::string method, std::string target, milliseconds timeout) {
  Request request;
  request.method = std::move(method);
  request.target = std::move(target);
  request.timeout = timeout;
  return request;
}

Request Writing(std::string method, std::string target, std::string body, milliseconds timeout) {
  Request request = Asking(std::move(method), std::move(target), timeout);
  request.content_type = "application/json";
  request.body = std::move(body);
  return request;
}

}  // namespace

Candidate::Candidate(Transport& transport, LeaseSettings settings, Clock& clock,
                     std::function<void(std::optional<Epoch>)> changed, std::function<void(const Error&)> trouble)
    : transport_(transport),
      settings_(std::move(settings)),
      clock_(clock),
      changed_(std::move(changed)),
      trouble_(std::move(trouble)),
      collection_("/apis/coordination.k8s.io/v1/namespaces/" + settings_.lease.ns + "/leases") {}

milliseconds Candidate::Round() {
  Try();
  const Time now = clock_.Now();
  if (!leading()) {
    Lose();
    const double scattered = static_cast<double>(settings_.retry.count()) * (1 + kJitter * clock_.Chance());
    return milliseconds(static_cast<milliseconds::rep>(scattered));
  }
  // Awake in time to say that it is lost.
  const auto left = Time(Time::duration(lead_until_.load())) - now;
  return std::min(settings_.retry, std::chrono::ceil<milliseconds>(left));
}

void Candidate::Try() {
  const std::optional<Response> response =
      Send(Asking("GET", collection_ + "/" + settings_.lease.name, settings_.renew_deadline / 2));
  if (!response) return;
  if (response->status == 404) return Create(clock_.Now());
  if (response->status != 200)
    return Complain(DecodeStatus(response->status, response->body).message, response->status);
  std::optional<LeaseRecord> record = Decode(response->body);
  if (!record) return Complain("the Lease cannot be read", response->status);
  if (!seen_ || seen_->Seen() != record->Seen()) seen_since_ = clock_.Now();
  seen_ = std::move(record);
  if (HeldByAnother(*seen_)) return Lose();
  Write(clock_.Now(), *seen_);
}

// By our own clock: for its whole duration after we last saw it change.
bool Candidate::HeldByAnother(const LeaseRecord& record) const {
  if (record.holder.empty() || record.holder == settings_.identity) return false;
  return clock_.Now() < seen_since_ + record.duration;
}

void Candidate::Create(Time sent) {
  const std::optional<Response> response =
      Send(Writing("POST", collection_, Body(nullptr, true), settings_.renew_deadline / 2));
  if (response) Lead(*response, sent);
}

// With the resourceVersion that we saw: who was faster has made it another one (409).
void Candidate::Write(Time sent, const LeaseRecord& seen) {
  const std::string target = collection_ + "/" + settings_.lease.name;
  const bool taken = seen.holder != settings_.identity;
  const std::optional<Response> response =
      Send(Writing("PUT", target, Body(&seen, taken), settings_.renew_deadline / 2));
  if (response) Lead(*response, sent);
}

void Candidate::Lead(const Response& response, Time sent) {
  if (response.status == 409) return;  // the next round sees who has it
  if (response.status != 200 && response.status != 201) {
    return Complain(DecodeStatus(response.status, response.body).message, response.status);
  }
  std::optional<LeaseRecord> record = Decode(response.body);
  if (!record || record->holder != settings_.identity) return Complain("the Lease cannot be read", response.status);
  complained_.reset();
  seen_ = std::move(record);
  seen_since_ = clock_.Now();
  lead_until_ = (sent + settings_.renew_deadline).time_since_epoch().count();
  const Epoch epoch{seen_->created, seen_->transitions};
  if (told_ == epoch || !leading()) return;
  told_ = epoch;
  changed_(epoch);
}

void Candidate::Lose() {
  lead_until_ = Time::min().time_since_epoch().count();
  if (!std::exchange(told_, std::nullopt)) return;
  changed_(std::nullopt);
}

void Candidate::Release() {
  const bool held = leading() && seen_;
  Lose();
  if (!held) return;
  const std::string now = FormatMicroTime(clock_.Wall());
  const Json body{{"apiVersion", "coordination.k8s.io/v1"},
                  {"kind", "Lease"},
                  {"metadata",
                   {{"name", settings_.lease.name},
                    {"namespace", settings_.lease.ns},
                    {"resourceVersion", seen_->resource_version}}},
                  {"spec",
                   {{"holderIdentity", ""},
                    {"leaseDurationSeconds", 1},
                    {"acquireTime", now},
                    {"renewTime", now},
                    {"leaseTransitions", seen_->transitions}}}};
  Send(Writing("PUT", collection_ + "/" + settings_.lease.name, body.dump(), kReleaseTimeout));
}

std::string Candidate::Body(const LeaseRecord* seen, bool taken) const {
  const std::string now = FormatMicroTime(clock_.Wall());
  Json metadata{{"name", settings_.lease.name}, {"namespace", settings_.lease.ns}};
  if (seen != nullptr) metadata["resourceVersion"] = seen->resource_version;
  const std::int64_t transitions = seen == nullptr ? 0 : seen->transitions + (taken ? 1 : 0);
  const bool keeps = seen != nullptr && !taken && !seen->acquired.empty();
  const Json body{
      {"apiVersion", "coordination.k8s.io/v1"},
      {"kind", "Lease"},
      {"metadata", std::move(metadata)},
      {"spec",
       {{"holderIdentity", settings_.identity},
        {"leaseDurationSeconds", std::max<std::int64_t>(1, duration_cast<seconds>(settings_.duration).count())},
        {"acquireTime", keeps ? seen->acquired : now},
        {"renewTime", now},
        {"leaseTransitions", transitions}}}};
  return body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<Response> Candidate::Send(const Request& request) {
  std::expected<Response, TransportError> response = transport_.Roundtrip(request);
  if (response) return std::move(*response);
  if (response.error().kind != TransportError::Kind::kCancelled) Complain(response.error().what, 0);
  return std::nullopt;
}

void Candidate::Complain(const std::string& what, int status) {
  Error error{"the lease cannot be had: " + what, "lease " + settings_.lease.ToString(), ""};
  if (status == 403) error.fix = "grant get, create and update on leases to the operator's ServiceAccount";
  if (error == complained_) return;
  complained_ = error;
  if (trouble_) trouble_(error);
}

}  // namespace podmirror::kube
