use std::fmt;

use der::asn1::{Any, BitString, ObjectIdentifier};
use der::{Decode, Encode};
use pkcs8::{EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef};
use rsa::pkcs1;
use sec1::{EcParameters, EcPrivateKey};
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use crate::x509::algorithm::{EC, ED25519, P256, P384, P521, RSA, RsaPublicKey, bit_length};
use crate::x509::certificate::spki_sha256;
use crate::x509::encoding::{ENCRYPTED_PRIVATE_KEY, PRIVATE_KEY, blocks, damage, is_cut_off};
use crate::x509::key::Sec1;
use crate::x509::pem_block::Block;
use crate::x509::{Certificate, Error, KeyAlgorithm, PrivateKey};

/// The encodings of private keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyForm {
    /// PKCS#8 (RFC 5958), `BEGIN PRIVATE KEY`.
    Pkcs8,
    /// PKCS#1 (RFC 8017), `BEGIN RSA PRIVATE KEY`.
    Pkcs1,
    /// SEC 1 (RFC 5915), `BEGIN EC PRIVATE KEY`.
    Sec1,
    /// Encrypted PKCS#8, `BEGIN ENCRYPTED PRIVATE KEY`.
    EncryptedPkcs8,
    /// The encryption of PEM itself (RFC 1421), `Proc-Type: 4,ENCRYPTED`.
    EncryptedPem,
}

/// What is known of a private key without its secret, whatever its kind: for checks and for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyMaterial {
    form: KeyForm,
    /// Nothing where the key is encrypted.
    plain: Option<Public>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Public {
    algorithm: KeyAlgorithm,
    /// The content of subjectPublicKey (RFC 5280 4.1.2.7), where it can be told.
    bits: Option<Vec<u8>>,
    /// SHA-256 of the SubjectPublicKeyInfo, where it can be told.
    spki_sha256: Option<[u8; 32]>,
}

impl KeyMaterial {
    /// Reads the first private key of a PEM file: the one that Milvus takes.
    ///
    /// # Errors
    /// If the file is not PEM, has no private key, or one that is damaged.
    pub fn from_pem(content: &[u8]) -> Result<Self, Error> {
        let mut found = Vec::new();
        for block in blocks(content)? {
            match Self::from_block(&block) {
                Ok(key) => return key,
                Err(label) => found.push(label),
            }
        }
        Err(Error::PemMissing { wanted: "private key", found })
    }

    /// Reads a PEM block; gives its label back if it is no private key.
    pub(crate) fn from_block(block: &Block<'_>) -> Result<Result<Self, Error>, String> {
        let form = match block.label() {
            _ if block.is_encrypted() => return Ok(Ok(Self { form: KeyForm::EncryptedPem, plain: None })),
            PRIVATE_KEY => KeyForm::Pkcs8,
            "RSA PRIVATE KEY" => KeyForm::Pkcs1,
            "EC PRIVATE KEY" => KeyForm::Sec1,
            ENCRYPTED_PRIVATE_KEY => KeyForm::EncryptedPkcs8,
            label => return Err(label.to_owned()),
        };
        Ok(Self::read(form, block.contents()))
    }

    /// Reads DER in whatever form it is.
    ///
    /// # Errors
    /// If it is no private key.
    pub(crate) fn from_der(der: &[u8]) -> Result<Self, Error> {
        let forms = [KeyForm::Pkcs8, KeyForm::EncryptedPkcs8, KeyForm::Pkcs1, KeyForm::Sec1];
        let key = forms.into_iter().find_map(|form| Self::read(form, der).ok());
        key.ok_or_else(|| Error::key_damaged("it is in none of their forms"))
    }

    fn read(form: KeyForm, der: &[u8]) -> Result<Self, Error> {
        if is_cut_off(der) {
            return Err(Error::key_damaged(damage(der)));
        }
        let plain = match form {
            KeyForm::Pkcs8 => Some(Public::from_pkcs8(der)?),
            KeyForm::Pkcs1 => Some(Public::from_pkcs1(der)?),
            KeyForm::Sec1 => Some(Public::from_sec1(der, None)?),
            KeyForm::EncryptedPkcs8 => {
                EncryptedPrivateKeyInfoRef::try_from(der).map_err(Error::key_malformed)?;
                None
            }
            KeyForm::EncryptedPem => None,
        };
        Ok(Self { form, plain })
    }

    /// How it is encoded.
    #[must_use]
    pub fn form(&self) -> KeyForm {
        self.form
    }

