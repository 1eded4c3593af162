//! How long the library takes: for a whole directory, for its renewal, and for one certificate.

use divan::{Bencher, black_box};
use milvus_certs::{GenerateRequest, RenewRequest, generate, renew};
use milvus_certs::milvus::defaults;
use milvus_certs::engine::ca::{AuthorityTemplate, EndEntity};
use milvus_certs::x509::{CertificateAuthority, Days, EndEntityKind, Error, KeyType, PrivateKey, PublicKey, SerialNumber, Subject, Validity, generate_keys};
use rayon::ThreadPoolBuilder;
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

/// Nearly all of that with RSA: the search for the primes of three keys, by all threads.
#[divan::bench(args = KEY_TYPES, sample_count = 40, sample_size = 1)]
fn make_three_keys(bencher: Bencher, key_type: KeyType) {
    bencher.bench_local(|| generate_keys(&[key_type; 3]));
}

/// The same search by one thread, for the two primes of one key. Three times this, divided by the number of
/// cores, is the least that three keys can take.
#[divan::bench(args = KEY_TYPES, sample_count = 120, sample_size = 1)]
fn make_a_key_on_one_thread(bencher: Bencher, key_type: KeyType) {
    let thread = ThreadPoolBuilder::new().num_threads(1).build().expect("a thread can be started");
    bencher.bench_local(|| thread.install(|| PrivateKey::generate(key_type)));
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

/// The part without files and without new keys: one certificate, issued and signed.
#[divan::bench(args = KEY_TYPES)]
fn issue_a_certificate(bencher: Bencher, key_type: KeyType) {
    let (authority, server, key) = issuing(key_type).expect("the defaults are valid");
    bencher.bench_local(|| authority.issue(black_box(&server), black_box(&key)));
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder can be made")
}

fn generate_in(folder: &TempDir, key_type: KeyType) {
    let request = GenerateRequest::new(folder.path()).expect("the defaults are valid");
    generate(&GenerateRequest { key_type, ..request }, NOW).expect("an empty folder can be filled");
}

/// An authority, and what it is to issue.
fn issuing(key_type: KeyType) -> Result<(CertificateAuthority, EndEntity, PublicKey), Error> {
    let subject = Subject::new(&defaults::subject()?)?;
    let validity = Validity::starting(NOW, Days::new(defaults::DAYS)?)?;
    let serial = SerialNumber::random()?;
    let template = AuthorityTemplate { subject: subject.clone(), validity, serial: serial.clone() };
    let authority = CertificateAuthority::create(&template, PrivateKey::generate(key_type)?)?;
    let names = vec!["localhost".parse()?];
    let server = EndEntity { kind: EndEntityKind::Server, subject, names, validity, serial };
    Ok((authority, server, PrivateKey::generate(key_type)?.public_key()?))
}
