#include "operator/kube/reflector_steps.h"

#include <algorithm>
#include <utility>

namespace podmirror::kube {
namespace {

using End = Outcome::End;
using std::chrono::milliseconds;

constexpr milliseconds kAtOnce{1'000};  // a stream that ends sooner has failed
constexpr std::chrono::minutes kGood{2};
constexpr std::chrono::minutes kLongestRetryAfter{5};

std::string_view ResourceOf(Kind kind) {
  const std::string_view path = PathOf(kind);
  return path.substr(path.rfind('/') + 1);
}

Error MissingKind(Kind kind) {
  return {"the API server does not know " + std::string(ResourceOf(kind)), std::string(PathOf(kind)),
          "install Podmirror's CRDs: kubectl apply -f crds/"};
}

Error Forbidden(Kind kind, const ServerStatus& status) {
  const std::string said = status.message.empty() ? "" : ": " + status.message;
  return {"the operator may not read " + std::string(ResourceOf(kind)) + said, std::string(PathOf(kind)),
          "grant get, list and watch on " + std::string(ResourceOf(kind)) + " to the operator's ServiceAccount"};
}

Error Describe(Kind kind, const Outcome& outcome) {
  const std::string where(PathOf(kind));
  const std::string& message = outcome.status.message;
  switch (outcome.end) {
    case End::kEnded:
      return {"the API server ends watches at once", where, "look at the API server's log and at proxies before it"};
    case End::kMalformed:
      return {"the API server's answer cannot be read: " + message, where, "look at proxies before the API server"};
    case End::kNoAnswer:
      return {"the API server does not answer: " + message, where, "see whether it runs and can be reached"};
    default:
      return {"the API server refuses: HTTP " + std::to_string(outcome.status.code) +
                  (message.empty() ? "" : ": " + message),
              where, outcome.status.code == 401 ? "see whether the operator's token is valid" : ""};
  }
}

}  // namespace

Next Steps::After(const Outcome& outcome, Time now, double chance) {
  Next next = Decide(outcome, now, chance);
  current_ = next.step;
  SayOnce(next);
  return next;
}

void Steps::Listed(Time now) {
  current_ = Step::kWatch;
  malformed_ = 0;
  Heard(now);
}

void Steps::Heard(Time now) {
  if (!good_since_) good_since_ = now;
  said_.reset();
}

Next Steps::Decide(const Outcome& outcome, Time now, double chance) {
  switch (outcome.end) {
    case End::kDone:
      return {.step = Step::kWatch};
    case End::kIncomplete:
      pages_only_ = true;
      return {.step = Step::kPages};
    case End::kForgot:
    case End::kWentBack:
      return {.step = List(), .pause = PauseAfterFailure(now, chance)};
    case End::kEnded:
      if (listing() || outcome.lasted < kAtOnce) return Retry(outcome, now, chance);
      malformed_ = 0;
      return {.step = Step::kLook};
    case End::kMalformed: {
      Next next = Retry(outcome, now, chance);
      if (++malformed_ > 1) next.step = List();
      return next;
    }
    case End::kNoAnswer:
      return Retry(outcome, now, chance);
    case End::kStatus:
      return DecideByStatus(outcome.status, now, chance);
  }
  std::unreachable();
}

Next Steps::DecideByStatus(const ServerStatus& status, Time now, double chance) {
  const Outcome outcome{End::kStatus, status};
  switch (status.code) {
    case 400:
    case 422:
      if (current_ == Step::kWatchList) {  // a server without watch-list
        pages_only_ = true;
        return {.step = Step::kPages};
      }
      break;
    case 403:
      return {.step = List(), .pause = PauseAfterFailure(now, chance), .out_of_sync = Forbidden(kind_, status)};
    case 404:
      return {.step = List(), .pause = PauseAfterFailure(now, chance), .out_of_sync = MissingKind(kind_)};
    case 500:
      // An etcd that cannot be asked how far it is (before 3.4.25): the API server has no watch-list then, and says so
      // in the stream (storage/cacher, "RequestWatchProgress is disabled").
      if (current_ == Step::kWatchList && status.message.find("RequestWatchProgress") != std::string::npos) {
        pages_only_ = true;
        return {.step = Step::kPages};
      }
      break;
    case 410:
      return {.step = List(), .pause = PauseAfterFailure(now, chance)};
    case 429: {
      Next next = Retry(outcome, now, chance);
      next.step = current_;
      next.same_page = current_ == Step::kPages;
      return next;
    }
    default:
      break;
  }
  Next next = Retry(outcome, now, chance);
  if (current_ == Step::kWatchList) next.step = Step::kPages;
  if (current_ == Step::kWatch && status.code < 500) next.step = List();
  return next;
}

Next Steps::Retry(const Outcome& outcome, Time now, double chance) {
  const milliseconds asked = std::min<milliseconds>(outcome.status.retry_after, kLongestRetryAfter);
  const milliseconds own = PauseAfterFailure(now, chance);
  return {.step = listing() ? List() : Step::kLook,
          .pause = outcome.status.code == 429 && asked.count() > 0 ? asked : std::max(own, asked),
          .unheard = Describe(kind_, outcome)};
}

milliseconds Steps::PauseAfterFailure(Time now, double chance) {
  constexpr int kEnough = 16;
  if (good_since_ && now - *good_since_ >= kGood) failures_ = 0;
  good_since_.reset();
  const double base = static_cast<double>(first_pause_.count()) * static_cast<double>(1 << failures_);
  failures_ = std::min(failures_ + 1, kEnough);
  const double most = static_cast<double>(longest_pause_.count());
  const double pause = std::min(std::min(base, most) * (0.75 + chance / 2), most);
  return milliseconds(static_cast<milliseconds::rep>(pause));
}

void Steps::SayOnce(Next& next) {
  const std::optional<Error>& says = next.out_of_sync ? next.out_of_sync : next.unheard;
  if (!says) return;
  if (says == said_) {
    next.out_of_sync.reset();
    next.unheard.reset();
    return;
  }
  said_ = says;
}

}  // namespace podmirror::kube
