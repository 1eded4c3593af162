"""What the operating system denies is an ordinary error, or is done without."""

import os
import resource
import subprocess
from pathlib import Path

from report import check

STRANGER = 4321


def prove(program: str) -> None:
    small_files(program)
    no_threads(program)
    closed_streams(program)
    no_cores(program)


def small_files(program: str) -> None:
    """A limit on the size of files ends a program by SIGXFSZ, unless it is prepared."""
    for name, arguments in (
        ("gen", ["gen", "-d", "certs-limit"]),
        ("renew", ["renew", "-d", "certs-limited"]),
        ("issue", ["issue", "client", "search", "-d", "certs-limited"]),
        ("rotate-ca begin", ["rotate-ca", "begin", "-d", "certs-limited"]),
        ("config --out", ["config", "compose", "-d", "certs-limited", "--out", "compose-limited"]),
    ):
        subprocess.run(
            [program, "gen", "--quiet", "-d", "certs-limited", "--key-type", "p256", "--if-missing"], check=True
        )
        before = files()
        ended = run(program, arguments, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500)))
        problems = expected(ended, 1, "File too large")
        # A serial number that was taken is not given out again.
        after = {path: content for path, content in files().items() if not path.endswith("ca.srl")}
        before = {path: content for path, content in before.items() if not path.endswith("ca.srl")}
        paths = after.keys() | before.keys()
        problems += [f"it left or changed {path}" for path in paths if after.get(path) != before.get(path)]
        check(f"with a limit on the size of files {name} fails, and leaves nothing behind", problems)


def no_threads(program: str) -> None:
    Path("certs-alone").mkdir()
    os.chown("certs-alone", STRANGER, STRANGER)
    fleet = "key-type: p256\nclients: [" + ", ".join(f"c{number}" for number in range(100)) + "]\n"
    Path("certs-alone/fleet.yaml").write_text(fleet)
    as_stranger = ["setpriv", f"--reuid={STRANGER}", f"--regid={STRANGER}", "--clear-groups", "prlimit", "--nproc=1"]
    problems = []
    for arguments, status in (
        (["gen", "--quiet", "-d", "certs-alone/rsa"], 0),
        (["renew", "--quiet", "-d", "certs-alone/rsa"], 0),
        (["issue", "--quiet", "-d", "certs-alone/rsa", "--from", "certs-alone/fleet.yaml"], 0),
        (["renew", "--quiet", "--all", "-d", "certs-alone/rsa"], 0),
        (["check", "-d", "certs-alone/rsa"], 0),
        (["probe", "localhost:1", "-d", "certs-alone/rsa"], 1),
    ):
        problems += expected(run(*as_stranger, program, arguments), status, "")
    check("where no thread can be started, one does the work", problems)


def closed_streams(program: str) -> None:
    problems = []
    for number, redirection in enumerate((">&-", "2>&-", ">&- 2>&- <&-")):
        line = f"'{program}' gen -d certs-closed-{number} --key-type p256 {redirection}"
        problems += expected(run("sh", "-c", [line]), 0, "")
    line = f"'{program}' inspect -d certs-closed-0 | true"
    problems += expected(run("sh", "-c", [line]), 0, "")
    check("closed streams, and readers that go away, are no errors", problems)


def no_cores(program: str) -> None:
    """Killed in the midst of making keys, by a signal that leaves a core."""
    Path("cores").mkdir()
    line = f"ulimit -c unlimited; '{program}' gen -d certs --key-type rsa4096 & sleep 0.2; kill -ABRT $!; wait $!"
    ended = run("bash", "-c", [line], cwd="cores")
    problems = expected(ended, 134, "")
    problems += [f"there is {path}" for path in Path("cores").iterdir() if path.name.startswith("core")]
    problems += ["it says that it dumped core"] if "core dumped" in ended.stderr else []
    check("a crash leaves no core", problems)


def run(*command: str | list[str], **options: object) -> subprocess.CompletedProcess[str]:
    words = [word for part in command for word in ([part] if isinstance(part, str) else part)]
    return subprocess.run(
        words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False, **options
    )


def expected(ended: subprocess.CompletedProcess[str], status: int, words: str) -> list[str]:
    if ended.returncode == status and words in ended.stderr and "panicked" not in ended.stderr:
        return []
    return [f"{' '.join(ended.args)}: status {ended.returncode}, {ended.stderr!r}"]


def files() -> dict[str, bytes]:
    found = {}
    for path in (*Path(".").glob("certs-limit*/**/*"), *Path(".").glob("compose-limited/**/*")):
        found[str(path)] = path.read_bytes() if path.is_file() else b""
    return found
