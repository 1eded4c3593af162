"""What can be seen of a command: a flat table from what it is to its normalised value, and another of the words."""

import json
import os
import re
import stat

# JSON fields that are written for people.
PROSE = {"detail", "evidence", "fix", "for_whom", "next_steps", "notes", "purpose", "reason", "why"}
CODE = re.compile(r"^(?:error|warning|info)\[[a-z0-9-]+\]", re.MULTILINE)
COMMENT = re.compile(r"^\s*(?:#|//|/?\*)")


class Observation:
    def __init__(self):
        self.facts = {}
        self.words = {}

    def add_files(self, root, normal, step):
        """Modes of all; contents, but of hidden files, which are the program's own business."""
        for path in sorted(walk(root)):
            name = os.path.relpath(path, root)
            shown = normal.text(name)
            status = os.lstat(path)
            mode = f"{stat.S_IMODE(status.st_mode):04o}"
            if stat.S_ISLNK(status.st_mode):
                self.facts[f"file {shown}"] = f"link to {os.readlink(path)}"
            elif stat.S_ISDIR(status.st_mode):
                self.facts[f"file {shown}"] = f"folder {mode}"
            elif not stat.S_ISREG(status.st_mode) or os.path.basename(path).startswith("."):
                self.facts[f"file {shown}"] = f"mode {mode}"
            else:
                self.facts[f"file {shown}"] = f"mode {mode}"
                with open(path, "rb") as file:
                    text = normal.at(f"{shown}{step}").content(file.read(1 << 20))
                if name.endswith(".1"):
                    self.words[f"manual page {shown}"] = text
                else:
                    self.add_content(f"content of {shown}", text)

    def add_content(self, key, text):
        """The comments in it are words."""
        lines = text.splitlines()
        self.facts[key] = "\n".join(line for line in lines if not COMMENT.match(line))
        self.words[f"comments in {key}"] = "\n".join(line for line in lines if COMMENT.match(line))

    def add_run(self, status, stdout, stderr, normal, step):
        self.facts["exit status"] = status
        try:
            document = json.loads(stdout)
        except ValueError:
            document = None
        if isinstance(document, dict):
            self.facts["standard output is"] = "JSON"
            self.add_json("json", document, normal, step)
        else:
            self.add_output("standard output", normal.at(f"stdout{step}").text(stdout))
        self.add_output("standard error", normal.at(f"stderr{step}").text(stderr))

    def add_output(self, key, text):
        self.facts[f"{key} is"] = "not empty" if text else "empty"
        self.facts[f"codes in {key}"] = " ".join(CODE.findall(text)) or "none"
        self.words[key] = text

    def add_json(self, key, value, normal, step, is_prose=False):
        if isinstance(value, dict):
            for name, item in value.items():
                self.add_json(f"{key}.{name}", item, normal, step, is_prose or name in PROSE)
        elif isinstance(value, list):
            labels = [normal.text(label) for label in labels_of(value)]
            self.facts[f"{key}[]"] = f"{len(value)} of them" if is_prose else " ".join(labels) or "none"
            for label, item in zip(labels, value):
                self.add_json(f"{key}[{label}]", item, normal, step, is_prose)
        elif isinstance(value, str):
            text = normal.at(f"{key}{step}").text(value)
            if is_prose:
                self.words[key] = text
            elif "\n" in text:
                self.add_content(key, text)
            else:
                self.facts[key] = text
        else:
            self.facts[key] = normal.text(json.dumps(value))


def labels_of(items):
    """What tells them apart where it is something that stays when one is added before them, else their numbers."""
    for fields in (["path"], ["code", "file", "line"], ["client"], ["address"]):
        if all(isinstance(item, dict) and set(fields) <= item.keys() for item in items):
            labels = [" ".join(str(item[field]) for field in fields if item[field] is not None) for item in items]
            if len(set(labels)) == len(labels):
                return labels
    return [str(index) for index in range(len(items))]


def walk(root):
    for folder, folders, files in os.walk(root):
        yield from (os.path.join(folder, name) for name in folders + files)


def differences(old, new):
    """Key, old and new value. Of what one side lacks altogether, the first key only."""
    found, absent = [], []
    kind = "standard output is"
    if old.get(kind) != new.get(kind):
        absent.append("json")
    for key in sorted(old.keys() | new.keys(), key=lambda key: (subject(key), key.startswith("content"))):
        before, after = old.get(key), new.get(key)
        if before == after or any(is_part(subject(key), whole) for whole in absent):
            continue
        if before is None or after is None:
            absent.append(subject(key)[: key.rfind("]") + 1] or subject(key))
        found.append((key, before, after))
    return found


def subject(key):
    return key.replace("content of ", "file ")


def is_part(part, whole):
    return part == whole or part.startswith((f"{whole}/", f"{whole}.", f"{whole}["))
