//! What a healthy server serves, in which versions of TLS, and what is agreed on.

use libtest_mimic::Trial;
use rustls::version::{TLS12, TLS13};
use serde_json::json;

use crate::common::folder::Folder;
use crate::common::server::{VERSION, closed_port};
use crate::common::tls::Tls;
use crate::report::{probe, text};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("nothing is wrong with a healthy server with tlsMode 1", one_way),
        trial("nothing is wrong with a healthy server with tlsMode 2", mutual),
        trial("probe asks REST in HTTP/1.1, which does not tell Milvus' version", rest),
        trial("a server with only TLS 1.2 is no finding", tls12),
        trial("a server with only TLS 1.3 is no finding", tls13),
        trial("a gRPC server without ALPN is a finding, and a REST server without is none", no_alpn),
        trial(
            "without a directory probe reports what there is, and compares it with nothing",
            without_a_directory,
        ),
        trial("the text shows what each port serves, then what that means", for_people),
    ]
}

fn one_way() {
    let directory = Folder::with_directory("");
    let server = Tls::one_way(&directory.path("")).start();
    probe(&[&server.target(), "-d", &directory.argument("")])
        .finds(0, &[])
        .has("state", "tls")
        .has("service", "grpc")
        .has("tls_versions", json!(["TLS 1.2", "TLS 1.3"]))
        .has("alpn", "h2")
        .has("tls_mode", 1)
        .has("milvus_version", VERSION)
        .has("is_the_directorys", true)
        .has("accepted_authorities", json!(null))
        .has("without_client_certificate", json!({ "let_in": true, "reason": null }))
        .has("with_client_certificate", json!(null))
        .has("certificates/0/names", json!(["localhost", "127.0.0.1", "::1"]));
}

fn mutual() {
    let directory = Folder::with_directory("");
    let server = Tls::mutual(&directory.path("")).start();
    let report = probe(&[&server.target(), "-d", &directory.argument("")])
        .finds(0, &[])
        .has("tls_versions", json!(["TLS 1.3"]))
        .has("tls_mode", 2)
        .has("milvus_version", VERSION)
        .has("is_the_directorys", true)
        .has("without_client_certificate/let_in", false)
        .has("without_client_certificate/reason", "alert certificate_required")
        .has("with_client_certificate/let_in", true);
    assert_eq!(report.json["tls_mode"], 2);
    let authorities = report.ports()[0]["accepted_authorities"].as_array().unwrap();
    assert!(authorities[0].as_str().unwrap().contains("CN=localhost CA"), "{authorities:?}");
}

fn rest() {
    let directory = Folder::with_directory("");
    for server in [Tls::one_way(&directory.path("")), Tls::mutual(&directory.path(""))] {
        let server = server.start();
        let arguments = [&server.target(), "-d", &directory.argument(""), "--rest-port", &server.port()];
        let report = probe(&arguments).finds(0, &[]);
        report.has("service", "rest").has("alpn", "http/1.1").has("milvus_version", json!(null));
    }
}

fn tls12() {
    let directory = Folder::with_directory("");
    let server = Tls::one_way(&directory.path("")).only(&TLS12).start();
    let report = probe(&[&server.target(), "-d", &directory.argument("")]).finds(0, &[]);
    report.has("tls_versions", json!(["TLS 1.2"])).has("without_client_certificate/let_in", true);
}

fn tls13() {
    let directory = Folder::with_directory("");
    let server = Tls::one_way(&directory.path("")).only(&TLS13).start();
    let report = probe(&[&server.target(), "-d", &directory.argument("")]).finds(0, &[]);
    report.has("tls_versions", json!(["TLS 1.3"])).has("tls_mode", 1);
}

fn no_alpn() {
    let directory = Folder::with_directory("");
    let server = Tls::one_way(&directory.path("")).without_alpn().start();
    let report = probe(&[&server.target(), "-d", &directory.argument("")]).finds(3, &["no-alpn"]);
    report.has("alpn", json!(null)).has("milvus_version", VERSION);

    let server = Tls::one_way(&directory.path("")).without_alpn();
    let server = server.start_with(std::net::TcpListener::bind("127.0.0.1:0").unwrap(), |stream| {
        crate::common::server::speak_http1(stream)
    });
    probe(&[&server.target(), "-d", &directory.argument(""), "--rest-port", &server.port()]).finds(0, &[]);
}

fn without_a_directory() {
    let directory = Folder::with_directory("");
    let server = Tls::one_way(&directory.path("")).start();
    let report = probe(&[&server.target()]).finds(0, &[]).has("is_the_directorys", json!(null));
    assert_eq!(report.json["directory"], json!(null));
    let said = text(&[&server.target()]);
    assert!(said.contains("as far as can be told without a certificate directory"), "{said}");
}

fn for_people() {
    let directory = Folder::with_directory("");
    let server = Tls::mutual(&directory.path("")).start();
    let (target, folder) = (server.target(), directory.argument(""));
    let said = text(&[&target, "-d", &folder]);
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines[0], format!("{target}, grpc: TLS 1.3, h2, tlsMode 2"));
    assert!(lines[1].starts_with("  certificate localhost, 127.0.0.1, ::1 until "), "{said}");
    assert_eq!(lines[3], "  trust       verifies for 127.0.0.1");
    assert_eq!(lines[4], "  directory   the same");
    let clients =
        "  clients     without a certificate not let in (alert certificate_required), with one let in";
    assert!(lines[5].starts_with(clients), "{said}");
    assert_eq!(lines[6], format!("  Milvus      {VERSION}"));
    assert!(
        said.ends_with(&format!("\n\ntlsMode 2 is in force. Everything is as {folder} promises.\n")),
        "{said}"
    );

    let closed = format!("127.0.0.1:{}", closed_port());
    let said = text(&[&closed]);
    let expected =
        format!("{closed}, grpc: closed: the connection is refused\n\nNothing could be reached.\n");
    assert_eq!(said, expected);
}
