// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Two programs of somebody else at the hooks of a pod's interface. `stamp` stands before ours and sets what other
 * programs own; `probe` stands behind ours and writes down what it sees.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "tests/datapath/probe.h"

#define TCX_NEXT (-1)

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PROBE_RECORDS);
	__type(key, __u32);
	__type(value, struct probe_record);
} records SEC(".maps");

__u32 seen; /* records that are filled */

SEC("tc")
int stamp(struct __sk_buff *skb)
{
	skb->mark = PROBE_MARK;
	skb->priority = PROBE_PRIORITY;
	skb->tc_index = PROBE_TC_INDEX;
	for (int i = 0; i < 5; i++)
		skb->cb[i] = PROBE_CB + i;
	bpf_set_hash(skb, PROBE_HASH);
	return TCX_NEXT;
}

SEC("tc")
int probe(struct __sk_buff *skb)
{
	__u32 index = __sync_fetch_and_add(&seen, 1);
	struct probe_record *record = bpf_map_lookup_elem(&records, &index);
	__u32 length = skb->len;

	if (!record)
		return TCX_NEXT;
	record->mark = skb->mark;
	record->priority = skb->priority;
	record->tc_index = skb->tc_index;
	record->hash = skb->hash;
	record->length = length;
	record->protocol = skb->protocol;
	record->vlan = skb->vlan_present ? skb->vlan_proto << 16 | skb->vlan_tci : 0;
	record->gso_size = skb->gso_size;
	record->gso_segs = skb->gso_segs;
	for (int i = 0; i < 5; i++)
		record->cb[i] = skb->cb[i];
	if (length > PROBE_BYTES)
		length = PROBE_BYTES;
	asm volatile("" : "+r"(length));
	if (length >= 1 && length <= PROBE_BYTES)
		bpf_skb_load_bytes(skb, 0, record->bytes, length);
	return TCX_NEXT;
}

char probe_license[] SEC("license") = "Dual BSD/GPL";
