//! What Linux alone tells of a folder's file system and of access control lists. Elsewhere, as on macOS, the
//! system calls say what a file system does not do when something is written; and access control lists are of
//! another kind, which no mode shows.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::path::Path;

use crate::store::mode::Acl;

/// Reads a text of the kernel, such as `/proc/self/mountinfo`; what is longer than a mebibyte is cut off.
pub(super) fn read_text(path: &str) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(1 << 20).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod system {
    use rustix::fs::{
        Advice, AtFlags, StatxAttributes, StatxFlags, XattrFlags, fadvise, fgetxattr, fremovexattr,
        fsetxattr, fstat, fstatfs, getxattr, major, minor, statx,
    };
    use rustix::io::Errno;

    use super::{Acl, AsFd, Path, io, read_text};

    // linux/magic.h
    const NFS: u32 = 0x6969;
    const FAT: u32 = 0x4d44;
    const EXFAT: u32 = 0x2011_bab0;
    const NTFS: u32 = 0x5346_544e;
    const NTFS3: u32 = 0x7366_746e;
    const SMB: u32 = 0x517b;
    const CIFS: u32 = 0xff53_4d42;
    const SMB2: u32 = 0xfe53_4d42;
    const FUSE: u32 = 0x6573_5546;
    /// By which WSL 2 mounts the drives of Windows.
    const V9FS: u32 = 0x0102_1997;
    /// By which WSL 1 does.
    const DRVFS: u32 = 0x5346_4846;

    fn is_one_of(folder: impl AsFd, kinds: &[u32]) -> bool {
        fstatfs(folder).is_ok_and(|found| kinds.contains(&(found.f_type as u32)))
    }

    /// Whether it may keep no modes.
    pub(in super::super) fn may_lack_modes(folder: impl AsFd) -> bool {
        is_one_of(folder, &[FAT, EXFAT, NTFS, NTFS3, SMB, CIFS, SMB2, FUSE, V9FS])
    }

    /// Whether everybody who can reach the folder sees a lock that is taken here.
    pub(in super::super) fn shares_locks(folder: impl AsFd) -> bool {
        !is_one_of(folder, &[SMB, CIFS, SMB2, FUSE, V9FS, DRVFS])
    }

    /// The option of an NFS mount that keeps its locks from the server, if it has one (nfs(5)).
    pub(in super::super) fn nfs_without_locks(folder: impl AsFd) -> Option<&'static str> {
        if !is_one_of(&folder, &[NFS]) {
            return None;
        }
        let device = fstat(&folder).ok()?.st_dev;
        option_without_locks(
            &read_text("/proc/self/mountinfo").ok()?,
            &format!("{}:{}", major(device), minor(device)),
        )
    }

    fn option_without_locks(mounts: &str, device: &str) -> Option<&'static str> {
        const OPTIONS: [&str; 3] = ["nolock", "local_lock=all", "local_lock=flock"];
        let mount = mounts.lines().rfind(|line| line.split(' ').nth(2) == Some(device))?;
        let options = mount.rsplit(' ').next()?;
        OPTIONS.into_iter().find(|option| options.split(',').any(|one| one == *option))
    }

    /// Whether something is mounted at a name; where the kernel does not tell, a rename will (`EBUSY`, `EXDEV`).
    pub(in super::super) fn is_mount(folder: impl AsFd, name: &str) -> io::Result<bool> {
        match statx(folder, name, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::BASIC_STATS) {
            Ok(found) => Ok(found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT)),
            Err(Errno::NOENT | Errno::NOSYS | Errno::PERM) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    const ACL: &str = "system.posix_acl_access";
    /// Linux keeps no more in an attribute.
    const LARGEST_ATTRIBUTE: usize = 64 * 1024;

    fn read_acl(get: impl FnOnce(&mut [u8]) -> rustix::io::Result<usize>) -> io::Result<Option<Acl>> {
        let mut value = vec![0; LARGEST_ATTRIBUTE];
        match get(&mut value) {
            Ok(length) => {
                value.truncate(length);
                Ok(Some(Acl(value)))
            }
            Err(Errno::NODATA | Errno::OPNOTSUPP | Errno::NOSYS) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The access control list of an open file or folder.
    pub(in super::super) fn acl(file: impl AsFd) -> io::Result<Option<Acl>> {
        read_acl(|value| fgetxattr(file, ACL, value))
    }

    /// That of what a path leads to, which need not be readable.
    pub(in super::super) fn acl_of_path(path: &Path) -> io::Result<Option<Acl>> {
        read_acl(|value| getxattr(path, ACL, value))
    }

    /// Gives a file this list, or none where it inherited one from its folder.
    pub(in super::super) fn set_acl(file: impl AsFd, acl: Option<&Acl>) -> io::Result<()> {
        match acl {
            Some(Acl(value)) => Ok(fsetxattr(file, ACL, value, XattrFlags::empty())?),
            None => match fremovexattr(file, ACL) {
                Ok(()) | Err(Errno::NODATA | Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
                Err(error) => Err(error.into()),
            },
        }
    }

    /// Lets the system write a file soon, so that several are on their way when the first is waited for.
    pub(in super::super) fn write_soon(file: impl AsFd) {
        // What is said to be of no more use is written at once. It is a hint: nothing depends on it.
        let _ = fadvise(file, 0, None, Advice::DontNeed);
    }

    #[cfg(test)]
    mod tests {
        use super::*;

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
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod system {
    use super::{Acl, AsFd, Path, io};

    pub(in super::super) fn may_lack_modes(_: impl AsFd) -> bool {
        false
    }

    pub(in super::super) fn shares_locks(_: impl AsFd) -> bool {
        true
    }

    pub(in super::super) fn nfs_without_locks(_: impl AsFd) -> Option<&'static str> {
        None
    }

    pub(in super::super) fn is_mount(_: impl AsFd, _: &str) -> io::Result<bool> {
        Ok(false)
    }

    pub(in super::super) fn acl(_: impl AsFd) -> io::Result<Option<Acl>> {
        Ok(None)
    }

    pub(in super::super) fn acl_of_path(_: &Path) -> io::Result<Option<Acl>> {
        Ok(None)
    }

    pub(in super::super) fn set_acl(_: impl AsFd, _: Option<&Acl>) -> io::Result<()> {
        Ok(())
    }

    pub(in super::super) fn write_soon(_: impl AsFd) {}
}

pub(super) use system::*;
