use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::base::place::Place;
use crate::check::fix::{CaKey, Location};
use crate::store::{FileMode, FileRole, Interruption, IssuedFolder, Survey, Unreadable};
use crate::x509::{
    self, Certificate, KeyMaterial, certificates_from_pem, check_may_issue, holds_private_key,
};

/// The files with certificates, in the order of their findings.
pub(crate) const CERTIFICATES: [FileRole; 3] =
    [FileRole::CaCertificate, FileRole::ServerCertificate, FileRole::ClientCertificate];

/// Certificates, keys and `ca.srl` that belong together: a certificate directory, a Kubernetes
/// Secret, or what is mounted into a container.
#[derive(Debug, Default)]
pub(crate) struct Bundle {
    files: BTreeMap<FileRole, BundleFile>,
    pub interruption: Option<Interruption>,
    /// Whose folder it is, where that holds what was issued to one server or client.
    pub(crate) issued: Option<IssuedFolder>,
}

/// A file of a bundle, read once.
#[derive(Debug)]
pub(crate) struct BundleFile {
    pub(crate) place: Place,
    /// What it is called in its Secret; none for a file of its own.
    pub(crate) in_secret: Option<String>,
    /// Its permissions, where they say who can read it.
    pub(crate) mode: Option<FileMode>,
    /// Whether a private key is in it, by its content.
    pub(crate) holds_key: bool,
    pub(crate) content: FileContent,
    /// Of its octets; none where it cannot be read.
    digest: Option<[u8; 32]>,
}

/// What a file holds, by its role.
#[derive(Debug)]
pub(crate) enum FileContent {
    /// One certificate at least, in the order of the file.
    Certificates(Vec<Certificate>),
    Key(KeyMaterial),
    Serial(Zeroizing<Vec<u8>>),
    /// It cannot be read from the disk, for this reason.
    Unreadable(Unreadable),
    /// It was read, and is not what it should be.
    Unusable(x509::Error),
}

impl Bundle {
    #[must_use]
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn of(survey: &Survey) -> Self {
        let mut bundle = Self::new();
        for (role, file) in &survey.files {
            let path = survey.path_of(*role);
            let mode = file.mode.filter(|_| !is_mounted_by_kubernetes(&path));
            bundle.add_read(*role, path.display().to_string(), mode, &file.content);
        }
        bundle.interruption = survey.interruption.clone();
        bundle.issued = survey.issued.clone();
        bundle
    }

    /// Adds a file with its content, or the reason why it cannot be read.
    pub(crate) fn add(
        &mut self,
        role: FileRole,
        place: Place,
        mode: Option<FileMode>,
        content: Result<&[u8], Unreadable>,
    ) {
        self.insert(role, place, None, mode, content);
    }

    pub(crate) fn add_read(
        &mut self,
        role: FileRole,
        path: String,
        mode: Option<FileMode>,
        content: &Result<Zeroizing<Vec<u8>>, Unreadable>,
    ) {
        let content = content.as_ref().map(|content| content.as_slice()).map_err(Clone::clone);
        self.insert(role, Place::file(path), None, mode, content);
    }

    /// Adds what stands in a Secret, by what it is called.
    pub(crate) fn add_in_secret(&mut self, role: FileRole, place: Place, name: String, content: &[u8]) {
        self.insert(role, place, Some(name), None, Ok(content));
    }

    fn insert(
        &mut self,
        role: FileRole,
        place: Place,
        in_secret: Option<String>,
        mode: Option<FileMode>,
        content: Result<&[u8], Unreadable>,
    ) {
        let holds_key = content.as_ref().is_ok_and(|bytes| role.is_key() || holds_private_key(bytes));
        let digest = content.as_ref().ok().map(|bytes| Sha256::digest(bytes).into());
        let content = match content {
            Ok(bytes) => FileContent::of(role, bytes),
            Err(reason) => FileContent::Unreadable(reason),
        };
        self.files.insert(role, BundleFile { place, in_secret, mode, holds_key, content, digest });
    }

    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
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

    pub(crate) fn files(&self) -> impl Iterator<Item = (FileRole, &BundleFile)> {
        self.files.iter().map(|(role, file)| (*role, file))
    }

