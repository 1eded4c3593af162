"""Helm itself merges the user's values with those of `config helm`, and nothing of the user's is lost."""

import re
import shlex
from pathlib import Path

import yaml
from report import HELM, check, compare, failure, has, run

CHART = Path(__file__).resolve().parent / "chart"

# What people have: lists, texts and maps, in the styles of YAML, in one file and in two.
MINE = {
    "a user.yaml, a CA of the company and a label": [
        """
cluster: {enabled: false}
extraConfigFiles:
  user.yaml: |
    # ours
    common:
      security:
        authorizationEnabled: true
    log: {level: warn}
annotations: {team: search}
volumes:
  - name: corp-ca
    secret: {secretName: corp-ca, defaultMode: 0400}
volumeMounts:
  - {name: corp-ca, mountPath: /corp, readOnly: true}
"""
    ],
    "two files, the second with a list of its own": [
        "volumes: [{name: first, emptyDir: {}}]\nvolumeMounts: [{name: second, mountPath: /second}]\n",
        "volumes: [{name: second, emptyDir: {}}]\nannotations: {team: search}\n",
    ],
    "anchors, and a user.yaml on one line": [
        'extraConfigFiles: {user.yaml: "log: {level: warn}\\n"}\n'
        "x: &a {name: corp, mountPath: /corp}\nvolumeMounts: [*a]\nvolumes: [{name: corp, emptyDir: {}}]\n"
    ],
    "an Ingress": ["ingress: {enabled: true, annotations: {mine: yes}}\n"],
    "nothing": ["{}\n"],
}


def rendered(folder, files):
    """What Helm makes of the values files, by kind."""
    words = [word for file in files for word in ("-f", file)]
    done = run(HELM, "template", "my-release", CHART, *words, cwd=folder)
    if done.returncode:
        raise RuntimeError(failure(f"helm template {files}", done))
    return {document["kind"]: document for document in yaml.safe_load_all(done.stdout) if document}


def lost(what, before, after):
    """What is not in `after` as it is in `before`; of lists, no item may be missing."""
    if isinstance(before, dict):
        keys = (lost(f"{what}.{key}", value, (after or {}).get(key)) for key, value in before.items())
        return [problem for problems in keys for problem in problems]
    if isinstance(before, list):
        return [f"{what}: {item!r} is lost: {after!r}" for item in before if item not in (after or [])]
    return compare(what, before, after)


def parts(documents):
    """What can get lost, and what has to be there."""
    pod = documents["Deployment"]["spec"]["template"]
    return {
        "user.yaml": yaml.safe_load(documents["ConfigMap"]["data"]["user.yaml"]) or {},
        "annotations": pod["metadata"]["annotations"] or {},
        "volumes": pod["spec"]["volumes"] or [],
        "mounts": pod["spec"]["containers"][0]["volumeMounts"] or [],
        "component": pod["metadata"]["labels"]["component"],
    }


def judge(program):
    if not has(HELM, "HOW VALUES ARE MERGED"):
        return
    problems, unserved, misdirected, flags = [], [], [], []
    for number, (name, texts) in enumerate(MINE.items()):
        folder = Path(f"values-{number}")
        folder.mkdir()
        mine = [f"mine-{index}.yaml" for index, _ in enumerate(texts)]
        for file, text in zip(mine, texts):
            (folder / file).write_text(text)
        given = [word for file in mine for word in ("--values", folder / file)]
        done = run(program, "config", "helm", "-d", "certs-helm", *given, "--out", folder / "deploy")
        for turn in ("first", "renewed", "again"):
            problems += [] if done.returncode == 0 else [failure(f"{name}, {turn}", done)]
            before = parts(rendered(folder, mine))
            documents = rendered(folder, [*mine, "deploy/values.yaml"])
            after = parts(documents)
            problems += lost(f"{name}, {turn}", before, after)
            tls = after["user.yaml"].get("common", {}).get("security", {}).get("tlsMode")
            unserved += compare(f"{name}: tlsMode", 1, tls)
            unserved += compare(f"{name}: certs", 1, sum(v["name"] == "certs" for v in after["volumes"]))
            service = yaml.safe_load((folder / "deploy/rest-service.yaml").read_text())
            misdirected += compare(f"{name}: selector", after["component"], service["spec"]["selector"]["component"])
            if "Ingress" in documents:
                protocol = documents["Ingress"]["metadata"]["annotations"].get(
                    "nginx.ingress.kubernetes.io/backend-protocol"
                )
                misdirected += compare(f"{name}: backend-protocol", "GRPCS", protocol)
            run(program, "renew", "--quiet", "-d", "certs-helm", "server")
            done = run(program, "config", "refresh", "--out", folder / "deploy")
        comment = re.findall(r"^#   (helm upgrade (?:.*\\\n#     )*.*)$", (folder / "deploy/values.yaml").read_text(), re.M)
        command = comment[0].replace("\\\n#     ", "") if comment else ""
        # Helm reads the flags before it prints its help.
        words = [word for word in shlex.split(command)[1:] if not word.startswith("$(")]
        helped = run(HELM, *words, "--help")
        flags += [] if words and helped.returncode == 0 else [failure(f"{name}: {command}", helped)]
    run(program, "config", "helm", "-d", "certs-helm", "--out", "values-0/unaware")
    mine = ["mine-0.yaml"]
    unaware = parts(rendered(Path("values-0"), [*mine, "unaware/values.yaml"]))
    found = lost("unaware", parts(rendered(Path("values-0"), mine)), unaware)
    check(f"Helm loses nothing of {len(MINE)} values of users, also after renewals", problems)
    check("and would, were it not for --values", [] if len(found) >= 3 else [f"only this is lost: {found}"])
    check("and mounts the certificates and sets tlsMode", unserved)
    check("and the Service of REST and the Ingress lead to what Helm installs", misdirected)
    check("and takes the flags of the command in the comment", flags)
