//! What lies in the place of a certificate.

use time::OffsetDateTime;

use crate::base::error::{Error, ErrorKind};
use crate::engine::inventory::Inventory;
use crate::engine::signers::{Signers, Unvouched};
use crate::store::inventory::IssuedEntry;
use crate::store::{Directory, EndEntityFiles};
use crate::x509::{self, Certificate, EndEntityKind, certificates_from_pem};

/// What lies in the place of a server's or client's certificate.
pub(crate) struct Present {
    pub(crate) kind: EndEntityKind,
    pub(crate) files: EndEntityFiles,
    pub(crate) found: Found,
}

/// What is in the file.
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
    /// Reads it.
    ///
    /// # Errors
    /// Where nobody can say what is there.
    pub(crate) fn read(
        directory: &Directory,
        kind: EndEntityKind,
        files: EndEntityFiles,
    ) -> Result<Self, Error> {
        let found = Found::read(directory, &files)?;
        Ok(Self { kind, files, found })
    }

    /// server.pem or client.pem. Where it is not renewed, it can also be something else than a file.
    pub(crate) fn of_directory(
        directory: &Directory,
        kind: EndEntityKind,
        is_renewed: bool,
    ) -> Result<Self, Error> {
        let files = EndEntityFiles::of_directory(kind);
        match Found::read(directory, &files) {
            Err(error) if !is_renewed && is_no_certificate(&error) => {
                Ok(Self { kind, files, found: Found::NotAFile })
            }
            found => Ok(Self { kind, files, found: found? }),
        }
    }

    pub(crate) fn certificate(&self) -> Option<&Certificate> {
        match &self.found {
            Found::Certificate(certificate, _) => Some(certificate),
            Found::Nothing | Found::Unusable(_) | Found::NotAFile => None,
        }
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
}

impl Found {
    fn read(directory: &Directory, files: &EndEntityFiles) -> Result<Self, Error> {
        let content = directory.read(&files.certificate)?;
        Ok(content.map_or(Self::Nothing, |content| Self::of(&content)))
    }

    /// What a file with this content holds.
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

fn is_no_certificate(error: &Error) -> bool {
    error.kind() == ErrorKind::NotAFile
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
        let certificate = one.certificate().filter(|certificate| !inventory.has(certificate))?;
        one.vouch_for_own(signers, inventory).ok()?;
        Some(IssuedEntry::of(one.kind, certificate, one.file(), now))
    };
    own.iter().filter_map(entry).collect()
}
