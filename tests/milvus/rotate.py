"""Replaces CAs as `rotate-ca` says, with a real Milvus and real clients at every stage.

Usage: rotate.py MILVUS_CERTS MILVUS CLIENT=COMMAND..., in an empty folder

See `rotate`, which prepares all this. MILVUS is the Python environment that `install` made for the server;
COMMAND answers requests as clients/Connect.java does, and is empty where the client could not be had. Go's
takes a request as its arguments.
"""

import json
import random
import re
import select
import shlex
import shutil
import signal
import ssl
import subprocess
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from measure import GRPC_PORT, PATIENCE_SECONDS, REST_PORT, Inconclusive, Server
from report import check, skip

HERE = Path(__file__).resolve().parent
COMMAND_SECONDS = 120
CLIENT_SECONDS = 30

WORKS = "works"
DISTRUSTS = "distrusts Milvus"
REFUSED = "is refused by Milvus"

# What clients say, each in the words of its TLS.
OUTCOMES = {
    DISTRUSTS: r"CERTIFICATE_VERIFY_FAILED|curl: \(60\)|x509: certificate signed by unknown authority|PKIX path",
    REFUSED: r"(?i)alert.bad.certificate|remote error: tls: bad certificate|fatal alert: bad_certificate",
}
# What Milvus says where it refuses a client.
UNKNOWN_AUTHORITY = "x509: certificate signed by unknown authority"

# ---- The program -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Program:
    """milvus-certs."""

    path: Path

    def run(self, *arguments: object) -> dict:
        """Its report in JSON."""
        command = [self.path, *map(str, arguments), "--json"]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=COMMAND_SECONDS)
        if ended.returncode != 0:
            raise RuntimeError(f"milvus-certs {shlex.join(map(str, arguments))}: {ended.stderr}")
        return json.loads(ended.stdout)

    def run_as_told(self, step: str) -> dict:
        """The command that a step names in backticks."""
        name, *arguments = shlex.split(re.search("`(.+)`", step).group(1))
        assert name == "milvus-certs", step
        return self.run(*arguments)


def openssl(*arguments: object) -> subprocess.CompletedProcess:
    command = ["openssl", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=COMMAND_SECONDS)


# ---- The clients -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Identity:
    """What a client has: a folder with ca.pem, and the name of its certificate and key there."""

    folder: Path
    name: str

    def files(self) -> list[str]:
        return [str(self.folder / name) for name in ("ca.pem", f"{self.name}.pem", f"{self.name}.key")]


class InTurn:
    """A client that answers one request after the other."""

    def __init__(self, command: str, port: int) -> None:
        self.port = port
        self.process = subprocess.Popen(shlex.split(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, identity: Identity) -> str:
        self.process.stdin.write("\t".join([str(self.port), "localhost", *identity.files()]) + "\n")
        self.process.stdin.flush()
        if not select.select([self.process.stdout], [], [], CLIENT_SECONDS)[0]:
            raise RuntimeError(f"{self.process.args[0]} hung for {CLIENT_SECONDS} s")
        return self.process.stdout.readline().strip() or "no word"


def with_go(program: str, identity: Identity) -> str:
    command = [program, str(GRPC_PORT), "localhost", *identity.files()]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=CLIENT_SECONDS)
    return (ended.stdout + ended.stderr).strip() or WORKS


def with_curl(identity: Identity) -> str:
    ca, certificate, key = identity.files()
    command = ["curl", "-q", "--silent", "--show-error", "--max-time", str(CLIENT_SECONDS)]
    command += ["--cacert", ca, "--cert", certificate, "--key", key]
    command.append(f"https://localhost:{REST_PORT}/v1/vector/collections")
    ended = subprocess.run(command, capture_output=True, text=True, timeout=CLIENT_SECONDS + 5)
    return WORKS if ended.stdout.startswith('{"code":200,') else f"{ended.stdout}{ended.stderr}"


def outcome(words: str) -> str:
    """What the words of a client mean, if they are about certificates."""
    if words == WORKS:
        return WORKS
    return next((outcome for outcome, known in OUTCOMES.items() if re.search(known, words)), "")


