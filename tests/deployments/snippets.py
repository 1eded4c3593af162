"""The languages' own programs read the snippets of `connect`, and say which texts stand in them."""

import ast
import json
import re
import shlex
from pathlib import Path

import yaml
from kubernetes import schema_problems
from report import check, compare, failure, has, run, skip

HERE = Path(__file__).resolve().parent
CLIENTS = {
    "python": "python.py",
    "async-python": "async-python.py",
    "langchain": "langchain-milvus.py",
    "llamaindex": "llama-index.py",
    "requests": "rest.py",
    "curl": "curl.sh",
    "go": "main.go",
    "java": "ConnectMilvus.java",
    "node": "node.mjs",
    "rust": "main.rs",
    "cpp": "main.cpp",
    "milvus-cli": "milvus-cli.sh",
    "attu": "attu.sh",
    "attu 3": "attu-3.sh",
    "attu kubernetes": "attu.yaml",
    "backup": "backup.yaml",
    "backup v2": "backup-v2.yaml",
    "env compose": "env.compose.yaml",
    "sidecar nginx": "sidecar.nginx.conf",
    "sidecar haproxy": "sidecar.haproxy.cfg",
    "sidecar envoy": "sidecar.envoy.yaml",
    "app dify": "app.dify.yaml",
    "app open-webui": "app.open-webui.yaml",
    "app n8n": "app.n8n.yaml",
    "app flowise": "app.flowise.yaml",
    "app mem0": "app.mem0.py",
}
PYTHON = ("python", "async-python", "langchain", "llamaindex", "requests", "app mem0")
SHELL = ("curl", "milvus-cli", "attu", "attu 3")
YAML = [client for client, file in CLIENTS.items() if file.endswith(".yaml")]
# Those that can show no certificate of their own.
ONE_WAY = ("milvus-cli", "env compose", "app dify", "app open-webui", "app n8n", "app mem0")
# Those that can ask for no other name than the host's.
BY_HOST = ("milvus-cli", "env compose", "app open-webui", "app n8n", "app mem0")
VARIANTS = {
    "": [],
    "other-name": ["--server-name", "milvus-standalone", "--uri", "https://10.0.0.5:19530"],
    "address": ["--uri", "https://[::1]:19530"],
}


def fits(client, mode, options=()):
    return (mode == 1 or client not in ONE_WAY) and (client not in BY_HOST or "--server-name" not in options)


def write_snippet(program, client, folder, arguments):
    """The snippet's file, or a text that says what is wrong."""
    done = run(program, "connect", *client.split(), *arguments)
    if done.returncode:
        return failure(f"connect {client} {arguments}", done)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / CLIENTS[client]
    path.write_text(done.stdout, encoding="utf-8")
    return path


def judge(program):
    files, problems = {client: [] for client in CLIENTS}, []
    for mode in (1, 2):
        for variant, options in VARIANTS.items():
            folder = Path("snippets", f"{mode}-{variant}")
            for client in (client for client in CLIENTS if fits(client, mode, options)):
                arguments = ["-d", "certs-compose", "--tls-mode", mode, *options]
                path = write_snippet(program, client, folder, arguments)
                (problems if isinstance(path, str) else files[client]).append(path)
    check(f"connect prints {sum(map(len, files.values()))} snippets", problems)

    python = [path for client in PYTHON for path in files[client]]
    check(f"Python compiles {names_of(PYTHON)}", [p for path in python for p in python_problems(path)])
    for shell in ("sh", "bash"):
        each = [(path, run(shell, "-n", path)) for client in SHELL for path in files[client]]
        check(f"{shell} -n reads {names_of(SHELL)}", [failure(p, d) for p, d in each if d.returncode])
    judge_attu(files)
    for client, command in (("sidecar nginx", "nginx"), ("sidecar haproxy", "haproxy")):
        if has(command, CLIENTS[client]):
            each = [failure(path, done) for path, done in map(proxy_test, files[client]) if done.returncode]
            check(f"{command} takes {CLIENTS[client]}", each)
    if has("node", "node.mjs"):
        each = [(path, run("node", "--check", path)) for path in files["node"]]
        check("node --check reads node.mjs", [failure(path, done) for path, done in each if done.returncode])
    if has("gofmt", "main.go"):
        done = run("gofmt", "-l", "-e", *files["go"])
        check("gofmt has nothing to say about main.go", compare("gofmt -l -e", ("", ""), (done.stdout, done.stderr)))
    if has("javac", "ConnectMilvus.java"):
        found = java_arguments(files["java"])
        check("the Java compiler parses ConnectMilvus.java", [found] if isinstance(found, str) else [])
    skip("NOBODY COMPILED main.cpp AGAINST THE C++ SDK: no registry has it")


