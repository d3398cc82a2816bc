"""A cluster for one test file: a real API server, node namespaces with agents, operators, pods that talk, collectors.

Nodes, Pods and EndpointSlices are objects that the test writes; the pods behind them are network namespaces and the
packets are real. Operator and agents run as the ServiceAccounts of charts/podmirror/files/rbac.yaml, with tokens as a
kubelet projects them.
"""

import json
import pathlib
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "tests/support/kube"), str(pathlib.Path(__file__).resolve().parent)]
import api
import collector
import daemons
import lan
import objects
import relay
import server

RUN = pathlib.Path("/run/cluster")
HOME = daemons.HOME
SECONDS = 30  # longer than anything takes that works
API_PORTS = {"op-a": 7001, "op-b": 7002}  # each operator has a path of its own to the API server
OPERATORS = {"op-a": "10.99.0.2", "op-b": "10.99.0.3"}
FAST_LEASE = ("--lease-duration", "3s", "--renew-deadline", "2s", "--retry-period", "300ms")
POLL = 0.02


def await_true(what, function, seconds=SECONDS):
    """What the function returns, once that is true. For what nobody announces."""
    deadline = time.monotonic() + seconds
    while True:
        found = function()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(POLL)


class Pod:
    def __init__(self, made, namespace, address):
        self.object, self.namespace, self.address = made, namespace, address
        self._talker = self._listener = None

    @property
    def name(self):
        return self.object["metadata"]["name"]

    @property
    def talker(self):
        self._talker = self._talker or lan.Talker(self.namespace)
        return self._talker

    @property
    def listener(self):
        """What it receives on port 7."""
        self._listener = self._listener or lan.Listener(self.namespace)
        return self._listener


class Node:
    def __init__(self, name, number):
        self.name, self.number = name, number
        self.address, self.pods = f"10.99.0.{10 + number}", f"10.244.{number}.0/24"
        self.folder = RUN / name
        self.keeper = self.agent = self.agent_pod = None
        self._next = 10

    def next_address(self):
        self._next += 1
        return f"10.244.{self.number}.{self._next}"


