//! How certificates and requests are signed, and whether a signature is right.

use std::fmt;

use der::oid::AssociatedOid;
use der::{Decode, Encode};
use p521::ecdsa::signature::hazmat::PrehashVerifier;
use rsa::pkcs1::RsaPublicKeyRef;
use rsa::pkcs1v15::Pkcs1v15Sign;
use rsa::{BoxedUint, PublicKey};
use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};
use x509_cert::spki::SubjectPublicKeyInfoRef;
use x509_parser::asn1_rs::{Any, BitString, FromDer};

use crate::x509::algorithm::MAX_RSA_BITS;

/// How a certificate was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SignatureAlgorithm {
    pub(crate) oid: String,
}

impl SignatureAlgorithm {
    /// Whether it rests on SHA-224, which Go does not verify in certificates (crypto/x509's
    /// signatureAlgorithmDetails).
    pub(crate) fn is_unknown_to_go(&self) -> bool {
        [RSA_SHA224, ECDSA_SHA224].contains(&self.oid.as_str())
    }

    /// Whether it rests on MD2 or MD5, which nobody accepts any more.
    pub(crate) fn is_obsolete(&self) -> bool {
        [RSA_MD2, RSA_MD5].contains(&self.oid.as_str())
    }

    /// Whether it rests on MD2, MD5 or SHA-1, which can be forged.
    pub(crate) fn is_weak(&self) -> bool {
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

/// Why a signature is not what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignatureDefect {
    /// It, or the key, cannot be read.
    Unreadable,
    /// It was made in a way that is not among those allowed.
    Algorithm,
    /// It was made with another key, or over something else.
    Wrong,
}

/// Whether the key of a SubjectPublicKeyInfo signed a Certificate (RFC 5280 4.1.1) or a
/// CertificationRequest (RFC 2986 4.2): both are what is signed, the algorithm, and the signature.
pub(crate) fn check_signature(
    signed: &[u8],
    spki: &[u8],
    allowed: &[&dyn SignatureVerificationAlgorithm],
) -> Result<(), SignatureDefect> {
    let (message, algorithm, signature) = fields(signed).ok_or(SignatureDefect::Unreadable)?;
    let key = SubjectPublicKeyInfoRef::from_der(spki).map_err(|_| SignatureDefect::Unreadable)?;
    let key_algorithm = key.algorithm.to_der().map_err(|_| SignatureDefect::Unreadable)?;

    let matches = |identifier: AlgorithmIdentifier, der: &[u8]| content(der) == Some(identifier.as_ref());
    let mut schemes =
        allowed.iter().filter(|scheme| matches(scheme.signature_alg_id(), algorithm)).peekable();
    schemes.peek().ok_or(SignatureDefect::Algorithm)?;
    let scheme = schemes.find(|scheme| matches(scheme.public_key_alg_id(), &key_algorithm));
    scheme
        .and_then(|scheme| {
            scheme.verify_signature(key.subject_public_key.raw_bytes(), message, &signature).ok()
        })
        .ok_or(SignatureDefect::Wrong)
}

/// What is signed and the algorithm, each as DER, and the octets of the signature.
fn fields(signed: &[u8]) -> Option<(&[u8], &[u8], Vec<u8>)> {
    let fields = content(signed)?;
    let (after_body, _) = Any::from_der(fields).ok()?;
    let (after_algorithm, _) = Any::from_der(after_body).ok()?;
    let (_, signature) = BitString::from_der(after_algorithm).ok()?;
    let body = &fields[..fields.len() - after_body.len()];
    let algorithm = &after_body[..after_body.len() - after_algorithm.len()];
    Some((body, algorithm, signature.data.into_owned()))
}

/// What is inside of a DER value.
fn content(der: &[u8]) -> Option<&[u8]> {
    Any::from_der(der).ok().map(|(_, value)| value.data)
}

/// What webpki knows, and beyond it RSA of 512 bits and up, P-521, SHA-1, and every hash with every curve.
/// webpki's *ring* backend does not know these, though Milvus and its clients may: checks have to tell a
/// weak signature from a wrong one. New certificates are never verified with these.
pub(crate) const LENIENT: &[&dyn SignatureVerificationAlgorithm] = &[
    &Scheme::rsa::<Sha1>(RSA_SHA1),
    &Scheme::rsa::<Sha256>(alg_id::RSA_PKCS1_SHA256),
    &Scheme::rsa::<Sha384>(alg_id::RSA_PKCS1_SHA384),
    &Scheme::rsa::<Sha512>(alg_id::RSA_PKCS1_SHA512),
    &Scheme::p256::<Sha1>(ECDSA_SHA1),
    &Scheme::p256::<Sha256>(alg_id::ECDSA_SHA256),
    &Scheme::p256::<Sha384>(alg_id::ECDSA_SHA384),
    &Scheme::p256::<Sha512>(alg_id::ECDSA_SHA512),
    &Scheme::p384::<Sha1>(ECDSA_SHA1),
    &Scheme::p384::<Sha256>(alg_id::ECDSA_SHA256),
    &Scheme::p384::<Sha384>(alg_id::ECDSA_SHA384),
    &Scheme::p384::<Sha512>(alg_id::ECDSA_SHA512),
    &Scheme::p521::<Sha1>(ECDSA_SHA1),
    &Scheme::p521::<Sha256>(alg_id::ECDSA_SHA256),
    &Scheme::p521::<Sha384>(alg_id::ECDSA_SHA384),
    &Scheme::p521::<Sha512>(alg_id::ECDSA_SHA512),
    webpki::ring::ED25519,
    webpki::ring::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
    webpki::ring::RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
    webpki::ring::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
];

/// What a server with a P-521 key signs its handshakes with.
#[cfg(feature = "probe")]
pub(crate) const ECDSA_P521_SHA512: &dyn SignatureVerificationAlgorithm =
    &Scheme::p521::<Sha512>(alg_id::ECDSA_SHA512);

/// sha1WithRSAEncryption with NULL parameters (RFC 3279 2.2.1).
const RSA_SHA1: AlgorithmIdentifier = AlgorithmIdentifier::from_slice(&[
    0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x05, 0x05, 0x00,
]);

/// ecdsa-with-SHA1 (RFC 3279 2.2.3).
const ECDSA_SHA1: AlgorithmIdentifier =
    AlgorithmIdentifier::from_slice(&[0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x01]);

/// From what was once thought enough to the longest that are worked with.
const RSA_BITS: std::ops::RangeInclusive<usize> = 512..=MAX_RSA_BITS as usize;

#[derive(Debug)]
struct Scheme {
    key: AlgorithmIdentifier,
    signature: AlgorithmIdentifier,
    verify: Verify,
}

/// With the key, the message and the signature.
type Verify = fn(&[u8], &[u8], &[u8]) -> Result<(), InvalidSignature>;

impl Scheme {
    const fn rsa<D: Digest + AssociatedOid>(signature: AlgorithmIdentifier) -> Self {
        Self { key: alg_id::RSA_ENCRYPTION, signature, verify: verify_rsa::<D> }
    }

