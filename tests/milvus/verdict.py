"""Compares what `milvus-certs check` says of directories with what happens to them.

Usage: verdict.py MILVUS_CERTS DIRECTORIES MILVUS GO_CLIENT [JAVA_CLIENT...], in an empty folder

See `verdict`, which prepares all this, and `measure.py`, which measures.
"""

import hashlib
import json
import os
import queue
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from report import check, compare, skip

HERE = Path(__file__).resolve().parent
# Where a directory has settings, and what they lead to.
CONFIGURED = ["user.yaml", "tls/server.pem", "tls/server.key", "tls/ca.pem"]

MODES = {1: "one-way", 2: "mutual"}

# Each in namespaces of its own: the servers listen on every address, write a PID file into /run and
# other files into /tmp/milvus.
ISOLATED = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c"]
ISOLATED += ['ip link set lo up && exec "$0" "$@"', HERE / "own-folders"]

# A server mostly waits while it starts.
LABORATORIES = min(3 * (os.cpu_count() or 1), 12)


@dataclass
class Exhibit:
    """A directory, what `check` says of it, and what happened to it."""

    path: Path
    arguments: list[str]
    # By mode and client; a verdict has whether it works, the codes of why not, and whether some versions fail.
    verdicts: dict = field(default_factory=dict)
    measured: dict = field(default_factory=dict)
    failure: str = ""

    @cached_property
    def names(self) -> list[str]:
        """What clients ask for: what `check` was told, or else what the certificate gives."""
        told = [self.arguments[i + 1] for i, word in enumerate(self.arguments) if word == "--server-name"]
        told += [word.partition("=")[2] for word in self.arguments if word.startswith("--server-name=")]
        return [name for names in told for name in names.split(",")] or [first_name(self.path / "server.pem")]

    def judge(self, program: Path) -> None:
        command = [program, "check", "-d", ".", "--format", "json", *self.arguments]
        ended = subprocess.run(command, cwd=self.path, capture_output=True, text=True, timeout=60)
        try:
            report = json.loads(ended.stdout)
            assert ended.returncode in (0, 3)
        except (ValueError, AssertionError):
            self.failure = f"check ends with {ended.returncode}: {ended.stdout[:200]}{ended.stderr[:200]}"
            return
        for verdict in report["verdicts"]:
            for outcome in verdict["clients"]:
                said = outcome["works"], outcome["because"], bool(outcome["not_with"])
                self.verdicts[verdict["tls_mode"], outcome["client"]] = said

    def modes(self) -> list[int]:
        return sorted({mode for mode, _ in self.verdicts})

    def deviations(self) -> list[str]:
        """Where verdict and measurement differ, in a person's words."""
        missing = [MODES[mode] for mode in self.modes() if (mode, "pymilvus") not in self.measured]
        found = [f"{mode}: not measured" for mode in missing]
        if not self.verdicts:
            found.append("check gives no verdict")
        for (mode, client), (works, words) in sorted(self.measured.items()):
            said, because, depends_on_version = self.verdicts[mode, client]
            # tests/verifiers measures each version.
            if said and not works and not depends_on_version:
                found.append(f"{MODES[mode]}: {client} should work, but: {words}")
            elif works and not said:
                found.append(f"{MODES[mode]}: {client} works, although {', '.join(because)}")
        return found

    def summary(self) -> str:
        """Who works in each mode."""
        parts = []
        for mode in self.modes():
            who = [client for (its, client), (works, _) in self.measured.items() if its == mode and works]
            parts.append(f"{MODES[mode]} {' '.join(who) or 'nobody'}")
        return "; ".join(parts)


def first_name(certificate: Path) -> str:
    """The first DNS name or address of a certificate; `localhost` where there is none. OpenSSL takes
    minutes for a gibibyte of zeros."""
    if certificate.is_file() and certificate.stat().st_size > 1 << 20:
        return "localhost"
    command = ["openssl", "x509", "-noout", "-ext", "subjectAltName", "-in", certificate]
    said = subprocess.run(command, capture_output=True, text=True, errors="replace").stdout
    name = re.search(r"(?:DNS|IP Address):([^,\s]+)", said)
    return name.group(1).replace("*", "any") if name else "localhost"


