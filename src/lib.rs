//! TLS certificates for [Milvus](https://milvus.io) that work the first time.
//!
//! [`generate`] makes a certificate directory: a private CA, a server and a client certificate. [`renew`]
//! renews them, [`issue`] issues more from the same CA, [`rotate`] replaces the CA, and [`check()`] finds what is
//! wrong. Each takes a request and the time, and returns a report.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let directory = folder.path().join("certs");
//! use milvus_certs::{GenerateRequest, RenewRequest, generate, renew};
//! use time::OffsetDateTime;
//!
//! let now = OffsetDateTime::now_utc();
//! let mut request = GenerateRequest::new(&directory);
//! request.names.push("milvus.example.com".parse()?);
//! let made = generate(&request, now)?;
//! let names: Vec<_> = made.certificates[1].names.iter().map(ToString::to_string).collect();
//! assert_eq!(names, ["localhost", "milvus.example.com", "127.0.0.1", "::1"]);
//!
//! let renewed = renew(&RenewRequest::new(&directory), now)?;
//! assert_eq!(renewed.certificates[1].names, made.certificates[1].names);
//! # Ok(())
//! # }
//! ```

#![cfg_attr(not(test), warn(clippy::unwrap_used))]

#[cfg(not(unix))]
compile_error!(
    "milvus-certs protects private keys with the modes and locks of Unix; use it in WSL on Windows"
);

// A module imports only from those below it; `engine` and `deploy` stand side by side. `.ci/floors` checks it.
#[doc(hidden)]
pub mod cli;
#[cfg(test)]
mod crash_tests;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
#[cfg(test)]
mod internal_tests;

mod deploy;
mod engine;

mod check;

#[cfg(feature = "probe")]
mod probe;

mod milvus;

mod yaml;

mod store;

mod x509;

mod base;

pub use base::error::{Error, ErrorKind};
pub use base::note::Note;
pub use base::place::{Place, Position};
pub use check::config::Source;
pub use check::{
    CheckReport, CheckRequest, CheckedCertificate, Client, Code, Exception, Finding, Outcome, Severity,
    Verdict, check,
};
pub use engine::{
    Action, Adopted, CertificateReport, CertificateRole, ExistingCa, FileReport, Fleet, GenerateRequest,
    IfPresent, IssueRequest, Issued, Progress, Recipient, Recipients, RenewRequest, Report, RotatedCa,
    RotationReport, RotationRequest, RotationState, RotationStatus, RotationStep, SigningRequest, generate,
    issue, issue_with_progress, renew, renew_with_progress, rotate, rotation_status,
};
pub use milvus::TlsMode;
pub use store::{FileMode, FileRole, IssuedName, Protection};
pub use x509::{
    Attribute, AttributeType, Days, DnsName, EndEntityKind, GeneralName, KeyType, NamePattern, Passphrase,
    SerialNumber, Subject, Validity,
};
