// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Parses, matches and hashes a frame as the datapath does, and shows what came out. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "node-agent/bpf/flow.h"
#include "node-agent/bpf/match.h"
#include "node-agent/bpf/parse.h"

/*
 * The mark of the test run tells the rest: sessions that are expired, and a tag that the kernel holds beside the bytes.
 * The priority is the frame's ethertype as it stands in the bytes: the test run refuses IP whose header is cut.
 */
#define EXPIRED 0xffff
#define TAG_8100 0x10000
#define TAG_88A8 0x20000

/* layout of podmirror::oracle::Outcome */
struct outcome {
	struct pm_packet packet;
	struct pm_match_result match;
	__u32 flow_hash;
};

/* Bytes, since the skeleton knows no struct. */
__u8 result[sizeof(struct outcome)] __attribute__((aligned(8)));
__u32 runs;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pm_ruleset);
} rulesets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, struct pm_socket);
	__type(value, __u8);
} services SEC(".maps");

static __always_inline int in_services(const struct pm_packet *packet, int destination)
{
	struct pm_socket socket;

	pm_packet_socket(packet, destination, &socket);
	return bpf_map_lookup_elem(&services, &socket) != 0;
}

SEC("tc")
int oracle(struct __sk_buff *skb)
{
	struct outcome *outcome = (void *)result;
	struct pm_packet *packet = &outcome->packet;
	struct pm_ruleset *rules;
	int dns = 0;
	__u16 ethertype = skb->priority;
	__u32 zero = 0;

	bpf_skb_store_bytes(skb, 12, &ethertype, sizeof(ethertype), 0);
	if (skb->mark & TAG_8100)
		bpf_skb_vlan_push(skb, PM_BE16(0x8100), 7);
	if (skb->mark & TAG_88A8)
		bpf_skb_vlan_push(skb, PM_BE16(0x88a8), 7);
	rules = bpf_map_lookup_elem(&rulesets, &zero);
	if (!rules)
		return 0;
	runs++;
	pm_parse(skb, packet);
	if (packet->kind < PM_PACKET_IP4)
		return 0;
	if (pm_may_be_service(packet))
		dns = in_services(packet, 0) || in_services(packet, 1);
	outcome->match = pm_match(rules, packet, dns, skb->mark & EXPIRED);
	outcome->flow_hash = pm_flow_hash(packet);
	return 0;
}

char pm_license[] SEC("license") = "Dual BSD/GPL";
