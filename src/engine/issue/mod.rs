mod csr;
mod fleet;
mod wish;

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use time::OffsetDateTime;

use crate::base::error::Error;
use crate::check::ca;
use crate::engine::due::Judged;
use crate::engine::inventory::Inventory;
use crate::engine::issuance::{Batches, IssuedFolder, Issuer, Plan, Progress, Serials, Signers, path_in};
use crate::engine::opening::Opened;
use crate::engine::renew::{Old, first_entries};
use crate::engine::report::CertificateReport;
use crate::engine::{Action, Report};
use crate::store::{Access, Directory, EndEntityFiles, Existing, FileRole, IssuedName, Protection};
use crate::x509::{Days, EndEntityKind, GeneralName, KeyType, Passphrase};
pub use csr::SigningRequest;
pub use fleet::Fleet;
use wish::{Drafter, Wish};

/// What `issue` is to do.
#[derive(Debug)]
pub struct IssueRequest {
    /// The certificate directory, whose authority issues.
    pub directory: PathBuf,
    /// The folder for what is issued; without one `issued` in the directory.
    pub output: Option<PathBuf>,
    /// To whom.
    pub to: Recipients,
    /// Opens ca.key if it is encrypted.
    pub passphrase: Option<Passphrase>,
    /// Replace what is there under the same names, and keep it in a backup.
    pub replace: bool,
    /// Only say what would be done.
    pub dry_run: bool,
    /// Whether the directory has to keep modes.
    pub protection: Protection,
}

/// Who gets certificates.
#[derive(Debug)]
pub enum Recipients {
    /// Servers or clients with these names: all of them or none.
    Named {
        /// Which of the two.
        kind: EndEntityKind,
        /// What they are called.
        names: Vec<IssuedName>,
        /// More names that each of them has.
        more_names: Vec<GeneralName>,
        /// How long they live; as on the documentation page where it is not said.
        days: Option<Days>,
        /// The type of their keys.
        key_type: Option<KeyType>,
    },
    /// Whoever made a request for a certificate: the private key never leaves them.
    Request(SigningRequest),
    /// Everything that a file lists: what is missing is made, what is due or not as the file says is
    /// made anew, and the rest is left.
    Fleet {
        /// What the file lists.
        fleet: Fleet,
        /// What ends within this time is due.
        if_due: Duration,
    },
}

/// Issues certificates beside server.pem and client.pem, and enters them into the inventory before they
/// are in their places.
///
/// # Errors
/// Where there is no authority or it may not issue, a name is taken, or the file system fails. Then nothing
/// has changed, but of a fleet what the error says.
pub fn issue(request: &IssueRequest, now: OffsetDateTime) -> Result<Report, Error> {
    issue_with_progress(request, now, &|_, _| {})
}

/// The same, telling how far it is.
///
/// # Errors
/// As [`issue`].
pub fn issue_with_progress(
    request: &IssueRequest,
    now: OffsetDateTime,
    progress: Progress<'_>,
) -> Result<Report, Error> {
    let access = if request.dry_run { Access::Look } else { Access::Change };
    let opened = Opened::open(&request.directory, access, request.protection, request.output.as_deref())?;
    let opened = opened.without_obstacles()?;
    let recovery = opened.recovery;
    let mut report = Report::new(&request.directory, request.dry_run, recovery);
    report.notes.extend(opened.notes());
    let Opened { directory, inventory, .. } = opened;
    issue_in(request, directory, &inventory, report, now, progress)
        .map_err(|error| error.after_recovery(recovery))
}

fn issue_in(
    request: &IssueRequest,
    mut directory: Directory,
    inventory: &Inventory,
    mut report: Report,
    now: OffsetDateTime,
    progress: Progress<'_>,
) -> Result<Report, Error> {
    let own = EndEntityKind::ALL.map(|kind| Old::of_directory(&directory, kind, false));
    let own: Vec<_> = own.into_iter().collect::<Result<_, _>>()?;
    if keeps_all(request, &directory, inventory, &own, &mut report, now)? {
        return Ok(report);
    }
    let authority = ca::of_directory(&directory, request.passphrase.as_ref(), now)?;
    let signers = Signers::of(&authority, ca::trusted(&directory)?);
    let mut folder = open(request, &directory)?;

    let drafter = Drafter {
        directory: &request.directory,
        folder: folder.as_ref(),
        inventory,
        signers: &signers,
        own: &own,
        now,
    };
    let mut failures = Vec::new();
    let plans = match &request.to {
        Recipients::Named { .. } => plan_named(request, &drafter, &mut report)?,
        Recipients::Request(csr) => vec![csr.plan(&drafter, request.replace, &mut report.notes)?],
        Recipients::Fleet { fleet, if_due } => {
            let judged = Judged::of(&directory, now)?;
            plan_fleet(request, fleet, *if_due, &drafter, &judged, &mut report, &mut failures)?
        }
    };
    let Some(folder) = folder.as_mut().filter(|_| !request.dry_run && !plans.is_empty()) else {
        let path = IssuedFolder::path(directory.path(), request.output.as_deref());
        let shown = path.display().to_string();
        let issuer = authority.certificate().subject();
        let foreseen = plans.iter().map(|plan| plan.report(issuer, path_in(&shown, &plan.files.certificate)));
        report.certificates.extend(foreseen);
        return Error::of_all(failures).map(|()| report);
    };
    let known: Vec<_> = own.iter().filter_map(Old::certificate).collect();
    let mut serials = Serials::of(&directory, &authority, &known, inventory)?;
    let trusted = directory.read(FileRole::CaCertificate)?.unwrap_or_default();
    let (existing, batches) = match request.to {
        Recipients::Fleet { .. } => (Existing::Replace, Batches::Small),
        _ if request.replace => (Existing::BackUp(now), Batches::One),
        _ => (Existing::Replace, Batches::One),
    };
    let mut issuer = Issuer {
        certificates: &mut directory,
        authority: &authority,
        serials: &mut serials,
        trusted: &trusted,
        first_entries: first_entries(&own, inventory, &signers, now),
        existing,
        now,
    };
    issuer.issue(folder, &plans, batches, progress, &mut report)?;
    match Error::of_all(failures) {
        Ok(()) => Ok(report),
        Err(error) => Err(error.after_part(&report)),
    }
}

