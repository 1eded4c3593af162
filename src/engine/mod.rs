//! From a request to certificates on disk, and a report of what was done.
//!
//! Every command makes [`leaf::LeafSpec`]s; [`issuer::Issuer`] makes certificates of them.

pub(crate) mod ca;
mod clock;
mod due;
mod errors;
mod folder;
mod generate;
mod inventory;
mod issue;
mod issuer;
pub(crate) mod leaf;
pub(crate) mod notes;
mod present;
mod renew;
mod report;
mod rotate;
mod run;
mod serials;
pub(crate) mod signers;
pub(crate) mod write;

pub(crate) use clock::check_clock;
pub use generate::{ExistingCa, GenerateRequest, IfPresent, generate};
pub use issue::{Fleet, IssueRequest, Recipient, Recipients, SigningRequest, issue, issue_with_progress};
pub use issuer::Progress;
pub use leaf::Action;
pub use renew::{Adopted, Issued, RenewRequest, renew, renew_with_progress};
pub use report::{CertificateReport, CertificateRole, FileReport, Report};
pub use rotate::{
    RotatedCa, RotationReport, RotationRequest, RotationState, RotationStatus, RotationStep, rotate,
    rotation_status,
};
