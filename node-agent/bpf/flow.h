/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The flow hash: equal for both directions and on every node, so there is no seed and byte order plays no part. The
 * top bits index pm_target.endpoint, the low ones spread the outer source port.
 */
#pragma once

#include "node-agent/bpf/frame.h"
#include "node-agent/bpf/packet.h"

/* Odd constants of MurmurHash3's 64-bit finalizer and xxHash64. */
#define PM_HASH_1 0xff51afd7ed558ccdULL
#define PM_HASH_2 0xc4ceb9fe1a85ec53ULL
#define PM_HASH_3 0x9e3779b185ebca87ULL

PM_INLINE __u64 pm_hash_mix(__u64 x)
{
	x ^= x >> 33;
	x *= PM_HASH_1;
	x ^= x >> 33;
	x *= PM_HASH_2;
	return x ^ x >> 33;
}

/* One end of the flow. */
PM_INLINE __u64 pm_hash_end(const __u64 *address_be, __u16 port)
{
	__u64 x = PM_BE64(address_be[0]) * PM_HASH_3;

	x = pm_hash_mix(x ^ PM_BE64(address_be[1]));
	return pm_hash_mix(x + port);
}

PM_INLINE __u32 pm_flow_hash(const struct pm_packet *packet)
{
	int by_ports = packet->flow == PM_FLOW_PORTS;
	/* A sum, not xor: two equal ends must not cancel each other out. */
	__u64 x = pm_hash_end(packet->saddr_be, by_ports ? packet->sport : 0) +
		  pm_hash_end(packet->daddr_be, by_ports ? packet->dport : 0);

	/* Lest flows of two kinds between the same ends be one. */
	x += (__u64)packet->kind << 32 | (__u64)packet->flow << 24 | (__u64)packet->flow_protocol << 16;
	x += packet->flow == PM_FLOW_ECHO ? packet->echo_id : 0;
	return (__u32)(pm_hash_mix(x) >> 32);
}
