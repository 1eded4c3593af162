//! What a run was about to do, written before it decides: from this, the next run knows what it may touch.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use serde::{Deserialize, Serialize};

use crate::store::fs::{self, Content, FileMode, Print, Protection};
use crate::store::{Error, RelativePath};

/// Its name in the folder of the run. No file that is staged begins with a dot.
pub(super) const NAME: &str = ".manifest";

const VERSION: u32 = 1;

/// The files of a run, as they were and as they are to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Manifest {
    version: u32,
    /// Who runs it.
    uid: u32,
    /// The inodes of the directory and of the folder of the run: a copy has others.
    directory: u64,
    journal: u64,
    /// The backup that receives what is replaced.
    pub(super) backup: Option<String>,
    /// What `ca.srl` holds, where another is to take its place, and what it is to hold.
    pub(super) old_serial: Option<String>,
    pub(super) serial: Option<String>,
    /// The last serial number that was taken from a CA whose directory is another one: what is taken back here
    /// may have been seen.
    pub(super) ca_serial: Option<String>,
    /// Whether the CA stays: then `ca.srl` is in its place before the run decides, and only ever advances.
    pub(super) is_same_ca: bool,
    pub(super) files: Vec<Change>,
    /// Files that stay, and that the new ones belong to.
    pub(super) kept: Vec<Kept>,
    /// The folders that the files are in, and that were there before.
    pub(super) folders: Vec<String>,
}

/// A file that is to be put into its place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Change {
    pub(super) path: Place,
    pub(super) old: Option<Print>,
    pub(super) new: Print,
}

/// A file that stays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) path: Place,
    pub(super) print: Option<Print>,
    /// Whether something may be added to it, as to the inventory.
    pub(super) grows: bool,
}

/// A path in the directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    pub(super) folder: Option<String>,
    pub(super) name: String,
}

impl Place {
    /// Whether it leads to a visible file of the directory or of a folder in it, and nowhere else.
    fn is_inside(&self) -> bool {
        let is_plain = |name: &str| !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\0']);
        is_plain(&self.name) && self.folder.as_deref().is_none_or(is_plain)
    }

    pub(super) fn to_path(&self) -> RelativePath {
        match &self.folder {
            Some(folder) => RelativePath::in_folder(folder.clone(), self.name.clone()),
            None => RelativePath::in_directory(self.name.clone()),
        }
    }
}

impl From<&RelativePath> for Place {
    fn from(path: &RelativePath) -> Self {
        Self { folder: path.folder().map(str::to_owned), name: path.name().to_owned() }
    }
}

impl Manifest {
    /// Of a run that has not said yet what it does.
    pub(super) fn new(directory: &OwnedFd, journal: &OwnedFd, backup: Option<String>) -> io::Result<Self> {
        Ok(Self {
            version: VERSION,
            uid: rustix::process::geteuid().as_raw(),
            directory: rustix::fs::fstat(directory)?.st_ino,
            journal: rustix::fs::fstat(journal)?.st_ino,
            backup,
            old_serial: None,
            serial: None,
            ca_serial: None,
            is_same_ca: true,
            files: Vec::new(),
            kept: Vec::new(),
            folders: Vec::new(),
        })
    }

    /// Writes it into the folder of the run, and waits until it is on disk.
    pub(super) fn write(&self, journal: &OwnedFd) -> io::Result<()> {
        let content = serde_json::to_vec(self).map_err(io::Error::other)?;
        // Nobody else can open the folder that it is in.
        let (mode, any) = (FileMode::PRIVATE, Protection::GivenUp);
        let created = fs::create(journal, NAME, &content, mode, None, None, any)?;
        fs::sync(&created.file)?;
        fs::sync_directory(journal)
    }

    /// Reads that of a run that was interrupted, if this run may touch what it left.
    ///
    /// # Errors
    /// With the reason why not.
    pub(super) fn read(
        directory: &OwnedFd,
        journal: &OwnedFd,
        protection: Protection,
    ) -> io::Result<Result<Self, String>> {
        if let Some(reason) = foreign(journal, protection)? {
            return Ok(Err(reason));
        }
        let content = match fs::read(journal, NAME)? {
            Content::Bytes(content) => content,
            _ => return Ok(Err("it has no manifest of this program".into())),
        };
        let Ok(manifest) = serde_json::from_slice::<Self>(&content) else {
            return Ok(Err("its manifest is not one of this version of the program".into()));
        };
        let paths = manifest.files.iter().map(|change| &change.path);
        let mut paths = paths.chain(manifest.kept.iter().map(|kept| &kept.path));
        let inodes = [rustix::fs::fstat(directory)?.st_ino, rustix::fs::fstat(journal)?.st_ino];
        Ok(if manifest.version != VERSION || !paths.all(Place::is_inside) {
            Err("its manifest is not one of this version of the program".into())
        } else if manifest.uid != rustix::process::geteuid().as_raw() {
            Err(format!("uid {} began it", manifest.uid))
        } else if protection == Protection::Required && inodes != [manifest.directory, manifest.journal] {
            Err("it is a copy, as `cp`, a backup or git makes it".into())
        } else {
            Ok(manifest)
        })
    }
}

/// Why the folder of a run is not this user's own, if it is not.
pub(super) fn foreign(journal: impl AsFd, protection: Protection) -> io::Result<Option<String>> {
    let stat = rustix::fs::fstat(journal)?;
    let mode = stat.st_mode & 0o7777;
    Ok(match protection {
        Protection::GivenUp => None,
        _ if stat.st_uid != rustix::process::geteuid().as_raw() => {
            Some(format!("it belongs to uid {}", stat.st_uid))
        }
        _ if mode & 0o077 != 0 => Some(format!("it has mode {mode:04o}, not 0700")),
        Protection::Required => None,
    })
}

/// What lies in the way of completing or undoing an interrupted run.
#[derive(Debug)]
pub(super) enum Obstacle {
    /// The file system.
    Io(io::Error),
    /// The folder of the run is not this user's, for this reason.
    Foreign { journal: &'static str, reason: String },
    /// A file is neither what the run found nor what it was to put there.
    Changed { journal: &'static str, path: RelativePath },
}

impl From<io::Error> for Obstacle {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Obstacle {
    /// As an error about a directory.
    pub(super) fn in_directory(self, directory: &std::path::Path) -> Error {
        match self {
            Self::Io(source) => Error::Unfinished { path: directory.to_owned(), source },
            Self::Foreign { journal, reason } => {
                Error::ForeignJournal { path: RelativePath::in_directory(journal).below(directory), reason }
            }
            Self::Changed { journal, path } => Error::ChangedSince {
                journal: RelativePath::in_directory(journal).below(directory),
                file: path.below(directory),
            },
        }
    }
}
