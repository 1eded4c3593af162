//! A CA that is being replaced: the next one lies in a folder of its own, until ca.pem has both
//! everywhere.

use crate::base::place::Place;
use crate::check::bundle::{Bundle, FileContent};
use crate::check::certificates::{BundleJudge, Expectations};
use crate::check::codes::Code;
use crate::check::finding::Finding;
use crate::check::fix::{Context, Location};
use crate::store::FileRole;
use crate::x509::Certificate;

/// Judges the next CA, which is at this path, and says how far it is.
pub(crate) fn judge_next(
    next: &Bundle,
    path: &str,
    directory: &Bundle,
    expectations: &Expectations,
) -> Vec<Finding> {
    let ca_key = directory.ca_key(expectations.now);
    let mut judge = BundleJudge::beside(next, expectations, Location::Next, ca_key);
    judge.contents();
    judge.ca_key();
    let mut findings = judge.into_findings_that_stop_nobody();
    let context = Context {
        directory: expectations.directory.clone(),
        ca_key,
        location: Location::Next,
        ..Context::default()
    };
    findings.push(Finding::new(Code::RotationBegun, Place::file(path), progress(next, directory), context));
    findings
}

fn progress(next: &Bundle, directory: &Bundle) -> String {
    let needed = [FileRole::CaKey, FileRole::CaCertificate];
    if let Some(role) = needed.into_iter().find(|role| next.file(*role).is_none()) {
        return format!("holds a CA without {role}");
    }
    let Some(certificate) = next.certificates(FileRole::CaCertificate).first() else {
        return "holds a CA that cannot be read".into();
    };
    let has =
        if directory.certificates(FileRole::CaCertificate).contains(certificate) { "has" } else { "lacks" };
    format!("holds {}, which is to sign next; ca.pem {has} it", certificate.subject())
}

/// Whether ca.pem has the former CA still, though the last one in it has signed everything.
///
/// `is_in_use` says whether something that was issued is of the former CA.
pub(crate) fn judge_rotation(
    directory: &Bundle,
    expectations: &Expectations,
    is_in_use: bool,
) -> Option<Finding> {
    let role = FileRole::CaCertificate;
    let [former, .., present] = directory.certificates(role) else { return None };
    let FileContent::Key(key) = &directory.file(FileRole::CaKey)?.content else { return None };
    let own = [FileRole::ServerCertificate, FileRole::ClientCertificate];
    let own: Vec<_> = own.iter().filter_map(|role| directory.end_entity(*role)).collect();
    let issued = |ca: &Certificate| own.iter().any(|leaf| leaf.issuer() == ca.subject());
    // Who puts a new CA before the one that signs has only begun.
    let is_older = former.validity().not_before <= present.validity().not_before;
    // One that has ended is a finding already.
    let has_ended = former.validity().not_after < expectations.now;
    let is_needed =
        has_ended || !is_older || former.subject() == present.subject() || issued(former) || is_in_use;
    if is_needed || key.belongs_to(present) == Some(false) || !issued(present) {
        return None;
    }
    let mut judge = BundleJudge::of(directory, expectations);
    let evidence = format!("still has {}, which issued none of the certificates here", former.subject());
    judge.report(Code::RotationUnfinished, role, evidence);
    judge.findings.pop()
}
