//! Judges chains for checks, where [`verify_chain`](crate::x509::verify_chain) only refuses: what exactly is
//! wrong, apart from dates and weak keys, which are findings of their own.

use time::OffsetDateTime;
use webpki::KeyUsage;

use crate::x509::algorithm::KeyAlgorithm;
use crate::x509::certificate::Certificate;
use crate::x509::kind::EndEntityKind;
use crate::x509::signature::{LENIENT, SignatureDefect};
use crate::x509::verify::{in_words, usage, webpki_verdict};

/// What is wrong with a chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ChainDefect {
    #[error("its issuer is not in ca.pem")]
    UnknownIssuer,
    #[error("another key than ca.pem's signed it, under the same name")]
    WrongSignature,
    #[error("it was signed with a certificate that says CA:FALSE")]
    IssuerNotCa,
    #[error("more CAs stand above it than pathlen allows")]
    PathLength,
    #[error("the CA's nameConstraints do not permit its names")]
    NameConstraints,
    #[error("the extendedKeyUsage of a CA above it does not have the purpose")]
    IssuerPurpose,
    #[error("it has a critical extension that verifiers do not know")]
    UnknownCriticalExtension,
    /// A signature or a certificate that cannot be judged here.
    #[error("it cannot be judged")]
    Unknown,
    #[error("{0}")]
    Other(String),
}

/// Judges a certificate and the issuers that it is sent with; rustls' webpki does, at a time at which
/// all of it is valid, and with signatures that are too weak to be trusted otherwise.
pub(crate) fn judge_chain(
    kind: EndEntityKind,
    presented: &[Certificate],
    anchors: &[Certificate],
) -> Result<(), ChainDefect> {
    let leaf = presented.first().ok_or(ChainDefect::UnknownIssuer)?;
    let Some(usage) = usage_to_judge(leaf, kind) else {
        return judge_issuer(presented, anchors);
    };
    let begins = presented.iter().map(|certificate| certificate.validity().not_before).max();
    let now = begins.unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let Err(error) = webpki_verdict(usage, presented, anchors, LENIENT, now) else {
        return Ok(());
    };
    Err(match error {
        // Milvus and its clients go further here than webpki does.
        webpki::Error::CaUsedAsEndEntity
        | webpki::Error::UnsupportedCertVersion
        | webpki::Error::MaximumPathDepthExceeded
        | webpki::Error::CertExpired { .. }
        | webpki::Error::CertNotValidYet { .. } => return judge_issuer(presented, anchors),
        webpki::Error::UnsupportedCriticalExtension => {
            match presented.iter().any(|certificate| certificate.extensions.unknown_critical.is_some()) {
                true => ChainDefect::UnknownCriticalExtension,
                false => return judge_issuer(presented, anchors),
            }
        }
        webpki::Error::UnknownIssuer => ChainDefect::UnknownIssuer,
        webpki::Error::EndEntityUsedAsCa => ChainDefect::IssuerNotCa,
        webpki::Error::PathLenConstraintViolated => ChainDefect::PathLength,
        webpki::Error::NameConstraintViolation => ChainDefect::NameConstraints,
        webpki::Error::RequiredEkuNotFoundContext(_) => ChainDefect::IssuerPurpose,
        webpki::Error::UnsupportedSignatureAlgorithmContext(_) => ChainDefect::Unknown,
        webpki::Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) if has_unknown_key(anchors) => {
            ChainDefect::Unknown
        }
        webpki::Error::InvalidSignatureForPublicKey
        | webpki::Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => ChainDefect::WrongSignature,
        other => ChainDefect::Other(in_words(&other)),
    })
}

fn has_unknown_key(anchors: &[Certificate]) -> bool {
    anchors.iter().any(|anchor| matches!(anchor.key_algorithm(), KeyAlgorithm::Other(_)))
}

/// 2.5.29.37.0, RFC 5280 4.2.1.12.
const ANY_EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1D, 0x25, 0x00];

/// A purpose that the certificate has, so that its chain is judged even where that purpose is the
/// wrong one; none where it has neither.
fn usage_to_judge(leaf: &Certificate, kind: EndEntityKind) -> Option<KeyUsage> {
    // webpki does not take anyExtendedKeyUsage for a purpose; Go does.
    if leaf.serves_any_purpose() {
        return Some(KeyUsage::required_if_present(ANY_EXTENDED_KEY_USAGE));
    }
    let other = EndEntityKind::ALL.into_iter().find(|other| leaf.serves(*other));
    Some(usage(if leaf.serves(kind) { kind } else { other? }))
}

/// Whether some issuer signed the certificate, where webpki goes no further.
fn judge_issuer(presented: &[Certificate], anchors: &[Certificate]) -> Result<(), ChainDefect> {
    let (leaf, issuers) = presented.split_first().ok_or(ChainDefect::UnknownIssuer)?;
    let candidates = anchors.iter().chain(issuers).filter(|issuer| issuer.subject() == leaf.issuer());
    let mut defect = ChainDefect::UnknownIssuer;
    for issuer in candidates {
        match leaf.check_signed_by(issuer) {
            Ok(()) => return Ok(()),
            Err(SignatureDefect::Unreadable | SignatureDefect::Algorithm) => defect = ChainDefect::Unknown,
            Err(SignatureDefect::Wrong) => defect = ChainDefect::WrongSignature,
        }
    }
    Err(defect)
}
