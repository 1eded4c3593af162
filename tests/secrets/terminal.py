"""A passphrase is asked for at a terminal, and signals come in between."""

import os
import pty
import re
import select
import shlex
import signal
import subprocess
import termios
import time
from pathlib import Path

from report import check

DIRECTORY = "certs-terminal"
PASSPHRASE = b"correct horse battery staple"
PROMPT = b"Passphrase of ca.key: "
SECONDS = 20


def prove(program: str) -> None:
    Path("terminal-passphrase").write_bytes(PASSPHRASE + b"\n")
    made = ["gen", "--quiet", "-d", DIRECTORY, "--key-type", "p256", "--ca-passphrase-file", "terminal-passphrase"]
    subprocess.run([program, *made], check=True)
    typed(program)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"):
        ended_by(program, getattr(signal, name), name)
    interrupted_by_a_key(program)
    stopped(program)
    signals_after_the_question(program)


class Session:
    """`renew` at a terminal, and a shell that remains when it has ended."""

    def __init__(self, program: str, rest: str = "") -> None:
        self.screen, terminal = pty.openpty()
        self.said = b""
        inner = f"echo pid $$; exec {shlex.quote(program)} renew -d {DIRECTORY} {rest}"
        outer = f"trap : INT QUIT; sh -c {shlex.quote(inner)}; echo status $?; exec sleep 100"
        self.shell = subprocess.Popen(
            ["setsid", "--ctty", "sh", "-c", outer], stdin=terminal, stdout=terminal, stderr=terminal
        )
        os.close(terminal)
        self.hears(b"pid ")
        self.hears(b"\n")
        self.pid = int(re.search(rb"pid (\d+)", self.said)[1])

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_: object) -> None:
        self.shell.kill()
        self.shell.wait()
        os.close(self.screen)

    def hears(self, text: bytes, count: int = 1) -> bool:
        deadline = time.monotonic() + SECONDS
        while self.said.count(text) < count and time.monotonic() < deadline:
            if select.select([self.screen], [], [], 0.1)[0]:
                self.said += os.read(self.screen, 4096)
        return self.said.count(text) >= count

    def shows(self, wanted: bool) -> bool:
        """Whether the terminal comes to show, or not to show, what is typed."""
        deadline = time.monotonic() + SECONDS
        while True:
            is_shown = bool(termios.tcgetattr(self.screen)[3] & termios.ECHO)
            if is_shown == wanted or time.monotonic() > deadline:
                return is_shown == wanted
            time.sleep(0.02)

    def is_asked(self, count: int = 1) -> bool:
        return self.hears(PROMPT, count) and self.shows(False)

    def is_stopped(self) -> bool:
        deadline = time.monotonic() + SECONDS
        while "State:\tT" not in Path(f"/proc/{self.pid}/status").read_text():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def types(self, text: bytes) -> None:
        os.write(self.screen, text)


def judged(session: Session, steps: list[tuple[str, bool]]) -> list[str]:
    failed = [sentence for sentence, held in steps if not held]
    return failed and [*failed, f"it said {session.said!r}"]


def typed(program: str) -> None:
    with Session(program) as session:
        steps = [("it asks, and hides what is typed", session.is_asked())]
        session.types(PASSPHRASE + b"\n")
        steps.append(("it does its work", session.hears(b"status 0")))
        steps.append(("the terminal shows what is typed", session.shows(True)))
        steps.append(("the passphrase is not on the screen", PASSPHRASE not in session.said))
        check("a passphrase is typed, and not shown", judged(session, steps))


def ended_by(program: str, number: signal.Signals, name: str) -> None:
    with Session(program) as session:
        steps = [("it asks, and hides what is typed", session.is_asked())]
        os.kill(session.pid, number)
        steps.append(("it is ended by the signal", session.hears(b"status %d" % (128 + number))))
        steps.append(("the terminal shows what is typed", session.shows(True)))
        check(f"{name} at the question ends it, and the terminal shows what is typed", judged(session, steps))


def interrupted_by_a_key(program: str) -> None:
    with Session(program) as session:
        steps = [("it asks, and hides what is typed", session.is_asked())]
        session.types(b"half of it\x03")
        steps.append(("it is ended by the signal", session.hears(b"status 130")))
        steps.append(("the terminal shows what is typed", session.shows(True)))
        check("Ctrl-C at the question ends it, and the terminal shows what is typed", judged(session, steps))


def stopped(program: str) -> None:
    for name in ("SIGTSTP", "SIGSTOP"):
        with Session(program) as session:
            steps = [("it asks, and hides what is typed", session.is_asked())]
            os.kill(session.pid, getattr(signal, name))
            steps.append(("it is stopped", session.is_stopped()))
            if name == "SIGTSTP":
                steps.append(("a terminal that it left shows what is typed", session.shows(True)))
            # As a shell does for itself.
            modes = termios.tcgetattr(session.screen)
            modes[3] |= termios.ECHO
            termios.tcsetattr(session.screen, termios.TCSANOW, modes)
            os.kill(session.pid, signal.SIGCONT)
            steps.append(("it asks again, and hides what is typed", session.is_asked(2)))
            session.types(PASSPHRASE + b"\n")
            steps.append(("it does its work", session.hears(b"status 0")))
            steps.append(("the passphrase is not on the screen", PASSPHRASE not in session.said))
            steps.append(("it asks no more often", session.said.count(PROMPT) == 2))
            check(f"{name} at the question stops it, and it asks again when it goes on", judged(session, steps))


def signals_after_the_question(program: str) -> None:
    """Whether what follows can be interrupted as ever; it takes a second with such a key."""
    with Session(program, "--key-type rsa4096") as session:
        steps = [("it asks, and hides what is typed", session.is_asked())]
        session.types(PASSPHRASE + b"\n")
        steps.append(("the terminal shows what is typed", session.shows(True)))
        os.kill(session.pid, signal.SIGTERM)
        steps.append(("it is ended by the signal", session.hears(b"status 143")))
        check("after the question a signal has its effect at once", judged(session, steps))
