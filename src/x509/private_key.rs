use std::fmt;

use der::asn1::{AnyRef, BitStringRef, OctetStringRef};
use der::{Decode, Sequence};
use p256::ecdsa::signature::Signer;
use pkcs8::{EncodePrivateKey, EncodePublicKey, ObjectIdentifier, PrivateKeyInfoRef, SecretDocument};
use rsa::pkcs1::{DecodeRsaPrivateKey, RsaPrivateKeyRef};
use rsa::sha2::Sha256;

use crate::x509::algorithm::{
    EC, ED25519, KeyAlgorithm, MAX_RSA_BITS, MIN_RSA_BITS, P256, P384, RSA, bit_length,
};
use crate::x509::error::Error;
use crate::x509::public_key::PublicKey;

/// A private key. It zeroizes its memory when dropped, and its `Debug` shows nothing of it. Those of an elliptic
/// curve hold their public half, which would be most of the work of each use.
pub(crate) enum PrivateKey {
    Rsa(Box<rsa::PrivateKey>),
    P256(Box<p256::ecdsa::SigningKey>),
    P384(Box<p384::ecdsa::SigningKey>),
    Ed25519(Box<ed25519_dalek::SigningKey>),
}

impl PrivateKey {
    /// Reads PKCS#8 (RFC 5208).
    pub(crate) fn from_pkcs8(der: &[u8]) -> Result<Self, Error> {
        let info = PrivateKeyInfoRef::try_from(der).map_err(Error::key_malformed)?;
        let curve = info.algorithm.parameters_oid().ok();
        Ok(match (info.algorithm.oid, curve) {
            (RSA, _) => return Self::from_pkcs1(info.private_key.as_bytes()),
            (EC, Some(P256)) => Self::P256(boxed(info)?),
            (EC, Some(P384)) => Self::P384(boxed(info)?),
            (ED25519, _) => Self::Ed25519(boxed(info)?),
            (algorithm, curve) => return Err(unusable(KeyAlgorithm::named(algorithm, curve))),
        })
    }

    /// Reads PKCS#1 (RFC 8017 appendix A.1.2).
    pub(crate) fn from_pkcs1(der: &[u8]) -> Result<Self, Error> {
        let numbers = RsaPrivateKeyRef::from_der(der).map_err(Error::key_malformed)?;
        let bits = bit_length(numbers.modulus);
        if bits > MAX_RSA_BITS {
            return Err(Error::key_unsupported(&format!("RSA of {bits} bits")));
        }
        let key = rsa::PrivateKey::from_pkcs1_der(der)
            .map_err(|_| Error::key_damaged("its numbers do not belong together"))?;
        if bits < MIN_RSA_BITS {
            return Err(Error::new(format!(
                "is an RSA key of {bits} bits, at least {MIN_RSA_BITS} are needed"
            ))
            .with_hint("make a new CA: `milvus-certs gen` in a new folder"));
        }
        Ok(key.into())
    }

    /// Reads SEC 1 (RFC 5915).
    pub(crate) fn from_sec1(der: &[u8]) -> Result<Self, Error> {
        let p256 = p256::SecretKey::from_sec1_der(der).map(p256::ecdsa::SigningKey::from).map(Self::from);
        let p384 = || p384::SecretKey::from_sec1_der(der).map(p384::ecdsa::SigningKey::from).map(Self::from);
        p256.or_else(|_| p384()).map_err(|_| match Sec1::from_der(der) {
            Ok(Sec1 { parameters: None, .. }) => {
                Error::key_unsupported("an elliptic curve that the key does not name")
            }
            Ok(key) => unusable(KeyAlgorithm::named(EC, key.named_curve())),
            Err(error) => Error::key_malformed(error),
        })
    }

    /// PKCS#8 (RFC 5208).
    pub(crate) fn to_pkcs8(&self) -> Result<SecretDocument, Error> {
        match self {
            Self::Rsa(key) => key.to_pkcs8_der(),
            Self::P256(key) => key.to_pkcs8_der(),
            Self::P384(key) => key.to_pkcs8_der(),
            Self::Ed25519(key) => key.to_pkcs8_der(),
        }
        .map_err(Error::signing)
    }

    pub(crate) fn public_key(&self) -> Result<PublicKey, Error> {
        let spki = match self {
            Self::Rsa(key) => key.as_public_key().to_public_key_der(),
            Self::P256(key) => key.verifying_key().to_public_key_der(),
            Self::P384(key) => key.verifying_key().to_public_key_der(),
            Self::Ed25519(key) => key.verifying_key().to_public_key_der(),
        };
        PublicKey::from_spki(spki.map_err(Error::signing)?.as_bytes())
    }

    /// Signs a to-be-signed certificate; RSA is blinded, ECDSA's nonces are those of RFC 6979.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(match self {
            Self::Rsa(key) => key.pkcs1v15_sign::<Sha256>(message).map_err(Error::signing)?,
            Self::P256(key) => {
                let signature: p256::ecdsa::DerSignature = key.sign(message);
                signature.as_bytes().to_vec()
            }
            Self::P384(key) => {
                let signature: p384::ecdsa::DerSignature = key.sign(message);
                signature.as_bytes().to_vec()
            }
            Self::Ed25519(key) => key.sign(message).to_bytes().to_vec(),
        })
    }
}

impl From<rsa::PrivateKey> for PrivateKey {
    fn from(key: rsa::PrivateKey) -> Self {
        Self::Rsa(Box::new(key))
    }
}

impl From<p256::ecdsa::SigningKey> for PrivateKey {
    fn from(key: p256::ecdsa::SigningKey) -> Self {
        Self::P256(Box::new(key))
    }
}

impl From<p384::ecdsa::SigningKey> for PrivateKey {
    fn from(key: p384::ecdsa::SigningKey) -> Self {
        Self::P384(Box::new(key))
    }
}

fn boxed<'a, K: TryFrom<PrivateKeyInfoRef<'a>>>(info: PrivateKeyInfoRef<'a>) -> Result<Box<K>, Error> {
    K::try_from(info).map(Box::new).map_err(Error::key_malformed)
}

/// ECPrivateKey (RFC 5915 3), whatever its curve: that can be spelled out too.
#[derive(Sequence)]
pub(crate) struct Sec1<'a> {
    version: u8,
    private_key: &'a OctetStringRef,
    #[asn1(context_specific = "0", optional = "true")]
    parameters: Option<AnyRef<'a>>,
    #[asn1(context_specific = "1", optional = "true")]
    pub(crate) public_key: Option<BitStringRef<'a>>,
}

impl Sec1<'_> {
    pub(crate) fn named_curve(&self) -> Option<ObjectIdentifier> {
        self.parameters.and_then(|parameters| parameters.decode_as().ok())
    }
}

/// Why a key is not read that is no damaged one.
fn unusable(algorithm: KeyAlgorithm) -> Error {
    match algorithm {
        KeyAlgorithm::P256 | KeyAlgorithm::P384 => Error::key_malformed(()),
        KeyAlgorithm::Other(name) if name == KeyAlgorithm::EXPLICIT_CURVE => Error::key_unsupported(&name).with_hint(
            "Milvus does not read such keys and certificates, even where the parameters are those of P-256; make a CA whose key names its curve: `milvus-certs gen -d NEW --key-type p256`",
        ),
        other => Error::key_unsupported(&other.to_string()),
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rsa(_) => "PrivateKey(RSA)",
            Self::P256(_) => "PrivateKey(P-256)",
            Self::P384(_) => "PrivateKey(P-384)",
            Self::Ed25519(_) => "PrivateKey(Ed25519)",
        })
    }
}
