use std::fmt;

use rustls_pki_types::CertificateDer;
use sha2::{Digest, Sha256};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::FromDer;

use super::{EndEntityKind, Error, GeneralName, PublicKey, SerialNumber, Subject, Validity};

/// A certificate, parsed once: its bytes and what this program asks of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    der: CertificateDer<'static>,
    subject: Subject,
    issuer: Subject,
    serial: SerialNumber,
    validity: Validity,
    spki: Vec<u8>,
    extensions: Extensions,
}

/// The extensions that matter here (RFC 5280 4.2.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Extensions {
    is_ca: bool,
    /// pathLenConstraint of basicConstraints.
    path_length: Option<u32>,
    /// A critical extension that verifiers do not know, by its object identifier.
    unknown_critical: Option<String>,
    /// keyCertSign, if there is a keyUsage at all.
    key_cert_sign: Option<bool>,
    /// serverAuth and clientAuth, if there is an extendedKeyUsage at all.
    extended_key_usage: Option<ExtendedKeyUsage>,
    subject_key_identifier: Option<Vec<u8>>,
    names: Vec<GeneralName>,
    /// Entries of subjectAltName that are not kept on renewal, as text.
    unusable_names: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct ExtendedKeyUsage {
    server_auth: bool,
    client_auth: bool,
}

impl Certificate {
    /// Reads one DER certificate.
    ///
    /// # Errors
    /// If it is not one, or something follows it.
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        let malformed = |reason: String| Error::CertificateMalformed { reason };
        let (rest, parsed) = X509Certificate::from_der(der).map_err(|error| malformed(error.to_string()))?;
        if !rest.is_empty() {
            return Err(malformed(format!("{} octets follow it", rest.len())));
        }
        let time = |time: x509_parser::time::ASN1Time| time.to_datetime();
        let validity = Validity {
            not_before: time(parsed.validity.not_before),
            not_after: time(parsed.validity.not_after),
        };
        Ok(Self {
            subject: Subject::from_der(parsed.subject.as_raw()),
            issuer: Subject::from_der(parsed.issuer.as_raw()),
            serial: SerialNumber::from_certificate(parsed.raw_serial()),
            validity,
            spki: parsed.public_key().raw.to_vec(),
            extensions: Extensions::of(&parsed)?,
            der: CertificateDer::from(der.to_vec()),
        })
    }

    /// The certificate's bytes.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    pub(super) fn der(&self) -> &CertificateDer<'static> {
        &self.der
    }

    /// Whose certificate it is.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// Who signed it.
    #[must_use]
    pub fn issuer(&self) -> &Subject {
        &self.issuer
    }

    /// Its serial number.
    #[must_use]
    pub fn serial(&self) -> &SerialNumber {
        &self.serial
    }

    /// From when to when it is valid.
    #[must_use]
    pub fn validity(&self) -> Validity {
        self.validity
    }

    /// The usable entries of subjectAltName.
    #[must_use]
    pub fn names(&self) -> &[GeneralName] {
        &self.extensions.names
    }

    /// Entries of subjectAltName that no client can match, or of kinds that are not kept.
    #[must_use]
    pub fn unusable_names(&self) -> &[String] {
        &self.extensions.unusable_names
    }

    /// Its public key.
    ///
    /// # Errors
    /// A key of a kind that is not made or read here, named in the error.
    pub fn public_key(&self) -> Result<PublicKey, Error> {
        PublicKey::from_spki(&self.spki)
    }

    /// Whether basicConstraints says CA:TRUE.
    #[must_use]
    pub fn is_ca(&self) -> bool {
        self.extensions.is_ca
    }

    /// Whether keyUsage says keyCertSign; `None` without the extension, which allows everything.
    #[must_use]
    pub fn key_cert_sign(&self) -> Option<bool> {
        self.extensions.key_cert_sign
    }

    /// How many authorities may stand between it and an end entity (RFC 5280 4.2.1.9).
    pub(super) fn path_length(&self) -> Option<u32> {
        self.extensions.path_length
    }

    /// A critical extension that verifiers do not know, and so must refuse (RFC 5280 4.2).
    pub(super) fn unknown_critical(&self) -> Option<&str> {
        self.extensions.unknown_critical.as_deref()
    }

    /// Whether Go and the other verifiers take it for this purpose: without extendedKeyUsage it
    /// serves all (RFC 5280 4.2.1.12).
    #[must_use]
    pub fn serves(&self, kind: EndEntityKind) -> bool {
        self.extensions.extended_key_usage.as_ref().is_none_or(|usage| match kind {
            EndEntityKind::Server => usage.server_auth,
            EndEntityKind::Client => usage.client_auth,
        })
    }

    /// subjectKeyIdentifier, or where there is none (OpenSSL 1.1.1 wrote none) the identifier that
    /// this program gives to the key.
    pub(super) fn key_identifier(&self) -> Result<Vec<u8>, Error> {
        match &self.extensions.subject_key_identifier {
            Some(identifier) => Ok(identifier.clone()),
            None => Ok(self.public_key()?.identifier()),
        }
    }

    /// Whether subject and issuer are the same: a root, or at least an end of the chain.
    #[must_use]
    pub fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }

    /// SHA-256 of the certificate, in upper-case hex with colons, as OpenSSL prints it.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let octets: Vec<_> = Sha256::digest(&self.der).iter().map(|octet| format!("{octet:02X}")).collect();
        octets.join(":")
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({}, serial {})", self.subject, self.serial)
    }
}

impl Extensions {
    fn of(parsed: &X509Certificate<'_>) -> Result<Self, Error> {
        let mut extensions = Self::default();
        for extension in parsed.extensions() {
            match extension.parsed_extension() {
                ParsedExtension::BasicConstraints(constraints) => {
                    extensions.is_ca = constraints.ca;
                    extensions.path_length = constraints.path_len_constraint;
                }
                ParsedExtension::KeyUsage(usage) => extensions.key_cert_sign = Some(usage.key_cert_sign()),
                ParsedExtension::ExtendedKeyUsage(usage) => {
                    extensions.extended_key_usage = Some(ExtendedKeyUsage {
                        server_auth: usage.any || usage.server_auth,
                        client_auth: usage.any || usage.client_auth,
                    });
                }
                ParsedExtension::SubjectKeyIdentifier(identifier) => {
                    extensions.subject_key_identifier = Some(identifier.0.to_vec());
                }
                ParsedExtension::SubjectAlternativeName(names) => {
                    for name in &names.general_names {
                        match GeneralName::from_parsed(name) {
                            Ok(Some(name)) => extensions.names.push(name),
                            _ => extensions.unusable_names.push(name.to_string()),
                        }
                    }
                }
                ParsedExtension::ParseError { error } => {
                    return Err(Error::CertificateMalformed {
                        reason: format!("extension {}: {error}", extension.oid),
                    });
                }
                ParsedExtension::UnsupportedExtension { oid } if extension.critical => {
                    extensions.unknown_critical = Some(oid.to_id_string());
                }
                _ => {}
            }
        }
        Ok(extensions)
    }
}