def connect(client, identity: Identity) -> tuple[str, str]:
    """A healthy Milvus can still say that its proxy is not ready yet."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        words = client(identity)
        found = outcome(words)
        if found or time.monotonic() > deadline:
            return found or "neither works nor is refused", words
        time.sleep(0.5)


class Clients:
    """All that there are, by name."""

    def __init__(self, commands: list[str]) -> None:
        self.all = {"curl": with_curl}
        for name, _, command in (each.partition("=") for each in commands):
            if not command or command.startswith(" "):
                skip(f"THERE IS NO {name.upper()} HERE, AND NOTHING WAS PROVED WITH IT")
            elif name == "Go":
                self.all[name] = lambda identity, program=command: with_go(program, identity)
            else:
                self.all[name] = InTurn(command, REST_PORT if name == "strict Python" else GRPC_PORT)

    def connect(self, identities: list[Identity]) -> list[dict[str, tuple[str, str]]]:
        """What each client gets and says with each identity. Every client is at it by itself."""

        def in_turn(client) -> list[tuple[str, str]]:
            return [connect(client, identity) for identity in identities]

        with ThreadPoolExecutor(len(self.all)) as pool:
            by_client = dict(zip(self.all, pool.map(in_turn, self.all.values())))
        return [{name: found[i] for name, found in by_client.items()} for i in range(len(identities))]


# ---- The place -------------------------------------------------------------------------------


class Place:
    """One Milvus in tlsMode 2, all clients, and the program."""

    def __init__(self, program: Path, work: Path, milvus: Path, clients: list[str]) -> None:
        self.program = Program(program)
        self.work = work
        laboratory = work / "server"
        laboratory.mkdir()
        self.server = Server(milvus, laboratory)
        self.clients = Clients(clients)

    def meet(self, words: str, folder: Path, expected: dict[str, tuple[str, list[Identity]]]) -> None:
        """Starts a Milvus with a folder's files. What is to become of the clients that meet it is by the
        words for them."""
        try:
            started = self.server.start(2, folder)
        except Inconclusive:
            started = self.server.start(2, folder)
        served = started.works and all(served_at(port) == folder_serves(folder) for port in (GRPC_PORT, REST_PORT))
        sentence = f"{words}: it starts, and presents server.pem at both ports"
        check(sentence, [] if served else [started.words])
        if not served:
            return
        identities = [identity for _, identities in expected.values() for identity in identities]
        found = iter(self.clients.connect(identities))
        for who, (wanted, theirs) in expected.items():
            problems = [
                f"{client} with {identity.name}.pem {got}: {said}"
                for identity in theirs
                for client, (got, said) in next(found).items()
                if not as_wanted(client, got, wanted)
            ]
            check(f"{words}: {who} {wanted}", problems)
        self._check_log(words, any(wanted == REFUSED for wanted, _ in expected.values()))
        self.server.stop()

    def _check_log(self, words: str, refuses: bool) -> None:
        """A refusal has its reason there, of both ports; where nobody is to be refused there is none."""
        log = self.server.log.read_text(encoding="utf-8", errors="replace")
        lines = [line for line in log.splitlines() if UNKNOWN_AUTHORITY in line]
        ports = {"gRPC": "ServerHandshake", "REST": "http: TLS handshake error"}
        found = [port for port, mark in ports.items() if any(mark in line for line in lines)]
        if refuses:
            sentence = f"both ports log `{UNKNOWN_AUTHORITY}`"
            check(f"{words}: {sentence}", [] if len(found) == 2 else [f"only {found} do", *lines])
        elif lines:
            check(f"{words}: nobody's certificate is of an unknown authority", lines)


STRICT = "strict Python"


def as_wanted(client: str, got: str, wanted: str) -> bool:
    """Where only the strict are to be refused, all others work."""
    if wanted == ONLY_THE_STRICT:
        return got == (DISTRUSTS if client == STRICT else WORKS)
    return got == wanted


ONLY_THE_STRICT = "works, but for a Python that is strict"


def served_at(port: int) -> str:
    return ssl.get_server_certificate(("localhost", port), timeout=10)


def folder_serves(folder: Path) -> str:
    return ssl.DER_cert_to_PEM_cert(ssl.PEM_cert_to_DER_cert((folder / "server.pem").read_text()))


# ---- A rotation ------------------------------------------------------------------------------

STAGES = [
    "before begin",
    "with the ca.pem of begin",
    "with the certificates of issue",
    "with the ca.pem of finish",
]

# Which CAs' certificate a party shows at each stage, and which it trusts.
SHOWS = ["old", "old", "new", "new"]
TRUSTS = [{"old"}, {"old", "new"}, {"old", "new"}, {"new"}]

# What the proof does by hand after each step; the program is to say so.
BY_HAND = {
    "begin": ["ca.pem", "Milvus", "every client", "restart", "each folder of issued"],
    "issue": ["server.key and server.pem", "restart", "clients", "new certificates"],
    "finish": ["ca.pem", "Milvus", "every client", "restart Milvus"],
}


def what_becomes(server: int, client: int) -> str:
    """A client judges the server first."""
    if SHOWS[server] not in TRUSTS[client]:
        return DISTRUSTS
    return WORKS if SHOWS[client] in TRUSTS[server] else REFUSED


class Parties:
    """The folders that Milvus and two clients have at each stage. One client takes what lies in issued, the
    other client.pem and ca.pem."""

    def __init__(self, certificates: Path, work: Path) -> None:
        self.certificates = certificates
        self.work = work
        self.stage = 0
        self.source = {"milvus": certificates, "client": certificates, "app": certificates / "issued" / "app"}
        for party, files in self._own().items():
            self.folder(party).mkdir()
            self._give(party, ["ca.pem", *files])

    def folder(self, party: str, stage: int | None = None) -> Path:
        return self.work / f"{party}-{self.stage if stage is None else stage}"

    def _own(self) -> dict[str, list[str]]:
        return {
            "milvus": ["server.pem", "server.key"],
            "client": ["client.pem", "client.key"],
            "app": ["app.pem", "app.key"],
        }

    def _give(self, party: str, files: list[str]) -> None:
        for name in files:
            shutil.copy(self.source[party] / name, self.folder(party))

    def _advance(self) -> None:
        for party in self.source:
            shutil.copytree(self.folder(party), self.work / f"{party}-{self.stage + 1}")
        self.stage += 1

    def take_cas(self) -> None:
        self._advance()
        for party in self.source:
            self._give(party, ["ca.pem"])

    def take_certificates(self) -> None:
        self._advance()
        for party, files in self._own().items():
            self._give(party, files)

    def identities(self, stage: int) -> list[Identity]:
        return [Identity(self.folder(party, stage), party) for party in ("client", "app")]


def rotation(place: Place, name: str, old: str, new: list[str]) -> None:
    """A whole one; then every stage of the server meets every stage of the clients."""
    words = f"{old} to {new[-1] if new else 'the same'}"
    work = place.work / name
    certificates = work / "certs"
    work.mkdir()
    place.program.run("gen", "-d", certificates, "--key-type", old)
    place.program.run("issue", "client", "app", "-d", certificates, "--key-type", old)
    parties = Parties(certificates, work)

    begun = place.program.run("rotate-ca", "begin", "-d", certificates, *new)
    says(place, words, "begin", begun["next_steps"][0])
    parties.take_cas()
    issued = place.program.run_as_told(begun["next_steps"][1])
    says(place, words, "issue", issued["next_steps"][0])
    parties.take_certificates()
    finished = place.program.run_as_told(issued["next_steps"][-1])
    says(place, words, "finish", finished["next_steps"][0])
    parties.take_cas()

    for server, server_stage in enumerate(STAGES):
        expected = {
            f"a client {stage}": (what_becomes(server, client), parties.identities(client))
            for client, stage in enumerate(STAGES)
        }
        place.meet(f"{words}, Milvus {server_stage}", parties.folder("milvus", server), expected)


def says(place: Place, words: str, step: str, said: str) -> None:
    missing = [f"`{each}` is not in: {said}" for each in BY_HAND[step] if each not in said]
    check(f"{words}: {step} says what this proof then does with the files", missing)


# ---- The same key ----------------------------------------------------------------------------


def same_key(place: Place) -> None:
    """The CA of gen.sh is signed anew."""
    work = place.work / "same-key"
    certificates = work / "certs"
    certificates.mkdir(parents=True)
    subprocess.run([HERE / "gen-sh"], cwd=certificates, capture_output=True, timeout=COMMAND_SECONDS, check=True)
    by_gen_sh = work / "by-gen-sh"
    shutil.copytree(certificates, by_gen_sh)
    # In tlsMode 2 its client.pem is refused, for another reason.
    place.program.run("renew", "-d", certificates)
    before = work / "before"
    shutil.copytree(certificates, before)
    place.program.run("rotate-ca", "begin", "--same-key", "-d", certificates)

    words = "gen.sh's CA, signed anew with the same key"
    changed = [name for name in ("server.pem", "client.pem", "ca.key") if differ(before / name, certificates / name)]
    check(f"{words}: only ca.pem is another one", changed)
    strictly_verified(place, words, certificates, before, by_gen_sh)

    folders = {"the old ca.pem": before, "the new ca.pem": certificates}
    for server_has, server in folders.items():
        expected = {
            "a client with the old ca.pem": (ONLY_THE_STRICT, [Identity(before, "client")]),
            "a client with the new ca.pem": (WORKS, [Identity(certificates, "client")]),
        }
        place.meet(f"{words}, Milvus with {server_has}", server, expected)


def differ(one: Path, other: Path) -> bool:
    return one.read_bytes() != other.read_bytes()


def strictly_verified(place: Place, words: str, certificates: Path, before: Path, by_gen_sh: Path) -> None:
    """What `openssl verify -x509_strict` makes of what was issued before."""
    problems, refused = [], []
    for folder in (by_gen_sh, before):
        for name in ("server.pem", "client.pem"):
            for flags in ([], ["-x509_strict"]):
                verified = openssl("verify", *flags, "-CAfile", certificates / "ca.pem", folder / name)
                problems += [verified.stderr] if verified.returncode else []
            strict = openssl("verify", "-x509_strict", "-CAfile", by_gen_sh / "ca.pem", folder / name)
            if "CA cert does not include key usage extension" not in strict.stderr:
                refused.append(f"{folder.name}/{name}: {strict.stdout}{strict.stderr}")
    check(f"{words}: OpenSSL refused strictly what it had issued, for the lack of keyUsage", refused)
    check(f"{words}: OpenSSL takes it now, strictly too, as gen.sh made it and after renew", problems)


# ---- An interrupted step ---------------------------------------------------------------------

APPS = [f"app-{number:03}" for number in range(300)]
OWN = ["server", "client"]
KILLS = 5
# About what 32 of them take, which are issued at a time.
BATCH_SECONDS = 0.3
ISSUER = re.compile(r"^issuer=.*CN ?= ?(localhost CA(?: 2)?)$", re.MULTILINE)


class Interrupted:
    """A directory with many clients in which steps are killed."""

    def __init__(self, place: Place, work: Path) -> None:
        self.place = place
        self.made = work / "made"
        self.begun = work / "begun"
        self.certificates = work / "certs"
        program = place.program
        program.run("gen", "-d", self.made, "--key-type", "p256")
        program.run("issue", "client", *APPS, "-d", self.made, "--key-type", "p256")
        shutil.copytree(self.made, self.begun)
        program.run("rotate-ca", "begin", "-d", self.begun)

    def start(self, step: str) -> subprocess.Popen:
        command = [self.place.program.path, "rotate-ca", step, "-d", self.certificates, "--quiet"]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL)

    def copy(self, template: Path) -> None:
        shutil.rmtree(self.certificates, ignore_errors=True)
        shutil.copytree(template, self.certificates)

    def entries(self) -> list[str]:
        return (self.certificates / "issued" / "index.jsonl").read_text().splitlines()

    def kill_issue(self, entries: int, seconds: float) -> bool:
        """When it has made so many entries, and a while after that. Whether it was still at it."""
        before = len(self.entries())
        return self._kill("issue", lambda: len(self.entries()) >= before + entries, seconds)

    def kill_begin(self, app: str) -> bool:
        """When it has given that client the new ca.pem. Whether it was still at it."""
        old = self.read(app, "ca.pem")
        return self._kill("begin", lambda: self.read(app, "ca.pem") != old, 0)

    def _kill(self, step: str, is_there, seconds: float) -> bool:
        running = self.start(step)
        deadline = time.monotonic() + COMMAND_SECONDS
        while running.poll() is None and not is_there() and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(seconds)
        running.kill()
        return running.wait(COMMAND_SECONDS) == -signal.SIGKILL

    def pairs(self) -> list[tuple[Path, Path]]:
        folders = [(self.certificates, name) for name in OWN]
        folders += [(self.certificates / "issued" / name, name) for name in APPS]
        return [(folder / f"{name}.pem", folder / f"{name}.key") for folder, name in folders]

    def issuers(self) -> dict[Path, str]:
        """Who has issued what, by OpenSSL's word for it."""
        bundle = self.certificates.parent / "all.pem"
        certificates = [certificate for certificate, _ in self.pairs()]
        bundle.write_text("".join(path.read_text() for path in certificates))
        packed = self.certificates.parent / "all.p7b"
        openssl("crl2pkcs7", "-nocrl", "-certfile", bundle, "-out", packed)
        issuers = ISSUER.findall(openssl("pkcs7", "-print_certs", "-noout", "-in", packed).stdout)
        assert len(issuers) == len(certificates), f"OpenSSL sees {len(issuers)} of {len(certificates)}"
        return dict(zip(certificates, issuers))

    def mismatched(self) -> list[str]:
        """Certificates whose key is another one's."""
        found = []
        for certificate, key in self.pairs():
            try:
                ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certificate, key)
            except (ssl.SSLError, OSError) as error:
                found.append(f"{certificate.name}: {error}")
        return found

    def untrue(self) -> list[str]:
        """What `status` says that is not so."""
        try:
            status = self.place.program.run("rotate-ca", "status", "-d", self.certificates)
        except RuntimeError as error:
            is_so = "an earlier run was interrupted" in str(error) and self.left(self.certificates)
            return [] if is_so else [str(error)]
        issuers = list(self.issuers().values())
        said = {each["common_name"]: each["issued"] for each in status["authorities"]}
        true = {name: issuers.count(name) for name in ("localhost CA", "localhost CA 2")}
        # A run that was killed before it staged anything, or after it cleared all away, has nothing to go on with.
        journals = [Path(path) for path in self.left(self.certificates / "issued")]
        interrupted = any(path.is_dir() and any(path.iterdir()) for path in journals)
        done = true["localhost CA"] == 0 and not interrupted
        state = "issued" if done else "issuing" if true["localhost CA 2"] else "begun"
        said |= {"state": status["state"], "behind": status["behind"]}
        true |= {"state": state, "behind": len(self.behind())}
        return [] if said == true else [f"it says {said}, and it is {true}"]

    def unfinished(self) -> list[str]:
        """What is not as it should be when all is done."""
        problems = [f"{name} has another ca.pem" for name in self.behind()]
        old = [str(path) for path, issuer in self.issuers().items() if issuer != "localhost CA 2"]
        left = self.left(self.certificates) + self.left(self.certificates / "issued")
        serials = [(each["issuer"], each["serial"]) for each in map(json.loads, self.entries())]
        problems += [] if len(set(serials)) == len(serials) else ["a serial number was given out twice"]
        new = self.certificates.parent / "new.pem"
        trusted = (self.certificates / "ca.pem").read_bytes()
        new.write_bytes(trusted[trusted.index(b"-----BEGIN", 1) :])
        verified = openssl("verify", "-CAfile", new, *(certificate for certificate, _ in self.pairs()))
        problems += verified.stderr.splitlines()
        return problems + [f"{path} is of the old CA" for path in old] + [f"{path} is left" for path in left]

    @staticmethod
    def left(folder: Path) -> list[str]:
        """What a run leaves only where it is killed."""
        return [str(path) for path in folder.glob(".milvus-certs-*")]

    def behind(self) -> list[str]:
        """Who has another ca.pem than the directory."""
        trusted = (self.certificates / "ca.pem").read_bytes()
        return [name for name in APPS if self.read(name, "ca.pem") != trusted]

    def read(self, name: str, file: str) -> bytes:
        return (self.certificates / "issued" / name / file).read_bytes()


