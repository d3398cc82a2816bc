#include "operator/kube/recorder_ledger.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "operator/kube/clock.h"

namespace podmirror::kube {
namespace {

using Json = nlohmann::json;

constexpr const char* kController = "podmirror.io/operator";
constexpr std::size_t kMaxNote = 1024;
constexpr std::size_t kMaxWord = 128;
constexpr std::size_t kMaxName = 253;
constexpr std::chrono::minutes kSeriesEnds{6};  // after so long without another one
constexpr std::chrono::seconds kBetweenCounts{10};

// At most `most` bytes, and no half of a character.
std::string Cut(std::string text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0) == 0x80) --most;
  text.resize(most);
  return text;
}

// Events on objects without a namespace lie in this one.
std::string NamespaceOf(const Event& event) {
  return event.regarding.key.ns.empty() ? "default" : event.regarding.key.ns;
}

std::string PathOf(const Event& event) { return "/apis/events.k8s.io/v1/namespaces/" + NamespaceOf(event) + "/events"; }

Json Reference(const ObjectReference& object) {
  Json json{{"apiVersion", object.api_version}, {"kind", object.kind}, {"name", object.key.name}};
  if (!object.key.ns.empty()) json["namespace"] = object.key.ns;
  if (!object.uid.empty()) json["uid"] = object.uid;
  return json;
}

std::string Written(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace

std::vector<EventWrite> Ledger::Take(Event event, LedgerTime time) {
  event.note = Cut(std::move(event.note), kMaxNote);
  event.reason = Cut(std::move(event.reason), kMaxWord);
  event.action = Cut(std::move(event.action), kMaxWord);
  std::vector<EventWrite> writes;
  if (foreign_.Allow(event, time.now)) Enter(std::move(event), time, writes);
  return writes;
}

std::vector<EventWrite> Ledger::Due(LedgerTime time) {
  std::vector<EventWrite> writes;
  for (Event& event : foreign_.Due(time.now)) {
    event.note = Cut(std::move(event.note), kMaxNote);
    Enter(std::move(event), time, writes);
  }
  for (auto event = pending_.begin(); event != pending_.end();) {
    Series* series = series_.Find(*event);
    const bool done = series == nullptr || WriteCount(*event, *series, time.now, writes);
    event = done ? pending_.erase(event) : std::next(event);
  }
  return writes;
}

void Ledger::Forget(const Event& event) {
  series_.Erase(event);
  pending_.erase(event);
}

void Ledger::Enter(Event event, LedgerTime time, std::vector<EventWrite>& writes) {
  event = similar_.Combine(std::move(event), time.now);
  event.note = Cut(std::move(event.note), kMaxNote);
  Series* series = series_.Find(event);
  if (series == nullptr || time.now - series->last > kSeriesEnds) return Create(event, time, writes);
  ++series->count;
  series->last = time.now;
  series->last_wall = time.wall;
  if (!WriteCount(event, *series, time.now, writes)) pending_.insert(event);
}

void Ledger::Create(const Event& event, LedgerTime time, std::vector<EventWrite>& writes) {
  Forget(event);
  if (!budget_.Take(event.regarding, time.now)) return;
  const std::string name = NameFor(event, time);
  series_.At(event) = {name, 1, time.now, time.wall, time.now};
  Json json{{"apiVersion", "events.k8s.io/v1"},
            {"kind", "Event"},
            {"metadata", {{"name", name}, {"namespace", NamespaceOf(event)}}},
            {"eventTime", FormatMicroTime(time.wall)},
            {"reportingController", kController},
            {"reportingInstance", Cut(instance_, kMaxWord)},
            {"action", event.action.empty() ? event.reason : event.action},
            {"reason", event.reason},
            {"type", event.warning ? "Warning" : "Normal"},
            {"note", event.note},
            {"regarding", Reference(event.regarding)}};
  if (!event.related.kind.empty()) json["related"] = Reference(event.related);
  writes.push_back({event, true, PathOf(event), Written(json)});
}

bool Ledger::WriteCount(const Event& event, Series& series, Moment now, std::vector<EventWrite>& writes) {
  if (now - series.written < kBetweenCounts || !budget_.Take(event.regarding, now)) return false;
  series.written = now;
  const Json json{{"series", {{"count", series.count}, {"lastObservedTime", FormatMicroTime(series.last_wall)}}}};
  writes.push_back({event, false, PathOf(event) + "/" + series.name, Written(json)});
  return true;
}

// "<object>.<16 hex digits>": made here, so that a repeated POST makes no second event (409).
std::string Ledger::NameFor(const Event& event, LedgerTime time) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const auto nanos = std::chrono::duration_cast<std::chrono::nanoseconds>(time.wall.time_since_epoch()).count();
  last_stamp_ = std::max<std::int64_t>(nanos, last_stamp_ + 1);
  std::string stamp;
  for (int shift = 60; shift >= 0; shift -= 4) stamp += kHex[(static_cast<std::uint64_t>(last_stamp_) >> shift) & 15];
  std::string name = event.regarding.key.name.substr(0, kMaxName - 1 - stamp.size());
  while (name.ends_with('.') || name.ends_with('-')) name.pop_back();
  return name + "." + stamp;
}

}  // namespace podmirror::kube
