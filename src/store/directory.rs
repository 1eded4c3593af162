use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{io, thread};

use zeroize::Zeroizing;

use crate::store::fs::{self, Content, Entry, Permissions, Print};
use crate::store::lock::{self, Attempt, Holder, Holding, Lock};
use crate::store::trust::Trusted;
use crate::store::{
    Error, FileMode, FileRole, ISSUED_FOLDER, Interruption, NEXT_FOLDER, Owner, Protection, Recovery,
    RelativePath, journal,
};

/// A run takes a second or two; whoever waits longer waits for something that hangs.
const LOCK_PATIENCE: Duration = Duration::from_secs(10);
pub(super) const POLL: Duration = Duration::from_millis(20);

/// What a run may do with a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Make it if it is missing, and change it.
    Create,
    /// Change it; it must be there.
    Change,
    /// Only look, without a lock; it must be there, and an interrupted run in it is an error.
    Look,
    /// The same, but as it is, whether a run was interrupted or not.
    LookAsItIs,
}

/// An open certificate directory, locked where it is to be changed.
///
/// The lock is a hidden file, which is there only as long as this is.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    fd: OwnedFd,
    lock: Option<Lock>,
    /// Why there is no lock where there should be one: then nothing can be changed.
    read_only: Option<rustix::io::Errno>,
    protection: Protection,
    trusted: Trusted,
    recovery: Option<Recovery>,
    recovered_serial: Option<String>,
    /// What [`Directory::remember_serial`] was told.
    ca_serial: Option<String>,
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

/// Who may be able to change a folder that is changed.
enum Trust<'a> {
    /// Root, who runs this, and whose ca.key is in it.
    Own,
    /// Those who may change this directory.
    AsFor(&'a Trusted),
    /// Whoever the person lets.
    Anybody,
}

impl Directory {
    /// Opens a certificate directory. To be changed, it is locked, and an interrupted run in it is completed
    /// or rolled back first.
    ///
    /// # Errors
    /// If it is missing, no folder, not accessible, in use by another run for ten seconds, or left
    /// by an interrupted run in a state that cannot be put in order; where it is to be changed, also if others
    /// than root, its owner and who runs this could change it, too.
    pub fn open(path: &Path, access: Access, protection: Protection) -> Result<Self, Error> {
        Self::open_trusted(path, access, protection, Trust::Own)
    }

    /// Opens a folder that belongs to this certificate directory, and that the same users may change.
    ///
    /// # Errors
    /// As [`Directory::open`].
    pub fn open_beside(&self, path: &Path, access: Access) -> Result<Self, Error> {
        Self::open_trusted(path, access, self.protection, Trust::AsFor(&self.trusted))
    }

    /// Opens a folder of the person's choice to write into it.
    pub(super) fn open_output(path: &Path, protection: Protection) -> Result<Self, Error> {
        Self::open_trusted(path, Access::Create, protection, Trust::Anybody)
    }

    fn open_trusted(
        path: &Path,
        access: Access,
        protection: Protection,
        trust: Trust<'_>,
    ) -> Result<Self, Error> {
        let mut made = Vec::new();
        let mut directory = Self {
            path: path.to_owned(),
            fd: open_or_make(path, access, &mut made)?,
            lock: None,
            read_only: None,
            protection: Protection::Required,
            trusted: Trusted::runner(),
            recovery: None,
            recovered_serial: None,
            ca_serial: None,
            made,
        };
        if access == Access::LookAsItIs {
            return Ok(directory);
        }
        if access == Access::Look {
            return match interruption(&directory.fd).map_err(directory.search_error())? {
                Some(_) => Err(Error::Interrupted { path: path.to_owned() }),
                None => Ok(directory),
            };
        }
        let start = Instant::now();
        loop {
            directory.trusted = directory.trusted_by(&trust)?;
            let untrusted = match trust {
                Trust::Anybody => None,
                Trust::AsFor(_) => directory.untrusted(&[])?,
                Trust::Own => directory.untrusted(&[ISSUED_FOLDER, NEXT_FOLDER])?,
            };
            // Whether the file system keeps modes shows when the file of the lock is made.
            if protection == Protection::Required
                && let Some(error) = untrusted
            {
                return Err(error);
            }
            directory.lock(start)?;
            // Another run may have removed the folder, or put another in its place, while this waited.
            let is_settled = directory.lock.is_some() || directory.read_only.is_some();
            if !is_settled || !is_still_at(path, &directory.fd)? {
                directory.lock = None;
                directory.fd = open_or_make(path, access, &mut directory.made)?;
                continue;
            }
            if protection == Protection::GivenUp && directory.lock.as_ref().is_some_and(Lock::mode_exceeds) {
                directory.protection = Protection::GivenUp;
            } else if let Some(error) = untrusted {
                return Err(error);
            }
            break;
        }
        if let Some(errno) = directory.read_only {
            return match interruption(&directory.fd).map_err(directory.search_error())? {
                Some(_) => Err(Error::Unfinished { path: path.to_owned(), source: errno.into() }),
                None => Ok(directory),
            };
        }
        let recovered = journal::recover(&directory.fd, directory.protection);
        if let Some(recovered) = recovered.map_err(|obstacle| obstacle.in_directory(path))? {
            directory.recovery = Some(recovered.recovery);
            directory.recovered_serial = recovered.serial;
        }
        Ok(directory)
    }

