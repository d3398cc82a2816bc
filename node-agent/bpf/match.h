/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which session gets the packet. Sessions are asked in order: exclusions, network services, then the rules; an accept
 * ends the evaluation, a reject ends that session's say alone.
 */
#pragma once

#include "node-agent/bpf/abi.h"
#include "node-agent/bpf/frame.h"
#include "node-agent/bpf/packet.h"

#define PM_NO_SESSION (-1)

/*
 * Masks hold a bit per position, and only sessions that were asked: those before the winner, or all. Such a session
 * that is in neither mask had no rule that matches.
 */
struct pm_match_result {
	int winner; /* position, or PM_NO_SESSION */
	__u32 excluded;
	__u32 rejected;
};

/* The source's or destination's end as a key of pm_collectors and pm_services. Only for packets with ports. */
PM_INLINE void pm_packet_socket(const struct pm_packet *packet, int destination, struct pm_socket *socket)
{
	const __u64 *address_be = destination ? packet->daddr_be : packet->saddr_be;

	socket->addr_be[0] = address_be[0];
	socket->addr_be[1] = address_be[1];
	socket->port_be = PM_BE16(destination ? packet->dport : packet->sport);
	socket->family = packet->kind == PM_PACKET_IP4 ? 4 : 6;
	socket->pad = 0;
}

/* May a lookup in pm_services succeed? */
PM_INLINE int pm_may_be_service(const struct pm_packet *packet)
{
	return pm_has_ports(packet) &&
	       (packet->protocol == PM_IPPROTO_UDP || packet->protocol == PM_IPPROTO_TCP);
}

/* Two ports in one word, each with a bit above it that survives a subtraction unless that goes below 0. */
#define PM_PORT_LANES 0x0000ffff0000ffffULL
#define PM_PORT_GUARDS 0x8000000080000000ULL

/* What the rules are compared with, made once for a packet. */
struct pm_subject {
	__u64 ports;
	__u8 lacks; /* pm_need: the fields that the packet has not */
	__u8 protocol;
};

PM_INLINE struct pm_subject pm_subject_of(const struct pm_packet *packet)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	struct pm_subject subject = {packet->sport | (__u64)packet->dport << 32, 0, packet->protocol};
#else
	struct pm_subject subject = {packet->dport | (__u64)packet->sport << 32, 0, packet->protocol};
#endif

	subject.lacks = (__u8)~packet->have;
	return subject;
}

PM_ASSERT(__builtin_offsetof(struct pm_rule, sport_from) % 8 == 0);
PM_ASSERT(__builtin_offsetof(struct pm_rule, dport_to) == __builtin_offsetof(struct pm_rule, sport_from) + 6);

/* 0 where both ports lie within their ranges. One load and two subtractions for all four limits. */
PM_INLINE __u64 pm_ports_mismatch(const struct pm_rule *rule, __u64 ports)
{
	const __u8 *at = (const __u8 *)rule + __builtin_offsetof(struct pm_rule, sport_from);
	__u64 ranges, from, to;

	__builtin_memcpy(&ranges, __builtin_assume_aligned(at, sizeof(ranges)), sizeof(ranges));
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	from = ranges & PM_PORT_LANES;
	to = ranges >> 16 & PM_PORT_LANES;
#else
	from = ranges >> 16 & PM_PORT_LANES;
	to = ranges & PM_PORT_LANES;
#endif
	return ~(((ports | PM_PORT_GUARDS) - from) & ((to | PM_PORT_GUARDS) - ports)) & PM_PORT_GUARDS;
}

/*
 * 0 where the rule agrees, addresses aside. A rule without ports holds 0..65535. Without branches:
 * at 256 rules the path through the loop must stay far under the verifier's 8192 jumps, and one branch that is taken
 * for nearly every rule is predicted well (2.3 ns a rule, 4 with the addresses in it).
 */
PM_INLINE __u64 pm_fields_mismatch(const struct pm_rule *rule, const struct pm_subject *subject)
{
	__u64 difference = rule->need & subject->lacks;

	difference |= (rule->protocol ^ subject->protocol) & (0u - (rule->need / PM_NEED_PROTOCOL & 1));
	return difference | pm_ports_mismatch(rule, subject->ports);
}

