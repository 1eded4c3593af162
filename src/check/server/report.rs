use serde::Serialize;

use crate::check::Finding;
use crate::check::inspect::CertificateDetails;
use crate::milvus::TlsMode;
use crate::milvus::container::INTERNAL_PORTS;
use crate::probe::{AskedFor, Exchange, Plaintext, Seen, ServedTls, Service, State, Target, TlsVersion};
use crate::x509::Subject;

/// What `probe` saw.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ProbeReport {
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
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ProbedPort {
    /// The host and port, as they were named.
    pub target: String,
    /// The address; none where the name leads nowhere.
    pub address: Option<String>,
    /// `grpc`, `rest`, or the component of Milvus.
    pub service: &'static str,
    /// `unresolved`, `closed`, `silent`, `plaintext`, `strange` or `tls`.
    pub state: &'static str,
    /// In a few words, where it is not TLS.
    pub detail: Option<String>,
    /// The tlsMode that is in force there.
    pub tls_mode: Option<u8>,
    /// What Milvus says of its version.
    pub milvus_version: Option<String>,
    /// The versions of TLS that it takes.
    pub tls_versions: Vec<&'static str>,
    /// The protocol that was agreed on.
    pub alpn: Option<String>,
    /// The certificates that it shows, its own first.
    pub certificates: Vec<CertificateDetails>,
    /// The name that was asked for.
    pub server_name: String,
    /// Whether what it shows verifies for that name against the trusted authorities; none without any.
    pub verifies: Option<bool>,
    /// Whether what it shows is what is in the directory; none without a directory.
    pub is_the_directorys: Option<bool>,
    /// The authorities that it takes client certificates from, where it asks for one.
    pub accepted_authorities: Option<Vec<String>>,
    /// What becomes of a client without a certificate.
    pub without_client_certificate: Option<ClientOutcome>,
    /// What becomes of a client with the directory's, which only a server that verifies is shown.
    pub with_client_certificate: Option<ClientOutcome>,
}

/// What becomes of a client.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ClientOutcome {
    /// Whether it is let in.
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
    pub fn is_reached(&self) -> bool {
        self.ports.iter().any(|port| !matches!(port.state, "unresolved" | "closed"))
    }
}

/// The mode of all ports that say one, if it is the same.
fn common_mode(ports: &[ProbedPort]) -> Option<u8> {
    let mut modes = ports.iter().filter_map(|port| port.tls_mode);
    let first = modes.next()?;
    modes.all(|mode| mode == first).then_some(first)
}

impl ProbedPort {
    pub(crate) fn of(seen: &Seen, internal: bool) -> Self {
        let mut port = Self {
            target: format!("{}:{}", bracketed(&seen.target.host), seen.target.port),
            address: seen.address.map(|address| address.to_string()),
            service: service_name(&seen.target, internal),
            state: "",
            detail: None,
            tls_mode: None,
            milvus_version: None,
            tls_versions: Vec::new(),
            alpn: None,
            certificates: Vec::new(),
            server_name: seen.target.server_name.to_str().into_owned(),
            verifies: None,
            is_the_directorys: None,
            accepted_authorities: None,
            without_client_certificate: None,
            with_client_certificate: None,
        };
        port.note(&seen.state);
        // What components speak to each other is not what tlsMode says.
        port.tls_mode = port.tls_mode.filter(|_| !internal);
        port
    }

    fn note(&mut self, state: &State) {
        match state {
            State::Unresolved(reason) => (self.state, self.detail) = ("unresolved", Some(reason.clone())),
            State::Unreachable(reason) => (self.state, self.detail) = ("closed", Some(reason.clone())),
            State::Silent => self.state = "silent",
            State::Strange(what) => (self.state, self.detail) = ("strange", Some(what.clone())),
            State::Plaintext(plaintext) => {
                (self.state, self.tls_mode) = ("plaintext", Some(0));
                self.detail = Some(plaintext_name(plaintext).into());
                if let Plaintext::Http2 { version } = plaintext {
                    self.milvus_version.clone_from(version);
                }
            }
            State::Tls(served) => self.note_tls(served),
        }
    }

    fn note_tls(&mut self, served: &ServedTls) {
        self.state = "tls";
        self.tls_versions = served.versions.iter().map(|version| TlsVersion::name(*version)).collect();
        self.alpn.clone_from(&served.alpn);
        let mode = match &served.asked_for {
            AskedFor::Nothing => served.is_agreed.then_some(TlsMode::OneWay),
            AskedFor::Certificate { authorities } => {
                self.accepted_authorities = Some(names(authorities));
                Some(TlsMode::Mutual)
            }
        };
        self.tls_mode = mode.map(TlsMode::value);
        self.without_client_certificate = Some(ClientOutcome::of(&served.without_certificate));
        self.with_client_certificate = served.with_certificate.as_ref().map(ClientOutcome::of);
        let answers = [Some(&served.without_certificate), served.with_certificate.as_ref()];
        self.milvus_version = answers.into_iter().flatten().find_map(|answer| match answer {
            Exchange::Answered { version } => version.clone(),
            _ => None,
        });
    }
}

impl ClientOutcome {
    fn of(exchange: &Exchange) -> Self {
        let let_in = is_answer(exchange);
        Self { let_in, reason: (!let_in).then(|| described(exchange)) }
    }
}

pub(crate) const fn is_answer(exchange: &Exchange) -> bool {
    matches!(exchange, Exchange::Answered { .. })
}

pub(crate) fn described(exchange: &Exchange) -> String {
    match exchange {
        Exchange::Answered { .. } => "it answers".into(),
        Exchange::Refused { alert } => format!("alert {alert}"),
        Exchange::NoAnswer { reason } => reason.clone(),
    }
}

pub(crate) const fn plaintext_name(plaintext: &Plaintext) -> &'static str {
    match plaintext {
        Plaintext::Http2 { .. } => "HTTP/2",
        Plaintext::Http1 => "HTTP/1",
    }
}

fn service_name(target: &Target, internal: bool) -> &'static str {
    let component = INTERNAL_PORTS.iter().find(|(_, port)| internal && *port == target.port);
    match (component, target.service) {
        (Some((name, _)), _) => name,
        (None, Service::Grpc) => "grpc",
        (None, Service::Rest) => "rest",
    }
}

/// The subjects of authorities, as far as they can be read.
pub(crate) fn names(authorities: &[Vec<u8>]) -> Vec<String> {
    authorities.iter().map(|der| Subject::from_der(der).to_string()).collect()
}

fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

pub(crate) fn place_of(seen: &Seen) -> String {
    let target = format!("{}:{}", bracketed(&seen.target.host), seen.target.port);
    match seen.address {
        Some(address) if address.to_string() != target => format!("{target} ({})", address.ip()),
        _ => target,
    }
}
