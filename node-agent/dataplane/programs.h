// The programs of this build and their maps, loaded once and found again by their pins.
#pragma once

#include <array>
#include <map>
#include <string>

#include "contract/result.h"
#include "node-agent/dataplane/fd.h"
#include "node-agent/dataplane/pins.h"

namespace podmirror::dataplane {

inline constexpr const char* kIngressProgram = "pm_ingress";
inline constexpr const char* kEgressProgram = "pm_egress";
inline constexpr const char* kEncapProgram = "pm_encap";
inline constexpr const char* kSegmentProgram = "pm_segment";
inline constexpr const char* kUplinkProgram = "pm_uplink";
inline constexpr std::array kPrograms = {kIngressProgram, kEgressProgram, kEncapProgram, kSegmentProgram,
                                         kUplinkProgram};

// Every map of the object; a test compares the list with it.
inline constexpr std::array kMaps = {"pm_interfaces",
                                     "pm_hooks",
                                     "pm_rulesets",
                                     "pm_targets",
                                     "pm_endpoints",
                                     "pm_collectors",
                                     "pm_services",
                                     "pm_config",
                                     "pm_interface_counters",
                                     "pm_session_counters",
                                     "pm_slot_generations",
                                     "pm_budgets",
                                     "pm_budget_credit",
                                     "pm_scratches",
                                     "pm_bounces"};

inline const char* ProgramOf(pm_direction direction) {
  return direction == PM_INGRESS ? kIngressProgram : kEgressProgram;
}

// Of the object's bytes, 16 hex digits: another build has another one.
const std::string& ObjectHash();

// All programs of this build are pinned and use the maps that are pinned, all of which are there.
bool AreProgramsWhole(const Pins& pins);
// Loads the object with the maps that are pinned already, creates the others, pins everything.
Result<void> LoadPrograms(const Pins& pins);
// Pins of programs of other builds, and of loads that were cut short.
std::vector<std::string> OldProgramPins(const Pins& pins);
Result<Fd> OpenProgram(const Pins& pins, const char* name);

}  // namespace podmirror::dataplane
