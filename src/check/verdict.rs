use std::collections::BTreeSet;

use serde::Serialize;

use crate::check::clients::Client;
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
    /// Whether it will connect.
    pub works: bool,
    /// The codes of the findings that stand in its way.
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    pub because: Vec<Code>,
}

impl Verdict {
    /// Whether a client will connect.
    #[must_use]
    pub fn works_with(&self, client: Client) -> bool {
        self.clients.iter().any(|outcome| outcome.client == client && outcome.works)
    }

    /// What stands in any client's way, each once.
    pub fn because(&self) -> impl Iterator<Item = Code> {
        let codes: BTreeSet<_> =
            self.clients.iter().flat_map(|outcome| outcome.because.iter().copied()).collect();
        codes.into_iter()
    }

    /// Of one mode, from all that was found.
    #[must_use]
    pub fn of(mode: TlsMode, findings: &[Finding]) -> Self {
        let outcome = |client| {
            let mut because: Vec<Code> = Vec::new();
            for finding in findings.iter().filter(|finding| finding.breaks(mode, client)) {
                if !because.contains(&finding.code) {
                    because.push(finding.code);
                }
            }
            Outcome { client, works: because.is_empty(), because }
        };
        Self { tls_mode: mode, clients: Client::ALL.map(outcome).to_vec() }
    }
}
