//! The hidden folder that every change passes through, and what its name says after a crash.
//!
//! - `.milvus-certs-staged`: new files are being written. Nothing has changed but perhaps `ca.srl`, which
//!   only advances; the folder is discarded.
//! - `.milvus-certs-commit`: all new files are complete and synced, and [`Manifest`] says what they replace.
//!   Those still in it are to be moved into place.
//!
//! In it, files lie as they are to lie in the directory: some in folders. One more folder receives what
//! is replaced: `.old`, removed in the end, or `.backup-…`, moved beside the new files in the end.
//!
//! After a crash, a file of the manifest is what the run found, or what it was to put there, or somebody has
//! changed it since. [`recover`] completes the run where every file can still become the new one, undoes it
//! where every file can still become the old one, and touches nothing otherwise.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;

use crate::store::fs::{self, Entry, FileMode, Print, Protection, exists};
use crate::store::manifest::{self, Change, Manifest, Obstacle, Place};
use crate::store::{FileRole, RelativePath};
use crate::x509::SerialCounter;

pub(super) const STAGED: &str = ".milvus-certs-staged";
pub(super) const COMMIT: &str = ".milvus-certs-commit";
/// No file and no folder that is staged begins with a dot.
pub(super) const OLD: &str = ".old";
const HIDDEN_BACKUP: &str = ".backup-";
pub(super) const BACKUP_PREFIX: &str = "backup-";

/// What a backup is called until it is complete.
pub(super) fn hidden(backup: &str) -> String {
    format!(".{backup}")
}

/// What became of an interrupted run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// It had decided on all its files; the missing ones were put into place.
    Completed,
    /// It had not, or somebody took back what it had done; what it had written was removed.
    RolledBack,
    /// The same, and its CA, whose key was in its place, is kept in a folder `backup-undone`.
    RolledBackKeepingCa,
}

/// What became of it, and the last serial number that it had taken from a CA in another directory.
pub(super) struct Recovered {
    pub(super) recovery: Recovery,
    pub(super) serial: Option<String>,
}

/// One of the two folders, as it is found.
enum Found {
    Nothing,
    /// An empty folder says nothing.
    Empty,
    Folder(OwnedFd),
    /// Something that no run of this user left, for this reason.
    Foreign(&'static str),
}

impl Found {
    fn of(directory: &OwnedFd, name: &str) -> io::Result<Self> {
        match fs::entry(directory, name)? {
            Entry::Absent => return Ok(Self::Nothing),
            Entry::Folder => {}
            Entry::SymbolicLink => return Ok(Self::Foreign("it is a symbolic link")),
            Entry::File { .. } | Entry::Other => return Ok(Self::Foreign("it is not a folder")),
        }
        Ok(match fs::open_subdirectory(directory, name) {
            // Only its owner can look into it.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                Self::Foreign("you may not open it")
            }
            opened => match opened? {
                None => Self::Nothing,
                Some(folder) if fs::list(&folder)?.is_empty() => Self::Empty,
                Some(folder) => Self::Folder(folder),
            },
        })
    }
}

/// Which of the two folders hold something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Left {
    pub(super) staged: bool,
    pub(super) commit: bool,
}

impl Left {
    pub(super) fn of(directory: &OwnedFd) -> io::Result<Self> {
        let holds = |name| -> io::Result<bool> {
            Ok(!matches!(Found::of(directory, name)?, Found::Nothing | Found::Empty))
        };
        Ok(Self { staged: holds(STAGED)?, commit: holds(COMMIT)? })
    }

    pub(super) fn is_any(self) -> bool {
        self.staged || self.commit
    }
}

/// What an interrupted run left in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Interruption {
    /// The next run of this user completes or undoes it.
    Own,
    /// It is not interrupted, but has been putting files into place for a while.
    AtWork,
    /// The next run of this user does not touch it.
    Foreign {
        /// The name of the folder that holds it.
        journal: &'static str,
        /// Why not.
        reason: String,
    },
}

/// What an interrupted run left. Whether one is at work is for others to say.
pub(super) fn interruption(directory: &OwnedFd) -> io::Result<Option<Interruption>> {
    let look = |journal: &'static str| {
        let reason = match Found::of(directory, journal)? {
            Found::Nothing | Found::Empty => return Ok(None),
            Found::Foreign(reason) => Some(reason.to_owned()),
            Found::Folder(folder) if journal == COMMIT => {
                Manifest::read(directory, &folder, Protection::Required)?.err()
            }
            Found::Folder(folder) => manifest::foreign(&folder, Protection::Required)?,
        };
        let foreign = |reason| Interruption::Foreign { journal, reason };
        Ok::<_, io::Error>(Some(reason.map_or(Interruption::Own, foreign)))
    };
    Ok(look(COMMIT)?.or(look(STAGED)?))
}

