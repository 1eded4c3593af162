//! The files of a certificate directory, and where they are in it.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::store::mode::FileMode;
use crate::x509::EndEntityKind;

/// The seven files of a certificate directory; the names are the documentation page's.
///
/// This is the one table of what they are called, how they are protected, who needs them and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FileRole {
    /// The last serial number. First, because files are committed in this order: a serial number
    /// that is lost is harmless, one that is used twice is not.
    CaSerial,
    CaKey,
    CaCertificate,
    ServerKey,
    ServerCertificate,
    ClientKey,
    ClientCertificate,
}

/// Who needs a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Only whoever makes certificates: these files never leave the directory.
    Ca,
    /// Milvus.
    Server,
    /// Milvus and every client.
    Everybody,
    /// Clients, with mutual TLS.
    Client,
}

impl FileRole {
    /// All of them, in the order in which they are committed.
    pub const ALL: [Self; 7] = [
        Self::CaSerial,
        Self::CaKey,
        Self::CaCertificate,
        Self::ServerKey,
        Self::ServerCertificate,
        Self::ClientKey,
        Self::ClientCertificate,
    ];

    /// All of them, in the order in which the documentation page names them.
    pub const AS_LISTED: [Self; 7] = [
        Self::CaKey,
        Self::CaCertificate,
        Self::CaSerial,
        Self::ServerKey,
        Self::ServerCertificate,
        Self::ClientKey,
        Self::ClientCertificate,
    ];

    /// Key and certificate of a server or client.
    pub const fn pair_of(kind: EndEntityKind) -> (Self, Self) {
        match kind {
            EndEntityKind::Server => (Self::ServerKey, Self::ServerCertificate),
            EndEntityKind::Client => (Self::ClientKey, Self::ClientCertificate),
        }
    }

    /// Whose key or certificate it is; nothing for the CA's.
    pub const fn kind(self) -> Option<EndEntityKind> {
        match self {
            Self::ServerKey | Self::ServerCertificate => Some(EndEntityKind::Server),
            Self::ClientKey | Self::ClientCertificate => Some(EndEntityKind::Client),
            Self::CaKey | Self::CaCertificate | Self::CaSerial => None,
        }
    }

    pub const fn file_name(self) -> &'static str {
        match self {
            Self::CaSerial => "ca.srl",
            Self::CaKey => "ca.key",
            Self::CaCertificate => "ca.pem",
            Self::ServerKey => "server.key",
            Self::ServerCertificate => "server.pem",
            Self::ClientKey => "client.key",
            Self::ClientCertificate => "client.pem",
        }
    }

    /// Its name in a Secret of the type `kubernetes.io/tls`, to which cert-manager adds the CA certificate.
    pub(crate) const fn name_in_tls_secret(self) -> &'static str {
        match self {
            Self::ServerCertificate | Self::ClientCertificate => "tls.crt",
            Self::ServerKey | Self::ClientKey => "tls.key",
            Self::CaCertificate => "ca.crt",
            Self::CaKey | Self::CaSerial => self.file_name(),
        }
    }

    /// The mode that it is created with; for the keys of server and client it can be chosen.
    pub const fn mode(self) -> FileMode {
        if self.is_key() { FileMode::PRIVATE } else { FileMode::PUBLIC }
    }

    /// Whether it is a private key.
    pub const fn is_key(self) -> bool {
        matches!(self, Self::CaKey | Self::ServerKey | Self::ClientKey)
    }

    /// Who needs it.
    pub const fn audience(self) -> Audience {
        match self {
            Self::CaSerial | Self::CaKey => Audience::Ca,
            Self::CaCertificate => Audience::Everybody,
            Self::ServerKey | Self::ServerCertificate => Audience::Server,
            Self::ClientKey | Self::ClientCertificate => Audience::Client,
        }
    }

    /// What it is for, in a few words.
    pub const fn purpose(self) -> &'static str {
        match self {
            Self::CaSerial => "the last serial number that the CA gave out",
            Self::CaKey => "the CA key: signs certificates",
            Self::CaCertificate => "the CA certificate: what Milvus and its clients trust",
            Self::ServerKey => "Milvus' private key",
            Self::ServerCertificate => "Milvus' certificate",
            Self::ClientKey => "the client's private key",
            Self::ClientCertificate => "the client's certificate",
        }
    }
}

impl Audience {
    /// Who it is, in a few words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ca => "nobody else; keep it safe",
            Self::Server => "Milvus",
            Self::Everybody => "Milvus and every client",
            Self::Client => "clients, for mutual TLS",
        }
    }
}

impl fmt::Display for FileRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.file_name())
    }
}

/// The path of a file in a certificate directory, or in a folder of it; never deeper.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct RelativePath {
    folder: Option<String>,
    name: Cow<'static, str>,
}

impl RelativePath {
    /// A file in a folder of the directory. Both names are single components of a path.
    pub(crate) fn in_folder(folder: impl Into<String>, name: impl Into<Cow<'static, str>>) -> Self {
        Self { folder: Some(folder.into()), name: name.into() }
    }

    /// A file of the directory itself.
    pub(crate) fn in_directory(name: impl Into<Cow<'static, str>>) -> Self {
        Self { folder: None, name: name.into() }
    }

    pub(crate) fn folder(&self) -> Option<&str> {
        self.folder.as_deref()
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether it leads to a visible file of the directory or of a folder in it, and nowhere else.
    pub(super) fn is_inside(&self) -> bool {
        let is_plain = |name: &str| !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\0']);
        is_plain(&self.name) && self.folder().is_none_or(is_plain)
    }
}

/// The path of a file as people name it: `certs/ca.pem`, and for the current folder just `ca.pem`.
pub(crate) fn path_of(directory: &Path, file: impl Into<RelativePath>) -> PathBuf {
    let directory = if directory == Path::new(".") { Path::new("") } else { directory };
    let file = file.into();
    directory.join(file.folder().unwrap_or_default()).join(file.name())
}

impl From<FileRole> for RelativePath {
    fn from(role: FileRole) -> Self {
        Self { folder: None, name: role.file_name().into() }
    }
}

impl From<&RelativePath> for RelativePath {
    fn from(path: &RelativePath) -> Self {
        path.clone()
    }
}

impl fmt::Display for RelativePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.folder() {
            Some(folder) => write!(f, "{folder}/{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}
