//! Judges chains for checks, where [`verify_chain`](crate::x509::verify_chain) only refuses: what exactly is
//! wrong, apart from dates and weak keys, which are findings of their own.

use std::fmt;

use time::OffsetDateTime;
use webpki::KeyUsage;

use crate::x509::algorithm::KeyAlgorithm;
use crate::x509::certificate::Certificate;
use crate::x509::kind::EndEntityKind;
use crate::x509::signature::{LENIENT, SignatureDefect};
use crate::x509::verify::{in_words, usage, webpki_verdict};

/// What is wrong with a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ChainDefect {
    /// None of the anchors has the issuer's name.
    UnknownIssuer,
    /// The issuer's name is right, its key is not.
    WrongSignature,
    /// An issuer says CA:FALSE.
    IssuerNotCa,
    /// pathLenConstraint does not allow a CA in it.
    PathLength,
    /// nameConstraints do not permit its names.
    NameConstraints,
    /// An issuer's extendedKeyUsage does not have the purpose.
    IssuerPurpose,
    /// A critical extension that verifiers do not know.
    UnknownCriticalExtension,
    /// A signature or a certificate that cannot be judged here.
    Unknown,
    /// Another reason.
    Other(String),
}

impl fmt::Display for ChainDefect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownIssuer => "its issuer is not in ca.pem",
            Self::WrongSignature => "another key than ca.pem's signed it, under the same name",
            Self::IssuerNotCa => "it was signed with a certificate that says CA:FALSE",
            Self::PathLength => "more CAs stand above it than pathlen allows",
            Self::NameConstraints => "the CA's nameConstraints do not permit its names",
            Self::IssuerPurpose => "the extendedKeyUsage of a CA above it does not have the purpose",
            Self::UnknownCriticalExtension => "it has a critical extension that verifiers do not know",
            Self::Unknown => "it cannot be judged",
            Self::Other(reason) => reason,
        })
    }
}

/// Judges a certificate and the issuers that it is sent with; rustls' webpki does, at a time at which
/// all of it is valid, and with signatures that are too weak to be trusted otherwise.
///
/// # Errors
/// What webpki finds.
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
            match presented.iter().any(|certificate| certificate.unknown_critical().is_some()) {
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
