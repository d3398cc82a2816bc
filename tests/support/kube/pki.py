"""The certificates and keys of one API server, made by openssl when it is set up."""

import base64
import json
import os
import pathlib
import subprocess


def _openssl(*arguments, feed=None):
    return subprocess.run(["openssl", *arguments], check=True, input=feed, capture_output=True).stdout


def _key(path):
    path.write_bytes(_openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"))
    path.chmod(0o600)


class Authority:
    """A certificate authority in a folder of its own, and what it signs."""

    def __init__(self, folder, name="test-ca"):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.certificate = self.folder / "ca.crt"
        _key(self.folder / "ca.key")
        _openssl("req", "-x509", "-new", "-key", str(self.folder / "ca.key"), "-subj", f"/CN={name}", "-days", "2",
                 "-addext", "basicConstraints=critical,CA:TRUE",
                 "-addext", "keyUsage=critical,keyCertSign,cRLSign,digitalSignature", "-out", str(self.certificate))

    def sign(self, name, subject, usage, alternatives=()):
        """(certificate, key): paths. usage: serverAuth or clientAuth; alternatives: "IP:10.0.0.1", "DNS:x"."""
        key, certificate, extensions = (self.folder / f"{name}.{suffix}" for suffix in ("key", "crt", "ext"))
        _key(key)
        lines = ["keyUsage=critical,digitalSignature", f"extendedKeyUsage={usage}"]
        if alternatives:
            lines.append("subjectAltName=" + ",".join(alternatives))
        extensions.write_text("\n".join(lines) + "\n")
        request = _openssl("req", "-new", "-key", str(key), "-subj", subject)
        _openssl("x509", "-req", "-CA", str(self.certificate), "-CAkey", str(self.folder / "ca.key"), "-set_serial",
                 "0x" + os.urandom(12).hex(), "-days", "2", "-extfile", str(extensions), "-out", str(certificate),
                 feed=request)
        return certificate, key


def make_service_account_key(folder):
    """(private, public): what signs and what checks ServiceAccount tokens."""
    private, public = pathlib.Path(folder) / "sa.key", pathlib.Path(folder) / "sa.pub"
    _key(private)
    public.write_bytes(_openssl("pkey", "-in", str(private), "-pubout"))
    return private, public


def kubeconfig(path, server, authority, user):
    """Writes a kubeconfig (YAML; JSON is YAML). user: what stands under `user:`."""
    trust = base64.b64encode(pathlib.Path(authority).read_bytes()).decode()
    pathlib.Path(path).write_text(json.dumps({
        "apiVersion": "v1", "kind": "Config", "current-context": "test",
        "clusters": [{"name": "test", "cluster": {"server": server, "certificate-authority-data": trust}}],
        "users": [{"name": "test", "user": user}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
    }))
    return str(path)
