"""The programs that make a CA, a server and a client certificate, and how each is told to."""

import shlex
import sys
from dataclasses import dataclass, field
from os import environ
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
# Where .ci/run puts what Debian does not have, and where Debian puts easyrsa.
PATH = ":".join(
    [
        f"{ROOT}/target/peers/bin",
        f"{ROOT}/target/peers/venv/bin",
        str(Path(sys.executable).parent),
        environ["PATH"],
        "/usr/share/easy-rsa",
    ]
)
KEY_TYPES = ("rsa2048", "p256")


@dataclass(frozen=True)
class Work:
    """What is run in a fresh folder, line by line, and what is not as with the others."""

    lines: list[str]
    differs: str = ""


@dataclass(frozen=True)
class Issued:
    """Where a peer leaves a certificate, its key, and the certificate of the CA that issued it."""

    certificate: str
    key: str
    ca: str = "ca.pem"


@dataclass(frozen=True)
class Peer:
    """A program, and its work for each key type that it can make."""

    name: str
    # A line for the shell that prints the version, and fails if the program is not installed.
    version: str
    gen: dict[str, Work]
    renew: dict[str, Work] = field(default_factory=dict)
    issued: tuple[Issued, Issued] = (Issued("server.pem", "server.key"), Issued("client.pem", "client.key"))
    ca_key: str = "ca.key"

    def files(self) -> set[str]:
        """What is there after whole work."""
        every = {self.ca_key}
        for one in self.issued:
            every |= {one.certificate, one.key, one.ca}
        return every


def peers(program: str) -> list[Peer]:
    """All of them, installed or not; the first is milvus-certs."""
    return [
        milvus_certs(program),
        openssl(),
        mkcert(),
        minica(),
        easy_rsa(),
        certtool(),
        trustme(),
        rustls_cert_gen(),
        step(),
    ]


def milvus_certs(program: str) -> Peer:
    quoted = shlex.quote(program)
    differs = "reads back and verifies what it wrote, and waits until it is safely on disk"
    return Peer(
        name="milvus-certs",
        version=f"{quoted} --version | cut -d ' ' -f 2",
        gen={key: Work([f"{quoted} gen -d . --key-type {key} --quiet"], differs) for key in KEY_TYPES},
        renew={key: Work([f"{quoted} renew -d . --key-type {key} --quiet"], differs) for key in KEY_TYPES},
    )


def openssl() -> Peer:
    """The commands of the documentation's gen.sh and renew.sh. The page writes `-algorithm rsa:2048`,
    which no OpenSSL understands."""
    keys = {
        "rsa2048": "-algorithm RSA -pkeyopt rsa_keygen_bits:2048",
        "p256": "-algorithm EC -pkeyopt ec_paramgen_curve:P-256",
    }
    subject = "/C=US/ST=CA/L=Redwood City/O=zilliz/OU=devops/CN=localhost"
    extensions = """[v3_req]
basicConstraints = CA:FALSE
keyUsage = nonRepudiation, digitalSignature, keyEncipherment
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost
"""

    def key(key_type: str, name: str) -> str:
        return f"openssl genpkey {keys[key_type]} -out {name}.key"

    def leaves(serial: str) -> list[str]:
        issue = f"-CA ca.pem -CAkey ca.key {serial} -extfile openssl.cnf -extensions v3_req"
        return [
            f"echo '{extensions}' > openssl.cnf",
            *(
                f"openssl req -new -key {name}.key -subj '{subject}'"
                f" | openssl x509 -req -days 3650 -out {name}.pem {issue}"
                for name in ("server", "client")
            ),
        ]

    def gen(key_type: str) -> list[str]:
        return [
            *(key(key_type, name) for name in ("ca", "server", "client")),
            f"openssl req -x509 -new -nodes -key ca.key -sha256 -days 36500 -out ca.pem -subj '{subject}'",
            *leaves("-CAcreateserial"),
        ]

    def renew(key_type: str) -> list[str]:
        return [*(key(key_type, name) for name in ("server", "client")), *leaves("-CAserial ca.srl")]

    differs = "client certificate for servers only, as gen.sh makes it"
    return Peer(
        name="OpenSSL",
        version="openssl version | cut -d ' ' -f 2 | grep .",
        gen={key_type: Work(gen(key_type), differs) for key_type in KEY_TYPES},
        renew={key_type: Work(renew(key_type), differs) for key_type in KEY_TYPES},
    )


def mkcert() -> Peer:
    """Makes its CA in CAROOT where there is none. Without -install it leaves the system's trust alone."""

    def gen(option: str) -> list[str]:
        return [
            'export CAROOT="$PWD"',
            f"mkcert {option} -cert-file server.pem -key-file server.key localhost",
            f"mkcert {option} -client -cert-file client.pem -key-file client.key localhost",
        ]

    return Peer(
        name="mkcert",
        version="mkcert -version",
        gen={"rsa2048": Work(gen(""), "the CA has RSA-3072"), "p256": Work(gen("-ecdsa"))},
        issued=(
            Issued("server.pem", "server.key", "rootCA.pem"),
            Issued("client.pem", "client.key", "rootCA.pem"),
        ),
        ca_key="rootCA-key.pem",
    )


def minica() -> Peer:
    """Debian's, which is not the program of that name that Let's Encrypt's author wrote: other options,
    and no word about its version."""
    lines = ["minica -type server localhost", "minica -type client client"]
    return Peer(
        name="minica (paultag's)",
        version="minica --help 2>&1 | grep -q -e -ca-common-name"
        " && { dpkg-query --show --showformat='${Version}' minica || echo 'does not say'; }",
        gen={"rsa2048": Work(lines, "server certificate for clients too")},
        issued=(
            Issued("localhost.crt", "localhost.key", "cacert.crt"),
            Issued("client.crt", "client.key", "cacert.crt"),
        ),
        ca_key="cakey.key",
    )


