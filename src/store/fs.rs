//! The few things that are done to the file system, each relative to an open directory, so that
//! neither a renamed folder nor a planted link leads a write elsewhere.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, IsTerminal, Read, Seek, SeekFrom, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use rustix::fs::{AtFlags, FileType, Gid, Mode, OFlags, RawMode, Uid};
use rustix::io::Errno;
use rustix::path::Arg;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::base::error::Error;
use crate::base::text::hex;
use crate::store::error::{about, not_a_file, too_large, unreadable};
use crate::store::file_system::{acl, acl_of_path, set_acl};
use crate::store::layout::RelativePath;
use crate::store::mode::{Acl, FileMode, FileState, Owner, Protection};

/// Far more than any key, certificate or chain.
pub(crate) const MAX_FILE_SIZE: u64 = 1024 * 1024;

/// To read without waiting: a pipe that nobody writes to ends at once.
const READ: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);
const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    Absent,
    File { owner: u32 },
    SymbolicLink,
    Folder,
    Other,
}

/// What is known of the content of a file without keeping it: by this it is recognised again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Print {
    pub(super) size: u64,
    inode: u64,
    /// In hex; nothing where this user may not read it.
    sha256: Option<String>,
}

impl Print {
    /// Of what is to be written.
    pub(super) fn of(content: &[u8]) -> Self {
        Self { size: content.len() as u64, inode: 0, sha256: Some(hex(&Sha256::digest(content))) }
    }

    /// Whether two are of the same content, as far as it can be read, or else of the same file.
    pub(super) fn is_of_same(&self, other: &Self) -> bool {
        match (&self.sha256, &other.sha256) {
            (Some(digest), Some(same)) => (self.size, digest) == (other.size, same),
            _ => (self.size, self.inode) == (other.size, other.inode),
        }
    }
}

pub(super) fn open_directory(path: &Path) -> io::Result<OwnedFd> {
    Ok(rustix::fs::open(path, FOLDER, Mode::empty())?)
}

/// Opens a folder inside a folder; a link is refused. Nothing where there is none.
pub(super) fn open_subdirectory(parent: impl AsFd, name: impl Arg) -> io::Result<Option<OwnedFd>> {
    match rustix::fs::openat(parent, name, FOLDER | OFlags::NOFOLLOW, Mode::empty()) {
        Ok(fd) => Ok(Some(fd)),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The folder itself, or the one of this name in it.
pub(super) fn open_folder(parent: &OwnedFd, name: Option<&str>) -> io::Result<Option<OwnedFd>> {
    match name {
        Some(name) => open_subdirectory(parent, name),
        None => parent.try_clone().map(Some),
    }
}

/// The same, where the folder is made if it is missing.
pub(super) fn open_or_make_folder(parent: &OwnedFd, name: Option<&str>) -> io::Result<OwnedFd> {
    if let Some(name) = name {
        make_folder_if_missing(parent, name)?;
    }
    open_folder(parent, name)?.ok_or_else(|| io::ErrorKind::NotFound.into())
}

/// Makes a folder for its owner alone.
pub(super) fn make_subdirectory(parent: &OwnedFd, name: &str) -> io::Result<OwnedFd> {
    step()?;
    rustix::fs::mkdirat(parent, name, Mode::RWXU)?;
    open_subdirectory(parent, name)?.ok_or_else(|| io::ErrorKind::NotFound.into())
}

/// Makes a folder that all can read; returns whether it was missing.
pub(super) fn make_folder_if_missing(parent: impl AsFd, name: &str) -> io::Result<bool> {
    if exists(&parent, name)? {
        return Ok(false);
    }
    make_folder(parent, name)?;
    Ok(true)
}

/// The same in any case; whatever the umask, nobody but its owner can change it.
pub(super) fn make_folder(parent: impl AsFd, path: impl Arg) -> io::Result<()> {
    step()?;
    Ok(rustix::fs::mkdirat(parent, path, Mode::from_raw_mode(0o755))?)
}

pub(super) fn entry(directory: impl AsFd, name: impl Arg) -> io::Result<Entry> {
    match rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => Ok(Entry::Absent),
        Err(error) => Err(error.into()),
        Ok(stat) => Ok(match FileType::from_raw_mode(stat.st_mode as RawMode) {
            FileType::RegularFile => Entry::File { owner: stat.st_uid },
            FileType::Symlink => Entry::SymbolicLink,
            FileType::Directory => Entry::Folder,
            _ => Entry::Other,
        }),
    }
}

/// Who may do what with what a name leads to.
pub(super) fn state(directory: impl AsFd, name: &str) -> io::Result<FileState> {
    let stat = rustix::fs::statat(&directory, name, AtFlags::empty())?;
    let acl = match rustix::fs::openat(&directory, name, READ, Mode::empty()) {
        Ok(file) => acl(file)?,
        // A file that this user may not read has a list all the same.
        Err(_) => {
            let directory = directory.as_fd().as_raw_fd();
            acl_of_path(format!("/proc/self/fd/{directory}/{name}").as_ref())?
        }
    };
    Ok(FileState::of(&stat, acl))
}

/// Who may do what with an open file or folder.
/// Who may do what with a file, wherever it is.
pub(crate) fn file_state(path: &Path) -> io::Result<FileState> {
    state_of(File::open(path)?)
}

pub(super) fn state_of(opened: impl AsFd) -> io::Result<FileState> {
    Ok(FileState::of(&rustix::fs::fstat(&opened)?, acl(&opened)?))
}

/// What is different as soon as something else is at a name, or it has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    inode: u64,
    size: i64,
    changed: (i64, i64),
}

