use std::fmt;
use std::str::FromStr;

use der::asn1::{AnyRef, BitStringRef, OctetStringRef};
use der::{Decode, Encode, Sequence, Tag, Tagged};
use p256::ecdsa::signature::Signer;
use pkcs8::{EncodePrivateKey, EncodePublicKey, ObjectIdentifier, PrivateKeyInfoRef, SecretDocument};
use rsa::pkcs1::{DecodeRsaPrivateKey, RsaPrivateKeyRef};
use rsa::sha2::Sha256;
use rsa::traits::PublicKeyParts;
use sec1::EcPrivateKey;
use sha2::Digest;
use x509_cert::spki::{AlgorithmIdentifierRef, DecodePublicKey, SubjectPublicKeyInfoRef};
use zeroize::Zeroizing;

use crate::x509::algorithm::{EC, ED25519, MAX_RSA_BITS, MIN_RSA_BITS, P256, P384, RSA, bit_length};
use crate::x509::certificate::spki_sha256;
use crate::x509::key_defect::certifiable;
use crate::x509::{EndEntityKind, Error, KeyAlgorithm, KeyDefect, generate_keys};

/// The kinds of key that are made here: those that every Milvus client can talk to.
///
/// pymilvus cannot talk to a server with an Ed25519 or P-521 key, and Milvus cannot load secp256k1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyType {
    /// RSA, 2048 bits: what the documentation page's scripts make.
    Rsa2048,
    /// RSA, 3072 bits.
    Rsa3072,
    /// RSA, 4096 bits.
    Rsa4096,
    /// Elliptic curve P-256 (prime256v1).
    P256,
    /// Elliptic curve P-384 (secp384r1).
    P384,
}

impl KeyType {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Rsa2048, Self::Rsa3072, Self::Rsa4096, Self::P256, Self::P384];

    /// The name on the command line and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rsa2048 => "rsa2048",
            Self::Rsa3072 => "rsa3072",
            Self::Rsa4096 => "rsa4096",
            Self::P256 => "p256",
            Self::P384 => "p384",
        }
    }
}

/// What a key is made from.
pub(crate) enum Parameters {
    Rsa { bits: u32 },
    Curve(Curve),
}

#[derive(Clone, Copy)]
pub(crate) enum Curve {
    P256,
    P384,
}

impl KeyType {
    pub(crate) fn parameters(self) -> Parameters {
        match self {
            Self::Rsa2048 => Parameters::Rsa { bits: 2048 },
            Self::Rsa3072 => Parameters::Rsa { bits: 3072 },
            Self::Rsa4096 => Parameters::Rsa { bits: 4096 },
            Self::P256 => Parameters::Curve(Curve::P256),
            Self::P384 => Parameters::Curve(Curve::P384),
        }
    }
}

impl FromStr for KeyType {
    type Err = Error;

    fn from_str(value: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|key_type| key_type.name() == value).ok_or_else(|| Error::key_type(value))
    }
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A private key. It zeroizes its memory when dropped, and its `Debug` shows nothing of it.
pub struct PrivateKey(Kind);

/// The elliptic-curve keys hold their public half, which would be most of the work of each use.
enum Kind {
    Rsa(Box<rsa::PrivateKey>),
    P256(Box<p256::ecdsa::SigningKey>),
    P384(Box<p384::ecdsa::SigningKey>),
    Ed25519(Box<ed25519_dalek::SigningKey>),
}

impl PrivateKey {
    /// Makes a new key from the operating system's random numbers.
    ///
    /// # Errors
    /// If the operating system has no random numbers.
    pub fn generate(key_type: KeyType) -> Result<Self, Error> {
        let mut keys = generate_keys(&[key_type])?;
        Ok(keys.pop().unwrap_or_else(|| unreachable!("one key was asked for")))
    }

    pub(crate) fn from_rsa(key: rsa::PrivateKey) -> Self {
        Self(Kind::Rsa(Box::new(key)))
    }

    /// Makes a new key of an elliptic curve.
    pub(crate) fn of_curve(curve: Curve) -> Result<Self, Error> {
        Ok(Self(match curve {
            Curve::P256 => Kind::P256(Box::new(rsa::Generate::try_generate()?)),
            Curve::P384 => Kind::P384(Box::new(rsa::Generate::try_generate()?)),
        }))
    }

