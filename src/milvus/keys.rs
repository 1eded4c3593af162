//! The settings of Milvus that decide about TLS.

/// A setting by its key in milvus.yaml.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    TlsMode,
    InternalTlsEnabled,
    GrpcPort,
    HttpEnabled,
    HttpPort,
    Path(Block, PathKey),
    Sni,
}

/// A block that names files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Block {
    /// For clients.
    Tls,
    /// Between Milvus' own components.
    InternalTls,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PathKey {
    ServerPem,
    ServerKey,
    CaPem,
}

impl Block {
    pub(crate) const ALL: [Self; 2] = [Self::Tls, Self::InternalTls];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Tls => "tls",
            Self::InternalTls => "internaltls",
        }
    }

    /// The settings that stand in it.
    pub(crate) const fn keys(self) -> &'static [Key] {
        use PathKey::{CaPem, ServerKey, ServerPem};
        match self {
            Self::Tls => &[
                Key::Path(Self::Tls, ServerPem),
                Key::Path(Self::Tls, ServerKey),
                Key::Path(Self::Tls, CaPem),
            ],
            Self::InternalTls => &[
                Key::Path(Self::InternalTls, ServerPem),
                Key::Path(Self::InternalTls, ServerKey),
                Key::Path(Self::InternalTls, CaPem),
                Key::Sni,
            ],
        }
    }
}

impl Key {
    /// Those that are in no [`Block`].
    const OTHERS: [Self; 5] =
        [Self::TlsMode, Self::InternalTlsEnabled, Self::GrpcPort, Self::HttpEnabled, Self::HttpPort];

    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let in_blocks = Block::ALL.into_iter().flat_map(|block| block.keys().iter().copied());
        Self::OTHERS.into_iter().chain(in_blocks)
    }

    /// The key, in Milvus' spelling.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::TlsMode => "common.security.tlsMode",
            Self::InternalTlsEnabled => "common.security.internaltlsEnabled",
            Self::GrpcPort => "proxy.port",
            Self::HttpEnabled => "proxy.http.enabled",
            Self::HttpPort => "proxy.http.port",
            Self::Path(Block::Tls, PathKey::ServerPem) => "tls.serverPemPath",
            Self::Path(Block::Tls, PathKey::ServerKey) => "tls.serverKeyPath",
            Self::Path(Block::Tls, PathKey::CaPem) => "tls.caPemPath",
            Self::Path(Block::InternalTls, PathKey::ServerPem) => "internaltls.serverPemPath",
            Self::Path(Block::InternalTls, PathKey::ServerKey) => "internaltls.serverKeyPath",
            Self::Path(Block::InternalTls, PathKey::CaPem) => "internaltls.caPemPath",
            Self::Sni => "internaltls.sni",
        }
    }

    /// The keys above it, the nearest first: `proxy.http`, `proxy`.
    pub(crate) fn enclosing(self) -> impl Iterator<Item = &'static str> {
        let name = self.name();
        name.rmatch_indices('.').map(move |(end, _)| &name[..end])
    }
}

/// A key as Milvus compares it (`formatKey` in milvus' pkg/config/config.go).
pub(crate) fn formatted(key: &str) -> String {
    key.chars().filter(|letter| !matches!(letter, '/' | '_' | '.')).collect::<String>().to_lowercase()
}

/// The top level of milvus.yaml, in lower case.
#[rustfmt::skip]
const TOP_LEVEL: [&str; 37] = [
    "autoindex", "cdc", "common", "credential", "datacoord", "datanode", "etcd", "function", "gpu", "grpc",
    "indexcoord", "indexnode", "internaltls", "kafka", "knowhere", "localstorage", "log", "messagequeue",
    "metastore", "minio", "mixcoord", "mq", "msgchannel", "natsmq", "proxy", "pulsar", "querycoord", "querynode",
    "quotaandlimits", "rocksmq", "rootcoord", "streaming", "streamingnode", "tikv", "tls", "trace", "woodpecker",
];

/// The top level of the values of Milvus' Helm chart, of 2022 to 2026.
#[rustfmt::skip]
const CHART_VALUES: [&str; 56] = [
    "affinity", "annotations", "attu", "cdc", "cluster", "containerSecurityContext", "customConfigMap",
    "dataCoordinator", "dataNode", "etcd", "externalEtcd", "externalGcs", "externalKafka", "externalMysql",
    "externalPulsar", "externalS3", "extraConfigFiles", "fullnameOverride", "global", "heaptrack", "image",
    "indexCoordinator", "indexNode", "ingress", "kafka", "labels", "livenessProbe", "log", "metrics", "minio",
    "mixCoordinator", "mysql", "nameOverride", "nodeSelector", "proxy", "pulsar", "pulsarv3", "queryCoordinator",
    "queryNode", "readinessProbe", "replicaResourceGroups", "resources", "rootCoordinator", "securityContext",
    "service", "serviceAccount", "standalone", "streaming", "streamingNode", "tei", "tolerations",
    "topologySpreadConstraints", "volumeMounts", "volumes", "woodpecker", "extraEnv",
];

/// Whether a key is one of the chart's values.
pub(crate) fn is_chart_value(key: &str) -> bool {
    CHART_VALUES.contains(&key)
}

/// Whether a key at the top level is one of milvus.yaml's, perhaps with what is below it.
pub(crate) fn is_top_level(key: &str) -> bool {
    let first = key.split(['.', '/', '_']).next().unwrap_or_default().to_lowercase();
    TOP_LEVEL.contains(&first.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_compared_as_milvus_compares_them() {
        let formatted_keys =
            ["common.security.tlsMode", "COMMON_SECURITY_TLSMODE", "common/security/TLS_mode"];
        for key in formatted_keys {
            assert_eq!(formatted(key), "commonsecuritytlsmode");
        }
    }

    #[test]
    fn the_top_level_of_milvus_yaml_is_known_in_every_spelling() {
        for key in ["common", "TLS", "quotaAndLimits", "proxy.http.port", "COMMON_SECURITY_TLSMODE"] {
            assert!(is_top_level(key), "{key}");
        }
        for key in ["services", "image", "commons", "", "ETCDCTL"] {
            assert!(!is_top_level(key), "{key}");
        }
    }
}
