"""Attacks on the tenancy, each by its name. A tenant, `evil`, wants what is not its own, or wants not to be seen.

The security team's namespace is a priority one and mirrors every pod. Each attack ends with nothing at the attacker's
collector, or with the security team's copy all the same; that the security team's copies of the very same datagrams
arrived proves that the world was alive meanwhile.
"""

import pathlib
import ssl
import sys
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "tests/controlplane/harness"), str(ROOT / "tests/support/kube")]
import api
import cluster
import collector
import daemons
import lan
import objects
import stream
import suite

SESSION, TARGET = "TrafficMirrorSession", "TrafficMirrorTarget"
DATAGRAMS = 10
OUTSIDE = "192.0.2.0/24"  # the only range in which address targets may lie, and another one that holds cluster addresses
c = None
victim = victim_client = mole = mole_client = watcher = None  # pods, and the security team's collector


def setUpModule():
    global c, victim, victim_client, mole, mole_client, watcher
    c = cluster.Cluster()
    c.start_operator("op-a", "--priority-namespace", "security", "--allow-target-cidr", OUTSIDE,
                     "--allow-target-cidr", "10.0.0.0/8")
    c.start_agents()
    for name in ("victim", "evil", "security"):
        c.namespace(name)
    victim, victim_client = c.pod("victim", "web", "n1", {"app": "web"}), c.pod("victim", "client", "n2")
    mole, mole_client = c.pod("evil", "mole", "n1", {"app": "mole"}), c.pod("evil", "mole-client", "n2")
    watcher = c.collector("security", "watch")
    for one in (objects.mirror_filter("security", "everything"), objects.service_target("security", "watch", "watch"),
                objects.session("security", "all", 30000, target="watch", source={"podSelector": {}, "namespaceSelector": {}})):
        c.api.create(one)
    c.api.create(objects.mirror_filter("evil", "everything"))
    c.await_mirroring(victim, victim_client, watcher)
    c.await_mirroring(mole, mole_client, watcher)
    time.sleep(1.1)  # times of creation are whole seconds, and who is older counts: the attacker comes later


class Case(unittest.TestCase):
    """Each with a collector of the attacker's own; what the attacker made is removed afterwards."""
    number = 0

    def setUp(self):
        Case.number += 1
        self.name = f"loot{Case.number}"
        self.loot = c.collector("evil", self.name)
        c.api.create(objects.service_target("evil", self.name, self.name))
        self.addCleanup(self.clean)

    def clean(self):
        for kind in (SESSION, TARGET):
            for ns in ("evil", "victim"):
                for one in c.api.list(kind, ns):
                    c.api.delete(kind, ns, one["metadata"]["name"])
        for ns in ("evil", "victim", "security"):
            c.namespace(ns)  # without annotations

    def steal(self, name="steal", number=1, target=None, **more):
        """A session of the attacker's."""
        made = objects.session("evil", name, number, target=target or self.name, **more)
        return c.api.create(made)

    def judged(self, name="steal", ns="evil"):
        """Once the operator has looked at the session as it is now."""
        return cluster.await_true(f"{ns}/{name} is judged", lambda: c.condition(SESSION, ns, name, "Accepted"))

    def watched(self, source, destination, count=DATAGRAMS):
        """Datagrams that the security team saw."""
        sent = [c.send(source, destination) for _ in range(count)]
        for one in sent:
            self.assertTrue(watcher.await_copies(one, 5), "the security team's copy is missing")
        return sent

    def nothing_stolen(self, listener=None, source=None, destination=None):
        time.sleep(0.3)  # what was decided is pushed and programmed by now; the condition was written after it
        for one in self.watched(source or victim, destination or victim_client):
            self.assertEqual((listener or self.loot).find(one), [])

    def stolen(self, source=None, destination=None):
        """The control: what is allowed arrives."""
        return c.await_mirroring(source or victim, destination or victim_client, self.loot)


