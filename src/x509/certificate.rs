use std::fmt;

use der::Decode;
use rustls_pki_types::CertificateDer;
use sha2::{Digest, Sha256};
use x509_cert::spki::SubjectPublicKeyInfoRef;
use x509_parser::certificate::X509Certificate;
use x509_parser::error::X509Error;
use x509_parser::nom;
use x509_parser::prelude::{FromDer, X509Version};

use crate::x509::algorithm::KeyAlgorithm;
use crate::x509::asn1::damage;
use crate::x509::error::Error;
use crate::x509::extensions::{ANY_PURPOSE, DIGITAL_SIGNATURE, Extensions, KEY_CERT_SIGN};
use crate::x509::kind::EndEntityKind;
use crate::x509::name::GeneralName;
use crate::x509::public_key::{PublicKey, spki_sha256};
use crate::x509::serial::SerialNumber;
use crate::x509::signature::{LENIENT, SignatureAlgorithm, SignatureDefect, check_signature};
use crate::x509::subject::Subject;
use crate::x509::validity::Validity;

/// A certificate, parsed once: its bytes and what this program asks of it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Certificate {
    der: CertificateDer<'static>,
    subject: Subject,
    issuer: Subject,
    serial: SerialNumber,
    validity: Validity,
    spki: Vec<u8>,
    key_algorithm: KeyAlgorithm,
    signature_algorithm: SignatureAlgorithm,
    /// X.509 version 1 or 2, which have no extensions.
    is_before_v3: bool,
    pub(crate) extensions: Extensions,
}

/// The most that OpenSSL takes from a peer (SSL_MAX_CERT_LIST_DEFAULT).
pub(crate) const MAX_LENGTH: usize = 100 * 1024;

/// Refuses certificates that together are longer than peers take.
pub(crate) fn check_length(length: usize) -> Result<(), Error> {
    match length > MAX_LENGTH {
        true => Err(Error::new(format!(
            "is a certificate of {length} octets with its chain, and OpenSSL takes at most {MAX_LENGTH} from a peer"
        ))
        .with_hint("give it fewer names; *.example.com stands for all names with one label in its place")),
        false => Ok(()),
    }
}

