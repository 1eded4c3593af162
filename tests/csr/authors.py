"""Who makes keys and requests, and goes on with the certificates.

Each author has a folder for a server and one for a client, with the key that it made and my.csr.
"""

import ipaddress
import shutil
import ssl
import subprocess
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AttributeOID, NameOID
from cryptography.x509.verification import PolicyBuilder, Store
from report import failure, run

HERE = Path(__file__).resolve().parent
ALLOWED = ["*.example.com", "10.0.0.7"]
DENIED = "intruder.test"
PASSWORD = "changeit"
GO = {"debian": "Debian's Go", "newest": "the newest Go"}


def names_of(common_name):
    """What a request asks for: all but the last two may be had."""
    return [common_name, "also.example.com", "10.0.0.7", DENIED, "10.0.0.8"]


def both_sides(kind, certificate, key, name, certs):
    """Server, client, and the name that the client asks for; one side is the directory's own."""
    own = (certificate, key)
    if kind == "server":
        return own, (certs / "client.pem", certs / "client.key"), name
    return (certs / "server.pem", certs / "server.key"), own, "localhost"


class Author:
    def __init__(self):
        for kind in ("server", "client"):
            self.folder(kind).mkdir()

    def folder(self, kind):
        return Path(f"{self.name}-{kind}")

    def csr(self, kind):
        return self.folder(kind) / "my.csr"

    def key(self, kind):
        return self.folder(kind) / "my.key"

    def is_here(self):
        return shutil.which(self.command) is not None

    def use(self, kind, certificate, name, certs):
        """Problems with the certificate in its own role; in the other it must be refused, and for that."""
        other = "client" if kind == "server" else "server"
        problems = self.handshake_with(kind, certificate, self.key(kind), name, certs)
        refusal = "\n".join(self.handshake_with(other, certificate, self.key(kind), name, certs))
        if self.refusal not in refusal:
            problems.append(f"as a {other} it should be refused because of its purpose: {refusal}")
        return problems

    def handshake_with(self, kind, certificate, key, name, certs):
        return self.handshake(*both_sides(kind, certificate, key, name, certs), certs / "ca.pem")


def do(*command):
    done = run(*command)
    if done.returncode:
        raise RuntimeError(failure(" ".join(map(str, command)), done))
    return done.stdout


class OpenSsl(Author):
    name, title, command = "openssl", "OpenSSL", "openssl"
    keys = {"server": "RSA 2048", "client": "P-384"}
    refusal = "certificate purpose"

    def request(self, kind, common_name):
        key = {"server": "RSA -pkeyopt rsa_keygen_bits:2048", "client": "EC -pkeyopt ec_paramgen_curve:P-384"}[kind]
        kinds = {True: "IP", False: "DNS"}
        names = ",".join(f"{kinds[name[0].isdigit()]}:{name}" for name in names_of(common_name))
        (self.folder(kind) / "my.cnf").write_text(
            "[req]\nprompt = no\ndistinguished_name = dn\nreq_extensions = asked\nattributes = more\n"
            f"[dn]\nC = US\nO = Acme\nCN = {common_name}\n[more]\nchallengePassword = secret\n"
            f"[asked]\nbasicConstraints = critical, CA:TRUE\nkeyUsage = keyCertSign\nsubjectAltName = {names}\n",
            encoding="utf-8",
        )
        do("openssl", "genpkey", "-algorithm", *key.split(), "-out", self.key(kind))
        config = ["-config", self.folder(kind) / "my.cnf"]
        do("openssl", "req", "-new", *config, "-key", self.key(kind), "-out", self.csr(kind))

    @staticmethod
    def request_of(key, common_name, options):
        do("openssl", "genpkey", "-algorithm", *key.split(), "-out", "refused.key")
        subject = ["-subj", f"/CN={common_name}"]
        do("openssl", "req", "-new", "-key", "refused.key", *subject, *options, "-out", "refused.csr")
        return Path("refused.csr")

    def use(self, kind, certificate, name, certs):
        purpose = ["-x509_strict", "-purpose", f"ssl{kind}", "-CAfile", certs / "ca.pem"]
        named = ["-verify_hostname", name] if kind == "server" else []
        done = run("openssl", "verify", *purpose, *named, certificate)
        problems = [failure("openssl verify", done)] if done.returncode else []
        return problems + super().use(kind, certificate, name, certs)

    def handshake(self, server, client, name, ca):
        """s_server says which cipher it talks in only when it has accepted the client."""
        trust = ["-CAfile", ca, "-verify_return_error"]
        listening = subprocess.Popen(
            [str(word) for word in [
                "openssl", "s_server", "-accept", "127.0.0.1:0", "-naccept", 1, "-Verify", 1, *trust,
                "-cert", server[0], "-key", server[1],
            ]],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
        )
        with listening:
            try:
                address = next(line.split()[1] for line in listening.stdout if line.startswith("ACCEPT "))
                identity = ["-cert", client[0], "-key", client[1]]
                asked = ["-servername", name, "-verify_hostname", name]
                done = run("openssl", "s_client", "-connect", address, *trust, *identity, *asked)
                said, _ = listening.communicate(timeout=10)
            except (StopIteration, subprocess.TimeoutExpired) as error:
                listening.kill()
                return [f"openssl s_server: {error!r}"]
        if done.returncode == 0 and "CIPHER is" in said:
            return []
        return [failure("openssl s_client", done), said]


