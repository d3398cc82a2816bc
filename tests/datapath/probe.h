/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the probe (probe.bpf.c) and its reader share. */
#pragma once

#include <linux/types.h>

#define PROBE_RECORDS 4096
#define PROBE_BYTES 2048

#define PROBE_MARK 0x50524f42
#define PROBE_PRIORITY 6
#define PROBE_TC_INDEX 0x2a
#define PROBE_CB 0x70000001
#define PROBE_HASH 0x12345678

struct probe_record {
  __u32 mark;
  __u32 priority;
  __u32 tc_index;
  __u32 hash;
  __u32 length;
  __u32 protocol;
  __u32 vlan;
  __u32 gso_size;
  __u32 gso_segs;
  __u32 cb[5];
  __u8 bytes[PROBE_BYTES];
};
