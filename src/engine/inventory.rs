//! The inventory of what a CA has signed: `issued/index.jsonl`, to which lines are added before
//! a certificate is put into its place, and from which none is removed.

use std::collections::{HashMap, HashSet};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use crate::base::error::Error;
use crate::engine::signers::{Signers, Unvouched};
use crate::store::inventory::{IssuedEntry, Line, damaged_line, lines};
use crate::store::{
    Directory, EndEntityFiles, INVENTORY, ISSUED_FOLDER, IssuedName, RelativePath, open_file, path_of,
    read_file_if_there, unreadable,
};
use crate::x509::{Certificate, EndEntityKind, SerialNumber, certificates_from_pem};

/// All that was signed, in that order.
#[derive(Debug, Default)]
pub(crate) struct Inventory {
    /// Whether there is one: it begins with the first certificate beside server.pem and client.pem.
    pub(crate) is_begun: bool,
    entries: Vec<IssuedEntry>,
    /// The entries of each file, the last one last.
    by_file: HashMap<String, Vec<usize>>,
}

/// Something that was issued.
pub(crate) struct Member {
    pub(crate) name: IssuedName,
    /// As the inventory says, if it has a line.
    pub(crate) kind: Option<EndEntityKind>,
    /// The path of its certificate, as the inventory has it.
    pub(crate) file: String,
}

/// What the inventory has in one folder.
pub(crate) struct Members {
    /// Where it is, as the inventory says.
    pub(crate) folder: PathBuf,
    pub(crate) members: Vec<Member>,
}

impl Member {
    /// `issued/search/search.pem` is search in issued.
    fn of(entry: &IssuedEntry) -> Option<(PathBuf, Self)> {
        let own = Path::new(&entry.file).parent()?;
        let name = own.file_name()?.to_str()?.parse().ok()?;
        let folder = own.parent()?;
        let is_called_so = path_of(folder, EndEntityFiles::issued(&name).certificate);
        (is_called_so == Path::new(&entry.file))
            .then(|| (folder.to_owned(), Self { name, kind: Some(entry.kind), file: entry.file.clone() }))
    }
}

/// A certificate in a folder of `issued` whose file has no line in the inventory.
pub(crate) struct Unrecorded {
    pub(crate) name: IssuedName,
    /// Its path from the certificate directory.
    pub(crate) file: String,
    /// Nothing where it cannot be read as a certificate.
    pub(crate) certificate: Option<Certificate>,
    /// Why it cannot be looked at, if it cannot.
    pub(crate) error: Option<Error>,
}

impl Unrecorded {
    pub(crate) fn reason(&self) -> Unvouched {
        if self.certificate.is_some() { Unvouched::NoLine } else { Unvouched::Unreadable }
    }
}

impl Inventory {
    /// Reads the inventory of a certificate directory. A last line that is not complete was cut off by a
    /// crash, before its certificate was handed out.
    pub(crate) fn read(directory: &Path) -> Result<Self, Error> {
        let path = path_of(directory, path());
        let Some(file) = open_file(&path)? else { return Ok(Self::default()) };
        let mut read = Self { is_begun: true, ..Self::default() };
        for (index, line) in lines(BufReader::new(file)).enumerate() {
            match line.map_err(unreadable(&path))? {
                Line::Entry(entry) => {
                    read.by_file.entry(entry.file.clone()).or_default().push(read.entries.len());
                    read.entries.push(*entry);
                }
                Line::Damaged(reason) => return Err(damaged_line(&path, index + 1, &reason)),
                Line::CutOff => {}
            }
        }
        Ok(read)
    }

    /// Adds entries where it was begun.
    pub(crate) fn add(&self, directory: &Directory, entries: &[IssuedEntry]) -> Result<(), Error> {
        if self.is_begun { append(directory, entries) } else { Ok(()) }
    }

    pub(crate) fn last_of(&self, file: &str) -> Option<&IssuedEntry> {
        self.of(file).last()
    }

    fn of(&self, file: &str) -> impl DoubleEndedIterator<Item = &IssuedEntry> {
        self.by_file.get(file).into_iter().flatten().map(|index| &self.entries[*index])
    }

    /// The file that it has a certificate for.
    pub(crate) fn file_of(&self, certificate: &Certificate) -> Option<&str> {
        let fingerprint = certificate.fingerprint();
        let entry = self.entries.iter().find(|entry| entry.sha256_fingerprint == fingerprint)?;
        Some(&entry.file)
    }

