//! What a certificate may be used for.

use crate::case::{Case, made};
use crate::common::certificate::{certificate, directory_of};

pub(crate) fn cases() -> Vec<Case> {
    let with = |role: &'static str, what: &str, findings: &[&str], changes: &'static str| {
        made(format!("a {role}.pem {what}"), findings, move |folder| {
            directory_of(folder, &certificate("ca"));
            certificate(role).with(changes).issue(folder);
        })
    };
    vec![
        with(
            "client",
            "for servers alone",
            &["client-without-client-auth client.pem"],
            "extendedKeyUsage = serverAuth",
        ),
        with(
            "server",
            "for clients alone",
            &["server-without-server-auth server.pem"],
            "extendedKeyUsage = clientAuth",
        ),
        with("client", "for both purposes", &[], "extendedKeyUsage = serverAuth, clientAuth"),
        with("server", "for both purposes", &[], "extendedKeyUsage = serverAuth, clientAuth"),
        // Milvus, which alone judges it, is Go.
        with("client", "for any purpose", &[], "extendedKeyUsage = anyExtendedKeyUsage"),
        // OpenSSL and BoringSSL do not take it for serverAuth, Go and Java do.
        with(
            "server",
            "for any purpose",
            &["server-without-server-auth server.pem"],
            "extendedKeyUsage = anyExtendedKeyUsage",
        ),
        with(
            "server",
            "for any purpose and for servers",
            &[],
            "extendedKeyUsage = anyExtendedKeyUsage, serverAuth",
        ),
        with("client", "without extendedKeyUsage", &[], "extendedKeyUsage ="),
        with("server", "without extendedKeyUsage", &[], "extendedKeyUsage ="),
        with(
            "server",
            "whose keyUsage has no digitalSignature",
            &["no-digital-signature server.pem"],
            "keyUsage = critical, keyEncipherment",
        ),
        with(
            "client",
            "whose keyUsage has no digitalSignature",
            &["no-digital-signature client.pem"],
            "keyUsage = critical, keyAgreement",
        ),
        with("server", "without keyUsage", &[], "keyUsage ="),
        with("server", "without basicConstraints", &[], "basicConstraints ="),
        with(
            "server",
            "with a critical extension that nobody knows",
            &["unknown-critical-extension server.pem"],
            "1.2.3.4 = critical, ASN1:NULL",
        ),
        with(
            "client",
            "with a critical extension that nobody knows",
            &["unknown-critical-extension client.pem"],
            "1.2.3.4 = critical, ASN1:NULL",
        ),
        with("server", "with an extension that nobody knows", &[], "1.2.3.4 = ASN1:NULL"),
        // Critical, and known to Go, OpenSSL, BoringSSL and Java.
        with("server", "with a critical policy", &[], "certificatePolicies = critical, 1.2.3.4"),
    ]
}
