"""The machine on which a page is typed: its containers, and who starts them. What cannot be had here is stood in for, and
done as far as it can be."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import yaml
from report import TOOLS, run

HERE = Path(__file__).resolve().parent
(MILVUS,) = TOOLS.glob("milvus-*")
STOCK = HERE.parent / "deployments/docker-compose.yaml"
# It takes 3 seconds on a machine that does nothing else.
START_SECONDS = 120


class Container:
    """A Milvus. Its network stays as long as the object does; its files are new whenever it starts."""

    def __init__(self, folder):
        self.folder = folder
        self.log = folder / "log"
        self.starts = 0
        self.arguments = None
        self.process = None
        self.forwards = []
        self.ports = []
        # Whether somebody has waited until it was ready. A real one takes longer than here, so that whoever does not
        # wait must not reach it.
        self.awaited = False
        folder.mkdir(parents=True)
        holder = ["unshare", "--net", "sh", "-c", "ip link set lo up && echo up && exec sleep infinity"]
        self.network = subprocess.Popen(holder, stdout=subprocess.PIPE)
        self.network.stdout.readline()

    def start(self, fingerprint, user_yaml, mounts, user=0):
        """`mounts` are sources by targets. The fingerprint tells one container from another."""
        self.stop()
        self.starts += 1
        self.awaited = False
        self.arguments = (fingerprint, user_yaml, mounts, user)
        home, root = self.folder / "home", self.folder / "root"
        shutil.rmtree(home, ignore_errors=True)
        root.mkdir(exist_ok=True)
        overlay = HERE.parent / "milvus/overlay.py"
        subprocess.run([MILVUS / "bin/python", overlay, home, user_yaml], check=True, capture_output=True)
        subprocess.run(["chown", "-R", f"{user}:{user}", home], check=True)
        server = MILVUS / "server/bin"
        everything = [*mounts.items(), (server, server), (home, home)]
        places = [str(word) for target, source in everything for word in (source, target)]
        environment = ["env", "-C", home, f"LD_LIBRARY_PATH={server}", "DEPLOY_MODE=STANDALONE", "METRICS_PORT=9091"]
        words = [
            *("nsenter", f"--net=/proc/{self.network.pid}/ns/net"),
            *("unshare", "--mount", "--pid", "--fork"),
            *(HERE / "container", root, user, *places, "--"),
            *(*environment, server / "milvus", "run", "standalone"),
        ]
        with self.log.open("wb") as log:
            nothing = subprocess.DEVNULL
            self.process = subprocess.Popen([str(word) for word in words], stdin=nothing, stdout=log, stderr=log)

    def restart(self):
        self.start(*self.arguments)

    def is_made_of(self, fingerprint):
        return self.arguments is not None and self.arguments[0] == fingerprint

    def stop(self):
        """SIGKILL, because after SIGTERM the server can take minutes. It is for the first process of the namespace, for
        which `unshare` waits."""
        if self.is_up():
            pid = self.process.pid
            for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
                os.kill(int(child), signal.SIGKILL)
            self.process.wait()

    def is_up(self):
        return self.process is not None and self.process.poll() is None

    def curl(self, *words):
        network = f"--net=/proc/{self.network.pid}/ns/net"
        words = ["nsenter", network, "curl", "-q", "--silent", "--max-time", "5", *words]
        return subprocess.run(words, capture_output=True, text=True, check=False).stdout

    def is_ready(self):
        """It can be healthy a moment before it answers."""
        healthy = self.is_up() and "OK" in self.curl("http://127.0.0.1:9091/healthz")
        # Without TLS, REST has no port of its own.
        urls = [f"{place}/v1/vector/collections" for place in ("https://127.0.0.1:8080", "http://127.0.0.1:19530")]
        self.awaited = healthy and any('"data"' in self.curl("--insecure", url) for url in urls)
        return self.awaited

    def becomes_ready(self):
        end = time.monotonic() + START_SECONDS
        while self.is_up() and time.monotonic() < end:
            if self.is_ready():
                return True
            time.sleep(0.1)
        return False

    def publish(self):
        if not self.forwards:
            self.forward(self.ports)

    def forward(self, pairs):
        if not self.awaited:
            raise Refused("nobody has waited until Milvus was ready")
        words = [sys.executable, HERE / "forward.py", self.network.pid, *(f"{port}:{target}" for port, target in pairs)]
        process = subprocess.Popen([str(word) for word in words], stdout=subprocess.PIPE)
        self.forwards.append(process)
        if not process.stdout.readline():
            raise Refused(f"nobody can listen at {pairs}")


class Refused(Exception):
    """What a stand-in does not do, or what was wrong with how it was called."""


def said(*words, cwd, env=None):
    """What a real program prints; if it fails, so does the stand-in."""
    done = run(*words, cwd=cwd, env=env)
    if done.returncode:
        raise Refused(f"{' '.join(map(str, words))}: {done.stderr or done.stdout}")
    return done.stdout


class Machine:
    """What its programs `wget`, `docker` and `systemctl` do."""

    def __init__(self, folder, environment):
        self.folder = folder
        self.environment = environment
        self.containers = {}

    def container(self, name):
        if name not in self.containers:
            self.containers[name] = Container(self.folder / name)
        return self.containers[name]

    def starts(self):
        return sum(container.starts for container in self.containers.values())

    def is_ready(self, _words, _cwd):
        """What a page does not wait for at its end, the walk does."""
        for container in self.containers.values():
            if not container.becomes_ready():
                raise Refused(f"Milvus does not get ready:\n{container.log.read_text(errors='replace')[-3000:]}")
        return ""

    # ---- wget ----------------------------------------------------------------------------------

    def wget(self, words, cwd):
        url, option, file = words
        release = "https://github.com/milvus-io/milvus/releases/download/v"
        if not url.startswith(release) or not url.endswith("/milvus-standalone-docker-compose.yml") or option != "-O":
            raise Refused(f"nothing here stands for {words}")
        (cwd / file).write_bytes(STOCK.read_bytes())
        return ""

    # ---- systemd -------------------------------------------------------------------------------

    def systemctl(self, words, _cwd):
        units = Path("/etc/systemd/system")
        match words:
            case ["daemon-reload"]:
                return ""
            case ["enable", "--now", name] if (units / name).exists():
                return ""
            case ["start", name] if (units / name).exists():
                settings = [line.split("=", 1) for line in (units / name).read_text().splitlines() if "=" in line]
                environment = dict(value.split("=", 1) for key, value in settings if key == "Environment")
                (command,) = [value for key, value in settings if key == "ExecStart"]
                return said(*command.split(), cwd="/", env={**self.environment, **environment})
        raise Refused(f"nothing here stands for systemctl {words}")

    # ---- Docker --------------------------------------------------------------------------------

    def docker(self, words, cwd):
        match words:
            case ["logs", name] if name in self.containers:
                return self.containers[name].log.read_text(errors="replace")
            case ["compose", *rest]:
                return self.compose(rest, cwd)
            case ["run", "-d", "--name", name, *rest]:
                self.run(self.container(name), rest)
                return ""
            case ["stop", name] if name in self.containers:
                self.containers[name].stop()
                return ""
            case ["start", name] if name in self.containers:
                self.containers[name].restart()
                return ""
            case ["ps"] | ["ps", "-a"]:
                return "".join(f"{name} {self.state(each)}\n" for name, each in self.containers.items())
        raise Refused(f"nothing here stands for docker {words}")

    def run(self, container, words):
        """Volumes and ports, then the image and its command."""
        options = []
        while words[0].startswith("-"):
            options.append(words[:2])
            words = words[2:]
        if not words[0].startswith("milvusdb/milvus:") or not {option for option, _ in options} <= {"-v", "-p"}:
            raise Refused(f"nothing here stands for docker run {options} {words}")
        mounts = dict(reversed(value.split(":")) for option, value in options if option == "-v")
        container.ports = [value.split(":") for option, value in options if option == "-p"]
        container.start("", mounts.get("/milvus/configs/user.yaml", "/dev/null"), mounts)

    def state(self, container):
        if container.is_up() and container.is_ready():
            container.publish()
            return "(healthy)"
        return "(starting)" if container.is_up() else "Exited"

    def compose(self, words, cwd):
        # What the package has in its bin folder forgets the exit status.
        (binary,) = TOOLS.glob("deployments/lib/python3*/site-packages/compose/docker-compose")
        place = next((index for index, word in enumerate(words) if word in ("up", "restart")), None)
        if place is None:
            raise Refused(f"nothing here stands for docker compose {words}")
        # It reads all words before it prints its help.
        said(binary, *words, "--help", cwd=cwd)
        which, command, options = words[:place], words[place], words[place + 1 :]
        model = yaml.safe_load(said(binary, *which, "config", "--format", "json", cwd=cwd))
        hashes = dict(line.split() for line in said(binary, *which, "config", "--hash", "*", cwd=cwd).splitlines())
        for name, service in model["services"].items():
            image, _, tag = service["image"].rpartition(":")
            if image != "milvusdb/milvus":
                continue
            container = self.container(service.get("container_name", name))
            if command == "restart":
                if name not in options or not container.starts:
                    raise Refused(f"{name} does not run, or it is not what is restarted: {options}")
                container.restart()
            elif "-d" not in options:
                raise Refused("a shell that waits for Milvus' end types nothing else")
            else:
                self.up(container, service, hashes[name], tag)
            if "--wait" in options:
                self.wait(container, service)
        return ""

    def up(self, container, service, fingerprint, tag):
        """Compose itself decides by the same hash whether a container is made anew."""
        if container.is_up() and container.is_made_of(fingerprint):
            return
        mounts = {volume["target"]: volume["source"] for volume in service["volumes"]}
        # From 3.0 on the image has a user of its own.
        user = service.get("user") or (999 if tag.startswith("v3.") else 0)
        container.start(fingerprint, mounts.get("/milvus/configs/user.yaml", "/dev/null"), mounts, user)

    def wait(self, container, service):
        if "healthcheck" not in service:
            raise Refused("there is no health check to wait for")
        self.is_ready([], None)
        container.ports = [(port["published"], port["target"]) for port in service["ports"]]
        container.publish()
