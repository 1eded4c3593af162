//! Certificate directories of another age or for other names, and certificates of other programs.

use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::EncodePrivateKey;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyIdMethod,
    KeyUsagePurpose, PublicKeyData, SanType, SignatureAlgorithm,
};
use time::{Duration, OffsetDateTime};

use crate::common::folder::Folder;
use crate::common::past::{days, generate_days_ago};

/// Made so many days ago, for so many days.
pub(crate) fn aged(days_ago: i64, lifetime: u32) -> Folder {
    let folder = Folder::new();
    generate_days_ago(days_ago, &folder.path(""), |request| request.days = days(lifetime));
    folder
}

/// Made yesterday, for one more name or address.
pub(crate) fn with_name(name: &str) -> Folder {
    let folder = Folder::new();
    generate_days_ago(1, &folder.path(""), |request| request.names.push(name.parse().unwrap()));
    folder
}

/// A root, an intermediate CA and a server below it; the root is ca.pem.
pub(crate) struct Deep {
    pub(crate) directory: Folder,
    pub(crate) leaf: String,
    pub(crate) intermediate: String,
    pub(crate) root: String,
}

impl Deep {
    pub(crate) fn new() -> Self {
        let root = CertifiedIssuer::self_signed(ca("Root"), Key::new(1)).unwrap();
        let intermediate = CertifiedIssuer::signed_by(ca("Intermediate"), Key::new(2), &root).unwrap();
        let key = Key::new(3);
        let leaf = server().signed_by(&key, &intermediate).unwrap();
        let directory = Folder::new();
        let pem = |der: &[u8]| pem::encode(&pem::Pem::new("CERTIFICATE", der));
        let deep = Self {
            leaf: pem(leaf.der()),
            intermediate: pem(intermediate.der()),
            root: pem(root.der()),
            directory,
        };
        deep.directory.write("ca.pem", &deep.root);
        deep.directory.write("server.pem", format!("{}{}", deep.leaf, deep.intermediate));
        deep.directory.write("server.key", key.pem());
        deep
    }
}

fn ca(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = true;
    numbered(params, name.len())
}

fn server() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "localhost");
    params.subject_alt_names = vec![
        SanType::DnsName("localhost".try_into().unwrap()),
        SanType::IpAddress(std::net::Ipv4Addr::LOCALHOST.into()),
    ];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    numbered(params, 1)
}

/// Without its cryptography rcgen makes no numbers itself.
fn numbered(mut params: CertificateParams, number: usize) -> CertificateParams {
    let number = u8::try_from(number).unwrap();
    params.serial_number = Some(vec![number].into());
    params.key_identifier_method = KeyIdMethod::PreSpecified(vec![number; 20]);
    params.not_before = OffsetDateTime::now_utc() - Duration::days(1);
    params.not_after = OffsetDateTime::now_utc() + Duration::days(1000);
    params
}

/// A fixed P-256 key.
struct Key {
    key: SigningKey,
    public: Vec<u8>,
}

impl Key {
    fn new(number: u8) -> Self {
        let key = SigningKey::from_slice(&[number; 32]).unwrap();
        let public = key.verifying_key().to_sec1_point(false).as_bytes().to_vec();
        Self { key, public }
    }

    fn pem(&self) -> String {
        let der = self.key.to_pkcs8_der().unwrap();
        pem::encode(&pem::Pem::new("PRIVATE KEY", der.as_bytes()))
    }
}

impl PublicKeyData for Key {
    fn der_bytes(&self) -> &[u8] {
        &self.public
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

impl rcgen::SigningKey for Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signature: Signature = self.key.sign(message);
        Ok(signature.to_der().as_bytes().to_vec())
    }
}
