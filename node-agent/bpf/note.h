/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What pm_encap tells pm_segment. It rides in place of the two outer MACs: the kernel repeats the MAC header in every
 * segment that it cuts, and pm_segment writes the true ones. (A mark is 32 bits, and not ours alone.)
 *
 * Segments wait in a backlog, so what the note refers to may have changed when it is read:
 *  - the endpoint's id may have another owner: pm_segment sends only if the endpoint's addresses and port are those
 *    that the segment already carries;
 *  - the slot may have another owner: then its generation differs, and nothing is counted.
 */
#pragma once

#include <linux/types.h>

#include "node-agent/bpf/frame.h"

#define PM_NOTE_MAGIC PM_BE16(0x024d) /* as a MAC: unicast, locally administered */
#define PM_NOTE_WHOLE 0xffff

struct pm_note {
	__u16 magic;
	__u16 endpoint;
	__u16 slot;
	__u16 cut;        /* inner bytes that a segment keeps; PM_NOTE_WHOLE: all */
	__u16 generation; /* low half of the slot's */
	__u16 check;
};
PM_ASSERT(sizeof(struct pm_note) == 12);

/* Tells a note from MACs that something else has put there. */
PM_INLINE __u16 pm_note_check(const struct pm_note *note)
{
	return (note->magic ^ note->endpoint) * 31 + (note->slot ^ note->cut) * 17 + note->generation;
}
