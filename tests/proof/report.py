"""How checks in Python report, as the harness counts it; and how they run commands."""

import os
import shutil
import subprocess
from pathlib import Path

# What `run` has installed.
TOOLS = Path(os.environ["TOOLS"])
KUBECTL = TOOLS / "kubectl/kubectl"
HELM = TOOLS / "kubectl/helm"


def check(sentence, problems):
    """It holds if nothing speaks against it; `problems` is a list of texts."""
    if not problems:
        print(f"ok   - {sentence}", flush=True)
        return
    print(f"FAIL - {sentence}" + (f": {len(problems)} problems" if len(problems) > 1 else ""))
    for problem in problems[:12]:
        for line in str(problem).rstrip().splitlines()[-12:]:
            print(f"    | {line[:400]}")
    print(end="", flush=True)


def skip(sentence):
    print(f"SKIP - {sentence}", flush=True)


def has(command, what):
    """Whether the command is here; if not, `what` cannot be judged, and that is said."""
    if shutil.which(command):
        return True
    skip(f"THERE IS NO {os.path.basename(command)} HERE, SO NOBODY JUDGED {what}")
    return False


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
