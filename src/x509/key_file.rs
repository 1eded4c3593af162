use std::fmt;

use der::asn1::{Any, BitString, ObjectIdentifier};
use der::{Decode, Encode};
use pkcs8::{EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef};
use rsa::pkcs1::RsaPrivateKeyRef;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use crate::x509::algorithm::{EC, ED25519, KeyAlgorithm, P256, P384, P521, RSA, bit_length};
use crate::x509::asn1::{damage, is_cut_off};
use crate::x509::certificate::Certificate;
use crate::x509::error::Error;
use crate::x509::private_key::{PrivateKey, Sec1};
use crate::x509::public_key::spki_sha256;

/// How a private key is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyForm {
    /// RFC 5958, `BEGIN PRIVATE KEY`.
    Pkcs8,
    /// RFC 8017, `BEGIN RSA PRIVATE KEY`.
    Pkcs1,
    /// RFC 5915, `BEGIN EC PRIVATE KEY`.
    Sec1,
    /// RFC 5958, `BEGIN ENCRYPTED PRIVATE KEY`.
    EncryptedPkcs8,
    /// The encryption of PEM itself (RFC 1421), `Proc-Type: 4,ENCRYPTED`.
    EncryptedPem,
}

/// What is known of a private key without its secret, whatever its kind: for checks and for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyMaterial {
    pub(crate) form: KeyForm,
    /// Nothing where the key is encrypted.
    pub(crate) algorithm: Option<KeyAlgorithm>,
    /// The content of subjectPublicKey (RFC 5280 4.1.2.7), where it can be told.
    bits: Option<Vec<u8>>,
    /// The key's pin, where it can be told.
    pub(crate) spki_sha256: Option<[u8; 32]>,
}

impl KeyMaterial {
    /// Reads DER in whatever form it is.
    pub(crate) fn from_der(der: &[u8]) -> Result<Self, Error> {
        let forms = [KeyForm::Pkcs8, KeyForm::EncryptedPkcs8, KeyForm::Pkcs1, KeyForm::Sec1];
        let key = forms.into_iter().find_map(|form| Self::read(form, der).ok());
        key.ok_or_else(|| Error::key_damaged("it is in none of their forms"))
    }

    pub(crate) fn read(form: KeyForm, der: &[u8]) -> Result<Self, Error> {
        let encrypted = Self { form, algorithm: None, bits: None, spki_sha256: None };
        if form == KeyForm::EncryptedPem {
            return Ok(encrypted);
        }
        if is_cut_off(der) {
            return Err(Error::key_damaged(damage(der)));
        }
        let key = match form {
            KeyForm::Pkcs8 => PrivateKey::from_pkcs8(der),
            KeyForm::Pkcs1 => PrivateKey::from_pkcs1(der),
            KeyForm::Sec1 => PrivateKey::from_sec1(der),
            KeyForm::EncryptedPkcs8 | KeyForm::EncryptedPem => {
                EncryptedPrivateKeyInfoRef::try_from(der).map_err(Error::key_malformed)?;
                return Ok(encrypted);
            }
        };
        match key.map(|key| key.public_key()) {
            Ok(key) => {
                let key = key?;
                Ok(Self {
                    form,
                    algorithm: Some(key.algorithm().clone()),
                    bits: Some(key.bits().to_vec()),
                    spki_sha256: Some(key.spki_sha256()),
                })
            }
            Err(error) => Self::of_unusable(form, der, error),
        }
    }

    /// Whether it needs a passphrase.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.algorithm.is_none()
    }

    /// Whether it is the key of a certificate; `None` where that cannot be told, because the key is
    /// encrypted or of a kind whose public half is not known here.
    pub(crate) fn belongs_to(&self, certificate: &Certificate) -> Option<bool> {
        if self.algorithm.as_ref()? != certificate.key_algorithm() {
            return Some(false);
        }
        self.bits.as_ref().map(|bits| *bits == certificate.key_bits())
    }

    /// One that signs nothing here, for the reason of `error`: it is damaged, or too weak, or of another kind.
    fn of_unusable(form: KeyForm, der: &[u8], error: Error) -> Result<Self, Error> {
        match (form, PrivateKeyInfoRef::try_from(der)) {
            (KeyForm::Pkcs1, _) => Self::of_weak_rsa(form, der).ok_or(error),
            (KeyForm::Sec1, _) => Self::of_curve(form, der, None, error),
            (_, Ok(info)) => {
                let key = info.private_key.as_bytes();
                match info.algorithm.oid {
                    RSA => Self::of_weak_rsa(form, key).ok_or(error),
                    EC => Self::of_curve(form, key, info.algorithm.parameters_oid().ok(), error),
                    ED25519 => Err(error),
                    other => Ok(Self::with(form, KeyAlgorithm::named(other, None), None, None)),
                }
            }
            (_, Err(_)) => Err(error),
        }
    }

    fn of_weak_rsa(form: KeyForm, der: &[u8]) -> Option<Self> {
        let key = RsaPrivateKeyRef::from_der(der).ok()?;
        let algorithm = Some(KeyAlgorithm::Rsa(bit_length(key.modulus))).filter(KeyAlgorithm::is_weak)?;
        let bits = key.public_key().to_der().ok()?;
        // RFC 3279 2.3.1: the parameters of RSA are NULL.
        Some(Self::with(form, algorithm, Some(bits), Some((RSA, Any::null()))))
    }

    /// `curve` is PKCS#8's; SEC 1 alone names it itself.
    fn of_curve(
        form: KeyForm,
        der: &[u8],
        curve: Option<ObjectIdentifier>,
        error: Error,
    ) -> Result<Self, Error> {
        let key = Sec1::from_der(der).map_err(Error::key_malformed)?;
        let curve = curve.or(key.named_curve());
        let bits = match curve {
            Some(P256 | P384) => return Err(error),
            Some(P521) => {
                let key = p521::SecretKey::from_sec1_der(der).map_err(Error::key_malformed)?;
                Some(key.public_key().to_sec1_bytes().into())
            }
            _ => key.public_key.map(|bits| bits.raw_bytes().to_vec()),
        };
        let algorithm = KeyAlgorithm::named(EC, curve);
        Ok(Self::with(form, algorithm, bits, curve.map(|curve| (EC, Any::from(curve)))))
    }

    /// With the object identifier and the parameters of its SubjectPublicKeyInfo, where they are known.
    fn with(
        form: KeyForm,
        algorithm: KeyAlgorithm,
        bits: Option<Vec<u8>>,
        identifier: Option<(ObjectIdentifier, Any)>,
    ) -> Self {
        let spki = bits.as_ref().zip(identifier).and_then(|(bits, (oid, parameters))| {
            let algorithm = AlgorithmIdentifierOwned { oid, parameters: Some(parameters) };
            let subject_public_key = BitString::from_bytes(bits).ok()?;
            SubjectPublicKeyInfoOwned { algorithm, subject_public_key }.to_der().ok()
        });
        Self { form, algorithm: Some(algorithm), bits, spki_sha256: spki.as_deref().map(spki_sha256) }
    }
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
