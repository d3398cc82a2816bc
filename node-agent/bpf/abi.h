/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The one description of what kernel and agent share. Compiles as BPF C, C and C++; layouts are asserted below.
 *
 * Byte order: addresses, ports of struct pm_socket and everything named *_be are in network order; all else is in
 * host order.
 *
 * Change: what a packet is judged by is never changed in place. An endpoint, a ruleset, a target's table and a hook
 * are written anew under another id (or as a new inner map) and then referred to; only the last reference, the
 * inner map of pm_hooks, decides, and the kernel waits for running programs when it is replaced
 * (maybe_wait_bpf_programs in kernel/bpf/syscall.c). So no packet is judged by half of a change.
 */
#pragma once

#ifdef __cplusplus
#include <cstdint>
#include <linux/types.h>
#endif

#define PM_ABI_VERSION 1

#define PM_MAX_RULES 256     /* per hook, over all its sessions */
#define PM_MAX_SESSIONS 16   /* per hook */
#define PM_MAX_INTERFACES 1024
#define PM_MAX_HOOKS (2 * PM_MAX_INTERFACES) /* index * 2 + direction */
#define PM_MAX_RULESETS 2048
#define PM_MAX_TARGETS 1024
#define PM_MAX_ENDPOINTS 4096
#define PM_MAX_SLOTS 4096    /* counters: one per {interface, direction, session} */
#define PM_MAX_SOCKETS 8192  /* collectors; network services */
#define PM_MAX_BUDGETS 64    /* egress devices; 0 stands for "off" */
#define PM_TABLE_BITS 14
#define PM_TABLE_SIZE (1 << PM_TABLE_BITS)

/* Outer headers of a copy over IPv4: Ethernet, IP, UDP, VXLAN. */
#define PM_OUTER_ETH 14
#define PM_OUTER_V4 50

#define PM_NO_ENDPOINT 0xffff

/* Seen from the pod. The host side's tc ingress carries what the pod sends. */
enum pm_direction {
	PM_INGRESS = 0,
	PM_EGRESS = 1,
};

/* api.md infrastructureTraffic; equal to podmirror::Infrastructure */
enum pm_infrastructure {
	PM_INFRA_ARP = 1,
	PM_INFRA_DHCP = 2,
	PM_INFRA_NTP = 4,
	PM_INFRA_METADATA = 8,
};

/* IPv4 in the last four bytes of an address, zeros before; the family stands beside it. */
enum pm_need {
	PM_NEED_V4 = 1,        /* a CIDR of that family is named */
	PM_NEED_V6 = 2,
	PM_NEED_PROTOCOL = 4,
	PM_NEED_PORTS = 8,
};

struct pm_rule {
	__u64 saddr_be[2];
	__u64 smask_be[2];
	__u64 daddr_be[2];
	__u64 dmask_be[2];
	__u16 sport_from;
	__u16 sport_to;
	__u16 dport_from;
	__u16 dport_to;
	__u8 need;     /* pm_need */
	__u8 protocol;
	__u8 accept;
	__u8 session;  /* position in the hook, ascending over the rules */
	__u32 pad;
};

struct pm_ruleset_session {
	__u8 infrastructure; /* pm_infrastructure that the rules may decide */
	__u8 cluster_dns;
};

/* Shared by all hooks with equal rules. Inner value of pm_rulesets. */
struct pm_ruleset {
	__u32 n_rules;
	__u32 n_sessions;
	struct pm_ruleset_session session[PM_MAX_SESSIONS];
	struct pm_rule rule[PM_MAX_RULES];
};

struct pm_hook_session {
	__u64 key;            /* who it is: hash of namespace, name and UID */
	__u64 expires_tai_ns; /* CLOCK_TAI; 0: never */
	__u32 vni;
	__u32 target;         /* index in pm_targets */
	__u32 slot;           /* index in pm_session_counters */
	__u16 packet_length;  /* inner bytes; 0: whole */
	__u8 chained;         /* since this slot and the one before were born, nothing came between: the chain law holds */
	__u8 pad;
};

/* One {interface, direction}. Inner value of pm_hooks. */
struct pm_hook {
	__u32 ruleset; /* index in pm_rulesets */
	__u32 n_sessions;
	__u32 complete; /* no session has left since the interface counters were reset: the sum law holds */
	__u32 n_priority; /* the first ones, whose tier is priority */
	struct pm_hook_session session[PM_MAX_SESSIONS];
};

/* Value of pm_interfaces, keyed by ifindex. */
struct pm_interface {
	__u32 index;    /* dense, names the hooks and the counters */
	__u32 pad;
	__u64 identity; /* hash of MAC, peer ifindex and peer namespace id: tells a reused ifindex */
};

enum pm_endpoint_flags {
	PM_ENDPOINT_SEGMENT = 1, /* the egress device does not complete checksums: go through the segmenter */
	PM_ENDPOINT_DIRECT = 2,  /* pm_uplink stands at the egress device: the hook hands the clone straight to it */
};

