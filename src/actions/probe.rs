use std::path::{Path, PathBuf};
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use serde::Serialize;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::config::name_to_ask_for;
use super::inspect::CertificateDetails;
use super::{CheckRequest, Error};
use crate::audit::{self, Bundle, Code, Expectations, Finding, Place, Severity};
use crate::milvus::TlsMode;
use crate::milvus::container::{GRPC_PORT, INTERNAL_PORTS, REST_PORT};
use crate::pki::{
    self, Certificate, EndEntityKind, GeneralName, Subject, certificates_from_pem, certificates_to_pem,
};
use crate::probe::{
    AskedFor, Exchange, Identity, Options, Plaintext, Seen, ServedTls, Service, State, Target, TlsVersion,
    look,
};
use crate::store::{FileRole, Survey, path_of, read_file};

/// What `probe` looks at, and what it is held to.
#[derive(Debug)]
pub struct ProbeRequest {
    /// Hosts, and ports where only one of a host is meant.
    pub hosts: Vec<(String, Option<u16>)>,
    /// The certificate directory; without one the current folder, if it is one.
    pub directory: Option<PathBuf>,
    /// The name that clients ask for; without one, the host.
    pub server_name: Option<GeneralName>,
    /// The authorities to trust instead of the directory's ca.pem.
    pub ca: Option<PathBuf>,
    /// Certificate and key to show instead of the directory's client.pem and client.key.
    pub client: Option<(PathBuf, PathBuf)>,
    /// The port of REST.
    pub rest_port: u16,
    /// Whether Milvus' components are meant, by the ports at which they serve each other.
    pub internal: bool,
    /// The longest that each step may take.
    pub timeout: Duration,
}

/// What `probe` saw.
#[derive(Debug, Serialize)]
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
    /// What becomes of a client with the directory's.
    pub with_client_certificate: Option<ClientOutcome>,
}

/// What becomes of a client.
#[derive(Debug, Serialize)]
pub struct ClientOutcome {
    /// Whether it is let in.
    pub let_in: bool,
    /// The alert by which it is refused, or what happens instead of an answer.
    pub reason: Option<String>,
}

impl ProbeRequest {
    /// Of Milvus on this machine.
    #[must_use]
    pub fn new() -> Self {
        Self {
            hosts: vec![("localhost".into(), None)],
            directory: None,
            server_name: None,
            ca: None,
            client: None,
            rest_port: REST_PORT,
            internal: false,
            timeout: Duration::from_secs(5),
        }
    }

    /// The ports to look at: both of a host, or the one that was named.
    fn targets(&self, known: &Known) -> Result<Vec<Target>, Error> {
        let mut targets = Vec::new();
        for (host, port) in &self.hosts {
            let server_name = self.server_name_of(host, known)?;
            let target = |port, service| Target {
                host: host.clone(),
                port,
                service,
                server_name: server_name.clone(),
            };
            match port {
                _ if self.internal => {
                    targets.extend(INTERNAL_PORTS.map(|(_, port)| target(port, Service::Grpc)));
                }
                Some(port) if *port == self.rest_port => targets.push(target(*port, Service::Rest)),
                Some(port) => targets.push(target(*port, Service::Grpc)),
                None => {
                    targets.push(target(GRPC_PORT, Service::Grpc));
                    targets.push(target(self.rest_port, Service::Rest));
                }
            }
        }
        Ok(targets)
    }

    fn server_name_of(&self, host: &str, known: &Known) -> Result<ServerName<'static>, Error> {
        let name = self.name_of(host, known)?;
        // Only names that can be asked for are hosts.
        ServerName::try_from(name.to_string()).map_err(|_| {
            let reason = "nobody can ask a server for it".into();
            Error::Request(pki::Error::NameInvalid { value: name.to_string(), reason })
        })
    }

    /// The name that clients ask for: Milvus' components a name of their certificate, others the host.
    fn name_of(&self, host: &str, known: &Known) -> Result<GeneralName, Error> {
        if let Some(name) = &self.server_name {
            return Ok(name.clone());
        }
        match known.server.as_ref().filter(|_| self.internal).and_then(name_to_ask_for) {
            Some(sni) => Ok(sni),
            None => Ok(host.parse()?),
        }
    }
}

impl Default for ProbeRequest {
    fn default() -> Self {
        Self::new()
    }
}

impl ProbeReport {
    /// Whether any port could be reached.
    #[must_use]
    pub fn is_reached(&self) -> bool {
        self.ports.iter().any(|port| !matches!(port.state, "unresolved" | "closed"))
    }
}

