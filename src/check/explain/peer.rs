//! Whose connection a line is about: the log of Milvus has those of its clients, its own to the services that it
//! needs, and those between its components; the log of a proxy or an app has others still.

/// The other end of a connection that failed, as far as the line says.
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
    /// The other end, by the address that a text says was dialled. A text that names another host and nothing of
    /// Milvus is about something else.
    pub(super) fn dialled_in(text: &str) -> Self {
        let text = text.to_ascii_lowercase();
        // Go: Get "https://localhost:8080/": others print addresses of documentation, too.
        let urls = ["\"https://", "\"http://"].into_iter().flat_map(|start| text.split(start).skip(1));
        let authorities = urls.map(|url| {
            let is_end = |end: char| !end.is_ascii_alphanumeric() && !".-_:[]".contains(end);
            url.split(is_end).next().unwrap_or_default().to_owned()
        });
        // requests and urllib3: HTTPSConnectionPool(host='localhost', port=8080)
        let pools = text.split("connectionpool(host='").skip(1).map(|pool| {
            let pool = pool.split(')').next().unwrap_or_default();
            pool.replace("', port=", ":")
        });
        let dialled: Vec<_> = authorities.chain(pools).collect();
        let names_milvus = ["milvus", "/v2/vectordb", "/v1/vector"].iter().any(|mark| text.contains(mark));
        match dialled.is_empty() || names_milvus || dialled.iter().any(|authority| may_be_milvus(authority)) {
            true => Self::Milvus,
            false => Self::Elsewhere,
        }
    }
}

/// Whether Milvus may be at `HOST:PORT`: at a port of its own, or at one that is forwarded from this machine.
fn may_be_milvus(authority: &str) -> bool {
    let is_own = |port: &str| ["19530", "8080"].contains(&port);
    let is_here = ["localhost", "127.", "[::1]"].iter().any(|here| authority.starts_with(here));
    is_here || authority.rsplit_once(':').is_some_and(|(_, port)| is_own(port))
}

/// What names the other end: ports, hosts, programs and their loggers. The first that is found counts.
///
/// Ports of components: Milvus' `configs/milvus.yaml`.
pub(super) const MARKS: &[(Peer, &[&str])] = &[
    // The frames of an app's traceback have the paths of whatever else it uses.
    (Peer::Milvus, &[":19530", "port=19530", "port 19530", "/milvus.proto.", "milvusexception", ".elb."]),
    (Peer::Webhook, &["mmilvus.kb.io", "vmilvus.kb.io", "milvus-operator-webhook-service"]),
    (
        Peer::Elsewhere,
        &[
            // Registries of packages, images and models, and services of others
            "docker.io",
            "gcr.io",
            "ghcr.io",
            "quay.io",
            "failed to pull image",
            "imagepullbackoff",
            "errimagepull",
            "pypi.org",
            "pythonhosted.org",
            "pip._vendor",
            "pip._internal",
            "npmjs.org",
            "proxy.golang.org",
            "repo.maven.apache.org",
            "github.com:443",
            "github.com/v2/",
            "huggingface.co",
            "api.openai.com",
            "api.anthropic.com",
            ".dkr.ecr.",
            "/simple/",
            "npm err",
            "npm error",
            "smtp",
            "smtplib",
            "mqtt",
            ":8883",
            "ldap",
            "ldaps",
            // git
            "fatal: unable to access",
            // Of a client of the proxy, not of Milvus
            "while ssl handshaking, client:",
            // Kubernetes itself
            "failed calling webhook",
            "failed to call webhook",
            "unable to connect to the server",
            "kubelet",
            "kubeconfig",
            "kube-apiserver",
            "metrics-server",
            ":6443",
            ":10250",
            "readiness probe failed",
            "liveness probe failed",
            "startup probe failed",
            "/healthz",
            ":9091",
            "port=9091",
            // Databases and others beside Milvus
            "postgres",
            "postgresql",
            "psycopg2",
            ":5432",
            "mysql",
            ":3306",
            "redis",
            ":6379",
            "mongodb",
            ":27017",
            "elasticsearch",
            "opensearch",
            ":9200",
            "rabbitmq",
            "amqp",
            ":5672",
            "ollama",
            ":11434",
            "127.0.0.53",
            "zookeeper",
            ":2181",
            "jaeger",
            ":4317",
            ":4318",
            ":14268",
        ],
    ),
    (Peer::Kafka, &["kafka", "rdkafka", "librdkafka", "sarama", "all brokers", ":9092", ":9093", ":9094"]),
    (Peer::Pulsar, &["pulsar", ":6650", ":6651"]),
    (
        Peer::Etcd,
        &[
            "etcd",
            "etcdkv",
            "etcdserver",
            "embed/config_logging.go",
            "clientv3",
            ":2379",
            ":2380",
            "port=2379",
        ],
    ),
    (
        Peer::ObjectStorage,
        &[
            "minio",
            "miniokv",
            "blob bucket",
            "a-bucket",
            "bucketname",
            "chunkmanager",
            "chunk_manager",
            "remote_chunk_manager.go",
            "object_storage",
            "minio_object_storage.go",
            "s3://",
            "amazonaws.com",
            "aliyuncs.com",
            "storage.googleapis.com",
            "blob.core.windows.net",
            ":9000",
            "port=9000",
        ],
    ),
    (
        Peer::Component,
        &[
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
            ":19529",
            ":21121",
            ":21123",
            ":21124",
            ":22930",
            ":22222",
            ":13333",
            ":31000",
            ":53100",
        ],
    ),
];
