//! OpenSSL's `s_server`: another implementation of TLS, and keys with which ring does not sign.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use libtest_mimic::Trial;
use serde_json::json;

use crate::common::certificate::{certificate, new_key};
use crate::common::folder::{Folder, clean_command};
use crate::common::program::GEN;
use crate::report::probe;
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("OpenSSL's server is judged with only TLS 1.2", tls12),
        trial("OpenSSL's server is judged with only TLS 1.3", tls13),
        trial("OpenSSL's server is judged when a client certificate is optional", optional_client),
        trial(
            "OpenSSL's server is judged when a client certificate is required, in TLS 1.2 and 1.3",
            wanted_client,
        ),
        trial("OpenSSL's server is judged with ALPN h2 and without ALPN", alpn),
        trial("a server of OpenSSL with only TLS 1.1 is a finding", tls11),
        trial("a server with an Ed25519 key is judged, and pymilvus cannot talk to it", ed25519),
        trial("a server with a P-521 key is judged, and pymilvus cannot talk to it", p521),
    ]
}

/// A server that is killed when it is dropped.
struct SServer {
    child: Child,
    target: String,
}

impl SServer {
    /// On 127.0.0.1, at a port that is free; it answers in HTTP/1.
    fn start(directory: &Folder, arguments: &[&str]) -> Self {
        let mut child = clean_command("openssl", &directory.path(""))
            .args(["s_server", "-accept", "127.0.0.1:0", "-cert", "server.pem", "-key", "server.key", "-www"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // It says `ACCEPT 127.0.0.1:PORT` once it listens.
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let target = lines.by_ref().find_map(|line| line.unwrap().strip_prefix("ACCEPT ").map(str::to_owned));
        // What else it says is read, so that it can say it.
        std::thread::spawn(move || lines.count());
        Self { child, target: target.unwrap() }
    }

    fn port(&self) -> &str {
        self.target.rsplit_once(':').unwrap().1
    }

    /// The arguments that take it for REST.
    fn as_rest<'a>(&'a self, folder: &'a str) -> [&'a str; 5] {
        [&self.target, "-d", folder, "--rest-port", self.port()]
    }
}

impl Drop for SServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn tls12() {
    let directory = Folder::with_directory("");
    let server = SServer::start(&directory, &["-tls1_2"]);
    let report = probe(&server.as_rest(&directory.argument(""))).finds(0, &[]);
    report.has("tls_versions", json!(["TLS 1.2"])).has("tls_mode", 1).has("is_the_directorys", true);
}

fn tls13() {
    let directory = Folder::with_directory("");
    let server = SServer::start(&directory, &["-tls1_3"]);
    let report = probe(&server.as_rest(&directory.argument(""))).finds(0, &[]);
    report.has("tls_versions", json!(["TLS 1.3"])).has("without_client_certificate/let_in", true);
}

fn optional_client() {
    let directory = Folder::with_directory("");
    let server = SServer::start(&directory, &["-verify", "1", "-CAfile", "ca.pem"]);
    let report = probe(&server.as_rest(&directory.argument("")));
    let report = report.has("without_client_certificate/let_in", true);
    report.has("with_client_certificate/let_in", true);
}

fn wanted_client() {
    let (directory, other) = (Folder::with_directory(""), Folder::after(GEN));
    let (certificate, key) = (other.argument("client.pem"), other.argument("client.key"));
    for version in ["-tls1_2", "-tls1_3"] {
        let arguments = ["-Verify", "1", "-verify_return_error", "-CAfile", "ca.pem", version];
        let server = SServer::start(&directory, &arguments);
        let folder = directory.argument("");
        let report = probe(&server.as_rest(&folder)).finds(0, &[]);
        let report = report.has("tls_mode", 2).has("without_client_certificate/let_in", false);
        report.has("with_client_certificate/let_in", true);
        let foreign = [&server.as_rest(&folder)[..], &["--cert", &certificate, "--key", &key]].concat();
        let report = probe(&foreign).finds(3, &["client-refused"]);
        assert!(report.evidence("client-refused").contains(" in: alert "), "{report:#?}");
    }
}

fn alpn() {
    let directory = Folder::with_directory("");
    let folder = directory.argument("");
    let server = SServer::start(&directory, &["-alpn", "h2"]);
    // It agrees on h2, and does not speak it.
    let report = probe(&[&server.target, "-d", &folder, "--timeout", "3s"]).finds(3, &["no-answer"]);
    report.has("alpn", "h2");
    let server = SServer::start(&directory, &[]);
    probe(&[&server.target, "-d", &folder, "--timeout", "3s"])
        .finds(3, &["no-alpn", "no-answer"])
        .has("alpn", json!(null));
}

fn tls11() {
    let directory = Folder::with_directory("");
    let server = SServer::start(&directory, &["-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0"]);
    let report = probe(&server.as_rest(&directory.argument(""))).finds(3, &["handshake-refused"]);
    report.has("state", "tls").has("tls_versions", json!([])).has("tls_mode", json!(null));
}

/// A directory whose server has a key of another kind.
fn with_key(command: &str) -> Folder {
    let directory = Folder::with_directory("");
    new_key(&directory, "server", command);
    certificate("server").issue(&directory);
    directory
}

fn ed25519() {
    let directory = with_key("genpkey -algorithm ED25519");
    let server = SServer::start(&directory, &[]);
    let report = probe(&server.as_rest(&directory.argument(""))).finds(3, &["key-not-for-pymilvus"]);
    report.has("without_client_certificate/let_in", true).has("is_the_directorys", true);
}

fn p521() {
    let directory = with_key("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521");
    let server = SServer::start(&directory, &[]);
    let report = probe(&server.as_rest(&directory.argument(""))).finds(3, &["key-not-for-pymilvus"]);
    report.has("without_client_certificate/let_in", true).has("is_the_directorys", true);
}
