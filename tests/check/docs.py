"""What the documents say of the tree is true: links, paths, make targets and tests that they name exist.

ARCHITECTURE.md holds a table capability -> folder -> test: it names every room, every folder with tests, and nothing
that is not there. Each line of docs/aws.md names a test that proves it.
"""

import pathlib
import re

import layering
import tree

TOP = ("contract", "operator", "node-agent", "cli", "crds", "tests", "docs")
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")
TEST_NAME = re.compile(r"[A-Z]\w*\.[A-Z]\w+")
TEST_MACRO = re.compile(r"^TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\)", re.MULTILINE)
HOLDS_TESTS = re.compile(r"^TEST(?:_F|_P)?\(|^    def test_|^podmirror_fuzzer\(", re.MULTILINE)
REGISTERS = re.compile(r"^\s*(podmirror_test|podmirror_controlplane_test|podmirror_fuzzer|add_test)\(", re.MULTILINE)
TABLE_HEAD = "| Capability | Folder | Test |"
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def test_names(root):
    names = set()
    for name in tree.files(root, [".cc"]):
        if name.startswith("tests/"):
            names.update(".".join(pair) for pair in TEST_MACRO.findall(tree.read(root, name)))
    return names


def exists(root, path):
    return any(True for _ in pathlib.Path(root).glob(path.rstrip("/"))) if path.strip("./") else False


def mentions(root, document, tests):
    """What is wrong with the code spans and links of one document."""
    text = tree.read(root, document)
    targets = re.findall(r"^([a-z-]+):", tree.read(root, "Makefile"), re.MULTILINE) if exists(root, "Makefile") else []
    for link in LINK.findall(text):
        if "://" not in link and not exists(root, str(pathlib.Path(document).parent / link)):
            yield f"{document}: the link {link} leads nowhere"
    for code in CODE.findall(FENCE.sub("", text)):
        if code.startswith("make ") and code.split()[1] not in targets:
            yield f"{document}: there is no `{code}`"
        elif code.split("/")[0] in TOP and "/" in code and not re.search(r"[ <>]", code) and not exists(root, code):
            yield f"{document}: there is no {code}"
        elif TEST_NAME.fullmatch(code) and code not in tests:
            yield f"{document}: no test is called {code}"


def rows(text):
    lines = text.split("\n")
    if TABLE_HEAD not in lines:
        return []
    found = []
    for line in lines[lines.index(TABLE_HEAD) + 2:]:
        if not line.startswith("|"):
            break
        found.append([CODE.findall(cell) for cell in line.strip("|").split("|")])
    return found


def holds_tests(root, path):
    return any(HOLDS_TESTS.search(tree.read(root, name)) for name in tree.files(root) if name.startswith(path))


def table(root):
    found = rows(tree.read(root, "ARCHITECTURE.md"))
    if not found:
        yield f"ARCHITECTURE.md: no table that begins with `{TABLE_HEAD}`"
    folders = {f.rstrip("/") for row in found for f in row[1]}
    tests = {t.rstrip("/") for row in found for t in row[2]}
    for row in found:
        if not row[1] or not row[2]:
            yield f"ARCHITECTURE.md: a row without a folder or without a test: {row}"
    for room in layering.ROOMS:
        if room not in folders:
            yield f"ARCHITECTURE.md: no row names the room {room}"
    for path in sorted(tests):
        if not holds_tests(root, path):
            yield f"ARCHITECTURE.md: {path} holds no test"
    for name in tree.files(root, ["CMakeLists.txt"]):
        folder = name.rsplit("/", 1)[0]
        if folder.startswith("tests/") and REGISTERS.search(tree.read(root, name)):
            if not any(folder == t or folder.startswith(t + "/") for t in tests):
                yield f"ARCHITECTURE.md: no row names the tests in {folder}"


def differences(root):
    items = re.findall(r"^- .*(?:\n  .*)*", tree.read(root, "docs/aws.md"), re.MULTILINE)
    if not items:
        yield "docs/aws.md: no list of differences"
    for item in items:
        if not any(TEST_NAME.fullmatch(code) for code in CODE.findall(item)):
            yield f"docs/aws.md: no test is named for: {item[:80]}"


def problems(root):
    found, tests = [], test_names(root)
    for document in tree.files(root, [".md"]):
        found += mentions(root, document, tests)
    first = tree.read(root, "README.md").strip().split("\n")[0]
    if not all(word in first for word in ("root", "git", "make")):
        found.append("README.md: the first line says what is needed before: root, git, make")
    return found + list(table(root)) + list(differences(root))


if __name__ == "__main__":
    tree.main(problems)
