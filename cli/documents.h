// What a folder of YAML files says, as objects. Pure: the folder's content goes in, the difference comes out.
//
// A file that cannot be read or parsed keeps what it last said. A document in it that cannot be decoded stops itself
// alone: the others are taken, and what the file said before and nobody says now stays. An object that two documents
// have belongs to the first (by file name, then by position).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "contract/names.h"
#include "contract/result.h"
#include "node-agent/pods/local.h"
#include "operator/decode/decode.h"
#include "operator/store/store.h"

namespace podmirror::cli {

// Somebody is writing it at this moment: it keeps what it last said.
struct Unsettled {
  bool operator==(const Unsettled&) const = default;
};
// A file's text, or why there is none (Error::where is empty).
using FileContent = std::variant<std::string, Error, Unsettled>;
using FolderContent = std::map<std::string, FileContent>;  // by file name

using ObjectId = std::pair<store::Kind, ObjectKey>;

struct Change {
  std::vector<store::AnyObject> put;
  std::vector<ObjectId> removed;
  // Since the last change. Error::where is "file:line:column field".
  std::vector<Error> errors;
  std::vector<std::string> warnings;
};

class Documents {
 public:
  enum class OtherPods {
    kElsewhere,  // local mode: a pod without a place is on no node that we know
    kAsWritten,  // dry run: it keeps its nodeName
  };
  explicit Documents(OtherPods other_pods) : other_pods_(other_pods) {}

  Change Apply(const FolderContent& content);

  // All that holds now.
  const std::set<std::string>& errors() const { return errors_; }
  std::map<ObjectKey, pods::LocalPlace> places() const;

 private:
  struct Entry {
    ObjectId id;
    store::AnyObject object;
    std::optional<pods::LocalPlace> place;
    std::string where;          // file:line:column
    std::vector<Error> errors;  // of an object that is there and does nothing, or not what it should
  };
  struct File {
    std::optional<std::string> text;  // that `entries` and `errors` come from
    std::vector<Entry> entries;
    std::vector<Error> errors;
    std::optional<Error> unreadable;
  };

  void Take(const std::string& name, const FileContent& content, std::vector<std::string>& warnings);
  void Parse(const std::string& name, const std::string& text, File& file, std::vector<std::string>& warnings);
  // False where it cannot be decoded.
  bool TakeObject(const std::string& name, const decode::Node& document, File& file, std::vector<Entry>& entries,
                  std::vector<std::string>& warnings);
  Entry MakeEntry(const std::string& name, const decode::Node& document, store::AnyObject object) const;
  std::map<ObjectId, Entry> Merge(std::vector<Error>& errors) const;

  OtherPods other_pods_;
  std::map<std::string, File> files_;
  std::map<ObjectId, Entry> objects_;
  std::set<std::string> errors_;  // described
  std::set<std::string> warned_kinds_;
};

}  // namespace podmirror::cli
