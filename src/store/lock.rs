//! The lock of a run: `.milvus-certs-lock`, which is there only while a run lasts. Nobody but its owner can
//! open it, so nobody else can hold it.
//!
//! It is made with `O_EXCL` and then locked with `flock`, which an NFS client sends to the server. A file that
//! a killed run left is not locked any more, and is taken over. Some file systems (FUSE, 9p, CIFS) keep a lock
//! to one mount: there the file says whose it is, and is taken over only when that process is gone.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, SystemTime};

use rustix::fs::{FlockOperation, Gid, Mode, OFlags, Uid};
use rustix::io::Errno;

use crate::store::fs::{self, read_text};

/// Its name.
pub(super) const NAME: &str = ".milvus-certs-lock";

/// A lock that is held; it is removed when dropped.
#[derive(Debug)]
pub(super) struct Lock {
    directory: OwnedFd,
    file: File,
    mode_exceeds: bool,
}

/// What came of an attempt.
pub(super) enum Attempt {
    Held(Lock),
    /// Somebody else holds it, or may hold it.
    Busy(Holder),
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

/// Tries to take the lock of a folder.
pub(super) fn attempt(directory: &OwnedFd) -> io::Result<Attempt> {
    let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let private = Mode::from_raw_mode(0o600);
    match rustix::fs::openat(directory, NAME, flags | OFlags::CREATE | OFlags::EXCL, private) {
        Ok(file) => {
            let lock = take(directory, file.into())?;
            if let Some(lock) = &lock {
                rustix::fs::fchmod(&lock.file, private)?;
            }
            return Ok(lock.map_or(Attempt::Busy(Holder::Running), Attempt::Held));
        }
        Err(Errno::EXIST) => {}
        Err(error) => return Err(error.into()),
    }
    let mut file = match rustix::fs::openat(directory, NAME, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(Errno::NOENT) => return Ok(Attempt::Busy(Holder::Running)),
        Err(Errno::ACCESS | Errno::PERM) => return Ok(Attempt::Busy(owner(directory)?)),
        Err(error) => return Err(error.into()),
    };
    if !lock(&file)? {
        return Ok(Attempt::Busy(Holder::Running));
    }
    if !are_shared(directory) {
        let mut marker = String::new();
        let _ = Read::by_ref(&mut file).take(4096).read_to_string(&mut marker);
        let age = file.metadata()?.modified().ok().and_then(|time| SystemTime::elapsed(&time).ok());
        if let Some(holder) = holder(&marker, &Process::this(), age.unwrap_or_default()) {
            return Ok(Attempt::Busy(holder));
        }
    }
    Ok(take(directory, file)?.map_or(Attempt::Busy(Holder::Running), Attempt::Held))
}

/// Whether a run is at work, as far as those can tell who only look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holding {
    Nobody,
    Run,
    Unknown,
}

/// Looks whether a run is at work in a folder.
pub(super) fn holding(directory: &OwnedFd) -> io::Result<Holding> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match rustix::fs::openat(directory, NAME, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(Errno::NOENT) => return Ok(Holding::Nobody),
        Err(Errno::ACCESS | Errno::PERM) => return Ok(Holding::Unknown),
        Err(error) => return Err(error.into()),
    };
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared) {
        Ok(()) if are_shared(directory) => Ok(Holding::Nobody),
        Ok(()) => Ok(Holding::Unknown),
        Err(Errno::WOULDBLOCK | Errno::INTR) => Ok(Holding::Run),
        Err(error) => Err(error.into()),
    }
}

/// Locks the file and writes down whose it is; nothing where another run was faster.
fn take(directory: &OwnedFd, mut file: File) -> io::Result<Option<Lock>> {
    if !lock(&file)? || !is_at_its_place(directory, &file)? {
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
        file.write_all(Process::this().marker().as_bytes())
    };
    match write(&mut file) {
        // Where the lock itself is seen by all, nobody needs to know whose it is: the disk may be full.
        Err(error) if !are_shared(directory) => return Err(error),
        _ => {}
    }
    let mode_exceeds = rustix::fs::fstat(&file)?.st_mode & 0o077 != 0;
    Ok(Some(Lock { directory: directory.try_clone()?, file, mode_exceeds }))
}

impl Lock {
    /// Whether the file system did not keep the mode of the file.
    pub(super) fn mode_exceeds(&self) -> bool {
        self.mode_exceeds
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if is_at_its_place(&self.directory, &self.file).unwrap_or(false) {
            let _ = fs::remove_file(&self.directory, NAME);
        }
    }
}

