//! Whose certificates are reissued as they lie there, and why others are not.

use crate::store::{INVENTORY, ISSUED_FOLDER};
use crate::x509::{Ca, Certificate, Subject, Validity};

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
    pub(crate) fn of(ca: &Ca, trusted: Vec<Certificate>) -> Self {
        let mut chain = ca.intermediates().to_vec();
        chain.push(ca.root().clone());
        Self { chain, trusted }
    }

    /// The same where the key is not at hand: `chain` begins with the CA that signs.
    pub(crate) fn presumed(chain: Vec<Certificate>, trusted: Vec<Certificate>) -> Self {
        Self { chain, trusted }
    }

    /// The root of the CA that signs now.
    pub(crate) fn root(&self) -> &Certificate {
        &self.chain[self.chain.len() - 1]
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
        // While a CA takes the place of an intermediate one, that is below ca.pem, and only the files of its
        // certificates have it.
        let above = if self.trusted.len() > 1 { self.trusted.as_slice() } else { &self.chain[..1] };
        let is_below = |issuer: &Certificate| above.iter().any(|ca| issuer.is_issued_by(ca));
        let is_signed = signed(self.current())
            || self.trusted.iter().any(signed)
            || others.iter().any(|issuer| issuer.is_ca() && signed(issuer) && is_below(issuer));
        match is_signed {
            true => Ok(()),
            false => Err(Unvouched::OtherCa { issuer: certificate.issuer().clone() }),
        }
    }
}

/// Why a certificate is not reissued as it lies there: nothing shows that its subject and names are those
/// that were meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unvouched {
    #[error("the CA of this directory did not sign it, its issuer is {issuer}")]
    OtherCa { issuer: Subject },
    #[error("{ISSUED_FOLDER}/{INVENTORY} has no line for it")]
    NoLine,
    #[error("it is not the certificate that {ISSUED_FOLDER}/{INVENTORY} has for this file")]
    OtherCertificate,
    #[error(
        "{ISSUED_FOLDER}/{INVENTORY} has a later certificate for this file, with another kind, subject or names"
    )]
    EarlierCertificate,
    #[error("{ISSUED_FOLDER}/{INVENTORY} has this certificate for {file}")]
    OfAnotherFile { file: String },
    #[error("{ISSUED_FOLDER}/{INVENTORY} has no line for it, and it cannot be read as a certificate")]
    Unreadable,
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::engine::leaf::Leaf;
    use crate::x509::{
        Attribute, AttributeType, Days, EndEntityKind, KeyType, PrivateKey, SerialNumber, Subject,
    };

    const NOW: time::OffsetDateTime = datetime!(2030-01-01 00:00:00 UTC);

    fn ca(name: &str) -> Ca {
        let subject = Subject::new(&[Attribute::new(AttributeType::CommonName, name).unwrap()]).unwrap();
        let validity = Validity::starting(NOW, Days::new(10).unwrap()).unwrap();
        Ca::create(subject, validity, PrivateKey::generate(KeyType::P256).unwrap()).unwrap()
    }

    fn leaf(ca: &Ca) -> Certificate {
        let leaf = Leaf {
            kind: EndEntityKind::Client,
            subject: Subject::new(&[Attribute::new(AttributeType::CommonName, "admin").unwrap()]).unwrap(),
            names: Vec::new(),
            validity: ca.validity(),
        };
        let key = PrivateKey::generate(KeyType::P256).unwrap().public_key().unwrap();
        ca.issue(&leaf, &SerialNumber::random().unwrap(), &key).unwrap()
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
