//! What is wrong with the certificates that a server shows.

use libtest_mimic::Trial;
use serde_json::json;

use crate::common::folder::Folder;
use crate::common::program::GEN;
use crate::common::tls::Tls;
use crate::directories::{Deep, aged};
use crate::report::{Report, probe, text};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("a certificate that has expired is a finding", expired),
        trial("a certificate that ends soon is a finding", expiring),
        trial("a name that the certificate does not cover is a finding", wrong_name),
        trial("an address that the certificate does not cover is a finding", wrong_address),
        trial("a certificate of another CA is a finding", other_ca),
        trial("a self-signed certificate is a finding", self_signed),
        trial("a server verifies where its own certificate is all that clients trust", leaf_as_trust_anchor),
        trial("a chain is followed to ca.pem", whole_chain),
        trial("a chain without its intermediate CA is a finding", no_chain),
        trial("a chain in the wrong order verifies, as it does for clients", wrong_order),
        trial("a chain that begins with a CA fails in the handshake", ca_first),
        trial("a renewed certificate that is not served yet is a finding", renewed),
        trial("a certificate of another directory is a finding", not_the_directorys),
        trial("a server that shows Milvus' public certificate is a finding", public),
    ]
}

/// What is found at a server that serves `served`, when it is held to a directory.
fn held_to(directory: &Folder, served: Tls, more: &[&str]) -> Report {
    let server = served.start();
    probe(&[&[server.target().as_str(), "-d", &directory.argument("")], more].concat())
}

fn expired() {
    let directory = aged(30, 10);
    held_to(&directory, Tls::one_way(&directory.path("")), &[]).finds(3, &["expired"]).has("tls_mode", 1);
}

fn expiring() {
    let directory = aged(0, 10);
    held_to(&directory, Tls::one_way(&directory.path("")), &[]).finds(3, &["expiring"]);
}

fn wrong_name() {
    let directory = Folder::with_directory("");
    let report =
        held_to(&directory, Tls::one_way(&directory.path("")), &["--server-name", "milvus.example.com"]);
    let report = report.finds(3, &["name-not-covered"]);
    let evidence = report.evidence("name-not-covered");
    assert_eq!(evidence, "does not cover milvus.example.com; its names: localhost, 127.0.0.1, ::1");
    let fix = report.json["findings"][0]["fix"].as_str().unwrap();
    assert!(fix.contains("--san milvus.example.com"), "{fix}");
}

fn wrong_address() {
    let directory = Folder::with_directory("");
    let report = held_to(&directory, Tls::one_way(&directory.path("")), &["--server-name", "10.0.0.5"]);
    report.finds(3, &["name-not-covered"]);
}

fn other_ca() {
    let (directory, other) = (Folder::with_directory(""), Folder::after(GEN));
    // Both CAs have the same name.
    let report = held_to(&directory, Tls::one_way(&other.path("")), &[]);
    report.finds(3, &["not-the-directorys", "other-ca-same-name"]).has("is_the_directorys", false);
}

fn self_signed() {
    let (directory, other) = (Folder::with_directory(""), Deep::new().directory);
    let (certificate, key) = (other.path("ca.pem"), directory.path("ca.key"));
    let report = held_to(&directory, Tls::showing(&certificate, &key), &[]);
    assert!(report.codes().contains("not-issued-by-ca"), "{report:#?}");
    assert!(report.codes().contains("no-subject-alt-name"), "{report:#?}");
    assert_eq!(report.status, 3);
}

/// As the documentation page has it: clients get server.pem.
fn leaf_as_trust_anchor() {
    let directory = Folder::with_directory("");
    let trusted = directory.argument("server.pem");
    held_to(&directory, Tls::one_way(&directory.path("")), &["--ca", &trusted]).finds(0, &[]);
}

fn whole_chain() {
    let deep = Deep::new();
    let report = held_to(&deep.directory, Tls::one_way(&deep.directory.path("")), &[]).finds(0, &[]);
    assert_eq!(report.ports()[0]["certificates"].as_array().unwrap().len(), 2);
}

/// Shows certificates of `deep` in this order.
fn showing(deep: &Deep, order: &[&str]) -> Report {
    deep.directory.write("shown.pem", order.concat());
    let [chain, key] = ["shown.pem", "server.key"].map(|file| deep.directory.path(file));
    held_to(&deep.directory, Tls::showing(&chain, &key), &[])
}

fn no_chain() {
    let deep = Deep::new();
    showing(&deep, &[&deep.leaf]).finds(3, &["not-issued-by-ca"]).has("is_the_directorys", true);
}

fn wrong_order() {
    let deep = Deep::new();
    showing(&deep, &[&deep.leaf, &deep.root, &deep.intermediate]).finds(0, &[]);
}

fn ca_first() {
    let deep = Deep::new();
    let report = showing(&deep, &[&deep.intermediate, &deep.leaf]);
    let report = report.finds(3, &["ca-before-leaf", "handshake-refused", "not-the-directorys"]);
    let report = report.has("tls_mode", json!(null)).has("without_client_certificate/let_in", false);
    let evidence = report.evidence("handshake-refused");
    assert_eq!(evidence, "it has another key than that of the certificate that it shows first");
}

fn renewed() {
    let directory = aged(30, 3650);
    let server = Tls::one_way(&directory.path("")).start();
    directory.milvus_certs("renew");
    let folder = directory.argument("");
    let report = probe(&[&server.target(), "-d", &folder]).finds(3, &["renewed-not-restarted"]);
    let report = report.has("is_the_directorys", false).has("without_client_certificate/let_in", true);
    assert!(report.evidence("renewed-not-restarted").contains("the directory's server.pem has"));
    let said = text(&[&server.target(), "-d", &folder]);
    assert!(said.contains("\n  directory   another certificate\n"), "{said}");
    assert!(said.ends_with("tlsMode 1 is in force. 1 thing is wrong.\n"), "{said}");
}

fn not_the_directorys() {
    let (directory, other) = (Folder::with_directory(""), Folder::after(GEN));
    let ca = other.argument("ca.pem");
    let report = held_to(&directory, Tls::one_way(&other.path("")), &["--ca", &ca]);
    report.finds(3, &["not-the-directorys"]);
}

/// Whoever has its key is not wanted here: the server shows the certificate, and signs with another key.
fn public() {
    let directory = Folder::with_directory("");
    let (certificate, key) = ("tests/check/public/server.pem", directory.path("server.key"));
    let report = held_to(&directory, Tls::showing(certificate.as_ref(), &key), &[]);
    assert!(report.codes().contains("public-private-key"), "{:#}", report.json);
    report.has("is_the_directorys", json!(false));
}
