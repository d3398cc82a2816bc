"""From `kubectl apply` to packets at a collector and back to `kubectl get`; nothing stands in for anything."""

import datetime
import json
import pathlib
import sys
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "tests/controlplane/harness"), str(ROOT / "tests/support/kube")]
import cluster
import objects
import packet
import suite

SHOP = """
apiVersion: podmirror.io/v1alpha1
kind: TrafficMirrorFilter
metadata: {name: everything}
spec:
  ingress: [{ruleNumber: 1, action: Accept}]
  egress: [{ruleNumber: 1, action: Accept}]
---
apiVersion: podmirror.io/v1alpha1
kind: TrafficMirrorTarget
metadata: {name: ids}
spec: {service: {name: ids}}
---
apiVersion: podmirror.io/v1alpha1
kind: TrafficMirrorSession
metadata: {name: web}
spec:
  sessionNumber: 1
  source: {podSelector: {matchLabels: {app: web}}}
  filterRef: {name: everything}
  targetRef: {name: ids}
"""
SESSION = "TrafficMirrorSession"
c = None


def setUpModule():
    global c
    c = cluster.Cluster()
    c.start_operator()
    c.start_agents()
    c.await_leader()
    c.await_streams()


class Case(unittest.TestCase):
    """A namespace of its own with two pods, one of which is chosen, and a collector."""

    def setUp(self):
        self.ns = "t" + str(len(c.collectors))
        c.namespace(self.ns)
        self.web = c.pod(self.ns, "web", "n1", {"app": "web"})
        self.client = c.pod(self.ns, "client", "n2")
        self.ids = c.collector(self.ns)

    def tearDown(self):
        for one in c.api.list(SESSION, self.ns):
            c.api.delete(SESSION, self.ns, one["metadata"]["name"])

    def apply(self, text=SHOP):
        c.kubectl("apply", "-n", self.ns, "-f", "-", feed=text)

    def begin(self):
        self.apply()
        return c.await_mirroring(self.web, self.client, self.ids)

    def change(self, kind, name, spec):
        c.api.patch(kind, self.ns, name, {"spec": spec})

    def shown(self, name="web"):
        return c.api.get(SESSION, self.ns, name)


class Copies(Case):
    def test_kubectl_apply_leads_to_whole_copies_of_both_directions(self):
        self.begin()
        sent = c.send(self.web, self.client)
        copy, = self.ids.await_copies(sent)
        self.assertEqual(copy.node, c.nodes["n1"].address)
        inner = packet.parse(copy.inner)
        self.assertEqual((inner.source, inner.destination, inner.protocol), (self.web.address, self.client.address, 17))
        self.assertEqual(copy.inner[inner.l4 + 8:inner.end], sent)
        self.assertEqual(packet.finish(inner), copy.inner)  # the checksums are right
        answered = c.send(self.client, self.web)
        copy, = self.ids.await_copies(answered)
        self.assertEqual(packet.parse(copy.inner).source, self.client.address)

    def test_the_first_copy_comes_within_a_second_of_apply(self):
        begin = time.monotonic()
        self.apply()
        c.await_mirroring(self.web, self.client, self.ids)
        self.assertLess(time.monotonic() - begin, 2)  # of which kubectl takes a good part

    def test_a_pod_is_mirrored_from_the_moment_that_it_gets_the_label_until_it_loses_it(self):
        self.begin()
        other = c.pod(self.ns, "other", "n2")
        c.send(other, self.client)
        c.api.patch("Pod", self.ns, "other", {"metadata": {"labels": {"app": "web"}}})
        copy = c.await_mirroring(other, self.client, self.ids)
        self.assertEqual(copy.node, c.nodes["n2"].address)
        c.api.patch("Pod", self.ns, "other", {"metadata": {"labels": {"app": None}}})
        c.await_silence(other, self.client, self.ids)
        c.await_mirroring(self.web, self.client, self.ids)

    def test_a_filter_that_changes_is_obeyed(self):
        self.begin()
        rules = [{"ruleNumber": 1, "action": "Accept", "protocol": "TCP"}]
        self.change("TrafficMirrorFilter", "everything", {"ingress": rules, "egress": rules})
        c.await_silence(self.web, self.client, self.ids)
        rules = [{"ruleNumber": 1, "action": "Accept", "protocol": "UDP", "destinationPorts": {"from": 7}}]
        self.change("TrafficMirrorFilter", "everything", {"ingress": rules, "egress": rules})
        c.await_mirroring(self.web, self.client, self.ids)

    def test_a_session_that_is_deleted_ends(self):
        self.begin()
        c.kubectl("delete", "-n", self.ns, "tms/web", "--timeout=20s")
        c.await_silence(self.web, self.client, self.ids)

    def test_a_deleted_filter_or_target_stops_its_sessions_and_is_told(self):
        self.begin()
        c.kubectl("delete", "-n", self.ns, "tmf/everything", "--timeout=20s")
        c.await_condition(SESSION, self.ns, "web", "ResolvedRefs", "False", "FilterNotFound")
        c.await_silence(self.web, self.client, self.ids)
        self.apply()
        c.await_mirroring(self.web, self.client, self.ids)
        c.kubectl("delete", "-n", self.ns, "tmt/ids", "--timeout=20s")
        c.await_condition(SESSION, self.ns, "web", "ResolvedRefs", "False", "TargetNotFound")
        c.await_silence(self.web, self.client, self.ids)

    def test_paused_and_expired_sessions_mirror_nothing_and_say_so(self):
        self.begin()
        self.change(SESSION, "web", {"paused": True})
        c.await_condition(SESSION, self.ns, "web", "Programmed", "False", "Paused")
        c.await_silence(self.web, self.client, self.ids)
        self.change(SESSION, "web", {"paused": False})
        c.await_mirroring(self.web, self.client, self.ids)
        soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=2)
        self.change(SESSION, "web", {"expiresAt": soon.strftime("%Y-%m-%dT%H:%M:%SZ")})
        c.await_silence(self.web, self.client, self.ids)
        c.await_condition(SESSION, self.ns, "web", "Programmed", "False", "Expired")

    def test_the_endpoints_of_a_target_are_followed(self):
        self.begin()
        c.api.patch("EndpointSlice", self.ns, "ids", {"endpoints": []})
        c.await_condition(SESSION, self.ns, "web", "TargetReady", "False", "NoEndpoints")
        c.await_silence(self.web, self.client, self.ids)
        c.api.patch("EndpointSlice", self.ns, "ids",
                    {"endpoints": [objects.endpoint(self.ids.pod.address, self.ids.pod.object, "n2")]})
        c.await_mirroring(self.web, self.client, self.ids)
        c.await_condition(SESSION, self.ns, "web", "TargetReady", "True")


