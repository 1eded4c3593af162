use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use time::OffsetDateTime;
use time::macros::format_description;
use zeroize::Zeroizing;

use super::fs::{self, Content};
use super::{Directory, Error, FileMode, FileRole, Owner, RelativePath, journal};

/// What becomes of the files that are replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backup {
    /// They go.
    None,
    /// They are kept in `backup-<UTC time>/`, which only the owner can open.
    At(OffsetDateTime),
}

/// A file that is to be put into the directory.
#[derive(Debug)]
pub struct StagedFile<'a> {
    /// Where.
    pub path: RelativePath,
    /// Its whole content.
    pub content: &'a [u8],
    /// Its permissions, exactly.
    pub mode: FileMode,
    /// Whose it is to be, as far as this user may give files away; `None` for this user's own.
    pub owner: Option<Owner>,
}

/// A change to the directory: all of it happens, or nothing.
///
/// Dropped before [`Transaction::commit`], it leaves no trace.
#[derive(Debug)]
pub struct Transaction<'d> {
    directory: &'d mut Directory,
    staged: OwnedFd,
    files: Vec<RelativePath>,
    backup: Option<String>,
    committed: bool,
}

impl Directory {
    /// Begins a change that will put these files into the directory.
    ///
    /// # Errors
    /// If one of them is a link or a folder, or the directory cannot be written.
    pub fn begin(&mut self, files: &[RelativePath], backup: Backup) -> Result<Transaction<'_>, Error> {
        // What an earlier change of this run could not clean up is in the way of this one.
        journal::recover(self.fd())
            .map_err(|source| Error::Unfinished { path: self.path().to_owned(), source })?;
        let mut replaces = false;
        for file in files {
            replaces |= self.state(file)?.is_some();
        }
        let write_error = |source| Error::Write { path: self.path().to_owned(), source };
        self.refuse_mounts(files)?;
        let backup = match backup {
            Backup::At(now) if replaces => Some(self.backup_name(now).map_err(write_error)?),
            _ => None,
        };
        let staged = fs::make_subdirectory(self.fd(), journal::STAGED).map_err(write_error)?;
        let transaction =
            Transaction { directory: self, staged, files: Vec::new(), backup, committed: false };
        let old = transaction.backup.as_deref().map_or(journal::OLD.into(), journal::hidden);
        fs::make_subdirectory(&transaction.staged, &old).map_err(|source| transaction.write_error(source))?;
        Ok(transaction)
    }

    /// A name that is not taken, even by a run in the same second.
    fn backup_name(&self, now: OffsetDateTime) -> io::Result<String> {
        let format = format_description!("[year][month][day]T[hour][minute][second]Z");
        let time = now.format(format).map_err(io::Error::other)?;
        let first = format!("{}{time}", journal::BACKUP_PREFIX);
        let mut name = first.clone();
        let mut count = 1;
        while fs::exists(self.fd(), &name)? {
            count += 1;
            name = format!("{first}-{count}");
        }
        Ok(name)
    }
}

