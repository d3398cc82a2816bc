/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * First stage, on the host side of a pod's interface: judge, count, hand a clone over. The original is not written:
 * other programs own its mark, priority and cb.
 */
#pragma once

#include "node-agent/bpf/budget.h"
#include "node-agent/bpf/encap.h"
#include "node-agent/bpf/flow.h"
#include "node-agent/bpf/maps.h"
#include "node-agent/bpf/match.h"
#include "node-agent/bpf/parse.h"

#define PM_TCP_HEADER 20
#define PM_UDP_HEADER 8

/*
 * A global function is verified once, by itself. Inlined, the rule loop would be walked again for every way through the
 * parser: more than a million instructions.
 */
#define PM_GLOBAL __attribute__((noinline))

/* The copy as it will leave: how many wire segments, and how large at most. */
struct pm_shape {
	__u32 bytes;    /* of the frame, tags included */
	__u32 headers;  /* repeated in each segment; 0: not known */
	__u32 segments;
};

static __always_inline void pm_measure(const struct __sk_buff *skb, const struct pm_packet *packet,
				       struct pm_shape *shape)
{
	__u32 gso_size = skb->gso_size;
	__u32 tag = skb->vlan_present ? PM_VLAN_HEADER : 0;
	__u32 header = PM_UDP_HEADER;
	__u8 data_offset;

	shape->bytes = skb->len + tag;
	shape->headers = 0;
	shape->segments = 1;
	if (!gso_size)
		return;
	shape->segments = skb->gso_segs ? skb->gso_segs : 1;
	if (!pm_has_ports(packet))
		return;
	if (packet->protocol == PM_IPPROTO_TCP) {
		if (pm_load(skb, packet->l4_offset + 12, &data_offset, 1))
			return;
		header = (data_offset >> 4) * 4;
		if (header < PM_TCP_HEADER)
			return;
	} else if (packet->protocol != PM_IPPROTO_UDP) {
		return;
	}
	header += packet->l4_offset;
	if (header >= skb->len)
		return;
	shape->headers = header + tag;
	/* as skb_segment() cuts; gso_segs may be 0 or somebody's guess */
	shape->segments = (skb->len - header + gso_size - 1) / gso_size;
}

/* Bytes on the wire of the egress device. */
static __always_inline __u64 pm_outer_bytes(const struct pm_shape *shape, __u32 gso_size, __u32 limit)
{
	__u64 inner = shape->bytes;

	if (shape->segments > 1)
		inner += (__u64)(shape->segments - 1) * shape->headers;
	if ((shape->segments > 1 ? shape->headers + gso_size : shape->bytes) > limit)
		inner = (__u64)shape->segments * limit;
	return inner + (__u64)shape->segments * PM_OUTER_V4;
}

static __always_inline int pm_in_sockets(void *map, const struct pm_packet *packet, int destination)
{
	struct pm_socket socket;

	pm_packet_socket(packet, destination, &socket);
	return bpf_map_lookup_elem(map, &socket) != NULL;
}

/*
 * A copy of ours that comes by again, from this node or another: pm_guard, or 0. A value that is unknown guards all.
 */
static __always_inline __u32 pm_guard_of(const struct pm_packet *packet)
{
	struct pm_socket socket;
	__u8 *guard;

	if (packet->protocol != PM_IPPROTO_UDP || !pm_has_ports(packet))
		return 0;
	pm_packet_socket(packet, 1, &socket);
	guard = bpf_map_lookup_elem(&pm_collectors, &socket);
	if (!guard)
		return 0;
	return *guard == PM_GUARD_NORMAL ? PM_GUARD_NORMAL : PM_GUARD_ALL;
}

PM_GLOBAL int pm_is_cluster_dns(const struct pm_ruleset *rules, const struct pm_packet *packet)
{
	__u32 wanted = 0;

	if (!rules || !packet || !pm_may_be_service(packet))
		return 0;
	for (__u32 i = 0; i < PM_MAX_SESSIONS && i < rules->n_sessions; i++)
		wanted |= rules->session[i].cluster_dns;
	return wanted && (pm_in_sockets(&pm_services, packet, 0) || pm_in_sockets(&pm_services, packet, 1));
}

/* Bits of the sessions whose time is over. As arithmetic: branches would be 65536 paths for the verifier. */
PM_GLOBAL __u32 pm_expired_sessions(const struct pm_hook *hook)
{
	__u64 any = 0, now;
	__u32 expired = 0;

	if (!hook)
		return 0;
	for (__u32 i = 0; i < PM_MAX_SESSIONS && i < hook->n_sessions; i++)
		any |= hook->session[i].expires_tai_ns;
	if (!any)
		return 0;
	now = bpf_ktime_get_tai_ns();
	for (__u32 i = 0; i < PM_MAX_SESSIONS; i++) {
		__u64 expires = hook->session[i].expires_tai_ns;

		/* both below 2^63: the top bits say `expires` is not 0, and `expires` <= `now` */
		expired |= (__u32)((-expires & (expires - 1 - now)) >> 63) << i;
	}
	return expired;
}

