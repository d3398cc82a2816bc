"""A demo that is interrupted leaves nothing behind: no process, so no namespace, mount, pin or link that it held.

usage: interrupt_test.py <binary>      as root; the moments are random, the seed is printed
"""

import os
import pathlib
import random
import signal
import subprocess
import sys
import time
import unittest
import uuid

HERE = pathlib.Path(__file__).resolve().parent
BINARY = None
LONGEST = 6.0  # seconds; about as long as a demo takes


def leavings():
    """What the demo makes, where the host would see it."""
    links = subprocess.run(["ip", "-o", "link"], check=True, capture_output=True, text=True).stdout
    found = {line.split(": ")[1].split("@")[0] for line in links.splitlines()} & {"uplink", "veth-web", "veth-app"}
    found |= {name for name in ("web", "app", "router", "ids-near") if pathlib.Path("/run/netns", name).exists()}
    return found | {line for line in pathlib.Path("/proc/self/mounts").read_text().splitlines() if "/run/demo" in line}


def processes(token):
    found = []
    for environ in pathlib.Path("/proc").glob("[0-9]*/environ"):
        try:
            if token.encode() in environ.read_bytes():
                found.append((environ.parent / "cmdline").read_bytes().replace(b"\0", b" "))
        except OSError:
            pass  # gone meanwhile
    return found


class Interrupted(unittest.TestCase):
    def interrupt(self, number, after):
        token = f"podmirror-demo-{uuid.uuid4()}"
        before = leavings()
        process = subprocess.Popen([HERE / "run", "--binary", BINARY], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   env=dict(os.environ, DEMO_TOKEN=token))
        try:
            process.wait(timeout=after)
        except subprocess.TimeoutExpired:
            process.send_signal(number)
        process.wait(timeout=30)
        if number == signal.SIGKILL:  # nobody waited for the last process: give the kernel a moment
            deadline = time.monotonic() + 5
            while processes(token) and time.monotonic() < deadline:
                time.sleep(0.02)
        self.assertEqual(processes(token), [], f"signal {number} after {after:.2f} s")
        self.assertEqual(leavings() - before, set(), f"signal {number} after {after:.2f} s")

    def test_at_random_moments(self):
        seed = random.randrange(1 << 32)
        print(f"seed {seed}", flush=True)
        moments = random.Random(seed)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL):
            self.interrupt(number, moments.uniform(0.05, LONGEST))

    def test_right_at_the_start(self):
        for after in (0.03, 0.06, 0.12):
            self.interrupt(signal.SIGINT, after)


if __name__ == "__main__":
    BINARY = os.path.abspath(sys.argv.pop(1))
    unittest.main()
