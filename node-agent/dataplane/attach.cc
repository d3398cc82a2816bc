#include "node-agent/dataplane/attach.h"

#include <bpf/bpf.h>

#include "node-agent/dataplane/pins.h"

namespace podmirror::dataplane {
namespace {

bool IsAlive(const LinkState& state, std::uint32_t ifindex, Hook hook) {
  return state.is_tcx && state.ifindex == ifindex && state.hook == hook;
}

// Without NET_ADMIN the kernel does not tell: then it is taken for first.
bool IsFirst(const LinkState& state) {
  std::vector<std::uint32_t> links;
  return QueryHook(state.ifindex, state.hook, links) < 0 || (!links.empty() && links.front() == state.id);
}

std::string Where(std::uint32_t ifindex, Hook hook) {
  return "ifindex " + std::to_string(ifindex) + (hook == Hook::kTcxIngress ? " (tc ingress)" : " (tc egress)");
}

}  // namespace

AttachmentState ObserveAttachment(const std::string& pin, std::uint32_t ifindex, Hook hook, std::uint32_t program_id) {
  using plan::Attachment;
  const Fd link = OpenPin(pin);
  if (!link) return {.attachment = Attachment::kNone, .stale_pin = errno != ENOENT && errno != EACCES};
  LinkState state;
  if (LinkInfo(link, state) < 0 || !IsAlive(state, ifindex, hook)) {
    return {.attachment = Attachment::kNone, .stale_pin = true};
  }
  if (state.program_id != program_id) return {.attachment = Attachment::kOther, .stale_pin = false};
  return {.attachment = IsFirst(state) ? Attachment::kCurrent : Attachment::kNotFirst, .stale_pin = false};
}

Result<void> EnsureAttached(const std::string& pin, std::uint32_t ifindex, Hook hook, const Fd& program) {
  std::uint32_t program_id = 0;
  if (int error = ProgramId(program, program_id); error < 0) return FailErrno("program cannot be read", pin, -error);
  if (const Fd link = OpenPin(pin); link) {
    LinkState state;
    if (LinkInfo(link, state) == 0 && IsAlive(state, ifindex, hook) && IsFirst(state)) {
      if (state.program_id == program_id) return {};
      if (int error = Swap(link, program); error < 0) {
        return FailErrno("program cannot be swapped", Where(ifindex, hook), -error);
      }
      return {};
    }
  }
  if (auto gone = DetachPin(pin); !gone) return gone;
  const Fd link = AttachFirst(program, ifindex, hook);
  if (!link) return FailErrno("program cannot be attached", Where(ifindex, hook));
  if (int error = Pin(link, pin); error < 0) return FailErrno("link cannot be pinned", pin, -error);
  return {};
}

Result<void> DetachPin(const std::string& pin) {
  if (const Fd link = OpenPin(pin); link) {
    LinkState state;
    // Detaching a link whose device is gone fails; there is nothing to do then.
    if (LinkInfo(link, state) == 0 && state.ifindex != 0 && bpf_link_detach(link.get()) < 0 && errno != ENOLINK) {
      return FailErrno("program cannot be detached", pin);
    }
  }
  if (int error = Unlink(pin); error < 0) return FailErrno("pin cannot be removed", pin, -error);
  return {};
}

}  // namespace podmirror::dataplane
