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
use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, Instant};
use std::{io, thread};

use crate::base::error::{Error, ErrorKind};
use crate::store::error::{about, quoted, unfinished};
use crate::store::fs::{self, Content, Entry, Print, exists};
use crate::store::layout::{FileRole, RelativePath, path_of};
use crate::store::lock::{self, Holding};
use crate::store::manifest::{self, Change, Manifest};
use crate::store::mode::{FileMode, Protection};
use crate::x509::SerialCounter;

pub(super) const STAGED: &str = ".milvus-certs-staged";
pub(super) const COMMIT: &str = ".milvus-certs-commit";
/// No file and no folder that is staged begins with a dot.
pub(super) const OLD: &str = ".old";
const HIDDEN_BACKUP: &str = ".backup-";
pub(super) const BACKUP_PREFIX: &str = "backup-";

/// How long whoever waits for another run sleeps before they look again.
pub(super) const POLL: Duration = Duration::from_millis(20);

/// What a backup is called until it is complete.
pub(super) fn hidden(backup: &str) -> String {
    format!(".{backup}")
}

/// What became of an interrupted run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recovery {
    /// It had decided on all its files; the missing ones were put into place.
    Completed,
    /// It had not, or somebody took back what it had done; what it had written was removed.
    RolledBack,
    /// The same, and its CA, whose key was in its place, is kept in a folder `backup-undone`.
    RolledBackKeepingCa,
}

/// What became of it, and the last serial number that it had taken from a CA in another directory.
#[derive(Debug)]
pub(super) struct Recovered {
    pub(super) recovery: Recovery,
    pub(super) serial: Option<String>,
}

/// What an interrupted run left in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Interruption {
    /// The next run of this user completes or undoes it.
    Own,
    /// It is not interrupted, but has been putting files into place for a while.
    AtWork,
    /// It is not this user's, and the next run does not touch it.
    NotOwn {
        /// The name of the folder that holds it.
        journal: &'static str,
        reason: String,
    },
}

/// Why an interrupted run can be neither completed nor undone.
#[derive(Debug)]
pub(super) enum Obstacle {
    Io(io::Error),
    /// The folder of the run is not this user's, for this reason.
    NotOwn {
        journal: &'static str,
        reason: String,
    },
    /// A file is neither what the run found nor what it was to put there.
    Changed(RelativePath),
}

