use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::base::error as base;

use crate::base::text::{listed, shell_quoted};
use crate::store::{FileMode, Named, Writer};

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
    /// Somebody else could change the directory.
    #[error("{}: {writer} could change it, and with it what is signed", path.display())]
    Untrusted {
        /// The directory, or a folder in it.
        path: PathBuf,
        /// Who could.
        writer: Writer,
        /// Whether the file system may be one that keeps no modes.
        may_lack_modes: bool,
    },
    /// The file system did not do what was asked for.
    #[error("{}: has mode {mode} and belongs to uid {owner} as soon as it is made, where {wanted} was asked for: the file system does not keep modes", path.display())]
    Unprotected {
        /// The file.
        path: PathBuf,
        /// What it has.
        mode: FileMode,
        /// Whose it is.
        owner: u32,
        /// What it was to have.
        wanted: FileMode,
    },
    /// A file has an access control list, and another mode was asked for.
    #[error("{}: has an access control list (ACL), which is kept as it is, so its mode cannot become {wanted}", path.display())]
    AccessControlList {
        /// The file.
        path: PathBuf,
        /// What it was to have.
        wanted: FileMode,
    },
    /// Others may hold the lock.
    #[error("{}: {holder}", path.display())]
    LockUnknown {
        /// The file of the lock.
        path: PathBuf,
        /// Who.
        holder: String,
    },
    /// A directory that was read changed all the time.
    #[error("{}: changed while it was read, again and again for {} seconds", path.display(), waited.as_secs())]
    Changing {
        /// The directory.
        path: PathBuf,
        /// How long this run tried.
        waited: Duration,
    },
    /// What an interrupted run left is not this user's.
    #[error("{}: is what an interrupted run leaves, but was not left by a run of yours: {reason}", path.display())]
    ForeignJournal {
        /// The folder.
        path: PathBuf,
        /// Why it is not.
        reason: String,
    },
    /// Somebody changed files after a run was interrupted.
    #[error("{}: was changed after a run was interrupted, which can now be neither completed nor undone", file.display())]
    ChangedSince {
        /// What the run left.
        journal: PathBuf,
        /// The file.
        file: PathBuf,
    },
    /// A run failed, and what it had staged could not be removed.
    #[error("{source}; and what it had written cannot be removed: {}: {reason}", path.display())]
    LeftBehind {
        /// Why it failed.
        source: Box<Error>,
        /// What is left.
        path: PathBuf,
        /// Why.
        reason: io::Error,
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
            Self::Untrusted { path, writer, may_lack_modes } => {
                let path = quoted(path);
                let close = match writer {
                    Writer::Everybody | Writer::Group(_) => format!("`chmod go-w {path}`, if nobody has changed it yet"),
                    Writer::Owner(owner) => format!("run this as uid {owner}, or `chown $(id -u) {path}`, if nobody has changed it yet"),
                    Writer::Named(named) => format!("`setfacl -x {} {path}`, if nobody has changed it yet", acl_entry(*named)),
                };
                match may_lack_modes {
                    true => format!("{close}; a file system without modes (WSL's /mnt, CIFS, vfat) needs another folder, or --accept-unprotected-keys"),
                    false => close,
                }
            }
            Self::Unprotected { .. } => {
                "choose a folder on another file system; --accept-unprotected-keys makes keys that everybody on this machine can read".into()
            }
            Self::AccessControlList { path, .. } => {
                format!("`getfacl {0}` shows the list; `setfacl -b {0}` removes it", quoted(path))
            }
            Self::LockUnknown { path, .. } => {
                format!("if no other run is at work on this folder: `rm {}`, then run this again", quoted(path))
            }
            Self::Changing { .. } => "wait until the other run ends, then run this again".into(),
            Self::ForeignJournal { path, .. } => format!(
                "`rm -r {}` removes it, and leaves the files beside it as they are; or let whoever left it run this",
                quoted(path)
            ),
            Self::ChangedSince { journal, file } => format!(
                "put {} back as it was and run this again; or `rm -r {}` leaves all files as they are now, and removes what the run had kept of the old ones (look into it first)",
                file.display(),
                quoted(journal)
            ),
            Self::LeftBehind { source, path, .. } => {
                let remove = format!("`rm -r {}` removes what is left", quoted(path));
                source.hint().map_or(remove.clone(), |hint| format!("{hint}; {remove}"))
            }
        })
    }
}

impl From<Error> for base::Error {
    fn from(error: Error) -> Self {
        Self::new(error.to_string()).with_hint(error.hint()).with_cause(error)
    }
}

fn quoted(path: &std::path::Path) -> String {
    shell_quoted(&path.display().to_string())
}

/// As setfacl(1) names it.
fn acl_entry(named: Named) -> String {
    match named {
        Named::User(id) => format!("u:{id}"),
        Named::Group(id) => format!("g:{id}"),
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
