//! What Milvus and its documentation know about TLS.

pub mod container;
pub mod defaults;
pub(crate) mod keys;
mod kubernetes_name;
pub mod public_keys;
mod release;
mod tls_mode;

pub use kubernetes_name::{KubernetesName, NameKind};
pub use release::{Manager, Release, compose_server_names};
pub use tls_mode::TlsMode;
