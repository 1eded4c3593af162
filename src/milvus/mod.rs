//! What Milvus and its documentation know about TLS, and how Milvus and its clients are told.

pub mod clients;
pub mod container;
pub mod defaults;
pub mod deployment;
pub(crate) mod keys;
pub mod public_keys;
mod template;
mod tls_mode;

pub use tls_mode::TlsMode;
