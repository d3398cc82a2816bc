/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Second stage. Runs inside the hook's bpf_clone_redirect() and on the clone alone: takes the tags out, cuts and
 * encapsulates. Where it stands tells how the copy goes on:
 *  - pm_uplink at the egress device itself lets the clone pass, and the hook gets the device's return code;
 *  - pm_encap at the near end of the mirror pair sends a second clone, takes that code, and drops the first.
 */
#pragma once

#include <linux/pkt_cls.h>

#include "node-agent/bpf/note.h"
#include "node-agent/bpf/outer.h"
#include "node-agent/bpf/parse.h"

/* linux/pkt_sched.h: the lowest band of pfifo_fast, mq and ETS. Production goes first. */
#define PM_PRIORITY_BULK 2

/* What the helpers return; negative errno. ENOTSUPP is the kernel's own. */
#define PM_EINVAL (-22)
#define PM_EALREADY (-114)
#define PM_ENOTSUPP (-524)

#define PM_NET_XMIT_CN 2

struct pm_copy {
	struct pm_tag tag[PM_MAX_TAGS];
	__u32 tags;       /* taken out, to be written back into the inner header */
	__u32 limit;      /* inner bytes that a wire segment may keep, tags included */
	__u32 cut;        /* what is left to pm_segment; PM_NOTE_WHOLE: nothing */
	int is_path_limit; /* it is the path that sets the limit, not the session */
	int via_segmenter;
};

/*
 * The tag in the metadata would end up on the outer frame, and frames with tags in the bytes cannot be given room.
 * skb_vlan_pop() takes the outermost and moves the next one into the metadata.
 */
static __always_inline void pm_take_tags(struct __sk_buff *skb, __u32 tags, struct pm_copy *copy)
{
	copy->tags = 0;
	for (int i = 0; i < PM_MAX_TAGS; i++) {
		struct pm_tag tag;
		__u32 length = skb->len;

		if ((__u32)i >= tags)
			break;
		if (skb->vlan_present) {
			tag.protocol_be = skb->vlan_proto;
			tag.tci_be = PM_BE16((__u16)skb->vlan_tci);
			if (bpf_skb_vlan_pop(skb))
				break;
		} else {
			if (pm_load(skb, 12, &tag, sizeof(tag)) || bpf_skb_vlan_pop(skb) || skb->len == length)
				break; /* not a tag for the kernel (skb->protocol says otherwise): it stays payload */
		}
		copy->tag[i] = tag;
		copy->tags = i + 1;
	}
}

/*
 * Cuts a frame that is no super-frame to copy->limit. Where the kernel refuses that (the L4 header or its checksum
 * field lies beyond), the smallest length that it accepts. Negative: neither cut nor possible to go on.
 */
static __always_inline long pm_cut(struct __sk_buff *skb, struct pm_scratch *scratch, struct pm_copy *copy,
				   __u32 max_inner)
{
	const __u32 ladder[] = {96, 128, 192, 256, max_inner};
	__u32 out = copy->tags * PM_VLAN_HEADER;
	__u32 length = skb->len + out;
	long error;
	int late;

	if (length <= copy->limit)
		return 0;
	scratch->mtu_truncated = copy->is_path_limit;
	error = bpf_skb_change_tail(skb, copy->limit - out, 0);
	late = error == PM_EINVAL;
#pragma unroll
	for (int i = 0; i < 5; i++) {
		if (error != PM_EINVAL)
			break;
		if (ladder[i] > copy->limit && ladder[i] < length)
			error = bpf_skb_change_tail(skb, ladder[i] - out, 0);
	}
	if (error == PM_ENOTSUPP) {
		/* Encapsulated by the pod: only pm_segment can shorten it, and that at any length. */
		copy->cut = copy->limit;
		copy->via_segmenter = 1;
		return 0;
	}
	scratch->cut_late = late;
	return error == PM_EINVAL ? 0 : error; /* whole */
}

/* A super-frame whose segments are too long is cut behind the segmenter, each segment by itself. */
static __always_inline void pm_plan_super_frame(struct __sk_buff *skb, struct pm_scratch *scratch,
						struct pm_copy *copy)
{
	__u32 segment = scratch->headers + skb->gso_size;

