//! Signatures that webpki's *ring* backend does not know, though Milvus and its clients may: checks
//! have to tell a weak signature from a wrong one. New certificates are never verified with these.

use std::fmt;

use der::Decode;
use p521::ecdsa::signature::Verifier;
use rsa::pkcs1v15::Pkcs1v15Sign;
use rsa::{BoxedUint, PublicKey};
use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::algorithm::RsaPublicKey;

/// What webpki knows, and beyond it RSA of 512 bits and up, SHA-1, and P-521.
pub(super) const LENIENT: &[&dyn SignatureVerificationAlgorithm] = &[
    &Rsa { hash: Hash::Sha1, identifier: RSA_PKCS1_SHA1 },
    &Rsa { hash: Hash::Sha256, identifier: alg_id::RSA_PKCS1_SHA256 },
    &Rsa { hash: Hash::Sha384, identifier: alg_id::RSA_PKCS1_SHA384 },
    &Rsa { hash: Hash::Sha512, identifier: alg_id::RSA_PKCS1_SHA512 },
    &EcdsaP521Sha512,
    webpki::ring::ECDSA_P256_SHA256,
    webpki::ring::ECDSA_P256_SHA384,
    webpki::ring::ECDSA_P384_SHA256,
    webpki::ring::ECDSA_P384_SHA384,
    webpki::ring::ED25519,
    webpki::ring::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
    webpki::ring::RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
    webpki::ring::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
];

/// sha1WithRSAEncryption with NULL parameters (RFC 3279 2.2.1).
const RSA_PKCS1_SHA1: AlgorithmIdentifier = AlgorithmIdentifier::from_slice(&[
    0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x05, 0x05, 0x00,
]);

/// Longer keys than these take seconds to verify with; Go refuses them too (CVE-2023-29409).
const RSA_BITS: std::ops::RangeInclusive<usize> = 512..=8192;

#[derive(Debug)]
struct Rsa {
    hash: Hash,
    identifier: AlgorithmIdentifier,
}

#[derive(Debug)]
enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl SignatureVerificationAlgorithm for Rsa {
    fn verify_signature(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        let key = RsaPublicKey::from_der(key).map_err(invalid)?;
        let number = |octets: &[u8]| BoxedUint::from_be_slice_vartime(octets);
        let (modulus, exponent) = (number(key.modulus.as_bytes()), number(key.public_exponent.as_bytes()));
        let key = PublicKey::new_with_size_limits(modulus, exponent, RSA_BITS).map_err(invalid)?;
        match self.hash {
            Hash::Sha1 => key.verify(Pkcs1v15Sign::new::<Sha1>(), &Sha1::digest(message), signature),
            Hash::Sha256 => key.verify(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(message), signature),
            Hash::Sha384 => key.verify(Pkcs1v15Sign::new::<Sha384>(), &Sha384::digest(message), signature),
            Hash::Sha512 => key.verify(Pkcs1v15Sign::new::<Sha512>(), &Sha512::digest(message), signature),
        }
        .map_err(invalid)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::RSA_ENCRYPTION
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.identifier
    }
}

#[derive(Debug)]
struct EcdsaP521Sha512;

impl SignatureVerificationAlgorithm for EcdsaP521Sha512 {
    fn verify_signature(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        let key = p521::ecdsa::VerifyingKey::from_sec1_bytes(key).map_err(invalid)?;
        let signature = p521::ecdsa::Signature::from_der(signature).map_err(invalid)?;
        key.verify(message, &signature).map_err(invalid)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_P521
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_SHA512
    }
}

fn invalid(_: impl fmt::Display) -> InvalidSignature {
    InvalidSignature
}
