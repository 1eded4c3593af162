"""Every command line and every path in the examples is one that there is."""

import re
import shlex
import shutil
from pathlib import Path

from report import check, failure, has, run
from scene import EXAMPLES

# A command ends where the shell's line does, or a redirection, a pipe or a parenthesis begins.
COMMAND = re.compile(
    r"(?:^|[\s(`])milvus-certs ((?:gen|renew|check|config|connect|probe|inspect|explain)\b(?:\\\n|[^\n|)>`;])*)"
)


def commands():
    """(file, words) of each; in prose only what stands between backticks."""
    for path in sorted(EXAMPLES.rglob("*")):
        if path.is_file():
            for found in COMMAND.finditer(path.read_text()):
                words = shlex.split(found[1].replace("\\\n", " "), comments=True)
                yield path.relative_to(EXAMPLES), words


def judge_commands(program):
    problems, number = [], 0
    for path, words in commands():
        number += 1
        # It reads all words before it prints its help.
        done = run(program, *words, "--help")
        problems += [failure(f"{path}: milvus-certs {' '.join(words)}", done)] if done.returncode else []
    problems += [f"only {number} were found"] if number < 8 else []
    check(f"milvus-certs takes all {number} command lines of the examples", problems)
    done = run(program, "renew", "--if-dew", "30d", "--help")
    check("and would not take `--if-dew`", [] if done.returncode == 2 else [failure("--if-dew", done)])
    done = run(program, "renew", "--if-due", "never", "--help")
    check("nor `--if-due never`", [] if done.returncode == 2 else [failure("--if-due never", done)])

    text = (EXAMPLES / "README.md").read_text()
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    blocks = "\n".join(text.split("```")[1::2])
    named = re.findall(r"(?<![\w/.])(?:systemd|cron|kubernetes|github-actions)/[\w.-]+|renew-milvus\.sh", blocks + text)
    problems = [f"{path} is not there" for path in {*links, *named} if not (EXAMPLES / path).exists()]
    check(f"all {len({*links, *named})} files and folders that the README names are there", problems)
    files = [str(path.relative_to(EXAMPLES)) for path in EXAMPLES.rglob("*") if path.is_file() and path.suffix != ".md"]
    problems = [f"{name} is not in it" for name in files if name not in text]
    check(f"and it names all {len(files)} that there are", problems)

    if has("cargo", "THE Dockerfile"):
        cargo_finds_what_is_copied()


def cargo_finds_what_is_copied():
    """Nothing builds an image here; that the sources are complete which it copies can be said."""
    top, source = EXAMPLES.parent.parent, Path("source").resolve()
    source.mkdir()
    text = (EXAMPLES / "kubernetes/Dockerfile").read_text().split("\nFROM")[1]
    for *froms, to in (line.split()[1:] for line in text.splitlines() if line.startswith("COPY")):
        for name in froms:
            if (top / name).is_dir():
                shutil.copytree(top / name, source / to)
            else:
                shutil.copy(top / name, source / to)
    done = run("cargo", "metadata", "--locked", "--no-deps", "--format-version", "1", cwd=source)
    problems = [failure("cargo metadata", done)] if done.returncode else []
    problems += [] if "cargo install --locked --path ." in text else ["it does not install them"]
    check("the Dockerfile copies all that cargo wants to see", problems)