def interrupted(place: Place) -> None:
    work = place.work / "interrupted"
    work.mkdir()
    it = Interrupted(place, work)
    seed = random.randrange(1 << 32)
    interrupted_begin(place, it, seed)
    interrupted_issue(place, it, seed, work)


def interrupted_begin(place: Place, it: Interrupted, seed: int) -> None:
    chance = random.Random(seed)
    untrue, behind, unfinished = [], [], []
    for _ in range(KILLS):
        it.copy(it.made)
        if it.kill_begin(chance.choice(APPS)):
            behind.append(len(it.behind()))
            untrue += it.untrue()
        place.program.run("rotate-ca", "begin", "-d", it.certificates)
        unfinished += it.untrue() + it.behind()
    at = ", ".join(map(str, behind))
    words = f"rotate-ca begin is killed while {at} of {len(APPS)} still have the old ca.pem (seed {seed})"
    check(f"{words}: status says how many", untrue if any(behind) else ["never between", *untrue])
    check("rotate-ca begin, killed: run again, it gives everyone the new ca.pem", unfinished)


def interrupted_issue(place: Place, it: Interrupted, seed: int, work: Path) -> None:
    chance = random.Random(seed)
    all_of_them = len(it.pairs())
    untrue, unfinished, left, both = [], [], [], None
    for number in range(KILLS):
        it.copy(it.begun)
        at = "not killed"
        # Each in its own part of the work; then again, in what is left.
        for entries in (int((number + chance.random()) / KILLS * all_of_them), chance.randrange(50)):
            if not it.kill_issue(entries, chance.random() * BATCH_SECONDS):
                continue
            issuers = list(it.issuers().values())
            left.append(issuers.count("localhost CA"))
            at = f"killed with {left[-1]} left"
            untrue += [f"{at}: {wrong}" for wrong in it.untrue()]
            both = both or of_both_kinds(it, work)
        place.program.run("rotate-ca", "issue", "-d", it.certificates)
        untrue += [f"{at}, and run again: {wrong}" for wrong in it.untrue()]
        unfinished += [f"{at}, and run again: {wrong}" for wrong in it.unfinished() + it.mismatched()]
    at = ", ".join(map(str, left))
    sentence = f"rotate-ca issue is killed with {at} of {all_of_them} left (seed {seed})"
    check(sentence, [] if both else ["never between"])
    words = "rotate-ca issue, killed"
    check(f"{words}: status says what OpenSSL says of the certificates", untrue)
    check(f"{words}: run again, it leaves nothing of the old CA and nothing undone", unfinished)
    if both is None:
        return
    clients = {"a client that has been issued again, and one that has not,": (WORKS, both["clients"])}
    place.meet(f"{words}, Milvus with the ca.pem of begin", both["begun"], clients)
    place.meet(f"{words}, Milvus with its new certificate", both["switched"], clients)


