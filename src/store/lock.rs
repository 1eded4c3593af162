//! The lock of a run: `.milvus-certs-lock`, which is there only while a run lasts. Nobody but its owner can
//! open it, so nobody else can hold it.
//!
//! It is made with `O_EXCL` and then locked with `flock`, which an NFS client sends to the server. A file that
//! a killed run left is not locked any more, and is taken over. Some file systems (FUSE, 9p, CIFS) keep a lock
//! to one mount: there the file says whose it is, and is taken over only when that process is gone.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::OwnedFd;
use std::time::{Duration, SystemTime};

use rustix::fs::{AtFlags, FlockOperation, Gid, Mode, OFlags, Uid};
use rustix::io::Errno;

use crate::store::file_system::{read_text, shares_locks};
use crate::store::fs;

pub(super) const NAME: &str = ".milvus-certs-lock";

/// A lock that is held; it is removed when dropped.
#[derive(Debug)]
pub(super) struct Lock {
    directory: OwnedFd,
    file: File,
    /// Whether the file system did not keep the mode of the file.
    pub(super) mode_exceeds: bool,
}

/// Who holds a lock, as far as it can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    /// A run at work.
    Running,
    /// A file that this user may not open, of this user.
    OfUser(u32),
    /// A run on another machine or in another container, on a file system that does not share locks.
    Elsewhere,
}

/// Tries to take the lock of a folder, or says who holds it, or may hold it.
pub(super) fn attempt(directory: &OwnedFd) -> io::Result<Result<Lock, Holder>> {
    let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let private = Mode::from_raw_mode(0o600);
    match rustix::fs::openat(directory, NAME, flags | OFlags::CREATE | OFlags::EXCL, private) {
        Ok(file) => {
            let lock = take(directory, file.into())?;
            if let Some(lock) = &lock {
                rustix::fs::fchmod(&lock.file, private)?;
            }
            return Ok(lock.ok_or(Holder::Running));
        }
        Err(Errno::EXIST) => {}
        Err(error) => return Err(error.into()),
    }
    let mut file = match rustix::fs::openat(directory, NAME, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(Errno::NOENT) => return Ok(Err(Holder::Running)),
        Err(Errno::ACCESS | Errno::PERM) => {
            return Ok(Err(match fs::entry(directory, NAME)? {
                fs::Entry::File { owner } => Holder::OfUser(owner),
                _ => Holder::Running,
            }));
        }
        Err(error) => return Err(error.into()),
    };
    if !lock(&file, FlockOperation::NonBlockingLockExclusive)? {
        return Ok(Err(Holder::Running));
    }
    if !shares_locks(directory) {
        let mut text = String::new();
        let _ = Read::by_ref(&mut file).take(4096).read_to_string(&mut text);
        let age = file.metadata()?.modified().ok().and_then(|time| SystemTime::elapsed(&time).ok());
        if let Some(holder) = holder(&text, age.unwrap_or_default()) {
            return Ok(Err(holder));
        }
    }
    Ok(take(directory, file)?.ok_or(Holder::Running))
}

/// Whether a run is at work, as far as a command can tell that only reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holding {
    Nobody,
    Run,
    Unknown,
}

pub(super) fn holding(directory: &OwnedFd) -> io::Result<Holding> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match rustix::fs::openat(directory, NAME, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(Errno::NOENT) => return Ok(Holding::Nobody),
        Err(Errno::ACCESS | Errno::PERM) => return Ok(Holding::Unknown),
        Err(error) => return Err(error.into()),
    };
    Ok(match lock(&file, FlockOperation::NonBlockingLockShared)? {
        false => Holding::Run,
        true if shares_locks(directory) => Holding::Nobody,
        true => Holding::Unknown,
    })
}

