use std::path::{Path, PathBuf};

use crate::store::{Backup, Committed, Directory, Error, FileMode, Protection, RelativePath, StagedFile};

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
        self.place().below(folder)
    }

    fn place(&self) -> RelativePath {
        match self.folder {
            Some(folder) => RelativePath::in_folder(folder, self.name.to_owned()),
            None => RelativePath::in_directory(self.name.to_owned()),
        }
    }
}

/// Writes files into a folder, which is made if it is missing: all of them or none, as into a certificate
/// directory. Nothing is written through a symbolic link.
///
/// # Errors
/// If one of them is there and must not be replaced, is a link or a folder, or cannot be written;
/// then none has changed.
pub fn write_files(
    folder: &Path,
    files: &[OutputFile<'_>],
    overwrite: Overwrite,
    protection: Protection,
) -> Result<Committed, Error> {
    let mut directory = Directory::open_output(folder, protection)?;
    let places: Vec<_> = files.iter().map(OutputFile::place).collect();
    if overwrite == Overwrite::Refuse {
        refuse_what_is_there(&directory, &places)?;
    }
    let staged: Vec<_> = files
        .iter()
        .zip(&places)
        .map(|(file, place)| StagedFile {
            path: place.clone(),
            content: file.content,
            mode: file.mode,
            owner: None,
        })
        .collect();
    let mut transaction = directory.begin(&places, Backup::None)?;
    match transaction.stage(&staged) {
        Ok(_) => transaction.commit(),
        Err(error) => Err(match transaction.abandon() {
            Ok(()) => error,
            Err((path, reason)) => Error::LeftBehind { source: Box::new(error), path, reason },
        }),
    }
}

fn refuse_what_is_there(directory: &Directory, places: &[RelativePath]) -> Result<(), Error> {
    let mut there = Vec::new();
    for place in places {
        if directory.state(place)?.is_some() {
            there.push(directory.path_of(place));
        }
    }
    match there.is_empty() {
        true => Ok(()),
        false => Err(Error::AlreadyThere { paths: there }),
    }
}
