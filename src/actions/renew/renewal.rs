use time::OffsetDateTime;

use super::{Old, RenewRequest};
use crate::actions::issuance::{KeyPlan, Plan, add_loopback, add_names, names_from_common_name};
use crate::actions::{Action, Error, Note};
use crate::milvus::defaults;
use crate::pki::{
    Attribute, Certificate, CertificateAuthority, Days, EndEntityKind, GeneralName, KeyType, PrivateKey,
    PublicKey, Subject, Validity, key_from_pem,
};
use crate::store::{Directory, FileMode};

/// From an old certificate to the plan of a new one.
pub(crate) struct Renewal<'a> {
    pub(crate) request: &'a RenewRequest,
    /// Where the files are.
    pub(crate) directory: &'a Directory,
    pub(crate) authority: &'a CertificateAuthority,
    pub(crate) now: OffsetDateTime,
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

impl Renewal<'_> {
    /// Whether it is to be renewed now; a certificate that already ends with its authority is not,
    /// since a new one would end at the same time.
    pub(crate) fn is_due(&self, old: &Old, notes: &mut Vec<Note>) -> bool {
        let (Some(within), Some(certificate)) = (self.request.if_due, &old.certificate) else {
            return true;
        };
        let not_after = certificate.validity().not_after;
        if not_after - self.now > within {
            return false;
        }
        let can_be_longer = not_after < self.authority.validity().not_after;
        if !can_be_longer {
            notes.push(Note::AuthorityEnds { file: old.file(), not_after });
        }
        can_be_longer
    }

    pub(crate) fn plan(
        &self,
        old: &Old,
        changes: &Changes<'_>,
        notes: &mut Vec<Note>,
    ) -> Result<Plan, Error> {
        let kind = old.kind;
        let in_certificate = || Error::in_file(self.directory.path_of(&old.files.certificate));
        match &old.certificate {
            None => notes.push(Note::PageDefaults { kind }),
            Some(certificate) if !certificate.serves(kind) => {
                notes.push(Note::UsageMended { file: old.file(), kind });
            }
            Some(_) => {}
        }
        let subject = subject(old, changes).map_err(in_certificate())?;
        let names = names(old, changes, &subject, notes).map_err(in_certificate())?;
        let validity = self.validity(old, notes)?;
        let key_state = self.directory.state(&old.files.key)?;
        let certificate_state = self.directory.state(&old.files.certificate)?;
        Ok(Plan {
            kind,
            files: old.files.clone(),
            subject,
            names,
            validity,
            key: self.key(old, notes)?,
            key_mode: self.key_mode(old, key_state.map(|state| state.mode), notes),
            key_owner: key_state.map(|state| state.owner),
            certificate_owner: certificate_state.map(|state| state.owner),
            action: if old.certificate.is_some() { Action::Renewed } else { Action::Created },
        })
    }

    fn validity(&self, old: &Old, notes: &mut Vec<Note>) -> Result<Validity, crate::pki::Error> {
        let days = match (self.request.days, &old.certificate) {
            (Some(days), _) => days,
            (None, Some(certificate)) => certificate.validity().days(),
            (None, None) => Days::new(defaults::DAYS)?,
        };
        let wanted = Validity::starting(self.now, days)?;
        let validity = wanted.within(self.authority.validity());
        if validity.not_after < wanted.not_after {
            notes.push(Note::CutToAuthority { file: old.file(), not_after: validity.not_after });
        }
        Ok(validity)
    }

    fn key(&self, old: &Old, notes: &mut Vec<Note>) -> Result<KeyPlan, Error> {
        if let Some(key) = self.key_elsewhere(old)? {
            if self.request.key_type.is_some() {
                notes.push(Note::KeyElsewhere { file: old.file() });
            }
            return Ok(KeyPlan::Elsewhere(key));
        }
        if self.request.reuse_key {
            return self.same_key(old).map(|key| KeyPlan::Same(Box::new(key)));
        }
        let file = || old.file();
        Ok(KeyPlan::New(
            match (self.request.key_type, old.certificate.as_ref().map(Certificate::public_key)) {
                (Some(key_type), _) => key_type,
                (None, None) => KeyType::Rsa2048,
                (None, Some(Ok(key))) => key.key_type().unwrap_or_else(|| {
                    let new = key.nearest_key_type();
                    notes.push(Note::KeyTypeChanged { file: file(), old: key.to_string(), new });
                    new
                }),
                (None, Some(Err(_))) => {
                    let old = "of a kind that Milvus or its clients cannot use".into();
                    notes.push(Note::KeyTypeChanged { file: file(), old, new: KeyType::Rsa2048 });
                    KeyType::Rsa2048
                }
            },
        ))
    }

    /// The key of something that was issued to a request, or whose private half was handed over: there is no
    /// file of it.
    fn key_elsewhere(&self, old: &Old) -> Result<Option<PublicKey>, Error> {
        let is_issued = old.files.key.folder().is_some();
        match &old.certificate {
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
        let content =
            self.directory.read(&old.files.key)?.ok_or_else(|| Error::KeyMissing { path: path.clone() })?;
        let key = key_from_pem(&content, None).map_err(Error::in_file(&path))?;
        let public_key = key.public_key()?;
        match &old.certificate {
            Some(old) if old.public_key().ok().as_ref() != Some(&public_key) => {
                let subject = old.subject().clone();
                Err(Error::in_file(path)(crate::pki::Error::KeyMismatch { subject }))
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
            notes.push(Note::KeyModeTightened { file: old.files.key.to_string(), old: old_mode });
        }
        asked_for.or_else(|| mode.and_then(FileMode::for_key)).unwrap_or(FileMode::PRIVATE)
    }
}

fn subject(old: &Old, changes: &Changes<'_>) -> Result<Subject, crate::pki::Error> {
    let mut subject = match &old.certificate {
        Some(certificate) => certificate.subject().clone(),
        None => Subject::new(&defaults::subject()?)?,
    };
    for attribute in changes.attributes.iter().copied().chain(changes.common_name) {
        subject = subject.with(attribute)?;
    }
    Ok(subject)
}

fn names(
    old: &Old,
    changes: &Changes<'_>,
    subject: &Subject,
    notes: &mut Vec<Note>,
) -> Result<Vec<GeneralName>, crate::pki::Error> {
    let kept = old.certificate.as_ref().filter(|_| changes.common_name.is_none());
    let mut names = match kept {
        Some(certificate) => taken_over(old, certificate, notes)?,
        None => names_from_common_name(subject)?,
    };
    add_names(&mut names, changes.names);
    if kept.is_none() && old.kind == EndEntityKind::Server {
        add_loopback(&mut names);
    }
    Ok(names)
}

/// The names of the old certificate, put right.
fn taken_over(
    old: &Old,
    certificate: &Certificate,
    notes: &mut Vec<Note>,
) -> Result<Vec<GeneralName>, crate::pki::Error> {
    let mut names = Vec::new();
    for name in certificate.names() {
        let repaired = name.repaired();
        if let Some(name) = repaired.as_ref().filter(|address| !certificate.names().contains(address)) {
            notes.push(Note::AddressMended { file: old.file(), name: name.clone() });
        }
        add_names(&mut names, &[repaired.unwrap_or_else(|| name.clone())]);
    }
    for name in certificate.unusable_names() {
        notes.push(Note::NameDropped { file: old.file(), name: name.clone() });
    }
    if names.is_empty() {
        names = names_from_common_name(certificate.subject())?;
        notes.push(Note::NamesFromCommonName { file: old.file() });
    }
    Ok(names)
}
