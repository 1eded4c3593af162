use time::OffsetDateTime;

use crate::x509::certificate::Certificate;
use crate::x509::error::{Error, Problem};
use crate::x509::key_defect::KeyDefect;
use crate::x509::kind::EndEntityKind;
use crate::x509::private_key::PrivateKey;
use crate::x509::public_key::PublicKey;
use crate::x509::subject::Subject;
use crate::x509::validity::{Validity, moment};

/// A certificate and its key that may sign others: only `Ca::create` and [`Ca::load`] make one, so what was not
/// checked cannot issue.
#[derive(Debug)]
pub(crate) struct Ca {
    /// The certificate whose key signs, its issuers, and last their root; often just one.
    chain: Vec<Certificate>,
    key: PrivateKey,
}

impl Ca {
    /// One that was just made, and signed itself.
    pub(crate) fn root_of(certificate: Certificate, key: PrivateKey) -> Self {
        Self { chain: vec![certificate], key }
    }

    /// Takes a CA that exists: the certificate that belongs to `key`, its issuers if it is
    /// an intermediate one, and their root, in any order.
    ///
    /// # Errors
    /// If none of the certificates belongs to the key; if one of the chain is no CA, may not
    /// sign certificates, or is not valid `now`; if an issuer is missing or a certificate is left over.
    pub(crate) fn load(
        certificates: Vec<Certificate>,
        key: PrivateKey,
        now: OffsetDateTime,
    ) -> Result<Self, Error> {
        let chain = order_chain(certificates, &key.public_key()?)?;
        for (below, certificate) in chain.iter().enumerate() {
            check_may_issue(certificate, below, now)?;
        }
        Ok(Self { chain, key })
    }

    /// Checks what keeps a CA from being taken over that somebody else made: with it, some clients would
    /// refuse everything that it signs, or others could sign as well. Where it is in use already, that is for
    /// `check` to say, and its certificates go on being renewed.
    ///
    /// `check_key` knows keys that others have.
    pub(crate) fn check_adoptable(
        &self,
        check_key: &dyn Fn(&PublicKey) -> Result<(), KeyDefect>,
    ) -> Result<(), Error> {
        for (above, certificate) in self.chain.iter().enumerate() {
            let is_presented = above + 1 < self.chain.len();
            if let Some(reason) = refusal(certificate, is_presented, check_key) {
                return Err(unusable(certificate, &reason));
            }
        }
        Ok(())
    }

    pub(crate) fn certificate(&self) -> &Certificate {
        &self.chain[0]
    }

    /// What servers and clients send after their own certificate: all but the root.
    pub(crate) fn intermediates(&self) -> &[Certificate] {
        &self.chain[..self.chain.len() - 1]
    }

    /// The root, which everybody trusts: the content of ca.pem.
    pub(crate) fn root(&self) -> &Certificate {
        &self.chain[self.chain.len() - 1]
    }

    pub(crate) fn key(&self) -> &PrivateKey {
        &self.key
    }

    /// The time in which the whole chain is valid.
    pub(crate) fn validity(&self) -> Validity {
        self.chain.iter().map(Certificate::validity).fold(self.certificate().validity(), Validity::within)
    }
}

/// What Go says of as `unhandled critical extension`.
pub(crate) const OTHER_NAMES: &str = "its nameConstraints speak of other names than DNS, IP, e-mail and URI, which Go, and so Milvus, does not know";

/// Why a CA is not taken over that has this certificate in its chain.
fn refusal(
    certificate: &Certificate,
    is_presented: bool,
    check_key: &dyn Fn(&PublicKey) -> Result<(), KeyDefect>,
) -> Option<String> {
    if certificate.subject().is_empty() {
        return Some(
            "its subject is empty, which Java, GnuTLS and `openssl verify -x509_strict` refuse".into(),
        );
    }
    let serial = certificate.serial();
    if serial.is_negative() {
        return Some(format!("its serial number is negative, {serial}, which Go since 1.23 does not read"));
    }
    if let Some(kind) = EndEntityKind::ALL.into_iter().find(|kind| !certificate.names_purpose(*kind)) {
        return Some(format!(
            "its extendedKeyUsage has no {kind}Auth, and OpenSSL does not take anyExtendedKeyUsage for it"
        ));
    }
    if let Some(extension) = certificate.extensions.critical_beyond_webpki.as_deref().filter(|_| is_presented)
    {
        return Some(format!(
            "its extension {extension} is critical, and not every verifier knows it (rustls does not)"
        ));
    }
    if certificate.extensions.constrains_other_names {
        return Some(OTHER_NAMES.into());
    }
    // A root of another kind than those that are made here has its verifiers.
    let key = certificate.public_key().ok()?;
    let defect = key.check_strength().and_then(|()| check_key(&key)).err()?;
    Some(format!("its key is {defect}"))
}

