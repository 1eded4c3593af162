//! How every command that changes a certificate directory begins: the directory and the folders of what was
//! issued are opened, and what an interrupted run left in them is completed or undone.

use std::path::Path;

use crate::base::error::Error;
use crate::base::note::Note;
use crate::engine::inventory::Inventory;
use crate::engine::issuance::IssuedFolder;
use crate::engine::notes;
use crate::store::{Access, Directory, Protection, Recovery};

/// An open certificate directory, and what was found in it.
pub(crate) struct Opened {
    pub(crate) directory: Directory,
    pub(crate) inventory: Inventory,
    /// What became of an interrupted run, here or in a folder of what was issued.
    pub(crate) recovery: Option<Recovery>,
    /// Whether that was in a folder of what was issued.
    pub(crate) is_issued_recovered: bool,
    /// The folders of what was issued that could not be put in order.
    obstacles: Vec<Error>,
}

impl Opened {
    /// Opens a directory; `output` is a folder for what is issued that the inventory may not have yet.
    pub(crate) fn open(
        path: &Path,
        access: Access,
        protection: Protection,
        output: Option<&Path>,
    ) -> Result<Self, Error> {
        let directory = Directory::open(path, access, protection)?;
        let recovery = directory.recovery();
        let inventory = Inventory::read(directory.path()).map_err(|error| error.after_recovery(recovery))?;
        let mut opened =
            Self { directory, inventory, recovery, is_issued_recovered: false, obstacles: Vec::new() };
        if access != Access::Look {
            opened.recover_issued(output);
        }
        Ok(opened)
    }

    fn recover_issued(&mut self, output: Option<&Path>) {
        for folder in IssuedFolder::all(&self.directory, &self.inventory, output) {
            let opened = IssuedFolder::open_if_there(&self.directory, folder.as_deref(), Access::Change);
            match opened.and_then(|opened| self.take_over(opened)) {
                Ok(()) => {}
                Err(error) => self.obstacles.push(error),
            }
        }
    }

    /// Takes note of what became of an interrupted run, and lets ca.srl be above the numbers that it had taken.
    fn take_over(&mut self, folder: Option<IssuedFolder>) -> Result<(), Error> {
        let Some(folder) = folder else { return Ok(()) };
        let recovery = folder.directory.recovery();
        self.is_issued_recovered |= recovery.is_some();
        self.recovery = self.recovery.or(recovery);
        match folder.directory.recovered_serial() {
            Some(serial) => Ok(self.directory.advance_serial(serial)?),
            None => Ok(()),
        }
    }

    /// What a person should know of it.
    pub(crate) fn notes(&self) -> Vec<Note> {
        let protection = match self.directory.protection() {
            Protection::GivenUp => Some(notes::unprotected(self.directory.path())),
            Protection::Required => None,
        };
        let obstacles = self.obstacles.iter().map(notes::obstacle);
        protection.into_iter().chain(obstacles).collect()
    }

    /// For a run that works among what was issued: nothing there may be in the way.
    pub(crate) fn without_obstacles(mut self) -> Result<Self, Error> {
        match self.obstacles.is_empty() {
            true => Ok(self),
            false => Err(self.obstacles.swap_remove(0).after_recovery(self.recovery)),
        }
    }
}
