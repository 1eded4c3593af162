use std::fmt;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::base::error::Error;
use crate::base::text::{serialize_as_displayed, shell_quoted};
use crate::check::config::source::Source;
use crate::check::inventory::{IssuedFiles, inventory_path, more_damaged};
use crate::store::inventory::{IssuedEntry, Line, Overview, damaged_line, entries_of, lines};
use crate::store::{FileMode, FileRole, INVENTORY, Survey, Unreadable, View, read_file_up_to};
use crate::x509::json::rfc3339;
use crate::x509::{
    self, Certificate, CertificateRequest, EndEntityKind, Item, KeyAlgorithm, KeyMaterial, SerialCounter,
    SerialNumber, Subject, Validity, certificates_from_pem, day_count, hex_with_colons, items, texts,
};

/// The most that `inspect` reads of a file, in bytes: ten thousand certificates are about 20 MB.
pub(crate) const INSPECT_LIMIT: u64 = 64 * 1024 * 1024;

/// What `inspect` looks at.
pub(crate) enum InspectTarget {
    /// A file or a certificate directory.
    Path(PathBuf),
    /// Content that was read elsewhere.
    Content(Source),
}

/// What `inspect` saw.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct InspectReport {
    /// Each target, in the order in which they were named.
    pub targets: Vec<Inspected>,
}

/// A file, or a certificate directory with its files.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Inspected {
    pub path: String,
    /// Whether it is a certificate directory.
    pub is_directory: bool,
    /// The file, or those of the directory that are there: of the seven, of a mounted Secret, and of what
    /// else its CA has issued.
    pub files: Vec<InspectedFile>,
    /// How many certificates of the directory's inventory are not there any more.
    pub withdrawn: usize,
}

/// A file and everything in it.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct InspectedFile {
    pub path: String,
    /// Its permissions in octal, in a directory.
    pub mode: Option<FileMode>,
    pub items: Vec<InspectedItem>,
    /// Why nothing can be said of it, or of a part of it.
    pub error: Option<String>,
    /// What helps against that.
    #[serde(skip)]
    pub hint: Option<String>,
}

/// Something that a file holds.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum InspectedItem {
    Certificate(Box<CertificateDetails>),
    /// A private key, without its secret.
    PrivateKey(KeyDetails),
    CertificateRequest(RequestDetails),
    /// The content of ca.srl.
    SerialNumber {
        /// The last serial number that was given out.
        last: SerialNumber,
    },
    /// A line of an inventory.
    InventoryEntry(Box<EntryDetails>),
    /// A line of an inventory that is no entry.
    DamagedLine {
        /// Which, counted from one.
        line: usize,
        error: String,
    },
    /// The last line of an inventory, which a crash cut off: its certificate was not handed out.
    CutOffLine {
        /// Which, counted from one.
        line: usize,
    },
    /// A PEM block of another kind.
    Other {
        label: String,
    },
    /// A PEM block that does not hold what its label says.
    Damaged {
        label: String,
        error: String,
    },
}

/// What a certificate says.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
pub(crate) struct CertificateDetails {
    pub role: CertificatePurpose,
    pub common_name: Option<String>,
    pub subject: Subject,
    pub issuer: Subject,
    pub serial: SerialNumber,
    #[serde(flatten)]
    pub validity: Validity,
    /// Whole days until it ends; negative when it has.
    pub days_left: i64,
    /// subjectAltName.
    pub names: Vec<String>,
    pub path_length: Option<u32>,
    /// None without the extension.
    pub key_usage: Option<Vec<&'static str>>,
    /// None without the extension.
    pub extended_key_usage: Option<Vec<String>>,
    /// The kind and size of its key.
    pub key: String,
    /// How its issuer signed it.
    pub signature: String,
    /// In hex, as those that follow.
    pub subject_key_identifier: Option<String>,
    pub authority_key_identifier: Option<String>,
    pub sha256_fingerprint: String,
    /// SHA-256 of the SubjectPublicKeyInfo, as curl's `--pinnedpubkey` takes it.
    pub spki_pin: String,
}

/// What a certificate is for, by basicConstraints and extendedKeyUsage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CertificatePurpose {
    RootCa,
    IntermediateCa,
    Server,
    Client,
    Both,
    Neither,
}

