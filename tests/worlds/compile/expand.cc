#include "tests/worlds/compile/expand.h"

#include <algorithm>
#include <random>

namespace podmirror::worlds {
namespace {

template <typename Object>
void Compare(const std::map<ObjectKey, Object>& from, const std::map<ObjectKey, Object>& to, store::Kind kind,
             std::vector<Event>& events) {
  for (const auto& [key, object] : to) {
    const auto old = from.find(key);
    if (old == from.end() || old->second != object) events.push_back(store::AnyObject(object));
  }
  for (const auto& [key, object] : from) {
    if (!to.contains(key)) events.push_back(Removal{kind, key});
  }
}

}  // namespace

std::vector<Event> Difference(const store::Snapshot& from, const store::Snapshot& to, std::uint32_t seed) {
  std::vector<Event> events;
  Compare(from.filters, to.filters, store::Kind::kFilter, events);
  Compare(from.targets, to.targets, store::Kind::kTarget, events);
  Compare(from.sessions, to.sessions, store::Kind::kSession, events);
  Compare(from.pods, to.pods, store::Kind::kPod, events);
  Compare(from.namespaces, to.namespaces, store::Kind::kNamespace, events);
  Compare(from.services, to.services, store::Kind::kService, events);
  Compare(from.endpoint_slices, to.endpoint_slices, store::Kind::kEndpointSlice, events);
  std::shuffle(events.begin(), events.end(), std::mt19937(seed));
  return events;
}

void Apply(const Event& event, store::Store& store) {
  if (const auto* removal = std::get_if<Removal>(&event)) {
    store.Remove(removal->kind, removal->key);
  } else {
    store.Put(std::get<store::AnyObject>(event));
  }
}

std::vector<Story> Expand(const Story& story) {
  Story reversed{story.name + ", reversed", {story.states.rbegin(), story.states.rend()}};
  Story squashed{story.name + ", squashed", {story.states.back()}};
  Story emptied{story.name + ", emptied in between", {}};
  for (const store::Snapshot& state : story.states) {
    emptied.states.push_back(state);
    emptied.states.push_back({.now = state.now});
  }
  emptied.states.push_back(story.states.back());
  return {story, std::move(reversed), std::move(squashed), std::move(emptied)};
}

}  // namespace podmirror::worlds
