//! What `check` says: each finding with its evidence, why it matters and what helps; then what will
//! work, with which clients.

use milvus_certs::actions::CheckReport;
use milvus_certs::audit::{Client, Code, Finding, Severity, Verdict};

/// The findings, for people.
pub(crate) fn text(report: &CheckReport) -> String {
    let mut lines = vec![paragraphs(&report.findings)];
    lines.retain(|text| !text.is_empty());
    if !report.verdicts.is_empty() {
        lines.extend(table(&report.verdicts));
        lines.push(String::new());
    }
    lines.push(summary(report));
    lines.join("\n") + "\n"
}

/// Each finding, and an empty line after it.
pub(crate) fn paragraphs(findings: &[Finding]) -> String {
    let lines = findings.iter().flat_map(|finding| paragraph(finding).into_iter().chain([String::new()]));
    lines.collect::<Vec<_>>().join("\n")
}

fn paragraph(finding: &Finding) -> [String; 3] {
    let code = finding.code;
    [
        format!("{}[{code}]: {}: {}", code.severity(), finding.place, finding.evidence),
        format!("  why: {}", code.why()),
        format!("  fix: {}", finding.fix),
    ]
}

/// Which mode works with which client.
fn table(verdicts: &[Verdict]) -> Vec<String> {
    let cells = |first: &str, rest: [&str; Client::ALL.len()]| {
        let rest: String = rest.iter().map(|cell| format!("{cell:<10}")).collect();
        format!("  {first:<9}{}", rest.trim_end())
    };
    let mut lines = vec![cells("", Client::ALL.map(Client::name))];
    for verdict in verdicts {
        let outcome = |client| if verdict.works_with(client) { "works" } else { "fails" };
        let because = verdict.because().map(Code::name).collect::<Vec<_>>().join(", ");
        let reason = if because.is_empty() { because } else { format!("  {because}") };
        lines.push(cells(verdict.tls_mode.name(), Client::ALL.map(outcome)) + &reason);
    }
    lines
}

fn summary(report: &CheckReport) -> String {
    let looked_at: Vec<_> = report.directory.iter().chain(&report.configs).map(String::as_str).collect();
    let place = looked_at.join(", ").replace("./", "");
    let place = if place == "." { "this folder" } else { &place };
    let count = |severity, one: &str, more: &str| match report.count(severity) {
        0 => None,
        1 => Some(format!("1 {one}")),
        count => Some(format!("{count} {more}")),
    };
    let counts: Vec<_> = [
        count(Severity::Error, "error", "errors"),
        count(Severity::Warning, "warning", "warnings"),
        count(Severity::Info, "remark", "remarks"),
    ]
    .into_iter()
    .flatten()
    .collect();
    match counts.is_empty() {
        true => format!("{place}: nothing is wrong."),
        false => format!("{place}: {}.", counts.join(", ")),
    }
}
