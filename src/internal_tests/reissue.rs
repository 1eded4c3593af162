//! Roots that are signed again with the same key: what they issued verifies below the new certificate,
//! and what is issued from now on verifies below the old one.

use crate::x509::{
    Ca, Certificate, Days, EndEntityKind, Error, KeyType, SerialNumber, Validity, certificates_from_pem,
    certificates_to_pem, key_from_pem, verify_chain,
};
use crate::{ExistingCa, GenerateRequest, generate};
use time::OffsetDateTime;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::internal_tests::certificate::{bare, certificate, new_key};
use crate::internal_tests::folder::{Folder, P256_KEY, openssl_is_there};
use crate::internal_tests::gen_sh::{GenSh, Identifiers, PAGE, PAGE_P256};

const NO_IDENTIFIERS: &str = "subjectKeyIdentifier = none\nauthorityKeyIdentifier = none";
const SERIAL_AND_KEY: &str = "authorityKeyIdentifier = keyid, issuer:always";
const KEY_OF_ANOTHER_METHOD: &str = "2.5.29.35 = DER:30168014000102030405060708090a0b0c0d0e0f10111213";

#[test]
fn the_ca_of_gen_sh_is_trusted_as_before_and_strictly() {
    if !openssl_is_there() {
        return;
    }
    for (made, keeps_serial) in [
        (PAGE, false),
        (PAGE_P256, false),
        (GenSh { identifiers: Identifiers::OfOpenSsl111, ..PAGE_P256 }, false),
        (GenSh { identifiers: Identifiers::Nowhere, ..PAGE_P256 }, true),
    ] {
        let folder = made.run();
        reissue(&folder, &["server", "client"]).unwrap();
        assert_same_ca(&folder);
        assert_eq!(serial(&folder, "new") == serial(&folder, "ca"), keeps_serial);
        folder.openssl("verify -check_ss_sig -CAfile new.pem new.pem");
        let strict_below_old = folder.try_openssl("verify -x509_strict -CAfile ca.pem server.pem");
        assert_eq!(strict_below_old, None, "the old one was good enough");

        for role in ["server", "client"] {
            assert_verifies_with_webpki(&folder, role);
            // Without identifiers OpenSSL takes them for self-signed, also below the old one: they have
            // the name of their CA.
            if made.identifiers == Identifiers::OfOpenSsl3 {
                assert_verifies_below_both(&folder, &format!("{role}.pem"));
                folder.openssl(&format!("verify -x509_strict -purpose sslserver -CAfile new.pem {role}.pem"));
            }
        }
        for signed_by in ["ca.pem", "new.pem"] {
            let certs = format!("below-{signed_by}");
            generate_below(&folder, signed_by, &certs);
            for (role, purpose) in [("server", "sslserver"), ("client", "sslclient")] {
                let leaf = format!("{certs}/{role}.pem");
                assert_verifies_below_both(&folder, &leaf);
                folder.openssl(&format!("verify -x509_strict -purpose {purpose} -CAfile new.pem {leaf}"));
            }
        }
    }
}

#[test]
fn the_ca_of_gen_says_the_same_with_another_serial_number() {
    if !openssl_is_there() {
        return;
    }
    let folder = Folder::new();
    let request = GenerateRequest { key_type: KeyType::P256, ..GenerateRequest::new(folder.path("")) };
    generate(&request, OffsetDateTime::now_utc()).unwrap();
    reissue(&folder, &[]).unwrap();
    assert_same_ca(&folder);
    assert_ne!(serial(&folder, "new"), serial(&folder, "ca"));
    assert_eq!(extensions(&folder, "new"), extensions(&folder, "ca"));
}

#[test]
fn a_root_with_an_extension_that_limits_it_is_refused() {
    if !openssl_is_there() {
        return;
    }
    for (extension, error) in [
        ("nameConstraints = critical, permitted;DNS:example.com", "nameConstraints"),
        ("extendedKeyUsage = serverAuth, clientAuth", "its extendedKeyUsage, which limits"),
        ("policyConstraints = requireExplicitPolicy:3", "policyConstraints"),
        ("inhibitAnyPolicy = 2", "inhibitAnyPolicy"),
    ] {
        let refusal = reissue(&with_ca(extension), &[]).unwrap_err();
        assert!(refusal.to_string().contains(error), "{refusal}");
    }
}

#[test]
fn an_intermediate_ca_is_refused() {
    if !openssl_is_there() {
        return;
    }
    let folder = with_ca("");
    issue(&folder, "below", "basicConstraints = critical, CA:TRUE");
    folder.join(&["below.pem", "ca.pem"], "ca.pem");
    folder.join(&["below.key"], "ca.key");
    let refusal = reissue(&folder, &[]).unwrap_err();
    assert!(refusal.to_string().contains("intermediate"), "{refusal}");
}

#[test]
fn a_certificate_verifies_whatever_identifier_of_its_issuer_it_has() {
    if !openssl_is_there() {
        return;
    }
    for (ca, leaf) in [
        ("", SERIAL_AND_KEY),
        // The serial number alone.
        (NO_IDENTIFIERS, "authorityKeyIdentifier = keyid, issuer"),
        (NO_IDENTIFIERS, KEY_OF_ANOTHER_METHOD),
        (NO_IDENTIFIERS, NO_IDENTIFIERS),
        // An identifier that is not computed from the key.
        ("subjectKeyIdentifier = 0102\nauthorityKeyIdentifier = none", ""),
    ] {
        println!("{ca:?} {leaf:?}");
        let folder = with_ca(ca);
        issue(&folder, "leaf", leaf);
        reissue(&folder, &["leaf"]).unwrap();
        assert_same_ca(&folder);
        assert_verifies_below_both(&folder, "leaf.pem");
    }
}

