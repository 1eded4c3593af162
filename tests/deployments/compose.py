"""docker-compose reads the override on top of a file of the shape of Milvus' own."""

import os
from pathlib import Path

import yaml
from report import check, compare, failure, has, run

STOCK = Path(__file__).resolve().parent / "docker-compose.yaml"
# The value of a variable that a `$` in a mount path must not be taken for.
ENVIRONMENT = {**os.environ, "x": "VARIABLE", "id": "VARIABLE", "HOME": os.environ["HOME"]}


def merged(folder, *, plain=False):
    """What docker-compose makes of the files in a folder: the result, or a text that says what is wrong."""
    (folder / "docker-compose.yaml").write_bytes(STOCK.read_bytes())
    files = [] if plain else ["-f", "docker-compose.yaml", "-f", "docker-compose.override.yaml"]
    done = run("docker-compose", *files, "config", cwd=folder, env=ENVIRONMENT)
    return yaml.safe_load(done.stdout) if done.returncode == 0 else failure(f"{folder}", done)


def published(service):
    """Container ports by host ports; every version of docker-compose writes them in its own way."""
    ports = {}
    for port in service["ports"]:
        if isinstance(port, dict):
            ports[int(port["published"])] = int(port["target"])
        else:
            host, container = port.rsplit(":", 1)
            ports[int(host)] = int(container.split("/")[0])
    return ports


def mounts(service):
    """(source, read-only) by target. `config` writes a `$` as it would read it: twice."""
    found = {}
    for volume in service["volumes"]:
        if isinstance(volume, str):
            source, target, *mode = volume.split(":")
            read_only = mode == ["ro"]
        else:
            source, target, read_only = volume["source"], volume["target"], volume.get("read_only", False)
        found[target.replace("$$", "$")] = (Path(source.replace("$$", "$")), read_only)
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
    if not has("docker-compose", "docker-compose.override.yaml"):
        return
    problems = []
    for rendering in renderings:
        problems += problems_of(rendering.folder, "/milvus/tls", merged(rendering.folder))
    check(
        "docker-compose config merges the override with the stock file: ports 19530, 9091 and 8080, three mounts, "
        "no ca.key",
        problems,
    )
    folder = renderings[0].folder
    check(
        "and docker-compose finds both files by itself",
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