def names_of(clients):
    return ", ".join(CLIENTS[client] for client in clients)


def judge_attu(files):
    """Kubernetes' schemas, and the variables of attu.sh as the measure for those of attu.yaml."""
    problems, different = [], []
    for path, script in zip(files["attu kubernetes"], files["attu"]):
        documents = list(yaml.safe_load_all(path.read_bytes()))
        problems += [problem for document in documents for problem in schema_problems(path, document)]
        (container,) = documents[1]["spec"]["template"]["spec"]["containers"]
        found = {variable["name"]: variable["value"] for variable in container["env"]}
        words = re.findall(r"--env (\w+)=(\S+)", script.read_text(encoding="utf-8"))
        expected = {name: shlex.split(value)[0] for name, value in words}
        different += compare(path, expected, found)
    check("the strict schemas of Kubernetes accept the Service and the Deployment of attu.yaml", problems)
    check("and its variables are those that attu.sh gives docker", different)


def proxy_test(path):
    """The file, and what its proxy makes of it and of the files that it names."""
    if path.name == CLIENTS["sidecar nginx"]:
        return path, run("nginx", "-p", ".", "-e", "stderr", "-t", "-c", path.name, cwd=path.parent)
    link = re.search(r"^#   (ln -s .*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    if link:
        # In a shell that people type in: what cannot be shown is written in $'...'.
        run("bash", "-c", link[1])
    return path, run("haproxy", "-c", "-f", path.name, cwd=path.parent)


def python_problems(path):
    try:
        compile(path.read_bytes(), str(path), "exec")
        return []
    except SyntaxError as error:
        return [f"{path}: {error}"]


# ---- What each language reads: the client's arguments by their names -----------------------------------


def python_arguments(path):
    """Of the call that connects: those that are literals, and what stands in `connection_args`."""
    calls = (node for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.Call))
    (call,) = (call for call in calls if getattr(call.func, "id", "") in CONNECTING)
    found = {keyword.arg: literal(keyword.value) for keyword in call.keywords}
    return found.get("connection_args", found)


CONNECTING = ("MilvusClient", "AsyncMilvusClient", "Milvus", "MilvusVectorStore")


def literal(node):
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None


def requests_arguments(path):
    """What stands in `tls`."""
    assignments = (node for node in ast.parse(path.read_bytes()).body if isinstance(node, ast.Assign))
    (tls,) = (node.value for node in assignments if getattr(node.targets[0], "id", "") == "tls")
    return ast.literal_eval(tls)


def node_arguments(path):
    """The snippet runs, with a module that prints what it is given in place of the SDK."""
    module = path.parent / "node_modules/@zilliz/milvus2-sdk-node"
    module.mkdir(parents=True, exist_ok=True)
    (module / "package.json").write_text('{"type": "module", "exports": "./fake.mjs"}', encoding="utf-8")
    (module / "fake.mjs").write_bytes((HERE / "fake-sdk.mjs").read_bytes())
    done = run("node", path)
    if done.returncode:
        return failure(path, done)
    first, last = done.stdout.rstrip("\n").rsplit("\n", 1)
    return json.loads(first) if last == "[ 'books' ]" else failure(path, done)


def go_literals(paths):
    """All literal texts of each file, or a text that says what is wrong."""
    tool = Path("literals").resolve()
    if not tool.exists():
        built = run("go", "build", "-o", tool, HERE / "literals.go")
        if built.returncode:
            return failure("literals.go", built)
    done = run(tool, *paths)
    if done.returncode:
        return failure("literals.go", done)
    found = {path: [] for path in paths}
    words = done.stdout.split("\0")[:-1]
    for path, text in zip(words[::2], words[1::2]):
        found[Path(path)].append(text)
    return found


def java_arguments(paths):
    """For each file what the methods are given, by their names, or a text that says what is wrong."""
    done = run("java", "-Dfile.encoding=UTF-8", HERE / "Arguments.java", *paths)
    if done.returncode:
        return failure("Arguments.java", done)
    found = {path: {} for path in paths}
    words = done.stdout.split("\0")[:-1]
    for path, method, text in zip(words[::3], words[1::3], words[2::3]):
        found[Path(path)][method] = text
    return found
