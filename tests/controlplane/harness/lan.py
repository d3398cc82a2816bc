"""Nodes and pods as network namespaces. The test's own is the control plane; everything hangs on one LAN.

    control plane 10.99.0.1 ---+--- n1  10.99.0.11 --- pods 10.244.1.x, each behind a veth of its own
                               +--- n2  10.99.0.12 --- pods 10.244.2.x
                               +--- op-a, op-b 10.99.0.2, .3: the operators
"""

import ctypes
import os
import secrets
import socket
import subprocess
import threading
import time

CONTROL = "10.99.0.1"
UNDERLAY_MTU, POD_MTU = 1600, 1500  # room for the outer headers: no copy has to be cut
CLONE_NEWNET = 0x40000000
SETTLE_SECONDS = 15

_libc = ctypes.CDLL(None, use_errno=True)


def call(line):
    done = subprocess.run(line.split(), stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        raise OSError(f"{line}: {done.stderr.strip()}")
    return done.stdout


def inside(namespace, *command):
    return ["nsenter", f"--net=/run/netns/{namespace}", "--", *command]


def call_in(namespace, line):
    return call(f"nsenter --net=/run/netns/{namespace} -- {line}")


def sysctl(namespace, **values):
    script = "; ".join(f"echo {v} > /proc/sys/net/{k.replace('__', '/')}" for k, v in values.items())
    subprocess.run(inside(namespace, "sh", "-c", script), check=True)


def in_namespace(namespace, function):
    """What the function returns, called in that network namespace: a socket that it makes stays there."""
    found = []

    def work():
        descriptor = os.open(f"/run/netns/{namespace}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            if _libc.setns(descriptor, CLONE_NEWNET) != 0:  # of this thread
                raise OSError(ctypes.get_errno(), f"setns {namespace}")
            found.append(function())
        except BaseException as fault:
            found.append(fault)
        finally:
            os.close(descriptor)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if isinstance(found[0], BaseException):
        raise found[0]
    return found[0]


def _add_namespace(name):
    call(f"ip netns add {name}")
    call_in(name, "ip link set lo up")
    sysctl(name, ipv6__conf__default__accept_ra=0, ipv6__conf__default__router_solicitations=0)


def build():
    call("ip link add lan mtu 1600 type bridge")
    call(f"ip addr add {CONTROL}/24 dev lan")
    call("ip link set lan up")


def plug_in(name, address):
    """A namespace with eth0 on the LAN."""
    _add_namespace(name)
    call(f"ip link add lan-{name} mtu {UNDERLAY_MTU} type veth peer name eth0 mtu {UNDERLAY_MTU} netns {name}")
    call(f"ip link set lan-{name} master lan up")
    call_in(name, "ip link set eth0 up")
    call_in(name, f"ip addr add {address}/24 dev eth0")
    call_in(name, f"ip route add default via {CONTROL}")
    # It plays a NIC: what leaves it is a wire frame with a finished checksum.
    call_in(name, "ethtool -K eth0 tx off tso off gso off")


def add_node(name, address, pods):
    """pods: the range of its pods' addresses, routed to it by the others (route())."""
    plug_in(name, address)
    sysctl(name, ipv4__ip_forward=1, ipv6__conf__all__forwarding=1)
    call(f"ip route add {pods} via {address}")


def route(node, pods, via):
    call_in(node, f"ip route add {pods} via {via}")


def add_pod(node, node_address, name, address, gateway):
    """As a routed CNI makes it: host routes on the node, an address of the node as the gateway."""
    _add_namespace(name)
    end = f"v-{name}"[:15]
    call_in(node, f"ip link add {end} mtu {POD_MTU + 100} type veth peer name eth0 mtu {POD_MTU + 100} netns {name}")
    call_in(node, f"ip link set {end} up")
    call_in(name, "ip link set eth0 up")
    call_in(node, f"ip addr add {gateway}/32 dev {end}")
    call_in(node, f"ip route add {address}/32 dev {end} src {node_address}")
    call_in(name, f"ip addr add {address}/32 dev eth0")
    call_in(name, f"ip route add {gateway} dev eth0")
    call_in(name, f"ip route add default via {gateway}")


def remove_namespace(name):
    call(f"ip netns del {name}")


def udp_socket(namespace, port=0):
    def make():
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        made.bind(("0.0.0.0", port))
        return made
    return in_namespace(namespace, make)


class Talker:
    """A pod that sends datagrams to another one, each with bytes that nobody else sends."""

    def __init__(self, namespace):
        self._socket = udp_socket(namespace)
        self._socket.settimeout(SETTLE_SECONDS)

    def say(self, address, port=7):
        """The payload."""
        payload = secrets.token_bytes(24)
        self._socket.sendto(payload, (address, port))
        return payload

    def close(self):
        self._socket.close()


class Listener:
    """Keeps what arrives at a UDP port of a namespace."""

    def __init__(self, namespace, port=7):
        self._socket = udp_socket(namespace, port)
        self._arrived = []  # (seconds, payload, sender's address)
        self._change = threading.Condition()
        threading.Thread(target=self._loop, daemon=True).start()

    def _loop(self):
        while True:
            try:
                payload, peer = self._socket.recvfrom(65535)
            except OSError:
                return
            with self._change:
                self._arrived.append((time.monotonic(), payload, peer[0]))
                self._change.notify_all()

    def all(self):
        with self._change:
            return list(self._arrived)

    def find(self, payload):
        return [entry for entry in self.all() if payload in entry[1]]

    def wait_for(self, payload, seconds=SETTLE_SECONDS):
        """What holds these bytes; empty where nothing came in time."""
        deadline = time.monotonic() + seconds
        with self._change:
            while not any(payload in entry[1] for entry in self._arrived):
                if not self._change.wait(max(0, deadline - time.monotonic())):
                    return []
        return self.find(payload)

    def clear(self):
        with self._change:
            self._arrived.clear()
