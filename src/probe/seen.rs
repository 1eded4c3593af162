use std::net::SocketAddr;

use rustls::ProtocolVersion;

use crate::probe::failure::Ended;
use crate::probe::target::Target;

/// An address, and what is there.
#[derive(Debug)]
pub(crate) struct Seen {
    pub target: Target,
    /// None where the name has no address.
    pub address: Option<SocketAddr>,
    pub state: State,
}

#[derive(Debug)]
pub(crate) enum State {
    /// Why the name has no address.
    Unresolved(String),
    /// Why no connection can be made.
    Unreachable(String),
    Silent,
    Plaintext(Plaintext),
    /// It speaks neither TLS nor HTTP; what it does instead.
    Strange(String),
    Tls(Box<ServedTls>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Plaintext {
    /// With what Milvus says of its version.
    Http2 {
        version: Option<String>,
    },
    Http1,
}

/// What a server with TLS serves.
#[derive(Debug)]
pub(crate) struct ServedTls {
    /// Those that it takes of the two that Milvus can speak.
    pub versions: Vec<ProtocolVersion>,
    /// Whether a handshake was completed: where a client certificate is missing, TLS 1.2 ends before.
    pub is_agreed: bool,
    /// The protocol that was agreed on then, of those that its clients offer (RFC 7301).
    pub alpn: Option<String>,
    /// The certificates that it shows, in DER, its own first.
    pub chain: Vec<Vec<u8>>,
    /// Where it asks for a client certificate, the names of the CAs that it takes them from, in DER; it need not
    /// say any.
    pub asked_for: Option<Vec<Vec<u8>>>,
    /// What becomes of a client without a certificate.
    pub without_certificate: Exchange,
    /// What becomes of a client with the certificate that was given, where one is asked for, and the server
    /// is trusted to see it.
    pub with_certificate: Option<Exchange>,
}

/// What becomes of a client: it is let in, with what Milvus says of its version; or else how the connection ends.
pub(crate) type Exchange = Result<Option<String>, Ended>;

/// `TLS 1.2` or `TLS 1.3`.
pub(crate) fn version_name(version: ProtocolVersion) -> &'static str {
    if version == ProtocolVersion::TLSv1_3 { "TLS 1.3" } else { "TLS 1.2" }
}
