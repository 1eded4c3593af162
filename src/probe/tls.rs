use std::net::SocketAddr;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ProtocolVersion, SupportedProtocolVersion};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::probe::budget::Budget;
use crate::probe::failure::{Ended, NoTls};
use crate::probe::observer::{Observed, Observer, Shown};
use crate::probe::{Exchange, Identity, Options, Service, Target, connect, exchange};

/// A version of TLS that Milvus can speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// RFC 5246.
    Tls12,
    /// RFC 8446.
    Tls13,
}

/// What a server with TLS serves.
#[derive(Clone, Debug)]
pub struct ServedTls {
    /// The versions that it takes.
    pub versions: Vec<TlsVersion>,
    /// Whether a handshake was completed: where a client certificate is missing, TLS 1.2 ends before.
    pub is_agreed: bool,
    /// The protocol that was agreed on then, of those that its clients offer (RFC 7301).
    pub alpn: Option<String>,
    /// The certificates that it shows, in DER, its own first.
    pub chain: Vec<Vec<u8>>,
    /// Whether it asks for a client certificate.
    pub asked_for: AskedFor,
    /// What becomes of a client without a certificate.
    pub without_certificate: Exchange,
    /// What becomes of a client with the certificate that was given, where one is asked for, and the server
    /// is trusted to see it.
    pub with_certificate: Option<Exchange>,
}

/// Whether a server asks for a client certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AskedFor {
    /// It does not.
    Nothing,
    /// It does.
    Certificate {
        /// The names of the authorities that it takes them from, in DER; it need not say any.
        authorities: Vec<Vec<u8>>,
    },
}

impl TlsVersion {
    /// `TLS 1.2`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tls12 => "TLS 1.2",
            Self::Tls13 => "TLS 1.3",
        }
    }

    const fn protocol(self) -> &'static SupportedProtocolVersion {
        match self {
            Self::Tls12 => &TLS12,
            Self::Tls13 => &TLS13,
        }
    }

    fn of(version: ProtocolVersion) -> Option<Self> {
        match version {
            ProtocolVersion::TLSv1_2 => Some(Self::Tls12),
            ProtocolVersion::TLSv1_3 => Some(Self::Tls13),
            _ => None,
        }
    }
}

impl Service {
    /// What its clients offer. Newer grpc-go refuses clients that do not agree on `h2`.
    const fn alpn(self) -> &'static [u8] {
        match self {
            Self::Grpc => b"h2",
            Self::Rest => b"http/1.1",
        }
    }
}

const BOTH: &[TlsVersion] = &[TlsVersion::Tls13, TlsVersion::Tls12];

/// Looks at a port in every way that its clients could.
pub(super) async fn look(
    address: SocketAddr,
    target: &Target,
    options: &Options,
    budget: Budget,
) -> Result<ServedTls, NoTls> {
    let visit = Visit { address, target, options, budget };
    let first = visit.pay(BOTH, None).await?;
    let (mut versions, mut agreed) = (Vec::new(), first.agreed());
    let without_certificate = match first.outcome {
        Ok(stream) => {
            let (_, connection) = stream.get_ref();
            versions.extend(connection.protocol_version().and_then(TlsVersion::of));
            visit.ask(stream).await
        }
        Err(Ended::NotTls(what)) if first.observed.chain.is_empty() => return Err(NoTls::Other(what)),
        Err(Ended::TimedOut) if first.observed.chain.is_empty() => return Err(NoTls::Silent),
        Err(Ended::Closed) if first.observed.chain.is_empty() => {
            return Err(NoTls::Other("it closes the connection".into()));
        }
        Err(ended) => Exchange::ended(ended),
    };
    for version in BOTH.iter().filter(|version| !versions.contains(version)).copied().collect::<Vec<_>>() {
        // A handshake that fails after the server has shown its certificate has agreed on a version.
        if let Ok(visited) = visit.pay(&[version], None).await
            && (visited.outcome.is_ok() || !visited.observed.chain.is_empty())
        {
            versions.push(version);
        }
    }
    versions.sort();
    let with_certificate = match (&first.observed.asked_for, &options.identity) {
        (Some(_), Some(identity)) if (options.trusts)(&first.observed.chain) => {
            let (exchange, with_identity) = visit.ask_with(identity).await;
            agreed = agreed.or(with_identity);
            Some(exchange)
        }
        _ => None,
    };
    Ok(ServedTls {
        versions,
        is_agreed: agreed.is_some(),
        alpn: agreed.flatten(),
        chain: first.observed.chain,
        asked_for: match first.observed.asked_for {
            None => AskedFor::Nothing,
            Some(authorities) => AskedFor::Certificate { authorities },
        },
        without_certificate,
        with_certificate,
    })
}

