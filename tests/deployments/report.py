"""How checks are reported: one line each, and at the end their number."""

import os
import shutil
import subprocess
import sys

# The path of the kubectl that judges, where `run` has asked for one; it may be missing.
KUBECTL = os.environ.get("KUBECTL", "")

counts = {"passed": 0, "failed": 0, "skipped": 0}


def check(sentence, problems):
    """It holds if nothing speaks against it; `problems` is a list of texts."""
    if not problems:
        counts["passed"] += 1
        print(f"ok   - {sentence}", flush=True)
        return
    counts["failed"] += 1
    print(f"FAIL - {sentence}: {len(problems)} problems" if len(problems) > 1 else f"FAIL - {sentence}")
    for problem in problems[:6]:
        for line in str(problem).rstrip().splitlines()[-12:]:
            print(f"    | {line[:300]}")
    sys.stdout.flush()


def skip(sentence):
    counts["skipped"] += 1
    print(f"SKIP: {sentence}", flush=True)


def has(command, what):
    """Whether the command is here; if not, `what` cannot be judged, and that is said."""
    if shutil.which(command):
        return True
    skip(f"THERE IS NO {os.path.basename(command)} HERE, SO NOBODY JUDGED {what}")
    return False


def finish():
    print(", ".join(f"{number} {what}" for what, number in counts.items()))
    sys.exit(counts["failed"] > 0)


def run(*command, **options):
    """What a command did, its output as text; it gets no input unless `input` has some."""
    if "input" not in options:
        options["stdin"] = subprocess.DEVNULL
    return subprocess.run(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        timeout=120,
        check=False,
        **options,
    )


def failure(what, done):
    """A problem: a command that should have succeeded did not."""
    return f"{what}: exit status {done.returncode}\n{done.stdout[-600:]}{done.stderr[-1200:]}"


def compare(what, expected, found):
    """At most one problem."""
    return [] if found == expected else [f"{what}: expected {expected!r}\nfound {found!r}"]
