"""Walks one page, or plays one scene: types its lines in one shell, and says what came of it.

Usage, in namespaces of its own: walk.py NAME PATH_TO_MILVUS_CERTS
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from cluster import Cluster
from machine import HERE, Machine
from pages import commands, page
from report import HELM, KUBECTL, TOOLS, check, failure, run
from walks import SCENES, WALKS, WRONG

CHART = HERE.parent / "deployments/chart"

# A walk takes half a minute.
SECONDS = 300

# Stops at the first line that fails, as somebody would. A line that goes on in the background is given the time to say
# that it is ready.
SHELL = """
set -e -o pipefail
typed() {
    printf '%s\\n' "$1" >"$OUT/at"
    exec >"$OUT/$1" 2>&1
}
in_background() {
    until grep --quiet Forwarding "$1"; do
        kill -0 $!
        sleep 0.1
    done
}
"""


def script(lines):
    text = SHELL
    for number, line in enumerate(lines):
        text += f"typed {number}\n{line}\n"
        if line.endswith("&"):
            text += f'in_background "$OUT/{number}"\n'
    return text


def lines_of(walk, text):
    """What is typed; how many lines of the page are among it, and how many of it are not."""
    found = commands(text)
    stale = [pattern for pattern in walk.left_out if not any(re.match(pattern, line) for line in found)]
    stale += walk.after.keys() - found
    if stale:
        raise SystemExit(f"FAIL - {walk.page} has the lines that are said to be there: {stale}")
    typed = [line for line in found if not any(re.match(pattern, line) for pattern in walk.left_out)]
    lines = [each for line in typed for each in (line, *walk.after.get(line, []))]
    return [*walk.before, *lines, "milvus-is-ready", *walk.last], len(typed), len(found) - len(typed)


def environment(home, program):
    """What the shell finds: the stand-ins come first."""
    programs = home / "bin"
    programs.mkdir(parents=True)
    (programs / "milvus-certs").symlink_to(program)
    return {
        "PATH": f"{programs}:{HERE / 'stand-ins'}:/usr/local/sbin:/usr/bin:/bin:/usr/sbin:/sbin",
        "HOME": str(home), "LC_ALL": "C.UTF-8", "TOOLS": str(TOOLS), "WALK": str(HERE), "PYTHON": sys.executable,
        "PYMILVUS": os.environ["PYMILVUS"],
        # What ends soon would end as soon again, so that `--if-due` would leave it.
        "MILVUS_CERTS_RENEW_DAYS": "365",
    }


def charts(folder, api):
    """A repository with the chart."""
    folder.mkdir()
    for words in (["package", CHART, "--destination", folder], ["repo", "index", folder, "--url", f"{api}/charts"]):
        done = run(HELM, *words)
        if done.returncode:
            raise SystemExit(f"FAIL - Helm packs the chart: {done.stderr}")


def type_lines(name, lines, program, folder=None):
    """Which line failed and how, what was printed by each, and the machine."""
    place = Path(re.sub(r"\W+", "-", name)).resolve()
    home, out, folder = place / "home", place / "out", Path(folder or place / "folder")
    for each in (home, out, folder):
        each.mkdir(parents=True, exist_ok=True)
    variables = environment(home, program)
    machine = Machine(place / "containers", variables)
    cluster = Cluster(machine, place, place / "charts")
    charts(place / "charts", cluster.address)
    (place / "kubeconfig").write_text(cluster.kubeconfig())
    variables |= {"OUT": str(out), "API": cluster.address, "KUBECONFIG": str(place / "kubeconfig")}
    log = place / "log"
    with log.open("w") as errors:
        words, streams = ["bash", "-c", script(lines)], {"stdin": subprocess.DEVNULL, "stdout": errors, "stderr": errors}
        shell = subprocess.Popen(words, cwd=folder, env=variables, **streams)
    try:
        status = f"exit status {shell.wait(SECONDS)}"
    except subprocess.TimeoutExpired:
        shell.kill()
        status = f"no end after {SECONDS} s"
    printed = [path.read_text(errors="replace") for path in sorted(out.glob("[0-9]*"), key=lambda path: int(path.name))]
    failed, problem = None, ""
    if status != "exit status 0":
        failed = len(printed) - 1
        problem = f"{lines[failed]}\n{status}\n{printed[failed][-3000:]}{log.read_text(errors='replace')}"
    return failed, problem, printed, machine


def walk_page(name, walk, text, program):
    lines, typed, left_out = lines_of(walk, text)
    failed, problem, printed, machine = type_lines(name, lines, program, walk.folder)
    left = f", and {left_out} are left out" if left_out else ""
    check(f"{name}: {typed} lines work as they stand{left}", [problem] if problem else [])
    for line, said in zip(lines, printed):
        if line.startswith("milvus-certs connect") and ("| sh" in line or "python3" in line):
            listed = said.splitlines()[-1:] == ["[]"] or '"data":[]' in said
            check(f"{name}: `{line}` lists the collections", [] if listed else [said])
    if not problem:
        starts = [] if machine.starts() == walk.starts else [f"{machine.starts()} times"]
        check(f"{name}: Milvus is started {walk.starts} times, whenever the lines ask for it", starts)
    if walk.left_out.get("kubectl "):
        kubectl_takes(walk, text)


def kubectl_takes(walk, text):
    """Of what takes a real cluster, that kubectl knows the words: it reads all before it prints its help."""
    lines = [line for line in commands(text) if line.startswith("kubectl ")]
    done = {line: run(KUBECTL, *shlex.split(line)[1:], "--help") for line in lines}
    problems = [failure(line, each) for line, each in done.items() if each.returncode]
    check(f"{walk.page}: kubectl takes the words of {len(lines)} lines that are left out", problems)


def walk_wrongly(name, program):
    walk, (right, wrong, ending) = WALKS["examples/compose"], WRONG[name]
    text = page(walk.page)
    lines, *_ = lines_of(walk, text.replace(right, wrong, 1))
    failed, problem, *_ = type_lines(name, lines, program)
    as_expected = right in text and failed is not None and lines[failed].startswith(ending)
    check(f"a page with {name} does not work", [] if as_expected else [problem or "it works"])


def play(name, steps, program):
    """Each step has a sentence. After one that fails nothing is known of the rest."""
    failed, problem, _, _ = type_lines(name, [line for _, lines in steps for line in lines], program)
    end = 0
    for sentence, lines in steps:
        end += len(lines)
        if failed is not None and failed < end:
            return check(f"{name}: {sentence}", [problem])
        check(f"{name}: {sentence}", [])


def main(name, program):
    if name in SCENES:
        return play(name, SCENES[name], program)
    if name in WRONG:
        return walk_wrongly(name, program)
    walk = WALKS[name]
    walk_page(name, walk, page(walk.page), program)


main(sys.argv[1], sys.argv[2])