/// What an inventory says of a certificate.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
pub(crate) struct EntryDetails {
    /// Its line, counted from one.
    pub line: usize,
    pub role: EndEntityKind,
    pub subject: String,
    pub issuer: String,
    pub serial: SerialNumber,
    pub names: Vec<String>,
    #[serde(flatten)]
    pub validity: Validity,
    pub sha256_fingerprint: String,
    /// The file that it was put into.
    pub file: String,
    /// When it was signed.
    #[serde(serialize_with = "rfc3339")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub issued_at: OffsetDateTime,
}

/// What can be said of a private key.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
pub(crate) struct KeyDetails {
    pub form: String,
    /// Whether it needs a passphrase.
    pub encrypted: bool,
    /// The kind and size of key, unless it is encrypted.
    pub key: Option<String>,
    /// In a directory: the file with its certificate.
    pub belongs_to: Option<String>,
    /// SHA-256 of the SubjectPublicKeyInfo, as of the certificate, unless it is encrypted.
    pub spki_pin: Option<String>,
}

/// What a certificate signing request asks for.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
pub(crate) struct RequestDetails {
    /// Whose certificate it is to be.
    pub subject: String,
    pub names: Vec<String>,
    /// The bits of keyUsage, if it asks for any.
    pub key_usage: Option<Vec<&'static str>>,
    /// The purposes of extendedKeyUsage, if it asks for any.
    pub extended_key_usage: Option<Vec<String>>,
    pub key: String,
    pub spki_pin: String,
}

impl InspectReport {
    /// Whether everything could be read.
    #[must_use]
    pub(crate) fn is_complete(&self) -> bool {
        self.targets.iter().flat_map(|target| &target.files).all(|file| file.error.is_none())
    }
}

/// Whether there is a folder. What cannot be looked at is read as a file, and that says why.
fn is_folder(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| found.is_dir())
}

/// Shows what files and certificate directories hold, without secrets. What cannot be read is in the
/// report with its error.
#[must_use]
pub(crate) fn inspect(targets: &[InspectTarget], now: OffsetDateTime) -> InspectReport {
    let targets = targets.iter().map(|target| match target {
        InspectTarget::Path(path) if is_folder(path) => match look_into(path, now) {
            Ok(directory) => directory,
            Err(error) => single(&path.display().to_string(), Err(error)),
        },
        InspectTarget::Path(path) => {
            let name = path.display().to_string();
            let read = read_file_up_to(path, INSPECT_LIMIT);
            single(&name, read.and_then(|content| whole_file(&name, path, &content, now)))
        }
        InspectTarget::Content(source) => {
            single(&source.name, everything(source.shown(), &source.content, now))
        }
    });
    InspectReport { targets: targets.collect() }
}

/// What stands for standard input on the command line.
const STDIN: &str = "-";

fn single(path: &str, items: Result<Vec<InspectedItem>, Error>) -> Inspected {
    let file = InspectedFile::new(path, None, items);
    Inspected { path: path.to_owned(), is_directory: false, files: vec![file], withdrawn: 0 }
}

/// What a file holds: by its name a serial number or an inventory, or else certificates and keys.
fn whole_file(
    shown: &str,
    path: &Path,
    content: &[u8],
    now: OffsetDateTime,
) -> Result<Vec<InspectedItem>, Error> {
    let is_called = |other: &str| path.file_name().is_some_and(|name| name == other);
    match (is_called(FileRole::CaSerial.file_name()), is_called(INVENTORY)) {
        (true, _) => serial_number(shown, content),
        (_, true) => inventory(path, content),
        _ => everything(shown, content, now),
    }
}

fn inventory(path: &Path, content: &[u8]) -> Result<Vec<InspectedItem>, Error> {
    let items = lines(content).enumerate().map(|(index, line)| {
        let number = index + 1;
        Ok(match line? {
            Line::Entry(entry) => InspectedItem::InventoryEntry(Box::new(EntryDetails::of(*entry, number))),
            Line::Damaged(error) => InspectedItem::DamagedLine { line: number, error },
            Line::CutOff => InspectedItem::CutOffLine { line: number },
        })
    });
    let items: io::Result<_> = items.collect();
    items.map_err(|error| unreadable(path, &error))
}

fn everything(path: &str, content: &[u8], now: OffsetDateTime) -> Result<Vec<InspectedItem>, Error> {
    let items = items(content).map_err(Error::in_file(path))?;
    Ok(items.iter().map(|item| InspectedItem::of(item, now)).collect())
}

fn serial_number(path: &str, content: &[u8]) -> Result<Vec<InspectedItem>, Error> {
    let counter = SerialCounter::parse(content).map_err(Error::in_file(path))?;
    Ok(vec![InspectedItem::SerialNumber { last: counter.last().clone() }])
}

