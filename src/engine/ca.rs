//! Creates CAs and signs with them. This is where rcgen is used, and what it cannot do stands beside it.

mod sign;

use crate::engine::leaf::Leaf;
use crate::x509::{
    Ca, Certificate, Error, PrivateKey, PublicKey, SerialNumber, Subject, Validity, check_length,
};
pub(crate) use sign::has_usage;
use sign::{Profile, Signer, Template, sign};

impl Ca {
    /// Makes a self-signed CA with a random serial number. Its name differs from those of what it issues, or
    /// verifiers without key identifiers take these for self-signed (OpenSSL's error 18).
    ///
    /// # Errors
    /// Only where encoding or signing fails.
    pub(crate) fn create(subject: Subject, validity: Validity, key: PrivateKey) -> Result<Self, Error> {
        let public_key = key.public_key()?;
        let signer = Signer { name: &subject, key_identifier: public_key.identifier(), key: &key };
        let template = Template {
            // No CA stands below it.
            profile: Profile::Ca { path_length: Some(0) },
            key_identifier: public_key.identifier(),
            subject: &subject,
            names: &[],
            validity,
            serial: &SerialNumber::random()?,
        };
        let certificate = sign(&template, &public_key, &signer)?;
        Ok(Self::root_of(certificate, key))
    }

    /// Issues the certificate of a server or a client.
    ///
    /// # Errors
    /// If it would be longer than clients take; else only where encoding or signing fails.
    pub(crate) fn issue(
        &self,
        leaf: &Leaf,
        serial: &SerialNumber,
        key: &PublicKey,
    ) -> Result<Certificate, Error> {
        let signer = Signer {
            name: self.certificate().subject(),
            key_identifier: self.certificate().key_identifier()?,
            key: self.key(),
        };
        let template = Template {
            profile: Profile::EndEntity(leaf.kind),
            key_identifier: key.identifier(),
            subject: &leaf.subject,
            names: &leaf.names,
            validity: leaf.validity,
            serial,
        };
        let certificate = sign(&template, key, &signer)?;
        let presented = self.intermediates().iter().chain([&certificate]);
        check_length(presented.map(|certificate| certificate.as_der().len()).sum())?;
        Ok(certificate)
    }

    /// Signs a root anew, with what verifiers ask of a CA today; key, name and pathlen stay.
    ///
    /// Everything that it issued goes on verifying, whatever authorityKeyIdentifier says there (RFC
    /// 5280 4.2.1.1): the identifier of the key, the issuer's name with the root's serial number, or
    /// all of it. OpenSSL takes no issuer that differs from it (`X509_check_akid`), so the
    /// subjectKeyIdentifier stays as well, and where it may be named so does the serial number:
    /// OpenSSL's `keyid,issuer` names it where the root has no subjectKeyIdentifier, `issuer:always`
    /// wherever it stands. `issued` is what is known of certificates that may do so.
    ///
    /// # Errors
    /// If this is no root, has limits that the new certificate would not have, or `issued` name its
    /// key in two ways.
    pub(crate) fn reissue(
        &self,
        validity: Validity,
        serial: &SerialNumber,
        issued: &[Certificate],
    ) -> Result<Certificate, Error> {
        check_may_be_reissued(self)?;
        let root = self.root();
        let public_key = self.key().public_key()?;
        let issued: Vec<_> = issued.iter().filter(|leaf| leaf.issuer() == root.subject()).collect();
        let key_identifier = match root.subject_key_identifier() {
            Some(identifier) => identifier.to_vec(),
            None => named_identifier(root, &issued)?.unwrap_or_else(|| public_key.identifier()),
        };
        let mut family = std::iter::once(root).chain(issued);
        let serial_may_be_named = root.subject_key_identifier().is_none()
            || family.any(|certificate| certificate.extensions.names_serial_of_issuer);
        if serial_may_be_named && root.serial().is_negative() {
            return Err(not_reissuable(root, "certificates may name its serial number, which is negative"));
        }
        let signer = Signer { name: root.subject(), key_identifier: key_identifier.clone(), key: self.key() };
        let template = Template {
            profile: Profile::Ca { path_length: root.extensions.path_length },
            key_identifier,
            subject: root.subject(),
            names: &[],
            validity,
            serial: if serial_may_be_named { root.serial() } else { serial },
        };
        sign(&template, &public_key, &signer)
    }
}

