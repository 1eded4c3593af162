use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{io, thread};

use rustix::fs::{AtFlags, CWD};
use rustix::io::Errno;
use zeroize::Zeroizing;

use crate::base::error::{Error, ErrorKind};
use crate::store::error::{
    about, failed, no_folder, not_a_file, not_a_folder, quoted, symbolic_link, too_large, unfinished,
    unreadable, unsearchable, unwritable,
};
use crate::store::file_system::{may_lack_modes, nfs_without_locks};
use crate::store::fs::{self, Content, Entry, Print};
use crate::store::issued::{ISSUED_FOLDER, NEXT_FOLDER};
use crate::store::journal::{self, POLL, Recovered, Recovery, interruption};
use crate::store::layout::{FileRole, RelativePath, path_of};
use crate::store::lock::{self, Holder, Lock};
use crate::store::mode::{FileState, Named, Protection};
use crate::store::trust::{Trusted, Writer};

/// A run takes a second or two; whoever waits longer waits for something that hangs.
const LOCK_PATIENCE: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
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
pub(crate) struct Directory {
    path: PathBuf,
    pub(super) fd: OwnedFd,
    lock: Option<Lock>,
    /// Why there is no lock where there should be one: then nothing can be changed.
    read_only: Option<Errno>,
    protection: Protection,
    trusted: Trusted,
    recovered: Option<Recovered>,
    /// What [`Directory::remember_serial`] was told.
    pub(super) ca_serial: Option<String>,
    /// The folders that were made for it, outermost first, as long as nothing was put into it.
    pub(super) made: Vec<PathBuf>,
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
    pub(crate) fn open(path: &Path, access: Access, protection: Protection) -> Result<Self, Error> {
        Self::open_trusted(path, access, protection, Trust::Own)
    }

    /// Opens a folder that belongs to this certificate directory, and that the same users may change.
    pub(crate) fn open_beside(&self, path: &Path, access: Access) -> Result<Self, Error> {
        Self::open_trusted(path, access, self.protection, Trust::AsFor(&self.trusted))
    }

