//! What an authority's own certificate says. Server and client are issued anew below it.

use crate::P256_KEY;
use crate::draft::{below, draft, new_key};
use crate::exhibit::{Exhibit, broken, made};
use crate::healthy::remove;
use crate::support::Folder;

pub(crate) fn exhibits() -> Vec<Exhibit> {
    let authority = |what: &str, findings: &[&str], changes: &'static str| {
        made(format!("an authority {what}"), findings, move |folder| {
            below(folder, &draft("ca").with(changes));
        })
    };
    vec![
        authority("as it should be", &[], ""),
        authority(
            "that says CA:FALSE",
            &["ca-not-authority ca.pem"],
            "basicConstraints = critical, CA:FALSE",
        ),
        authority(
            "without basicConstraints and keyUsage",
            &["ca-not-authority ca.pem"],
            "basicConstraints =\nkeyUsage =",
        ),
        authority("without keyUsage", &["ca-without-key-usage ca.pem"], "keyUsage ="),
        authority(
            "whose keyUsage has no keyCertSign",
            &["ca-cannot-sign ca.pem"],
            "keyUsage = critical, digitalSignature, cRLSign",
        ),
        authority("whose pathlen is 0", &[], "basicConstraints = critical, CA:TRUE, pathlen:0"),
        authority("for servers alone", &["ca-restricted ca.pem"], "extendedKeyUsage = serverAuth"),
        authority("for clients alone", &["ca-restricted ca.pem"], "extendedKeyUsage = clientAuth"),
        authority("for e-mail alone", &["ca-restricted ca.pem"], "extendedKeyUsage = emailProtection"),
        // Nobody but the server has to verify below it.
        authority("for servers alone where one-way TLS is checked", &[], "extendedKeyUsage = serverAuth")
            .checked_with("--tls-mode 1"),
        authority("for servers and clients", &[], "extendedKeyUsage = serverAuth, clientAuth"),
        authority(
            "for other names",
            // The client's certificate has no names that could be forbidden.
            &["name-constraints server.pem"],
            "nameConstraints = critical, permitted;DNS:example.com",
        ),
        made("an authority for this name", &[], |folder| {
            below(folder, &draft("ca").with("nameConstraints = critical, permitted;DNS:localhost"));
            draft("server").with("subjectAltName = DNS:localhost").issue(folder);
        }),
        // BoringSSL, and so pymilvus, does not know constraints of addresses: `unsupported name
        // constraint type`, wherever a certificate has an address.
        authority(
            "for this name and this address",
            &["name-constraints server.pem"],
            "nameConstraints = critical, permitted;DNS:localhost, permitted;IP:127.0.0.1/255.255.255.255",
        ),
        authority(
            "with a critical extension that nobody knows",
            &["unknown-critical-extension ca.pem"],
            "1.2.3.4 = critical, ASN1:NULL",
        ),
        authority("with an extension that nobody knows", &[], "1.2.3.4 = ASN1:NULL"),
        made("an authority without key identifiers", &[], |folder| {
            below(folder, &draft("ca"));
            draft("ca").with("subjectKeyIdentifier = none\nauthorityKeyIdentifier = none").self_sign(folder);
            issue_without_issuer_key(folder);
        }),
        broken("two authorities in ca.pem, one of which signed these", &[], |folder| {
            new_key(folder, "next", P256_KEY);
            draft("next").self_sign(folder);
            folder.join(&["next.pem", "ca.pem"], "ca.pem");
        }),
        broken("the server's certificate as ca.pem", SERVER_AS_CA, |folder| {
            remove(folder, &["ca.key", "ca.srl", "client.key", "client.pem"]);
            folder.join(&["server.pem"], "ca.pem");
        })
        .checked_with("--tls-mode 1"),
        made("a self-signed server certificate that is no authority", SERVER_AS_CA, |folder| {
            self_signed_server(folder, "");
        })
        .checked_with("--tls-mode 1"),
        made(
            "a self-signed server certificate that is its own authority",
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
            below(folder, &draft("ca"));
            draft("server").with("basicConstraints = critical, CA:TRUE").issue(folder);
        }),
        made("a client certificate that may sign others", &["leaf-is-authority client.pem"], |folder| {
            below(folder, &draft("ca"));
            draft("client").with("basicConstraints = critical, CA:TRUE").issue(folder);
        }),
        // All clients take it as a root; Python's strict ones do not.
        made("an authority of X.509 version 1", &["ca-without-key-usage ca.pem"], |folder| {
            for role in ["ca", "server", "client"] {
                new_key(folder, role, P256_KEY);
            }
            folder.openssl("req -new -key ca.key -subj /CN=CA -out work/ca.csr");
            folder.openssl("x509 -req -in work/ca.csr -key ca.key -days 36500 -out ca.pem");
            issue_without_issuer_key(folder);
        }),
    ]
}

/// An authority that does not name its key cannot be named by it.
fn issue_without_issuer_key(folder: &Folder) {
    for role in ["server", "client"] {
        draft(role).with("authorityKeyIdentifier = none").issue(folder);
    }
}

const SERVER_AS_CA: &[&str] = &["ca-not-authority ca.pem", "no-authority-key ca.key"];

fn self_signed_server(folder: &Folder, changes: &'static str) {
    new_key(folder, "server", P256_KEY);
    draft("server").with(changes).self_sign(folder);
    folder.join(&["server.pem"], "ca.pem");
}
