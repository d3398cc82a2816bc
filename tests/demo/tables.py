"""What the demo prints: `podmirror status` as tables, and the copies as tshark reads them at the collectors."""

import collections
import subprocess

import packet

# Why a frame that a session was asked about was not mirrored by it, in the order of the counters' law.
REASONS = ("excluded", "rejected", "no_match", "over_budget", "drop_no_endpoint", "clone_failed", "drop_truncate",
           "drop_encap", "drop_send")
FIELDS = ("ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "udp.srcport", "udp.dstport", "tcp.srcport", "tcp.dstport",
          "vxlan.vni", "frame.len", "_ws.col.Protocol", "_ws.col.Info")
COPIES_SHOWN = 6  # of each collector
KINDS = ("HTTP", "DNS", "ECHO", "ICMP", "TCP", "UDP", "IPv4", "IPv6", "ICMPv6")  # what people know best comes first


def sources(status):
    """(session, pod, direction, counters) for every source of every session."""
    for session in status["sessions"]:
        for source in session["sources"]:
            for direction in ("ingress", "egress"):
                if source.get(direction):
                    yield (f"{session['namespace']}/{session['name']}", f"{source['namespace']}/{source['pod']}",
                           direction, source[direction])


def mirrored(counters):
    return sum(counters.get(term, 0) for term in ("sent", "segmented", "sliced"))


def print_rows(rows):
    widths = [max(len(str(row[i])) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(str(cell).ljust(width) for cell, width in zip(row, widths)).rstrip())


def print_sessions(status):
    rows = [("SESSION", "POD", "DIRECTION", "SEEN", "MIRRORED", "SKIPPED")]
    for session, pod, direction, counters in sources(status):
        skipped = ", ".join(f"{reason} {counters[reason]}" for reason in REASONS if counters.get(reason))
        rows.append((session, pod, direction, counters["evaluated"], mirrored(counters), skipped or "-"))
    print_rows(rows)


def print_interfaces(status):
    rows = [("INTERFACE", "DIRECTION", "SEEN", "ACCEPTED", "NOT MIRRORED BY ANY SESSION")]
    for interface in status["interfaces"]:
        for direction in ("ingress", "egress"):
            counters = interface[direction]
            rest = ", ".join(f"{term} {counters[term]}" for term in ("guarded", "malformed", "non_ip", "unmatched")
                             if counters.get(term))
            rows.append((interface["name"], direction, counters["seen"], counters["accepted_total"], rest or "-"))
    print_rows(rows)


def _ends(values):
    """(outer, inner) of tshark's comma separated occurrences."""
    return (values.split(",") + ["", ""])[:2]


def _copy(line):
    values = dict(zip(FIELDS, line.split("\t")))
    outer, inner = zip(_ends(values["ip.src"]), _ends(values["ip.dst"]))
    ports = zip(_ends(values["udp.srcport"]), _ends(values["udp.dstport"]))
    outer_ports, inner_ports = ports
    if values["tcp.srcport"]:
        inner_ports = values["tcp.srcport"], values["tcp.dstport"]
    if values["ipv6.src"]:
        inner = values["ipv6.src"].split(",")[0], values["ipv6.dst"].split(",")[0]
    colon = [f"[{a}]:{p}" if ":" in a and p else f"{a}:{p}" if p else a for a, p in zip(inner, inner_ports)]
    return (f"{outer[0]}:{outer_ports[0]} > {outer[1]}:{outer_ports[1]}", f"VNI {values['vxlan.vni']}",
            f"{colon[0]} > {colon[1]}", values["_ws.col.Protocol"], values["_ws.col.Info"][:40])


def print_copies(captures):
    """A few VXLAN packets of each collector: one of each kind."""
    rows = [("COLLECTOR", "OUTER", "", "INNER", "", "")]
    for name, path in captures.items():
        command = ["tshark", "-n", "-r", str(path), "-Y", "vxlan", "-T", "fields", "-E", "occurrence=a"]
        for field in FIELDS:
            command += ["-e", field]
        shown = subprocess.run(command, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        kinds = {}
        for copy in map(_copy, shown.stdout.splitlines()):
            six = copy[2].count(":") > 2
            kinds.setdefault((KINDS.index(copy[3]) if copy[3] in KINDS else len(KINDS), six, copy[1]), copy)
        rows += [(name, *kinds[kind]) for kind in sorted(kinds)[:COPIES_SHOWN]]
    print_rows(rows)


def _describe(inner):
    p = packet.parse(inner)
    if p is None:
        return f"{len(inner)} bytes, not IP: {inner[:42].hex()}"
    ports = f" ports {p.ports[0]} > {p.ports[1]}" if p.ports else ""
    return f"{len(inner)} bytes, {p.source} > {p.destination}, protocol {p.protocol}{ports}"


def explain(verdict, most=8):
    for inner in verdict.missing[:most]:
        yield f"missing of session {inner[0]}: {_describe(inner[1])}"
    for vni, inner in verdict.unexpected[:most]:
        yield f"unexpected with VNI {vni}: {_describe(inner)}"
    for fault, times in collections.Counter(verdict.faults).most_common(2 * most):
        yield fault if times == 1 else f"{times} times: {fault}"
