//! Is it good? Findings about certificates, directories, Milvus' configuration, running servers and logs.
//! Nothing here changes anything.

pub mod ca;
mod codes;
pub mod config;
mod directory;
mod explain;
mod finding;
mod fit;
mod inspect;
mod interruption;
mod judge;
#[cfg(feature = "probe")]
pub mod server;
mod verdict;

pub use codes::{Code, Renewal, Severity};
pub use directory::{CheckReport, CheckRequest, CheckedCertificate, check};
pub use explain::{ExplainReport, explain};
pub use finding::Finding;
pub use fit::Unfit;
pub(crate) use fit::{FitDirectory, Purpose};
pub use inspect::{
    CertificateDetails, EntryDetails, INSPECT_LIMIT, InspectReport, InspectTarget, Inspected, InspectedFile,
    InspectedItem, KeyDetails, RequestDetails, inspect,
};
pub use interruption::interrupted_runs;
pub use judge::bundle::Bundle;
pub use judge::issued::{Issued, IssuedJudge, SignedSerials};
pub use judge::rotation::{judge_next, judge_rotation};
pub use judge::{Expectations, judge, judge_deployed, judge_interruption};
#[cfg(feature = "probe")]
pub use server::{ClientOutcome, ProbeReport, ProbeRequest, ProbedPort, probe};
pub use verdict::{Client, Outcome, Verdict};
