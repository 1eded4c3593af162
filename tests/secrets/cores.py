"""Takes a core of the program when it ends, and searches it for the secrets that it had."""

import base64
import os
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from report import check

PASSPHRASE = "correct horse battery staple"
# What is left of a number may be a part of it: pieces of so many octets, one for each octet that a number
# can be aligned to.
PIECE, ALIGNMENT = 16, 8
# The same of base64.
TEXT_PIECE = 24
# By so many octets pieces are looked up.
HEAD = 8
PAGE = 4096


def prove(program: str) -> None:
    Path("passphrase").write_text(PASSPHRASE + "\n")
    Path("certs.yaml").write_text("clients: [" + ", ".join(f"c{number}" for number in range(20)) + "]\n")

    finds_what_is_there(program)
    for key_type in ("rsa2048", "p256", "p384"):
        every_command(program, key_type)
    with_a_passphrase(program)
    probed(program)


def finds_what_is_there(program: str) -> None:
    """Without this, a search that is broken would find nothing, and pass."""
    for key_type, kinds in (("rsa2048", {"base64", "p", "q", "d"}), ("p256", {"base64", "scalar"})):
        directory = f"control-{key_type}"
        core = taken(program, ["gen", "-d", directory, "--key-type", key_type], stop="renameat", times=2)
        found = {finding.split(" of ")[0] for finding in search(core, [directory])}
        missing = kinds - {kind for kind in kinds if any(kind in one for one in found)}
        check(f"a core from the midst of gen ({key_type}) holds the keys, and the search finds them", sorted(missing))


def every_command(program: str, key_type: str) -> None:
    d = f"certs-{key_type}"
    steps = [
        ["gen", "-d", d, "--key-type", key_type],
        ["renew", "-d", d],
        ["renew", "-d", d, "server", "--key-type", key_type, "--dry-run"],
        ["issue", "client", "search", "-d", d, "--key-type", key_type],
        ["issue", "-d", d, "--from", "certs.yaml"],
        ["renew", "--all", "-d", d],
        ["gen", "--force", "-d", d, "--ca-cert", f"{d}/ca.pem", "--ca-key", f"{d}/ca.key"],
        ["check", "-d", d],
        ["inspect", "-d", d],
        ["inspect", f"{d}/ca.key"],
        ["config", "helm", "-d", d],
        ["config", "compose", "-d", d, "--out", f"{d}-compose"],
        ["rotate-ca", "begin", "-d", d],
        ["rotate-ca", "issue", "-d", d],
        ["rotate-ca", "status", "-d", d],
        ["rotate-ca", "finish", "-d", d],
    ]
    for step in steps:
        leaves_nothing(program, step, [d, f"{d}-compose"])


def with_a_passphrase(program: str) -> None:
    d = "certs-encrypted"
    given = ["--ca-passphrase-file", "passphrase"]
    for step in (["gen", "-d", d, *given], ["renew", "-d", d, *given], ["inspect", f"{d}/ca.key"]):
        leaves_nothing(program, step, [d])
    leaves_nothing(program, ["renew", "-d", d], [d], typed=PASSPHRASE)