/// That of what a name leads to; nothing where nothing is.
pub(super) fn identity(directory: impl AsFd, name: &str) -> io::Result<Option<Identity>> {
    match rustix::fs::statat(directory, name, AtFlags::empty()) {
        Ok(stat) => Ok(Some(Identity {
            inode: stat.st_ino,
            size: stat.st_size,
            changed: (stat.st_ctime, stat.st_ctime_nsec as i64),
        })),
        // What this user may not look at cannot change while this user looks.
        Err(Errno::NOENT | Errno::NOTDIR | Errno::ACCESS | Errno::LOOP) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The print of a regular file, if there is one.
pub(super) fn print(directory: impl AsFd, name: &str) -> io::Result<Option<Print>> {
    print_start(directory, name, u64::MAX)
}

/// The same of a file that may be in a folder.
pub(super) fn print_at(directory: &OwnedFd, path: &RelativePath) -> io::Result<Option<Print>> {
    open_folder(directory, path.folder())?.map_or(Ok(None), |folder| print(folder, path.name()))
}

/// The same of the first octets alone, as many as these or as there are.
pub(super) fn print_start(directory: impl AsFd, name: &str, length: u64) -> io::Result<Option<Print>> {
    let stat = match rustix::fs::statat(&directory, name, AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => return Ok(None),
        stat => stat?,
    };
    if FileType::from_raw_mode(stat.st_mode as RawMode) != FileType::RegularFile {
        return Err(io::Error::other(format!("{name} is not a regular file")));
    }
    let sha256 = match rustix::fs::openat(&directory, name, READ | OFlags::NOFOLLOW, Mode::empty()) {
        Err(Errno::ACCESS | Errno::PERM) => None,
        opened => {
            let mut content = Zeroizing::new(Vec::with_capacity(BUFFER));
            // No file of this program is larger.
            File::from(opened?).take(length.min(MAX_FILE_SIZE + 1)).read_to_end(&mut content)?;
            Some(hex(&Sha256::digest(&*content)))
        }
    };
    Ok(Some(Print { size: length.min(stat.st_size as u64), inode: stat.st_ino, sha256 }))
}

/// Whether an open file or folder is the one at a path.
pub(super) fn is_at(
    directory: impl AsFd,
    path: impl Arg,
    flags: AtFlags,
    opened: impl AsFd,
) -> io::Result<bool> {
    let here = rustix::fs::fstat(opened)?;
    match rustix::fs::statat(directory, path, flags) {
        Ok(there) => Ok((there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)),
        Err(Errno::NOENT) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

pub(super) fn exists(directory: impl AsFd, name: impl Arg) -> io::Result<bool> {
    Ok(!matches!(entry(directory, name)?, Entry::Absent))
}

pub(super) enum Content {
    Absent,
    NotAFile,
    TooLarge,
    Bytes(Zeroizing<Vec<u8>>),
}

/// Opens a regular file to read it.
pub(super) fn open_in(directory: impl AsFd, name: &str) -> io::Result<File> {
    let file = File::from(rustix::fs::openat(directory, name, READ, Mode::empty())?);
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::other("it is not a regular file")),
    }
}

/// Reads a regular file of bounded size.
pub(super) fn read(directory: impl AsFd, name: &str) -> io::Result<Content> {
    let file = match rustix::fs::openat(directory, name, READ, Mode::empty()) {
        Err(Errno::NOENT) => return Ok(Content::Absent),
        opened => File::from(opened?),
    };
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Ok(Content::NotAFile);
    }
    let size = metadata.len().min(MAX_FILE_SIZE) as usize + 1;
    Ok(read_up_to(file, MAX_FILE_SIZE, size)?.map_or(Content::TooLarge, Content::Bytes))
}

/// Large enough for any key, so that a buffer that grows leaves no copy of one behind.
const BUFFER: usize = 64 * 1024;

/// All that comes, into a buffer that has this size at first; nothing where that is more than `limit`.
fn read_up_to(source: impl Read, limit: u64, buffer: usize) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let mut content = Zeroizing::new(Vec::with_capacity(buffer));
    source.take(limit + 1).read_to_end(&mut content)?;
    Ok((content.len() as u64 <= limit).then_some(content))
}

