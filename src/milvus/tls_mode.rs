use std::str::FromStr;

use serde::{Deserialize, Serialize, Serializer};

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

/// `common.security.tlsMode`, also where it is off: then only Milvus' own components use TLS, if any do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u8")]
pub(crate) struct ClientTls(pub(crate) Option<TlsMode>);

impl ClientTls {
    const fn value(self) -> u8 {
        match self.0 {
            Some(mode) => mode.value(),
            None => 0,
        }
    }
}

impl TryFrom<u8> for ClientTls {
    type Error = String;

    fn try_from(value: u8) -> Result<Self, String> {
        value.to_string().parse()
    }
}

impl FromStr for ClientTls {
    type Err = String;

    fn from_str(value: &str) -> Result<Self, String> {
        let known = [None, Some(TlsMode::OneWay), Some(TlsMode::Mutual)].map(Self);
        let found = known.into_iter().find(|known| known.value().to_string() == value);
        found.ok_or_else(|| format!("{value:?} is neither 0 (off), 1 (one-way) nor 2 (mutual)"))
    }
}

/// As its `tlsMode`.
impl Serialize for ClientTls {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.value())
    }
}
