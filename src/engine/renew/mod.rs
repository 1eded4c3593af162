//! New certificates in the place of old ones, from the CA that is there.

mod request;
mod selection;
mod spec;

use time::OffsetDateTime;

use crate::base::error::{Error, ErrorKind};
use crate::check::ca;
use crate::engine::due::Judged;
use crate::engine::inventory::Inventory;
use crate::engine::issuer::{Batches, Issuer, Progress};
use crate::engine::leaf::{Action, LeafSpec};
use crate::engine::notes;
use crate::engine::present::{Present, first_entries};
use crate::engine::report::Report;
use crate::engine::run::{Opening, Run};
use crate::engine::signers::Signers;
use crate::store::{Access, Existing};
use crate::x509::{Ca, EndEntityKind};
pub use request::{Adopted, Issued, RenewRequest};
pub(crate) use selection::{Model, Selection};

/// Issues new certificates from the directory's CA, whose `ca.key` and `ca.pem` stay as they are, to the last
/// byte.
///
/// # Errors
/// Where there is no CA, it may not or can no longer issue, or the file system fails; then nothing has changed.
pub fn renew(request: &RenewRequest, now: OffsetDateTime) -> Result<Report, Error> {
    renew_with_progress(request, now, &|_, _| {})
}

/// The same, telling how far it is with what was issued.
///
/// # Errors
/// As [`renew`]; but of what was issued a part may be renewed, as the error then says.
pub fn renew_with_progress(
    request: &RenewRequest,
    now: OffsetDateTime,
    progress: Progress<'_>,
) -> Result<Report, Error> {
    let opening = Opening {
        path: &request.directory,
        dry_run: request.dry_run,
        create: false,
        protection: request.protection,
        among_issued: !matches!(request.issued, Issued::None),
        output: None,
    };
    opening.run(now, |run, inventory| renew_in(request, run, inventory, progress))
}

fn renew_in(
    request: &RenewRequest,
    run: &mut Run,
    inventory: &Inventory,
    progress: Progress<'_>,
) -> Result<(), Error> {
    let own = |kind| Present::of_directory(&run.directory, kind, request.kinds.contains(&kind));
    let own = [own(EndEntityKind::Server)?, own(EndEntityKind::Client)?];
    let judged = request.if_due.map(|_| Judged::of(&run.directory, run.now)).transpose()?;
    let now = run.now;
    // Whether nothing is due can be said without the passphrase of ca.key.
    if judged.is_some()
        && request.passphrase.is_none()
        && let Some(chain) = ca::presumed(&run.directory, now)?
    {
        let signers = Signers::presumed(chain, ca::trusted(&run.directory)?);
        let selection = Selection::new(request, inventory, &signers, judged.as_ref(), now);
        if keeps_all(selection, run, &own)? {
            return Ok(());
        }
    }
    let ca = ca::of_directory(&run.directory, request.passphrase.as_ref(), now)?;
    let signers = Signers::of(&ca, ca::trusted(&run.directory)?);
    let mut selection = Selection::new(request, inventory, &signers, judged.as_ref(), now);
    let known: Vec<_> = own.iter().filter_map(Present::certificate).collect();
    let mut issuer = Issuer::of(run, inventory, &ca, &known)?;
    renew_own(&mut selection, &mut issuer, &own)?;
    if !request.adopted.names.is_empty() {
        issuer.first_entries = first_entries(&own, inventory, &signers, now);
    }
    selection.renew_issued(&mut issuer, progress)?;
    Error::of_all(selection.said.failures)
}

/// Whether nothing is due. Then it is reported.
fn keeps_all(mut selection: Selection<'_>, run: &mut Run, own: &[Present; 2]) -> Result<bool, Error> {
    if !selection.own(own, &run.directory)?.is_empty() {
        return Ok(false);
    }
    for members in selection.members()? {
        let opened = selection.open(&run.directory, Access::Look, &members)?;
        if opened.is_some_and(|(_, due)| !due.is_empty()) {
            return Ok(false);
        }
    }
    selection.report_withdrawn();
    Error::of_all(std::mem::take(&mut selection.said.failures))?;
    run.report_ca(selection.signers.root());
    selection.said.report(&mut run.report);
    Ok(true)
}

