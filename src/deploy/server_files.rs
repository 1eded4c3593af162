use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::base::text::{hex, shell_quoted};
use crate::check::FitDirectory;
use crate::store::{FileMode, FileRole};

/// What Milvus gets of a certificate directory: never ca.key.
pub(crate) struct ServerFiles<'a> {
    pub each: [ServerFile<'a>; 3],
    /// SHA-256 of the certificates, which is different after a renewal.
    pub fingerprint: String,
}

pub(crate) struct ServerFile<'a> {
    pub role: FileRole,
    pub path: PathBuf,
    pub content: &'a [u8],
    pub mode: FileMode,
}

impl ServerFiles<'_> {
    pub(crate) const ROLES: [FileRole; 3] =
        [FileRole::ServerCertificate, FileRole::ServerKey, FileRole::CaCertificate];

    pub(crate) fn of(directory: &FitDirectory) -> ServerFiles<'_> {
        let mut digest = Sha256::new();
        for role in [FileRole::ServerCertificate, FileRole::CaCertificate] {
            for certificate in directory.certificates(role) {
                digest.update(certificate.as_der());
            }
        }
        ServerFiles {
            each: Self::ROLES.map(|role| ServerFile {
                role,
                path: directory.path_of(role),
                content: directory.content(role),
                mode: mode_of(directory, role),
            }),
            fingerprint: hex(&digest.finalize()),
        }
    }

    /// Each with its path, as a shell takes it where the certificate directory is called so, and what Milvus calls it.
    pub(crate) fn sources(&self, directory: &Path) -> [(String, &'static str); 3] {
        let path = |file: &ServerFile<'_>| directory.join(file.path.file_name().unwrap_or_default());
        let quoted = |file| shell_quoted(&path(file).display().to_string());
        self.each.each_ref().map(|file| (quoted(file), file.role.file_name()))
    }
}

/// A key that a container's group may read keeps that mode.
fn mode_of(directory: &FitDirectory, role: FileRole) -> FileMode {
    let mode = directory.file(role).and_then(|file| file.mode).filter(|_| role.is_key());
    mode.and_then(FileMode::for_key).unwrap_or(role.mode())
}
