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

/*
 * 0 where the rule matches. Without branches: at 256 rules a path through the loop must stay below the verifier's
 * limit of 8192 jumps, and mispredictions cost more than the arithmetic.
 */
PM_INLINE __u64 pm_rule_mismatch(const struct pm_rule *rule, const struct pm_packet *packet)
{
	__u64 difference = rule->need & ~packet->have;
	__s64 outside;

	difference |= (packet->saddr_be[0] & rule->smask_be[0]) ^ rule->saddr_be[0];
	difference |= (packet->saddr_be[1] & rule->smask_be[1]) ^ rule->saddr_be[1];
	difference |= (packet->daddr_be[0] & rule->dmask_be[0]) ^ rule->daddr_be[0];
	difference |= (packet->daddr_be[1] & rule->dmask_be[1]) ^ rule->daddr_be[1];
	difference |= (__u64)(rule->protocol ^ packet->protocol) * (rule->need / PM_NEED_PROTOCOL & 1);
	/* negative where a port lies outside; a rule without ports holds 0..65535 */
	outside = (__s64)packet->sport - rule->sport_from;
	outside |= (__s64)rule->sport_to - packet->sport;
	outside |= (__s64)packet->dport - rule->dport_from;
	outside |= (__s64)rule->dport_to - packet->dport;
	return difference | (__u64)outside >> 63;
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
 * sessions whose time is over; they are excluded.
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
	struct pm_match_result result;

	if (silent == all)
		n_rules = 0;
	for (__u32 i = 0; i < PM_MAX_RULES; i++) {
		const struct pm_rule *rule = &rules->rule[i];
		__u32 session = 1u << (rule->session & 15);

		if (i >= n_rules)
			break;
		if (pm_rule_mismatch(rule, packet) | (silent & session))
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