	if (scratch->headers && segment <= copy->limit)
		return;
	copy->cut = copy->limit;
	copy->via_segmenter = 1;
	scratch->mtu_truncated = copy->is_path_limit && scratch->headers;
}

/* Room for outer headers and tags, before the inner network header. The inner Ethernet header moves or is rewritten. */
static __always_inline long pm_make_room(struct __sk_buff *skb, __u32 tags, int is_super_frame)
{
	__u64 flags = BPF_F_ADJ_ROOM_ENCAP_L3_IPV4 | BPF_F_ADJ_ROOM_ENCAP_L4_UDP | BPF_F_ADJ_ROOM_ENCAP_L2_ETH |
		      BPF_F_ADJ_ROOM_FIXED_GSO;
	__u32 out = tags * PM_VLAN_HEADER;
	long error;

	flags |= (__u64)(PM_ETH_HEADER + out) << BPF_ADJ_ROOM_ENCAP_L2_SHIFT;
	error = bpf_skb_adjust_room(skb, PM_OUTER_V4 + out, BPF_ADJ_ROOM_MAC, flags);
	if ((error == PM_EALREADY || error == PM_ENOTSUPP) && !is_super_frame)
		error = bpf_skb_change_head(skb, PM_OUTER_V4 + out, 0); /* ARP, or encapsulated by the pod */
	return error;
}

static __always_inline void pm_write_note(struct pm_outer *outer, const struct pm_scratch *scratch, __u32 cut)
{
	struct pm_note note = {.magic = PM_NOTE_MAGIC, .endpoint = scratch->endpoint, .slot = scratch->slot, .cut = cut};
	__u32 slot = scratch->slot;
	__u32 *generation = bpf_map_lookup_elem(&pm_slot_generations, &slot);

	note.generation = generation ? *generation : 0;
	note.check = pm_note_check(&note);
	__builtin_memcpy(&outer->eth, &note, sizeof(note));
}

/* Writes everything before the inner network header. */
static __always_inline long pm_write_front(struct __sk_buff *skb, struct pm_outer *outer, const struct pm_copy *copy,
					   __u16 type_be)
{
	const __u32 front = PM_OUTER_V4 + PM_ETH_HEADER;

	if (copy->tags == 0) {
		outer->inner_type_be[0] = type_be;
		return bpf_skb_store_bytes(skb, 0, &outer->eth, front, BPF_F_INVALIDATE_HASH);
	}
	outer->inner_type_be[0] = copy->tag[0].protocol_be;
	outer->inner_type_be[1] = copy->tag[0].tci_be;
	if (copy->tags == 1) {
		outer->inner_type_be[2] = type_be;
		return bpf_skb_store_bytes(skb, 0, &outer->eth, front + 4, BPF_F_INVALIDATE_HASH);
	}
	outer->inner_type_be[2] = copy->tag[1].protocol_be;
	outer->inner_type_be[3] = copy->tag[1].tci_be;
	outer->inner_type_be[4] = type_be;
	return bpf_skb_store_bytes(skb, 0, &outer->eth, front + 8, BPF_F_INVALIDATE_HASH);
}

static __always_inline long pm_wrap(struct __sk_buff *skb, struct pm_scratch *scratch, const struct pm_copy *copy,
				    const struct pm_endpoint *endpoint, const struct pm_config *config)
{
	struct pm_outer outer = {};
	struct ethhdr inner;
	__u32 length = skb->len + copy->tags * PM_VLAN_HEADER;
	long error;

	error = pm_load(skb, 0, &inner, sizeof(inner));
	if (error)
		return error;
	error = pm_make_room(skb, copy->tags, skb->gso_size != 0);
	if (error)
		return error;
	/* DF is off, so a router may fragment the copy: the id must differ from copy to copy (RFC 6864). */
	scratch->ip_id += scratch->segments;
	pm_fill_outer(&outer, endpoint, scratch->vni, length,
		      PM_SOURCE_PORT_BASE | (scratch->hash & config->source_port_mask),
		      scratch->ip_id + (bpf_get_smp_processor_id() << 10));
	__builtin_memcpy(outer.inner_macs, &inner, sizeof(outer.inner_macs));
	if (copy->via_segmenter)
		pm_write_note(&outer, scratch, copy->cut);
	return pm_write_front(skb, &outer, copy, inner.h_proto);
}

