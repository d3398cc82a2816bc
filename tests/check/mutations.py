"""Every patch of tests/mutations still applies to the tree and names tests that are there; every area has one."""

import collections
import pathlib
import re
import subprocess
import sys

import tree

sys.path.insert(0, str(tree.ROOT / "tests/mutations"))

import patches


def faults(root, patch):
    applied = subprocess.run(["git", "-c", f"safe.directory={root}", "apply", "--check", str(patch.path)], cwd=root,
                             stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if applied.returncode:
        yield f"does not apply: {applied.stderr.strip().splitlines()[-1]}; make the same mistake in the code as it is"
    there = [name for name in patch.sources if (pathlib.Path(root) / name).is_file()]
    for name in sorted(set(patch.sources) - set(there)):
        yield f"Source: {name} is not there"
    # A golden case is named by its file, a history by a text.
    text = re.sub("[- ]", "_", "\n".join([tree.read(root, name) for name in there] + there))
    for word in patch.test_words():
        if there and word not in text:
            yield f"Test: {word} stands in none of {' '.join(there)}"


def problems(root):
    found, areas, numbers = [], collections.Counter(), collections.Counter()
    for path in patches.find(pathlib.Path(root) / "tests/mutations"):
        name = f"tests/mutations/{path.name}"
        if not patches.NAME.fullmatch(path.name):
            found.append(f"{name}: is not called NN-name.patch")
        try:
            patch = patches.Patch(path)
        except patches.Wrong as why:
            found.append(f"{name}: {why}")
            continue
        numbers[path.name[:2]] += 1
        if numbers[path.name[:2]] > 1:
            found.append(f"{name}: another one has its number")
        areas[patch.area] += 1
        found += [f"{name}: {fault}" for fault in faults(root, patch)]
    missing = [area for area in patches.AREAS if not areas[area]]
    if missing:
        found.append(f"tests/mutations: no patch for {', '.join(missing)}")
    return found


if __name__ == "__main__":
    tree.main(problems)
