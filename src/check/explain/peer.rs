//! Whose connection a line is about: the log of Milvus has those of its clients, its own to the services that it
//! needs, and those between its components; the log of a proxy or an app has others still.

use crate::check::explain::address::{Address, dialled};
use crate::check::explain::marks::{MARKS, Peer};
use crate::check::explain::words::Words;
use crate::x509::GeneralName;

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
