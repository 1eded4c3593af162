//! PEM and DER, through every reader and through `inspect`: certificates and keys that can be read
//! are written back as the same.

use crate::check::config::Source;
use crate::check::{InspectTarget, inspect};
use crate::x509::{
    KeyMaterial, PrivateKey, certificates_from_pem, certificates_to_pem, is_encrypted_key, items,
    key_from_pem, key_to_pem, request_from,
};
use time::macros::datetime;
use zeroize::Zeroizing;

pub fn run(content: &[u8]) {
    let _ = items(content);
    let _ = request_from(content).and_then(|request| request.verify());
    let _ = KeyMaterial::from_pem(content);
    let _ = is_encrypted_key(content);
    if let Ok(certificates) = certificates_from_pem(content) {
        let written = certificates_to_pem(&certificates);
        assert_eq!(certificates_from_pem(written.as_bytes()).unwrap(), certificates);
    }
    if let Ok(key) = key_from_pem(content, None) {
        check_key(&key);
    }
    check_inspect(content);
}

fn check_key(key: &PrivateKey) {
    let written = key_to_pem(key).unwrap();
    let again = key_from_pem(written.as_bytes(), None).unwrap();
    assert_eq!(again.public_key().unwrap(), key.public_key().unwrap());
}

fn check_inspect(content: &[u8]) {
    let source = Source { name: "fuzzed".into(), content: Zeroizing::new(content.to_vec()) };
    let report = inspect(&[InspectTarget::Content(source)], datetime!(2026-07-01 00:00 UTC));
    serde_json::to_string(&report).unwrap();
    let file = &report.targets[0].files[0];
    assert!(file.error.is_some() || !file.items.is_empty());
}
