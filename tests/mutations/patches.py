"""The patches of this folder. Each is a mistake that somebody could make, with lines before the diff that say

Breaks: one sentence: what is broken
Area: what the product then does wrong, one of AREAS
Build: the targets to build, or - where the test runs from the tree
Test: a pattern for `ctest -R`; every test that it finds must fail. More than one such line, where more must fail.
Source: the files with these tests
"""

import pathlib
import re

FOLDER = pathlib.Path(__file__).resolve().parent
AREAS = ("demo", "suites", "local mode", "filters", "sessions", "targets", "datapath", "law", "bad input", "push",
         "contract", "agent", "kube",
         "control plane")
FIELDS = ("Breaks", "Area", "Build", "Test", "Source")
NAME = re.compile(r"[0-9]{2}-[a-z0-9-]+\.patch")
FIELD = re.compile(r"([A-Z][a-z]+): (\S.*)")
TOUCHES = re.compile(r"^\+\+\+ b/(\S+)$", re.MULTILINE)


class Wrong(Exception):
    """A patch that cannot be used; the text says why."""


class Patch:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.name = self.path.stem
        head, mark, diff = self.path.read_text().partition("\ndiff --git ")
        if not mark:
            raise Wrong("holds no `diff --git`")
        fields = {field: [] for field in FIELDS}
        for line in head.splitlines():
            match = FIELD.fullmatch(line)
            if not match or match[1] not in fields:
                raise Wrong(f"`{line}` is none of the lines {', '.join(FIELDS)}")
            fields[match[1]].append(match[2])
        for field in FIELDS:
            if not fields[field] or (field != "Test" and len(fields[field]) > 1):
                raise Wrong(f"needs one line `{field}:`")
        self.breaks, self.area = fields["Breaks"][0], fields["Area"][0]
        self.targets = [target for target in fields["Build"][0].split() if target != "-"]
        self.tests = fields["Test"]
        self.sources = fields["Source"][0].split()
        self.touches = TOUCHES.findall(diff)
        if self.area not in AREAS:
            raise Wrong(f"Area: {self.area} is none of {', '.join(AREAS)}")

    def test_words(self):
        """The last part of each test's name: what must stand in a source."""
        return [re.split(r"\\?\.|/", test.strip("^$"))[-1] for test in self.tests]


def find(folder=FOLDER):
    return sorted(pathlib.Path(folder).glob("*.patch"))
