"""Starts real Milvus servers with certificate directories, and connects to them with real clients.

Usage: measure.py MILVUS WORK GO_CLIENT [JAVA_CLIENT...]

MILVUS is the Python environment that `install` made for the server; this runs in pymilvus' own, in
namespaces of its own (network, mount, PID), and takes WORK for itself. JAVA_CLIENT is a command.
Reads jobs and writes results, each a line of JSON, until standard input ends.
"""

import ctypes
import json
import os
import re
import select
import signal
import shutil
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import grpc
from pymilvus import MilvusClient

GRPC_PORT = 19530
REST_PORT = 8080
HEALTH = "http://127.0.0.1:9091/healthz"
LEFT = Path("/tmp/milvus")
HERE = Path(__file__).resolve().parent

# It takes 2 to 3 seconds on an idle machine.
START_SECONDS = 60
# A client's own limit, and the one after which it is killed. A refusal takes far less.
CLIENT_SECONDS = 10
KILL_SECONDS = 15
# A measurement that fails is made again for this long, and once more with a new server.
PATIENCE_SECONDS = 30


class Inconclusive(Exception):
    """Neither worked nor refused: the measurement itself failed."""


@dataclass(frozen=True)
class Result:
    """Whether it worked, and what was said about it."""

    works: bool
    words: str = ""


# ---- The server ------------------------------------------------------------------------------


class Server:
    """At most one at a time, with empty storage each."""

    def __init__(self, milvus: Path, work: Path) -> None:
        self.program = milvus / "server" / "bin" / "milvus"
        self.work = work
        self.home = work / "home"
        self.log = work / "server.log"
        # The server's settings name this link, so that they are made only once per mode.
        self.certificates = work / "certificates"
        self.process: subprocess.Popen | None = None
        for mode in (1, 2):
            self._configure(milvus, mode)

    def _configure(self, milvus: Path, mode: int) -> None:
        """Also makes the folders that the settings name."""
        command = [milvus / "bin" / "python", HERE / "configure.py", self.home, str(mode), self.certificates]
        self.home.mkdir()
        subprocess.run(command, check=True)
        self.home.rename(self._new_home(mode))

    def _new_home(self, mode: int) -> Path:
        return self.work / f"new-home-{mode}"

    def start(self, mode: int, certificates: Path) -> Result:
        """Ends when the server serves, or has died of what it was given."""
        self.stop()
        shutil.copytree(self._new_home(mode), self.home)
        self.certificates.unlink(missing_ok=True)
        self.certificates.symlink_to(certificates)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [self.program, "run", "standalone"],
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=die_with_parent,
                env={
                    **os.environ,
                    "LD_LIBRARY_PATH": str(self.program.parent),
                    "DEPLOY_MODE": "STANDALONE",
                    "METRICS_PORT": "9091",
                    **self._variables(),
                },
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                return self._last_words()
            if healthy() and listening() >= {GRPC_PORT, REST_PORT}:
                return Result(True)
            time.sleep(0.05)
        raise Inconclusive(f"Milvus is neither ready nor dead after {START_SECONDS} s")

    def _variables(self) -> dict[str, str]:
        """What the directory's own user.yaml says, which is JSON. This version of Milvus does not read
        that file, and prefers variables to its milvus.yaml."""
        own = self.certificates / "user.yaml"
        if not own.exists():
            return {}
        mounted = self.certificates / "tls"
        folder = mounted if mounted.exists() else self.certificates
        settings = flattened(json.loads(own.read_text(encoding="utf-8")))
        # What it does not set is not set by the milvus.yaml of the laboratory either.
        unset = {"COMMON_SECURITY_TLSMODE": "0"}
        return unset | {name: value.replace("/milvus/tls", str(folder)) for name, value in settings}

    def _last_words(self) -> Result:
        """Only what it says about the certificates counts as a refusal of them."""
        text = self.log.read_text(encoding="utf-8", errors="replace")
        found = re.findall(r"(?:^panic: |\[error=\"?|error: )([^\n]*)", text, re.MULTILINE)
        about_them = [words for words in found if re.search(rf"tls:|x509:|{self.certificates}/|append ca", words)]
        if not about_them:
            raise Inconclusive(f"Milvus stops: {(found or text.splitlines() or ['no word'])[-1]}")
        return Result(False, about_them[-1])

    def said(self, offset: int) -> str:
        """The refused handshakes that it logged since its log had that length."""
        with self.log.open("rb") as log:
            log.seek(offset)
            text = log.read().decode(errors="replace")
        found = re.findall(r"(?:ServerHandshake\([^)]*\) failed: |TLS handshake error from [^ ]*: )([^\n]*)", text)
        return "; ".join(dict.fromkeys(re.sub(r'\\?"?\)?"?\]?$', "", words) for words in found if words != "EOF"))

    def stop(self) -> None:
        """By SIGKILL: after SIGTERM it can take minutes. It leaves a file in a folder that no setting moves."""
        if self.process:
            self.process.kill()
            self.process.wait()
            (LEFT / f"server_id_{self.process.pid}").unlink(missing_ok=True)
            self.process = None
        shutil.rmtree(self.home, ignore_errors=True)


