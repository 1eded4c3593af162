use std::fmt;

use serde::{Serialize, Serializer};

use crate::milvus::TlsMode;
use crate::store::FileRole;

/// A client of Milvus, by what verifies certificates for it; in the order of what users have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Client {
    /// pymilvus, and what else is built on gRPC's C core, such as C++.
    Pymilvus,
    /// Python's `ssl`, with which requests and others ask REST.
    Python,
    /// Node's `tls`: the Node SDK, Attu.
    Node,
    /// The Java SDK.
    Java,
    /// The Go SDK.
    Go,
    /// curl, and what else uses OpenSSL for REST.
    Curl,
}

impl Client {
    pub const ALL: [Self; 6] = [Self::Pymilvus, Self::Python, Self::Node, Self::Java, Self::Go, Self::Curl];

    #[must_use]
    pub const fn name(self) -> &'static str {
        self.program().name
    }

    /// What options and JSON call it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Pymilvus => "pymilvus",
            Self::Python => "python",
            Self::Node => "node",
            Self::Java => "java",
            Self::Go => "go",
            Self::Curl => "curl",
        }
    }

    /// Its versions.
    pub(crate) const fn program(self) -> &'static Program {
        match self {
            Self::Pymilvus => &Program { name: "pymilvus", all: PYMILVUS, since: &[(PYMILVUS, "")] },
            Self::Python => {
                &Program { name: "Python", all: PYTHON, since: &[(PYTHON_OLD, ""), (PYTHON_3_13, "3.13")] }
            }
            Self::Node => &Program { name: "Node", all: NODE, since: &[(NODE, "")] },
            Self::Java => &Program { name: "Java", all: JAVA, since: &[(JAVA, "")] },
            Self::Go => {
                &Program { name: "Go", all: GO, since: &[(GO_OLD, ""), (GO_1_23, "1.23"), (GO_1_24, "1.24")] }
            }
            Self::Curl => &Program { name: "curl", all: CURL, since: &[(CURL, "")] },
        }
    }
}

impl Serialize for Client {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

/// A set of clients, and of Milvus servers, by the versions that judge certificates alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clients(u16);

pub(crate) const NOBODY: Clients = Clients(0);
/// All clients, whatever Milvus does.
pub(crate) const ALL: Clients = Clients(0x1FF);

pub(crate) const PYMILVUS: Clients = Clients(1);
/// Up to 3.12: OpenSSL, which wants the chain up to a root.
pub(crate) const PYTHON_OLD: Clients = Clients(1 << 1);
/// From 3.13 on, with `VERIFY_X509_PARTIAL_CHAIN` and `VERIFY_X509_STRICT`.
pub(crate) const PYTHON_3_13: Clients = Clients(1 << 2);
pub(crate) const PYTHON: Clients = PYTHON_OLD.and(PYTHON_3_13);
/// OpenSSL, which wants the chain up to a root.
pub(crate) const NODE: Clients = Clients(1 << 3);
pub(crate) const JAVA: Clients = Clients(1 << 4);
/// Up to 1.22.
pub(crate) const GO_OLD: Clients = Clients(1 << 5);
/// From 1.23 on crypto/x509 does not read a negative serial number, nor a critical subjectKeyIdentifier.
pub(crate) const GO_1_23: Clients = Clients(1 << 6);
/// From 1.24 on crypto/x509 knows policies.
pub(crate) const GO_1_24: Clients = Clients(1 << 7);
pub(crate) const GO: Clients = GO_OLD.and(GO_1_23).and(GO_1_24);
pub(crate) const CURL: Clients = Clients(1 << 8);
/// Milvus, which is written in Go, by the Go that it is built with.
const MILVUS_SHIFT: u16 = 4;
const MILVUS: Program = Program {
    name: "Milvus built with Go",
    all: GO.of_milvus(),
    since: &[(GO_OLD.of_milvus(), ""), (GO_1_23.of_milvus(), "1.23"), (GO_1_24.of_milvus(), "1.24")],
};

/// All that verify with OpenSSL.
pub(crate) const OPENSSL: Clients = PYTHON.and(NODE).and(CURL);
pub(crate) const OPENSSL_AND_GO: Clients = OPENSSL.and(GO);
/// Those that ask REST.
pub(crate) const REST: Clients = PYTHON.and(CURL);

impl Clients {
    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    const fn both(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    const fn has(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// Milvus servers that are built with these versions of Go.
    pub(crate) const fn of_milvus(self) -> Self {
        Self(self.both(GO).0 << MILVUS_SHIFT)
    }

    /// Whether a client cannot connect whatever its version, or that of Milvus.
    pub(crate) const fn stops(self, client: Client) -> bool {
        self.has(client.program().all) || self.has(MILVUS.all)
    }

    /// The versions of a client, and of Milvus, with which it cannot connect, where others can.
    pub(crate) fn versions(self, client: Client) -> Vec<Versions> {
        let of = |program: &'static Program| Some(Versions { program, stopped: self.both(program.all) });
        let found = [client.program(), &MILVUS].into_iter().filter_map(of);
        found.filter(|versions| !versions.stopped.is_empty() && !self.stops(client)).collect()
    }
}

/// A program, whose versions do not all judge alike.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Program {
    name: &'static str,
    all: Clients,
    /// Each with its first version; the first has none.
    since: &'static [(Clients, &'static str)],
}

