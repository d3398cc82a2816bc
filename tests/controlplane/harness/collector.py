"""What arrives at a collector, taken apart by hand (RFC 7348). Shares no code with the product."""

import collections
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "demo"))
import packet

import lan

PORT = 4789
# node: the outer source address; inner: the mirrored frame.
Copy = collections.namedtuple("Copy", "at node vni inner")


def unwrap(entry):
    moment, datagram, sender = entry
    if len(datagram) < 8 or datagram[:4] != b"\x08\0\0\0" or datagram[7] != 0:
        raise ValueError(f"no VXLAN header: {datagram[:8].hex()}")
    vni, = struct.unpack("!I", datagram[4:8])
    return Copy(moment, sender, vni >> 8, datagram[8:])


class Collector(lan.Listener):
    def __init__(self, namespace, port=PORT):
        super().__init__(namespace, port)

    def copies(self, payload=b""):
        return [unwrap(entry) for entry in self.find(payload)]

    def await_copies(self, payload, seconds=lan.SETTLE_SECONDS):
        return [unwrap(entry) for entry in self.wait_for(payload, seconds)]


def describe(copy):
    """(VNI, source, destination, ports) of a copy's inner packet."""
    inner = packet.parse(copy.inner)
    return (copy.vni, inner.source, inner.destination, inner.ports) if inner else (copy.vni, None, None, None)
