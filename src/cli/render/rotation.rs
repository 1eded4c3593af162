//! What `rotate-ca` says: what a step did, which authorities there are, and what to hand out next.

use std::path::Path;

use crate::base::text::command;
use crate::engine::{
    Action, CertificateReport, CertificateRole, RotatedAuthority, RotationReport, RotationState,
    RotationStatus, RotationStep,
};

use crate::cli::render::issued;
use crate::cli::render::page::{Page, padded};
use crate::cli::render::place;

/// The report of a step, for people.
pub(crate) fn text(step: &RotationStep, rotated: &RotationReport) -> String {
    let RotationReport { report, status } = rotated;
    let mut page = Page::default();
    page.line(headline(step, rotated));
    page.gap();
    page.lines(authorities(status));
    let new: Vec<_> = report.certificates.iter().filter(|found| found.role != CertificateRole::Ca).collect();
    if new.iter().any(|found| found.action != Action::Kept) {
        page.gap();
        page.lines(issued::rows(new.into_iter()));
    }
    if let Some(backup) = report.backup.as_deref().map(Path::display) {
        page.gap();
        page.line(match step {
            RotationStep::SameKey { .. } => format!("The old ca.pem is in {backup}."),
            _ => format!("The old authority is in {backup}, with what it had issued to server and client."),
        });
    }
    page.close(None, &next_steps_after(step, rotated))
}

/// How far it is, for people.
pub(crate) fn status(directory: &Path, status: &RotationStatus) -> String {
    let mut page = Page::default();
    let place = place(directory);
    page.line(format!("{place}: {}", state(status.state)));
    page.gap();
    page.lines(authorities(status));
    if !status.unsettled.is_empty() {
        page.gap();
        page.line(
            "These may be of the old CA and are not issued again; until they are settled, `finish` keeps it:",
        );
        page.lines(status.unsettled.iter().map(|one| format!("  {one}")));
    }
    page.close(None, &next_steps(directory, status))
}

fn state(state: RotationState) -> &'static str {
    match state {
        RotationState::None => "no authority is being replaced.",
        RotationState::Begun => "a new authority is made, ca.pem trusts both, and the old one still issues.",
        RotationState::Issuing => "the new authority issues, and has not issued everything again yet.",
        RotationState::Issued => "the new authority has issued everything again, and ca.pem trusts both.",
    }
}

fn headline(step: &RotationStep, rotated: &RotationReport) -> String {
    let RotationReport { report, status } = rotated;
    let place = place(&report.directory);
    let name = |found: &CertificateReport| found.common_name.clone();
    let authority = report
        .certificates
        .iter()
        .find(|found| found.role == CertificateRole::Ca)
        .map(name)
        .unwrap_or_default();
    if !report.changed && !report.dry_run {
        return format!("Nothing to do in {place}: {}", state(status.state));
    }
    match (step, report.dry_run) {
        (RotationStep::Begin { .. }, _) if authority.is_empty() => {
            format!("The new ca.pem lies beside everything that was issued in {place}:")
        }
        (RotationStep::Begin { .. }, false) => {
            format!("Made a new authority in {place}, {authority}; ca.pem trusts both:")
        }
        (RotationStep::Begin { .. }, true) => format!("Would make a new authority in {place}, {authority}:"),
        (RotationStep::SameKey { .. }, false) => {
            format!("Signed ca.pem in {place} anew, with the same key and name:")
        }
        (RotationStep::SameKey { .. }, true) => {
            format!("Would sign ca.pem in {place} anew, with the same key and name:")
        }
        (RotationStep::Issue, false) => {
            format!("{authority} issues in {place} now, and has issued again what there was:")
        }
        (RotationStep::Issue, true) => {
            format!("Would let {authority} issue in {place}, and issue again what there is:")
        }
        (RotationStep::Finish, false) => format!("ca.pem in {place} trusts the new authority alone:"),
        (RotationStep::Finish, true) => format!("Would let ca.pem in {place} trust {authority} alone:"),
    }
}

fn authorities(status: &RotationStatus) -> Vec<String> {
    let width =
        status.authorities.iter().map(|found| found.common_name.chars().count()).max().unwrap_or_default();
    let row = |found: &RotatedAuthority| {
        let issued = match found.issued {
            0 => "has issued nothing that is here".to_owned(),
            1 => "has issued 1 certificate".to_owned(),
            more => format!("has issued {more} certificates"),
        };
        format!("  {}  until {}  {issued}", padded(&found.common_name, width), found.not_after.date())
    };
    status.authorities.iter().map(row).collect()
}

/// What to do after a step.
pub(crate) fn next_steps_after(step: &RotationStep, rotated: &RotationReport) -> Vec<String> {
    let RotationReport { report, status } = rotated;
    match (step, report.changed) {
        (_, false) if report.dry_run => Vec::new(),
        (RotationStep::SameKey { .. }, true) => vec![
            "give ca.pem to the clients that refused the old one, and to all before that ends; until then it goes on working"
                .into(),
        ],
        (RotationStep::Finish, true) => vec![
            "give ca.pem to Milvus and to every client, and restart Milvus; it lies in each folder of issued, too; what trusts both goes on working"
                .into(),
        ],
        _ => {
            let mut steps = next_steps(&report.directory, status);
            // After what to do with the directory's own, and before the next step.
            let place = steps.len().min(1);
            steps.splice(place..place, issued::next_steps(report));
            steps
        }
    }
}

/// What to do in a state.
pub(crate) fn next_steps(directory: &Path, status: &RotationStatus) -> Vec<String> {
    let command = |step: &str| format!("`{}`", command(&format!("rotate-ca {step}"), directory));
    if status.behind > 0 {
        let goes_on = match status.state {
            RotationState::None => command("finish"),
            RotationState::Begun => command("begin"),
            RotationState::Issuing | RotationState::Issued => command("issue"),
        };
        return vec![format!("{goes_on} goes on with it: beside {}", others(status.behind))];
    }
    match status.state {
        RotationState::None => Vec::new(),
        RotationState::Begun => vec![
            "give ca.pem to Milvus and to every client, and restart them; it lies in each folder of issued, too".into(),
            format!("when all of them have it: {}", command("issue")),
        ],
        RotationState::Issuing => vec![format!("{} goes on with it", command("issue"))],
        RotationState::Issued => vec![
            "copy server.key and server.pem to where Milvus reads them, and restart it; give clients, and who has a folder of issued, their new certificates; in any order".into(),
            format!("when all of them have theirs: {}", command("finish")),
        ],
    }
}

fn others(behind: usize) -> String {
    match behind {
        1 => "1 issued certificate lies another ca.pem, or none".into(),
        more => format!("{more} issued certificates lies another ca.pem, or none"),
    }
}
