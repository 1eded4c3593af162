//! Certificates serve their own purpose and names, and every key belongs to its certificate.

use libtest_mimic::Trial;
use milvus_certs::x509::KeyType;

use crate::support::Folder;
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    let of_key_type = |key_type: KeyType| {
        trial(
            format!("{key_type} certificates serve their purpose and their names, and no other"),
            move || {
                let folder = Folder::after(&format!("gen --key-type {key_type}"));
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
            },
        )
    };
    let mut trials: Vec<_> = KeyType::ALL.map(of_key_type).into();
    trials.push(trial("a client keeps its Ed25519 key on renewal, and a server may not", || {
        let folder = Folder::after("gen --key-type p256");
        for role in ["server", "client"] {
            folder.openssl(&format!("genpkey -algorithm ED25519 -out {role}.key"));
            folder.openssl(&format!("req -new -key {role}.key -subj /CN=localhost -out {role}.csr"));
            folder.openssl(&format!(
                "x509 -req -in {role}.csr -CA ca.pem -CAkey ca.key -days 3650 -out {role}.pem"
            ));
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
    let has_issuers = folder.certificates(&format!("{role}.pem")).len() > 1;
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
