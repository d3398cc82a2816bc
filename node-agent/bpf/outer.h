/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The outer headers of a copy: Ethernet, IPv4, UDP, VXLAN (RFC 7348), and the inner Ethernet header behind them. */
#pragma once

#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/udp.h>

#include "node-agent/bpf/frame.h"
#include "node-agent/bpf/maps.h"

#define PM_OUTER_TTL 64
#define PM_IPPROTO_OUTER 17
#define PM_VXLAN_FLAGS 0x08000000 /* the VNI is valid */
#define PM_SOURCE_PORT_BASE 0xc000

struct pm_vxlan {
	__u32 flags_be;
	__u32 vni_be; /* upper 24 bits */
};

struct pm_tag {
	__u16 protocol_be;
	__u16 tci_be;
};

/* `pad` aligns the IP header; the frame begins at `eth`. Behind the inner MACs stand up to two tags and the ethertype. */
struct pm_outer {
	__u16 pad;
	struct ethhdr eth;
	struct iphdr ip;
	struct udphdr udp;
	struct pm_vxlan vxlan;
	__u8 inner_macs[12];
	__u16 inner_type_be[5];
	__u16 pad2;
};
PM_ASSERT(sizeof(struct pm_outer) == 76);
PM_ASSERT(__builtin_offsetof(struct pm_outer, inner_macs) == 2 + PM_OUTER_V4);

static __always_inline __u16 pm_ip_checksum(const struct iphdr *ip)
{
	const __u16 *half = (const __u16 *)ip;
	__u32 sum = 0;

	for (int i = 0; i < 10; i++)
		sum += half[i];
	sum = (sum & 0xffff) + (sum >> 16);
	sum += sum >> 16;
	return ~sum;
}

/* `inner`: bytes from the inner Ethernet header on; of a super-frame all of them, the kernel mends each segment. */
static __always_inline void pm_fill_outer(struct pm_outer *outer, const struct pm_endpoint *endpoint, __u32 vni,
					  __u32 inner, __u16 source_port, __u16 ip_id)
{
	__builtin_memcpy(outer->eth.h_dest, endpoint->dmac, ETH_ALEN);
	__builtin_memcpy(outer->eth.h_source, endpoint->smac, ETH_ALEN);
	outer->eth.h_proto = PM_BE16(ETH_P_IP);
	outer->ip.version = 4;
	outer->ip.ihl = 5;
	outer->ip.tos = 0;
	outer->ip.tot_len = PM_BE16((__u16)(inner + PM_OUTER_V4 - PM_OUTER_ETH));
	outer->ip.id = PM_BE16(ip_id);
	outer->ip.frag_off = 0;
	outer->ip.ttl = PM_OUTER_TTL;
	outer->ip.protocol = PM_IPPROTO_OUTER;
	outer->ip.check = 0;
	outer->ip.saddr = endpoint->saddr_be;
	outer->ip.daddr = endpoint->daddr_be;
	outer->ip.check = pm_ip_checksum(&outer->ip);
	outer->udp.source = PM_BE16(source_port);
	outer->udp.dest = PM_BE16(endpoint->dport);
	outer->udp.len = PM_BE16((__u16)(inner + sizeof(struct udphdr) + sizeof(struct pm_vxlan)));
	outer->udp.check = 0;
	outer->vxlan.flags_be = PM_BE32(PM_VXLAN_FLAGS);
	outer->vxlan.vni_be = PM_BE32(vni << 8);
}
