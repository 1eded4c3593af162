//! From a request to certificates on disk, and a report of what was done.

pub mod ca;
mod clock;
mod due;
mod errors;
mod generate;
mod inventory;
pub(crate) mod issuance;
mod issue;
pub(crate) mod notes;
mod opening;
mod renew;
mod report;
mod rotate;

pub use clock::check_clock;
pub use generate::{ExistingAuthority, GenerateRequest, IfPresent, generate};
pub use inventory::Unvouched;
pub use issuance::Progress;
pub use issue::{Fleet, IssueRequest, Recipients, SigningRequest, issue, issue_with_progress};
pub use renew::{Adopted, Issued, RenewRequest, renew, renew_with_progress};
pub use report::{Action, CertificateReport, FileReport, Report};
pub use rotate::{
    RotatedAuthority, RotationReport, RotationRequest, RotationState, RotationStatus, RotationStep, rotate,
    rotation_status,
};
