//! Servers without TLS.

use libtest_mimic::Trial;
use serde_json::json;

use crate::common::folder::Folder;
use crate::common::server::{Server, VERSION, speak_http1, speak_http2};
use crate::report::{probe, text};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("plaintext HTTP/2 is recognised, and tells Milvus' version", http2),
        trial("plaintext HTTP/1 is recognised", http1),
    ]
}

fn http2() {
    let (directory, server) = (Folder::with_directory(""), Server::start(speak_http2));
    let report = probe(&[&server.target(), "-d", &directory.argument("")]).finds(3, &["plaintext"]);
    let report = report.has("state", "plaintext").has("detail", "HTTP/2").has("tls_mode", 0);
    let report = report.has("milvus_version", VERSION).has("tls_versions", json!([]));
    report.has("is_the_directorys", json!(null)).has("without_client_certificate", json!(null));
    let said = text(&[&server.target()]);
    let first =
        format!("{}, grpc: plaintext (HTTP/2), tlsMode 0\n  Milvus      {VERSION}\n", server.target());
    assert!(said.starts_with(&first), "{said}");
    assert!(said.ends_with("tlsMode 0 is in force. 1 thing is wrong.\n"), "{said}");
}

fn http1() {
    let server = Server::start(speak_http1);
    let report = probe(&[&server.target(), "--rest-port", &server.port()]).finds(3, &["plaintext"]);
    let report = report.has("state", "plaintext").has("detail", "HTTP/1").has("service", "rest");
    report.has("tls_mode", 0);
}
