use std::collections::BTreeSet;

use serde::Serialize;

use crate::check::clients::{Client, Clients, NOBODY};
use crate::check::codes::Code;
use crate::check::finding::Finding;
use crate::milvus::TlsMode;

/// What will work in a mode, and with which clients.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Verdict {
    pub tls_mode: TlsMode,
    pub clients: Vec<Outcome>,
}

/// What becomes of a client in a mode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Outcome {
    #[cfg_attr(test, schemars(with = "String"))]
    pub client: Client,
    /// Whether it will connect, in some version at least.
    pub works: bool,
    /// The codes of the findings that stand in its way.
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    pub because: Vec<Code>,
    /// Where it works: with what it does not.
    pub not_with: Vec<Exception>,
}

/// Versions with which a client will not connect.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Exception {
    /// The code of the finding that stands in their way.
    #[cfg_attr(test, schemars(with = "String"))]
    pub because: Code,
    /// Such as `Python 3.13 and newer`.
    pub versions: String,
}

impl Verdict {
    /// What stands in any client's way, each once.
    pub fn because(&self) -> impl Iterator<Item = Code> {
        let codes: BTreeSet<_> =
            self.clients.iter().flat_map(|outcome| outcome.because.iter().copied()).collect();
        codes.into_iter()
    }

    /// With what clients do not work that work otherwise, each once.
    pub fn exceptions(&self) -> impl Iterator<Item = &Exception> {
        let exceptions: BTreeSet<_> = self.clients.iter().flat_map(|outcome| &outcome.not_with).collect();
        exceptions.into_iter()
    }

    /// Of these clients in one mode, from all that was found.
    #[must_use]
    pub fn of(mode: TlsMode, clients: &[Client], findings: &[Finding]) -> Self {
        let stopped = |finding: &Finding| finding.stopped().of(mode);
        let all = findings.iter().map(stopped).fold(NOBODY, Clients::and);
        let outcome = |client: &Client| {
            let client = *client;
            let (mut because, mut not_with) = (Vec::new(), Vec::new());
            for finding in findings {
                let code = finding.code;
                let versions = stopped(finding).versions(client);
                let is_in_the_way = stopped(finding).stops(client) || !versions.is_empty();
                if all.stops(client) && is_in_the_way && !because.contains(&code) {
                    because.push(code);
                }
                for versions in versions.iter().filter(|_| !all.stops(client)) {
                    let exception = Exception { because: code, versions: versions.to_string() };
                    if !not_with.contains(&exception) {
                        not_with.push(exception);
                    }
                }
            }
            Outcome { client, works: !all.stops(client), because, not_with }
        };
        Self { tls_mode: mode, clients: clients.iter().map(outcome).collect() }
    }
}
