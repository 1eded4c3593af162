//! The inventory of what an authority has signed: `issued/index.jsonl`, to which lines are added before
//! a certificate is put into its place, and from which none is removed.

use std::collections::{HashMap, HashSet};
use std::io::BufReader;
use std::path::Path;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::lines::{Line, lines};
use crate::actions::Error;
use crate::actions::report::{texts, timestamp};
use crate::pki::{Certificate, EndEntityKind, SerialNumber, certificates_from_pem};
use crate::store::{
    self, Directory, EndEntityFiles, INVENTORY, ISSUED_FOLDER, IssuedName, RelativePath, open_file, path_of,
    read_file,
};

/// A certificate that was signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct InventoryEntry {
    /// In hex.
    pub(crate) serial: String,
    /// `server` or `client`.
    pub(crate) kind: String,
    pub(crate) subject: String,
    /// subjectAltName.
    pub(crate) names: Vec<String>,
    pub(crate) issuer: String,
    /// RFC 3339, as the others.
    pub(crate) not_before: String,
    pub(crate) not_after: String,
    pub(crate) sha256_fingerprint: String,
    /// Its path from the certificate directory.
    pub(crate) file: String,
    pub(crate) issued_at: String,
}

impl InventoryEntry {
    /// Its serial number, if it is one.
    pub(crate) fn serial(&self) -> Option<SerialNumber> {
        self.serial.parse().ok()
    }

    /// Whether it is a server's or a client's, if it says so.
    pub(crate) fn kind(&self) -> Option<EndEntityKind> {
        EndEntityKind::ALL.into_iter().find(|kind| kind.name() == self.kind)
    }

    pub(crate) fn of(
        kind: EndEntityKind,
        certificate: &Certificate,
        file: String,
        now: OffsetDateTime,
    ) -> Self {
        let validity = certificate.validity();
        Self {
            serial: certificate.serial().to_string(),
            kind: kind.name().to_owned(),
            subject: certificate.subject().to_string(),
            names: texts(certificate.names()),
            issuer: certificate.issuer().to_string(),
            not_before: timestamp(validity.not_before),
            not_after: timestamp(validity.not_after),
            sha256_fingerprint: certificate.fingerprint(),
            file,
            issued_at: timestamp(now),
        }
    }
}

/// All that was signed, in that order.
#[derive(Debug, Default)]
pub(crate) struct Inventory {
    /// Nothing where nothing was issued yet.
    entries: Option<Vec<InventoryEntry>>,
    /// What lies among what was issued, and is in no line: as if it were.
    unrecorded: Vec<InventoryEntry>,
}

impl Inventory {
    /// Reads the inventory of a certificate directory. A last line that is not complete was cut off by a
    /// crash, before its certificate was handed out.
    pub(crate) fn read(directory: &Path) -> Result<Self, Error> {
        let path = path_of(directory, path());
        let unreadable = |source| store::Error::Read { path: path.clone(), source };
        let unrecorded = |entries: &[InventoryEntry]| unrecorded(directory, entries);
        let Some(file) = open_file(&path)? else {
            return Ok(Self { entries: None, unrecorded: unrecorded(&[]) });
        };
        let mut entries = Vec::new();
        for (index, line) in lines(BufReader::new(file)).enumerate() {
            match line.map_err(unreadable)? {
                Line::Entry(entry) => entries.push(*entry),
                Line::Damaged(reason) => {
                    return Err(Error::InventoryDamaged { path, line: index + 1, reason });
                }
                Line::CutOff => {}
            }
        }
        Ok(Self { unrecorded: unrecorded(&entries), entries: Some(entries) })
    }

    /// Whether it was begun.
    pub(crate) fn is_begun(&self) -> bool {
        self.entries.is_some()
    }

    /// Adds entries where it was begun.
    pub(crate) fn add(&self, directory: &Directory, entries: &[InventoryEntry]) -> Result<(), Error> {
        if self.is_begun() { append(directory, entries) } else { Ok(()) }
    }

    pub(crate) fn entries(&self) -> &[InventoryEntry] {
        self.entries.as_deref().unwrap_or_default()
    }

    /// Of every file the last entry: what is there, unless it was withdrawn. And what is there without one.
    pub(crate) fn in_force(&self) -> Vec<&InventoryEntry> {
        let entries = self.entries();
        let mut last = HashMap::new();
        for (index, entry) in entries.iter().enumerate() {
            last.insert(entry.file.as_str(), index);
        }
        let mut last: Vec<_> = last.into_values().collect();
        last.sort_unstable();
        last.into_iter().map(|index| &entries[index]).chain(&self.unrecorded).collect()
    }

    /// Whether it has a certificate.
    pub(crate) fn has(&self, certificate: &Certificate) -> bool {
        self.entry(certificate).is_some()
    }

    /// What a certificate is for.
    pub(crate) fn kind_of(&self, certificate: &Certificate) -> Option<EndEntityKind> {
        self.entry(certificate).and_then(InventoryEntry::kind)
    }

    fn entry(&self, certificate: &Certificate) -> Option<&InventoryEntry> {
        let fingerprint = certificate.fingerprint();
        self.entries().iter().find(|entry| entry.sha256_fingerprint == fingerprint)
    }

    /// The serial numbers that an issuer has used.
    pub(crate) fn serials_of(&self, issuer: &str) -> impl Iterator<Item = SerialNumber> {
        let entries = self.entries().iter().chain(&self.unrecorded);
        let entries = entries.filter(move |entry| entry.issuer == issuer);
        entries.filter_map(InventoryEntry::serial)
    }
}

/// What lies in `issued` and has no line, by the certificates themselves. What cannot be read is left out.
fn unrecorded(directory: &Path, entries: &[InventoryEntry]) -> Vec<InventoryEntry> {
    let recorded: HashSet<_> = entries.iter().map(|entry| entry.file.as_str()).collect();
    let folders = std::fs::read_dir(directory.join(ISSUED_FOLDER)).into_iter().flatten().flatten();
    let names = folders.filter_map(|entry| entry.file_name().to_str()?.parse::<IssuedName>().ok());
    let file = |name: IssuedName| format!("{ISSUED_FOLDER}/{}", EndEntityFiles::issued(&name).certificate);
    let unknown = names.map(file).filter(|file| !recorded.contains(file.as_str()));
    let entry = |file: String| {
        let content = read_file(&directory.join(&file)).ok()?;
        let certificate = certificates_from_pem(&content).ok()?.swap_remove(0);
        Some(InventoryEntry::of(
            EndEntityKind::of(&certificate),
            &certificate,
            file,
            certificate.validity().not_before,
        ))
    };
    let mut found: Vec<_> = unknown.filter_map(entry).collect();
    found.sort_unstable_by(|one, other| one.file.cmp(&other.file));
    found
}

/// Adds entries, and waits until they are on disk. Whoever does so has the certificate directory locked.
pub(crate) fn append(directory: &Directory, entries: &[InventoryEntry]) -> Result<(), Error> {
    let mut lines = Vec::new();
    for entry in entries {
        serde_json::to_writer(&mut lines, entry)
            .unwrap_or_else(|_| unreachable!("texts can be written as JSON"));
        lines.push(b'\n');
    }
    Ok(directory.append(path(), &lines)?)
}

/// Where it is in a certificate directory.
pub(crate) fn path() -> RelativePath {
    RelativePath::in_folder(ISSUED_FOLDER, INVENTORY)
}
