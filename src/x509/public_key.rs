use std::fmt;

use der::Decode;
use pkcs8::EncodePublicKey;
use sha2::{Digest, Sha256};
use x509_cert::spki::{DecodePublicKey, SubjectPublicKeyInfoRef};

use crate::x509::algorithm::KeyAlgorithm;
use crate::x509::error::{Error, Problem};
use crate::x509::key_defect::{KeyDefect, check_rsa};
use crate::x509::kind::EndEntityKind;

/// A public key of a kind that certificates can be made for, normalised: two keys are equal when
/// they are the same key, however they were encoded.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct PublicKey {
    algorithm: KeyAlgorithm,
    /// SubjectPublicKeyInfo (RFC 5280 4.1.2.7).
    spki: Vec<u8>,
    /// The content of its subjectPublicKey.
    bits: Vec<u8>,
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo (RFC 5280 4.1.2.7).
    pub(crate) fn from_spki(spki: &[u8]) -> Result<Self, Error> {
        let algorithm = KeyAlgorithm::from_spki(spki);
        let spki = match algorithm {
            KeyAlgorithm::Rsa(_) => normalised::<rsa::PublicKey>(spki)?,
            KeyAlgorithm::P256 => normalised::<p256::PublicKey>(spki)?,
            KeyAlgorithm::P384 => normalised::<p384::PublicKey>(spki)?,
            KeyAlgorithm::Ed25519 => normalised::<ed25519_dalek::VerifyingKey>(spki)?,
            KeyAlgorithm::P521 | KeyAlgorithm::Other(_) => {
                return Err(Error::key_unsupported(&algorithm.to_string()));
            }
        };
        let info = SubjectPublicKeyInfoRef::from_der(&spki).map_err(Error::key_malformed)?;
        let bits = info.subject_public_key.raw_bytes().to_vec();
        Ok(Self { algorithm, spki, bits })
    }

    /// The key of somebody else's SubjectPublicKeyInfo, if a certificate may be made for it, or with it.
    pub(crate) fn certifiable(spki: &[u8]) -> Result<Self, KeyDefect> {
        let algorithm = KeyAlgorithm::from_spki(spki);
        if let (KeyAlgorithm::Rsa(_), Ok(info)) = (&algorithm, SubjectPublicKeyInfoRef::from_der(spki)) {
            check_rsa(info.subject_public_key.raw_bytes())?;
        }
        Self::from_spki(spki).map_err(|error| match error.problem() {
            Problem::KeyMalformed => KeyDefect::Unsupported(format!("{algorithm}, and it is damaged")),
            _ => KeyDefect::Unsupported(algorithm.to_string()),
        })
    }

    pub(crate) fn bits(&self) -> &[u8] {
        &self.bits
    }

    pub(crate) fn spki(&self) -> &[u8] {
        &self.spki
    }

    pub(crate) fn algorithm(&self) -> &KeyAlgorithm {
        &self.algorithm
    }

    /// RFC 7093 2, method 1: the leftmost 160 bits of the SHA-256 of the key.
    pub(crate) fn identifier(&self) -> Vec<u8> {
        Sha256::digest(&self.bits)[..20].to_vec()
    }

    /// The key's pin, however it was encoded.
    pub(crate) fn spki_sha256(&self) -> [u8; 32] {
        spki_sha256(&self.spki)
    }

    /// Refuses a key whose private half everybody can compute, and one that Milvus or its clients do not
    /// take.
    pub(crate) fn check_strength(&self) -> Result<(), KeyDefect> {
        match self.algorithm {
            KeyAlgorithm::Rsa(_) => check_rsa(&self.bits),
            _ => Ok(()),
        }
    }

    /// Whether it is an RSA key: only those can encipher a session key.
    pub(crate) fn is_rsa(&self) -> bool {
        matches!(self.algorithm, KeyAlgorithm::Rsa(_))
    }

    /// Refuses a key that is of no use to a server or a client: pymilvus cannot talk to a server with an
    /// Ed25519 key, and a weak key protects nothing.
    pub(crate) fn check_for(&self, kind: EndEntityKind) -> Result<(), Error> {
        self.check_strength().map_err(|defect| {
            Error::new(format!("is {defect}")).with_hint("make a new key: leave --reuse-key out")
        })?;
        match kind {
            EndEntityKind::Server if !self.algorithm.signs_for_pymilvus() => {
                Err(Error::key_unsupported(&format!("pymilvus cannot talk to a server with an {self} key")))
            }
            _ => Ok(()),
        }
    }
}

/// The same key in the encoding of the library that knows it.
fn normalised<K: DecodePublicKey + EncodePublicKey>(spki: &[u8]) -> Result<Vec<u8>, Error> {
    let normalised = K::from_public_key_der(spki).and_then(|key| key.to_public_key_der());
    normalised.map(|document| document.into_vec()).map_err(Error::key_malformed)
}

/// SHA-256 of a SubjectPublicKeyInfo.
pub(crate) fn spki_sha256(spki: &[u8]) -> [u8; 32] {
    Sha256::digest(spki).into()
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.algorithm.fmt(f)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}
