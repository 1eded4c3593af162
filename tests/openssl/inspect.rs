//! What `inspect` says is what OpenSSL says.

use libtest_mimic::Trial;
use serde_json::Value;

use crate::common::folder::{Folder, P256_KEY, RSA_KEY};
use crate::common::program::GEN;
use crate::{after, folder, trial};

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = vec![
        trial("inspect says of a certificate what openssl says", agrees_with_openssl),
        trial("inspect says the same of PEM and of DER", || {
            let folder = after(GEN);
            folder.openssl("x509 -in server.pem -outform DER -out server.der");
            assert_eq!(items(&folder, "server.der"), items(&folder, "server.pem"));
        }),
        trial("inspect shows every certificate of a chain, in its order", || {
            let folder = after(GEN);
            folder.join(&["server.pem", "ca.pem"], "chain.pem");
            let roles: Vec<_> = items(&folder, "chain.pem").iter().map(|item| item["role"].clone()).collect();
            assert_eq!(roles, ["server", "root CA"]);
        }),
        trial("inspect shows what a signing request asks for", signing_request),
        trial("inspect gives one pin for a key, its request and its certificate", one_pin),
        trial("an error of inspect names PKCS#12", pkcs12),
        trial("inspect shows no secrets", no_secrets),
    ];
    trials.extend(key_forms().into_iter().map(|(name, commands, form, key)| {
        trial(format!("inspect recognises {name}"), move || {
            let folder = folder();
            commands.iter().for_each(|command| drop(folder.openssl(command)));
            let item = &items(&folder, "key")[0];
            assert_eq!((item["kind"].as_str(), item["form"].as_str()), (Some("private-key"), Some(form)));
            assert_eq!(item["key"].as_str(), key);
            assert_eq!(item["encrypted"].as_bool(), Some(key.is_none()));
        })
    }));
    trials
}

