use std::cell::RefCell;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use time::macros::format_description;
use zeroize::Zeroizing;

use crate::base::error::{Error, ErrorKind};
use crate::base::note::Note;
use crate::base::text::listed;
use crate::store::directory::Directory;
use crate::store::error::{about, quoted, unfinished, unreadable, unsearchable, unwritable};
use crate::store::file_system::{is_mount, write_soon};
use crate::store::fs::{self, Content, Created, Entry, Print};
use crate::store::issued::{INVENTORY, ISSUED_FOLDER};
use crate::store::journal::{self, Run};
use crate::store::layout::{FileRole, RelativePath};
use crate::store::manifest::{Change, Kept, Manifest};
use crate::store::mode::{Acl, FileMode, FileState, Owner, Protection, Reader};

/// What becomes of files that are in the way of new ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Existing {
    /// They stay, and nothing is written.
    Refuse,
    /// They go.
    Replace,
    /// They are kept in `backup-<UTC time>/`, which only the owner can open.
    BackUp(OffsetDateTime),
}

/// A file that is to be put into the directory.
#[derive(Debug)]
pub(crate) struct StagedFile<'a> {
    pub path: RelativePath,
    pub content: &'a [u8],
    /// Its permissions, exactly. An access control list of the file that it replaces stays.
    pub mode: FileMode,
    /// Whose it is to be, as far as this user may give files away; `None` for this user's own.
    pub owner: Option<Owner>,
    /// A user who may read it too, by an access control list. One of the file that it replaces stays.
    pub reader: Option<Reader>,
}

#[derive(Debug)]
pub(crate) struct Committed {
    /// Where the replaced files are, if they are kept.
    pub backup: Option<PathBuf>,
    /// The files that do not belong to whom they were to belong.
    pub owner_not_kept: Vec<RelativePath>,
    /// What could not be cleaned up, and why; the next run does it.
    pub left: Option<Note>,
}

impl Committed {
    /// That files do not belong to whom they were to belong.
    pub(crate) fn owners_not_kept(&self) -> impl Iterator<Item = Note> {
        self.owner_not_kept.iter().map(|file| {
            let message =
                format!("{file} could not be given to its former owner or group; it belongs to you");
            Note::new("owner-not-kept", message)
        })
    }
}

/// A change to the directory, before it is made: all files are written beside those of the directory.
#[derive(Debug)]
pub(crate) struct Transaction<'d> {
    directory: &'d Directory,
    staged: OwnedFd,
    manifest: Manifest,
    /// The files that are there already.
    replaced: Vec<(RelativePath, FileState)>,
    owner_not_kept: Vec<RelativePath>,
    /// Files that were read and that stay.
    kept: RefCell<Vec<Kept>>,
}

