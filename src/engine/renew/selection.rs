//! What is to be renewed of that which was asked for, and what its new certificate takes over.

use std::path::{Path, PathBuf};

use time::OffsetDateTime;

use crate::base::error::{Error, ErrorKind};
use crate::base::text::{command, shell_quoted};
use crate::engine::due::{Due, Judged};
use crate::engine::errors;
use crate::engine::folder::IssuedFolder;
use crate::engine::inventory::{Inventory, Member, Members};
use crate::engine::leaf::{Action, Asked};
use crate::engine::notes;
use crate::engine::present::{Found, Present};
use crate::engine::renew::request::{Issued, RenewRequest};
use crate::engine::report::{CertificateReport, Said};
use crate::engine::signers::{Signers, Unvouched};
use crate::store::inventory::IssuedEntry;
use crate::store::{Access, Directory, EndEntityFiles, ISSUED_FOLDER, IssuedName};
use crate::x509::{Certificate, EndEntityKind};

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
    pub(crate) fn certificate(self) -> Option<&'a Certificate> {
        match self {
            Self::Certificate(certificate) => Some(certificate),
            Self::Line(_) | Self::Nothing => None,
        }
    }
}

/// Chooses what is renewed, and gathers what is said of the rest.
pub(crate) struct Selection<'a> {
    pub(crate) request: &'a RenewRequest,
    pub(crate) inventory: &'a Inventory,
    pub(crate) signers: &'a Signers,
    /// What is due; without it, everything is.
    due: Option<Due<'a>>,
    pub(crate) said: Said,
    /// What is not there any more.
    withdrawn: Vec<(IssuedName, PathBuf)>,
    pub(crate) now: OffsetDateTime,
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
    pub(crate) fn own<'p>(
        &mut self,
        own: &'p [Present; 2],
        directory: &Directory,
    ) -> Result<Vec<(&'p Present, Model<'p>)>, Error>
    where
        'a: 'p,
    {
        let mut due = Vec::new();
        for one in own {
            let asked = self.request.asked_of_own(own, one.kind);
            match self.model_if_due(one, &asked, directory) {
                Ok(Some(model)) => due.push((one, model)),
                Ok(None) => self.keep(one, directory.path(), None),
                Err(error) => {
                    self.keep(one, directory.path(), None);
                    self.said.failures.push(error.of_one_certificate()?);
                }
            }
        }
        Ok(due)
    }

    fn model_if_due<'p>(
        &mut self,
        own: &'p Present,
        asked: &Asked,
        directory: &Directory,
    ) -> Result<Option<Model<'p>>, Error>
    where
        'a: 'p,
    {
        if !self.request.kinds.contains(&own.kind) {
            return Ok(None);
        }
        let model = self.model(own, asked, directory.path())?;
        Ok(self.is_due(own, model, None, asked)?.then_some(model))
    }

    /// What the new server.pem or client.pem takes over: what a certificate says that this CA signed, else
    /// what the inventory says, else what is spelled out.
    fn model<'p>(&self, own: &'p Present, asked: &Asked, directory: &Path) -> Result<Model<'p>, Error>
    where
        'a: 'p,
    {
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

    fn is_due(
        &mut self,
        one: &Present,
        model: Model<'_>,
        folder: Option<&IssuedFolder>,
        asked: &Asked,
    ) -> Result<bool, Error> {
        match (&self.due, model) {
            (Some(due), Model::Certificate(certificate)) => {
                due.is(one, certificate, folder, asked, &mut self.said.notes)
            }
            _ => Ok(true),
        }
    }

    /// What was asked for beside them, by folder. What lies there and was never issued is said.
    pub(crate) fn members(&mut self) -> Result<Vec<Members>, Error> {
        let directory = &self.request.directory;
        let (mut all, names) = match &self.request.issued {
            Issued::None => return Ok(Vec::new()),
            Issued::All => (self.inventory.members(), None),
            Issued::Named(names) => (self.inventory.members(), Some(names)),
        };
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
    pub(crate) fn open(
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
        if self.is_due(&one, Model::Certificate(&certificate), Some(folder), &asked)? {
            return Ok(Some(one));
        }
        self.keep(&one, &folder.path, Some(&certificate));
        Ok(None)
    }

    /// Reports a certificate that stays. Who names what was issued does not ask for the directory's own.
    pub(crate) fn keep(&mut self, one: &Present, folder: &Path, issued: Option<&Certificate>) {
        let own = one.certificate().filter(|_| !self.request.kinds.is_empty());
        if let Some(certificate) = issued.or(own) {
            let kept = CertificateReport::of_leaf(one.kind, folder, &one.files, Action::Kept, certificate);
            self.said.kept.push(kept);
        }
    }

    fn note(&mut self, path: &Path, reason: &Unvouched, name: &IssuedName) {
        let adopt = command(&format!("renew --adopt {name}"), &self.request.directory);
        self.said.notes.push(notes::not_reissued(path, reason, &adopt));
    }

    /// Says what was withdrawn. Whoever names something wants it renewed.
    pub(crate) fn report_withdrawn(&mut self) {
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

/// A path from a directory, as people name it.
fn below(directory: &Path, path: impl AsRef<Path>) -> PathBuf {
    let directory = if directory == Path::new(".") { Path::new("") } else { directory };
    directory.join(path)
}
