use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::Error;
use super::report::{day_count, texts, timestamp};
use crate::audit::config::Source;
use crate::pki::{
    Certificate, CertificateRequest, EndEntityKind, Item, KeyAlgorithm, KeyMaterial, SerialCounter,
    certificates_from_pem, hex_with_colons, items,
};
use crate::store::{FileRole, Survey, SurveyedFile, path_of, read_file_up_to};

/// The most that `inspect` reads of a file, in bytes: ten thousand certificates are about 20 MB.
pub const INSPECT_LIMIT: u64 = 64 * 1024 * 1024;

/// What `inspect` looks at.
pub enum InspectTarget {
    /// A file or a certificate directory.
    Path(PathBuf),
    /// Content that was read elsewhere.
    Content(Source),
}

/// What `inspect` saw.
#[derive(Debug, Serialize)]
pub struct InspectReport {
    /// Each target, in the order in which they were named.
    pub targets: Vec<Inspected>,
}

/// A file, or a certificate directory with its files.
#[derive(Debug, Serialize)]
pub struct Inspected {
    /// Its path.
    pub path: String,
    /// Whether it is a certificate directory.
    pub is_directory: bool,
    /// The file, or those of the seven that are there.
    pub files: Vec<InspectedFile>,
}

/// A file and everything in it.
#[derive(Debug, Serialize)]
pub struct InspectedFile {
    /// Its path.
    pub path: String,
    /// Its permissions in octal, in a directory.
    pub mode: Option<String>,
    /// What it holds.
    pub items: Vec<InspectedItem>,
    /// Why nothing can be said of it.
    pub error: Option<String>,
    /// What helps against that.
    #[serde(skip)]
    pub hint: Option<String>,
}

/// Something that a file holds.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum InspectedItem {
    /// A certificate.
    Certificate(Box<CertificateDetails>),
    /// A private key, without its secret.
    PrivateKey(KeyDetails),
    /// A certificate signing request.
    CertificateRequest(RequestDetails),
    /// The content of ca.srl.
    SerialNumber {
        /// The last serial number that was given out, in hex.
        last: String,
    },
    /// A PEM block of another kind.
    Other {
        /// Its label.
        label: String,
    },
    /// A PEM block that does not hold what its label says.
    Damaged {
        /// Its label.
        label: String,
        /// What is wrong with it.
        error: String,
    },
}

/// What a certificate says.
#[derive(Debug, Serialize)]
pub struct CertificateDetails {
    /// `root authority`, `intermediate authority`, `server`, `client`, or `server and client`.
    pub role: &'static str,
    /// The subject's CommonName.
    pub common_name: Option<String>,
    /// Whose it is.
    pub subject: String,
    /// Who issued it.
    pub issuer: String,
    /// Its serial number in hex.
    pub serial: String,
    /// Its first second, RFC 3339.
    pub not_before: String,
    /// Its last second, RFC 3339.
    pub not_after: String,
    /// Whole days until then; negative when it has passed.
    pub days_left: i64,
    /// subjectAltName.
    pub names: Vec<String>,
    /// pathLenConstraint, of an authority that has one.
    pub path_length: Option<u32>,
    /// The bits of keyUsage; none without the extension.
    pub key_usage: Option<Vec<&'static str>>,
    /// The purposes of extendedKeyUsage; none without the extension.
    pub extended_key_usage: Option<Vec<String>>,
    /// The kind and size of its key.
    pub key: String,
    /// How its issuer signed it.
    pub signature: String,
    /// subjectKeyIdentifier in hex.
    pub subject_key_identifier: Option<String>,
    /// The keyIdentifier of authorityKeyIdentifier in hex.
    pub authority_key_identifier: Option<String>,
    /// SHA-256 of the certificate.
    pub sha256_fingerprint: String,
    /// SHA-256 of the SubjectPublicKeyInfo, as curl's `--pinnedpubkey` takes it.
    pub spki_pin: String,
}

