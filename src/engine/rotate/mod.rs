//! A new authority in place of the old, without an outage: between the steps, everything old works with
//! everything new.

mod begin;
mod finish;
mod reissue;
mod state;
mod status;

use std::path::PathBuf;

use serde::Serialize;
use time::OffsetDateTime;

use crate::base::error::Error;
use crate::engine::Report;
use crate::engine::errors;
use crate::engine::inventory::Inventory;
use crate::engine::issuance::Progress;
use crate::engine::opening::Opened;
use crate::store::{Access, Directory, FileRole, NEXT_FOLDER, Protection};
use crate::x509::{Days, KeyType, Passphrase};
pub use state::RotationState;
use state::{Rotation, next};
pub use status::{RotatedAuthority, RotationStatus, rotation_status};

/// What `rotate-ca` is to do.
#[derive(Debug)]
pub struct RotationRequest {
    /// The certificate directory.
    pub directory: PathBuf,
    /// Which step.
    pub step: RotationStep,
    /// Opens ca.key if it is encrypted; then the new one is, too.
    pub passphrase: Option<Passphrase>,
    /// Only say what would be done.
    pub dry_run: bool,
    /// Whether the directory has to keep modes.
    pub protection: Protection,
}

/// A step of the replacement.
#[derive(Clone, Debug)]
pub enum RotationStep {
    /// Makes the new authority, and lets ca.pem trust both.
    Begin {
        /// The type of its key; that of the old one where it is not said.
        key_type: Option<KeyType>,
        /// How long it lives.
        days: Days,
    },
    /// Signs ca.pem anew with the same key and name, which is all that is to be done.
    SameKey {
        /// How long it lives.
        days: Days,
    },
    /// Lets the new authority issue, and issues everything again.
    Issue,
    /// Lets ca.pem trust the new authority alone.
    Finish,
}

/// What a step did, and how far the replacement is now.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RotationReport {
    /// What was written.
    #[serde(flatten)]
    pub report: Report,
    /// What is there now, or with `dry_run` still.
    #[serde(flatten)]
    pub status: RotationStatus,
}

/// Does a step. A step that was interrupted is gone on with when it is run again; one that was done has
/// nothing to do.
///
/// # Errors
/// Where the step is not the next one, there is no authority or it may not issue, or the file system
/// fails. Then nothing has changed, but of what was issued what the error says.
pub fn rotate(
    request: &RotationRequest,
    now: OffsetDateTime,
    progress: Progress<'_>,
) -> Result<RotationReport, Error> {
    let access = if request.dry_run { Access::Look } else { Access::Change };
    // What is put into its place now counts when the state is read.
    let opened = Opened::open(&request.directory, access, request.protection, None)?.without_obstacles()?;
    let recovery = opened.recovery;
    let is_mended = opened.is_issued_recovered;
    let mut report = Report::new(&request.directory, request.dry_run, recovery);
    report.notes.extend(opened.notes());
    let Opened { mut directory, inventory, .. } = opened;
    let rotation = Rotation::read(&directory, &inventory).map_err(|error| error.after_recovery(recovery))?;
    let mut run = Run { request, directory: &mut directory, inventory: &inventory, rotation, is_mended, now };
    match run.step(&mut report, progress) {
        Ok(status) => Ok(RotationReport { report, status }),
        Err(error) => Err(error.after_part(&report).after_recovery(recovery)),
    }
}

/// A step in the making; each file of this folder is one.
struct Run<'a> {
    request: &'a RotationRequest,
    directory: &'a mut Directory,
    inventory: &'a Inventory,
    rotation: Rotation,
    /// Whether something that was issued came into its place, or went, only at the beginning of this run.
    is_mended: bool,
    now: OffsetDateTime,
}

impl Run<'_> {
    fn step(&mut self, report: &mut Report, progress: Progress<'_>) -> Result<RotationStatus, Error> {
        match &self.request.step {
            RotationStep::Begin { key_type, days } => self.begin(*key_type, *days, report)?,
            RotationStep::SameKey { days } => self.sign_anew(*days, report)?,
            RotationStep::Issue => self.issue(progress, report)?,
            RotationStep::Finish => self.finish(report)?,
        }
        RotationStatus::of(self.directory, self.now)
    }

    /// Removes the files of the authority that is not to come any more, but has come.
    fn clear_next(&self) -> Result<(), Error> {
        if self.request.dry_run
            || self.directory.read(next(FileRole::CaKey))? != self.directory.read(FileRole::CaKey)?
        {
            return Ok(());
        }
        // The key last: as long as it is there, so is what this is about.
        let files = [FileRole::CaCertificate, FileRole::CaKey].map(FileRole::file_name);
        Ok(self.directory.remove_files(NEXT_FOLDER, &files)?)
    }

    /// That this step is not the next one.
    fn out_of_turn(&self) -> Error {
        self.not_in(self.rotation.state)
    }

    fn not_in(&self, state: RotationState) -> Error {
        errors::out_of_turn(self.directory.path(), state, self.rotation.left)
    }
}