/// Reads a file anywhere, which may also be a pipe such as a shell's `<(…)`.
pub(crate) fn read_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    read_file_up_to(path, MAX_FILE_SIZE)
}

/// The same, with another limit in bytes.
pub(crate) fn read_file_up_to(path: &Path, limit: u64) -> Result<Zeroizing<Vec<u8>>, Error> {
    read_opened(open_anywhere(path).map_err(unreadable(path))?, path, limit)
}

/// Reads a file anywhere; nothing where there is none.
pub(crate) fn read_file_if_there(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
    open_if_there(path)?.map(|file| read_opened(file, path, MAX_FILE_SIZE)).transpose()
}

fn read_opened(file: File, path: &Path, limit: u64) -> Result<Zeroizing<Vec<u8>>, Error> {
    let kind = file.metadata().map_err(unreadable(path))?.file_type();
    if kind.is_dir() {
        return Err(unreadable(path)(io::ErrorKind::IsADirectory.into()));
    }
    if !kind.is_file() && !kind.is_fifo() && !file.is_terminal() {
        return Err(not_a_file(path));
    }
    let content = read_from(file, path, limit)?;
    match kind.is_fifo() && content.is_empty() {
        true => Err(about(path, "is a pipe, and nothing came through it")
            .with_hint("begin to write to it first, or name a file".to_owned())),
        false => Ok(content),
    }
}

/// Opens a regular file anywhere; nothing where there is none.
pub(crate) fn open_file(path: &Path) -> Result<Option<File>, Error> {
    let Some(file) = open_if_there(path)? else { return Ok(None) };
    match file.metadata().map_err(unreadable(path))?.is_file() {
        true => Ok(Some(file)),
        false => Err(not_a_file(path)),
    }
}

/// Nothing where there is no file, or no folder that it could be in.
fn open_if_there(path: &Path) -> Result<Option<File>, Error> {
    match open_anywhere(path) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        opened => opened.map(Some).map_err(unreadable(path)),
    }
}

/// Opens without waiting; then a pipe that somebody writes to is read to its end.
fn open_anywhere(path: &Path) -> io::Result<File> {
    let file = File::from(rustix::fs::open(path, READ | OFlags::NOCTTY, Mode::empty())?);
    rustix::fs::fcntl_setfl(&file, OFlags::empty())?;
    Ok(file)
}

/// Reads all that comes, up to `limit` bytes; `path` is what errors call it.
pub(crate) fn read_from(source: impl Read, path: &Path, limit: u64) -> Result<Zeroizing<Vec<u8>>, Error> {
    read_up_to(source, limit, BUFFER).map_err(unreadable(path))?.ok_or_else(|| too_large(path, limit))
}