def of_both_kinds(it: Interrupted, work: Path) -> dict | None:
    """Copies of what a Milvus and one client of each kind have, if there are both kinds, each certificate
    with its key. Only in an instant of each batch that is not so."""
    by_issuer = {issuer: certificate for certificate, issuer in it.issuers().items() if certificate.stem in APPS}
    if len(by_issuer) < 2 or it.mismatched():
        return None
    switched = work / "switched"
    shutil.copytree(it.certificates, switched)
    folders = [switched / certificate.parent.relative_to(it.certificates) for certificate in by_issuer.values()]
    return {
        "begun": it.begun,
        "switched": switched,
        "clients": [Identity(folder, folder.name) for folder in folders],
    }


# ---- All of it -------------------------------------------------------------------------------


def main(program: Path, milvus: Path, clients: list[str]) -> None:
    place = Place(program, Path.cwd(), milvus, clients)
    all_of_it = {
        "rsa2048 to p256": lambda: rotation(place, "other-type", "rsa2048", ["--key-type", "p256"]),
        "p256 to the same": lambda: rotation(place, "same-type", "p256", []),
        "begin --same-key": lambda: same_key(place),
        "interrupted steps": lambda: interrupted(place),
    }
    for words, part in all_of_it.items():
        try:
            part()
        except Exception:  # the other parts are of interest none the less
            check(f"{words}: runs to its end", [traceback.format_exc()])
        finally:
            place.server.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
