//! A new CA in place of the old one, without an outage: between the steps, everything old works with
//! everything new.

mod begin;
mod distribute;
mod finish;
mod reissue;
mod state;
mod status;
mod step;

use serde::Serialize;
use time::OffsetDateTime;

use crate::base::error::Error;
use crate::engine::issuer::Progress;
use crate::engine::report::Report;
use crate::engine::run::Opening;
use state::Rotation;
pub use state::RotationState;
pub use status::{RotatedCa, RotationStatus, rotation_status};
use step::Step;
pub use step::{RotationRequest, RotationStep};

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
/// Where the step is not the next one, there is no CA or it may not issue, or the file system
/// fails. Then nothing has changed, but of what was issued what the error says.
pub fn rotate(
    request: &RotationRequest,
    now: OffsetDateTime,
    progress: Progress<'_>,
) -> Result<RotationReport, Error> {
    let opening = Opening {
        path: &request.directory,
        dry_run: request.dry_run,
        create: false,
        protection: request.protection,
        among_issued: true,
        output: None,
    };
    let mut status = RotationStatus::default();
    let report = opening.run(now, |run, inventory| {
        let rotation = Rotation::read(&run.directory, inventory)?;
        let mut step = Step { request, run, inventory, rotation };
        step.take(progress)?;
        status = RotationStatus::of(&step.run.directory, now)?;
        Ok(())
    })?;
    Ok(RotationReport { report, status })
}

impl Step<'_> {
    fn take(&mut self, progress: Progress<'_>) -> Result<(), Error> {
        match &self.request.step {
            RotationStep::Begin { key_type, days } => self.begin(*key_type, *days),
            RotationStep::SameKey { days } => self.sign_again(*days),
            RotationStep::Issue => self.issue(progress),
            RotationStep::Finish => self.finish(),
        }
    }
}
