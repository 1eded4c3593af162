//! What is said of the certificates of a directory, and of those that were issued, of which there can be thousands.

use std::path::Path;

use crate::cli::render::page::{Page, aligned};
use crate::engine::{Action, CertificateReport, CertificateRole, Report};

/// As many as a person reads.
const LISTED: usize = 20;

/// The SAN of a server or client certificate, or the name of a CA.
fn covers(certificate: &CertificateReport) -> String {
    match certificate.names.as_slice() {
        [] => certificate.common_name.clone(),
        names => names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}

/// A directory as a sentence names it.
pub(crate) fn place(directory: &Path) -> String {
    if directory == Path::new(".") { "this folder".to_owned() } else { directory.display().to_string() }
}

/// The first line where `gen` or `renew` made nothing.
pub(crate) fn nothing_to_do(report: &Report) -> String {
    let place = place(&report.directory);
    match report.changed {
        true => {
            format!("Completed in {place} what an interrupted run had begun; there is nothing more to do:")
        }
        false => format!("Nothing to do in {place}: its certificates are valid."),
    }
}

/// The step after a run that completed another, and made nothing itself.
pub(crate) const OF_AN_INTERRUPTED_RUN: &str = "the files of the interrupted run are in their places: copy what is new to where Milvus reads it, and restart it";

/// The report of `gen` and `renew`: a row for each certificate of the directory, then for each that is new under a
/// name.
pub(crate) fn text(headline: String, report: &Report, next_steps: &[String]) -> String {
    let (own, issued): (Vec<_>, Vec<_>) =
        report.certificates.iter().partition(|found| found.issued_as.is_none());
    let own = own.into_iter().map(|found| {
        let action = if found.action == Action::Kept && report.changed { ", unchanged" } else { "" };
        [
            format!("{}.pem", found.role),
            covers(found),
            format!("until {}{action}", found.validity.not_after.date()),
        ]
    });
    let mut page = Page::default();
    page.line(headline);
    page.gap();
    page.lines(aligned(&own.collect::<Vec<_>>()));
    rows(&mut page, issued);
    page.close(report.backup.as_deref(), next_steps)
}

/// A row for each that is new, up to a number, and how many more there are.
pub(crate) fn rows<'a>(page: &mut Page, certificates: impl IntoIterator<Item = &'a CertificateReport>) {
    let new: Vec<_> = certificates.into_iter().filter(|found| found.action != Action::Kept).collect();
    if new.is_empty() {
        return;
    }
    // The folder says it all: its files have its name.
    let name = |found: &CertificateReport| match &found.issued_as {
        Some(name) => format!("{name}/"),
        None => format!("{}.pem", found.role),
    };
    let row = |found: &&CertificateReport| {
        let covers = format!("{:<7} {}", format!("{}:", found.role), covers(found));
        [name(found), covers, format!("until {}", found.validity.not_after.date())]
    };
    page.gap();
    page.lines(aligned(&new.iter().take(LISTED).map(row).collect::<Vec<_>>()));
    if new.len() > LISTED {
        page.line(format!("  and {} more", new.len() - LISTED));
    }
}

/// Who gets what was issued under a name.
pub(crate) fn next_steps(report: &Report) -> Vec<String> {
    let is_new = |found: &&CertificateReport| found.action != Action::Kept && found.issued_as.is_some();
    let new: Vec<_> = report.certificates.iter().filter(|_| report.changed).filter(is_new).collect();
    if !new.is_empty() && !report.files.iter().any(|file| file.role.is_key() && !file.is_own) {
        return vec!["give whoever has the key the certificate and ca.pem".into()];
    }
    let steps = [
        (
            CertificateRole::Client,
            "give each client its folder: NAME.pem and NAME.key for mutual TLS, ca.pem to trust Milvus",
        ),
        (
            CertificateRole::Server,
            "copy NAME.pem, NAME.key and ca.pem of each server to where that Milvus reads them, and restart it",
        ),
    ];
    let is_for_new = |(role, _): &(CertificateRole, &str)| new.iter().any(|found| found.role == *role);
    steps.into_iter().filter(is_for_new).map(|(_, step)| step.to_owned()).collect()
}