/// From the certificate of `key` up to the root, by the names of the issuers; whether the
/// signatures hold is for the verifier to say, which sees every certificate before it is used.
fn order_chain(given: Vec<Certificate>, key: &PublicKey) -> Result<Vec<Certificate>, Error> {
    let mut certificates: Vec<Certificate> = Vec::new();
    for certificate in given {
        if !certificates.contains(&certificate) {
            certificates.push(certificate);
        }
    }
    let own =
        certificates.iter().position(|certificate| certificate.public_key().is_ok_and(|own| own == *key));
    let mut current = match own {
        Some(own) => certificates.remove(own),
        None => return Err(without_own(&certificates)),
    };
    let mut chain = Vec::new();
    while !current.is_self_issued() {
        let issuer = certificates.iter().position(|certificate| certificate.subject() == current.issuer());
        let issuer = issuer.ok_or_else(|| {
            Error::new(format!(
                "the certificate of {} was issued by {}, whose certificate is not there",
                current.subject(),
                current.issuer()
            ))
            .with_hint(
                "append the certificates of the issuers, up to the root, to the file given with --ca-cert",
            )
        })?;
        chain.push(std::mem::replace(&mut current, certificates.remove(issuer)));
    }
    chain.push(current);
    match certificates.first() {
        Some(other) => Err(Error::new(format!(
            "holds a certificate that is not part of the CA's chain: {}",
            other.subject()
        ))
        .with_hint("leave only the CA, its issuers and their root")),
        None => Ok(chain),
    }
}

/// Of these certificates none belongs to the key.
fn without_own(certificates: &[Certificate]) -> Error {
    let unreadable = certificates.iter().find(|certificate| certificate.public_key().is_err());
    match (unreadable, certificates.first()) {
        (Some(certificate), _) => {
            let algorithm = certificate.key_algorithm();
            unusable(certificate, &format!("its key is one that cannot be used here: {algorithm}"))
        }
        (None, Some(first)) => Error::key_mismatch(first.subject()),
        (None, None) => Error::new("has no certificate").with_hint("check that the right file was named"),
    }
}

/// Checks what verifiers ask of a CA with `below` others between it and an end entity. A
/// root is judged here alone: webpki takes nothing from it but name, key and nameConstraints, where
/// OpenSSL and Go refuse what follows from its other extensions.
pub(crate) fn check_may_issue(
    certificate: &Certificate,
    below: usize,
    now: OffsetDateTime,
) -> Result<(), Error> {
    let unusable = |reason: &str| unusable(certificate, reason);
    let subject = certificate.subject();
    if !certificate.is_ca() {
        return Err(Error::not_a_ca(certificate));
    }
    if certificate.key_cert_sign() == Some(false) {
        return Err(Error::new(format!(
            "may not sign certificates ({subject}): keyUsage has no keyCertSign"
        ))
        .with_hint(USE_A_CA));
    }
    if let Some(kind) = EndEntityKind::ALL.into_iter().find(|kind| !certificate.serves(*kind)) {
        return Err(unusable(&format!("its extendedKeyUsage has no {kind}Auth")));
    }
    if let Some(oid) = &certificate.extensions.unknown_critical {
        return Err(unusable(&format!("its critical extension {oid} is unknown to verifiers")));
    }
    if certificate.extensions.path_length.is_some_and(|most| below > most as usize) {
        return Err(unusable(&format!("its pathlen allows fewer than the {below} CAs below it")));
    }
    let Validity { not_before, not_after } = certificate.validity();
    if now > not_after {
        return Err(Error::new(format!("the CA expired on {}", moment(not_after)))
            .of(Problem::CaExpired)
            .with_hint_on_directory("gen --force", "makes a new CA and keeps the old files in a backup"));
    }
    if now < not_before {
        return Err(Error::new(format!(
            "the CA is valid only from {}, and the clock of this machine says {}",
            moment(not_before),
            moment(now)
        ))
        .with_hint(
            "`date -u` shows that clock: set it, if it is wrong; otherwise run this again when the CA is valid",
        ));
    }
    Ok(())
}

const USE_A_CA: &str = "use a certificate that was made for a CA, with its key";

/// A CA whose certificates OpenSSL and Go would refuse.
fn unusable(certificate: &Certificate, reason: &str) -> Error {
    Error::new(format!("cannot issue certificates for Milvus ({}): {reason}", certificate.subject()))
        .with_hint("ask whoever made it for another, or make a CA of your own: `milvus-certs gen -d NEW`")
}

impl Error {
    pub(crate) fn not_a_ca(certificate: &Certificate) -> Self {
        let subject = certificate.subject();
        Self::new(format!("is not a CA ({subject}): basicConstraints does not say CA:TRUE"))
            .with_hint(USE_A_CA)
    }

    /// The key of somebody else.
    pub(crate) fn key_mismatch(subject: &Subject) -> Self {
        Self::new(format!("the private key does not belong to the certificate of {subject}"))
            .with_hint("put the key and the certificate that were made together side by side")
    }
}
