"""Compose reads the override on top of a file of the shape of Milvus' own, and beside what somebody has."""

import os
import re
import shlex
import sys
from pathlib import Path

import yaml
from report import check, compare, failure, run

STOCK = Path(__file__).resolve().parent / "docker-compose.yaml"
# The value of a variable that a `$` in a mount path must not be taken for.
ENVIRONMENT = {**os.environ, "x": "VARIABLE", "id": "VARIABLE", "HOME": os.environ["HOME"]}


def merged(folder, *, plain=False):
    """What Compose makes of the files in a folder: the result, or a text that says what is wrong."""
    (folder / "docker-compose.yaml").write_bytes(STOCK.read_bytes())
    return resolved(folder, *([] if plain else ["-f", "docker-compose.yaml", "-f", "docker-compose.override.yaml"]))


def resolved(folder, *files):
    # Compose v2, from the environment of this proof. What the package has in its bin folder forgets the exit status.
    (program,) = Path(sys.executable).parent.parent.glob("lib/python3*/site-packages/compose/docker-compose")
    done = run(program, *files, "config", cwd=folder, env=ENVIRONMENT)
    return yaml.safe_load(done.stdout) if done.returncode == 0 else failure(f"{folder}", done)


def published(service):
    """Container ports by host ports."""
    return {int(port["published"]): int(port["target"]) for port in service["ports"]}


def mounts(service):
    """(source, read-only) by target. `config` writes a `$` as it would read it: twice."""
    found = {}
    for volume in service["volumes"]:
        source, target = (volume[key].replace("$$", "$") for key in ("source", "target"))
        found[target] = (Path(source), volume.get("read_only", False))
    return found


def problems_of(folder, mount_path, result):
    if isinstance(result, str):
        return [result]
    service, here = result["services"]["standalone"], folder.resolve()
    expected = {
        "/var/lib/milvus": (here / "volumes/milvus", False),
        mount_path: (here / "tls", True),
        "/milvus/configs/user.yaml": (here / "user.yaml", True),
    }
    return [
        *compare(f"{folder}: mounts", expected, mounts(service)),
        *compare(f"{folder}: ports", {p: p for p in (19530, 9091, 8080)}, published(service)),
        *compare(f"{folder}: image", "milvusdb/milvus:v2.6.0", service["image"]),
        *compare(f"{folder}: services", {"etcd", "minio", "standalone"}, set(result["services"])),
        *([f"{folder}: ca.key is in it"] if "ca.key" in str(result) else []),
        *compare(f"{folder}/tls", ["ca.pem", "server.key", "server.pem"], sorted(os.listdir(folder / "tls"))),
    ]


def judge(program, renderings):
    problems = []
    for rendering in renderings:
        problems += problems_of(rendering.folder, "/milvus/tls", merged(rendering.folder))
    check(
        "Compose merges the override with the stock file: ports 19530, 9091 and 8080, three mounts, "
        "no ca.key",
        problems,
    )
    folder = renderings[0].folder
    check(
        "and finds both files by itself",
        compare("with and without -f", merged(folder), merged(folder, plain=True)),
    )

    folder = Path("rendered/compose-dollar")
    options = ["-d", "certs-compose", "--mount-path", "/milvus/t$x", "--rest-port", "18080", "--out", folder]
    done = run(program, "config", "compose", *options)
    result = merged(folder) if done.returncode == 0 else failure("config compose", done)
    if isinstance(result, str):
        check("a `$` in --mount-path survives Compose", [result])
        return
    service = result["services"]["standalone"]
    check(
        "a `$` in --mount-path survives Compose, which does not take it for a variable",
        [] if "/milvus/t$x" in mounts(service) else [f"mounts: {mounts(service)}"],
    )
    check(
        "--rest-port is the port that is published",
        compare("ports", {p: p for p in (19530, 9091, 18080)}, published(service)),
    )
    beside_an_override_of_somebodys(program)


def beside_an_override_of_somebodys(program):
    """The printed command, and the printed line for .env, give Compose all three files; without them it reads theirs."""
    for theirs in ("docker-compose.override.yml", "compose.override.yaml", "docker-compose.override.yaml"):
        folder = Path("rendered", f"compose-beside-{theirs}")
        folder.mkdir()
        (folder / "docker-compose.yaml").write_bytes(STOCK.read_bytes())
        (folder / theirs).write_text("services: {standalone: {environment: {MINE: kept}}}\n", encoding="utf-8")
        done = run(program, "config", "compose", "-d", "../../certs-compose", "--out", ".", cwd=folder)
        command = re.search(r"^next: docker compose (.*) up -d$", done.stdout, re.MULTILINE)
        line = re.search(r"the line (COMPOSE_FILE=\S+) in .env", done.stderr)
        if done.returncode or not command or not line:
            check(f"config compose beside {theirs}", [failure(theirs, done)])
            continue
        typed = resolved(folder, *shlex.split(command[1]))
        (folder / ".env").write_text(f"{line[1]}\n", encoding="utf-8")
        from_env = resolved(folder)
        # Its comment says how it is read, and that is otherwise now.
        run(program, "config", "refresh", cwd=folder)
        again = run(program, "config", "refresh", cwd=folder)
        problems = problems_of(folder, "/milvus/tls", typed) + compare("with .env", typed, from_env)
        if not problems:
            problems += compare("MINE", "kept", typed["services"]["standalone"]["environment"]["MINE"])
        problems += [] if "Nothing to do" in again.stdout else [failure("config refresh, with .env", again)]
        check(f"beside {theirs} Compose reads all three files, by the printed command and by COMPOSE_FILE", problems)
