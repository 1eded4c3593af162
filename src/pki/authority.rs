use time::OffsetDateTime;

use super::sign::{Signer, Template, sign};
use super::{Certificate, EndEntity, Error, PrivateKey, Profile, PublicKey, SerialNumber, Subject, Validity};

/// What the certificate of a new authority is to say.
#[derive(Clone, Debug)]
pub struct AuthorityTemplate {
    /// Its name; it differs from its end entities', or verifiers without key identifiers take
    /// those for self-signed (OpenSSL's error 18).
    pub subject: Subject,
    /// From when to when.
    pub validity: Validity,
    /// A random number.
    pub serial: SerialNumber,
}

/// A certificate and its key that may sign others: only [`CertificateAuthority::create`] and
/// [`CertificateAuthority::load`] make one, so what was not checked cannot issue.
#[derive(Debug)]
pub struct CertificateAuthority {
    /// The certificate whose key signs, its issuers, and last their root; often just one.
    chain: Vec<Certificate>,
    key: PrivateKey,
}

impl CertificateAuthority {
    /// Makes a self-signed authority.
    ///
    /// # Errors
    /// Only where encoding or signing fails.
    pub fn create(template: &AuthorityTemplate, key: PrivateKey) -> Result<Self, Error> {
        let public_key = key.public_key()?;
        let signer = Signer { name: &template.subject, key_identifier: public_key.identifier(), key: &key };
        let template = Template {
            profile: Profile::Authority,
            subject: &template.subject,
            names: &[],
            validity: template.validity,
            serial: &template.serial,
        };
        let certificate = sign(&template, &public_key, &signer)?;
        Ok(Self { chain: vec![certificate], key })
    }

    /// Takes an authority that exists: the certificate that belongs to `key`, its issuers if it is
    /// an intermediate one, and their root, in any order.
    ///
    /// # Errors
    /// If none of the certificates belongs to the key; if one of the chain is no authority, may not
    /// sign certificates, or is not valid `now`; if an issuer is missing or a certificate is left over.
    pub fn load(certificates: Vec<Certificate>, key: PrivateKey, now: OffsetDateTime) -> Result<Self, Error> {
        let chain = order_chain(certificates, &key.public_key()?)?;
        for certificate in &chain {
            check_may_issue(certificate, now)?;
        }
        Ok(Self { chain, key })
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

    /// Issues the certificate of a server or a client.
    ///
    /// # Errors
    /// Only where encoding or signing fails.
    pub fn issue(&self, end_entity: &EndEntity, key: &PublicKey) -> Result<Certificate, Error> {
        let signer = Signer {
            name: self.certificate().subject(),
            key_identifier: self.certificate().key_identifier()?,
            key: &self.key,
        };
        let template = Template {
            profile: Profile::EndEntity(end_entity.kind),
            subject: &end_entity.subject,
            names: &end_entity.names,
            validity: end_entity.validity,
            serial: &end_entity.serial,
        };
        sign(&template, key, &signer)
    }
}

/// From the certificate of `key` up to the root, by the names of the issuers; whether the
/// signatures hold is for the verifier to say, which sees every certificate before it is used.
fn order_chain(mut certificates: Vec<Certificate>, key: &PublicKey) -> Result<Vec<Certificate>, Error> {
    let first = certificates.first().map(|certificate| certificate.subject().clone());
    let own =
        certificates.iter().position(|certificate| certificate.public_key().is_ok_and(|own| own == *key));
    let mut current = match (own, first) {
        (Some(position), _) => certificates.remove(position),
        (None, Some(subject)) => return Err(Error::KeyMismatch { subject }),
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

fn check_may_issue(certificate: &Certificate, now: OffsetDateTime) -> Result<(), Error> {
    let subject = || certificate.subject().clone();
    let Validity { not_before, not_after } = certificate.validity();
    if !certificate.is_ca() {
        return Err(Error::NotAnAuthority { subject: subject() });
    }
    if certificate.key_cert_sign() == Some(false) {
        return Err(Error::NoKeyCertSign { subject: subject() });
    }
    if now > not_after {
        return Err(Error::AuthorityExpired { not_after });
    }
    if now < not_before {
        return Err(Error::AuthorityNotYetValid { not_before });
    }
    Ok(())
}