def flattened(settings: dict, prefix: str = "") -> list[tuple[str, str]]:
    """Settings as variables: COMMON_SECURITY_TLSMODE for common.security.tlsMode."""
    flat = []
    for key, value in settings.items():
        name = f"{prefix}{key.upper()}"
        text = value if isinstance(value, str) else json.dumps(value)
        flat += flattened(value, f"{name}_") if isinstance(value, dict) else [(name, text)]
    return flat


def healthy() -> bool:
    try:
        with urllib.request.urlopen(HEALTH, timeout=5) as answer:
            return b"OK" in answer.read()
    except OSError:
        return False


def listening() -> set[int]:
    """The listening TCP ports, as proc(5) has them: state 0A, the port in hexadecimal digits."""
    ports = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text(encoding="ascii").splitlines()[1:]:
            _, address, _, state, *_ = line.split()
            if state == "0A":
                ports.add(int(address.rpartition(":")[2], 16))
    return ports


# ---- The clients -----------------------------------------------------------------------------


def file_names(mode: int, certificates: Path) -> list[str]:
    """ca.pem, and for mutual TLS what a client shows."""
    names = ["ca.pem"] if mode == 1 else ["ca.pem", "client.pem", "client.key"]
    return [str(certificates / name) for name in names]


def with_pymilvus(mode: int, certificates: Path, name: str) -> Result:
    """In a child, since gRPC keeps what it learned about a server for the life of a process. It
    writes its reasons to standard error, and pymilvus says them to nobody."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.dup2(writer, 1)
            os.dup2(writer, 2)
            use_pymilvus(mode, certificates, name)
        except BaseException as error:  # whatever it is, the parent must hear of it
            # Why there is no connection, pymilvus keeps to itself.
            cause = error.__cause__
            print(f"\n{cause.details() if isinstance(cause, grpc.RpcError) else repr(error)}", flush=True)
            os._exit(1)
        os._exit(0)
    os.close(writer)
    output = read_until_killed(reader, child)
    _, status = os.waitpid(child, 0)
    if status == 0:
        return Result(True)
    return Result(False, pymilvus_words(output))


def use_pymilvus(mode: int, certificates: Path, name: str) -> None:
    ca, *client = file_names(mode, certificates)
    # With server_pem_path in mutual TLS it would win, and the client's certificate would not be sent.
    files = (
        {"server_pem_path": ca}
        if mode == 1
        else {"ca_pem_path": ca, "client_pem_path": client[0], "client_key_path": client[1]}
    )
    client = MilvusClient(
        uri=f"https://localhost:{GRPC_PORT}", secure=True, server_name=name, timeout=CLIENT_SECONDS, **files
    )
    client.list_collections(timeout=CLIENT_SECONDS)


def read_until_killed(reader: int, child: int) -> str:
    output = b""
    deadline = time.monotonic() + KILL_SECONDS
    with os.fdopen(reader, "rb", buffering=0) as pipe:
        while select.select([pipe], [], [], max(0, deadline - time.monotonic()))[0]:
            block = pipe.read(65536)
            if not block:
                return output.decode(errors="replace")
            output += block
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    raise Inconclusive(f"pymilvus hung for {KILL_SECONDS} s")


def pymilvus_words(output: str) -> str:
    """The reason, if it is one that TLS or the files give. gRPC stops the whole process where a
    client's file is empty."""
    known = "TSI_[A-Z_]*.*|Hostname Verification Check failed|Failed to create security handshaker|Check failed: [^(]*"
    reason = re.search(rf"{known}|(File|IsADirectory|Permission)[A-Za-z]*Error.*|UnicodeDecodeError.*", output)
    if not reason:
        raise Inconclusive(f"pymilvus: {(output.split(chr(10)) or [''])[-2:]}")
    return reason.group()


