"""renew-milvus.sh, as cron and systemd run it."""

import re
import shutil
from pathlib import Path

import yaml
from report import check, compare, failure, has, run, skip
from scene import EXAMPLES, HERE, Scene, judge, session

SCRIPT = EXAMPLES / "renew-milvus.sh"


class Script(Scene):
    kind = "script"
    platform = "compose"
    shell = "sh"

    def start_milvus(self):
        """As the README of the example says: `config compose`, and a first run."""
        self.compose = self.folder / "compose"
        done = run(self.program, "config", "compose", "-d", self.certs, "--out", self.compose)
        if done.returncode:
            raise RuntimeError(failure("config compose", done))
        # The first run would renew what is due; this is what it leaves behind.
        both = self.server() + (self.certs / "ca.pem").read_text()
        (self.certs / "restarted-with.pem").write_text(both)

    def environment(self, **more):
        more.setdefault("MILVUS_CERTS_CA_PASSPHRASE_FILE", str(self.folder / "passphrase"))
        return super().environment(MILVUS_CERTS_DIR=str(self.certs), MILVUS_COMPOSE=str(self.compose), **more)

    def start(self, **more):
        return session([*self.shell.split(), SCRIPT], cwd="/", env=self.environment(**more))

    def restarts(self):
        return len(self.said("calls"))

    def has_been_delivered(self):
        names = ("server.pem", "server.key", "ca.pem")
        same = all((self.certs / n).read_bytes() == (self.compose / "tls" / n).read_bytes() for n in names)
        modes = [(self.compose / "tls" / n).stat().st_mode & 0o777 for n in names]
        return same and modes == [0o644, 0o600, 0o644]

    def renew_client(self):
        self.milvus_certs("renew", "client", "--ca-passphrase-file", self.folder / "passphrase")

    def break_renewal(self):
        (self.folder / "passphrase").write_text("wrong\n")


def behaves(program):
    shells = [shell for shell in ("sh", "bash --posix", "busybox sh") if shutil.which(shell.split()[0])]
    for shell in shells:
        made = type("Script", (Script,), {"shell": shell, "kind": f"script-{shell.replace(' ', '')}"})
        judge(lambda name, days, made=made: made(program, name, days), f"renew-milvus.sh in {shell}")

    scene = Script(program, "quiet")
    done = scene.start()
    check("cron has nothing to mail where nothing was to do", compare("output", ("", ""), (done.stdout, done.stderr)))
    (scene.certs / "restarted-with.pem").unlink()
    done = scene.start()
    problems = compare("restarts", 1, scene.restarts()) + compare("status", 0, done.returncode)
    problems += compare("restarts after the second", (0, 1), (scene.start().returncode, scene.restarts()))
    check("the first run of all restarts once", problems)
    expected = f"{scene.compose}: docker compose restart standalone"
    problems = compare("call", [expected], scene.said("calls"))
    check("it is the service standalone, in the folder of docker-compose.yaml", problems)
    served = yaml.safe_load((scene.compose / "docker-compose.override.yaml").read_text())["services"]
    check("which config compose has too", [] if "standalone" in served else [str(served)])

    scene = Script(program, "renewed", days=20)
    done = scene.start()
    check("it says what it renewed", [] if str(scene.certs) in done.stdout else [failure("silent", done)])
    found = run(program, "check", "-d", scene.certs)
    problems = [failure("check", found)] if found.returncode else []
    check("check takes no offence at what it leaves in the directory", problems)


def unit():
    """The settings of the service: the last value of each, Environment as a dictionary."""
    settings, environment = {}, {}
    for line in (EXAMPLES / "systemd/renew-milvus.service").read_text().splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            settings[key] = value
            if key == "Environment":
                environment.update([value.split("=", 1)])
    return settings, environment


READ_ONLY = """
set -e
mount --make-rprivate /
mount --bind "$WORK" "$WORK"
for path in $WRITABLE; do mount --bind "$path" "$path"; done
mount -o remount,ro,bind "$WORK"
if touch "$WORK/probe" 2>/dev/null; then echo "the mount is not read-only" >&2; exit 99; fi
exec sh "$SCRIPT"
"""