class Cluster:
    """`nodes`: how many. Nothing is started but the API server; see start_operator(), start_agents()."""

    def __init__(self, nodes=2):
        RUN.mkdir()
        lan.build()
        self.server = server.Server("/run/kube", lan.CONTROL)
        self.server.start()
        self.api, self.kubectl = self.server.api, self.server.kubectl
        self.pods, self.operators, self.collectors = {}, {}, {}
        self.nodes = {f"n{i}": Node(f"n{i}", i) for i in range(1, nodes + 1)}
        for node in self.nodes.values():
            self._build_node(node)
        for node in self.nodes.values():
            for other in self.nodes.values():
                if other is not node:
                    lan.route(node.name, other.pods, other.address)
        self.paths = {name: relay.Relay(lan.CONTROL, port, [("127.0.0.1", server.PORT)])
                      for name, port in API_PORTS.items()}
        self.push = relay.Relay(lan.CONTROL, daemons.PUSH_PORT, [])
        self.furnish()

    # What a cluster has before anybody mirrors.

    def _build_node(self, node):
        node.folder.mkdir()
        lan.add_node(node.name, node.address, node.pods)
        # A mount namespace that outlives agents: pins under its bpffs do, too.
        mounts = "mount -t sysfs sysfs /sys && mount -t bpf bpf /sys/fs/bpf && echo mounted && exec sleep infinity"
        node.keeper = subprocess.Popen(
            lan.inside(node.name, "unshare", "--mount", "--propagation", "private", "sh", "-c", mounts),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        if node.keeper.stdout.readline() != b"mounted\n":
            raise OSError(f"the mounts of {node.name} could not be made")

    def furnish(self):
        """Everything that is in the API server before the operator: also after its data were lost."""
        self.server.install_crds()
        for name in (HOME, "kube-system"):
            self.api.apply(objects.namespace(name))
        self.kubectl("apply", "-f", str(ROOT / "charts/podmirror/files/rbac.yaml"))
        for kind, name in (("Secret", "podmirror-operator-tls"), ("ConfigMap", "podmirror-operator-ca")):
            if not self.api.find(kind, HOME, name):
                self.api.create({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": HOME}})
        for node in self.nodes.values():
            self.api.apply(objects.node(node.name))
            self.api.set_status("Node", None, node.name, objects.node_status(node.address))

    # The product.

    def start_operator(self, name="op-a", *flags, fast=True, ready=True):
        """fast: a lease of three seconds, so that a takeover does not take fifteen. ready: wait until it says so."""
        if name not in self.operators:
            lan.plug_in(name, OPERATORS[name])
            token = RUN / f"{name}.token"
            token.write_text(self.server.token(HOME, "podmirror-operator", seconds=7200))
            kubeconfig = self.server.kubeconfig_of(name, token, f"https://{lan.CONTROL}:{API_PORTS[name]}")
            lease = FAST_LEASE if fast else ()
            self.operators[name] = daemons.Operator(name, RUN, kubeconfig, lease + flags)
        self.operators[name].start()
        self.push.send_to([(OPERATORS[one], daemons.PUSH_PORT) for one in self.operators])
        if ready:
            await_true(f"{name} is ready", lambda: self._alive(self.operators[name]).ask("/readyz")[0] == 200)
        return self.operators[name]

    def _alive(self, daemon):
        if not daemon.running:
            raise AssertionError(f"{daemon.name} ended with {daemon.process.returncode}\n{daemon.tail()}")
        return daemon

    def await_leader(self, among=None, seconds=SECONDS):
        """The operator that the Lease names."""
        names = among or list(self.operators)

        def look():
            lease = self.api.find("Lease", HOME, "podmirror-operator")
            holder = (lease or {}).get("spec", {}).get("holderIdentity", "")
            return next((self.operators[name] for name in names if holder.startswith(name)), None)
        return await_true(f"one of {names} leads", look, seconds)

    def start_agent(self, name, *flags):
        """As its DaemonSet's pod: an object, a token that is bound to it, and the bundle of the ConfigMap as a file."""
        node = self.nodes[name]
        if node.agent_pod is None:
            self.renew_agent_pod(node)
            threading.Thread(target=self._mount_bundle, args=(node,), daemon=True).start()
        node.agent = node.agent or daemons.Agent(name, node.keeper.pid, node.folder, RUN, flags)
        node.agent.start()
        return node.agent

    def renew_agent_pod(self, node):
        made = objects.pod(HOME, f"agent-{node.name}", node.name, {"app.kubernetes.io/name": "podmirror",
                                                                   "app.kubernetes.io/component": "agent"},
                           account="podmirror-agent", host_network=True)
        self.api.delete("Pod", HOME, f"agent-{node.name}")
        node.agent_pod = self.api.create(made)
        self.api.set_status("Pod", HOME, f"agent-{node.name}", objects.pod_status(node.address, node.address))
        self.renew_token(node)

    def renew_token(self, node):
        """As a kubelet replaces a projected token: one rename."""
        fresh = node.folder / "token.new"
        fresh.write_text(self.server.token(HOME, "podmirror-agent", "podmirror-operator", node.agent_pod))
        fresh.rename(node.folder / "token")

    def _mount_bundle(self, node):
        """Plays the kubelet for a mounted ConfigMap, only faster."""
        while True:
            try:
                bundle = self.api.get("ConfigMap", HOME, "podmirror-operator-ca").get("data", {}).get("ca.crt")
                kept = node.folder / "ca.crt"
                if bundle and (not kept.exists() or kept.read_text() != bundle):
                    (node.folder / "ca.new").write_text(bundle)
                    (node.folder / "ca.new").rename(kept)
            except (OSError, api.Refused):
                pass  # the API server is away: the file stays
            time.sleep(0.2)

    def start_agents(self, *flags):
        for name in self.nodes:
            self.start_agent(name, *flags)

    def await_streams(self, seconds=SECONDS):
        """Every agent has its stream to the leader."""
        agents = [node.agent for node in self.nodes.values() if node.agent]
        await_true("every agent is ready",
                   lambda: all(self._alive(agent).ask("/readyz")[0] == 200 for agent in agents), seconds)

    # Namespaces, pods, collectors.

    def namespace(self, name, **annotations):
        return self.api.apply(objects.namespace(name, **annotations))

    def pod(self, ns, name, node="n1", labels=None, annotations=None):
        """A namespace of the network and an object that carries its address."""
        home = self.nodes[node]
        address = home.next_address()
        netns = f"{ns}-{name}"
        lan.add_pod(node, home.address, netns, address, f"10.244.{home.number}.1")
        made = self.api.create(objects.pod(ns, name, node, labels, annotations))
        self.api.set_status("Pod", ns, name, objects.pod_status(address, home.address))
        self.pods[ns, name] = pod = Pod(made, netns, address)
        return pod

    def remove_pod(self, ns, name):
        pod = self.pods.pop((ns, name))
        self.api.delete("Pod", ns, name)
        lan.remove_namespace(pod.namespace)

    def collector(self, ns, name="ids", node="n2", service=None):
        """A pod that listens, behind a UDP Service with an EndpointSlice; the Service is called as the pod is."""
        pod = self.pod(ns, name, node, {"app": name})
        service = service or name
        self.api.apply(objects.udp_service(ns, service))
        self.api.apply(objects.endpoint_slice(ns, service, service, [objects.endpoint(pod.address, pod.object, node)]))
        self.collectors[ns, name] = made = collector.Collector(pod.namespace)
        made.pod = pod
        return made

    # What is mirrored.

    def send(self, source, destination, port=7):
        """One datagram from pod to pod; returns its bytes once it has arrived, which it does whatever is mirrored."""
        listener = destination.listener
        for _ in range(5):  # the first ones may wait for a neighbour
            payload = source.talker.say(destination.address, port)
            if port != 7 or listener.wait_for(payload, 3):
                return payload
        raise AssertionError(f"production: nothing of {source.name} arrives at {destination.name}")

    def await_mirroring(self, source, destination, collector_, seconds=SECONDS, vni=None):
        """Sends until a copy arrives; returns that copy."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            payload = self.send(source, destination)
            copies = collector_.await_copies(payload, 0.1)
            copies = [copy for copy in copies if vni is None or copy.vni == vni]
            if copies:
                return copies[0]
        verdicts = json.dumps([(one["metadata"]["name"], one.get("status")) for one in self.api.list("TrafficMirrorSession")])
        raise AssertionError(f"no copy of {source.name} arrived within {seconds} s; sessions: {verdicts}\n{self.explain()}")

    def await_silence(self, source, destination, collector_, seconds=SECONDS):
        """Sends until copies stop to arrive: ten datagrams in a row, none of which is copied."""
        deadline, quiet = time.monotonic() + seconds, []
        while time.monotonic() < deadline:
            quiet.append(self.send(source, destination))
            if collector_.await_copies(quiet[-1], 0.05):
                quiet = []
            elif len(quiet) >= 10 and not any(collector_.find(payload) for payload in quiet):
                return
        raise AssertionError(f"copies of {source.name} still arrive after {seconds} s\n{self.explain()}")

    def condition(self, kind, ns, name, type_):
        thing = self.api.find(kind, ns, name) or {}
        for one in thing.get("status", {}).get("conditions", ()):
            if one["type"] == type_ and one.get("observedGeneration", 0) >= thing["metadata"]["generation"]:
                return one
        return None

    def await_condition(self, kind, ns, name, type_, status, reason=None, seconds=SECONDS):
        """The condition, of the newest generation, once it says so."""
        def look():
            one = self.condition(kind, ns, name, type_)
            return one if one and one["status"] == status and reason in (None, one["reason"]) else None
        try:
            return await_true(f"{kind} {ns}/{name}: {type_}={status} {reason or ''}", look, seconds)
        except AssertionError as late:
            shown = json.dumps((self.api.find(kind, ns, name) or {}).get("status"), indent=1)
            raise AssertionError(f"{late}; status: {shown}\n{self.explain()}") from None

    def explain(self):
        """The ends of all logs: for a message."""
        every = list(self.operators.values()) + [node.agent for node in self.nodes.values() if node.agent]
        return "\n".join(daemon.tail(12) for daemon in every)
