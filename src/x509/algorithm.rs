use std::fmt;

use der::Decode;
use der::asn1::{ObjectIdentifier, UintRef};
use x509_cert::spki::SubjectPublicKeyInfoRef;

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

/// What kind of key it is, whether or not anything here can use it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyAlgorithm {
    /// RSA, with the length of its modulus in bits.
    Rsa(u32),
    /// Elliptic curve P-256.
    P256,
    /// Elliptic curve P-384.
    P384,
    /// Elliptic curve P-521.
    P521,
    /// Ed25519.
    Ed25519,
    /// Anything else, by name.
    Other(String),
}

impl KeyAlgorithm {
    /// What a curve is called that is spelled out instead of named.
    pub(crate) const EXPLICIT_CURVE: &str = "an elliptic curve with explicit parameters";

    /// Of a SubjectPublicKeyInfo (RFC 5280 4.1.2.7).
    pub(crate) fn from_spki(spki: &[u8]) -> Self {
        let Ok(info) = SubjectPublicKeyInfoRef::from_der(spki) else {
            return Self::Other("a key that cannot be read".into());
        };
        match (info.algorithm.oid, RsaPublicKey::from_der(info.subject_public_key.raw_bytes())) {
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
            (RSA, _) => Self::Other("an RSA key that cannot be read".into()),
            (other, _) => Self::Other(name(other)),
        }
    }

    /// Whether Go's TLS, and so Milvus, can work with such a key: of RSA below 1024 bits it says
    /// `tls: certificate RSA key size too small`.
    #[must_use]
    pub fn works_in_milvus(&self) -> bool {
        !matches!(self, Self::Other(_) | Self::Rsa(..1024))
    }

    /// Whether gRPC's C core, which pymilvus uses, can talk to a server with such a key: it has no
    /// signature in common with one of Ed25519 or P-521 (`SSLV3_ALERT_HANDSHAKE_FAILURE`).
    #[must_use]
    pub fn signs_for_pymilvus(&self) -> bool {
        matches!(self, Self::Rsa(_) | Self::P256 | Self::P384)
    }

    /// Whether it is RSA too short to be safe.
    #[must_use]
    pub fn is_weak(&self) -> bool {
        matches!(self, Self::Rsa(bits) if *bits < MIN_RSA_BITS)
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

/// How a certificate was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureAlgorithm {
    oid: String,
}

impl SignatureAlgorithm {
    pub(crate) fn of(oid: &str) -> Self {
        Self { oid: oid.to_owned() }
    }

    /// Whether it rests on SHA-224, which Go does not verify in certificates (crypto/x509's
    /// signatureAlgorithmDetails).
    #[must_use]
    pub fn is_unknown_to_go(&self) -> bool {
        [RSA_SHA224, ECDSA_SHA224].contains(&self.oid.as_str())
    }

    /// Whether it rests on MD2 or MD5, which nobody accepts any more.
    #[must_use]
    pub fn is_obsolete(&self) -> bool {
        [RSA_MD2, RSA_MD5].contains(&self.oid.as_str())
    }

    /// Whether it rests on MD2, MD5 or SHA-1, which can be forged.
    #[must_use]
    pub fn is_weak(&self) -> bool {
        SIGNATURES.iter().any(|(oid, _, is_weak)| *is_weak && *oid == self.oid)
    }
}

/// As OpenSSL names it, or its object identifier.
impl fmt::Display for SignatureAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = SIGNATURES.iter().find(|(oid, ..)| *oid == self.oid);
        f.write_str(name.map_or(self.oid.as_str(), |(_, name, _)| name))
    }
}

/// Object identifier, name, and whether it is weak (RFC 3279, 4055, 5758, 8410).
const SIGNATURES: [(&str, &str, bool); 16] = [
    (RSA_MD2, "RSA with MD2", true),
    (RSA_MD5, "RSA with MD5", true),
    ("1.2.840.113549.1.1.5", "RSA with SHA-1", true),
    ("1.2.840.10040.4.3", "DSA with SHA-1", true),
    ("1.2.840.10045.4.1", "ECDSA with SHA-1", true),
    (RSA_SHA224, "RSA with SHA-224", false),
    ("1.2.840.113549.1.1.11", "RSA with SHA-256", false),
    ("1.2.840.113549.1.1.12", "RSA with SHA-384", false),
    ("1.2.840.113549.1.1.13", "RSA with SHA-512", false),
    ("1.2.840.113549.1.1.10", "RSA-PSS", false),
    (ECDSA_SHA224, "ECDSA with SHA-224", false),
    ("1.2.840.10045.4.3.2", "ECDSA with SHA-256", false),
    ("1.2.840.10045.4.3.3", "ECDSA with SHA-384", false),
    ("1.2.840.10045.4.3.4", "ECDSA with SHA-512", false),
    ("1.3.101.112", "Ed25519", false),
    ("1.3.101.113", "Ed448", false),
];

const RSA_MD2: &str = "1.2.840.113549.1.1.2";
const RSA_MD5: &str = "1.2.840.113549.1.1.4";
const RSA_SHA224: &str = "1.2.840.113549.1.1.14";
const ECDSA_SHA224: &str = "1.2.840.10045.4.3.1";

/// RSAPublicKey, RFC 8017 appendix A.1.1.
#[derive(der::Sequence)]
pub(crate) struct RsaPublicKey<'a> {
    pub(crate) modulus: UintRef<'a>,
    pub(crate) public_exponent: UintRef<'a>,
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
