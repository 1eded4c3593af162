use serde::{Serialize, Serializer};

use crate::milvus::TlsMode;
use crate::store::FileRole;

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

pub(crate) type Clients = &'static [Client];

pub(crate) const ALL: Clients = &Client::ALL;
pub(crate) const NOBODY: Clients = &[];
pub(crate) const OPENSSL_AND_GO: Clients = &[Client::Curl, Client::Go];

impl Client {
    pub const ALL: [Self; 4] = [Self::Pymilvus, Self::Curl, Self::Java, Self::Go];

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

/// In lower case.
impl Serialize for Client {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name().to_ascii_lowercase())
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

    pub(crate) fn has(self, mode: TlsMode, client: Client) -> bool {
        match mode {
            TlsMode::OneWay => self.one_way.contains(&client),
            TlsMode::Mutual => self.mutual.contains(&client),
        }
    }
}

/// Whom a kind of finding stops, by the file that it is about. Measured with Milvus 2.3.5, pymilvus 3.0.2, curl
/// with OpenSSL 3.0, Go 1.19 and Java 17 (tests/milvus).
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