def with_curl(mode: int, certificates: Path, name: str) -> Result:
    """The address is that of Milvus 2.3; 2.4 and later have POST /v2/vectordb/collections/list."""
    ca, *client = file_names(mode, certificates)
    files = ["--cacert", ca]
    if client:
        files += ["--cert", client[0], "--key", client[1]]
    host = f"[{name}]" if ":" in name else name
    command = ["curl", "-q", "--silent", "--show-error", "--max-time", str(CLIENT_SECONDS), *files]
    command += ["--connect-to", f"::127.0.0.1:{REST_PORT}", f"https://{host}:{REST_PORT}/v1/vector/collections"]
    ended = run(command)
    if ended.returncode == 0:
        if not ended.stdout.startswith('{"code":200,'):
            raise Inconclusive(f"curl was answered {ended.stdout}")
        return Result(True)
    if ended.returncode in (7, 28):
        raise Inconclusive(f"curl reached nobody: {ended.stderr}")
    return Result(False, ended.stderr.strip().splitlines()[0])


def with_go(program: str, mode: int, certificates: Path, name: str) -> Result:
    ended = run([program, str(GRPC_PORT), name, *file_names(mode, certificates)])
    if ended.returncode == 0:
        return Result(True)
    if ended.returncode != 3 or re.search("i/o timeout|connection refused", ended.stdout):
        raise Inconclusive(f"go: {ended.stdout} {ended.stderr}")
    return Result(False, ended.stdout.strip())


class Java:
    """One process for all connections: to start it takes longer than what it does."""

    def __init__(self, command: list[str]) -> None:
        self.command = command
        self.process: subprocess.Popen | None = None

    def __call__(self, mode: int, certificates: Path, name: str) -> Result:
        if not self.process:
            self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdin.write("\t".join([str(GRPC_PORT), name, *file_names(mode, certificates)]) + "\n")
        self.process.stdin.flush()
        if not select.select([self.process.stdout], [], [], KILL_SECONDS)[0]:
            self.process.kill()
            self.process = None
            raise Inconclusive(f"java hung for {KILL_SECONDS} s")
        answer = self.process.stdout.readline().strip()
        if not answer or re.search("SocketTimeoutException|ConnectException", answer):
            raise Inconclusive(f"java: {answer or 'no word'}")
        return Result(answer == "works", "" if answer == "works" else answer)


def run(command: list[str]) -> subprocess.CompletedProcess:
    try:
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=KILL_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise Inconclusive(f"{command[0]} hung for {KILL_SECONDS} s") from error


# ---- Jobs ------------------------------------------------------------------------------------


class Laboratory:
    """One server and all clients."""

    def __init__(self, milvus: Path, work: Path, go: str, java: list[str]) -> None:
        self.server = Server(milvus, work)
        self.clients = {
            "pymilvus": with_pymilvus,
            "curl": with_curl,
            "go": lambda *what: with_go(go, *what),
        }
        if java:
            self.clients["java"] = Java(java)

    def measure(self, job: dict) -> dict:
        """The job has a `mode`, the `server`'s directory, and `clients`, each with a directory and
        the names to ask for. Answers in their order what became of each client, by its name."""
        try:
            return self._measure(job)
        except Inconclusive:
            pass
        try:
            return self._measure(job)
        except Inconclusive as error:
            return {"inconclusive": str(error)}

    def _measure(self, job: dict) -> dict:
        mode = job["mode"]
        try:
            started = self._tried(self.server.start, mode, Path(job["server"]))
            if not started.works:
                # A dead server serves nobody.
                words = f"Milvus stops: {started.words}"
                return {"clients": [{name: [False, words] for name in self.clients} for _ in job["clients"]]}
            return {"clients": [self._all_connect(mode, Path(c["directory"]), c["names"]) for c in job["clients"]]}
        finally:
            self.server.stop()

    def _all_connect(self, mode: int, certificates: Path, names: list[str]) -> dict:
        return {client: self._connect(client, mode, certificates, names) for client in self.clients}

    def _connect(self, client: str, mode: int, certificates: Path, names: list[str]) -> list:
        """It works if it works by every name."""
        for name in names:
            offset = self.server.log.stat().st_size
            result = self._tried(self.clients[client], mode, certificates, name)
            if not result.works:
                said = self.server.said(offset)
                return [False, f"{result.words} (Milvus: {said})" if said else result.words]
        return [True, ""]

    @staticmethod
    def _tried(measurement, *what) -> Result:
        """A measurement that fails is made again; a refusal is not. A healthy Milvus can still say
        that its proxy is not ready yet."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return measurement(*what)
            except Inconclusive:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)


def die_with_parent() -> None:
    """PR_SET_PDEATHSIG is 1, prctl(2)."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def main(milvus: Path, work: Path, go: str, java: list[str]) -> None:
    die_with_parent()
    work.mkdir()
    laboratory = Laboratory(milvus, work, go, java)
    for line in sys.stdin:
        print(json.dumps(laboratory.measure(json.loads(line))), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4:])
