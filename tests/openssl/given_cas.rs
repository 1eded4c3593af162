//! CAs that were made elsewhere: their keys, subjects and restrictions.

use libtest_mimic::Trial;

use crate::common::certificate::{certificate, new_key};
use crate::common::folder::{Folder, P256_KEY, RSA_KEY};
use crate::profile::string_types;
use crate::purposes::assert_purposes;
use crate::{GEN_BELOW_CORP, certificates, folder, subject_and_issuer, trial};

pub(crate) fn trials() -> Vec<Trial> {
    let with_key = |kind: &str, label: &'static str, commands: &[&str]| {
        let commands: Vec<_> = commands.iter().map(|command| (*command).to_owned()).collect();
        trial(format!("a CA with {kind} issues and renews certificates that verify"), move || {
            let folder = folder();
            for command in commands {
                folder.openssl(&command);
            }
            assert!(folder.text("corp.key").starts_with(&format!("-----BEGIN {label}-----\n")), "{label}");
            certificate("corp").subject("/O=Corp/CN=Corp CA").self_sign(&folder);
            let is_encrypted = label.starts_with("ENCRYPTED");
            assert_issues(&folder, if is_encrypted { "--ca-passphrase-file pass" } else { "" });
        })
    };
    let with_subject = |kind: &str, mask: &'static str, string_type: &'static str, subject: &'static str| {
        trial(format!("certificates name an issuer with {kind} byte for byte"), move || {
            let folder = folder();
            new_key(&folder, "corp", P256_KEY);
            certificate("corp").subject(subject).string_mask(mask).self_sign(&folder);
            let is_there = |(_, found): &(String, String)| found == string_type;
            assert!(string_types(&folder, "corp.pem").iter().any(is_there), "there is no {string_type}");
            assert_issues(&folder, "");
        })
    };
    let restricted = |how: &str, extensions: &'static str| {
        trial(format!("gen refuses a CA {how}, whose certificates would not verify"), move || {
            let folder = folder();
            new_key(&folder, "corp", P256_KEY);
            certificate("corp").subject("/CN=Corp CA").with(extensions).self_sign(&folder);
            folder.refusal(&format!("{GEN_BELOW_CORP} -d certs"));
        })
    };
    const PLAIN: &str = "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out plain.key";
    let encrypted = |how: &str, command: &str| {
        let command = format!("{command} -in plain.key -passout file:pass -out corp.key");
        with_key(&format!("a key encrypted with {how}"), "ENCRYPTED PRIVATE KEY", &[PLAIN, &command])
    };
    vec![
        with_key("an RSA key in PKCS#8", "PRIVATE KEY", &[&format!("{RSA_KEY} -out corp.key")]),
        with_key(
            "an RSA key in PKCS#1",
            "RSA PRIVATE KEY",
            &[&format!("{RSA_KEY} -out plain.key"), "rsa -traditional -in plain.key -out corp.key"],
        ),
        with_key("a P-256 key in PKCS#8", "PRIVATE KEY", &[&format!("{P256_KEY} -out corp.key")]),
        with_key(
            "a P-384 key in PKCS#8",
            "PRIVATE KEY",
            &["genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out corp.key"],
        ),
        with_key(
            "a P-256 key in SEC 1 after its parameters",
            "EC PARAMETERS",
            &["ecparam -name prime256v1 -genkey -out corp.key"],
        ),
        with_key(
            "a P-384 key in SEC 1 after its parameters",
            "EC PARAMETERS",
            &["ecparam -name secp384r1 -genkey -out corp.key"],
        ),
        with_key(
            "a P-256 key in SEC 1 alone",
            "EC PRIVATE KEY",
            &["ecparam -name prime256v1 -genkey -noout -out corp.key"],
        ),
        with_key("an Ed25519 key", "PRIVATE KEY", &["genpkey -algorithm ED25519 -out corp.key"]),
        encrypted("OpenSSL's default", "pkcs8 -topk8"),
        encrypted("AES-256 and HMAC-SHA1", "pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA1"),
        encrypted("AES-128 and HMAC-SHA512", "pkcs8 -topk8 -v2 aes-128-cbc -v2prf hmacWithSHA512"),
        encrypted("triple DES", "pkcs8 -topk8 -v2 des3"),
        encrypted("scrypt", "pkcs8 -topk8 -scrypt"),
        with_subject(
            "three DCs and two OUs, as in Active Directory",
            "utf8only",
            "UTF8STRING",
            "/DC=com/DC=example/DC=corp/OU=IT/OU=PKI/CN=Corp CA",
        ),
        with_subject(
            "two values in one RDN",
            "utf8only",
            "UTF8STRING",
            "/O=Corp/OU=PKI+serialNumber=7/OU=A+OU=B/CN=Corp CA",
        ),
        with_subject("a PrintableString", "MASK:0x2", "PRINTABLESTRING", "/C=DE/O=Corp/CN=Corp CA"),
        with_subject("a TeletexString", "MASK:0x4", "T61STRING", "/C=DE/O=Übermut AG/CN=Ägir CA"),
        with_subject("a BMPString", "MASK:0x800", "BMPSTRING", "/C=CN/O=密尔沃斯/CN=Ägir CA"),
        with_subject("characters outside of ASCII", "utf8only", "UTF8STRING", "/C=CN/O=密尔沃斯/CN=根 CA"),
        with_subject("no CommonName", "utf8only", "UTF8STRING", "/O=Corp/OU=PKI"),
        restricted("for other names", "nameConstraints = critical, permitted;DNS:example.com"),
        restricted("for servers only", "extendedKeyUsage = serverAuth"),
        restricted("with a critical extension that nobody knows", "1.2.3.4 = critical, ASN1:NULL"),
    ]
}

/// Both commands, with the CA of corp.pem and corp.key, which they leave alone.
pub(crate) fn assert_issues(folder: &Folder, passphrase: &str) {
    let files = ["corp.pem", "corp.key"].map(|file| folder.read(file));
    for command in [GEN_BELOW_CORP, "renew"] {
        folder.milvus_certs(&format!("{command} {passphrase} --common-name localhost"));
        assert_issued_by(folder, "corp.pem", &[], "corp.pem");
        assert!(["corp.pem", "corp.key"].map(|file| folder.read(file)) == files, "the CA has changed");
        assert!(folder.read("ca.key") == files[1], "ca.key is not corp.key");
    }
}

/// Server and client verify, name their issuer byte for byte, and bring the intermediate ones along.
pub(crate) fn assert_issued_by(folder: &Folder, issuer: &str, intermediates: &[&str], root: &str) {
    let first = |file: &&str| certificates(folder, file).remove(0);
    let subject_of_issuer = subject_and_issuer(&first(&issuer)).0;
    let intermediates: Vec<_> = intermediates.iter().map(first).collect();
    for file in ["server.pem", "client.pem"] {
        let chain = certificates(folder, file);
        assert!(subject_and_issuer(&chain[0]).1 == subject_of_issuer, "{file} has another issuer");
        assert!(chain[1..] == intermediates, "{file} has another chain");
    }
    assert!(certificates(folder, "ca.pem") == [first(&root)], "ca.pem is not {root}");
    assert_purposes(folder, "-x509_strict");
}
