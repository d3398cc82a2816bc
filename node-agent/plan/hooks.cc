// Hooks: for each interface and direction the chain of sessions with its ruleset. A direction without sessions has an
// empty hook, so that what passes there is counted as `seen` and `unmatched`.
#include "contract/reasons.h"
#include "node-agent/plan/chain.h"
#include "node-agent/plan/lower_abi.h"
#include "node-agent/plan/passes.h"

namespace podmirror::plan {
namespace {

struct LessContent {
  bool operator()(const Ruleset& a, const Ruleset& b) const {
    return __builtin_memcmp(a.get(), b.get(), sizeof(pm_ruleset)) < 0;
  }
};

class HookPass {
 public:
  explicit HookPass(Draft& draft) : draft_(draft) {
    for (const auto& [id, ruleset] : draft.observed.rulesets) {
      ruleset_ids_.Use(id);
      rulesets_.emplace(ruleset, id);
    }
    for (const auto& [ifindex, interface] : draft.observed.interfaces)
      for (const auto& hook : interface.hooks)
        if (hook) UseIds(*hook);
  }

  void Run() {
    for (SourceDraft& source : draft_.sources)
      if (source.ifindex != 0) WantInterface(source);
    for (const auto& [ruleset, id] : rulesets_)
      if (referred_.contains(id)) draft_.wanted.rulesets[id] = ruleset;
  }

 private:
  void UseIds(const Hook& hook) {
    ruleset_ids_.Use(hook.value.ruleset);
    for (const pm_hook_session& session : Sessions(hook)) slots_.Use(session.slot);
  }

  void WantInterface(SourceDraft& source) {
    Interface& wanted = draft_.wanted.interfaces.at(source.ifindex);
    const Interface* kept = Kept(draft_.observed, source.ifindex, *wanted.entry);
    for (Direction direction : kDirections) {
      const auto d = static_cast<std::size_t>(direction);
      const Hook* before = kept != nullptr && kept->hooks[d] ? &*kept->hooks[d] : nullptr;
      const Chain chain = BuildChain(draft_, source, direction, before, slots_);
      const std::optional<std::uint32_t> ruleset = RulesetId(ContentOf(chain, direction));
      if (!ruleset) return GiveUp(source);
      wanted.hooks[d] = HookOf(chain, *ruleset, Complete(kept, before, chain));
      wanted.attachments[d] = WantedAttachment(source, static_cast<pm_direction>(direction));
    }
    for (const auto& hook : wanted.hooks) referred_.insert(hook->value.ruleset);
  }

  // Within the limits, which BuildChain() has seen to.
  static Ruleset ContentOf(const Chain& chain, Direction direction) {
    std::vector<const DesiredFilter*> filters;
    for (const ChainLink& link : chain) filters.push_back(link.filter);
    return LowerRuleset(filters, direction).value();
  }

  std::optional<std::uint32_t> RulesetId(const Ruleset& ruleset) {
    const auto found = rulesets_.find(ruleset);
    if (found != rulesets_.end()) return found->second;
    const auto id = ruleset_ids_.Next();
    if (id) rulesets_.emplace(ruleset, *id);
    return id;
  }

  // Old rules must not go on in the place of the new ones: nothing is mirrored until there is room.
  void GiveUp(SourceDraft& source) {
    source.fault.Say(reason::kNotProgrammed,
                     "this node holds at most " + std::to_string(PM_MAX_RULESETS) + " different lists of rules");
    draft_.wanted.interfaces.erase(source.ifindex);
    source.ifindex = 0;
  }

  static bool Complete(const Interface* kept, const Hook* before, const Chain& chain) {
    if (StartsAtZero(kept)) return true;
    if (before == nullptr || before->value.complete == 0) return false;
    return std::ranges::all_of(Sessions(*before), [&](const pm_hook_session& old) {
      return std::ranges::any_of(chain, [&](const ChainLink& link) { return link.entry.key == old.key; });
    });
  }

  static Hook HookOf(const Chain& chain, std::uint32_t ruleset, bool complete) {
    Hook hook;
    hook.value.ruleset = ruleset;
    hook.value.n_sessions = static_cast<__u32>(chain.size());
    hook.value.complete = complete ? 1 : 0;
    for (std::size_t position = 0; position < chain.size(); ++position)
      hook.value.session[position] = chain[position].entry;
    const auto normal =
        std::ranges::find(chain, Tier::kNormal, [](const ChainLink& link) { return link.session->tier; });
    hook.value.n_priority = static_cast<__u32>(normal - chain.begin());
    return hook;
  }

  // First in line; where that was tried in vain, what there is.
  Attachment WantedAttachment(SourceDraft& source, pm_direction direction) {
    const auto seen = draft_.observed.interfaces.find(source.ifindex);
    if (seen == draft_.observed.interfaces.end() || seen->second.attachments[direction] != Attachment::kNotFirst ||
        !draft_.settings.attached_again.contains({source.ifindex, direction}))
      return Attachment::kCurrent;
    source.fault.Say(reason::kNotFirst, "another program on interface " + source.interface +
                                            " wants to be first and may hide packets from the mirror");
    return Attachment::kNotFirst;
  }

  Draft& draft_;
  IdPool ruleset_ids_{0, PM_MAX_RULESETS};
  IdPool slots_{0, PM_MAX_SLOTS};
  std::map<Ruleset, std::uint32_t, LessContent> rulesets_;
  std::set<std::uint32_t> referred_;
};

}  // namespace

void WantHooks(Draft& draft) { HookPass(draft).Run(); }

}  // namespace podmirror::plan
