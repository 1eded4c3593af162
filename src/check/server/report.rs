use std::fmt;
use std::net::SocketAddr;

use serde::Serialize;

use crate::base::text::serialize_as_displayed;
use crate::check::finding::Finding;
use crate::check::inspect::CertificateDetails;
use crate::milvus::TlsMode;
use crate::milvus::container::INTERNAL_PORTS;
use crate::probe::{Exchange, Plaintext, Seen, ServedTls, Service, State, Target, version_name};
use crate::x509::Subject;

/// What `probe` saw.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ProbeReport {
    /// The certificate directory, if what is served was held to one.
    pub directory: Option<String>,
    /// The tlsMode that is in force, where all ports agree: 0, 1 or 2.
    pub tls_mode: Option<u8>,
    /// Every port, at every address.
    pub ports: Vec<ProbedPort>,
    /// What is wrong, the worst first.
    pub findings: Vec<Finding>,
}

/// A port, and what is there.
#[derive(Debug, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ProbedPort {
    /// The host and port, as they were named.
    pub target: String,
    /// None where the name leads nowhere.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub address: Option<SocketAddr>,
    #[cfg_attr(test, schemars(with = "String"))]
    pub service: PortService,
    pub state: PortState,
    /// In a few words, where it is not TLS.
    pub detail: Option<String>,
    /// The tlsMode that is in force there.
    pub tls_mode: Option<u8>,
    pub milvus_version: Option<String>,
    /// The versions of TLS that it takes.
    pub tls_versions: Vec<&'static str>,
    /// The protocol that was agreed on.
    pub alpn: Option<String>,
    /// The certificates that it shows, its own first.
    pub certificates: Vec<CertificateDetails>,
    /// The name that was asked for.
    pub server_name: String,
    /// Whether what it shows verifies for that name against the trusted CAs; none without any.
    pub verifies: Option<bool>,
    /// Whether what it shows is what is in the directory; none without a directory.
    pub is_the_directorys: Option<bool>,
    /// The CAs that it takes client certificates from, where it asks for one.
    pub accepted_authorities: Option<Vec<String>>,
    pub without_client_certificate: Option<ClientOutcome>,
    /// What becomes of a client with the directory's, which only a server that verifies is shown.
    pub with_client_certificate: Option<ClientOutcome>,
}

/// Whom a port serves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum PortService {
    #[default]
    Grpc,
    Rest,
    /// A component of Milvus serves the others.
    Component(&'static str),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub(crate) enum PortState {
    #[default]
    Unresolved,
    Closed,
    Silent,
    Plaintext,
    /// It speaks neither TLS nor HTTP.
    Strange,
    Tls,
}

/// What becomes of a client.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ClientOutcome {
    pub let_in: bool,
    /// The alert by which it is refused, or what happens instead of an answer.
    pub reason: Option<String>,
}

impl ProbeReport {
    pub(crate) fn new(directory: Option<String>, ports: Vec<ProbedPort>, mut findings: Vec<Finding>) -> Self {
        findings.sort_by_key(|finding| finding.code.severity());
        Self { directory, tls_mode: common_mode(&ports), ports, findings }
    }

    /// Whether any port could be reached.
    #[must_use]
    pub(crate) fn is_reached(&self) -> bool {
        self.ports.iter().any(|port| port.state.is_reached())
    }
}

/// The mode of all ports that say one, if it is the same.
fn common_mode(ports: &[ProbedPort]) -> Option<u8> {
    let mut modes = ports.iter().filter_map(|port| port.tls_mode);
    let first = modes.next()?;
    modes.all(|mode| mode == first).then_some(first)
}

impl PortState {
    pub(crate) fn is_reached(self) -> bool {
        !matches!(self, Self::Unresolved | Self::Closed)
    }
}

impl PortService {
    fn of(target: &Target, internal: bool) -> Self {
        let component = INTERNAL_PORTS.iter().find(|(_, port)| internal && *port == target.port);
        match (component, target.service) {
            (Some((name, _)), _) => Self::Component(name),
            (None, Service::Grpc) => Self::Grpc,
            (None, Service::Rest) => Self::Rest,
        }
    }
}

impl fmt::Display for PortService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Grpc => "grpc",
            Self::Rest => "rest",
            Self::Component(name) => name,
        })
    }
}

serialize_as_displayed!(PortService);

impl ProbedPort {
    pub(crate) fn of(seen: &Seen, internal: bool) -> Self {
        let (state, detail) = match &seen.state {
            State::Unresolved(reason) => (PortState::Unresolved, Some(reason.clone())),
            State::Unreachable(reason) => (PortState::Closed, Some(reason.clone())),
            State::Silent => (PortState::Silent, None),
            State::Strange(what) => (PortState::Strange, Some(what.clone())),
            State::Plaintext(plaintext) => (PortState::Plaintext, Some(plaintext_name(plaintext).into())),
            State::Tls(_) => (PortState::Tls, None),
        };
        let mut port = Self {
            target: target_name(&seen.target),
            address: seen.address,
            service: PortService::of(&seen.target, internal),
            state,
            detail,
            server_name: seen.target.server_name.to_str().into_owned(),
            ..Self::default()
        };
        match &seen.state {
            State::Plaintext(plaintext) => {
                port.tls_mode = Some(0);
                if let Plaintext::Http2 { version } = plaintext {
                    port.milvus_version.clone_from(version);
                }
            }
            State::Tls(served) => port.note_tls(served),
            _ => {}
        }
        // What components speak to each other is not what tlsMode says.
        port.tls_mode = port.tls_mode.filter(|_| !internal);
        port
    }

    fn note_tls(&mut self, served: &ServedTls) {
        self.tls_versions = served.versions.iter().map(|version| version_name(*version)).collect();
        self.alpn.clone_from(&served.alpn);
        let mode = match &served.asked_for {
            None => served.is_agreed.then_some(TlsMode::OneWay),
            Some(authorities) => {
                self.accepted_authorities = Some(names(authorities));
                Some(TlsMode::Mutual)
            }
        };
        self.tls_mode = mode.map(TlsMode::value);
        self.without_client_certificate = Some(ClientOutcome::of(&served.without_certificate));
        self.with_client_certificate = served.with_certificate.as_ref().map(ClientOutcome::of);
        let answers = [Some(&served.without_certificate), served.with_certificate.as_ref()];
        self.milvus_version = answers.into_iter().flatten().find_map(|answer| answer.clone().ok().flatten());
    }
}

impl ClientOutcome {
    fn of(exchange: &Exchange) -> Self {
        Self { let_in: exchange.is_ok(), reason: exchange.as_ref().err().map(ToString::to_string) }
    }
}

pub(crate) fn described(exchange: &Exchange) -> String {
    match exchange {
        Ok(_) => "it answers".into(),
        Err(ended) => ended.to_string(),
    }
}

pub(crate) const fn plaintext_name(plaintext: &Plaintext) -> &'static str {
    match plaintext {
        Plaintext::Http2 { .. } => "HTTP/2",
        Plaintext::Http1 => "HTTP/1",
    }
}

/// The subjects of CAs, as far as they can be read.
pub(crate) fn names(authorities: &[Vec<u8>]) -> Vec<String> {
    authorities.iter().map(|der| Subject::from_der(der).to_string()).collect()
}

fn target_name(Target { host, port, .. }: &Target) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

pub(crate) fn place_of(seen: &Seen) -> String {
    let target = target_name(&seen.target);
    match seen.address {
        Some(address) if address.to_string() != target => format!("{target} ({})", address.ip()),
        _ => target,
    }
}