class Shown(Case):
    def test_kubectl_waits_until_a_session_is_programmed(self):
        self.apply()
        done = c.kubectl("wait", "-n", self.ns, "--for=condition=Programmed", "tms/web", "--timeout=30s")
        self.assertIn("condition met", done.stdout)
        sent = c.send(self.web, self.client)
        self.assertTrue(self.ids.await_copies(sent))

    def test_kubectl_get_shows_what_is_so(self):
        copy = self.begin()
        c.await_condition(SESSION, self.ns, "web", "Programmed", "True")
        row = c.kubectl("get", "tms", "-n", self.ns, "--no-headers").stdout.split()
        self.assertEqual(row[:-1], ["web", "1", "ids", str(copy.vni), "1", "1", "True"])

    def test_every_condition_of_the_three_kinds(self):
        self.begin()
        for kind, name, types in ((SESSION, "web", ("Accepted", "ResolvedRefs", "Programmed", "TargetReady")),
                                  ("TrafficMirrorTarget", "ids", ("Accepted", "ResolvedRefs", "Ready")),
                                  ("TrafficMirrorFilter", "everything", ("Accepted",))):
            for one in types:
                c.await_condition(kind, self.ns, name, one, "True")
        target = c.api.get("TrafficMirrorTarget", self.ns, "ids")["status"]
        self.assertEqual((target["endpoints"], target["sessions"]), ({"ready": 1, "total": 1}, 1))

    def test_a_vni_is_allotted_once_and_kept_over_a_new_operator(self):
        copy = self.begin()
        cluster.await_true("the VNI is shown", lambda: self.shown().get("status", {}).get(
            "virtualNetworkID") == copy.vni)
        c.operators["op-a"].stop()
        c.start_operator()
        c.await_leader()
        again = c.pod(self.ns, "again", "n2", {"app": "web"})
        self.assertEqual(c.await_mirroring(again, self.client, self.ids).vni, copy.vni)
        self.assertEqual(self.shown()["status"]["virtualNetworkID"], copy.vni)

    def test_a_pod_of_the_hosts_network_is_counted_and_named_as_failed(self):
        self.begin()
        made = objects.pod(self.ns, "host", "n1", {"app": "web"}, host_network=True)
        c.api.create(made)
        address = c.nodes["n1"].address
        c.api.set_status("Pod", self.ns, "host", objects.pod_status(address, address))
        cluster.await_true("it is counted", lambda: self.shown().get("status", {}).get("sources") == {
            "selected": 2, "mirroring": 1, "failed": 1})
        c.await_condition(SESSION, self.ns, "web", "Programmed", "False", "PartlyProgrammed")
        status = self.shown()["status"]
        self.assertEqual([(f["pod"], f["reason"]) for f in status["failures"]], [("host", "HostNetwork")])

    def test_describe_tells_why(self):
        self.apply(SHOP.replace("targetRef: {name: ids}", "targetRef: {name: typo}"))
        one = c.await_condition(SESSION, self.ns, "web", "ResolvedRefs", "False", "TargetNotFound")
        self.assertIn("typo", one["message"])
        cluster.await_true("an Event says so", lambda: "TargetNotFound" in
                           c.kubectl("describe", "tms/web", "-n", self.ns).stdout.split("Events:")[1])