/// Completes or undoes an interrupted run.
pub(super) fn recover(directory: &OwnedFd, protection: Protection) -> Result<Option<Recovered>, Obstacle> {
    if let Some(journal) = open(directory, COMMIT)? {
        let manifest = Manifest::read(directory, &journal, protection)?
            .map_err(|reason| Obstacle::Foreign { journal: COMMIT, reason })?;
        let states = states(directory, &journal, &manifest)?;
        let changed_kept = changed_kept(directory, &manifest)?;
        if changed_kept.is_none() && states.iter().all(State::can_be_new) {
            advance_serial(directory, &journal, &manifest)?;
            roll_forward(directory, &journal, &manifest)?;
            // What is replaced goes only when everything is in its place.
            let states = self::states(directory, &journal, &manifest)?;
            if let Some(state) = states.iter().find(|state| !state.is_withdrawn && !state.is_new()) {
                return Err(Obstacle::Changed { journal: COMMIT, path: state.change.path.to_path() });
            }
            finish(directory, &journal, &manifest)?;
            return Ok(Some(Recovered { recovery: Recovery::Completed, serial: manifest.ca_serial }));
        }
        if !states.iter().all(State::can_be_old) {
            let is_neither = |state: &&State<'_>| !state.can_be_new() && !state.can_be_old();
            let changed = states.iter().find(is_neither).map(|state| &state.change.path).or(changed_kept);
            // Or one was put back, and another cannot be.
            let changed = changed
                .or_else(|| states.iter().find(|state| !state.can_be_new()).map(|state| &state.change.path));
            let path = changed.map_or_else(|| RelativePath::in_directory(COMMIT), Place::to_path);
            return Err(Obstacle::Changed { journal: COMMIT, path });
        }
        let is_ca_key = |state: &&State<'_>| state.change.path.name == FileRole::CaKey.file_name();
        let was_ca_used = states.iter().filter(is_ca_key).any(|state| state.is_new() && !state.is_old());
        advance_serial(directory, &journal, &manifest)?;
        roll_back(directory, &journal, &manifest)?;
        let recovery = match was_ca_used {
            true => {
                keep_ca(directory, &manifest)?;
                Recovery::RolledBackKeepingCa
            }
            false => Recovery::RolledBack,
        };
        discard(directory)?;
        return Ok(Some(Recovered { recovery, serial: manifest.ca_serial }));
    }
    if let Some(staged) = open(directory, STAGED)? {
        if let Some(reason) = manifest::foreign(&staged, protection)? {
            return Err(Obstacle::Foreign { journal: STAGED, reason });
        }
        discard(directory)?;
        return Ok(Some(Recovered { recovery: Recovery::RolledBack, serial: None }));
    }
    Ok(None)
}

/// Opens one of the two folders; one that is empty is removed.
fn open(directory: &OwnedFd, name: &'static str) -> Result<Option<OwnedFd>, Obstacle> {
    match Found::of(directory, name)? {
        Found::Nothing => Ok(None),
        Found::Empty => {
            fs::remove_subdirectory(directory, name)?;
            Ok(None)
        }
        Found::Folder(folder) => Ok(Some(folder)),
        Found::Foreign(reason) => Err(Obstacle::Foreign { journal: name, reason: reason.into() }),
    }
}

/// The folders in which a file is, is staged, and is kept when it is replaced.
struct Folders {
    target: Option<OwnedFd>,
    staged: Option<OwnedFd>,
    old: Option<OwnedFd>,
}

impl Folders {
    fn open(directory: &OwnedFd, journal: &OwnedFd, folder: Option<&str>) -> io::Result<Self> {
        let old = find_old(journal)?;
        let Some(folder) = folder else {
            return Ok(Self {
                target: Some(directory.try_clone()?),
                staged: Some(journal.try_clone()?),
                old,
            });
        };
        Ok(Self {
            target: fs::open_subdirectory(directory, folder)?,
            staged: fs::open_subdirectory(journal, folder)?,
            old: old.map(|old| fs::open_subdirectory(old, folder)).transpose()?.flatten(),
        })
    }
}

fn print(folder: Option<&OwnedFd>, name: &str) -> io::Result<Option<Print>> {
    folder.map(|folder| fs::print(folder, name)).transpose().map(Option::flatten)
}

