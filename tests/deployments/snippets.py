"""The languages' own programs read the snippets of `connect`, and say which texts stand in them."""

import ast
import json
from pathlib import Path

from report import check, compare, failure, has, run

HERE = Path(__file__).resolve().parent
CLIENTS = {
    "python": "python.py",
    "async-python": "async-python.py",
    "curl": "curl.sh",
    "go": "main.go",
    "java": "ConnectMilvus.java",
    "node": "node.mjs",
    "attu": "attu.sh",
    "backup": "backup.yaml",
}
VARIANTS = {
    "": [],
    "other-name": ["--server-name", "milvus-standalone", "--uri", "https://10.0.0.5:19530"],
    "address": ["--uri", "https://[::1]:19530"],
}


def write_snippet(program, client, folder, arguments):
    """The snippet's file, or a text that says what is wrong."""
    done = run(program, "connect", client, *arguments)
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
            for client in CLIENTS:
                arguments = ["-d", "certs-compose", "--tls-mode", mode, *options]
                path = write_snippet(program, client, folder, arguments)
                (problems if isinstance(path, str) else files[client]).append(path)
    check(f"connect prints {sum(map(len, files.values()))} snippets", problems)

    python = files["python"] + files["async-python"]
    check("Python compiles python.py and async-python.py", [p for path in python for p in python_problems(path)])
    for shell in ("sh", "bash"):
        each = [(path, run(shell, "-n", path)) for path in files["curl"] + files["attu"]]
        check(f"{shell} -n reads curl.sh and attu.sh", [failure(p, d) for p, d in each if d.returncode])
    if has("node", "node.mjs"):
        each = [(path, run("node", "--check", path)) for path in files["node"]]
        check("node --check reads node.mjs", [failure(path, done) for path, done in each if done.returncode])
    if has("gofmt", "main.go"):
        done = run("gofmt", "-l", "-e", *files["go"])
        check("gofmt has nothing to say about main.go", compare("gofmt -l -e", ("", ""), (done.stdout, done.stderr)))
    if has("javac", "ConnectMilvus.java"):
        found = java_arguments(files["java"])
        check("the Java compiler parses ConnectMilvus.java", [found] if isinstance(found, str) else [])


def python_problems(path):
    try:
        compile(path.read_bytes(), str(path), "exec")
        return []
    except SyntaxError as error:
        return [f"{path}: {error}"]


# ---- What each language reads: the client's arguments by their names -----------------------------------


def python_arguments(path):
    calls = (node for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.Call))
    (call,) = (call for call in calls if getattr(call.func, "id", "").endswith("MilvusClient"))
    return {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}


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
