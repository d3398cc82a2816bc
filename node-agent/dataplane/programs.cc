#include "node-agent/dataplane/programs.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <set>

#include "mirror_bpf.skel.h"
#include "node-agent/dataplane/kernel.h"

namespace podmirror::dataplane {
namespace {

constexpr std::size_t kMessageBytes = 4096;

// libbpf's warnings during a load; the verifier's verdict stands at their end.
thread_local std::string* warnings = nullptr;

int TakeWarning(libbpf_print_level level, const char* format, va_list arguments) {
  if (level != LIBBPF_WARN || warnings == nullptr) return 0;
  std::string line(kMessageBytes, '\0');
  const int size = std::vsnprintf(line.data(), line.size(), format, arguments);
  line.resize(std::min<std::size_t>(line.size() - 1, size < 0 ? 0 : static_cast<std::size_t>(size)));
  *warnings += line;
  return 0;
}

class Warnings {
 public:
  Warnings() : before_(libbpf_set_print(TakeWarning)) { warnings = &text_; }
  ~Warnings() {
    warnings = nullptr;
    libbpf_set_print(before_);
  }
  Warnings(const Warnings&) = delete;
  Warnings& operator=(const Warnings&) = delete;
  std::string Last() const {
    return text_.size() <= kMessageBytes ? text_ : "..." + text_.substr(text_.size() - kMessageBytes);
  }

 private:
  std::string text_;
  libbpf_print_fn_t before_;
};

struct Destroy {
  void operator()(mirror_bpf* skeleton) const { mirror_bpf__destroy(skeleton); }
};

Result<void> PinProgram(const Pins& pins, const bpf_object* object, const char* name) {
  const bpf_program* program = bpf_object__find_program_by_name(object, name);
  if (program == nullptr) return Fail("the object lacks a program", name);
  const std::string path = pins.Program(name, ObjectHash());
  const std::string fresh = path + std::string(kNew);
  Unlink(fresh);
  if (bpf_obj_pin(bpf_program__fd(program), fresh.c_str()) < 0) return FailErrno("program cannot be pinned", fresh);
  if (std::rename(fresh.c_str(), path.c_str()) < 0) return FailErrno("pin cannot be renamed", fresh);
  return {};
}

}  // namespace

const std::string& ObjectHash() {
  static const std::string hash = [] {
    std::size_t size = 0;
    const auto* bytes = static_cast<const std::uint8_t*>(mirror_bpf__elf_bytes(&size));
    std::uint64_t value = 0xcbf29ce484222325;  // FNV-1a, 64 bits
    for (std::size_t i = 0; i < size; ++i) value = (value ^ bytes[i]) * 0x100000001b3;
    char text[17];
    std::snprintf(text, sizeof(text), "%016llx", static_cast<unsigned long long>(value));
    return std::string(text);
  }();
  return hash;
}

bool AreProgramsWhole(const Pins& pins) {
  std::set<std::uint32_t> used;
  for (const char* name : kPrograms) {
    auto program = OpenProgram(pins, name);
    std::vector<std::uint32_t> ids;
    if (!program || ProgramMapIds(*program, ids) < 0) return false;
    used.insert(ids.begin(), ids.end());
  }
  for (const char* name : kMaps) {
    const Fd map = OpenPin(pins.Map(name), true);
    std::uint32_t id = 0;
    if (!map || MapId(map, id) < 0 || !used.contains(id)) return false;
  }
  return true;
}

Result<void> LoadPrograms(const Pins& pins) {
  Warnings log;
  const std::unique_ptr<mirror_bpf, Destroy> skeleton(mirror_bpf__open());
  if (!skeleton) return FailErrno("BPF object cannot be opened", "mirror.bpf.o");
  bpf_map* map;
  bpf_object__for_each_map(map, skeleton->obj) {
    if (bpf_map__set_pin_path(map, pins.Map(bpf_map__name(map)).c_str()) < 0) {
      return FailErrno("map cannot be given its pin", bpf_map__name(map));
    }
  }
  if (int error = mirror_bpf__load(skeleton.get()); error < 0) {
    return FailErrno(
        "BPF programs cannot be loaded", pins.root(), -error,
        "if another build of this version left its maps there, run `podmirror cleanup`. The kernel says:\n" +
            log.Last());
  }
  for (const char* name : kPrograms) {
    if (auto pinned = PinProgram(pins, skeleton->obj, name); !pinned) return pinned;
  }
  return {};
}

std::vector<std::string> OldProgramPins(const Pins& pins) {
  std::vector<std::string> old;
  for (const std::string& name : List(pins.Folder("programs"))) {
    if (!name.ends_with("-" + ObjectHash())) old.push_back(pins.Folder("programs") + "/" + name);
  }
  return old;
}

Result<Fd> OpenProgram(const Pins& pins, const char* name) {
  const std::string path = pins.Program(name, ObjectHash());
  Fd program = OpenPin(path);
  if (!program) return FailErrno("program cannot be opened", path);
  return program;
}

}  // namespace podmirror::dataplane
