//! What kinds of key there are, and which of them are made here.

use std::fmt;
use std::str::FromStr;

use der::Decode;
use der::asn1::{ObjectIdentifier, UintRef};
use rsa::pkcs1::RsaPublicKeyRef;
use x509_cert::spki::SubjectPublicKeyInfoRef;

use crate::x509::error::{Error, Problem};

pub(crate) const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
pub(crate) const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
pub(crate) const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
pub(crate) const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
pub(crate) const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
pub(crate) const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

/// NIST SP 800-131A: shorter RSA keys are disallowed.
pub(crate) const MIN_RSA_BITS: u32 = 2048;

/// Work with longer keys takes seconds and more; Go refuses them in certificates (CVE-2023-29409).
pub(crate) const MAX_RSA_BITS: u32 = 8192;

/// The kinds of key that are made here: those that every Milvus client can talk to.
///
/// pymilvus cannot talk to a server with an Ed25519 or P-521 key, and Milvus cannot load secp256k1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyType {
    /// What gen.sh makes.
    Rsa2048,
    Rsa3072,
    Rsa4096,
    P256,
    P384,
}

impl KeyType {
    pub const ALL: [Self; 5] = [Self::Rsa2048, Self::Rsa3072, Self::Rsa4096, Self::P256, Self::P384];

    /// The name on the command line and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rsa2048 => "rsa2048",
            Self::Rsa3072 => "rsa3072",
            Self::Rsa4096 => "rsa4096",
            Self::P256 => "p256",
            Self::P384 => "p384",
        }
    }

    pub(crate) fn algorithm(self) -> KeyAlgorithm {
        match self {
            Self::Rsa2048 => KeyAlgorithm::Rsa(2048),
            Self::Rsa3072 => KeyAlgorithm::Rsa(3072),
            Self::Rsa4096 => KeyAlgorithm::Rsa(4096),
            Self::P256 => KeyAlgorithm::P256,
            Self::P384 => KeyAlgorithm::P384,
        }
    }
}

impl FromStr for KeyType {
    type Err = Error;

    fn from_str(value: &str) -> Result<Self, Error> {
        let names = || Self::ALL.map(Self::name).join(", ");
        let found = Self::ALL.into_iter().find(|key_type| key_type.name() == value);
        found.ok_or_else(|| Error::key_unsupported(&format!("{value:?} is none of {}", names())))
    }
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a public key is, whether or not anything here can use it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KeyAlgorithm {
    /// With the length of its modulus in bits.
    Rsa(u32),
    P256,
    P384,
    P521,
    Ed25519,
    /// Anything else, by name.
    Other(String),
}

impl KeyAlgorithm {
    /// What a curve is called that is spelled out instead of named, which RFC 5480 2.1.1 forbids.
    pub(crate) const EXPLICIT_CURVE: &str = "an elliptic curve with explicit parameters";
    pub(crate) const UNREADABLE_RSA: &str = "an RSA key that cannot be read";

    /// Of a SubjectPublicKeyInfo (RFC 5280 4.1.2.7).
    pub(crate) fn from_spki(spki: &[u8]) -> Self {
        let Ok(info) = SubjectPublicKeyInfoRef::from_der(spki) else {
            return Self::Other("a key that cannot be read".into());
        };
        match (info.algorithm.oid, RsaPublicKeyRef::from_der(info.subject_public_key.raw_bytes())) {
            (RSA, Ok(key)) => Self::Rsa(bit_length(key.modulus)),
            (other, _) => Self::named(other, info.algorithm.parameters_oid().ok()),
        }
    }

