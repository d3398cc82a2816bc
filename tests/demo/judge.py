"""Says whether what arrived at the collectors is what the demo's filters select from what the pods sent and got.

It reads captures (packet.py) and holds the filters a second time, by hand, as wanted(). It shares no code with the
product and does not read the demo's YAML files.
"""

import collections

import packet
import world

WEB, ELSE = "shop/web", "shop/everything-else"
VNI = {WEB: 100, ELSE: 200}
CUT = {WEB: None, ELSE: 128}


def wanted(p, ingress):
    """The session that mirrors this packet, or None. p: a packet.Packet, or None where the frame is not IP."""
    if p is None:
        return None  # ARP: nobody lists it
    remote = p.source if ingress else p.destination
    if remote == world.METADATA:
        return None
    if p.protocol == packet.TCP and p.ports and 80 in p.ports and remote != world.CHECKER_V4:
        return WEB
    if p.protocol == packet.UDP and p.ports:
        theirs, ours = p.ports if ingress else p.ports[::-1]
        if theirs == 53 and remote not in (world.DNS_V4, world.DNS_V6):
            return None
        if ours == 9:
            return None
    return ELSE


def as_sent(p, session):
    """The bytes of the copy, and what of them is compared: a cut TCP or UDP copy promises nothing of its checksum."""
    frame = packet.finish(p)
    length = CUT[session]
    return frame if length is None or len(frame) <= length else frame[:length]


def comparable(inner, session):
    if CUT[session] is None or len(inner) < CUT[session]:
        return inner
    p = packet.parse(inner)
    if p is None or p.fragment or p.protocol not in packet.CHECKSUM_AT:
        return inner
    at = p.l4 + packet.CHECKSUM_AT[p.protocol]
    return inner[:at] + b"??" + inner[at + 2:]


def flow(inner):
    """What both directions of a flow have in common; None where the demo promises nothing."""
    p = packet.parse(inner)
    if p is None or p.fragment or not p.ports:
        return None
    return p.protocol, frozenset([(p.source, p.ports[0]), (p.destination, p.ports[1])])


class Verdict:
    def __init__(self):
        self.mirrored = 0  # VXLAN packets that arrived and were wanted
        self.missing = []  # (session, bytes)
        self.unexpected = []  # (VNI, bytes)
        self.faults = []  # sentences
        # (session, pod, ingress): frames as the pod saw them, at least and at most (the edges of the captures)
        self.frames = collections.Counter()
        self.frames_at_edges = collections.Counter()

    @property
    def ok(self):
        return not (self.missing or self.unexpected or self.faults) and self.mirrored > 0


def judge(pods, macs, copies, begin, end):
    """pods: {pod: [(time, frame)]}; macs: {pod: bytes}; copies: [packet.Copy]. Frames before `begin` (the hooks were
    being attached) or after `end` (they were being removed) may have been mirrored or not."""
    verdict = Verdict()
    needed, optional = collections.Counter(), collections.Counter()
    for pod, frames in pods.items():
        for time, frame in frames:
            ingress = frame[6:12] != macs[pod]
            p = packet.parse(frame)
            session = wanted(p, ingress)
            if session is None:
                continue
            edge = not begin <= time <= end
            (verdict.frames_at_edges if edge else verdict.frames)[session, pod, ingress] += 1
            for segment in packet.segments(p, world.POD_MTU):
                (optional if edge else needed)[session, comparable(as_sent(segment, session), session)] += 1

    sessions = {vni: session for session, vni in VNI.items()}
    arrived = collections.Counter()
    collectors = collections.defaultdict(set)
    for copy in copies:
        session = sessions.get(copy.vni)
        if session is None:
            verdict.unexpected.append((copy.vni, copy.inner))
            continue
        arrived[session, comparable(copy.inner, session)] += 1
        if copy.source != world.NODE_V4:
            verdict.faults.append(f"a copy came from {copy.source}, not from the node's address {world.NODE_V4}")
        if flow(copy.inner):
            collectors[flow(copy.inner)].add(copy.collector)
    verdict.missing = list((needed - arrived).elements())
    surplus = arrived - needed - optional
    verdict.unexpected += [(VNI[session], inner) for session, inner in surplus.elements()]
    verdict.mirrored = sum((arrived - surplus).values())
    split = [key for key, at in collectors.items() if len(at) > 1]
    if split:
        verdict.faults.append(f"{len(split)} flows were spread over several collectors")
    for session in VNI:
        if not any(key[0] == session for key in arrived):
            verdict.faults.append(f"nothing arrived of session {session}")
    return verdict
