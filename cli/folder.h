// A folder of YAML files on disk, read and followed.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "cli/documents.h"
#include "contract/result.h"

namespace podmirror::cli {

// What lies in DIR itself and is named *.yaml or *.yml, as a shell means it: hidden files, such as the locks of
// editors, are not.
bool IsOurs(std::string_view file_name);

// Follows with inotify. A file that somebody has open and is writing is Unsettled until it is closed, or left alone
// for two seconds; an empty one that is newer than 100 ms is (it was just truncated to be written).
class Folder {
 public:
  static Result<std::unique_ptr<Folder>> Open(const std::string& path);
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  int fd() const { return inotify_; }
  // Takes the events that wait; true where something that matters to Read() has happened.
  bool Drain();
  // An Error where the folder itself cannot be read: it may come back, also as another one of that name.
  Result<FolderContent> Read();

 private:
  using Clock = std::chrono::steady_clock;

  Folder(std::string path, int inotify) : path_(std::move(path)), inotify_(inotify) {}
  Result<void> Watch(int folder);
  FileContent ReadFile(int folder, const std::string& name) const;

  std::string path_;
  int inotify_;
  int watch_ = -1;
  std::uint64_t device_ = 0;  // of what is watched
  std::uint64_t inode_ = 0;
  std::map<std::string, Clock::time_point> writing_;  // since its last write
  std::set<std::string> touched_;                     // since Read() began
};

}  // namespace podmirror::cli