impl Transaction<'_> {
    /// Writes files beside the directory's, and waits until they are on disk. Returns those that do not
    /// belong to whom they were to belong.
    ///
    /// # Errors
    /// If one of them cannot be written.
    pub fn stage<'f>(&mut self, files: &'f [StagedFile<'_>]) -> Result<Vec<&'f RelativePath>, Error> {
        /// So many are open at once: macOS lets a process have 256.
        const OPEN: usize = 64;
        let mut foreign = Vec::new();
        for files in files.chunks(OPEN) {
            let mut written = Vec::new();
            for file in files {
                let (opened, owned) = self.create(file).map_err(|source| self.stage_error(file, source))?;
                self.files.push(file.path.clone());
                written.push((file, opened));
                if !owned {
                    foreign.push(&file.path);
                }
            }
            // What a file system has to write together costs it less.
            written.iter().for_each(|(_, opened)| fs::write_soon(opened));
            for (file, opened) in written {
                fs::sync(&opened).map_err(|source| self.stage_error(file, source))?;
            }
        }
        Ok(foreign)
    }

    fn create(&self, file: &StagedFile<'_>) -> io::Result<(File, bool)> {
        let folder = self.staged_folder(&file.path)?;
        fs::create(folder, file.path.name(), file.content, file.mode, file.owner)
    }

    fn stage_error(&self, file: &StagedFile<'_>, source: io::Error) -> Error {
        Error::Write { path: self.directory.path_of(&file.path), source }
    }

    /// Where a file is staged; a folder for it is made if it is missing.
    fn staged_folder(&self, file: &RelativePath) -> io::Result<OwnedFd> {
        let Some(folder) = file.folder() else { return self.staged.try_clone() };
        fs::make_subdirectory_if_missing(&self.staged, folder)?;
        fs::open_subdirectory(&self.staged, folder)?.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Reads a file as the directory will hold it: staged, from the disk, or as it is.
    ///
    /// # Errors
    /// If it cannot be read, or there is none.
    pub fn read(&self, file: impl Into<RelativePath>) -> Result<Zeroizing<Vec<u8>>, Error> {
        let file = file.into();
        let path = self.directory.path_of(&file);
        if !self.files.contains(&file) {
            return self.directory.read(file)?.ok_or(Error::ReadBack { path });
        }
        let staged = self.staged_folder(&file).and_then(|folder| fs::read(folder, file.name()));
        match staged {
            Ok(Content::Bytes(bytes)) => Ok(bytes),
            Ok(_) => Err(Error::ReadBack { path }),
            Err(source) => Err(Error::Read { path, source }),
        }
    }

    /// The directory that is being changed.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        self.directory
    }

    /// Puts the staged files into place: `ca.srl` first. Returns the backup's path, if there is one.
    ///
    /// # Errors
    /// If the file system fails; then the old files are back in their places.
    pub fn commit(mut self) -> Result<Option<PathBuf>, Error> {
        self.sync().map_err(|source| self.write_error(source))?;
        self.advance_serial()?;
        if let Err(source) = self.decide() {
            return Err(self.restore_serial(source));
        }
        // Beyond this point a crash is completed by the next run.
        self.committed = true;
        let fd = self.directory.fd();
        let placed = journal::roll_forward(fd, &self.staged);
        if let Err(source) = placed.and_then(|()| self.keep_backup()) {
            let error = self.write_error(source);
            let undone =
                journal::roll_back(fd, &self.staged, &self.files).and_then(|()| journal::discard(fd));
            return Err(match undone {
                Ok(()) => error,
                Err(source) => Error::Unfinished { path: self.directory.path().to_owned(), source },
            });
        }
        // All files are in place. What cannot be cleaned up now, the next run will.
        let _ = journal::finish(fd, &self.staged);
        self.directory.keep();
        Ok(self.backup.as_deref().map(|name| self.directory.path().join(name)))
    }

    /// Waits until the names of all staged files are on disk.
    fn sync(&self) -> io::Result<()> {
        let mut folders: Vec<_> = self.files.iter().filter(|file| file.folder().is_some()).collect();
        folders.dedup_by_key(|file| file.folder());
        for file in folders {
            fs::sync_directory(self.staged_folder(file)?)?;
        }
        fs::sync_directory(&self.staged)
    }

    /// An authority that stays must never give out a serial number twice, so where its key is not
    /// replaced the new `ca.srl` is in place before any certificate is.
    fn advance_serial(&mut self) -> Result<(), Error> {
        let serial = FileRole::CaSerial.file_name();
        if !self.advances_serial() {
            return Ok(());
        }
        let fd = self.directory.fd();
        let advance = || {
            let old = journal::old_folder(&self.staged)?;
            if fs::exists(fd, serial)? {
                fs::link_or_move(fd, &old, serial)?;
            }
            fs::rename(&self.staged, serial, fd, serial)?;
            fs::sync_directory(fd)
        };
        advance().map_err(|source| self.restore_serial(source))
    }

    fn advances_serial(&self) -> bool {
        let has = |role: FileRole| self.files.contains(&role.into());
        has(FileRole::CaSerial) && !has(FileRole::CaKey)
    }

    /// The one step that decides: before it a crash leaves the old files, after it the new ones.
    fn decide(&self) -> io::Result<()> {
        let fd = self.directory.fd();
        fs::rename(fd, journal::STAGED, fd, journal::COMMIT)?;
        fs::sync_directory(fd).or_else(|error| {
            fs::rename(fd, journal::COMMIT, fd, journal::STAGED)?;
            Err(error)
        })
    }

    /// Takes back [`Transaction::advance_serial`]: nobody has seen a certificate yet.
    fn restore_serial(&self, source: io::Error) -> Error {
        let serial = FileRole::CaSerial.file_name();
        let fd = self.directory.fd();
        let restore = || {
            let old = journal::old_folder(&self.staged)?;
            if fs::exists(&old, serial)? {
                fs::rename(&old, serial, fd, serial)?;
            } else if !fs::exists(&self.staged, serial)? {
                fs::remove_file(fd, serial)?;
            }
            Ok(())
        };
        match if self.advances_serial() { restore() } else { Ok(()) } {
            Ok(()) => self.write_error(source),
            Err(source) => Error::Unfinished { path: self.directory.path().to_owned(), source },
        }
    }

    fn keep_backup(&self) -> io::Result<()> {
        let Some(backup) = &self.backup else { return Ok(()) };
        fs::rename(&self.staged, &journal::hidden(backup), self.directory.fd(), backup)
    }

    fn write_error(&self, source: io::Error) -> Error {
        Error::Write { path: self.directory.path().to_owned(), source }
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if !self.committed {
            // What cannot be removed now, the next run will.
            let _ = journal::discard(self.directory.fd());
        }
    }
}
