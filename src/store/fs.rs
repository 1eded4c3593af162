//! The few things that are done to the file system, each relative to an open directory, so that
//! neither a renamed folder nor a planted link leads a write elsewhere.

use std::fmt;
use std::fs::File;
use std::io::{self, IsTerminal, Read, Seek, SeekFrom, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;
use std::str::FromStr;

use rustix::fs::{AtFlags, FileType, Gid, Mode, OFlags, RawMode, Uid};
use zeroize::Zeroizing;

use super::Error;

/// Far more than any key, certificate or chain.
pub const MAX_FILE_SIZE: u64 = 1024 * 1024;

/// The permissions of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct FileMode(u16);

impl FileMode {
    /// Private keys: the owner alone.
    pub const PRIVATE: Self = Self(0o600);
    /// Certificates and `ca.srl`.
    pub const PUBLIC: Self = Self(0o644);

    /// What a private key may have at most: to be read and written by owner and group.
    const KEY_MASK: u16 = 0o660;

    fn of(stat: &rustix::fs::Stat) -> Self {
        Self(Mode::from_raw_mode(stat.st_mode as RawMode).bits() as u16 & 0o7777)
    }

    /// This mode without what it allows to a group, if it is a key's.
    fn for_owner_alone(self) -> Self {
        self.for_key().map_or(self, |mode| Self(mode.0 & 0o600))
    }

    /// Whether anybody can read or change the file.
    #[must_use]
    pub fn is_open_to_others(self) -> bool {
        self.0 & 0o006 != 0
    }

    /// The same mode, if it may be a private key's: readable by its owner and closed to others.
    #[must_use]
    pub fn for_key(self) -> Option<Self> {
        (self.0 & !Self::KEY_MASK == 0 && self.0 & 0o400 != 0).then_some(self)
    }
}

impl FromStr for FileMode {
    type Err = ModeInvalid;

    /// Reads an octal mode that a private key may have.
    fn from_str(value: &str) -> Result<Self, ModeInvalid> {
        let invalid = || ModeInvalid { mode: value.to_owned() };
        let digits = value.bytes().all(|byte| byte.is_ascii_digit());
        let mode = u16::from_str_radix(value, 8).ok().filter(|_| digits);
        mode.and_then(|mode| Self(mode).for_key()).ok_or_else(invalid)
    }
}

impl fmt::Display for FileMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o}", self.0)
    }
}

impl fmt::Debug for FileMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileMode({self})")
    }
}

/// A mode that a private key must not have.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{mode:?} is not a mode for a private key: one of 0400, 0440, 0600, 0640, 0660")]
pub struct ModeInvalid {
    mode: String,
}

/// Who a file belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    user: u32,
    group: u32,
}

/// What stands at a name.
pub(super) enum Entry {
    Absent,
    File { mode: FileMode, owner: Owner },
    SymbolicLink,
    Folder,
    Other,
}

pub(super) fn open_directory(path: &std::path::Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(rustix::fs::open(path, flags, Mode::empty())?)
}

/// Opens a folder inside a folder; a link is refused.
pub(super) fn open_subdirectory(parent: impl AsFd, name: &str) -> io::Result<Option<OwnedFd>> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match rustix::fs::openat(parent, name, flags, Mode::empty()) {
        Ok(fd) => Ok(Some(fd)),
        Err(rustix::io::Errno::NOENT) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

pub(super) fn make_subdirectory(parent: impl AsFd, name: &str) -> io::Result<OwnedFd> {
    step("mkdir")?;
    rustix::fs::mkdirat(&parent, name, Mode::RWXU)?;
    open_subdirectory(parent, name)?.ok_or_else(|| io::ErrorKind::NotFound.into())
}

/// Makes a folder with the permissions that the user gives to all folders; returns whether it was missing.
pub(super) fn make_subdirectory_if_missing(parent: impl AsFd, name: &str) -> io::Result<bool> {
    if exists(&parent, name)? {
        return Ok(false);
    }
    step("mkdir")?;
    rustix::fs::mkdirat(parent, name, Mode::RWXU | Mode::RWXG | Mode::RWXO)?;
    Ok(true)
}

pub(super) fn entry(directory: impl AsFd, name: &str) -> io::Result<Entry> {
    match rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
        Err(rustix::io::Errno::NOENT) => Ok(Entry::Absent),
        Err(error) => Err(error.into()),
        Ok(stat) => Ok(match FileType::from_raw_mode(stat.st_mode as RawMode) {
            FileType::RegularFile => Entry::File {
                mode: FileMode::of(&stat),
                owner: Owner { user: stat.st_uid, group: stat.st_gid },
            },
            FileType::Symlink => Entry::SymbolicLink,
            FileType::Directory => Entry::Folder,
            _ => Entry::Other,
        }),
    }
}

/// The permissions of what a name leads to.
pub(super) fn mode(directory: impl AsFd, name: &str) -> Option<FileMode> {
    let stat = rustix::fs::statat(directory, name, AtFlags::empty()).ok()?;
    Some(FileMode::of(&stat))
}

