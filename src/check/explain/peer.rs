//! Whose connection a line is about: the log of Milvus has those of its clients, its own to the services that it
//! needs, and those between its components; the log of a proxy or an app has others still.

use crate::check::explain::address::{Address, dialled};
use crate::check::explain::words::Words;
use crate::x509::GeneralName;

/// The other end of a connection that failed, as far as the text says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Peer {
    /// Milvus, or nobody is named.
    Milvus,
    /// A component of Milvus that another one dials.
    Component,
    Etcd,
    ObjectStorage,
    Kafka,
    Pulsar,
    /// The webhook of Milvus' operator, dialled by Kubernetes.
    Webhook,
    /// Something that has nothing to do with Milvus.
    Elsewhere,
}

impl Peer {
    /// What was dialled counts most, then what is named, then who says it.
    pub(super) fn of(
        text: &str,
        asked_for: Option<&GeneralName>,
        words: &Words,
        frames: &Words,
        container: &[u8],
    ) -> Self {
        let text = text.to_ascii_lowercase();
        if OTHERS_CONNECTIONS.iter().chain(QUOTED).any(|mark| text.contains(mark))
            || is_of_envoy_elsewhere(&text)
        {
            return Self::Elsewhere;
        }
        let is_service = |peer: &Self| !matches!(peer, Self::Milvus | Self::Component | Self::Elsewhere);
        let dialled: Vec<_> = dialled(&text).collect();
        if let Some(peer) = dialled.iter().find_map(Self::at) {
            return peer;
        }
        // The name that is asked for may have any words in it: milvus.redis.lan.
        let is_internal = |peer| matches!(peer, Self::Webhook | Self::Component);
        if asked_for.is_some_and(|name| names_milvus(&name.to_string())) && !words.peers().any(is_internal) {
            return Self::Milvus;
        }
        if dialled.iter().any(|address| address.is_http && !may_have_rest(address)) {
            // A store of objects may be anywhere: the logger says that it is one.
            return words.peers().find(is_service).unwrap_or(Self::Elsewhere);
        }
        let in_frames = || frames.peers().next();
        let in_container = || Words::of(container).peers().next();
        words.peers().next().or_else(in_frames).or_else(in_container).unwrap_or(Self::Milvus)
    }

    /// Who is at an address, where it says that.
    fn at(address: &Address) -> Option<Self> {
        let first = address.host.split('.').next().unwrap_or_default();
        let is_milvus = names_milvus(address.host);
        if ["/v2/vectordb", "/v1/vector", "/milvus.proto."].iter().any(|path| address.path.starts_with(path))
        {
            return Some(Self::Milvus);
        }
        let is_socket = address.host.starts_with('/');
        let by_host = Words::of(if is_milvus { first } else { address.host }.as_bytes()).peers().next();
        let of_port = |port| MARKS.iter().find(|mark| mark.ports.contains(&port)).map(|mark| mark.peer);
        match (by_host, address.port.and_then(of_port)) {
            _ if is_socket => Some(Self::Elsewhere),
            (Some(Self::Elsewhere), _) if !is_milvus => by_host,
            (_, Some(peer)) => Some(peer),
            // my-milvus-minio is MinIO of a Milvus, milvus-pulsar-test a Milvus
            (Some(peer), None) if !is_milvus || first.ends_with(peer.service()) => Some(peer),
            _ if is_milvus => Some(Self::Milvus),
            _ => None,
        }
    }

    /// What Helm and Compose call the service.
    const fn service(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::ObjectStorage => "minio",
            Self::Kafka => "kafka",
            Self::Pulsar => "pulsar",
            Self::Webhook => "webhook-service",
            Self::Component => "coord",
            Self::Milvus | Self::Elsewhere => "\0",
        }
    }
}

/// Whether the REST of Milvus may be there: at its usual port, or at one that is forwarded from this machine.
fn may_have_rest(address: &Address) -> bool {
    address.port == Some(8080)
        || address.host == "localhost"
        || address.host.starts_with("127.")
        || address.host == "::1"
}

/// Whether Milvus is what a host is called, and not only the namespace or the company that it is in.
fn names_milvus(host: &str) -> bool {
    host.split('.').next().is_some_and(|first| first.contains("milvus"))
}

