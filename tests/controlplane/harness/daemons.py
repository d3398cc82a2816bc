"""The two halves as processes: started, killed, asked. How the binaries are called is written here alone."""

import json
import os
import pathlib
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request

import lan

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get("PODMIRROR_BUILD", ROOT / "build/dev"))
OPERATOR, AGENT = BUILD / "podmirror-operator", BUILD / "podmirror-agent"
HOME = "podmirror-system"
PUSH_PORT, METRICS_PORT = 9443, 9090
SERVICE_NAME = f"podmirror-operator.{HOME}.svc"
STOP_SECONDS = 5


class Failed(Exception):
    pass


class Daemon:
    def __init__(self, name, folder, prefix, command):
        self.name, self._prefix, self._command = name, prefix, [str(part) for part in command]
        self.log = pathlib.Path(folder) / f"{name}.log"
        self.process = None

    def start(self):
        with open(self.log, "a") as out:
            self.process = subprocess.Popen(self._prefix + self._command, stdin=subprocess.DEVNULL, stdout=out,
                                            stderr=out)
        return self

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        """As a crash."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        """SIGTERM; the seconds that it took."""
        start = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failed(f"{self.name} did not stop within {STOP_SECONDS} s\n{self.tail()}") from None
        if code != 0:
            raise Failed(f"{self.name} ended with {code}\n{self.tail()}")
        return time.monotonic() - start

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def tail(self, lines=25):
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return f"--- {self.name}\n" + "\n".join(text.splitlines()[-lines:])

    def says(self):
        """The log as objects."""
        found = []
        for line in self.log.read_text(errors="replace").splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                found.append({"message": line, "level": "raw"})
        return found

    def ask(self, path):
        """(status, text) of its port for scrapers; (0, why) where it does not answer."""
        def fetch():
            direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            try:
                with direct.open(f"http://127.0.0.1:{METRICS_PORT}{path}", timeout=3) as answer:
                    return answer.status, answer.read().decode()
            except urllib.error.HTTPError as refusal:
                return refusal.code, refusal.read().decode()
            except OSError as fault:
                return 0, str(fault)
        return lan.in_namespace(self.namespace, fetch)

    def metric(self, pattern):
        """Sum of the samples whose name and labels match."""
        total = 0.0
        for line in self.ask("/metrics")[1].splitlines():
            if not line.startswith("#") and re.match(pattern, line):
                total += float(line.rsplit(" ", 1)[1])
        return total

    def rss(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise Failed(f"{self.name} has no RSS")


class Operator(Daemon):
    def __init__(self, namespace, folder, kubeconfig, flags=()):
        self.namespace = namespace
        who = ("env", f"POD_NAMESPACE={HOME}", f"POD_NAME={namespace}")
        super().__init__(namespace, folder, lan.inside(namespace, *who), (
            OPERATOR, "--kubeconfig", kubeconfig, "--listen-agents", f"[::]:{PUSH_PORT}",
            "--listen-metrics", f"[::]:{METRICS_PORT}", *flags))


class Agent(Daemon):
    """keeper: a process whose namespaces are the node's; `folder` holds what is mounted into the agent's pod."""

    def __init__(self, node, keeper, folder, logs, flags=()):
        self.namespace, self.state = node, folder / "state.json"
        super().__init__(f"agent-{node}", logs, ["nsenter", "--target", str(keeper), "--net", "--mount", "--"], (
            AGENT, "--node-name", node, "--operator-address", f"{lan.CONTROL}:{PUSH_PORT}",
            "--operator-server-name", SERVICE_NAME, "--ca-file", folder / "ca.crt", "--token-file", folder / "token",
            "--state-file", self.state, "--listen", f"[::]:{METRICS_PORT}", *flags))

    def revision(self):
        """Of the state that it keeps: (Lease made at, its transitions, number), which ascend; None: no state yet."""
        try:
            kept = json.loads(self.state.read_text().split("\n", 1)[1])["revision"]
        except (OSError, IndexError):
            return None
        return kept["leaseCreated"], kept["leaseTransitions"], kept["number"]
