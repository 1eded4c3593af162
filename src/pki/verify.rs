use std::time::Duration;

use der::{Decode, Encode};
use rustls_pki_types::{ServerName, SignatureVerificationAlgorithm, UnixTime};
use time::OffsetDateTime;
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};
use x509_cert::spki::SubjectPublicKeyInfoRef;
use x509_parser::asn1_rs::Any;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use super::signatures::LENIENT;
use super::{Certificate, EndEntityKind, Error, GeneralName};

/// Verifies a certificate as a peer would that trusts `anchors`: chain, dates, purpose and, for a
/// server, every name of `names`.
///
/// `presented` is what the peer is sent: the certificate and then its issuers. rustls' webpki
/// judges, not this program.
///
/// # Errors
/// What webpki finds.
pub fn verify_chain(
    kind: EndEntityKind,
    presented: &[Certificate],
    anchors: &[Certificate],
    names: &[GeneralName],
    now: OffsetDateTime,
) -> Result<(), Error> {
    let usage = match kind {
        EndEntityKind::Server => KeyUsage::server_auth(),
        EndEntityKind::Client => KeyUsage::client_auth(),
    };
    webpki_verdict(usage, presented, anchors, webpki::ALL_VERIFICATION_ALGS, now)
        .map_err(|error| Error::DoesNotVerify { kind, reason: reason(&error, kind) })?;
    match names.iter().find(|name| !covers(&presented[0], name)) {
        Some(name) => Err(Error::NameNotCovered { name: name.clone() }),
        None => Ok(()),
    }
}

/// Whether clients that ask for this name take the certificate for it. True for what no client can
/// ask for, such as an e-mail address.
#[must_use]
pub fn covers(certificate: &Certificate, name: &GeneralName) -> bool {
    let Some(server_name) = as_server_name(name) else {
        return true;
    };
    EndEntityCert::try_from(certificate.der())
        .and_then(|certificate| certificate.verify_is_valid_for_subject_name(&server_name))
        .is_ok()
}

/// What is wrong with a chain, apart from its dates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChainDefect {
    /// None of the anchors has the issuer's name.
    UnknownIssuer,
    /// The issuer's name is right, its key is not.
    WrongSignature,
    /// pathLenConstraint does not allow an authority in it.
    PathLength,
    /// nameConstraints do not permit its names.
    NameConstraints,
    /// extendedKeyUsage does not have the purpose.
    Purpose,
    /// A critical extension that verifiers do not know.
    UnknownCriticalExtension,
    /// A signature that is not known here, so that nothing can be said.
    UnknownSignature,
    /// Another reason, in the verifier's words.
    Other(String),
}

impl std::fmt::Display for ChainDefect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::UnknownIssuer => "its issuer is not in ca.pem",
            Self::WrongSignature => "another key than ca.pem's signed it, under the same name",
            Self::PathLength => "more authorities stand above it than pathlen allows",
            Self::NameConstraints => "the authority's nameConstraints do not permit its names",
            Self::Purpose => "its extendedKeyUsage does not have the purpose",
            Self::UnknownCriticalExtension => "it has a critical extension that verifiers do not know",
            Self::UnknownSignature => "its signature is of an unknown kind",
            Self::Other(reason) => reason,
        })
    }
}

/// Judges a chain like [`verify_chain`], but at a time at which all of it is valid, and also where
/// its keys and signatures are weak: those are findings of their own.
///
/// # Errors
/// What webpki finds.
pub fn judge_chain(
    kind: EndEntityKind,
    presented: &[Certificate],
    anchors: &[Certificate],
) -> Result<(), ChainDefect> {
    // webpki does not take anyExtendedKeyUsage for a purpose; Go does.
    let any = presented.first().is_some_and(|leaf| leaf.serves_any_purpose());
    let usage = match kind {
        _ if any => KeyUsage::required_if_present(ANY_EXTENDED_KEY_USAGE),
        EndEntityKind::Server => KeyUsage::server_auth(),
        EndEntityKind::Client => KeyUsage::client_auth(),
    };
    let begins = presented.iter().map(|certificate| certificate.validity().not_before).max();
    let now = begins.unwrap_or(OffsetDateTime::UNIX_EPOCH);
    match webpki_verdict(usage, presented, anchors, LENIENT, now) {
        Err(webpki::Error::CaUsedAsEndEntity | webpki::Error::UnsupportedCertVersion) => {
            judge_issuer(presented, anchors)
        }
        verdict => verdict.map_err(|error| defect(&error)),
    }
}

