"""Names that are special to some language: what reads the files gets back exactly the names that were given."""

import ast
import os
import re
import shlex
import shutil
from pathlib import Path

import compose
import yaml
from rendering import MOUNT_PATHS
from report import check, compare, failure, has, run
from snippets import (
    CLIENTS,
    fits,
    go_literals,
    java_arguments,
    node_arguments,
    proxy_test,
    python_arguments,
    requests_arguments,
    write_snippet,
)

# Certificate directories. Whoever runs a part of a name leaves a file called `pwned`.
DIRECTORIES = [
    "it's \"a\" $(touch pwned) #x: {y}",
    "back\\slash %s `touch pwned` ${x} $x",
    "\\u0022 \\x22 \\N{DIGIT ONE} \\",
    "{{ ca_pem }} {% if %} #% endif {# #}",
    "&a *b !c |> @d - e",
    "\u00fcn\u00ef \u6f22\u5b57 \U0001f600 \u00a0",
    "lines \u2028 \u2029 \u0085",
    "esc \x1b[31m \x07 \t tab",
    "c:olon \\: \\\\: \\",
    "comma,source=x,quote\",y",
    "-dash",
    "--",
    "  spaces  ",
    "~",
    "#",
]
FILES = ("ca.pem", "client.pem", "client.key")


def judge(program):
    Path("hostile").mkdir()
    os.chdir("hostile")
    directories = make(program)
    for client in CLIENTS:
        judge_client(program, client, directories)
    judge_the_commands_in_comments(program, directories)
    judge_mount_paths(program)
    traces = [path for path in Path(".").rglob("pwned")]
    check("no part of any name was run", [f"{path} is there" for path in traces])
    os.chdir("..")


def make(program):
    made = [(name, run(program, "gen", "--quiet", "--key-type=p256", f"--dir={name}")) for name in DIRECTORIES]
    problems = [failure(repr(name), done) for name, done in made if done.returncode]
    check(f"gen makes certificates in {len(made)} folders with hostile names", problems)
    return [name for name, done in made if done.returncode == 0]


# ---- Snippets ------------------------------------------------------------------------------------------


def judge_client(program, client, directories):
    """Every directory, one-way and mutual, in one check."""
    needed = {
        "go": "go",
        "java": "javac",
        "node": "node",
        "curl": "curl",
        "rust": "rustc",
        "cpp": "g++",
        "sidecar nginx": "nginx",
        "sidecar haproxy": "haproxy",
    }.get(client)
    if needed and not has(needed, f"HOSTILE NAMES IN {CLIENTS[client]}"):
        return
    snippets, problems = [], []
    for number, directory in enumerate(directories):
        for mode in (mode for mode in (1, 2) if fits(client, mode)):
            arguments = [f"--dir={directory}", f"--tls-mode={mode}"]
            path = write_snippet(program, client, Path(f"snippets-{number}-{mode}"), arguments)
            if isinstance(path, str):
                problems.append(path)
            else:
                snippets.append((path, [f"{directory}/{file}" for file in FILES][: 1 if mode == 1 else 3]))
    found = FOUND[client](snippets)
    if isinstance(found, str):
        problems.append(found)
    else:
        for path, paths in snippets:
            is_elsewhere = client.startswith(("attu", "env ", "sidecar ", "app ")) and client != "attu kubernetes"
            expected = [os.path.realpath(path) for path in paths] if is_elsewhere else paths
            problems += compare(repr(paths[0]), expected, found[path])
    check(f"{READER[client]} exactly the paths that were given, from {len(snippets)} hostile snippets", problems)


def from_keywords(paths):
    """pymilvus and Java call their files the same, give or take the underscores."""

    def of(arguments):
        if isinstance(arguments, str):
            return arguments
        names = ["server_pem_path"] if len(paths) == 1 else ["ca_pem_path", "client_pem_path", "client_key_path"]
        others = {key for key in arguments if key.endswith("_path")} - set(names)
        return [arguments.get(name) for name in names] + [f"and {name}" for name in others]

    return of


def python_paths(snippets):
    return {path: from_keywords(paths)(python_arguments(path)) for path, paths in snippets}