fn lock(file: &File) -> io::Result<bool> {
    match rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK | Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn is_at_its_place(directory: &OwnedFd, file: &File) -> io::Result<bool> {
    let here = rustix::fs::fstat(file)?;
    match rustix::fs::statat(directory, NAME, rustix::fs::AtFlags::SYMLINK_NOFOLLOW) {
        Ok(there) => Ok((there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)),
        Err(Errno::NOENT) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn owner(directory: &OwnedFd) -> io::Result<Holder> {
    Ok(match fs::entry(directory, NAME)? {
        fs::Entry::File { owner } => Holder::OfUser(owner.user),
        _ => Holder::Running,
    })
}

/// A process, as others can recognise it.
#[derive(Debug, PartialEq, Eq)]
struct Process {
    /// The run of the kernel and the process namespace, in which its number means something.
    place: String,
    number: String,
    /// When it began; numbers are given out again.
    start: String,
}

impl Process {
    fn this() -> Self {
        let number = std::process::id().to_string();
        let boot = read_text("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let namespace = std::fs::read_link("/proc/self/ns/pid").unwrap_or_default();
        let start = start_of(&number).unwrap_or_default();
        Self { place: format!("{} {}", boot.trim(), namespace.display()), number, start }
    }

    fn marker(&self) -> String {
        format!("{}\n{}\n{}\n", self.place, self.number, self.start)
    }
}

/// When a process began, in ticks since the system did; nothing where there is none (proc(5)).
fn start_of(number: &str) -> Option<String> {
    let text = read_text(&format!("/proc/{number}/stat")).ok()?;
    // The name of the program is in brackets, and may have spaces and brackets.
    text.rsplit_once(')')?.1.split_whitespace().nth(19).map(str::to_owned)
}

/// Who holds a file with this marker; nobody where the process that wrote it is gone. `age` is that of the
/// marker: one that is still being written is young.
fn holder(marker: &str, this: &Process, age: Duration) -> Option<Holder> {
    let lines: Vec<_> = marker.lines().collect();
    let [place, number, start] = lines.as_slice() else {
        return (age < Duration::from_secs(1)).then_some(Holder::Running);
    };
    match *place == this.place {
        false => Some(Holder::Elsewhere),
        true => (start_of(number).as_deref() == Some(start)).then_some(Holder::Running),
    }
}

/// Whether a lock that is taken here is seen by everybody who can reach the folder.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn are_shared(directory: impl AsFd) -> bool {
    /// linux/magic.h: FUSE, 9p, CIFS and its two successors, and what WSL 1 mounts of Windows.
    const LOCAL: [u32; 6] = [0x6573_5546, 0x0102_1997, 0xff53_4d42, 0xfe53_4d42, 0x0000_517b, 0x5346_4846];
    rustix::fs::fstatfs(directory).is_ok_and(|kind| !LOCAL.contains(&(kind.f_type as u32)))
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn are_shared(_: impl AsFd) -> bool {
    true
}

/// Why the locks of an NFS mount do not reach its server, if they do not (nfs(5)).
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn nfs_without_locks(directory: impl AsFd) -> Option<&'static str> {
    const NFS: u32 = 0x6969;
    let is_nfs = rustix::fs::fstatfs(&directory).is_ok_and(|kind| kind.f_type as u32 == NFS);
    let device = rustix::fs::fstat(&directory).ok()?.st_dev;
    let device = format!("{}:{}", rustix::fs::major(device), rustix::fs::minor(device));
    is_nfs.then(|| option_without_locks(&read_text("/proc/self/mountinfo").ok()?, &device)).flatten()
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn nfs_without_locks(_: impl AsFd) -> Option<&'static str> {
    None
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn option_without_locks(mounts: &str, device: &str) -> Option<&'static str> {
    const OPTIONS: [&str; 3] = ["nolock", "local_lock=all", "local_lock=flock"];
    let mount = mounts.lines().rfind(|line| line.split(' ').nth(2) == Some(device))?;
    let options = mount.rsplit(' ').next()?;
    OPTIONS.into_iter().find(|option| options.split(',').any(|one| one == *option))
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

    fn is_held(attempt: io::Result<Attempt>) -> bool {
        matches!(attempt.unwrap(), Attempt::Held(_))
    }

    #[test]
    fn one_run_holds_it_and_nothing_is_left_of_it() {
        let (folder, opened) = folder();
        let Attempt::Held(lock) = attempt(&opened).unwrap() else { panic!("nobody else is here") };
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
        let this = Process::this();
        let (old, young) = (Duration::from_secs(60), Duration::ZERO);
        assert_eq!(holder(&this.marker(), &this, old), Some(Holder::Running));
        let gone = Process { start: "1".into(), ..Process::this() };
        assert_eq!(holder(&gone.marker(), &this, old), None);
        let elsewhere = Process { place: "another".into(), ..Process::this() };
        assert_eq!(holder(&elsewhere.marker(), &this, old), Some(Holder::Elsewhere));
        assert_eq!(holder("", &this, young), Some(Holder::Running), "it is being written");
        assert_eq!(holder("", &this, old), None);
    }

    #[test]
    fn an_nfs_mount_says_that_its_locks_stay_here() {
        let mounts = "36 35 8:1 / / rw - ext4 /dev/sda1 rw\n\
                      40 36 0:50 / /srv rw,relatime shared:9 - nfs4 s:/srv rw,vers=4.2,local_lock=none,addr=10.0.0.1\n\
                      41 36 0:51 / /old rw - nfs s:/old rw,vers=3,nolock,local_lock=all\n";
        assert_eq!(option_without_locks(mounts, "0:50"), None);
        assert_eq!(option_without_locks(mounts, "0:51"), Some("nolock"));
        assert_eq!(option_without_locks(mounts, "0:52"), None);
    }
}