/// Visits to one port.
struct Visit<'a> {
    address: SocketAddr,
    target: &'a Target,
    options: &'a Options,
    budget: Budget,
}

/// What came of one connection.
struct Visited {
    observed: Observed,
    outcome: Result<TlsStream<TcpStream>, Ended>,
}

/// What a handshake agreed on, once it was completed: a protocol or none.
type Agreed = Option<Option<String>>;

impl Visited {
    fn agreed(&self) -> Agreed {
        let (_, connection) = self.outcome.as_ref().ok()?.get_ref();
        Some(connection.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned()))
    }
}

impl Visit<'_> {
    /// Makes a connection and a handshake.
    async fn pay(
        &self,
        versions: &[TlsVersion],
        identity: Option<Arc<CertifiedKey>>,
    ) -> Result<Visited, NoTls> {
        let stream = connect(self.address, self.budget).await.map_err(NoTls::Unreachable)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let shown = identity.map(|key| Shown { key, trusts: self.options.trusts.clone() });
        let observer = Observer::new(provider.clone(), shown);
        let connector =
            TlsConnector::from(Arc::new(config(provider, &observer, versions, self.target.service)));
        let handshake = connector.connect(self.target.server_name.clone(), stream);
        let outcome = match self.budget.step(handshake).await {
            Some(result) => result.map_err(|error| Ended::of(&error)),
            None => Err(Ended::TimedOut),
        };
        Ok(Visited { observed: observer.observed(), outcome })
    }

    async fn ask(&self, stream: TlsStream<TcpStream>) -> Exchange {
        exchange::ask(self.target.service, self.address, stream, self.budget).await
    }

    async fn ask_with(&self, identity: &Identity) -> (Exchange, Agreed) {
        let key = rustls::crypto::ring::sign::any_supported_type(&identity.key);
        let key = match key {
            Ok(key) => Arc::new(CertifiedKey::new(identity.chain.clone(), key)),
            Err(_) => {
                let reason = "keys of this kind cannot be tried here".into();
                return (Exchange::NoAnswer { reason }, None);
            }
        };
        let visited = match self.pay(BOTH, Some(key)).await {
            Ok(visited) => visited,
            Err(NoTls::Unreachable(reason) | NoTls::Other(reason)) => {
                return (Exchange::NoAnswer { reason }, None);
            }
            Err(NoTls::Silent) => return (Exchange::ended(Ended::TimedOut), None),
        };
        let agreed = visited.agreed();
        let exchange = match visited.outcome {
            Ok(stream) => self.ask(stream).await,
            Err(ended) => Exchange::ended(ended),
        };
        (exchange, agreed)
    }
}

fn config(
    provider: Arc<CryptoProvider>,
    observer: &Arc<Observer>,
    versions: &[TlsVersion],
    service: Service,
) -> ClientConfig {
    let versions: Vec<_> = versions.iter().map(|version| version.protocol()).collect();
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&versions)
        .unwrap_or_else(|error| unreachable!("ring speaks both versions: {error}"))
        .dangerous()
        .with_custom_certificate_verifier(observer.clone())
        .with_client_cert_resolver(observer.clone());
    config.alpn_protocols = vec![service.alpn().to_vec()];
    // Each visit is the first: a session that is resumed shows no certificate.
    config.resumption = rustls::client::Resumption::disabled();
    config
}
