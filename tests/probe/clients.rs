//! Servers that ask for a client certificate.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use libtest_mimic::Trial;
use rustls::version::{TLS12, TLS13};
use serde_json::json;

use crate::common::folder::Folder;
use crate::common::program::GEN;
use crate::common::server::{Server, speak_http2};
use crate::common::tls::Tls;
use crate::directories::aged;
use crate::report::{Report, probe, text};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("a client of another CA is refused after the handshake, by an alert", other_ca),
        trial("a client certificate without clientAuth is refused, by an alert", without_client_auth),
        trial("a client certificate that has expired is refused, by an alert", expired),
        trial("with TLS 1.2 a client is refused in the handshake, by an alert", refused_in_tls12),
        trial("with TLS 1.2 a client with a certificate is let in", let_in_with_tls12),
        trial("without a directory no client certificate is tried", nothing_to_show),
        trial("a server that takes any client lets in clients without a certificate", any_client),
        trial("a key that does not belong to the client certificate is refused", other_key),
        trial("probe does not show the client certificate to a server of another CA", other_server),
        trial(
            "probe does not show the client certificate where a later connection has another server certificate",
            two_faces,
        ),
    ]
}

/// What is found at a server with tlsMode 2 when this client certificate is shown.
fn shown(directory: &Folder, certificate: &str, key: &str) -> Report {
    let server = Tls::mutual(&directory.path("")).start();
    probe(&[&server.target(), "-d", &directory.argument(""), "--cert", certificate, "--key", key])
}

fn refused_by(report: Report, alert: &str) -> Report {
    report
        .finds(3, &["client-refused"])
        .has("tls_mode", 2)
        .has("without_client_certificate/reason", "alert certificate_required")
        .has("with_client_certificate", json!({ "let_in": false, "reason": format!("alert {alert}") }))
}

fn other_ca() {
    let (directory, other) = (Folder::with_directory(""), Folder::after(GEN));
    let (certificate, key) = (other.argument("client.pem"), other.argument("client.key"));
    let report = refused_by(shown(&directory, &certificate, &key), "decrypt_error");
    let evidence = report.evidence("client-refused");
    assert!(evidence.starts_with(&format!("does not let {certificate} in: alert ")), "{evidence}");
    assert!(evidence.contains("; it takes certificates of "), "{evidence}");

    let server = Tls::mutual(&directory.path("")).start();
    let said =
        text(&[&server.target(), "-d", &directory.argument(""), "--cert", &certificate, "--key", &key]);
    assert!(said.contains(", with one not let in (alert decrypt_error)"), "{said}");
}

/// As the documentation page's gen.sh makes them.
fn without_client_auth() {
    let directory = Folder::with_directory("");
    let (certificate, key) = (directory.argument("server.pem"), directory.argument("server.key"));
    refused_by(shown(&directory, &certificate, &key), "unsupported_certificate");
}

fn expired() {
    let (directory, old) = (Folder::with_directory(""), aged(30, 10));
    for file in ["ca.key", "ca.pem", "ca.srl"] {
        directory.write(file, old.read(file));
    }
    for file in ["server.key", "server.pem", "client.key", "client.pem"] {
        directory.remove(file);
    }
    directory.milvus_certs("renew");
    let (certificate, key) = (old.argument("client.pem"), old.argument("client.key"));
    refused_by(shown(&directory, &certificate, &key), "certificate_expired");
}

fn refused_in_tls12() {
    let directory = Folder::with_directory("");
    let server = Tls::mutual(&directory.path("")).only(&TLS12).start();
    let (certificate, key) = (directory.argument("server.pem"), directory.argument("server.key"));
    let arguments = [&server.target(), "-d", &directory.argument(""), "--cert", &certificate, "--key", &key];
    let report = probe(&arguments).finds(3, &["client-refused"]).has("tls_versions", json!(["TLS 1.2"]));
    let report =
        report.has("with_client_certificate/reason", "alert unsupported_certificate").has("tls_mode", 2);
    report.has("alpn", json!(null)).has("without_client_certificate/let_in", false);
}

