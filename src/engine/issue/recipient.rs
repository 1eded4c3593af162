//! Somebody who is to have a certificate, and what is there under that name.

use std::collections::HashMap;
use std::path::Path;

use time::OffsetDateTime;

use crate::base::error::{Error, ErrorKind};
use crate::base::text::command;
use crate::engine::due::Due;
use crate::engine::folder::IssuedFolder;
use crate::engine::inventory::Inventory;
use crate::engine::leaf::{Action, Asked, KeySource, Leaf, LeafPlace, LeafSpec, add_loopback, validity};
use crate::engine::present::Present;
use crate::engine::report::{CertificateReport, Said};
use crate::engine::signers::Signers;
use crate::milvus::defaults;
use crate::store::{EndEntityFiles, IssuedName};
use crate::x509::{Attribute, AttributeType, Days, EndEntityKind, GeneralName, KeyType, Subject, add_names};

/// A server or a client that is to have a certificate.
#[derive(Clone, Debug)]
pub struct Recipient {
    pub kind: EndEntityKind,
    /// Its CommonName, and the name of its folder and files.
    pub name: IssuedName,
    /// More names that its certificate has.
    pub names: Vec<GeneralName>,
    /// How long it lives; as on the documentation page where it is not said.
    pub days: Option<Days>,
    /// The type of its key.
    pub key_type: Option<KeyType>,
}

impl Recipient {
    /// With this name alone.
    #[must_use]
    pub fn new(kind: EndEntityKind, name: IssuedName) -> Self {
        Self { kind, name, names: Vec::new(), days: None, key_type: None }
    }

    fn asked(&self) -> Result<Asked, Error> {
        let mut names = vec![self.name.as_str().parse()?];
        add_names(&mut names, &self.names);
        if self.kind == EndEntityKind::Server {
            add_loopback(&mut names);
        }
        Ok(Asked { names, names_alone: true, days: self.days, key_type: self.key_type, ..Asked::default() })
    }
}

/// Makes specs for recipients, with what is there already.
pub(crate) struct SpecMaker<'a> {
    /// The certificate directory.
    pub(crate) directory: &'a Path,
    /// The folder with what was issued, if there is one.
    pub(crate) folder: Option<&'a IssuedFolder>,
    pub(crate) inventory: &'a Inventory,
    /// Who signs, and signed what is there.
    pub(crate) signers: &'a Signers,
    /// The directory's own certificates.
    pub(crate) own: &'a [Present],
    pub(crate) now: OffsetDateTime,
}