pub(super) fn exists(directory: impl AsFd, name: &str) -> io::Result<bool> {
    Ok(!matches!(entry(directory, name)?, Entry::Absent))
}

/// What reading a file found.
pub(super) enum Content {
    Absent,
    NotAFile,
    TooLarge,
    Bytes(Zeroizing<Vec<u8>>),
}

/// What can be read under a name in a folder, or why it cannot; nothing where nothing is.
pub(super) fn look(directory: impl AsFd, name: &str) -> Option<Result<Zeroizing<Vec<u8>>, String>> {
    Some(match read(&directory, name) {
        Ok(Content::Absent) if exists(&directory, name).unwrap_or(false) => {
            Err("it is a symbolic link that leads nowhere".into())
        }
        Ok(Content::Absent) => return None,
        Ok(Content::Bytes(bytes)) => Ok(bytes),
        Ok(Content::NotAFile) => Err("it is not a regular file".into()),
        Ok(Content::TooLarge) => Err(format!("it is larger than {MAX_FILE_SIZE} bytes")),
        Err(error) => Err(error.to_string()),
    })
}

/// Opens a regular file to be read; never waits for a pipe.
pub(super) fn open_in(directory: impl AsFd, name: &str) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::openat(directory, name, flags, Mode::empty())?);
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::other("it is not a regular file")),
    }
}

/// Reads a regular file of bounded size; never waits for a pipe.
pub(super) fn read(directory: impl AsFd, name: &str) -> io::Result<Content> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match rustix::fs::openat(directory, name, flags, Mode::empty()) {
        Err(rustix::io::Errno::NOENT) => return Ok(Content::Absent),
        result => File::from(result?),
    };
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Ok(Content::NotAFile);
    }
    let mut content = Zeroizing::new(Vec::with_capacity(metadata.len().min(MAX_FILE_SIZE) as usize + 1));
    file.take(MAX_FILE_SIZE + 1).read_to_end(&mut content)?;
    match content.len() as u64 > MAX_FILE_SIZE {
        true => Ok(Content::TooLarge),
        false => Ok(Content::Bytes(content)),
    }
}

/// Reads a file anywhere, which may also be a pipe such as a shell's `<(…)`.
///
/// # Errors
/// If it cannot be read, is a device or a pipe without data, or is larger than any key or certificate.
pub fn read_file(path: &std::path::Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    read_file_up_to(path, MAX_FILE_SIZE)
}

/// The same, with another limit in bytes.
///
/// # Errors
/// If it cannot be read, is a device or a pipe without data, or is larger.
pub fn read_file_up_to(path: &std::path::Path, limit: u64) -> Result<Zeroizing<Vec<u8>>, Error> {
    let unreadable = |source| Error::Read { path: path.to_owned(), source };
    let file = open_to_read(path).map_err(unreadable)?;
    let kind = file.metadata().map_err(unreadable)?.file_type();
    if kind.is_dir() {
        return Err(unreadable(io::ErrorKind::IsADirectory.into()));
    }
    if !kind.is_file() && !kind.is_fifo() && !file.is_terminal() {
        return Err(Error::NotAFile { path: path.to_owned() });
    }
    let content = read_from(file, path, limit)?;
    match kind.is_fifo() && content.is_empty() {
        true => Err(Error::EmptyPipe { path: path.to_owned() }),
        false => Ok(content),
    }
}

/// Opens a regular file to read it; `None` if there is none.
///
/// # Errors
/// If it cannot be opened, or is anything else.
pub fn open_file(path: &std::path::Path) -> Result<Option<File>, Error> {
    let unreadable = |source| Error::Read { path: path.to_owned(), source };
    match open_to_read(path) {
        Err(error) if [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory].contains(&error.kind()) => {
            Ok(None)
        }
        opened => {
            let file = opened.map_err(unreadable)?;
            match file.metadata().map_err(unreadable)?.is_file() {
                true => Ok(Some(file)),
                false => Err(Error::NotAFile { path: path.to_owned() }),
            }
        }
    }
}

/// Opens without waiting: a pipe that nobody writes to ends at once, any other is read to its end.
fn open_to_read(path: &std::path::Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    rustix::fs::fcntl_setfl(&file, OFlags::empty())?;
    Ok(file)
}

/// Reads from anywhere, up to `limit` bytes; `path` is what errors call it.
///
/// # Errors
/// If it cannot be read, or is larger.
pub fn read_from(source: impl Read, path: &std::path::Path, limit: u64) -> Result<Zeroizing<Vec<u8>>, Error> {
    // Large enough for any key, so that none is left behind where a smaller buffer was.
    let mut content = Zeroizing::new(Vec::with_capacity(64 * 1024));
    let read = source.take(limit + 1).read_to_end(&mut content);
    read.map_err(|source| Error::Read { path: path.to_owned(), source })?;
    match content.len() as u64 > limit {
        true => Err(Error::TooLarge { path: path.to_owned(), limit }),
        false => Ok(content),
    }
}

