"""A cluster, as far as kubectl, Helm, the Milvus operator and cert-manager need one: an API that holds resources, and what
the last two and a node make of them."""

import base64
import json
import re
import subprocess
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import RLock, Thread
from urllib.parse import parse_qs, urlsplit

import kubernetes_validate
import protobuf
import yaml
from machine import Refused

# What the API knows: kind, and the names of it that kubectl takes.
KINDS = {
    "v1": {"secrets": "Secret", "services": "Service", "configmaps": "ConfigMap"},
    "apps/v1": {"deployments": "Deployment"},
    "networking.k8s.io/v1": {"ingresses": "Ingress"},
    "milvus.io/v1beta1": {"milvuses": "Milvus"},
    "cert-manager.io/v1": {"issuers": "Issuer", "certificates": "Certificate"},
}
SCHEMA = kubernetes_validate.latest_version().removesuffix(".0")


class Cluster:
    """Resources by plural and name, all in one namespace."""

    def __init__(self, machine, folder, charts):
        self.machine = machine
        self.folder = folder
        self.resources = {}
        self.version = 0
        self.lock = RLock()
        handler = type("Handler", (Handler,), {"cluster": self, "charts": charts})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        Thread(target=server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{server.server_port}"

    def kubeconfig(self):
        return json.dumps({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "here", "cluster": {"server": self.address}}],
            "contexts": [{"name": "here", "context": {"cluster": "here"}}],
            "current-context": "here",
        })

    def put(self, plural, resource):
        with self.lock:
            self.version += 1
            metadata = resource["metadata"]
            metadata |= {"namespace": "default", "resourceVersion": str(self.version), "uid": metadata["name"]}
            metadata["generation"] = metadata.get("generation", 0) + 1
            self.resources[plural, metadata["name"]] = resource

    def of(self, plural):
        return [resource for (each, _), resource in list(self.resources.items()) if each == plural]

    def seen(self, plural, resource):
        """With what its controller says of it."""
        if plural not in ("deployments", "milvuses"):
            return resource
        container = self.machine.containers.get(resource["metadata"]["name"])
        ready = container is not None and container.is_ready()
        if plural == "milvuses":
            conditions = [{"type": "MilvusReady", "status": str(ready)}]
            return {**resource, "status": {"conditions": conditions}}
        numbers = dict.fromkeys(("replicas", "updatedReplicas"), 1)
        numbers |= dict.fromkeys(("readyReplicas", "availableReplicas"), int(ready))
        return {**resource, "status": {**numbers, "observedGeneration": resource["metadata"]["generation"]}}

    # ---- Who acts on resources -----------------------------------------------------------------

    def reconcile(self):
        with self.lock:
            for certificate in self.of("certificates"):
                if ("secrets", certificate["spec"]["secretName"]) not in self.resources:
                    self.issue(certificate)
            for milvus in self.of("milvuses"):
                self.operate(milvus)
            for deployment in self.of("deployments"):
                template = deployment["spec"]["template"]
                pod = template["spec"]
                (container,) = pod["containers"]
                config = self.resources.get(("configmaps", deployment["metadata"]["name"]))
                settings = config["data"]["user.yaml"]
                self.run(deployment, template, settings, pod.get("volumes") or [], container.get("volumeMounts") or [])

    def operate(self, milvus):
        """The Milvus operator: the pod, and the Service before it."""
        spec = milvus["spec"]
        components = spec["components"]
        name = milvus["metadata"]["name"]
        ports = [{"name": "milvus", "port": 19530, "targetPort": 19530}]
        rest = components.get("standalone", {}).get("serviceRestfulPort")
        ports += [{"name": "rest", "port": rest, "targetPort": rest}] if rest else []
        service = {"metadata": {"name": f"{name}-milvus"}, "spec": {"ports": ports, "selector": {"instance": name}}}
        self.resources["services", f"{name}-milvus"] = service
        settings = yaml.safe_dump(spec.get("config", {}))
        self.run(milvus, components, settings, components.get("volumes", []), components.get("volumeMounts", []))

    def run(self, owner, template, settings, volumes, mounts):
        """A node: the pod starts when all that it mounts is there, and anew when it is another one. A changed Secret
        changes no pod."""
        container = self.machine.container(owner["metadata"]["name"])
        fingerprint = json.dumps(template, sort_keys=True)
        if container.is_made_of(fingerprint):
            return
        secrets = {volume["name"]: ("secrets", volume["secret"]["secretName"]) for volume in volumes}
        if not all(key in self.resources for key in secrets.values()):
            return
        place = container.folder / f"pod-{container.starts}"
        sources = {mount["mountPath"]: place / mount["name"] for mount in mounts}
        for name, key in secrets.items():
            (place / name).mkdir(parents=True)
            for file, content in self.resources[key]["data"].items():
                (place / name / file).write_bytes(base64.b64decode(content))
        place.mkdir(exist_ok=True)
        (place / "user.yaml").write_text(settings)
        container.start(fingerprint, place / "user.yaml", sources)

    def issue(self, certificate):
        """cert-manager: what the Certificate asks for, issued by OpenSSL from the Issuer's Secret."""
        spec = certificate["spec"]
        ca = self.resources["secrets", self.resources["issuers", spec["issuerRef"]["name"]]["spec"]["ca"]["secretName"]]
        place = self.folder / "cert-manager"
        place.mkdir(exist_ok=True)
        (place / "nothing.cnf").write_text("[req]\ndistinguished_name=none\n[none]\n")
        for name in ("tls.crt", "tls.key"):
            (place / f"ca-{name}").write_bytes(base64.b64decode(ca["data"][name]))
        names = [f"DNS:{name}" for name in spec["dnsNames"]] + [f"IP:{name}" for name in spec.get("ipAddresses", [])]
        purpose = {"server auth": "serverAuth", "client auth": "clientAuth"}
        extensions = [
            "basicConstraints=critical,CA:FALSE",
            f"subjectAltName={','.join(names)}",
            f"extendedKeyUsage={','.join(purpose[usage] for usage in spec['usages'] if usage in purpose)}",
            "keyUsage=critical,digitalSignature,keyEncipherment",
            "subjectKeyIdentifier=hash",
            "authorityKeyIdentifier=keyid",
        ]
        options = [word for extension in extensions for word in ("-addext", extension)]
        subprocess.run(
            ["openssl", "req", "-config", "nothing.cnf", "-x509", "-CA", "ca-tls.crt", "-CAkey", "ca-tls.key"]
            + ["-new", "-noenc"]
            + ["-newkey", f"rsa:{spec['privateKey']['size']}", "-keyout", "tls.key", "-out", "tls.crt", "-days", "365"]
            + ["-subj", f"/CN={spec['commonName']}", *options],
            cwd=place, check=True, capture_output=True,
        )
        files = {"tls.crt": "tls.crt", "tls.key": "tls.key", "ca.crt": "ca-tls.crt"}
        data = {key: base64.b64encode((place / file).read_bytes()).decode() for key, file in files.items()}
        self.put("secrets", {
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": spec["secretName"]},
            "type": "kubernetes.io/tls", "data": data,
        })

    def renew(self, _words, _folder):
        """What cert-manager does 90 days before the end of each."""
        for certificate in self.of("certificates"):
            self.issue(certificate)
        return ""

    def stand_ins(self):
        """What each program that stands in for another does. It takes its words and its folder, and gives a text."""
        machine = self.machine
        programs = {"wget": machine.wget, "docker": machine.docker, "systemctl": machine.systemctl}
        programs |= {"cert-manager": self.renew, "port-forward": self.forward, "milvus-is-ready": machine.is_ready}
        return programs

    def forward(self, words, _folder):
        """kubectl port-forward: to the pod that the Service selects."""
        what, *ports = words
        kind, _, name = what.partition("/")
        service = self.resources.get(("services", name))
        if kind != "service" or not service:
            raise Refused(f"there is no {what}")
        targets = {str(port["port"]): port["targetPort"] for port in service["spec"]["ports"]}
        missing = [port for port in ports if port not in targets]
        if missing:
            raise Refused(f"{what} has no port {missing}: {targets}")
        container = self.selected(service["spec"]["selector"])
        container.forward([(port, targets[port]) for port in ports])
        return "".join(f"Forwarding from 127.0.0.1:{port} -> {targets[port]}\n" for port in ports)

    def selected(self, selector):
        for deployment in self.of("deployments"):
            if selector.items() <= deployment["spec"]["template"]["metadata"]["labels"].items():
                return self.machine.containers[deployment["metadata"]["name"]]
        if ("milvuses", selector.get("instance")) in self.resources:
            return self.machine.containers[selector["instance"]]
        raise Refused(f"no pod has the labels {selector}")