impl Certificate {
    pub(crate) fn from_der(der: &[u8]) -> Result<Self, Error> {
        let malformed = |reason: String| {
            Error::new(format!("is not an X.509 certificate: {reason}"))
                .with_hint("restore the file from a backup")
        };
        check_length(der.len())?;
        let (rest, parsed) =
            X509Certificate::from_der(der).map_err(|error| malformed(in_words(&error, der)))?;
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
            key_algorithm: KeyAlgorithm::from_spki(parsed.public_key().raw),
            signature_algorithm: SignatureAlgorithm {
                oid: parsed.signature_algorithm.algorithm.to_id_string(),
            },
            is_before_v3: parsed.version() != X509Version::V3,
            extensions: Extensions::of(&parsed).map_err(malformed)?,
            der: CertificateDer::from(der.to_vec()),
        })
    }

    pub(crate) fn as_der(&self) -> &[u8] {
        &self.der
    }

    pub(crate) fn der(&self) -> &CertificateDer<'static> {
        &self.der
    }

    pub(crate) fn subject(&self) -> &Subject {
        &self.subject
    }

    pub(crate) fn issuer(&self) -> &Subject {
        &self.issuer
    }

    pub(crate) fn serial(&self) -> &SerialNumber {
        &self.serial
    }

    pub(crate) fn validity(&self) -> Validity {
        self.validity
    }

    /// The usable entries of subjectAltName.
    pub(crate) fn names(&self) -> &[GeneralName] {
        &self.extensions.names
    }

    /// Its key, unless that is of a kind that is not made or read here.
    pub(crate) fn public_key(&self) -> Result<PublicKey, Error> {
        PublicKey::from_spki(&self.spki)
    }

    pub(crate) fn is_ca(&self) -> bool {
        self.extensions.is_ca
    }

    /// Whether it is of X.509 version 1 or 2: as a root it may issue whatever it wants, and as an end
    /// entity it has no subjectAltName.
    pub(crate) fn is_before_v3(&self) -> bool {
        self.is_before_v3
    }

    /// Whether keyUsage says keyCertSign; `None` without the extension, which allows everything.
    pub(crate) fn key_cert_sign(&self) -> Option<bool> {
        self.key_usage().map(|usages| usages.contains(&KEY_CERT_SIGN))
    }

    /// Whether its key may sign handshakes: keyUsage says digitalSignature, or there is none.
    pub(crate) fn may_sign_handshakes(&self) -> bool {
        self.key_usage().is_none_or(|usages| usages.contains(&DIGITAL_SIGNATURE))
    }

    /// The names of keyUsage's bits (RFC 5280 4.2.1.3); `None` without the extension.
    pub(crate) fn key_usage(&self) -> Option<&[&'static str]> {
        self.extensions.key_usage.as_deref()
    }

    /// The purposes of extendedKeyUsage (RFC 5280 4.2.1.12), by name or object identifier; `None`
    /// without the extension.
    pub(crate) fn extended_key_usage(&self) -> Option<&[String]> {
        self.extensions.extended_key_usage.as_deref()
    }

    /// Whether Go and the other verifiers take it for this purpose: without extendedKeyUsage it
    /// serves all (RFC 5280 4.2.1.12).
    pub(crate) fn serves(&self, kind: EndEntityKind) -> bool {
        self.names_purpose(kind) || self.serves_any_purpose()
    }

    /// Who it is for, by its purposes; a client where they do not tell.
    pub(crate) fn kind(&self) -> EndEntityKind {
        match self.serves(EndEntityKind::Server) && !self.serves(EndEntityKind::Client) {
            true => EndEntityKind::Server,
            false => EndEntityKind::Client,
        }
    }

    pub(crate) fn serves_any_purpose(&self) -> bool {
        self.has_purpose(ANY_PURPOSE)
    }

    /// Whether extendedKeyUsage says this purpose itself, which is what OpenSSL asks of a CA; without the
    /// extension it serves all.
    pub(crate) fn names_purpose(&self, kind: EndEntityKind) -> bool {
        self.extended_key_usage().is_none() || self.has_purpose(kind.purpose())
    }

    fn has_purpose(&self, purpose: &str) -> bool {
        self.extended_key_usage().is_some_and(|purposes| purposes.iter().any(|own| own == purpose))
    }

    pub(crate) fn subject_key_identifier(&self) -> Option<&[u8]> {
        self.extensions.subject_key_identifier.as_deref()
    }

    pub(crate) fn authority_key_identifier(&self) -> Option<&[u8]> {
        self.extensions.authority_key_identifier.as_deref()
    }

    /// The extensions that limit what it may issue, beside basicConstraints and keyUsage.
    pub(crate) fn limits(&self) -> Vec<&'static str> {
        let limits = [
            (self.extensions.constrains_names, "nameConstraints"),
            (self.extended_key_usage().is_some(), "extendedKeyUsage"),
            (self.extensions.constrains_policies, "policyConstraints"),
        ];
        limits.into_iter().filter(|(is_there, _)| *is_there).map(|(_, name)| name).collect()
    }

    pub(crate) fn key_algorithm(&self) -> &KeyAlgorithm {
        &self.key_algorithm
    }

    /// The content of subjectPublicKey (RFC 5280 4.1.2.7), normalised where the kind of key is known.
    pub(crate) fn key_bits(&self) -> Vec<u8> {
        match self.public_key() {
            Ok(key) => key.bits().to_vec(),
            Err(_) => {
                let info = SubjectPublicKeyInfoRef::from_der(&self.spki);
                info.map(|info| info.subject_public_key.raw_bytes().to_vec()).unwrap_or_default()
            }
        }
    }

    pub(crate) fn signature_algorithm(&self) -> &SignatureAlgorithm {
        &self.signature_algorithm
    }

    /// SHA-256 of its SubjectPublicKeyInfo: the key's pin.
    pub(crate) fn spki_sha256(&self) -> [u8; 32] {
        spki_sha256(&self.spki)
    }

    /// subjectKeyIdentifier, or where there is none (OpenSSL 1.1.1 wrote none) the identifier that
    /// this program gives to the key.
    pub(crate) fn key_identifier(&self) -> Result<Vec<u8>, Error> {
        match &self.extensions.subject_key_identifier {
            Some(identifier) => Ok(identifier.clone()),
            None => Ok(self.public_key()?.identifier()),
        }
    }

    pub(crate) fn check_signed_by(&self, issuer: &Certificate) -> Result<(), SignatureDefect> {
        check_signature(&self.der, &issuer.spki, LENIENT)
    }

    /// Whether a CA signed it, as far as that can be told.
    pub(crate) fn is_issued_by(&self, ca: &Certificate) -> bool {
        self.issuer == ca.subject && self.check_signed_by(ca).is_ok()
    }

    /// Whether subject and issuer are the same: a root, or at least an end of the chain.
    pub(crate) fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }

    /// SHA-256 of the certificate, in upper-case hex with colons, as OpenSSL prints it.
    pub(crate) fn fingerprint(&self) -> String {
        hex_with_colons(&Sha256::digest(&self.der))
    }
}

/// What is wrong with a certificate or a request, where the parser speaks of itself.
pub(crate) fn in_words(error: &nom::Err<X509Error>, der: &[u8]) -> String {
    let error = match error {
        nom::Err::Error(error) | nom::Err::Failure(error) => Some(error),
        nom::Err::Incomplete(_) => None,
    };
    let part = match error {
        Some(X509Error::InvalidVersion) => "its version",
        Some(X509Error::InvalidSerial) => "its serial number",
        Some(X509Error::InvalidAlgorithmIdentifier) => "an algorithm in it",
        Some(X509Error::InvalidX509Name) => "a name in it",
        Some(X509Error::InvalidDate) => "a date in it",
        Some(X509Error::InvalidSPKI) => "its public key",
        Some(X509Error::InvalidSignatureValue) => "its signature",
        Some(X509Error::InvalidExtensions) => "an extension in it",
        Some(X509Error::InvalidAttributes) => "an attribute in it",
        Some(X509Error::DuplicateExtensions) => return "it has an extension twice".into(),
        Some(X509Error::DuplicateAttributes) => return "it has an attribute twice".into(),
        _ => return damage(der).into(),
    };
    format!("{part} cannot be read")
}

/// Upper-case hex with colons, as OpenSSL prints octets.
pub(crate) fn hex_with_colons(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02X}")).collect::<Vec<_>>().join(":")
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({}, serial {})", self.subject, self.serial)
    }
}
