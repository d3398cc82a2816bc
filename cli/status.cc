#include "cli/status.h"

#include <net/if.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "cli/join.h"
#include "cli/log.h"
#include "cli/report.h"
#include "cli/table.h"
#include "node-agent/app/counts.h"
#include "node-agent/dataplane/dataplane.h"
#include "node-agent/stats/law.h"

namespace podmirror::cli {
namespace {

struct Reading {
  plan::Observed observed;
  dataplane::Counters counters;
};

std::string NameOfIfindex(std::uint32_t ifindex) {
  std::array<char, IF_NAMESIZE> name;
  return if_indextoname(ifindex, name.data()) == nullptr ? "" : name.data();
}

Result<Reading> Read(const std::string& bpffs) {
  Result<plan::Observed> observed = dataplane::ObservePinned(bpffs);
  if (!observed.has_value()) return std::unexpected(observed.error());
  Result<dataplane::Counters> counters = dataplane::ReadCounters(bpffs);
  if (!counters.has_value()) return std::unexpected(counters.error());
  return Reading{std::move(*observed), std::move(*counters)};
}

// All that is ours lies in one folder (dataplane.h).
Result<void> CheckThatSomethingIsHere(const std::string& bpffs) {
  const std::string folder = bpffs + "/podmirror";
  struct stat info;
  if (lstat(folder.c_str(), &info) != 0) {
    return Fail("nothing of podmirror is here", bpffs, "start `podmirror local -f DIR`");
  }
  if (access(folder.c_str(), R_OK | X_OK) != 0) return Fail("may not be read by this user", folder, "run as root");
  return {};
}

// A report that cannot be read costs the names, not the counters.
Result<Report> FindReport(const std::string& bpffs) {
  const Result<std::string> text = dataplane::ReadReport(bpffs);
  if (!text.has_value()) return std::unexpected(text.error());
  return DecodeReport(*text);
}

Result<View> MakeView(const std::string& bpffs) {
  if (const Result<void> here = CheckThatSomethingIsHere(bpffs); !here.has_value()) {
    return std::unexpected(here.error());
  }
  const Result<Report> found = FindReport(bpffs);
  const Result<Reading> first = Read(bpffs);
  if (!first.has_value()) return std::unexpected(first.error());
  if (!found.has_value()) Say(Level::kWarning, "names and verdicts are missing: " + Describe(found.error()));
  const Report report = found.value_or(Report{});

  const auto count = [&report](const Reading& reading) {
    return agent::HookCounts(reading.observed, reading.counters, NamesOf(report, reading.observed, NameOfIfindex));
  };
  const auto view = [&report](const Reading& reading) {
    return Join(report, reading.observed, reading.counters, NamesOf(report, reading.observed, NameOfIfindex));
  };
  if (stats::CheckLaw(count(*first)).empty()) return view(*first);
  // Packets may be on their way: only what two readings agree on is judged.
  std::this_thread::sleep_for(stats::kRest);
  const Result<Reading> second = Read(bpffs);
  if (!second.has_value()) return std::unexpected(second.error());
  View judged = view(*second);
  judged.law = stats::CheckLaw(count(*first), count(*second));
  return judged;
}

}  // namespace

int RunStatus(const StatusOptions& options) {
  const Result<View> view = MakeView(options.bpffs);
  if (!view.has_value()) {
    Say(view.error());
    return kExitFailed;
  }
  std::fputs((options.format == Format::kJson ? ToJson(*view) : StatusTable(*view)).c_str(), stdout);
  return kExitDone;
}

}  // namespace podmirror::cli