    pub(crate) fn file(&self, role: FileRole) -> Option<&BundleFile> {
        self.files.get(&role)
    }

    fn content(&self, role: FileRole) -> Option<&FileContent> {
        self.file(role).map(|file| &file.content)
    }

    /// The certificates of a file, in its order; none where it is missing or unusable.
    #[must_use]
    pub(crate) fn certificates(&self, role: FileRole) -> &[Certificate] {
        match self.content(role) {
            Some(FileContent::Certificates(certificates)) => certificates,
            _ => &[],
        }
    }

    pub(crate) fn all_certificates(&self) -> impl Iterator<Item = (FileRole, &Certificate)> + Clone {
        let of = |role| self.certificates(role).iter().map(move |certificate| (role, certificate));
        CERTIFICATES.into_iter().flat_map(of)
    }

    /// The CA certificates among them.
    pub(crate) fn ca_certificates(&self) -> impl Iterator<Item = &Certificate> + Clone {
        self.all_certificates().map(|(_, certificate)| certificate).filter(|certificate| certificate.is_ca())
    }

    pub(crate) fn key(&self, role: FileRole) -> Option<&KeyMaterial> {
        match self.content(role) {
            Some(FileContent::Key(key)) => Some(key),
            _ => None,
        }
    }

    /// What ca.srl holds.
    pub(crate) fn serial(&self) -> Option<&[u8]> {
        match self.content(FileRole::CaSerial) {
            Some(FileContent::Serial(content)) => Some(content),
            _ => None,
        }
    }

    /// The server's or client's own certificate in a file: the one that its key belongs to, or else
    /// the first.
    #[must_use]
    pub(crate) fn end_entity(&self, role: FileRole) -> Option<&Certificate> {
        let certificates = self.certificates(role);
        let key = role.kind().and_then(|kind| self.key(FileRole::pair_of(kind).0));
        let is_own =
            |certificate: &&Certificate| key.is_some_and(|key| key.belongs_to(certificate) == Some(true));
        certificates.iter().find(is_own).or_else(|| own_certificate(certificates))
    }

    /// Where its files lie. Where what is issued lies beside its CA is not known in a folder of its own.
    pub(crate) fn location(&self) -> Location {
        match &self.issued {
            None => Location::Directory,
            Some(IssuedFolder { name, .. }) => Location::Issued {
                name: name.to_string(),
                output: None,
                ca: format!("DIR/{}", FileRole::CaCertificate),
            },
        }
    }

    /// Whether a renewal could issue from it.
    pub(crate) fn ca_key(&self, now: OffsetDateTime) -> CaKey {
        let is_denied =
            |file: &BundleFile| matches!(&file.content, FileContent::Unreadable(why) if why.is_denied);
        if self.file(FileRole::CaKey).is_none_or(is_denied) {
            return CaKey::Elsewhere;
        }
        let Some(key) = self.key(FileRole::CaKey) else { return CaKey::Unusable };
        let may_issue = self.all_certificates().any(|(_, certificate)| {
            key.belongs_to(certificate) != Some(false) && check_may_issue(certificate, 0, now).is_ok()
        });
        if may_issue { CaKey::Usable } else { CaKey::Unusable }
    }
}

/// The certificate of a server or client in a file without its key.
pub(crate) fn own_certificate(certificates: &[Certificate]) -> Option<&Certificate> {
    certificates.iter().find(|certificate| !certificate.is_ca()).or(certificates.first())
}

/// A server's or client's certificate, and then what stands beside it in its file.
pub(crate) fn leaf_first(leaf: &Certificate, file: &[Certificate]) -> Vec<Certificate> {
    let others = file.iter().filter(|certificate| *certificate != leaf);
    std::iter::once(leaf).chain(others).cloned().collect()
}

/// Kubernetes mounts a Secret's files as links through `..data`. Their modes are the Secret's default,
/// in a container that nobody else is in.
fn is_mounted_by_kubernetes(path: &std::path::Path) -> bool {
    std::fs::read_link(path).is_ok_and(|target| target.starts_with("..data"))
}

impl FileContent {
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