/// What is known of the server that is looked at.
#[derive(Default)]
struct Known {
    directory: Option<String>,
    /// The authorities to trust, and the file that they are in.
    ca: Option<(PathBuf, Vec<u8>)>,
    /// The server's certificate in the directory.
    server: Option<Certificate>,
    client: Option<KnownClient>,
}

/// A client's certificate and key.
struct KnownClient {
    /// The file of the certificate.
    path: PathBuf,
    certificate: Zeroizing<Vec<u8>>,
    key: Zeroizing<Vec<u8>>,
}

impl Known {
    fn read(request: &ProbeRequest) -> Result<Self, Error> {
        let mut known = match survey(request)? {
            Some(survey) => Self::of(&survey),
            None => Self::default(),
        };
        if let Some(path) = &request.ca {
            let content = read_file(path)?;
            certificates_from_pem(&content).map_err(Error::in_file(path))?;
            known.ca = Some((path.clone(), content.to_vec()));
        }
        if let Some((certificate, key)) = &request.client {
            known.client = Some(KnownClient {
                path: certificate.clone(),
                certificate: read_file(certificate)?,
                key: read_file(key)?,
            });
        }
        Ok(known)
    }

    fn of(survey: &Survey) -> Self {
        let content = |role| {
            let file = survey.files.iter().find(|file| file.role == role)?;
            Some(file.content.as_ref().ok()?.clone())
        };
        let path = |role| path_of(&survey.path, role);
        let ca = content(FileRole::CaCertificate);
        let server = content(FileRole::ServerCertificate);
        let client = content(FileRole::ClientCertificate).zip(content(FileRole::ClientKey));
        Self {
            directory: Some(survey.path.display().to_string()),
            ca: ca.map(|content| (path(FileRole::CaCertificate), content.to_vec())),
            server: server
                .and_then(|content| certificates_from_pem(&content).ok())
                .and_then(|certificates| certificates.into_iter().next()),
            client: client.map(|(certificate, key)| KnownClient {
                path: path(FileRole::ClientCertificate),
                certificate,
                key,
            }),
        }
    }

    /// What is shown to a server that asks.
    fn identity(&self) -> Result<Option<Identity>, Error> {
        let Some(KnownClient { path, certificate, key }) = &self.client else { return Ok(None) };
        let chain = certificates_from_pem(certificate).map_err(Error::in_file(path))?;
        // The server is not verified yet: it gets no more than a signature.
        let Ok(key) = PrivateKeyDer::from_pem_slice(key) else { return Ok(None) };
        let chain = chain.iter().map(|certificate| CertificateDer::from(certificate.as_der().to_vec()));
        Ok(Some(Identity { chain: chain.collect(), key }))
    }
}

/// The directory that was named, or the current folder, if it is one.
fn survey(request: &ProbeRequest) -> Result<Option<Survey>, Error> {
    match &request.directory {
        Some(directory) => Ok(Some(Survey::of(directory)?)),
        None => Ok(Some(Survey::of(Path::new("."))?).filter(|here| !here.files.is_empty())),
    }
}

/// Looks at running servers, and holds what they serve to a certificate directory.
///
/// # Errors
/// If the directory or a file that was named cannot be read.
pub fn probe(request: &ProbeRequest, now: OffsetDateTime) -> Result<ProbeReport, Error> {
    let known = Known::read(request)?;
    let options = Options { identity: known.identity()?, timeout: request.timeout };
    let seen = look(&request.targets(&known)?, options).map_err(|source| Error::NoRuntime { source })?;
    let mut judge = Judge { request, known: &known, now, findings: Vec::new() };
    judge.directory();
    let ports: Vec<_> = seen.iter().map(|seen| judge.port(seen)).collect();
    judge.together(&seen, &ports);
    let mut findings = judge.findings;
    findings.sort_by_key(|finding| finding.code.severity());
    Ok(ProbeReport { directory: known.directory, tls_mode: common_mode(&ports), ports, findings })
}

/// The mode of all ports that say one, if it is the same.
fn common_mode(ports: &[ProbedPort]) -> Option<u8> {
    let mut modes = ports.iter().filter_map(|port| port.tls_mode);
    let first = modes.next()?;
    modes.all(|mode| mode == first).then_some(first)
}

/// A judgement in the making.
struct Judge<'a> {
    request: &'a ProbeRequest,
    known: &'a Known,
    now: OffsetDateTime,
    findings: Vec<Finding>,
}

