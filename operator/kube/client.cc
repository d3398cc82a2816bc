#include "operator/kube/client.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <utility>

namespace podmirror::kube {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// No call waits longer between its tries than this in sum: whoever asked must be able to go on.
constexpr milliseconds kPatience{30'000};
constexpr milliseconds kFirstPause{100};
constexpr std::size_t kMaxMessage = 2'000;

// Status.reason where the answer does not say it (a proxy in between, an empty body).
std::string ReasonOf(int status) {
  static const std::map<int, std::string> kReasons = {{400, "BadRequest"},
                                                      {401, "Unauthorized"},
                                                      {403, "Forbidden"},
                                                      {404, "NotFound"},
                                                      {409, "Conflict"},
                                                      {410, "Expired"},
                                                      {413, "RequestEntityTooLarge"},
                                                      {415, "UnsupportedMediaType"},
                                                      {422, "Invalid"},
                                                      {429, "TooManyRequests"},
                                                      {500, "InternalError"},
                                                      {503, "ServiceUnavailable"},
                                                      {504, "ServerTimeout"}};
  const auto found = kReasons.find(status);
  return found == kReasons.end() ? "Unknown" : found->second;
}

// Whole seconds only: the API server writes nothing else. An HTTP date counts as one second.
milliseconds RetryAfter(const Headers& headers) {
  const auto found = headers.find("retry-after");
  if (found == headers.end()) return milliseconds{0};
  const std::string& text = found->second;
  int seconds = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (fault != std::errc() || end != text.data() + text.size() || seconds < 0) return milliseconds{1000};
  return milliseconds{1000} * seconds;
}

std::string TextOf(const nlohmann::json& object, const char* field) {
  const auto found = object.find(field);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

ApiError ReadError(const Response& answer) {
  ApiError error{answer.status, "", "", RetryAfter(answer.headers), std::nullopt};
  const auto body = nlohmann::json::parse(answer.body, nullptr, /*allow_exceptions=*/false);
  if (body.is_object() && TextOf(body, "kind") == "Status") {
    error.reason = TextOf(body, "reason");
    error.message = TextOf(body, "message").substr(0, kMaxMessage);
    const auto details = body.find("details");
    if (error.retry_after.count() == 0 && details != body.end() && details->is_object()) {
      const auto after = details->find("retryAfterSeconds");
      if (after != details->end() && after->is_number_unsigned()) {
        error.retry_after = milliseconds{1000} * std::min<std::uint64_t>(after->get<std::uint64_t>(), 86'400);
      }
    }
  }
  if (error.reason.empty()) error.reason = ReasonOf(answer.status);
  if (error.message.empty()) error.message = "HTTP " + std::to_string(answer.status) + " " + answer.body.substr(0, 200);
  return error;
}

// When to say it again; nullopt: not at all.
std::optional<milliseconds> PauseAfter(const ApiError& error, bool repeatable, milliseconds growing) {
  if (error.transport) {
    // A timeout has cost the caller its patience already.
    if (repeatable && error.transport->kind == TransportError::Kind::kUnreachable) return growing;
    return std::nullopt;
  }
  // With Retry-After the server says that it has done nothing.
  if ((error.status == 429 || error.status >= 500) && error.retry_after.count() > 0) return error.retry_after;
  if (repeatable && (error.status == 429 || (error.status >= 502 && error.status <= 504))) return growing;
  return std::nullopt;
}

ApiError Cancelled() {
  return ApiError{0, "", "cancelled", milliseconds{0}, TransportError{TransportError::Kind::kCancelled, "cancelled"}};
}

Request MakeRequest(std::string method, std::string target, std::string content_type, std::string body) {
  Request request;
  request.method = std::move(method);
  request.target = std::move(target);
  request.content_type = std::move(content_type);
  request.body = std::move(body);
  return request;
}

}  // namespace

Error ApiError::ToError(const std::string& where) const {
  if (transport) return Error{transport->what, where, "check that the API server is up and can be reached from here"};
  Error error{message, where, ""};
  if (reason == "Forbidden") error.fix = "grant the operator's service account what it lacks";
  if (reason == "Unauthorized") error.fix = "give the operator credentials that the API server knows";
  if (reason == "NotFound") error.fix = "check that it exists and that the custom resource definitions are installed";
  return error;
}

// A token bucket. Callers that find it empty take their place in it and wait for their turn outside of the lock.
struct Client::Bucket {
  std::mutex mutex;
  double tokens = 0;
  Clock::time_point filled = Clock::now();

  milliseconds Take(const Limits& limits) {
    if (limits.per_second <= 0) return milliseconds{0};
    const std::lock_guard lock(mutex);
    const auto now = Clock::now();
    tokens += std::chrono::duration<double>(now - filled).count() * limits.per_second;
    tokens = std::min(tokens, static_cast<double>(limits.burst)) - 1;
    filled = now;
    return tokens >= 0 ? milliseconds{0} : milliseconds{static_cast<int>(-tokens / limits.per_second * 1000) + 1};
  }
};

Client::Client(std::shared_ptr<Transport> transport, Limits limits, std::function<bool()> may_write, Observer observer)
    : transport_(std::move(transport)),
      limits_(limits),
      may_write_(std::move(may_write)),
      observer_(std::move(observer)),
      bucket_(std::make_shared<Bucket>()) {
  bucket_->tokens = limits.burst;
}

ApiResult<std::string> Client::Send(const std::string& verb, const Request& request, bool repeatable, bool is_write) {
  milliseconds left = kPatience;
  milliseconds growing = kFirstPause;
  for (int again = 0;; ++again) {
    if (const auto turn = bucket_->Take(limits_); turn.count() > 0 && !transport_->Pause(turn)) {
      return std::unexpected(Cancelled());
    }
    if (is_write && may_write_ && !may_write_()) {
      return std::unexpected(ApiError{0, "NotLeading", "this operator does not lead", milliseconds{0}, std::nullopt});
    }
    const auto begun = Clock::now();
    auto answer = transport_->Roundtrip(request);
    if (observer_) observer_(verb, answer ? answer->status : 0, Clock::now() - begun);
    if (answer && answer->status >= 200 && answer->status < 300) return std::move(answer->body);

    ApiError error =
        answer ? ReadError(*answer) : ApiError{0, "", answer.error().what, milliseconds{0}, answer.error()};
    const auto pause = PauseAfter(error, repeatable, growing);
    if (!pause || again >= limits_.retries || *pause > left) return std::unexpected(std::move(error));
    left -= *pause;
    growing *= 2;
    if (!transport_->Pause(*pause)) return std::unexpected(Cancelled());
  }
}

ApiResult<std::string> Client::Get(const std::string& path) {
  return Send("get", MakeRequest("GET", path, "", ""), /*repeatable=*/true, /*is_write=*/false);
}

ApiResult<std::string> Client::Create(const std::string& path, const std::string& body) {
  return Send("create", MakeRequest("POST", path, "application/json", body), /*repeatable=*/false, /*is_write=*/true);
}

// The resourceVersion in the body makes the second of two equal ones a Conflict.
ApiResult<std::string> Client::Update(const std::string& path, const std::string& body) {
  return Send("update", MakeRequest("PUT", path, "application/json", body), /*repeatable=*/true, /*is_write=*/true);
}

ApiResult<std::string> Client::Apply(const std::string& path, const std::string& body) {
  const char* joint = path.find('?') == std::string::npos ? "?" : "&";
  return Send("apply",
              MakeRequest("PATCH", path + joint + "fieldManager=podmirror-operator&force=true",
                          "application/apply-patch+yaml", body),
              /*repeatable=*/true, /*is_write=*/true);
}

ApiResult<std::string> Client::MergePatch(const std::string& path, const std::string& body) {
  return Send("patch", MakeRequest("PATCH", path, "application/merge-patch+json", body), /*repeatable=*/true,
              /*is_write=*/true);
}

ApiResult<std::string> Client::Review(const std::string& path, const std::string& body) {
  return Send("review", MakeRequest("POST", path, "application/json", body), /*repeatable=*/true, /*is_write=*/false);
}

}  // namespace podmirror::kube
