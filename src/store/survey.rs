use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;
use zeroize::Zeroizing;

use super::directory::{is_still_at, lock, open};
use super::fs::{self, Content};
use super::{Error, FileMode, FileRole, journal};

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
        Ok(Self { path: path.to_owned(), is_interrupted, files })
    }
}

fn read(directory: &OwnedFd, role: FileRole) -> Option<SurveyedFile> {
    let name = role.file_name();
    let content = match fs::read(directory, name) {
        Ok(Content::Absent) if fs::exists(directory, name).unwrap_or(false) => {
            Err("it is a symbolic link that leads nowhere".into())
        }
        Ok(Content::Absent) => return None,
        Ok(Content::Bytes(bytes)) => Ok(bytes),
        Ok(Content::NotAFile) => Err("it is not a regular file".into()),
        Ok(Content::TooLarge) => Err(format!("it is larger than {} bytes", fs::MAX_FILE_SIZE)),
        Err(error) => Err(error.to_string()),
    };
    Some(SurveyedFile { role, mode: fs::mode(directory, name), content })
}