    fn search_error(&self) -> impl Fn(io::Error) -> Error + use<> {
        let path = self.path.clone();
        move |source| Error::Directory { path: path.clone(), action: "search", source }
    }

    /// Those who may change it.
    fn trusted_by(&self, trust: &Trust<'_>) -> Result<Trusted, Error> {
        match trust {
            Trust::Own => Trusted::of(&self.fd).map_err(self.read_error(&FileRole::CaKey.into())),
            Trust::AsFor(trusted) => Ok((*trusted).clone()),
            Trust::Anybody => Ok(Trusted::runner()),
        }
    }

    /// That others could change it, or a folder of it whose content is believed.
    fn untrusted(&self, names: &[&str]) -> Result<Option<Error>, Error> {
        let error = |path, writer| {
            Some(Error::Untrusted { path, writer, may_lack_modes: fs::may_lack_modes(&self.fd) })
        };
        if let Some(writer) = self.trusted.stranger(&self.fd).map_err(self.search_error())? {
            return Ok(error(self.path.clone(), writer));
        }
        for name in names {
            let path = self.path.join(name);
            if fs::entry(&self.fd, *name).map_err(self.search_error())? == Entry::SymbolicLink {
                return Ok(Some(Error::SymbolicLink { path }));
            }
            let writer = self.trusted.stranger_in(&self.fd, name).map_err(|source| Error::Directory {
                path: path.clone(),
                action: "open",
                source,
            })?;
            if let Some(writer) = writer {
                return Ok(error(path, writer));
            }
        }
        Ok(None)
    }

    /// Takes the lock; where the file system is read-only there is none, and nothing to protect.
    fn lock(&mut self, start: Instant) -> Result<(), Error> {
        use rustix::io::Errno;
        let error = |source| Error::Directory { path: self.path.clone(), action: "lock", source };
        if let Some(option) = lock::nfs_without_locks(&self.fd) {
            let reason = format!("it is mounted with `{option}`, so no lock excludes other machines");
            return Err(error(io::Error::other(reason)));
        }
        loop {
            let holder = match lock::attempt(&self.fd) {
                Ok(Attempt::Held(lock)) => {
                    self.lock = Some(lock);
                    return Ok(());
                }
                Ok(Attempt::Busy(holder)) => holder,
                Err(source) => match source.raw_os_error().map(Errno::from_raw_os_error) {
                    Some(errno @ (Errno::ROFS | Errno::ACCESS | Errno::PERM)) => {
                        self.read_only = Some(errno);
                        return Ok(());
                    }
                    // The folder was removed meanwhile, or its file was by a run on another mount.
                    Some(Errno::NOENT | Errno::STALE) => match is_still_at(&self.path, &self.fd)? {
                        true => Holder::Running,
                        false => return Ok(()),
                    },
                    _ => return Err(error(source)),
                },
            };
            if start.elapsed() > LOCK_PATIENCE {
                let lock = self.path.join(lock::NAME);
                return Err(match holder {
                    Holder::Running => Error::Locked { path: self.path.clone(), waited: LOCK_PATIENCE },
                    Holder::OfUser(user) => {
                        let holder = format!("a run of uid {user} is at work, or was interrupted");
                        Error::LockUnknown { path: lock, holder }
                    }
                    Holder::Elsewhere => {
                        let holder =
                            "a run on another machine or in another container is at work, or was interrupted";
                        Error::LockUnknown { path: lock, holder: holder.into() }
                    }
                });
            }
            thread::sleep(POLL);
        }
    }

    /// Whether this run may change it.
    pub(super) fn may_write(&self) -> Result<(), Error> {
        match (&self.lock, self.read_only) {
            (_, Some(errno)) => Err(Error::Write { path: self.path.clone(), source: errno.into() }),
            (Some(_), None) => Ok(()),
            (None, None) => unreachable!("what is only looked at is not changed"),
        }
    }

    /// Whether its files are protected by modes, or the person gave that up.
    #[must_use]
    pub fn protection(&self) -> Protection {
        self.protection
    }

    /// What became of an interrupted run, if there was one.
    #[must_use]
    pub fn recovery(&self) -> Option<Recovery> {
        self.recovery
    }

    /// The last serial number that an interrupted run had taken from the CA, whose directory is another one.
    #[must_use]
    pub fn recovered_serial(&self) -> Option<&str> {
        self.recovered_serial.as_deref()
    }