/// Locks the file and writes down whose it is; nothing where another run was faster.
fn take(directory: &OwnedFd, mut file: File) -> io::Result<Option<Lock>> {
    if !lock(&file, FlockOperation::NonBlockingLockExclusive)? || !is_at_its_place(directory, &file)? {
        return Ok(None);
    }
    let folder = rustix::fs::fstat(directory)?;
    if folder.st_uid != rustix::process::geteuid().as_raw() {
        // What root leaves when it is killed, the owner of the folder can take over.
        let _ =
            rustix::fs::fchown(&file, Some(Uid::from_raw(folder.st_uid)), Some(Gid::from_raw(folder.st_gid)));
    }
    let write = |file: &mut File| {
        file.set_len(0)?;
        file.seek(SeekFrom::Start(0))?;
        file.write_all((marker().join("\n") + "\n").as_bytes())
    };
    // Where the lock itself is seen by all, nobody needs to know whose it is: the disk may be full.
    if let Err(error) = write(&mut file)
        && !shares_locks(directory)
    {
        return Err(error);
    }
    let mode_exceeds = rustix::fs::fstat(&file)?.st_mode & 0o077 != 0;
    Ok(Some(Lock { directory: directory.try_clone()?, file, mode_exceeds }))
}

impl Drop for Lock {
    fn drop(&mut self) {
        if is_at_its_place(&self.directory, &self.file).unwrap_or(false) {
            let _ = fs::remove_file(&self.directory, NAME);
        }
    }
}

fn lock(file: &File, operation: FlockOperation) -> io::Result<bool> {
    match rustix::fs::flock(file, operation) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK | Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn is_at_its_place(directory: &OwnedFd, file: &File) -> io::Result<bool> {
    fs::is_at(directory, NAME, AtFlags::SYMLINK_NOFOLLOW, file)
}

/// What the file says of this process, so that others can recognise it: the run of the kernel and the process
/// namespace, in which its number means something; the number; and when it began, since numbers are given out
/// again.
fn marker() -> [String; 3] {
    let number = std::process::id().to_string();
    let boot = read_text("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let namespace = std::fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    let start = start_of(&number).unwrap_or_default();
    [format!("{} {}", boot.trim(), namespace.display()), number, start]
}

/// When a process began, in ticks since the system did; nothing where there is none (proc(5)).
fn start_of(number: &str) -> Option<String> {
    let text = read_text(&format!("/proc/{number}/stat")).ok()?;
    // The name of the program is in brackets, and may have spaces and brackets.
    text.rsplit_once(')')?.1.split_whitespace().nth(19).map(str::to_owned)
}

/// Who holds a file that says this; nobody where the process that wrote it is gone. `age` is that of the file:
/// one that is still being written is young.
fn holder(text: &str, age: Duration) -> Option<Holder> {
    let lines: Vec<_> = text.lines().collect();
    match lines.as_slice() {
        [place, _, _] if *place != marker()[0] => Some(Holder::Elsewhere),
        [_, number, start] => (start_of(number).as_deref() == Some(start)).then_some(Holder::Running),
        _ => (age < Duration::from_secs(1)).then_some(Holder::Running),
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "the tests leave what a killed run leaves")]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, OwnedFd) {
        let folder = tempfile::tempdir().unwrap();
        let opened = fs::open_directory(folder.path()).unwrap();
        (folder, opened)
    }

    fn is_held(attempt: io::Result<Result<Lock, Holder>>) -> bool {
        attempt.unwrap().is_ok()
    }

    #[test]
    fn one_run_holds_it_and_nothing_is_left_of_it() {
        let (folder, opened) = folder();
        let lock = attempt(&opened).unwrap().unwrap();
        assert!(!is_held(attempt(&opened)));
        assert_eq!(holding(&opened).unwrap(), Holding::Run);
        drop(lock);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(is_held(attempt(&opened)));
        assert_eq!(holding(&opened).unwrap(), Holding::Nobody);
    }

    #[test]
    fn what_a_killed_run_left_is_taken_over() {
        let (folder, opened) = folder();
        std::fs::write(folder.path().join(NAME), "a\nb\nc\n").unwrap();
        assert_eq!(holding(&opened).unwrap(), Holding::Nobody);
        assert!(is_held(attempt(&opened)));
    }

    #[test]
    fn where_locks_are_not_shared_a_marker_says_whether_its_process_is_gone() {
        let (old, young) = (Duration::from_secs(60), Duration::ZERO);
        let [place, number, start] = marker();
        assert_eq!(holder(&format!("{place}\n{number}\n{start}\n"), old), Some(Holder::Running));
        assert_eq!(holder(&format!("{place}\n{number}\n1\n"), old), None);
        assert_eq!(holder(&format!("another\n{number}\n{start}\n"), old), Some(Holder::Elsewhere));
        assert_eq!(holder("", young), Some(Holder::Running), "it is being written");
        assert_eq!(holder("", old), None);
    }
}
