use std::net::SocketAddr;

use crate::probe::target::Target;

/// An address, and what is there.
#[derive(Debug)]
pub(crate) struct Seen {
    pub target: Target,
    /// None where the name has no address.
    pub address: Option<SocketAddr>,
    pub state: State,
}

/// What is at a port.
#[derive(Debug)]
pub(crate) enum State {
    /// The name has no address, for this reason.
    Unresolved(String),
    /// No connection can be made, for this reason.
    Unreachable(String),
    /// It takes connections and says nothing.
    Silent,
    /// It speaks without TLS.
    Plaintext(Plaintext),
    /// It speaks neither TLS nor HTTP; what it does instead.
    Strange(String),
    /// It speaks TLS.
    Tls(Box<ServedTls>),
}

/// A protocol without TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Plaintext {
    /// HTTP/2, as gRPC uses it.
    Http2 {
        /// What Milvus says of its version.
        version: Option<String>,
    },
    /// HTTP/1, as REST uses it.
    Http1,
}

/// A version of TLS that Milvus can speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TlsVersion {
    /// RFC 5246.
    Tls12,
    /// RFC 8446.
    Tls13,
}

/// What a server with TLS serves.
#[derive(Clone, Debug)]
pub(crate) struct ServedTls {
    /// The versions that it takes.
    pub versions: Vec<TlsVersion>,
    /// Whether a handshake was completed: where a client certificate is missing, TLS 1.2 ends before.
    pub is_agreed: bool,
    /// The protocol that was agreed on then, of those that its clients offer (RFC 7301).
    pub alpn: Option<String>,
    /// The certificates that it shows, in DER, its own first.
    pub chain: Vec<Vec<u8>>,
    /// The names of the CAs that it takes client certificates from, in DER, where it asks for one; it need not
    /// say any.
    pub asked_for: Option<Vec<Vec<u8>>>,
    /// What becomes of a client without a certificate.
    pub without_certificate: Exchange,
    /// What becomes of a client with the certificate that was given, where one is asked for, and the server
    /// is trusted to see it.
    pub with_certificate: Option<Exchange>,
}

/// What becomes of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Exchange {
    /// The server answered: the client is let in.
    Answered {
        /// What Milvus says of its version; gRPC alone.
        version: Option<String>,
    },
    /// The server refused the client, by this alert.
    Refused {
        /// As the standards spell it: `bad_certificate`.
        alert: String,
    },
    /// Neither; what happened instead.
    NoAnswer {
        /// In a few words.
        reason: String,
    },
}

impl Plaintext {
    /// What people call the protocol.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Http2 { .. } => "HTTP/2",
            Self::Http1 => "HTTP/1",
        }
    }
}

impl TlsVersion {
    /// `TLS 1.2`.
    #[must_use]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Tls12 => "TLS 1.2",
            Self::Tls13 => "TLS 1.3",
        }
    }
}
