use std::collections::BTreeSet;

use serde::{Serialize, Serializer};

use crate::check::{Code, Finding};
use crate::milvus::TlsMode;

/// A client of Milvus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Client {
    /// pymilvus, and what else is built on gRPC's C core: C++, Node.
    Pymilvus,
    /// curl, and what else uses OpenSSL for REST.
    Curl,
    /// The Java SDK.
    Java,
    /// The Go SDK.
    Go,
}

/// What becomes of a client in a mode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Outcome {
    /// The client.
    #[cfg_attr(test, schemars(with = "String"))]
    pub client: Client,
    /// Whether it will connect.
    pub works: bool,
    /// The codes of the findings that stand in its way.
    #[serde(serialize_with = "code_names")]
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    pub because: Vec<Code>,
}

/// What will work in a mode, and with which clients.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Verdict {
    /// The mode.
    pub tls_mode: TlsMode,
    /// Each client's outcome.
    pub clients: Vec<Outcome>,
}

impl Client {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Pymilvus, Self::Curl, Self::Java, Self::Go];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pymilvus => "pymilvus",
            Self::Curl => "curl",
            Self::Java => "Java",
            Self::Go => "Go",
        }
    }
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

/// In lower case.
impl Serialize for Client {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name().to_ascii_lowercase())
    }
}

fn code_names<S: Serializer>(codes: &[Code], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(codes.iter().map(|code| code.name()))
}
