// Whose stream is whose, and what each node shall be told. For any thread; knows neither sockets nor TLS.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "contract/messages.h"
#include "contract/result.h"
#include "operator/push/server.h"

namespace podmirror::push {

// One agent's open stream. Called from any thread; both return at once.
class Stream {
 public:
  virtual ~Stream() = default;
  virtual void Wake() = 0;  // there may be something new in Registry::Next()
  virtual void Close(std::string why) = 0;
};

// Of one node. What it holds is the registry's.
class Node {
  friend class Registry;
  NodeName name;
  std::mutex calls;  // one call of the listener at a time for a node, in the order of what happened
  std::shared_ptr<const std::string> state;
  std::uint64_t version = 0;  // of `state`; 0: none yet
  std::weak_ptr<Stream> stream;
  const Stream* current = nullptr;  // whose stream it is
  std::string pod_uid;
};

class Registry {
 public:
  explicit Registry(Listener listener) : listener_(std::move(listener)) {}

  bool leading() const;
  void Lead(bool leading);
  void Publish(const NodeName& node, std::shared_ptr<const std::string> message);
  void Disconnect(const std::string& pod_uid);

  // From now on this is the node's stream; an earlier one is closed. An Error: it may not stay.
  Result<std::shared_ptr<Node>> Join(const Agent& agent, const std::shared_ptr<Stream>& stream);
  // Nothing happens where another stream has taken over.
  void Leave(const std::shared_ptr<Node>& node, const Stream* stream);
  // The newest state, where it is newer than `seen`, which becomes its version; else null.
  std::shared_ptr<const std::string> Next(const Node& node, std::uint64_t& seen) const;
  // False: the stream is not the node's any more; the report is dropped.
  bool Report(const std::shared_ptr<Node>& node, const Stream* stream, ReportMessage report);
  // nullptr: nobody knows yet whose peer it is.
  void Misbehaved(const std::shared_ptr<Node>& node, const Error& error);

  std::uint64_t connected() const { return connected_; }

 private:
  std::shared_ptr<Node> Find(const NodeName& name);       // makes it
  void ForgetIfEmpty(const std::shared_ptr<Node>& node);  // under mutex_

  const Listener listener_;
  std::atomic<std::uint64_t> connected_ = 0;
  std::mutex strangers_;      // as Node::calls, for peers without a node
  mutable std::mutex mutex_;  // of all below and of what nodes hold; never held while the listener is called
  bool leading_ = false;
  std::uint64_t versions_ = 0;
  std::unordered_map<NodeName, std::shared_ptr<Node>> nodes_;
  std::unordered_map<std::string, std::shared_ptr<Node>> pods_;  // by UID: where their streams are
  // Pods that are gone, the last ones: one may be in the middle of its handshake.
  std::unordered_set<std::string> gone_;
  std::deque<std::string> gone_order_;
};

}  // namespace podmirror::push
