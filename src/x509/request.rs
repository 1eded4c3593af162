use std::borrow::Cow;

use der::asn1::AnyRef;
use der::{Decode, Encode, Sequence, Tag, TagNumber};
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::cri_attributes::ParsedCriAttribute;
use x509_parser::extensions::{ParsedExtension, X509Extension};
use x509_parser::objects::{oid_registry, oid2sn};
use x509_parser::prelude::FromDer;
use x509_parser::prelude::asn1_rs::Oid;

use crate::base::text::printable;
use crate::x509::certificate::{MAX_LENGTH, in_words, spki_sha256};
use crate::x509::encoding::blocks;
use crate::x509::extensions::{ANY_PURPOSE, Extensions};
use crate::x509::key_defect::certifiable;
use crate::x509::signed::{SignatureDefect, check_signature};
use crate::x509::{EndEntityKind, Error, GeneralName, KeyAlgorithm, PublicKey, SignatureAlgorithm, Subject};

/// A certificate signing request (PKCS#10, RFC 2986), parsed once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateRequest {
    der: Vec<u8>,
    subject: Subject,
    spki: Vec<u8>,
    key_algorithm: KeyAlgorithm,
    signature_algorithm: SignatureAlgorithm,
    extensions: Extensions,
    other_extensions: Vec<String>,
    other_attributes: Vec<String>,
}

impl CertificateRequest {
    /// Reads one DER request.
    ///
    /// # Errors
    /// If it is not one, or something follows it.
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        let malformed = |reason: String| Error::RequestMalformed { reason };
        if der.len() > MAX_LENGTH {
            return Err(malformed(format!("it is longer than {MAX_LENGTH} octets")));
        }
        let completed = with_attributes(der);
        let (rest, parsed) = X509CertificationRequest::from_der(&completed)
            .map_err(|error| malformed(in_words(&error, der)))?;
        if !rest.is_empty() {
            return Err(malformed(format!("{} octets follow it", rest.len())));
        }
        let information = &parsed.certification_request_info;
        let mut request = Self {
            der: der.to_vec(),
            subject: Subject::from_der(information.subject.as_raw()),
            spki: information.subject_pki.raw.to_vec(),
            key_algorithm: KeyAlgorithm::from_spki(information.subject_pki.raw),
            signature_algorithm: SignatureAlgorithm::of(&parsed.signature_algorithm.algorithm.to_id_string()),
            extensions: Extensions::default(),
            other_extensions: Vec::new(),
            other_attributes: Vec::new(),
        };
        for attribute in information.iter_attributes() {
            match attribute.parsed_attribute() {
                ParsedCriAttribute::ExtensionRequest(asked) => {
                    asked.extensions.iter().for_each(|extension| request.add(extension));
                }
                _ => request.other_attributes.push(name(&attribute.oid)),
            }
        }
        Ok(request)
    }

    fn add(&mut self, extension: &X509Extension<'_>) {
        let parsed = extension.parsed_extension();
        self.extensions.add(parsed);
        let name = name(&extension.oid);
        match parsed {
            // Every certificate says these, whether or not it is asked to.
            ParsedExtension::SubjectKeyIdentifier(_) => {}
            ParsedExtension::BasicConstraints(constraints) if !constraints.ca => {}
            // These have accessors of their own.
            ParsedExtension::SubjectAlternativeName(_)
            | ParsedExtension::KeyUsage(_)
            | ParsedExtension::ExtendedKeyUsage(_) => {}
            ParsedExtension::BasicConstraints(_) => self.other_extensions.push(format!("{name} CA:TRUE")),
            ParsedExtension::ParseError { .. } => {
                self.other_extensions.push(format!("{name}, which is damaged"))
            }
            _ => self.other_extensions.push(name),
        }
    }

    /// Whose certificate it is to be.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The subjectAltName that is asked for.
    #[must_use]
    pub fn names(&self) -> &[GeneralName] {
        &self.extensions.names
    }

    /// Entries of the subjectAltName that no certificate can have, as text.
    #[must_use]
    pub fn unusable_names(&self) -> &[String] {
        &self.extensions.unusable_names
    }

    /// The bits of the keyUsage that is asked for, if any.
    #[must_use]
    pub fn key_usage(&self) -> Option<&[&'static str]> {
        self.extensions.key_usage.as_deref()
    }

    /// The purposes of the extendedKeyUsage that is asked for, if any.
    #[must_use]
    pub fn extended_key_usage(&self) -> Option<&[String]> {
        self.extensions.extended_key_usage.as_deref()
    }

    /// Whether extendedKeyUsage asks for this purpose by name; a request without extendedKeyUsage
    /// asks for none.
    #[must_use]
    pub fn asks_for(&self, kind: EndEntityKind) -> bool {
        let purposes = self.extended_key_usage().unwrap_or_default();
        purposes.iter().any(|purpose| purpose == ANY_PURPOSE || purpose == kind.purpose())
    }

    /// What else is asked for with extensions, beside subjectAltName, keyUsage, extendedKeyUsage, and
    /// what every certificate says: `basicConstraints CA:TRUE`, others by name or object identifier.
    #[must_use]
    pub fn other_extensions(&self) -> &[String] {
        &self.other_extensions
    }

    /// Attributes that are no request for extensions, by name or object identifier:
    /// `challengePassword`. What they say is a secret, or nothing to do with certificates.
    #[must_use]
    pub fn other_attributes(&self) -> &[String] {
        &self.other_attributes
    }

    /// What kind of key it has.
    #[must_use]
    pub fn key_algorithm(&self) -> &KeyAlgorithm {
        &self.key_algorithm
    }

    /// SHA-256 of its SubjectPublicKeyInfo: the key's pin.
    #[must_use]
    pub fn spki_sha256(&self) -> [u8; 32] {
        spki_sha256(&self.spki)
    }

    /// The key that it asks a certificate for: whoever sent it has the private half (RFC 2986 3), and
    /// a certificate may be made for it. Whether that is of use to a server or a client is for
    /// [`PublicKey::check_for`] to say.
    ///
    /// # Errors
    /// If the key is weak or of a kind that cannot be used, or the signature is not its own, or is
    /// made in a way that webpki does not accept in certificates either.
    pub fn verify(&self) -> Result<PublicKey, Error> {
        let key = certifiable(&self.spki).map_err(Error::RequestKeyRefused)?;
        // *ring* does not read every encoding of a key, such as a compressed point.
        check_signature(&self.der, key.spki(), webpki::ALL_VERIFICATION_ALGS).map_err(
            |defect| match defect {
                SignatureDefect::Unreadable => {
                    Error::RequestMalformed { reason: "its signature cannot be read".into() }
                }
                SignatureDefect::Algorithm => {
                    Error::RequestSignatureUnsupported { algorithm: self.signature_algorithm.clone() }
                }
                SignatureDefect::Wrong => Error::RequestSignatureWrong,
            },
        )?;
        Ok(key)
    }
}

