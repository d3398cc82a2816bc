/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The node budget: a token bucket per egress device in outer bytes. Each CPU borrows PM_BUDGET_QUANTUM at a time, so
 * the shared line is touched once per quantum; what one CPU holds back from the others is at most that.
 */
#pragma once

#include "node-agent/bpf/maps.h"

#define PM_NS_PER_US 1000
#define PM_US_PER_S 1000000
#define PM_BUDGET_TRIES 8

/* Adds what the time since the last refill is worth. Whoever moves `last_ns` adds; the others go on. */
static __always_inline void pm_budget_refill(struct pm_budget *budget)
{
	__u64 now = bpf_ktime_get_ns();
	__u64 last = *(volatile __u64 *)&budget->last_ns;
	__u64 us, bytes;
	__s64 room;

	if (last == 0) {
		if (__sync_val_compare_and_swap(&budget->last_ns, 0, now) == 0)
			__sync_fetch_and_add(&budget->tokens, budget->depth);
		return;
	}
	if (now <= last)
		return;
	us = (now - last) / PM_NS_PER_US;
	if (us > PM_US_PER_S)
		us = PM_US_PER_S; /* longer than any depth lasts, and no overflow below at 100 Tbit/s */
	bytes = us * budget->bytes_per_second / PM_US_PER_S;
	if (bytes < 64)
		return; /* too little: what the division cuts off would add up */
	if (__sync_val_compare_and_swap(&budget->last_ns, last, now) != last)
		return;
	room = (__s64)budget->depth - *(volatile __s64 *)&budget->tokens;
	if (room <= 0)
		return;
	__sync_fetch_and_add(&budget->tokens, bytes < (__u64)room ? bytes : (__u64)room);
}

/* May `need` bytes be sent now? */
static __always_inline int pm_budget_take(__u32 id, __u64 need)
{
	struct pm_budget *budget;
	__u64 *credit;

	if (id == 0)
		return 1;
	budget = bpf_map_lookup_elem(&pm_budgets, &id);
	credit = bpf_map_lookup_elem(&pm_budget_credit, &id);
	if (!budget || !credit || budget->bytes_per_second == 0)
		return 0;
	if (*credit >= need) {
		*credit -= need;
		return 1;
	}
	pm_budget_refill(budget);
	for (int i = 0; i < PM_BUDGET_TRIES; i++) {
		__s64 have = *(volatile __s64 *)&budget->tokens;
		__s64 take = need > PM_BUDGET_QUANTUM ? need : PM_BUDGET_QUANTUM;

		if (take > have)
			take = have;
		if (take <= 0 || *credit + take < need)
			return 0;
		if (__sync_val_compare_and_swap(&budget->tokens, have, have - take) == have) {
			*credit += take - need;
			return 1;
		}
	}
	return 0;
}
