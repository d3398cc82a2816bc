// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Stands where copies leave and notes how they are to be queued, which no packet carries. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

__u32 copies;
__u32 priority;
__u32 mark;

/* A copy of IPv4 and UDP to port 7777: the test's own, whatever else the pod says. */
static __always_inline int is_ours(struct __sk_buff *skb)
{
	const int udp_at = ETH_HLEN + sizeof(struct iphdr);
	const int inner_at = udp_at + sizeof(struct udphdr) + 8;
	const int port_at = __builtin_offsetof(struct udphdr, dest);
	__u16 outer_be = 0, inner_be = 0;

	return !bpf_skb_load_bytes(skb, udp_at + port_at, &outer_be, 2) &&
	       !bpf_skb_load_bytes(skb, inner_at + udp_at + port_at, &inner_be, 2) &&
	       outer_be == bpf_htons(4789) && inner_be == bpf_htons(7777);
}

SEC("tc")
int note_copies(struct __sk_buff *skb)
{
	if (is_ours(skb)) {
		priority = skb->priority;
		mark = skb->mark;
		copies++;
	}
	return -1;
}

char probe_license[] SEC("license") = "Dual BSD/GPL";
