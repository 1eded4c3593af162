//! Is it good? Findings about certificates, directories, Milvus' configuration, running servers and logs.
//! Nothing here changes anything.

mod bundle;
pub(crate) mod ca;
mod certificates;
mod clients;
mod codes;
pub(crate) mod config;
mod directory;
pub(crate) mod explain;
mod finding;
mod fit;
mod fix;
mod inspect;
mod interruption;
mod inventory;
#[cfg(feature = "probe")]
mod server;
mod verdict;

pub(crate) use bundle::Bundle;
pub(crate) use certificates::issued::Issued;
pub(crate) use certificates::issued::IssuedJudge;
pub(crate) use certificates::{Expectations, judge};
pub use clients::Client;
pub(crate) use codes::Renewal;
pub use codes::{Code, Severity};
pub use directory::{CheckReport, CheckRequest, CheckedCertificate, check};
pub(crate) use explain::explain;
pub use finding::Finding;
pub(crate) use fit::Unfit;
pub(crate) use fit::{FitDirectory, Purpose};
pub(crate) use inspect::{
    CertificateDetails, INSPECT_LIMIT, InspectReport, InspectTarget, Inspected, InspectedFile, InspectedItem,
    inspect,
};
pub(crate) use interruption::interrupted_runs;
#[cfg(feature = "probe")]
pub(crate) use server::{
    ClientOutcome, PortService, PortState, ProbeReport, ProbeRequest, ProbedPort, probe,
};
pub use verdict::{Exception, Outcome, Verdict};
