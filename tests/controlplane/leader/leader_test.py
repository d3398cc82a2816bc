"""Two operators, one of which leads: killed, frozen, deposed. Mirroring never pauses, no agent goes back in time."""

import pathlib
import sys
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "tests/controlplane/harness"), str(ROOT / "tests/support/kube")]
import cluster
import objects
import suite

LEASE_SECONDS = 3  # cluster.FAST_LEASE
c = web = client = ids = None


def setUpModule():
    global c, web, client, ids
    c = cluster.Cluster()
    c.start_operator("op-a")
    c.start_operator("op-b")
    c.start_agents()
    c.namespace("shop")
    web, client = c.pod("shop", "web", "n1", {"app": "web"}), c.pod("shop", "client", "n2")
    ids = c.collector("shop")
    for one in (objects.mirror_filter("shop", "everything"), objects.service_target("shop", "ids", "ids"),
                objects.session("shop", "web", 1, {"app": "web"})):
        c.api.create(one)
    c.await_mirroring(web, client, ids)


class Watch:
    """While it is open: production goes on, every datagram is copied, and the agents' revisions only ascend."""

    def __enter__(self):
        self._stop, self.sent, self.revisions = threading.Event(), [], {name: [] for name in c.nodes}
        self._threads = [threading.Thread(target=self._talk), threading.Thread(target=self._read)]
        for thread in self._threads:
            thread.start()
        return self

    def _talk(self):
        while not self._stop.wait(0.01):
            self.sent.append(c.send(web, client))

    def _read(self):
        while not self._stop.wait(0.005):
            for name, node in c.nodes.items():
                seen = node.agent.revision()
                if seen and (not self.revisions[name] or self.revisions[name][-1] != seen):
                    self.revisions[name].append(seen)

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def check(self, test):
        test.assertGreater(len(self.sent), 5)
        test.assertEqual([one for one in self.sent if not ids.await_copies(one, 2)], [])
        for name, revisions in self.revisions.items():
            test.assertEqual(revisions, sorted(revisions), name)


class Lead(unittest.TestCase):
    number = 0

    def setUp(self):
        for name in cluster.OPERATORS:
            if not c.operators[name].running:
                c.start_operator(name)
        self.leader = c.await_leader()
        self.other = c.operators["op-b" if self.leader.name == "op-a" else "op-a"]
        c.await_streams()
        c.await_mirroring(web, client, ids)

    def new_session(self, seconds=cluster.SECONDS):
        """A session of another pod; returns when it is obeyed: the seconds that took."""
        Lead.number += 1
        name = f"late{Lead.number}"
        pod = c.pod("shop", name, "n1", {"app": name})
        begin = time.monotonic()
        c.api.create(objects.session("shop", name, 1, {"app": name}))
        c.await_mirroring(pod, client, ids, seconds)
        return time.monotonic() - begin

    def is_programmed(self):
        conditions = c.api.get("TrafficMirrorSession", "shop", "web").get("status", {}).get("conditions", [])
        return any(one["type"] == "Programmed" and one["status"] == "True" for one in conditions)

    def test_only_the_leader_says_that_it_leads_and_both_are_ready(self):
        metric = "podmirror_operator_leader"
        self.assertEqual((self.leader.metric(metric), self.other.metric(metric)), (1, 0))
        self.assertEqual([daemon.ask("/readyz")[0] for daemon in (self.leader, self.other)], [200, 200])

    def test_the_leader_is_killed_and_the_other_takes_over_within_the_lease(self):
        with Watch() as watch:
            self.leader.kill()
            begin = time.monotonic()
            c.await_leader([self.other.name])
            taken = time.monotonic() - begin
            self.new_session()
        watch.check(self)
        self.assertLess(taken, LEASE_SECONDS + 2)
        self.assertTrue(any(len(seen) > 1 for seen in watch.revisions.values()))

    def test_the_leader_is_killed_under_change_again_and_again(self):
        with Watch() as watch:
            for _ in range(2):
                leader = c.await_leader()
                for i in range(5):
                    said = f"{time.time()} {i}"
                    c.api.patch("TrafficMirrorFilter", "shop", "everything", {"spec": {"description": said}})
                leader.kill()
                others = [name for name, daemon in c.operators.items() if daemon is not leader]
                c.await_leader(others)
                c.start_operator(leader.name)
            self.new_session()
        watch.check(self)

    def test_a_leader_that_ends_well_hands_over_at_once(self):
        with Watch() as watch:
            self.leader.stop()
            begin = time.monotonic()
            c.await_leader([self.other.name])
            taken = time.monotonic() - begin
            self.new_session()
        watch.check(self)
        self.assertLess(taken, LEASE_SECONDS)

    def test_a_deposed_leader_that_wakes_up_changes_nothing(self):
        with Watch() as watch:
            self.leader.freeze()
            self.addCleanup(self.leader.thaw)
            c.await_leader([self.other.name])
            self.new_session(2 * cluster.SECONDS)  # its streams look alive until nothing was heard for a while
            c.api.delete("TrafficMirrorSession", "shop", "sleeping")
            cluster.await_true("the new leader has said that it is programmed", self.is_programmed)
            before = c.api.get("TrafficMirrorSession", "shop", "web")["metadata"]["resourceVersion"]
            self.leader.thaw()
            cluster.await_true("it has noticed", lambda: self.leader.metric("podmirror_operator_leader") == 0)
            self.new_session()
            after = c.api.get("TrafficMirrorSession", "shop", "web")["metadata"]["resourceVersion"]
        watch.check(self)
        self.assertEqual(after, before)
        c.await_leader([self.other.name], 1)

    def test_a_lease_that_is_deleted_and_made_anew_does_not_freeze_the_agents(self):
        before = c.api.get("Lease", cluster.HOME, "podmirror-operator")["metadata"]["uid"]
        with Watch() as watch:
            c.api.delete("Lease", cluster.HOME, "podmirror-operator")

            def made_anew():
                lease = c.api.find("Lease", cluster.HOME, "podmirror-operator")
                return lease and lease["metadata"]["uid"] != before
            cluster.await_true("there is a new one", made_anew)
            self.new_session()
        watch.check(self)

    def test_a_leader_that_cannot_reach_the_api_server_gives_up_before_the_other_begins(self):
        path = c.paths[self.leader.name]
        with Watch() as watch:
            path.stall()
            self.addCleanup(path.flow)
            c.await_leader([self.other.name])
            self.assertEqual(self.leader.metric("podmirror_operator_leader"), 0)
            self.new_session()
            path.flow()
            path.cut()
            self.new_session()
        watch.check(self)


if __name__ == "__main__":
    suite.main()
