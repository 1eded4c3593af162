//! Certificate directories, and certificates that this program does not make.

use std::fs;
use std::path::{Path, PathBuf};

use milvus_certs::{GenerateRequest, RenewRequest, generate, renew};
use milvus_certs::x509::KeyType;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::EncodePrivateKey;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyIdMethod,
    KeyUsagePurpose, PublicKeyData, SanType, SignatureAlgorithm,
};
use tempfile::TempDir;
use time::{Duration, OffsetDateTime};

/// A certificate directory of its own.
pub(crate) struct Directory(TempDir);

impl Directory {
    /// For localhost, 127.0.0.1 and ::1, made just now.
    pub(crate) fn new() -> Self {
        Self::made(OffsetDateTime::now_utc(), |_| {})
    }

    /// Made so many days ago, for so many days.
    pub(crate) fn aged(days_ago: i64, days: u32) -> Self {
        let now = OffsetDateTime::now_utc() - Duration::days(days_ago);
        Self::made(now, |request| request.days = milvus_certs::x509::Days::new(days).unwrap())
    }

    /// Made yesterday, for one more name or address.
    pub(crate) fn with_name(name: &str) -> Self {
        let yesterday = OffsetDateTime::now_utc() - Duration::days(1);
        Self::made(yesterday, |request| request.names.push(name.parse().unwrap()))
    }

    fn made(now: OffsetDateTime, change: impl FnOnce(&mut GenerateRequest)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut request = GenerateRequest::new(folder.path()).unwrap();
        request.key_type = KeyType::P256;
        change(&mut request);
        generate(&request, now).unwrap();
        Self(folder)
    }

    pub(crate) fn renew(&self) {
        renew(&RenewRequest::new(self.path()), OffsetDateTime::now_utc()).unwrap();
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    pub(crate) fn argument(&self, name: &str) -> String {
        self.path().join(name).to_str().unwrap().to_owned()
    }
}

/// A root, an intermediate authority and a server below it; the root is ca.pem.
pub(crate) struct Deep {
    pub(crate) directory: Directory,
    pub(crate) leaf: String,
    pub(crate) intermediate: String,
    pub(crate) root: String,
}

impl Deep {
    pub(crate) fn new() -> Self {
        let root = CertifiedIssuer::self_signed(authority("Root"), Key::new(1)).unwrap();
        let intermediate = CertifiedIssuer::signed_by(authority("Intermediate"), Key::new(2), &root).unwrap();
        let key = Key::new(3);
        let leaf = server().signed_by(&key, &intermediate).unwrap();
        let directory = Directory(tempfile::tempdir().unwrap());
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

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
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

/// Without its cryptography rcgen wants to be told numbers.
fn numbered(mut params: CertificateParams, number: usize) -> CertificateParams {
    let number = u8::try_from(number).unwrap();
    params.serial_number = Some(vec![number].into());
    params.key_identifier_method = KeyIdMethod::PreSpecified(vec![number; 20]);
    params.not_before = OffsetDateTime::now_utc() - Duration::days(1);
    params.not_after = OffsetDateTime::now_utc() + Duration::days(1000);
    params
}

/// A P-256 key that everybody could guess.
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
