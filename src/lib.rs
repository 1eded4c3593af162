//! TLS certificates for Milvus.
pub mod pki;