impl Directory {
    /// Puts files into the directory: all of them, or none. `verify` judges what the directory will then hold,
    /// and records it; after that, `ca.srl` is put into its place first.
    ///
    /// # Errors
    /// If one of them is a link or a folder, or cannot be written, or the file system lets others do more with
    /// it than was asked for, or `verify` fails. Then the old files are in their places, but `ca.srl`, which only
    /// advances as long as the CA is the same.
    pub(crate) fn write(
        &mut self,
        files: &[StagedFile<'_>],
        existing: Existing,
        verify: impl FnOnce(&Transaction<'_>) -> Result<(), Error>,
    ) -> Result<Committed, Error> {
        self.may_write()?;
        // What an earlier change of this run could not clean up is in the way of this one.
        self.recover()?;
        let replaced = self.replaceable(files, existing)?;
        let staged = fs::make_subdirectory(&self.fd, journal::STAGED).map_err(unwritable(self.path()))?;
        let prepared = Transaction::new(self, staged, replaced, existing).and_then(|mut transaction| {
            transaction.stage(files)?;
            verify(&transaction)?;
            let is_decided = transaction.decide()?;
            Ok((transaction, is_decided))
        });
        let committed = match prepared {
            Err(error) => return Err(self.after_discarding(error)),
            Ok((transaction, true)) => transaction.put_into_place()?,
            Ok((transaction, false)) => Committed {
                backup: None,
                owner_not_kept: transaction.owner_not_kept,
                left: left_behind(&self.path().join(journal::STAGED), journal::discard(&self.fd)),
            },
        };
        // From now on the folder stays, even if this run made it.
        self.made.clear();
        Ok(committed)
    }

    /// Lets ca.srl be no lower than a serial number that its CA has given out.
    pub(crate) fn advance_serial(&mut self, serial: &str) -> Result<(), Error> {
        let path = RelativePath::from(FileRole::CaSerial);
        let behind = journal::is_serial_behind(&self.fd, serial);
        if !behind.map_err(unreadable(&self.path_of(&path)))? {
            return Ok(());
        }
        let state = self.state(&path)?;
        let file = StagedFile {
            path,
            content: serial.as_bytes(),
            mode: state.as_ref().map_or(FileRole::CaSerial.mode(), |state| state.mode),
            owner: state.map(|state| state.owner),
            reader: None,
        };
        self.write(&[file], Existing::Replace, |_| Ok(())).map(drop)
    }

    /// The files that are to be replaced, if they may be.
    fn replaceable(
        &self,
        files: &[StagedFile<'_>],
        existing: Existing,
    ) -> Result<Vec<(RelativePath, FileState)>, Error> {
        let mut replaced = Vec::new();
        for StagedFile { path, .. } in files {
            if let Some(found) = self.state(path)? {
                replaced.push((path.clone(), found));
            }
        }
        if existing == Existing::Refuse && !replaced.is_empty() {
            let paths: Vec<_> =
                replaced.iter().map(|(path, _)| self.path_of(path).display().to_string()).collect();
            let verb = if paths.len() == 1 { "is" } else { "are" };
            return Err(Error::new(format!("{}: {verb} there already", listed(&paths)))
                .of_kind(ErrorKind::AlreadyThere)
                .with_hint("--force replaces what is there".to_owned()));
        }
        for StagedFile { path, .. } in files {
            self.refuse_mount(path)?;
        }
        Ok(replaced)
    }

    /// Refuses a file that is a mount of its own, as `docker -v server.pem:/certs/server.pem` makes it, and
    /// one in a folder that is: nothing is moved onto a mount, or from one to another.
    fn refuse_mount(&self, file: &RelativePath) -> Result<(), Error> {
        for name in file.folder().map(str::to_owned).into_iter().chain([file.to_string()]) {
            let path = self.path().join(&name);
            if is_mount(&self.fd, &name).map_err(unreadable(&path))? {
                return Err(about(&path, "is a mount of its own, and cannot be replaced").with_hint(
                    "mount the whole certificate directory instead of what is in it (docker -v FOLDER:FOLDER), or run this where it is mounted from".to_owned(),
                ));
            }
        }
        Ok(())
    }

    fn backup_name(&self, now: OffsetDateTime) -> io::Result<String> {
        let format = format_description!("[year][month][day]T[hour][minute][second]Z");
        let time = now.format(format).map_err(io::Error::other)?;
        journal::free_name(&self.fd, &format!("{}{time}", journal::BACKUP_PREFIX))
    }

    /// An error, after what was staged is removed: or it says that this failed, too.
    fn after_discarding(&self, error: Error) -> Error {
        match journal::discard(&self.fd) {
            Ok(()) => error,
            Err(reason) => {
                let path = self.path().join(journal::STAGED);
                error
                    .and(&format!("and what it had written cannot be removed: {}: {reason}", path.display()))
                    .and_hint(&format!("`rm -r {}` removes what is left", quoted(&path)))
            }
        }
    }
}

fn left_behind(path: &Path, removed: io::Result<()>) -> Option<Note> {
    let reason = removed.err()?;
    let message = format!("{} cannot be removed: {reason}; the next run tries again", path.display());
    Some(Note::new("left-behind", message))
}

impl<'d> Transaction<'d> {
    fn new(
        directory: &'d Directory,
        staged: OwnedFd,
        replaced: Vec<(RelativePath, FileState)>,
        existing: Existing,
    ) -> Result<Self, Error> {
        let unwritable = unwritable(directory.path());
        let backup = match existing {
            Existing::BackUp(now) if !replaced.is_empty() => {
                Some(directory.backup_name(now).map_err(&unwritable)?)
            }
            _ => None,
        };
        let old = backup.as_deref().map_or(journal::OLD.into(), journal::hidden);
        let manifest = Manifest::new(&directory.fd, &staged, backup).map_err(&unwritable)?;
        fs::make_subdirectory(&staged, &old).map_err(&unwritable)?;
        let (owner_not_kept, kept) = (Vec::new(), RefCell::default());
        Ok(Self { directory, staged, manifest, replaced, owner_not_kept, kept })
    }

    /// Writes files beside the directory's, and waits until they are on disk.
    fn stage(&mut self, files: &[StagedFile<'_>]) -> Result<(), Error> {
        /// So many are open at once: macOS lets a process have 256.
        const OPEN: usize = 64;
        for files in files.chunks(OPEN) {
            let mut written = Vec::new();
            for file in files {
                let created = self.create(file)?;
                self.enter(file)?;
                written.push((file, created.file));
                if !created.is_owned {
                    self.owner_not_kept.push(file.path.clone());
                }
            }
            // What a file system has to write together costs it less.
            written.iter().for_each(|(_, opened)| write_soon(opened));
            for (file, opened) in written {
                fs::sync(&opened).map_err(unwritable(&self.directory.path_of(&file.path)))?;
            }
        }
        Ok(())
    }

    fn create(&self, file: &StagedFile<'_>) -> Result<Created, Error> {
        let path = self.directory.path_of(&file.path);
        let replaced = self.replaced.iter().find(|(path, _)| *path == file.path);
        let acl = replaced.and_then(|(_, state)| state.acl.as_ref());
        let with_reader = file.reader.map(|reader| Acl::with_reader(acl, file.mode, reader));
        if acl.is_some() && replaced.is_some_and(|(_, state)| state.mode != file.mode) {
            let what = "has an access control list (ACL), which is kept as it is, so its mode cannot become";
            let hint = format!("`getfacl {0}` shows the list; `setfacl -b {0}` removes it", quoted(&path));
            return Err(about(&path, format_args!("{what} {}", file.mode)).with_hint(hint));
        }
        let protection = self.directory.protection();
        let created = fs::open_or_make_folder(&self.staged, file.path.folder()).and_then(|folder| {
            fs::create(
                folder,
                file.path.name(),
                file.content,
                file.mode,
                file.owner,
                with_reader.as_ref().or(acl),
                protection,
            )
        });
        let created = created.map_err(unwritable(&path))?;
        match created.exceeds {
            Some(has) if protection == Protection::Required => Err(about(
                &path,
                format_args!(
                    "has mode {} and belongs to uid {} as soon as it is made, where {} was asked for: the file system does not keep modes",
                    has.mode, has.owner.user, file.mode
                ),
            )
            .with_hint(
                "choose a folder on another file system; --accept-unprotected-keys makes keys that everybody on this machine can read".to_owned(),
            )),
            _ => Ok(created),
        }
    }

    fn enter(&mut self, file: &StagedFile<'_>) -> Result<(), Error> {
        if let Some(folder) = file.path.folder()
            && !self.manifest.had_folder(folder)
            && fs::entry(&self.directory.fd, folder).map_err(unsearchable(self.directory.path()))?
                == Entry::Folder
        {
            self.manifest.folders.push(folder.to_owned());
        }
        let old = self.directory.print(&file.path)?;
        self.manifest.files.push(Change { path: file.path.clone(), old, new: Print::of(file.content) });
        Ok(())
    }

    /// Reads a file as the directory will hold it: staged, from the disk, or as it is. What is not staged has
    /// to stay as it is until the change is done.
    ///
    /// # Errors
    /// If it cannot be read, or there is none.
    pub(crate) fn read(&self, file: impl Into<RelativePath>) -> Result<Zeroizing<Vec<u8>>, Error> {
        let file = file.into();
        let path = self.directory.path_of(&file);
        if !self.is_staged(&file) {
            let content = self.directory.read(&file)?.ok_or_else(|| not_as_written(&path))?;
            let print = Some(self.directory.print(&file)?.unwrap_or_else(|| Print::of(&content)));
            self.kept.borrow_mut().push(Kept { path: file, print, grows: false });
            return Ok(content);
        }
        match fs::read(&self.staged, &file.to_string()).map_err(unreadable(&path))? {
            Content::Bytes(bytes) => Ok(bytes),
            _ => Err(not_as_written(&path)),
        }
    }

    pub(crate) fn directory(&self) -> &Directory {
        self.directory
    }

    /// Everything up to the one step that decides: before it a crash leaves the old files, after it the new
    /// ones. Returns whether there is more to do than to advance `ca.srl`.
    fn decide(&mut self) -> Result<bool, Error> {
        self.verify_staged()?;
        let unwritable = unwritable(self.directory.path());
        self.sync().map_err(&unwritable)?;
        self.advance_serial()?;
        if self.manifest.files.is_empty() {
            return Ok(false);
        }
        self.keep_inventory()?;
        self.manifest.kept = self.kept.take();
        self.manifest.ca_serial = self.directory.ca_serial.clone();
        self.manifest.write(&self.staged).map_err(&unwritable)?;
        let fd = &self.directory.fd;
        fs::rename(fd, journal::STAGED, fd, journal::COMMIT).map_err(&unwritable)?;
        let decided = fs::sync_directory(fd).or_else(|error| {
            fs::rename(fd, journal::COMMIT, fd, journal::STAGED)?;
            Err(error)
        });
        decided.map_err(&unwritable)?;
        Ok(true)
    }

    /// What was issued has its line in the inventory already: where that is taken back, so is this.
    fn keep_inventory(&self) -> Result<(), Error> {
        let [here, below] =
            [RelativePath::in_directory(INVENTORY), RelativePath::in_folder(ISSUED_FOLDER, INVENTORY)];
        for path in [here, below] {
            if let Some(print) = self.directory.print(&path)? {
                self.kept.borrow_mut().push(Kept { path, print: Some(print), grows: true });
            }
        }
        Ok(())
    }

    /// Beyond the decision, a crash is completed by the next run.
    fn put_into_place(self) -> Result<Committed, Error> {
        let path = self.directory.path();
        let run = Run { directory: &self.directory.fd, journal: &self.staged, manifest: &self.manifest };
        if let Err(source) = run.roll_forward() {
            let error = unwritable(path)(source);
            return Err(match run.roll_back() {
                Ok(()) => self.directory.after_discarding(error),
                Err(source) => unfinished(path, source),
            });
        }
        let left = left_behind(&path.join(journal::COMMIT), run.finish());
        Ok(Committed {
            backup: self.manifest.backup.as_deref().map(|name| path.join(name)),
            owner_not_kept: self.owner_not_kept,
            left,
        })
    }

    fn is_staged(&self, path: &RelativePath) -> bool {
        self.manifest.files.iter().any(|change| change.path == *path)
    }

    /// What is on the disk is what was written.
    fn verify_staged(&self) -> Result<(), Error> {
        for Change { path, new, .. } in &self.manifest.files {
            let shown = self.directory.path_of(path);
            let print = fs::print_at(&self.staged, path).map_err(unreadable(&shown))?;
            if !print.is_some_and(|print| print.is_of_same(new)) {
                return Err(not_as_written(&shown));
            }
        }
        Ok(())
    }

    /// Waits until the names of all staged files are on disk.
    fn sync(&self) -> io::Result<()> {
        let mut folders: Vec<_> = self.manifest.files.iter().filter_map(|file| file.path.folder()).collect();
        folders.dedup();
        for folder in folders {
            fs::sync_directory(fs::open_or_make_folder(&self.staged, Some(folder))?)?;
        }
        fs::sync_directory(&self.staged)
    }

    /// A CA that stays must never give out a serial number twice, so where its key is not replaced the new
    /// `ca.srl` is in its place before any certificate is, and is never taken back.
    fn advance_serial(&mut self) -> Result<(), Error> {
        let path = RelativePath::from(FileRole::CaSerial);
        if !self.is_staged(&path) {
            return Ok(());
        }
        let text = |content: &[u8]| String::from_utf8_lossy(content).into_owned();
        self.manifest.is_same_ca = !self.is_staged(&FileRole::CaKey.into());
        self.manifest.serial = Some(text(&self.read(&path)?));
        if !self.manifest.is_same_ca {
            self.manifest.old_serial = self.directory.read(&path)?.map(|old| text(&old));
            return Ok(());
        }
        self.manifest.files.retain(|change| change.path != path);
        let (fd, name) = (&self.directory.fd, path.name());
        let advanced = fs::rename(&self.staged, name, fd, name).and_then(|()| fs::sync_directory(fd));
        advanced.map_err(unwritable(&self.directory.path_of(&path)))
    }
}

fn not_as_written(path: &Path) -> Error {
    about(path, "does not read back as it was written")
        .with_hint("check the disk, then run this again".to_owned())
}