def requests_paths(snippets):
    found = {}
    for path, _ in snippets:
        tls = requests_arguments(path)
        found[path] = [tls["verify"], *tls.get("cert", ())]
    return found


def rust_paths(snippets):
    main = "fn main() {\n%s}\n"
    return compiled_paths(snippets, 'print!("{}\\0", %s);\n', main, "printed.rs", "rustc")


def cpp_paths(snippets):
    main = "#include <cstdio>\nint main() {\n%s}\n"
    return compiled_paths(snippets, 'std::printf("%%s%%c", %s, 0);\n', main, "printed.cpp", "g++")


def compiled_paths(snippets, line, main, source, compiler):
    """A program that prints all literals which end as paths do, by this compiler."""
    literals = [(path, literal) for path, _ in snippets for literal in path_literals(path)]
    Path(source).write_text(main % "".join(line % literal for _, literal in literals), encoding="utf-8")
    built = run(compiler, "-o", "./printed", source)
    if built.returncode:
        return failure(source, built)
    texts = run("./printed").stdout.split("\0")[:-1]
    found = {path: [] for path, _ in snippets}
    for (path, _), text in zip(literals, texts):
        found[path].append(text)
    # In the order of FILES.
    order = [f"/{file}" for file in FILES]
    return {path: sorted(texts, key=lambda text: order.index(text[text.rindex("/") :])) for path, texts in found.items()}


def path_literals(path):
    literals = re.findall(r'"(?:[^"\\\n]|\\.)*"', path.read_text(encoding="utf-8"))
    return [literal for literal in literals if literal.endswith(tuple(f'/{file}"' for file in FILES))]


def milvus_cli_paths(snippets):
    """milvus_cli splits each line of its input by shlex."""
    found = {}
    for path, _ in snippets:
        connect, *others = recorded(path, "milvus_cli", "cat").split("\n")
        try:
            found[path] = after(shlex.split(connect), "-cert") if others == ["list collections", ""] else others
        except ValueError as error:
            found[path] = f"{connect}: {error}"
    return found


def kubernetes_paths(snippets):
    """Those of the command in the comment."""
    found = {}
    for path, _ in snippets:
        text = path.read_text(encoding="utf-8")
        command = re.search(r"^#   (kubectl create .*?[^\\])\n", text, re.DOTALL | re.MULTILINE)
        command = command[1].replace("\n#", "\n")
        words = run("bash", "-c", f"printf '%s\\0' {command}").stdout.split("\0")
        files = dict(word.removeprefix("--from-file=").split("=", 1) for word in words if "--from-file" in word)
        found[path] = [files[file] for file in FILES if file in files]
    return found


def java_paths(snippets):
    found = java_arguments([path for path, _ in snippets])
    if isinstance(found, str):
        return found
    snake = {path: {re.sub("([A-Z])", r"_\1", k).lower(): v for k, v in words.items()} for path, words in found.items()}
    return {path: from_keywords(paths)(snake[path]) for path, paths in snippets}


def go_paths(snippets):
    found = go_literals([path for path, _ in snippets])
    if isinstance(found, str):
        return found
    endings = tuple(f"/{file}" for file in FILES)
    return {path: [text for text in texts if text.endswith(endings)] for path, texts in found.items()}


def node_paths(snippets):
    found = {}
    for path, _ in snippets:
        options = node_arguments(path)
        if isinstance(options, str):
            found[path] = options
            continue
        names = ("rootCertPath", "certChainPath", "privateKeyPath")
        found[path] = [options["tls"][name] for name in names if name in options["tls"]]
    return found


def backup_paths(snippets):
    found = {}
    for path, _ in snippets:
        try:
            milvus = yaml.safe_load(path.read_bytes())["milvus"]
            milvus = milvus.get("grpc", milvus)
        except yaml.YAMLError as error:
            found[path] = str(error)
            continue
        names = ("caCertPath", "mtlsCertPath", "mtlsKeyPath")
        found[path] = [milvus[name] for name in names if name in milvus]
    return found


