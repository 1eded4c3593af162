"""Which verifiers take which certificate directory: the answers of the clients themselves.

A verifier is its name, its kind and its command:

  client      gets PORT NAME CA_PEM [CLIENT_PEM CLIENT_KEY], and a server with the directory's server.pem
  lines       the same in lines, with tabs between
  curl        the same for curl, which has options of its own
  server      is a server like Milvus; gets SERVER_PEM SERVER_KEY [CA_PEM CLIENT_PEM CLIENT_KEY]

Each answers `works`, or why not. Where a directory is for mutual TLS, there is a client.pem.
"""

import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

SECONDS = 30
WORKS = "works"
MODES = ["one-way", "mutual"]


@dataclass(frozen=True)
class Verifier:
    name: str
    kind: str
    command: list


def measure(directories, names, server, verifiers, workers):
    """The answers by directory, mode and verifier. `names` is what clients ask for, by directory; `server` is the
    command of the server that they ask."""
    lines = {verifier.name: Lines(verifier.command) for verifier in verifiers if verifier.kind == "lines"}

    def ask(directory):
        modes = MODES if (directory / "client.pem").exists() else MODES[:1]
        name = names.get(directory.name, "localhost")
        return {mode: answers(directory, mode, name, server, verifiers, lines) for mode in modes}

    with ThreadPoolExecutor(workers) as threads:
        measured = dict(zip((directory.name for directory in directories), threads.map(ask, directories)))
    for each in lines.values():
        each.end()
    return measured


def answers(directory, mode, name, server, verifiers, lines):
    trust, *own = [directory / file for file in ("ca.pem", "client.pem", "client.key")]
    pair = [directory / file for file in ("server.pem", "server.key")]
    is_mutual = mode == "mutual"
    own = own if is_mutual else []
    with Server([*server, *pair, *([trust] if is_mutual else [])]) as serving:

        def ask(verifier):
            if verifier.kind == "server":
                return answer([*verifier.command, *pair, *([trust, *own] if is_mutual else [])])
            if serving.failure:
                return serving.failure
            request = [serving.port, name, trust, *own]
            if verifier.kind == "lines":
                return lines[verifier.name].answer(request)
            if verifier.kind == "curl":
                return curl(verifier.command, *request)
            return answer([*verifier.command, *request])

        return {verifier.name: ask(verifier) for verifier in verifiers}


class Server:
    """It prints its port, or why it does not serve, and ends with its standard input."""

    def __init__(self, command):
        self.process = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        said = self.process.stdout.readline().strip()
        self.port = int(said) if said.isdigit() else None
        self.failure = None if self.port else words(said)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


class Lines:
    """A program that takes longer to start than to answer; one request at a time."""

    def __init__(self, command):
        self.process = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.turn = ThreadPoolExecutor(1)

    def answer(self, request):
        return self.turn.submit(self._answer, request).result()

    def _answer(self, request):
        print("\t".join(map(str, request)), file=self.process.stdin, flush=True)
        return words(self.process.stdout.readline())

    def end(self):
        self.turn.shutdown()
        self.process.communicate()


def answer(command):
    ended = run(command)
    return words(ended.stdout or ended.stderr)


def curl(command, port, name, ca, *own):
    host = f"[{name}]" if ":" in name else name
    options = ["--cacert", ca, "--connect-to", f"::127.0.0.1:{port}", "--max-time", "10"]
    if own:
        options += ["--cert", own[0], "--key", own[1]]
    ended = run([*command, "-q", "--silent", "--show-error", *options, f"https://{host}:{port}/"])
    return WORKS if ended.returncode == 0 else words(ended.stderr)


def run(command):
    return subprocess.run(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=SECONDS,
        check=False,
    )


# Where the reason begins, and what follows it.
REASON = re.compile(
    r"CERTIFICATE_VERIFY_FAILED: |x509: |SSL certificate problem: |SSL_connect: |TSI_PROTOCOL_FAILURE\): "
    r"|SSLHandshakeException: |CertificateParsingException: |remote error: "
)


# What a client says, or sees, of a server that does not let it in.
BY_SERVER = re.compile(r"bad.certificate|Unwrap failed|getpeername|reset by peer|Broken pipe|EPIPE|ECONNRESET", re.IGNORECASE)


def words(said):
    """The reason, without what is different each time."""
    if BY_SERVER.search(said):
        return "refused by the server"
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    reason = REASON.split(lines[0])[-1] if lines else "no word"
    reason = re.sub(r"current time \S+ is (before|after) \S+", r"it is \1 that", reason)
    reason = re.sub(r"/\S+/|0x[0-9A-F]+|[0-9A-F]{8,}:|:\d{4,5}\b", "", reason)
    return reason[:120].strip()
