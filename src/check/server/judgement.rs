use time::OffsetDateTime;

use crate::base::place::Place;
use crate::check::bundle::Bundle;
use crate::check::certificates::{Expectations, judge as judge_bundle};
use crate::check::codes::{Code, Severity};
use crate::check::finding::Finding;
use crate::check::inspect::CertificateDetails;
use crate::check::server::known::Known;
use crate::check::server::report::{PortState, ProbedPort, described, names, place_of, plaintext_name};
use crate::check::server::request::ProbeRequest;
use crate::milvus::TlsMode;
use crate::probe::{Seen, ServedTls, Service, State};
use crate::store::FileRole;
use crate::x509::{Certificate, certificates_to_pem};

/// Holds what was seen to what is known: each port, and what is wrong.
pub(crate) fn judge(
    request: &ProbeRequest,
    known: &Known,
    seen: &[Seen],
    now: OffsetDateTime,
) -> (Vec<ProbedPort>, Vec<Finding>) {
    let mut judge = ServerJudge { request, known, now, findings: Vec::new() };
    judge.directory();
    let ports: Vec<_> = seen.iter().map(|seen| judge.port(seen)).collect();
    judge.together(seen, &ports);
    (ports, judge.findings)
}

/// A judgement in the making.
struct ServerJudge<'a> {
    request: &'a ProbeRequest,
    known: &'a Known,
    now: OffsetDateTime,
    findings: Vec<Finding>,
}

const SERVER: Option<FileRole> = Some(FileRole::ServerCertificate);
const CLIENT: Option<FileRole> = Some(FileRole::ClientCertificate);

impl ServerJudge<'_> {
    /// Reports something; `role` is the file that what is shown comes from.
    fn report(&mut self, code: Code, place: &Place, evidence: impl Into<String>, role: Option<FileRole>) {
        let directory = self.known.directory.as_deref();
        self.findings.push(Finding::about_server(code, place.clone(), evidence, role, directory, None));
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
            let path = Place::file(path.display().to_string());
            bundle.add(FileRole::CaCertificate, path, None, Ok(content));
        }
        let name = self.request.name_of(&seen.target.host, self.known).ok();
        let expectations = Expectations {
            server_names: name.iter().cloned().collect(),
            ..Expectations::new(&[TlsMode::OneWay], self.now)
        };
        // What is wrong with ca.pem is for `check` to say.
        let findings = judge_bundle(&bundle, &expectations);
        let mut is_right = true;
        for finding in findings.into_iter().filter(|finding| finding.place == *place) {
            is_right &= finding.code.severity() != Severity::Error;
            let directory = self.known.directory.as_deref();
            self.findings.push(finding.shown_by_server(directory, name.clone()));
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
        self.report(code, place, evidence, SERVER);
        Some(false)
    }

    /// What becomes of clients.
    fn clients(&mut self, served: &ServedTls, place: &Place) {
        match (&served.asked_for, &served.with_certificate) {
            (None, _) if served.without_certificate.is_err() => {
                let code = if served.is_agreed { Code::NoAnswer } else { Code::HandshakeRefused };
                self.report(code, place, described(&served.without_certificate), None);
            }
            (Some(authorities), Some(outcome)) if outcome.is_err() => {
                let client = self.known.client.as_ref().map(|client| client.path.display().to_string());
                let evidence = format!(
                    "does not let {} in: {}{}",
                    client.unwrap_or_default(),
                    described(outcome),
                    taken_from(authorities)
                );
                self.report(Code::ClientRefused, place, evidence, CLIENT);
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
        let is_closed = |port: &ProbedPort| !port.state.is_reached();
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
            (Some(1 | 2), None) if rest.state == PortState::Closed => {
                self.report(Code::RestNotReached, place, rest.detail.clone().unwrap_or_default(), None);
            }
            _ => {}
        }
    }
}

fn taken_from(authorities: &[Vec<u8>]) -> String {
    match names(authorities).as_slice() {
        [] => String::new(),
        names => format!("; it takes certificates of {}", names.join(" and ")),
    }
}