    /// Of an algorithm other than RSA, and the curve that its parameters name.
    pub(crate) fn named(algorithm: ObjectIdentifier, curve: Option<ObjectIdentifier>) -> Self {
        match (algorithm, curve) {
            (EC, Some(P256)) => Self::P256,
            (EC, Some(P384)) => Self::P384,
            (EC, Some(P521)) => Self::P521,
            (EC, None) => Self::Other(Self::EXPLICIT_CURVE.into()),
            (EC, Some(other)) => Self::Other(name(other)),
            (ED25519, _) => Self::Ed25519,
            (RSA, _) => Self::Other(Self::UNREADABLE_RSA.into()),
            (other, _) => Self::Other(name(other)),
        }
    }

    /// Whether Go's TLS, and so Milvus, can work with such a key: of RSA below 1024 bits it says
    /// `tls: certificate RSA key size too small`.
    pub(crate) fn works_in_milvus(&self) -> bool {
        !matches!(self, Self::Other(_) | Self::Rsa(..1024))
    }

    /// Whether gRPC's C core, which pymilvus uses, can talk to a server with such a key: it has no
    /// signature in common with one of Ed25519 or P-521 (`SSLV3_ALERT_HANDSHAKE_FAILURE`).
    pub(crate) fn signs_for_pymilvus(&self) -> bool {
        matches!(self, Self::Rsa(_) | Self::P256 | Self::P384)
    }

    pub(crate) fn is_weak(&self) -> bool {
        matches!(self, Self::Rsa(bits) if *bits < MIN_RSA_BITS)
    }

    /// The key type that a renewal takes over, if such keys are made here.
    pub(crate) fn key_type(&self) -> Option<KeyType> {
        KeyType::ALL.into_iter().find(|key_type| key_type.algorithm() == *self)
    }

    /// The key type that comes nearest without being weaker, for a key that is of none.
    pub(crate) fn nearest_key_type(&self) -> KeyType {
        match self {
            Self::Rsa(2049..=3072) => KeyType::Rsa3072,
            Self::Rsa(3073..) => KeyType::Rsa4096,
            other => other.key_type().unwrap_or(KeyType::Rsa2048),
        }
    }
}

impl Error {
    /// A key that Milvus, its clients or this program cannot use.
    pub(crate) fn key_unsupported(reason: &str) -> Self {
        Self::new(format!("is a key that cannot be used here: {reason}"))
            .with_hint("use RSA from 2048 bits, or the elliptic curves P-256 or P-384")
    }

    /// A parser's error about a key: it speaks of tags and positions, which help nobody.
    pub(crate) fn key_malformed<E>(_: E) -> Self {
        Self::key_damaged("its DER structure is damaged, or that of something else")
    }

    pub(crate) fn key_damaged(reason: &str) -> Self {
        Self::new(format!("is not a valid private key: {reason}"))
            .of(Problem::KeyMalformed)
            .with_hint("restore it from a backup; RSA with two primes, P-256, P-384 and Ed25519 are read")
    }
}

/// In a person's words: `RSA 2048`, `P-256`.
impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa(bits) => write!(f, "RSA {bits}"),
            Self::P256 => f.write_str("P-256"),
            Self::P384 => f.write_str("P-384"),
            Self::P521 => f.write_str("P-521"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::Other(name) => f.write_str(name),
        }
    }
}

/// The length in bits of a number without leading zeros.
pub(crate) fn bit_length(number: UintRef<'_>) -> u32 {
    let octets = number.as_bytes();
    let leading = octets.first().map_or(0, |octet| octet.leading_zeros());
    u32::try_from(octets.len() * 8).unwrap_or(u32::MAX).saturating_sub(leading)
}

fn name(oid: ObjectIdentifier) -> String {
    match oid.to_string().as_str() {
        "1.3.132.0.10" => "secp256k1".to_owned(),
        "1.3.132.0.33" => "P-224".to_owned(),
        "1.3.101.113" => "Ed448".to_owned(),
        "1.3.101.110" => "X25519".to_owned(),
        "1.2.840.113549.1.1.10" => "RSA-PSS".to_owned(),
        "1.2.840.10040.4.1" => "DSA".to_owned(),
        other => format!("algorithm {other}"),
    }
}
