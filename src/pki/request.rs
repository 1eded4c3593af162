use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::FromDer;

use super::certificate::{MAX_LENGTH, in_words, spki_sha256};
use super::extensions::Extensions;
use super::{Error, GeneralName, KeyAlgorithm, Subject};

/// A certificate signing request (PKCS#10, RFC 2986), parsed once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateRequest {
    subject: Subject,
    key_algorithm: KeyAlgorithm,
    spki_sha256: [u8; 32],
    extensions: Extensions,
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
        let (rest, parsed) =
            X509CertificationRequest::from_der(der).map_err(|error| malformed(in_words(&error, der)))?;
        if !rest.is_empty() {
            return Err(malformed(format!("{} octets follow it", rest.len())));
        }
        let mut extensions = Extensions::default();
        parsed.requested_extensions().into_iter().flatten().for_each(|extension| extensions.add(extension));
        let information = &parsed.certification_request_info;
        Ok(Self {
            subject: Subject::from_der(information.subject.as_raw()),
            key_algorithm: KeyAlgorithm::from_spki(information.subject_pki.raw),
            spki_sha256: spki_sha256(information.subject_pki.raw),
            extensions,
        })
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

    /// What kind of key it has.
    #[must_use]
    pub fn key_algorithm(&self) -> &KeyAlgorithm {
        &self.key_algorithm
    }

    /// SHA-256 of its SubjectPublicKeyInfo: the key's pin.
    #[must_use]
    pub fn spki_sha256(&self) -> [u8; 32] {
        self.spki_sha256
    }
}
