//! TLS certificates for Milvus.
pub mod actions;
pub mod milvus;
pub mod pki;
pub mod store;
