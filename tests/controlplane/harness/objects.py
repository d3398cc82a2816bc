"""Kubernetes objects as kubelet, scheduler and controllers would write them; here a test does."""

NOW = "2026-01-01T00:00:00Z"


def namespace(name, **annotations):
    return {"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": name, "annotations": {f"podmirror.io/{k.replace('_', '-')}": v
                                                       for k, v in annotations.items()}}}


def node(name):
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}}}


def node_status(address):
    return {"addresses": [{"type": "InternalIP", "address": address}], "conditions": [
        {"type": "Ready", "status": "True", "reason": "Test", "message": "", "lastHeartbeatTime": NOW,
         "lastTransitionTime": NOW}]}


def pod(ns, name, node_name, labels=None, annotations=None, account=None, host_network=False):
    spec = {"nodeName": node_name, "containers": [{"name": "main", "image": "registry.local/none:1"}],
            "terminationGracePeriodSeconds": 0}
    if account:
        spec["serviceAccountName"] = account
    if host_network:
        spec["hostNetwork"] = True
    return {"apiVersion": "v1", "kind": "Pod", "spec": spec,
            "metadata": {"name": name, "namespace": ns, "labels": labels or {}, "annotations": annotations or {}}}


def pod_status(address, node_address, phase="Running"):
    return {"phase": phase, "podIP": address, "podIPs": [{"ip": address}], "hostIP": node_address,
            "hostIPs": [{"ip": node_address}], "conditions": [{"type": "Ready", "status": "True"}]}


def udp_service(ns, name, port=4789):
    """Without a selector: its EndpointSlices are made by hand."""
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": ns},
            "spec": {"ports": [{"name": "vxlan", "port": port, "protocol": "UDP"}]}}


def endpoint(address, pod_object=None, node_name=None):
    made = {"addresses": [address], "conditions": {"ready": True, "serving": True, "terminating": False}}
    if node_name:
        made["nodeName"] = node_name
    if pod_object:
        meta = pod_object["metadata"]
        made["targetRef"] = {"kind": "Pod", "namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"]}
    return made


def endpoint_slice(ns, name, service, endpoints, port=4789):
    return {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
            "metadata": {"name": name, "namespace": ns, "labels": {"kubernetes.io/service-name": service}},
            "ports": [{"name": "vxlan", "port": port, "protocol": "UDP"}], "endpoints": endpoints}


def _ours(kind, ns, name, spec):
    return {"apiVersion": "podmirror.io/v1alpha1", "kind": kind, "spec": spec,
            "metadata": {"name": name, "namespace": ns}}


def mirror_filter(ns, name, ingress=None, egress=None, **more):
    """Without rules: everything in both directions."""
    everything = [{"ruleNumber": 1, "action": "Accept"}]
    chosen = {"ingress": everything, "egress": everything} if ingress is None and egress is None else {
        "ingress": ingress or [], "egress": egress or []}
    return _ours("TrafficMirrorFilter", ns, name, {**chosen, **more})


def service_target(ns, name, service, **more):
    return _ours("TrafficMirrorTarget", ns, name, {"service": {"name": service}, **more})


def address_target(ns, name, ip, port=4789, **more):
    return _ours("TrafficMirrorTarget", ns, name, {"address": {"ip": ip, "port": port}, **more})


def session(ns, name, number=1, selector=None, filter_name="everything", target="ids", target_namespace=None,
            source=None, **more):
    reference = {"name": target, **({"namespace": target_namespace} if target_namespace else {})}
    return _ours("TrafficMirrorSession", ns, name, {
        "sessionNumber": number, "source": {"podSelector": {"matchLabels": selector or {}}, **(source or {})},
        "filterRef": {"name": filter_name}, "targetRef": reference, **more})