/// Renews server.pem and client.pem as far as they are due.
fn renew_own(
    selection: &mut Selection<'_>,
    issuer: &mut Issuer<'_>,
    own: &[Present; 2],
) -> Result<(), Error> {
    let (request, directory) = (selection.request, &issuer.run.directory);
    let mut specs = Vec::new();
    for (one, model) in selection.own(own, directory)? {
        match selection.spec(directory, one, model, &request.asked_of_own(own, one.kind)) {
            Ok(spec) => specs.push(spec),
            Err(error) => {
                selection.keep(one, &request.directory, None);
                selection.said.failures.push(error.of_one_certificate()?);
            }
        }
    }
    issuer.run.report_ca(issuer.ca.root());
    if server_was_trusted(issuer.ca, own, &specs) {
        match request.before_writing.filter(|_| !request.dry_run) {
            Some(tell) => tell(&notes::server_was_trusted()),
            None => issuer.run.report.notes.push(notes::server_was_trusted()),
        }
    }
    let refused = issue_each(issuer, specs, &mut selection.said.failures)?;
    for one in own.iter().filter(|one| refused.contains(&one.kind)) {
        selection.keep(one, &request.directory, None);
    }
    selection.said.report(&mut issuer.run.report);
    issuer.run.report.certificates.sort_by_key(|certificate| certificate.role);
    Ok(())
}

/// Issues both at once; where one of them would be refused, the other alone. Returns those that would be.
fn issue_each(
    issuer: &mut Issuer<'_>,
    specs: Vec<LeafSpec>,
    failures: &mut Vec<Error>,
) -> Result<Vec<EndEntityKind>, Error> {
    let is_refused = |error: &Error| error.kind() == ErrorKind::Unverifiable;
    if specs.is_empty() {
        return Ok(Vec::new());
    }
    match issuer.issue_own(&specs, Vec::new(), Existing::Replace, None) {
        Err(error) if is_refused(&error) && specs.len() == 1 => {
            failures.push(error);
            Ok(vec![specs[0].leaf.kind])
        }
        Err(error) if is_refused(&error) => {
            let mut refused = Vec::new();
            for spec in specs {
                refused.extend(issue_each(issuer, vec![spec], failures)?);
            }
            Ok(refused)
        }
        issued => issued.map(|()| Vec::new()),
    }
}

/// Whether clients may have been given a server.pem to trust that is replaced now, as gen.sh's
/// documentation says: it and client.pem were of one kind, under a CA without keyUsage.
fn server_was_trusted(ca: &Ca, own: &[Present; 2], specs: &[LeafSpec]) -> bool {
    let serves = |one: &Present, kind| one.certificate().is_some_and(|certificate| certificate.serves(kind));
    let [server, client] = own;
    let is_renewed = specs.iter().any(|spec| spec.leaf.kind == EndEntityKind::Server);
    is_renewed
        && ca.root().key_cert_sign().is_none()
        && serves(server, EndEntityKind::Server)
        && !serves(client, EndEntityKind::Client)
}

impl Run {
    /// The CA that stays, and what is wrong with it.
    fn report_ca(&mut self, root: &crate::x509::Certificate) {
        if root.key_cert_sign().is_none() {
            self.report.notes.push(notes::ca_without_key_usage());
        }
        self.report.add_ca(Action::Kept, root);
    }
}

impl Selection<'_> {
    /// Renews what was issued, as far as it was asked for and is due.
    pub(crate) fn renew_issued(
        &mut self,
        issuer: &mut Issuer<'_>,
        progress: Progress<'_>,
    ) -> Result<(), Error> {
        let access = if self.request.dry_run { Access::Look } else { Access::Change };
        for members in self.members()? {
            let opened = self.open(&issuer.run.directory, access, &members)?;
            let Some((mut folder, due)) = opened else { continue };
            let asked = self.request.asked_of_issued();
            let mut specs = Vec::new();
            for one in &due {
                let Some(certificate) = one.certificate() else { continue };
                match self.spec(&folder.directory, one, Model::Certificate(certificate), &asked) {
                    Ok(spec) => specs.push(spec),
                    Err(error) => self.said.failures.push(error),
                }
            }
            self.said.report(&mut issuer.run.report);
            issuer.issue_into(&mut folder, &specs, Batches::Small, Existing::Replace, progress)?;
        }
        self.report_withdrawn();
        self.said.report(&mut issuer.run.report);
        Ok(())
    }
}
