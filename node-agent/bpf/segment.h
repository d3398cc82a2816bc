/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Third stage, behind the segmenter: wire segments with outer headers and inner checksums complete. Cuts each, writes
 * the true MACs over the note, sends, counts.
 */
#pragma once

#include "node-agent/bpf/encap.h"

#define PM_MAX_SHRINK 4095 /* bpf_skb_adjust_room() */

struct pm_segment_front {
	__u16 pad;
	struct ethhdr eth;
	struct iphdr ip;
	struct udphdr udp;
};

/*
 * bpf_skb_change_tail() refuses what the pod had encapsulated itself. Then: keep the bytes that stay, take the others
 * away at the front, write the bytes back. (Its checksums are complete: nothing in the skb refers to an offset.)
 */
static __always_inline long pm_shift_cut(struct __sk_buff *skb, __u32 length)
{
	struct pm_bounce *bounce;
	__u32 zero = 0;
	long error;

	PM_OPAQUE(length); /* so that the bounds below are checked on the very register that the helpers get */
	bounce = bpf_map_lookup_elem(&pm_bounces, &zero);
	if (!bounce || length < PM_OUTER_V4 || length > sizeof(bounce->bytes))
		return PM_EINVAL;
	error = bpf_skb_load_bytes(skb, 0, bounce->bytes, length);
	for (int i = 0; i < 5 && !error && skb->len > length; i++) {
		__u32 surplus = skb->len - length;

		if (surplus > PM_MAX_SHRINK)
			surplus = PM_MAX_SHRINK;
		error = bpf_skb_adjust_room(skb, -(__s32)surplus, BPF_ADJ_ROOM_MAC, BPF_F_ADJ_ROOM_FIXED_GSO);
	}
	if (error || skb->len != length)
		return error ? error : PM_EINVAL;
	return bpf_skb_store_bytes(skb, 0, bounce->bytes, length, 0);
}

static __always_inline long pm_cut_segment(struct __sk_buff *skb, struct pm_segment_front *front, __u32 cut)
{
	__u32 length = PM_OUTER_V4 + cut;
	long error;

	if (cut == PM_NOTE_WHOLE || skb->len <= length)
		return 0;
	error = bpf_skb_change_tail(skb, length, 0);
	if (error == PM_ENOTSUPP)
		error = pm_shift_cut(skb, length);
	front->ip.tot_len = PM_BE16((__u16)(length - PM_OUTER_ETH));
	front->ip.check = 0;
	front->ip.check = pm_ip_checksum(&front->ip);
	front->udp.len = PM_BE16((__u16)(length - PM_OUTER_ETH - sizeof(struct iphdr)));
	return error;
}

/* Does the segment go to that endpoint? If its id has another owner by now, no. */
static __always_inline int pm_is_for(const struct pm_segment_front *front, const struct pm_endpoint *endpoint)
{
	return endpoint->ifindex && front->ip.saddr == endpoint->saddr_be && front->ip.daddr == endpoint->daddr_be &&
	       front->udp.dest == PM_BE16(endpoint->dport);
}

static __always_inline int pm_forward(struct __sk_buff *skb, struct pm_segment_front *front,
				      const struct pm_note *note)
{
	struct pm_endpoint *endpoint;
	__u32 id = note->endpoint;

	endpoint = bpf_map_lookup_elem(&pm_endpoints, &id);
	if (!endpoint || !pm_is_for(front, endpoint) || pm_cut_segment(skb, front, note->cut))
		return 0;
	__builtin_memcpy(front->eth.h_dest, endpoint->dmac, ETH_ALEN);
	__builtin_memcpy(front->eth.h_source, endpoint->smac, ETH_ALEN);
	if (bpf_skb_store_bytes(skb, 0, &front->eth, sizeof(*front) - sizeof(front->pad), BPF_F_INVALIDATE_HASH))
		return 0;
	return pm_taken(pm_send(skb, endpoint->ifindex));
}

static __always_inline void pm_segment_run(struct __sk_buff *skb)
{
	struct pm_session_counters *counters = NULL;
	struct pm_segment_front front = {};
	__u32 *generation;
	struct pm_note note;
	__u32 slot;
	int sent;

	if (pm_load(skb, 0, &front.eth, sizeof(front) - sizeof(front.pad)))
		return;
	__builtin_memcpy(&note, &front.eth, sizeof(note));
	if (note.magic != PM_NOTE_MAGIC || note.check != pm_note_check(&note))
		return;
	slot = note.slot;
	generation = bpf_map_lookup_elem(&pm_slot_generations, &slot);
	if (generation && (__u16)*generation == note.generation)
		counters = bpf_map_lookup_elem(&pm_session_counters, &slot);
	sent = pm_forward(skb, &front, &note);
	if (!counters)
		return;
	counters->segments[PM_SEGMENTS_IN]++;
	counters->segments[sent ? PM_SEGMENTS_SENT : PM_SEGMENTS_DROPPED]++;
}
