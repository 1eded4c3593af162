//! The certificates that Milvus' sources and images carry under `configs/cert`. Their private keys
//! are public, the CA's too: anybody can pass for such a server, or sign client certificates.

use crate::base::text::hex;
use crate::x509::{KeyDefect, PublicKey};

/// SHA-256 of the SubjectPublicKeyInfo, and whose it is (milvus-io/milvus, `configs/cert`).
const PUBLIC_KEYS: [(&str, &str); 3] = [
    ("0910eccda921ace7fbb64961f976a2dca359e95e4dbecf02d47ca2d3b0e0fc05", "ca.pem"),
    ("94226eaf3a8acb733dafa214dc91fbee87b787a94c9ba147c6b2f314f59cc9d7", "server.pem"),
    ("08415416c5c5af5504e3a27ec383b8baf238d3595db39e5a292079d3d49baa9a", "client.pem"),
];

/// The file under Milvus' `configs/cert` that has this key, if one has.
pub(crate) fn file_of(spki_sha256: &[u8; 32]) -> Option<&'static str> {
    let digest = hex(spki_sha256);
    PUBLIC_KEYS.iter().find(|(known, _)| *known == digest).map(|(_, file)| *file)
}

/// Refuses a key whose private half everybody has.
pub(crate) fn refuse_published(key: &PublicKey) -> Result<(), KeyDefect> {
    match file_of(&key.spki_sha256()) {
        Some(file) => {
            Err(KeyDefect::Published { place: format!("configs/cert of Milvus' sources, for {file}") })
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::{KeyType, PrivateKey, certificates_from_pem};

    #[test]
    fn a_key_of_milvus_sources_is_refused_and_another_is_not() {
        for (file, content) in [
            ("ca.pem", include_bytes!("../../tests/check/public/ca.pem").as_slice()),
            ("server.pem", include_bytes!("../../tests/check/public/server.pem")),
            ("client.pem", include_bytes!("../../tests/check/public/client.pem")),
        ] {
            let key = certificates_from_pem(content).unwrap()[0].public_key().unwrap();
            let defect = refuse_published(&key).unwrap_err();
            assert!(defect.to_string().contains(file), "{defect}");
        }
        let own = PrivateKey::generate(KeyType::P256).unwrap().public_key().unwrap();
        assert_eq!(refuse_published(&own), Ok(()));
    }
}
