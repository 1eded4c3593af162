use std::cell::RefCell;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use time::OffsetDateTime;
use time::macros::format_description;
use zeroize::Zeroizing;

use crate::base::note::Note;
use crate::store::fs::{self, Content, Created, Permissions, Print};
use crate::store::manifest::{Change, Kept, Manifest};
use crate::store::{
    Directory, Error, FileMode, FileRole, INVENTORY, ISSUED_FOLDER, Owner, RelativePath, journal,
};

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
    /// Its permissions, exactly. An access control list of the file that it replaces stays.
    pub mode: FileMode,
    /// Whose it is to be, as far as this user may give files away; `None` for this user's own.
    pub owner: Option<Owner>,
}

/// What a change has done.
#[derive(Debug)]
pub struct Committed {
    /// Where the replaced files are, if they are kept.
    pub backup: Option<PathBuf>,
    /// What could not be cleaned up, and why; the next run does it.
    pub left: Option<Note>,
}

/// A change to the directory: all of it happens, or nothing.
///
/// Dropped before [`Transaction::commit`], it leaves no trace.
#[derive(Debug)]
pub struct Transaction<'d> {
    directory: &'d mut Directory,
    staged: OwnedFd,
    manifest: Manifest,
    /// What the files that are there allow.
    permissions: Vec<(RelativePath, Permissions)>,
    /// The files that are staged, and `ca.srl` too where it only advances.
    files: Vec<RelativePath>,
    /// Files that were read and that stay.
    kept: RefCell<Vec<Kept>>,
    is_over: bool,
}

impl Directory {
    /// Begins a change that will put these files into the directory.
    ///
    /// # Errors
    /// If one of them is a link or a folder, or the directory cannot be written.
    pub fn begin(&mut self, files: &[RelativePath], backup: Backup) -> Result<Transaction<'_>, Error> {
        self.may_write()?;
        // What an earlier change of this run could not clean up is in the way of this one.
        journal::recover(self.fd(), self.protection())
            .map_err(|obstacle| obstacle.in_directory(self.path()))?;
        let mut permissions = Vec::new();
        for file in files {
            if let Some(found) = self.permissions(file)? {
                permissions.push((file.clone(), found));
            }
        }
        let write_error = |source| Error::Write { path: self.path().to_owned(), source };
        self.refuse_mounts(files)?;
        let backup = match backup {
            Backup::At(now) if !permissions.is_empty() => Some(self.backup_name(now).map_err(write_error)?),
            _ => None,
        };
        let staged = fs::make_subdirectory(self.fd(), journal::STAGED).map_err(write_error)?;
        let manifest = Manifest::new(self.fd(), &staged, backup);
        let manifest = manifest.map_err(|source| Error::Write { path: self.path().to_owned(), source });
        let old = manifest.and_then(|manifest| {
            let old = manifest.backup.as_deref().map_or(journal::OLD.into(), journal::hidden);
            fs::make_subdirectory(&staged, &old).map_err(write_error)?;
            Ok(manifest)
        });
        match old {
            Ok(manifest) => Ok(Transaction {
                directory: self,
                staged,
                manifest,
                permissions,
                files: Vec::new(),
                kept: RefCell::default(),
                is_over: false,
            }),
            Err(error) => Err(self.after_discarding(error)),
        }
    }

    /// Lets ca.srl be no lower than a serial number that its CA has given out.
    ///
    /// # Errors
    /// If it cannot be read or written.
    pub fn advance_serial(&mut self, serial: &str) -> Result<(), Error> {
        let path = RelativePath::from(FileRole::CaSerial);
        let behind = journal::is_serial_behind(self.fd(), serial);
        if !behind.map_err(|source| Error::Read { path: self.path_of(&path), source })? {
            return Ok(());
        }
        let state = self.state(&path)?;
        let file = StagedFile {
            path: path.clone(),
            content: serial.as_bytes(),
            mode: state.map_or(FileRole::CaSerial.mode(), |state| state.mode),
            owner: state.map(|state| state.owner),
        };
        let mut transaction = self.begin(&[path], Backup::None)?;
        transaction.stage(&[file])?;
        transaction.commit().map(drop)
    }

    fn backup_name(&self, now: OffsetDateTime) -> io::Result<String> {
        let format = format_description!("[year][month][day]T[hour][minute][second]Z");
        let time = now.format(format).map_err(io::Error::other)?;
        journal::free_name(self.fd(), &format!("{}{time}", journal::BACKUP_PREFIX))
    }

    /// An error, after what was staged is removed: or it says that this failed, too.
    fn after_discarding(&self, error: Error) -> Error {
        match journal::discard(self.fd()) {
            Ok(()) => error,
            Err(reason) => {
                let path = self.path().join(journal::STAGED);
                Error::LeftBehind { source: Box::new(error), path, reason }
            }
        }
    }
}

