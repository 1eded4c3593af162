//! Who signed a certificate or a request.

use der::{Decode, Encode};
use rustls_pki_types::{AlgorithmIdentifier, SignatureVerificationAlgorithm};
use x509_cert::spki::SubjectPublicKeyInfoRef;
use x509_parser::asn1_rs::{Any, BitString, FromDer};

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