/// A new certificate must not allow what the old one did not, and only the root signs itself.
fn check_may_be_reissued(ca: &Ca) -> Result<(), Error> {
    let certificate = ca.certificate();
    let refused = |reason| Err(not_reissuable(certificate, reason));
    if !ca.intermediates().is_empty() {
        return refused("it is an intermediate CA, whose issuer alone can");
    }
    if certificate.extensions.constrains_names {
        return refused("its nameConstraints would be lost");
    }
    if certificate.extended_key_usage().is_some() {
        return refused("its extendedKeyUsage, which limits what it issues, would be lost");
    }
    if certificate.extensions.constrains_policies {
        return refused("its policyConstraints or inhibitAnyPolicy would be lost");
    }
    Ok(())
}

fn not_reissuable(certificate: &Certificate, reason: &str) -> Error {
    Error::new(format!("cannot be signed anew ({}): {reason}", certificate.subject()))
        .with_hint_on_directory("rotate-ca begin", "without --same-key makes a CA with a key of its own")
}

/// The identifier by which certificates name the key of a root that does not say it itself.
fn named_identifier(root: &Certificate, issued: &[&Certificate]) -> Result<Option<Vec<u8>>, Error> {
    let mut named = issued.iter().filter_map(|certificate| certificate.authority_key_identifier());
    let first = named.next();
    match named.any(|identifier| Some(identifier) != first) {
        true => {
            Err(not_reissuable(root, "certificates that it issued name its key by different identifiers"))
        }
        false => Ok(first.map(<[u8]>::to_vec)),
    }
}

#[cfg(test)]
mod tests {
    use der::asn1::{Any, ObjectIdentifier, SetOfVec};
    use der::{Encode, Tag};
    use proptest::prelude::*;
    use time::OffsetDateTime;
    use time::macros::datetime;
    use x509_cert::attr::AttributeTypeAndValue;
    use x509_cert::name::{RdnSequence, RelativeDistinguishedName};

    use super::*;
    use crate::x509::{
        Attribute, AttributeType, Days, EndEntityKind, GeneralName, KeyType, key_from_pem, key_to_pem,
        verify_chain,
    };

    const NOW: OffsetDateTime = datetime!(2030-01-01 00:00:00 UTC);

    fn validity(days: u32) -> Validity {
        Validity::starting(NOW, Days::new(days).unwrap()).unwrap()
    }

    fn key() -> PrivateKey {
        PrivateKey::generate(KeyType::P256).unwrap()
    }

    fn ca(subject: Subject) -> Ca {
        Ca::create(subject, validity(10), key()).unwrap()
    }

    fn named(common_name: &str) -> Subject {
        Subject::new(&[Attribute::new(AttributeType::CommonName, common_name).unwrap()]).unwrap()
    }

    fn leaf(kind: EndEntityKind, subject: Subject, names: Vec<GeneralName>) -> Leaf {
        Leaf { kind, subject, names, validity: validity(5) }
    }

    fn issue(ca: &Ca, leaf: &Leaf, key: &PrivateKey) -> Certificate {
        ca.issue(leaf, &SerialNumber::random().unwrap(), &key.public_key().unwrap()).unwrap()
    }

