//! The renewal of what was issued beside server.pem and client.pem, by the inventory.

use std::path::{Path, PathBuf};

use crate::base::error::Error;
use crate::base::error::ErrorKind;
use crate::base::note::Note;
use crate::base::text::command;
use crate::base::text::shell_quoted;
use crate::engine::due::{Asked, Due};
use crate::engine::errors;
use crate::engine::inventory::{Inventory, Unvouched};
use crate::engine::issuance::{Batches, IssuedFolder, Issuer, Plan, Progress};
use crate::engine::notes;
use crate::engine::renew::{Changes, Found, Issued, Model, Old, RenewRequest, Renewal, Selection};
use crate::engine::report::CertificateReport;
use crate::engine::{Action, Report};
use crate::store::inventory::InventoryEntry;
use crate::store::{Access, Directory, EndEntityFiles, ISSUED_FOLDER, IssuedName};
use crate::x509::{Certificate, EndEntityKind, GeneralName};

/// Something that was issued.
pub(crate) struct Member {
    pub(crate) name: IssuedName,
    /// As the inventory says, if it has a line.
    pub(crate) kind: Option<EndEntityKind>,
    /// The path of its certificate, as the inventory has it.
    pub(crate) file: String,
}

/// What the inventory has in one folder.
pub(crate) struct Members {
    /// Where it is, as the inventory says.
    pub(crate) folder: PathBuf,
    pub(crate) members: Vec<Member>,
}

impl Members {
    /// All that was issued and has not been withdrawn from the inventory's point of view, by folder.
    pub(crate) fn all(inventory: &Inventory) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for (folder, member) in inventory.in_force().into_iter().filter_map(member) {
            match all.iter_mut().find(|members| members.folder == folder) {
                Some(members) => members.members.push(member),
                None => all.push(Self { folder, members: vec![member] }),
            }
        }
        all
    }

    /// Those of these names. What has no line is there only for somebody who adopts it.
    fn named(
        request: &RenewRequest,
        inventory: &Inventory,
        names: &[IssuedName],
    ) -> Result<Vec<Self>, Error> {
        let mut all = Self::all(inventory);
        let directory = &request.directory;
        for name in names {
            if all.iter().flat_map(|members| &members.members).any(|member| member.name == *name) {
                continue;
            }
            let unrecorded = inventory.unrecorded(directory)?;
            let file = format!("{ISSUED_FOLDER}/{}", EndEntityFiles::issued(name).certificate);
            let Some(found) = unrecorded.into_iter().find(|found| found.file == file) else {
                return Err(not_issued(name, directory));
            };
            if !request.adopted.names.contains(name) {
                let kind = found.certificate.as_ref().map_or(EndEntityKind::Client, Certificate::kind);
                return Err(unvouched(
                    request,
                    &below(directory, Path::new(&found.file)),
                    found.reason(),
                    kind,
                    name,
                ));
            }
            let member = Member { name: name.clone(), kind: None, file };
            all.push(Self { folder: ISSUED_FOLDER.into(), members: vec![member] });
        }
        all.iter_mut().for_each(|members| members.members.retain(|member| names.contains(&member.name)));
        all.retain(|members| !members.members.is_empty());
        Ok(all)
    }
}

/// `issued/search/search.pem` is search in issued; the directory's own certificates are in no folder.
fn member(entry: &InventoryEntry) -> Option<(PathBuf, Member)> {
    let own = Path::new(&entry.file).parent()?;
    let name = own.file_name()?.to_str()?.parse().ok()?;
    let folder = own.parent()?;
    let is_called_so = folder.join(EndEntityFiles::issued(&name).certificate.below(Path::new("")));
    (is_called_so == Path::new(&entry.file))
        .then(|| (folder.to_owned(), Member { name, kind: entry.kind(), file: entry.file.clone() }))
}

