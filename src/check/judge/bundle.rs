use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::base::place::Place;
use crate::store::{FileMode, FileRole, Interruption};
use crate::x509::{self, Certificate, KeyMaterial, certificates_from_pem, holds_private_key};

/// Certificates, keys and `ca.srl` that belong together: a certificate directory, a Kubernetes
/// Secret, or what is mounted into a container.
#[derive(Debug, Default)]
pub struct Bundle {
    files: BTreeMap<FileRole, BundleFile>,
    interruption: Option<Interruption>,
}

/// A file of a bundle, read once.
#[derive(Debug)]
pub(crate) struct BundleFile {
    pub(crate) place: Place,
    /// What it is called where the place does not say it, as in a Secret.
    pub(crate) name: Option<String>,
    /// Its permissions, where they say who can read it.
    pub(crate) mode: Option<FileMode>,
    /// Whether a private key is in it, by its content.
    pub(crate) holds_key: bool,
    pub(crate) content: Content,
    /// Of its octets; none where it cannot be read.
    digest: Option<[u8; 32]>,
}

/// What a file holds, by its role.
#[derive(Debug)]
pub(crate) enum Content {
    /// One certificate at least, in the order of the file.
    Certificates(Vec<Certificate>),
    Key(KeyMaterial),
    Serial(Zeroizing<Vec<u8>>),
    /// It cannot be read from the disk, for this reason.
    Unreadable(String),
    /// It was read, and is not what it should be.
    Unusable(x509::Error),
}

impl Bundle {
    /// An empty bundle.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file with its content, or the reason why it cannot be read.
    pub fn add(
        &mut self,
        role: FileRole,
        place: Place,
        mode: Option<FileMode>,
        content: Result<&[u8], String>,
    ) {
        self.insert(role, place, None, mode, content);
    }

    /// Adds what is not a file of its own, by what it is called.
    pub(crate) fn add_named(&mut self, role: FileRole, place: Place, name: String, content: &[u8]) {
        self.insert(role, place, Some(name), None, Ok(content));
    }

    fn insert(
        &mut self,
        role: FileRole,
        place: Place,
        name: Option<String>,
        mode: Option<FileMode>,
        content: Result<&[u8], String>,
    ) {
        let holds_key = content.as_ref().is_ok_and(|bytes| role.is_key() || holds_private_key(bytes));
        let digest = content.as_ref().ok().map(|bytes| Sha256::digest(bytes).into());
        let content = match content {
            Ok(bytes) => Content::of(role, bytes),
            Err(reason) => Content::Unreadable(reason),
        };
        self.files.insert(role, BundleFile { place, name, mode, holds_key, content, digest });
    }

    /// Notes what an interrupted run left in it.
    pub fn set_interruption(&mut self, interruption: Option<Interruption>) {
        self.interruption = interruption;
    }

    pub(crate) fn interruption(&self) -> Option<&Interruption> {
        self.interruption.as_ref()
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Whether a file has the same content in another bundle.
    pub(crate) fn has_same(&self, other: &Self, role: FileRole) -> bool {
        let digest = |bundle: &Self| bundle.file(role).and_then(|file| file.digest);
        digest(self).is_some() && digest(self) == digest(other)
    }

    /// Whether it is of the same files.
    pub(crate) fn is_at_the_same_places(&self, other: &Self) -> bool {
        let places = |bundle: &Self| -> Vec<_> {
            bundle.files().map(|(role, file)| (role, file.place.clone())).collect()
        };
        places(self) == places(other)
    }

    /// What the file at a place is.
    pub(crate) fn role_at(&self, place: &Place) -> Option<FileRole> {
        self.files().find(|(_, file)| file.place == *place).map(|(role, _)| role)
    }

    /// Its files by their roles.
    pub(crate) fn files(&self) -> impl Iterator<Item = (FileRole, &BundleFile)> {
        self.files.iter().map(|(role, file)| (*role, file))
    }

    pub(crate) fn file(&self, role: FileRole) -> Option<&BundleFile> {
        self.files.get(&role)
    }

    /// The certificates of a file, in its order; none where it is missing or unusable.
    #[must_use]
    pub fn certificates(&self, role: FileRole) -> &[Certificate] {
        match self.file(role).map(|file| &file.content) {
            Some(Content::Certificates(certificates)) => certificates,
            _ => &[],
        }
    }

    /// The server's or client's own certificate in a file: the one that its key belongs to, or else
    /// the first.
    #[must_use]
    pub fn end_entity(&self, role: FileRole) -> Option<&Certificate> {
        let certificates = self.certificates(role);
        let key = match role {
            FileRole::ServerCertificate => self.key(FileRole::ServerKey),
            FileRole::ClientCertificate => self.key(FileRole::ClientKey),
            _ => None,
        };
        let is_own =
            |certificate: &&Certificate| key.is_some_and(|key| key.belongs_to(certificate) == Some(true));
        let own = certificates.iter().find(is_own);
        own.or_else(|| certificates.iter().find(|certificate| !certificate.is_ca())).or(certificates.first())
    }

    pub(crate) fn key(&self, role: FileRole) -> Option<&KeyMaterial> {
        match self.file(role).map(|file| &file.content) {
            Some(Content::Key(key)) => Some(key),
            _ => None,
        }
    }
}

impl Content {
    fn of(role: FileRole, bytes: &[u8]) -> Self {
        if role == FileRole::CaSerial {
            return Self::Serial(Zeroizing::new(bytes.to_vec()));
        }
        let content = match role.is_key() {
            true => KeyMaterial::from_pem(bytes).map(Self::Key),
            false => certificates_from_pem(bytes).map(Self::Certificates),
        };
        content.unwrap_or_else(Self::Unusable)
    }
}