/// Some versions of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Versions {
    program: &'static Program,
    stopped: Clients,
}

/// Such as `Python 3.13 and newer`; those in between are listed.
impl fmt::Display for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Program { name, since, .. } = self.program;
        let is_stopped: Vec<_> = since.iter().map(|(version, _)| self.stopped.has(*version)).collect();
        let first = is_stopped.iter().position(|stopped| *stopped).unwrap_or_default();
        let end = is_stopped[first..].iter().position(|stopped| !stopped).map(|count| since[first + count].1);
        match (since[first].1, end) {
            ("", Some(end)) => write!(f, "{name} before {end}"),
            ("", None) => f.write_str(name),
            (start, None) => write!(f, "{name} {start} and newer"),
            (start, Some(end)) => write!(f, "{name} {start} up to {end}"),
        }
    }
}

/// The clients that a finding stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stopped {
    pub(crate) one_way: Clients,
    pub(crate) mutual: Clients,
}

impl Stopped {
    /// The same in both modes.
    pub(crate) const fn both(clients: Clients) -> Self {
        Self { one_way: clients, mutual: clients }
    }

    pub(crate) const fn of(self, mode: TlsMode) -> Clients {
        match mode {
            TlsMode::OneWay => self.one_way,
            TlsMode::Mutual => self.mutual,
        }
    }
}

/// Whom a kind of finding stops, by the file that it is about. Measured with Milvus 2.3.5 and pymilvus 3.0.2
/// (tests/milvus), and with each version of the clients (tests/verifiers).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Breaks {
    /// In both modes, where it is about a server's file or about configuration.
    pub(crate) server: Clients,
    /// In mutual TLS, where it is about a client's file.
    pub(crate) client: Clients,
    /// Where it is about ca.pem: Milvus reads it for mutual TLS alone.
    pub(crate) ca: Stopped,
}

impl Breaks {
    pub(crate) const EVERYBODY: Self = Self { server: ALL, client: ALL, ca: Stopped::both(ALL) };
    pub(crate) const NOBODY: Self = Self { server: NOBODY, client: NOBODY, ca: Stopped::both(NOBODY) };

    pub(crate) const fn of(self, role: Option<FileRole>) -> Stopped {
        match role {
            Some(FileRole::CaKey | FileRole::CaSerial) => Stopped::both(NOBODY),
            Some(FileRole::CaCertificate) => self.ca,
            Some(FileRole::ClientKey | FileRole::ClientCertificate) => {
                Stopped { one_way: NOBODY, mutual: self.client }
            }
            Some(FileRole::ServerKey | FileRole::ServerCertificate) | None => Stopped::both(self.server),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions(stopped: Clients, client: Client) -> Vec<String> {
        stopped.versions(client).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn versions_that_fail_are_named_where_others_work() {
        for (stopped, client, expected) in [
            (PYTHON_3_13, Client::Python, &["Python 3.13 and newer"][..]),
            (PYTHON_OLD, Client::Python, &["Python before 3.13"]),
            (PYTHON, Client::Python, &[]),
            (PYTHON, Client::Go, &[]),
            (GO_OLD.and(GO_1_23), Client::Go, &["Go before 1.24"]),
            (GO_1_23, Client::Go, &["Go 1.23 up to 1.24"]),
            (GO_1_24.of_milvus(), Client::Node, &["Milvus built with Go 1.24 and newer"]),
        ] {
            assert_eq!(versions(stopped, client), expected);
        }
    }

    #[test]
    fn a_client_is_stopped_where_all_its_versions_are_or_all_of_milvus() {
        assert!(PYTHON.stops(Client::Python) && !PYTHON_OLD.stops(Client::Python));
        assert!(GO.of_milvus().stops(Client::Curl) && !GO.stops(Client::Curl));
        assert!(Client::ALL.into_iter().all(|client| ALL.stops(client) && !NOBODY.stops(client)));
    }
}
