//! From certificates to a running Milvus: the files that each way of deployment needs, as pure
//! functions from data to text.

mod cert_manager;
mod compose;
mod document;
mod helm;
mod operator;
mod secret;
mod settings;

pub use cert_manager::{ClusterAuthority, RequestedCertificate, cert_manager};
pub use compose::{TLS_FOLDER, compose};
pub use document::Document;
pub use helm::helm;
pub use operator::operator;
pub use secret::{SecretKind, ServerFiles, secret};
pub use settings::{MountPath, MountPathInvalid, TlsSettings, user_yaml};

use crate::milvus::{KubernetesName, Release};

/// A Milvus in Kubernetes, and the Secret that it gets.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// What it is called.
    pub release: Release,
    /// The Secret with its certificates.
    pub secret_name: KubernetesName,
    /// Whether each component runs by itself, or all in one.
    pub is_distributed: bool,
}
