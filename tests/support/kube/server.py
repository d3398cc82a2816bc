"""etcd and kube-apiserver in the network namespace that the caller stands in (tests/support/sandbox.py): no controller, no
scheduler, no kubelet. Pods, Nodes and EndpointSlices are what a test writes (objects.py).
"""

import base64
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time
import urllib.request

import api
import binaries
import pki

ROOT = pathlib.Path(__file__).resolve().parents[3]
READY_SECONDS = 90  # 4 to 6 on an idle machine
STOP_SECONDS = 10
SERVICE_CIDR = "10.96.0.0/16"
ETCD = "http://127.0.0.1:2379"
PORT = 6443


class Failed(Exception):
    pass


def _tail(path, lines=15):
    return "\n".join(pathlib.Path(path).read_text(errors="replace").splitlines()[-lines:])


class Server:
    """`address`: an address of this namespace, by which others reach it too."""

    def __init__(self, folder, address="127.0.0.1"):
        self.folder = pathlib.Path(folder)  # on a tmpfs: /run of the sandbox
        self.folder.mkdir()
        self.address = address
        self.data = self.folder / "etcd"
        self.processes = {}
        self.authority = pki.Authority(self.folder / "pki", "kubernetes-ca")
        self._serving = self.authority.sign("apiserver", "/CN=kube-apiserver", "serverAuth", (
            "DNS:kubernetes", "DNS:kubernetes.default.svc", "DNS:localhost", "IP:127.0.0.1", f"IP:{address}"))
        self._admin = self.authority.sign("admin", "/O=system:masters/CN=admin", "clientAuth")
        self._tokens = pki.make_service_account_key(self.authority.folder)
        certificate, key = self._admin
        self.kubeconfig = pki.kubeconfig(self.folder / "admin.kubeconfig", f"https://127.0.0.1:{PORT}", self.ca,
                                         {"client-certificate": str(certificate), "client-key": str(key)})
        self.api = api.Api(("127.0.0.1", PORT), self.ca, self._admin)

    @property
    def ca(self):
        return self.authority.certificate

    # Processes.

    def _spawn(self, name, *command):
        log = open(self.folder / f"{name}.log", "a")
        self.processes[name] = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/")
        log.close()

    def _end(self, name, signal_number):
        process = self.processes.pop(name, None)
        if process is None:
            return
        process.send_signal(signal_number)
        process.send_signal(signal.SIGCONT)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _start_etcd(self):
        self.data.mkdir(mode=0o700, exist_ok=True)
        self._spawn("etcd", "etcd", "--data-dir", str(self.data), "--unsafe-no-fsync", "--log-level", "warn",
                    "--listen-client-urls", ETCD, "--advertise-client-urls", ETCD,
                    "--listen-peer-urls", "http://127.0.0.1:2380", "--initial-advertise-peer-urls", "http://127.0.0.1:2380",
                    "--initial-cluster", "default=http://127.0.0.1:2380")

    def _start_apiserver(self):
        private, public = self._tokens
        certificate, key = self._serving
        self._spawn("kube-apiserver", binaries.path("kube-apiserver"), "--etcd-servers", ETCD, f"--secure-port={PORT}",
                    "--bind-address=0.0.0.0", f"--advertise-address={self.address}", "--endpoint-reconciler-type=none",
                    f"--service-cluster-ip-range={SERVICE_CIDR}", f"--client-ca-file={self.ca}",
                    f"--tls-cert-file={certificate}", f"--tls-private-key-file={key}",
                    "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
                    f"--service-account-key-file={public}", f"--service-account-signing-key-file={private}",
                    "--authorization-mode=Node,RBAC", "--allow-privileged=true",
                    # Without a controller manager no namespace has a default ServiceAccount.
                    "--disable-admission-plugins=ServiceAccount")

    def start(self):
        """With what data there is; returns when it answers readyz."""
        if "etcd" not in self.processes:
            self._start_etcd()
        if "kube-apiserver" not in self.processes:
            self._start_apiserver()
        self._await_ready()

    def _await_ready(self):
        deadline = time.monotonic() + READY_SECONDS
        while True:
            for name, process in self.processes.items():
                if process.poll() is not None:
                    raise Failed(f"{name} ended with {process.returncode}:\n{_tail(self.folder / (name + '.log'))}")
            try:
                self.api.request("GET", "/readyz")
                self.api.get("Namespace", name="default")  # made by a hook that readyz does not wait for
                return
            except (OSError, api.Refused) as not_yet:
                if time.monotonic() > deadline:
                    raise Failed(f"the API server was not ready within {READY_SECONDS} s: {not_yet}\n"
                                 f"{_tail(self.folder / 'kube-apiserver.log')}") from None
            time.sleep(0.05)  # it tells nobody when it is ready

    def stop(self):
        """etcd's data stays. The API server is killed: it would drain watches for a minute."""
        self._end("kube-apiserver", signal.SIGKILL)
        self._end("etcd", signal.SIGTERM)

    def kill_apiserver(self):
        self._end("kube-apiserver", signal.SIGKILL)

    def forget(self):
        """Everything that was ever written. Only while stopped."""
        shutil.rmtree(self.data)

    def pause(self):
        """It accepts connections and says nothing."""
        self.processes["kube-apiserver"].send_signal(signal.SIGSTOP)

    def resume(self):
        self.processes["kube-apiserver"].send_signal(signal.SIGCONT)

    # Its memory.

    def _etcd(self, what, body):
        request = urllib.request.Request(f"{ETCD}/v3/{what}", json.dumps(body).encode())
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(request, timeout=10) as answer:
            return json.load(answer)

    def compact(self):
        """Forgets every revision but the newest: who wants to go on from an older one is answered 410."""
        key = base64.b64encode(b"/").decode()
        revision = self._etcd("kv/range", {"key": key, "count_only": True})["header"]["revision"]
        self._etcd("kv/compaction", {"revision": revision, "physical": True})

    def install_crds(self, folder=ROOT / "crds"):
        """Applies every definition and returns when the API server serves them."""
        self.kubectl("apply", "-f", str(folder))
        names = [crd["metadata"]["name"] for crd in self.api.list("CustomResourceDefinition")]
        self.kubectl("wait", "--for=condition=Established", "--timeout=30s", *(f"crd/{name}" for name in names))
        self.forget_discovery()

    def forget_discovery(self):
        """kubectl keeps for minutes what kinds there are."""
        shutil.rmtree(self.folder / ".kube", ignore_errors=True)

    # Who asks.

    def kubectl(self, *arguments, feed=None, kubeconfig=None, check=True, timeout=60):
        """The finished process; its text output. HOME of its own: kubectl keeps what it discovers there."""
        done = subprocess.run([binaries.path("kubectl"), "--kubeconfig", kubeconfig or self.kubeconfig, *arguments],
                              input=feed, capture_output=True, text=True, timeout=timeout,
                              env={"PATH": os.environ["PATH"], "HOME": str(self.folder), "NO_PROXY": "*"})
        if check and done.returncode != 0:
            raise Failed(f"kubectl {' '.join(arguments)} ended with {done.returncode}: {done.stderr.strip()}")
        return done

    def token(self, namespace, account, audience=None, pod=None, seconds=3600):
        """A token of a ServiceAccount (TokenRequest); bound to a pod, as a projected one is, where one is named."""
        spec = {"expirationSeconds": seconds}
        if audience:
            spec["audiences"] = [audience]
        if pod:
            meta = pod["metadata"]
            spec["boundObjectRef"] = {"apiVersion": "v1", "kind": "Pod", "name": meta["name"], "uid": meta["uid"]}
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
        answer = self.api.request("POST", api.path_of("ServiceAccount", namespace, account, "token"), request)
        return answer["status"]["token"]

    def kubeconfig_of(self, name, token_file, server=None):
        """A kubeconfig with a token that is read from a file, so that it can be replaced."""
        return pki.kubeconfig(self.folder / f"{name}.kubeconfig", server or f"https://{self.address}:{PORT}", self.ca,
                              {"tokenFile": str(token_file)})
