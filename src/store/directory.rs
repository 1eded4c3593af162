use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{io, thread};

use rustix::fs::FlockOperation;
use zeroize::Zeroizing;

use super::fs::{self, Content, Entry};
use super::{Error, FileMode, FileRole, Owner, Recovery, RelativePath, journal};

/// A run takes a second or two; whoever waits longer waits for something that hangs.
const LOCK_PATIENCE: Duration = Duration::from_secs(10);
const LOCK_POLL: Duration = Duration::from_millis(20);

/// What a run may do with a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Make it if it is missing, and change it.
    Create,
    /// Change it; it must be there.
    Change,
    /// Only look; it must be there, and an interrupted run in it is an error.
    Look,
}

/// An open and locked certificate directory.
///
/// The lock is on the folder itself, so it leaves no file behind and ends with the process.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    fd: OwnedFd,
    recovery: Option<Recovery>,
    /// The folders that were made for it, outermost first, as long as nothing was put into it.
    made: Vec<PathBuf>,
}

/// What is known of a file without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileState {
    /// Its permissions.
    pub mode: FileMode,
    /// Whose it is.
    pub owner: Owner,
}

impl Directory {
    /// Opens and locks a directory; an interrupted run in it is completed or rolled back first.
    ///
    /// # Errors
    /// If it is missing, no folder, not accessible, in use by another run for ten seconds, or left
    /// by an interrupted run in a state that cannot be mended now.
    pub fn open(path: &Path, access: Access) -> Result<Self, Error> {
        let mut made = Vec::new();
        let fd = loop {
            if access == Access::Create {
                make_folders(path, &mut made)?;
            }
            let fd = open(path)?;
            lock(path, &fd, FlockOperation::NonBlockingLockExclusive)?;
            // Another run may have removed the folder, or put another in its place, while this waited.
            if is_still_at(path, &fd) {
                break fd;
            }
        };
        let mut directory = Self { path: path.to_owned(), fd, recovery: None, made };
        let unfinished = |source| Error::Unfinished { path: path.to_owned(), source };
        if access == Access::Look {
            return match journal::is_interrupted(&directory.fd).map_err(unfinished)? {
                true => Err(Error::Interrupted { path: path.to_owned() }),
                false => Ok(directory),
            };
        }
        directory.recovery = journal::recover(&directory.fd).map_err(unfinished)?;
        Ok(directory)
    }

    /// What became of an interrupted run, if there was one.
    #[must_use]
    pub fn recovery(&self) -> Option<Recovery> {
        self.recovery
    }

    /// The path that it was opened by.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path of one of its files.
    #[must_use]
    pub fn path_of(&self, file: impl Into<RelativePath>) -> PathBuf {
        path_of(&self.path, file)
    }

    /// The files that are there, whatever they are.
    ///
    /// # Errors
    /// If the folder cannot be searched.
    pub fn present(&self) -> Result<Vec<FileRole>, Error> {
        let mut present = Vec::new();
        for role in FileRole::AS_LISTED {
            if fs::exists(&self.fd, role.file_name()).map_err(self.read_error(&role.into()))? {
                present.push(role);
            }
        }
        Ok(present)
    }

    /// The names of all files and folders in it.
    ///
    /// # Errors
    /// If the folder cannot be searched.
    pub fn names(&self) -> Result<Vec<String>, Error> {
        fs::list(&self.fd).map_err(|source| Error::Read { path: self.path.clone(), source })
    }

    /// Mode and owner of a file that is to be replaced; `None` if there is none.
    ///
    /// # Errors
    /// If it is anything but a regular file, or its folder is anything but a folder.
    pub fn state(&self, file: impl Into<RelativePath>) -> Result<Option<FileState>, Error> {
        let file = file.into();
        let Some(parent) = self.parent(&file)? else { return Ok(None) };
        match fs::entry(parent, file.name()).map_err(self.read_error(&file))? {
            Entry::Absent => Ok(None),
            Entry::File { mode, owner } => Ok(Some(FileState { mode, owner })),
            Entry::SymbolicLink => Err(Error::SymbolicLink { path: self.path_of(file) }),
            Entry::Folder | Entry::Other => Err(Error::NotAFile { path: self.path_of(file) }),
        }
    }

