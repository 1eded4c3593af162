//! Roots that are signed anew with the same key: what they issued verifies below the new certificate,
//! and what is issued from now on below the old one.

use libtest_mimic::Trial;
use milvus_certs::x509::{Certificate, CertificateAuthority, Days, EndEntityKind, Error, SerialNumber, Validity, certificates_from_pem, certificates_to_pem, key_from_pem, verify_chain};
use time::OffsetDateTime;

use crate::authorities::{self_sign, self_sign_as_configured, write_authority_config};
use crate::gen_sh::{GenSh, Identifiers, PAGE};
use crate::support::{Folder, subject_and_issuer};
use crate::{GEN, P256_KEY, trial};

pub(crate) fn trials() -> Vec<Trial> {
    let of_gen_sh = |of: &str, made: GenSh, keeps_serial: bool| {
        trial(format!("gen.sh's authority {of}, signed anew, is trusted as before and strictly"), move || {
            let folder = made.run();
            reissue(&folder, &["server", "client"]).unwrap();
            assert_same_authority(&folder);
            assert_eq!(serial(&folder, "new") == serial(&folder, "ca"), keeps_serial);
            folder.openssl("verify -check_ss_sig -CAfile new.pem new.pem");
            let strict_below_old = folder.try_openssl("verify -x509_strict -CAfile ca.pem server.pem");
            assert_eq!(strict_below_old, None, "the old one was good enough");

            for role in ["server", "client"] {
                assert_verifies_with_webpki(&folder, role);
                // Without identifiers OpenSSL takes them for self-signed, below the old one too: they
                // have their authority's name.
                if made.identifiers == Identifiers::OfOpenSsl3 {
                    assert_verifies_below_both(&folder, &format!("{role}.pem"));
                    folder.openssl(&format!(
                        "verify -x509_strict -purpose sslserver -CAfile new.pem {role}.pem"
                    ));
                }
            }
            for signed_by in ["ca.pem", "new.pem"] {
                folder.join(&[signed_by], "issuer.pem");
                folder.milvus_certs(
                    "gen --key-type p256 --ca-cert issuer.pem --ca-key ca.key -d certs --force -q",
                );
                for (role, purpose) in [("server", "sslserver"), ("client", "sslclient")] {
                    let leaf = format!("certs/{role}.pem");
                    assert_verifies_below_both(&folder, &leaf);
                    folder.openssl(&format!("verify -x509_strict -purpose {purpose} -CAfile new.pem {leaf}"));
                }
            }
        })
    };
    let p256 = GenSh { key: P256_KEY, ..PAGE };
    let refused = |what: &str, extensions: &'static str, error: &'static str| {
        trial(format!("a root with {what} is not signed anew"), move || {
            let folder = with_authority(extensions);
            let refusal = reissue(&folder, &[]).unwrap_err();
            assert!(matches!(refusal, Error::NotReissuable { .. }), "{refusal}");
            assert!(refusal.to_string().contains(error), "{refusal}");
        })
    };
    let mut trials = vec![
        of_gen_sh("from OpenSSL 3", PAGE, false),
        of_gen_sh("of an elliptic curve", p256, false),
        of_gen_sh("from OpenSSL 1.1.1", GenSh { identifiers: Identifiers::OfOpenSsl111, ..p256 }, false),
        of_gen_sh("without any key identifiers", GenSh { identifiers: Identifiers::Nowhere, ..p256 }, true),
        trial("this program's own authority, signed anew, says the same with another serial number", || {
            let folder = Folder::after(GEN);
            reissue(&folder, &[]).unwrap();
            assert_same_authority(&folder);
            assert_ne!(serial(&folder, "new"), serial(&folder, "ca"));
            assert_eq!(extensions(&folder, "new"), extensions(&folder, "ca"));
        }),
        refused(
            "nameConstraints",
            "nameConstraints = critical, permitted;DNS:example.com",
            "nameConstraints",
        ),
        refused(
            "an extendedKeyUsage",
            "extendedKeyUsage = serverAuth, clientAuth",
            "its extendedKeyUsage, which limits",
        ),
        refused("policyConstraints", "policyConstraints = requireExplicitPolicy:3", "policyConstraints"),
        refused("inhibitAnyPolicy", "inhibitAnyPolicy = 2", "inhibitAnyPolicy"),
        trial("an intermediate authority is not signed anew", || {
            let folder = with_authority("");
            issue(&folder, "below", "basicConstraints = critical, CA:TRUE");
            folder.join(&["below.pem", "ca.pem"], "bundle.pem");
            folder.join(&["bundle.pem"], "ca.pem");
            folder.join(&["below.key"], "ca.key");
            let refusal = reissue(&folder, &[]).unwrap_err();
            assert!(refusal.to_string().contains("intermediate"), "{refusal}");
        }),
    ];
    trials.extend(identifiers());
    trials
}

