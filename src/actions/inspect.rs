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
use crate::store::{FileMode, FileRole, Survey, read_file_up_to};

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
    /// The file, or those of the directory that are there: of the seven, and of a mounted Secret.
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
    /// Why nothing can be said of it, or of a part of it.
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
    /// SHA-256 of the SubjectPublicKeyInfo, as of the certificate, unless it is encrypted.
    pub spki_pin: Option<String>,
}

/// What a certificate signing request asks for.
#[derive(Debug, Serialize)]
pub struct RequestDetails {
    /// Whose certificate it is to be.
    pub subject: String,
    /// subjectAltName.
    pub names: Vec<String>,
    /// The bits of keyUsage, if it asks for any.
    pub key_usage: Option<Vec<&'static str>>,
    /// The purposes of extendedKeyUsage, if it asks for any.
    pub extended_key_usage: Option<Vec<String>>,
    /// The kind and size of its key.
    pub key: String,
    /// SHA-256 of the SubjectPublicKeyInfo, as of the certificate.
    pub spki_pin: String,
}

impl InspectReport {
    /// Whether everything could be read.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.targets.iter().flat_map(|target| &target.files).all(|file| file.error.is_none())
    }
}

/// Shows what files and certificate directories hold, without secrets. What cannot be read is in the
/// report with its error.
#[must_use]
pub fn inspect(targets: &[InspectTarget], now: OffsetDateTime) -> InspectReport {
    let targets = targets.iter().map(|target| match target {
        InspectTarget::Path(path) if path.is_dir() => match Survey::of(path) {
            Ok(survey) => directory(&survey, now),
            Err(error) => single(&path.display().to_string(), Err(error.into())),
        },
        InspectTarget::Path(path) => {
            let name = path.display().to_string();
            single(&name, read(path).and_then(|content| whole_file(&name, path, &content, now)))
        }
        InspectTarget::Content(source) => {
            let name = if source.name == STDIN { "standard input" } else { &source.name };
            single(&source.name, everything(name, &source.content, now))
        }
    });
    InspectReport { targets: targets.collect() }
}

/// What stands for standard input on the command line.
const STDIN: &str = "-";

fn single(path: &str, items: Result<Vec<InspectedItem>, Error>) -> Inspected {
    let file = InspectedFile::new(path, None, items);
    Inspected { path: path.to_owned(), is_directory: false, files: vec![file] }
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    Ok(read_file_up_to(path, INSPECT_LIMIT)?)
}

/// What a file holds: by its name a serial number, or else certificates and keys.
fn whole_file(
    shown: &str,
    path: &Path,
    content: &[u8],
    now: OffsetDateTime,
) -> Result<Vec<InspectedItem>, Error> {
    match path.file_name().is_some_and(|name| name == FileRole::CaSerial.file_name()) {
        true => serial_number(shown, content),
        false => everything(shown, content, now),
    }
}

fn everything(path: &str, content: &[u8], now: OffsetDateTime) -> Result<Vec<InspectedItem>, Error> {
    let items = items(content).map_err(Error::in_file(path))?;
    Ok(items.iter().map(|item| InspectedItem::of(item, now)).collect())
}

fn serial_number(path: &str, content: &[u8]) -> Result<Vec<InspectedItem>, Error> {
    let counter = SerialCounter::parse(content).map_err(Error::in_file(path))?;
    Ok(vec![InspectedItem::SerialNumber { last: counter.last().to_string() }])
}

impl InspectedFile {
    fn new(path: &str, mode: Option<FileMode>, items: Result<Vec<InspectedItem>, Error>) -> Self {
        let (items, error, hint) = match items {
            Ok(items) => {
                let damage = damage(path, &items);
                let hint = damage.is_some().then(|| "restore the file from a backup".to_owned());
                (items, damage, hint)
            }
            // A command cannot be given standard input by a name.
            Err(Error::File { path: shown, source }) if path == STDIN => {
                let hint = source.hint("FILE");
                (Vec::new(), Some(Error::File { path: shown, source }.to_string()), hint)
            }
            Err(error) => (Vec::new(), Some(error.to_string()), error.hint()),
        };
        Self { path: path.to_owned(), mode: mode.map(|mode| mode.to_string()), items, error, hint }
    }
}

/// What is wrong with the first thing in a file that is not what it says.
fn damage(path: &str, items: &[InspectedItem]) -> Option<String> {
    items.iter().enumerate().find_map(|(index, item)| match item {
        InspectedItem::Damaged { label, error } if items.len() == 1 => {
            Some(format!("{path}: its PEM block {label} {error}"))
        }
        InspectedItem::Damaged { label, error } => {
            Some(format!("{path}: the PEM block {label}, {} of {}, {error}", index + 1, items.len()))
        }
        _ => None,
    })
}

/// A file of a directory.
struct Entry<'a> {
    name: &'static str,
    mode: Option<FileMode>,
    content: &'a Result<Zeroizing<Vec<u8>>, String>,
}

/// The files of a directory, and which key belongs to which certificate.
fn directory(survey: &Survey, now: OffsetDateTime) -> Inspected {
    let own = survey.files.iter().map(|file| (file.role.file_name(), file.mode, &file.content));
    let mounted = survey.mounted.iter().map(|file| (file.name, file.mode, &file.content));
    let entries: Vec<_> =
        own.chain(mounted).map(|(name, mode, content)| Entry { name, mode, content }).collect();
    let files = entries.iter().map(|entry| {
        let path = survey.path.join(entry.name);
        let shown = path.display().to_string();
        let content = entry
            .content
            .as_ref()
            .map_err(|reason| Error::Unreadable { path: path.clone(), reason: reason.clone() });
        let items = content.and_then(|content| whole_file(&shown, &path, content, now));
        let mut file = InspectedFile::new(&shown, entry.mode, items);
        for item in &mut file.items {
            if let InspectedItem::PrivateKey(key) = item {
                key.belongs_to = owner(&entries, entry);
            }
        }
        file
    });
    let files = files.collect();
    Inspected { path: survey.path.display().to_string(), is_directory: true, files }
}

/// The file whose certificate a private key belongs to.
fn owner(entries: &[Entry<'_>], entry: &Entry<'_>) -> Option<&'static str> {
    let key = KeyMaterial::from_pem(entry.content.as_ref().ok()?).ok()?;
    let owner = entries.iter().find(|other| {
        let certificates =
            other.content.as_ref().ok().and_then(|content| certificates_from_pem(content).ok());
        certificates.unwrap_or_default().iter().any(|certificate| key.belongs_to(certificate) == Some(true))
    });
    owner.map(|owner| owner.name)
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
    pub(super) fn of(certificate: &Certificate, now: OffsetDateTime) -> Self {
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
            spki_pin: pin(certificate.spki_sha256()),
        }
    }
}

/// As curl's `--pinnedpubkey` takes it.
fn pin(spki_sha256: [u8; 32]) -> String {
    format!("sha256//{}", STANDARD.encode(spki_sha256))
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
            spki_pin: key.spki_sha256().map(pin),
        }
    }
}

impl RequestDetails {
    fn of(request: &CertificateRequest) -> Self {
        Self {
            subject: request.subject().to_string(),
            names: texts(request.names()),
            key_usage: request.key_usage().map(<[_]>::to_vec),
            extended_key_usage: request.extended_key_usage().map(<[_]>::to_vec),
            key: request.key_algorithm().to_string(),
            spki_pin: pin(request.spki_sha256()),
        }
    }
}