def probed(program: str) -> None:
    """A server that asks for a client certificate gets a signature with its key."""
    d = "certs-probe"
    subprocess.run([program, "gen", "--quiet", "-d", d, "--key-type", "p256"], check=True)
    server = subprocess.Popen(
        ["openssl", "s_server", "-accept", "0", "-cert", f"{d}/server.pem", "-key", f"{d}/server.key"]
        + ["-CAfile", f"{d}/ca.pem", "-Verify", "1", "-www"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        port = next(line.split(":")[-1].strip() for line in server.stdout if line.startswith("ACCEPT"))
        leaves_nothing(program, ["probe", f"localhost:{port}", "-d", d, "--timeout", "2s"], [d])
    finally:
        server.kill()


def leaves_nothing(program: str, arguments: list[str], directories: list[str], typed: str | None = None) -> None:
    before = [secret for directory in directories for secret in secrets(Path(directory))]
    core = taken(program, arguments, typed=typed)
    after = [secret for directory in directories for secret in secrets(Path(directory))]
    how = ", with the passphrase typed" if typed else ""
    check(f"{' '.join(arguments)}{how} leaves nothing in memory", found(core, before + after))


def taken(
    program: str, arguments: list[str], stop: str = "exit_group", times: int = 1, typed: str | None = None
) -> bytes:
    """The pages that are not empty of a core from when the program makes a system call, and its registers."""
    core = Path("core")
    core.unlink(missing_ok=True)
    commands = ["set pagination off", "set use-coredump-filter off", "set dump-excluded-mappings on"]
    commands += ["set debuginfod enabled off", f"catch syscall {stop}", "run"]
    commands += ["continue"] * (times - 1) + [f"gcore {core}", "kill"]
    gdb = ["gdb", "-q", "-nx", "-batch", *(word for command in commands for word in ("-ex", command))]
    said = in_terminal([*gdb, "--args", program, *arguments], typed)
    if not core.exists():
        raise SystemExit(f"gdb takes no core of {arguments}:\n{said}")
    content = core.read_bytes()
    core.unlink()
    pages = (content[start : start + PAGE] for start in range(0, len(content), PAGE))
    return b"".join(page for page in pages if page.strip(b"\0"))


def in_terminal(command: list[str], typed: str | None) -> str:
    """Runs a command, at a terminal where something is to be typed."""
    if typed is None:
        ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=120)
        return (ended.stdout + ended.stderr).decode(errors="replace")
    import pty

    child, terminal = pty.fork()
    if child == 0:
        os.execvp(command[0], command)
    said = b""
    answered = False
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            read = os.read(terminal, 4096)
        except OSError:
            break
        if not read:
            break
        said += read
        if not answered and b"Passphrase" in said:
            time.sleep(0.2)
            os.write(terminal, typed.encode() + b"\n")
            answered = True
    os.waitpid(child, 0)
    return said.decode(errors="replace")


Secret = tuple[str, list[bytes]]


def search(core: bytes, directories: list[str]) -> list[str]:
    return found(core, [secret for directory in directories for secret in secrets(Path(directory))])


def found(core: bytes, wanted: list[Secret]) -> list[str]:
    """Which secrets are in a core, in whole or in part."""
    heads = {piece[:HEAD] for _, pieces in wanted for piece in pieces}
    starts = [start for start in range(len(core) - HEAD) if core[start : start + HEAD] in heads]
    there = {core[start : start + length] for start in starts for length in (PIECE, TEXT_PIECE, len(PASSPHRASE))}
    findings = []
    for name, pieces in wanted:
        count = sum(piece in there for piece in pieces)
        if count:
            findings.append(f"{name}: {count} of {len(pieces)} pieces")
    return sorted(set(findings))


def secrets(directory: Path) -> list[Secret]:
    """What no core may hold, of all that lies in a directory."""
    keys = sorted([*directory.rglob("*.key"), *directory.rglob(".*/*.key")])
    public = "".join(path.read_text() for path in directory.rglob("*.pem"))
    wanted = [("passphrase", [PASSPHRASE.encode()])]
    for key in keys:
        text = key.read_text()
        lines = [line for line in text.splitlines() if not line.startswith("-----")]
        pieces = (line[start : start + TEXT_PIECE] for line in lines for start in range(0, len(line), TEXT_PIECE))
        pieces = [piece for piece in pieces if len(piece) == TEXT_PIECE and piece not in public]
        if "ENCRYPTED" not in text:
            wanted.append((f"base64 of {key}", [piece.encode() for piece in pieces]))
        for name, number in numbers(key, text):
            wanted.append((f"{name} of {key}", list(number_pieces(number))))
    return wanted


def number_pieces(number: bytes) -> Iterator[bytes]:
    """Of a number as files have it and, backwards, as arithmetic has it."""
    length = -(-len(number) // ALIGNMENT) * ALIGNMENT
    number = number.rjust(length, b"\0")
    for order in (number, number[::-1]):
        for start in range(0, length - PIECE + 1, ALIGNMENT):
            piece = order[start : start + PIECE]
            if len(set(piece)) > PIECE // 2:
                yield piece


def numbers(key: Path, text: str) -> Iterator[tuple[str, bytes]]:
    """The private numbers of a key, and what RSA's arithmetic derives from them."""
    if "ENCRYPTED" in text:
        der = subprocess.run(
            ["openssl", "pkcs8", "-topk8", "-nocrypt", "-in", key, "-passin", f"pass:{PASSPHRASE}", "-outform", "DER"],
            capture_output=True,
            check=True,
        ).stdout
    else:
        der = base64.b64decode(re.sub("-----.*-----", "", text))
    # OpenSSL 3 writes PKCS#8: version, algorithm, and in an OCTET STRING the key.
    fields = list(elements(next(elements(der))[1]))
    inner = list(elements(next(elements(fields[2][1]))[1]))
    if len(inner) < 9:
        yield "scalar", inner[1][1]
        return
    names = ("version", "n", "e", "d", "p", "q", "dP", "dQ", "qInv")
    values = {name: int.from_bytes(value, "big") for name, (_, value) in zip(names, inner, strict=False)}
    for name in names[3:]:
        yield name, octets(values[name])
    for name in ("p", "q"):
        prime = values[name]
        power = 1 << (prime.bit_length() + 63) // 64 * 64
        yield f"R mod {name}", octets(power % prime)
        yield f"R² mod {name}", octets(power * power % prime)


def octets(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def elements(der: bytes) -> Iterator[tuple[int, bytes]]:
    """The elements of DER that follow each other."""
    while der:
        tag, length, start = der[0], der[1], 2
        if length & 0x80:
            start += length & 0x7F
            length = int.from_bytes(der[2:start], "big")
        yield tag, der[start : start + length]
        der = der[start + length :]
