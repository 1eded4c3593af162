//! A run of a command that changes a certificate directory: how it begins and how it ends.

use std::path::Path;

use time::OffsetDateTime;

use crate::base::error::Error;
use crate::engine::folder::IssuedFolder;
use crate::engine::inventory::Inventory;
use crate::engine::notes;
use crate::engine::report::Report;
use crate::store::{Access, Directory, Protection, Recovery};

/// How a directory is opened.
pub(crate) struct Opening<'a> {
    pub(crate) path: &'a Path,
    pub(crate) dry_run: bool,
    /// Whether it is made where it is missing.
    pub(crate) create: bool,
    pub(crate) protection: Protection,
    /// Whether the run works among what was issued: then nothing there may be in disorder.
    pub(crate) among_issued: bool,
    /// A folder for what is issued that the inventory may not have yet.
    pub(crate) output: Option<&'a Path>,
}

/// An open certificate directory, and what is done in it.
pub(crate) struct Run {
    pub(crate) directory: Directory,
    pub(crate) report: Report,
    pub(crate) now: OffsetDateTime,
    /// What became of an interrupted run, here or in a folder of what was issued.
    recovery: Option<Recovery>,
    /// Whether that was in a folder of what was issued.
    pub(crate) is_issued_recovered: bool,
}

impl Opening<'_> {
    /// Opens the directory and the folders of what was issued, completes or undoes what an interrupted run left in
    /// them, does the work, and reports it.
    pub(crate) fn run(
        &self,
        now: OffsetDateTime,
        work: impl FnOnce(&mut Run, &Inventory) -> Result<(), Error>,
    ) -> Result<Report, Error> {
        let access = match (self.dry_run, self.create) {
            (true, _) => Access::Look,
            (false, true) => Access::Create,
            (false, false) => Access::Change,
        };
        let directory = Directory::open(self.path, access, self.protection)?;
        let recovery = directory.recovery();
        let report = Report::new(self.path, self.dry_run);
        let mut run = Run { directory, report, now, recovery, is_issued_recovered: false };
        match self.work(&mut run, work) {
            Ok(()) => Ok(run.report),
            Err(error) => Err(error.after_part(&run.report).after_recovery(run.recovery)),
        }
    }

    fn work(
        &self,
        run: &mut Run,
        work: impl FnOnce(&mut Run, &Inventory) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let inventory = Inventory::read(run.directory.path())?;
        let obstacles = if self.dry_run { Vec::new() } else { run.recover_issued(&inventory, self.output) };
        let notes = &mut run.report.notes;
        if let Some(recovery) = run.recovery {
            // What the earlier run had made is in its place only now.
            run.report.changed = recovery == Recovery::Completed;
            notes.push(notes::recovered(recovery));
        }
        if run.directory.protection() == Protection::GivenUp {
            notes.push(notes::unprotected(run.directory.path()));
        }
        notes.extend(obstacles.iter().map(notes::obstacle));
        match obstacles.into_iter().next().filter(|_| self.among_issued) {
            Some(obstacle) => Err(obstacle),
            None => work(run, &inventory),
        }
    }
}

impl Run {
    /// Completes or undoes what an interrupted run left among what was issued. Returns why some of it cannot be
    /// put in order.
    fn recover_issued(&mut self, inventory: &Inventory, output: Option<&Path>) -> Vec<Error> {
        let mut obstacles = Vec::new();
        for folder in IssuedFolder::all(&self.directory, inventory, output) {
            let opened = IssuedFolder::open_if_there(&self.directory, folder.as_deref(), Access::Change);
            obstacles.extend(opened.and_then(|opened| self.take_over(opened)).err());
        }
        obstacles
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
}