    /// Reads PKCS#8 (RFC 5208): RSA, P-256, P-384 or Ed25519.
    pub(crate) fn from_pkcs8(der: &[u8]) -> Result<Self, Error> {
        let info = PrivateKeyInfoRef::try_from(der).map_err(Error::key_malformed)?;
        let kind = match info.algorithm.oid {
            RSA => return Self::from_pkcs1(info.private_key.as_bytes()),
            EC => match info.algorithm.parameters_oid().ok() {
                Some(P256) => Kind::P256(Box::new(info.try_into().map_err(Error::key_malformed)?)),
                Some(P384) => Kind::P384(Box::new(info.try_into().map_err(Error::key_malformed)?)),
                None => return Err(Error::KeyWithExplicitCurve),
                curve => return Err(Error::unsupported(KeyAlgorithm::named(EC, curve).to_string())),
            },
            ED25519 => Kind::Ed25519(Box::new(info.try_into().map_err(Error::key_malformed)?)),
            other => return Err(Error::unsupported(KeyAlgorithm::named(other, None).to_string())),
        };
        Self::checked(kind)
    }

    /// Reads PKCS#1 (RFC 8017 appendix A.1.2), `BEGIN RSA PRIVATE KEY`.
    pub(crate) fn from_pkcs1(der: &[u8]) -> Result<Self, Error> {
        let numbers = RsaPrivateKeyRef::from_der(der).map_err(Error::key_malformed)?;
        let bits = bit_length(numbers.modulus);
        if bits > MAX_RSA_BITS {
            return Err(Error::unsupported(format!("RSA of {bits} bits")));
        }
        let key = rsa::PrivateKey::from_pkcs1_der(der)
            .map_err(|_| Error::key_damaged("its numbers do not belong together"))?;
        Self::checked(Kind::Rsa(Box::new(key)))
    }

    /// Reads SEC 1 (RFC 5915), `BEGIN EC PRIVATE KEY`.
    pub(crate) fn from_sec1(der: &[u8]) -> Result<Self, Error> {
        let p256 = p256::SecretKey::from_sec1_der(der).map(|key| Kind::P256(Box::new(key.into())));
        let p384 = || p384::SecretKey::from_sec1_der(der).map(|key| Kind::P384(Box::new(key.into())));
        p256.or_else(|_| p384()).map_err(|_| Sec1::error(der)).and_then(Self::checked)
    }

    fn checked(kind: Kind) -> Result<Self, Error> {
        match &kind {
            Kind::Rsa(key) if key.n().bit_width() < MIN_RSA_BITS => {
                Err(Error::KeyTooShort { bits: key.n().bit_width() as usize })
            }
            _ => Ok(Self(kind)),
        }
    }

    pub(crate) fn to_pkcs8(&self) -> Result<SecretDocument, Error> {
        match &self.0 {
            Kind::Rsa(key) => key.to_pkcs8_der(),
            Kind::P256(key) => {
                let public = key.verifying_key().to_sec1_point(false);
                elliptic_to_pkcs8(P256, &Zeroizing::new(key.to_bytes()), public.as_bytes())
            }
            Kind::P384(key) => {
                let public = key.verifying_key().to_sec1_point(false);
                elliptic_to_pkcs8(P384, &Zeroizing::new(key.to_bytes()), public.as_bytes())
            }
            Kind::Ed25519(key) => key.to_pkcs8_der(),
        }
        .map_err(Error::signing)
    }

    /// The public half.
    ///
    /// # Errors
    /// Only where the encoder fails.
    pub fn public_key(&self) -> Result<PublicKey, Error> {
        let spki = match &self.0 {
            Kind::Rsa(key) => key.as_public_key().to_public_key_der(),
            Kind::P256(key) => key.verifying_key().to_public_key_der(),
            Kind::P384(key) => key.verifying_key().to_public_key_der(),
            Kind::Ed25519(key) => key.verifying_key().to_public_key_der(),
        };
        PublicKey::from_spki(spki.map_err(Error::signing)?.as_bytes())
    }

    /// Signs a to-be-signed certificate; RSA is blinded, ECDSA's nonces are those of RFC 6979.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(match &self.0 {
            Kind::Rsa(key) => key.pkcs1v15_sign::<Sha256>(message).map_err(Error::signing)?,
            Kind::P256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(message);
                signature.to_der().as_bytes().to_vec()
            }
            Kind::P384(key) => {
                let signature: p384::ecdsa::Signature = key.sign(message);
                signature.to_der().as_bytes().to_vec()
            }
            Kind::Ed25519(key) => key.sign(message).to_bytes().to_vec(),
        })
    }
}

