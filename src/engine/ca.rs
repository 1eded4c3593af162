//! Creates CAs and signs with them. rcgen is used here and nowhere else, and what it cannot do stands beside it.

use der::asn1::{AnyRef, BitStringRef};
use der::{Decode, Encode, Sequence};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyIdMethod, KeyUsagePurpose, PublicKeyData, SanType, SignatureAlgorithm, SigningKey,
};

use crate::engine::leaf::Leaf;
use crate::x509::{
    Ca, Certificate, EndEntityKind, Error, GeneralName, KeyAlgorithm, PrivateKey, PublicKey, SerialNumber,
    Subject, Validity, check_length,
};

impl Ca {
    /// Makes a self-signed CA with a random serial number. Its name differs from those of what it issues, or
    /// verifiers without key identifiers take these for self-signed (OpenSSL's error 18).
    ///
    /// # Errors
    /// Only where encoding or signing fails.
    pub(crate) fn create(subject: Subject, validity: Validity, key: PrivateKey) -> Result<Self, Error> {
        let public_key = key.public_key()?;
        let signer = Signer { name: &subject, key_identifier: public_key.identifier(), key: &key };
        // No CA stands below it.
        let params = of_ca(Some(0), validity, &SerialNumber::random()?);
        let certificate = signer.sign_own(params, &public_key)?;
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
        let certificate = signer.sign(of_leaf(leaf, key, serial)?, &leaf.subject, key)?;
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
        let signer = Signer { name: root.subject(), key_identifier, key: self.key() };
        let serial = if serial_may_be_named { root.serial() } else { serial };
        signer.sign_own(of_ca(root.extensions.path_length, validity, serial), &public_key)
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

/// A certificate as rcgen is told of it, but for the names of subject and issuer and for the keys.
fn params(validity: Validity, serial: &SerialNumber) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.serial_number = Some(serial.octets().to_vec().into());
    params.not_before = validity.not_before;
    params.not_after = validity.not_after;
    params.use_authority_key_identifier_extension = true;
    params
}

/// A self-signed CA; `path_length` is how many CAs may stand below it (RFC 5280 4.2.1.9).
fn of_ca(path_length: Option<u32>, validity: Validity, serial: &SerialNumber) -> CertificateParams {
    // No chain is as long as the longest path that rcgen can write.
    let constrained = |length| BasicConstraints::Constrained(u8::try_from(length).unwrap_or(u8::MAX));
    let mut params = params(validity, serial);
    params.is_ca = IsCa::Ca(path_length.map_or(BasicConstraints::Unconstrained, constrained));
    // keyUsage is what `openssl verify -x509_strict` and Python 3.13 ask of a CA.
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// A server or a client.
fn of_leaf(leaf: &Leaf, key: &PublicKey, serial: &SerialNumber) -> Result<CertificateParams, Error> {
    let mut params = params(leaf.validity, serial);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = leaf_usages(key).to_vec();
    params.extended_key_usages = vec![match leaf.kind {
        EndEntityKind::Server => ExtendedKeyUsagePurpose::ServerAuth,
        // Milvus' tlsMode 2 is Go's RequireAndVerifyClientCert, which asks for clientAuth.
        EndEntityKind::Client => ExtendedKeyUsagePurpose::ClientAuth,
    }];
    params.key_identifier_method = KeyIdMethod::PreSpecified(key.identifier());
    params.subject_alt_names = leaf.names.iter().map(san).collect::<Result<_, _>>()?;
    if leaf.subject.is_empty() {
        // rcgen then makes subjectAltName critical, as RFC 5280 4.2.1.6 asks.
        params.distinguished_name = DistinguishedName::new();
    }
    Ok(params)
}

/// The documentation page's keyUsage; an elliptic-curve key cannot encipher.
fn leaf_usages(key: &PublicKey) -> &'static [KeyUsagePurpose] {
    const SIGNS: KeyUsagePurpose = KeyUsagePurpose::DigitalSignature;
    match key.is_rsa() {
        true => &[SIGNS, KeyUsagePurpose::ContentCommitment, KeyUsagePurpose::KeyEncipherment],
        false => &[SIGNS],
    }
}

/// Whether a server's or client's certificate for this key has a bit of keyUsage, by its name in RFC
/// 5280 4.2.1.3.
pub(crate) fn has_usage(key: &PublicKey, usage: &str) -> bool {
    leaf_usages(key).iter().any(|purpose| match purpose {
        KeyUsagePurpose::DigitalSignature => usage == "digitalSignature",
        KeyUsagePurpose::ContentCommitment => usage == "nonRepudiation",
        KeyUsagePurpose::KeyEncipherment => usage == "keyEncipherment",
        _ => false,
    })
}

fn san(name: &GeneralName) -> Result<SanType, Error> {
    let text = |value: &str| value.to_owned().try_into().map_err(Error::signing);
    Ok(match name {
        GeneralName::Dns(name) => SanType::DnsName(text(name.as_str())?),
        GeneralName::Ip(address) => SanType::IpAddress(*address),
        GeneralName::Uri(uri) => SanType::URI(text(uri)?),
        GeneralName::Email(address) => SanType::Rfc822Name(text(address)?),
    })
}

/// Who signs.
struct Signer<'a> {
    name: &'a Subject,
    key_identifier: Vec<u8>,
    key: &'a PrivateKey,
}