def words_of(path, command):
    """What a script gives a command: a list of words for each time that it runs it."""
    # 22 is curl's status for a path that the server does not know: the script goes on to the other one.
    calls = recorded(path, command, "printf '%s\\0' \"$@\" '<end>'; exit 22").split("<end>\0")[:-1]
    return [call.split("\0")[:-1] for call in calls]


def recorded(path, command, statements):
    """What these statements print where a script runs a command."""
    fakes, record = Path("fakes").resolve(), Path("record").resolve()
    fakes.mkdir(exist_ok=True)
    record.write_bytes(b"")
    fake = fakes / command
    fake.write_text(f"#!/bin/sh\nexec >>'{record}'\n{statements}\n", encoding="utf-8")
    fake.chmod(0o755)
    run("sh", path, env={**os.environ, "PATH": f"{fakes}:{os.environ['PATH']}", "x": "VARIABLE"})
    fake.unlink()
    return record.read_bytes().decode()


def after(words, option):
    return [words[at + 1] for at, word in enumerate(words[:-1]) if word == option]


def curl_paths(snippets):
    found = {}
    for path, _ in snippets:
        calls = words_of(path, "curl")
        if len(calls) != 2 or not calls[0][-1].endswith("/list") or not calls[1][-1].endswith("/collections"):
            found[path] = f"{calls}"
            continue
        ca, cert, key = ([after(call, option) for call in calls] for option in ("--cacert", "--cert", "--key"))
        first = [*ca[0], *(as_curl_reads(cert) for cert in cert[0]), *key[0]]
        second = [*ca[1], *(as_curl_reads(cert) for cert in cert[1]), *key[1]]
        found[path] = first if first == second else f"{first} and then {second}"
    return found


def as_curl_reads(argument):
    """curl splits a passphrase from --cert. It tells as a C program what it has understood."""
    done = run("curl", "-q", "--silent", "--max-time", 2, "--libcurl", "-", "--cert", argument, "https://127.0.0.1:1/")
    options = dict(re.findall(r"CURLOPT_(SSLCERT|KEYPASSWD), \"(.*)\"\);", done.stdout))
    path = re.sub(rb"\\(?:x([0-9a-f]{2})|([0-7]{3})|(.))", c_escape, options.get("SSLCERT", "").encode()).decode()
    return f"{path} with the passphrase {options['KEYPASSWD']}" if "KEYPASSWD" in options else path


def c_escape(match):
    number, octal, letter = match.groups()
    if letter:
        return {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"a": b"\a", b"b": b"\b"}.get(letter, letter)
    return bytes([int(number, 16) if number else int(octal, 8)])


def attu_paths(snippets):
    found = {}
    for path, _ in snippets:
        calls = words_of(path, "docker")
        if len(calls) != 1:
            found[path] = f"{calls}"
            continue
        mounts = [fields_of(mount) for mount in after(calls[0], "--mount")]
        found[path] = [fields.get("source") for fields in mounts]
    return found


def fields_of(mount):
    """As docker reads --mount: a line of CSV, and a quote in a field that is not quoted is an error."""
    fields, rest = [], mount
    while True:
        quoted = re.match(r'"((?:[^"]|"")*)"(,|$)', rest) or re.match(r'([^",]*)(,|$)', rest)
        if not quoted:
            return {"source": f"docker refuses {mount}"}
        fields.append(quoted[1].replace('""', '"') if rest.startswith('"') else quoted[1])
        rest = rest[quoted.end() :]
        if not quoted[2]:
            break
    unknown = [field for field in fields if "=" not in field and field != "readonly"]
    names = [field.partition("=")[0] for field in fields]
    if unknown or len(set(names)) != len(names):
        return {"source": f"docker misreads {mount}"}
    return dict(field.partition("=")[::2] for field in fields)


def proxy_paths(snippets):
    """They open the files when they test a configuration; nginx the client's not, where it has a variable in the path."""
    found = {}
    for path, paths in snippets:
        _, done = proxy_test(path)
        found[path] = failure(path, done) if done.returncode else [os.path.realpath(path) for path in paths]
    return found


