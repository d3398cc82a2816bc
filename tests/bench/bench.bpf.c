// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What stands beside the modes that are compared: counters at the ends, equal in every mode; a device that plays a NIC
 * with segmentation; the least that a copy can cost; and a program that does nothing.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "tests/bench/tally.h"

#define TCX_NEXT (-1)
#define TCX_DROP 2
#define VXLAN_HEADERS 50 /* Ethernet, IPv4, UDP, VXLAN */
#define VXLAN_PORT 4789

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TALLIES);
	__type(key, __u32);
	__type(value, __u64);
} tallies SEC(".maps");

__u32 floor_ifindex; /* where `floor` sends its copies */
__u32 nic_ifindex;   /* behind the device that plays a NIC */

/* Header of the innermost IPv4 packet's L4, as an offset from the frame's start. No IP options in this world. */
static __always_inline int find_l4(struct __sk_buff *skb, __u32 *at, struct iphdr *ip)
{
	struct udphdr udp;

	*at = ETH_HLEN;
	for (int depth = 0; depth < 2; depth++) {
		if (bpf_skb_load_bytes(skb, *at, ip, sizeof(*ip)))
			return -1;
		*at += sizeof(*ip);
		if (depth || ip->protocol != IPPROTO_UDP || bpf_skb_load_bytes(skb, *at, &udp, sizeof(udp)) ||
		    udp.dest != bpf_htons(VXLAN_PORT))
			return 0;
		*at += VXLAN_HEADERS - sizeof(*ip);
	}
	return 0;
}

/* Frames that the wire would carry for this one. gso_segs is 0 after bpf_skb_adjust_room(), so it is counted here. */
static __always_inline __u32 wire_segments(struct __sk_buff *skb)
{
	__u32 gso_size = skb->gso_size, at;
	struct tcphdr tcp;
	struct iphdr ip;

	if (!gso_size)
		return 1;
	if (find_l4(skb, &at, &ip) || ip.protocol != IPPROTO_TCP || bpf_skb_load_bytes(skb, at, &tcp, sizeof(tcp)))
		return 0;
	at += tcp.doff * 4;
	return (skb->len - at + gso_size - 1) / gso_size;
}

static __always_inline void tally(__u32 which, __u32 n)
{
	__u64 *value = bpf_map_lookup_elem(&tallies, &which);

	if (value)
		*value += n;
}

/* Both directions of the pod's own interface: what there is to copy. */
SEC("tc")
int production(struct __sk_buff *skb)
{
	if (skb->protocol == bpf_htons(ETH_P_IP))
		tally(TALLY_PRODUCTION, wire_segments(skb));
	return TCX_NEXT;
}

/* The receiving pod: UDP ends here, TCP goes on to its socket. */
SEC("tc")
int sink(struct __sk_buff *skb)
{
	struct iphdr ip;

	if (skb->protocol != bpf_htons(ETH_P_IP) || bpf_skb_load_bytes(skb, ETH_HLEN, &ip, sizeof(ip)) ||
	    ip.protocol != IPPROTO_UDP)
		return TCX_NEXT;
	tally(TALLY_SINK, 1);
	return TCX_DROP;
}

/* A collector's end: everything but ARP ends here. */
SEC("tc")
int collector(struct __sk_buff *skb)
{
	if (skb->protocol != bpf_htons(ETH_P_IP))
		return TCX_NEXT;
	tally(TALLY_COLLECTOR, wire_segments(skb));
	return TCX_DROP;
}

/*
 * tc egress of the uplink: the frame leaves as it would be handed to a NIC that segments tunnels and completes
 * checksums, super-frames unbroken.
 */
SEC("tc")
int nic(struct __sk_buff *skb)
{
	return bpf_redirect(nic_ifindex, 0);
}

/* The least that a copy costs: a clone to the uplink, not encapsulated. */
SEC("tc")
int floor_copy(struct __sk_buff *skb)
{
	bpf_clone_redirect(skb, floor_ifindex, 0);
	return TCX_NEXT;
}

SEC("tc")
int empty(struct __sk_buff *skb)
{
	return TCX_NEXT;
}

char bench_license[] SEC("license") = "Dual BSD/GPL";