PM_GLOBAL int pm_parse_packet(struct __sk_buff *skb, struct pm_packet *packet)
{
	if (!packet)
		return PM_PACKET_NON_IP;
	pm_parse(skb, packet);
	return packet->kind;
}

/* `silent`: bits of sessions that are not asked, and count the packet as excluded. */
PM_GLOBAL int pm_match_packet(const struct pm_ruleset *rules, const struct pm_packet *packet, int is_cluster_dns,
			      __u32 silent, struct pm_match_result *result)
{
	if (!rules || !packet || !result)
		return PM_NO_SESSION;
	*result = pm_match(rules, packet, is_cluster_dns, silent);
	return result->winner;
}

static __always_inline void *pm_inner(void *outer, __u32 index)
{
	__u32 zero = 0;
	void *inner = bpf_map_lookup_elem(outer, &index);

	return inner ? bpf_map_lookup_elem(inner, &zero) : NULL;
}

/* Every session that was asked. The accepting one is counted by pm_mirror(): with the first one there is no other. */
PM_GLOBAL int pm_count_sessions(const struct pm_hook *hook, const struct pm_match_result *result, __u32 bytes)
{
	if (!hook || !result)
		return 0;
	for (__u32 i = 0; i < PM_MAX_SESSIONS; i++) {
		struct pm_session_counters *counters;
		__u32 slot = hook->session[i].slot;

		if (i >= hook->n_sessions || (int)i == result->winner)
			break;
		counters = bpf_map_lookup_elem(&pm_session_counters, &slot);
		if (!counters)
			continue;
		pm_count(counters, PM_EVALUATED, bytes);
		if (result->excluded >> i & 1)
			pm_count(counters, PM_EXCLUDED, bytes);
		else if (result->rejected >> i & 1)
			pm_count(counters, PM_REJECTED, bytes);
		else
			pm_count(counters, PM_NO_MATCH, bytes);
	}
	return 0;
}

static __always_inline struct pm_endpoint *pm_choose_endpoint(__u32 target_index, __u32 hash, __u16 *id)
{
	struct pm_target *target = pm_inner(&pm_targets, target_index);
	struct pm_endpoint *endpoint;
	__u32 key;

	if (!target)
		return NULL;
	key = target->endpoint[hash >> (32 - PM_TABLE_BITS)];
	if (key == PM_NO_ENDPOINT)
		return NULL;
	*id = key;
	endpoint = bpf_map_lookup_elem(&pm_endpoints, &key);
	return endpoint && endpoint->ifindex ? endpoint : NULL;
}

static __always_inline void pm_count_fate(struct pm_session_counters *counters, const struct pm_scratch *scratch,
					  const struct pm_shape *shape)
{
	__u32 fate = scratch->fate;

	if (!scratch->encapsulated) {
		pm_count(counters, PM_CLONE_FAILED, shape->bytes);
		return;
	}
	pm_count(counters, PM_ENCAP_IN, shape->bytes);
	if (scratch->mtu_truncated)
		pm_count(counters, PM_MTU_TRUNCATED, shape->bytes);
	if (scratch->cut_late)
		pm_count(counters, PM_CUT_LATE, shape->bytes);
	if (fate == PM_SENT)
		counters->segments[PM_SEGMENTS_OF_SENT] += shape->segments;
	else if (fate == PM_SEGMENTED)
		counters->segments[PM_SEGMENTS_OF_SEGMENTED] += shape->segments;
	if (fate < PM_SESSION_TERMS)
		pm_count(counters, fate, shape->bytes);
}

/*
 * Hands the clone to whoever encapsulates it. The mirror pair's code says nothing, since pm_encap drops the clone by
 * design; an egress device's code is that of its queue, or of pm_uplink's drop, whose reason is known already.
 *
 * A clone that was taken (not refused: negative) and that pm_uplink has not seen may have left as it was: somebody has
 * taken pm_uplink away, or stands before it and lets it see nothing. It is the last one.
 */
static __always_inline void pm_hand_over(struct __sk_buff *skb, struct pm_scratch *scratch,
					 const struct pm_endpoint *endpoint, struct pm_config *config)
{
	int direct = endpoint->flags & PM_ENDPOINT_DIRECT && !config->pair_only;
	__u32 ifindex = direct ? endpoint->ifindex : config->copy_ifindex;
	long code;

	scratch->encapsulated = 0;
	scratch->length = skb->len;
	scratch->active = ifindex;
	code = bpf_clone_redirect(skb, ifindex, 0);
	scratch->active = 0;
	if (!direct)
		return;
	if (!scratch->encapsulated) {
		if (code >= 0)
			config->pair_only = 1;
	} else if (scratch->fate == PM_SENT && !pm_taken(code)) {
		scratch->fate = PM_DROP_SEND;
	}
}

