#include "cli/compile.h"

#include <cstdio>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "cli/documents.h"
#include "cli/folder.h"
#include "cli/join.h"
#include "cli/log.h"
#include "cli/report.h"
#include "cli/table.h"
#include "contract/codec.h"
#include "operator/compile/compile.h"
#include "operator/status/reduce.h"
#include "operator/store/store.h"

namespace podmirror::cli {
namespace {

using Json = nlohmann::ordered_json;

Instant Now() { return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now()); }

// What a node would report on which everything works.
NodeReport Ideal(const DesiredState& state) {
  NodeReport report;
  for (const DesiredSource& source : state.sources) report.sources.push_back({source.pod, "", "", ""});
  for (const DesiredTarget& target : state.targets) {
    for (const SocketAddress& endpoint : target.endpoints) report.endpoints.push_back({endpoint, "", ""});
  }
  return report;
}

std::string ToText(const compile::Compiled& compiled, const status::Status& status) {
  std::string text = VerdictTable(status);
  for (const auto& [node, state] : compiled.states) text += "\nnode " + OneLine(node) + ":\n" + Encode(state);
  return text;
}

// As `status -o json` words verdicts, without what only a kernel knows.
std::string ToJsonText(const compile::Compiled& compiled, const status::Status& status,
                       const std::set<std::string>& errors) {
  const View view = Join(Report{status, {}, {}}, {}, {}, {});
  Json json = Json::parse(ToJson(view));
  json.erase("interfaces");
  json.erase("law");
  for (Json& session : json["sessions"]) {
    for (Json& source : session["sources"]) {
      source.erase("interface");
      source.erase("ingress");
      source.erase("egress");
    }
  }
  json["errors"] = errors;
  json["states"] = Json::object();
  for (const auto& [node, state] : compiled.states) json["states"][node] = Json::parse(Encode(state));
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

int RunCompile(const CompileOptions& options) {
  const Result<std::unique_ptr<Folder>> folder = Folder::Open(options.folder);
  if (!folder.has_value()) {
    Say(folder.error());
    return kExitFailed;
  }
  const Result<FolderContent> content = (*folder)->Read();
  if (!content.has_value()) {
    Say(content.error());
    return kExitFailed;
  }
  Documents documents(Documents::OtherPods::kAsWritten);
  Change change = documents.Apply(*content);
  for (const std::string& warning : change.warnings) Say(Level::kWarning, warning);
  for (const Error& error : change.errors) Say(error);
  store::Store store;
  for (store::AnyObject& object : change.put) store.Put(std::move(object));

  const compile::Compiled compiled = compile::Compile(store.Snapshot(Now()), options.compile);
  std::map<NodeName, status::NodeState> nodes;
  for (const auto& [node, state] : compiled.states)
    nodes.emplace(node, status::NodeState{Ideal(state), true, state.pointer()});
  const status::Status status = status::Reduce(compiled, nodes);
  const std::string text =
      options.format == Format::kJson ? ToJsonText(compiled, status, documents.errors()) : ToText(compiled, status);
  std::fputs(text.c_str(), stdout);
  return documents.errors().empty() ? kExitDone : kExitFailed;
}

}  // namespace podmirror::cli
