#include "node-agent/link/state_file.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string_view>

#include "contract/codec.h"

namespace podmirror::link {
namespace {

// First line: this word, a space and the SHA-256 of all that follows, in hex. Then Encode(StateMessage).
constexpr std::string_view kHeader = "podmirror-state-1 ";
constexpr std::size_t kHeaderBytes = kHeader.size() + 64 + 1;

class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd() {
    if (fd_ >= 0) close(fd_);
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

std::unexpected<Error> FailErrno(const std::string& what, const std::string& where) {
  return Fail(what + ": " + std::strerror(errno), where);
}

std::string Digest(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    std::array<char, 3> byte{};
    std::snprintf(byte.data(), byte.size(), "%02x", static_cast<unsigned>(digest[i]));
    hex += byte.data();
  }
  return hex;
}

bool WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

std::string FolderOf(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path();
  return folder.empty() ? "." : folder;
}

// After a crash the new name must lead to the new content.
Result<void> SyncFolder(const std::string& path) {
  const std::string folder = FolderOf(path);
  const Fd fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0 || fsync(fd.get()) < 0) return FailErrno("cannot be synced", folder);
  return {};
}

Result<void> WriteNew(const std::string& path, std::string_view text) {
  unlink(path.c_str());  // of a crash
  const Fd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (fd.get() < 0) return FailErrno("cannot be made", path);
  if (fchmod(fd.get(), 0600) < 0 || !WriteAll(fd.get(), text) || fsync(fd.get()) < 0) {
    const int error = errno;
    unlink(path.c_str());
    errno = error;
    return FailErrno("cannot be written", path);
  }
  return {};
}

Result<std::string> ReadAll(int fd, std::size_t size, const std::string& path) {
  std::string text(size, '\0');
  std::size_t at = 0;
  while (at < size) {
    const ssize_t got = read(fd, text.data() + at, size - at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FailErrno("cannot be read", path);
    if (got == 0) break;
    at += static_cast<std::size_t>(got);
  }
  text.resize(at);
  return text;
}

}  // namespace

Result<void> SaveState(const std::string& path, const StateMessage& message) {
  std::error_code ignored;
  std::filesystem::create_directories(FolderOf(path), ignored);  // what is wrong shows below
  const std::string body = Encode(message);
  const std::string fresh = path + ".new";
  const std::string text = std::string(kHeader) + Digest(body) + "\n" + body;
  if (auto written = WriteNew(fresh, text); !written.has_value()) return written;
  if (std::rename(fresh.c_str(), path.c_str()) < 0) return FailErrno("cannot be replaced", path);
  return SyncFolder(path);
}

Result<std::optional<StateMessage>> LoadState(const std::string& path) {
  const Fd fd(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (fd.get() < 0 && errno == ENOENT) return std::nullopt;
  if (fd.get() < 0) return FailErrno("cannot be opened", path);
  struct stat info{};
  if (fstat(fd.get(), &info) < 0) return FailErrno("cannot be read", path);
  if (!S_ISREG(info.st_mode)) return Fail("is no file", path);
  if ((info.st_mode & 022) != 0)
    return Fail("can be written by others", path, "chmod 0600 it, if its content is yours");
  if (static_cast<std::size_t>(info.st_size) > kHeaderBytes + kMaxStateBytes) return Fail("is too large", path);
  const Result<std::string> text = ReadAll(fd.get(), static_cast<std::size_t>(info.st_size), path);
  if (!text.has_value()) return std::unexpected(text.error());
  const std::string_view whole = *text;
  if (!whole.starts_with(kHeader)) return Fail("is not a state of this version", path);
  if (whole.size() < kHeaderBytes ||
      whole.substr(kHeader.size(), kHeaderBytes - kHeader.size()) != Digest(whole.substr(kHeaderBytes)) + "\n") {
    return Fail("is damaged", path);
  }
  Result<StateMessage> message = DecodeStateMessage(whole.substr(kHeaderBytes));
  if (!message.has_value()) return Fail("cannot be taken: " + Describe(message.error()), path);
  return std::optional<StateMessage>(std::move(*message));
}

Result<void> RemoveState(const std::string& path) {
  const std::string fresh = path + ".new";
  for (const std::string& name : {fresh, path}) {
    if (unlink(name.c_str()) < 0 && errno != ENOENT && errno != ENOTDIR) return FailErrno("cannot be removed", name);
  }
  return {};
}

}  // namespace podmirror::link
