use serde::{Serialize, Serializer};

/// Milvus' `common.security.tlsMode`, where it is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(from = "u8", into = "u8"))]
pub enum TlsMode {
    /// 1: clients verify the server.
    OneWay,
    /// 2: the server verifies clients too.
    Mutual,
}

impl TlsMode {
    /// Both.
    pub const ALL: [Self; 2] = [Self::OneWay, Self::Mutual];

    /// The value of `common.security.tlsMode`.
    #[must_use]
    pub const fn value(self) -> u8 {
        match self {
            Self::OneWay => 1,
            Self::Mutual => 2,
        }
    }

    /// `one-way` or `mutual`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OneWay => "one-way",
            Self::Mutual => "mutual",
        }
    }
}

/// As its `tlsMode`.
impl Serialize for TlsMode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.value())
    }
}