impl InspectedFile {
    fn new(path: &str, mode: Option<FileMode>, items: Result<Vec<InspectedItem>, Error>) -> Self {
        let (items, error) = match items {
            Ok(items) => {
                let error = damaged_lines(path, &items).or_else(|| damage(path, &items));
                (items, error)
            }
            Err(error) => (Vec::new(), Some(error)),
        };
        // A command cannot be given standard input by a name.
        let on_stdin = error.as_ref().and_then(Error::cause::<x509::Error>).filter(|_| path == STDIN);
        let hint = match on_stdin {
            Some(source) => source.hint("FILE"),
            None => error.as_ref().and_then(Error::hint).map(str::to_owned),
        };
        Self { path: path.to_owned(), mode, items, error: error.map(|error| error.to_string()), hint }
    }
}

/// What is wrong with the first thing in a file that is not what it says.
fn damage(path: &str, items: &[InspectedItem]) -> Option<Error> {
    let message = items.iter().enumerate().find_map(|(index, item)| match item {
        InspectedItem::Damaged { label, error } if items.len() == 1 => {
            Some(format!("{path}: its PEM block {label} {error}"))
        }
        InspectedItem::Damaged { label, error } => {
            Some(format!("{path}: the PEM block {label}, {} of {}, {error}", index + 1, items.len()))
        }
        _ => None,
    })?;
    Some(Error::new(message).with_hint("restore the file from a backup".to_owned()))
}

/// Lines that are no entries of an inventory.
fn damaged_lines(path: &str, items: &[InspectedItem]) -> Option<Error> {
    let mut damaged = items.iter().filter_map(|item| match item {
        InspectedItem::DamagedLine { line, error } => Some((*line, error)),
        _ => None,
    });
    let (line, reason) = damaged.next()?;
    let error = damaged_line(path.as_ref(), line, reason);
    Some(error.reworded(|message| format!("{message}{}", more_damaged(damaged.count()))))
}

fn unreadable(path: &Path, reason: &impl std::fmt::Display) -> Error {
    let shown = path.display().to_string();
    Error::new(format!("{shown}: cannot be read: {reason}")).with_hint(format!(
        "`ls -ld {}` shows what is there; it has to be a regular file of at most 1 MiB that you may read",
        shell_quoted(&shown)
    ))
}

/// A directory, and what else its CA has issued.
fn look_into(path: &Path, now: OffsetDateTime) -> Result<Inspected, Error> {
    View::of(path, |view| {
        let mut directory = directory(&view.survey(), now);
        let read = |file| entries_of(BufReader::new(file), |_| {});
        match view.inventory().and_then(|file| file.map(read).transpose()) {
            Ok(None) => {}
            Ok(Some(overview)) => add_issued(view, &overview, now, &mut directory),
            Err(error) => {
                let path = view.path().join(inventory_path());
                let unreadable = unreadable(&path, &error);
                directory.files.push(InspectedFile::new(&path.display().to_string(), None, Err(unreadable)));
            }
        }
        Ok(directory)
    })
}

/// What is in force of the inventory, each certificate with its key if that is there.
fn add_issued(view: &View, overview: &Overview, now: OffsetDateTime, directory: &mut Inspected) {
    if let Some((line, error)) = overview.damaged.clone() {
        let damaged = vec![InspectedItem::DamagedLine { line, error }];
        let shown = view.path().join(inventory_path()).display().to_string();
        directory.files.push(InspectedFile::new(&shown, None, Ok(damaged)));
    }
    let own = EndEntityKind::ALL.map(|kind| FileRole::pair_of(kind).1.file_name());
    for (file, _) in overview.files().iter().filter(|(file, _)| !own.contains(file)) {
        let Some(IssuedFiles { certificate, key }) = IssuedFiles::look(view, file) else {
            directory.withdrawn += 1;
            continue;
        };
        let path = view.path().join(file);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        directory.files.push(read_file(&path, certificate.mode, &certificate.content, &[], now));
        if let Some((file, key)) = key {
            let certificates = [(&*name, &certificate.content)];
            let path = view.path().join(file);
            directory.files.push(read_file(&path, key.mode, &key.content, &certificates, now));
        }
    }
}

