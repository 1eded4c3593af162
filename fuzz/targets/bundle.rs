//! A certificate directory whose seven files hold anything. A part that is not PEM is taken for DER
//! and made PEM of, so that what lies below the Base64 is fuzzed too.

#![no_main]

libfuzzer_sys::fuzz_target!(|content: &[u8]| milvus_certs::fuzzing::bundle::run(content));
