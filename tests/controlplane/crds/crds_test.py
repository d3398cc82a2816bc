"""The resource definitions on a real API server: what it accepts, how it refuses, what kubectl says of them.

tests/crds/accept and reject hold one object a file. A rejected one says in comments of its first lines what it is told:
first by `podmirror local` (tests/crds reads that), then, after "kubectl: ", by the API server, one line for each fault.
"""

import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/support/kube"))
import api
import server
import suite

ACCEPT, REJECT = (sorted((ROOT / "tests/crds" / folder).glob("*.yaml")) for folder in ("accept", "reject"))
KINDS = {"tmf": "TrafficMirrorFilter", "tmt": "TrafficMirrorTarget", "tms": "TrafficMirrorSession"}
CONSEQUENCE = "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; "
kube = None


def setUpModule():
    global kube
    kube = server.Server("/run/kube")
    kube.start()
    kube.install_crds()


def faults(said):
    """What kubectl says is wrong with one object, one text a fault."""
    said = said.strip()
    strict = re.search(r"strict decoding error: (.*)$", said)
    if strict:
        return [strict[1]]
    listed = said.split(" is invalid: ", 1)[1]
    lines = [line[2:] for line in listed.strip().splitlines()] if listed.startswith("\n") else [listed]
    return [line for line in lines if not line.startswith(CONSEQUENCE)]


def expected(path):
    lines = path.read_text().splitlines()
    return [line[len("# kubectl: "):] for line in lines if line.startswith("# kubectl: ")]


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.namespace = re.sub("[^a-z0-9]+", "-", self.id().rsplit(".", 1)[1].lower())[:60].strip("-")
        kube.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}})

    def apply(self, path=None, feed=None):
        where = ("-f", str(path)) if path else ("-f", "-")
        return kube.kubectl("apply", "-n", self.namespace, *where, check=False, feed=feed)


class Accepted(Case):
    def test_the_samples_together(self):
        kube.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        done = kube.kubectl("apply", "-f", str(ROOT / "crds/samples"))
        self.assertEqual(done.stdout.count(" created"), len(list((ROOT / "crds/samples").glob("*.yaml"))))


class Refused(Case):
    def test_there_are_at_least_60_objects(self):
        self.assertGreaterEqual(len(ACCEPT) + len(REJECT), 60)


def accepted(path):
    def test(self):
        done = self.apply(path)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("created", done.stdout)
    return test


def refused(path):
    def test(self):
        self.assertTrue(expected(path), f"{path} does not say `# kubectl: `")
        done = self.apply(path)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(done.stdout, "")
        self.assertEqual(faults(done.stderr), expected(path))
    return test


for one in ACCEPT:
    setattr(Accepted, "test_" + one.stem.replace("-", "_"), accepted(one))
for one in REJECT:
    setattr(Refused, "test_" + one.stem.replace("-", "_"), refused(one))


SESSION = """
apiVersion: podmirror.io/v1alpha1
kind: TrafficMirrorSession
metadata: {name: shop}
spec:
  sessionNumber: 7
  source: {podSelector: {}}
  filterRef: {name: web}
  targetRef: {name: ids}
"""
NOW = "2026-11-24T11:00:00Z"


def condition(kind, status="True"):
    return {"type": kind, "status": status, "reason": "Test", "message": "", "lastTransitionTime": NOW, "observedGeneration": 1}


class Shown(Case):
    def columns(self, kind):
        return kube.kubectl("get", "-n", self.namespace, kind).stdout.splitlines()

    def test_a_session_in_columns(self):
        self.assertEqual(self.apply(feed=SESSION).returncode, 0)
        kube.api.set_status("TrafficMirrorSession", self.namespace, "shop", {
            "virtualNetworkID": 64, "sources": {"selected": 12, "mirroring": 11, "failed": 1},
            "conditions": [condition("Programmed", "False")]})
        head, row = self.columns("tms")
        self.assertEqual(head.split(), ["NAME", "NUMBER", "TARGET", "VNI", "SELECTED", "MIRRORING", "READY", "AGE"])
        self.assertEqual(row.split()[:-1], ["shop", "7", "ids", "64", "12", "11", "False"])

    def test_a_target_and_a_filter_in_columns(self):
        kube.kubectl("apply", "-n", self.namespace, "-f", str(ROOT / "tests/crds/accept/target-service-port.yaml"),
                     "-f", str(ROOT / "tests/crds/accept/filter-web.yaml"))
        self.assertEqual(self.columns("tmt")[0].split()[0], "NAME")
        self.assertIn("READY", self.columns("tmt")[0].split())
        self.assertIn("ACCEPTED", self.columns("tmf")[0].split())

    def test_a_category_lists_all_kinds(self):
        for name in ("target-service-port", "filter-web", "session-short"):
            self.assertEqual(self.apply(ROOT / f"tests/crds/accept/{name}.yaml").returncode, 0)
        listed = kube.kubectl("get", "podmirror", "-n", self.namespace, "-o", "name").stdout.split()
        self.assertEqual(sorted(name.split(".")[0] for name in listed),
                         ["trafficmirrorfilter", "trafficmirrorsession", "trafficmirrortarget"])

    def test_short_names(self):
        shown = kube.kubectl("api-resources", "--api-group=podmirror.io", "--no-headers", "--categories=podmirror").stdout
        self.assertEqual({line.split()[1]: line.split()[-1] for line in shown.splitlines()}, KINDS)


