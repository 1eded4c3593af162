//! What Milvus and its documentation know about TLS.

pub mod defaults;
pub(crate) mod keys;
pub mod public_keys;