def writes_only_where_the_unit_says(program):
    """With a mount that is as read-only as ProtectSystem=strict makes all, but for ReadWritePaths."""
    settings, environment = unit()
    folders = [environment["MILVUS_CERTS_DIR"], environment["MILVUS_COMPOSE"]]
    problems = compare("ReadWritePaths", folders, settings["ReadWritePaths"].split())
    check("the unit lets the script write to the two folders that it names to it", problems)
    if run("unshare", "--mount", "true").returncode:
        skip("NO MOUNTS CAN BE MADE HERE, SO NOTHING WAS RUN WITH THE PATHS OF THE UNIT ALONE")
        return

    def start(scene, writable):
        words = ["unshare", "--mount", "sh", "-c", READ_ONLY]
        stand_in = str(scene.stand_in)
        more = {"WORK": str(scene.folder), "WRITABLE": " ".join([*writable, stand_in]), "SCRIPT": str(SCRIPT)}
        return session(words, cwd="/", env=scene.environment(**more))

    scene = Script(program, "read-only", days=20)
    folders = [str(scene.certs), str(scene.compose)]
    done = start(scene, folders)
    problems = [] if done.returncode == 0 and scene.restarts() == 1 else [failure("read-only", done)]
    check("and it needs no others", problems)
    scene = Script(program, "too-read-only", days=20)
    done = start(scene, [str(scene.certs)])
    problems = [] if done.returncode not in (0, 99) and scene.restarts() == 0 else [failure("without the folder of Compose", done)]
    check("and both of them", problems)


def is_read_by_systemd():
    if not has("systemd-analyze", "THE UNITS"):
        return
    root = Path("root").resolve()
    system = root / "etc/systemd/system"
    shutil.copytree("/lib/systemd/system", root / "lib/systemd/system", symlinks=True)
    system.mkdir(parents=True)
    script = root / "usr/local/sbin/renew-milvus"
    script.parent.mkdir(parents=True)
    shutil.copy(SCRIPT, script)
    names = []
    for path in sorted((EXAMPLES / "systemd").iterdir()):
        shutil.copy(path, system)
        names.append(path.name)

    def verify():
        done = run("systemd-analyze", "verify", "--man=no", f"--root={root}", *names)
        return done, [line for line in done.stderr.splitlines() if "renew-milvus" in line]

    done, said = verify()
    problems = said or ([failure("verify", done)] if done.returncode else [])
    check(f"systemd-analyze verify is content with {' and '.join(names)}", problems)
    service = system / "renew-milvus.service"
    service.write_text(service.read_text().replace("ProtectHome=", "ProtectHouse="))
    found = any("ProtectHouse" in line for line in verify()[1])
    check("and would not be with any", [] if found else ["it found nothing"])

    source = EXAMPLES / "systemd/renew-milvus.service"
    done = run("systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", source)
    exposure = re.search(r"exposure level .*: ([0-9.]+)", done.stdout)
    what = f"systemd-analyze security says {exposure[1] if exposure else 'nothing'}, of 10 for no hardening"
    check(what, [failure("security", done)] if done.returncode else [])
    settings, _ = unit()
    problems = compare("ExecStart", "/usr/local/sbin/renew-milvus", settings["ExecStart"])
    timer = (EXAMPLES / "systemd/renew-milvus.timer").read_text()
    problems += [f"no {s}" for s in ("Persistent=true", "RandomizedDelaySec=", "OnCalendar=daily") if s not in timer]
    done = run("systemd-analyze", "calendar", "daily")
    problems += [failure("calendar", done)] if done.returncode else []
    check("the timer is for every day, and makes up for one that was missed", problems)


def is_read_by_cron():
    crontab = EXAMPLES / "cron/crontab"
    if has("crontab", "THE CRONTAB"):
        done = run("crontab", "-n", crontab)
        check("crontab -n takes the crontab", [failure("crontab", done)] if done.returncode else [])
        flawed = run("crontab", "-n", "-", input=crontab.read_text().replace("17 3", "77 3"))
        check("and would not take a minute 77", [] if flawed.returncode else ["it did"])
    lines = [line for line in crontab.read_text().splitlines() if line and not line.startswith("#")]
    variables = dict(line.split("=", 1) for line in lines if "=" in line)
    _, environment = unit()
    found = {name: variables.get(name) for name in environment}
    problems = compare("variables", environment, found)
    problems += compare("command", "/usr/local/sbin/renew-milvus", lines[-1].split()[-1])
    check("cron and systemd give the script the same folders", problems)


def is_read_by_shells():
    problems = [failure(s, d) for s in ("sh", "bash") if (d := run(s, "-n", SCRIPT)).returncode]
    problems += [] if SCRIPT.stat().st_mode & 0o111 == 0o111 else ["it is not executable"]
    check("sh -n reads the script", problems)
    if has("shellcheck", "THE SCRIPT"):
        done = run("shellcheck", "--shell=sh", SCRIPT)
        check("shellcheck finds nothing in it", [done.stdout] if done.returncode else [])


def judge_script(program):
    is_read_by_shells()
    is_read_by_systemd()
    is_read_by_cron()
    behaves(program)
    writes_only_where_the_unit_says(program)