/// A file that was created, and what became of what was asked for.
pub(super) struct Created {
    pub(super) file: File,
    /// Whether it belongs to whom it was to belong.
    pub(super) is_owned: bool,
    /// What it has, if that is more than it was to have: the file system does not keep modes or owners.
    pub(super) exceeds: Option<FileState>,
}

/// Creates a file with its final permissions and content; it is not on disk before it is synced.
///
/// It is created for its owner alone and opened further only once its owner is set, so a private
/// key is never readable by others for an instant. Where the owner cannot be set, a key is left to its owner
/// alone, since its group is another than before. What the file has then is read back.
pub(super) fn create(
    directory: impl AsFd,
    name: &str,
    content: &[u8],
    mode: FileMode,
    owner: Option<Owner>,
    wanted: Option<&Acl>,
    protection: Protection,
) -> io::Result<Created> {
    step()?;
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file = File::from(rustix::fs::openat(directory, name, flags, Mode::from_raw_mode(0o600))?);
    let is_owned = owner.map_or(Ok(true), |owner| set_owner(&file, owner))?;
    let mode = if is_owned { mode } else { mode.for_owner_alone() };
    let wanted = wanted.filter(|_| is_owned);
    // The folder may have handed down a list of its own.
    set_acl(&file, None)?;
    rustix::fs::fchmod(&file, mode.raw())?;
    if wanted.is_some() {
        step()?;
        set_acl(&file, wanted).map_err(|error| match error.raw_os_error().map(Errno::from_raw_os_error) {
            Some(Errno::OPNOTSUPP) => io::Error::other(
                "the file system has no access control lists, by which another user could read it",
            ),
            _ => error,
        })?;
    }
    let has = state_of(&file)?;
    let user = owner.filter(|_| is_owned).map_or(rustix::process::geteuid().as_raw(), |owner| owner.user);
    let is_as_asked = !has.mode.exceeds(mode) && has.acl.as_ref() == wanted && has.owner.user == user;
    let exceeds = (!is_as_asked).then_some(has);
    if exceeds.is_none() || protection == Protection::GivenUp {
        step()?;
        file.write_all(content)?;
    }
    Ok(Created { file, is_owned, exceeds })
}

pub(super) fn sync(file: &File) -> io::Result<()> {
    step()?;
    file.sync_all()
}

/// Adds lines to a file, which is made if it is missing, and waits until they are on disk. What follows
/// its last newline is what a crash left of a line, and is overwritten.
pub(super) fn append(directory: impl AsFd, name: &str, lines: &[u8]) -> io::Result<()> {
    step()?;
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file = File::from(rustix::fs::openat(&directory, name, flags, FileMode::PUBLIC.raw())?);
    let end = end_of_lines(&mut file)?;
    file.seek(SeekFrom::Start(end))?;
    let written = step().and_then(|()| file.write_all(lines)).and_then(|()| {
        file.set_len(end + lines.len() as u64)?;
        sync(&file)
    });
    if written.is_err() {
        // What cannot be taken back is an unfinished line, or lines that tell of what was not handed out.
        let _ = step().and_then(|()| file.set_len(end));
    }
    written?;
    match end {
        0 => sync_directory(directory),
        _ => Ok(()),
    }
}

