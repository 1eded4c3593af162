//! TLS handshakes with a running server: what it serves, to whom, and what it says when it refuses.
//!
//! Everything is looked at, nothing is trusted: whether what is served is right is for the audit to
//! say. No file is read or written here. Each step is bounded in time, each answer in size.

mod exchange;
mod failure;
mod listening;
mod observer;
mod plaintext;
mod tls;

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

pub use exchange::Exchange;
pub use plaintext::Plaintext;
pub use tls::{AskedFor, ServedTls, TlsVersion};

/// What speaks on a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// gRPC, as SDKs use it and as Milvus' components speak to each other.
    Grpc,
    /// REST.
    Rest,
}

/// A port to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// A name or an address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// What speaks there.
    pub service: Service,
    /// The name that is asked for in the handshake.
    pub server_name: ServerName<'static>,
}

/// How to look.
pub struct Options {
    /// What is shown where the server asks for a client certificate.
    pub identity: Option<Identity>,
    /// The longest that each step may take.
    pub timeout: Duration,
}

/// A client's certificate and key.
pub struct Identity {
    /// The certificate, and those of its issuers.
    pub chain: Vec<CertificateDer<'static>>,
    /// Its key, in PKCS#8, PKCS#1 or SEC 1.
    pub key: PrivateKeyDer<'static>,
}

/// Without the key.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { chain, key: _ } = self;
        write!(f, "Identity({} certificates)", chain.len())
    }
}

/// An address, and what is there.
#[derive(Debug)]
pub struct Seen {
    /// What was looked at.
    pub target: Target,
    /// Its address; none where the name leads nowhere.
    pub address: Option<SocketAddr>,
    /// What is there.
    pub state: State,
}

/// What is at a port.
#[derive(Debug)]
pub enum State {
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

/// Looks at ports, all at once, and at every address of each.
///
/// # Errors
/// If the operating system denies what a runtime needs.
pub fn look(targets: &[Target], options: Options) -> std::io::Result<Vec<Seen>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let options = std::sync::Arc::new(options);
    let seen = runtime.block_on(async {
        let mut tasks = JoinSet::new();
        for (index, target) in targets.iter().enumerate() {
            let (target, options) = (target.clone(), options.clone());
            tasks.spawn(async move { (index, look_at_all(target, &options).await) });
        }
        let mut seen: Vec<_> = tasks.join_all().await;
        seen.sort_by_key(|(index, _)| *index);
        seen.into_iter().flat_map(|(_, seen)| seen).collect()
    });
    // A name server that does not answer is not waited for.
    runtime.shutdown_background();
    Ok(seen)
}

async fn look_at_all(target: Target, options: &Options) -> Vec<Seen> {
    let lookup = tokio::net::lookup_host((target.host.clone(), target.port));
    let addresses = match timeout(options.timeout, lookup).await {
        Ok(Ok(addresses)) => addresses.collect::<Vec<_>>(),
        Ok(Err(error)) => return vec![unresolved(target, failure::reason(&error))],
        Err(_) => return vec![unresolved(target, "the name server does not answer".into())],
    };
    let mut seen: Vec<Seen> = Vec::new();
    for address in addresses {
        if seen.iter().all(|other| other.address != Some(address)) {
            let state = look_at(address, &target, options).await;
            seen.push(Seen { target: target.clone(), address: Some(address), state });
        }
    }
    if seen.is_empty() {
        return vec![unresolved(target, "it has no address".into())];
    }
    seen
}

fn unresolved(target: Target, reason: String) -> Seen {
    Seen { target, address: None, state: State::Unresolved(reason) }
}

async fn look_at(address: SocketAddr, target: &Target, options: &Options) -> State {
    match tls::look(address, target, options).await {
        Ok(served) => State::Tls(Box::new(served)),
        Err(failure::NoTls::Unreachable(reason)) => State::Unreachable(reason),
        Err(failure::NoTls::Silent) => State::Silent,
        Err(failure::NoTls::Other(what)) => match plaintext::recognise(address, options.timeout).await {
            Some(plaintext) => State::Plaintext(plaintext),
            None => State::Strange(what),
        },
    }
}

/// Connects within the time.
async fn connect(address: SocketAddr, limit: Duration) -> Result<TcpStream, String> {
    match timeout(limit, TcpStream::connect(address)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(failure::reason(&error)),
        Err(_) => Err("no answer".into()),
    }
}
