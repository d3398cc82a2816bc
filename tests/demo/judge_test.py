"""The demo's judge on captures made by hand: it accepts what is right and finds every kind of mistake."""

import ipaddress
import struct
import tempfile
import unittest

import judge
import packet
import world

POD, GATEWAY = bytes.fromhex("020000000001"), bytes.fromhex("020000000002")
BEGIN, END = 100.0, 200.0


def ip(source, destination, protocol, payload, ident=7, flags=0):
    if ":" in source:
        addresses = b"".join(ipaddress.IPv6Address(a).packed for a in (source, destination))
        return b"\x86\xdd" + struct.pack("!IHBB", 6 << 28, len(payload), protocol, 64) + addresses + payload
    addresses = b"".join(ipaddress.IPv4Address(a).packed for a in (source, destination))
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), ident, flags, 64, protocol, 0) + addresses
    return b"\x08\x00" + packet.finish_ip(header, 0) + payload


def to_pod(*arguments, **options):
    return POD + GATEWAY + ip(*arguments, **options)


def udp(sport, dport, payload=b"x" * 20, checksum=1):
    return struct.pack("!HHHH", sport, dport, 8 + len(payload), checksum) + payload


def tcp(sport, dport, payload=b"", flags=0x18):
    return struct.pack("!HHIIBBHHH", sport, dport, 1000, 1, 5 << 4, flags, 500, 1, 0) + payload


def vxlan(inner, vni, source=world.NODE_V4, collector=world.NEAR, sport=0xC001):
    payload = b"\x08\0\0\0" + vni.to_bytes(3, "big") + b"\0" + inner
    return to_pod(source, collector, 17, udp(sport, 4789, payload, checksum=0), ident=0)


WEB = to_pod(world.CLIENT_V4, world.WEB_V4, 6, tcp(40000, 80, b"GET /"))
WEB6 = to_pod(world.CLIENT_V6, world.WEB_V6, 6, tcp(40000, 80, b"GET /"))
ECHO = to_pod(world.CLIENT_V4, world.WEB_V4, 17, udp(40001, 7, b"y" * 400))
DISCARD = to_pod(world.CLIENT_V4, world.WEB_V4, 17, udp(40001, 9))


class Judge(unittest.TestCase):
    def judge(self, frames, copies, time=150.0):
        return judge.judge({"web": [(time, f) for f in frames]}, {"web": POD}, copies, BEGIN, END)

    def copy(self, frame, session, collector="ids-near"):
        p = packet.parse(frame)
        return packet.Copy(150.0, collector, world.NODE_V4, judge.VNI[session], judge.as_sent(p, session))

    def setUp(self):
        self.frames = [WEB, WEB6, ECHO, DISCARD]
        self.copies = [self.copy(WEB, judge.WEB), self.copy(WEB6, judge.WEB), self.copy(ECHO, judge.ELSE)]

    def test_right_copies_are_accepted(self):
        verdict = self.judge(self.frames, self.copies)
        self.assertTrue(verdict.ok, vars(verdict))
        self.assertEqual(verdict.mirrored, 3)

    def test_a_missing_copy_is_found(self):
        verdict = self.judge(self.frames, self.copies[1:])
        self.assertEqual([session for session, _ in verdict.missing], [judge.WEB])

    def test_a_second_copy_is_found(self):
        self.assertEqual(len(self.judge(self.frames, self.copies + self.copies[:1]).unexpected), 1)

    def test_a_copy_of_the_wrong_session_is_found(self):
        wrong = self.copies[0]._replace(vni=judge.VNI[judge.ELSE])
        verdict = self.judge(self.frames, [wrong, *self.copies[1:]])
        self.assertEqual((len(verdict.missing), len(verdict.unexpected)), (1, 1))

    def test_a_copy_that_no_filter_selects_is_found(self):
        self.assertEqual(len(self.judge(self.frames, self.copies + [self.copy(DISCARD, judge.ELSE)]).unexpected), 1)

    def test_every_changed_byte_of_a_whole_copy_is_found(self):
        inner = self.copies[0].inner
        for at in range(len(inner)):
            changed = inner[:at] + bytes([inner[at] ^ 1]) + inner[at + 1:]
            verdict = self.judge(self.frames, [self.copies[0]._replace(inner=changed), *self.copies[1:]])
            self.assertFalse(verdict.ok, f"byte {at}")

    def test_a_partial_checksum_in_the_copy_is_found(self):
        self.assertFalse(self.judge(self.frames, [self.copies[0]._replace(inner=WEB), *self.copies[1:]]).ok)

    def test_a_copy_that_was_not_cut_is_found(self):
        whole = self.copies[2]._replace(inner=packet.finish(packet.parse(ECHO)))
        self.assertFalse(self.judge(self.frames, [*self.copies[:2], whole]).ok)

    def test_of_a_cut_copy_only_the_checksum_may_differ(self):
        inner, at = self.copies[2].inner, 14 + 20 + 6
        self.assertEqual(len(inner), 128)
        self.assertTrue(self.judge(self.frames, [*self.copies[:2], self.copies[2]._replace(
            inner=inner[:at] + b"\x12\x34" + inner[at + 2:])]).ok)
        self.assertFalse(self.judge(self.frames, [*self.copies[:2], self.copies[2]._replace(
            inner=inner[:at + 3] + b"z" + inner[at + 4:])]).ok)

    def test_a_flow_at_two_collectors_is_found(self):
        answer = GATEWAY + POD + ip(world.WEB_V4, world.CLIENT_V4, 6, tcp(80, 40000, b"200"))
        other = self.copy(answer, judge.WEB, "ids-far")
        self.assertTrue(self.judge(self.frames + [answer], self.copies + [other._replace(collector="ids-near")]).ok)
        self.assertFalse(self.judge(self.frames + [answer], self.copies + [other]).ok)

    def test_a_session_of_which_nothing_arrived_is_found(self):
        self.assertFalse(self.judge([WEB, WEB6], self.copies[:2]).ok)

    def test_frames_at_the_edges_may_be_mirrored_or_not(self):
        edge = {"web": [(150.0, f) for f in self.frames] + [(99.0, WEB), (201.0, ECHO)]}
        for copies in (self.copies, self.copies + self.copies[:1], self.copies + [self.copies[0], self.copies[2]]):
            self.assertTrue(judge.judge(edge, {"web": POD}, copies, BEGIN, END).ok)
        self.assertFalse(judge.judge(edge, {"web": POD}, self.copies + self.copies[:1] * 2, BEGIN, END).ok)

    def test_the_filters_are_stated_packet_by_packet(self):
        client, pod = world.CLIENT_V4, world.WEB_V4
        for frame, ingress, session in (
            (to_pod(world.CHECKER_V4, pod, 6, tcp(1, 80)), True, judge.ELSE),
            (to_pod(pod, world.CHECKER_V4, 6, tcp(80, 1)), False, judge.ELSE),
            (to_pod(client, pod, 6, tcp(1, 8080)), True, judge.ELSE),
            (to_pod(pod, world.METADATA, 6, tcp(1, 80)), False, None),
            (to_pod(pod, world.DNS_V4, 17, udp(1, 53)), False, judge.ELSE),
            (to_pod(pod, world.OTHER_DNS_V4, 17, udp(1, 53)), False, None),
            (to_pod(world.OTHER_DNS_V4, pod, 17, udp(53, 1)), True, None),
            (to_pod(client, pod, 17, udp(1, 9)), True, None),
            (to_pod(pod, client, 17, udp(1, 9)), False, judge.ELSE),
            (to_pod(client, pod, 17, b"z" * 30, flags=0x00B9), True, judge.ELSE),  # a later fragment has no ports
            (to_pod(client, pod, 1, b"\x08\0" + b"z" * 30), True, judge.ELSE),
            (POD + GATEWAY + b"\x08\x06" + b"\0" * 28, True, None),
        ):
            self.assertEqual(judge.wanted(packet.parse(frame), ingress), session, frame.hex())