impl Judge<'_> {
    fn report(
        &mut self,
        code: Code,
        place: &Place,
        evidence: impl Into<String>,
        kind: Option<EndEntityKind>,
    ) {
        self.report_name(code, place, evidence, kind, None);
    }

    fn report_name(
        &mut self,
        code: Code,
        place: &Place,
        evidence: impl Into<String>,
        kind: Option<EndEntityKind>,
        name: Option<&str>,
    ) {
        let directory = self.known.directory.as_deref();
        self.findings.push(Finding::about_server(code, place.clone(), evidence, kind, directory, name));
    }

    /// A directory that promises nothing.
    fn directory(&mut self) {
        let is_empty = self.known.ca.is_none() && self.known.server.is_none() && self.known.client.is_none();
        if let Some(directory) = self.known.directory.as_ref().filter(|_| is_empty) {
            let place = Place::file(directory.clone());
            self.report(Code::NothingThere, &place, "has no certificate to hold a server to", None);
        }
    }

    fn port(&mut self, seen: &Seen) -> ProbedPort {
        let place = Place::file(place_of(seen));
        let mut port = ProbedPort::of(seen, self.request.internal);
        match &seen.state {
            State::Unresolved(_) | State::Unreachable(_) => {}
            State::Silent => self.report(Code::NoAnswer, &place, "takes connections, and says nothing", None),
            State::Strange(what) => self.report(Code::NotMilvus, &place, what.clone(), None),
            State::Plaintext(_) if self.request.internal => {
                self.report(Code::InternalTlsOff, &place, "speaks plaintext", None);
            }
            State::Plaintext(plaintext) => {
                let evidence = format!("speaks {} without TLS", plaintext_name(plaintext));
                self.report(Code::Plaintext, &place, evidence, None);
            }
            State::Tls(served) => self.tls(seen, served, &place, &mut port),
        }
        port
    }

    fn tls(&mut self, seen: &Seen, served: &ServedTls, place: &Place, port: &mut ProbedPort) {
        let chain: Vec<_> = served.chain.iter().filter_map(|der| Certificate::from_der(der).ok()).collect();
        let Some(own) = chain.first() else {
            let reason = described(&served.without_certificate);
            let evidence = format!("speaks TLS, and shows no certificate: {reason}");
            return self.report(Code::HandshakeRefused, place, evidence, None);
        };
        port.certificates =
            chain.iter().map(|certificate| CertificateDetails::of(certificate, self.now)).collect();
        let is_right = self.certificates(seen, &chain, place);
        port.verifies = self.known.ca.as_ref().map(|_| is_right);
        port.is_the_directorys = self.is_the_directorys(own, place);
        self.clients(served, place);
        let is_h2 = served.alpn.as_deref() == Some("h2");
        if seen.target.service == Service::Grpc && !is_h2 && served.is_agreed {
            let agreed = served.alpn.as_deref().unwrap_or("nothing");
            self.report(Code::NoAlpn, place, format!("is offered h2, and agrees on {agreed}"), None);
        }
    }

    /// Judges what is shown as `check` judges what is in a file; returns whether no error was found.
    fn certificates(&mut self, seen: &Seen, chain: &[Certificate], place: &Place) -> bool {
        let mut bundle = Bundle::new();
        let pem = certificates_to_pem(chain);
        bundle.add(FileRole::ServerCertificate, place.clone(), None, Ok(pem.as_bytes()));
        if let Some((path, content)) = &self.known.ca {
            let ca_place = Place::file(path.display().to_string());
            bundle.add(FileRole::CaCertificate, ca_place, None, Ok(content));
        }
        let name = self.request.name_of(&seen.target.host, self.known).ok();
        let expectations = Expectations {
            directory: None,
            modes: vec![TlsMode::OneWay],
            server_names: name.clone().into_iter().collect(),
            expires_in: CheckRequest::EXPIRES_IN,
            now: self.now,
        };
        let findings = audit::judge(&bundle, &expectations);
        // What is wrong with ca.pem is for `check` to say.
        let mut is_right = true;
        for finding in findings.into_iter().filter(|finding| finding.place == *place) {
            let (kind, name) = (Some(EndEntityKind::Server), name.as_ref().map(GeneralName::to_string));
            is_right &= finding.code.severity() != Severity::Error;
            self.report_name(finding.code, place, finding.evidence, kind, name.as_deref());
        }
        is_right
    }

    /// Whether the server shows what is on the disk.
    fn is_the_directorys(&mut self, served: &Certificate, place: &Place) -> Option<bool> {
        let on_disk = self.known.server.as_ref()?;
        if served == on_disk {
            return Some(true);
        }
        let is_renewed = served.subject() == on_disk.subject()
            && served.issuer() == on_disk.issuer()
            && served.validity().not_before < on_disk.validity().not_before;
        let code = if is_renewed { Code::RenewedNotRestarted } else { Code::NotTheDirectorys };
        let (served, on_disk) = (served.serial(), on_disk.serial());
        let evidence = format!("serves serial number {served}, and the directory's server.pem has {on_disk}");
        self.report(code, place, evidence, Some(EndEntityKind::Server));
        Some(false)
    }

    /// What becomes of clients.
    fn clients(&mut self, served: &ServedTls, place: &Place) {
        match (&served.asked_for, &served.with_certificate) {
            (AskedFor::Nothing, _) if !is_answer(&served.without_certificate) => {
                let code = if served.is_agreed { Code::NoAnswer } else { Code::HandshakeRefused };
                self.report(code, place, described(&served.without_certificate), None);
            }
            (AskedFor::Certificate { authorities }, Some(outcome)) if !is_answer(outcome) => {
                let client = self.known.client.as_ref().map(|client| client.path.display().to_string());
                let evidence = format!(
                    "does not let {} in: {}{}",
                    client.unwrap_or_default(),
                    described(outcome),
                    taken_from(authorities)
                );
                self.report(Code::ClientRefused, place, evidence, Some(EndEntityKind::Client));
            }
            _ => {}
        }
    }

    /// What both ports of a host say together, at each of its addresses.
    fn together(&mut self, seen: &[Seen], ports: &[ProbedPort]) {
        if self.request.internal {
            return;
        }
        self.closed(seen, ports);
        let of = |service| seen.iter().zip(ports).filter(move |(seen, _)| seen.target.service == service);
        for (other, rest) in of(Service::Rest) {
            let ip = |seen: &Seen| seen.address.map(|address| address.ip());
            let is_pair = |seen: &Seen| seen.target.host == other.target.host && ip(seen) == ip(other);
            if let Some((_, grpc)) = of(Service::Grpc).find(|(seen, _)| is_pair(seen)) {
                self.pair(grpc, rest, &Place::file(place_of(other)));
            }
        }
    }

    /// gRPC ports that are closed at every address of their host, where anything else could be reached.
    fn closed(&mut self, seen: &[Seen], ports: &[ProbedPort]) {
        let is_closed = |port: &ProbedPort| matches!(port.state, "closed" | "unresolved");
        if ports.iter().all(is_closed) {
            return;
        }
        for (first, port) in seen.iter().zip(ports).filter(|(seen, _)| seen.target.service == Service::Grpc) {
            let same: Vec<_> = ports.iter().filter(|other| other.target == port.target).collect();
            if same.iter().all(|port| is_closed(port)) && std::ptr::eq(same[0], port) {
                let place = Place::file(place_of(first));
                self.report(Code::PortClosed, &place, port.detail.clone().unwrap_or_default(), None);
            }
        }
    }

    fn pair(&mut self, grpc: &ProbedPort, rest: &ProbedPort, place: &Place) {
        match (grpc.tls_mode, rest.tls_mode) {
            (Some(one), Some(other)) if one != other => {
                let evidence = format!("serves tlsMode {other}, and {} tlsMode {one}", grpc.target);
                self.report(Code::RestAndGrpcDiffer, place, evidence, None);
            }
            (Some(1 | 2), None) if rest.state == "closed" => {
                self.report(Code::RestNotReached, place, rest.detail.clone().unwrap_or_default(), None);
            }
            _ => {}
        }
    }
}

impl ProbedPort {
    fn of(seen: &Seen, internal: bool) -> Self {
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

const fn is_answer(exchange: &Exchange) -> bool {
    matches!(exchange, Exchange::Answered { .. })
}

fn described(exchange: &Exchange) -> String {
    match exchange {
        Exchange::Answered { .. } => "it answers".into(),
        Exchange::Refused { alert } => format!("alert {alert}"),
        Exchange::NoAnswer { reason } => reason.clone(),
    }
}

const fn plaintext_name(plaintext: &Plaintext) -> &'static str {
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
fn names(authorities: &[Vec<u8>]) -> Vec<String> {
    authorities.iter().map(|der| Subject::from_der(der).to_string()).collect()
}

fn taken_from(authorities: &[Vec<u8>]) -> String {
    match names(authorities).as_slice() {
        [] => String::new(),
        names => format!("; it takes certificates of {}", names.join(" and ")),
    }
}

fn place_of(seen: &Seen) -> String {
    let target = format!("{}:{}", bracketed(&seen.target.host), seen.target.port);
    match seen.address {
        Some(address) if address.to_string() != target => format!("{target} ({})", address.ip()),
        _ => target,
    }
}

fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}
