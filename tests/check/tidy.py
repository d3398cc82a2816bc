"""clang-tidy over the product's .cc files, with the checks of .clang-tidy.

usage: tidy.py [build folder]      default build/dev, for its compile_commands.json. A file that was clean is looked at
again only when it, a header, .clang-tidy or its command has changed (stamps in <build folder>/tidy).
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

import tree

CLANG_TIDY = "clang-tidy-19"
FINDING = re.compile(r"^(/[^:]+):(\d+):\d+: (?:warning|error): (.*)$", re.MULTILINE)


def commands(build):
    """{path relative to the root: compile command} of the product's files."""
    found = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = pathlib.Path(entry["directory"], entry["file"]).resolve()
        if path.is_relative_to(tree.ROOT):
            name = str(path.relative_to(tree.ROOT))
            if not name.startswith(("tests/", "build/")):
                found[name] = entry["command"]
    return found


def digest(*texts):
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def findings(build, name):
    done = subprocess.run([CLANG_TIDY, "-p", str(build), "--quiet", name], cwd=tree.ROOT, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, env=dict(os.environ, CCACHE_DISABLE="1"))
    found = []
    for path, line, what in FINDING.findall(done.stdout + done.stderr):
        where = pathlib.Path(path)
        where = where.relative_to(tree.ROOT) if where.is_relative_to(tree.ROOT) else where
        found.append(f"{where}:{line}: {what}")
    if done.returncode != 0 and not found:
        found.append(f"{name}: {CLANG_TIDY} failed: {done.stderr.strip()[-500:]}")
    return found


def problems(build):
    files = commands(build)
    if not files:
        return [f"{build}/compile_commands.json names no file of the product: nothing was checked"]
    headers = [tree.read(tree.ROOT, n) for n in tree.files(tree.ROOT, [".h"]) if not n.startswith("tests/")]
    common = digest(tree.read(tree.ROOT, ".clang-tidy"), *headers)
    stamps = build / "tidy"
    stamps.mkdir(exist_ok=True)

    def check(name):
        stamp = stamps / digest(name, common, files[name], tree.read(tree.ROOT, name))
        if stamp.exists():
            return []
        found = findings(build, name)
        if not found:
            stamp.touch()
        return found

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return sorted({problem for found in pool.map(check, sorted(files)) for problem in found})


if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else tree.ROOT / "build/dev").resolve()
    tree.main(lambda root: problems(folder))
