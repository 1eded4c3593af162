"""The CronJobs: what Kubernetes' schemas and kubectl say of the manifests, and their shell, run."""

import json
import re

import kubernetes_validate
import yaml
from api import Cluster
from report import KUBECTL, check, compare, failure, has, run
from scene import EXAMPLES, HERE, Scene, judge, session

FOLDER = EXAMPLES / "kubernetes"
# From the oldest release that the package has a schema of its own for to the newest.
RELEASES = ("1.25", kubernetes_validate.latest_version().removesuffix(".0"))
# What each restarts, and where in it the annotations of the pods are.
RESTARTED = {
    "helm": (("deployments", "my-release-milvus-standalone"), ("spec", "template", "metadata", "annotations")),
    "operator": (("milvuses", "my-release"), ("spec", "components", "podAnnotations")),
}


def documents(name):
    return {d["kind"]: d for d in yaml.safe_load_all((FOLDER / f"{name}.yaml").read_text())}


def pod(name):
    return documents(name)["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def at(document, keys):
    for key in keys:
        document = document[key]
    return document


def deployment(annotations):
    """What the chart makes of its values, as far as it matters here."""
    template = {"metadata": {"labels": {"app": "milvus"}, "annotations": annotations}, "spec": {"containers": []}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "my-release-milvus-standalone", "namespace": "default"},
        "spec": {"selector": {"matchLabels": {"app": "milvus"}}, "template": template},
    }


