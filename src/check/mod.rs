//! Is it good? Findings about certificates, directories, Milvus' configuration, running servers and logs.
//! Nothing here changes anything.

mod bundle;
pub mod ca;
mod certificates;
mod clients;
mod codes;
pub mod config;
mod directory;
mod explain;
mod finding;
mod fit;
mod fix;
mod inspect;
mod interruption;
mod inventory;
#[cfg(feature = "probe")]
mod server;
mod verdict;

pub use bundle::Bundle;
pub use certificates::issued::{Issued, IssuedJudge};
pub use certificates::{Expectations, judge};
pub use clients::Client;
pub use codes::{Code, Renewal, Severity};
pub use directory::{CheckReport, CheckRequest, CheckedCertificate, check};
pub use explain::{ExplainReport, explain};
pub use finding::Finding;
pub use fit::Unfit;
pub(crate) use fit::{FitDirectory, Purpose};
pub use fix::Fix;
pub use inspect::{
    CertificateDetails, CertificatePurpose, EntryDetails, INSPECT_LIMIT, InspectReport, InspectTarget,
    Inspected, InspectedFile, InspectedItem, KeyDetails, RequestDetails, inspect,
};
pub use interruption::interrupted_runs;
#[cfg(feature = "probe")]
pub use server::{ClientOutcome, PortService, PortState, ProbeReport, ProbeRequest, ProbedPort, probe};
pub use verdict::{Outcome, Verdict};