class Status(Case):
    def setUp(self):
        super().setUp()
        self.assertEqual(self.apply(feed=SESSION).returncode, 0)

    def read(self):
        return kube.api.get("TrafficMirrorSession", self.namespace, "shop")

    def test_it_is_written_beside_the_spec_and_keeps_the_generation(self):
        before = self.read()
        kube.api.set_status("TrafficMirrorSession", self.namespace, "shop", {"observedGeneration": 1, "nodes": 3})
        after = self.read()
        self.assertEqual(after["spec"], before["spec"])
        self.assertEqual(after["metadata"]["generation"], before["metadata"]["generation"])
        self.assertEqual(after["status"], {"observedGeneration": 1, "nodes": 3})

    def test_what_an_author_writes_there_is_ignored(self):
        self.apply(feed=SESSION + "status: {nodes: 9}\n")
        self.assertNotIn("status", self.read())

    def test_the_same_server_side_apply_again_changes_nothing(self):
        wanted = {"apiVersion": "podmirror.io/v1alpha1", "kind": "TrafficMirrorSession",
                  "metadata": {"name": "shop", "namespace": self.namespace},
                  "status": {"observedGeneration": 1, "conditions": [condition("Accepted"), condition("Programmed")]}}
        first = kube.api.apply(wanted, "status")
        self.assertEqual(kube.api.apply(wanted, "status")["metadata"]["resourceVersion"],
                         first["metadata"]["resourceVersion"])

    def test_conditions_of_two_managers_stand_beside_each_other(self):
        wanted = {"apiVersion": "podmirror.io/v1alpha1", "kind": "TrafficMirrorSession",
                  "metadata": {"name": "shop", "namespace": self.namespace},
                  "status": {"conditions": [condition("Accepted")]}}
        kube.api.apply(wanted, "status")
        kube.api.request("PATCH", api.path_of("TrafficMirrorSession", self.namespace, "shop", "status"),
                         {**wanted, "status": {"conditions": [condition("Watched")]}}, "application/apply-patch+yaml",
                         {"fieldManager": "somebody-else", "force": "true"})
        self.assertEqual(sorted(c["type"] for c in self.read()["status"]["conditions"]), ["Accepted", "Watched"])

    def test_eleven_failures_are_refused(self):
        failures = [{"pod": f"p{i}", "reason": "HostNetwork"} for i in range(11)]
        with self.assertRaisesRegex(api.Refused, "must have at most 10 items"):
            kube.api.set_status("TrafficMirrorSession", self.namespace, "shop", {"failures": failures})

    def test_kubectl_waits_for_a_condition(self):
        kube.api.set_status("TrafficMirrorSession", self.namespace, "shop",
                            {"observedGeneration": 1, "conditions": [condition("Programmed")]})
        done = kube.kubectl("wait", "-n", self.namespace, "--for=condition=Programmed", "tms/shop", "--timeout=20s")
        self.assertIn("condition met", done.stdout)


def fields(schema, path=()):
    """(path, schema, whether it must be there) of every field below; a list is its items."""
    schema = schema.get("items", schema) if schema.get("type") == "array" else schema
    for name, below in schema.get("properties", {}).items():
        yield (*path, name), below, name in schema.get("required", ())
        yield from fields(below, (*path, name))


def words(text):
    return " ".join(text.split())


class Explained(Case):
    """`kubectl explain` is what an author has beside the editor."""

    def schema(self, kind):
        plural = api.GROUPS[KINDS[kind]][1]
        crd = kube.api.get("CustomResourceDefinition", name=f"{plural}.podmirror.io")
        return crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]

    def explain(self, kind, *path):
        said = kube.kubectl("explain", ".".join((kind, *path))).stdout
        return words(said.split("DESCRIPTION:", 1)[1].split("\nFIELDS:", 1)[0])

    def every_field(self, kind):
        seen = 0
        schema = self.schema(kind)["properties"]
        for part in ("spec", "status"):
            for path, field, required in fields(schema[part], (part,)):
                seen += 1
                with self.subTest(".".join((kind, *path))):
                    self.assertGreaterEqual(len(field.get("description", "")), 20)
                    if part == "spec":
                        self.check_field(field, required, self.explain(kind, *path))
        self.assertGreater(seen, 5)

    def check_field(self, field, required, said):
        self.assertIn(words(field["description"]), said)
        for limit in ("minimum", "maximum", "maxItems", "maxProperties", "maxLength"):
            if limit in field:
                self.assertRegex(said, rf"\b{field[limit]}\b", limit)
        for value in field.get("enum", ()):
            self.assertIn(value, said)
        if not required:
            self.assertRegex(said, r"Default: |Absent: ")
        if "default" in field and not isinstance(field["default"], dict):
            self.assertIn(f"Default: {str(field['default']).lower() if field['default'] in (True, False) else field['default']}",
                          said)

    def test_every_field_of_a_session_says_its_default_and_range(self):
        self.every_field("tms")

    def test_every_field_of_a_filter_says_its_default_and_range(self):
        self.every_field("tmf")

    def test_every_field_of_a_target_says_its_default_and_range(self):
        self.every_field("tmt")


if __name__ == "__main__":
    suite.main()
