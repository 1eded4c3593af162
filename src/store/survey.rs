use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;
use zeroize::Zeroizing;

use super::directory::{is_still_at, lock, open};
use super::{Error, FileMode, FileRole, fs, journal};

/// What lies in a certificate directory, whatever state it is in. Looking changes nothing, needs no
/// permission to write, and follows symbolic links, as Kubernetes mounts Secrets.
#[derive(Debug)]
pub struct Survey {
    /// The path that it was opened by.
    pub path: PathBuf,
    /// Whether a run was interrupted, and its files wait to be completed or undone.
    pub is_interrupted: bool,
    /// The files that are there, in the order in which the documentation page names them.
    pub files: Vec<SurveyedFile>,
    /// The files of a Kubernetes Secret that are there.
    pub mounted: Vec<MountedFile>,
}

/// The names in a Secret of the type `kubernetes.io/tls`, and the authority that cert-manager adds.
const KUBERNETES_TLS: [&str; 3] = ["tls.crt", "tls.key", "ca.crt"];

/// A file as Kubernetes mounts it of a Secret.
#[derive(Debug)]
pub struct MountedFile {
    /// Its name.
    pub name: &'static str,
    /// Its permissions, or those of the file that it links to.
    pub mode: Option<FileMode>,
    /// Its content, or why it cannot be read.
    pub content: Result<Zeroizing<Vec<u8>>, String>,
}

/// A file of a [`Survey`].
#[derive(Debug)]
pub struct SurveyedFile {
    /// Which.
    pub role: FileRole,
    /// Its permissions, or those of the file that it links to.
    pub mode: Option<FileMode>,
    /// Its content, or why it cannot be read.
    pub content: Result<Zeroizing<Vec<u8>>, String>,
}

impl Survey {
    /// Reads a directory while no other run changes it. A file system without locks is read without.
    ///
    /// # Errors
    /// If it is missing, no folder, not accessible, or in use by another run for ten seconds.
    pub fn of(path: &Path) -> Result<Self, Error> {
        let fd = loop {
            let fd = open(path)?;
            match lock(path, &fd, FlockOperation::NonBlockingLockShared) {
                Err(error @ Error::Locked { .. }) => return Err(error),
                _ if is_still_at(path, &fd) => break fd,
                _ => {}
            }
        };
        let unreadable = |source| Error::Directory { path: path.to_owned(), action: "search", source };
        let is_interrupted = journal::is_interrupted(&fd).map_err(unreadable)?;
        let files = FileRole::AS_LISTED.into_iter().filter_map(|role| read(&fd, role)).collect();
        let mounted = KUBERNETES_TLS.into_iter().filter_map(|name| read_mounted(&fd, name)).collect();
        Ok(Self { path: path.to_owned(), is_interrupted, files, mounted })
    }
}

fn read(directory: &OwnedFd, role: FileRole) -> Option<SurveyedFile> {
    let name = role.file_name();
    let content = fs::look(directory, name)?;
    Some(SurveyedFile { role, mode: fs::mode(directory, name), content })
}

fn read_mounted(directory: &OwnedFd, name: &'static str) -> Option<MountedFile> {
    let content = fs::look(directory, name)?;
    Some(MountedFile { name, mode: fs::mode(directory, name), content })
}
