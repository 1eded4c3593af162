"""Reads table.txt, and says what `check` has to say where it is right. tests/check/table.rs does the same."""

import re

# What a verifier stands for; its version follows.
CLIENTS = {"grpcio": "pymilvus", "python": "python", "node": "node", "java": "java", "go": "go", "curl": "curl"}
MILVUS = "milvus-go-"


class Table:
    def __init__(self):
        self.verifiers = []
        # By directory, then by mode and verifier: the words of who refuses it.
        self.refusals = {}

    @classmethod
    def read(cls, file):
        table = cls()
        for line in file.read_text(encoding="utf-8").splitlines():
            if line.startswith("verifiers:"):
                table.verifiers = line.split()[1:]
            elif line.startswith("["):
                directory = table.refusals.setdefault(line.strip("[]"), {})
            elif refusal := re.fullmatch(r"(one-way|mutual) ([^ :]+): (.+)", line):
                directory[refusal[1], refusal[2]] = refusal[3]
            elif line and not line.startswith("#"):
                raise ValueError(f"table.txt: {line}")
        return table


def expected_verdict(table, directory, mode, client):
    """A client works, fails, or does one of them in some versions, of its own or of Milvus."""
    refusals = table.refusals[directory]
    own = [name for name in table.verifiers if CLIENTS.get(name.partition("-")[0]) == client]
    servers = [name for name in table.verifiers if name.startswith(MILVUS)]
    refused_by = lambda names, mode: [name for name in names if (mode, name) in refusals]
    refusing = refused_by(servers, mode)
    # The clients ask the oldest server, so that its refusal is theirs.
    own_mode = "one-way" if refusing and mode == "mutual" else mode
    if refusing == servers or refused_by(own, own_mode) == own:
        return "fails"
    return "partly" if refusing or refused_by(own, own_mode) else "works"
