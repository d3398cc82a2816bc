// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "node-agent/bpf/abi.h"

SEC("tc")
int pm_ingress(struct __sk_buff *skb)
{
	return -1;
}

char pm_license[] SEC("license") = "Dual BSD/GPL";
