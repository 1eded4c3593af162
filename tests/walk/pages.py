"""The commands of a page, as somebody types them."""

import re
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
FENCE = re.compile(r"^( *)```(sh|console)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


def commands(text):
    """Of a `sh` block all, of a `console` block what follows the prompt. A line that ends with a backslash goes on."""
    found = []
    for indent, kind, block in FENCE.findall(text):
        lines = [line.removeprefix(indent) for line in block.splitlines()]
        if kind == "console":
            lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        lines = "\n".join(lines).replace("\\\n", "").splitlines()
        found += [line for line in lines if line and not line.startswith("#")]
    return found


def page(name):
    return (TOP / name).read_text()
