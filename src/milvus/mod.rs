//! What Milvus and its documentation know about TLS.

pub mod defaults;
pub mod public_keys;