/// A path from a directory, as people name it.
fn below(directory: &Path, path: &Path) -> PathBuf {
    let directory = if directory == Path::new(".") { Path::new("") } else { directory };
    directory.join(path)
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

fn unvouched(
    request: &RenewRequest,
    path: &Path,
    reason: Unvouched,
    kind: EndEntityKind,
    name: &IssuedName,
) -> Error {
    errors::unvouched(path, &reason, kind, Some(name), &request.directory)
}

/// Opens a folder of the inventory. Where it is missing, what was in it is withdrawn, unless it was named with
/// `--out`: that may be out of reach.
fn open(
    certificates: &Directory,
    folder: &Path,
    access: Access,
    members: &[Member],
    withdrawn: &mut Vec<(IssuedName, PathBuf)>,
    failures: &mut Vec<Error>,
) -> Result<Option<IssuedFolder>, Error> {
    let chosen = below(certificates.path(), folder);
    let opened = IssuedFolder::open_if_there(certificates, Some(&chosen), access)?;
    match opened {
        None if folder.is_absolute() => {
            failures.push(errors::output_gone(&chosen, members.len()));
        }
        None => withdrawn.extend(members.iter().map(|member| (member.name.clone(), chosen.clone()))),
        Some(_) => {}
    }
    Ok(opened)
}

/// What there is of something that was asked for.
enum Seen {
    /// A certificate that is renewed.
    Due(Box<Old>),
    /// One that is not.
    Left,
    /// Nothing.
    Gone,
}

/// What is in one folder of that which was asked for.
#[derive(Default)]
struct Chosen {
    due: Vec<Old>,
    /// What is not there any more.
    withdrawn: Vec<(IssuedName, PathBuf)>,
}

impl Selection<'_> {
    /// Renews what was asked for and is due. What cannot be renewed does not keep the rest from it.
    pub(crate) fn renew_issued(
        &self,
        issuer: &mut Issuer<'_>,
        progress: Progress<'_>,
        report: &mut Report,
        failures: &mut Vec<Error>,
    ) -> Result<(), Error> {
        let mut withdrawn = Vec::new();
        for Members { folder, members } in self.members(report)? {
            let access = if self.request.dry_run { Access::Look } else { Access::Change };
            let opened = open(issuer.certificates, &folder, access, &members, &mut withdrawn, failures)?;
            let Some(mut opened) = opened else { continue };
            let found = self.choose(&opened, &members, report, failures);
            withdrawn.extend(found.withdrawn);
            let renewal = Renewal {
                request: self.request,
                directory: &opened.directory,
                authority: issuer.authority,
                now: issuer.now,
            };
            let mut plans: Vec<Plan> = Vec::new();
            for old in &found.due {
                let Some(certificate) = old.certificate() else { continue };
                let changes = Changes { names: self.more_names(), ..Changes::default() };
                match renewal.plan(old, Model::Certificate(certificate), &changes, &mut report.notes) {
                    Ok(plan) => plans.push(plan),
                    Err(error) => failures.push(error),
                }
            }
            if self.request.dry_run {
                let issuer = issuer.authority.certificate().subject();
                let planned =
                    plans.iter().map(|plan| plan.report(issuer, opened.path_of(&plan.files.certificate)));
                report.certificates.extend(planned);
            } else {
                issuer.issue(&mut opened, &plans, Batches::Small, progress, report)?;
            }
        }
        self.report_withdrawn(withdrawn, report, failures);
        Ok(())
    }

    /// Whether anything that was issued is due. What is not is reported.
    pub(crate) fn is_issued_due(
        &self,
        directory: &Directory,
        report: &mut Report,
        failures: &mut Vec<Error>,
    ) -> Result<bool, Error> {
        let mut withdrawn = Vec::new();
        for Members { folder, members } in self.members(report)? {
            let opened = open(directory, &folder, Access::Look, &members, &mut withdrawn, failures)?;
            let Some(opened) = opened else { continue };
            let found = self.choose(&opened, &members, report, failures);
            if !found.due.is_empty() {
                return Ok(true);
            }
            withdrawn.extend(found.withdrawn);
        }
        self.report_withdrawn(withdrawn, report, failures);
        Ok(false)
    }

    /// What was asked for, by folder. What lies there and was never issued is said.
    fn members(&self, report: &mut Report) -> Result<Vec<Members>, Error> {
        match &self.request.issued {
            Issued::None => Ok(Vec::new()),
            Issued::Named(names) => Members::named(self.request, self.inventory, names),
            Issued::All => {
                let mut adopted = Vec::new();
                for found in self.inventory.unrecorded(&self.request.directory)? {
                    if self.request.adopted.names.contains(&found.name) {
                        adopted.push(Member { name: found.name, kind: None, file: found.file });
                        continue;
                    }
                    self.note(
                        &below(&self.request.directory, Path::new(&found.file)),
                        found.reason(),
                        &found.name,
                        report,
                    );
                }
                let mut all = Members::all(self.inventory);
                if !adopted.is_empty() {
                    all.push(Members { folder: ISSUED_FOLDER.into(), members: adopted });
                }
                Ok(all)
            }
        }
    }

    fn choose(
        &self,
        folder: &IssuedFolder,
        members: &[Member],
        report: &mut Report,
        failures: &mut Vec<Error>,
    ) -> Chosen {
        let mut chosen = Chosen::default();
        for member in members {
            match self.look_at(folder, member, report) {
                Ok(Seen::Due(old)) => chosen.due.push(*old),
                Ok(Seen::Gone) => {
                    let path = folder.directory.path_of(EndEntityFiles::issued(&member.name).certificate);
                    chosen.withdrawn.push((member.name.clone(), path));
                }
                Ok(Seen::Left) => {}
                Err(error) => failures.push(error),
            }
        }
        chosen
    }

    fn look_at(&self, folder: &IssuedFolder, member: &Member, report: &mut Report) -> Result<Seen, Error> {
        let files = EndEntityFiles::issued(&member.name);
        let mut old = Old::read(&folder.directory, member.kind.unwrap_or(EndEntityKind::Client), files)?;
        let path = folder.directory.path_of(&old.files.certificate);
        let (certificate, others) = match &old.found {
            Found::Nothing | Found::NotAFile => return Ok(Seen::Gone),
            Found::Unusable(source) => {
                let directory = &self.request.directory;
                return Err(errors::old_issued(&path, source.clone(), &member.name, directory));
            }
            Found::Certificate(certificate, others) => (certificate.as_ref().clone(), others),
        };
        match self.inventory.vouch(&member.file, &certificate, others, self.signers) {
            Ok(kind) => old.kind = kind,
            Err(_) if self.request.adopted.names.contains(&member.name) => {
                if member.kind.is_none() || !certificate.serves(old.kind) {
                    old.kind = certificate.kind();
                }
                return Ok(Seen::Due(Box::new(old)));
            }
            Err(reason) if matches!(self.request.issued, Issued::Named(_)) => {
                return Err(unvouched(self.request, &path, reason, old.kind, &member.name));
            }
            Err(reason) => {
                self.note(&path, reason, &member.name, report);
                return Ok(Seen::Left);
            }
        }
        if self.is_due(folder, &old, &certificate, &mut report.notes)? {
            return Ok(Seen::Due(Box::new(old)));
        }
        let shown = folder.path_of(&old.files.certificate);
        report.certificates.push(CertificateReport::of(old.kind.name(), shown, Action::Kept, &certificate));
        Ok(Seen::Left)
    }

    fn is_due(
        &self,
        folder: &IssuedFolder,
        old: &Old,
        certificate: &Certificate,
        notes: &mut Vec<Note>,
    ) -> Result<bool, Error> {
        let Some(within) = self.request.if_due else { return Ok(true) };
        let is_broken = match self.judged {
            Some(judged) => judged.is_issued_broken(folder, &old.files, old.kind, certificate)?,
            None => false,
        };
        let has_key = folder.directory.state(&old.files.key)?.is_some();
        let asked = Asked {
            names: self.more_names(),
            days: self.request.days,
            key_type: self.request.key_type.filter(|_| has_key),
            ..Asked::default()
        };
        let due = Due { signers: self.signers, within, now: self.now };
        Ok(is_broken || due.is(&old.file(), certificate, &asked, notes)?)
    }

    /// Who names something can give it more names.
    fn more_names(&self) -> &[GeneralName] {
        match self.request.issued {
            Issued::Named(_) => self.request.names.as_slice(),
            Issued::None | Issued::All => &[],
        }
    }

    fn note(&self, path: &Path, reason: Unvouched, name: &IssuedName, report: &mut Report) {
        let adopt = command(&format!("renew --adopt {name}"), &self.request.directory);
        report.notes.push(notes::not_reissued(path, &reason, &adopt));
    }

    /// Whoever names something wants it renewed.
    fn report_withdrawn(
        &self,
        withdrawn: Vec<(IssuedName, PathBuf)>,
        report: &mut Report,
        failures: &mut Vec<Error>,
    ) {
        match self.request.issued {
            Issued::Named(_) => {
                let error = |(name, path): (IssuedName, PathBuf)| {
                    let again = command(&format!("issue client {name} --force"), &self.request.directory);
                    Error::new(format!(
                        "{}: no such file any more, so there is nothing to renew",
                        path.display()
                    ))
                    .of_kind(ErrorKind::NotIssued)
                    .with_hint(format!("`{again}` issues it again"))
                };
                failures.extend(withdrawn.into_iter().map(error));
            }
            _ if withdrawn.is_empty() => {}
            _ => {
                let names: Vec<_> = withdrawn.into_iter().map(|(name, _)| name).collect();
                report.notes.push(notes::withdrawn(&names));
            }
        }
    }
}