#[test]
fn an_unknown_certificate_verifies_where_the_ca_itself_shows_what_it_may_name() {
    if !openssl_is_there() {
        return;
    }
    let folder = with_ca("authorityKeyIdentifier = keyid:always, issuer:always");
    issue(&folder, "leaf", SERIAL_AND_KEY);
    reissue(&folder, &[]).unwrap();
    assert_eq!(serial(&folder, "new"), serial(&folder, "ca"));
    assert_verifies_below_both(&folder, "leaf.pem");
}

#[test]
fn a_serial_number_of_zero_or_twenty_octets_is_kept_where_a_certificate_may_name_it() {
    if !openssl_is_there() {
        return;
    }
    for number in ["0", "0x7F00000000000000000000000000000000000000"] {
        let folder = with_ca(NO_IDENTIFIERS);
        let options = format!("-days 3650 -set_serial {number}");
        certificate("ca").subject("/O=Corp/CN=CA").with(NO_IDENTIFIERS).options(&options).self_sign(&folder);
        issue(&folder, "leaf", "authorityKeyIdentifier = keyid, issuer");
        reissue(&folder, &[]).unwrap();
        assert_eq!(serial(&folder, "new"), serial(&folder, "ca"));
        assert_verifies_below_both(&folder, "leaf.pem");
    }
}

#[test]
fn a_root_whose_key_has_two_identifiers_is_refused() {
    if !openssl_is_there() {
        return;
    }
    let folder = with_ca(NO_IDENTIFIERS);
    issue(&folder, "one", KEY_OF_ANOTHER_METHOD);
    issue(&folder, "two", &KEY_OF_ANOTHER_METHOD.replace("10111213", "10111214"));
    let refusal = reissue(&folder, &["one", "two"]).unwrap_err();
    assert!(refusal.to_string().contains("different identifiers"), "{refusal}");
}

#[test]
fn a_ca_below_the_root_still_issues() {
    if !openssl_is_there() {
        return;
    }
    for pathlen in ["", ", pathlen:1"] {
        let folder = with_ca(&format!("basicConstraints = critical, CA:TRUE{pathlen}"));
        issue(&folder, "below", "basicConstraints = critical, CA:TRUE\nkeyUsage = keyCertSign");
        new_key(&folder, "leaf", P256_KEY);
        bare("leaf").by("below").issue(&folder);
        reissue(&folder, &[]).unwrap();
        for ca in ["ca.pem", "new.pem"] {
            folder.openssl(&format!("verify -CAfile {ca} -untrusted below.pem leaf.pem"));
        }
    }
}

/// Signs the CA in ca.pem and ca.key again, into new.pem.
fn reissue(folder: &Folder, issued: &[&str]) -> Result<(), Error> {
    let now = OffsetDateTime::now_utc();
    let read = |name: &str| certificates_from_pem(&folder.read(name)).unwrap();
    let key = key_from_pem(&folder.read("ca.key"), None).unwrap();
    let ca = Ca::load(read("ca.pem"), key, now).unwrap();
    let issued: Vec<Certificate> = issued.iter().flat_map(|name| read(&format!("{name}.pem"))).collect();
    let validity = Validity::starting(now, Days::new(36_500).unwrap()).unwrap();
    let new = ca.reissue(validity, &SerialNumber::random().unwrap(), &issued)?;
    assert_eq!(new.validity(), validity);
    folder.write("new.pem", certificates_to_pem([&new]));
    Ok(())
}

/// ca.pem and new.pem are the same CA.
fn assert_same_ca(folder: &Folder) {
    let [new, old] = ["new.pem", "ca.pem"].map(|file| pem::parse(folder.read(file)).unwrap().into_contents());
    let [new, old] = [&new, &old].map(|der| X509Certificate::from_der(der).unwrap().1);
    assert_eq!(new.subject().as_raw(), old.subject().as_raw());
    assert_eq!(new.issuer().as_raw(), old.issuer().as_raw());
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

/// Makes a certificate directory from the CA in this file and ca.key.
fn generate_below(folder: &Folder, ca: &str, directory: &str) {
    let mut request = GenerateRequest::new(folder.path(directory));
    request.key_type = KeyType::P256;
    let (certificate, key) = (folder.path(ca), folder.path("ca.key"));
    request.ca = Some(ExistingCa { certificate, key });
    generate(&request, OffsetDateTime::now_utc()).unwrap();
}

/// A folder with a CA of P-256, which has these extensions beside the usual ones.
fn with_ca(extensions: &str) -> Folder {
    let folder = Folder::new();
    new_key(&folder, "ca", P256_KEY);
    certificate("ca").subject("/O=Corp/CN=CA").with(extensions).options("-days 3650").self_sign(&folder);
    folder
}

/// A certificate from that CA, with these extensions.
fn issue(folder: &Folder, name: &str, extensions: &str) {
    new_key(folder, name, P256_KEY);
    bare(name).subject(format!("/O=Corp/CN={name}")).with(extensions).issue(folder);
}