/// What has become of a file of a manifest.
struct State<'a> {
    change: &'a Change,
    current: Option<Print>,
    staged: Option<Print>,
    kept: Option<Print>,
    /// The folder that it was in is gone: somebody withdrew it, whatever it was to hold.
    is_withdrawn: bool,
    /// It is the old or the new `ca.srl`, from which another program has taken numbers since.
    is_old_advanced: bool,
    is_new_advanced: bool,
}

impl State<'_> {
    fn is(print: Option<&Print>, other: Option<&Print>) -> bool {
        match (print, other) {
            (Some(one), Some(other)) => one.is_of_same(other),
            (None, None) => true,
            _ => false,
        }
    }

    fn is_new(&self) -> bool {
        self.is_new_advanced || Self::is(self.current.as_ref(), Some(&self.change.new))
    }

    fn is_old(&self) -> bool {
        self.is_old_advanced || Self::is(self.current.as_ref(), self.change.old.as_ref())
    }

    /// Whether putting the new file there overwrites nothing but what the run found.
    fn can_be_new(&self) -> bool {
        let is_staged = Self::is(self.staged.as_ref(), Some(&self.change.new));
        self.is_withdrawn || self.is_new() || is_staged && (self.is_old() || self.current.is_none())
    }

    /// Whether putting the old file back overwrites nothing but what the run put there.
    fn can_be_old(&self) -> bool {
        let is_kept = self.change.old.is_none() || Self::is(self.kept.as_ref(), self.change.old.as_ref());
        self.is_withdrawn || self.is_old() || is_kept && (self.is_new() || self.current.is_none())
    }
}

fn states<'a>(
    directory: &OwnedFd,
    journal: &OwnedFd,
    manifest: &'a Manifest,
) -> Result<Vec<State<'a>>, Obstacle> {
    let mut states = Vec::new();
    for change in &manifest.files {
        let folders = Folders::open(directory, journal, change.path.folder.as_deref())?;
        let name = change.path.name.as_str();
        let was_there = |folder: &String| manifest.folders.contains(folder);
        let is_serial = change.path.folder.is_none() && name == FileRole::CaSerial.file_name();
        states.push(State {
            is_old_advanced: is_serial && has_advanced(directory, manifest.old_serial.as_deref())?,
            is_new_advanced: is_serial && has_advanced(directory, manifest.serial.as_deref())?,
            change,
            current: print(folders.target.as_ref(), name)?,
            staged: print(folders.staged.as_ref(), name)?,
            kept: print(folders.old.as_ref(), name)?,
            is_withdrawn: folders.target.is_none()
                && (folders.staged.is_none() || change.path.folder.as_ref().is_some_and(was_there)),
        });
    }
    Ok(states)
}

/// Whether `ca.srl` is this one, from which numbers have been taken.
fn has_advanced(directory: &OwnedFd, from: Option<&str>) -> io::Result<bool> {
    let fs::Content::Bytes(content) = fs::read(directory, FileRole::CaSerial.file_name())? else {
        return Ok(false);
    };
    let from = from.and_then(|serial| SerialCounter::parse(serial.as_bytes()).ok());
    let now = SerialCounter::parse(&content).ok();
    Ok(from.zip(now).is_some_and(|(from, now)| from.will_reach(now.last())))
}

/// The first of the files that stay, and that the new ones belong to, that is not as it was.
fn changed_kept<'a>(directory: &OwnedFd, manifest: &'a Manifest) -> io::Result<Option<&'a Place>> {
    for kept in &manifest.kept {
        let folder = match &kept.path.folder {
            Some(folder) => fs::open_subdirectory(directory, folder)?,
            None => Some(directory.try_clone()?),
        };
        // What was withdrawn is not needed any more.
        let is_withdrawn = folder.is_none();
        let length = match &kept.print {
            Some(print) if kept.grows => print.size(),
            _ => u64::MAX,
        };
        let now = folder.as_ref().map(|folder| fs::print_start(folder, &kept.path.name, length));
        let now = now.transpose()?.flatten();
        if !is_withdrawn && !State::is(now.as_ref(), kept.print.as_ref()) {
            return Ok(Some(&kept.path));
        }
    }
    Ok(None)
}

