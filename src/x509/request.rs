use std::borrow::Cow;

use der::asn1::AnyRef;
use der::{Decode, Encode, Sequence, Tag, TagNumber};
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::cri_attributes::ParsedCriAttribute;
use x509_parser::extensions::{ParsedExtension, X509Extension};
use x509_parser::prelude::FromDer;

use crate::x509::algorithm::KeyAlgorithm;
use crate::x509::certificate::{MAX_LENGTH, in_words};
use crate::x509::error::Error;
use crate::x509::extensions::{Extensions, name};
use crate::x509::key_defect::KeyDefect;
use crate::x509::public_key::{PublicKey, spki_sha256};
use crate::x509::signature::{SignatureAlgorithm, SignatureDefect, check_signature};
use crate::x509::subject::Subject;

/// A certificate signing request (PKCS#10, RFC 2986), parsed once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CertificateRequest {
    der: Vec<u8>,
    pub(crate) subject: Subject,
    spki: Vec<u8>,
    pub(crate) key_algorithm: KeyAlgorithm,
    signature_algorithm: SignatureAlgorithm,
    /// What it asks for. The others are what is beside subjectAltName, keyUsage, extendedKeyUsage, and what every
    /// certificate says: `basicConstraints CA:TRUE`, others by name or object identifier.
    pub(crate) extensions: Extensions,
    /// Attributes that are no request for extensions, by name or object identifier: `challengePassword`. What
    /// they say is a secret, or nothing to do with certificates.
    pub(crate) other_attributes: Vec<String>,
}

impl CertificateRequest {
    /// Reads one DER request.
    pub(crate) fn from_der(der: &[u8]) -> Result<Self, Error> {
        if der.len() > MAX_LENGTH {
            return Err(not_a_request(&format!("it is longer than {MAX_LENGTH} octets")));
        }
        let completed = with_attributes(der);
        let (rest, parsed) = X509CertificationRequest::from_der(&completed)
            .map_err(|error| not_a_request(&in_words(&error, der)))?;
        if !rest.is_empty() {
            return Err(not_a_request(&format!("{} octets follow it", rest.len())));
        }
        let information = &parsed.certification_request_info;
        let mut request = Self {
            der: der.to_vec(),
            subject: Subject::from_der(information.subject.as_raw()),
            spki: information.subject_pki.raw.to_vec(),
            key_algorithm: KeyAlgorithm::from_spki(information.subject_pki.raw),
            signature_algorithm: SignatureAlgorithm {
                oid: parsed.signature_algorithm.algorithm.to_id_string(),
            },
            extensions: Extensions::default(),
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
            // These are no others.
            ParsedExtension::SubjectAlternativeName(_)
            | ParsedExtension::KeyUsage(_)
            | ParsedExtension::ExtendedKeyUsage(_) => {}
            ParsedExtension::BasicConstraints(_) => self.extensions.others.push(format!("{name} CA:TRUE")),
            ParsedExtension::ParseError { .. } => {
                self.extensions.others.push(format!("{name}, which is damaged"))
            }
            _ => self.extensions.others.push(name),
        }
    }

    /// SHA-256 of its SubjectPublicKeyInfo: the key's pin.
    pub(crate) fn spki_sha256(&self) -> [u8; 32] {
        spki_sha256(&self.spki)
    }

    /// The key that it asks a certificate for: whoever sent it has the private half (RFC 2986 3), and
    /// a certificate may be made for it. Whether that is of use to a server or a client is for
    /// [`PublicKey::check_for`] to say.
    ///
    /// # Errors
    /// If the key is weak or of a kind that cannot be used, or the signature is not its own, or is
    /// made in a way that webpki does not accept in certificates either.
    pub(crate) fn verify(&self) -> Result<PublicKey, Error> {
        let key = PublicKey::certifiable(&self.spki).map_err(Error::key_refused)?;
        // *ring* does not read every encoding of a key, such as a compressed point.
        match check_signature(&self.der, key.spki(), webpki::ALL_VERIFICATION_ALGS) {
            Ok(()) => Ok(key),
            Err(SignatureDefect::Unreadable) => Err(not_a_request("its signature cannot be read")),
            Err(SignatureDefect::Algorithm) => {
                let algorithm = &self.signature_algorithm;
                let why = match algorithm.is_weak() {
                    true => "which can be forged",
                    false => "in a form that is not verified here",
                };
                Err(Error::new(format!("is signed with {algorithm}, {why}")).with_hint(
                    "sign the request with SHA-256, as in `openssl req -new -sha256 -key my.key -out my.csr`",
                ))
            }
            Err(SignatureDefect::Wrong) => {
                Err(Error::new("is not signed with its own key, or was changed after it was signed")
                    .with_hint(MAKE_AGAIN))
            }
        }
    }
}

const MAKE_AGAIN: &str = "make the request again, as in `openssl req -new -key my.key -out my.csr`";

fn not_a_request(reason: &str) -> Error {
    Error::new(format!("is not a certificate signing request: {reason}")).with_hint(MAKE_AGAIN)
}

impl Error {
    /// A request for a key that no certificate should be made for.
    pub(crate) fn key_refused(defect: KeyDefect) -> Self {
        Self::new(format!("asks for a certificate of {defect}")).with_hint(defect.hint())
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