    const fn p256<D: Digest>(signature: AlgorithmIdentifier) -> Self {
        let verify = verify_ecdsa::<D, p256::ecdsa::VerifyingKey, p256::ecdsa::DerSignature>;
        Self { key: alg_id::ECDSA_P256, signature, verify }
    }

    const fn p384<D: Digest>(signature: AlgorithmIdentifier) -> Self {
        let verify = verify_ecdsa::<D, p384::ecdsa::VerifyingKey, p384::ecdsa::DerSignature>;
        Self { key: alg_id::ECDSA_P384, signature, verify }
    }

    const fn p521<D: Digest>(signature: AlgorithmIdentifier) -> Self {
        let verify = verify_ecdsa::<D, p521::ecdsa::VerifyingKey, p521::ecdsa::DerSignature>;
        Self { key: alg_id::ECDSA_P521, signature, verify }
    }
}

impl SignatureVerificationAlgorithm for Scheme {
    fn verify_signature(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        (self.verify)(key, message, signature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.key
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.signature
    }
}

fn verify_rsa<D>(key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature>
where
    D: Digest + AssociatedOid,
{
    let key = RsaPublicKeyRef::from_der(key).map_err(invalid)?;
    let number = |octets: &[u8]| BoxedUint::from_be_slice_vartime(octets);
    let (modulus, exponent) = (number(key.modulus.as_bytes()), number(key.public_exponent.as_bytes()));
    let key = PublicKey::new_with_size_limits(modulus, exponent, RSA_BITS).map_err(invalid)?;
    key.verify(Pkcs1v15Sign::new::<D>(), &D::digest(message), signature).map_err(invalid)
}

fn verify_ecdsa<D, K, S>(key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature>
where
    D: Digest,
    K: for<'a> TryFrom<&'a [u8]> + PrehashVerifier<S>,
    S: for<'a> TryFrom<&'a [u8]>,
{
    let key = K::try_from(key).map_err(|_| InvalidSignature)?;
    let signature = S::try_from(signature).map_err(|_| InvalidSignature)?;
    key.verify_prehash(&D::digest(message), &signature).map_err(invalid)
}

fn invalid(_: impl fmt::Display) -> InvalidSignature {
    InvalidSignature
}