/// What authorityKeyIdentifier may name.
fn identifiers() -> Vec<Trial> {
    const SERIAL: &str = "authorityKeyIdentifier = keyid, issuer:always";
    let of_leaf = |leaf: &str, authority: &'static str, identifier: &'static str| {
        trial(format!("a certificate that {leaf} goes on verifying"), move || {
            let folder = with_authority(authority);
            issue(&folder, "leaf", identifier);
            reissue(&folder, &["leaf"]).unwrap();
            assert_same_authority(&folder);
            assert_verifies_below_both(&folder, "leaf.pem");
        })
    };
    const NONE: &str = "subjectKeyIdentifier = none\nauthorityKeyIdentifier = none";
    const FOREIGN: &str = "2.5.29.35 = DER:30168014000102030405060708090a0b0c0d0e0f10111213";
    vec![
        of_leaf("names its issuer's key and serial number", "", SERIAL),
        of_leaf("names its issuer's serial number alone", NONE, "authorityKeyIdentifier = keyid, issuer"),
        of_leaf("names its issuer's key as others compute it", NONE, FOREIGN),
        of_leaf("has no identifiers", NONE, NONE),
        of_leaf(
            "has an issuer whose identifier is not computed from its key",
            "subjectKeyIdentifier = 0102\nauthorityKeyIdentifier = none",
            "",
        ),
        trial(
            "a certificate that nobody knows of goes on verifying where its authority's own shows how",
            || {
                let folder = with_authority("authorityKeyIdentifier = keyid:always, issuer:always");
                issue(&folder, "leaf", SERIAL);
                reissue(&folder, &[]).unwrap();
                assert_eq!(serial(&folder, "new"), serial(&folder, "ca"));
                assert_verifies_below_both(&folder, "leaf.pem");
            },
        ),
        trial("a serial number of zero, and one of twenty octets, are kept where they may be named", || {
            for number in ["0", "0x7F00000000000000000000000000000000000000"] {
                let folder = with_authority(NONE);
                folder.openssl(&format!(
                    "req -x509 -new -config ca.cnf -key ca.key -subj /O=Corp/CN=CA -days 3650 \
                     -set_serial {number} -out ca.pem"
                ));
                issue(&folder, "leaf", "authorityKeyIdentifier = keyid, issuer");
                reissue(&folder, &[]).unwrap();
                assert_eq!(serial(&folder, "new"), serial(&folder, "ca"));
                assert_verifies_below_both(&folder, "leaf.pem");
            }
        }),
        trial("a root whose key goes by two identifiers is not signed anew", || {
            let folder = with_authority(NONE);
            issue(&folder, "one", FOREIGN);
            issue(&folder, "two", &FOREIGN.replace("10111213", "10111214"));
            let refusal = reissue(&folder, &["one", "two"]).unwrap_err();
            assert!(refusal.to_string().contains("different identifiers"), "{refusal}");
        }),
        trial("an authority below a root goes on issuing when the root is signed anew", || {
            for pathlen in ["", ", pathlen:1"] {
                let folder = with_authority(&format!("basicConstraints = critical, CA:TRUE{pathlen}"));
                issue(&folder, "below", "basicConstraints = critical, CA:TRUE\nkeyUsage = keyCertSign");
                folder.openssl(&format!("{P256_KEY} -out leaf.key"));
                folder.openssl("req -new -key leaf.key -subj /CN=leaf -out leaf.csr");
                folder.openssl(
                    "x509 -req -in leaf.csr -CA below.pem -CAkey below.key -CAcreateserial -days 30 -out leaf.pem",
                );
                reissue(&folder, &[]).unwrap();
                for ca in ["ca.pem", "new.pem"] {
                    folder.openssl(&format!("verify -CAfile {ca} -untrusted below.pem leaf.pem"));
                }
            }
        }),
    ]
}

