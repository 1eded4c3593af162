use time::OffsetDateTime;

use crate::base::error::Error;
use crate::base::note::Note;
use crate::engine::Action;
use crate::engine::issuance::{KeyPlan, Plan, add_loopback, names_from_common_name};
use crate::engine::notes;
use crate::engine::renew::{Old, RenewRequest};
use crate::milvus::defaults;
use crate::store::inventory::InventoryEntry;
use crate::store::{Directory, FileMode};
use crate::x509::CertificateAuthority;
use crate::x509::add_names;
use crate::x509::{
    Attribute, AttributeType, Certificate, EndEntityKind, GeneralName, KeyType, PrivateKey, PublicKey,
    Subject, Validity, key_from_pem,
};

/// From what there is to the plan of a new certificate.
pub(crate) struct Renewal<'a> {
    pub(crate) request: &'a RenewRequest,
    /// Where the files are.
    pub(crate) directory: &'a Directory,
    pub(crate) authority: &'a CertificateAuthority,
    pub(crate) now: OffsetDateTime,
}

/// What a new certificate takes its subject and names from.
#[derive(Clone, Copy)]
pub(crate) enum Model<'a> {
    /// The certificate that it replaces.
    Certificate(&'a Certificate),
    /// The inventory's line for a certificate that cannot be read.
    Line(&'a InventoryEntry),
    /// The command line, and the documentation's defaults.
    Nothing,
}

/// What a new certificate is to say that the old one does not.
#[derive(Default)]
pub(crate) struct Changes<'a> {
    /// Attributes of the subject other than the CommonName.
    pub(crate) attributes: Vec<&'a Attribute>,
    /// Another CommonName, which also replaces the names.
    pub(crate) common_name: Option<&'a Attribute>,
    /// More names.
    pub(crate) names: &'a [GeneralName],
}

impl Changes<'_> {
    /// Whether they say themselves whose certificate it is.
    pub(crate) fn spell_out(&self) -> bool {
        self.common_name.is_some() || !self.names.is_empty()
    }
}

impl<'a> Model<'a> {
    fn certificate(self) -> Option<&'a Certificate> {
        match self {
            Self::Certificate(certificate) => Some(certificate),
            Self::Line(_) | Self::Nothing => None,
        }
    }
}

impl Renewal<'_> {
    pub(crate) fn plan(
        &self,
        old: &Old,
        model: Model<'_>,
        changes: &Changes<'_>,
        notes: &mut Vec<Note>,
    ) -> Result<Plan, Error> {
        let kind = old.kind;
        let in_certificate = || Error::in_file(self.directory.path_of(&old.files.certificate));
        match model {
            Model::Nothing if !changes.spell_out() => notes.push(notes::page_defaults(kind)),
            Model::Nothing => {}
            Model::Line(_) => notes.push(notes::from_inventory(&old.file())),
            Model::Certificate(certificate) => notes.extend(left_out(old, certificate)),
        }
        let subject = subject(model, changes).map_err(in_certificate())?;
        let names = names(old, model, changes, &subject, notes).map_err(in_certificate())?;
        let validity = self.validity(old, model, notes)?;
        let key_state = self.directory.state(&old.files.key)?;
        let certificate_state = self.directory.state(&old.files.certificate)?;
        Ok(Plan {
            kind,
            files: old.files.clone(),
            subject,
            names,
            validity,
            key: self.key(old, model, notes)?,
            key_mode: self.key_mode(old, key_state.map(|state| state.mode), notes),
            key_owner: key_state.map(|state| state.owner),
            certificate: certificate_state,
            action: if matches!(model, Model::Nothing) { Action::Created } else { Action::Renewed },
        })
    }

    fn validity(
        &self,
        old: &Old,
        model: Model<'_>,
        notes: &mut Vec<Note>,
    ) -> Result<Validity, crate::x509::Error> {
        let days = match (self.request.days, model.certificate()) {
            (Some(days), _) => days,
            (None, Some(certificate)) => certificate.validity().days(),
            (None, None) => defaults::DAYS,
        };
        let wanted = Validity::starting(self.now, days)?;
        let validity = wanted.within(self.authority.validity());
        if validity.not_after < wanted.not_after {
            notes.push(notes::cut_to_ca(&old.file(), validity.not_after));
        }
        Ok(validity)
    }

    fn key(&self, old: &Old, model: Model<'_>, notes: &mut Vec<Note>) -> Result<KeyPlan, Error> {
        if let Some(key) = self.key_elsewhere(old)? {
            if self.request.key_type.is_some() {
                notes.push(notes::key_elsewhere(&old.file()));
            }
            return Ok(KeyPlan::Elsewhere(key));
        }
        if self.request.reuse_key {
            return self.same_key(old).map(|key| KeyPlan::Same(Box::new(key)));
        }
        let file = || old.file();
        Ok(KeyPlan::New(match (self.request.key_type, model.certificate().map(Certificate::public_key)) {
            (Some(key_type), _) => key_type,
            (None, None) => KeyType::Rsa2048,
            (None, Some(Ok(key))) => key.algorithm().key_type().unwrap_or_else(|| {
                let new = key.algorithm().nearest_key_type();
                notes.push(notes::key_type_changed(&file(), &key.to_string(), new));
                new
            }),
            (None, Some(Err(_))) => {
                let old = "of a kind that Milvus or its clients cannot use";
                notes.push(notes::key_type_changed(&file(), old, KeyType::Rsa2048));
                KeyType::Rsa2048
            }
        }))
    }

    /// The key of something that was issued to a request, or whose private half was handed over: there is no
    /// file of it.
    fn key_elsewhere(&self, old: &Old) -> Result<Option<PublicKey>, Error> {
        let is_issued = old.files.key.folder().is_some();
        match old.certificate() {
            Some(certificate) if is_issued && self.directory.state(&old.files.key)?.is_none() => {
                let path = self.directory.path_of(&old.files.certificate);
                certificate.public_key().map(Some).map_err(Error::in_file(path))
            }
            _ => Ok(None),
        }
    }

    /// The key that is there, if it is the certificate's.
    fn same_key(&self, old: &Old) -> Result<PrivateKey, Error> {
        let path = self.directory.path_of(&old.files.key);
        let content = self.directory.read(&old.files.key)?.ok_or_else(|| {
            Error::new(format!("{}: no such file, so there is no key to use again", path.display()))
                .with_hint("leave --reuse-key out to make a new key".to_owned())
        })?;
        let key = key_from_pem(&content, None).map_err(Error::in_file(&path))?;
        let public_key = key.public_key()?;
        match old.certificate() {
            Some(old) if old.public_key().ok().as_ref() != Some(&public_key) => {
                Err(Error::in_file(path)(crate::x509::Error::key_mismatch(old.subject())))
            }
            _ => {
                public_key.check_for(old.kind).map_err(Error::in_file(path))?;
                Ok(key)
            }
        }
    }

    /// The mode that was asked for, or the old one as long as it keeps others out: a container's
    /// group that could read the key still can.
    fn key_mode(&self, old: &Old, mode: Option<FileMode>, notes: &mut Vec<Note>) -> FileMode {
        let asked_for = self.request.key_mode;
        if let (None, Some(old_mode)) = (asked_for, mode.filter(|mode| mode.for_key().is_none())) {
            notes.push(notes::key_mode_tightened(&old.files.key.to_string(), old_mode));
        }
        asked_for.or_else(|| mode.and_then(FileMode::for_key)).unwrap_or(FileMode::PRIVATE)
    }
}

