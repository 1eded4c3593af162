use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;

use super::directory::{lock, make_folders, open};
use super::fs::{self, Entry};
use super::{Error, FileMode};

/// A file that goes into a folder of the person's choice.
#[derive(Debug)]
pub struct OutputFile<'a> {
    /// The folder in that folder, if it goes deeper.
    pub folder: Option<&'static str>,
    /// Its name.
    pub name: &'a str,
    /// Its whole content.
    pub content: &'a [u8],
    /// Its permissions, exactly.
    pub mode: FileMode,
}

/// What to do where there are files already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overwrite {
    /// Say so, and change nothing.
    Refuse,
    /// Replace them.
    Replace,
}

impl OutputFile<'_> {
    /// Its path in a folder.
    #[must_use]
    pub fn path_in(&self, folder: &Path) -> PathBuf {
        let folder = if folder == Path::new(".") { PathBuf::new() } else { folder.to_owned() };
        folder.join(self.folder.unwrap_or_default()).join(self.name)
    }

    /// What it is called until it is complete.
    fn staged_name(&self) -> String {
        format!(".milvus-certs-{}", self.name)
    }
}

/// Writes files into a folder, which is made if it is missing: each is complete and on disk before
/// the first takes its place. Nothing is written through a symbolic link.
///
/// # Errors
/// If one of them is there and must not be replaced, is a link or a folder, or cannot be written;
/// then none has changed, unless the file system failed in the middle of renaming.
pub fn write_files(folder: &Path, files: &[OutputFile<'_>], overwrite: Overwrite) -> Result<(), Error> {
    let mut made = Vec::new();
    let result = write_all(folder, files, overwrite, &mut made);
    if result.is_err() {
        // Those that hold something stay.
        made.iter().rev().for_each(|folder| drop(std::fs::remove_dir(folder)));
    }
    result
}

fn write_all(
    folder: &Path,
    files: &[OutputFile<'_>],
    overwrite: Overwrite,
    made: &mut Vec<PathBuf>,
) -> Result<(), Error> {
    make_folders(folder, made)?;
    let root = open(folder)?;
    lock(folder, &root, FlockOperation::NonBlockingLockExclusive)?;
    let mut places = Vec::new();
    for file in files {
        places.push(place_of(file, folder, &root, made)?);
    }
    refuse_what_is_there(folder, files, &places, overwrite)?;

    let staged = stage(folder, files, &places);
    let placed = staged.and_then(|()| {
        files.iter().zip(&places).try_for_each(|(file, place)| {
            fs::rename(place, &file.staged_name(), place, file.name)
                .and_then(|()| fs::sync_directory(place))
                .map_err(|source| Error::Write { path: file.path_in(folder), source })
        })
    });
    if placed.is_err() {
        for (file, place) in files.iter().zip(&places) {
            let _ = fs::remove_file(place, &file.staged_name());
        }
    }
    placed
}

/// The open folder that a file goes into.
fn place_of(
    file: &OutputFile<'_>,
    folder: &Path,
    root: &OwnedFd,
    made: &mut Vec<PathBuf>,
) -> Result<OwnedFd, Error> {
    let Some(name) = file.folder else { return open(folder) };
    let path = folder.join(name);
    match fs::entry(root, name) {
        Ok(Entry::SymbolicLink) => return Err(Error::SymbolicLink { path }),
        Ok(Entry::File { .. }) => return Err(Error::NotADirectory { path }),
        _ => make_folders(&path, made)?,
    }
    let opened = fs::open_subdirectory(root, name)
        .and_then(|fd| fd.ok_or_else(|| std::io::ErrorKind::NotFound.into()));
    opened.map_err(|source| Error::Directory { path, action: "open", source })
}

fn refuse_what_is_there(
    folder: &Path,
    files: &[OutputFile<'_>],
    places: &[OwnedFd],
    overwrite: Overwrite,
) -> Result<(), Error> {
    let mut there = Vec::new();
    for (file, place) in files.iter().zip(places) {
        let path = file.path_in(folder);
        match fs::entry(place, file.name).map_err(|source| Error::Read { path: path.clone(), source })? {
            Entry::Absent => {}
            Entry::File { .. } => there.push(path),
            Entry::SymbolicLink => return Err(Error::SymbolicLink { path }),
            Entry::Folder | Entry::Other => return Err(Error::NotAFile { path }),
        }
    }
    match overwrite {
        Overwrite::Refuse if !there.is_empty() => Err(Error::AlreadyThere { paths: there }),
        _ => Ok(()),
    }
}

/// Writes every file beside its place.
fn stage(folder: &Path, files: &[OutputFile<'_>], places: &[OwnedFd]) -> Result<(), Error> {
    for (file, place) in files.iter().zip(places) {
        let name = file.staged_name();
        let write_error = |source| Error::Write { path: file.path_in(folder), source };
        // What a run left that was killed; no other is at work, since the folder is locked.
        if fs::exists(place, &name).map_err(write_error)? {
            fs::remove_file(place, &name).map_err(write_error)?;
        }
        let (created, _) = fs::create(place, &name, file.content, file.mode, None).map_err(write_error)?;
        fs::sync(&created).map_err(write_error)?;
    }
    Ok(())
}