    /// Opens a folder of the person's choice to write into it.
    pub(crate) fn open_output(path: &Path, protection: Protection) -> Result<Self, Error> {
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
            recovered: None,
            ca_serial: None,
            made,
        };
        match access {
            Access::LookAsItIs => return Ok(directory),
            Access::Look if directory.is_interrupted()? => {
                return Err(about(path, "an earlier run was interrupted").of_kind(ErrorKind::Interrupted).with_hint(
                    "run again what was interrupted, without --dry-run: it completes or undoes that run first".to_owned(),
                ));
            }
            Access::Look => return Ok(directory),
            Access::Create | Access::Change => directory.lock(access, protection, &trust)?,
        }
        match directory.read_only {
            Some(errno) if directory.is_interrupted()? => return Err(unfinished(path, errno.into())),
            Some(_) => {}
            None => directory.recovered = directory.recover()?,
        }
        Ok(directory)
    }

    fn is_interrupted(&self) -> Result<bool, Error> {
        Ok(interruption(&self.fd).map_err(unsearchable(&self.path))?.is_some())
    }

    pub(super) fn recover(&self) -> Result<Option<Recovered>, Error> {
        journal::recover(&self.fd, self.protection).map_err(|obstacle| obstacle.in_directory(&self.path))
    }

    /// Takes the lock of a folder that others than these cannot change. Where the file system is read-only there is
    /// none, and nothing to protect.
    fn lock(&mut self, access: Access, protection: Protection, trust: &Trust<'_>) -> Result<(), Error> {
        let start = Instant::now();
        loop {
            let untrusted = self.untrusted(trust)?;
            // Whether the file system keeps modes shows when the file of the lock is made.
            if protection == Protection::Required
                && let Some(error) = untrusted
            {
                return Err(error);
            }
            let holder = self.try_lock()?;
            // Another run may have removed the folder, or put another in its place.
            if !self.is_still_there()? {
                (self.lock, self.read_only) = (None, None);
                self.fd = open_or_make(&self.path, access, &mut self.made)?;
                continue;
            }
            if let Some(holder) = holder {
                if start.elapsed() > LOCK_PATIENCE {
                    return Err(self.locked(holder));
                }
                thread::sleep(POLL);
                continue;
            }
            let is_unprotected = self.lock.as_ref().is_some_and(|lock| lock.mode_exceeds);
            if protection == Protection::GivenUp && is_unprotected {
                self.protection = Protection::GivenUp;
                return Ok(());
            }
            return untrusted.map_or(Ok(()), Err);
        }
    }

    /// Returns who holds the lock, if it cannot be taken now.
    fn try_lock(&mut self) -> Result<Option<Holder>, Error> {
        let error = failed(&self.path, "cannot lock the folder");
        if let Some(option) = nfs_without_locks(&self.fd) {
            let reason = format!("it is mounted with `{option}`, so no lock excludes other machines");
            return Err(error(io::Error::other(reason)));
        }
        match lock::attempt(&self.fd) {
            Ok(Ok(lock)) => self.lock = Some(lock),
            Ok(Err(holder)) => return Ok(Some(holder)),
            Err(source) => match source.raw_os_error().map(Errno::from_raw_os_error) {
                Some(errno @ (Errno::ROFS | Errno::ACCESS | Errno::PERM)) => self.read_only = Some(errno),
                // The folder was removed meanwhile, or its file was by a run on another mount.
                Some(Errno::NOENT | Errno::STALE) => return Ok(Some(Holder::Running)),
                _ => return Err(error(source)),
            },
        }
        Ok(None)
    }

    /// That others could change it, or a folder of it whose content is believed.
    fn untrusted(&mut self, trust: &Trust<'_>) -> Result<Option<Error>, Error> {
        let names: &[&str] = match trust {
            Trust::Anybody => return Ok(None),
            Trust::AsFor(trusted) => {
                self.trusted = (*trusted).clone();
                &[]
            }
            Trust::Own => {
                let ca_key = self.path_of(FileRole::CaKey);
                self.trusted = Trusted::of(&self.fd).map_err(unreadable(&ca_key))?;
                &[ISSUED_FOLDER, NEXT_FOLDER]
            }
        };
        let error = |path: &Path, writer| Some(untrusted(path, writer, may_lack_modes(&self.fd)));
        if let Some(writer) = self.trusted.other_writer(&self.fd).map_err(unsearchable(&self.path))? {
            return Ok(error(&self.path, writer));
        }
        for name in names {
            let path = self.path.join(name);
            if fs::entry(&self.fd, *name).map_err(unsearchable(&self.path))? == Entry::SymbolicLink {
                return Ok(Some(symbolic_link(&path)));
            }
            let writer = self.trusted.other_writer_in(&self.fd, name);
            if let Some(writer) = writer.map_err(failed(&path, "cannot open the folder"))? {
                return Ok(error(&path, writer));
            }
        }
        Ok(None)
    }

    fn is_still_there(&self) -> Result<bool, Error> {
        let found = fs::is_at(CWD, &self.path, AtFlags::empty(), &self.fd);
        found.map_err(failed(&self.path, "cannot look at the folder"))
    }

    fn locked(&self, holder: Holder) -> Error {
        let holder = match holder {
            Holder::Running => {
                let waited = LOCK_PATIENCE.as_secs();
                let what = "another milvus-certs is at work on this folder, and has been for";
                return about(&self.path, format_args!("{what} {waited} seconds"))
                    .with_hint("wait until it ends, then run this again".to_owned());
            }
            Holder::OfUser(user) => format!("a run of uid {user}"),
            Holder::Elsewhere => "a run on another machine or in another container".into(),
        };
        let lock = self.path.join(lock::NAME);
        about(&lock, format_args!("{holder} is at work, or was interrupted")).with_hint(format!(
            "if no other run is at work on this folder: `rm {}`, then run this again",
            quoted(&lock)
        ))
    }

    pub(super) fn may_write(&self) -> Result<(), Error> {
        match (&self.lock, self.read_only) {
            (_, Some(errno)) => Err(unwritable(&self.path)(errno.into())),
            (Some(_), None) => Ok(()),
            (None, None) => unreachable!("what is only looked at is not changed"),
        }
    }

    /// Whether its files are protected by modes, or the person gave that up.
    pub(crate) fn protection(&self) -> Protection {
        self.protection
    }

    pub(crate) fn recovery(&self) -> Option<Recovery> {
        Some(self.recovered.as_ref()?.recovery)
    }

    /// The last serial number that an interrupted run had taken from the CA, whose directory is another one.
    pub(crate) fn recovered_serial(&self) -> Option<&str> {
        self.recovered.as_ref()?.serial.as_deref()
    }

    /// Notes in every change that follows the last serial number that was taken from the CA, whose directory is
    /// another one, as its ca.srl has it.
    pub(crate) fn remember_serial(&mut self, serial: String) {
        self.ca_serial = Some(serial);
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn path_of(&self, file: impl Into<RelativePath>) -> PathBuf {
        path_of(&self.path, file)
    }

    /// The files that are there, whatever they are.
    pub(crate) fn present(&self) -> Result<Vec<FileRole>, Error> {
        let mut present = Vec::new();
        for role in FileRole::AS_LISTED {
            if fs::exists(&self.fd, role.file_name()).map_err(unreadable(&self.path_of(role)))? {
                present.push(role);
            }
        }
        Ok(present)
    }

    /// The names of all files and folders in it that are text.
    pub(crate) fn names(&self) -> Result<Vec<String>, Error> {
        let names = fs::list(&self.fd).map_err(unreadable(&self.path))?;
        Ok(names.into_iter().filter_map(|name| name.into_string().ok()).collect())
    }

    /// What a file that is to be replaced allows; `None` if there is none.
    ///
    /// # Errors
    /// If it is anything but a regular file, or its folder is anything but a folder.
    pub(crate) fn state(&self, file: impl Into<RelativePath>) -> Result<Option<FileState>, Error> {
        let file = file.into();
        let Some(parent) = self.parent(&file)? else { return Ok(None) };
        let path = self.path_of(&file);
        match fs::entry(&parent, file.name()).map_err(unreadable(&path))? {
            Entry::Absent => Ok(None),
            Entry::File { .. } => fs::state(parent, file.name()).map(Some).map_err(unreadable(&path)),
            Entry::SymbolicLink => Err(symbolic_link(&path)),
            Entry::Folder | Entry::Other => Err(not_a_file(&path)),
        }
    }

    pub(super) fn print(&self, file: &RelativePath) -> Result<Option<Print>, Error> {
        let Some(parent) = self.parent(file)? else { return Ok(None) };
        fs::print(parent, file.name()).map_err(unreadable(&self.path_of(file)))
    }

    /// Reads a file; `None` if there is none. It is wiped from memory when dropped.
    pub(crate) fn read(&self, file: impl Into<RelativePath>) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let file = file.into();
        let Some(parent) = self.parent(&file)? else { return Ok(None) };
        let path = self.path_of(&file);
        match fs::read(parent, file.name()).map_err(unreadable(&path))? {
            Content::Absent => Ok(None),
            Content::Bytes(bytes) => Ok(Some(bytes)),
            Content::NotAFile => Err(not_a_file(&path)),
            Content::TooLarge => Err(too_large(&path, fs::MAX_FILE_SIZE)),
        }
    }

    /// Adds whole lines to a file, which is made if it is missing, and waits until they are on disk. A
    /// line that an earlier run could not complete goes first.
    ///
    /// # Errors
    /// If it is no regular file, or cannot be written; then it is as it was.
    pub(crate) fn append(&self, file: impl Into<RelativePath>, lines: &[u8]) -> Result<(), Error> {
        let file = file.into();
        self.may_write()?;
        // A link is refused.
        self.state(&file)?;
        let append = || {
            let is_new =
                file.folder().map_or(Ok(false), |folder| fs::make_folder_if_missing(&self.fd, folder))?;
            fs::append(fs::open_or_make_folder(&self.fd, file.folder())?, file.name(), lines)?;
            if is_new { fs::sync_directory(&self.fd) } else { Ok(()) }
        };
        append().map_err(unwritable(&self.path_of(&file)))
    }

    /// Removes files of a folder, in this order; and the folder, if nothing else is in it.
    pub(crate) fn remove_files(&self, folder: &str, names: &[&str]) -> Result<(), Error> {
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
        remove().map_err(unwritable(&self.path.join(folder)))
    }

    /// The folder that a file is in; `None` if there is none.
    fn parent(&self, file: &RelativePath) -> Result<Option<OwnedFd>, Error> {
        if let Some(folder) = file.folder() {
            let path = self.path.join(folder);
            match fs::entry(&self.fd, folder).map_err(unreadable(&self.path_of(file)))? {
                Entry::Absent | Entry::Folder => {}
                Entry::SymbolicLink => return Err(symbolic_link(&path)),
                Entry::File { .. } | Entry::Other => return Err(not_a_folder(&path)),
            }
        }
        fs::open_folder(&self.fd, file.folder()).map_err(unreadable(&self.path_of(file)))
    }
}

