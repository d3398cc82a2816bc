#include "cli/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "contract/limits.h"

namespace podmirror::cli {
namespace {

constexpr auto kWriterGone = std::chrono::seconds(2);
constexpr auto kJustTruncated = std::chrono::milliseconds(100);
constexpr std::uint32_t kEvents = IN_MODIFY | IN_CLOSE_WRITE | IN_CREATE | IN_ATTRIB | IN_MOVED_FROM | IN_MOVED_TO |
                                  IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
// Something else than a file of ours: IN_CREATE of a regular file is followed by its IN_CLOSE_WRITE.
constexpr std::uint32_t kFolderEvents = IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_Q_OVERFLOW;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

std::string Reason(int error) { return strerror(error); }

Error CannotOpen(int error) {
  switch (error) {
    case ELOOP:
      return {"a loop of symbolic links", "", "make it a file"};
    case ENOENT:
      return {"a symbolic link to nothing", "", "remove it, or make it point to a file"};
    case EACCES:
      return {"may not be read", "", "give the user that runs podmirror the right to read it"};
    default:
      return {"cannot be opened: " + Reason(error), "", ""};
  }
}

std::chrono::nanoseconds Modified(const struct stat& info) {
  return std::chrono::seconds(info.st_mtim.tv_sec) + std::chrono::nanoseconds(info.st_mtim.tv_nsec);
}

bool JustTruncated(const struct stat& info) {
  using std::chrono::system_clock;
  const auto age = system_clock::now().time_since_epoch() - Modified(info);
  return info.st_size == 0 && age >= age.zero() && age < kJustTruncated;
}

Result<std::vector<std::string>> Names(int folder, const std::string& path) {
  DIR* stream = fdopendir(dup(folder));
  if (stream == nullptr) return Fail("cannot be listed: " + Reason(errno), path);
  std::vector<std::string> names;
  errno = 0;
  for (const dirent* entry = readdir(stream); entry != nullptr; entry = readdir(stream)) {
    if (IsOurs(entry->d_name)) names.emplace_back(entry->d_name);
  }
  const int error = errno;
  closedir(stream);
  if (error != 0) return Fail("cannot be listed: " + Reason(error), path);
  return names;
}

}  // namespace

bool IsOurs(std::string_view file_name) {
  return !file_name.starts_with('.') && (file_name.ends_with(".yaml") || file_name.ends_with(".yml"));
}

Result<std::unique_ptr<Folder>> Folder::Open(const std::string& path) {
  const int inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (inotify < 0) {
    return Fail("cannot follow files: " + Reason(errno), path, "raise fs.inotify.max_user_instances with sysctl");
  }
  return std::unique_ptr<Folder>(new Folder(path, inotify));
}

Folder::~Folder() { close(inotify_); }

bool Folder::Drain() {
  alignas(inotify_event) std::array<char, 16384> buffer;
  bool matters = false;
  for (;;) {
    const ssize_t size = read(inotify_, buffer.data(), buffer.size());
    if (size <= 0) return matters;
    for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
      inotify_event event;
      std::memcpy(&event, buffer.data() + at, sizeof(event));
      const std::string name = event.len > 0 ? buffer.data() + at + sizeof(event) : "";
      at += sizeof(event) + event.len;
      // A folder that a ConfigMap fills swaps a hidden symbolic link: any rename matters.
      if ((event.mask & (kFolderEvents | IN_MOVED_TO | IN_MOVED_FROM)) != 0) matters = true;
      if (!IsOurs(name)) continue;
      matters = true;
      touched_.insert(name);
      if ((event.mask & IN_MODIFY) != 0) {
        writing_[name] = Clock::now();
      } else if ((event.mask & (IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE)) != 0) {
        writing_.erase(name);
      }
    }
  }
}

Result<FolderContent> Folder::Read() {
  const Descriptor folder(open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0) {
    return Fail("cannot be read: " + Reason(errno), path_, "what its files said stays in force until it is back");
  }
  if (const Result<void> watched = Watch(folder.get()); !watched.has_value()) {
    return std::unexpected(watched.error());
  }
  Drain();
  touched_.clear();
  const Result<std::vector<std::string>> names = Names(folder.get(), path_);
  if (!names.has_value()) return std::unexpected(names.error());

  FolderContent content;
  for (const std::string& name : *names) {
    const auto writing = writing_.find(name);
    const bool busy = writing != writing_.end() && Clock::now() - writing->second < kWriterGone;
    content[name] = busy ? FileContent(Unsettled{}) : ReadFile(folder.get(), name);
  }
  // Whatever changed while it was read may be half of something.
  Drain();
  for (const std::string& name : touched_) {
    if (const auto file = content.find(name); file != content.end()) file->second = Unsettled{};
  }
  return content;
}

// The path may have become another folder.
Result<void> Folder::Watch(int folder) {
  struct stat info;
  if (fstat(folder, &info) != 0) return Fail("cannot be read: " + Reason(errno), path_);
  if (watch_ >= 0 && info.st_dev == device_ && info.st_ino == inode_) return {};
  // Through the descriptor: what is watched is what is read.
  const std::string path = "/proc/self/fd/" + std::to_string(folder);
  const int watch = inotify_add_watch(inotify_, path.c_str(), kEvents);
  if (watch < 0) {
    return Fail("cannot be followed: " + Reason(errno), path_, "raise fs.inotify.max_user_watches with sysctl");
  }
  if (watch_ >= 0 && watch_ != watch) inotify_rm_watch(inotify_, watch_);
  watch_ = watch;
  device_ = info.st_dev;
  inode_ = info.st_ino;
  writing_.clear();
  return {};
}

FileContent Folder::ReadFile(int folder, const std::string& name) const {
  // O_NONBLOCK: a FIFO of that name must not hold us up.
  const Descriptor file(openat(folder, name.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (file.get() < 0) {
    const int error = errno;
    struct stat link;
    // Gone since the folder was listed; its event is on the way.
    if (error == ENOENT && fstatat(folder, name.c_str(), &link, AT_SYMLINK_NOFOLLOW) != 0) return Unsettled{};
    return CannotOpen(error);
  }
  struct stat info;
  if (fstat(file.get(), &info) != 0) return CannotOpen(errno);
  if (S_ISDIR(info.st_mode)) {
    return Error{"is a folder, and folders are not entered", "", "move its files up, or name it without .yaml"};
  }
  if (!S_ISREG(info.st_mode)) return Error{"is not a file", "", "put a YAML file in its place"};
  if (JustTruncated(info)) return Unsettled{};

  std::string text;
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t size = read(file.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return Error{"cannot be read: " + Reason(errno), "", ""};
    if (size == 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(size));
    if (text.size() > kMaxDocumentBytes) {
      return Error{"is larger than 1 MiB (" + std::to_string(kMaxDocumentBytes) + " bytes)", "",
                   "split it into several files"};
    }
  }
  // The event of a change comes a moment after the change.
  struct stat after;
  if (fstat(file.get(), &after) != 0 || after.st_size != info.st_size || Modified(after) != Modified(info)) {
    return Unsettled{};
  }
  return text;
}

}  // namespace podmirror::cli
