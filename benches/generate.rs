//! How long the library takes for a whole directory, and for its renewal.

use divan::Bencher;
use milvus_certs::{GenerateRequest, KeyType, RenewRequest, generate, renew};
use tempfile::TempDir;
use time::OffsetDateTime;
use time::macros::datetime;

const NOW: OffsetDateTime = datetime!(2030-01-01 00:00:00 UTC);
const LATER: OffsetDateTime = datetime!(2031-01-01 00:00:00 UTC);
const KEY_TYPES: [KeyType; 2] = [KeyType::Rsa2048, KeyType::P256];

fn main() {
    divan::main();
}

/// What `milvus-certs gen` does: three keys, three certificates, seven files.
#[divan::bench(args = KEY_TYPES, sample_count = 40, sample_size = 1)]
fn generate_a_directory(bencher: Bencher, key_type: KeyType) {
    bencher.with_inputs(folder).bench_local_values(|folder| {
        generate_in(&folder, key_type);
        folder
    });
}

/// What `milvus-certs renew` does: two keys, two certificates, five files.
#[divan::bench(args = KEY_TYPES, sample_count = 40, sample_size = 1)]
fn renew_a_directory(bencher: Bencher, key_type: KeyType) {
    let made = || {
        let folder = folder();
        generate_in(&folder, key_type);
        folder
    };
    bencher.with_inputs(made).bench_local_values(|folder| {
        renew(&RenewRequest::new(folder.path()), LATER).expect("the directory can be renewed");
        folder
    });
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder can be made")
}

fn generate_in(folder: &TempDir, key_type: KeyType) {
    let request = GenerateRequest { key_type, ..GenerateRequest::new(folder.path()) };
    generate(&request, NOW).expect("the directory can be made");
}
