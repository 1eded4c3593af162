"""A cluster, as far as kubectl needs one to `apply` and `patch`: an HTTP server that holds it to a Role."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

GROUPS = {
    "v1": ("secrets", "Secret"),
    "apps/v1": ("deployments", "Deployment"),
    "milvus.io/v1beta1": ("milvuses", "Milvus"),
}


def merge(old, new):
    """A merge patch; the strategic ones of Secrets have only maps too."""
    for key, value in new.items():
        if isinstance(value, dict) and isinstance(old.get(key), dict):
            merge(old[key], value)
        elif value is None:
            old.pop(key, None)
        else:
            old[key] = value


def pods(resource):
    """What Milvus' pods are made from: another one is a restart. A Secret restarts nothing."""
    spec = resource.get("spec", {})
    return json.dumps(spec.get("template", spec.get("components")), sort_keys=True)


class Cluster:
    """Holds resources, by plural and name; counts restarts; `broken` means that nothing can be restarted."""

    def __init__(self, role, resources):
        self.role = role
        self.resources = resources
        self.restarts = 0
        self.broken = False
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Handler,), {"cluster": self}))
        Thread(target=server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{server.server_port}"

    def kubeconfig(self):
        return json.dumps({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "here", "cluster": {"server": self.address}}],
            "users": [{"name": "renewal", "user": {"token": "the-token-of-the-account"}}],
            "contexts": [{"name": "here", "context": {"cluster": "here", "user": "renewal"}}],
            "current-context": "here",
        })

    def allows(self, verb, group, plural, namespace, name):
        return namespace == self.role["metadata"]["namespace"] and any(
            group in rule["apiGroups"] and plural in rule["resources"] and name in rule["resourceNames"]
            and verb in rule["verbs"]
            for rule in self.role["rules"]
        )

    def patch(self, key, patch):
        before = pods(self.resources[key])
        merge(self.resources[key], patch)
        self.restarts += pods(self.resources[key]) != before


class Handler(BaseHTTPRequestHandler):
    cluster = None

    def log_message(self, *_):
        pass

    def answer(self, document, status=200):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, status, reason):
        message = f"{self.command} {self.path}: {reason}"
        kind = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": status}
        self.answer({**kind, "message": message}, status)

    def resource(self, verb):
        """The key of what is asked for, if it is there and the Role allows it."""
        words = self.path.split("?")[0].strip("/").split("/")
        place = words.index("namespaces")
        group = "" if words[0] == "api" else words[1]
        namespace, plural, *name = words[place + 1 :]
        key = (plural, name[0] if name else None)
        if not self.cluster.allows(verb, group, plural, namespace, key[1]):
            return self.refuse(403, "Forbidden")
        return key if key in self.cluster.resources else self.refuse(404, "NotFound")

    def do_GET(self):
        path = self.path.split("?")[0].strip("/")
        if "namespaces" in path.split("/"):
            key = self.resource("get")
            return self.answer(self.cluster.resources[key]) if key else None
        if path == "api":
            return self.answer({"kind": "APIVersions", "versions": ["v1"]})
        if path == "apis":
            return self.answer({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups()})
        if path == "openapi/v2":
            # An empty schema: nothing to validate with.
            self.send_response(200)
            self.send_header("Content-Type", "application/com.github.proto-openapi.spec.v2.v1.0+protobuf")
            self.send_header("Content-Length", "0")
            return self.end_headers()
        for version, (plural, kind) in GROUPS.items():
            if path in (f"api/{version}", f"apis/{version}"):
                found = {"name": plural, "singularName": kind.lower(), "namespaced": True, "kind": kind}
                found["verbs"] = ["get", "patch"]
                listed = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": [found]}
                return self.answer(listed)
        return self.refuse(404, "NotFound")

    def do_PATCH(self):
        patch = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        key = self.resource("patch")
        if key and self.cluster.broken and key[0] != "secrets":
            self.refuse(500, "InternalError")
        elif key:
            self.cluster.patch(key, patch)
            self.answer(self.cluster.resources[key])

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.refuse(403, "Forbidden")


def groups():
    found = []
    for version in GROUPS:
        if "/" in version:
            group, name = version.split("/")
            each = {"groupVersion": version, "version": name}
            found.append({"name": group, "versions": [each], "preferredVersion": each})
    return found