fn let_in_with_tls12() {
    let directory = Folder::with_directory("");
    let server = Tls::mutual(&directory.path("")).only(&TLS12).start();
    let report = probe(&[&server.target(), "-d", &directory.argument("")]).finds(0, &[]);
    let report = report.has("with_client_certificate/let_in", true).has("alpn", "h2");
    report.has("without_client_certificate/let_in", false);
}

fn nothing_to_show() {
    let directory = Folder::with_directory("");
    let server = Tls::mutual(&directory.path("")).start();
    let report = probe(&[&server.target()]).finds(0, &[]).has("with_client_certificate", json!(null));
    report.has("tls_mode", 2).has("without_client_certificate/let_in", false);
}

fn any_client() {
    let directory = Folder::with_directory("");
    let server = Tls::one_way(&directory.path("")).only(&TLS13).taking_any_client().start();
    let report = probe(&[&server.target(), "-d", &directory.argument("")]);
    let report = report.has("accepted_authorities", json!([])).has("without_client_certificate/let_in", true);
    report.has("with_client_certificate/let_in", true);
}

fn other_key() {
    let directory = Folder::with_directory("");
    let (certificate, key) = (directory.argument("client.pem"), directory.argument("server.key"));
    let report = shown(&directory, &certificate, &key);
    report.finds(3, &["client-refused"]).has("with_client_certificate/let_in", false);
}

fn other_server() {
    let (directory, other) = (Folder::with_directory(""), Folder::after(GEN));
    let saw = Arc::new(AtomicBool::new(false));
    let seen = saw.clone();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let tls = Tls::one_way(&other.path("")).only(&TLS13).taking_any_client();
    let server = tls.start_with(listener, move |stream| {
        seen.fetch_or(stream.get_ref().1.peer_certificates().is_some(), Ordering::SeqCst);
        speak_http2(stream)
    });
    let (target, d) = (server.target(), directory.argument(""));
    probe(&[&target, "-d", &d]).has("verifies", false).has("with_client_certificate", json!(null));
    assert!(text(&[&target, "-d", &d]).contains(", with one not tried: the server does not verify\n"));
    assert!(!saw.load(Ordering::SeqCst), "it was shown");

    let named = ["--cert", &directory.argument("client.pem"), "--key", &directory.argument("client.key")];
    let report = probe(&[&[target.as_str(), "-d", &d], &named[..]].concat());
    report.has("verifies", false).has("with_client_certificate/let_in", true);
    assert!(saw.load(Ordering::SeqCst), "who names a certificate wants it shown");
}

fn two_faces() {
    let (directory, other) = (Folder::with_directory(""), Folder::after(GEN));
    let config = |own: &Folder| Tls::one_way(&own.path("")).only(&TLS13).taking_any_client().config();
    let faces =
        [&directory, &directory, &other].map(|own| tokio_rustls::TlsAcceptor::from(Arc::new(config(own))));
    let (count, saw) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let (counted, seen) = (count.clone(), saw.clone());
    let server = Server::start(move |stream| {
        let face = faces[counted.fetch_add(1, Ordering::SeqCst).min(2)].clone();
        let seen = seen.clone();
        async move {
            if let Ok(stream) = face.accept(stream).await {
                seen.fetch_or(stream.get_ref().1.peer_certificates().is_some(), Ordering::SeqCst);
                speak_http2(stream).await;
            }
        }
    });
    let report = probe(&[&server.target(), "-d", &directory.argument("")]);
    report.has("verifies", true).has("with_client_certificate/let_in", false);
    assert_eq!(count.load(Ordering::SeqCst), 3, "it was to be shown at the third connection");
    assert!(!saw.load(Ordering::SeqCst), "it was shown");
}
