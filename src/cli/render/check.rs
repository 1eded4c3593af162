//! What `check` says: each finding with its evidence, why it matters and what helps; then what will
//! work, with which clients.

use crate::check::CheckReport;
use crate::check::{Client, Code, Finding, Severity, Verdict};

use crate::cli::render::page::Page;

/// The findings, for people.
pub(crate) fn text(report: &CheckReport) -> String {
    let mut page = Page::default();
    findings(&mut page, &report.findings);
    if !report.verdicts.is_empty() {
        page.lines(table(&report.verdicts));
        page.gap();
    }
    page.line(summary(report));
    page.into_text()
}

/// The findings alone.
pub(crate) fn paragraphs(list: &[Finding]) -> String {
    let mut page = Page::default();
    findings(&mut page, list);
    page.into_text()
}

/// Each finding, and an empty line after it.
pub(crate) fn findings(page: &mut Page, findings: &[Finding]) {
    for finding in findings {
        page.line(heading(finding));
        page.lines(explanation(finding));
        page.gap();
    }
}

/// What is wrong, and where.
pub(crate) fn heading(finding: &Finding) -> String {
    let code = finding.code;
    format!("{}[{code}]: {}: {}", code.severity(), finding.place, finding.evidence)
}

/// Why it matters, and what helps.
pub(crate) fn explanation(finding: &Finding) -> [String; 2] {
    [format!("  why: {}", finding.code.why()), format!("  fix: {}", finding.fix)]
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
    let looked_at: Vec<_> = report.directory.iter().chain(&report.configs).map(|path| named(path)).collect();
    let place = looked_at.join(", ");
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

/// A path as a person would say it.
fn named(path: &str) -> &str {
    match path.strip_prefix("./").unwrap_or(path) {
        "." | "" => "this folder",
        "-" => "standard input",
        path => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_named_as_it_was_given() {
        for (path, name) in [
            (".", "this folder"),
            ("./", "this folder"),
            ("./certs", "certs"),
            ("../certs", "../certs"),
            ("a./b", "a./b"),
            ("a/./b", "a/./b"),
            ("-", "standard input"),
        ] {
            assert_eq!(named(path), name);
        }
    }
}
