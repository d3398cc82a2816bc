"""The API server is away, slow or forgetful: mirroring goes on, nothing is removed, the operator finds back."""

import pathlib
import sys
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "tests/controlplane/harness"), str(ROOT / "tests/support/kube")]
import cluster
import objects
import suite

SESSION = "TrafficMirrorSession"
AWAY_SECONDS = 60
c = web = client = ids = None


def furnish():
    """What the users had written."""
    c.namespace("shop")
    for one in (objects.mirror_filter("shop", "everything"), objects.service_target("shop", "ids", "ids"),
                objects.session("shop", "web", 1, {"app": "web"})):
        c.api.apply(one)


def setUpModule():
    global c, web, client, ids
    c = cluster.Cluster()
    c.start_operator()
    c.start_agents()
    furnish()
    web, client = c.pod("shop", "web", "n1", {"app": "web"}), c.pod("shop", "client", "n2")
    ids = c.collector("shop")
    c.await_mirroring(web, client, ids)


class Outage(unittest.TestCase):
    number = 0

    def setUp(self):
        c.await_leader()
        c.await_mirroring(web, client, ids)

    def mirrored_for(self, seconds, pause=0.05):
        """Every datagram is copied."""
        sent, deadline = [], time.monotonic() + seconds
        while time.monotonic() < deadline:
            sent.append(c.send(web, client))
            time.sleep(pause)
        self.assertEqual([one for one in sent if not ids.await_copies(one, 2)], [])

    def recovers(self, seconds=90):
        """Something new is obeyed."""
        Outage.number += 1
        name = f"late{Outage.number}"
        pod = c.pod("shop", name, "n1", {"app": name})
        c.api.create(objects.session("shop", name, 1, {"app": name}))
        c.await_mirroring(pod, client, ids, seconds)
        c.await_mirroring(web, client, ids)

    def test_it_is_away_for_a_minute(self):
        c.server.kill_apiserver()
        self.mirrored_for(AWAY_SECONDS)
        self.assertEqual(c.operators["op-a"].ask("/healthz")[0], 200)
        c.server.start()
        self.recovers()

    def test_it_restarts_with_its_data(self):
        c.server.stop()
        c.server.start()
        self.mirrored_for(2)
        self.recovers()

    def test_what_changed_while_it_was_not_reached_is_seen_after_compaction(self):
        path = c.paths["op-a"]
        path.close()
        for i in range(150):  # more than a watch cache keeps
            c.api.patch("Pod", "shop", "client", {"metadata": {"annotations": {"test/try": str(i)}}})
            c.api.patch(SESSION, "shop", "web", {"spec": {"description": str(i)}})
        c.api.patch(SESSION, "shop", "web", {"spec": {"paused": True}})
        c.server.compact()
        c.server.stop()
        c.server.start()
        self.mirrored_for(1)
        path.open()
        c.await_silence(web, client, ids, 90)
        c.api.patch(SESSION, "shop", "web", {"spec": {"paused": False}})
        c.await_mirroring(web, client, ids)

    def test_it_accepts_connections_and_says_nothing(self):
        c.server.pause()
        self.mirrored_for(15)
        c.server.resume()
        self.recovers()

    def test_connections_are_cut_again_and_again(self):
        for _ in range(10):
            c.paths["op-a"].cut()
            self.mirrored_for(0.5)
        self.recovers()

    def test_a_missing_definition_removes_nothing(self):
        name = "trafficmirrorfilters.podmirror.io"
        c.server.stop()
        c.server.start()
        kept = c.api.list("TrafficMirrorFilter", "shop")
        c.api.delete("CustomResourceDefinition", None, name)
        c.operators["op-a"].kill()  # one that never saw it
        c.start_operator(ready=False)
        self.mirrored_for(8)
        self.assertEqual(c.operators["op-a"].ask("/readyz")[0], 503)
        c.server.install_crds()
        for one in kept:
            c.api.create({key: one[key] for key in ("apiVersion", "kind", "spec")} | {
                "metadata": {"name": one["metadata"]["name"], "namespace": "shop"}})
        self.recovers()

    def test_z_without_its_data_nothing_ends_until_the_definitions_are_there_and_empty(self):
        c.server.stop()
        c.server.forget()
        c.server.start()
        self.mirrored_for(15)  # no definitions, no pods
        token = cluster.RUN / "op-a.token"
        c.furnish()
        token.write_text(c.server.token(cluster.HOME, "podmirror-operator"))  # accounts have new UIDs
        for node in c.nodes.values():
            c.renew_agent_pod(node)
        c.await_silence(web, client, ids, 120)


if __name__ == "__main__":
    suite.main()
