//! What `probe` says: what is at each port, then what is wrong, then which mode is in force.

use crate::check::Finding;
use crate::check::{ClientOutcome, PortService, PortState, ProbeReport, ProbedPort};

use crate::cli::render::check;
use crate::cli::render::page::Page;

/// The report, for people.
pub(crate) fn text(report: &ProbeReport) -> String {
    let mut page = Page::default();
    for port in &report.ports {
        page.lines(port_lines(port));
        page.gap();
    }
    let groups = grouped(&report.findings);
    for group in &groups {
        page.lines(group.iter().map(|finding| check::heading(finding)));
        page.lines(check::explanation(group[0]));
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
    let mut lines = vec![format!("{}{address}, {}: {}", port.target, port.service.name(), state(port))];
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
