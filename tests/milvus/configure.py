"""Writes the configuration of a Milvus server that serves TLS with a certificate directory.

Usage: configure.py HOME TLS_MODE CERTIFICATE_DIRECTORY

The result is HOME/configs/milvus.yaml. This version of Milvus does not read the `user.yaml` beside
it that later ones merge (milvus#30910), so everything goes into the one file.
"""

import sys
from pathlib import Path

from milvus import MilvusServerConfig

REST_PORT = 8080


class FixedPorts(MilvusServerConfig):
    """Keeps the template's ports. The parent tries each one and silently takes another if it is
    not free, and for a minute after a server was killed its ports are not (TIME_WAIT)."""

    def resolve_all_listen_ports(self) -> None:
        pass


def main(home: Path, tls_mode: int, certificates: Path) -> None:
    config = FixedPorts(data_dir=str(home))
    config.set("tls_mode", tls_mode)
    config.set("server_pem_path", str(certificates / "server.pem"))
    config.set("server_key_path", str(certificates / "server.key"))
    config.set("ca_pem_path", str(certificates / "ca.pem"))
    # At its default, WARNING, the gRPC port refuses a client without a word in the log.
    config.set("grpc.log.level", "INFO")
    config.resolve()
    give_rest_its_own_port(home / "configs" / "milvus.yaml")


def give_rest_its_own_port(yaml: Path) -> None:
    """Adds proxy.http.port, which the package's template lacks: with TLS, gRPC and REST cannot
    share a port."""
    text = yaml.read_text(encoding="utf-8")
    before, found, after = text.partition("\n  http:\n")
    if not found or "\n  http:\n" in after:
        sys.exit(f"{yaml}: expected exactly one `http:` section")
    yaml.write_text(f"{before}{found}    port: {REST_PORT}\n{after}", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