def merge(old, new):
    """A merge patch; of the strategic ones only what merges maps, and lists as wholes."""
    for key, value in new.items():
        if isinstance(value, dict) and isinstance(old.get(key), dict):
            merge(old[key], value)
        elif value is None:
            old.pop(key, None)
        elif not key.startswith("$"):
            old[key] = value


class Handler(BaseHTTPRequestHandler):
    cluster = None
    charts = None
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, document, status=200):
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, status, reason, why=""):
        message = f"{self.command} {self.path}: {reason} {why}"
        kind = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": status}
        self.answer({**kind, "message": message}, status)

    def parse(self):
        """The parts of the path: version, plural and name of a resource, if it has them."""
        url = urlsplit(self.path)
        self.query = {key: values[-1] for key, values in parse_qs(url.query).items()}
        self.place = url.path.strip("/")
        found = re.fullmatch(r"apis?/(.*?v1(?:beta1)?)/namespaces/default/(\w+)(?:/([^/]+))?", self.place)
        self.version, self.plural, self.name = found.groups() if found else (None, None, None)
        if found and self.plural not in KINDS.get(self.version, ()):
            self.plural = None

    def body(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        return protobuf.secret(body) if body.startswith(protobuf.MAGIC) else yaml.safe_load(body)

    def do_GET(self):
        self.parse()
        if self.plural and self.name:
            resource = self.cluster.resources.get((self.plural, self.name))
            return self.answer(self.cluster.seen(self.plural, resource)) if resource else self.refuse(404, "NotFound")
        if self.plural and self.query.get("watch"):
            return self.watch()
        if self.plural:
            return self.answer({
                "kind": f"{KINDS[self.version][self.plural]}List", "apiVersion": self.version,
                "metadata": {"resourceVersion": str(self.cluster.version)}, "items": self.selected(),
            })
        if self.place.startswith("charts/"):
            file = self.charts / self.place.removeprefix("charts/")
            return self.answer(file.read_bytes()) if file.is_file() else self.refuse(404, "NotFound")
        return self.discover()

    def discover(self):
        if self.place == "version":
            return self.answer({"major": "1", "minor": "35", "gitVersion": "v1.35.0"})
        if self.place == "api":
            return self.answer({"kind": "APIVersions", "versions": ["v1"]})
        if self.place == "apis":
            return self.answer({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups()})
        if self.place == "openapi/v2":
            # An empty schema: nothing to validate with.
            self.send_response(200)
            self.send_header("Content-Type", "application/com.github.proto-openapi.spec.v2.v1.0+protobuf")
            self.send_header("Content-Length", "0")
            return self.end_headers()
        version = re.sub("^apis?/", "", self.place)
        if version not in KINDS:
            return self.refuse(404, "NotFound")
        verbs = ["create", "get", "list", "patch", "update", "watch"]
        found = [
            {"name": plural, "singularName": kind.lower(), "namespaced": True, "kind": kind, "verbs": verbs}
            for plural, kind in KINDS[version].items()
        ]
        return self.answer({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": found})

    def selected(self):
        """The resources that are asked for, by label or name."""
        labels = dict(pair.split("=") for pair in self.query.get("labelSelector", "").split(",") if pair)
        wanted = self.query.get("fieldSelector", "").removeprefix("metadata.name=")
        found = []
        for resource in self.cluster.of(self.plural):
            metadata = resource["metadata"]
            if labels.items() <= metadata.get("labels", {}).items() and wanted in ("", metadata["name"]):
                found.append(self.cluster.seen(self.plural, resource))
        return found

    def watch(self):
        if "sendInitialEvents" in self.query:
            return self.refuse(422, "Invalid", "sendInitialEvents")
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Connection", "close")
        self.end_headers()
        before = None
        try:
            while True:
                now = self.selected()
                for resource in now if now != before else []:
                    self.wfile.write(json.dumps({"type": "MODIFIED", "object": resource}).encode() + b"\n")
                self.wfile.flush()
                before = now
                time.sleep(0.2)
        except OSError:
            return None

    def accept(self, resource, status=200):
        """Kubernetes' own kinds have to be as their schemas say, for others we have none."""
        if self.version in ("v1", "apps/v1", "networking.k8s.io/v1"):
            try:
                kind = {"apiVersion": self.version, "kind": KINDS[self.version][self.plural]}
                kubernetes_validate.validate({**resource, **kind}, SCHEMA, strict=True)
            except kubernetes_validate.ValidationError as error:
                return self.refuse(422, "Invalid", error.message)
        try:
            self.cluster.put(self.plural, resource)
            self.cluster.reconcile()
        except (Refused, subprocess.CalledProcessError) as error:
            return self.refuse(500, "InternalError", str(error))
        return self.answer(resource, status)

    def do_POST(self):
        self.parse()
        if self.place.startswith("stand-ins/"):
            return self.stand_in(self.place.removeprefix("stand-ins/"), **self.body())
        resource = self.body()
        if not self.plural:
            return self.refuse(404, "NotFound")
        return self.accept(resource, 201)

    def stand_in(self, name, words, folder):
        """What a program in `stand-ins` is to say."""
        try:
            text = self.cluster.stand_ins()[name](words, Path(folder))
            return self.answer(text.encode())
        except (Refused, subprocess.CalledProcessError) as error:
            return self.answer(str(error).encode(), 500)

    def do_PUT(self):
        self.parse()
        self.accept(self.body())

    def do_PATCH(self):
        self.parse()
        patch = self.body()
        old = self.cluster.resources.get((self.plural, self.name))
        if old is None and self.headers["Content-Type"] != "application/apply-patch+yaml":
            return self.refuse(404, "NotFound")
        resource = json.loads(json.dumps(old or {}))
        merge(resource, patch)
        return self.accept(resource, 200 if old else 201)


def groups():
    found = []
    for version in KINDS:
        if "/" in version:
            group, name = version.split("/")
            each = {"groupVersion": version, "version": name}
            found.append({"name": group, "versions": [each], "preferredVersion": each})
    return found