/// Whether some issuer signed the certificate, where webpki goes no further: Milvus and its clients
/// take an end entity that says CA:TRUE, or that is of X.509 version 1.
fn judge_issuer(presented: &[Certificate], anchors: &[Certificate]) -> Result<(), ChainDefect> {
    let (leaf, issuers) = presented.split_first().ok_or(ChainDefect::UnknownIssuer)?;
    let candidates = || anchors.iter().chain(issuers).filter(|issuer| issuer.subject() == leaf.issuer());
    match (candidates().next(), candidates().any(|issuer| signed(leaf, issuer).unwrap_or(false))) {
        (None, _) => Err(ChainDefect::UnknownIssuer),
        (Some(_), false) => Err(ChainDefect::WrongSignature),
        (Some(_), true) => Ok(()),
    }
}

/// Whether the issuer's key signed the certificate; `None` where one of them cannot be read.
fn signed(certificate: &Certificate, issuer: &Certificate) -> Option<bool> {
    let (_, parsed) = X509Certificate::from_der(certificate.as_der()).ok()?;
    let key = SubjectPublicKeyInfoRef::from_der(issuer.spki()).ok()?;
    let key_algorithm = key.algorithm.to_der().ok()?;
    let (_, outer) = Any::from_der(certificate.as_der()).ok()?;
    let (after_body, _) = Any::from_der(outer.data).ok()?;
    let (_, signature_algorithm) = Any::from_der(after_body).ok()?;
    let (_, key_algorithm) = Any::from_der(&key_algorithm).ok()?;
    let scheme = LENIENT.iter().find(|scheme| {
        scheme.signature_alg_id().as_ref() == signature_algorithm.data
            && scheme.public_key_alg_id().as_ref() == key_algorithm.data
    })?;
    let message = parsed.tbs_certificate.as_ref();
    Some(
        scheme
            .verify_signature(key.subject_public_key.raw_bytes(), message, &parsed.signature_value.data)
            .is_ok(),
    )
}

/// 2.5.29.37.0, RFC 5280 4.2.1.12.
const ANY_EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1D, 0x25, 0x00];

fn webpki_verdict(
    usage: KeyUsage,
    presented: &[Certificate],
    anchors: &[Certificate],
    algorithms: &[&dyn SignatureVerificationAlgorithm],
    now: OffsetDateTime,
) -> Result<(), webpki::Error> {
    let (leaf, issuers) = presented.split_first().ok_or(webpki::Error::UnknownIssuer)?;
    let anchors: Vec<_> =
        anchors.iter().map(|anchor| anchor_from_trusted_cert(anchor.der())).collect::<Result<_, _>>()?;
    let issuers: Vec<_> = issuers.iter().map(|issuer| issuer.der().clone()).collect();
    let seconds = u64::try_from(now.unix_timestamp()).unwrap_or_default();
    let now = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    EndEntityCert::try_from(leaf.der())?
        .verify_for_usage(algorithms, &anchors, &issuers, now, usage, None, None)
        .map(|_| ())
}

fn defect(error: &webpki::Error) -> ChainDefect {
    match error {
        webpki::Error::UnknownIssuer => ChainDefect::UnknownIssuer,
        webpki::Error::InvalidSignatureForPublicKey => ChainDefect::WrongSignature,
        webpki::Error::PathLenConstraintViolated => ChainDefect::PathLength,
        webpki::Error::NameConstraintViolation => ChainDefect::NameConstraints,
        webpki::Error::RequiredEkuNotFoundContext(_) => ChainDefect::Purpose,
        webpki::Error::UnsupportedCriticalExtension => ChainDefect::UnknownCriticalExtension,
        webpki::Error::UnsupportedSignatureAlgorithmContext(_)
        | webpki::Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => ChainDefect::UnknownSignature,
        other => ChainDefect::Other(other.to_string()),
    }
}

/// The name as a client would ask for it; `None` for what no client can ask for.
fn as_server_name(name: &GeneralName) -> Option<ServerName<'static>> {
    match name {
        GeneralName::Ip(address) => Some(ServerName::from(*address)),
        // A host that the wildcard stands for.
        GeneralName::Dns(name) => ServerName::try_from(name.as_str().replacen('*', "host", 1)).ok(),
        GeneralName::Uri(_) | GeneralName::Email(_) => None,
    }
}

/// webpki's errors in a person's words, where they are common.
fn reason(error: &webpki::Error, kind: EndEntityKind) -> String {
    match error {
        webpki::Error::CertExpired { .. } => "a certificate of its chain has expired".into(),
        webpki::Error::CertNotValidYet { .. } => "a certificate of its chain is not valid yet".into(),
        webpki::Error::UnknownIssuer => "ca.pem did not issue it".into(),
        webpki::Error::RequiredEkuNotFoundContext(_) => {
            format!("its extendedKeyUsage has no {kind}Auth")
        }
        webpki::Error::NameConstraintViolation => {
            "the authority's nameConstraints do not permit its names".into()
        }
        other => other.to_string(),
    }
}
