/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How parse.h reads a frame: an skb in the kernel, plain bytes elsewhere. Offsets count from the first byte of the
 * Ethernet header. The outermost VLAN tag may stand in the skb's metadata (NIC offload, or skb_vlan_untag() before the
 * ingress hook); the bytes then lack it.
 */
#pragma once

#include "node-agent/bpf/abi.h"

#define PM_INLINE static inline __attribute__((always_inline))

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define PM_BE16(x) __builtin_bswap16(x)
#define PM_BE32(x) __builtin_bswap32(x)
#define PM_BE64(x) __builtin_bswap64(x)
#else
#define PM_BE16(x) (x)
#define PM_BE32(x) (x)
#define PM_BE64(x) (x)
#endif

/* The compiler knows nothing of the value from here on: it can make no branches of arithmetic. */
#define PM_OPAQUE(x) __asm__ volatile("" : "+r"(x))

/* The compiler knows nothing of what is in memory from here on. */
#define PM_FORGET() __asm__ volatile("" : : : "memory")

#ifdef __bpf__

typedef struct __sk_buff pm_frame;

PM_INLINE __u32 pm_frame_length(const pm_frame *frame)
{
	return frame->len;
}

/* Ethertype of the tag in the metadata, host order; 0: none there */
PM_INLINE __u16 pm_frame_tag(const pm_frame *frame)
{
	return frame->vlan_present ? PM_BE16((__u16)frame->vlan_proto) : 0;
}

/* Copies bytes from anywhere in the frame, paged parts included. 0, or negative where they lie beyond its end. */
PM_INLINE long pm_load(const pm_frame *frame, __u32 offset, void *to, __u32 length)
{
	return bpf_skb_load_bytes(frame, offset, to, length);
}

#else

struct pm_frame_bytes {
	const __u8 *data;
	__u32 length;
	__u16 tag;
};
typedef struct pm_frame_bytes pm_frame;

PM_INLINE __u32 pm_frame_length(const pm_frame *frame)
{
	return frame->length;
}

PM_INLINE __u16 pm_frame_tag(const pm_frame *frame)
{
	return frame->tag;
}

PM_INLINE long pm_load(const pm_frame *frame, __u32 offset, void *to, __u32 length)
{
	if (offset > frame->length || length > frame->length - offset)
		return -1;
	__builtin_memcpy(to, frame->data + offset, length);
	return 0;
}

#endif
