use std::time::Duration;

use rustls_pki_types::{DnsName, ServerName, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use time::OffsetDateTime;
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

use crate::base::text::printable;
use crate::x509::ca::OTHER_NAMES;
use crate::x509::certificate::Certificate;
use crate::x509::error::Error;
use crate::x509::kind::EndEntityKind;
use crate::x509::name::GeneralName;

/// Verifies a certificate as a peer would that trusts `anchors`: chain, dates, purpose and, for a
/// server, every name of `names`.
///
/// `presented` is what the peer is sent: the certificate and then its issuers. rustls' webpki
/// judges, not this program.
pub(crate) fn verify_chain(
    kind: EndEntityKind,
    presented: &[Certificate],
    anchors: &[Certificate],
    names: &[GeneralName],
    now: OffsetDateTime,
) -> Result<(), Error> {
    let refused = |reason: String| {
        Error::new_certificate_needed(format!("does not verify as a {kind} certificate: {reason}"))
    };
    webpki_verdict(usage(kind), presented, anchors, webpki::ALL_VERIFICATION_ALGS, now)
        .map_err(|error| refused(reason(&error, kind, presented, anchors)))?;
    if let Some(name) = forbidden_name(presented, anchors) {
        return Err(refused(format!("the CA's nameConstraints do not permit {name}")));
    }
    match names.iter().find(|name| !covers(&presented[0], name)) {
        Some(name) => Err(Error::new_certificate_needed(format!("does not cover {name}"))),
        None => Ok(()),
    }
}

impl Error {
    fn new_certificate_needed(message: String) -> Self {
        Self::new(message).with_hint_on_directory("renew", "makes a new certificate from the CA")
    }
}

/// An e-mail address of the certificate, in its subject or its subjectAltName, or the subject itself, that the
/// nameConstraints above it do not allow: OpenSSL and gRPC's C core refuse it, and webpki does not.
pub(crate) fn forbidden_name(presented: &[Certificate], anchors: &[Certificate]) -> Option<String> {
    let (leaf, issuers) = presented.split_first()?;
    let last = issuers.last().unwrap_or(leaf);
    let anchor = anchors.iter().find(|anchor| last.is_issued_by(anchor));
    let named = leaf.names().iter().filter_map(|name| match name {
        GeneralName::Email(address) => Some(address.clone()),
        _ => None,
    });
    let cas = || issuers.iter().chain(anchor).map(|issuer| &issuer.extensions);
    let mut addresses = leaf.subject().email_addresses().into_iter().chain(named);
    let address = addresses.find(|address| cas().any(|ca| !ca.email_constraints.allow(address)));
    let is_permitted = cas().all(|ca| leaf.subject().is_permitted(&ca.directory_constraints));
    match address {
        Some(address) => Some(format!("the e-mail address {}", printable(&address))),
        None => (!is_permitted).then(|| format!("the name {}", leaf.subject())),
    }
}

/// Whether clients that ask for this name take the certificate for it. True for what no client can
/// ask for: an e-mail address, or an address in digits that stands there as a DNS name.
pub(crate) fn covers(certificate: &Certificate, name: &GeneralName) -> bool {
    let Some(server_name) = as_server_name(name) else {
        return !matches!(name, GeneralName::Dns(_)) || certificate.names().contains(name);
    };
    EndEntityCert::try_from(certificate.der())
        .and_then(|certificate| certificate.verify_is_valid_for_subject_name(&server_name))
        .is_ok()
}

pub(crate) fn usage(kind: EndEntityKind) -> KeyUsage {
    match kind {
        EndEntityKind::Server => KeyUsage::server_auth(),
        EndEntityKind::Client => KeyUsage::client_auth(),
    }
}

/// What webpki makes of a chain: the certificate and then its issuers.
pub(crate) fn webpki_verdict(
    usage: KeyUsage,
    presented: &[Certificate],
    anchors: &[Certificate],
    algorithms: &[&dyn SignatureVerificationAlgorithm],
    now: OffsetDateTime,
) -> Result<(), webpki::Error> {
    let (leaf, issuers) = presented.split_first().ok_or(webpki::Error::UnknownIssuer)?;
    let anchors: Vec<_> = anchors.iter().map(anchor_of).collect::<Result<_, _>>()?;
    let issuers: Vec<_> = issuers.iter().map(|issuer| issuer.der().clone()).collect();
    let seconds = u64::try_from(now.unix_timestamp()).unwrap_or_default();
    let now = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    EndEntityCert::try_from(leaf.der())?
        .verify_for_usage(algorithms, &anchors, &issuers, now, usage, None, None)
        .map(|_| ())
}

/// A root as webpki takes it. It permits no certificate below a constraint of directory names, whether they are
/// permitted or not: where there is no constraint of hosts, [`forbidden_name`] judges instead.
fn anchor_of(root: &Certificate) -> Result<TrustAnchor<'_>, webpki::Error> {
    let mut anchor = anchor_from_trusted_cert(root.der())?;
    if !root.extensions.constrains_hosts {
        anchor.name_constraints = None;
    }
    Ok(anchor)
}

