"""The rights that the chart grants (charts/podmirror/files/rbac.yaml), as a real API server understands them: all that
are needed, and of every verb on everything that it serves no other.
"""

import pathlib
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/support/kube"))
import api
import server
import suite

HOME, ELSEWHERE = "podmirror-system", "shop"
VERBS = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "bind", "escalate",
         "impersonate", "approve", "sign")
READ = ("get", "list", "watch")
OURS = ("trafficmirrorfilters", "trafficmirrortargets", "trafficmirrorsessions")

# (group, resource): verbs, everywhere in the cluster.
CLUSTER = {
    **{("podmirror.io", kind): READ for kind in OURS},
    **{("podmirror.io", kind + "/status"): ("patch",) for kind in OURS},
    **{("", kind): READ for kind in ("pods", "namespaces", "services")},
    ("discovery.k8s.io", "endpointslices"): READ,
    ("events.k8s.io", "events"): ("create", "patch"),
    ("authentication.k8s.io", "tokenreviews"): ("create",),
}
# In its own namespace: (group, resource, name): verbs.
NAMED = {
    ("coordination.k8s.io", "leases", "podmirror-operator"): ("get", "update"),
    ("", "secrets", "podmirror-operator-tls"): ("get", "update"),
    ("", "configmaps", "podmirror-operator-ca"): ("get", "update"),
}
UNNAMED = {("coordination.k8s.io", "leases"): ("create",)}
NAMES = sorted({name for _, _, name in NAMED}) + ["other", ""]

kube = None


def setUpModule():
    global kube
    kube = server.Server("/run/kube")
    kube.start()
    kube.install_crds()
    for name in (HOME, ELSEWHERE):
        kube.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    kube.kubectl("apply", "-f", str(ROOT / "charts/podmirror/files/rbac.yaml"))


def resources():
    """(group, resource) of everything that the API server serves, subresources included."""
    found = {("", one["name"]) for one in kube.api.request("GET", "/api/v1")["resources"]}
    for group in kube.api.request("GET", "/apis")["groups"]:
        for version in group["versions"]:
            listed = kube.api.request("GET", f"/apis/{version['groupVersion']}")["resources"]
            found |= {(group["name"], one["name"]) for one in listed}
    return sorted(found)


def may(user, verb, group, resource, namespace, name=""):
    kind, _, sub = resource.partition("/")
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": {
        "user": user, "groups": ["system:serviceaccounts", f"system:serviceaccounts:{HOME}", "system:authenticated"],
        "resourceAttributes": {"verb": verb, "group": group, "resource": kind, "subresource": sub, "namespace": namespace,
                               "name": name}}}
    return kube.api.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review)["status"]["allowed"]


def account(name):
    return f"system:serviceaccount:{HOME}:{name}"


def named(group, resource):
    return any((group, resource) == key[:2] for key in NAMED)


def granted(user, namespace):
    """Everything that the user may do there: (verb, group, resource, name)."""
    found = set()
    for group, resource in resources():
        for name in NAMES if named(group, resource) else [""]:
            found |= {(verb, group, resource, name) for verb in VERBS if may(user, verb, group, resource, namespace, name)}
    return found


def wanted(namespace):
    found = set()
    for (group, resource), verbs in CLUSTER.items():
        found |= {(verb, group, resource, "") for verb in verbs}
    if namespace == HOME:
        for (group, resource, name), verbs in NAMED.items():
            found |= {(verb, group, resource, name) for verb in verbs}
        for (group, resource), verbs in UNNAMED.items():
            found |= {(verb, group, resource, name) for verb in verbs for name in NAMES}
    return found


class Rights(unittest.TestCase):
    maxDiff = None

    def test_the_operators_rights_in_its_own_namespace(self):
        everybody = granted(account("nobody"), HOME)
        self.assertEqual(granted(account("podmirror-operator"), HOME) - everybody, wanted(HOME))

    def test_the_operators_rights_elsewhere(self):
        everybody = granted(account("nobody"), ELSEWHERE)
        self.assertEqual(granted(account("podmirror-operator"), ELSEWHERE) - everybody, wanted(ELSEWHERE))

    def test_the_agent_has_no_rights(self):
        self.assertEqual(granted(account("podmirror-agent"), HOME), granted(account("nobody"), HOME))

    def test_nobody_else_gains_by_it(self):
        for user in (account("nobody"), account("default"), f"system:serviceaccount:{ELSEWHERE}:podmirror-operator"):
            for verb, group, resource, name in sorted(wanted(HOME)):
                self.assertFalse(may(user, verb, group, resource, HOME, name), (user, verb, group, resource, name))


class Use(unittest.TestCase):
    """With a token of the ServiceAccount, as the operator does it."""

    def setUp(self):
        self.operator = self.client("podmirror-operator")

    def client(self, name):
        return api.Api(("127.0.0.1", server.PORT), kube.ca, token=kube.token(HOME, name))

    def test_the_operator_writes_the_status_of_a_session_but_not_its_spec(self):
        kube.kubectl("apply", "-n", ELSEWHERE, "-f", str(ROOT / "tests/crds/accept/session-short.yaml"))
        session = {"apiVersion": "podmirror.io/v1alpha1", "kind": "TrafficMirrorSession",
                   "metadata": {"name": "short", "namespace": ELSEWHERE}}
        written = self.operator.apply({**session, "status": {"observedGeneration": 1}}, "status")
        self.assertEqual(written["status"]["observedGeneration"], 1)
        with self.assertRaisesRegex(api.Refused, "403"):
            self.operator.apply({**session, "spec": {"paused": True}})
        with self.assertRaisesRegex(api.Refused, "403"):
            self.operator.delete("TrafficMirrorSession", ELSEWHERE, "short")

    def test_the_operator_watches_every_kind_that_it_compiles(self):
        for kind in ("TrafficMirrorFilter", "TrafficMirrorTarget", "TrafficMirrorSession", "Pod", "Namespace", "Service",
                     "EndpointSlice"):
            with self.subTest(kind):
                version = self.operator.get(kind)["metadata"]["resourceVersion"]
                self.assertEqual(self.operator.status_of_watch(kind, version), 200)

    def test_the_operator_fills_its_own_secret_and_reads_no_other(self):
        for name in ("podmirror-operator-tls", "of-somebody"):
            kube.api.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": HOME}})
        own = self.operator.get("Secret", HOME, "podmirror-operator-tls")
        own["data"] = {"ca.crt": "eA=="}
        self.operator.request("PUT", api.path_of("Secret", HOME, "podmirror-operator-tls"), own)
        for path in (api.path_of("Secret", HOME, "of-somebody"), api.path_of("Secret", HOME), api.path_of("Secret")):
            with self.assertRaisesRegex(api.Refused, "403"):
                self.operator.request("GET", path)

    def test_the_agent_cannot_even_read_its_own_pod(self):
        with self.assertRaisesRegex(api.Refused, "403"):
            self.client("podmirror-agent").get("Pod", HOME, "any")


if __name__ == "__main__":
    suite.main()
