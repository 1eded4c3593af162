use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};

/// What speaks on a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    /// gRPC, as SDKs use it and as Milvus' components speak to each other.
    Grpc,
    Rest,
}

/// A port to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// A name or an address.
    pub host: String,
    pub port: u16,
    pub service: Service,
    /// The name that is asked for in the handshake.
    pub server_name: ServerName<'static>,
}

/// Whether a server that shows these certificates, in DER, its own first, may see the client's.
pub(super) type Trust = Arc<dyn Fn(&[Vec<u8>]) -> bool + Send + Sync>;

/// How to look.
pub(crate) struct Options {
    /// What is shown where the server asks for a client certificate, and `trusts` what it shows itself.
    pub identity: Option<Identity>,
    /// Which servers may see it.
    pub trusts: Trust,
    /// The longest that all of it may take. A single step has a third of it.
    pub timeout: Duration,
}

/// A client's certificate and key.
pub(crate) struct Identity {
    /// The certificate, and those of its issuers.
    pub chain: Vec<CertificateDer<'static>>,
    /// Its key, in PKCS#8, PKCS#1 or SEC 1.
    pub key: PrivateKeyDer<'static>,
}
