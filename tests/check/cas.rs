//! What a CA's own certificate says. Server and client are issued anew below it.

use crate::case::{Case, broken, made, remove};
use crate::common::certificate::{certificate, directory_of, new_key};
use crate::common::folder::{Folder, P256_KEY};

pub(crate) fn cases() -> Vec<Case> {
    let ca = |what: &str, findings: &[&str], changes: &'static str| {
        made(format!("a CA {what}"), findings, move |folder| {
            directory_of(folder, &certificate("ca").with(changes));
        })
    };
    vec![
        ca("as it should be", &[], ""),
        ca("that says CA:FALSE", &["ca-not-authority ca.pem"], "basicConstraints = critical, CA:FALSE"),
        ca(
            "without basicConstraints and keyUsage",
            &["ca-not-authority ca.pem"],
            "basicConstraints =\nkeyUsage =",
        ),
        ca("without keyUsage", &["ca-without-key-usage ca.pem"], "keyUsage ="),
        ca(
            "whose keyUsage has no keyCertSign",
            &["ca-cannot-sign ca.pem"],
            "keyUsage = critical, digitalSignature, cRLSign",
        ),
        ca("whose pathlen is 0", &[], "basicConstraints = critical, CA:TRUE, pathlen:0"),
        ca("for servers alone", &["ca-restricted ca.pem"], "extendedKeyUsage = serverAuth"),
        ca("for clients alone", &["ca-restricted ca.pem"], "extendedKeyUsage = clientAuth"),
        ca("for e-mail alone", &["ca-restricted ca.pem"], "extendedKeyUsage = emailProtection"),
        // Only the server has to verify below it.
        ca("for servers alone where one-way TLS is checked", &[], "extendedKeyUsage = serverAuth")
            .checked_with("--tls-mode 1"),
        ca("for servers and clients", &[], "extendedKeyUsage = serverAuth, clientAuth"),
        ca(
            "for other names",
            // The client's certificate has no names that could be forbidden.
            &["name-constraints server.pem"],
            "nameConstraints = critical, permitted;DNS:example.com",
        ),
        made("a CA for this name", &[], |folder| {
            directory_of(
                folder,
                &certificate("ca").with("nameConstraints = critical, permitted;DNS:localhost"),
            );
            certificate("server").with("subjectAltName = DNS:localhost").issue(folder);
        }),
        // BoringSSL, and so pymilvus, does not know constraints of addresses: `unsupported name
        // constraint type`, wherever a certificate has an address.
        ca(
            "for this name and this address",
            &["name-constraints server.pem"],
            "nameConstraints = critical, permitted;DNS:localhost, permitted;IP:127.0.0.1/255.255.255.255",
        ),
        ca(
            "with a critical extension that nobody knows",
            &["unknown-critical-extension ca.pem"],
            "1.2.3.4 = critical, ASN1:NULL",
        ),
        ca("with an extension that nobody knows", &[], "1.2.3.4 = ASN1:NULL"),
        made(
            "a CA without key identifiers",
            &["ca-without-key-id ca.pem", "no-authority-key-id server.pem"],
            |folder| {
                directory_of(folder, &certificate("ca"));
                certificate("ca")
                    .with("subjectKeyIdentifier = none\nauthorityKeyIdentifier = none")
                    .self_sign(folder);
                issue_without_issuer_key(folder);
            },
        ),
        broken("two CAs in ca.pem, one of which signed these", &[], |folder| {
            new_key(folder, "next", P256_KEY);
            certificate("next").self_sign(folder);
            folder.join(&["next.pem", "ca.pem"], "ca.pem");
        }),
        broken("the server's certificate as ca.pem", SERVER_AS_CA, |folder| {
            remove(folder, &["ca.key", "ca.srl", "client.key", "client.pem"]);
            folder.join(&["server.pem"], "ca.pem");
        })
        .checked_with("--tls-mode 1"),
        made("a self-signed server certificate that is no CA", SERVER_AS_CA, |folder| {
            self_signed_server(folder, "");
        })
        .checked_with("--tls-mode 1"),
        made(
            "a self-signed server certificate that is its own CA",
            &["leaf-is-authority server.pem", "no-authority-key ca.key"],
            |folder| {
                self_signed_server(
                    folder,
                    "basicConstraints = critical, CA:TRUE\nextendedKeyUsage =\n\
                     keyUsage = critical, digitalSignature, keyCertSign",
                );
            },
        )
        .checked_with("--tls-mode 1"),
        made(
            "what `openssl req -x509` makes of a server",
            &["ca-without-key-usage ca.pem", "leaf-is-authority server.pem", "no-authority-key ca.key"],
            |folder| {
                new_key(folder, "server", P256_KEY);
                folder.openssl(
                    "req -x509 -new -key server.key -subj /CN=localhost -days 365 \
                     -addext subjectAltName=DNS:localhost -out server.pem",
                );
                folder.join(&["server.pem"], "ca.pem");
            },
        )
        .checked_with("--tls-mode 1"),
        made("a server certificate that may sign others", &["leaf-is-authority server.pem"], |folder| {
            directory_of(folder, &certificate("ca"));
            certificate("server").with("basicConstraints = critical, CA:TRUE").issue(folder);
        }),
        made("a client certificate that may sign others", &["leaf-is-authority client.pem"], |folder| {
            directory_of(folder, &certificate("ca"));
            certificate("client").with("basicConstraints = critical, CA:TRUE").issue(folder);
        }),
        // All clients take it as a root; Python's strict ones do not.
        made(
            "a CA of X.509 version 1",
            &["ca-without-key-usage ca.pem", "no-authority-key-id server.pem"],
            |folder| {
                for role in ["ca", "server", "client"] {
                    new_key(folder, role, P256_KEY);
                }
                folder.openssl("req -new -key ca.key -subj /CN=CA -out work/ca.csr");
                folder.openssl("x509 -req -in work/ca.csr -key ca.key -days 36500 -out ca.pem");
                issue_without_issuer_key(folder);
            },
        ),
    ]
}

/// Without a subjectKeyIdentifier in the CA, its certificates cannot have an authorityKeyIdentifier.
fn issue_without_issuer_key(folder: &Folder) {
    for role in ["server", "client"] {
        certificate(role).with("authorityKeyIdentifier = none").issue(folder);
    }
}

const SERVER_AS_CA: &[&str] = &["ca-not-authority ca.pem", "no-authority-key ca.key"];

fn self_signed_server(folder: &Folder, changes: &'static str) {
    new_key(folder, "server", P256_KEY);
    certificate("server").with(changes).self_sign(folder);
    folder.join(&["server.pem"], "ca.pem");
}
