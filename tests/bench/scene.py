"""Where the bench takes place, and the modes that are compared in it. The namespace it starts in is the node:

    source   sink   near                two pods that talk, and a collector on the same node
        \\    |    /
           node ---uplink--- far        a collector behind the node's network card
             \\-----bus------/           what the card does where it segments by itself (Tool.nic)

Nobody asks for an address while it is measured: neighbours are permanent, IPv6 is off.
"""

import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support"), str(HERE.parent / "demo")]

import world

WORK = pathlib.Path("/run/bench")
SOURCE, SINK, NEAR, NODE, FAR = "10.244.1.10", "10.244.1.11", "10.244.1.20", "192.168.50.1", "192.168.50.2"
POD_MTU, UNDERLAY_MTU = 1500, 1600
COLLECTORS = {"uplink": FAR, "near": NEAR}  # by the node's device on the way there
DEVICES = {"uplink": "uplink", "near": "veth-near"}
VNIS = {"uplink": 42, "near": 43}  # the kernel wants them apart


class Failed(Exception):
    pass


def call(line, namespace=None):
    world.call(namespace, line)


def _mac(namespace, device):
    shown = subprocess.run(world.inside(namespace, "ip", "-j", "link", "show", device), check=True, capture_output=True)
    return json.loads(shown.stdout)[0]["address"]


def _befriend(namespace, device, address, other, other_device):
    call(f"ip neigh replace {address} lladdr {_mac(other, other_device)} dev {device} nud permanent", namespace)


def build():
    world.set_sysctls(None, ipv4__ip_forward=1, ipv6__conf__all__disable_ipv6=1, ipv6__conf__default__disable_ipv6=1)
    world.add_namespace("far")
    world.link(None, "uplink", "far", "eth0", UNDERLAY_MTU)
    world.link(None, "bus", "far", "bus", 65535)
    call(f"ip addr add {NODE}/24 dev uplink")
    call(f"ip addr add {FAR}/24 dev eth0", "far")
    for name, address in (("source", SOURCE), ("sink", SINK), ("near", NEAR)):
        mtu = UNDERLAY_MTU if name == "near" else POD_MTU
        world.add_pod(name, f"veth-{name}", (address,), mtu)
        _befriend(None, f"veth-{name}", address, name, "eth0")
        _befriend(name, "eth0", world.PODS_V4, None, f"veth-{name}")
    for namespace in ("source", "sink", "near", "far"):
        world.set_sysctls(namespace, ipv6__conf__all__disable_ipv6=1)
    # The connection stays open while others are measured: it must not start slowly again.
    for namespace in ("source", "sink"):
        world.set_sysctls(namespace, ipv4__tcp_slow_start_after_idle=0)
    # The uplink plays a network card: what leaves it are wire frames with finished checksums.
    call("ethtool -K uplink tx off tso off gso off")
    _befriend(None, "uplink", FAR, "far", "eth0")
    _befriend("far", "eth0", NODE, None, "uplink")


