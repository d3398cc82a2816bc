"""Builds and runs the suites and ends in one closing line: `N passed, N failed` (`, N skipped` where there are any).

usage: suites.py [label ...]      without labels: every suite, and the unprivileged ones once more under sanitizers
"""

import os
import pathlib
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[2]
# The order in which they run. Suites that own kernel state run one test at a time.
JOBS = {"unit": 2, "golden": 2, "worlds": 2, "net": 2, "crds": 2, "check": 1, "fuzz": 2, "bpf": 1, "datapath": 1,
        "controlplane": 1}
NEEDS_KUBERNETES = "controlplane"
SANITIZED = {"asan": ["unit", "golden", "worlds"], "tsan": ["net"]}  # once more
SHOWN_FAILURES = 10
SHOWN_LINES = 60
SUITE_TIMEOUT = 40 * 60


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def __str__(self):
        text = f"{self.passed} passed, {self.failed} failed"
        return text + (f", {self.skipped} skipped" if self.skipped else "")


def say(text):
    print(text, flush=True)


def tail(text, lines=SHOWN_LINES):
    return "\n".join(text.rstrip().splitlines()[-lines:])


def run(command, log, timeout=None):
    """Exit code of the command; its output goes to the log file. CI has no stdin. What stops us stops its children."""
    with open(log, "w", errors="replace") as out:
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                                   start_new_session=True)
        try:
            return process.wait(timeout=timeout)
        except BaseException as stop:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()
            if isinstance(stop, subprocess.TimeoutExpired):
                out.write(f"\nstopped after {timeout} s\n")
                return 124
            raise


def build(preset, targets):
    """Configures and builds; True where that worked."""
    folder = ROOT / "build" / preset
    folder.mkdir(parents=True, exist_ok=True)
    for stage, command in (
        ("configure", ["cmake", "--preset", preset]),
        ("build", ["cmake", "--build", f"build/{preset}"] + (["--target"] + targets if targets else [])),
    ):
        start = time.monotonic()
        log = folder / f"{stage}.log"
        code = run(command, log)
        say(f"== {stage} {preset}: {time.monotonic() - start:.0f} s")
        if code != 0:
            say(tail(log.read_text(errors="replace")))
            say(f"== {stage} {preset} failed (exit {code})")
            return False
    return True


def build_kubernetes():
    """The real API server; kept outside the build tree, so that only the first clone on a machine waits for it."""
    start = time.monotonic()
    log = ROOT / "build" / "kubernetes.log"
    log.parent.mkdir(exist_ok=True)
    code = run([sys.executable, "-B", str(ROOT / "tests/support/kube/binaries.py")], log)
    say(f"== build kube-apiserver, kubectl: {time.monotonic() - start:.0f} s")
    if code != 0:
        say(tail(log.read_text(errors="replace")))
    return code == 0


def read_junit(path):
    """Tally and [(test, output)] of the failures of one CTest run."""
    tally, failures = Tally(), []
    for case in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
        skip = case.find("skipped")
        if case.get("status") == "run":
            tally.passed += 1
        elif skip is not None and skip.get("message", "").startswith("SKIP_"):
            tally.skipped += 1
        else:  # failed, or could not even be started
            tally.failed += 1
            output = case.findtext("system-out") or (skip.get("message", "") if skip is not None else "")
            failures.append((case.get("name"), output))
    return tally, failures


def run_suite(preset, label):
    folder = ROOT / "build" / preset
    junit, log = folder / f"junit-{label}.xml", folder / f"ctest-{label}.log"
    junit.unlink(missing_ok=True)
    start = time.monotonic()
    command = ["ctest", "--test-dir", f"build/{preset}", "-L", f"^{label}$", f"-j{JOBS[label]}", "--no-tests=error"]
    code = run(command + ["--output-on-failure", "--output-junit", str(junit)], log, SUITE_TIMEOUT)
    try:
        tally, failures = read_junit(junit)
    except (OSError, xml.etree.ElementTree.ParseError):
        tally, failures = Tally(), []
    if tally.passed + tally.failed + tally.skipped == 0:
        tally.failed = 1
        failures = [(label, "no test ran\n" + tail(log.read_text(errors="replace"), 15))]
    elif code != 0 and tally.failed == 0:
        tally.failed = 1
        failures = [(label, f"ctest ended with exit {code}\n" + tail(log.read_text(errors="replace")))]
    for name, output in failures[:SHOWN_FAILURES]:
        say(f"-- {name} failed:\n{tail(output)}")
    if len(failures) > SHOWN_FAILURES:
        say(f"-- and {len(failures) - SHOWN_FAILURES} more: {log.relative_to(ROOT)}")
    say(f"== {label} ({preset}): {tally}, {time.monotonic() - start:.0f} s")
    return tally


def main(labels):
    unknown = [label for label in labels if label not in JOBS]
    if unknown:
        say(f"no suite is called {' '.join(unknown)}; there are: {' '.join(JOBS)}")
        return 2
    plans = [("dev", labels or list(JOBS))]
    if not labels:
        plans += SANITIZED.items()
    total = Tally()
    if NEEDS_KUBERNETES in (labels or JOBS) and not build_kubernetes():
        total.failed += 1
    for preset, suites in plans:
        # All of dev; of the sanitized builds what their suites need.
        targets = [f"tests_{label}" for label in suites] if preset in SANITIZED or labels else []
        if not build(preset, targets):
            total.failed += 1
            continue
        for label in suites:
            total.add(run_suite(preset, label))
    say(str(total))
    return 1 if total.failed else 0


def interrupted(signum, frame):
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, interrupted)
    os.environ.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        say("interrupted")
        sys.exit(130)