impl From<io::Error> for Obstacle {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Obstacle {
    /// As an error about a directory.
    pub(super) fn in_directory(self, directory: &Path) -> Error {
        let below = |journal| path_of(directory, RelativePath::in_directory(journal));
        let remove = |journal| format!("`rm -r {}`", quoted(&below(journal)));
        let (path, what, hint) = match self {
            Self::Io(source) => return unfinished(directory, source),
            Self::NotOwn { journal, reason } => (
                below(journal),
                format!("is what an interrupted run leaves, but was not left by a run of yours: {reason}"),
                format!(
                    "{} removes it, and leaves the files beside it as they are; or let whoever left it run this",
                    remove(journal)
                ),
            ),
            Self::Changed(file) => (
                path_of(directory, &file),
                "was changed after a run was interrupted, which can now be neither completed nor undone"
                    .into(),
                format!(
                    "put {} back as it was and run this again; or {} leaves all files as they are now, and removes what the run had kept of the old ones (look into it first)",
                    path_of(directory, &file).display(),
                    remove(COMMIT)
                ),
            ),
        };
        about(&path, what).of_kind(ErrorKind::Blocked).with_hint(hint)
    }
}

/// What a run left that is not at work.
enum Left {
    Decided(OwnedFd, Manifest),
    Staged,
    /// Not by a run of this user, for this reason.
    NotOwn {
        journal: &'static str,
        reason: String,
    },
}

/// Opens one of the two folders, or says why no run of this user left it. An empty one says nothing.
fn find(directory: &OwnedFd, journal: &str) -> io::Result<Option<Result<OwnedFd, String>>> {
    let not_own = |reason: &str| Ok(Some(Err(reason.to_owned())));
    match fs::entry(directory, journal)? {
        Entry::Absent => return Ok(None),
        Entry::Folder => {}
        Entry::SymbolicLink => return not_own("it is a symbolic link"),
        Entry::File { .. } | Entry::Other => return not_own("it is not a folder"),
    }
    match fs::open_subdirectory(directory, journal) {
        // Only its owner can look into it.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => not_own("you may not open it"),
        opened => match opened? {
            Some(folder) if !fs::list(&folder)?.is_empty() => Ok(Some(Ok(folder))),
            _ => Ok(None),
        },
    }
}

/// What a run left, if none is at work.
fn left(directory: &OwnedFd, protection: Protection) -> io::Result<Option<Left>> {
    for journal in [COMMIT, STAGED] {
        let Some(found) = find(directory, journal)? else { continue };
        let own = match found {
            Err(reason) => Err(reason),
            Ok(folder) if journal == COMMIT => Manifest::read(directory, &folder, protection)?
                .map(|manifest| Left::Decided(folder, manifest)),
            Ok(folder) => manifest::not_own(&folder, protection)?.map_or(Ok(Left::Staged), Err),
        };
        return Ok(Some(own.unwrap_or_else(|reason| Left::NotOwn { journal, reason })));
    }
    Ok(None)
}

/// Whether a run has decided on new files, and has not put them all into place.
pub(super) fn is_decided(directory: &OwnedFd) -> io::Result<bool> {
    Ok(find(directory, COMMIT)?.is_some())
}

/// What an interrupted run left in a folder; nothing where a run is at work. Whoever cannot tell waits a
/// moment, since a run that is at work goes on.
pub(super) fn interruption(directory: &OwnedFd) -> io::Result<Option<Interruption>> {
    const PATIENCE: Duration = Duration::from_secs(1);
    let start = Instant::now();
    loop {
        let is_decided = is_decided(directory)?;
        if !is_decided && find(directory, STAGED)?.is_none() {
            return Ok(None);
        }
        let is_over = start.elapsed() > PATIENCE;
        let own = match lock::holding(directory)? {
            Holding::Nobody => Interruption::Own,
            Holding::Unknown if is_over => Interruption::Own,
            // What is only staged changes nothing.
            Holding::Run if !is_decided => return Ok(None),
            Holding::Run if is_over => Interruption::AtWork,
            Holding::Run | Holding::Unknown => {
                thread::sleep(POLL);
                continue;
            }
        };
        return Ok(left(directory, Protection::Required)?.map(|left| match left {
            Left::NotOwn { journal, reason } => Interruption::NotOwn { journal, reason },
            Left::Decided(..) | Left::Staged => own,
        }));
    }
}

pub(super) fn recover(directory: &OwnedFd, protection: Protection) -> Result<Option<Recovered>, Obstacle> {
    // An empty folder is in the way of the next run.
    for journal in [COMMIT, STAGED] {
        if fs::entry(directory, journal)? == Entry::Folder && find(directory, journal)?.is_none() {
            fs::remove_subdirectory(directory, journal)?;
        }
    }
    match left(directory, protection)? {
        None => Ok(None),
        Some(Left::Decided(journal, manifest)) => {
            let recovery = Run { directory, journal: &journal, manifest: &manifest }.recover()?;
            Ok(Some(Recovered { recovery, serial: manifest.ca_serial }))
        }
        Some(Left::Staged) => {
            discard(directory)?;
            Ok(Some(Recovered { recovery: Recovery::RolledBack, serial: None }))
        }
        Some(Left::NotOwn { journal, reason }) => Err(Obstacle::NotOwn { journal, reason }),
    }
}

/// A run that has decided on its files.
pub(super) struct Run<'a> {
    pub(super) directory: &'a OwnedFd,
    pub(super) journal: &'a OwnedFd,
    pub(super) manifest: &'a Manifest,
}

