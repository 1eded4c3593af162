"""Writes the configuration of a Milvus server: the package's own, and on top of it a user.yaml as `config` prints it.

Usage: overlay.py HOME USER_YAML

Milvus 2.4 and later does this by itself. This version does not read user.yaml, so the result is one
file, HOME/configs/milvus.yaml.
"""

import sys
from pathlib import Path

import yaml
from configure import FixedPorts


def main(home: Path, user_yaml: Path) -> None:
    config = FixedPorts(data_dir=str(home))
    # At its default, WARNING, the gRPC port refuses a client without a word in the log.
    config.set("grpc.log.level", "INFO")
    config.resolve()
    own = home / "configs" / "milvus.yaml"
    settings = merged(yaml.safe_load(own.read_bytes()), yaml.safe_load(user_yaml.read_bytes()) or {})
    own.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")


def merged(below, above):
    """Of two maps every key; otherwise what is above wins."""
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    both = {key: merged(below[key], above[key]) for key in below.keys() & above.keys()}
    return {**below, **above, **both}


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
