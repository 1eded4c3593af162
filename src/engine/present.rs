//! What lies in the place of a certificate.

use std::path::{Path, PathBuf};

use time::OffsetDateTime;

use crate::base::error::{Error, ErrorKind};
use crate::base::text::command;
use crate::engine::errors;
use crate::engine::inventory::Inventory;
use crate::engine::signers::{Signers, Unvouched};
use crate::store::inventory::IssuedEntry;
use crate::store::{Directory, EndEntityFiles};
use crate::x509::{self, Certificate, EndEntityKind, Problem, certificates_from_pem};

pub(crate) struct Present {
    pub(crate) kind: EndEntityKind,
    pub(crate) files: EndEntityFiles,
    /// The certificate's file.
    pub(crate) path: PathBuf,
    pub(crate) found: Found,
}

pub(crate) enum Found {
    /// There is no file.
    Nothing,
    /// It is empty, or holds no certificate that can be read, for this reason.
    Unusable(x509::Error),
    /// It is no file, and of no concern.
    NotAFile,
    /// A certificate, and the others that the file holds.
    Certificate(Box<Certificate>, Vec<Certificate>),
}

impl Present {
    /// # Errors
    /// Where nobody can say what is there.
    pub(crate) fn read(
        directory: &Directory,
        kind: EndEntityKind,
        files: EndEntityFiles,
    ) -> Result<Self, Error> {
        let content = directory.read(&files.certificate)?;
        let found = content.map_or(Found::Nothing, |content| Found::of(&content));
        Ok(Self { kind, path: directory.path_of(&files.certificate), files, found })
    }

    /// server.pem or client.pem. Where it is not renewed, it can also be something else than a file.
    pub(crate) fn of_directory(
        directory: &Directory,
        kind: EndEntityKind,
        is_renewed: bool,
    ) -> Result<Self, Error> {
        let files = EndEntityFiles::of_directory(kind);
        match Self::read(directory, kind, files.clone()) {
            Err(error) if !is_renewed && error.kind() == ErrorKind::NotAFile => {
                let path = directory.path_of(&files.certificate);
                Ok(Self { kind, files, path, found: Found::NotAFile })
            }
            read => read,
        }
    }

    pub(crate) fn certificate(&self) -> Option<&Certificate> {
        match &self.found {
            Found::Certificate(certificate, _) => Some(certificate),
            Found::Nothing | Found::Unusable(_) | Found::NotAFile => None,
        }
    }

    /// Its certificate, if there is a file.
    ///
    /// # Errors
    /// Where it cannot be read; `directory` is the certificate directory, for the hint.
    pub(crate) fn readable(&self, directory: &Path) -> Result<Option<&Certificate>, Error> {
        match &self.found {
            Found::Unusable(source) => Err(self.unreadable(source, directory)),
            _ => Ok(self.certificate()),
        }
    }

    /// Whether the file is empty: renew.sh leaves such a server.pem behind when it fails.
    pub(crate) fn is_empty(&self) -> bool {
        matches!(&self.found, Found::Unusable(source) if source.problem() == Problem::Empty)
    }

    /// The certificate's file, for notes.
    pub(crate) fn file(&self) -> String {
        self.files.certificate.to_string()
    }

    pub(crate) fn common_name(&self) -> Option<String> {
        self.certificate().and_then(|certificate| certificate.subject().common_name())
    }

    /// Whether server.pem or client.pem can be reissued as it is: this directory's CA signed it, and the
    /// inventory does not have it for another file.
    pub(crate) fn vouch_for_own(&self, signers: &Signers, inventory: &Inventory) -> Result<(), Unvouched> {
        let Found::Certificate(certificate, others) = &self.found else { return Ok(()) };
        signers.check(certificate, others)?;
        inventory.check_own(&self.file(), certificate)
    }

    /// The same of something that was issued, whose `file` is as the inventory has it. Returns what it is for.
    pub(crate) fn vouch_for_issued(
        &self,
        file: &str,
        signers: &Signers,
        inventory: &Inventory,
    ) -> Result<EndEntityKind, Unvouched> {
        let Found::Certificate(certificate, others) = &self.found else { return Ok(self.kind) };
        inventory.vouch(file, certificate, others, signers)
    }

    /// That it cannot be read.
    pub(crate) fn unreadable(&self, source: &x509::Error, directory: &Path) -> Error {
        let (again, does) = match self.files.issued_as() {
            Some(name) => (format!("issue {} {name} --force", self.kind), "issues another"),
            None => (errors::renewed_as_named(self.kind), "makes one with the name that you give"),
        };
        let again = command(&again, directory);
        Error::new(format!("{}: {source}", self.path.display()))
            .with_hint(format!("restore it from a backup, or `{again}` {does}"))
            .with_cause(source.clone())
    }

    /// That it is not reissued as it lies there.
    pub(crate) fn unvouched(&self, reason: &Unvouched, directory: &Path) -> Error {
        errors::unvouched(&self.path, reason, self.kind, self.files.issued_as().as_ref(), directory)
    }
}

impl Found {
    pub(crate) fn of(content: &[u8]) -> Self {
        let mut certificates = match certificates_from_pem(content) {
            Err(error) => return Self::Unusable(error),
            Ok(certificates) => certificates,
        };
        // Some put the CA first; a leaf is what is no CA.
        let leaf = certificates.iter().position(|certificate| !certificate.is_ca()).unwrap_or(0);
        let leaf = certificates.remove(leaf);
        Self::Certificate(Box::new(leaf), certificates)
    }
}

/// The directory's own certificates that the inventory does not have: with them it begins, and goes on
/// where a crash cut off its beginning.
pub(crate) fn first_entries(
    own: &[Present],
    inventory: &Inventory,
    signers: &Signers,
    now: OffsetDateTime,
) -> Vec<IssuedEntry> {
    let entry = |one: &Present| {
        let certificate = one.certificate().filter(|certificate| inventory.file_of(certificate).is_none())?;
        one.vouch_for_own(signers, inventory).ok()?;
        Some(IssuedEntry::of(one.kind, certificate, one.file(), now))
    };
    own.iter().filter_map(entry).collect()
}
