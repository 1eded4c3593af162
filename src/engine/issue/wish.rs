//! From what was asked for to plans, with what is there already.

use std::path::Path;
use std::time::Duration;

use time::OffsetDateTime;

use crate::base::error::Error;
use crate::base::error::ErrorKind;
use crate::base::note::Note;
use crate::base::text::command;
use crate::engine::Action;
use crate::engine::due::{Asked, Due, Judged};
use crate::engine::errors;
use crate::engine::inventory::Inventory;
use crate::engine::issuance::{IssuedFolder, KeyPlan, Plan, Signers, add_loopback};
use crate::engine::issue::fleet::Member;
use crate::engine::notes;
use crate::engine::renew::{Found, Old};
use crate::milvus::defaults;
use crate::store::{Directory, EndEntityFiles, FileMode, IssuedName};
use crate::x509::add_names;
use crate::x509::{
    Attribute, AttributeType, Certificate, Days, EndEntityKind, GeneralName, KeyType, Subject, Validity,
};

/// A server or client that is to have a certificate.
pub(crate) struct Wish<'a> {
    pub(crate) kind: EndEntityKind,
    pub(crate) name: &'a IssuedName,
    pub(crate) more_names: &'a [GeneralName],
    pub(crate) days: Option<Days>,
    pub(crate) key_type: Option<KeyType>,
}

impl<'a> From<&'a Member> for Wish<'a> {
    fn from(member: &'a Member) -> Self {
        let Member { kind, name, more_names, days, key_type } = member;
        Self { kind: *kind, name, more_names, days: *days, key_type: *key_type }
    }
}

impl Wish<'_> {
    /// subjectAltName: the name itself, and what was asked for beside it.
    fn names(&self) -> Result<Vec<GeneralName>, Error> {
        let mut names = vec![self.name.as_str().parse()?];
        add_names(&mut names, self.more_names);
        if self.kind == EndEntityKind::Server {
            add_loopback(&mut names);
        }
        Ok(names)
    }
}

/// Makes plans.
pub(crate) struct Drafter<'a> {
    /// The certificate directory.
    pub(crate) directory: &'a Path,
    /// The folder with what was issued, if there is one.
    pub(crate) folder: Option<&'a IssuedFolder>,
    pub(crate) inventory: &'a Inventory,
    /// Who signs, and signed what is there.
    pub(crate) signers: &'a Signers,
    /// The directory's own certificates.
    pub(crate) own: &'a [Old],
    pub(crate) now: OffsetDateTime,
}