/// ECPrivateKey (RFC 5915 3), whatever its curve.
#[derive(Sequence)]
pub(crate) struct Sec1<'a> {
    version: u8,
    private_key: &'a OctetStringRef,
    #[asn1(context_specific = "0", optional = "true")]
    parameters: Option<AnyRef<'a>>,
    #[asn1(context_specific = "1", optional = "true")]
    public_key: Option<BitStringRef<'a>>,
}

impl<'a> Sec1<'a> {
    /// A key whose curve is spelled out, which the library does not read: its public half, if it has it.
    pub(crate) fn with_explicit_curve(der: &'a [u8]) -> Option<Option<BitStringRef<'a>>> {
        let Self { parameters, public_key, .. } = Self::from_der(der).ok()?;
        parameters.is_some_and(|parameters| parameters.tag() == Tag::Sequence).then_some(public_key)
    }

    /// Why the key is not read.
    fn error(der: &'a [u8]) -> Error {
        if Self::with_explicit_curve(der).is_some() {
            return Error::KeyWithExplicitCurve;
        }
        let curve = |parameters: AnyRef<'_>| parameters.decode_as::<ObjectIdentifier>().ok();
        match Self::from_der(der).map(|key| key.parameters.and_then(curve)) {
            Ok(Some(P256 | P384)) | Err(_) => Error::key_malformed(()),
            Ok(Some(other)) => Error::unsupported(KeyAlgorithm::named(EC, Some(other)).to_string()),
            Ok(None) => Error::unsupported("an elliptic curve that the key does not name"),
        }
    }
}

/// PKCS#8 (RFC 5915 section 3) with the public half that the key has; the library would compute it anew.
fn elliptic_to_pkcs8(
    curve: ObjectIdentifier,
    private_key: &[u8],
    public_key: &[u8],
) -> pkcs8::Result<SecretDocument> {
    let key = EcPrivateKey { private_key, parameters: None, public_key: Some(public_key) };
    let key = Zeroizing::new(key.to_der()?);
    let algorithm = AlgorithmIdentifierRef { oid: EC, parameters: Some((&curve).into()) };
    let info = PrivateKeyInfoRef::new(algorithm, OctetStringRef::new(&key)?);
    Ok(SecretDocument::encode_msg(&info)?)
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Kind::Rsa(_) => "PrivateKey(RSA)",
            Kind::P256(_) => "PrivateKey(P-256)",
            Kind::P384(_) => "PrivateKey(P-384)",
            Kind::Ed25519(_) => "PrivateKey(Ed25519)",
        })
    }
}