/// The name as a client would ask for it; `None` for what no client can ask for.
fn as_server_name(name: &GeneralName) -> Option<ServerName<'static>> {
    match name {
        GeneralName::Ip(address) => Some(ServerName::from(*address)),
        // A host that the wildcard stands for.
        GeneralName::Dns(name) => {
            let name = DnsName::try_from(name.as_str().replacen('*', "host", 1)).ok()?;
            Some(ServerName::DnsName(name))
        }
        GeneralName::Uri(_) | GeneralName::Email(_) => None,
    }
}

/// webpki's errors in a person's words, where they are common.
fn reason(
    error: &webpki::Error,
    kind: EndEntityKind,
    presented: &[Certificate],
    anchors: &[Certificate],
) -> String {
    let critical = |certificate: &Certificate| {
        let extension = certificate.extensions.critical_beyond_webpki.as_deref()?;
        let subject = certificate.subject();
        Some(format!("the extension {extension} of {subject} is critical, and rustls does not know it"))
    };
    match error {
        webpki::Error::UnsupportedCriticalExtension => {
            presented.iter().find_map(critical).unwrap_or_else(|| in_words(error))
        }
        webpki::Error::CertExpired { .. } => "a certificate of its chain has expired".into(),
        webpki::Error::CertNotValidYet { .. } => "a certificate of its chain is not valid yet".into(),
        webpki::Error::UnknownIssuer => "ca.pem did not issue it".into(),
        webpki::Error::RequiredEkuNotFoundContext(_) => {
            format!("its extendedKeyUsage has no {kind}Auth")
        }
        webpki::Error::NameConstraintViolation
            if presented
                .iter()
                .chain(anchors)
                .any(|certificate| certificate.extensions.constrains_other_names) =>
        {
            format!("of its CA: {OTHER_NAMES}")
        }
        webpki::Error::NameConstraintViolation => "the CA's nameConstraints do not permit its names".into(),
        other => in_words(other),
    }
}

/// The other errors of webpki, which prints their identifiers.
pub(crate) fn in_words(error: &webpki::Error) -> String {
    match error {
        webpki::Error::InvalidCertValidity => "it ends before it begins".into(),
        webpki::Error::BadDer
        | webpki::Error::BadDerTime
        | webpki::Error::TrailingData(_)
        | webpki::Error::MalformedExtensions
        | webpki::Error::ExtensionValueInvalid => "its DER structure is not quite right".into(),
        webpki::Error::InvalidSerialNumber => "its serial number is not valid".into(),
        webpki::Error::EmptyEkuExtension => "its extendedKeyUsage is empty".into(),
        webpki::Error::SignatureAlgorithmMismatch => "it names two algorithms for its signature".into(),
        webpki::Error::MalformedDnsIdentifier | webpki::Error::MalformedNameConstraint => {
            "a name in it is malformed".into()
        }
        webpki::Error::MaximumSignatureChecksExceeded
        | webpki::Error::MaximumPathBuildCallsExceeded
        | webpki::Error::MaximumNameConstraintComparisonsExceeded => {
            "its chain takes too much work to verify".into()
        }
        other => format!("rustls refuses it ({other})"),
    }
}