static __always_inline void pm_mirror(struct __sk_buff *skb, struct pm_scratch *scratch,
				      const struct pm_hook_session *session, const struct pm_packet *packet)
{
	struct pm_session_counters *counters;
	struct pm_endpoint *endpoint;
	struct pm_config *config;
	struct pm_shape shape;
	__u32 slot = session->slot, zero = 0, limit;
	__u32 hash = pm_flow_hash(packet);
	__u16 id = PM_NO_ENDPOINT;

	counters = bpf_map_lookup_elem(&pm_session_counters, &slot);
	config = bpf_map_lookup_elem(&pm_config, &zero);
	if (!counters || !config)
		return;
	pm_measure(skb, packet, &shape);
	pm_count(counters, PM_EVALUATED, shape.bytes);
	pm_count(counters, PM_ACCEPTED, shape.bytes);
	endpoint = pm_choose_endpoint(session->target, hash, &id);
	if (!endpoint) {
		pm_count(counters, PM_DROP_NO_ENDPOINT, shape.bytes);
		return;
	}
	limit = session->packet_length ? session->packet_length : 0xffff;
	if (limit > endpoint->max_inner)
		limit = endpoint->max_inner;
	if (!pm_budget_take(endpoint->budget, pm_outer_bytes(&shape, skb->gso_size, limit))) {
		pm_count(counters, PM_OVER_BUDGET, shape.bytes);
		return;
	}
	scratch->mtu_truncated = 0;
	scratch->cut_late = 0;
	scratch->hash = hash;
	scratch->vni = session->vni;
	scratch->slot = slot;
	scratch->segments = shape.segments;
	scratch->headers = shape.headers;
	scratch->tags = packet->tags;
	scratch->packet_length = session->packet_length;
	scratch->endpoint = id;
	pm_hand_over(skb, scratch, endpoint, config);
	pm_count_fate(counters, scratch, &shape);
}

static __always_inline void pm_judge(struct __sk_buff *skb, struct pm_scratch *scratch,
				     struct pm_interface_counters *counters, __u32 hook_index)
{
	struct pm_match_result result = {};
	struct pm_packet packet = {};
	struct pm_ruleset *rules;
	struct pm_hook *hook;
	__u32 guard, silent;
	int kind, winner;

	kind = pm_parse_packet(skb, &packet);
	if (kind == PM_PACKET_MALFORMED) {
		counters->packets[PM_MALFORMED]++;
		return;
	}
	if (kind == PM_PACKET_NON_IP) {
		counters->packets[PM_NON_IP]++;
		return;
	}
	guard = pm_guard_of(&packet);
	hook = pm_inner(&pm_hooks, hook_index);
	if (guard == PM_GUARD_ALL || (guard && !(hook && hook->n_priority))) {
		counters->packets[PM_GUARDED]++;
		return;
	}
	rules = hook ? pm_inner(&pm_rulesets, hook->ruleset) : NULL;
	if (!rules) {
		counters->packets[PM_UNMATCHED]++;
		return;
	}
	silent = pm_expired_sessions(hook);
	if (guard)
		silent |= ~0u << (hook->n_priority & 31); /* sessions of the normal tier come last */
	winner = pm_match_packet(rules, &packet, pm_is_cluster_dns(rules, &packet), silent, &result);
	if (winner != 0)
		pm_count_sessions(hook, &result, skb->len + (skb->vlan_present ? PM_VLAN_HEADER : 0));
	if (winner < 0 || winner >= PM_MAX_SESSIONS) {
		counters->packets[PM_UNMATCHED]++;
		return;
	}
	counters->packets[PM_ACCEPTED_TOTAL]++;
	pm_mirror(skb, scratch, &hook->session[winner], &packet);
}

static __always_inline void pm_hook_run(struct __sk_buff *skb, enum pm_direction direction)
{
	__u32 ifindex = skb->ifindex, zero = 0, hook_index;
	struct pm_interface_counters *counters;
	struct pm_interface *interface;
	struct pm_scratch *scratch;

	interface = bpf_map_lookup_elem(&pm_interfaces, &ifindex);
	scratch = bpf_map_lookup_elem(&pm_scratches, &zero);
	if (!interface || !scratch)
		return;
	hook_index = interface->index * 2 + direction;
	counters = bpf_map_lookup_elem(&pm_interface_counters, &hook_index);
	if (!counters)
		return;
	counters->packets[PM_SEEN]++;
	if (scratch->active) {
		counters->packets[PM_GUARDED]++;
		return;
	}
	pm_judge(skb, scratch, counters, hook_index);
}