    /// Notes in every change that follows the last serial number that was taken from the CA, whose directory is
    /// another one, as its ca.srl has it.
    pub fn remember_serial(&mut self, serial: String) {
        self.ca_serial = Some(serial);
    }

    pub(super) fn ca_serial(&self) -> Option<&str> {
        self.ca_serial.as_deref()
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

    /// The names of all files and folders in it that are text.
    ///
    /// # Errors
    /// If the folder cannot be searched.
    pub fn names(&self) -> Result<Vec<String>, Error> {
        let names = fs::list(&self.fd).map_err(|source| Error::Read { path: self.path.clone(), source })?;
        Ok(names.into_iter().filter_map(|name| name.into_string().ok()).collect())
    }

    /// Mode and owner of a file that is to be replaced; `None` if there is none.
    ///
    /// # Errors
    /// If it is anything but a regular file, or its folder is anything but a folder.
    pub fn state(&self, file: impl Into<RelativePath>) -> Result<Option<FileState>, Error> {
        let permissions = self.permissions(&file.into())?;
        Ok(permissions.map(|Permissions { mode, owner, .. }| FileState { mode, owner }))
    }

    /// The same, and its access control list.
    pub(super) fn permissions(&self, file: &RelativePath) -> Result<Option<Permissions>, Error> {
        let Some(parent) = self.parent(file)? else { return Ok(None) };
        match fs::entry(&parent, file.name()).map_err(self.read_error(file))? {
            Entry::Absent => Ok(None),
            Entry::File { .. } => {
                fs::permissions(parent, file.name()).map(Some).map_err(self.read_error(file))
            }
            Entry::SymbolicLink => Err(Error::SymbolicLink { path: self.path_of(file) }),
            Entry::Folder | Entry::Other => Err(Error::NotAFile { path: self.path_of(file) }),
        }
    }

    /// By what a file is recognised again.
    pub(super) fn print(&self, file: &RelativePath) -> Result<Option<Print>, Error> {
        let Some(parent) = self.parent(file)? else { return Ok(None) };
        fs::print(parent, file.name()).map_err(self.read_error(file))
    }

    /// Whether a folder is in it.
    pub(super) fn has_folder(&self, folder: &str) -> Result<bool, Error> {
        Ok(fs::entry(&self.fd, folder).map_err(self.search_error())? == Entry::Folder)
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
        self.may_write()?;
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
                if fs::exists(&opened, *name)? {
                    fs::remove_file(&opened, *name)?;
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

/// A run that fails leaves no empty folder behind.
impl Drop for Directory {
    fn drop(&mut self) {
        // Its file would be in the way.
        self.lock = None;
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

/// What a run left in a folder that was interrupted: none is at work. Whoever cannot tell waits a moment, since
/// a run that is at work goes on.
pub(super) fn interruption(folder: &OwnedFd) -> io::Result<Option<Interruption>> {
    const PATIENCE: Duration = Duration::from_secs(1);
    let start = Instant::now();
    loop {
        let left = journal::Left::of(folder)?;
        if !left.is_any() {
            return Ok(None);
        }
        let is_over = start.elapsed() > PATIENCE;
        match lock::holding(folder)? {
            Holding::Nobody => return journal::interruption(folder),
            Holding::Unknown if is_over => return journal::interruption(folder),
            // What is only staged changes nothing.
            Holding::Run if !left.commit => return Ok(None),
            Holding::Run if is_over => {
                let found = journal::interruption(folder)?;
                let at_work = |found| if found == Interruption::Own { Interruption::AtWork } else { found };
                return Ok(found.map(at_work));
            }
            Holding::Run | Holding::Unknown => thread::sleep(POLL),
        }
    }
}

fn open_or_make(path: &Path, access: Access, made: &mut Vec<PathBuf>) -> Result<OwnedFd, Error> {
    if access == Access::Create {
        make_folders(path, made)?;
    }
    open(path)
}

/// Makes the folder and those above it, and notes which.
fn make_folders(path: &Path, made: &mut Vec<PathBuf>) -> Result<(), Error> {
    let mut missing = Vec::new();
    for ancestor in path.ancestors().take_while(|ancestor| !ancestor.as_os_str().is_empty()) {
        match std::fs::metadata(ancestor) {
            Ok(_) => break,
            Err(error) if error.kind() == io::ErrorKind::NotFound => missing.push(ancestor),
            Err(source) => {
                return Err(Error::Directory { path: ancestor.to_owned(), action: "look at", source });
            }
        }
    }
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

fn is_still_at(path: &Path, fd: &OwnedFd) -> Result<bool, Error> {
    let error = |errno: rustix::io::Errno| Error::Directory {
        path: path.to_owned(),
        action: "look at",
        source: errno.into(),
    };
    let here = rustix::fs::fstat(fd).map_err(error)?;
    match rustix::fs::stat(path) {
        Ok(there) => Ok((there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)),
        Err(rustix::io::Errno::NOENT) => Ok(false),
        Err(errno) => Err(error(errno)),
    }
}