    /// Holds if a certificate in a file, which stands there beside others, can be reissued as it is: one of
    /// the signers signed it, and it is the one that was put there last, or an earlier one that says no more:
    /// the last one may never have come into its place. Returns what it is for.
    pub(crate) fn vouch(
        &self,
        file: &str,
        certificate: &Certificate,
        others: &[Certificate],
        signers: &Signers,
    ) -> Result<EndEntityKind, Unvouched> {
        signers.check(certificate, others)?;
        let last = self.last_of(file).ok_or(Unvouched::NoLine)?;
        let fingerprint = certificate.fingerprint();
        let entry = self.of(file).rfind(|entry| entry.sha256_fingerprint == fingerprint);
        let entry = entry.ok_or(Unvouched::OtherCertificate)?;
        let names: HashSet<_> = last.names.iter().collect();
        let says_no_more = entry.kind == last.kind
            && entry.subject == last.subject
            && entry.names.iter().all(|name| names.contains(name));
        if says_no_more { Ok(entry.kind) } else { Err(Unvouched::EarlierCertificate) }
    }

    /// Holds unless a certificate in server.pem or client.pem is one that was put into another file.
    pub(crate) fn check_own(&self, file: &str, certificate: &Certificate) -> Result<(), Unvouched> {
        let fingerprint = certificate.fingerprint();
        if self.of(file).any(|entry| entry.sha256_fingerprint == fingerprint) {
            return Ok(());
        }
        match self.file_of(certificate) {
            Some(file) => Err(Unvouched::OfAnotherFile { file: file.to_owned() }),
            None => Ok(()),
        }
    }

    /// The serial numbers that an issuer has used.
    pub(crate) fn serials_of(&self, issuer: &str) -> Vec<SerialNumber> {
        let entries = self.entries.iter().filter(|entry| entry.issuer == issuer);
        entries.map(|entry| entry.serial.clone()).collect()
    }

    /// All that was issued and has not been withdrawn as far as it knows, by folder. The directory's own
    /// certificates are in no folder.
    pub(crate) fn members(&self) -> Vec<Members> {
        // Of every file the last entry is in force.
        let mut last: Vec<_> = self.by_file.values().filter_map(|of_file| of_file.last()).collect();
        last.sort_unstable();
        let mut all: Vec<Members> = Vec::new();
        for (folder, member) in last.into_iter().filter_map(|index| Member::of(&self.entries[*index])) {
            match all.iter_mut().find(|members| members.folder == folder) {
                Some(members) => members.members.push(member),
                None => all.push(Members { folder, members: vec![member] }),
            }
        }
        all
    }

    /// What lies in `issued` without a line. Nobody vouches for it, but its serial numbers are in use.
    pub(crate) fn unrecorded(&self, directory: &Path) -> Result<Vec<Unrecorded>, Error> {
        let issued = directory.join(ISSUED_FOLDER);
        let folders = match std::fs::read_dir(&issued) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            folders => folders.map_err(unreadable(&issued))?,
        };
        let mut found = Vec::new();
        for folder in folders {
            let folder = folder.map_err(unreadable(&issued))?;
            let Some(name) = folder.file_name().to_str().and_then(|name| name.parse::<IssuedName>().ok())
            else {
                continue;
            };
            let file = format!("{ISSUED_FOLDER}/{}", EndEntityFiles::issued(&name).certificate);
            if self.by_file.contains_key(&file) {
                continue;
            }
            let (certificate, error) = match read_file_if_there(&directory.join(&file)) {
                Ok(None) => continue,
                Ok(Some(content)) => {
                    (certificates_from_pem(&content).map(|mut all| all.swap_remove(0)).ok(), None)
                }
                Err(error) => (None, Some(error)),
            };
            found.push(Unrecorded { name, file, certificate, error });
        }
        found.sort_unstable_by(|one, other| one.file.cmp(&other.file));
        Ok(found)
    }
}

/// Adds entries, and waits until they are on disk. Whoever does so has the certificate directory locked.
pub(crate) fn append(directory: &Directory, entries: &[IssuedEntry]) -> Result<(), Error> {
    let mut lines = Vec::new();
    for entry in entries {
        serde_json::to_writer(&mut lines, entry)
            .unwrap_or_else(|_| unreachable!("texts can be written as JSON"));
        lines.push(b'\n');
    }
    directory.append(path(), &lines)
}

pub(crate) fn path() -> RelativePath {
    RelativePath::in_folder(ISSUED_FOLDER, INVENTORY)
}