    /// Whether it needs a passphrase.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.plain.is_none()
    }

    /// What kind of key it is, unless it is encrypted.
    #[must_use]
    pub fn algorithm(&self) -> Option<&KeyAlgorithm> {
        self.plain.as_ref().map(|plain| &plain.algorithm)
    }

    /// SHA-256 of its SubjectPublicKeyInfo, the key's pin, where it can be told.
    #[must_use]
    pub fn spki_sha256(&self) -> Option<[u8; 32]> {
        self.plain.as_ref()?.spki_sha256
    }

    /// Whether it is the key of a certificate; `None` where that cannot be told, because the key is
    /// encrypted or of a kind whose public half is not known here.
    #[must_use]
    pub fn belongs_to(&self, certificate: &Certificate) -> Option<bool> {
        let plain = self.plain.as_ref()?;
        if plain.algorithm != *certificate.key_algorithm() {
            return Some(false);
        }
        plain.bits.as_ref().map(|bits| *bits == certificate.key_bits())
    }
}

impl Public {
    fn from_pkcs8(der: &[u8]) -> Result<Self, Error> {
        let info = PrivateKeyInfoRef::try_from(der).map_err(Error::key_malformed)?;
        let key = info.private_key.as_bytes();
        match info.algorithm.oid {
            RSA => Self::from_pkcs1(key),
            EC => Self::from_sec1(key, info.algorithm.parameters_oid().ok()),
            ED25519 => {
                let public = PrivateKey::from_pkcs8(der)?.public_key()?;
                Ok(Self::new(
                    KeyAlgorithm::Ed25519,
                    Some(public.bits().to_vec()),
                    Some(identifier(ED25519, None)),
                ))
            }
            other => Ok(Self::new(KeyAlgorithm::named(other, None), None, None)),
        }
    }

    fn from_pkcs1(der: &[u8]) -> Result<Self, Error> {
        let key = pkcs1::RsaPrivateKeyRef::from_der(der).map_err(Error::key_malformed)?;
        let public = RsaPublicKey { modulus: key.modulus, public_exponent: key.public_exponent };
        let algorithm = KeyAlgorithm::Rsa(bit_length(key.modulus));
        // Go, and so Milvus, refuses a key whose numbers do not fit together.
        match PrivateKey::from_pkcs1(der) {
            Ok(_) | Err(Error::KeyTooShort { .. }) => {}
            Err(_) if algorithm.is_weak() => {}
            Err(error) => return Err(error),
        }
        let bits = public.to_der().map_err(Error::key_malformed)?;
        // RFC 3279 2.3.1: the parameters of RSA are NULL.
        Ok(Self::new(algorithm, Some(bits), Some(identifier(RSA, Some(Any::null())))))
    }

    /// `curve` is PKCS#8's; SEC 1 alone names it itself.
    fn from_sec1(der: &[u8], curve: Option<ObjectIdentifier>) -> Result<Self, Error> {
        if let Some(public) = Sec1::with_explicit_curve(der) {
            let bits = public.map(|bits| bits.raw_bytes().to_vec());
            return Ok(Self::new(KeyAlgorithm::named(EC, None), bits, None));
        }
        let key = EcPrivateKey::from_der(der).map_err(Error::key_malformed)?;
        let own = key.parameters.and_then(EcParameters::named_curve);
        let bits = match curve.or(own) {
            Some(P256) => {
                Some(p256::SecretKey::from_sec1_der(der).map(|key| key.public_key().to_sec1_bytes()))
            }
            Some(P384) => {
                Some(p384::SecretKey::from_sec1_der(der).map(|key| key.public_key().to_sec1_bytes()))
            }
            Some(P521) => {
                Some(p521::SecretKey::from_sec1_der(der).map(|key| key.public_key().to_sec1_bytes()))
            }
            _ => key.public_key.map(|bits| Ok(bits.into())),
        };
        let bits = bits.transpose().map_err(Error::key_malformed)?.map(Vec::from);
        let parameters = curve.or(own).map(Any::from);
        let identifier = parameters.map(|parameters| identifier(EC, Some(parameters)));
        Ok(Self::new(KeyAlgorithm::named(EC, curve.or(own)), bits, identifier))
    }

    fn new(
        algorithm: KeyAlgorithm,
        bits: Option<Vec<u8>>,
        identifier: Option<AlgorithmIdentifierOwned>,
    ) -> Self {
        let spki = bits.as_ref().zip(identifier).and_then(|(bits, algorithm)| {
            let subject_public_key = BitString::from_bytes(bits).ok()?;
            SubjectPublicKeyInfoOwned { algorithm, subject_public_key }.to_der().ok()
        });
        Self { algorithm, bits, spki_sha256: spki.as_deref().map(spki_sha256) }
    }
}

fn identifier(oid: ObjectIdentifier, parameters: Option<Any>) -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned { oid, parameters }
}

/// As its standard calls it.
impl fmt::Display for KeyForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pkcs8 => "PKCS#8",
            Self::Pkcs1 => "PKCS#1",
            Self::Sec1 => "SEC 1",
            Self::EncryptedPkcs8 => "encrypted PKCS#8",
            Self::EncryptedPem => "encrypted PEM (RFC 1421)",
        })
    }
}
