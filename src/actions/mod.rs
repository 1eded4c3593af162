//! What the commands do, free of the command line and of printing: from a request over a plan to
//! certificates, files and a report.

mod authority;
mod check;
mod clock;
mod config;
mod connect;
#[cfg(test)]
mod crash_tests;
mod due;
mod error;
mod explain;
mod fit;
mod generate;
mod inspect;
mod interruption;
mod issuance;
mod issue;
mod opening;
#[cfg(feature = "probe")]
mod probe;
mod renew;
mod report;
mod rotate;

pub use check::{CheckReport, CheckRequest, CheckedCertificate, check};
pub use clock::check_clock;
pub use config::{ConfigReport, ConfigRequest, ConfigTarget, RenderedDocument, config, platform_names};
pub use connect::{ConnectReport, ConnectRequest, connect};
pub use error::Error;
pub use explain::{ExplainReport, explain};
pub use generate::{ExistingAuthority, GenerateRequest, IfPresent, generate};
pub use inspect::{
    CertificateDetails, EntryDetails, INSPECT_LIMIT, InspectReport, InspectTarget, Inspected, InspectedFile,
    InspectedItem, KeyDetails, RequestDetails, inspect,
};
pub use interruption::interrupted_runs;
pub use issuance::{Progress, Unvouched};
pub use issue::{Fleet, IssueRequest, Recipients, SigningRequest, issue, issue_with_progress};
#[cfg(feature = "probe")]
pub use probe::{ClientOutcome, ProbeReport, ProbeRequest, ProbedPort, probe};
pub use renew::{Adopted, Issued, RenewRequest, renew, renew_with_progress};
pub use report::{Action, CertificateReport, FileReport, Note, Report};
pub use rotate::{
    RotatedAuthority, RotationReport, RotationRequest, RotationState, RotationStatus, RotationStep, rotate,
    rotation_status,
};