def easy_rsa() -> Peer:
    algorithms = {
        "rsa2048": "export EASYRSA_ALGO=rsa EASYRSA_KEY_SIZE=2048",
        "p256": "export EASYRSA_ALGO=ec EASYRSA_CURVE=prime256v1",
    }

    def gen(key_type: str) -> list[str]:
        return [
            'export EASYRSA_BATCH=1 EASYRSA_PKI="$PWD/pki"',
            algorithms[key_type],
            "easyrsa init-pki",
            "easyrsa build-ca nopass",
            "easyrsa --subject-alt-name=DNS:localhost build-server-full server nopass",
            "easyrsa build-client-full client nopass",
        ]

    differs = "also keeps requests, copies and an index of what it issued; runs OpenSSL"
    return Peer(
        name="easy-rsa",
        version="easyrsa --version | sed -n 's/^Version: *//p' | grep .",
        gen={key_type: Work(gen(key_type), differs) for key_type in KEY_TYPES},
        issued=(
            Issued("pki/issued/server.crt", "pki/private/server.key", "pki/ca.crt"),
            Issued("pki/issued/client.crt", "pki/private/client.key", "pki/ca.crt"),
        ),
        ca_key="pki/private/ca.key",
    )


def certtool() -> Peer:
    keys = {"rsa2048": "--key-type rsa --bits 2048", "p256": "--key-type ecdsa --curve secp256r1"}
    leaf = "cn = localhost\\ndns_name = localhost\\nsigning_key\\nencryption_key\\nexpiration_days = 3650\\n"

    def issue(name: str, purpose: str) -> list[str]:
        return [
            f"printf '{leaf}{purpose}\\n' > {name}.template",
            f"certtool --generate-certificate --load-privkey {name}.key --load-ca-certificate ca.pem"
            f" --load-ca-privkey ca.key --template {name}.template --outfile {name}.pem",
        ]

    def gen(key_type: str) -> list[str]:
        return [
            *(
                f"certtool --generate-privkey {keys[key_type]} --no-text --outfile {name}.key"
                for name in ("ca", "server", "client")
            ),
            "printf 'cn = localhost CA\\nca\\ncert_signing_key\\nexpiration_days = 36500\\n' > ca.template",
            "certtool --generate-self-signed --load-privkey ca.key --template ca.template --outfile ca.pem",
            *issue("server", "tls_www_server"),
            *issue("client", "tls_www_client"),
        ]

    return Peer(
        name="GnuTLS certtool",
        version="certtool --version | sed -n '1s/certtool //p' | grep .",
        gen={key_type: Work(gen(key_type)) for key_type in KEY_TYPES},
    )


def trustme() -> Peer:
    """A library, so the program is the one that its documentation has a user write."""

    def gen(key: str) -> list[str]:
        program = f"""
import trustme
key_type = trustme.KeyType.{key}
ca = trustme.CA(key_type=key_type)
ca.cert_pem.write_to_path("ca.pem")
ca.private_key_pem.write_to_path("ca.key")
for name in ("server", "client"):
    issued = ca.issue_cert("localhost", key_type=key_type)
    issued.private_key_pem.write_to_path(name + ".key")
    issued.cert_chain_pems[0].write_to_path(name + ".pem")
"""
        return [f"python3 -c {shlex.quote(program)}"]

    differs = "the start of Python is part of it; both certificates for servers, clients and code"
    return Peer(
        name="trustme",
        version="python3 -c 'import platform, trustme;"
        ' print(trustme.__version__ + ", Python " + platform.python_version())\'',
        gen={"rsa2048": Work(gen("RSA"), differs), "p256": Work(gen("ECDSA"), differs)},
    )


def rustls_cert_gen() -> Peer:
    """Its answer to --rsa is `There is no support for generating keys for the given algorithm`. It does not say
    its version, but cargo keeps a list."""
    lines = [
        f"rustls-cert-gen --ecdsa-p256 --output . --san localhost --{name}-auth"
        f" --cert-file-name {name} --ca-file-name {name}-ca"
        for name in ("server", "client")
    ]
    return Peer(
        name="rustls-cert-gen",
        version=f"command -v rustls-cert-gen > /dev/null && {{ "
        f"sed -n 's/^\"rustls-cert-gen \\([^ ]*\\) .*/\\1/p' '{ROOT}/target/peers/.crates.toml' | grep ."
        " || echo 'does not say'; }",
        gen={"p256": Work(lines, "two authorities: each run makes one")},
        issued=(
            Issued("server.pem", "server.key.pem", "server-ca.pem"),
            Issued("client.pem", "client.key.pem", "client-ca.pem"),
        ),
        ca_key="server-ca.key.pem",
    )


def step() -> Peer:
    """As its manual has it: neither Debian nor a registry that .ci/run uses has this program."""
    keys = {"rsa2048": "--kty RSA --size 2048", "p256": "--kty EC --curve P-256"}

    def gen(key_type: str) -> list[str]:
        create = f"step certificate create --no-password --insecure {keys[key_type]}"
        leaf = f"{create} --profile leaf --ca ca.pem --ca-key ca.key --san localhost --not-after 87600h localhost"
        return [
            f"{create} --profile root-ca --not-after 876000h 'localhost CA' ca.pem ca.key",
            f"{leaf} server.pem server.key",
            f"{leaf} client.pem client.key",
        ]

    differs = "both certificates for servers and clients"
    return Peer(
        name="step",
        version="step version | head -n 1 | grep .",
        gen={key_type: Work(gen(key_type), differs) for key_type in KEY_TYPES},
    )
