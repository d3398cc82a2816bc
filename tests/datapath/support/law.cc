#include "tests/datapath/support/law.h"

#include <cstdint>
#include <initializer_list>

namespace podmirror::testing {
namespace {

using Json = nlohmann::json;

class Checker {
 public:
  Checker(std::string where, const Json& terms, std::vector<std::string>& broken)
      : where_(std::move(where)), terms_(terms), broken_(broken) {}

  std::uint64_t Sum(std::initializer_list<const char*> names) const {
    std::uint64_t sum = 0;
    for (const char* name : names) sum += terms_.at(name).get<std::uint64_t>();
    return sum;
  }
  void Equal(std::initializer_list<const char*> left, std::initializer_list<const char*> right) {
    if (Sum(left) != Sum(right)) Say(left, " != ", right);
  }

 private:
  void Say(std::initializer_list<const char*> left, const char* relation, std::initializer_list<const char*> right) {
    std::string text = where_ + ":";
    for (const char* name : left) text += " " + std::string(name) + "=" + terms_.at(name).dump();
    text += relation;
    for (const char* name : right) text += std::string(name) + "=" + terms_.at(name).dump() + " ";
    broken_.push_back(text);
  }

  std::string where_;
  const Json& terms_;
  std::vector<std::string>& broken_;
};

void CheckSource(Checker terms) {
  terms.Equal({"evaluated"}, {"excluded", "accepted", "rejected", "no_match"});
  terms.Equal({"accepted"},
              {"sampled_out", "rate_limited", "over_budget", "drop_no_endpoint", "clone_failed", "sliced", "encap_in"});
  terms.Equal({"encap_in"}, {"sent", "segmented", "drop_truncate", "drop_encap", "drop_send"});
  terms.Equal({"mirrored"}, {"sent", "segmented", "sliced"});
  terms.Equal({"segments_in"}, {"segments_sent", "segments_dropped"});
  terms.Equal({"segments_of_segmented"}, {"segments_in", "backlog_drop"});
}

}  // namespace

std::vector<std::string> BrokenLaws(const Json& status) {
  std::vector<std::string> broken;
  if (status.at("law") != "ok") broken.push_back("law: " + status.at("law").dump());
  for (const char* direction : {"ingress", "egress"}) {
    for (const Json& interface : status.at("interfaces")) {
      Checker terms(interface.at("name").get<std::string>() + " " + direction, interface.at(direction), broken);
      terms.Equal({"seen"}, {"guarded", "malformed", "non_ip", "unmatched", "accepted_total"});
    }
    for (const Json& session : status.at("sessions")) {
      for (const Json& source : session.at("sources")) {
        const std::string where = session.at("name").get<std::string>() + " " + source.at("pod").get<std::string>();
        CheckSource(Checker(where + " " + direction, source.at(direction), broken));
      }
    }
  }
  return broken;
}

}  // namespace podmirror::testing