impl Drafter<'_> {
    pub(crate) fn plan(&self, wish: &Wish<'_>, action: Action, notes: &mut Vec<Note>) -> Result<Plan, Error> {
        let files = EndEntityFiles::issued(wish.name);
        let state =
            |path| self.folder.map(|folder| folder.directory.state(path)).transpose().map(Option::flatten);
        let (key_state, certificate_state) = (state(&files.key)?, state(&files.certificate)?);
        let wanted = Validity::starting(self.now, wish.days.unwrap_or(defaults::DAYS))?;
        let validity = wanted.within(self.signers.validity());
        if validity.not_after < wanted.not_after {
            let file = files.certificate.to_string();
            notes.push(notes::cut_to_ca(&file, validity.not_after));
        }
        Ok(Plan {
            kind: wish.kind,
            subject: self.subject(wish)?,
            names: wish.names()?,
            validity,
            key: KeyPlan::New(wish.key_type.unwrap_or(KeyType::Rsa2048)),
            key_mode: key_state.and_then(|state| state.mode.for_key()).unwrap_or(FileMode::PRIVATE),
            key_owner: key_state.map(|state| state.owner),
            certificate: certificate_state,
            files,
            action,
        })
    }

    /// In the place of an old certificate, whose key stays where it is if it is not here.
    pub(crate) fn plan_again(
        &self,
        old: &Certificate,
        wish: &Wish<'_>,
        notes: &mut Vec<Note>,
    ) -> Result<Plan, Error> {
        let plan = self.plan(wish, Action::Renewed, notes)?;
        match old.public_key() {
            Ok(key) if !self.has_key(wish)? => Ok(Plan { key: KeyPlan::Elsewhere(key), ..plan }),
            _ => Ok(plan),
        }
    }

    /// Whether its private key is here.
    fn has_key(&self, wish: &Wish<'_>) -> Result<bool, Error> {
        let Some(folder) = self.folder else { return Ok(false) };
        Ok(folder.directory.state(EndEntityFiles::issued(wish.name).key)?.is_some())
    }

    /// As the directory's own certificate of that kind, or its other one, with another CommonName.
    fn subject(&self, wish: &Wish<'_>) -> Result<Subject, Error> {
        // What another CA signed says nothing here.
        let is_ours = |own: &Old| own.vouch_for_own(self.signers, self.inventory).is_ok();
        let certificate =
            |own: &Old| own.certificate().filter(|_| is_ours(own)).map(|found| found.subject().clone());
        let same_kind = self.own.iter().filter(|own| own.kind == wish.kind).find_map(certificate);
        let subject = match same_kind.or_else(|| self.own.iter().find_map(certificate)) {
            Some(subject) => subject,
            None => Subject::new(&defaults::SUBJECT)?,
        };
        Ok(subject.with(&Attribute::new(AttributeType::CommonName, wish.name.as_str())?)?)
    }

    /// Refuses names under which there is something, unless it is to be replaced.
    pub(crate) fn refuse_what_is_there(&self, names: &[IssuedName], replace: bool) -> Result<(), Error> {
        self.refuse_other_spellings(names)?;
        let Some(IssuedFolder { directory: folder, .. }) = self.folder else { return Ok(()) };
        for name in names.iter().filter(|_| !replace) {
            let EndEntityFiles { key, certificate, authority } = EndEntityFiles::issued(name);
            for path in [key, certificate, authority] {
                if folder.state(&path)?.is_some() {
                    return Err(self.already_issued(folder, name));
                }
            }
        }
        Ok(())
    }

    fn already_issued(&self, folder: &Directory, name: &IssuedName) -> Error {
        let path = folder.path().join(name.as_str());
        let renew = command(&format!("renew {name}"), self.directory);
        Error::new(format!("{}: was issued already", path.display()))
            .of_kind(ErrorKind::AlreadyThere)
            .with_hint(format!("`{renew}` renews it; --force issues another, and keeps this one in a backup"))
    }

    /// Refuses a folder with a private key, which is another than that of a request.
    pub(crate) fn refuse_key(&self, name: &IssuedName) -> Result<(), Error> {
        let Some(IssuedFolder { directory: folder, .. }) = self.folder else { return Ok(()) };
        let key = EndEntityFiles::issued(name).key;
        match folder.state(&key)? {
            Some(_) => Err(errors::key_in_the_way(&folder.path_of(key))),
            None => Ok(()),
        }
    }

    /// Refuses a name that is there already but for its case: on some disks it is the same.
    pub(crate) fn refuse_other_spellings(&self, names: &[IssuedName]) -> Result<(), Error> {
        let Some(IssuedFolder { directory: folder, .. }) = self.folder else { return Ok(()) };
        let there: std::collections::HashMap<_, _> = folder
            .names()?
            .into_iter()
            .filter_map(|name| Some((name.parse::<IssuedName>().ok()?, name)))
            .collect();
        let other = names.iter().find_map(|name| there.get(name).filter(|there| *there != name.as_str()));
        match other {
            Some(there) => Err(Error::new(format!(
                "{}: is there, and on some disks a name that differs only in case is the same",
                folder.path().join(there).display()
            ))
            .with_hint("use that name as it is, or another one".to_owned())),
            None => Ok(()),
        }
    }

    /// The certificate that is there, if the inventory has it for this file and this CA signed it.
    pub(crate) fn present(&self, wish: &Wish<'_>) -> Result<Option<Present>, Error> {
        let Some(folder) = self.folder else { return Ok(None) };
        let old = Old::read(&folder.directory, wish.kind, EndEntityFiles::issued(wish.name))?;
        let path = folder.directory.path_of(&old.files.certificate);
        let (certificate, others) = match old.found {
            Found::Nothing | Found::NotAFile => return Ok(None),
            Found::Unusable(source) => {
                return Err(errors::old_issued(&path, source, wish.name, self.directory));
            }
            Found::Certificate(certificate, others) => (*certificate, others),
        };
        let file = folder.recorded(&old.files.certificate);
        match self.inventory.vouch(&file, &certificate, &others, self.signers) {
            Ok(kind) => Ok(Some(Present { certificate, kind })),
            Err(reason) => Err(errors::unvouched(&path, &reason, wish.kind, Some(wish.name), self.directory)),
        }
    }

    /// Whether it is due, or not as it is asked for.
    pub(crate) fn is_to_be_renewed(
        &self,
        old: &Present,
        wish: &Wish<'_>,
        if_due: Duration,
        judged: &Judged,
        notes: &mut Vec<Note>,
    ) -> Result<bool, Error> {
        let Some(folder) = self.folder else { return Ok(true) };
        let Present { certificate, kind } = old;
        let files = EndEntityFiles::issued(wish.name);
        let key_type = match self.has_key(wish)? {
            true => wish.key_type,
            false => None,
        };
        let names = wish.names()?;
        let asked = Asked { names: &names, names_alone: true, days: wish.days, key_type, ..Asked::default() };
        let due = Due { signers: self.signers, within: if_due, now: self.now };
        Ok(*kind != wish.kind
            || judged.is_issued_broken(folder, &files, wish.kind, certificate)?
            || due.is(&files.certificate.to_string(), certificate, &asked, notes)?)
    }
}

/// A certificate that was issued and is there.
pub(crate) struct Present {
    pub(crate) certificate: Certificate,
    /// What it was issued for.
    kind: EndEntityKind,
}
