use crate::engine::inventory::Unvouched;
use crate::x509::CertificateAuthority;
use crate::x509::{Certificate, Validity};

/// The CAs whose certificates are reissued: that of `ca.key`, and those in ca.pem, of which there are two
/// while one takes the place of the other.
pub(crate) struct Signers {
    /// The CA that signs now, and its issuers up to the root.
    chain: Vec<Certificate>,
    /// ca.pem.
    trusted: Vec<Certificate>,
}

impl Signers {
    /// Of a directory whose ca.pem has these certificates.
    pub(crate) fn of(authority: &CertificateAuthority, trusted: Vec<Certificate>) -> Self {
        let mut chain = authority.intermediates().to_vec();
        chain.push(authority.root().clone());
        Self { chain, trusted }
    }

    /// The same where the key is not at hand: `chain` begins with the CA that signs.
    pub(crate) fn presumed(chain: Vec<Certificate>, trusted: Vec<Certificate>) -> Self {
        Self { chain, trusted }
    }

    /// The CA that signs now.
    pub(crate) fn current(&self) -> &Certificate {
        &self.chain[0]
    }

    /// The time in which the whole chain of the CA that signs now is valid.
    pub(crate) fn validity(&self) -> Validity {
        let validity = |certificate: &Certificate| certificate.validity();
        self.chain.iter().map(validity).fold(self.current().validity(), Validity::within)
    }

    /// Whether one of them signed a certificate, by the signature. `others` is what else the certificate's
    /// file holds.
    pub(crate) fn check(&self, certificate: &Certificate, others: &[Certificate]) -> Result<(), Unvouched> {
        let signed = |issuer: &Certificate| certificate.is_issued_by(issuer);
        let by_own = signed(self.current()) || self.trusted.iter().any(signed);
        match by_own || self.issuer_below_trusted(certificate, others).is_some() {
            true => Ok(()),
            false => Err(Unvouched::OtherCa { issuer: certificate.issuer().clone() }),
        }
    }

    /// A CA that stands beside the certificate and is below the one that signs now. While a CA takes the place
    /// of an intermediate one, that is below ca.pem, and only the files of its certificates have it.
    fn issuer_below_trusted<'a>(
        &self,
        certificate: &Certificate,
        others: &'a [Certificate],
    ) -> Option<&'a Certificate> {
        let above = if self.trusted.len() > 1 { self.trusted.as_slice() } else { &self.chain[..1] };
        let is_below = |issuer: &Certificate| above.iter().any(|ca| issuer.is_issued_by(ca));
        others.iter().find(|issuer| issuer.is_ca() && certificate.is_issued_by(issuer) && is_below(issuer))
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::engine::ca::{AuthorityTemplate, EndEntity};
    use crate::x509::{
        Attribute, AttributeType, Days, EndEntityKind, KeyType, PrivateKey, SerialNumber, Subject,
    };

    const NOW: time::OffsetDateTime = datetime!(2030-01-01 00:00:00 UTC);

    fn ca(name: &str) -> CertificateAuthority {
        let subject = Subject::new(&[Attribute::new(AttributeType::CommonName, name).unwrap()]).unwrap();
        let validity = Validity::starting(NOW, Days::new(10).unwrap()).unwrap();
        let template = AuthorityTemplate { subject, validity, serial: SerialNumber::random().unwrap() };
        CertificateAuthority::create(&template, PrivateKey::generate(KeyType::P256).unwrap()).unwrap()
    }

    fn leaf(ca: &CertificateAuthority) -> Certificate {
        let end_entity = EndEntity {
            kind: EndEntityKind::Client,
            subject: Subject::new(&[Attribute::new(AttributeType::CommonName, "admin").unwrap()]).unwrap(),
            names: Vec::new(),
            validity: ca.validity(),
            serial: SerialNumber::random().unwrap(),
        };
        ca.issue(&end_entity, &PrivateKey::generate(KeyType::P256).unwrap().public_key().unwrap()).unwrap()
    }

    #[test]
    fn the_signature_says_who_signed_a_certificate_not_the_name() {
        let (own, namesake, old) = (ca("CA"), ca("CA"), ca("old CA"));
        let signers = Signers::of(&own, vec![old.root().clone(), own.root().clone()]);
        assert_eq!(signers.check(&leaf(&own), &[]), Ok(()));
        assert_eq!(signers.check(&leaf(&old), &[]), Ok(()));
        let foreign = leaf(&namesake);
        let other = Err(Unvouched::OtherCa { issuer: foreign.issuer().clone() });
        assert_eq!(signers.check(&foreign, &[]), other);
        // What stands beside it proves nothing, not even the real CA.
        let beside = [namesake.root().clone(), own.root().clone()];
        assert_eq!(signers.check(&foreign, &beside), other);
    }
}