/* One collector address with its next hop. Immutable while an id refers to it. */
struct pm_endpoint {
	__u32 ifindex;
	__u32 flags;
	__u8 smac[6];
	__u8 dmac[6];
	__u32 saddr_be;
	__u32 daddr_be;
	__u16 dport;
	__u16 max_inner; /* inner frame bytes that fit: MTU of the route - 36 */
	__u32 budget;    /* index in pm_budgets; 0: off */
};

/* Consistent-hash table. Inner value of pm_targets. */
struct pm_target {
	__u64 key; /* who it is: hash of namespace and name */
	__u16 endpoint[PM_TABLE_SIZE]; /* ids, or PM_NO_ENDPOINT; indexed by the top bits of the flow hash */
};

/* Key of pm_collectors and pm_services; IPv4 in the last four bytes. */
struct pm_socket {
	__u64 addr_be[2];
	__u16 port_be;
	__u16 family; /* 4 or 6 */
	__u32 pad;
};

/* Value of pm_collectors: which sessions the loop guard keeps from UDP that goes there. */
enum pm_guard {
	PM_GUARD_ALL = 1,    /* a collector of the priority tier */
	PM_GUARD_NORMAL = 2, /* one of the normal tier: sessions of that tier */
};

struct pm_config {
	__u32 copy_ifindex;    /* near end of the mirror pair: pm_encap is its tc egress */
	__u32 segment_ifindex; /* near end of the segmenter pair */
	__u32 source_port_mask;/* outer source port = 0xC000 | (flow hash & mask) */
	__u32 pair_only;       /* kernel's: a clone did not meet pm_uplink, so none is handed to an egress device again */
};

/* Token bucket of an egress device, outer bytes. CPUs borrow quanta of PM_BUDGET_QUANTUM. */
#define PM_BUDGET_QUANTUM 65536
struct pm_budget {
	__u64 bytes_per_second; /* 0: nothing may pass */
	__u64 depth;            /* bytes */
	__s64 tokens;           /* kernel's */
	__u64 last_ns;          /* kernel's; CLOCK_MONOTONIC */
	__u32 ifindex;
	__u32 pad;
};

/* The law of docs (ARCHITECTURE.md, counters). Names as exported by `podmirror status`. */
enum pm_interface_term {
	PM_SEEN,
	PM_GUARDED,
	PM_MALFORMED,
	PM_NON_IP,
	PM_UNMATCHED,
	PM_ACCEPTED_TOTAL,
	PM_INTERFACE_TERMS,
};

/* in frames as the hook saw them, each with its bytes */
enum pm_session_term {
	PM_EVALUATED,
	PM_EXCLUDED,
	PM_REJECTED,
	PM_NO_MATCH,
	PM_ACCEPTED,
	PM_OVER_BUDGET,
	PM_DROP_NO_ENDPOINT,
	PM_CLONE_FAILED,
	PM_ENCAP_IN,
	PM_SENT,
	PM_SEGMENTED,
	PM_DROP_TRUNCATE,
	PM_DROP_ENCAP,
	PM_DROP_SEND,
	PM_MTU_TRUNCATED, /* beside the law */
	PM_CUT_LATE,      /* beside the law */
	PM_SESSION_TERMS,
};

/* in wire segments */
enum pm_segment_term {
	PM_SEGMENTS_OF_SEGMENTED, /* handed to the segmenter */
	PM_SEGMENTS_IN,           /* came out of it */
	PM_SEGMENTS_SENT,
	PM_SEGMENTS_DROPPED,
	PM_SEGMENTS_OF_SENT,      /* gso_segs of `sent` */
	PM_SEGMENT_TERMS,
};

struct pm_interface_counters {
	__u64 packets[PM_INTERFACE_TERMS];
};

struct pm_session_counters {
	__u64 packets[PM_SESSION_TERMS];
	__u64 bytes[PM_SESSION_TERMS];
	__u64 segments[PM_SEGMENT_TERMS];
};

#if defined(__cplusplus)
#define PM_ASSERT(c) static_assert(c)
#else
#define PM_ASSERT(c) _Static_assert(c, #c)
#endif
PM_ASSERT(sizeof(struct pm_rule) == 80);
PM_ASSERT(sizeof(struct pm_ruleset) == 8 + 32 + 80 * PM_MAX_RULES);
PM_ASSERT(sizeof(struct pm_hook_session) == 32);
PM_ASSERT(sizeof(struct pm_hook) == 16 + 32 * PM_MAX_SESSIONS);
PM_ASSERT(sizeof(struct pm_interface) == 16);
PM_ASSERT(sizeof(struct pm_endpoint) == 36);
PM_ASSERT(sizeof(struct pm_target) == 8 + 2 * PM_TABLE_SIZE);
PM_ASSERT(sizeof(struct pm_socket) == 24);
PM_ASSERT(sizeof(struct pm_config) == 16);
PM_ASSERT(sizeof(struct pm_budget) == 40);