PM_INLINE __u64 pm_addresses_mismatch(const struct pm_rule *rule, const struct pm_packet *packet)
{
	__u64 difference = (packet->saddr_be[0] & rule->smask_be[0]) ^ rule->saddr_be[0];

	difference |= (packet->saddr_be[1] & rule->smask_be[1]) ^ rule->saddr_be[1];
	difference |= (packet->daddr_be[0] & rule->dmask_be[0]) ^ rule->daddr_be[0];
	return difference | ((packet->daddr_be[1] & rule->dmask_be[1]) ^ rule->daddr_be[1]);
}

/* Sessions whose filter does not list a class that the packet belongs to. */
PM_INLINE __u32 pm_excluded_sessions(const struct pm_ruleset *rules, const struct pm_packet *packet)
{
	__u32 excluded = 0;

	if (packet->infrastructure == 0)
		return 0;
	for (__u32 i = 0; i < PM_MAX_SESSIONS; i++) {
		__u32 unlisted = packet->infrastructure & ~rules->session[i].infrastructure;

		/* 1 for all but 0, as arithmetic: sixteen branches would be 65536 paths for the verifier */
		PM_OPAQUE(unlisted);
		excluded |= (0u - unlisted) >> 31 << i;
	}
	return excluded;
}

/* Sessions whose filter takes the cluster's DNS. */
PM_INLINE __u32 pm_dns_sessions(const struct pm_ruleset *rules)
{
	__u32 sessions = 0;

	for (__u32 i = 0; i < PM_MAX_SESSIONS; i++)
		sessions |= (__u32)(rules->session[i].cluster_dns & 1) << i;
	return sessions;
}

/* Position of the one bit of a 16-bit mask: the number of ones below it. */
PM_INLINE int pm_position(__u32 bit)
{
	__u32 x = bit - 1;

	x -= x >> 1 & 0x5555;
	x = (x & 0x3333) + (x >> 2 & 0x3333);
	x = (x + (x >> 4)) & 0x0f0f;
	return (int)((x + (x >> 8)) & 31);
}

/*
 * For IP and ARP packets. `is_cluster_dns`: one end is in pm_services (and pm_may_be_service()). `expired`: bits of
 * sessions whose time is over, or that the loop guard keeps from this packet; they are excluded.
 *
 * Sessions are bits throughout, and what a rule did to one is arithmetic: known positions would make the verifier
 * walk the rules once for each of them.
 */
PM_INLINE struct pm_match_result pm_match(const struct pm_ruleset *rules, const struct pm_packet *packet,
					  int is_cluster_dns, __u32 expired)
{
	__u32 n_rules = rules->n_rules;
	__u32 all = ((1u << (rules->n_sessions & 31)) - 1) & 0xffff;
	__u32 excluded = (pm_excluded_sessions(rules, packet) | expired) & all;
	__u32 dns = is_cluster_dns ? pm_dns_sessions(rules) & all & ~excluded : 0;
	/* The first session that takes it as DNS gets it, unless a rule of one before it accepts. */
	__u32 winner = dns & (0u - dns);
	/* Sessions whose rules are not asked: excluded, or not before that one. */
	__u32 silent = (excluded | (0u - winner)) & all;
	__u32 rejected = 0;
	struct pm_subject subject = pm_subject_of(packet);
	struct pm_match_result result;

	if (silent == all)
		n_rules = 0;
	for (__u32 i = 0; i < PM_MAX_RULES; i++) {
		const struct pm_rule *rule = &rules->rule[i];
		__u32 session = 1u << (rule->session & 15);

		if (i >= n_rules)
			break;
		if (pm_fields_mismatch(rule, &subject) | (silent & session))
			continue;
		if (pm_addresses_mismatch(rule, packet))
			continue;
		if (rule->accept) {
			winner = session;
			break;
		}
		silent |= session;
		rejected |= session;
	}
	if (winner)
		all = winner - 1;
	result.winner = winner ? pm_position(winner) : PM_NO_SESSION;
	result.excluded = excluded & all;
	result.rejected = rejected & all;
	return result;
}