/// A name, the commands that make the file `key`, how it is encoded, and the kind of key unless it is
/// encrypted.
type KeyForm = (&'static str, Vec<String>, &'static str, Option<&'static str>);

fn key_forms() -> Vec<KeyForm> {
    let made = |key: &str, more: &[&str]| {
        let first = if more.is_empty() { format!("{key} -out key") } else { format!("{key} -out plain") };
        std::iter::once(first).chain(more.iter().map(|command| (*command).to_owned())).collect()
    };
    const ENCRYPT: &str = "pkcs8 -topk8 -in plain -passout file:pass -out key";
    let curve = |name: &str| format!("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:{name}");
    vec![
        ("RSA in PKCS#8", made(RSA_KEY, &[]), "PKCS#8", Some("RSA 2048")),
        (
            "RSA in PKCS#1",
            made(RSA_KEY, &["rsa -in plain -traditional -out key"]),
            "PKCS#1",
            Some("RSA 2048"),
        ),
        (
            "RSA in PKCS#1 and DER",
            made(RSA_KEY, &["rsa -in plain -traditional -outform DER -out key"]),
            "PKCS#1",
            Some("RSA 2048"),
        ),
        ("P-256 in SEC 1", made(P256_KEY, &["ec -in plain -out key"]), "SEC 1", Some("P-256")),
        (
            "P-256 in SEC 1 and DER",
            made(P256_KEY, &["ec -in plain -outform DER -out key"]),
            "SEC 1",
            Some("P-256"),
        ),
        (
            "P-256 in PKCS#8 and DER",
            made(P256_KEY, &["pkcs8 -topk8 -nocrypt -in plain -outform DER -out key"]),
            "PKCS#8",
            Some("P-256"),
        ),
        ("P-521", made(&curve("P-521"), &[]), "PKCS#8", Some("P-521")),
        ("secp256k1", made(&curve("secp256k1"), &[]), "PKCS#8", Some("secp256k1")),
        ("Ed25519", made("genpkey -algorithm ED25519", &[]), "PKCS#8", Some("Ed25519")),
        (
            "RSA of 1024 bits",
            made("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024", &[]),
            "PKCS#8",
            Some("RSA 1024"),
        ),
        ("an encrypted key in PKCS#8", made(P256_KEY, &[ENCRYPT]), "encrypted PKCS#8", None),
        (
            "an encrypted key in PKCS#8 and DER",
            made(P256_KEY, &[&format!("{ENCRYPT} -outform DER")]),
            "encrypted PKCS#8",
            None,
        ),
        (
            "an encrypted key in PEM's old way",
            made(P256_KEY, &["ec -in plain -aes256 -passout file:pass -out key"]),
            "encrypted PEM (RFC 1421)",
            None,
        ),
    ]
}

fn agrees_with_openssl() {
    let folder = after(GEN);
    let item = items(&folder, "server.pem").remove(0);
    let said = |field: &str| item[field].as_str().unwrap_or_default().to_owned();
    let x509 = |option: &str| folder.openssl(&format!("x509 -in server.pem -noout {option}"));

    assert_eq!(x509("-serial").trim(), format!("serial={}", said("serial")));
    let fingerprint = x509("-fingerprint -sha256");
    assert_eq!(fingerprint.split('=').next_back().unwrap().trim(), said("sha256_fingerprint"));
    assert!(x509("-ext subjectKeyIdentifier").contains(&said("subject_key_identifier")));
    assert!(x509("-ext authorityKeyIdentifier").contains(&said("authority_key_identifier")));
    let end = x509("-enddate -dateopt iso_8601");
    assert_eq!(end.trim().replace("notAfter=", "").replace(' ', "T"), said("not_after"));

    folder.write("pub.pem", x509("-pubkey"));
    folder.openssl("pkey -pubin -in pub.pem -outform DER -out pub.der");
    folder.openssl("dgst -sha256 -binary -out digest pub.der");
    assert_eq!(format!("sha256//{}", folder.openssl("base64 -in digest").trim()), said("spki_pin"));
}

fn signing_request() {
    let folder = folder();
    folder.openssl(&format!("{P256_KEY} -out key"));
    folder.openssl("req -new -key key -subj /O=Zoo/CN=db -addext subjectAltName=DNS:db.example.com,IP:10.0.0.5 -addext keyUsage=digitalSignature -addext extendedKeyUsage=clientAuth -out request.pem");
    folder.openssl("req -in request.pem -outform DER -out request.der");
    let item = items(&folder, "request.pem").remove(0);
    assert_eq!(item["kind"], "certificate-request");
    assert_eq!(item["subject"], "O=Zoo, CN=db");
    assert_eq!(item["names"].as_array().unwrap(), &["db.example.com", "10.0.0.5"]);
    assert_eq!(item["key_usage"].as_array().unwrap(), &["digitalSignature"]);
    assert_eq!(item["extended_key_usage"].as_array().unwrap(), &["clientAuth"]);
    assert_eq!(item["key"], "P-256");
    assert_eq!(items(&folder, "request.der"), [item]);
}

/// The pin is what says that a key, a request and a certificate belong together.
fn one_pin() {
    let folder = folder();
    for (key, change) in [
        (RSA_KEY, ""),
        (RSA_KEY, "rsa -in key -traditional -out key"),
        (P256_KEY, ""),
        (P256_KEY, "ec -in key -out key"),
        ("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1", ""),
        ("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521", ""),
        ("genpkey -algorithm ED25519", ""),
    ] {
        folder.openssl(&format!("{key} -out key"));
        if !change.is_empty() {
            folder.openssl(change);
        }
        folder.openssl("req -new -key key -subj /CN=db -out request.pem");
        folder.openssl("req -x509 -key key -subj /CN=db -out certificate.pem");
        let pin = |file| items(&folder, file)[0]["spki_pin"].as_str().unwrap_or_default().to_owned();
        let expected = pin("certificate.pem");
        assert_eq!((pin("key"), pin("request.pem")), (expected.clone(), expected), "{key}");
    }
}

fn pkcs12() {
    let folder = after(GEN);
    folder.openssl("pkcs12 -export -in server.pem -inkey server.key -passout pass:secret -out store.p12");
    let refusal = folder.refusal("inspect store.p12").says("store.p12: is PKCS#12");
    assert!(refusal.openssl_command().starts_with("pkcs12 -nodes -in store.p12 |"), "{}", refusal.hint);
}

fn no_secrets() {
    let folder = after(GEN);
    let shown = folder.milvus_certs("inspect . ca.key server.key client.key")
        + &folder.milvus_certs("inspect . ca.key server.key client.key --json");
    for key in ["ca.key", "server.key", "client.key"] {
        let pem = folder.text(key);
        let secret = pem.lines().nth(1).unwrap();
        assert!(!shown.contains(&secret[20..40]), "{key}: {shown}");
    }
}

/// Everything in a file, as `inspect` shows it.
fn items(folder: &Folder, file: &str) -> Vec<Value> {
    folder.json(&format!("inspect {file}"))["targets"][0]["files"][0]["items"].as_array().unwrap().clone()
}