class Selectors(Case):
    def test_a_selector_over_all_namespaces(self):
        self.steal(source={"podSelector": {}, "namespaceSelector": {}})
        self.judged()
        self.nothing_stolen()

    def test_a_selector_that_names_the_victim(self):
        names = {"matchLabels": {"kubernetes.io/metadata.name": "victim"}}
        self.steal(source={"podSelector": {}, "namespaceSelector": names})
        c.await_condition(SESSION, "evil", "steal", "ResolvedRefs", "False", "NamespaceNotConsenting")
        self.nothing_stolen()

    def test_what_is_refused_does_not_tell_which_namespaces_there_are(self):
        self.steal(source={"podSelector": {}, "namespaceSelector": {"matchExpressions": [
            {"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["victim"]}]}})
        said = c.await_condition(SESSION, "evil", "steal", "ResolvedRefs", "False", "NamespaceNotConsenting")
        self.assertNotIn("victim", said["message"])
        status = c.api.get(SESSION, "evil", "steal")["status"]
        self.assertEqual(status["sources"]["selected"], 0)
        self.nothing_stolen()

    def test_a_label_of_the_victims_pod_without_a_namespace_selector(self):
        self.steal(selector={"app": "web"})
        self.judged()
        self.nothing_stolen()


class Consent(Case):
    def everywhere(self):
        self.steal(source={"podSelector": {}, "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "victim"}}})

    def tell(self, value):
        c.api.patch("Namespace", None, "victim", {"metadata": {"annotations": {
            "podmirror.io/allow-sessions-from": value}}})

    def test_a_consent_that_is_withdrawn(self):
        # A priority session sees every packet first and mirrors it once: the tenant's own turn comes without it.
        c.api.patch(SESSION, "security", "all", {"spec": {"paused": True}})
        self.addCleanup(lambda: c.await_mirroring(victim, victim_client, watcher))
        self.addCleanup(lambda: c.api.patch(SESSION, "security", "all", {"spec": {"paused": False}}))
        self.tell("evil")
        self.everywhere()
        self.stolen()
        self.tell(None)
        c.await_silence(victim, victim_client, self.loot)

    def test_a_consent_to_somebody_of_a_similar_name(self):
        self.tell("evil2,not-evil, evilly,EVIL")
        self.everywhere()
        c.await_condition(SESSION, "evil", "steal", "ResolvedRefs", "False", "NamespaceNotConsenting")
        self.nothing_stolen()

    def test_a_consent_on_a_pod_instead_of_its_namespace(self):
        c.api.patch("Pod", "victim", "web", {"metadata": {"annotations": {"podmirror.io/allow-sessions-from": "*"}}})
        self.everywhere()
        c.await_condition(SESSION, "evil", "steal", "ResolvedRefs", "False", "NamespaceNotConsenting")
        self.nothing_stolen()

    def test_a_sealed_namespace_that_consents_to_everybody(self):
        c.namespace("vault")
        safe, other = c.pod("vault", "safe", "n1"), c.pod("vault", "other", "n2")
        c.await_mirroring(safe, other, watcher)
        c.api.patch("Namespace", None, "vault", {"metadata": {"annotations": {
            "podmirror.io/allow-sessions-from": "*", "podmirror.io/sealed": "true"}}})
        self.steal(source={"podSelector": {}, "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "vault"}}})
        self.judged()
        c.await_silence(safe, other, watcher)  # a sealed namespace is the administrator's word: for everybody
        for one in [c.send(safe, other) for _ in range(DATAGRAMS)]:
            self.assertEqual(self.loot.find(one), [])


class Endpoints(Case):
    """The attacker mirrors pods of its own, which it may, and aims the copies at somebody else."""

    def setUp(self):
        super().setUp()
        c.api.patch(SESSION, "security", "all", {"spec": {"paused": True}})  # else it would have each packet first
        c.await_silence(mole, mole_client, watcher)
        self.addCleanup(lambda: c.await_mirroring(mole, mole_client, watcher))
        self.addCleanup(lambda: c.api.patch(SESSION, "security", "all", {"spec": {"paused": False}}))

    def aim(self, endpoint, port=4789):
        c.api.apply(objects.endpoint_slice("evil", self.name, self.name, [endpoint], port))
        self.steal(selector={"app": "mole"})

    def refused(self, aimed):
        """The target says so, and nothing arrives where it was aimed at."""
        c.await_condition(TARGET, "evil", self.name, "Ready", "False", "EndpointNotPermitted")
        time.sleep(0.3)
        sent = [c.send(mole, mole_client) for _ in range(DATAGRAMS)]
        time.sleep(0.3)
        for one in sent:
            self.assertEqual(aimed.find(one), [])

    def test_the_control_an_endpoint_of_its_own(self):
        self.steal(selector={"app": "mole"})
        self.stolen(mole, mole_client)

    def test_an_endpoint_slice_with_the_address_of_a_foreign_pod(self):
        foreign = collector.Collector(victim.namespace)
        self.aim(objects.endpoint(victim.address))
        self.refused(foreign)

    def test_an_endpoint_slice_that_names_a_foreign_pod(self):
        foreign = collector.Collector(victim_client.namespace)
        self.aim(objects.endpoint(victim_client.address, victim_client.object, "n2"))
        self.refused(foreign)

    def test_an_endpoint_slice_that_names_its_own_pod_and_a_foreign_address(self):
        foreign = collector.Collector(victim.namespace, 4790)
        self.aim(objects.endpoint(victim.address, self.loot.pod.object, "n1"), 4790)
        self.refused(foreign)

    def test_an_endpoint_slice_to_a_nodes_vxlan_port(self):
        vtep = collector.Collector("n2")
        self.aim(objects.endpoint(c.nodes["n2"].address))
        self.refused(vtep)

    def test_a_pod_of_the_hosts_network_as_an_endpoint(self):
        vtep = collector.Collector("n2", 4791)
        address = c.nodes["n2"].address
        made = c.api.create(objects.pod("evil", "host-" + self.name, "n2", host_network=True))
        c.api.set_status("Pod", "evil", "host-" + self.name, objects.pod_status(address, address))
        self.aim(objects.endpoint(address, made, "n2"), 4791)
        self.refused(vtep)

    def test_an_endpoint_slice_to_the_clusters_dns(self):
        dns = c.pod("kube-system", "dns-" + self.name, "n2")
        server = collector.Collector(dns.namespace, 53)
        self.aim(objects.endpoint(dns.address, dns.object, "n2"), 53)
        self.refused(server)

    def test_an_address_target_at_a_pod_a_node_and_itself(self):
        for i, (address, namespace) in enumerate(((victim.address, victim.namespace),
                                                  (c.nodes["n2"].address, "n2"), ("127.0.0.1", "n1"))):
            with self.subTest(address):
                there = collector.Collector(namespace, 4800 + i)
                try:
                    c.api.apply(objects.address_target("evil", f"far{i}", address, 4800 + i))
                except api.Refused:
                    continue  # at admission: the better place
                self.steal(f"steal{i}", 1 + i, f"far{i}", selector={"app": "mole"})
                c.await_condition(TARGET, "evil", f"far{i}", "Accepted", "False", "AddressNotAllowed")
                for one in [c.send(mole, mole_client) for _ in range(DATAGRAMS)]:
                    self.assertEqual(there.find(one), [])
                c.api.delete(SESSION, "evil", f"steal{i}")

    def test_an_address_target_outside_the_allowed_ranges(self):
        c.api.apply(objects.address_target("evil", "out", "198.51.100.7"))
        self.steal(target="out", selector={"app": "mole"})
        c.await_condition(TARGET, "evil", "out", "Accepted", "False", "AddressNotAllowed")
        c.await_condition(SESSION, "evil", "steal", "ResolvedRefs", "False", "TargetInvalid")


class Pods(Case):
    """The attacker lies about its own pods."""

    def test_local_annotations_are_nothing_in_a_cluster(self):
        bait = c.pod("evil", "bait-" + self.name, "n1", {"app": "bait"}, {
            "podmirror.io/local-netns": victim.namespace, "podmirror.io/local-interface": "v-victim-web"})
        self.steal(selector={"app": "bait"})
        self.judged()
        c.send(bait, mole_client)
        self.nothing_stolen()

    def test_a_pod_that_claims_the_victims_address(self):
        name = "liar-" + self.name
        c.api.create(objects.pod("evil", name, "n1", {"app": "liar"}))
        c.api.set_status("Pod", "evil", name, objects.pod_status(victim.address, c.nodes["n1"].address))
        self.addCleanup(lambda: c.api.delete("Pod", "evil", name))
        self.steal(selector={"app": "liar"})
        self.judged()
        self.nothing_stolen()


class Hiding(Case):
    """The attacker does not want the security team to see its pod."""

    def seen(self, source=None):
        time.sleep(0.3)
        self.watched(source or mole, mole_client)

    def test_an_accept_all_session_number_one(self):
        self.steal(number=1, selector={"app": "mole"})
        self.judged()
        self.seen()

    def test_a_seal_on_its_pod(self):
        c.api.patch("Pod", "evil", "mole", {"metadata": {"annotations": {"podmirror.io/sealed": "true"}}})
        time.sleep(0.5)
        self.seen()
        c.api.patch("Pod", "evil", "mole", {"metadata": {"annotations": {"podmirror.io/sealed": None}}})

    def test_its_pod_declared_a_collector(self):
        c.api.apply(objects.endpoint_slice("evil", self.name, self.name, [objects.endpoint(mole.address, mole.object, "n1")]))
        self.steal(selector={"app": "other"})
        c.await_condition(TARGET, "evil", self.name, "Ready", "True")
        self.seen()

    def test_its_peer_declared_a_collector_and_talk_to_the_collectors_port(self):
        """The loop guard of the security team's tier does not know a tenant's collectors."""
        c.api.apply(objects.endpoint_slice("evil", self.name, self.name, [
            objects.endpoint(mole_client.address, mole_client.object, "n2")], 7))
        self.steal(selector={"app": "other"})
        c.await_condition(TARGET, "evil", self.name, "Ready", "True")
        self.seen()

    def test_sixteen_sessions_of_its_own(self):
        for i in range(17):
            self.steal(f"steal{i}", i + 1, selector={"app": "mole"})
        self.judged("steal16")
        self.seen()


class Forgery(Case):
    """The attacker wants to put something into another team's feed."""

    def vni(self):
        return c.api.get(SESSION, "security", "all")["status"]["virtualNetworkID"]

    def test_the_security_teams_vni_stated_as_ones_own(self):
        c.api.patch(SESSION, "security", "all", {"spec": {"virtualNetworkID": 4242}})
        cluster.await_true("it has the number", lambda: self.vni() == 4242)
        self.steal(selector={"app": "mole"}, virtualNetworkID=4242)
        c.await_condition(SESSION, "evil", "steal", "Accepted", "False", "VNIConflict")
        self.nothing_stolen(source=mole, destination=mole_client)

    def test_a_target_of_another_namespace_without_its_grant(self):
        self.steal(selector={"app": "mole"}, target="watch", target_namespace="security", virtualNetworkID=777)
        c.await_condition(SESSION, "evil", "steal", "ResolvedRefs", "False", "TargetNotPermitted")
        for one in self.watched(mole, mole_client):
            self.assertNotIn(777, [copy.vni for copy in watcher.copies(one)])

    def test_a_status_written_by_hand_allots_no_vni(self):
        taken = self.vni()
        self.steal(selector={"app": "mole"})
        c.api.set_status(SESSION, "evil", "steal", {"virtualNetworkID": taken})
        cluster.await_true("it is given another", lambda: c.api.get(SESSION, "evil", "steal")["status"].get(
            "virtualNetworkID", taken) != taken)
        self.nothing_stolen(source=mole, destination=mole_client)


class Peers(Case):
    """Who holds one node, or a token, wants more than that node's."""

    def dial(self, token):
        bundle = c.nodes["n1"].folder / "ca.crt"
        return stream.Stream((lan.CONTROL, daemons.PUSH_PORT), bundle, token, daemons.SERVICE_NAME)

    def refused(self, token, status=401):
        with self.assertRaises(stream.Refused) as refusal:
            self.dial(token)
        self.assertEqual(refusal.exception.status, status)

    def own_token(self, node="n1"):
        return c.server.token(cluster.HOME, "podmirror-agent", "podmirror-operator", c.nodes[node].agent_pod)

    def test_a_token_of_another_account_is_refused(self):
        c.api.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "thief", "namespace": "evil"}})
        made = c.api.create(objects.pod("evil", "thief-" + self.name, "n1", account="thief"))
        self.refused(c.server.token("evil", "thief", "podmirror-operator", made))

    def test_an_account_of_the_agents_name_in_another_namespace_is_refused(self):
        c.api.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "podmirror-agent",
                                                                               "namespace": "evil"}})
        made = c.api.create(objects.pod("evil", "agent-" + self.name, "n1", account="podmirror-agent"))
        self.refused(c.server.token("evil", "podmirror-agent", "podmirror-operator", made))

    def test_a_token_for_another_audience_is_refused(self):
        self.refused(c.server.token(cluster.HOME, "podmirror-agent", None, c.nodes["n1"].agent_pod))

    def test_a_token_that_is_bound_to_no_pod_is_refused(self):
        self.refused(c.server.token(cluster.HOME, "podmirror-agent", "podmirror-operator"))

    def test_a_forged_token_is_refused(self):
        head, body, signature = self.own_token().split(".")
        self.refused(".".join((head, body, signature[::-1])))
        self.refused("nonsense")

    def test_a_token_of_a_pod_that_is_gone_is_refused(self):
        made = c.api.create(objects.pod(cluster.HOME, "old-" + self.name, "n1", account="podmirror-agent"))
        token = c.server.token(cluster.HOME, "podmirror-agent", "podmirror-operator", made)
        self.dial(token).close()
        c.api.delete("Pod", cluster.HOME, made["metadata"]["name"])

        def gone():
            try:
                self.dial(token).close()
                return False
            except stream.Refused as refusal:
                return refusal.status == 401
        cluster.await_true("it is refused", gone)
        c.await_streams()

    def test_an_agent_is_shown_its_own_node_only(self):
        c.api.create(objects.pod(cluster.HOME, "spy-" + self.name, "n3", account="podmirror-agent"))
        made = c.api.get("Pod", cluster.HOME, "spy-" + self.name)
        peer = self.dial(c.server.token(cluster.HOME, "podmirror-agent", "podmirror-operator", made))
        peer._socket.settimeout(3)
        try:
            said = str(peer.receive())
        except (EOFError, TimeoutError, ssl.SSLError):
            said = ""  # nothing is to be done on that node: nothing is said
        self.assertNotIn("victim", said)
        self.assertNotIn(victim.address, said)

    def test_a_compromised_agent_reports_for_another_node(self):
        made = c.api.create(objects.pod(cluster.HOME, "forger-" + self.name, "n3", account="podmirror-agent"))
        peer = self.dial(c.server.token(cluster.HOME, "podmirror-agent", "podmirror-operator", made))
        lie = {"pod": {"namespace": "victim", "name": "web"}, "reason": "InterfaceNotFound", "message": "gone"}
        for source in (lie, {**lie, "pod": "victim/web"}, {**lie, "node": "n1"}):
            try:
                peer.report({"version": 1, "agentVersion": "1", "kernel": "6", "attachMode": "tcx",
                             "report": {"sources": [source], "endpoints": [], "truncations": []}})
            except OSError:
                break  # it was dropped, as it should be
        time.sleep(2)
        failed = [one["pod"] for one in c.api.get(SESSION, "security", "all")["status"].get("failures", ())]
        self.assertNotIn("victim/web", failed)
        self.nothing_stolen()


if __name__ == "__main__":
    suite.main()