/* The production packet's mark must not sort the copy into a class, nor its priority put it before production. */
static __always_inline void pm_make_bulk(struct __sk_buff *skb)
{
	skb->mark = 0;
	skb->priority = PM_PRIORITY_BULK;
}

static __always_inline long pm_send(struct __sk_buff *skb, __u32 ifindex)
{
	pm_make_bulk(skb);
	return bpf_clone_redirect(skb, ifindex, 0);
}

static __always_inline int pm_taken(long code)
{
	return code == 0 || code == PM_NET_XMIT_CN;
}

/* Returns what became of the copy. */
static __always_inline enum pm_session_term pm_encap_copy(struct __sk_buff *skb, struct pm_scratch *scratch,
							  const struct pm_endpoint *endpoint,
							  const struct pm_config *config)
{
	struct pm_copy copy = {.cut = PM_NOTE_WHOLE};

	copy.via_segmenter = endpoint->flags & PM_ENDPOINT_SEGMENT;
	copy.limit = scratch->packet_length ? scratch->packet_length : PM_NOTE_WHOLE;
	copy.is_path_limit = copy.limit > endpoint->max_inner;
	if (copy.is_path_limit)
		copy.limit = endpoint->max_inner;
	pm_take_tags(skb, scratch->tags, &copy);
	if (skb->gso_size)
		pm_plan_super_frame(skb, scratch, &copy);
	else if (pm_cut(skb, scratch, &copy, endpoint->max_inner))
		return PM_DROP_TRUNCATE;
	if (pm_wrap(skb, scratch, &copy, endpoint, config))
		return PM_DROP_ENCAP;
	/*
	 * The segmenter returns the last segment's code. A positive one is a drop in the far end's backlog, which the
	 * law finds by difference; with a negative one no segment was made.
	 */
	if (copy.via_segmenter)
		return pm_send(skb, config->segment_ifindex) < 0 ? PM_DROP_SEND : PM_SEGMENTED;
	if (endpoint->ifindex == skb->ifindex) {
		pm_make_bulk(skb);
		return PM_SENT; /* unless the device says otherwise: pm_settle() */
	}
	return pm_taken(pm_send(skb, endpoint->ifindex)) ? PM_SENT : PM_DROP_SEND;
}

static __always_inline void pm_encap_run(struct __sk_buff *skb, struct pm_scratch *scratch)
{
	struct pm_endpoint *endpoint;
	struct pm_config *config;
	__u32 zero = 0, id = scratch->endpoint;

	config = bpf_map_lookup_elem(&pm_config, &zero);
	endpoint = bpf_map_lookup_elem(&pm_endpoints, &id);
	if (!config || !endpoint)
		return;
	scratch->encapsulated = 1;
	scratch->fate = pm_encap_copy(skb, scratch, endpoint, config);
}

/* The clone that the hook has just handed to this very device. */
static __always_inline int pm_is_clone(const struct __sk_buff *skb, const struct pm_scratch *scratch)
{
	return scratch->active == skb->ifindex && scratch->length == skb->len && !scratch->encapsulated;
}

static __always_inline void pm_encap_pair(struct __sk_buff *skb)
{
	__u32 zero = 0;
	struct pm_scratch *scratch = bpf_map_lookup_elem(&pm_scratches, &zero);

	if (scratch && pm_is_clone(skb, scratch))
		pm_encap_run(skb, scratch);
}

/* May the frame pass? Everything but a clone of ours may, untouched; that one only as a finished copy. */
static __always_inline int pm_encap_uplink(struct __sk_buff *skb)
{
	__u32 zero = 0;
	struct pm_scratch *scratch = bpf_map_lookup_elem(&pm_scratches, &zero);

	if (!scratch || !scratch->active || !pm_is_clone(skb, scratch))
		return 1;
	pm_encap_run(skb, scratch);
	return scratch->encapsulated && scratch->fate == PM_SENT;
}