/// What can be said of a private key.
#[derive(Debug, Serialize)]
pub struct KeyDetails {
    /// How it is encoded.
    pub form: String,
    /// Whether it needs a passphrase.
    pub encrypted: bool,
    /// The kind and size of key, unless it is encrypted.
    pub key: Option<String>,
    /// In a directory: the file with its certificate.
    pub belongs_to: Option<&'static str>,
}

/// What a certificate signing request asks for.
#[derive(Debug, Serialize)]
pub struct RequestDetails {
    /// Whose certificate it is to be.
    pub subject: String,
    /// subjectAltName.
    pub names: Vec<String>,
    /// The purposes of extendedKeyUsage, if it asks for any.
    pub extended_key_usage: Option<Vec<String>>,
    /// The kind and size of its key.
    pub key: String,
}

impl InspectReport {
    /// Whether everything could be read.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.targets.iter().flat_map(|target| &target.files).all(|file| file.error.is_none())
    }
}

/// Shows what files and certificate directories hold, without secrets. A file that cannot be read
/// is in the report with its error.
///
/// # Errors
/// If a certificate directory cannot be looked at.
pub fn inspect(targets: &[InspectTarget], now: OffsetDateTime) -> Result<InspectReport, Error> {
    let targets = targets.iter().map(|target| match target {
        InspectTarget::Path(path) if path.is_dir() => Ok(directory(&Survey::of(path)?, now)),
        InspectTarget::Path(path) => Ok(single(&path.display().to_string(), read(path), now)),
        InspectTarget::Content(source) => Ok(single(&source.name, Ok(source.content.clone()), now)),
    });
    Ok(InspectReport { targets: targets.collect::<Result<_, Error>>()? })
}

fn single(path: &str, content: Result<Zeroizing<Vec<u8>>, Error>, now: OffsetDateTime) -> Inspected {
    Inspected {
        path: path.to_owned(),
        is_directory: false,
        files: vec![InspectedFile::of(path, None, content, now)],
    }
}

impl InspectedFile {
    fn of(
        path: &str,
        mode: Option<String>,
        content: Result<Zeroizing<Vec<u8>>, Error>,
        now: OffsetDateTime,
    ) -> Self {
        let items = content.and_then(|content| items(&content).map_err(Error::in_file(path)));
        Self::new(
            path,
            mode,
            items.map(|items| items.iter().map(|item| InspectedItem::of(item, now)).collect()),
        )
    }

    fn new(path: &str, mode: Option<String>, items: Result<Vec<InspectedItem>, Error>) -> Self {
        let (items, error, hint) = match items {
            Ok(items) => (items, None, None),
            Err(error) => (Vec::new(), Some(error.to_string()), error.hint()),
        };
        Self { path: path.to_owned(), mode, items, error, hint }
    }
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    Ok(read_file_up_to(path, INSPECT_LIMIT)?)
}

/// The seven files, and which key belongs to which certificate.
fn directory(survey: &Survey, now: OffsetDateTime) -> Inspected {
    let path_of = |role| path_of(&survey.path, role).display().to_string();
    let mut files = Vec::new();
    for SurveyedFile { role, mode, content } in &survey.files {
        let (path, mode) = (path_of(*role), mode.map(|mode| mode.to_string()));
        let content =
            content.clone().map_err(|reason| Error::Unreadable { path: path.clone().into(), reason });
        let mut file = match role {
            FileRole::CaSerial => InspectedFile::of_serial(&path, mode, content),
            _ => InspectedFile::of(&path, mode, content, now),
        };
        for item in &mut file.items {
            if let InspectedItem::PrivateKey(key) = item {
                key.belongs_to = owner(survey, *role);
            }
        }
        files.push(file);
    }
    Inspected { path: survey.path.display().to_string(), is_directory: true, files }
}