/// Moves every file that is still in the folder of the run into place, having kept what it replaces.
pub(super) fn roll_forward(directory: &OwnedFd, journal: &OwnedFd, manifest: &Manifest) -> io::Result<()> {
    let old = old_folder(journal)?;
    for (folder, names) in by_folder(manifest) {
        let Some(folder) = folder else {
            place(directory, journal, &old, &names)?;
            continue;
        };
        let Some(staged) = fs::open_subdirectory(journal, folder)? else { continue };
        match fs::open_subdirectory(directory, folder)? {
            Some(target) => {
                fs::make_subdirectory_if_missing(&old, folder)?;
                let old = fs::open_subdirectory(&old, folder)?.ok_or(io::ErrorKind::NotFound)?;
                place(&target, &staged, &old, &names)?;
                fs::sync_directory(target)?;
            }
            // Somebody withdrew it.
            None if manifest.folders.iter().any(|known| known == folder) => {}
            None => fs::rename(journal, folder, directory, folder)?,
        }
    }
    fs::sync_directory(directory)
}

/// The names of the files by their folders, in the order in which they are put into place: `ca.srl` first.
fn by_folder(manifest: &Manifest) -> BTreeMap<Option<&str>, Vec<&str>> {
    let order = |name: &str| {
        FileRole::ALL.iter().position(|role| role.file_name() == name).unwrap_or(FileRole::ALL.len())
    };
    let mut folders: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for change in &manifest.files {
        folders.entry(change.path.folder.as_deref()).or_default().push(change.path.name.as_str());
    }
    folders.values_mut().for_each(|names| names.sort_by_key(|name| order(name)));
    folders
}

fn place(directory: &OwnedFd, staged: &OwnedFd, old: &OwnedFd, names: &[&str]) -> io::Result<()> {
    let mut waiting = Vec::new();
    for name in names {
        if exists(staged, *name)? {
            waiting.push(*name);
        }
    }
    let mut replaces = false;
    for name in &waiting {
        if exists(directory, *name)? {
            replaces = true;
            if !exists(old, *name)? {
                fs::link_or_move(directory, old, name)?;
            }
        }
    }
    if replaces {
        fs::sync_directory(old)?;
    }
    for name in &waiting {
        fs::rename(staged, name, directory, name)?;
    }
    Ok(())
}

/// Puts back what the run had replaced, takes out what it had added, and goes back to the staged state. Each
/// step leaves a directory in which the run can be completed, or this gone on with.
pub(super) fn roll_back(directory: &OwnedFd, journal: &OwnedFd, manifest: &Manifest) -> io::Result<()> {
    for change in manifest.files.iter().rev() {
        let folder = change.path.folder.as_deref();
        let Folders { target: Some(target), old, .. } = Folders::open(directory, journal, folder)? else {
            continue;
        };
        let name = change.path.name.as_str();
        let old = match old.filter(|_| change.old.is_some()) {
            Some(old) => exists(&old, name)?.then_some(old),
            None => None,
        };
        let can_be_old = change.old.is_none() || old.is_some();
        let staged = match folder {
            Some(folder) => {
                fs::make_subdirectory_if_missing(journal, folder)?;
                fs::open_subdirectory(journal, folder)?.ok_or(io::ErrorKind::NotFound)?
            }
            None => journal.try_clone()?,
        };
        let is_placed =
            !exists(&staged, name)? && State::is(fs::print(&target, name)?.as_ref(), Some(&change.new));
        if is_placed && can_be_old {
            // Back to where it was staged: should this end here, the run can still be completed.
            fs::rename(&target, name, &staged, name)?;
        }
        if let Some(old) = old {
            fs::rename(&old, name, &target, name)?;
        }
        if let Some(folder) = folder.filter(|folder| !manifest.folders.iter().any(|known| known == folder))
            && fs::list(&target)?.is_empty()
        {
            fs::remove_subdirectory(directory, folder)?;
        }
    }
    fs::sync_directory(directory)?;
    fs::rename(directory, COMMIT, directory, STAGED)
}

/// Keeps the CA of a run that is undone in `backup-undone/`: its key was in its place, and somebody may have
/// signed with it.
fn keep_ca(directory: &OwnedFd, manifest: &Manifest) -> io::Result<()> {
    let Some(staged) = fs::open_subdirectory(directory, STAGED)? else { return Ok(()) };
    let name = free_name(directory, &format!("{BACKUP_PREFIX}undone"))?;
    let backup = fs::make_subdirectory(directory, &name)?;
    for change in &manifest.files {
        let is_of_ca =
            FileRole::ALL.iter().any(|role| role.kind().is_none() && role.file_name() == change.path.name);
        let folder = match &change.path.folder {
            Some(folder) => fs::open_subdirectory(&staged, folder)?,
            None => Some(staged.try_clone()?),
        };
        if let Some(folder) = folder.filter(|_| is_of_ca)
            && exists(&folder, change.path.name.as_str())?
        {
            fs::rename(&folder, &change.path.name, &backup, &change.path.name)?;
        }
    }
    fs::sync_directory(backup)?;
    fs::sync_directory(directory)
}

