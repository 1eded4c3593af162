//! Certificates serve their own purpose and names, and every key belongs to its certificate.

use std::collections::BTreeSet;

use libtest_mimic::Trial;
use milvus_certs::KeyType;

use crate::common::certificate::{certificate, new_key};
use crate::common::folder::Folder;
use crate::common::program::GEN;
use crate::{after, certificates, trial};

pub(crate) fn trials() -> Vec<Trial> {
    let of_key_type = |key_type: KeyType| {
        trial(
            format!("{key_type} certificates serve their purpose and their names, and no other"),
            move || {
                let folder = after(&format!("gen --key-type {key_type}"));
                assert_purposes(&folder, "-x509_strict");
                for name in ["-verify_hostname localhost", "-verify_ip 127.0.0.1", "-verify_ip ::1"] {
                    folder.openssl(&verify(&folder, "server", name));
                }
                for name in ["-verify_hostname example.com", "-verify_ip 127.0.0.2", "-verify_ip ::2"] {
                    assert_eq!(folder.try_openssl(&verify(&folder, "server", name)), None, "{name}");
                }
                for role in ["ca", "server", "client"] {
                    assert_key_belongs(&folder, role);
                }
                if let Some(bits) = key_type.to_string().strip_prefix("rsa") {
                    assert_rsa_keys(&folder, bits);
                }
            },
        )
    };
    let mut trials: Vec<_> = KeyType::ALL.map(of_key_type).into();
    trials.push(trial("--reuse-key keeps the Ed25519 key of a client, and refuses that of a server", || {
        let folder = after(GEN);
        for role in ["server", "client"] {
            new_key(&folder, role, "genpkey -algorithm ED25519");
            certificate(role).issue(&folder);
        }
        folder
            .refusal("renew server --reuse-key")
            .says("server.key")
            .says("pymilvus cannot talk to a server");
        folder.milvus_certs("renew client --reuse-key");
        assert_key_belongs(&folder, "client");
    }));
    trials
}

/// Server and client verify for their own purpose, and not for each other's.
pub(crate) fn assert_purposes(folder: &Folder, options: &str) {
    for (role, own, other) in [("server", "sslserver", "sslclient"), ("client", "sslclient", "sslserver")] {
        folder.openssl(&verify(folder, role, &format!("{options} -purpose {own}")));
        let as_other = folder.try_openssl(&verify(folder, role, &format!("{options} -purpose {other}")));
        assert_eq!(as_other, None, "{role}.pem is accepted as {other}");
    }
}

/// The command that verifies a certificate as a peer does, which trusts ca.pem and is sent the file.
pub(crate) fn verify(folder: &Folder, role: &str, options: &str) -> String {
    let has_issuers = certificates(folder, &format!("{role}.pem")).len() > 1;
    let issuers = if has_issuers { format!("-untrusted {role}.pem") } else { String::new() };
    format!("verify -CAfile ca.pem {issuers} {options} {role}.pem")
}

pub(crate) fn assert_key_belongs(folder: &Folder, role: &str) {
    assert!(folder.text(&format!("{role}.key")).starts_with("-----BEGIN PRIVATE KEY-----\n"), "{role}.key");
    folder.openssl(&format!("pkey -check -noout -in {role}.key"));
    let of_key = folder.openssl(&format!("pkey -pubout -in {role}.key"));
    let of_certificate = folder.openssl(&format!("x509 -pubkey -noout -in {role}.pem"));
    assert_eq!(of_key, of_certificate, "{role}");
}

/// RSA keys pass OpenSSL's check, have this length, and are three different ones.
fn assert_rsa_keys(folder: &Folder, bits: &str) {
    let moduli = ["ca", "server", "client"].map(|role| {
        let said = folder.openssl(&format!("rsa -in {role}.key -check -noout -text"));
        assert!(said.contains("RSA key ok"), "{said}");
        assert!(said.contains(&format!("({bits} bit, 2 primes)")), "{said}");
        assert!(said.contains("publicExponent: 65537"), "{said}");
        folder.openssl(&format!("rsa -in {role}.key -noout -modulus"))
    });
    assert_eq!(BTreeSet::from(moduli).len(), 3);
}