class ClusterScene(Scene):
    """A cluster in which Milvus was installed with what `config` printed."""

    target = ""

    @property
    def platform(self):
        return self.target

    def printed(self):
        """The Secret, and Milvus as it is installed with it."""
        done = run(self.program, "config", self.target, "-d", self.certs)
        if done.returncode:
            raise RuntimeError(failure("config", done))
        secret, *_, last = yaml.safe_load_all(done.stdout)
        return secret, deployment(last["annotations"]) if self.target == "helm" else last

    def start_milvus(self):
        secret, milvus = self.printed()
        secret["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(secret)}
        self.restarted, self.annotations = RESTARTED[self.target]
        held = {("secrets", "certs"): secret, self.restarted: milvus}
        self.cluster = Cluster(documents(self.target)["Role"], held)

    def restarts(self):
        return self.cluster.restarts

    def break_restarts(self):
        self.cluster.broken = True

    def mend_restarts(self):
        self.cluster.broken = False

    def has_been_delivered(self):
        secret, milvus = self.printed()
        held = self.cluster.resources
        same = at(held[self.restarted], self.annotations) == at(milvus, self.annotations)
        return same and held["secrets", "certs"]["data"] == secret["data"]

    def renew_client(self):
        self.milvus_certs("renew", "client", "--ca-passphrase-file", self.folder / "passphrase")

    def break_renewal(self):
        (self.folder / "passphrase").write_text("wrong\n")


class Job(ClusterScene):
    """The container's command, in folders of the scene instead of its volumes."""

    def start(self):
        # An emptyDir is new in each Pod, and a Secret's file is a symbolic link.
        tmp = self.folder / "tmp"
        run("rm", "-rf", tmp)
        tmp.mkdir()
        mounted = self.folder / "ca-passphrase"
        if not mounted.exists():
            mounted.mkdir()
            (mounted / "passphrase").symlink_to("../passphrase")
        (container,) = pod(self.target)["containers"]
        places = {"/data": self.folder, "/tmp": tmp, "/ca-passphrase": mounted}
        paths = re.compile(r"(?<![\w./])(/data|/tmp|/ca-passphrase)\b")

        def here(text):
            return paths.sub(lambda found: str(places[found[0]]), text)

        variables = {e["name"]: here(e["value"]) for e in container["env"]}
        # In the cluster it finds the API and its account by itself.
        variables["KUBECONFIG"] = str(self.folder / "kubeconfig")
        (self.folder / "kubeconfig").write_text(self.cluster.kubeconfig())
        command = [here(word) for word in container["command"]]
        return session(command, cwd=self.folder, env=self.environment(**variables))


def schemas_accept():
    problems, number = [], 0
    for path in sorted(FOLDER.glob("*.yaml")):
        for resource in yaml.safe_load_all(path.read_text()):
            number += 1
            for release in RELEASES:
                try:
                    kubernetes_validate.validate(resource, release, strict=True)
                except Exception as error:  # whatever it is, it was not accepted
                    problems.append(f"{path.name}, {resource['kind']}, {release}: {getattr(error, 'message', error)}")
    what = f"the strict schemas of Kubernetes {' and '.join(RELEASES)} accept all {number} resources"
    check(what, problems)
    flawed = documents("helm")["CronJob"]
    flawed["spec"]["concurrency"] = flawed["spec"].pop("concurrencyPolicy")
    try:
        kubernetes_validate.validate(flawed, RELEASES[1], strict=True)
        problems = ["it was accepted"]
    except kubernetes_validate.ValidationError:
        problems = []
    check("and would not accept `concurrency` for `concurrencyPolicy`", problems)


def they_fit_together():
    problems = []
    (namespace, claim, account) = yaml.safe_load_all((FOLDER / "authority.yaml").read_text())
    for name in RESTARTED:
        found = documents(name)
        role, binding, job = found["Role"], found["RoleBinding"], found["CronJob"]
        subject = {"kind": account["kind"], "name": account["metadata"]["name"], "namespace": namespace["metadata"]["name"]}
        problems += compare(f"{name}: who", [subject], binding["subjects"])
        problems += compare(f"{name}: the role", role["metadata"]["name"], binding["roleRef"]["name"])
        problems += compare(f"{name}: where", role["metadata"]["namespace"], binding["metadata"]["namespace"])
        problems += compare(f"{name}: the account", account["metadata"]["name"], pod(name)["serviceAccountName"])
        problems += compare(f"{name}: the job's namespace", namespace["metadata"]["name"], job["metadata"]["namespace"])
        claims = [v["persistentVolumeClaim"]["claimName"] for v in pod(name)["volumes"] if "persistentVolumeClaim" in v]
        problems += compare(f"{name}: the volume", [claim["metadata"]["name"]], claims)
        for rule in role["rules"]:
            narrow = len(rule["resourceNames"]) == len(rule["resources"]) == 1 and rule["verbs"] == ["get", "patch"]
            problems += [] if narrow else [f"{name}: {rule}"]
    check("accounts, roles, volumes and namespaces fit, and a role has one Secret and one thing to restart", problems)
    problems = compare("namespaces", ("default", "milvus-certs"), tuple(r["metadata"]["namespace"] for r in (role, job)))
    check("ca.key is in another namespace than Milvus", problems)
    commands = {tuple(pod(name)["containers"][0]["command"]) for name in RESTARTED}
    check("both run the same commands", [] if len(commands) == 1 else [str(commands)])
    (fill,) = yaml.safe_load_all((FOLDER / "fill.yaml").read_text())
    problems = compare("security", pod("helm")["securityContext"], fill["spec"]["securityContext"])
    problems += compare("image", pod("helm")["containers"][0]["image"], fill["spec"]["containers"][0]["image"])
    check("the Pod that fills the volume is the user that renews", problems)


def kubectl_reads():
    problems = []
    for path in sorted(FOLDER.glob("*.yaml")):
        done = run(KUBECTL, "label", "--local", "--dry-run=client", "-o", "name", "-f", path, "read=yes")
        wanted = len(list(yaml.safe_load_all(path.read_text())))
        if done.returncode or len(done.stdout.split()) != wanted:
            problems.append(failure(path.name, done))
    check("kubectl --dry-run=client reads every manifest", problems)


def is_read_by_others():
    schemas_accept()
    they_fit_together()
    files = sorted(FOLDER.glob("*.yaml")) + [EXAMPLES / "github-actions/renew.yml"]
    if has("yamllint", "THE STYLE OF YAML"):
        done = run("yamllint", "--strict", "--config-file", HERE.parent / "deployments/yamllint.yaml", *files)
        check(f"yamllint --strict is content with all {len(files)} files", [done.stdout] if done.returncode else [])
    if has("shellcheck", "THE SHELL OF THE CRONJOBS"):
        script = pod("helm")["containers"][0]["command"][2]
        done = run("shellcheck", "--shell=sh", "-", input=script)
        check("shellcheck finds nothing in the shell of the CronJobs", [done.stdout] if done.returncode else [])


def judge_cluster(program):
    is_read_by_others()
    if not has(KUBECTL, "THE CRONJOBS, WHICH COULD NOT BE RUN"):
        return
    kubectl_reads()
    for target in RESTARTED:
        made = type("Job", (Job,), {"target": target, "kind": f"job-{target}"})
        judge(lambda name, days, made=made: made(program, name, days), f"the CronJob for {target}")

    made = type("Job", (Job,), {"target": "helm", "kind": "job-other"})
    for verb in ("get", "patch"):
        scene = made(program, f"without-{verb}")
        scene.cluster.role["rules"][1]["verbs"].remove(verb)
        done = scene.start()
        problems = [] if done.returncode and "Forbidden" in done.stderr else [failure("Role", done)]
        check(f"the Role has nothing too much: without {verb} the job fails", problems)
    scene = made(program, "broken")
    (scene.certs / "ca.pem").write_bytes((scene.certs / "server.pem").read_bytes())
    done = scene.start()
    applied = [words for words in scene.said("arguments") if words.startswith("kubectl")]
    problems = ([] if done.returncode else [failure("renewal", done)]) + compare("kubectl", [], applied)
    check("a directory that renew and config refuse changes nothing in the cluster", problems)
