"""Requests to the API server as its administrator: what tests do many times and kubectl is too slow for."""

import contextlib
import http.client
import json
import ssl
import threading
import urllib.parse

# Where objects of a kind live.
GROUPS = {
    "Namespace": ("/api/v1", "namespaces", False), "Node": ("/api/v1", "nodes", False),
    "Pod": ("/api/v1", "pods", True), "Service": ("/api/v1", "services", True), "Secret": ("/api/v1", "secrets", True),
    "ConfigMap": ("/api/v1", "configmaps", True), "ServiceAccount": ("/api/v1", "serviceaccounts", True),
    "Event": ("/apis/events.k8s.io/v1", "events", True),
    "EndpointSlice": ("/apis/discovery.k8s.io/v1", "endpointslices", True),
    "Lease": ("/apis/coordination.k8s.io/v1", "leases", True),
    "ClusterRole": ("/apis/rbac.authorization.k8s.io/v1", "clusterroles", False),
    "ClusterRoleBinding": ("/apis/rbac.authorization.k8s.io/v1", "clusterrolebindings", False),
    "Role": ("/apis/rbac.authorization.k8s.io/v1", "roles", True),
    "RoleBinding": ("/apis/rbac.authorization.k8s.io/v1", "rolebindings", True),
    "FlowSchema": ("/apis/flowcontrol.apiserver.k8s.io/v1", "flowschemas", False),
    "PriorityLevelConfiguration": ("/apis/flowcontrol.apiserver.k8s.io/v1", "prioritylevelconfigurations", False),
    "CustomResourceDefinition": ("/apis/apiextensions.k8s.io/v1", "customresourcedefinitions", False),
    "TrafficMirrorFilter": ("/apis/podmirror.io/v1alpha1", "trafficmirrorfilters", True),
    "TrafficMirrorTarget": ("/apis/podmirror.io/v1alpha1", "trafficmirrortargets", True),
    "TrafficMirrorSession": ("/apis/podmirror.io/v1alpha1", "trafficmirrorsessions", True),
}


class Refused(Exception):
    def __init__(self, status, message, retry_after=None):
        super().__init__(f"{status}: {message}")
        self.status, self.message, self.retry_after = status, message, retry_after


def path_of(kind, namespace=None, name=None, subresource=None):
    base, plural, namespaced = GROUPS[kind]
    parts = [base]
    if namespaced and namespace:
        parts += ["namespaces", namespace]
    parts += [part for part in (plural, name, subresource) if part]
    return "/".join(parts)


def merge(*objects):
    """The first object with the fields of the others laid over it, maps within maps."""
    result = {}
    for one in objects:
        for key, value in (one or {}).items():
            both = isinstance(value, dict) and isinstance(result.get(key), dict)
            result[key] = merge(result[key], value) if both else value
    return result


class Api:
    """One keep-alive connection for each thread. Credentials: a client certificate, or a bearer token."""

    def __init__(self, address, authority, certificate=None, token=None, timeout=30):
        self._address, self._token, self._timeout = address, token, timeout
        self._trust = ssl.create_default_context(cafile=str(authority))
        if certificate:
            self._trust.load_cert_chain(*map(str, certificate))
        self._local = threading.local()

    def _connect(self):
        return http.client.HTTPSConnection(*self._address, context=self._trust, timeout=self._timeout)

    def status_of_watch(self, kind, version):
        """How a watch is answered; it is not followed."""
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        with contextlib.closing(self._connect()) as connection:
            connection.request("GET", f"{path_of(kind)}?watch=1&resourceVersion={version}", headers=headers)
            return connection.getresponse().status

    def request(self, method, path, body=None, content_type="application/json", query=None):
        """The decoded answer; Refused where the API server says no. Asked again where an idle connection was closed."""
        headers = {"Accept": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        if body is not None:
            headers["Content-Type"] = content_type
        target = path + ("?" + urllib.parse.urlencode(query) if query else "")
        data = None if body is None else json.dumps(body)
        fresh = not hasattr(self._local, "connection")
        if fresh:
            self._local.connection = self._connect()
        try:
            self._local.connection.request(method, target, data, headers)
            response = self._local.connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException):
            self._local.connection.close()
            del self._local.connection
            if fresh:
                raise
            return self.request(method, path, body, content_type, query)
        answer = json.loads(text) if text[:1] == b"{" else text.decode()
        if response.status >= 300:
            message = answer.get("message", "") if isinstance(answer, dict) else answer
            raise Refused(response.status, message, response.getheader("Retry-After"))
        return answer

    def get(self, kind, namespace=None, name=None):
        return self.request("GET", path_of(kind, namespace, name))

    def find(self, kind, namespace, name):
        """The object, or None."""
        try:
            return self.get(kind, namespace, name)
        except Refused as refusal:
            if refusal.status == 404:
                return None
            raise

    def list(self, kind, namespace=None):
        return self.get(kind, namespace)["items"]

    def create(self, thing):
        return self.request("POST", path_of(thing["kind"], thing["metadata"].get("namespace")), thing)

    def apply(self, thing, subresource=None):
        """Server-side apply, forced: made or changed."""
        meta = thing["metadata"]
        path = path_of(thing["kind"], meta.get("namespace"), meta["name"], subresource)
        return self.request("PATCH", path, thing, "application/apply-patch+yaml", {"fieldManager": "test", "force": "true"})

    def patch(self, kind, namespace, name, change, subresource=None):
        """A merge patch."""
        return self.request("PATCH", path_of(kind, namespace, name, subresource), change, "application/merge-patch+json")

    def set_status(self, kind, namespace, name, status):
        return self.patch(kind, namespace, name, {"status": status}, "status")

    def delete(self, kind, namespace, name):
        """At once, without a grace period; gone already is fine."""
        try:
            return self.request("DELETE", path_of(kind, namespace, name), {"gracePeriodSeconds": 0})
        except Refused as refusal:
            if refusal.status != 404:
                raise
            return None
