"""clang-format over every C and C++ file. `--fix` writes instead of complaining."""

import os
import subprocess
import sys

import tree

CLANG_FORMAT = "clang-format-19"


def formatted(root):
    # Kernel C follows the kernel's style, which tests/check/text.py looks after.
    names = [n for n in tree.files(root, tree.CXX) if not n.startswith("node-agent/bpf/") and not n.endswith(".bpf.c")]
    return names


def problems(root):
    names = formatted(root)
    if not names:
        return ["no C++ file found: nothing was checked"]
    result = subprocess.run([CLANG_FORMAT, "--dry-run", "-Werror", *names], cwd=root, capture_output=True, text=True,
                            stdin=subprocess.DEVNULL)
    wrong = sorted({line.split(":")[0] for line in result.stderr.splitlines() if "[-Wclang-format-violations]" in line})
    found = [f"{name}: not formatted; run `make fmt`" for name in wrong]
    if result.returncode != 0 and not found:
        found.append(result.stderr.strip() or f"{CLANG_FORMAT} failed")
    return found


if __name__ == "__main__":
    if "--fix" in sys.argv[1:]:
        os.chdir(tree.ROOT)
        sys.exit(subprocess.run([CLANG_FORMAT, "-i", *formatted(tree.ROOT)]).returncode)
    tree.main(problems)
