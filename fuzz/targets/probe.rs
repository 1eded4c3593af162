//! What a server answers: whatever is written to a client that speaks TLS, HTTP/2 and HTTP/1 to it.

#![no_main]

libfuzzer_sys::fuzz_target!(|content: &[u8]| milvus_certs::fuzzing::probe::run(content));
