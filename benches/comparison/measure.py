"""Lets programs do the same work in turn, and takes time and memory of each."""

import os
import shlex
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .peers import PATH, Issued, Peer, Work

MEMORY_RUNS = 3
KEY_SIZES = {"rsa2048": "(2048 bit", "p256": "(256 bit"}
TIME = shutil.which("time")


class Failed(Exception):
    """A program did not do the whole work."""


@dataclass(frozen=True)
class Result:
    peer: Peer
    work: Work
    seconds: float
    # The most bytes that any of its processes had in memory; None where there is no `time`.
    memory: int | None


def version(peer: Peer) -> str | None:
    """What a peer says that it is; None if it is not installed."""
    with tempfile.TemporaryDirectory() as folder:
        said = subprocess.run(["/bin/sh", "-c", peer.version], env=environment(folder), capture_output=True, text=True)
    return said.stdout.strip() if said.returncode == 0 else None


def compared(
    works: list[tuple[Peer, Work]], key_type: str, prepared: Path, runs: int
) -> tuple[list[Result], list[str]]:
    """The results of those that do the whole work, the fastest first, and why others do not. The first
    has to: it is what the others are compared with.

    They take turns, so that whatever else the machine does slows down all of them. Each begins in a
    fresh folder with a copy of what was prepared.
    """
    able, unable = [], []
    for peer, work in works:
        try:
            try_out(peer, work, key_type, prepared)
            able.append((peer, work))
        except Failed as failure:
            unable.append(f"{peer.name} {failure}")
    if able[:1] != works[:1]:
        raise Failed(unable[0])
    seconds: dict[str, list[float]] = {peer.name: [] for peer, _ in able}
    for _ in range(runs):
        for peer, work in able:
            with fresh_folder(prepared) as folder:
                seconds[peer.name].append(time_of(*command(work), folder=folder))
                whole(peer, folder)
    results = [
        Result(peer, work, statistics.median(seconds[peer.name]), peak_memory(work, prepared)) for peer, work in able
    ]
    return sorted(results, key=lambda result: result.seconds), unable


def try_out(peer: Peer, work: Work, key_type: str, prepared: Path) -> None:
    """One run that warms up, whose result OpenSSL judges."""
    with fresh_folder(prepared) as folder:
        run(work, folder)
        whole(peer, folder)
        for issued in peer.issued:
            judge(issued, key_type, folder)


def run(work: Work, folder: str) -> None:
    """The work without a clock."""
    ended = subprocess.run(command(work), cwd=folder, env=environment(folder), capture_output=True, text=True)
    if ended.returncode != 0:
        raise Failed(f"ended with status {ended.returncode}: {ended.stderr.strip()}")


def judge(issued: Issued, key_type: str, folder: str) -> None:
    """The certificate is its CA's and its key's, and the key is as long as it should be."""
    said(folder, "openssl", "verify", "-CAfile", issued.ca, issued.certificate)
    if KEY_SIZES[key_type] not in said(folder, "openssl", "pkey", "-noout", "-text", "-in", issued.key):
        raise Failed(f"made {issued.key} of another length")
    certified = said(folder, "openssl", "x509", "-noout", "-pubkey", "-in", issued.certificate)
    if certified != said(folder, "openssl", "pkey", "-pubout", "-in", issued.key):
        raise Failed(f"made {issued.key} that does not belong to {issued.certificate}")


def said(folder: str, *command: str) -> str:
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if ended.returncode != 0:
        raise Failed(f"made what `{' '.join(command)}` refuses: {ended.stderr.strip()}")
    return ended.stdout


def whole(peer: Peer, folder: str) -> None:
    """Only whole work is compared."""
    missing = sorted(name for name in peer.files() if not Path(folder, name).is_file())
    if missing:
        raise Failed(f"made no {', '.join(missing)}")


def time_of(*command: str, folder: str) -> float:
    """The seconds that a command takes. posix_spawn, because starting a process in Python's usual way
    takes a fair part of the time that milvus-certs does."""
    nowhere = [(os.POSIX_SPAWN_OPEN, descriptor, os.devnull, os.O_WRONLY, 0) for descriptor in (1, 2)]
    variables = environment(folder)
    os.chdir(folder)
    start = time.perf_counter()
    _, status = os.waitpid(os.posix_spawn(command[0], command, variables, file_actions=nowhere), 0)
    seconds = time.perf_counter() - start
    if status != 0:
        raise Failed(f"{command} ended with status {os.waitstatus_to_exitcode(status)}")
    return seconds


def peak_memory(work: Work, prepared: Path) -> int | None:
    """The most memory in bytes that any process of the work had in any of three runs.

    The kernel counts it (ru_maxrss), also of those that a script starts and waits for. But it counts
    from the memory of the process that started the program, and Python's is several times what milvus-certs
    needs. So GNU time, which is as small as `true`, starts it.
    """
    if TIME is None:
        return None
    peak = 0
    for _ in range(MEMORY_RUNS):
        with fresh_folder(prepared) as folder, tempfile.NamedTemporaryFile("r") as report:
            time_of(TIME, "-f", "%M", "-o", report.name, *command(work), folder=folder)
            peak = max(peak, int(report.read()) * 1024)
    return peak


def command(work: Work) -> list[str]:
    """A single command as it is; what are several, as a script."""
    if len(work.lines) > 1:
        return ["/bin/sh", "-euc", "\n".join(work.lines)]
    name, *rest = shlex.split(work.lines[0])
    return [shutil.which(name, path=PATH) or name, *rest]


def environment(folder: str) -> dict[str, str]:
    """Nothing of the user's, so that no program finds a configuration, or leaves anything behind."""
    return {"PATH": PATH, "HOME": folder, "LC_ALL": "C"}


@contextmanager
def fresh_folder(prepared: Path) -> Iterator[str]:
    """A folder of its own on a disk that has nothing left to write: who waits for the disk would
    otherwise wait for the files of those before."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(prepared, folder, dirs_exist_ok=True)
        os.sync()
        yield folder
