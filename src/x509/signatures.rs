//! Signatures that webpki's *ring* backend does not know, though Milvus and its clients may: checks
//! have to tell a weak signature from a wrong one. New certificates are never verified with these.

use std::fmt;

use der::Decode;
use p521::ecdsa::signature::hazmat::PrehashVerifier;
use rsa::pkcs1v15::Pkcs1v15Sign;
use rsa::{BoxedUint, PublicKey};
use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::x509::algorithm::{MAX_RSA_BITS, RsaPublicKey};

/// What webpki knows, and beyond it RSA of 512 bits and up, P-521, SHA-1, and every hash with every
/// curve.
pub(crate) const LENIENT: &[&dyn SignatureVerificationAlgorithm] = &[
    &Scheme(Key::Rsa, Hash::Sha1),
    &Scheme(Key::Rsa, Hash::Sha256),
    &Scheme(Key::Rsa, Hash::Sha384),
    &Scheme(Key::Rsa, Hash::Sha512),
    &Scheme(Key::P256, Hash::Sha1),
    &Scheme(Key::P256, Hash::Sha256),
    &Scheme(Key::P256, Hash::Sha384),
    &Scheme(Key::P256, Hash::Sha512),
    &Scheme(Key::P384, Hash::Sha1),
    &Scheme(Key::P384, Hash::Sha256),
    &Scheme(Key::P384, Hash::Sha384),
    &Scheme(Key::P384, Hash::Sha512),
    &Scheme(Key::P521, Hash::Sha1),
    &Scheme(Key::P521, Hash::Sha256),
    &Scheme(Key::P521, Hash::Sha384),
    &Scheme(Key::P521, Hash::Sha512),
    webpki::ring::ED25519,
    webpki::ring::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
    webpki::ring::RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
    webpki::ring::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
];

/// What a server with a P-521 key signs its handshakes with.
#[cfg(feature = "probe")]
pub(crate) const ECDSA_P521_SHA512: &dyn SignatureVerificationAlgorithm = &Scheme(Key::P521, Hash::Sha512);

/// From what was once thought enough to the longest that are worked with.
const RSA_BITS: std::ops::RangeInclusive<usize> = 512..=MAX_RSA_BITS as usize;

/// sha1WithRSAEncryption with NULL parameters (RFC 3279 2.2.1).
const RSA_SHA1: AlgorithmIdentifier = AlgorithmIdentifier::from_slice(&[
    0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x05, 0x05, 0x00,
]);

/// ecdsa-with-SHA1 (RFC 3279 2.2.3).
const ECDSA_SHA1: AlgorithmIdentifier =
    AlgorithmIdentifier::from_slice(&[0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x01]);

#[derive(Debug)]
struct Scheme(Key, Hash);

#[derive(Clone, Copy, Debug)]
enum Key {
    Rsa,
    P256,
    P384,
    P521,
}

#[derive(Clone, Copy, Debug)]
enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl SignatureVerificationAlgorithm for Scheme {
    fn verify_signature(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        let Self(kind, hash) = self;
        let digest = hash.digest(message);
        match kind {
            Key::Rsa => rsa_key(key)?.verify(hash.padding(), &digest, signature).map_err(invalid),
            Key::P256 => {
                let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(key).map_err(invalid)?;
                let signature = p256::ecdsa::Signature::from_der(signature).map_err(invalid)?;
                key.verify_prehash(&digest, &signature).map_err(invalid)
            }
            Key::P384 => {
                let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(key).map_err(invalid)?;
                let signature = p384::ecdsa::Signature::from_der(signature).map_err(invalid)?;
                key.verify_prehash(&digest, &signature).map_err(invalid)
            }
            Key::P521 => {
                let key = p521::ecdsa::VerifyingKey::from_sec1_bytes(key).map_err(invalid)?;
                let signature = p521::ecdsa::Signature::from_der(signature).map_err(invalid)?;
                key.verify_prehash(&digest, &signature).map_err(invalid)
            }
        }
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        match self.0 {
            Key::Rsa => alg_id::RSA_ENCRYPTION,
            Key::P256 => alg_id::ECDSA_P256,
            Key::P384 => alg_id::ECDSA_P384,
            Key::P521 => alg_id::ECDSA_P521,
        }
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        match (self.0, self.1) {
            (Key::Rsa, Hash::Sha1) => RSA_SHA1,
            (Key::Rsa, Hash::Sha256) => alg_id::RSA_PKCS1_SHA256,
            (Key::Rsa, Hash::Sha384) => alg_id::RSA_PKCS1_SHA384,
            (Key::Rsa, Hash::Sha512) => alg_id::RSA_PKCS1_SHA512,
            (_, Hash::Sha1) => ECDSA_SHA1,
            (_, Hash::Sha256) => alg_id::ECDSA_SHA256,
            (_, Hash::Sha384) => alg_id::ECDSA_SHA384,
            (_, Hash::Sha512) => alg_id::ECDSA_SHA512,
        }
    }
}

impl Hash {
    fn digest(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => Sha1::digest(message).to_vec(),
            Self::Sha256 => Sha256::digest(message).to_vec(),
            Self::Sha384 => Sha384::digest(message).to_vec(),
            Self::Sha512 => Sha512::digest(message).to_vec(),
        }
    }

    fn padding(self) -> Pkcs1v15Sign {
        match self {
            Self::Sha1 => Pkcs1v15Sign::new::<Sha1>(),
            Self::Sha256 => Pkcs1v15Sign::new::<Sha256>(),
            Self::Sha384 => Pkcs1v15Sign::new::<Sha384>(),
            Self::Sha512 => Pkcs1v15Sign::new::<Sha512>(),
        }
    }
}

fn rsa_key(key: &[u8]) -> Result<PublicKey, InvalidSignature> {
    let key = RsaPublicKey::from_der(key).map_err(invalid)?;
    let number = |octets: &[u8]| BoxedUint::from_be_slice_vartime(octets);
    let (modulus, exponent) = (number(key.modulus.as_bytes()), number(key.public_exponent.as_bytes()));
    PublicKey::new_with_size_limits(modulus, exponent, RSA_BITS).map_err(invalid)
}

fn invalid(_: impl fmt::Display) -> InvalidSignature {
    InvalidSignature
}
