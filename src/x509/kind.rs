use std::fmt;

/// Who an end entity's certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EndEntityKind {
    /// Milvus itself.
    Server,
    /// An SDK, curl, or another program that connects to Milvus.
    Client,
}

impl EndEntityKind {
    /// Both, in the order in which they get their serial numbers.
    pub const ALL: [Self; 2] = [Self::Server, Self::Client];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
        }
    }

    /// The purpose in extendedKeyUsage: `serverAuth` or `clientAuth`.
    pub const fn purpose(self) -> &'static str {
        match self {
            Self::Server => "serverAuth",
            Self::Client => "clientAuth",
        }
    }
}

impl fmt::Display for EndEntityKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
