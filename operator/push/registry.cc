#include "operator/push/registry.h"

#include <utility>
#include <vector>

namespace podmirror::push {
namespace {

constexpr std::size_t kRememberedPods = 4096;

}  // namespace

bool Registry::leading() const {
  const std::scoped_lock lock(mutex_);
  return leading_;
}

void Registry::Lead(bool leading) {
  std::vector<std::shared_ptr<Stream>> open;
  {
    const std::scoped_lock lock(mutex_);
    leading_ = leading;
    if (leading) return;
    for (auto it = nodes_.begin(); it != nodes_.end();) {
      Node& node = *it->second;
      node.state.reset();
      node.version = 0;
      if (auto stream = node.stream.lock()) open.push_back(std::move(stream));
      it = node.current == nullptr && it->second.use_count() == 1 ? nodes_.erase(it) : std::next(it);
    }
  }
  for (const auto& stream : open) stream->Close("this replica does not lead any more");
}

void Registry::Publish(const NodeName& node, std::shared_ptr<const std::string> message) {
  std::shared_ptr<Stream> stream;
  {
    const std::scoped_lock lock(mutex_);
    if (!message && !nodes_.contains(node)) return;
    const auto entry = Find(node);
    entry->state = std::move(message);
    entry->version = ++versions_;
    if (entry->state) stream = entry->stream.lock();
    ForgetIfEmpty(entry);
  }
  if (stream) stream->Wake();
}

void Registry::Disconnect(const std::string& pod_uid) {
  std::shared_ptr<Stream> stream;
  {
    const std::scoped_lock lock(mutex_);
    if (gone_.insert(pod_uid).second) gone_order_.push_back(pod_uid);
    if (gone_order_.size() > kRememberedPods) {
      gone_.erase(gone_order_.front());
      gone_order_.pop_front();
    }
    const auto pod = pods_.find(pod_uid);
    if (pod != pods_.end()) stream = pod->second->stream.lock();
  }
  if (stream) stream->Close("the agent's pod is gone");
}

Result<std::shared_ptr<Node>> Registry::Join(const Agent& agent, const std::shared_ptr<Stream>& stream) {
  std::shared_ptr<Node> node;
  {
    const std::scoped_lock lock(mutex_);
    node = Find(agent.node);
  }
  const std::scoped_lock calls(node->calls);
  std::shared_ptr<Stream> earlier;
  {
    const std::scoped_lock lock(mutex_);
    const bool gone = gone_.contains(agent.pod_uid);
    if (!leading_ || gone) {
      return gone ? Fail("the agent's pod is gone", agent.node) : Fail("another replica leads", agent.node);
    }
    if (node->current == nullptr) ++connected_;
    earlier = node->stream.lock();
    pods_.erase(node->pod_uid);
    node->stream = stream;
    node->current = stream.get();
    node->pod_uid = agent.pod_uid;
    pods_[agent.pod_uid] = node;
  }
  if (earlier) earlier->Close("another stream of this node took over");
  if (listener_.connected) listener_.connected(node->name, true);
  return node;
}

void Registry::Leave(const std::shared_ptr<Node>& node, const Stream* stream) {
  const std::scoped_lock calls(node->calls);
  {
    const std::scoped_lock lock(mutex_);
    if (node->current != stream) return;
    --connected_;
    node->current = nullptr;
    node->stream.reset();
    pods_.erase(node->pod_uid);
    node->pod_uid.clear();
    ForgetIfEmpty(node);
  }
  if (listener_.connected) listener_.connected(node->name, false);
}

std::shared_ptr<const std::string> Registry::Next(const Node& node, std::uint64_t& seen) const {
  const std::scoped_lock lock(mutex_);
  if (!leading_ || !node.state || node.version == seen) return nullptr;
  seen = node.version;
  return node.state;
}

bool Registry::Report(const std::shared_ptr<Node>& node, const Stream* stream, ReportMessage report) {
  const std::scoped_lock calls(node->calls);
  {
    const std::scoped_lock lock(mutex_);
    if (!leading_ || node->current != stream) return false;
  }
  if (listener_.reported) listener_.reported(node->name, std::move(report));
  return true;
}

void Registry::Misbehaved(const std::shared_ptr<Node>& node, const Error& error) {
  if (!listener_.misbehaved) return;
  const std::scoped_lock calls(node ? node->calls : strangers_);
  listener_.misbehaved(node ? node->name : NodeName(), error);
}

std::shared_ptr<Node> Registry::Find(const NodeName& name) {
  auto& node = nodes_[name];
  if (!node) {
    node = std::make_shared<Node>();
    node->name = name;
  }
  return node;
}

// Two holders: the map and whoever calls. A third one is about to join.
void Registry::ForgetIfEmpty(const std::shared_ptr<Node>& node) {
  if (!node->state && node->current == nullptr && node.use_count() <= 2) nodes_.erase(node->name);
}

}  // namespace podmirror::push