/// A public key of a kind that certificates can be made for, normalised: two keys are equal when
/// they are the same key, however they were encoded.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    algorithm: Algorithm,
    /// SubjectPublicKeyInfo (RFC 5280 4.1.2.7).
    spki: Vec<u8>,
    /// The content of its subjectPublicKey.
    bits: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Rsa(u32),
    P256,
    P384,
    Ed25519,
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo (RFC 5280 4.1.2.7).
    ///
    /// # Errors
    /// A key of another kind, named in the error.
    pub(crate) fn from_spki(spki: &[u8]) -> Result<Self, Error> {
        let info = SubjectPublicKeyInfoRef::from_der(spki).map_err(Error::key_malformed)?;
        let curve = info.algorithm.parameters_oid().ok();
        let (algorithm, normalised) = match (info.algorithm.oid, curve) {
            (RSA, _) => {
                let key = rsa::PublicKey::from_public_key_der(spki).map_err(Error::key_malformed)?;
                (Algorithm::Rsa(key.n().bit_width()), key.to_public_key_der())
            }
            (EC, Some(P256)) => {
                let key = p256::PublicKey::from_public_key_der(spki).map_err(Error::key_malformed)?;
                (Algorithm::P256, key.to_public_key_der())
            }
            (EC, Some(P384)) => {
                let key = p384::PublicKey::from_public_key_der(spki).map_err(Error::key_malformed)?;
                (Algorithm::P384, key.to_public_key_der())
            }
            (ED25519, _) => {
                let key =
                    ed25519_dalek::VerifyingKey::from_public_key_der(spki).map_err(Error::key_malformed)?;
                (Algorithm::Ed25519, key.to_public_key_der())
            }
            (other, curve) => return Err(Error::unsupported(KeyAlgorithm::named(other, curve).to_string())),
        };
        let normalised = normalised.map_err(Error::key_malformed)?;
        let info = SubjectPublicKeyInfoRef::from_der(normalised.as_bytes()).map_err(Error::key_malformed)?;
        let bits = info.subject_public_key.raw_bytes().to_vec();
        Ok(Self { algorithm, spki: normalised.into_vec(), bits })
    }

    /// The content of subjectPublicKey (RFC 5280 4.1.2.7).
    pub(crate) fn bits(&self) -> &[u8] {
        &self.bits
    }

    /// SubjectPublicKeyInfo (RFC 5280 4.1.2.7).
    pub(crate) fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// What kind of key it is.
    pub(crate) fn algorithm(&self) -> KeyAlgorithm {
        match self.algorithm {
            Algorithm::Rsa(bits) => KeyAlgorithm::Rsa(bits),
            Algorithm::P256 => KeyAlgorithm::P256,
            Algorithm::P384 => KeyAlgorithm::P384,
            Algorithm::Ed25519 => KeyAlgorithm::Ed25519,
        }
    }

    /// RFC 7093 2, method 1: the leftmost 160 bits of the SHA-256 of the key.
    pub(crate) fn identifier(&self) -> Vec<u8> {
        sha2::Sha256::digest(&self.bits)[..20].to_vec()
    }

    /// SHA-256 of its SubjectPublicKeyInfo, normalised: the key's pin, however it was encoded.
    pub(crate) fn spki_sha256(&self) -> [u8; 32] {
        spki_sha256(&self.spki)
    }

    /// Refuses a key whose private half everybody can compute, and one that Milvus or its clients do not
    /// take.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_strength(&self) -> Result<(), KeyDefect> {
        certifiable(&self.spki).map(|_| ())
    }

    /// Whether it is an RSA key: only those can encipher a session key.
    #[must_use]
    pub fn is_rsa(&self) -> bool {
        matches!(self.algorithm, Algorithm::Rsa(_))
    }

    /// Whether a certificate of this kind can be used with it: pymilvus cannot talk to a server with
    /// an Ed25519 key, and a weak key protects nothing.
    ///
    /// # Errors
    /// If it cannot.
    pub fn check_for(&self, kind: EndEntityKind) -> Result<(), Error> {
        self.check_strength().map_err(Error::KeyRefused)?;
        match (kind, self.algorithm) {
            (EndEntityKind::Server, Algorithm::Ed25519) => {
                Err(Error::unsupported(format!("pymilvus cannot talk to a server with an {self} key")))
            }
            _ => Ok(()),
        }
    }

    /// The key type that comes nearest without being weaker, for a key that is of none.
    #[must_use]
    pub fn nearest_key_type(&self) -> KeyType {
        match self.algorithm {
            Algorithm::Rsa(0..=2048) | Algorithm::Ed25519 => KeyType::Rsa2048,
            Algorithm::Rsa(2049..=3072) => KeyType::Rsa3072,
            Algorithm::Rsa(_) => KeyType::Rsa4096,
            Algorithm::P256 => KeyType::P256,
            Algorithm::P384 => KeyType::P384,
        }
    }

    /// The key type that a renewal takes over, if this key is of one that is made here.
    #[must_use]
    pub fn key_type(&self) -> Option<KeyType> {
        match self.algorithm {
            Algorithm::Rsa(2048) => Some(KeyType::Rsa2048),
            Algorithm::Rsa(3072) => Some(KeyType::Rsa3072),
            Algorithm::Rsa(4096) => Some(KeyType::Rsa4096),
            Algorithm::P256 => Some(KeyType::P256),
            Algorithm::P384 => Some(KeyType::P384),
            Algorithm::Rsa(_) | Algorithm::Ed25519 => None,
        }
    }
}

/// In a person's words: `RSA 2048`, `P-256`.
impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.algorithm {
            Algorithm::Rsa(bits) => write!(f, "RSA {bits}"),
            Algorithm::P256 => f.write_str("P-256"),
            Algorithm::P384 => f.write_str("P-384"),
            Algorithm::Ed25519 => f.write_str("Ed25519"),
        }
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

/// The PEM text of a private key, wiped when dropped.
pub(crate) type SecretText = Zeroizing<String>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elliptic_keys_are_written_as_the_library_writes_them() {
        for key_type in [KeyType::P256, KeyType::P384] {
            let key = PrivateKey::generate(key_type).unwrap();
            let expected = match &key.0 {
                Kind::P256(key) => key.to_pkcs8_der(),
                Kind::P384(key) => key.to_pkcs8_der(),
                Kind::Rsa(_) | Kind::Ed25519(_) => unreachable!("{key:?} is on no such curve"),
            };
            assert_eq!(key.to_pkcs8().unwrap().as_bytes(), expected.unwrap().as_bytes(), "{key_type}");
        }
    }
}
