"""kubectl and Kubernetes' own schemas judge Secrets and Services."""

import kubernetes_validate
import yaml
from report import KUBECTL, check, compare, failure, has, run

# From the oldest release that the package has a schema of its own for to the newest.
RELEASES = ("1.25", kubernetes_validate.latest_version().removesuffix(".0"))
# Resources that others define: Kubernetes' schemas do not know them.
FOREIGN = {"Milvus", "Issuer", "Certificate"}


def resources(renderings):
    """(where, resource) for everything that goes to the cluster; Helm's values do not."""
    for rendering in renderings:
        for name, documents in rendering.documents().items():
            if name != "values.yaml":
                yield from ((f"{rendering.name}: {name}", document) for document in documents)


def judge(renderings):
    schemas_accept(renderings)
    names_are_consistent(renderings)
    if has(KUBECTL, "THE DATA OF SECRETS"):
        kubectl_agrees(renderings)


def schemas_accept(renderings):
    problems, number, foreign = [], 0, 0
    for where, resource in resources(renderings):
        if resource["kind"] in FOREIGN:
            foreign += 1
            continue
        number += 1
        problems += schema_problems(where, resource)
    check(
        f"the strict schemas of Kubernetes {' and '.join(RELEASES)} accept all {number} Secrets and Services "
        f"({foreign} resources of other projects have no schema there, and are only parsed)",
        problems,
    )

    flawed = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "certs"}, "date": {}}
    try:
        kubernetes_validate.validate(flawed, RELEASES[1], strict=True)
        check("and would not accept a Secret with `date` for `data`", ["it was accepted"])
    except kubernetes_validate.ValidationError:
        check("and would not accept a Secret with `date` for `data`", [])


def schema_problems(where, resource):
    problems = []
    for release in RELEASES:
        try:
            kubernetes_validate.validate(resource, release, strict=True)
        except Exception as error:  # whatever it is, it was not accepted
            problems.append(f"{where}, {release}: {getattr(error, 'message', error)}")
    return problems


def names_are_consistent(renderings):
    """What one file calls something, the others call the same."""
    problems = []
    for rendering in renderings:
        if rendering.target == "secret":
            continue
        documents = rendering.documents()
        by_kind = {}
        for resource in (d for name, ds in documents.items() if name != "values.yaml" for d in ds):
            by_kind.setdefault(resource["kind"], []).append(resource)
        pod = documents["values.yaml"][0] if "values.yaml" in documents else by_kind["Milvus"][0]["spec"]["components"]
        mounted = [volume["secret"]["secretName"] for volume in pod["volumes"]]
        made = [secret["metadata"]["name"] for secret in by_kind["Secret"]]
        if rendering.target == "cert-manager":
            issuer = by_kind["Issuer"][0]
            problems += compare(f"{rendering.name}: the Issuer's Secret", made, [issuer["spec"]["ca"]["secretName"]])
            for certificate in by_kind["Certificate"]:
                reference = certificate["spec"]["issuerRef"]
                found = (reference["kind"], reference["name"])
                problems += compare(f"{rendering.name}: the issuer", ("Issuer", issuer["metadata"]["name"]), found)
            made = [by_kind["Certificate"][0]["spec"]["secretName"]]
        problems += compare(f"{rendering.name}: the Secret that is mounted", made, mounted)
        mount = [m["name"] for m in pod["volumeMounts"]]
        problems += compare(f"{rendering.name}: the volume", [v["name"] for v in pod["volumes"]], mount)
    check("volumes, Secrets, Issuers and Certificates call each other by their names", problems)


def kubectl_agrees(renderings):
    opaque, tls, ca = [], [], []
    for rendering in renderings:
        for name, documents in rendering.documents().items():
            if not name.endswith("secret.yaml"):
                continue
            (secret,) = documents
            where, certs = f"{rendering.name}: {name}", rendering.certificates
            if name == "ca-secret.yaml":
                ca += differences(where, secret, "tls", f"--cert={certs}/ca.pem", f"--key={certs}/ca.key")
            elif secret["type"] == "kubernetes.io/tls":
                options = [f"--cert={certs}/server.pem", f"--key={certs}/server.key"]
                tls += differences(where, secret, "tls", *options, besides={"ca.crt"})
                options = [f"--from-file={key}={certs}/{file}" for key, file in TLS_FILES.items()]
                tls += differences(where, secret, "generic", "--type=kubernetes.io/tls", *options)
            else:
                options = [f"--from-file={certs}/{file}" for file in TLS_FILES.values()]
                opaque += differences(where, secret, "generic", *options)
    check("kubectl create secret generic makes the same data of server.pem, server.key and ca.pem", opaque)
    check("kubectl create secret tls makes the same data and type as --type tls, which has ca.crt besides", tls)
    check("kubectl create secret tls makes the same of ca.pem and ca.key as the Secret for cert-manager", ca)


TLS_FILES = {"tls.crt": "server.pem", "tls.key": "server.key", "ca.crt": "ca.pem"}


def differences(where, secret, kind, *options, besides=()):
    done = run(KUBECTL, "create", "secret", kind, "certs", *options, "--dry-run=client", "-o", "yaml")
    if done.returncode:
        return [failure(f"{where}: kubectl", done)]
    expected = yaml.safe_load(done.stdout)
    data = {key: value for key, value in secret["data"].items() if key not in besides}
    return [
        *compare(f"{where}: data", expected["data"], data),
        *compare(f"{where}: type", expected.get("type", "Opaque"), secret["type"]),
        *[f"{where}: no {key}" for key in besides if key not in secret["data"]],
    ]
