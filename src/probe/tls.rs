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
use crate::probe::exchange::ask;
use crate::probe::failure::Ended;
use crate::probe::observer::{Observed, Observer};
use crate::probe::seen::{Exchange, ServedTls, State};
use crate::probe::target::{Identity, Options, Service, Target};

const BOTH: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];

/// Looks at a port in every way that its clients could; or else says what is there without TLS.
pub(super) async fn look(
    address: SocketAddr,
    target: &Target,
    options: &Options,
    budget: Budget,
) -> Result<ServedTls, State> {
    let port = Port { address, target, options, budget };
    let Handshake { observed, outcome } = port.shake_hands(BOTH, None).await.map_err(State::Unreachable)?;
    match &outcome {
        Err(ended @ (Ended::NotTls | Ended::Closed)) if observed.chain.is_empty() => {
            return Err(State::Strange(ended.to_string()));
        }
        Err(Ended::TimedOut) if observed.chain.is_empty() => return Err(State::Silent),
        _ => {}
    }
    let mut agreed = outcome.as_ref().ok().map(Agreed::of);
    let without_certificate = port.ask(outcome).await;
    let agreed_version = agreed.as_ref().and_then(|agreed| agreed.version);
    let mut versions = Vec::new();
    for version in BOTH {
        if agreed_version != Some(version.version) {
            let Ok(Handshake { observed, outcome }) = port.shake_hands(&[version], None).await else {
                continue;
            };
            // A handshake that fails after the server has shown its certificate has agreed on a version.
            if outcome.is_err() && observed.chain.is_empty() {
                continue;
            }
        }
        versions.push(version.version);
    }
    versions.reverse();
    let with_certificate = match (&observed.asked_for, &options.identity) {
        (Some(_), Some(identity)) if (options.trusts)(&observed.chain) => {
            let (exchange, with_identity) = port.ask_with(identity).await;
            agreed = agreed.or(with_identity);
            Some(exchange)
        }
        _ => None,
    };
    Ok(ServedTls {
        versions,
        is_agreed: agreed.is_some(),
        alpn: agreed.and_then(|agreed| agreed.alpn),
        chain: observed.chain,
        asked_for: observed.asked_for,
        without_certificate,
        with_certificate,
    })
}

/// A port, each time with a new connection.
struct Port<'a> {
    address: SocketAddr,
    target: &'a Target,
    options: &'a Options,
    budget: Budget,
}

/// What came of one connection.
struct Handshake {
    observed: Observed,
    outcome: Result<TlsStream<TcpStream>, Ended>,
}

/// What a handshake agreed on that was completed.
struct Agreed {
    version: Option<ProtocolVersion>,
    alpn: Option<String>,
}

impl Agreed {
    fn of(stream: &TlsStream<TcpStream>) -> Self {
        let (_, connection) = stream.get_ref();
        let alpn = connection.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned());
        Self { version: connection.protocol_version(), alpn }
    }
}

impl Port<'_> {
    /// Makes a connection and a handshake; or else says why there is no connection.
    async fn shake_hands(
        &self,
        versions: &[&'static SupportedProtocolVersion],
        identity: Option<Arc<CertifiedKey>>,
    ) -> Result<Handshake, String> {
        let stream = self.budget.connect(self.address).await?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let shown = identity.map(|key| (key, self.options.trusts.clone()));
        let observer = Observer::new(provider.clone(), shown);
        let connector =
            TlsConnector::from(Arc::new(config(provider, &observer, versions, self.target.service)));
        let handshake = connector.connect(self.target.server_name.clone(), stream);
        let outcome = match self.budget.step(handshake).await {
            Some(result) => result.map_err(Ended::from),
            None => Err(Ended::TimedOut),
        };
        Ok(Handshake { observed: observer.observed(), outcome })
    }

    /// Asks what the service is for, where the handshake was completed.
    async fn ask(&self, outcome: Result<TlsStream<TcpStream>, Ended>) -> Exchange {
        match outcome {
            Ok(stream) => ask(self.target.service, self.address, stream, self.budget).await,
            Err(ended) => Err(ended),
        }
    }

    async fn ask_with(&self, identity: &Identity) -> (Exchange, Option<Agreed>) {
        let no_answer = |reason| (Err(Ended::Other(reason)), None);
        let Ok(key) = rustls::crypto::ring::sign::any_supported_type(&identity.key) else {
            return no_answer("keys of this kind cannot be tried here".into());
        };
        let key = Arc::new(CertifiedKey::new(identity.chain.clone(), key));
        match self.shake_hands(BOTH, Some(key)).await {
            Ok(Handshake { outcome, .. }) => {
                let agreed = outcome.as_ref().ok().map(Agreed::of);
                (self.ask(outcome).await, agreed)
            }
            Err(reason) => no_answer(reason),
        }
    }
}

fn config(
    provider: Arc<CryptoProvider>,
    observer: &Arc<Observer>,
    versions: &[&'static SupportedProtocolVersion],
    service: Service,
) -> ClientConfig {
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap_or_else(|error| unreachable!("ring speaks both versions: {error}"))
        .dangerous()
        .with_custom_certificate_verifier(observer.clone())
        .with_client_cert_resolver(observer.clone());
    // What its clients offer. Newer grpc-go refuses servers that do not agree on `h2`.
    config.alpn_protocols = vec![match service {
        Service::Grpc => b"h2".to_vec(),
        Service::Rest => b"http/1.1".to_vec(),
    }];
    // A session that is resumed shows no certificate.
    config.resumption = rustls::client::Resumption::disabled();
    config
}