impl Transaction<'_> {
    /// Writes files beside the directory's, and waits until they are on disk. Returns those that do not
    /// belong to whom they were to belong.
    ///
    /// # Errors
    /// If one of them cannot be written, or the file system lets others do more with it than was asked for.
    pub fn stage<'f>(&mut self, files: &'f [StagedFile<'_>]) -> Result<Vec<&'f RelativePath>, Error> {
        /// So many are open at once: macOS lets a process have 256.
        const OPEN: usize = 64;
        let mut foreign = Vec::new();
        for files in files.chunks(OPEN) {
            let mut written = Vec::new();
            for file in files {
                let created = self.create(file)?;
                self.note(file)?;
                written.push((file, created.file));
                if !created.is_owned {
                    foreign.push(&file.path);
                }
            }
            // What a file system has to write together costs it less.
            written.iter().for_each(|(_, opened)| fs::write_soon(opened));
            for (file, opened) in written {
                fs::sync(&opened).map_err(|source| self.error_about(&file.path, source))?;
            }
        }
        Ok(foreign)
    }

    fn create(&self, file: &StagedFile<'_>) -> Result<Created, Error> {
        let path = || self.directory.path_of(&file.path);
        let replaced = self.permissions.iter().find(|(path, _)| *path == file.path);
        let acl = replaced.and_then(|(_, permissions)| permissions.acl.as_ref());
        if acl.is_some() && replaced.is_some_and(|(_, permissions)| permissions.mode != file.mode) {
            return Err(Error::AccessControlList { path: path(), wanted: file.mode });
        }
        let protection = self.directory.protection();
        let created = self.staged_folder(&file.path).and_then(|folder| {
            fs::create(folder, file.path.name(), file.content, file.mode, file.owner, acl, protection)
        });
        let created = created.map_err(|source| self.error_about(&file.path, source))?;
        match created.exceeds {
            Some((mode, owner)) if protection == super::Protection::Required => {
                Err(Error::Unprotected { path: path(), mode, owner: owner.user, wanted: file.mode })
            }
            _ => Ok(created),
        }
    }

    /// Enters a file into the manifest.
    fn note(&mut self, file: &StagedFile<'_>) -> Result<(), Error> {
        self.files.push(file.path.clone());
        if let Some(folder) = file.path.folder()
            && !self.manifest.folders.iter().any(|known| known == folder)
            && self.directory.has_folder(folder)?
        {
            self.manifest.folders.push(folder.to_owned());
        }
        let old = self.directory.print(&file.path)?;
        self.manifest.files.push(Change { path: (&file.path).into(), old, new: Print::of(file.content) });
        Ok(())
    }

    fn error_about(&self, file: &RelativePath, source: io::Error) -> Error {
        Error::Write { path: self.directory.path_of(file), source }
    }

    /// Where a file is staged; a folder for it is made if it is missing.
    fn staged_folder(&self, file: &RelativePath) -> io::Result<OwnedFd> {
        let Some(folder) = file.folder() else { return self.staged.try_clone() };
        fs::make_subdirectory_if_missing(&self.staged, folder)?;
        fs::open_subdirectory(&self.staged, folder)?.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Reads a file as the directory will hold it: staged, from the disk, or as it is. What is not staged has
    /// to stay as it is until the change is done.
    ///
    /// # Errors
    /// If it cannot be read, or there is none.
    pub fn read(&self, file: impl Into<RelativePath>) -> Result<Zeroizing<Vec<u8>>, Error> {
        let file = file.into();
        let path = self.directory.path_of(&file);
        if !self.files.contains(&file) {
            let content = self.directory.read(&file)?.ok_or(Error::ReadBack { path })?;
            let print = Some(self.directory.print(&file)?.unwrap_or_else(|| Print::of(&content)));
            self.kept.borrow_mut().push(Kept { path: (&file).into(), print, grows: false });
            return Ok(content);
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

    /// Gives the change up: removes what was staged.
    ///
    /// # Errors
    /// If something is left: where, and why.
    pub fn abandon(mut self) -> Result<(), (PathBuf, io::Error)> {
        self.is_over = true;
        journal::discard(self.directory.fd()).map_err(|reason| (self.left_at(journal::STAGED), reason))
    }

    /// Puts the staged files into place: `ca.srl` first.
    ///
    /// # Errors
    /// If the file system fails; then the old files are back in their places, but `ca.srl`, which only
    /// advances as long as the CA is the same.
    pub fn commit(mut self) -> Result<Committed, Error> {
        match self.decide() {
            Err(error) => {
                self.is_over = true;
                Err(self.directory.after_discarding(error))
            }
            Ok(false) => {
                self.is_over = true;
                self.directory.keep();
                let left = journal::discard(self.directory.fd()).err();
                Ok(Committed { backup: None, left: left.map(|error| self.left(journal::STAGED, &error)) })
            }
            Ok(true) => self.put_into_place(),
        }
    }

    fn left(&self, name: &str, reason: &io::Error) -> Note {
        let path = self.left_at(name);
        let message = format!("{} cannot be removed: {reason}; the next run tries again", path.display());
        Note::new("left-behind", message)
    }

    fn left_at(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Everything up to the one step that decides: before it a crash leaves the old files, after it the new
    /// ones. Returns whether there is more to do than to advance `ca.srl`.
    fn decide(&mut self) -> Result<bool, Error> {
        self.verify_staged()?;
        let path = self.directory.path().to_owned();
        let write_error = |source| Error::Write { path: path.clone(), source };
        self.sync().map_err(write_error)?;
        self.advance_serial()?;
        if self.manifest.files.is_empty() {
            return Ok(false);
        }
        self.keep_inventory()?;
        self.manifest.kept = self.kept.take();
        self.manifest.ca_serial = self.directory.ca_serial().map(str::to_owned);
        self.manifest.write(&self.staged).map_err(write_error)?;
        let fd = self.directory.fd();
        fs::rename(fd, journal::STAGED, fd, journal::COMMIT).map_err(write_error)?;
        let decided = fs::sync_directory(fd).or_else(|error| {
            fs::rename(fd, journal::COMMIT, fd, journal::STAGED)?;
            Err(error)
        });
        decided.map_err(write_error)?;
        Ok(true)
    }

    /// What was issued has its line in the inventory already: where that is taken back, so is this.
    fn keep_inventory(&self) -> Result<(), Error> {
        let [here, below] =
            [RelativePath::in_directory(INVENTORY), RelativePath::in_folder(ISSUED_FOLDER, INVENTORY)];
        for path in [here, below] {
            if let Some(print) = self.directory.print(&path)? {
                self.kept.borrow_mut().push(Kept { path: (&path).into(), print: Some(print), grows: true });
            }
        }
        Ok(())
    }

    /// Beyond the decision, a crash is completed by the next run.
    fn put_into_place(mut self) -> Result<Committed, Error> {
        self.is_over = true;
        let fd = self.directory.fd();
        if let Err(source) = journal::roll_forward(fd, &self.staged, &self.manifest) {
            let error = Error::Write { path: self.directory.path().to_owned(), source };
            return Err(match journal::roll_back(fd, &self.staged, &self.manifest) {
                Ok(()) => self.directory.after_discarding(error),
                Err(source) => Error::Unfinished { path: self.directory.path().to_owned(), source },
            });
        }
        let finished = journal::finish(fd, &self.staged, &self.manifest);
        self.directory.keep();
        Ok(Committed {
            backup: self.manifest.backup.as_deref().map(|name| self.directory.path().join(name)),
            left: finished.err().map(|error| self.left(journal::COMMIT, &error)),
        })
    }

    /// What is on the disk is what was written.
    fn verify_staged(&self) -> Result<(), Error> {
        for change in &self.manifest.files {
            let path = change.path.to_path();
            let read_error = |source| Error::Read { path: self.directory.path_of(&path), source };
            let folder = self.staged_folder(&path).map_err(read_error)?;
            let print = fs::print(folder, path.name()).map_err(read_error)?;
            if !print.is_some_and(|print| print.is_of_same(&change.new)) {
                return Err(Error::ReadBack { path: self.directory.path_of(&path) });
            }
        }
        Ok(())
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

    /// A CA that stays must never give out a serial number twice, so where its key is not replaced the new
    /// `ca.srl` is in its place before any certificate is, and is never taken back.
    fn advance_serial(&mut self) -> Result<(), Error> {
        let role = FileRole::CaSerial;
        let has = |role: FileRole| self.files.contains(&role.into());
        if !has(role) {
            return Ok(());
        }
        self.manifest.is_same_ca = !has(FileRole::CaKey);
        let serial = role.file_name();
        let content = self.read(role)?;
        self.manifest.serial = Some(String::from_utf8_lossy(&content).into_owned());
        if !self.manifest.is_same_ca {
            let old = self.directory.read(role)?;
            self.manifest.old_serial = old.map(|old| String::from_utf8_lossy(&old).into_owned());
            return Ok(());
        }
        self.manifest.files.retain(|change| change.path.folder.is_some() || change.path.name != serial);
        let fd = self.directory.fd();
        let advanced = fs::rename(&self.staged, serial, fd, serial).and_then(|()| fs::sync_directory(fd));
        advanced.map_err(|source| Error::Write { path: self.directory.path_of(role), source })
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            // What cannot be removed now, the next run will.
            let _ = journal::discard(self.directory.fd());
        }
    }
}
