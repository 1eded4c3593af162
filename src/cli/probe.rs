use std::path::PathBuf;
use std::time::Duration;

use time::OffsetDateTime;

use crate::check::{
    ClientOutcome, Finding, PortService, PortState, ProbeReport, ProbeRequest, ProbedPort, probe,
};
use crate::cli::args::{duration, path};
use crate::cli::output::Style;
use crate::cli::render::findings::{explanation, heading};
use crate::cli::render::page::Page;
use crate::cli::{Status, output};
use crate::milvus::container::REST_PORT;
use crate::x509::GeneralName;

const EXAMPLES: &str = "\
Examples:
  milvus-certs probe -d certs
  milvus-certs probe milvus.example.com -d certs --server-name milvus.example.com
  milvus-certs probe 10.0.0.5:19530 --ca ca.pem --cert client.pem --key client.key
  milvus-certs probe --internal -d certs

Exit status:
  0  everything is as the directory promises
  1  nothing could be reached
  2  wrong usage
  3  something is wrong";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Where Milvus is; without a port its gRPC and its REST port [default: localhost]
    #[arg(value_name = "HOST[:PORT]", value_parser = host)]
    hosts: Vec<(String, Option<u16>)>,

    /// The certificate directory [default: the current folder, if it is one]
    #[arg(short, long = "dir", value_name = "DIR", value_parser = path())]
    dir: Option<PathBuf>,

    /// The name that clients ask for [default: the host]
    #[arg(long, value_name = "NAME-OR-IP")]
    server_name: Option<GeneralName>,

    /// The CAs to trust [default: the directory's ca.pem]
    #[arg(long, value_name = "FILE", value_parser = path())]
    ca: Option<PathBuf>,

    /// The client certificate to show, whatever the server is [default: the directory's client.pem, to a
    /// server that verifies against --ca]
    #[arg(long, value_name = "FILE", value_parser = path(), requires = "key")]
    cert: Option<PathBuf>,

    /// Its key [default: the directory's client.key]
    #[arg(long, value_name = "FILE", value_parser = path(), requires = "cert")]
    key: Option<PathBuf>,

    /// The port of REST
    #[arg(long, value_name = "PORT", default_value_t = REST_PORT)]
    rest_port: u16,

    /// Look at the ports by which Milvus' components reach each other, instead of those for clients
    #[arg(long)]
    internal: bool,

    /// The longest that looking may take, at all addresses, such as 15s
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "15s")]
    timeout: Duration,

    /// Report in JSON on standard output
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(super) fn run(self, now: OffsetDateTime) -> anyhow::Result<Status> {
        let style = Style::new(self.json, false);
        let report = probe(&self.into_request(), now)?;
        report.directory.iter().for_each(|directory| output::interrupted_runs(directory.as_ref()));
        output::saw("probe", style, &report, text)?;
        Ok(match (report.is_reached(), report.findings.is_empty()) {
            (false, _) => Status::Failed,
            (true, true) => Status::Done,
            (true, false) => Status::Found,
        })
    }

    fn into_request(self) -> ProbeRequest {
        let mut request = ProbeRequest::new();
        if !self.hosts.is_empty() {
            request.hosts = self.hosts;
        }
        request.directory = self.dir;
        request.server_name = self.server_name;
        request.ca = self.ca;
        request.client = self.cert.zip(self.key);
        request.rest_port = self.rest_port;
        request.internal = self.internal;
        request.timeout = self.timeout;
        request
    }
}

/// Reads `host`, `host:port`, `[address]:port`, or an address without a port; a URL as well, since that
/// is what clients are given.
fn host(value: &str) -> Result<(String, Option<u16>), String> {
    let text =
        ["https://", "http://"].into_iter().find_map(|scheme| value.strip_prefix(scheme)).unwrap_or(value);
    let text = text.strip_suffix('/').unwrap_or(text);
    let invalid = || format!("{value:?} is no host, or host:port");
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, "")) => (host, None),
        Some((host, port)) => (host, Some(port.strip_prefix(':').ok_or_else(invalid)?)),
        // An IPv6 address without brackets has no port.
        None if text.matches(':').count() > 1 => (text, None),
        None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    host.parse::<GeneralName>().map_err(|error| error.to_string())?;
    let port =
        port.map(|port| port.parse().ok().filter(|port| *port != 0).ok_or_else(invalid)).transpose()?;
    Ok((host.to_owned(), port))
}

/// What was seen, for people.
fn text(report: &ProbeReport) -> String {
    let mut page = Page::default();
    for port in &report.ports {
        page.lines(port_lines(port));
        page.gap();
    }
    let groups = grouped(&report.findings);
    for group in &groups {
        page.lines(group.iter().map(|finding| heading(finding)));
        page.lines(explanation(group[0]));
        page.gap();
    }
    page.line(summary(report, groups.len()));
    page.into_text()
}