impl SpecMaker<'_> {
    /// The spec of a new certificate for `key`, or for a key that is made.
    pub(crate) fn spec(&self, recipient: &Recipient, key: Option<KeySource>) -> Result<LeafSpec, Error> {
        let Asked { names, days, key_type, .. } = recipient.asked()?;
        let files = EndEntityFiles::issued(&recipient.name);
        let mut notes = Vec::new();
        let days = days.unwrap_or(defaults::DAYS);
        let validity = validity(days, self.signers.validity(), self.now, &files, &mut notes)?;
        let directory = self.folder.map(|folder| &folder.directory);
        let place = LeafPlace::of(directory, files, None, &mut notes)?;
        Ok(LeafSpec {
            leaf: Leaf { kind: recipient.kind, subject: self.subject(recipient)?, names, validity },
            key: key.unwrap_or_else(|| KeySource::New(key_type.unwrap_or(KeyType::Rsa2048))),
            place,
            action: Action::Created,
            notes,
        })
    }

    /// What a list asks for: the spec of what is missing, due, or not as it is asked for; or the report of what
    /// stays.
    pub(crate) fn spec_unless_kept(
        &self,
        recipient: &Recipient,
        due: &Due<'_>,
        said: &mut Said,
    ) -> Result<Option<LeafSpec>, Error> {
        let create = || self.spec(recipient, None).map(Some);
        let Some(folder) = self.folder else { return create() };
        let Recipient { kind, name, .. } = recipient;
        let mut present = Present::read(&folder.directory, *kind, EndEntityFiles::issued(name))?;
        let file = folder.recorded(&present.files.certificate);
        present.kind = present
            .vouch_for_issued(&file, self.signers, self.inventory)
            .map_err(|reason| present.unvouched(&reason, self.directory))?;
        let Some(certificate) = present.readable(self.directory)? else { return create() };
        let has_key = folder.directory.state(&present.files.key)?.is_some();
        let mut asked = recipient.asked()?;
        if !has_key {
            asked.key_type = None;
        }
        if present.kind == *kind && !due.is(&present, certificate, Some(folder), &asked, &mut said.notes)? {
            let files = &present.files;
            let kept = CertificateReport::of_leaf(*kind, &folder.path, files, Action::Kept, certificate);
            said.kept.push(kept);
            return Ok(None);
        }
        // A key that is not here stays where it is.
        let elsewhere = certificate.public_key().ok().filter(|_| !has_key).map(KeySource::Elsewhere);
        let spec = self.spec(recipient, elsewhere)?;
        Ok(Some(LeafSpec { action: Action::Renewed, ..spec }))
    }

    /// As the directory's own certificate of that kind, or its other one, with another CommonName.
    fn subject(&self, recipient: &Recipient) -> Result<Subject, Error> {
        // What another CA signed says nothing here.
        let is_ours = |one: &Present| one.vouch_for_own(self.signers, self.inventory).is_ok();
        let subject =
            |one: &Present| one.certificate().filter(|_| is_ours(one)).map(|found| found.subject().clone());
        let same_kind = self.own.iter().filter(|one| one.kind == recipient.kind).find_map(subject);
        let subject = match same_kind.or_else(|| self.own.iter().find_map(subject)) {
            Some(subject) => subject,
            None => Subject::new(&defaults::SUBJECT)?,
        };
        Ok(subject.with(&Attribute::new(AttributeType::CommonName, recipient.name.as_str())?)?)
    }

    /// Refuses names under which there is something, unless it is to be replaced.
    pub(crate) fn refuse_what_is_there(&self, names: &[&IssuedName], replace: bool) -> Result<(), Error> {
        self.refuse_other_spellings(names)?;
        let Some(IssuedFolder { directory: folder, .. }) = self.folder else { return Ok(()) };
        for name in names.iter().filter(|_| !replace) {
            let EndEntityFiles { key, certificate, ca } = EndEntityFiles::issued(name);
            for path in [key, certificate, ca] {
                if folder.state(&path)?.is_some() {
                    let shown = folder.path().join(name.as_str());
                    let renew = command(&format!("renew {name}"), self.directory);
                    return Err(Error::new(format!("{}: was issued already", shown.display()))
                        .of_kind(ErrorKind::AlreadyThere)
                        .with_hint(format!(
                            "`{renew}` renews it; --force issues another, and keeps this one in a backup"
                        )));
                }
            }
        }
        Ok(())
    }

    /// Refuses a folder with a private key, which is another than that of a request.
    pub(crate) fn refuse_key(&self, name: &IssuedName) -> Result<(), Error> {
        let Some(IssuedFolder { directory: folder, .. }) = self.folder else { return Ok(()) };
        let key = EndEntityFiles::issued(name).key;
        match folder.state(&key)? {
            Some(_) => Err(Error::new(format!(
                "{}: is another key than that of the request",
                folder.path_of(key).display()
            ))
            .of_kind(ErrorKind::AlreadyThere)
            .with_hint("move it away, or give the certificate another NAME".to_owned())),
            None => Ok(()),
        }
    }

    /// Refuses a name that is there already but for its case: on some disks it is the same.
    pub(crate) fn refuse_other_spellings(&self, names: &[&IssuedName]) -> Result<(), Error> {
        let Some(IssuedFolder { directory: folder, .. }) = self.folder else { return Ok(()) };
        let there: HashMap<_, _> = folder
            .names()?
            .into_iter()
            .filter_map(|name| Some((name.parse::<IssuedName>().ok()?, name)))
            .collect();
        let other = names.iter().find_map(|name| there.get(*name).filter(|there| *there != name.as_str()));
        match other {
            Some(there) => Err(Error::new(format!(
                "{}: is there, and on some disks a name that differs only in case is the same",
                folder.path().join(there).display()
            ))
            .with_hint("use that name as it is, or another one".to_owned())),
            None => Ok(()),
        }
    }
}
