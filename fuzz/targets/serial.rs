//! `ca.srl`: what can be read is written back as the same number, and counting on from it works.

#![no_main]

libfuzzer_sys::fuzz_target!(|content: &[u8]| milvus_certs::fuzzing::serial::run(content));
