use der::asn1::{AnyRef, BitStringRef};
use der::{Decode, Encode, Sequence};
use rcgen::{
    CertificateParams, DistinguishedName, Issuer, KeyIdMethod, PublicKeyData, SignatureAlgorithm, SigningKey,
};

use super::{
    Certificate, EndEntityKind, Error, GeneralName, PrivateKey, Profile, PublicKey, SerialNumber, Subject,
    Validity,
};

/// What the certificate of a server or a client is to say.
#[derive(Clone, Debug)]
pub struct EndEntity {
    /// Server or client.
    pub kind: EndEntityKind,
    /// Whose certificate it is to be.
    pub subject: Subject,
    /// subjectAltName.
    pub names: Vec<GeneralName>,
    /// From when to when.
    pub validity: Validity,
    /// The authority's next serial number.
    pub serial: SerialNumber,
}

/// What a certificate is to say, whatever its profile.
pub(super) struct Template<'a> {
    pub(super) profile: Profile,
    pub(super) key_identifier: Vec<u8>,
    pub(super) subject: &'a Subject,
    pub(super) names: &'a [GeneralName],
    pub(super) validity: Validity,
    pub(super) serial: &'a SerialNumber,
}

/// Who signs.
pub(super) struct Signer<'a> {
    pub(super) name: &'a Subject,
    pub(super) key_identifier: Vec<u8>,
    pub(super) key: &'a PrivateKey,
}

/// Makes a certificate.
///
/// rcgen writes it; its names are then put in as DER, because rcgen's `DistinguishedName` is a map
/// that drops repeated attributes, and a leaf whose issuer is not its authority's subject byte for
/// byte does not verify ("unable to get local issuer certificate").
pub(super) fn sign(
    template: &Template<'_>,
    key: &PublicKey,
    signer: &Signer<'_>,
) -> Result<Certificate, Error> {
    let unsigned = unsigned(template, key, signer)?;
    let outer = Signed::from_der(&unsigned).map_err(Error::signing)?;
    let tbs = TbsCertificate {
        issuer: AnyRef::from_der(signer.name.as_der()).map_err(Error::signing)?,
        subject: AnyRef::from_der(template.subject.as_der()).map_err(Error::signing)?,
        ..outer.tbs
    };
    let signature = signer.key.sign(&tbs.to_der().map_err(Error::signing)?)?;
    let signature = BitStringRef::from_bytes(&signature).map_err(Error::signing)?;
    let signed = Signed { tbs, signature, ..outer };
    Certificate::from_der(&signed.to_der().map_err(Error::signing)?)
}

fn unsigned(template: &Template<'_>, key: &PublicKey, signer: &Signer<'_>) -> Result<Vec<u8>, Error> {
    let mut params = CertificateParams::default();
    params.serial_number = Some(template.serial.octets().to_vec().into());
    params.not_before = template.validity.not_before;
    params.not_after = template.validity.not_after;
    params.subject_alt_names = template.names.iter().map(GeneralName::to_rcgen).collect::<Result<_, _>>()?;
    params.use_authority_key_identifier_extension = true;
    params.key_identifier_method = KeyIdMethod::PreSpecified(template.key_identifier.clone());
    template.profile.apply(key, &mut params);
    if template.subject.is_empty() {
        // rcgen then makes subjectAltName critical, as RFC 5280 4.2.1.6 asks.
        params.distinguished_name = DistinguishedName::new();
    }

    let mut issuer = CertificateParams::default();
    issuer.key_identifier_method = KeyIdMethod::PreSpecified(signer.key_identifier.clone());
    let issuer = Issuer::new(issuer, Unsigned(signer.key.signature_algorithm()));
    let certificate = params.signed_by(key, &issuer).map_err(Error::signing)?;
    Ok(certificate.der().to_vec())
}

/// Stands where rcgen wants the authority's key: the signature follows when the names are in place.
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