def envoy_paths(snippets):
    def files(node):
        """In the order of FILES: Envoy's file has the CA last."""
        if isinstance(node, dict):
            return [node["filename"]] if "filename" in node else [f for child in node.values() for f in files(child)]
        return [file for child in node for file in files(child)] if isinstance(node, list) else []

    found = {path: files(yaml.safe_load(path.read_bytes())) for path, _ in snippets}
    return {path: files[-1:] + files[:-1] for path, files in found.items()}


def compose_paths(snippets):
    """Of all bind mounts; in Compose two dollars are one."""
    found = {}
    for path, _ in snippets:
        services = yaml.safe_load(path.read_bytes())["services"].values()
        each = [[mount["source"].replace("$$", "$") for mount in service["volumes"]] for service in services]
        found[path] = each[0] if all(mounts == each[0] for mounts in each) else each
    return found


def mem0_paths(snippets):
    return {path: [python_literal(path)] for path, _ in snippets}


def python_literal(path):
    """What is assigned to a variable of the environment."""
    (value,) = (
        node.value.value
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript)
    )
    return value


FOUND = {
    "python": python_paths,
    "async-python": python_paths,
    "langchain": python_paths,
    "llamaindex": python_paths,
    "requests": requests_paths,
    "curl": curl_paths,
    "go": go_paths,
    "java": java_paths,
    "node": node_paths,
    "rust": rust_paths,
    "cpp": cpp_paths,
    "milvus-cli": milvus_cli_paths,
    "attu": attu_paths,
    "attu 3": attu_paths,
    "attu kubernetes": kubernetes_paths,
    "backup": backup_paths,
    "backup v2": backup_paths,
    "env compose": compose_paths,
    "sidecar nginx": proxy_paths,
    "sidecar haproxy": proxy_paths,
    "sidecar envoy": envoy_paths,
    "app dify": compose_paths,
    "app open-webui": compose_paths,
    "app n8n": compose_paths,
    "app flowise": compose_paths,
    "app mem0": mem0_paths,
}
READER = {
    "python": "Python reads from python.py",
    "async-python": "Python reads from async-python.py",
    "langchain": "Python reads from langchain-milvus.py",
    "llamaindex": "Python reads from llama-index.py",
    "requests": "Python reads from rest.py",
    "curl": "a shell and curl read from curl.sh",
    "go": "Go's parser reads from main.go",
    "java": "Java's parser reads from ConnectMilvus.java",
    "node": "Node.js reads from node.mjs",
    "rust": "the Rust compiler reads from main.rs",
    "cpp": "the C++ compiler reads from main.cpp",
    "milvus-cli": "a shell, and the shlex of milvus_cli, read from milvus-cli.sh",
    "attu": "a shell and the rules of docker's --mount read from attu.sh",
    "attu 3": "a shell and the rules of docker's --mount read from attu-3.sh",
    "attu kubernetes": "bash reads from the command in attu.yaml",
    "backup": "PyYAML reads from backup.yaml",
    "backup v2": "PyYAML reads from backup-v2.yaml",
    "env compose": "PyYAML reads from env.compose.yaml",
    "sidecar nginx": "nginx opens for sidecar.nginx.conf",
    "sidecar haproxy": "HAProxy opens for sidecar.haproxy.cfg",
    "sidecar envoy": "PyYAML reads from sidecar.envoy.yaml",
    "app dify": "PyYAML reads from app.dify.yaml",
    "app open-webui": "PyYAML reads from app.open-webui.yaml",
    "app n8n": "PyYAML reads from app.n8n.yaml",
    "app flowise": "PyYAML reads from app.flowise.yaml",
    "app mem0": "Python reads from app.mem0.py",
}


# ---- Deployments ---------------------------------------------------------------------------------------


