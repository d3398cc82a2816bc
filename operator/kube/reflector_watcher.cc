#include "operator/kube/reflector_watcher.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace podmirror::kube {
namespace {

using End = Outcome::End;
using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view kLimit = "500";

Outcome Malformed(const Error& error) { return {End::kMalformed, {0, "", Describe(error)}}; }

milliseconds RetryAfter(const Headers& headers) {
  const auto found = headers.find("retry-after");
  unsigned number = 0;
  if (found == headers.end()) return {};
  const std::string& text = found->second;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return {};  // a date: the API server sends none
  return seconds(std::min(number, 86'400u));
}

Request Asking(const std::string& target) {
  Request request;
  request.target = target;
  return request;
}

Outcome Refused(const Response& response) {
  Outcome outcome{End::kStatus, DecodeStatus(response.status, response.body)};
  outcome.status.retry_after = std::max(outcome.status.retry_after, RetryAfter(response.headers));
  return outcome;
}

std::string Escape(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '_' || c == '.' || c == '~';
    if (plain) {
      out += c;
    } else {
      (out += '%').append({kHex[byte >> 4], kHex[byte & 15]});
    }
  }
  return out;
}

// The API server calls them opaque, yet its own are numbers that grow (etcd's revision), and 1.35 says so. Others are
// never compared.
bool WentBack(const std::string& from, const std::string& to) {
  const auto number = [](const std::string& text) -> std::optional<std::uint64_t> {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
    return value;
  };
  const auto old = number(from), fresh = number(to);
  return old && fresh && *fresh < *old;
}

}  // namespace

void Watcher::Run() {
  while (!stopped_) {
    const Outcome outcome = Take(steps_.current());
    if (stopped_) return;
    Next next = steps_.After(outcome, clock_.Now(), clock_.Chance());
    if (next.out_of_sync) handler_(OutOfSync{kind_, std::move(*next.out_of_sync)});
    if (next.unheard) handler_(Unheard{kind_, std::move(*next.unheard)});
    if (!next.same_page) {
      collected_ = {};
      continue_token_.clear();
    }
    if (next.pause.count() > 0) clock_.Pause(next.pause);
  }
}

void Watcher::Stop() {
  stopped_ = true;
  clock_.Interrupt();
  const std::scoped_lock lock(stream_mutex_);
  if (open_stream_ != nullptr) open_stream_->Cancel();
}

Outcome Watcher::Take(Step step) {
  switch (step) {
    case Step::kWatchList:
      return Follow(true);
    case Step::kPages:
      return ReadPages();
    case Step::kLook:
      return Look();
    case Step::kWatch:
      return Follow(false);
  }
  std::unreachable();
}

Outcome Watcher::ReadPages() {
  if (continue_token_.empty()) {
    if (std::optional<Outcome> failed = MeetStore()) return *failed;
  }
  while (!stopped_) {
    if (std::optional<Outcome> ended = ReadPage()) return *ended;
  }
  return {};
}

std::optional<Outcome> Watcher::ReadPage() {
  // No resourceVersion: of the store, not of a cache, which would ignore the limit.
  std::string target = std::string(PathOf(kind_)) + "?limit=" + std::string(kLimit);
  if (!continue_token_.empty()) target += "&continue=" + Escape(continue_token_);
  const std::expected<Response, Outcome> response = Get(target);
  if (!response) return response.error();
  Result<Page> page = DecodePage(kind_, response->body);
  if (!page) return Malformed(page.error());
  for (Item& item : page->items) collected_.Put(std::move(item), true);
  continue_token_ = std::move(page->continue_token);
  if (!continue_token_.empty()) return std::nullopt;
  resource_version_ = std::move(page->resource_version);
  HandOverList();
  return Outcome{};
}

// Before a watch goes on: a server that was made anew would take our resourceVersion for one of the future, and say
// nothing until it has come so far.
Outcome Watcher::Look() {
  const std::expected<std::string, Outcome> store = AskStore();
  if (!store) return store.error();
  if (*store != store_) return {End::kForgot, {}};
  const std::expected<Response, Outcome> response = Get(std::string(PathOf(kind_)) + "?limit=1");
  if (!response) return response.error();
  const Result<Page> page = DecodePage(kind_, response->body);
  if (!page) return Malformed(page.error());
  if (WentBack(resource_version_, page->resource_version)) return {End::kForgot, {}};
  return {};
}

Outcome Watcher::Follow(bool with_list) {
  if (with_list) {
    if (std::optional<Outcome> failed = MeetStore()) return *failed;
  }
  const auto least = static_cast<double>(settings_.watch_least.count());
  const auto timeout = static_cast<std::int64_t>(least * (1 + clock_.Chance()));
  std::string target = std::string(PathOf(kind_)) + "?watch=true&allowWatchBookmarks=true";
  target += "&timeoutSeconds=" + std::to_string(timeout);
  target += with_list ? "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
                      : "&resourceVersion=" + Escape(resource_version_);
  // Silence while the list is awaited ends that sooner; where it ends the watch that follows, that one begins anew.
  const milliseconds idle = with_list ? std::min(settings_.idle, settings_.initial_events) : settings_.idle;
  std::expected<StreamStart, TransportError> start = transport_.Open(Asking(target), idle);
  if (!start) return NoAnswer(start.error());
  if (start->head.status != 200 || !start->stream) return Refused(start->head);
  {
    const std::scoped_lock lock(stream_mutex_);
    open_stream_ = start->stream.get();
    if (stopped_) open_stream_->Cancel();
  }
  const Steps::Time began = clock_.Now();
  Outcome outcome = ReadStream(*start->stream, with_list);
  outcome.lasted = duration_cast<milliseconds>(clock_.Now() - began);
  const std::scoped_lock lock(stream_mutex_);
  open_stream_ = nullptr;
  return outcome;
}

Outcome Watcher::ReadStream(Stream& stream, bool with_list) {
  bool listing = with_list;
  const Steps::Time began = clock_.Now();
  if (!listing) {
    steps_.Heard(began);
    SayFresh(true);
  }
  while (true) {
    std::expected<std::optional<std::string>, TransportError> line = stream.Next();
    const bool late = listing && clock_.Now() - began >= settings_.initial_events;
    if (!line) {
      const bool silent = line.error().kind == TransportError::Kind::kTimeout;
      if (listing && silent) return {End::kIncomplete, {}};
      if (with_list && silent) return {End::kEnded, {}};
      return NoAnswer(line.error());
    }
    if (!*line) return {End::kEnded, {}};
    if ((*line)->empty()) continue;
    if (std::optional<Outcome> ended = TakeFrame(**line, listing)) return *ended;
    if (late && listing) return {End::kIncomplete, {}};
  }
}

std::optional<Outcome> Watcher::TakeFrame(const std::string& line, bool& listing) {
  Result<Frame> frame = DecodeFrame(kind_, line);
  if (!frame) return Malformed(frame.error());
  if (auto* status = std::get_if<ServerStatus>(&frame->what)) return Outcome{End::kStatus, std::move(*status)};
  if (!listing && !frame->resource_version.empty()) {  // a list's own objects come in any order
    if (WentBack(resource_version_, frame->resource_version)) return Outcome{End::kWentBack, {}};
    resource_version_ = frame->resource_version;
  }
  return TakeChange(std::move(*frame), listing);
}

std::optional<Outcome> Watcher::TakeChange(Frame frame, bool& listing) {
  bool always = false;
  if (const auto* bookmark = std::get_if<Bookmark>(&frame.what)) {
    always = true;
    if (listing && bookmark->initial_events_end) {
      if (frame.resource_version.empty()) return Malformed({"the end of the list has no resourceVersion", "", ""});
      resource_version_ = std::move(frame.resource_version);
      listing = false;
      HandOverList();
      return std::nullopt;
    }
  } else if (const auto* deleted = std::get_if<Deleted>(&frame.what)) {
    listing ? collected_.Remove(deleted->key) : handler_(Removed{kind_, deleted->key});
  } else if (auto* changed = std::get_if<Changed>(&frame.what)) {
    listing ? collected_.Put(std::move(changed->item), changed->is_new) : HandOver(std::move(changed->item));
  }
  if (!listing) SayFresh(always);
  return std::nullopt;
}

std::optional<Outcome> Watcher::MeetStore() {
  std::expected<std::string, Outcome> store = AskStore();
  if (!store) return store.error();
  store_ = std::move(*store);
  return std::nullopt;
}

std::expected<std::string, Outcome> Watcher::AskStore() {
  std::expected<Response, Outcome> response = Get("/api/v1/namespaces/kube-system");
  if (response) return UidOf(response->body);
  // 404: a store so young that it has none yet.
  const int code = response.error().status.code;
  if (code == 403 || code == 404) return std::string();
  return std::unexpected(std::move(response.error()));
}

// Cancelled: the transport is shut down, and will never answer again.
Outcome Watcher::NoAnswer(const TransportError& error) {
  if (error.kind == TransportError::Kind::kCancelled) stopped_ = true;
  return {End::kNoAnswer, {0, "", error.what}};
}

std::expected<Response, Outcome> Watcher::Get(const std::string& target) {
  std::expected<Response, TransportError> response = transport_.Roundtrip(Asking(target));
  if (!response) return std::unexpected(NoAnswer(response.error()));
  if (response->status != 200) return std::unexpected(Refused(*response));
  return std::move(*response);
}

void Watcher::HandOverList() {
  steps_.Listed(clock_.Now());
  handler_(collected_.TakeListed(kind_));
  for (Unreadable& unreadable : collected_.TakeUnreadable(kind_)) handler_(std::move(unreadable));
  SayFresh(true);
}

void Watcher::HandOver(Item item) {
  if (item.object) return handler_(Put{kind_, std::move(*item.object)});
  handler_(Unreadable{kind_, std::move(item.key), std::move(item.object.error())});
}

// Not with each event: one a second says as much.
void Watcher::SayFresh(bool always) {
  const Steps::Time now = clock_.Now();
  if (!always && fresh_ && now - *fresh_ < seconds(1)) return;
  fresh_ = now;
  handler_(Fresh{kind_});
}

}  // namespace podmirror::kube
