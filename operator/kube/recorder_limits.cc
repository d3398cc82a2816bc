#include "operator/kube/recorder_limits.h"

#include <algorithm>

namespace podmirror::kube {
namespace {

constexpr int kForeignPerMinute = 20;
constexpr std::chrono::minutes kMinute{1};
constexpr std::size_t kNotes = 10;
constexpr std::chrono::minutes kSimilarFor{10};
constexpr double kBurst = 25;
constexpr std::chrono::duration<double> kRefill = std::chrono::minutes(5);

}  // namespace

bool ForeignLimit::Allow(const Event& event, Moment now) {
  if (event.related.kind.empty() || event.related.key.ns == event.regarding.key.ns) return true;
  Minute& minute = minutes_.At({event.related, event.regarding.key.ns});
  if (minute.count > 0 && now - minute.began >= kMinute) {
    std::vector<Event> ended = Due(now);
    ended_.insert(ended_.end(), ended.begin(), ended.end());
  }
  if (minute.count == 0 || now - minute.began >= kMinute) minute = {now, 0, 0, {}};
  if (++minute.count <= kForeignPerMinute) return true;
  if (minute.left_out++ == 0) ++waiting_;
  minute.last = event;
  return false;
}

std::vector<Event> ForeignLimit::Due(Moment now) {
  std::vector<Event> due = std::exchange(ended_, {});
  if (waiting_ == 0) return due;
  waiting_ = 0;
  for (auto& [key, minute] : minutes_) {
    if (minute.left_out == 0) continue;
    if (now - minute.began < kMinute) {
      ++waiting_;
      continue;
    }
    if (minute.left_out > 1) minute.last.note += "; and " + std::to_string(minute.left_out - 1) + " more";
    due.push_back(std::move(minute.last));
    minute = {};
  }
  return due;
}

Event SimilarEvents::Combine(Event event, Moment now) {
  Event key = event;
  key.note.clear();
  Notes& notes = similar_.At(key);
  if (now - notes.last > kSimilarFor) notes = {};
  notes.last = now;
  if (notes.notes.size() <= kNotes) notes.notes.insert(event.note);
  if (notes.notes.size() <= kNotes) return event;
  if (notes.combined.empty()) notes.combined = "(combined from similar events): " + event.note;
  event.note = notes.combined;
  return event;
}

bool ObjectBudget::Take(const ObjectReference& object, Moment now) {
  const bool known = buckets_.Find(object) != nullptr;
  Bucket& bucket = buckets_.At(object);
  const double refilled = (now - bucket.filled) / kRefill;
  bucket.tokens = known ? std::min(kBurst, bucket.tokens + refilled) : kBurst;
  bucket.filled = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

}  // namespace podmirror::kube
