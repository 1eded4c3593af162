//! `explain`: any text.

#![no_main]

libfuzzer_sys::fuzz_target!(|content: &[u8]| milvus_certs::fuzzing::explain::run(content));
