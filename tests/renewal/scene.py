"""A scene in which an example runs: a certificate directory, something that Milvus runs on, and what is seen of it."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

from report import KUBECTL, check, compare, failure, run

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parent.parent / "examples" / "renewal"
PASSPHRASE = "correct horse"


class Scene:
    """What all have in common; `start_milvus`, `start`, `restarts` and `has_been_delivered` are the examples' own."""

    kind = ""
    platform = ""

    def __init__(self, program, name, days=365):
        self.program = program
        self.folder = Path(f"{self.kind}-{name}").resolve()
        self.certs = self.folder / "certs"
        self.stand_in = self.folder / "stand-in"
        self.stand_in.mkdir(parents=True)
        passphrase = self.folder / "passphrase"
        passphrase.write_text(PASSPHRASE + "\n")
        options = ["--for", self.platform, "--key-type", "p256", "--days", days, "--ca-passphrase-file", passphrase]
        self.milvus_certs("gen", *options)
        self.start_milvus()

    def milvus_certs(self, *words):
        done = run(self.program, *words, "--dir", self.certs, "--quiet")
        if done.returncode:
            raise RuntimeError(failure(words, done))

    def environment(self, **more):
        """A renewed certificate lives for a year, so that it is not due again at once."""
        return {
            "PATH": f"{HERE / 'stand-ins'}:{os.environ['PATH']}",
            "HOME": os.environ["HOME"],
            "STAND_IN": str(self.stand_in),
            "MILVUS_CERTS": str(self.program),
            "KUBECTL": str(KUBECTL),
            "MILVUS_CERTS_DAYS": "365",
            **more,
        }

    def server(self):
        return (self.certs / "server.pem").read_text()

    def break_restarts(self):
        (self.stand_in / "fail").touch()

    def mend_restarts(self):
        (self.stand_in / "fail").unlink()

    def die(self, when):
        """A run that is killed, `after-renew` or `within-renew`."""
        (self.stand_in / f"die-{when}").touch()
        done = self.start()
        (self.stand_in / f"die-{when}").unlink()
        return done

    def said(self, name):
        path = self.stand_in / name
        return path.read_text().splitlines() if path.exists() else []


def session(command, **options):
    """What a command did that may kill its whole process group."""
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        timeout=120,
        check=False,
        start_new_session=True,
        **options,
    )


def after(scene, done, *, status, restarts, delivered=True):
    """What speaks against a run having ended so."""
    problems = []
    if (done.returncode == 0) != (status == 0):
        problems.append(failure(f"expected {'success' if status == 0 else 'a failure'}", done))
    problems += compare("restarts", restarts, scene.restarts())
    if delivered and not scene.has_been_delivered():
        problems.append("Milvus does not get what is in the directory")
    return problems


def judge(make, what):
    """The same for every example: `make(name, days)` makes a scene of it."""
    scene = make("not-due", 365)
    check(f"{what}: not due, no restart", after(scene, scene.start(), status=0, restarts=0))

    scene = make("due", 20)
    old = scene.server()
    problems = after(scene, scene.start(), status=0, restarts=1)
    problems += ["server.pem is the old one"] if scene.server() == old else []
    check(f"{what}: due, renewed, delivered, one restart", problems)
    check(f"{what}: and none by the next run", after(scene, scene.start(), status=0, restarts=1))
    scene.renew_client()
    check(f"{what}: nor for a new client.pem alone", after(scene, scene.start(), status=0, restarts=1))

    scene = make("failing", 20)
    old = scene.server()
    scene.break_renewal()
    done = scene.start()
    problems = after(scene, done, status=1, restarts=0)
    problems += [] if "error: " in done.stderr and "hint: " in done.stderr else [failure("it does not say why", done)]
    problems += ["server.pem is another one"] if scene.server() != old else []
    check(f"{what}: a renewal that fails ends with its status, says why, and restarts nothing", problems)

    scene = make("no-restart", 20)
    scene.break_restarts()
    problems = after(scene, scene.start(), status=1, restarts=0, delivered=False)
    problems += after(scene, scene.start(), status=1, restarts=0, delivered=False)
    check(f"{what}: a restart that fails is a failure, also when it is tried again", problems)
    renewed = scene.server()
    scene.mend_restarts()
    problems = after(scene, scene.start(), status=0, restarts=1)
    problems += ["it was renewed once more"] if scene.server() != renewed else []
    check(f"{what}: and is made up for by the next run, which renews nothing", problems)
    check(f"{what}: but once", after(scene, scene.start(), status=0, restarts=1))

    scene = make("killed", 20)
    old = scene.server()
    done = scene.die("after-renew")
    problems = compare("status", -signal.SIGKILL, done.returncode)
    problems += compare("restarts", 0, scene.restarts())
    problems += after(scene, scene.start(), status=0, restarts=1)
    problems += ["server.pem is the old one"] if scene.server() == old else []
    check(f"{what}: killed between renewal and restart, the next run restarts", problems)

    if not shutil.which("strace"):
        return
    scene = make("interrupted", 20)
    old = scene.server()
    done = scene.die("within-renew")
    killed = "killed by SIGKILL" in (scene.stand_in / "trace").read_text()
    problems = [] if killed and done.returncode else [failure("it was not killed", done)]
    problems += ["server.pem is another one"] if scene.server() != old else []
    problems += compare("restarts", 0, scene.restarts())
    problems += after(scene, scene.start(), status=0, restarts=1)
    problems += ["server.pem is the old one"] if scene.server() == old else []
    check(f"{what}: killed within the renewal, which the next run completes, that one restarts", problems)