/// The file whose certificate a private key belongs to.
fn owner(survey: &Survey, key_role: FileRole) -> Option<&'static str> {
    let content = |role| {
        let file = survey.files.iter().find(|file| file.role == role)?;
        file.content.as_ref().ok()
    };
    let key = KeyMaterial::from_pem(content(key_role)?).ok()?;
    let roles = [FileRole::CaCertificate, FileRole::ServerCertificate, FileRole::ClientCertificate];
    let owner = roles.into_iter().find(|role| {
        let certificates = content(*role).and_then(|content| certificates_from_pem(content).ok());
        certificates.unwrap_or_default().iter().any(|certificate| key.belongs_to(certificate) == Some(true))
    });
    owner.map(FileRole::file_name)
}

impl InspectedFile {
    fn of_serial(path: &str, mode: Option<String>, content: Result<Zeroizing<Vec<u8>>, Error>) -> Self {
        let counter =
            content.and_then(|content| SerialCounter::parse(&content).map_err(Error::in_file(path)));
        let item = counter.map(|counter| InspectedItem::SerialNumber { last: counter.last().to_string() });
        Self::new(path, mode, item.map(|item| vec![item]))
    }
}

impl InspectedItem {
    fn of(item: &Item, now: OffsetDateTime) -> Self {
        match item {
            Item::Certificate(certificate) => {
                Self::Certificate(Box::new(CertificateDetails::of(certificate, now)))
            }
            Item::PrivateKey(key) => Self::PrivateKey(KeyDetails::of(key)),
            Item::Request(request) => Self::CertificateRequest(RequestDetails::of(request)),
            Item::Other(label) => Self::Other { label: label.clone() },
            Item::Damaged { label, error } => Self::Damaged { label: label.clone(), error: error.clone() },
        }
    }
}

impl CertificateDetails {
    fn of(certificate: &Certificate, now: OffsetDateTime) -> Self {
        let validity = certificate.validity();
        let mut names = texts(certificate.names());
        names.extend(certificate.unusable_names().iter().cloned());
        Self {
            role: role(certificate),
            common_name: certificate.subject().common_name(),
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            serial: certificate.serial().to_string(),
            not_before: timestamp(validity.not_before),
            not_after: timestamp(validity.not_after),
            days_left: day_count(now, validity.not_after),
            names,
            path_length: certificate.path_length(),
            key_usage: certificate.key_usage().map(<[_]>::to_vec),
            extended_key_usage: certificate.extended_key_usage().map(<[_]>::to_vec),
            key: certificate.key_algorithm().to_string(),
            signature: certificate.signature_algorithm().to_string(),
            subject_key_identifier: certificate.subject_key_identifier().map(hex_with_colons),
            authority_key_identifier: certificate.authority_key_identifier().map(hex_with_colons),
            sha256_fingerprint: certificate.fingerprint(),
            spki_pin: format!("sha256//{}", STANDARD.encode(certificate.spki_sha256())),
        }
    }
}

/// What a certificate is for, by basicConstraints and extendedKeyUsage.
fn role(certificate: &Certificate) -> &'static str {
    let serves = |kind| certificate.serves(kind);
    match (serves(EndEntityKind::Server), serves(EndEntityKind::Client)) {
        _ if certificate.is_ca() && certificate.is_self_issued() => "root authority",
        _ if certificate.is_ca() => "intermediate authority",
        (true, true) => "server and client",
        (true, false) => "server",
        (false, true) => "client",
        (false, false) => "neither server nor client",
    }
}

impl KeyDetails {
    fn of(key: &KeyMaterial) -> Self {
        Self {
            form: key.form().to_string(),
            encrypted: key.is_encrypted(),
            key: key.algorithm().map(KeyAlgorithm::to_string),
            belongs_to: None,
        }
    }
}

impl RequestDetails {
    fn of(request: &CertificateRequest) -> Self {
        Self {
            subject: request.subject().to_string(),
            names: texts(request.names()),
            extended_key_usage: request.extended_key_usage().map(<[_]>::to_vec),
            key: request.key_algorithm().to_string(),
        }
    }
}
