//! What Milvus and its documentation know about TLS.

pub mod container;
pub mod defaults;
pub(crate) mod keys;
mod kubernetes_name;
mod platform;
pub mod public_keys;
mod tls_mode;

pub use kubernetes_name::{KubernetesName, KubernetesNameInvalid, NameKind};
pub use platform::{Platform, Release};
pub use tls_mode::TlsMode;
