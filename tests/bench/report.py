"""Ratios by round, their medians, and the tables."""

import math
import statistics

NAMES = {
    "again": "unmirrored, again",
    "floor": "bare clone",
    "mirred": "`tc mirred` + vxlan",
    "ours": "Podmirror",
    "mirred-near": "`tc mirred` + vxlan",
    "ours-near": "Podmirror",
    "idle-256": "Podmirror, 256 rules",
}


class Samples:
    """cost[row][mode] and delivered[row][mode]: a number each round."""

    def __init__(self):
        self.cost, self.delivered = {}, {}

    def add(self, row, mode, cost, counted):
        self.cost.setdefault(row, {}).setdefault(mode, []).append(cost)
        if counted["collector"]:
            share = counted["collector"] / counted["production"]
            self.delivered.setdefault(row, {}).setdefault(mode, []).append(share)

    def ratios(self, row, mode, base="unmirrored"):
        """What the mode costs in units of the base, round by round."""
        return [a / b for a, b in zip(self.cost[row][mode], self.cost[row][base])]

    def throughput(self, row, mode):
        return [1 / ratio for ratio in self.ratios(row, mode)]

    def least_delivered(self, row, mode):
        shares = self.delivered.get(row, {}).get(mode)
        return None if shares is None else min(shares, key=lambda share: -abs(share - 1))


def spread(values):
    return f"{statistics.median(values):.2f} ({min(values):.2f}..{max(values):.2f})"


def percent(share):
    return "-" if share is None else f"{share * 100:.4g} %"


def print_table(head, rows):
    rows = [head, *rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    for number, row in enumerate(rows):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |")
        if number == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")
    print(flush=True)


def noise(samples, row):
    """Two standard errors of a median of ratios (1.86 MAD / sqrt n each), from two modes that are equal."""
    ratios = samples.ratios(row, "again")
    return 3.7 * statistics.median(abs(ratio - 1) for ratio in ratios) / math.sqrt(len(ratios))


def verdict(value, limit, margin, below):
    """How a median stands to a limit."""
    distance = limit - value if below else value - limit
    if distance >= 0:
        return "reached"
    return "within noise" if -distance <= margin else "missed"


def print_modes(samples, modes, rows):
    """rows: (row, title, is it a throughput)."""
    head = ("", *(NAMES[mode] for mode in modes))
    lines, shares = [], []
    for row, title, is_throughput in rows:
        values = samples.throughput if is_throughput else samples.ratios
        lines.append((title, *(spread(values(row, mode)) if mode in samples.cost[row] else "-" for mode in modes)))
        shares.append((f"{title.split(':')[0]}: copies delivered",
                       *(percent(samples.least_delivered(row, mode)) for mode in modes)))
    print_table(head, lines + shares)
