use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::base::error::Error;
use crate::base::text::shell_quoted;
use crate::check::config::Source;
use crate::store::inventory::damaged_line;
use crate::store::inventory::lines;
use crate::store::inventory::{InventoryEntry, Line, Overview, entries_of};
use crate::store::{FileMode, FileRole, INVENTORY, ISSUED_FOLDER, SeenFile, Survey, View, read_file_up_to};
use crate::x509;
use crate::x509::{
    Certificate, CertificateRequest, EndEntityKind, Item, KeyAlgorithm, KeyMaterial, SerialCounter,
    certificates_from_pem, hex_with_colons, items,
};
use crate::x509::{day_count, texts, timestamp};

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
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct InspectReport {
    /// Each target, in the order in which they were named.
    pub targets: Vec<Inspected>,
}

/// A file, or a certificate directory with its files.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Inspected {
    /// Its path.
    pub path: String,
    /// Whether it is a certificate directory.
    pub is_directory: bool,
    /// The file, or those of the directory that are there: of the seven, of a mounted Secret, and of what
    /// else its authority has issued.
    pub files: Vec<InspectedFile>,
    /// How many certificates of the directory's inventory are not there any more.
    pub withdrawn: usize,
}

/// A file and everything in it.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
    /// A line of an inventory.
    InventoryEntry(Box<EntryDetails>),
    /// A line of an inventory that is no entry.
    DamagedLine {
        /// Which, counted from one.
        line: usize,
        /// What is wrong with it.
        error: String,
    },
    /// The last line of an inventory, which a crash cut off: its certificate was not handed out.
    CutOffLine {
        /// Which, counted from one.
        line: usize,
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
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
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

/// What an inventory says of a certificate.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
pub struct EntryDetails {
    /// Its line, counted from one.
    pub line: usize,
    /// `server` or `client`.
    pub role: &'static str,
    /// Whose it is.
    pub subject: String,
    /// Who issued it.
    pub issuer: String,
    /// Its serial number in hex.
    pub serial: String,
    /// subjectAltName.
    pub names: Vec<String>,
    /// Its first second, RFC 3339.
    pub not_before: String,
    /// Its last second, RFC 3339.
    pub not_after: String,
    /// SHA-256 of the certificate.
    pub sha256_fingerprint: String,
    /// The file that it was put into.
    pub file: String,
    /// When it was signed, RFC 3339.
    pub issued_at: String,
}

/// What can be said of a private key.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
pub struct KeyDetails {
    /// How it is encoded.
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

/// Whether there is a folder. What cannot be looked at is read as a file, and that says why.
fn is_folder(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| found.is_dir())
}

/// Shows what files and certificate directories hold, without secrets. What cannot be read is in the
/// report with its error.
#[must_use]
pub fn inspect(targets: &[InspectTarget], now: OffsetDateTime) -> InspectReport {
    let targets = targets.iter().map(|target| match target {
        InspectTarget::Path(path) if is_folder(path) => match look_into(path, now) {
            Ok(directory) => directory,
            Err(error) => single(&path.display().to_string(), Err(error)),
        },
        InspectTarget::Path(path) => {
            let name = path.display().to_string();
            single(&name, read(path).and_then(|content| whole_file(&name, path, &content, now)))
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

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    Ok(read_file_up_to(path, INSPECT_LIMIT)?)
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
    Ok(vec![InspectedItem::SerialNumber { last: counter.last().to_string() }])
}

impl InspectedFile {
    fn new(path: &str, mode: Option<FileMode>, items: Result<Vec<InspectedItem>, Error>) -> Self {
        let (items, error, hint) = match items {
            Ok(items) => match damaged_lines(path, &items) {
                Some((error, hint)) => (items, Some(error), hint),
                None => {
                    let damage = damage(path, &items);
                    let hint = damage.is_some().then(|| "restore the file from a backup".to_owned());
                    (items, damage, hint)
                }
            },
            // A command cannot be given standard input by a name.
            Err(error) => {
                let on_stdin = error.cause::<x509::Error>().filter(|_| path == STDIN);
                let hint = match on_stdin {
                    Some(source) => source.hint("FILE"),
                    None => error.hint().map(str::to_owned),
                };
                (Vec::new(), Some(error.to_string()), hint)
            }
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

/// Lines that are no entries of an inventory, and what helps.
fn damaged_lines(path: &str, items: &[InspectedItem]) -> Option<(String, Option<String>)> {
    let mut damaged = items.iter().filter_map(|item| match item {
        InspectedItem::DamagedLine { line, error } => Some((*line, error.clone())),
        _ => None,
    });
    let (line, reason) = damaged.next()?;
    let error = damaged_line(path.as_ref(), line, &reason);
    let more = match damaged.count() {
        0 => String::new(),
        1 => "; 1 more line is damaged".into(),
        more => format!("; {more} more lines are damaged"),
    };
    Some((format!("{error}{more}"), error.hint().map(str::to_owned)))
}

fn unreadable(path: &Path, reason: &impl std::fmt::Display) -> Error {
    let shown = path.display().to_string();
    Error::new(format!("{shown}: cannot be read: {reason}")).with_hint(format!(
        "`ls -ld {}` shows what is there; it has to be a regular file of at most 1 MiB that you may read",
        shell_quoted(&shown)
    ))
}

/// A file of a directory.
struct Entry<'a> {
    name: &'static str,
    mode: Option<FileMode>,
    content: &'a Content,
}

/// A directory, and what else its authority has issued.
fn look_into(path: &Path, now: OffsetDateTime) -> Result<Inspected, Error> {
    View::of(path, |view| Ok(look_at(view, now)))
}

fn look_at(view: &View, now: OffsetDateTime) -> Inspected {
    let mut directory = directory(&view.survey(), now);
    let read = |file| entries_of(BufReader::new(file), |_| {});
    match view.inventory().and_then(|file| file.map(read).transpose()) {
        Ok(None) => {}
        Ok(Some(overview)) => add_issued(view, &overview, now, &mut directory),
        Err(error) => {
            let path = inventory_path(view);
            let unreadable = unreadable(&path, &error);
            let shown = path.display().to_string();
            directory.files.push(InspectedFile::new(&shown, None, Err(unreadable)));
        }
    }
    directory
}

fn inventory_path(view: &View) -> PathBuf {
    view.path().join(ISSUED_FOLDER).join(INVENTORY)
}

/// What is in force of the inventory, each certificate with its key if that is there.
fn add_issued(view: &View, overview: &Overview, now: OffsetDateTime, directory: &mut Inspected) {
    if let Some((line, error)) = overview.damaged.clone() {
        let damaged = vec![InspectedItem::DamagedLine { line, error }];
        let shown = inventory_path(view).display().to_string();
        directory.files.push(InspectedFile::new(&shown, None, Ok(damaged)));
    }
    let own = EndEntityKind::ALL.map(|kind| FileRole::pair_of(kind).1.file_name());
    for (file, _) in overview.files().iter().filter(|(file, _)| !own.contains(file)) {
        let Some(certificate) = view.look(file) else {
            directory.withdrawn += 1;
            continue;
        };
        directory.files.push(issued_file(view, file, &certificate, now));
        let Some(key) = file.strip_suffix(".pem").map(|stem| format!("{stem}.key")) else { continue };
        let Some(seen) = view.look(&key) else { continue };
        let mut inspected = issued_file(view, &key, &seen, now);
        let owner = Path::new(file).file_name().map(|name| name.to_string_lossy().into_owned());
        for item in &mut inspected.items {
            if let InspectedItem::PrivateKey(key) = item {
                key.belongs_to = owner.clone().filter(|_| belongs_to(&seen.content, &certificate.content));
            }
        }
        directory.files.push(inspected);
    }
}

fn issued_file(view: &View, file: &str, seen: &SeenFile, now: OffsetDateTime) -> InspectedFile {
    let path = view.path().join(file);
    let shown = path.display().to_string();
    let content = seen.content.as_ref().map_err(|reason| unreadable(&path, reason));
    let items = content.and_then(|content| everything(&shown, content, now));
    InspectedFile::new(&shown, seen.mode, items)
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
        let content = entry.content.as_ref().map_err(|reason| unreadable(&path, reason));
        let items = content.and_then(|content| whole_file(&shown, &path, content, now));
        let mut file = InspectedFile::new(&shown, entry.mode, items);
        for item in &mut file.items {
            if let InspectedItem::PrivateKey(key) = item {
                key.belongs_to = owner(&entries, entry).map(str::to_owned);
            }
        }
        file
    });
    let files = files.collect();
    Inspected { path: survey.path.display().to_string(), is_directory: true, files, withdrawn: 0 }
}

/// What was read of a file.
type Content = Result<Zeroizing<Vec<u8>>, String>;

/// The file whose certificate a private key belongs to.
fn owner(entries: &[Entry<'_>], entry: &Entry<'_>) -> Option<&'static str> {
    entries.iter().find(|other| belongs_to(entry.content, other.content)).map(|owner| owner.name)
}

/// Whether a file has the key of a certificate in another.
fn belongs_to(key: &Content, certificates: &Content) -> bool {
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

impl EntryDetails {
    fn of(entry: InventoryEntry, line: usize) -> Self {
        Self {
            line,
            role: entry.kind().map(EndEntityKind::name).unwrap_or_default(),
            serial: entry.serial().map(|serial| serial.to_string()).unwrap_or_default(),
            subject: entry.subject,
            issuer: entry.issuer,
            names: entry.names,
            not_before: entry.not_before,
            not_after: entry.not_after,
            sha256_fingerprint: entry.sha256_fingerprint,
            file: entry.file,
            issued_at: entry.issued_at,
        }
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
