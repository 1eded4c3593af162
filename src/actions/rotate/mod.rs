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

use super::issuance::{Inventory, Progress};
use super::{Error, Report};
use crate::pki::{Days, KeyType, Passphrase};
use crate::store::{Access, Directory};
use state::Rotation;
pub use state::RotationState;
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
    let directory = Directory::open(&request.directory, access)?;
    let recovery = directory.recovery();
    rotate_in(request, directory, now, progress).map_err(|error| error.after(recovery))
}

fn rotate_in(
    request: &RotationRequest,
    mut directory: Directory,
    now: OffsetDateTime,
    progress: Progress<'_>,
) -> Result<RotationReport, Error> {
    let inventory = Inventory::read(directory.path())?;
    let rotation = Rotation::read(&directory, &inventory)?;
    let mut report = Report::new(&request.directory, request.dry_run, directory.recovery());
    let mut run = Run { request, directory: &mut directory, inventory: &inventory, rotation, now };
    match &request.step {
        RotationStep::Begin { key_type, days } => run.begin(*key_type, *days, &mut report)?,
        RotationStep::SameKey { days } => run.sign_anew(*days, &mut report)?,
        RotationStep::Issue => run.issue(progress, &mut report)?,
        RotationStep::Finish => run.finish(&mut report)?,
    }
    let status = RotationStatus::of(&directory, now)?;
    Ok(RotationReport { report, status })
}

/// A step in the making; each file of this folder is one.
struct Run<'a> {
    request: &'a RotationRequest,
    directory: &'a mut Directory,
    inventory: &'a Inventory,
    rotation: Rotation,
    now: OffsetDateTime,
}

impl Run<'_> {
    /// That this step is not the next one.
    fn out_of_turn(&self) -> Error {
        Error::RotationOutOfTurn {
            directory: self.directory.path().to_owned(),
            state: self.rotation.state,
            left: self.rotation.left(),
        }
    }
}
