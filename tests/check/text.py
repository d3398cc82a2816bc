"""What is true of every text file: length, no machine's paths, nothing left undone; and the licence lines of bpf/."""

import re

import tree

MAX_LINES = 600
SOURCES = (".h", ".cc", ".c", ".py", ".sh", ".txt", ".yaml", ".yml", ".json", ".md")
SPDX = "SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause"
# Written so that this file does not find itself.
UNDONE = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")
MACHINE = re.compile(r"(?<![\w.])/(wo" r"rk|ho" r"me|ro" r"ot|Us" r"ers)/|/tmp/" r"w/")
SCRIPTS = ("Makefile", ".ci/run")
LICENCES = ("LICENSE", "node-agent/bpf/LICENSES/GPL-2.0-only.txt", "node-agent/bpf/LICENSES/BSD-2-Clause.txt")
# Data, and texts that are not ours.
EXEMPT = ("LICENSE", "node-agent/bpf/LICENSES/", "tests/golden/", "tests/fuzz/corpus/", "tests/mutations/")


def problems(root):
    found, kernel = [], 0
    names = tree.files(root)
    for licence in LICENCES:
        if licence not in names:
            found.append(f"{licence}: missing")
    for name in names:
        if name.startswith("node-agent/bpf/") and name.endswith((".h", ".c")):
            kernel += 1
            if SPDX not in tree.read(root, name).split("\n", 1)[0]:
                found.append(f"{name}: the first line must hold /* {SPDX} */")
        script = name in SCRIPTS or (name.startswith("tests/") and "." not in name.rsplit("/", 1)[-1])
        if name.startswith(EXEMPT) or not (name.endswith(SOURCES) or script):
            continue
        lines = tree.read(root, name).split("\n")
        if len(lines) > MAX_LINES + 1:
            found.append(f"{name}: {len(lines) - 1} lines; none may have more than {MAX_LINES}")
        for number, line in enumerate(lines, 1):
            for pattern, why in ((UNDONE, "work left undone"), (MACHINE, "a path of one machine")):
                if pattern.search(line):
                    found.append(f"{name}:{number}: {why}: {line.strip()[:80]}")
    if kernel == 0:
        found.append("node-agent/bpf/ holds no file: its licence lines were not checked")
    return found


if __name__ == "__main__":
    tree.main(problems)