impl Signer<'_> {
    /// Makes the certificate of the signer itself.
    fn sign_own(&self, mut params: CertificateParams, key: &PublicKey) -> Result<Certificate, Error> {
        params.key_identifier_method = KeyIdMethod::PreSpecified(self.key_identifier.clone());
        self.sign(params, self.name, key)
    }

    /// Makes a certificate.
    ///
    /// rcgen writes it; its names are then put in as DER, because rcgen's `DistinguishedName` is a map
    /// that drops repeated attributes, and a leaf whose issuer is not its CA's subject byte for
    /// byte does not verify ("unable to get local issuer certificate").
    fn sign(
        &self,
        params: CertificateParams,
        subject: &Subject,
        key: &PublicKey,
    ) -> Result<Certificate, Error> {
        let mut issuer = CertificateParams::default();
        issuer.key_identifier_method = KeyIdMethod::PreSpecified(self.key_identifier.clone());
        let issuer = Issuer::new(issuer, Unsigned(algorithm(&self.key.public_key()?)));
        let unsigned = params.signed_by(&KeyOf(key), &issuer).map_err(Error::signing)?;
        let outer = Signed::from_der(unsigned.der()).map_err(Error::signing)?;
        let tbs = TbsCertificate {
            issuer: AnyRef::from_der(self.name.as_der()).map_err(Error::signing)?,
            subject: AnyRef::from_der(subject.as_der()).map_err(Error::signing)?,
            ..outer.tbs
        };
        let signature = self.key.sign(&tbs.to_der().map_err(Error::signing)?)?;
        let signature = BitStringRef::from_bytes(&signature).map_err(Error::signing)?;
        let signed = Signed { tbs, signature, ..outer };
        Certificate::from_der(&signed.to_der().map_err(Error::signing)?)
    }
}

/// The algorithm that a key signs with, from which rcgen also takes that of a SubjectPublicKeyInfo.
fn algorithm(key: &PublicKey) -> &'static SignatureAlgorithm {
    match key.algorithm() {
        KeyAlgorithm::P256 => &rcgen::PKCS_ECDSA_P256_SHA256,
        KeyAlgorithm::P384 => &rcgen::PKCS_ECDSA_P384_SHA384,
        KeyAlgorithm::Ed25519 => &rcgen::PKCS_ED25519,
        // What cannot be certified never becomes a `PublicKey`.
        KeyAlgorithm::Rsa(_) | KeyAlgorithm::P521 | KeyAlgorithm::Other(_) => &rcgen::PKCS_RSA_SHA256,
    }
}

/// The key of a certificate's subject, as rcgen reads it.
struct KeyOf<'a>(&'a PublicKey);

impl PublicKeyData for KeyOf<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0.bits()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        algorithm(self.0)
    }
}

/// Stands where rcgen wants the CA key: the signature follows when the names are in place.
struct Unsigned(&'static SignatureAlgorithm);

impl PublicKeyData for Unsigned {
    fn der_bytes(&self) -> &[u8] {
        &[]
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.0
    }
}

impl SigningKey for Unsigned {
    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(Vec::new())
    }
}

/// Certificate, RFC 5280 4.1.
#[derive(Clone, Copy, Sequence)]
struct Signed<'a> {
    tbs: TbsCertificate<'a>,
    algorithm: AnyRef<'a>,
    signature: BitStringRef<'a>,
}

/// TBSCertificate, RFC 5280 4.1, as far as rcgen writes it (no unique identifiers), every field as
/// it is encoded.
#[derive(Clone, Copy, Sequence)]
struct TbsCertificate<'a> {
    version: AnyRef<'a>,
    serial_number: AnyRef<'a>,
    signature: AnyRef<'a>,
    issuer: AnyRef<'a>,
    validity: AnyRef<'a>,
    subject: AnyRef<'a>,
    subject_public_key_info: AnyRef<'a>,
    extensions: AnyRef<'a>,
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