/// Whether Envoy speaks of a client of its own, or of a cluster that is not Milvus.
fn is_of_envoy_elsewhere(text: &str) -> bool {
    if text.contains("outbound|") && !text.contains("outbound|19530|") {
        return true;
    }
    // It prints the address of the other end: Linux gives clients these ports.
    let port = text.split_once("remote address:").and_then(|(_, address)| {
        let end = address.find([',', ' ']).unwrap_or(address.len());
        address[..end].rsplit_once(':')?.1.parse::<u16>().ok()
    });
    port.is_some_and(|port| port >= 32768)
}

/// What shows that a line is about a connection that is neither Milvus' nor one to Milvus, whatever else it names.
const OTHERS_CONNECTIONS: &[&str] = &[
    // A proxy, of the clients that dial it
    "while ssl handshaking, client:",
    "while waiting for request, client:",
    "/1: ssl handshake failure",
    // Installers of Python
    "/simple/",
    "pip._vendor",
    "pip._internal",
    // Databases and others, of their clients
    "could not accept ssl connection",
    "verify error: depth=0, error=",
    "openssl error[0]:",
    "openssl: error:",
    "[error] [tls] error:",
    // cargo, NuGet
    "class=ssl",
    "error nu1301",
    // Let's Encrypt, which asks a web server for a file
    "/.well-known/",
    // Its certificates are of a public CA: no ca.pem has to do with it.
    "zilliz.com",
    "zillizcloud",
];

/// What shows that words are quoted, and not said: in programs, queries and rules.
const QUOTED: &[&str] =
    &["like '%", "contains(\"", "contains(err.error(), \"", "got expected error", "summary: \""];

/// What names the other end.
pub(super) struct Mark {
    pub(super) peer: Peer,
    words: &'static [&'static str],
    ports: &'static [u16],
}

impl Mark {
    /// With the ports, as texts have them.
    pub(super) fn all_words(&self) -> impl Iterator<Item = String> {
        let ports = self.ports.iter().flat_map(|port| {
            // 12:34:22 is a time.
            let after_host = (*port >= 1000).then(|| format!(":{port}"));
            [format!("port={port}"), format!("port {port}")].into_iter().chain(after_host)
        });
        self.words.iter().map(ToString::to_string).chain(ports)
    }
}

