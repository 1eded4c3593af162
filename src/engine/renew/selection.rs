//! What is to be renewed of that which was asked for, and what its new certificate takes over.

use time::OffsetDateTime;

use crate::base::error::Error;
use crate::base::note::Note;
use crate::engine::due::{Asked, Due, Judged};
use crate::engine::errors;
use crate::engine::inventory::Inventory;
use crate::engine::issuance::Signers;
use crate::engine::renew::{Found, Model, Old, RenewRequest};
use crate::store::Directory;

/// What decides.
pub(crate) struct Selection<'a> {
    pub(crate) request: &'a RenewRequest,
    pub(crate) inventory: &'a Inventory,
    pub(crate) signers: &'a Signers,
    /// What `check` says of the files; nothing where that does not matter.
    pub(crate) judged: Option<&'a Judged>,
    pub(crate) now: OffsetDateTime,
}

impl<'a> Selection<'a> {
    /// Of server.pem and client.pem what is to be renewed. One that cannot be does not keep the other from
    /// it.
    pub(crate) fn own<'o>(
        &self,
        old: &'o [Old; 2],
        directory: &Directory,
        notes: &mut Vec<Note>,
        failures: &mut Vec<Error>,
    ) -> Result<Vec<(&'o Old, Model<'o>)>, Error>
    where
        'a: 'o,
    {
        let mut due = Vec::new();
        for one in old.iter().filter(|old| self.request.kinds.contains(&old.kind)) {
            let model = self.model(old, one, directory).and_then(|model| {
                let is_due = self.is_own_due(old, one, model, notes)?;
                Ok(is_due.then_some((one, model)))
            });
            match model {
                Ok(found) => due.extend(found),
                Err(error) => failures.push(error.of_one_certificate()?),
            }
        }
        Ok(due)
    }

    /// What the new server.pem or client.pem takes over: what a certificate says that this CA signed, else
    /// what the inventory says, else what is spelled out.
    fn model<'o>(&self, all: &'o [Old; 2], old: &'o Old, directory: &Directory) -> Result<Model<'o>, Error>
    where
        'a: 'o,
    {
        let is_spelled_out = self.request.changes(all, old.kind).spell_out();
        let line = || self.inventory.last_of(&old.file()).map(Model::Line);
        match &old.found {
            Found::Nothing | Found::NotAFile => Ok(line().unwrap_or(Model::Nothing)),
            Found::Unusable(source) => match (line(), is_spelled_out) {
                (Some(line), _) => Ok(line),
                (None, true) => Ok(Model::Nothing),
                (None, false) => {
                    Err(errors::old_certificate(&directory.path_of(&old.files.certificate), source.clone()))
                }
            },
            Found::Certificate(certificate, _) => match old.vouch_for_own(self.signers, self.inventory) {
                Ok(()) => Ok(Model::Certificate(certificate)),
                Err(_) if self.request.adopted.kinds.contains(&old.kind) => {
                    Ok(Model::Certificate(certificate))
                }
                Err(_) if is_spelled_out => Ok(Model::Nothing),
                Err(reason) => {
                    let path = directory.path_of(&old.files.certificate);
                    Err(errors::unvouched(&path, &reason, old.kind, None, directory.path()))
                }
            },
        }
    }

    fn is_own_due(
        &self,
        all: &[Old; 2],
        old: &Old,
        model: Model<'_>,
        notes: &mut Vec<Note>,
    ) -> Result<bool, Error> {
        let (Some(within), Model::Certificate(certificate)) = (self.request.if_due, model) else {
            return Ok(true);
        };
        let is_broken = match self.judged {
            Some(judged) => judged.is_own_broken(old.kind, certificate)?,
            None => false,
        };
        let changes = self.request.changes(all, old.kind);
        let asked = Asked {
            names: changes.names,
            attributes: changes.attributes.iter().copied().chain(changes.common_name).collect(),
            days: self.request.days,
            key_type: self.request.key_type,
            ..Asked::default()
        };
        let due = Due { signers: self.signers, within, now: self.now };
        Ok(is_broken || due.is(&old.file(), certificate, &asked, notes)?)
    }
}
