"""The files of the repository, for the checks. A check gets a root, so that its own test can show it a wrong tree."""

import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CXX = (".h", ".cc", ".c")


def files(root, suffixes=None):
    """Paths relative to root, sorted: what git tracks or would track; without git everything outside build/."""
    listed = subprocess.run(
        ["git", "-C", str(root), "-c", f"safe.directory={root}", "ls-files", "-co", "--exclude-standard"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if listed.returncode == 0:
        names = listed.stdout.splitlines()
    else:
        names = []
        for folder, folders, found in os.walk(root):
            folders[:] = [f for f in folders if f not in ("build", ".git", "__pycache__")]
            names += [os.path.relpath(os.path.join(folder, f), root) for f in found]
    names = [n for n in names if not suffixes or n.endswith(tuple(suffixes))]
    return sorted(n for n in names if (pathlib.Path(root) / n).is_file())


def read(root, name):
    return (pathlib.Path(root) / name).read_text(errors="replace")


def main(problems):
    """Prints what is wrong; the exit code of the check."""
    found = problems(ROOT)
    for problem in found:
        print(problem)
    print(f"{len(found)} problems" if found else "ok")
    sys.exit(1 if found else 0)
