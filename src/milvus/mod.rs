//! What Milvus and its documentation know about TLS.

pub(crate) mod container;
pub(crate) mod defaults;
pub(crate) mod keys;
mod kubernetes_name;
pub(crate) mod public_keys;
mod release;
mod tls_mode;

pub(crate) use kubernetes_name::{KubernetesName, NameKind};
pub(crate) use release::{Manager, Release, compose_server_names, standalone_server_names};
pub(crate) use tls_mode::ClientTls;
pub use tls_mode::TlsMode;
