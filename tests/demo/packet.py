"""Captures and packets, read and finished by hand: what the judge knows about bytes. Shares no code with the product."""

import collections
import ipaddress
import struct

TCP, UDP, ICMP, ICMPV6 = 6, 17, 1, 58
EXTENSIONS = (0, 43, 60)
CHECKSUM_AT = {TCP: 16, UDP: 6}

# l3, l4: offsets into the frame (l4 is None where there is no readable transport header); end: of the IP payload.
# ports: (source, destination), or None. later: a fragment that is not the first one.
Packet = collections.namedtuple("Packet", "frame l3 l4 end six source destination protocol ports fragment later")


def read_pcap(path):
    """[(seconds since the epoch, frame)] of a pcap file as tcpdump writes it."""
    with open(path, "rb") as file:
        data = file.read()
    magic, = struct.unpack("<I", data[:4])
    if magic not in (0xA1B2C3D4, 0xA1B23C4D):
        raise ValueError(f"{path} is no little-endian pcap file")
    scale = 1e9 if magic == 0xA1B23C4D else 1e6
    frames, at = [], 24
    while at + 16 <= len(data):
        seconds, fraction, captured, length = struct.unpack("<IIII", data[at:at + 16])
        if captured != length or at + 16 + captured > len(data):
            raise ValueError(f"{path} holds a cut frame")
        frames.append((seconds + fraction / scale, data[at + 16:at + 16 + captured]))
        at += 16 + captured
    return frames


def parse(frame):
    """A Packet, or None where the frame is not IP."""
    kind, = struct.unpack("!H", frame[12:14])
    l3 = 14
    if kind == 0x0800:
        header = (frame[l3] & 15) * 4
        total, = struct.unpack("!H", frame[l3 + 2:l3 + 4])
        flags, = struct.unpack("!H", frame[l3 + 6:l3 + 8])
        fragment, later = bool(flags & 0x3FFF), bool(flags & 0x1FFF)
        source, destination = (str(ipaddress.IPv4Address(frame[l3 + a:l3 + a + 4])) for a in (12, 16))
        protocol, at, end, six = frame[l3 + 9], l3 + header, l3 + total, False
    elif kind == 0x86DD:
        length, = struct.unpack("!H", frame[l3 + 4:l3 + 6])
        source, destination = (str(ipaddress.IPv6Address(frame[l3 + a:l3 + a + 16])) for a in (8, 24))
        protocol, at, end, six, fragment, later = frame[l3 + 6], l3 + 40, l3 + 40 + length, True, False, False
        while protocol in EXTENSIONS or protocol == 44:
            if protocol == 44:
                flags, = struct.unpack("!H", frame[at + 2:at + 4])
                fragment, later = bool(flags & 0xFFF9), bool(flags & 0xFFF8)
            size = 8 if protocol == 44 else 8 + 8 * frame[at + 1]
            protocol, at = frame[at], at + size
            if later:
                break
    else:
        return None
    ports = None
    if protocol in (TCP, UDP) and not later and end - at >= 4:
        ports = struct.unpack("!HH", frame[at:at + 4])
    return Packet(frame, l3, None if later else at, end, six, source, destination, protocol, ports, fragment, later)


def ones_complement(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total >> 16) + (total & 0xFFFF)
    return ~total & 0xFFFF


def _put(frame, at, value):
    return frame[:at] + struct.pack("!H", value) + frame[at + 2:]


def finish_ip(frame, l3):
    """With a right IPv4 header checksum."""
    header = (frame[l3] & 15) * 4
    frame = _put(frame, l3 + 10, 0)
    return _put(frame, l3 + 10, ones_complement(frame[l3:l3 + header]))


def finish(packet):
    """The frame as it is on a wire: a capture at a pod holds only a part of the TCP or UDP checksum (RFC 9293 3.1)."""
    if packet.fragment or packet.protocol not in CHECKSUM_AT or packet.l4 is None:
        return packet.frame
    at = packet.l4 + CHECKSUM_AT[packet.protocol]
    if packet.protocol == UDP and packet.frame[at:at + 2] == b"\0\0":
        return packet.frame  # the sender wants none
    frame = _put(packet.frame, at, 0)
    addresses = frame[packet.l3 + 8:packet.l3 + 40] if packet.six else frame[packet.l3 + 12:packet.l3 + 20]
    payload = frame[packet.l4:packet.end]
    value = ones_complement(addresses + struct.pack("!II", len(payload), packet.protocol) + payload)
    return _put(frame, at, value or (0xFFFF if packet.protocol == UDP else 0))


def segments(packet, mtu):
    """The wire frames of a TCP super-frame (RFC 9293; the IPv4 id counts up, FIN and PSH only on the last one)."""
    if packet.protocol != TCP or packet.end - packet.l3 <= mtu:
        return [packet]
    header_end = packet.l4 + (packet.frame[packet.l4 + 12] >> 4) * 4
    size = mtu - (header_end - packet.l3)
    found = []
    sequence, = struct.unpack("!I", packet.frame[packet.l4 + 4:packet.l4 + 8])
    flags = packet.frame[packet.l4 + 13]
    for offset in range(0, packet.end - header_end, size):
        payload = packet.frame[header_end + offset:min(header_end + offset + size, packet.end)]
        frame = bytearray(packet.frame[:header_end] + payload)
        frame[packet.l4 + 4:packet.l4 + 8] = struct.pack("!I", (sequence + offset) & 0xFFFFFFFF)
        if header_end + offset + size < packet.end:
            frame[packet.l4 + 13] = flags & ~0x09
        if packet.six:
            frame[packet.l3 + 4:packet.l3 + 6] = struct.pack("!H", len(frame) - packet.l3 - 40)
        else:
            ident, = struct.unpack("!H", packet.frame[packet.l3 + 4:packet.l3 + 6])
            number = (ident + len(found)) & 0xFFFF
            frame[packet.l3 + 2:packet.l3 + 6] = struct.pack("!HH", len(frame) - packet.l3, number)
            frame = finish_ip(bytes(frame), packet.l3)
        found.append(parse(bytes(frame)))
    return found


Copy = collections.namedtuple("Copy", "time collector source vni inner")


def unwrap(time, collector, frame, address):
    """The Copy in a VXLAN frame at a collector, or a ValueError that says what is wrong with its outer headers."""
    outer = parse(frame)
    if outer is None or outer.six or outer.protocol != UDP or outer.fragment:
        raise ValueError("not UDP over IPv4")
    wrong = []
    if outer.destination != address:
        wrong.append(f"outer destination {outer.destination}")
    if finish_ip(frame, outer.l3) != frame:
        wrong.append("outer IPv4 checksum")
    if outer.ports[1] != 4789 or outer.ports[0] < 0xC000:
        wrong.append(f"outer ports {outer.ports}")
    if frame[outer.l4 + 4:outer.l4 + 8] != struct.pack("!HH", outer.end - outer.l4, 0):
        wrong.append("outer UDP length or checksum")
    if outer.end != len(frame):
        wrong.append("outer length")
    if frame[outer.l3 + 6:outer.l3 + 8] != b"\0\0":
        wrong.append("outer fragment flags")
    vxlan = frame[outer.l4 + 8:outer.l4 + 16]
    if vxlan[:4] != b"\x08\0\0\0" or vxlan[7] != 0:
        wrong.append("VXLAN header")
    if wrong:
        raise ValueError(", ".join(wrong))
    return Copy(time, collector, outer.source, int.from_bytes(vxlan[4:7], "big"), frame[outer.l4 + 16:])