def fingerprint(certificates: Path, names: list[str]) -> str:
    """Equal where all these files are."""
    content = hashlib.sha256()
    for name in names:
        file = certificates / name
        if file.is_file():
            with file.open("rb") as opened:
                content.update(hashlib.file_digest(opened, "sha256").digest())
        else:
            content.update(f"{file.exists()}{file.is_dir()}".encode())
    return content.hexdigest()


def plan(exhibits: list[Exhibit]) -> list[dict]:
    """One job for each different server, with each different client of it once."""
    jobs: dict = {}
    for exhibit in exhibits:
        for mode in exhibit.modes():
            server_files = ["server.pem", "server.key"] + ["ca.pem"] * (mode == 2) + CONFIGURED
            client_files = ["ca.pem"] + ["client.pem", "client.key"] * (mode == 2)
            server = mode, fingerprint(exhibit.path, server_files)
            client = fingerprint(exhibit.path, client_files), *exhibit.names
            job = jobs.setdefault(server, {"mode": mode, "server": exhibit.path, "clients": {}})
            job["clients"].setdefault(client, []).append(exhibit)
    return list(jobs.values())


def work(jobs: queue.SimpleQueue, command: list) -> None:
    """Has one job after another measured, until there is none."""
    with subprocess.Popen([*ISOLATED, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as laboratory:
        while not jobs.empty():
            try:
                job = jobs.get_nowait()
            except queue.Empty:
                break
            groups = list(job["clients"].values())
            clients = [{"directory": str(group[0].path), "names": group[0].names} for group in groups]
            request = {"mode": job["mode"], "server": str(job["server"]), "clients": clients}
            try:
                print(json.dumps(request), file=laboratory.stdin, flush=True)
                answer = json.loads(laboratory.stdout.readline())
            except (BrokenPipeError, ValueError):
                # The others go on; what nobody measured fails.
                break
            note(job["mode"], groups, answer)


def note(mode: int, groups: list[list[Exhibit]], answer: dict) -> None:
    for i, group in enumerate(groups):
        for exhibit in group:
            if "inconclusive" in answer:
                exhibit.failure = f"{MODES[mode]}: not measured: {answer['inconclusive']}"
                continue
            for client, (works, words) in answer["clients"][i].items():
                exhibit.measured[mode, client] = works, words


def main(program: Path, directories: Path, milvus: Path, clients: list[str]) -> None:
    exhibits = [
        Exhibit(path, path.with_name(f"{path.name}.args").read_text(encoding="utf-8").splitlines())
        for path in sorted(directories.iterdir())
        if path.is_dir()
    ]
    with ThreadPoolExecutor(LABORATORIES) as threads:
        list(threads.map(lambda exhibit: exhibit.judge(program), exhibits))
    jobs: queue.SimpleQueue = queue.SimpleQueue()
    for job in plan(exhibits):
        jobs.put(job)
    laboratory = [sys.executable, HERE / "measure.py", milvus]
    workers = [
        threading.Thread(target=work, args=(jobs, [*laboratory, Path(f"laboratory-{i}").absolute(), *clients]))
        for i in range(LABORATORIES)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    report(exhibits)
    if len(clients) == 1:
        skip("WHAT JAVA DOES WAS NOT MEASURED: there is no JDK here")


def report(exhibits: list[Exhibit]) -> None:
    for exhibit in exhibits:
        problems = [exhibit.failure] if exhibit.failure else exhibit.deviations()
        check(f"{exhibit.path.name}: {exhibit.summary()}", problems)
    # Directories of which all work, or none, would prove little.
    outcomes = {works for exhibit in exhibits for works, _ in exhibit.measured.values()}
    check("something works among these directories, and something does not", compare("outcomes", {True, False}, outcomes))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]), sys.argv[4:])
