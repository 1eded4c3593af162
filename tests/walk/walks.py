"""Which pages are walked, what each takes for granted, and which of their lines are not typed; and scenes that no page
has."""

from dataclasses import dataclass, field

from pages import TOP

COMPOSE_FILE = (
    "wget https://github.com/milvus-io/milvus/releases/download/v2.6.0/milvus-standalone-docker-compose.yml"
    " -O docker-compose.yaml"
)
THE_CHART = ["helm repo add milvus https://zilliztech.github.io/milvus-helm/", "helm repo update milvus"]
CERTS_OF_THE_UNIT = "/etc/milvus/certs"
MAKE_DUE = "milvus-certs renew -d {} server --days 20 --quiet"
START_THE_UNIT = "systemctl start renew-milvus.service"
RENEW_IF_DUE = (
    "milvus-certs renew -d certs --if-due 30d --json | jq --exit-status .changed"
    " && milvus-certs config refresh && docker compose up -d"
)
METRICS = (
    "milvus-certs check -d certs --format prometheus > milvus_certs.tmp;"
    " mv milvus_certs.tmp /var/lib/node_exporter/milvus_certs.prom"
)

FIRST_QUERY = "milvus-certs connect python -d certs > python.py && python3 python.py"
SERVES_THE_SECRET = [
    r"kubectl get secret certs --output 'jsonpath={.data.tls\.crt}' | base64 -d >secret.pem",
    "openssl s_client -connect localhost:19530 -alpn h2 </dev/null | openssl x509 >served.pem",
    "cmp secret.pem served.pem",
]

OTHER_WALK = "the other walk of this page types it"
A_CLUSTER = "it takes a cluster that runs images; tests/renewal lets others judge the files, and runs what is in them"
GITHUB = "it takes a repository on GitHub"
A_STEP = "it is a step of .ci/run"
# Pages that another proof types.
ELSEWHERE = {"examples/proxy/README.md": "tests/milvus/proxies"}


@dataclass
class Walk:
    """`starts` is how often Milvus is started, renewals included."""

    page: str
    starts: int
    # What is typed besides: before the page's first line, and after some of its lines.
    before: list = field(default_factory=list)
    after: dict = field(default_factory=dict)
    # What is not typed: patterns of how lines begin, and why.
    left_out: dict = field(default_factory=dict)
    # The folder in which the page is typed, if not an empty one.
    folder: str = ""
    # What shows that Milvus serves what it was last given.
    last: list = field(default_factory=lambda: ["milvus-certs probe -d certs"])


WALKS = {
    "examples/compose": Walk("examples/compose/README.md", starts=2),
    # It says itself that Milvus is started before TLS is set.
    "examples/standalone": Walk("examples/standalone/README.md", starts=3),
    "examples/operator": Walk("examples/operator/README.md", starts=2),
    "examples/helm": Walk("examples/helm/README.md", starts=2),
    "examples/cert-manager, with the operator": Walk(
        "examples/cert-manager/README.md",
        starts=2,
        left_out={
            "milvus-certs config cert-manager -d certs --for helm": OTHER_WALK,
            "kubectl apply -f deploy/ca-secret.*/rest-service": OTHER_WALK,
            "helm ": OTHER_WALK,
            "kubectl rollout": OTHER_WALK,
            "kubectl port-forward service/my-release-milvus 19530 &$": OTHER_WALK,
            "kubectl port-forward service/my-release-milvus-rest": OTHER_WALK,
        },
        after={FIRST_QUERY: ["cert-manager renews"]},
        last=SERVES_THE_SECRET,
    ),
    "examples/cert-manager, with Helm": Walk(
        "examples/cert-manager/README.md",
        starts=2,
        before=THE_CHART,
        left_out={
            "milvus-certs config cert-manager -d certs --for operator": OTHER_WALK,
            "kubectl apply -f deploy/ca-secret.*/certificates.yaml$": OTHER_WALK,
            "kubectl apply --server-side": OTHER_WALK,
            "kubectl wait": OTHER_WALK,
            "kubectl patch": OTHER_WALK,
            "kubectl port-forward service/my-release-milvus 19530 8080 &": OTHER_WALK,
        },
        after={FIRST_QUERY: ["cert-manager renews"]},
        last=SERVES_THE_SECRET,
    ),
    "examples/renewal": Walk(
        "examples/renewal/README.md",
        starts=3,
        folder=str(TOP / "examples/renewal"),
        last=[f"milvus-certs probe -d {CERTS_OF_THE_UNIT}"],
        before=[
            "mount -t tmpfs tmpfs /usr/local/sbin",
            "mount -t tmpfs tmpfs /opt",
            "cp -a /etc ~/etc",
            "mount --bind ~/etc /etc",
            "mkdir /etc/milvus /opt/milvus",
            f"milvus-certs gen -d {CERTS_OF_THE_UNIT} --for compose",
            f"cd /opt/milvus && {COMPOSE_FILE}",
            f"milvus-certs config compose -d {CERTS_OF_THE_UNIT} --out .",
            "docker compose up -d --wait && cd ~-",
        ],
        left_out={"docker build": A_CLUSTER, "kubectl ": A_CLUSTER, "gh secret set": GITHUB},
        after={START_THE_UNIT: [MAKE_DUE.format(CERTS_OF_THE_UNIT), START_THE_UNIT]},
    ),
    "README.md": Walk(
        "README.md",
        starts=2,
        before=["mount -t tmpfs tmpfs /var/lib", "mkdir /var/lib/node_exporter", COMPOSE_FILE],
        left_out={"cargo ": A_STEP},
        after={
            # It says itself that this comes next.
            "milvus-certs config compose -d certs --out .": ["docker compose up -d --wait"],
            RENEW_IF_DUE: [MAKE_DUE.format("certs"), RENEW_IF_DUE],
            # So that there is something to explain.
            METRICS: ["milvus-is-ready", "! curl --silent --max-time 10 http://localhost:19530"],
            "docker logs milvus-standalone 2>&1 | milvus-certs explain": [
                f"mkdir DIR && cd DIR && sh {TOP}/tests/milvus/gen-sh && cd .."
            ],
        },
    ),
}