/// Creates a file with its final mode, owner and content; it is not on disk before it is synced.
///
/// It is created for its owner alone and opened further only once its owner is set, so a private
/// key is never readable by others for an instant. Returns also whether the owner could be set; where it
/// could not, a key is left to its owner alone, since its group is another than before.
pub(super) fn create(
    directory: impl AsFd,
    name: &str,
    content: &[u8],
    mode: FileMode,
    owner: Option<Owner>,
) -> io::Result<(File, bool)> {
    step("create")?;
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file = File::from(rustix::fs::openat(directory, name, flags, Mode::from_raw_mode(0o600))?);
    let owned = owner.map_or(Ok(true), |owner| set_owner(&file, owner))?;
    let mode = if owned { mode } else { mode.for_owner_alone() };
    rustix::fs::fchmod(&file, Mode::from_raw_mode(mode.0.into()))?;
    step("write")?;
    file.write_all(content)?;
    Ok((file, owned))
}

/// Lets the system write a file soon, so that several are on their way when the first is waited for.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn write_soon(file: &File) {
    // What is said to be of no more use is written at once. It is a hint: nothing depends on it.
    let _ = rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::DontNeed);
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn write_soon(_: &File) {}

/// Waits until a file is on disk.
pub(super) fn sync(file: &File) -> io::Result<()> {
    step("sync")?;
    file.sync_all()
}

/// Adds lines to a file, which is made if it is missing, and waits until they are on disk. What follows
/// its last newline is what a crash left of a line, and is overwritten.
pub(super) fn append(directory: impl AsFd, name: &str, lines: &[u8]) -> io::Result<()> {
    step("open")?;
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mode = Mode::from_raw_mode(FileMode::PUBLIC.0.into());
    let mut file = File::from(rustix::fs::openat(&directory, name, flags, mode)?);
    let end = end_of_lines(&mut file)?;
    file.seek(SeekFrom::Start(end))?;
    let written = step("write").and_then(|()| file.write_all(lines)).and_then(|()| {
        file.set_len(end + lines.len() as u64)?;
        sync(&file)
    });
    if written.is_err() {
        // What cannot be taken back is an unfinished line, or lines that tell of what was not handed out.
        let _ = step("truncate").and_then(|()| file.set_len(end));
    }
    written?;
    match end {
        0 => sync_directory(directory),
        _ => Ok(()),
    }
}

/// The position after the last newline.
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
    step("rename")?;
    Ok(rustix::fs::renameat(from, old, to, new)?)
}

/// Gives a file a second name, or moves it where the file system has no hard links.
pub(super) fn link_or_move(from: impl AsFd, to: impl AsFd, name: &str) -> io::Result<()> {
    use rustix::io::Errno;
    step("link")?;
    match rustix::fs::linkat(&from, name, &to, name, AtFlags::empty()) {
        Err(Errno::PERM | Errno::NOTSUP | Errno::NOSYS | Errno::ACCESS | Errno::MLINK) => {
            rename(from, name, to, name)
        }
        result => Ok(result?),
    }
}

/// Removes a folder with all that is in it; links are removed, not followed.
pub(super) fn remove_tree(parent: impl AsFd, name: &str) -> io::Result<()> {
    let Some(folder) = open_subdirectory(&parent, name)? else {
        return Ok(());
    };
    for inner in list(&folder)? {
        match entry(&folder, &inner)? {
            Entry::Folder => remove_tree(&folder, &inner)?,
            _ => remove_file(&folder, &inner)?,
        }
    }
    remove_subdirectory(parent, name)
}

pub(super) fn remove_file(directory: impl AsFd, name: &str) -> io::Result<()> {
    step("unlink")?;
    Ok(rustix::fs::unlinkat(directory, name, AtFlags::empty())?)
}

/// Removes an empty folder.
pub(super) fn remove_subdirectory(parent: impl AsFd, name: &str) -> io::Result<()> {
    step("rmdir")?;
    Ok(rustix::fs::unlinkat(parent, name, AtFlags::REMOVEDIR)?)
}

pub(super) fn sync_directory(directory: impl AsFd) -> io::Result<()> {
    step("sync directory")?;
    Ok(rustix::fs::fsync(directory)?)
}

/// Makes a folder anywhere.
pub(super) fn make_folder(path: &std::path::Path) -> io::Result<()> {
    step("mkdir")?;
    std::fs::create_dir(path)
}

/// Removes an empty folder anywhere.
pub(super) fn remove_folder(path: &std::path::Path) -> io::Result<()> {
    step("rmdir")?;
    std::fs::remove_dir(path)
}

/// The names in a folder.
pub(super) fn list(directory: impl AsFd) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in rustix::fs::Dir::read_from(directory)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name != "." && name != ".." {
            names.push(name);
        }
    }
    Ok(names)
}

#[cfg(not(test))]
fn step(_: &'static str) -> io::Result<()> {
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

    pub(super) fn step(_name: &'static str) -> io::Result<()> {
        match PLAN.take() {
            None => Ok(()),
            Some((0, Fault::Fail(kind))) => Err(kind.into()),
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