fn subject(model: Model<'_>, changes: &Changes<'_>) -> Result<Subject, crate::x509::Error> {
    let mut subject = match model {
        Model::Certificate(certificate) => certificate.subject().clone(),
        Model::Line(line) => Subject::from_shown(&line.subject)?,
        Model::Nothing => Subject::new(&defaults::SUBJECT)?,
    };
    // Where names are all that is known, the first is also the CommonName.
    let first = match (model, changes.common_name, changes.names.first()) {
        (Model::Nothing, None, Some(name)) => {
            Some(Attribute::new(AttributeType::CommonName, &name.to_string())?)
        }
        _ => None,
    };
    for attribute in changes.attributes.iter().copied().chain(changes.common_name).chain(&first) {
        subject = subject.with(attribute)?;
    }
    Ok(subject)
}

fn names(
    old: &Old,
    model: Model<'_>,
    changes: &Changes<'_>,
    subject: &Subject,
    notes: &mut Vec<Note>,
) -> Result<Vec<GeneralName>, crate::x509::Error> {
    let kept = if changes.common_name.is_some() { Model::Nothing } else { model };
    let mut names = match kept {
        Model::Certificate(certificate) => taken_over(old, certificate, notes)?,
        Model::Line(line) => line.names.iter().filter_map(|name| name.parse().ok()).collect(),
        Model::Nothing => names_from_common_name(old.kind, subject)?,
    };
    add_names(&mut names, changes.names);
    if matches!(kept, Model::Nothing) && old.kind == EndEntityKind::Server {
        add_loopback(&mut names);
    }
    Ok(names)
}

/// What the new certificate does not have of the old one, or has in its place.
fn left_out(old: &Old, certificate: &Certificate) -> Vec<Note> {
    let purposes = certificate.extended_key_usage().unwrap_or_default();
    let mut notes = Vec::new();
    let mut lost = Vec::new();
    match certificate.serves(old.kind) {
        true => {
            let others = purposes.iter().filter(|purpose| *purpose != old.kind.purpose());
            lost.extend(others.map(|purpose| format!("extendedKeyUsage {purpose}")));
        }
        false => notes.push(notes::usage_corrected(&old.file(), old.kind)),
    }
    lost.extend(certificate.other_extensions().iter().cloned());
    if !lost.is_empty() {
        notes.push(notes::left_out(&old.file(), &lost));
    }
    notes
}

/// The names of the old certificate, put right.
fn taken_over(
    old: &Old,
    certificate: &Certificate,
    notes: &mut Vec<Note>,
) -> Result<Vec<GeneralName>, crate::x509::Error> {
    let mut names = Vec::new();
    for name in certificate.names() {
        let repaired = name.repaired();
        if let Some(name) = repaired.as_ref().filter(|address| !certificate.names().contains(address)) {
            notes.push(notes::address_corrected(&old.file(), name));
        }
        add_names(&mut names, &[repaired.unwrap_or_else(|| name.clone())]);
    }
    for name in certificate.unusable_names() {
        notes.push(notes::name_dropped(&old.file(), name));
    }
    if names.is_empty() {
        names = names_from_common_name(old.kind, certificate.subject())?;
        if !names.is_empty() {
            notes.push(notes::names_from_common_name(&old.file()));
        }
    }
    Ok(names)
}