/// Hosts, programs and their loggers, and ports. The first that is found counts.
///
/// Ports of components: Milvus' `configs/milvus.yaml`.
pub(super) const MARKS: &[Mark] = &[
    // The frames of an app's traceback have the packages of whatever else it uses.
    Mark {
        peer: Peer::Milvus,
        words: &[
            "/milvus.proto.",
            "/v2/vectordb",
            "milvusexception",
            "milvusclient",
            "milvusserviceclient",
            "milvus client",
            "connect to milvus",
            "pymilvus",
            "langchain_milvus",
            "milvus2-sdk-node",
            "io.milvus",
            ".elb.",
        ],
        ports: &[19530],
    },
    Mark {
        peer: Peer::Webhook,
        words: &["mmilvus.kb.io", "vmilvus.kb.io", "milvus-operator-webhook-service"],
        ports: &[],
    },
    Mark {
        peer: Peer::Elsewhere,
        words: &[
            // Packages, images, charts and models, and the tools that fetch them
            "docker.io",
            "download.docker.com",
            "gcr.io",
            "ghcr.io",
            "quay.io",
            "registry-1.docker.io",
            "failed to pull image",
            "failed to pull and unpack image",
            "imagepullbackoff",
            "errimagepull",
            ".dkr.ecr.",
            "artifacthub.io",
            "is not a valid chart repository",
            "pypi.org",
            "pythonhosted.org",
            "conda",
            "npmjs.org",
            "npm err",
            "npm error",
            "yarnpkg.com",
            "proxy.golang.org",
            "sum.golang.org",
            "crates.io",
            "spurious network error",
            "rubygems",
            "nuget",
            "could not transfer artifact",
            "repo.maven.apache.org",
            "plugins.gradle.org",
            "inrelease",
            "githubusercontent.com",
            "github.com:443",
            "github.com/v2/",
            "fatal: unable to access",
            "rpc failed; curl",
            "huggingface.co",
            "hf.co",
            "nltk_data",
            "tiktoken",
            "openaipublic",
            "keyserver",
            // Models and services that an app or a function of Milvus asks
            "openai",
            "api.openai.com",
            "api.anthropic.com",
            "anthropic",
            "cohere",
            "voyageai",
            "dashscope",
            "bedrock",
            "sagemaker",
            "generativelanguage.googleapis.com",
            "ollama",
            "telegram",
            "slack.com",
            "botocore",
            "jwt",
            "oidc",
            "saml",
            "saml2",
            "keycloak",
            "letsencrypt.org",
            // Mail, directories, shells
            "smtp",
            "smtplib",
            "imap",
            "mail server",
            "ldap",
            "ldaps",
            "ldap3",
            "ldap_start_tls",
            "mqtt",
            "ssh:",
            ".ssh",
            // Kubernetes itself, and its tools
            "failed calling webhook",
            "failed to call webhook",
            "unable to connect to the server",
            "error dialing backend",
            "docker daemon",
            "containerd",
            "kubelet",
            "kubeconfig",
            ".kube",
            ".minikube",
            "minikube",
            "kube-apiserver",
            "metrics-server",
            "readiness probe failed",
            "liveness probe failed",
            "startup probe failed",
            "/healthz",
            "argocd",
            "argocd-server",
            "jenkins",
            "jenkins_home",
            "vault",
            "consul",
            "istiod",
            "ztunnel",
            // Databases and queues
            "postgres",
            "postgresql",
            "psycopg",
            "psycopg2",
            "asyncpg",
            "libpq",
            "mysql",
            "mysqli",
            "pymysql",
            "mariadb",
            "error 2026 (hy000)",
            "sqlserver",
            "sqlclient",
            "pyodbc",
            "oracle",
            "redis",
            "valkey",
            "mongodb",
            "pymongo",
            "mongoserverselectionerror",
            "cassandra",
            "clickhouse",
            "clickhouse_driver",
            "elasticsearch",
            "elastic_transport",
            "opensearch",
            "opensearchpy",
            "qdrant",
            "qdrant_client",
            "weaviate",
            "chroma",
            "chromadb",
            "pinecone",
            "neo4j",
            "tikv",
            "zookeeper",
            "rabbitmq",
            "amqp",
            "amqps",
            "celery",
            "nats",
            "bookie",
            "bookkeeper",
            "temporal",
            "nacos",
            "eureka",
            "netflix",
            "selenium",
            "webdriver",
            "mosquitto",
            "gunicorn",
            "uvicorn",
            "fluent-bit",
            "[output:",
            "stripe",
            "stripeconnectionerror",
            "/etc/docker/",
            "failed to start daemon",
            "google.api_core",
            "pubsub_v1",
            // Traces and metrics
            "jaeger",
            "otel",
            "otel-collector",
            "opentelemetry",
            "exporting traces",
            "traces export",
            "prometheus",
            "grafana",
            "loki",
            "127.0.0.53",
        ],
        ports: &[
            22, 25, 389, 465, 587, 636, 993, 1433, 1521, 1883, 2181, 2376, 3128, 3181, 3306, 4222, 4317,
            4318, 4444, 5000, 5432, 5601, 5671, 5672, 6333, 6334, 6379, 6443, 7233, 7474, 7687, 8085, 8123,
            8200, 8300, 8301, 8500, 8848, 8883, 9042, 9090, 9091, 9200, 9300, 10250, 11211, 11434, 14268,
            27017, 50051, 55680,
        ],
    },
    Mark {
        peer: Peer::Kafka,
        words: &["kafka", "rdkafka", "librdkafka", "sarama", "all brokers"],
        ports: &[9092, 9093, 9094],
    },
    Mark { peer: Peer::Pulsar, words: &["pulsar"], ports: &[6650, 6651] },
    Mark {
        peer: Peer::Etcd,
        words: &["etcd", "etcdkv", "etcdserver", "embed/config_logging.go", "clientv3"],
        ports: &[2379, 2380],
    },
    Mark {
        peer: Peer::ObjectStorage,
        words: &[
            "minio",
            "miniokv",
            "blob bucket",
            "create bucket",
            "a-bucket",
            "bucketname",
            "chunkmanager",
            "chunk_manager",
            "remote_chunk_manager.go",
            "object_storage",
            "minio_object_storage.go",
            "woodpecker",
            "s3://",
            "amazonaws.com",
            "aliyuncs.com",
            "storage.googleapis.com",
            "blob.core.windows.net",
        ],
        ports: &[9000],
    },
    Mark {
        peer: Peer::Component,
        words: &[
            "grpcclient/client.go",
            "internaltls",
            "querynode",
            "querycoord",
            "datanode",
            "datacoord",
            "rootcoord",
            "mixcoord",
            "indexnode",
            "indexcoord",
            "streamingnode",
            "streamingcoord",
        ],
        ports: &[19529, 21121, 21123, 21124, 22930, 22222, 13333, 31000, 53100],
    },
];
