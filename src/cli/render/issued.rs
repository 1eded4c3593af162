//! What is said of certificates beside server.pem and client.pem, of which there can be thousands.

use std::path::Path;

use crate::engine::{Action, CertificateReport, CertificateRole, Report};

use crate::base::text::listed;

use crate::cli::render::certificate::{covers, last_day};
use crate::cli::render::page::{Page, padded};

/// As many as a person reads.
const LISTED: usize = 20;

/// The report of `issue`, for people.
pub(crate) fn text(report: &Report) -> String {
    let mut page = Page::default();
    page.line(headline(report));
    let rows = rows(report.certificates.iter());
    if !rows.is_empty() {
        page.gap();
        page.lines(rows);
    }
    page.close(report.backup.as_deref(), &next_steps(report))
}

fn headline(report: &Report) -> String {
    let count = |action| report.certificates.iter().filter(|found| found.action == action).count();
    let (created, renewed, kept) = (count(Action::Created), count(Action::Renewed), count(Action::Kept));
    let folder = report.certificates.first().and_then(folder).unwrap_or(&report.directory).display();
    if created + renewed == 0 {
        return format!(
            "Nothing to do in {folder}: {} as asked for.",
            are(kept, "certificate is", "certificates are")
        );
    }
    let (would, verbs) = match report.dry_run {
        false => ("", ["issued", "renewed", "left"]),
        true => ("would ", ["issue", "renew", "leave"]),
    };
    let parts = verbs.iter().zip([created, renewed, kept]).filter(|(_, count)| *count > 0);
    let parts: Vec<_> = parts.map(|(verb, count)| format!("{verb} {count}")).collect();
    let text = format!("{would}{}", listed(&parts));
    let noun = if created + renewed + kept == 1 { "certificate" } else { "certificates" };
    format!("{}{} {noun} in {folder}:", text[..1].to_uppercase(), &text[1..])
}

fn are(count: usize, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}

/// `certs/issued` of `certs/issued/search/search.pem`.
fn folder(certificate: &CertificateReport) -> Option<&Path> {
    certificate.path.parent()?.parent()
}

/// A row for each that is new, up to a number, and how many more there are.
pub(crate) fn rows<'a>(certificates: impl Iterator<Item = &'a CertificateReport>) -> Vec<String> {
    let new: Vec<_> = certificates.filter(|certificate| certificate.action != Action::Kept).collect();
    // The folder says it all: its files have its name.
    let name = |certificate: &CertificateReport| match &certificate.issued_as {
        Some(name) => format!("{name}/"),
        None => format!("{}.pem", certificate.role),
    };
    let shown = &new[..new.len().min(LISTED)];
    let width = |text: &dyn Fn(&CertificateReport) -> String| {
        shown.iter().map(|found| text(found).chars().count()).max().unwrap_or_default()
    };
    let (names, subjects) = (width(&name), width(&covers));
    let mut rows: Vec<_> = shown
        .iter()
        .map(|found| {
            let (name, covers) = (padded(&name(found), names), padded(&covers(found), subjects));
            let role = format!("{}:", found.role);
            format!("  {name}  {role:<7} {covers}  until {}", last_day(found))
        })
        .collect();
    if new.len() > LISTED {
        rows.push(format!("  and {} more", new.len() - LISTED));
    }
    rows
}

/// What a person does after it.
pub(crate) fn next_steps(report: &Report) -> Vec<String> {
    let mut steps = Vec::new();
    let is_new = |found: &&CertificateReport| found.action != Action::Kept && found.issued_as.is_some();
    let new: Vec<_> = report.certificates.iter().filter(|_| report.changed).filter(is_new).collect();
    let has = |role| new.iter().any(|found| found.role == role);
    let wrote_key = report.files.iter().any(|file| file.role.is_key() && !file.is_own);
    if !new.is_empty() && !wrote_key {
        return vec!["give whoever has the key the certificate and ca.pem".to_owned()];
    }
    if has(CertificateRole::Client) {
        steps.push(
            "give each client its folder: NAME.pem and NAME.key for mutual TLS, ca.pem to trust Milvus"
                .to_owned(),
        );
    }
    if has(CertificateRole::Server) {
        steps.push("copy NAME.pem, NAME.key and ca.pem of each server to where that Milvus reads them, and restart it".to_owned());
    }
    steps
}