# The page of Compose, changed so that it must not work: what is replaced by what, and the line that fails.
WRONG = {
    "an option that there is not": ("compose -d certs --out", "compose -d certs --outt", "milvus-certs config"),
    "a command that nothing stands for": ("up -d --wait", "start", "docker compose start"),
    "no time for Milvus to start": (" --wait", "", "milvus-certs connect curl"),
    "a renewal that is not handed over": ("milvus-certs config refresh\n", "", "milvus-certs probe"),
}


# ---- Milvus 3.0, which runs as a user of its own in its container ---------------------------------

CHECK = "milvus-certs check -d certs --config docker-compose.yaml --config docker-compose.override.yaml"


def another(uid):
    return f"setpriv --reuid {uid} --regid {uid} --clear-groups"


def container_user(who, user, take_away):
    """Steps: a sentence, and the lines that show it. A shell goes on after `! COMMAND`, and not after `(! COMMAND)`."""
    serves = ["milvus-certs probe -d certs", "[ $(ps -o uid= -C milvus) = 999 ]"]
    return [
        (
            "Milvus 2.3.5, started as uid 999 as the image of 3.0 has it, serves what config compose, "
            f"run by {who}, wrote",
            [
                COMPOSE_FILE,
                "sed -i s/milvus:v2.6.0/milvus:v3.0.0/ docker-compose.yaml",
                f"chown -R {user}:{user} .",
                f"{another(user)} milvus-certs gen -d certs --for compose",
                f"{another(user)} milvus-certs config compose -d certs --out .",
                "docker compose up -d --wait",
                *serves,
            ],
        ),
        (
            f"and after renew and config refresh, run by {who}, what they wrote",
            [
                f"{another(user)} milvus-certs renew -d certs",
                f"{another(user)} milvus-certs config refresh",
                "docker compose up -d --wait",
                *serves,
            ],
        ),
        (
            "and nobody else on the host can read tls/server.key",
            [
                f"{another(999)} head -c 10 tls/server.key",
                f"{another(1234)} cat tls/server.pem",
                f"(! {another(1234)} head -c 10 tls/server.key)",
                CHECK,
            ],
        ),
        (
            f"if uid 999 may not read it (`{take_away}`), Milvus does not start, and check and explain say why",
            [
                f"{another(user)} {take_away}",
                "docker compose restart standalone",
                "(! milvus-is-ready)",
                f"({CHECK} || [ $? = 3 ]) | grep '^error.unreadable-in-container'",
                "docker logs milvus-standalone | milvus-certs explain | grep '^error.unreadable-file'",
            ],
        ),
        (
            "and config refresh lets it read the key again",
            [
                f"{another(user)} milvus-certs config refresh",
                "docker compose restart standalone",
                "milvus-is-ready",
                *serves,
            ],
        ),
    ]


# A user of this name and number, whose containers' users begin at 100000; as `useradd` writes it.
ROOTLESS = 4321
A_ROOTLESS_USER = [
    "cp -a /etc ~/etc",
    "mount --bind ~/etc /etc",
    f"echo rootless:x:{ROOTLESS}:{ROOTLESS}::/:/bin/sh >>/etc/passwd",
    "echo rootless:100000:65536 | tee /etc/subuid >/etc/subgid",
    f"chown {ROOTLESS}:{ROOTLESS} .",
]
# What rootless Docker and Podman make of a user: root of a namespace.
IN_A_CONTAINER = f"{another(ROOTLESS)} unshare --user --map-root-user --map-auto {another(999)}"

SCENES = {
    "rootless": [
        (
            "uid 999 of a rootless container, and nobody else on the host, can read the key by `--container-user` with "
            "the 998th number after the first in /etc/subuid",
            [
                *A_ROOTLESS_USER,
                COMPOSE_FILE,
                f"{another(ROOTLESS)} milvus-certs gen -d certs --for compose",
                f"{another(ROOTLESS)} milvus-certs config compose -d certs --out . --container-user $((100000 + 998))",
                f"{IN_A_CONTAINER} head -c 10 tls/server.key",
                f"{another(1234)} cat tls/server.pem",
                f"(! {another(1234)} head -c 10 tls/server.key)",
                f"(! {another(999)} head -c 10 tls/server.key)",
                CHECK,
            ],
        ),
        (
            "and after renew and config refresh too",
            [
                f"{another(ROOTLESS)} milvus-certs renew -d certs",
                f"{another(ROOTLESS)} milvus-certs config refresh",
                f"{IN_A_CONTAINER} head -c 10 tls/server.key",
            ],
        ),
        (
            "and could not by `--container-user 999`",
            [
                f"{another(ROOTLESS)} milvus-certs config compose -d certs --out ./999 --container-user 999",
                f"{another(999)} head -c 10 999/tls/server.key",
                f"(! {IN_A_CONTAINER} head -c 10 999/tls/server.key)",
            ],
        ),
    ],
    "Milvus 3.0, root": container_user("root", 0, "chown 0 tls/server.key"),
    "Milvus 3.0, a user": container_user("an ordinary user", 1000, "setfacl --remove-all tls/server.key"),
}
