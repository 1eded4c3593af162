"""Which pages are walked, what each takes for granted, and which of their lines are not typed."""

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