/// The files of a directory, and which key belongs to which certificate.
fn directory(survey: &Survey, now: OffsetDateTime) -> Inspected {
    let own = survey.files.iter().map(|(role, file)| (survey.name_of(*role), file.mode, &file.content));
    let mounted = survey.mounted.iter().map(|(name, file)| ((*name).into(), file.mode, &file.content));
    let all: Vec<_> = own.chain(mounted).collect();
    let contents: Vec<_> = all.iter().map(|(name, _, content)| (&**name, *content)).collect();
    let files = all
        .iter()
        .map(|(name, mode, content)| read_file(&survey.path.join(&**name), *mode, content, &contents, now));
    let files = files.collect();
    Inspected { path: survey.path.display().to_string(), is_directory: true, files, withdrawn: 0 }
}

/// What was read of a file, or why it cannot be read.
type Read = Result<Zeroizing<Vec<u8>>, Unreadable>;

/// A file of a directory; a key in it may belong to one of these.
fn read_file(
    path: &Path,
    mode: Option<FileMode>,
    content: &Read,
    certificates: &[(&str, &Read)],
    now: OffsetDateTime,
) -> InspectedFile {
    let shown = path.display().to_string();
    let read = content.as_ref().map_err(|reason| unreadable(path, reason));
    let items = read.and_then(|content| whole_file(&shown, path, content, now));
    let mut file = InspectedFile::new(&shown, mode, items);
    for item in &mut file.items {
        if let InspectedItem::PrivateKey(key) = item {
            let owner = certificates.iter().find(|(_, other)| belongs_to(content, other));
            key.belongs_to = owner.map(|(name, _)| (*name).to_owned());
        }
    }
    file
}

/// Whether a file has the key of a certificate in another.
fn belongs_to(key: &Read, certificates: &Read) -> bool {
    let key = key.as_ref().ok().and_then(|content| KeyMaterial::from_pem(content).ok());
    let certificates = certificates.as_ref().ok().and_then(|content| certificates_from_pem(content).ok());
    let (Some(key), Some(certificates)) = (key, certificates) else { return false };
    certificates.iter().any(|certificate| key.belongs_to(certificate) == Some(true))
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
    pub(crate) fn of(certificate: &Certificate, now: OffsetDateTime) -> Self {
        let validity = certificate.validity();
        Self {
            role: CertificatePurpose::of(certificate),
            common_name: certificate.subject().common_name(),
            subject: certificate.subject().clone(),
            issuer: certificate.issuer().clone(),
            serial: certificate.serial().clone(),
            validity,
            days_left: day_count(now, validity.not_after),
            names: [texts(certificate.names()).as_slice(), &certificate.extensions.unusable_names].concat(),
            path_length: certificate.extensions.path_length,
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

impl CertificatePurpose {
    fn of(certificate: &Certificate) -> Self {
        let serves = |kind| certificate.serves(kind);
        match (serves(EndEntityKind::Server), serves(EndEntityKind::Client)) {
            _ if certificate.is_ca() && certificate.is_self_issued() => Self::RootCa,
            _ if certificate.is_ca() => Self::IntermediateCa,
            (true, true) => Self::Both,
            (true, false) => Self::Server,
            (false, true) => Self::Client,
            (false, false) => Self::Neither,
        }
    }
}

impl fmt::Display for CertificatePurpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RootCa => "root CA",
            Self::IntermediateCa => "intermediate CA",
            Self::Server => "server",
            Self::Client => "client",
            Self::Both => "server and client",
            Self::Neither => "neither server nor client",
        })
    }
}

serialize_as_displayed!(CertificatePurpose);

impl EntryDetails {
    fn of(entry: IssuedEntry, line: usize) -> Self {
        Self {
            line,
            role: entry.kind,
            serial: entry.serial,
            subject: entry.subject,
            issuer: entry.issuer,
            names: entry.names,
            validity: Validity { not_before: entry.not_before, not_after: entry.not_after },
            sha256_fingerprint: entry.sha256_fingerprint,
            file: entry.file,
            issued_at: entry.issued_at,
        }
    }
}

impl KeyDetails {
    fn of(key: &KeyMaterial) -> Self {
        Self {
            form: key.form.to_string(),
            encrypted: key.is_encrypted(),
            key: key.algorithm.as_ref().map(KeyAlgorithm::to_string),
            belongs_to: None,
            spki_pin: key.spki_sha256.map(pin),
        }
    }
}

impl RequestDetails {
    fn of(request: &CertificateRequest) -> Self {
        Self {
            subject: request.subject.to_string(),
            names: texts(&request.extensions.names),
            key_usage: request.extensions.key_usage.clone(),
            extended_key_usage: request.extensions.extended_key_usage.clone(),
            key: request.key_algorithm.to_string(),
            spki_pin: pin(request.spki_sha256()),
        }
    }
}
