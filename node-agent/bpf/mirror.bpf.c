// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The programs. pm_ingress and pm_egress stand at the host side of a pod's interface and are named as the pod sees it:
 * what the pod receives is the host side's tc egress. They always pass the packet on.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "node-agent/bpf/encap.h"
#include "node-agent/bpf/hook.h"
#include "node-agent/bpf/segment.h"

#define PM_TCX_NEXT (-1)

SEC("tc")
int pm_ingress(struct __sk_buff *skb)
{
	pm_hook_run(skb, PM_INGRESS);
	return PM_TCX_NEXT;
}

SEC("tc")
int pm_egress(struct __sk_buff *skb)
{
	pm_hook_run(skb, PM_EGRESS);
	return PM_TCX_NEXT;
}

/* tc egress of the mirror pair's near end; nothing passes. */
SEC("tc")
int pm_encap(struct __sk_buff *skb)
{
	pm_encap_pair(skb);
	return TC_ACT_SHOT;
}

/* tc egress of a device that leads to collectors, where production passes too: what is not ours goes on as it came. */
SEC("tc")
int pm_uplink(struct __sk_buff *skb)
{
	return pm_encap_uplink(skb) ? PM_TCX_NEXT : TC_ACT_SHOT;
}

/* tc ingress of the segmenter's far end; nothing passes. */
SEC("tc")
int pm_segment(struct __sk_buff *skb)
{
	pm_segment_run(skb);
	return TC_ACT_SHOT;
}

char pm_license[] SEC("license") = "Dual BSD/GPL";