/// Puts the backup beside the new files, or removes what was replaced; then the folder itself, the manifest
/// last. This need not reach the disk now: after a power cut it is done again.
pub(super) fn finish(directory: &OwnedFd, journal: &OwnedFd, manifest: &Manifest) -> io::Result<()> {
    for name in fs::list(journal)? {
        let backup = manifest.backup.as_deref().filter(|backup| name.to_str() == Some(&hidden(backup)));
        match backup {
            Some(backup) => {
                let free = free_name(directory, backup)?;
                fs::rename(journal, &hidden(backup), directory, &free)?;
            }
            None if name == manifest::NAME => {}
            None => match fs::entry(journal, &name)? {
                Entry::Folder => fs::remove_tree(journal, name.as_os_str())?,
                _ => fs::remove_file(journal, &name)?,
            },
        }
    }
    fs::remove_file(journal, manifest::NAME)?;
    fs::remove_subdirectory(directory, COMMIT)
}

/// A name that is not taken, even by a run in the same second.
pub(super) fn free_name(directory: &OwnedFd, first: &str) -> io::Result<String> {
    let mut name = first.to_owned();
    let mut count = 1;
    while exists(directory, name.as_str())? {
        count += 1;
        name = format!("{first}-{count}");
    }
    Ok(name)
}

/// Removes what was staged.
pub(super) fn discard(directory: &OwnedFd) -> io::Result<()> {
    if exists(directory, STAGED)? {
        fs::remove_tree(directory, STAGED)?;
        fs::sync_directory(directory)?;
    }
    Ok(())
}

/// Whether `ca.srl` is missing, or behind this number of the same CA.
pub(super) fn is_serial_behind(directory: &OwnedFd, serial: &str) -> io::Result<bool> {
    Ok(match fs::read(directory, FileRole::CaSerial.file_name())? {
        fs::Content::Bytes(content) => {
            let counters =
                SerialCounter::parse(&content).ok().zip(SerialCounter::parse(serial.as_bytes()).ok());
            counters.is_some_and(|(now, counter)| now.will_reach(counter.last()))
        }
        fs::Content::Absent => true,
        fs::Content::NotAFile | fs::Content::TooLarge => false,
    })
}

/// Brings `ca.srl` to where the run had it, if it is behind: a number that may be in a certificate is never
/// given out again, whatever else is taken back.
fn advance_serial(directory: &OwnedFd, journal: &OwnedFd, manifest: &Manifest) -> io::Result<()> {
    let Some(serial) = manifest.serial.as_ref().filter(|_| manifest.is_same_ca) else { return Ok(()) };
    let name = FileRole::CaSerial.file_name();
    if !is_serial_behind(directory, serial)? {
        return Ok(());
    }
    let permissions = match exists(directory, name)? {
        true => Some(fs::permissions(directory, name)?),
        false => None,
    };
    let mode = permissions.as_ref().map_or(FileMode::PUBLIC, |permissions| permissions.mode);
    let owner = permissions.as_ref().map(|permissions| permissions.owner);
    if exists(journal, name)? {
        fs::remove_file(journal, name)?;
    }
    let content = serial.as_bytes();
    let created = fs::create(journal, name, content, mode, owner, None, Protection::GivenUp)?;
    fs::sync(&created.file)?;
    fs::rename(journal, name, directory, name)?;
    fs::sync_directory(directory)
}

/// The folder for what is replaced.
fn old_folder(journal: &OwnedFd) -> io::Result<OwnedFd> {
    match find_old(journal)? {
        Some(folder) => Ok(folder),
        // The last step of a run that had kept a backup: nothing is left to replace.
        None => fs::make_subdirectory(journal, OLD),
    }
}

fn find_old(journal: &OwnedFd) -> io::Result<Option<OwnedFd>> {
    let is_old = |name: &std::ffi::OsString| {
        name == OLD || name.to_str().is_some_and(|name| name.starts_with(HIDDEN_BACKUP))
    };
    let old = fs::list(journal)?.into_iter().find(is_old);
    old.map(|name| fs::open_subdirectory(journal, &name)).transpose().map(Option::flatten)
}
