//! What a person wrote for Milvus, or as a list of what is to be issued: any files, and whatever they
//! name on this machine.

#![no_main]

libfuzzer_sys::fuzz_target!(|content: &[u8]| milvus_certs::fuzzing::config::run(content));
