//! PEM and DER, through every reader and through `inspect`: certificates and keys that can be read
//! are written back as the same.

#![no_main]

libfuzzer_sys::fuzz_target!(|content: &[u8]| milvus_certs::fuzzing::items::run(content));
