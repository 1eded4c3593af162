//! An authority that is being replaced: the next one lies in a folder of its own, until ca.pem has both
//! everywhere.

use crate::base::place::Place;
use crate::check::finding::{Beside, Remedy};
use crate::check::judge::Judge;
use crate::check::judge::bundle::Content;
use crate::check::{Bundle, Code, Expectations, Finding};
use crate::store::FileRole;
use crate::x509::Certificate;

/// Judges the authority that is to come, which is at this path, and says how far it is.
#[must_use]
pub fn judge_next(
    next: &Bundle,
    path: &str,
    directory: &Bundle,
    expectations: &Expectations,
) -> Vec<Finding> {
    let authority = directory.authority(expectations.now);
    let mut judge = Judge::of(next, expectations).beside(Beside::Next, authority);
    judge.contents();
    judge.authority_key();
    let mut findings = judge.into_findings();
    findings.iter_mut().for_each(|finding| finding.stops(&[], &[]));
    let remedy = Remedy {
        directory: expectations.directory.as_deref(),
        authority,
        beside: Some(Beside::Next),
        ..Remedy::default()
    };
    let evidence = progress(next, directory);
    findings.push(Finding::new(Code::RotationBegun, Place::file(path), evidence, &remedy));
    findings
}

fn progress(next: &Bundle, directory: &Bundle) -> String {
    let needed = [FileRole::CaKey, FileRole::CaCertificate];
    if let Some(role) = needed.into_iter().find(|role| next.file(*role).is_none()) {
        return format!("holds an authority without {role}");
    }
    let Some(certificate) = next.certificates(FileRole::CaCertificate).first() else {
        return "holds an authority that cannot be read".into();
    };
    let has =
        if directory.certificates(FileRole::CaCertificate).contains(certificate) { "has" } else { "lacks" };
    format!("holds {}, which is to sign next; ca.pem {has} it", certificate.subject())
}

/// Whether ca.pem has the former authority still, though the last one in it has signed everything.
///
/// `is_in_use` says whether something that was issued is of an authority with such a certificate.
#[must_use]
pub fn judge_rotation(
    directory: &Bundle,
    expectations: &Expectations,
    is_in_use: impl Fn(&Certificate) -> bool,
) -> Option<Finding> {
    let role = FileRole::CaCertificate;
    let [former, .., present] = directory.certificates(role) else { return None };
    let key = match &directory.file(FileRole::CaKey)?.content {
        Content::Key(key) => key.belongs_to(present),
        _ => return None,
    };
    let own = [FileRole::ServerCertificate, FileRole::ClientCertificate];
    let own: Vec<_> = own.iter().filter_map(|role| directory.end_entity(*role)).collect();
    let issued = |authority: &Certificate| own.iter().any(|leaf| leaf.issuer() == authority.subject());
    // Who puts a new authority before the one that signs has only begun.
    let is_older = former.validity().not_before <= present.validity().not_before;
    let is_needed = !is_older || former.subject() == present.subject() || issued(former) || is_in_use(former);
    if is_needed || key == Some(false) || !issued(present) {
        return None;
    }
    let mut judge = Judge::of(directory, expectations);
    let evidence = format!("has {} still, of which nothing here is any more", former.subject());
    judge.report(Code::RotationUnfinished, role, evidence);
    judge.into_findings().pop()
}
