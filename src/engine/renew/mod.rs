//! New certificates in the place of old ones, from the CA that is there.

mod request;
mod spec;

use std::path::{Path, PathBuf};

use time::OffsetDateTime;

use crate::base::error::{Error, ErrorKind};
use crate::base::text::{command, shell_quoted};
use crate::check::ca;
use crate::engine::due::{Due, Judged};
use crate::engine::errors;
use crate::engine::folder::{IssuedFolder, below};
use crate::engine::inventory::{Inventory, Member, Members};
use crate::engine::issuer::{Batches, Issuer, Progress};
use crate::engine::leaf::{Action, Asked, LeafSpec};
use crate::engine::notes;
use crate::engine::present::{Found, Present, first_entries};
use crate::engine::report::{CertificateReport, Report, Said};
use crate::engine::run::{Opening, Run};
use crate::engine::signers::{Signers, Unvouched};
use crate::store::inventory::IssuedEntry;
use crate::store::{Access, Directory, EndEntityFiles, Existing, ISSUED_FOLDER, IssuedName};
use crate::x509::{Ca, Certificate, EndEntityKind};
pub use request::{Adopted, Issued, RenewRequest};

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
fn keeps_all<'a>(mut selection: Selection<'a>, run: &mut Run, own: &'a [Present; 2]) -> Result<bool, Error> {
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
fn renew_own<'a>(
    selection: &mut Selection<'a>,
    issuer: &mut Issuer<'_>,
    own: &'a [Present; 2],
) -> Result<(), Error> {
    let (request, directory) = (selection.request, &issuer.run.directory);
    let mut specs = Vec::new();
    for (one, model) in selection.own(own, directory)? {
        match selection.spec(directory, one, model, &request.asked_of_own(own, one.kind)) {
            Ok(spec) => specs.push(spec),
            Err(error) => {
                selection.keep(one, &request.directory);
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
    let refused = issue_each(issuer, &specs, &mut selection.said.failures)?;
    for one in own.iter().filter(|one| refused.contains(&one.kind)) {
        selection.keep(one, &request.directory);
    }
    selection.said.report(&mut issuer.run.report);
    issuer.run.report.certificates.sort_by_key(|certificate| certificate.role);
    Ok(())
}

/// Issues both at once; where one of them would be refused, the other alone. Returns those that would be.
fn issue_each(
    issuer: &mut Issuer<'_>,
    specs: &[LeafSpec],
    failures: &mut Vec<Error>,
) -> Result<Vec<EndEntityKind>, Error> {
    if specs.is_empty() {
        return Ok(Vec::new());
    }
    match issuer.issue_own(specs, Vec::new(), Existing::Replace, None) {
        Err(error) if error.kind() == ErrorKind::Unverifiable && specs.len() == 1 => {
            failures.push(error);
            Ok(vec![specs[0].leaf.kind])
        }
        Err(error) if error.kind() == ErrorKind::Unverifiable => {
            let refused = specs.chunks(1).map(|spec| issue_each(issuer, spec, failures));
            refused.collect::<Result<Vec<_>, _>>().map(|refused| refused.concat())
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
    fn report_ca(&mut self, root: &Certificate) {
        if root.key_cert_sign().is_none() {
            self.report.notes.push(notes::ca_without_key_usage());
        }
        self.report.add_ca(Action::Kept, root);
    }
}

/// What a new certificate takes its subject and names from.
#[derive(Clone, Copy)]
pub(crate) enum Model<'a> {
    /// The certificate that it replaces.
    Certificate(&'a Certificate),
    /// The inventory's line for a certificate that cannot be read.
    Line(&'a IssuedEntry),
    /// The command line, and the documentation's defaults.
    Nothing,
}

impl<'a> Model<'a> {
    fn certificate(self) -> Option<&'a Certificate> {
        match self {
            Self::Certificate(certificate) => Some(certificate),
            Self::Line(_) | Self::Nothing => None,
        }
    }
}

/// Chooses what is renewed, and gathers what is said of the rest.
pub(crate) struct Selection<'a> {
    request: &'a RenewRequest,
    inventory: &'a Inventory,
    pub(crate) signers: &'a Signers,
    /// What is due; without it, everything is.
    due: Option<Due<'a>>,
    pub(crate) said: Said,
    /// What is not there any more.
    withdrawn: Vec<(IssuedName, PathBuf)>,
    now: OffsetDateTime,
}

impl<'a> Selection<'a> {
    pub(crate) fn new(
        request: &'a RenewRequest,
        inventory: &'a Inventory,
        signers: &'a Signers,
        judged: Option<&'a Judged>,
        now: OffsetDateTime,
    ) -> Self {
        let due = request.if_due.map(|within| Due { signers, judged, within, now });
        Self { request, inventory, signers, due, said: Said::default(), withdrawn: Vec::new(), now }
    }

    /// Of server.pem and client.pem what is to be renewed.
    fn own(
        &mut self,
        own: &'a [Present; 2],
        directory: &Directory,
    ) -> Result<Vec<(&'a Present, Model<'a>)>, Error> {
        let mut due = Vec::new();
        for one in own {
            let asked = self.request.asked_of_own(own, one.kind);
            match self.model_if_due(one, &asked, directory) {
                Ok(Some(model)) => due.push((one, model)),
                Ok(None) => self.keep(one, directory.path()),
                Err(error) => {
                    self.keep(one, directory.path());
                    self.said.failures.push(error.of_one_certificate()?);
                }
            }
        }
        Ok(due)
    }

    fn model_if_due(
        &mut self,
        own: &'a Present,
        asked: &Asked,
        directory: &Directory,
    ) -> Result<Option<Model<'a>>, Error> {
        if !self.request.kinds.contains(&own.kind) {
            return Ok(None);
        }
        let model = self.model(own, asked, directory.path())?;
        Ok(self.is_due(own, model.certificate(), None, asked)?.then_some(model))
    }

    /// What the new server.pem or client.pem takes over: what a certificate says that this CA signed, else
    /// what the inventory says, else what is spelled out.
    fn model(&self, own: &'a Present, asked: &Asked, directory: &Path) -> Result<Model<'a>, Error> {
        let line = || self.inventory.last_of(&own.file()).map(Model::Line);
        match &own.found {
            Found::Nothing | Found::NotAFile => Ok(line().unwrap_or(Model::Nothing)),
            Found::Unusable(source) => match (line(), asked.spells_out()) {
                (Some(line), _) => Ok(line),
                (None, true) => Ok(Model::Nothing),
                (None, false) => Err(own.unreadable(source, directory)),
            },
            Found::Certificate(certificate, _) => match own.vouch_for_own(self.signers, self.inventory) {
                Ok(()) => Ok(Model::Certificate(certificate)),
                Err(_) if self.request.adopted.kinds.contains(&own.kind) => {
                    Ok(Model::Certificate(certificate))
                }
                Err(_) if asked.spells_out() => Ok(Model::Nothing),
                Err(reason) => Err(own.unvouched(&reason, directory)),
            },
        }
    }

    /// Without a certificate to go by, it is.
    fn is_due(
        &mut self,
        one: &Present,
        certificate: Option<&Certificate>,
        folder: Option<&IssuedFolder>,
        asked: &Asked,
    ) -> Result<bool, Error> {
        match self.due.as_ref().zip(certificate) {
            Some((due, certificate)) => due.is(one, certificate, folder, asked, &mut self.said.notes),
            None => Ok(true),
        }
    }

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

    /// What was asked for beside them, by folder. What lies there and was never issued is said.
    fn members(&mut self) -> Result<Vec<Members>, Error> {
        let directory = &self.request.directory;
        let names = match &self.request.issued {
            Issued::None => return Ok(Vec::new()),
            Issued::All => None,
            Issued::Named(names) => Some(names),
        };
        let mut all = self.inventory.members();
        let mut adopted = Vec::new();
        for found in self.inventory.unrecorded(directory)? {
            let is_adopted = self.request.adopted.names.contains(&found.name);
            match names {
                Some(names) if !names.contains(&found.name) => continue,
                _ if is_adopted => adopted.push(Member { name: found.name, kind: None, file: found.file }),
                Some(_) => {
                    let kind = found.certificate.as_ref().map_or(EndEntityKind::Client, Certificate::kind);
                    let (path, name) = (below(directory, &found.file), Some(&found.name));
                    return Err(errors::unvouched(&path, &found.reason(), kind, name, directory));
                }
                None => {
                    self.note(&below(directory, &found.file), &found.reason(), &found.name);
                }
            }
        }
        if !adopted.is_empty() {
            all.push(Members { folder: ISSUED_FOLDER.into(), members: adopted });
        }
        if let Some(names) = names {
            all.iter_mut().for_each(|members| members.members.retain(|member| names.contains(&member.name)));
            all.retain(|members| !members.members.is_empty());
            let has = |name: &IssuedName| {
                all.iter().flat_map(|members| &members.members).any(|member| member.name == *name)
            };
            if let Some(name) = names.iter().find(|name| !has(name)) {
                return Err(not_issued(name, directory));
            }
        }
        Ok(all)
    }

    /// Opens a folder of the inventory, and chooses what is to be renewed in it. A folder that is missing is
    /// withdrawn with all that was in it, unless it was named with `--out`: that may be out of reach.
    fn open(
        &mut self,
        certificates: &Directory,
        access: Access,
        members: &Members,
    ) -> Result<Option<(IssuedFolder, Vec<Present>)>, Error> {
        let chosen = below(certificates.path(), &members.folder);
        let Some(folder) = IssuedFolder::open_if_there(certificates, Some(&chosen), access)? else {
            match members.folder.is_absolute() {
                true => self.said.failures.push(errors::output_gone(&chosen, members.members.len())),
                false => {
                    let gone = members.members.iter().map(|member| (member.name.clone(), chosen.clone()));
                    self.withdrawn.extend(gone);
                }
            }
            return Ok(None);
        };
        let mut due = Vec::new();
        for member in &members.members {
            match self.look_at(&folder, member) {
                Ok(found) => due.extend(found),
                Err(error) => self.said.failures.push(error),
            }
        }
        Ok(Some((folder, due)))
    }

    /// A certificate that was issued, if it is to be renewed.
    fn look_at(&mut self, folder: &IssuedFolder, member: &Member) -> Result<Option<Present>, Error> {
        let files = EndEntityFiles::issued(&member.name);
        let kind = member.kind.unwrap_or(EndEntityKind::Client);
        let mut one = Present::read(&folder.directory, kind, files)?;
        let Some(certificate) = one.readable(&self.request.directory)?.cloned() else {
            self.withdrawn.push((member.name.clone(), one.path));
            return Ok(None);
        };
        match one.vouch_for_issued(&member.file, self.signers, self.inventory) {
            Ok(kind) => one.kind = kind,
            Err(_) if self.request.adopted.names.contains(&member.name) => {
                if member.kind.is_none() || !certificate.serves(kind) {
                    one.kind = certificate.kind();
                }
                return Ok(Some(one));
            }
            Err(reason) if matches!(self.request.issued, Issued::Named(_)) => {
                return Err(one.unvouched(&reason, &self.request.directory));
            }
            Err(reason) => {
                self.note(&one.path, &reason, &member.name);
                return Ok(None);
            }
        }
        let mut asked = self.request.asked_of_issued();
        if folder.directory.state(&one.files.key)?.is_none() {
            asked.key_type = None;
        }
        if self.is_due(&one, Some(&certificate), Some(folder), &asked)? {
            return Ok(Some(one));
        }
        self.keep(&one, &folder.path);
        Ok(None)
    }

    /// Reports a certificate that stays. Who names what was issued does not ask for the directory's own.
    fn keep(&mut self, one: &Present, folder: &Path) {
        let is_asked_for = one.files.issued_as().is_some() || !self.request.kinds.is_empty();
        if let Some(certificate) = one.certificate().filter(|_| is_asked_for) {
            let kept = CertificateReport::of_leaf(one.kind, folder, &one.files, Action::Kept, certificate);
            self.said.kept.push(kept);
        }
    }

    fn note(&mut self, path: &Path, reason: &Unvouched, name: &IssuedName) {
        let adopt = command(&format!("renew --adopt {name}"), &self.request.directory);
        self.said.notes.push(notes::not_reissued(path, reason, &adopt));
    }

    /// Says what was withdrawn. Whoever names something wants it renewed.
    fn report_withdrawn(&mut self) {
        let withdrawn = std::mem::take(&mut self.withdrawn);
        if matches!(self.request.issued, Issued::Named(_)) {
            let directory = &self.request.directory;
            let gone = withdrawn.iter().map(|(name, path)| withdrawn_error(name, path, directory));
            self.said.failures.extend(gone);
        } else if !withdrawn.is_empty() {
            let names: Vec<_> = withdrawn.into_iter().map(|(name, _)| name).collect();
            self.said.notes.push(notes::withdrawn(&names));
        }
    }
}

fn withdrawn_error(name: &IssuedName, path: &Path, directory: &Path) -> Error {
    let again = command(&format!("issue client {name} --force"), directory);
    Error::new(format!("{}: no such file any more, so there is nothing to renew", path.display()))
        .of_kind(ErrorKind::NotIssued)
        .with_hint(format!("`{again}` issues it again"))
}

fn not_issued(name: &IssuedName, directory: &Path) -> Error {
    let list = match directory.display().to_string().as_str() {
        "." => "milvus-certs inspect".to_owned(),
        directory => format!("milvus-certs inspect {}", shell_quoted(directory)),
    };
    let issue = command(&format!("issue client {name}"), directory);
    Error::new(format!("nothing called {name} was issued here"))
        .of_kind(ErrorKind::NotIssued)
        .with_hint(format!("`{list}` lists what was; `{issue}` issues it"))
}
