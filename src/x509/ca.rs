use time::OffsetDateTime;

use super::{Certificate, EndEntityKind, Error, KeyDefect, PrivateKey, PublicKey, Validity};

/// A certificate and its key that may sign others: only `CertificateAuthority::create` and
/// [`CertificateAuthority::load`] make one, so what was not checked cannot issue.
#[derive(Debug)]
pub struct CertificateAuthority {
    /// The certificate whose key signs, its issuers, and last their root; often just one.
    chain: Vec<Certificate>,
    key: PrivateKey,
}

impl CertificateAuthority {
    /// One that was just made, and signed itself.
    pub(crate) fn root_of(certificate: Certificate, key: PrivateKey) -> Self {
        Self { chain: vec![certificate], key }
    }

    /// Takes an authority that exists: the certificate that belongs to `key`, its issuers if it is
    /// an intermediate one, and their root, in any order.
    ///
    /// # Errors
    /// If none of the certificates belongs to the key; if one of the chain is no authority, may not
    /// sign certificates, or is not valid `now`; if an issuer is missing or a certificate is left over.
    pub fn load(certificates: Vec<Certificate>, key: PrivateKey, now: OffsetDateTime) -> Result<Self, Error> {
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
    ///
    /// # Errors
    /// What is wrong with a certificate of its chain.
    pub fn check_adoptable(
        &self,
        check_key: &dyn Fn(&PublicKey) -> Result<(), KeyDefect>,
    ) -> Result<(), Error> {
        for (above, certificate) in self.chain.iter().enumerate() {
            let is_presented = above + 1 < self.chain.len();
            if let Some(reason) = refusal(certificate, is_presented, check_key) {
                return Err(Error::AuthorityUnusable { subject: certificate.subject().clone(), reason });
            }
        }
        Ok(())
    }

    /// The certificate whose key signs.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.chain[0]
    }

    /// What servers and clients send after their own certificate: all but the root.
    #[must_use]
    pub fn intermediates(&self) -> &[Certificate] {
        &self.chain[..self.chain.len() - 1]
    }

    /// The root, which everybody trusts: the content of ca.pem.
    #[must_use]
    pub fn root(&self) -> &Certificate {
        &self.chain[self.chain.len() - 1]
    }

    /// The key that signs.
    #[must_use]
    pub fn key(&self) -> &PrivateKey {
        &self.key
    }

    /// The time in which the whole chain is valid.
    #[must_use]
    pub fn validity(&self) -> Validity {
        let validity = |certificate: &Certificate| certificate.validity();
        self.chain.iter().map(validity).fold(self.certificate().validity(), Validity::within)
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
    if let Some(extension) = certificate.critical_beyond_webpki().filter(|_| is_presented) {
        return Some(format!(
            "its extension {extension} is critical, and not every verifier knows it (rustls does not)"
        ));
    }
    if certificate.constrains_other_names() {
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
    let first = certificates.first().map(|certificate| certificate.subject().clone());
    let own =
        certificates.iter().position(|certificate| certificate.public_key().is_ok_and(|own| own == *key));
    let mut current = match (own, first) {
        (Some(position), _) => certificates.remove(position),
        (None, Some(subject)) => {
            let unreadable = certificates.iter().find(|certificate| certificate.public_key().is_err());
            return Err(unreadable.map_or(Error::KeyMismatch { subject }, |certificate| {
                let reason =
                    format!("its key is one that cannot be used here: {}", certificate.key_algorithm());
                Error::AuthorityUnusable { subject: certificate.subject().clone(), reason }
            }));
        }
        (None, None) => {
            return Err(Error::PemMissing { wanted: "certificate", found: vec![] });
        }
    };
    let mut chain = Vec::new();
    while !current.is_self_issued() {
        let issuer = certificates.iter().position(|certificate| certificate.subject() == current.issuer());
        let issuer = issuer.ok_or_else(|| Error::IssuerMissing {
            subject: current.subject().clone(),
            issuer: current.issuer().clone(),
        })?;
        chain.push(std::mem::replace(&mut current, certificates.remove(issuer)));
    }
    chain.push(current);
    match certificates.first() {
        Some(other) => Err(Error::UnrelatedCertificate { subject: other.subject().clone() }),
        None => Ok(chain),
    }
}

/// Checks what verifiers ask of an authority with `below` others between it and an end entity. A
/// root is judged here alone: webpki takes nothing from it but name, key and nameConstraints, where
/// OpenSSL and Go refuse what follows from its other extensions.
///
/// # Errors
/// If it is no authority, may not sign certificates for this, or is not valid `now`.
pub fn check_may_issue(certificate: &Certificate, below: usize, now: OffsetDateTime) -> Result<(), Error> {
    let subject = || certificate.subject().clone();
    let unusable = |reason: String| Error::AuthorityUnusable { subject: subject(), reason };
    let Validity { not_before, not_after } = certificate.validity();
    if !certificate.is_ca() {
        return Err(Error::NotAnAuthority { subject: subject() });
    }
    if certificate.key_cert_sign() == Some(false) {
        return Err(Error::NoKeyCertSign { subject: subject() });
    }
    if let Some(kind) = EndEntityKind::ALL.into_iter().find(|kind| !certificate.serves(*kind)) {
        return Err(unusable(format!("its extendedKeyUsage has no {kind}Auth")));
    }
    if let Some(oid) = certificate.unknown_critical() {
        return Err(unusable(format!("its critical extension {oid} is unknown to verifiers")));
    }
    if certificate.path_length().is_some_and(|most| below > most as usize) {
        return Err(unusable(format!("its pathlen allows fewer than the {below} authorities below it")));
    }
    if now > not_after {
        return Err(Error::AuthorityExpired { not_after });
    }
    if now < not_before {
        return Err(Error::AuthorityNotYetValid { not_before, now });
    }
    Ok(())
}