/// Whether nothing of a list is due, where that can be said without the passphrase of ca.key.
fn keeps_all(
    request: &IssueRequest,
    directory: &Directory,
    inventory: &Inventory,
    own: &[Old],
    report: &mut Report,
    now: OffsetDateTime,
) -> Result<bool, Error> {
    let Recipients::Fleet { fleet, if_due } = &request.to else { return Ok(false) };
    if request.passphrase.is_some() {
        return Ok(false);
    }
    let Some(chain) = ca::presumed(directory, now)? else { return Ok(false) };
    let signers = Signers::presumed(chain, ca::trusted(directory)?);
    let folder = IssuedFolder::open_if_there(directory, request.output.as_deref(), Access::Look)?;
    let folder = folder.as_ref();
    let drafter = Drafter { directory: &request.directory, folder, inventory, signers: &signers, own, now };
    let mut kept = Report::new(&request.directory, request.dry_run, None);
    let judged = Judged::of(directory, now)?;
    let mut failures = Vec::new();
    let plans = plan_fleet(request, fleet, *if_due, &drafter, &judged, &mut kept, &mut failures)?;
    if !plans.is_empty() {
        return Ok(false);
    }
    Error::of_all(failures)?;
    report.certificates.append(&mut kept.certificates);
    report.notes.append(&mut kept.notes);
    Ok(true)
}

/// The folder for what is issued; none where it is missing and nothing is to be written.
fn open(request: &IssueRequest, directory: &Directory) -> Result<Option<IssuedFolder>, Error> {
    let chosen = request.output.as_deref();
    match request.dry_run {
        true => IssuedFolder::open_if_there(directory, chosen, Access::Look),
        false => IssuedFolder::open(directory, chosen, Access::Create).map(Some),
    }
}

/// Plans for names that are not taken.
fn plan_named(
    request: &IssueRequest,
    drafter: &Drafter<'_>,
    report: &mut Report,
) -> Result<Vec<Plan>, Error> {
    let Recipients::Named { kind, names, more_names, days, key_type } = &request.to else {
        return Ok(Vec::new());
    };
    let mut seen = HashSet::new();
    if let Some(twice) = names.iter().find(|name| !seen.insert(*name)) {
        return Err(Error::new(format!("{twice} is named twice"))
            .with_hint("name it once; names that differ only in case are one".to_owned()));
    }
    drafter.refuse_what_is_there(names, request.replace)?;
    let plan = |name: &IssuedName| {
        let wish = Wish { kind: *kind, name, more_names, days: *days, key_type: *key_type };
        drafter.plan(&wish, Action::Created, &mut report.notes)
    };
    names.iter().map(plan).collect()
}

/// Plans for what is missing, due, or not as the file says; reports the rest. What cannot be made anew does
/// not keep the others from it.
fn plan_fleet(
    request: &IssueRequest,
    fleet: &Fleet,
    if_due: Duration,
    drafter: &Drafter<'_>,
    judged: &Judged,
    report: &mut Report,
    failures: &mut Vec<Error>,
) -> Result<Vec<Plan>, Error> {
    let shown = IssuedFolder::path(&request.directory, request.output.as_deref()).display().to_string();
    let names: Vec<_> = fleet.members.iter().map(|member| member.name.clone()).collect();
    drafter.refuse_other_spellings(&names)?;
    let mut plans = Vec::new();
    for member in &fleet.members {
        let wish = Wish::from(member);
        let mut plan = || match drafter.present(&wish)? {
            None => drafter.plan(&wish, Action::Created, &mut report.notes).map(Some),
            Some(old) if drafter.is_to_be_renewed(&old, &wish, if_due, judged, &mut report.notes)? => {
                drafter.plan_again(&old.certificate, &wish, &mut report.notes).map(Some)
            }
            Some(old) => {
                let path = path_in(&shown, &EndEntityFiles::issued(&member.name).certificate);
                let kept = CertificateReport::of(member.kind.name(), path, Action::Kept, &old.certificate);
                report.certificates.push(kept);
                Ok(None)
            }
        };
        match plan() {
            Ok(plan) => plans.extend(plan),
            Err(error) => failures.push(error),
        }
    }
    Ok(plans)
}
