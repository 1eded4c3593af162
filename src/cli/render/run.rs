//! What `gen` and `renew` say: what exists now, paths, names, the last day; then the next step.

use crate::base::text::listed;
use crate::engine::{Action, Report};
use crate::store::{Audience, FileRole};

use crate::cli::render::certificate::{covers, last_day};
use crate::cli::render::issued;
use crate::cli::render::page::Page;

/// The report of a run, for people.
pub(crate) fn text(command: &str, report: &Report) -> String {
    let mut page = Page::default();
    page.line(headline(command, report));
    page.gap();
    let (own, others): (Vec<_>, Vec<_>) =
        report.certificates.iter().partition(|found| found.issued_as.is_none());
    let subject_width = own.iter().map(|certificate| covers(certificate).chars().count()).max();
    for certificate in own {
        let name = format!("{}.pem", certificate.role);
        let covers = covers(certificate);
        let padding = " ".repeat(subject_width.unwrap_or_default() - covers.chars().count());
        let action = if certificate.action == Action::Kept && report.changed { ", unchanged" } else { "" };
        page.line(format!("  {name:<10}  {covers}{padding}  until {}{action}", last_day(certificate)));
    }
    let rows = issued::rows(others.into_iter());
    if !rows.is_empty() {
        page.gap();
        page.lines(rows);
    }
    page.close(report.backup.as_deref(), &next_steps(command, report))
}

fn headline(command: &str, report: &Report) -> String {
    let directory = &report.directory;
    let new = report.certificates.iter().filter(|certificate| certificate.action != Action::Kept);
    let (own, others): (Vec<_>, Vec<_>) = new.partition(|certificate| certificate.issued_as.is_none());
    let mut renewed: Vec<_> = own.iter().map(|certificate| format!("{}.pem", certificate.role)).collect();
    match others.len() {
        0 => {}
        1 => renewed.push("1 issued certificate".into()),
        more => renewed.push(format!("{more} issued certificates")),
    }
    let place = crate::cli::render::place(directory);
    match (command, report.dry_run, renewed.is_empty()) {
        (_, _, true) if report.changed => {
            format!("Completed in {place} what an interrupted run had begun; there is nothing more to do:")
        }
        (_, _, true) => format!("Nothing to do in {place}: its certificates are valid."),
        ("gen", false, _) => format!("Made an authority, a server and a client certificate in {place}:"),
        ("gen", true, _) => format!("Would make an authority, a server and a client certificate in {place}:"),
        (_, false, _) => format!("Renewed {} in {place}:", listed(&renewed)),
        (_, true, _) => format!("Would renew {} in {place}:", listed(&renewed)),
    }
}

/// What a person does after it.
pub(crate) fn next_steps(command: &str, report: &Report) -> Vec<String> {
    if !report.changed {
        return Vec::new();
    }
    let written = |audience| -> Vec<_> {
        let names = FileRole::AS_LISTED.into_iter().filter(|role| role.audience() == audience);
        let written = |role: &FileRole| report.files.iter().any(|file| file.is_own && file.role == *role);
        names.filter(written).map(FileRole::file_name).collect()
    };
    if report.files.is_empty() {
        return vec!["the files of the interrupted run are in their places: copy what is new to where Milvus reads it, and restart it".into()];
    }
    let server = written(Audience::Server).join(" and ");
    match command {
        "gen" => vec![
            "copy server.key, server.pem and ca.pem to where Milvus reads them, set its tlsMode, and restart it".into(),
            "give clients ca.pem, not server.pem; with tlsMode 2 also client.pem and client.key".into(),
            "keep ca.key and ca.srl safe, for `milvus-certs renew`".into(),
        ],
        _ => {
            let client = written(Audience::Client).join(" and ");
            let copy = (!server.is_empty())
                .then(|| format!("copy {server} to where Milvus reads them, and restart it: it does not reload certificates"));
            let give = (!client.is_empty()).then(|| {
                format!("with tlsMode 2, give clients {client}; what trusts ca.pem goes on working")
            });
            copy.into_iter().chain(give).chain(issued::next_steps(report)).collect()
        }
    }
}
