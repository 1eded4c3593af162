//! The hidden folder that every change passes through, and what its name says after a crash.
//!
//! - `.milvus-certs-staged`: new files are being written. Nothing has changed; it is discarded.
//! - `.milvus-certs-commit`: all new files are complete and synced. Those still in it are to be
//!   moved into place; every state in between is completed by [`roll_forward`], and the inverse
//!   moves of [`roll_back`] lead only through such states.
//!
//! The one folder inside it receives the files that are replaced: `old`, removed in the end, or
//! `backup-…`, moved beside the new files in the end.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use super::FileRole;
use super::fs::{self, exists};

pub(super) const STAGED: &str = ".milvus-certs-staged";
pub(super) const COMMIT: &str = ".milvus-certs-commit";
pub(super) const OLD: &str = "old";
pub(super) const BACKUP_PREFIX: &str = "backup-";

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
    let mut waiting = Vec::new();
    for name in FileRole::ALL.map(FileRole::file_name) {
        if exists(commit, name)? {
            waiting.push(name);
        }
    }
    let mut replaces = false;
    for name in &waiting {
        if exists(directory, name)? {
            replaces = true;
            if !exists(&old, name)? {
                fs::link_or_move(directory, &old, name)?;
            }
        }
    }
    if replaces {
        fs::sync_directory(&old)?;
    }
    for name in &waiting {
        fs::rename(commit, name, directory, name)?;
    }
    fs::sync_directory(directory)
}

/// The inverse of [`roll_forward`] for these files, and then back to the staged state.
pub(super) fn roll_back(directory: &OwnedFd, commit: &OwnedFd, names: &[&str]) -> io::Result<()> {
    let old = old_folder(commit)?;
    for name in names.iter().rev() {
        if !exists(commit, name)? {
            fs::rename(directory, name, commit, name)?;
        }
        if exists(&old, name)? {
            fs::rename(&old, name, directory, name)?;
        }
    }
    fs::sync_directory(directory)?;
    fs::rename(directory, COMMIT, directory, STAGED)
}

/// Puts the backup beside the new files, or removes what was replaced; then the folder itself. This
/// need not reach the disk now: after a power cut it is done again.
pub(super) fn finish(directory: &OwnedFd, commit: &OwnedFd) -> io::Result<()> {
    match fs::list(commit)?.into_iter().find(|name| name.starts_with(BACKUP_PREFIX)) {
        Some(backup) => fs::rename(commit, &backup, directory, &backup)?,
        None => remove_folder(commit, OLD)?,
    }
    fs::remove_subdirectory(directory, COMMIT)
}

/// Removes what was staged; nothing had been put into place but perhaps `ca.srl`.
pub(super) fn discard(directory: &OwnedFd) -> io::Result<()> {
    let Some(staged) = fs::open_subdirectory(directory, STAGED)? else {
        return Ok(());
    };
    let serial = FileRole::CaSerial.file_name();
    for name in fs::list(&staged)? {
        let Some(old) = fs::open_if_directory(&staged, &name)? else {
            fs::remove_file(&staged, &name)?;
            continue;
        };
        // Where there are no hard links the old one was moved: it must not be lost.
        if !exists(directory, serial)? && exists(&old, serial)? {
            fs::rename(&old, serial, directory, serial)?;
        }
        remove_folder(&staged, &name)?;
    }
    fs::remove_subdirectory(directory, STAGED)?;
    fs::sync_directory(directory)
}

/// Removes a folder of files.
fn remove_folder(parent: impl AsFd, name: &str) -> io::Result<()> {
    let Some(folder) = fs::open_subdirectory(&parent, name)? else {
        return Ok(());
    };
    for file in fs::list(&folder)? {
        fs::remove_file(&folder, &file)?;
    }
    fs::remove_subdirectory(parent, name)
}

/// The folder for what is replaced.
pub(super) fn old_folder(parent: &OwnedFd) -> io::Result<OwnedFd> {
    for name in fs::list(parent)? {
        let is_old = name == OLD || name.starts_with(BACKUP_PREFIX);
        if let (true, Some(folder)) = (is_old, fs::open_if_directory(parent, &name)?) {
            return Ok(folder);
        }
    }
    // The last step of a run that had kept a backup: nothing is left to replace.
    fs::make_subdirectory(parent, OLD)
}