/// What has become of a file of a manifest.
struct State<'a> {
    path: &'a RelativePath,
    /// The folder that it was in is gone: somebody withdrew it, whatever it was to hold.
    is_withdrawn: bool,
    is_new: bool,
    is_old: bool,
    /// Putting the new file there overwrites nothing but what the run found.
    can_be_new: bool,
    /// Putting the old file back overwrites nothing but what the run put there.
    can_be_old: bool,
}

fn is_same(print: Option<&Print>, other: Option<&Print>) -> bool {
    match (print, other) {
        (Some(one), Some(other)) => one.is_of_same(other),
        (None, None) => true,
        _ => false,
    }
}

impl Run<'_> {
    fn recover(&self) -> Result<Recovery, Obstacle> {
        let states = self.states()?;
        let changed_kept = self.changed_kept()?;
        if changed_kept.is_none() && states.iter().all(|state| state.can_be_new) {
            self.advance_serial()?;
            self.roll_forward()?;
            // What is replaced goes only when everything is in its place.
            if let Some(state) = self.states()?.iter().find(|state| !state.is_withdrawn && !state.is_new) {
                return Err(Obstacle::Changed(state.path.clone()));
            }
            self.finish()?;
            return Ok(Recovery::Completed);
        }
        if !states.iter().all(|state| state.can_be_old) {
            let mut not_new = states.iter().filter(|state| !state.can_be_new);
            // Or one was put back, and another cannot be.
            let put_back = not_new.clone().next();
            let neither = not_new.find(|state| !state.can_be_old);
            let path = |state: &State<'_>| state.path.clone();
            let changed = neither.map(path).or(changed_kept.cloned()).or(put_back.map(path));
            return Err(Obstacle::Changed(changed.unwrap_or_else(|| RelativePath::in_directory(COMMIT))));
        }
        let is_ca_key = |state: &&State<'_>| state.path.name() == FileRole::CaKey.file_name();
        let was_ca_used = states.iter().filter(is_ca_key).any(|state| state.is_new && !state.is_old);
        self.advance_serial()?;
        self.roll_back()?;
        if was_ca_used {
            self.keep_ca()?;
        }
        discard(self.directory)?;
        Ok(if was_ca_used { Recovery::RolledBackKeepingCa } else { Recovery::RolledBack })
    }

    fn states(&self) -> io::Result<Vec<State<'_>>> {
        let Self { directory, journal, manifest } = self;
        let all_old = find_old(journal)?;
        let mut states = Vec::new();
        for Change { path, old, new } in &manifest.files {
            let current = fs::print_at(directory, path)?;
            let staged = fs::print_at(journal, path)?;
            let kept = all_old.as_ref().map_or(Ok(None), |old| fs::print_at(old, path))?;
            let is_withdrawn = match path.folder() {
                Some(folder) if exists(directory, folder)? => false,
                Some(folder) => manifest.had_folder(folder) || !exists(journal, folder)?,
                None => false,
            };
            // Another program may have taken numbers from `ca.srl` since.
            let is_serial = *path == FileRole::CaSerial.into();
            let is_new = is_serial && has_advanced(directory, manifest.serial.as_deref())?
                || is_same(current.as_ref(), Some(new));
            let is_old = is_serial && has_advanced(directory, manifest.old_serial.as_deref())?
                || is_same(current.as_ref(), old.as_ref());
            let is_staged = is_same(staged.as_ref(), Some(new));
            let is_kept = old.is_none() || is_same(kept.as_ref(), old.as_ref());
            states.push(State {
                path,
                is_withdrawn,
                is_new,
                is_old,
                can_be_new: is_withdrawn || is_new || is_staged && (is_old || current.is_none()),
                can_be_old: is_withdrawn || is_old || is_kept && (is_new || current.is_none()),
            });
        }
        Ok(states)
    }

    /// The first of the files that stay, and that the new ones belong to, that is not as it was.
    fn changed_kept(&self) -> io::Result<Option<&RelativePath>> {
        for kept in &self.manifest.kept {
            // What was withdrawn is not needed any more.
            let Some(folder) = fs::open_folder(self.directory, kept.path.folder())? else { continue };
            let length = match &kept.print {
                Some(print) if kept.grows => print.size,
                _ => u64::MAX,
            };
            let now = fs::print_start(folder, kept.path.name(), length)?;
            if !is_same(now.as_ref(), kept.print.as_ref()) {
                return Ok(Some(&kept.path));
            }
        }
        Ok(None)
    }

    /// Moves every file that is still in the folder of the run into place, having kept what it replaces.
    pub(super) fn roll_forward(&self) -> io::Result<()> {
        let Self { directory, journal, manifest } = self;
        let old = match find_old(journal)? {
            Some(folder) => folder,
            // The last step of a run that had kept a backup: nothing is left to replace.
            None => fs::make_subdirectory(journal, OLD)?,
        };
        for (folder, names) in self.by_folder() {
            let Some(folder) = folder else {
                place(directory, journal, &old, &names)?;
                continue;
            };
            let Some(staged) = fs::open_subdirectory(journal, folder)? else { continue };
            match fs::open_subdirectory(directory, folder)? {
                Some(target) => {
                    place(&target, &staged, &fs::open_or_make_folder(&old, Some(folder))?, &names)?;
                    fs::sync_directory(target)?;
                }
                // Somebody withdrew it.
                None if manifest.had_folder(folder) => {}
                None => fs::rename(journal, folder, directory, folder)?,
            }
        }
        fs::sync_directory(directory)
    }

    /// The names of the files by their folders, in the order in which they are put into place: `ca.srl` first.
    fn by_folder(&self) -> BTreeMap<Option<&str>, Vec<&str>> {
        let order =
            |name: &str| FileRole::ALL.iter().position(|role| role.file_name() == name).unwrap_or(usize::MAX);
        let mut folders: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for Change { path, .. } in &self.manifest.files {
            folders.entry(path.folder()).or_default().push(path.name());
        }
        folders.values_mut().for_each(|names| names.sort_by_key(|name| order(name)));
        folders
    }

    /// Puts back what the run had replaced, takes out what it had added, and goes back to the staged state.
    /// Each step leaves a directory in which the run can be completed, or this gone on with.
    pub(super) fn roll_back(&self) -> io::Result<()> {
        let Self { directory, journal, manifest } = self;
        let all_old = find_old(journal)?;
        for change in manifest.files.iter().rev() {
            let (folder, name) = (change.path.folder(), change.path.name());
            let Some(target) = fs::open_folder(directory, folder)? else { continue };
            let old = all_old.as_ref().map(|old| fs::open_folder(old, folder)).transpose()?.flatten();
            let old = match old.filter(|_| change.old.is_some()) {
                Some(old) => exists(&old, name)?.then_some(old),
                None => None,
            };
            let can_be_old = change.old.is_none() || old.is_some();
            let staged = fs::open_or_make_folder(journal, folder)?;
            let is_placed =
                !exists(&staged, name)? && is_same(fs::print(&target, name)?.as_ref(), Some(&change.new));
            if is_placed && can_be_old {
                // Back to where it was staged: should this end here, the run can still be completed.
                fs::rename(&target, name, &staged, name)?;
            }
            if let Some(old) = old {
                fs::rename(&old, name, &target, name)?;
            }
            if let Some(folder) = folder.filter(|folder| !manifest.had_folder(folder))
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
    fn keep_ca(&self) -> io::Result<()> {
        let directory = self.directory;
        let Some(staged) = fs::open_subdirectory(directory, STAGED)? else { return Ok(()) };
        let name = free_name(directory, &format!("{BACKUP_PREFIX}undone"))?;
        let backup = fs::make_subdirectory(directory, &name)?;
        for Change { path, .. } in &self.manifest.files {
            let is_of_ca =
                FileRole::ALL.iter().any(|role| role.kind().is_none() && role.file_name() == path.name());
            if let Some(folder) = fs::open_folder(&staged, path.folder())?.filter(|_| is_of_ca)
                && exists(&folder, path.name())?
            {
                fs::rename(&folder, path.name(), &backup, path.name())?;
            }
        }
        fs::sync_directory(backup)?;
        fs::sync_directory(directory)
    }

    /// Puts the backup beside the new files, or removes what was replaced; then the folder itself, the manifest
    /// last. This need not reach the disk now: after a power cut it is done again.
    pub(super) fn finish(&self) -> io::Result<()> {
        let Self { directory, journal, manifest } = self;
        for name in fs::list(journal)? {
            let backup = manifest.backup.as_deref().filter(|backup| name.to_str() == Some(&hidden(backup)));
            match backup {
                Some(backup) => {
                    let free = free_name(directory, backup)?;
                    fs::rename(journal, &hidden(backup), directory, &free)?;
                }
                None if name == manifest::NAME => {}
                None => fs::remove(journal, &name)?,
            }
        }
        fs::remove_file(journal, manifest::NAME)?;
        fs::remove_subdirectory(directory, COMMIT)
    }

    /// Brings `ca.srl` to where the run had it, if it is behind: a number that may be in a certificate is never
    /// given out again, whatever else is taken back.
    fn advance_serial(&self) -> io::Result<()> {
        let Self { directory, journal, manifest } = self;
        let Some(serial) = manifest.serial.as_ref().filter(|_| manifest.is_same_ca) else { return Ok(()) };
        let name = FileRole::CaSerial.file_name();
        if !is_serial_behind(directory, serial)? {
            return Ok(());
        }
        let (mode, owner) = match exists(directory, name)? {
            true => fs::state(directory, name).map(|state| (state.mode, Some(state.owner)))?,
            false => (FileMode::PUBLIC, None),
        };
        if exists(journal, name)? {
            fs::remove_file(journal, name)?;
        }
        let created = fs::create(journal, name, serial.as_bytes(), mode, owner, None, Protection::GivenUp)?;
        fs::sync(&created.file)?;
        fs::rename(journal, name, directory, name)?;
        fs::sync_directory(directory)
    }
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

/// The folder for what is replaced.
fn find_old(journal: &OwnedFd) -> io::Result<Option<OwnedFd>> {
    let is_old =
        |name: &OsString| name == OLD || name.to_str().is_some_and(|name| name.starts_with(HIDDEN_BACKUP));
    let old = fs::list(journal)?.into_iter().find(is_old);
    old.map(|name| fs::open_subdirectory(journal, &name)).transpose().map(Option::flatten)
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

pub(super) fn discard(directory: &OwnedFd) -> io::Result<()> {
    if exists(directory, STAGED)? {
        fs::remove(directory, STAGED.as_ref())?;
        fs::sync_directory(directory)?;
    }
    Ok(())
}

/// Whether `ca.srl` is missing, or behind this number of the same CA.
pub(super) fn is_serial_behind(directory: &OwnedFd, serial: &str) -> io::Result<bool> {
    Ok(match fs::read(directory, FileRole::CaSerial.file_name())? {
        Content::Absent => true,
        Content::Bytes(content) => reaches(&content, serial.as_bytes()),
        Content::NotAFile | Content::TooLarge => false,
    })
}

/// Whether `ca.srl` is this one, from which numbers have been taken.
fn has_advanced(directory: &OwnedFd, from: Option<&str>) -> io::Result<bool> {
    Ok(match (from, fs::read(directory, FileRole::CaSerial.file_name())?) {
        (Some(from), Content::Bytes(now)) => reaches(from.as_bytes(), &now),
        _ => false,
    })
}

/// Whether a `ca.srl` becomes another when numbers are taken from it.
fn reaches(from: &[u8], to: &[u8]) -> bool {
    let counters = SerialCounter::parse(from).ok().zip(SerialCounter::parse(to).ok());
    counters.is_some_and(|(from, to)| from.will_reach(to.last()))
}
