/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Every map, what it is keyed by and what a copy carries from hook to encapsulation. Layouts of values: abi.h. */
#pragma once

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "node-agent/bpf/abi.h"

/* Interfaces whose packets are looked at, by ifindex. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PM_MAX_INTERFACES);
	__type(key, __u32);
	__type(value, struct pm_interface);
} pm_interfaces SEC(".maps");

/*
 * Hooks, rulesets and targets are arrays of maps with one element each: replacing an inner map is one atomic store, and
 * the kernel waits for the programs that still read the old one. (Sizes, not types: clang emits no BTF for a type that
 * only an inner map names.)
 */
struct pm_hook_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct pm_hook));
};

/* by interface index * 2 + pm_direction */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, PM_MAX_HOOKS);
	__type(key, __u32);
	__array(values, struct pm_hook_map);
} pm_hooks SEC(".maps");

struct pm_ruleset_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct pm_ruleset));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, PM_MAX_RULESETS);
	__type(key, __u32);
	__array(values, struct pm_ruleset_map);
} pm_rulesets SEC(".maps");

struct pm_target_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct pm_target));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, PM_MAX_TARGETS);
	__type(key, __u32);
	__array(values, struct pm_target_map);
} pm_targets SEC(".maps");

/* ifindex 0: no such endpoint */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PM_MAX_ENDPOINTS);
	__type(key, __u32);
	__type(value, struct pm_endpoint);
} pm_endpoints SEC(".maps");

/* UDP to these is guarded; the value: pm_guard. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, PM_MAX_SOCKETS);
	__type(key, struct pm_socket);
	__type(value, __u8);
} pm_collectors SEC(".maps");

/* Keys are what counts; the value means nothing. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, PM_MAX_SOCKETS);
	__type(key, struct pm_socket);
	__type(value, __u8);
} pm_services SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pm_config);
} pm_config SEC(".maps");

/* by hook, like pm_hooks */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PM_MAX_HOOKS);
	__type(key, __u32);
	__type(value, struct pm_interface_counters);
} pm_interface_counters SEC(".maps");

/*
 * By slot. A hash that allocates on insert: an array of PM_MAX_SLOTS would cost 1.2 MB on every CPU, and a node with a
 * hundred pods uses a tenth of it. Only the agent inserts.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, PM_MAX_SLOTS);
	__type(key, __u32);
	__type(value, struct pm_session_counters);
} pm_session_counters SEC(".maps");

/* How often a slot was given to a new owner: a segment that was on its way meanwhile is not counted for him. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PM_MAX_SLOTS);
	__type(key, __u32);
	__type(value, __u32);
} pm_slot_generations SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PM_MAX_BUDGETS);
	__type(key, __u32);
	__type(value, struct pm_budget);
} pm_budgets SEC(".maps");

/* Outer bytes that this CPU has borrowed from a budget and not used yet. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PM_MAX_BUDGETS);
	__type(key, __u32);
	__type(value, __u64);
} pm_budget_credit SEC(".maps");

/*
 * What the second stage (pm_encap or pm_uplink) must know of the copy, and what the hook must count of it afterwards:
 * one lookup of the counters serves both. `active` while bpf_clone_redirect() runs it, on this CPU, bottom halves off.
 */
struct pm_scratch {
	__u32 active;       /* ifindex of the device whose program is to take the clone; 0: none is on its way */
	__u32 length;       /* skb->len of the clone */
	__u8 encapsulated;  /* set by the second stage: it has seen the copy */
	__u8 fate;          /* pm_session_term, likewise: what became of the copy */
	__u8 mtu_truncated; /* likewise: what is counted beside that */
	__u8 cut_late;
	__u32 hash;         /* of the flow */
	__u32 vni;
	__u32 slot;
	__u32 segments;     /* wire segments that the frame stands for */
	__u16 headers;      /* Ethernet to L4, tags included; repeated in each segment. 0: not known */
	__u16 tags;
	__u16 packet_length;
	__u16 endpoint;
	__u16 ip_id;        /* of the last copy from this CPU */
	__u16 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pm_scratch);
} pm_scratches SEC(".maps");

/* Room in which pm_segment shortens what the kernel will not. */
struct pm_bounce {
	__u8 bytes[16384];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pm_bounce);
} pm_bounces SEC(".maps");

static __always_inline void pm_count(struct pm_session_counters *counters, enum pm_session_term term, __u32 bytes)
{
	counters->packets[term]++;
	counters->bytes[term] += bytes;
}