    /// Reads a file; `None` if there is none. It is wiped from memory when dropped.
    ///
    /// # Errors
    /// If it is no regular file, not readable, or larger than any key or certificate.
    pub fn read(&self, file: impl Into<RelativePath>) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let file = file.into();
        let Some(parent) = self.parent(&file)? else { return Ok(None) };
        let path = self.path_of(&file);
        match fs::read(parent, file.name()).map_err(self.read_error(&file))? {
            Content::Absent => Ok(None),
            Content::Bytes(bytes) => Ok(Some(bytes)),
            Content::NotAFile => Err(Error::NotAFile { path }),
            Content::TooLarge => Err(Error::TooLarge { path, limit: fs::MAX_FILE_SIZE }),
        }
    }

    /// Adds whole lines to a file, which is made if it is missing, and waits until they are on disk. A
    /// line that an earlier run could not complete goes first.
    ///
    /// # Errors
    /// If it is no regular file, or cannot be written; then it is as it was.
    pub fn append(&self, file: impl Into<RelativePath>, lines: &[u8]) -> Result<(), Error> {
        let file = file.into();
        let write_error = |source| Error::Write { path: self.path_of(&file), source };
        let made = match file.folder() {
            Some(folder) => fs::make_subdirectory_if_missing(&self.fd, folder).map_err(write_error)?,
            None => false,
        };
        self.state(&file)?;
        let Some(parent) = self.parent(&file)? else {
            return Err(write_error(io::ErrorKind::NotFound.into()));
        };
        fs::append(parent, file.name(), lines).map_err(write_error)?;
        if made {
            fs::sync_directory(&self.fd).map_err(write_error)?;
        }
        Ok(())
    }

    /// Removes files of a folder, in this order; and the folder, if nothing else is in it.
    ///
    /// # Errors
    /// If the file system fails.
    pub fn remove_files(&self, folder: &str, names: &[&str]) -> Result<(), Error> {
        let remove = || {
            let Some(opened) = fs::open_subdirectory(&self.fd, folder)? else { return Ok(()) };
            for name in names {
                if fs::exists(&opened, name)? {
                    fs::remove_file(&opened, name)?;
                    fs::sync_directory(&opened)?;
                }
            }
            if fs::list(&opened)?.is_empty() {
                fs::remove_subdirectory(&self.fd, folder)?;
            }
            fs::sync_directory(&self.fd)
        };
        remove().map_err(|source| Error::Write { path: self.path.join(folder), source })
    }

    /// The folder that a file is in; `None` if there is none.
    fn parent(&self, file: &RelativePath) -> Result<Option<OwnedFd>, Error> {
        let Some(folder) = file.folder() else {
            return self.fd.try_clone().map(Some).map_err(self.read_error(file));
        };
        let path = || self.path.join(folder);
        match fs::entry(&self.fd, folder).map_err(self.read_error(file))? {
            Entry::Absent => Ok(None),
            Entry::SymbolicLink => Err(Error::SymbolicLink { path: path() }),
            Entry::File { .. } | Entry::Other => Err(Error::NotADirectory { path: path() }),
            Entry::Folder => fs::open_subdirectory(&self.fd, folder).map_err(self.read_error(file)),
        }
    }

    pub(super) fn fd(&self) -> &OwnedFd {
        &self.fd
    }

    /// From now on the folder stays, even if it was made by this run.
    pub(super) fn keep(&mut self) {
        self.made.clear();
    }

    fn read_error(&self, file: &RelativePath) -> impl Fn(io::Error) -> Error + use<> {
        let path = self.path_of(file);
        move |source| Error::Read { path: path.clone(), source }
    }
}

/// A run that fails leaves no empty folder behind. The lock is still held here.
impl Drop for Directory {
    fn drop(&mut self) {
        for path in self.made.drain(..).rev() {
            let _ = fs::remove_folder(&path);
        }
    }
}

/// The path of a file: `certs/ca.pem`, and for the current folder just `ca.pem`.
#[must_use]
pub fn path_of(directory: &Path, file: impl Into<RelativePath>) -> PathBuf {
    file.into().below(directory)
}

/// Makes the folder and those above it, and notes which.
pub(super) fn make_folders(path: &Path, made: &mut Vec<PathBuf>) -> Result<(), Error> {
    let missing: Vec<_> = path
        .ancestors()
        .take_while(|ancestor| !ancestor.as_os_str().is_empty() && !ancestor.exists())
        .collect();
    for folder in missing.into_iter().rev() {
        match fs::make_folder(folder) {
            Ok(()) => made.push(folder.to_owned()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(source) => {
                let _ = made.drain(..).rev().try_for_each(|path| fs::remove_folder(&path));
                return Err(Error::Directory { path: folder.to_owned(), action: "make", source });
            }
        }
    }
    Ok(())
}

pub(super) fn open(path: &Path) -> Result<OwnedFd, Error> {
    fs::open_directory(path).map_err(|source| {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound => Error::NotFound { path },
            io::ErrorKind::NotADirectory => Error::NotADirectory { path },
            _ => Error::Directory { path, action: "open", source },
        }
    })
}

pub(super) fn lock(path: &Path, fd: &OwnedFd, operation: FlockOperation) -> Result<(), Error> {
    let start = Instant::now();
    loop {
        match rustix::fs::flock(fd, operation) {
            Ok(()) => return Ok(()),
            Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::INTR) => {}
            Err(errno) => {
                return Err(Error::Directory { path: path.to_owned(), action: "lock", source: errno.into() });
            }
        }
        if start.elapsed() > LOCK_PATIENCE {
            return Err(Error::Locked { path: path.to_owned(), waited: LOCK_PATIENCE });
        }
        thread::sleep(LOCK_POLL);
    }
}

pub(super) fn is_still_at(path: &Path, fd: &OwnedFd) -> bool {
    let identity = |stat: rustix::fs::Stat| (stat.st_dev, stat.st_ino);
    match (rustix::fs::stat(path), rustix::fs::fstat(fd)) {
        (Ok(there), Ok(here)) => identity(there) == identity(here),
        _ => false,
    }
}
