//! More certificates from the CA that is there, beside server.pem and client.pem.

mod csr;
mod fleet;
mod recipient;

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use time::OffsetDateTime;

use crate::base::error::Error;
use crate::check::ca;
use crate::engine::due::{Due, Judged};
use crate::engine::folder::IssuedFolder;
use crate::engine::inventory::Inventory;
use crate::engine::issuer::{Batches, Issuer, Progress};
use crate::engine::leaf::LeafSpec;
use crate::engine::present::{Present, first_entries};
use crate::engine::report::{Report, Said};
use crate::engine::run::{Opening, Run};
use crate::engine::signers::Signers;
use crate::store::{Access, Directory, Existing, Protection};
use crate::x509::{EndEntityKind, Passphrase};
pub use csr::SigningRequest;
pub use fleet::Fleet;
pub use recipient::Recipient;
use recipient::SpecMaker;

/// What `issue` is to do.
#[derive(Debug)]
pub struct IssueRequest {
    /// The certificate directory, whose CA issues.
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
    Named(Vec<Recipient>),
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
/// Where there is no CA or it may not issue, a name is taken, or the file system fails. Then nothing
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
    let opening = Opening {
        path: &request.directory,
        dry_run: request.dry_run,
        create: false,
        protection: request.protection,
        among_issued: true,
        output: request.output.as_deref(),
    };
    opening.run(now, |run, inventory| issue_in(request, run, inventory, progress))
}

fn issue_in(
    request: &IssueRequest,
    run: &mut Run,
    inventory: &Inventory,
    progress: Progress<'_>,
) -> Result<(), Error> {
    let own = EndEntityKind::ALL.map(|kind| Present::of_directory(&run.directory, kind, false));
    let own: Vec<_> = own.into_iter().collect::<Result<_, _>>()?;
    if keeps_all(request, run, inventory, &own)? {
        return Ok(());
    }
    let ca = ca::of_directory(&run.directory, request.passphrase.as_ref(), run.now)?;
    let signers = Signers::of(&ca, ca::trusted(&run.directory)?);
    let mut folder = open(request, &run.directory)?;
    let maker = SpecMaker {
        directory: &request.directory,
        folder: folder.as_ref(),
        inventory,
        signers: &signers,
        own: &own,
        now: run.now,
    };
    let replaced = if request.replace { Existing::BackUp(run.now) } else { Existing::Replace };
    let mut said = Said::default();
    let (specs, existing, batches) = match &request.to {
        Recipients::Named(recipients) => {
            let specs = specs_of_named(recipients, request.replace, &maker)?;
            (specs, replaced, Batches::One)
        }
        Recipients::Request(csr) => (vec![csr.spec(&maker, request.replace)?], replaced, Batches::One),
        Recipients::Fleet { fleet, if_due } => {
            let specs = specs_of_fleet(fleet, *if_due, &maker, &run.directory, &mut said)?;
            said.report(&mut run.report);
            (specs, Existing::Replace, Batches::Small)
        }
    };
    if specs.is_empty() {
        return Error::of_all(said.failures);
    }
    let known: Vec<_> = own.iter().filter_map(Present::certificate).collect();
    let mut issuer = Issuer::of(run, inventory, &ca, &known)?;
    issuer.first_entries = first_entries(&own, inventory, &signers, issuer.run.now);
    match &mut folder {
        Some(folder) => issuer.issue_into(folder, &specs, batches, existing, progress)?,
        // In a dry run it need not be there.
        None => {
            let path = IssuedFolder::path(&request.directory, request.output.as_deref());
            issuer.preview(&specs, &path);
        }
    }
    Error::of_all(said.failures)
}

/// Whether nothing of a list is due, where that can be said without the passphrase of ca.key.
fn keeps_all(
    request: &IssueRequest,
    run: &mut Run,
    inventory: &Inventory,
    own: &[Present],
) -> Result<bool, Error> {
    let Recipients::Fleet { fleet, if_due } = &request.to else { return Ok(false) };
    if request.passphrase.is_some() {
        return Ok(false);
    }
    let Some(chain) = ca::presumed(&run.directory, run.now)? else { return Ok(false) };
    let signers = Signers::presumed(chain, ca::trusted(&run.directory)?);
    let folder = IssuedFolder::open_if_there(&run.directory, request.output.as_deref(), Access::Look)?;
    let (folder, now) = (folder.as_ref(), run.now);
    let maker = SpecMaker { directory: &request.directory, folder, inventory, signers: &signers, own, now };
    let mut said = Said::default();
    if !specs_of_fleet(fleet, *if_due, &maker, &run.directory, &mut said)?.is_empty() {
        return Ok(false);
    }
    said.report(&mut run.report);
    Error::of_all(said.failures).map(|()| true)
}

/// The folder for what is issued; none where it is missing and nothing is to be written.
fn open(request: &IssueRequest, directory: &Directory) -> Result<Option<IssuedFolder>, Error> {
    let chosen = request.output.as_deref();
    match request.dry_run {
        true => IssuedFolder::open_if_there(directory, chosen, Access::Look),
        false => IssuedFolder::open(directory, chosen, Access::Create).map(Some),
    }
}

/// The specs for names that are not taken.
fn specs_of_named(
    recipients: &[Recipient],
    replace: bool,
    maker: &SpecMaker<'_>,
) -> Result<Vec<LeafSpec>, Error> {
    let names: Vec<_> = recipients.iter().map(|recipient| &recipient.name).collect();
    let mut seen = HashSet::new();
    if let Some(twice) = names.iter().find(|name| !seen.insert(**name)) {
        return Err(Error::new(format!("{twice} is named twice"))
            .with_hint("name it once; names that differ only in case are one".to_owned()));
    }
    maker.refuse_what_is_there(&names, replace)?;
    recipients.iter().map(|recipient| maker.spec(recipient, None)).collect()
}

/// The specs of what is missing, due, or not as the file says. What cannot be made anew does not keep the
/// others from it.
fn specs_of_fleet(
    fleet: &Fleet,
    if_due: Duration,
    maker: &SpecMaker<'_>,
    directory: &Directory,
    said: &mut Said,
) -> Result<Vec<LeafSpec>, Error> {
    let judged = Judged::of(directory, maker.now)?;
    let due = Due { signers: maker.signers, judged: Some(&judged), within: if_due, now: maker.now };
    let names: Vec<_> = fleet.members.iter().map(|member| &member.name).collect();
    maker.refuse_other_spellings(&names)?;
    let mut specs = Vec::new();
    for member in &fleet.members {
        match maker.spec_unless_kept(member, &due, said) {
            Ok(spec) => specs.extend(spec),
            Err(error) => said.failures.push(error),
        }
    }
    Ok(specs)
}
