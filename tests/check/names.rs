//! The names of a server's certificate, and those of its CA.

use crate::case::{Case, made};
use crate::common::certificate::{certificate, directory_of};

pub(crate) fn cases() -> Vec<Case> {
    [of_servers(), of_cas()].into_iter().flatten().collect()
}

fn of_servers() -> Vec<Case> {
    let with = |what: &str, findings: &[&str], changes: &'static str| {
        made(format!("a server.pem {what}"), findings, move |folder| {
            directory_of(folder, &certificate("ca"));
            certificate("server").with(changes).issue(folder);
        })
    };
    let asked = |what: &str, names: &'static str, findings: &[&str], arguments: &'static str| {
        with(what, findings, names).checked_with(arguments)
    };
    const WILDCARD: &str = "subjectAltName = DNS:*.example.com";
    const ADDRESS: &str = "subjectAltName = DNS:localhost, DNS:1.2.3.4";
    const NO_NAMES: &[&str] = &["no-subject-alt-name server.pem"];
    const NOT_COVERED: &[&str] = &["name-not-covered server.pem"];
    vec![
        with("without subjectAltName", NO_NAMES, "subjectAltName ="),
        // Go alone does not fall back to the CommonName, and says so by the other finding.
        asked(
            "without subjectAltName that is asked for as its CommonName",
            "subjectAltName =",
            NO_NAMES,
            "--server-name localhost",
        ),
        with("whose only name is an e-mail address", NO_NAMES, "subjectAltName = email:milvus@example.com"),
        with("whose only name is a URI", NO_NAMES, "subjectAltName = URI:https://localhost/"),
        made("a server.pem of X.509 version 1", NO_NAMES, |folder| {
            directory_of(folder, &certificate("ca"));
            certificate("server").issue_version_1(folder);
        }),
        made("a client.pem of X.509 version 1", &[], |folder| {
            directory_of(folder, &certificate("ca"));
            certificate("client").issue_version_1(folder);
        }),
        asked(
            "for names that are asked for",
            "",
            &[],
            "--server-name localhost,127.0.0.1 --server-name LOCALHOST",
        ),
        asked("for another name than is asked for", "", NOT_COVERED, "--server-name milvus.example.com"),
        asked("for another address than is asked for", "", NOT_COVERED, "--server-name 127.0.0.2"),
        asked(
            "for neither of two names that are asked for",
            "",
            &["name-not-covered server.pem", "name-not-covered server.pem"],
            "--server-name milvus.example.com --server-name localhost,10.0.0.1",
        ),
        with("for a wildcard", &[], WILDCARD),
        asked("for a wildcard and a name below it", WILDCARD, &[], "--server-name milvus.example.com"),
        asked(
            "for a wildcard and a name two levels below it",
            WILDCARD,
            NOT_COVERED,
            "--server-name a.b.example.com",
        ),
        asked("for a wildcard and the name above it", WILDCARD, NOT_COVERED, "--server-name example.com"),
        with("with an address as a DNS name", &["ip-in-dns-name server.pem"], ADDRESS),
        // Go, curl and Java refuse it; gRPC compares the text, and takes it.
        asked(
            "with an address as a DNS name that is asked for",
            ADDRESS,
            &["ip-in-dns-name server.pem", "name-not-covered server.pem"],
            "--server-name 1.2.3.4",
        ),
        with(
            "with an address as a DNS name and as an address",
            &[],
            "subjectAltName = DNS:1.2.3.4, IP:1.2.3.4",
        ),
    ]
}

/// OpenSSL takes for self-signed what is named like its issuer, unless its own key identifiers say
/// otherwise.
fn of_cas() -> Vec<Case> {
    const SAME: &str = "/O=Test/CN=localhost";
    const NO_SUBJECT_KEY: &str = "subjectKeyIdentifier = none";
    const NO_IDENTIFIERS: &str = "subjectKeyIdentifier = none\nauthorityKeyIdentifier = none";
    let same_name = |what: &str, findings: &[&str], changes: &'static str| {
        made(format!("certificates with their CA's name {what}"), findings, move |folder| {
            directory_of(folder, &certificate("ca").subject(SAME));
            for role in ["server", "client"] {
                certificate(role).with(changes).issue(folder);
            }
        })
    };
    const BOTH: &[&str] = &["same-name-as-ca client.pem", "same-name-as-ca server.pem"];
    vec![
        same_name("and key identifiers", &[], ""),
        same_name("and no key identifiers", BOTH, NO_IDENTIFIERS),
        same_name("and no identifier of their own key", BOTH, NO_SUBJECT_KEY),
        same_name("and no identifier of their CA's key", BOTH, "authorityKeyIdentifier = none"),
    ]
}