    /// Any Name: several attributes in an RDN, types repeated, every string type of X.520.
    fn any_name() -> impl Strategy<Value = Subject> {
        let types = ["2.5.4.3", "2.5.4.10", "2.5.4.11", "0.9.2342.19200300.100.1.25", "1.2.840.113549.1.9.1"];
        let tags =
            [Tag::Utf8String, Tag::PrintableString, Tag::TeletexString, Tag::BmpString, Tag::Ia5String];
        let attribute =
            (prop::sample::select(types.to_vec()), prop::sample::select(tags.to_vec()), "[A-Za-z0-9 ]{2,20}");
        let attribute = attribute.prop_map(|(oid, tag, text)| {
            let bytes = match tag {
                Tag::BmpString => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
                _ => text.into_bytes(),
            };
            AttributeTypeAndValue {
                oid: ObjectIdentifier::new_unwrap(oid),
                value: Any::new(tag, bytes).unwrap(),
            }
        });
        let rdn = prop::collection::btree_set(attribute, 1..4)
            .prop_map(|set| RelativeDistinguishedName::from(SetOfVec::from_iter(set).unwrap()));
        prop::collection::vec(rdn, 1..6)
            .prop_map(|rdns| Subject::from_der(&RdnSequence::from(rdns).to_der().unwrap()))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_issuer_of_a_leaf_is_the_authoritys_subject_byte_for_byte(name in any_name()) {
            let ca = ca(name.clone());
            for kind in EndEntityKind::ALL {
                let names = vec!["localhost".parse().unwrap()];
                let leaf = issue(&ca, &leaf(kind, name.clone(), names.clone()), &key());
                prop_assert_eq!(leaf.issuer().as_der(), name.as_der());
                prop_assert_eq!(leaf.subject().as_der(), name.as_der());
                verify_chain(kind, &[leaf], &[ca.root().clone()], &names, NOW).unwrap();
            }
        }

        #[test]
        fn a_certificate_says_what_it_was_asked_to(
            common_name in "\\PC{1,64}", organization in "\\PC{0,64}", host in "[a-z]{1,20}(\\.[a-z]{1,20}){0,3}", address in any::<[u8; 16]>()
        ) {
            let attributes = [
                Attribute::new(AttributeType::Organization, &organization),
                Attribute::new(AttributeType::CommonName, &common_name),
            ];
            prop_assume!(attributes.iter().all(Result::is_ok));
            let subject = Subject::new(&attributes.map(Result::unwrap)).unwrap();
            let names = vec![GeneralName::Dns(host.parse().unwrap()), GeneralName::Ip(address.into())];
            let asked = leaf(EndEntityKind::Server, subject, names);
            let ca = ca(named("authority"));
            let serial = SerialNumber::random().unwrap();
            let leaf = ca.issue(&asked, &serial, &key().public_key().unwrap()).unwrap();
            prop_assert_eq!(leaf.subject(), &asked.subject);
            prop_assert_eq!(leaf.names(), &asked.names[..]);
            prop_assert_eq!(leaf.serial(), &serial);
            prop_assert_eq!(leaf.validity(), asked.validity);
            verify_chain(EndEntityKind::Server, &[leaf], &[ca.root().clone()], &asked.names, NOW).unwrap();
        }
    }

    #[test]
    fn a_certificate_serves_only_its_purpose_under_its_authority_and_in_its_time() {
        let (own, other) = (ca(named("own")), ca(named("own")));
        let asked = leaf(EndEntityKind::Client, named("a"), vec!["a".parse().unwrap()]);
        let leaf = [issue(&own, &asked, &key())];
        let verify = |kind, anchor: &Ca, names: &[GeneralName], now| {
            verify_chain(kind, &leaf, std::slice::from_ref(anchor.root()), names, now)
        };
        verify(EndEntityKind::Client, &own, &asked.names, NOW).unwrap();
        verify(EndEntityKind::Server, &own, &asked.names, NOW).unwrap_err();
        verify(EndEntityKind::Client, &other, &asked.names, NOW).unwrap_err();
        verify(EndEntityKind::Client, &own, &["b".parse().unwrap()], NOW).unwrap_err();
        verify(EndEntityKind::Client, &own, &asked.names, NOW + time::Duration::days(6)).unwrap_err();
    }

    #[test]
    fn only_what_may_issue_becomes_an_authority() {
        let (own, leaf_key) = (ca(named("own")), key());
        let asked = leaf(EndEntityKind::Server, named("a"), vec![]);
        let leaf = issue(&own, &asked, &leaf_key);
        let root = own.root().clone();
        let refusal = |loaded: Result<_, Error>| loaded.map(|_: Ca| ()).unwrap_err().to_string();
        let load = |certificates, key| refusal(Ca::load(certificates, key, NOW));
        assert!(load(vec![root.clone()], key()).starts_with("the private key does not belong to"));
        assert!(load(vec![leaf, root.clone()], leaf_key).starts_with("is not a CA (CN=a)"));
        let unrelated = ca(named("unrelated")).root().clone();
        let late = NOW + time::Duration::days(11);
        let early = NOW - time::Duration::days(1);
        let key = own.key();
        assert_eq!(load(vec![], super::tests::key()), "has no certificate");
        let again = |certificates, now| {
            let copy = key_from_pem(key_to_pem(key).unwrap().as_bytes(), None);
            Ca::load(certificates, copy.unwrap(), now)
        };
        assert!(refusal(again(vec![root.clone()], late)).starts_with("the CA expired on"));
        assert!(refusal(again(vec![root.clone()], early)).starts_with("the CA is valid only from"));
        assert!(refusal(again(vec![root.clone(), unrelated], NOW)).contains("is not part of the CA's chain"));
        assert!(again(vec![root], NOW).is_ok());
    }
}
