// The thread of a reflector: takes the steps that Steps names, against a transport, and hands over what comes.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "operator/kube/clock.h"
#include "operator/kube/reflector.h"
#include "operator/kube/reflector_collect.h"
#include "operator/kube/reflector_steps.h"
#include "operator/kube/transport.h"

namespace podmirror::kube {

class Watcher {
 public:
  Watcher(Kind kind, Transport& transport, ReflectorSettings settings, Handler handler, Clock& clock)
      : kind_(kind),
        transport_(transport),
        settings_(settings),
        handler_(std::move(handler)),
        clock_(clock),
        steps_(kind, settings) {}

  void Run();   // until Stop()
  void Stop();  // from any thread
  bool stopped() const { return stopped_; }

 private:
  Outcome Take(Step step);
  Outcome ReadPages();
  std::optional<Outcome> ReadPage();  // nullopt: there are more
  Outcome Look();
  Outcome Follow(bool with_list);  // kWatchList, kWatch
  Outcome ReadStream(Stream& stream, bool with_list);
  // nullopt: the stream goes on.
  std::optional<Outcome> TakeFrame(const std::string& line, bool& listing);
  std::optional<Outcome> TakeChange(Frame frame, bool& listing);

  // Remembers which store it is that is about to be listed.
  std::optional<Outcome> MeetStore();
  // The uid of namespace kube-system: what tells one store from another. Empty where we may not know.
  std::expected<std::string, Outcome> AskStore();
  std::expected<Response, Outcome> Get(const std::string& target);
  Outcome NoAnswer(const TransportError& error);

  void HandOverList();
  void HandOver(Item item);
  void SayFresh(bool always);

  const Kind kind_;
  Transport& transport_;
  const ReflectorSettings settings_;
  const Handler handler_;
  Clock& clock_;
  Steps steps_;

  std::string store_;             // as AskStore() says
  std::string resource_version_;  // of what was handed over last
  std::optional<Steps::Time> fresh_;
  Collected collected_;
  std::string continue_token_;  // of the next page

  std::atomic<bool> stopped_ = false;
  std::mutex stream_mutex_;
  Stream* open_stream_ = nullptr;
};

}  // namespace podmirror::kube