class Tool:
    """bench_tool: programs, counters and traffic."""

    def __init__(self, binary, cpu):
        self.process = subprocess.Popen([binary, str(cpu)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.owns_cpu = self._answer() == "fifo"
        self.ask("attach out production source eth0 egress")
        self.ask("attach in production source eth0 ingress")
        self.ask("attach sink sink sink eth0 ingress")
        self.ask("attach near collector near eth0 ingress")
        self.ask("attach far collector far eth0 ingress")
        self.ask("attach far-bus collector far bus ingress")
        self.ask("point floor uplink")
        self.ask("point nic bus")

    def _answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise Failed(f"bench_tool ended with {self.process.wait()}")
        return json.loads(line)

    def ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self._answer()

    def nic(self, on):
        """Does the uplink's card segment by itself?"""
        self.ask("attach nic nic - uplink egress" if on else "detach nic")


class Unmirrored:
    def __init__(self, tool):
        self.tool = tool

    def start(self):
        pass

    def stop(self):
        pass

    def check(self, counted):
        if counted["collector"]:
            raise Failed(f"{counted['collector']} copies although nothing is mirrored")


class Floor(Unmirrored):
    """A clone of each packet to the uplink, as it is."""

    def start(self):
        for side in ("ingress", "egress"):
            self.tool.ask(f"attach floor-{side} floor_copy - veth-source {side}")

    def stop(self):
        for side in ("ingress", "egress"):
            self.tool.ask(f"detach floor-{side}")

    def check(self, counted):
        pass


class Mirred(Unmirrored):
    """What the kernel brings: tc's action mirred into a vxlan device."""

    def __init__(self, tool, way):
        super().__init__(tool)
        self.device = f"vx-{way}"
        call(f"ip link add {self.device} type vxlan id {VNIS[way]} remote {COLLECTORS[way]} "
             f"dstport 4789 dev {DEVICES[way]}")
        call(f"ip link set {self.device} mtu {POD_MTU} up")

    def start(self):
        call("tc qdisc add dev veth-source clsact")
        for side in ("ingress", "egress"):
            # u32 and not matchall, which not every kernel has.
            call(f"tc filter add dev veth-source {side} protocol all prio 1 u32 match u32 0 0 "
                 f"action mirred egress mirror dev {self.device}")

    def stop(self):
        call("tc qdisc del dev veth-source clsact")

    def check(self, counted):
        pass


OBJECTS = """
apiVersion: v1
kind: Pod
metadata: {name: source, namespace: bench, labels: {app: source}, annotations: {podmirror.io/local-interface: veth-source}}
spec: {nodeName: node-1}
status: {phase: Running, podIPs: [{ip: 10.244.1.10}]}
---
apiVersion: podmirror.io/v1alpha1
kind: TrafficMirrorTarget
metadata: {name: collector, namespace: bench}
spec:
  address: {ip: COLLECTOR, port: 4789}
---
apiVersion: podmirror.io/v1alpha1
kind: TrafficMirrorSession
metadata: {name: bench, namespace: bench}
spec:
  sessionNumber: 1
  source: {podSelector: {matchLabels: {app: source}}}
  filterRef: {name: rules}
  targetRef: {name: collector}
  virtualNetworkID: 42
---
apiVersion: podmirror.io/v1alpha1
kind: TrafficMirrorFilter
metadata: {name: rules, namespace: bench}
spec:
"""
EVERYTHING = ("{ruleNumber: 1, action: Accept}",)


def rules_for_others(count):
    """Rules that the bench's packets do not match: the source agrees, the port does not."""
    return tuple(f"{{ruleNumber: {n}, action: Accept, protocol: UDP, sourceCIDR: 10.244.1.0/24, "
                 f"destinationPorts: {{from: {20000 + n}}}}}" for n in range(1, count + 1))


class Ours(Unmirrored):
    """`podmirror local`, as anyone runs it."""

    def __init__(self, tool, podmirror, name, way, rules):
        super().__init__(tool)
        self.podmirror, self.copies = podmirror, rules == EVERYTHING
        self.folder = WORK / name
        self.folder.mkdir(parents=True)
        text = OBJECTS.replace("COLLECTOR", COLLECTORS[way])
        for direction in ("ingress", "egress"):
            text += f"  {direction}:\n" + "".join(f"    - {rule}\n" for rule in rules)
        (self.folder / "mirror.yaml").write_text(text)

    def _run(self, *arguments):
        done = subprocess.run([self.podmirror, *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise Failed(f"podmirror {' '.join(arguments)} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def start(self):
        self._run("local", "--once", "-f", str(self.folder), "--node-budget", "off")

    def stop(self):
        self._run("cleanup")

    def check(self, counted):
        """The counters must say what the ends counted."""
        status = json.loads(self._run("status", "-o", "json"))
        if status["law"] != "ok":
            raise Failed(f"the counters' law is broken: {status['law']}")
        if not self.copies:
            return super().check(counted)
        source = status["sessions"][0]["sources"][0]
        sent = sum(source[direction][term] for direction in ("ingress", "egress")
                   for term in ("segments_of_sent", "segments_sent"))
        if sent != counted["collector"]:
            raise Failed(f"status says {sent} segments sent, the collector counted {counted['collector']}")