class Go(Author):
    """One for each version of Go, all in `peers`."""

    keys = {"server": "P-256", "client": "Ed25519"}
    refusal = "incompatible key usage"

    def __init__(self, peers, version):
        self.name, self.title, self.peer = f"go-{version}", GO[version], peers / version
        self.command = self.peer
        super().__init__()

    def request(self, kind, common_name):
        key = {"server": "p256", "client": "ed25519"}[kind]
        do(self.peer, "request", key, common_name, self.folder(kind), *names_of(common_name))

    def handshake(self, server, client, name, ca):
        done = run(self.peer, "handshake", *server, *client, ca, name)
        return [failure("Go's handshake", done)] if done.returncode else []


class Cryptography(Author):
    name, title, command = "python", "Python's cryptography", "python3"
    keys = {"server": "P-256", "client": "RSA 3072"}
    refusal = "certificate purpose"

    def request(self, kind, common_name):
        key = ec.generate_private_key(ec.SECP256R1()) if kind == "server" else rsa.generate_private_key(65537, 3072)
        subject = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Acme"), x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
        names = [
            x509.IPAddress(ipaddress.ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
            for name in names_of(common_name)
        ]
        builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(subject))
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        builder = builder.add_attribute(AttributeOID.CHALLENGE_PASSWORD, b"secret")
        pem, nothing = serialization.Encoding.PEM, serialization.NoEncryption()
        self.csr(kind).write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(pem))
        self.key(kind).write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, nothing))

    def use(self, kind, certificate, name, certs):
        builder = PolicyBuilder().store(Store(x509.load_pem_x509_certificates((certs / "ca.pem").read_bytes())))
        leaf = x509.load_pem_x509_certificate(certificate.read_bytes())
        problems = []
        try:
            if kind == "server":
                builder.build_server_verifier(x509.DNSName(name)).verify(leaf, [])
            else:
                builder.build_client_verifier().verify(leaf, [])
        except x509.verification.VerificationError as error:
            problems.append(f"cryptography's own verifier: {error}")
        return problems + super().use(kind, certificate, name, certs)

    def handshake(self, server, client, name, ca):
        sides = [(ssl.PROTOCOL_TLS_SERVER, server), (ssl.PROTOCOL_TLS_CLIENT, client)]
        contexts = [strict_context(protocol, identity, ca) for protocol, identity in sides]
        to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
        serving = contexts[0].wrap_bio(to_server, to_client, server_side=True)
        connecting = contexts[1].wrap_bio(to_client, to_server, server_hostname=name)
        pending = [connecting, serving]
        try:
            for _ in range(10):
                pending = [side for side in pending if not has_shaken_hands(side)]
        except ssl.SSLError as error:
            return [f"Python's ssl: {error}"]
        return ["Python's ssl: the handshake has no end"] if pending else []


def strict_context(protocol, identity, ca):
    context = ssl.SSLContext(protocol)
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.load_verify_locations(ca)
    context.load_cert_chain(*identity)
    return context


def has_shaken_hands(side):
    try:
        side.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True


class Keytool(Author):
    name, title, command = "keytool", "Java's keytool", "keytool"
    keys = {"server": "RSA 2048", "client": "P-256"}
    refusal = "Extended key usage does not permit"

    def is_here(self):
        return super().is_here() and shutil.which("javac") is not None

    def store(self, kind):
        return self.folder(kind) / "my.p12"

    def keytool(self, store, *arguments):
        secret = ["-storetype", "PKCS12", "-keystore", store, "-storepass", PASSWORD]
        return do("keytool", *arguments, *secret)

    def request(self, kind, common_name):
        key = {"server": "RSA -keysize 2048", "client": "EC -groupname secp256r1"}[kind].split()
        subject = ["-dname", f"CN={common_name}, OU=Acme, O=Acme, C=US"]
        store = self.store(kind)
        self.keytool(store, "-genkeypair", "-alias", "my", "-keyalg", *key, *subject)
        names = ",".join(f"{'ip' if name[0].isdigit() else 'dns'}:{name}" for name in names_of(common_name))
        asked = ["-ext", f"san={names}", "-ext", "bc=ca:true"]
        self.keytool(store, "-certreq", "-alias", "my", *asked, "-file", self.csr(kind))
        do("openssl", "pkcs12", "-in", store, "-passin", f"pass:{PASSWORD}", "-nodes", "-nocerts", "-out", self.key(kind))

    def use(self, kind, certificate, name, certs):
        """The keystore gets the CA, and then the reply to its request."""
        store = self.store(kind)
        self.keytool(store, "-importcert", "-noprompt", "-alias", "ca", "-file", certs / "ca.pem")
        self.keytool(store, "-importcert", "-noprompt", "-alias", "my", "-file", certificate)
        shown = self.keytool(store, "-list", "-v", "-alias", "my")
        problems = [] if "Certificate chain length: 2" in shown else [f"the chain in the keystore: {shown}"]
        return problems + super().use(kind, certificate, name, certs)

    def handshake(self, server, client, name, ca):
        trusted = Path("trusted.p12")
        trusted.unlink(missing_ok=True)
        self.keytool(trusted, "-importcert", "-noprompt", "-alias", "ca", "-file", ca)
        stores = [self.store_of(*identity) for identity in (server, client)]
        done = run("java", HERE / "Handshake.java", *stores, trusted, name, PASSWORD)
        return [f"Java's handshake: {done.stderr}"] if done.returncode else []

    def store_of(self, certificate, key):
        """The keystore beside the key, or a new one for what was made elsewhere."""
        own = key.with_name("my.p12")
        if own.exists():
            return own
        made = Path(f"{certificate.stem}.p12")
        secret = ["-passout", f"pass:{PASSWORD}"]
        do("openssl", "pkcs12", "-export", "-in", certificate, "-inkey", key, *secret, "-name", "my", "-out", made)
        return made
