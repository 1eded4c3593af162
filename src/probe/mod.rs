//! TLS handshakes with a running server: what it serves, to whom, and what it says when it refuses.
//!
//! Everything is looked at, nothing is trusted: whether what is served is right is for the audit to
//! say. No file is read or written here. All of it is bounded in time, each answer in size.

mod budget;
mod exchange;
mod failure;
mod listening;
mod observer;
mod plaintext;
mod resolve;
mod tls;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use budget::Budget;

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

/// Whether a server that shows these certificates, in DER, its own first, may see the client's.
pub type Trust = Arc<dyn Fn(&[Vec<u8>]) -> bool + Send + Sync>;

/// How to look.
pub struct Options {
    /// What is shown where the server asks for a client certificate, and `trusts` what it shows itself.
    pub identity: Option<Identity>,
    /// Which servers may see it.
    pub trusts: Trust,
    /// The longest that all of it may take. A single step has a third of it.
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

/// So many addresses of a port are looked at together. No Milvus has more.
const TOGETHER: usize = 32;

/// Looks at ports, all at once, and at every address of each.
///
/// # Errors
/// If the operating system denies what a runtime needs.
pub fn look(targets: &[Target], options: Options) -> std::io::Result<Vec<Seen>> {
    let budget = Budget::begin(options.timeout);
    let resolved = resolve::all(targets, budget);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let options = Arc::new(options);
    Ok(runtime.block_on(async {
        let mut tasks = JoinSet::new();
        for (index, (target, addresses)) in targets.iter().zip(resolved).enumerate() {
            let (target, options) = (target.clone(), options.clone());
            tasks.spawn(async move { (index, look_at_all(target, addresses, options, budget).await) });
        }
        let mut seen: Vec<_> = tasks.join_all().await;
        seen.sort_by_key(|(index, _)| *index);
        seen.into_iter().flat_map(|(_, seen)| seen).collect()
    }))
}

async fn look_at_all(
    target: Target,
    addresses: Result<Vec<SocketAddr>, String>,
    options: Arc<Options>,
    budget: Budget,
) -> Vec<Seen> {
    let addresses = match addresses {
        Ok(addresses) if addresses.is_empty() => return vec![unresolved(target, "it has no address".into())],
        Ok(addresses) => addresses,
        Err(reason) => return vec![unresolved(target, reason)],
    };
    let mut seen = Vec::new();
    for some in addresses.chunks(TOGETHER) {
        let mut tasks = JoinSet::new();
        for (index, address) in some.iter().copied().enumerate() {
            let (target, options) = (target.clone(), options.clone());
            tasks.spawn(async move {
                let state = look_at(address, &target, &options, budget).await;
                (index, Seen { target, address: Some(address), state })
            });
        }
        let mut looked = tasks.join_all().await;
        looked.sort_by_key(|(index, _)| *index);
        seen.extend(looked.into_iter().map(|(_, seen)| seen));
    }
    seen
}

fn unresolved(target: Target, reason: String) -> Seen {
    Seen { target, address: None, state: State::Unresolved(reason) }
}

async fn look_at(address: SocketAddr, target: &Target, options: &Options, budget: Budget) -> State {
    match tls::look(address, target, options, budget).await {
        Ok(served) => State::Tls(Box::new(served)),
        Err(failure::NoTls::Unreachable(reason)) => State::Unreachable(reason),
        Err(failure::NoTls::Silent) => State::Silent,
        Err(failure::NoTls::Other(what)) => match plaintext::recognise(address, budget).await {
            Some(plaintext) => State::Plaintext(plaintext),
            None => State::Strange(what),
        },
    }
}

/// Connects within the time.
async fn connect(address: SocketAddr, budget: Budget) -> Result<TcpStream, String> {
    match budget.step(TcpStream::connect(address)).await {
        Some(Ok(stream)) => Ok(stream),
        Some(Err(error)) => Err(failure::reason(&error)),
        None => Err("no answer".into()),
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};
    use std::time::Instant;

    use super::*;

    /// Linux has all of 127.0.0.0/8.
    #[cfg(target_os = "linux")]
    #[test]
    fn many_addresses_that_say_nothing_take_no_longer_than_a_few() {
        // The operating system takes their connections, and nobody answers.
        let listener = TcpListener::bind("0.0.0.0:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let addresses: Vec<_> =
            (1..=80).map(|number| SocketAddr::from((Ipv4Addr::new(127, 0, 1, number), port))).collect();
        let server_name = ServerName::try_from("localhost").unwrap();
        let target = Target { host: "localhost".into(), port, service: Service::Grpc, server_name };
        let total = Duration::from_millis(900);
        let options = Options { identity: None, trusts: Arc::new(|_| false), timeout: total };

        let start = Instant::now();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let budget = Budget::begin(total);
        let seen = runtime.block_on(look_at_all(target, Ok(addresses.clone()), Arc::new(options), budget));
        assert!(start.elapsed() < 2 * total, "{:?}", start.elapsed());
        let looked_at: Vec<_> = seen.iter().filter_map(|seen| seen.address).collect();
        assert_eq!(looked_at, addresses, "each is reported, in its order");
        assert!(seen.iter().all(|seen| matches!(seen.state, State::Silent | State::Unreachable(_))));
    }
}
