//! What a run was about to do, written before it decides: from this, the next run knows what it may touch.

use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::fstat;
use rustix::process::geteuid;
use serde::{Deserialize, Serialize};

use crate::store::fs::{self, Content, Print};
use crate::store::layout::RelativePath;
use crate::store::mode::{FileMode, Protection};

/// Its name in the folder of the run. No file that is staged begins with a dot.
pub(super) const NAME: &str = ".manifest";

const VERSION: u32 = 1;

/// The files of a run, as they were and as they are to be.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Manifest {
    version: u32,
    uid: u32,
    /// The inodes of the directory and of the folder of the run: a copy has others.
    directory: u64,
    journal: u64,
    /// The backup that receives what is replaced.
    pub(super) backup: Option<String>,
    /// What `ca.srl` holds, where another is to take its place, and what it is to hold.
    pub(super) old_serial: Option<String>,
    pub(super) serial: Option<String>,
    /// The last serial number that was taken from a CA whose directory is another one: certificates that are
    /// taken back here may have been seen.
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
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Change {
    pub(super) path: RelativePath,
    pub(super) old: Option<Print>,
    pub(super) new: Print,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) path: RelativePath,
    pub(super) print: Option<Print>,
    /// Whether something may be added to it, as to the inventory.
    pub(super) grows: bool,
}

impl Manifest {
    /// Of a run that has not said yet what it does.
    pub(super) fn new(directory: &OwnedFd, journal: &OwnedFd, backup: Option<String>) -> io::Result<Self> {
        Ok(Self {
            version: VERSION,
            uid: geteuid().as_raw(),
            directory: fstat(directory)?.st_ino,
            journal: fstat(journal)?.st_ino,
            backup,
            is_same_ca: true,
            ..Self::default()
        })
    }

    pub(super) fn had_folder(&self, folder: &str) -> bool {
        self.folders.iter().any(|known| known == folder)
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

    /// Reads that of a run that was interrupted; or says why this run must not touch what it left.
    pub(super) fn read(
        directory: &OwnedFd,
        journal: &OwnedFd,
        protection: Protection,
    ) -> io::Result<Result<Self, String>> {
        if let Some(reason) = not_own(journal, protection)? {
            return Ok(Err(reason));
        }
        let content = match fs::read(journal, NAME)? {
            Content::Bytes(content) => content,
            _ => return Ok(Err("it has no manifest of this program".into())),
        };
        let manifest = serde_json::from_slice::<Self>(&content).ok().filter(Self::is_valid);
        let inodes = (fstat(directory)?.st_ino, fstat(journal)?.st_ino);
        Ok(match manifest {
            None => Err("its manifest is not one of this version of the program".into()),
            Some(manifest) if manifest.uid != geteuid().as_raw() => {
                Err(format!("uid {} began it", manifest.uid))
            }
            Some(manifest)
                if protection == Protection::Required && inodes != (manifest.directory, manifest.journal) =>
            {
                Err("it is a copy, as `cp`, a backup or git makes it".into())
            }
            Some(manifest) => Ok(manifest),
        })
    }

    fn is_valid(&self) -> bool {
        let files = self.files.iter().map(|change| &change.path);
        let mut paths = files.chain(self.kept.iter().map(|kept| &kept.path));
        self.version == VERSION && paths.all(RelativePath::is_inside)
    }
}

/// Why the folder of a run is not this user's own, if it is not.
pub(super) fn not_own(journal: &OwnedFd, protection: Protection) -> io::Result<Option<String>> {
    let stat = fstat(journal)?;
    let mode = stat.st_mode & 0o7777;
    Ok(match protection {
        Protection::GivenUp => None,
        Protection::Required if stat.st_uid != geteuid().as_raw() => {
            Some(format!("it belongs to uid {}", stat.st_uid))
        }
        Protection::Required => (mode & 0o077 != 0).then(|| format!("it has mode {mode:04o}, not 0700")),
    })
}