class Packets(unittest.TestCase):
    def test_a_super_frame_is_cut_into_wire_frames(self):
        for source, destination, header in ((world.CLIENT_V4, world.WEB_V4, 40), (world.CLIENT_V6, world.WEB_V6, 60)):
            payload = bytes(n % 251 for n in range(4000))
            cut = packet.segments(packet.parse(to_pod(source, destination, 6, tcp(1, 80, payload))), 1500)
            self.assertEqual(b"".join(p.frame[p.l4 + 20:] for p in cut), payload)
            self.assertEqual([p.end - p.l3 for p in cut][:-1], [1500] * (len(cut) - 1))
            self.assertEqual([int.from_bytes(p.frame[p.l4 + 4:p.l4 + 8], "big") - 1000 for p in cut],
                             [n * (1500 - header) for n in range(len(cut))])
            self.assertEqual([p.frame[p.l4 + 13] for p in cut], [0x10] * (len(cut) - 1) + [0x18])

    def test_a_finished_checksum_verifies(self):
        p = packet.parse(packet.finish(packet.parse(ECHO)))
        pseudo = p.frame[26:34] + struct.pack("!II", p.end - p.l4, p.protocol)
        self.assertEqual(packet.ones_complement(pseudo + p.frame[p.l4:p.end]), 0)

    def test_right_outer_headers_are_unwrapped(self):
        copy = packet.unwrap(1.0, "ids-near", vxlan(WEB, 100), world.NEAR)
        self.assertEqual((copy.vni, copy.inner, copy.source), (100, WEB, world.NODE_V4))

    def test_wrong_outer_headers_are_found(self):
        right = vxlan(WEB, 100)
        for at in (14 + 10, 14 + 20, 14 + 22, 14 + 26, 14 + 28, 14 + 35):  # IP sum, ports, UDP sum, VXLAN
            wrong = right[:at] + bytes([right[at] ^ 0x40]) + right[at + 1:]
            with self.assertRaises(ValueError, msg=f"byte {at}"):
                packet.unwrap(1.0, "ids-near", wrong, world.NEAR)
        with self.assertRaises(ValueError):
            packet.unwrap(1.0, "ids-far", right, world.FAR)

    def test_ipv6_extension_headers_and_fragments_are_read(self):
        fragment = struct.pack("!BBHI", 17, 0, 1, 99)
        first = packet.parse(to_pod(world.CLIENT_V6, world.WEB_V6, 0, b"\x2c" + b"\0" * 7 + fragment + udp(5, 7)))
        self.assertEqual((first.protocol, first.ports, first.fragment, first.later), (17, (5, 7), True, False))
        later = packet.parse(to_pod(world.CLIENT_V6, world.WEB_V6, 44, struct.pack("!BBHI", 17, 0, 8, 99) + udp(5, 7)))
        self.assertEqual((later.protocol, later.ports, later.later), (17, None, True))

    def test_a_capture_is_read(self):
        with tempfile.NamedTemporaryFile() as file:
            file.write(struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
            file.write(struct.pack("<IIII", 5, 500000, len(WEB), len(WEB)) + WEB)
            file.flush()
            self.assertEqual(packet.read_pcap(file.name), [(5.5, WEB)])


if __name__ == "__main__":
    unittest.main()
