//! Milvus' container: its folders and ports.

/// Where Milvus looks for its configuration, unless the variable MILVUSCONF says otherwise.
pub(crate) const CONFIG_FOLDER: &str = "/milvus/configs";
/// What Milvus reads in that folder, in this order (milvus' pkg/util/paramtable/base_table.go).
pub(crate) const CONFIG_FILES: [&str; 3] = ["milvus.yaml", "default.yaml", "user.yaml"];
/// Where Milvus' image keeps certificates of which the private keys are public.
pub(crate) const PUBLIC_CERTIFICATES: &str = "/milvus/configs/cert";
/// The user as whom Milvus runs in its image since 3.0.
pub(crate) const IMAGE_USER: u32 = 999;
/// The image's working directory.
pub(crate) const WORKING_DIRECTORY: &str = "/milvus";
/// Folders of the image that Milvus needs as they are, and where its data is.
pub(crate) const OWN_FOLDERS: [&str; 10] = [
    WORKING_DIRECTORY,
    CONFIG_FOLDER,
    "/milvus/bin",
    "/milvus/lib",
    "/var/lib/milvus",
    "/bin",
    "/etc",
    "/lib",
    "/usr",
    "/tmp",
];
/// Ports of what runs in the container, or beside it, of Milvus' own: etcd, which may be embedded, and MinIO.
pub(crate) const OTHER_PORTS: [(&str, u16); 3] = [("etcd", 2379), ("etcd", 2380), ("MinIO", 9000)];

/// The default of proxy.port.
pub(crate) const GRPC_PORT: u16 = 19530;
/// Where metrics and `/healthz` are, without TLS.
pub(crate) const METRICS_PORT: u16 = 9091;
/// Where the documentation page puts REST when TLS is on: it cannot share gRPC's port then.
pub(crate) const REST_PORT: u16 = 8080;
/// What Milvus 2.4 and later reads on top of its own milvus.yaml (milvus#30910).
pub(crate) const USER_YAML: &str = "/milvus/configs/user.yaml";

/// Where Milvus' components serve each other, if they run on one machine (milvus.yaml).
pub(crate) const INTERNAL_PORTS: [(&str, u16); 8] = [
    ("rootCoord", 53100),
    ("dataCoord", 13333),
    ("queryCoord", 19531),
    ("queryNode", 21123),
    ("indexNode", 21121),
    ("dataNode", 21124),
    ("streamingNode", 22222),
    ("proxy", 19529),
];