/// The request with the attributes field that RFC 2986 4.1 asks for, empty where it is missing: some
/// programs leave it out, and OpenSSL takes that.
fn with_attributes(der: &[u8]) -> Cow<'_, [u8]> {
    const NONE: Tag = Tag::ContextSpecific { constructed: true, number: TagNumber(0) };
    let completed = || {
        let mut request = Signed::from_der(der).ok()?;
        let attributes = &mut request.information.attributes;
        match attributes {
            Some(_) => None,
            None => {
                *attributes = Some(AnyRef::new(NONE, &[]).ok()?);
                request.to_der().ok()
            }
        }
    };
    completed().map_or(Cow::Borrowed(der), Cow::Owned)
}

/// As OpenSSL names it, or the object identifier.
pub(crate) fn name(oid: &Oid<'_>) -> String {
    oid2sn(oid, oid_registry()).map_or_else(|_| oid.to_id_string(), str::to_owned)
}

/// CertificationRequest, RFC 2986 4.2.
#[derive(Sequence)]
struct Signed<'a> {
    information: Information<'a>,
    algorithm: AnyRef<'a>,
    signature: AnyRef<'a>,
}

/// CertificationRequestInfo, RFC 2986 4.1, whose attributes some programs leave out.
#[derive(Sequence)]
struct Information<'a> {
    version: AnyRef<'a>,
    subject: AnyRef<'a>,
    key: AnyRef<'a>,
    attributes: Option<AnyRef<'a>>,
}

/// Whether a PEM block with this label holds a request; the second is what Java's keytool writes.
pub(crate) fn is_request(label: &str) -> bool {
    matches!(label, "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST")
}

/// Reads the one request of a file: PEM, whatever else is in it, or DER.
///
/// # Errors
/// If there is none, or more than one, or it is damaged.
pub fn request_from(content: &[u8]) -> Result<CertificateRequest, Error> {
    let blocks = match blocks(content) {
        Err(Error::Der { .. }) => return CertificateRequest::from_der(content),
        blocks => blocks?,
    };
    let (requests, others): (Vec<_>, Vec<_>) =
        blocks.into_iter().partition(|block| is_request(block.label()));
    match &requests[..] {
        [request] => CertificateRequest::from_der(request.contents()),
        [] => {
            let found = others.iter().map(|block| printable(block.label()).into_owned()).collect();
            Err(Error::PemMissing { wanted: "certificate signing request", found })
        }
        several => Err(Error::SeveralRequests { count: several.len() }),
    }
}
