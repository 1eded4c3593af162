use std::fmt;

use der::asn1::{Any, BitString, ObjectIdentifier};
use der::{Decode, Encode};
use pkcs8::{EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef};
use rsa::pkcs1::RsaPrivateKeyRef;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use crate::x509::algorithm::{EC, ED25519, KeyAlgorithm, P256, P384, P521, RSA, RsaPublicKey, bit_length};
use crate::x509::asn1::{damage, is_cut_off};
use crate::x509::certificate::Certificate;
use crate::x509::error::Error;
use crate::x509::private_key::{PrivateKey, Sec1};
use crate::x509::public_key::{PublicKey, spki_sha256};

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
    form: KeyForm,
    /// Nothing where the key is encrypted.
    plain: Option<PublicHalf>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct PublicHalf {
    algorithm: KeyAlgorithm,
    /// The content of subjectPublicKey (RFC 5280 4.1.2.7), where it can be told.
    bits: Option<Vec<u8>>,
    /// SHA-256 of the SubjectPublicKeyInfo, where it can be told.
    spki_sha256: Option<[u8; 32]>,
}

impl KeyMaterial {
    /// Reads DER in whatever form it is.
    pub(crate) fn from_der(der: &[u8]) -> Result<Self, Error> {
        let forms = [KeyForm::Pkcs8, KeyForm::EncryptedPkcs8, KeyForm::Pkcs1, KeyForm::Sec1];
        let key = forms.into_iter().find_map(|form| Self::read(form, der).ok());
        key.ok_or_else(|| Error::key_damaged("it is in none of their forms"))
    }

    pub(crate) fn read(form: KeyForm, der: &[u8]) -> Result<Self, Error> {
        if form == KeyForm::EncryptedPem {
            return Ok(Self { form, plain: None });
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
                return Ok(Self { form, plain: None });
            }
        };
        let plain = match key {
            Ok(key) => PublicHalf::of(&key.public_key()?),
            Err(error) => PublicHalf::of_unusable(form, der, error)?,
        };
        Ok(Self { form, plain: Some(plain) })
    }

    pub(crate) fn form(&self) -> KeyForm {
        self.form
    }

    /// Whether it needs a passphrase.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.plain.is_none()
    }

    /// What kind of key it is, unless it is encrypted.
    pub(crate) fn algorithm(&self) -> Option<&KeyAlgorithm> {
        self.plain.as_ref().map(|plain| &plain.algorithm)
    }

    /// The key's pin, where it can be told.
    pub(crate) fn spki_sha256(&self) -> Option<[u8; 32]> {
        self.plain.as_ref()?.spki_sha256
    }

    /// Whether it is the key of a certificate; `None` where that cannot be told, because the key is
    /// encrypted or of a kind whose public half is not known here.
    pub(crate) fn belongs_to(&self, certificate: &Certificate) -> Option<bool> {
        let plain = self.plain.as_ref()?;
        if plain.algorithm != *certificate.key_algorithm() {
            return Some(false);
        }
        plain.bits.as_ref().map(|bits| *bits == certificate.key_bits())
    }
}

impl PublicHalf {
    fn of(key: &PublicKey) -> Self {
        Self {
            algorithm: key.algorithm().clone(),
            bits: Some(key.bits().to_vec()),
            spki_sha256: Some(key.spki_sha256()),
        }
    }

    /// Of a key that signs nothing here, for the reason of `error`: it is damaged, or too weak, or of another
    /// kind.
    fn of_unusable(form: KeyForm, der: &[u8], error: Error) -> Result<Self, Error> {
        match (form, PrivateKeyInfoRef::try_from(der)) {
            (KeyForm::Pkcs1, _) => Self::of_weak_rsa(der).ok_or(error),
            (KeyForm::Sec1, _) => Self::of_curve(der, None, error),
            (_, Ok(info)) => {
                let key = info.private_key.as_bytes();
                match info.algorithm.oid {
                    RSA => Self::of_weak_rsa(key).ok_or(error),
                    EC => Self::of_curve(key, info.algorithm.parameters_oid().ok(), error),
                    ED25519 => Err(error),
                    other => Ok(Self::new(KeyAlgorithm::named(other, None), None, None)),
                }
            }
            (_, Err(_)) => Err(error),
        }
    }

    fn of_weak_rsa(der: &[u8]) -> Option<Self> {
        let key = RsaPrivateKeyRef::from_der(der).ok()?;
        let algorithm = KeyAlgorithm::Rsa(bit_length(key.modulus));
        let public = RsaPublicKey { modulus: key.modulus, public_exponent: key.public_exponent };
        // RFC 3279 2.3.1: the parameters of RSA are NULL.
        let identifier = AlgorithmIdentifierOwned { oid: RSA, parameters: Some(Any::null()) };
        algorithm
            .is_weak()
            .then(|| Some(Self::new(algorithm, Some(public.to_der().ok()?), Some(identifier))))?
    }

    /// `curve` is PKCS#8's; SEC 1 alone names it itself.
    fn of_curve(der: &[u8], curve: Option<ObjectIdentifier>, error: Error) -> Result<Self, Error> {
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
        let identifier =
            curve.map(|curve| AlgorithmIdentifierOwned { oid: EC, parameters: Some(Any::from(curve)) });
        Ok(Self::new(KeyAlgorithm::named(EC, curve), bits, identifier))
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
