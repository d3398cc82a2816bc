"""The demo's network. The namespace that it starts in is the node: it routes between its pods and an uplink.

    web  app  ids-near          pods on this node, behind veth-web, veth-app and veth-near
      \\   |   /
       node ---uplink--- router ---+--- client        192.168.50.0/24, then 10.99.0.0/24
                                   +--- ids-far       a pod of another node
"""

import pathlib
import subprocess

PODS_V4, PODS_V6 = "10.244.1.1", "fd00:244:1::1"  # the node, as its pods' gateway
NODE_V4, NODE_V6 = "192.168.50.1", "fd00:50::1"
ROUTER_V4, ROUTER_V6 = "192.168.50.254", "fd00:50::fe"
WEB_V4, WEB_V6 = "10.244.1.10", "fd00:244:1::10"
APP_V4, APP_V6 = "10.244.1.11", "fd00:244:1::11"
NEAR, FAR = "10.244.1.20", "10.244.2.20"
CLIENT_V4, CLIENT_V6 = "10.99.0.10", "fd00:99::10"
CHECKER_V4 = "10.99.0.66"  # the client's address for health checks
DNS_V4, DNS_V6 = "10.96.0.10", "fd00:96::10"  # the router plays the cluster's DNS
OTHER_DNS_V4 = "10.99.0.1"  # and one that is not the cluster's
METADATA = "169.254.169.254"

POD_MTU = 1500
UNDERLAY_MTU = 1600  # room for the outer headers: no copy has to be cut


def inside(namespace, *command):
    """The command, moved into a namespace (None: the node)."""
    return ["nsenter", f"--net=/run/netns/{namespace}", "--", *command] if namespace else list(command)


def call(namespace, line):
    subprocess.run(inside(namespace, *line.split()), check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)


def set_sysctls(namespace, **values):
    # /proc/sys/net shows the namespace of whoever opens it.
    script = "; ".join(f"echo {v} > /proc/sys/net/{k.replace('__', '/')}" for k, v in values.items())
    subprocess.run(inside(namespace, "sh", "-c", script), check=True)


def add_namespace(name):
    call(None, f"ip netns add {name}")
    call(name, "ip link set lo up")
    # No router discovery: nobody here would answer.
    set_sysctls(name, ipv6__conf__default__accept_ra=0, ipv6__conf__default__router_solicitations=0)


def link(left, left_name, right, right_name, mtu):
    """A veth pair between two namespaces, both ends up."""
    end = f"netns {right} " if right else ""
    start = f"netns {left} " if left else ""
    call(None, f"ip link add {left_name} mtu {mtu} {start}type veth peer name {right_name} mtu {mtu} {end}".rstrip())
    for namespace, name in ((left, left_name), (right, right_name)):
        call(namespace, f"ip link set {name} up")


def add_pod(name, host_end, addresses, mtu):
    """A pod as a routed CNI makes it: host routes on the node, the node's address as the gateway."""
    add_namespace(name)
    link(None, host_end, name, "eth0", mtu)
    for address in addresses:
        six = ":" in address
        ip, length, nodad = ("ip -6", 128, " nodad") if six else ("ip", 32, "")
        gateway, node = (PODS_V6, NODE_V6) if six else (PODS_V4, NODE_V4)
        call(None, f"ip addr add {gateway}/{length} dev {host_end}{nodad}")
        call(None, f"{ip} route add {address}/{length} dev {host_end} src {node}")
        call(name, f"ip addr add {address}/{length} dev eth0{nodad}")
        call(name, f"{ip} route add {gateway} dev eth0")
        call(name, f"{ip} route add default via {gateway}")


def build():
    router = {"ipv4__ip_forward": 1, "ipv6__conf__all__forwarding": 1}
    set_sysctls(None, ipv6__conf__default__accept_ra=0, **router)
    add_namespace("router")
    set_sysctls("router", **router)

    link(None, "uplink", "router", "node", UNDERLAY_MTU)
    # The uplink plays a NIC: what leaves it is a wire frame with a finished checksum.
    for namespace, name in ((None, "uplink"), ("router", "node")):
        call(namespace, f"ethtool -K {name} tx off tso off gso off")
    call(None, f"ip addr add {NODE_V4}/24 dev uplink")
    call(None, f"ip addr add {NODE_V6}/64 dev uplink nodad")
    call("router", f"ip addr add {ROUTER_V4}/24 dev node")
    call("router", f"ip addr add {ROUTER_V6}/64 dev node nodad")
    call(None, f"ip route add default via {ROUTER_V4}")
    call(None, f"ip -6 route add default via {ROUTER_V6}")
    call("router", f"ip route add 10.244.1.0/24 via {NODE_V4}")
    call("router", f"ip -6 route add fd00:244:1::/64 via {NODE_V6}")

    add_pod("web", "veth-web", (WEB_V4, WEB_V6), POD_MTU)
    add_pod("app", "veth-app", (APP_V4, APP_V6), POD_MTU)
    add_pod("ids-near", "veth-near", (NEAR,), UNDERLAY_MTU)

    add_namespace("client")
    link("router", "client", "client", "eth0", POD_MTU)
    call("router", "ip addr add 10.99.0.1/24 dev client")
    call("router", "ip addr add fd00:99::1/64 dev client nodad")
    for address in (f"{CLIENT_V4}/24", f"{CHECKER_V4}/24", f"{CLIENT_V6}/64"):
        call("client", f"ip addr add {address} dev eth0" + (" nodad" if ":" in address else ""))
    call("client", "ip route add default via 10.99.0.1")
    call("client", "ip -6 route add default via fd00:99::1")

    add_namespace("ids-far")
    link("router", "far", "ids-far", "eth0", UNDERLAY_MTU)
    call("router", "ip addr add 10.244.2.1/24 dev far")
    call("ids-far", f"ip addr add {FAR}/24 dev eth0")
    call("ids-far", "ip route add default via 10.244.2.1")

    for address in (f"{DNS_V4}/32", f"{METADATA}/32", f"{DNS_V6}/128"):
        call("router", f"ip addr add {address} dev lo" + (" nodad" if ":" in address else ""))


def links():
    """Names of the node's links."""
    listed = subprocess.run(["ip", "-o", "link"], check=True, capture_output=True, text=True).stdout
    return sorted(line.split(": ")[1].split("@")[0] for line in listed.splitlines())


def pins():
    return sorted(str(p) for p in pathlib.Path("/sys/fs/bpf").rglob("*"))