def judge_the_commands_in_comments(program, directories):
    unreadable, uncopied = [], []
    for directory in directories:
        done = run(program, "config", "compose", f"--dir={directory}")
        try:
            documents = list(yaml.safe_load_all(done.stdout))
            unreadable += compare(repr(directory), 2, len(documents))
        except yaml.YAMLError as error:
            unreadable.append(f"{directory!r}: {error}")
        commands = re.findall(r"^#   (mkdir -p tls|cp -p -- .*)$", done.stdout, re.MULTILINE)
        # In a shell that people type in: what cannot be shown is written in $'...'.
        copied = run("bash", "-c", "; ".join(commands)) if len(commands) == 4 else None
        tls = Path("tls")
        for file in ("server.pem", "server.key", "ca.pem"):
            copy = tls / file
            if not copy.exists() or copy.read_bytes() != Path(directory, file).read_bytes():
                uncopied.append(f"{directory!r}: {file} was not copied: {copied.stderr if copied else commands}")
        uncopied += [f"{directory!r}: ca.key was copied"] if (tls / "ca.key").exists() else []
        shutil.rmtree(tls, ignore_errors=True)
    check(f"PyYAML reads docker-compose.override.yaml for {len(directories)} hostile directories", unreadable)
    check("and the command in its comment copies server.pem, server.key and ca.pem from them", uncopied)


def expected_settings(mount_path, names):
    files = dict(zip(("serverPemPath", "serverKeyPath", "caPemPath"), names))
    return {key: f"{mount_path}/{name}" for key, name in files.items()}


OPAQUE, TLS = ("server.pem", "server.key", "ca.pem"), ("tls.crt", "tls.key", "ca.crt")


def judge_mount_paths(program):
    settings_problems, mount_problems, compose_problems = [], [], []
    for number, mount_path in enumerate(MOUNT_PATHS):
        for target, options in (
            ("milvus", []),
            ("compose", []),
            ("operator", []),
            ("helm", []),
            ("cert-manager", ["--for=operator"]),
            ("cert-manager", ["--for=helm"]),
        ):
            where = f"{target} {mount_path!r}"
            folder = Path(f"mounts-{number}", "-".join([target, *options]))
            certificates = "../certs-operator"
            options = [f"--dir={certificates}", f"--mount-path={mount_path}", "--internal", *options, "--out", folder]
            done = run(program, "config", target, *options)
            if done.returncode:
                settings_problems.append(failure(where, done))
                continue
            try:
                settings, mount = read_back(folder)
            except (yaml.YAMLError, KeyError, TypeError) as error:
                settings_problems.append(f"{where}: {error!r}")
                continue
            expected = expected_settings(mount_path, TLS if target == "cert-manager" else OPAQUE)
            found = {**settings["internaltls"]}
            found.pop("sni", None)
            settings_problems += compare(f"{where}: tls", expected, settings["tls"])
            settings_problems += compare(f"{where}: internaltls", expected, found)
            if mount is not None:
                mount_problems += compare(where, mount_path, mount)
            if target == "compose" and shutil.which("docker-compose"):
                compose_problems += compose.problems_of(folder, mount_path, compose.merged(folder))
    number = len(MOUNT_PATHS)
    check(f"PyYAML reads {number} hostile mount paths back from Milvus' settings", settings_problems)
    check("and from the operator's resource, Helm's values and the certificates of cert-manager", mount_problems)
    if has("docker-compose", "HOSTILE MOUNT PATHS"):
        check("docker-compose mounts the certificates at all of them", compose_problems)

    problems = []
    for value in ("/milvus/a: b", "milvus/tls", "/milvus/../tls", "/milvus/line\nbreak", ""):
        done = run(program, "config", "milvus", "--dir=../certs-operator", f"--mount-path={value}")
        if done.returncode != 2 or done.stdout:
            problems.append(failure(repr(value), done))
    check("a mount path with a colon, `..` or a line break, and one that is relative or empty, is refused", problems)


def read_back(folder):
    """Milvus' settings, and where Kubernetes mounts the Secret."""
    if (folder / "values.yaml").exists():
        values = yaml.safe_load((folder / "values.yaml").read_bytes())
        return yaml.safe_load(values["extraConfigFiles"]["user.yaml"]), values["volumeMounts"][0]["mountPath"]
    if (folder / "milvus.yaml").exists():
        spec = yaml.safe_load((folder / "milvus.yaml").read_bytes())["spec"]
        return spec["config"], spec["components"]["volumeMounts"][0]["mountPath"]
    return yaml.safe_load((folder / "user.yaml").read_bytes()), None
