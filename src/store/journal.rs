//! The hidden folder that every change passes through, and what its name says after a crash.
//!
//! - `.milvus-certs-staged`: new files are being written. Nothing has changed; it is discarded.
//! - `.milvus-certs-commit`: all new files are complete and synced. Those still in it are to be
//!   moved into place; every state in between is completed by [`roll_forward`], and the inverse
//!   moves of [`roll_back`] lead only through such states.
//!
//! In it, files lie as they are to lie in the directory: some in folders. One more folder receives what
//! is replaced: `.old`, removed in the end, or `.backup-…`, moved beside the new files in the end.

use std::io;
use std::os::fd::OwnedFd;

use super::fs::{self, Entry, exists};
use super::{FileRole, RelativePath};

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
    /// It had not; what it had written was removed.
    RolledBack,
}

/// Whether an interrupted run left something to do.
pub(super) fn is_interrupted(directory: &OwnedFd) -> io::Result<bool> {
    Ok(exists(directory, COMMIT)? || exists(directory, STAGED)?)
}

/// Completes or rolls back an interrupted run.
pub(super) fn recover(directory: &OwnedFd) -> io::Result<Option<Recovery>> {
    if let Some(commit) = fs::open_subdirectory(directory, COMMIT)? {
        roll_forward(directory, &commit)?;
        finish(directory, &commit)?;
        return Ok(Some(Recovery::Completed));
    }
    if exists(directory, STAGED)? {
        discard(directory)?;
        return Ok(Some(Recovery::RolledBack));
    }
    Ok(None)
}

/// Moves every file that is still in `commit` into place, having kept what it replaces.
pub(super) fn roll_forward(directory: &OwnedFd, commit: &OwnedFd) -> io::Result<()> {
    let old = old_folder(commit)?;
    place_files(directory, commit, &old)?;
    for folder in staged_folders(commit)? {
        place_folder(directory, commit, &old, &folder)?;
    }
    fs::sync_directory(directory)
}

/// Moves a folder as a whole where nothing is in its way, or else the files in it.
fn place_folder(directory: &OwnedFd, commit: &OwnedFd, old: &OwnedFd, folder: &str) -> io::Result<()> {
    let Some(target) = fs::open_subdirectory(directory, folder)? else {
        return fs::rename(commit, folder, directory, folder);
    };
    let Some(staged) = fs::open_subdirectory(commit, folder)? else { return Ok(()) };
    fs::make_subdirectory_if_missing(old, folder)?;
    let old = fs::open_subdirectory(old, folder)?.ok_or(io::ErrorKind::NotFound)?;
    place_files(&target, &staged, &old)?;
    fs::sync_directory(target)
}

fn place_files(directory: &OwnedFd, staged: &OwnedFd, old: &OwnedFd) -> io::Result<()> {
    let waiting = staged_files(staged)?;
    let mut replaces = false;
    for name in &waiting {
        if exists(directory, name)? {
            replaces = true;
            if !exists(old, name)? {
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

/// The inverse of [`roll_forward`] for these files, and then back to the staged state.
pub(super) fn roll_back(directory: &OwnedFd, commit: &OwnedFd, files: &[RelativePath]) -> io::Result<()> {
    let old = old_folder(commit)?;
    for file in files.iter().rev() {
        match file.folder() {
            None => take_back(directory, commit, Some(&old), file.name())?,
            Some(folder) => take_back_in_folder(directory, commit, &old, folder, file.name())?,
        }
    }
    fs::sync_directory(directory)?;
    fs::rename(directory, COMMIT, directory, STAGED)
}

fn take_back_in_folder(
    directory: &OwnedFd,
    commit: &OwnedFd,
    old: &OwnedFd,
    folder: &str,
    name: &str,
) -> io::Result<()> {
    let Some(staged) = fs::open_subdirectory(commit, folder)? else {
        return fs::rename(directory, folder, commit, folder);
    };
    let Some(target) = fs::open_subdirectory(directory, folder)? else { return Ok(()) };
    take_back(&target, &staged, fs::open_subdirectory(old, folder)?.as_ref(), name)?;
    fs::sync_directory(target)
}

fn take_back(directory: &OwnedFd, staged: &OwnedFd, old: Option<&OwnedFd>, name: &str) -> io::Result<()> {
    if !exists(staged, name)? {
        fs::rename(directory, name, staged, name)?;
    }
    match old {
        Some(old) if exists(old, name)? => fs::rename(old, name, directory, name),
        _ => Ok(()),
    }
}

/// Puts the backup beside the new files, or removes what was replaced; then the folder itself. This
/// need not reach the disk now: after a power cut it is done again.
pub(super) fn finish(directory: &OwnedFd, commit: &OwnedFd) -> io::Result<()> {
    for name in fs::list(commit)? {
        match name.strip_prefix('.').filter(|_| name.starts_with(HIDDEN_BACKUP)) {
            Some(backup) => fs::rename(commit, &name, directory, backup)?,
            None => fs::remove_tree(commit, &name)?,
        }
    }
    fs::remove_subdirectory(directory, COMMIT)
}

/// Removes what was staged; nothing had been put into place but perhaps `ca.srl`.
pub(super) fn discard(directory: &OwnedFd) -> io::Result<()> {
    let Some(staged) = fs::open_subdirectory(directory, STAGED)? else {
        return Ok(());
    };
    let serial = FileRole::CaSerial.file_name();
    for name in fs::list(&staged)?.into_iter().filter(|name| is_old(name)) {
        let Some(old) = fs::open_subdirectory(&staged, &name)? else { continue };
        // Where there are no hard links the old one was moved: it must not be lost.
        if !exists(directory, serial)? && exists(&old, serial)? {
            fs::rename(&old, serial, directory, serial)?;
        }
    }
    fs::remove_tree(directory, STAGED)?;
    fs::sync_directory(directory)
}

/// The folder for what is replaced.
pub(super) fn old_folder(parent: &OwnedFd) -> io::Result<OwnedFd> {
    let old = fs::list(parent)?.into_iter().find(|name| is_old(name));
    match old.map(|name| fs::open_subdirectory(parent, &name)).transpose()?.flatten() {
        Some(folder) => Ok(folder),
        // The last step of a run that had kept a backup: nothing is left to replace.
        None => fs::make_subdirectory(parent, OLD),
    }
}

fn is_old(name: &str) -> bool {
    name == OLD || name.starts_with(HIDDEN_BACKUP)
}

/// The files of a staged folder, in the order in which they are put into place: `ca.srl` first.
fn staged_files(folder: &OwnedFd) -> io::Result<Vec<String>> {
    let place = |name: &str| FileRole::ALL.iter().position(|role| role.file_name() == name);
    let mut files = entries(folder, |entry| matches!(entry, Entry::File { .. }))?;
    files.sort_by_key(|name| place(name).unwrap_or(FileRole::ALL.len()));
    Ok(files)
}

fn staged_folders(folder: &OwnedFd) -> io::Result<Vec<String>> {
    let mut folders = entries(folder, |entry| matches!(entry, Entry::Folder))?;
    folders.retain(|name| !is_old(name));
    Ok(folders)
}

fn entries(folder: &OwnedFd, wanted: fn(&Entry) -> bool) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for name in fs::list(folder)? {
        if wanted(&fs::entry(folder, &name)?) {
            names.push(name);
        }
    }
    Ok(names)
}