/// A run that fails leaves no empty folder behind.
impl Drop for Directory {
    fn drop(&mut self) {
        // Its file would be in the way.
        self.lock = None;
        remove_made(&mut self.made);
    }
}

fn remove_made(made: &mut Vec<PathBuf>) {
    for path in made.drain(..).rev() {
        let _ = fs::remove_subdirectory(CWD, &path);
    }
}

/// Somebody else could change a folder.
fn untrusted(path: &Path, writer: Writer, may_lack_modes: bool) -> Error {
    const ELSEWHERE: &str = "; a file system without modes (WSL's /mnt, CIFS, vfat) needs another folder, or --accept-unprotected-keys";
    let shown = quoted(path);
    let close = match writer {
        Writer::Everybody | Writer::Group(_) => format!("`chmod go-w {shown}`"),
        Writer::Owner(owner) => format!("run this as uid {owner}, or `chown $(id -u) {shown}`"),
        // As setfacl(1) names them.
        Writer::Named(Named::User(id)) => format!("`setfacl -x u:{id} {shown}`"),
        Writer::Named(Named::Group(id)) => format!("`setfacl -x g:{id} {shown}`"),
    };
    let elsewhere = if may_lack_modes { ELSEWHERE } else { "" };
    about(path, format_args!("{writer} could change it, and with it what is signed"))
        .with_hint(format!("{close}, if nobody has changed it yet{elsewhere}"))
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
            Err(source) => return Err(failed(ancestor, "cannot look at the folder")(source)),
        }
    }
    for folder in missing.into_iter().rev() {
        match fs::make_folder(CWD, folder) {
            Ok(()) => made.push(folder.to_owned()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(source) => {
                remove_made(made);
                return Err(failed(folder, "cannot make the folder")(source));
            }
        }
    }
    Ok(())
}

pub(super) fn open(path: &Path) -> Result<OwnedFd, Error> {
    fs::open_directory(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => no_folder(path),
        io::ErrorKind::NotADirectory => not_a_folder(path),
        _ => failed(path, "cannot open the folder")(source),
    })
}