/// Signs the authority in ca.pem and ca.key anew, into new.pem.
fn reissue(folder: &Folder, issued: &[&str]) -> Result<(), Error> {
    let now = OffsetDateTime::now_utc();
    let read = |name: &str| certificates_from_pem(&folder.read(name)).unwrap();
    let key = key_from_pem(&folder.read("ca.key"), None).unwrap();
    let authority = CertificateAuthority::load(read("ca.pem"), key, now).unwrap();
    let issued: Vec<Certificate> = issued.iter().flat_map(|name| read(&format!("{name}.pem"))).collect();
    let validity = Validity::starting(now, Days::new(36_500).unwrap()).unwrap();
    let new = authority.reissue(validity, &SerialNumber::random().unwrap(), &issued)?;
    assert_eq!(new.validity(), validity);
    folder.write("new.pem", certificates_to_pem([&new]));
    Ok(())
}

/// ca.pem and new.pem are the same authority.
fn assert_same_authority(folder: &Folder) {
    let names = |file| subject_and_issuer(&folder.certificates(file)[0]);
    assert_eq!(names("new.pem"), names("ca.pem"));
    let key = |file| folder.openssl(&format!("x509 -in {file} -noout -pubkey"));
    assert_eq!(key("new.pem"), key("ca.pem"));
    let identifier = |role| folder.openssl(&format!("x509 -in {role}.pem -noout -ext subjectKeyIdentifier"));
    let old = identifier("ca");
    assert!(!old.contains("Identifier") || old == identifier("new"), "{old}");
    let text = extensions(folder, "new");
    assert!(text.contains("X509v3 Key Usage: critical\n    Certificate Sign, CRL Sign\n"), "{text}");
    assert!(text.contains("X509v3 Basic Constraints: critical\n    CA:TRUE"), "{text}");
}

fn extensions(folder: &Folder, role: &str) -> String {
    const ALL: &str = "basicConstraints,keyUsage,extendedKeyUsage,subjectKeyIdentifier,authorityKeyIdentifier,\
                       nameConstraints,subjectAltName";
    folder.openssl(&format!("x509 -in {role}.pem -noout -ext {ALL}"))
}

fn serial(folder: &Folder, role: &str) -> String {
    folder.openssl(&format!("x509 -in {role}.pem -noout -serial"))
}

/// Whoever trusts the old certificate, the new one, or both in any order, trusts this one.
fn assert_verifies_below_both(folder: &Folder, leaf: &str) {
    folder.join(&["ca.pem", "new.pem"], "old-new.pem");
    folder.join(&["new.pem", "ca.pem"], "new-old.pem");
    for trusted in ["ca.pem", "new.pem", "old-new.pem", "new-old.pem"] {
        folder.openssl(&format!("verify -CAfile {trusted} {leaf}"));
    }
}

/// What gen.sh makes is for servers, whatever its name.
fn assert_verifies_with_webpki(folder: &Folder, role: &str) {
    let read = |name: &str| certificates_from_pem(&folder.read(name)).unwrap();
    let (leaf, now) = (read(&format!("{role}.pem")), OffsetDateTime::now_utc());
    let names = ["localhost".parse().unwrap()];
    for trusted in ["ca.pem", "new.pem"] {
        verify_chain(EndEntityKind::Server, &leaf, &read(trusted), &names, now).unwrap();
    }
}

/// A folder with an authority of P-256, which has these extensions beside the usual.
fn with_authority(extensions: &str) -> Folder {
    let folder = Folder::new();
    folder.openssl(&format!("{P256_KEY} -out ca.key"));
    if extensions.is_empty() {
        self_sign(&folder, "ca", "/O=Corp/CN=CA");
    } else {
        write_authority_config(&folder, "utf8only", extensions);
        self_sign_as_configured(&folder, "ca", "/O=Corp/CN=CA");
    }
    folder
}

/// A certificate from that authority, with these extensions.
fn issue(folder: &Folder, name: &str, extensions: &str) {
    folder.openssl(&format!("{P256_KEY} -out {name}.key"));
    folder.openssl(&format!("req -new -key {name}.key -subj /O=Corp/CN={name} -out {name}.csr"));
    folder.write("leaf.cnf", format!("[leaf]\n{extensions}\n"));
    folder.openssl(&format!(
        "x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 3650 -extfile leaf.cnf \
         -extensions leaf -out {name}.pem"
    ));
}
