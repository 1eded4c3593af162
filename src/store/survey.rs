use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;
use zeroize::Zeroizing;

use super::directory::{is_still_at, lock, open};
use super::{Error, FileMode, FileRole, INVENTORY, ISSUED_FOLDER, IssuedName, fs, journal};

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

/// A certificate directory that no run changes as long as this is there. Looking needs no permission to
/// write, and follows symbolic links.
#[derive(Debug)]
pub struct View {
    path: PathBuf,
    fd: OwnedFd,
}

/// What can be seen of a file.
#[derive(Debug)]
pub struct SeenFile {
    /// Its permissions, or those of the file that it links to.
    pub mode: Option<FileMode>,
    /// Its content, or why it cannot be read.
    pub content: Result<Zeroizing<Vec<u8>>, String>,
}

impl View {
    /// Locks a directory against other runs. A file system without locks is looked at without.
    ///
    /// # Errors
    /// If it is missing, no folder, not accessible, or in use by another run for ten seconds.
    pub fn of(path: &Path) -> Result<Self, Error> {
        loop {
            let fd = open(path)?;
            match lock(path, &fd, FlockOperation::NonBlockingLockShared) {
                Err(error @ Error::Locked { .. }) => return Err(error),
                _ if is_still_at(path, &fd) => return Ok(Self { path: path.to_owned(), fd }),
                _ => {}
            }
        }
    }

    /// The files of the directory itself.
    ///
    /// # Errors
    /// If it cannot be searched.
    pub fn survey(&self) -> Result<Survey, Error> {
        let unreadable = |source| Error::Directory { path: self.path.clone(), action: "search", source };
        let is_interrupted = journal::is_interrupted(&self.fd).map_err(unreadable)?;
        let files = FileRole::AS_LISTED.into_iter().filter_map(|role| read(&self.fd, role)).collect();
        let mounted = KUBERNETES_TLS.into_iter().filter_map(|name| read_mounted(&self.fd, name)).collect();
        Ok(Survey { path: self.path.clone(), is_interrupted, files, mounted })
    }

    /// The path that it was opened by.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is at a path from the directory, or from the root; nothing where nothing is.
    #[must_use]
    pub fn look(&self, path: &str) -> Option<SeenFile> {
        let content = fs::look(&self.fd, path)?;
        Some(SeenFile { mode: fs::mode(&self.fd, path), content })
    }

    /// Opens the inventory; nothing where nothing was issued yet.
    ///
    /// # Errors
    /// If it cannot be opened, or is no file.
    pub fn inventory(&self) -> io::Result<Option<File>> {
        match fs::open_in(&self.fd, &format!("{ISSUED_FOLDER}/{INVENTORY}")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            opened => opened.map(Some),
        }
    }

    /// The names of the folders of what was issued, whether it is in the inventory or not.
    #[must_use]
    pub fn issued(&self) -> Vec<IssuedName> {
        let folder = fs::open_subdirectory(&self.fd, ISSUED_FOLDER).ok().flatten();
        let names = folder.and_then(|folder| fs::list(folder).ok()).unwrap_or_default();
        names.iter().filter_map(|name| name.parse().ok()).collect()
    }
}

impl Survey {
    /// Reads a directory while no other run changes it.
    ///
    /// # Errors
    /// If it is missing, no folder, not accessible, or in use by another run for ten seconds.
    pub fn of(path: &Path) -> Result<Self, Error> {
        View::of(path)?.survey()
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
