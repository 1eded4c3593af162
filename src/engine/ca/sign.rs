use der::asn1::{AnyRef, BitStringRef};
use der::{Decode, Encode, Sequence};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyIdMethod, KeyUsagePurpose, PublicKeyData, SanType, SignatureAlgorithm, SigningKey,
};

use crate::x509::{
    Certificate, EndEntityKind, Error, GeneralName, KeyAlgorithm, PrivateKey, PublicKey, SerialNumber,
    Subject, Validity,
};

/// What a certificate is to say, whatever its profile.
pub(crate) struct Template<'a> {
    pub(crate) profile: Profile,
    pub(crate) key_identifier: Vec<u8>,
    pub(crate) subject: &'a Subject,
    pub(crate) names: &'a [GeneralName],
    pub(crate) validity: Validity,
    pub(crate) serial: &'a SerialNumber,
}

/// Who signs.
pub(crate) struct Signer<'a> {
    pub(crate) name: &'a Subject,
    pub(crate) key_identifier: Vec<u8>,
    pub(crate) key: &'a PrivateKey,
}

/// Makes a certificate.
///
/// rcgen writes it; its names are then put in as DER, because rcgen's `DistinguishedName` is a map
/// that drops repeated attributes, and a leaf whose issuer is not its CA's subject byte for
/// byte does not verify ("unable to get local issuer certificate").
pub(crate) fn sign(
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
    params.subject_alt_names = template.names.iter().map(san).collect::<Result<_, _>>()?;
    params.use_authority_key_identifier_extension = true;
    params.key_identifier_method = KeyIdMethod::PreSpecified(template.key_identifier.clone());
    template.profile.apply(key, &mut params);
    if template.subject.is_empty() {
        // rcgen then makes subjectAltName critical, as RFC 5280 4.2.1.6 asks.
        params.distinguished_name = DistinguishedName::new();
    }

    let mut issuer = CertificateParams::default();
    issuer.key_identifier_method = KeyIdMethod::PreSpecified(signer.key_identifier.clone());
    let issuer = Issuer::new(issuer, Unsigned(algorithm(&signer.key.public_key()?)));
    let certificate = params.signed_by(&KeyOf(key), &issuer).map_err(Error::signing)?;
    Ok(certificate.der().to_vec())
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

/// What a certificate may be used for: the one place that decides it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// A self-signed CA.
    Ca {
        /// How many CAs may stand below it (RFC 5280 4.2.1.9).
        path_length: Option<u32>,
    },
    /// A server or a client.
    EndEntity(EndEntityKind),
}

impl Profile {
    /// Sets basicConstraints, keyUsage and extendedKeyUsage for a certificate of `key`.
    fn apply(self, key: &PublicKey, params: &mut CertificateParams) {
        (params.is_ca, params.key_usages) = match self {
            // keyUsage is what `openssl verify -x509_strict` and Python 3.13 ask of a CA.
            Self::Ca { path_length } => (
                IsCa::Ca(basic_constraints(path_length)),
                vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign],
            ),
            Self::EndEntity(_) => (IsCa::ExplicitNoCa, end_entity_usages(key).to_vec()),
        };
        params.extended_key_usages = match self {
            Self::Ca { .. } => vec![],
            Self::EndEntity(EndEntityKind::Server) => vec![ExtendedKeyUsagePurpose::ServerAuth],
            // Milvus' tlsMode 2 is Go's RequireAndVerifyClientCert, which asks for clientAuth.
            Self::EndEntity(EndEntityKind::Client) => vec![ExtendedKeyUsagePurpose::ClientAuth],
        };
    }
}

/// The documentation page's keyUsage; an elliptic-curve key cannot encipher.
fn end_entity_usages(key: &PublicKey) -> &'static [KeyUsagePurpose] {
    const SIGNS: KeyUsagePurpose = KeyUsagePurpose::DigitalSignature;
    match key.is_rsa() {
        true => &[SIGNS, KeyUsagePurpose::ContentCommitment, KeyUsagePurpose::KeyEncipherment],
        false => &[SIGNS],
    }
}

/// Whether a server's or client's certificate for this key has a bit of keyUsage, by its name in RFC
/// 5280 4.2.1.3.
pub(crate) fn has_usage(key: &PublicKey, usage: &str) -> bool {
    end_entity_usages(key).iter().any(|purpose| match purpose {
        KeyUsagePurpose::DigitalSignature => usage == "digitalSignature",
        KeyUsagePurpose::ContentCommitment => usage == "nonRepudiation",
        KeyUsagePurpose::KeyEncipherment => usage == "keyEncipherment",
        _ => false,
    })
}

/// No chain is as long as the longest path that rcgen can write.
fn basic_constraints(path_length: Option<u32>) -> BasicConstraints {
    let constrained = |length| BasicConstraints::Constrained(u8::try_from(length).unwrap_or(u8::MAX));
    path_length.map_or(BasicConstraints::Unconstrained, constrained)
}