class Quiet(Case):
    def versions(self):
        return {(kind, one["metadata"]["name"]): one["metadata"]["resourceVersion"]
                for kind in ("TrafficMirrorFilter", "TrafficMirrorTarget", SESSION)
                for one in c.api.list(kind, self.ns)}

    def test_nothing_is_written_when_nothing_changed(self):
        self.begin()
        for one in ("Accepted", "ResolvedRefs", "TargetReady", "Programmed"):
            c.await_condition(SESSION, self.ns, "web", one, "True")
        time.sleep(1.5)  # one write an object and second: what was due has been written
        before = self.versions()
        events = len(c.api.list("Event"))
        for i in range(5):  # what makes the operator look again
            c.api.patch("Pod", self.ns, "web", {"metadata": {"annotations": {"test/try": str(i)}}})
            c.send(self.web, self.client)
            time.sleep(0.3)
        c.operators["op-a"].stop()
        c.start_operator()
        c.await_leader()
        c.await_streams()
        time.sleep(7)  # a new leader waits for the nodes' reports before it writes
        c.await_mirroring(self.web, self.client, self.ids)
        self.assertEqual(self.versions(), before)
        self.assertEqual(len(c.api.list("Event")), events)

    def test_a_second_session_writes_nothing_on_the_first(self):
        self.begin()
        c.await_condition(SESSION, self.ns, "web", "Programmed", "True")
        time.sleep(1.5)
        before = self.versions()[SESSION, "web"]
        c.api.create(objects.session(self.ns, "second", 2, {"app": "nobody"}))
        c.await_condition(SESSION, self.ns, "second", "Accepted", "True")
        time.sleep(1)
        self.assertEqual(self.versions()[SESSION, "web"], before)


class Life(Case):
    def gap(self, seconds, what):
        """Mirroring while something is done: what was sent meanwhile and not copied."""
        sent = []
        what()
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            sent.append(c.send(self.web, self.client))
            time.sleep(0.01)
        return [one for one in sent if not self.ids.await_copies(one, 2)]

    def test_copies_go_on_without_operator_and_agents(self):
        self.begin()
        c.operators["op-a"].kill()
        c.nodes["n1"].agent.kill()
        c.nodes["n2"].agent.kill()
        self.assertEqual(self.gap(2, lambda: None), [])
        c.start_agents()
        self.assertEqual(self.gap(2, lambda: None), [])
        c.start_operator()
        c.await_streams()
        self.assertEqual(self.gap(1, lambda: None), [])

    def test_a_session_expires_while_the_operator_is_away(self):
        self.begin()
        soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=4)
        self.change(SESSION, "web", {"expiresAt": soon.strftime("%Y-%m-%dT%H:%M:%SZ")})
        cluster.await_true("the agent knows", lambda: "expiresAt" in c.nodes["n1"].agent.state.read_text())
        c.operators["op-a"].kill()
        c.await_silence(self.web, self.client, self.ids, 15)
        c.start_operator()
        c.await_condition(SESSION, self.ns, "web", "Programmed", "False", "Expired")

    def test_both_stop_within_two_seconds(self):
        self.begin()
        self.assertLess(c.nodes["n1"].agent.stop(), 2)
        self.assertLess(c.operators["op-a"].stop(), 2)
        c.start_operator()
        c.start_agent("n1")
        c.await_streams()

    def test_the_operators_token_is_read_again_when_it_rotates(self):
        self.begin()
        token = cluster.RUN / "op-a.token"
        (cluster.RUN / "op-a.fresh").write_text(c.server.token(cluster.HOME, "podmirror-operator"))
        token.unlink()
        (cluster.RUN / "op-a.fresh").rename(token)
        c.paths["op-a"].cut()
        late = c.pod(self.ns, "late", "n2", {"app": "web"})
        c.await_mirroring(late, self.client, self.ids)


class Numbers(Case):
    def test_the_agent_counts_what_it_mirrors_and_the_law_holds(self):
        self.begin()
        agent = c.nodes["n1"].agent
        name = rf'podmirror_agent_session_packets_total{{.*namespace="{self.ns}".*outcome="mirrored"'
        cluster.await_true("copies are counted", lambda: agent.metric(name) > 0)
        self.assertEqual(agent.metric("podmirror_agent_law_violations"), 0)

    def test_both_halves_say_that_they_are_well(self):
        for daemon in (c.operators["op-a"], c.nodes["n1"].agent):
            for path in ("/healthz", "/readyz", "/metrics"):
                self.assertEqual(daemon.ask(path)[0], 200, (daemon.name, path))
        self.assertEqual(c.operators["op-a"].metric("podmirror_operator_leader"), 1)

    def test_logs_are_json_with_constant_messages(self):
        for daemon in (c.operators["op-a"], c.nodes["n1"].agent):
            said = daemon.says()
            self.assertTrue(said)
            for line in said:
                self.assertTrue({"time", "level", "message"} <= set(line), json.dumps(line))


if __name__ == "__main__":
    suite.main()
