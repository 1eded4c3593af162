use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::pki::{listed, shell_quoted};

/// What went wrong with a directory or a file in it.
///
/// `Display` says what happened, with the path; [`Error::hint`] says what to do next. Unless it is
/// [`Error::Unfinished`], nothing has changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no such directory.
    #[error("{}: no such folder", path.display())]
    NotFound {
        /// The directory.
        path: PathBuf,
    },
    /// The path is a file.
    #[error("{}: is not a folder", path.display())]
    NotADirectory {
        /// The path.
        path: PathBuf,
    },
    /// The directory cannot be opened or made.
    #[error("{}: cannot {action} the folder: {source}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// `open`, `make` or `lock`.
        action: &'static str,
        /// Why.
        source: io::Error,
    },
    /// Another run works on the directory.
    #[error("{}: another milvus-certs is at work on this folder, and has been for {} seconds", path.display(), waited.as_secs())]
    Locked {
        /// The directory.
        path: PathBuf,
        /// How long this run waited.
        waited: Duration,
    },
    /// A file that was to be written is a link, and nothing is written through links.
    #[error("{}: is a symbolic link, and nothing is written out of the folder", path.display())]
    SymbolicLink {
        /// The link.
        path: PathBuf,
    },
    /// Files that must not be replaced.
    #[error("{}: {} there already", paths_listed(paths), if paths.len() == 1 { "is" } else { "are" })]
    AlreadyThere {
        /// Their paths.
        paths: Vec<PathBuf>,
    },
    /// A file that was to be replaced, or its folder, is a mount.
    #[error("{}: is a mount of its own, and cannot be replaced", path.display())]
    Mount {
        /// What is mounted.
        path: PathBuf,
    },
    /// A folder, socket or device where a file should be.
    #[error("{}: is not a regular file", path.display())]
    NotAFile {
        /// Its path.
        path: PathBuf,
    },
    /// A pipe that ended before anything came.
    #[error("{}: is a pipe, and nothing came through it", path.display())]
    EmptyPipe {
        /// Its path.
        path: PathBuf,
    },
    /// Larger than any certificate, key, chain or configuration.
    #[error("{}: is larger than {limit} bytes, the most that is read", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most that is read.
        limit: u64,
    },
    /// A file cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The new files cannot be written; the old ones are as they were.
    #[error("{}: cannot be written: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What was written reads back differently.
    #[error("{}: does not read back as it was written", path.display())]
    ReadBack {
        /// The file.
        path: PathBuf,
    },
    /// An earlier run was interrupted, and this one must not write.
    #[error("{}: an earlier run was interrupted", path.display())]
    Interrupted {
        /// The directory.
        path: PathBuf,
    },
    /// An interrupted run could neither be completed nor rolled back.
    #[error("{}: an interrupted run cannot be completed: {source}", path.display())]
    Unfinished {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Error {
    /// The next step.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotFound { path } => {
                format!("`milvus-certs gen -d {}` makes it", shell_quoted(&path.display().to_string()))
            }
            Self::NotADirectory { .. } => "name a folder with -d".into(),
            Self::Directory { source, .. } | Self::Read { source, .. } | Self::Write { source, .. } => {
                advice(source).into()
            }
            Self::Locked { .. } => "wait until it ends, then run this again".into(),
            Self::SymbolicLink { .. } => {
                "run this on the folder that the link leads to, or put the file itself here".into()
            }
            Self::AlreadyThere { .. } => "--force replaces what is there".into(),
            Self::Mount { .. } => "mount the whole certificate directory instead of what is in it (docker -v FOLDER:FOLDER), or run this where it is mounted from".into(),
            Self::NotAFile { .. } => "move it away, or name another one".into(),
            Self::EmptyPipe { .. } => "begin to write to it first, or name a file".into(),
            Self::TooLarge { .. } => "check that the right file was named".into(),
            Self::ReadBack { .. } => "check the disk, then run this again".into(),
            Self::Interrupted { .. } => "run again what was interrupted, without --dry-run: it completes or undoes that run first".into(),
            Self::Unfinished { .. } => {
                "mend the cause and run any command on this folder again; the files are in its hidden folder .milvus-certs-commit".into()
            }
        })
    }
}

fn paths_listed(paths: &[PathBuf]) -> String {
    listed(&paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>())
}

fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "run this as the owner of the folder and its files",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "free some space, then run this again",
        io::ErrorKind::ReadOnlyFilesystem => "choose a folder that can be written, with -d",
        io::ErrorKind::NotFound => "check the path",
        io::ErrorKind::IsADirectory => "name a file in it",
        io::ErrorKind::NotADirectory => "a part of the path is a file; name another folder with -d",
        io::ErrorKind::ResourceBusy | io::ErrorKind::CrossesDevices => {
            "something in it is a mount of its own (docker -v FILE:FILE): mount the whole folder instead"
        }
        _ => "mend the cause, then run this again",
    }
}