/// What is wrong at several ports for one reason is explained once.
fn grouped(findings: &[Finding]) -> Vec<Vec<&Finding>> {
    let mut groups: Vec<Vec<&Finding>> = Vec::new();
    for finding in findings {
        let is_same =
            |group: &&mut Vec<&Finding>| group[0].code == finding.code && group[0].fix == finding.fix;
        match groups.iter_mut().find(is_same) {
            Some(group) => group.push(finding),
            None => groups.push(vec![finding]),
        }
    }
    groups
}

fn port_lines(port: &ProbedPort) -> Vec<String> {
    let address = port.address.map(|address| address.to_string()).filter(|address| *address != port.target);
    let address = address.map(|address| format!(" ({address})")).unwrap_or_default();
    let mut lines = vec![format!("{}{address}, {}: {}", port.target, port.service, state(port))];
    let mut line = |key: &str, value: String| lines.push(format!("  {key:<12}{value}"));
    if let Some(own) = port.certificates.first() {
        let until = own.validity.not_after.date();
        line(
            "certificate",
            format!(
                "{} until {until}",
                if own.names.is_empty() { own.subject.to_string() } else { own.names.join(", ") }
            ),
        );
        line("fingerprint", own.sha256_fingerprint.clone());
        let issuers = port.certificates[1..].iter().map(|issuer| issuer.subject.to_string());
        let issuers: Vec<_> = issuers.collect();
        if !issuers.is_empty() {
            line("with", issuers.join("; "));
        }
    }
    if let Some(verifies) = port.verifies {
        let verdict = if verifies { "verifies" } else { "does not verify" };
        line("trust", format!("{verdict} for {}", port.server_name));
    }
    if let Some(is_the_directorys) = port.is_the_directorys {
        line("directory", if is_the_directorys { "the same" } else { "another certificate" }.into());
    }
    if port.state == PortState::Tls {
        line("clients", clients(port));
    }
    if let Some(version) = &port.milvus_version {
        line("Milvus", version.clone());
    }
    lines
}

fn state(port: &ProbedPort) -> String {
    let detail = port.detail.as_deref().unwrap_or_default();
    let is_internal = matches!(port.service, PortService::Component(_));
    match port.state {
        PortState::Unresolved => format!("the name leads nowhere: {detail}"),
        PortState::Closed if is_internal => format!("not there: {detail}"),
        PortState::Closed => format!("closed: {detail}"),
        PortState::Silent => "takes connections, and says nothing".into(),
        PortState::Plaintext if is_internal => format!("internal TLS off, plaintext ({detail})"),
        PortState::Plaintext => format!("plaintext ({detail}), tlsMode 0"),
        PortState::Strange => format!("something else: {detail}"),
        PortState::Tls => {
            let alpn = port.alpn.as_deref().map(|alpn| format!(", {alpn}")).unwrap_or_default();
            let mode = match (port.tls_mode, is_internal) {
                (_, true) => ", internal TLS on".into(),
                (Some(mode), false) => format!(", tlsMode {mode}"),
                (None, false) => String::new(),
            };
            format!("{}{alpn}{mode}", port.tls_versions.join(" and "))
        }
    }
}

fn clients(port: &ProbedPort) -> String {
    let outcome = |outcome: &ClientOutcome| match (&outcome.reason, outcome.let_in) {
        (_, true) => "let in".to_owned(),
        (Some(reason), false) => format!("not let in ({reason})"),
        (None, false) => "not let in".into(),
    };
    let mut parts = Vec::new();
    if let Some(without) = &port.without_client_certificate {
        parts.push(format!("without a certificate {}", outcome(without)));
    }
    match &port.with_client_certificate {
        Some(with) => parts.push(format!("with one {}", outcome(with))),
        None if port.verifies == Some(false) && port.accepted_authorities.is_some() => {
            parts.push("with one not tried: the server does not verify".into());
        }
        None => {}
    }
    if let Some(authorities) = port.accepted_authorities.as_deref().filter(|names| !names.is_empty()) {
        parts.push(format!("taken from {}", authorities.join("; ")));
    }
    parts.join(", ")
}

fn summary(report: &ProbeReport, wrong: usize) -> String {
    let promise = match (&report.directory, wrong) {
        _ if !report.is_reached() => return "Nothing could be reached.".into(),
        (Some(directory), 0) => format!("Everything is as {directory} promises."),
        (None, 0) => "Nothing is wrong, as far as can be told without a certificate directory (-d).".into(),
        (_, 1) => "1 thing is wrong.".into(),
        (_, count) => format!("{count} things are wrong."),
    };
    match report.tls_mode {
        Some(mode) => format!("tlsMode {mode} is in force. {promise}"),
        None => promise,
    }
}