fn end_of_lines(file: &mut File) -> io::Result<u64> {
    const PIECE: u64 = 4096;
    let mut end = file.metadata()?.len();
    let mut piece = Vec::new();
    while end > 0 {
        let start = end.saturating_sub(PIECE);
        file.seek(SeekFrom::Start(start))?;
        piece.clear();
        Read::by_ref(file).take(end - start).read_to_end(&mut piece)?;
        if let Some(newline) = piece.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + newline as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

/// Gives the file to its former owner, or at least to its former group, as far as this user may.
fn set_owner(file: &File, owner: Owner) -> io::Result<bool> {
    let (user, group) = (Uid::from_raw(owner.user), Gid::from_raw(owner.group));
    if rustix::fs::fchown(file, Some(user), Some(group)).is_err() {
        // Whoever is not root may still choose among their own groups.
        let _ = rustix::fs::fchown(file, None, Some(group));
    }
    let stat = rustix::fs::fstat(file)?;
    Ok((stat.st_uid, stat.st_gid) == (owner.user, owner.group))
}

pub(super) fn rename(from: impl AsFd, old: &str, to: impl AsFd, new: &str) -> io::Result<()> {
    step()?;
    Ok(rustix::fs::renameat(from, old, to, new)?)
}

/// Gives a file a second name, or moves it where the file system has no hard links.
pub(super) fn link_or_move(from: impl AsFd, to: impl AsFd, name: &str) -> io::Result<()> {
    step()?;
    match rustix::fs::linkat(&from, name, &to, name, AtFlags::empty()) {
        Err(Errno::PERM | Errno::NOTSUP | Errno::NOSYS | Errno::ACCESS | Errno::MLINK) => {
            rename(from, name, to, name)
        }
        result => Ok(result?),
    }
}

/// Removes a file, or a folder with all that is in it; a link is removed, not followed.
pub(super) fn remove(parent: impl AsFd, name: &OsStr) -> io::Result<()> {
    if entry(&parent, name)? != Entry::Folder {
        return remove_file(parent, name);
    }
    let Some(folder) = open_subdirectory(&parent, name)? else { return Ok(()) };
    for inner in list(&folder)? {
        remove(&folder, &inner)?;
    }
    remove_subdirectory(parent, name)
}

pub(super) fn remove_file(directory: impl AsFd, name: impl Arg) -> io::Result<()> {
    step()?;
    Ok(rustix::fs::unlinkat(directory, name, AtFlags::empty())?)
}

pub(super) fn remove_subdirectory(parent: impl AsFd, name: impl Arg) -> io::Result<()> {
    step()?;
    Ok(rustix::fs::unlinkat(parent, name, AtFlags::REMOVEDIR)?)
}

pub(super) fn sync_directory(directory: impl AsFd) -> io::Result<()> {
    step()?;
    Ok(rustix::fs::fsync(directory)?)
}

/// The names in a folder, whatever characters they have.
pub(super) fn list(directory: impl AsFd) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in rustix::fs::Dir::read_from(directory)? {
        let name = OsString::from_vec(entry?.file_name().to_bytes().to_vec());
        if name != "." && name != ".." {
            names.push(name);
        }
    }
    Ok(names)
}

#[cfg(not(test))]
fn step() -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
use fault::step;

/// Faults for tests: the n-th change to the file system fails, or kills the process.
#[cfg(test)]
pub(crate) mod fault {
    use std::cell::Cell;
    use std::io;

    /// What happens at a step.
    #[derive(Clone, Copy, Debug)]
    pub(crate) enum Fault {
        /// That step fails.
        Fail(io::ErrorKind),
        /// That step fails and all that follow: to the file system, the process has ended there.
        Halt,
        /// That step fails, and the process ends so many steps later: while it takes back what it did.
        FailThenHalt(io::ErrorKind, usize),
        /// The process ends as by a power cut.
        Kill,
    }

    thread_local! {
        static PLAN: Cell<Option<(usize, Fault)>> = const { Cell::new(None) };
        static HALTED: Cell<bool> = const { Cell::new(false) };
    }

    /// Lets the next `steps` changes of this thread happen, then strikes once.
    pub(crate) fn after(steps: usize, fault: Fault) {
        PLAN.set(Some((steps, fault)));
    }

    /// Calls the fault off; returns whether it had struck.
    pub(crate) fn call_off() -> bool {
        PLAN.take().is_none() | HALTED.take()
    }

    pub(super) fn step() -> io::Result<()> {
        match PLAN.take() {
            None => Ok(()),
            Some((0, Fault::Fail(kind))) => Err(kind.into()),
            Some((0, Fault::FailThenHalt(kind, steps))) => {
                PLAN.set(Some((steps, Fault::Halt)));
                Err(kind.into())
            }
            Some((0, Fault::Halt)) => {
                PLAN.set(Some((0, Fault::Halt)));
                HALTED.set(true);
                Err(io::Error::other("halted"))
            }
            Some((0, Fault::Kill)) => {
                let _ =
                    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
                unreachable!("SIGKILL cannot be survived")
            }
            Some((steps, fault)) => {
                PLAN.set(Some((steps - 1, fault)));
                Ok(())
            }
        }
    }
}
