use crate::store::{Directory, Error, RelativePath};

impl Directory {
    /// Refuses files that are mounts of their own, as `docker -v server.pem:/certs/server.pem` makes them, and
    /// those in a folder that is one: nothing is moved onto a mount, or from one to another.
    pub(super) fn refuse_mounts(&self, files: &[RelativePath]) -> Result<(), Error> {
        for file in files {
            let folder = file.folder().map(str::to_owned);
            let path =
                file.folder().map_or(file.name().to_owned(), |folder| format!("{folder}/{}", file.name()));
            for name in folder.into_iter().chain([path]) {
                let path = self.path().join(&name);
                match is_mount(self, &name) {
                    Ok(true) => return Err(Error::Mount { path }),
                    Ok(false) => {}
                    Err(source) => return Err(Error::Read { path, source }),
                }
            }
        }
        Ok(())
    }
}

/// Whether something is mounted there; where the kernel does not tell, a rename will (`EBUSY`, `EXDEV`).
#[cfg(target_os = "linux")]
fn is_mount(directory: &Directory, name: &str) -> std::io::Result<bool> {
    use rustix::fs::{AtFlags, StatxAttributes, StatxFlags, statx};
    use rustix::io::Errno;
    match statx(directory.fd(), name, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::BASIC_STATS) {
        Ok(found) => Ok(found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT)),
        Err(Errno::NOENT | Errno::NOSYS | Errno::PERM) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(target_os = "linux"))]
fn is_mount(_: &Directory, _: &str) -> std::io::Result<bool> {
    Ok(false)
}
