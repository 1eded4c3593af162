//! The spec of a certificate that takes the place of another.

use crate::base::error::Error;
use crate::base::note::Note;
use crate::engine::leaf::{
    Action, Asked, KeySource, Leaf, LeafPlace, LeafSpec, add_loopback, names_from_common_name, validity,
};
use crate::engine::notes;
use crate::engine::present::Present;
use crate::engine::renew::{Model, Selection};
use crate::milvus::defaults;
use crate::store::Directory;
use crate::x509::{
    self, Attribute, AttributeType, Certificate, EndEntityKind, GeneralName, KeyType, PublicKey, Subject,
    add_names, key_from_pem,
};

impl Selection<'_> {
    /// Makes a spec from what there is; the files are in `directory`.
    pub(crate) fn spec(
        &self,
        directory: &Directory,
        old: &Present,
        model: Model<'_>,
        asked: &Asked,
    ) -> Result<LeafSpec, Error> {
        let kind = old.kind;
        let in_certificate = || Error::in_file(&old.path);
        let mut notes = match model {
            Model::Nothing if !asked.spells_out() => vec![notes::page_defaults(kind)],
            Model::Nothing => Vec::new(),
            Model::Line(_) => vec![notes::from_inventory(&old.file())],
            Model::Certificate(certificate) => left_out(old, certificate),
        };
        let subject = subject(model, asked).map_err(in_certificate())?;
        let names = names(old, model, asked, &subject, &mut notes).map_err(in_certificate())?;
        let days = match (asked.days, model.certificate()) {
            (Some(days), _) => days,
            (None, Some(certificate)) => certificate.validity().days(),
            (None, None) => defaults::DAYS,
        };
        let validity = validity(days, self.signers.validity(), self.now, &old.files, &mut notes)?;
        let key = self.key(directory, old, model, asked, &mut notes)?;
        let place = LeafPlace::of(Some(directory), old.files.clone(), self.request.key_mode, &mut notes)?;
        let action = if matches!(model, Model::Nothing) { Action::Created } else { Action::Renewed };
        Ok(LeafSpec { leaf: Leaf { kind, subject, names, validity }, key, place, action, notes })
    }

    fn key(
        &self,
        directory: &Directory,
        old: &Present,
        model: Model<'_>,
        asked: &Asked,
        notes: &mut Vec<Note>,
    ) -> Result<KeySource, Error> {
        if let Some(key) = key_elsewhere(directory, old)? {
            if asked.key_type.is_some() {
                notes.push(notes::key_elsewhere(&old.file()));
            }
            return Ok(KeySource::Elsewhere(key));
        }
        if self.request.reuse_key {
            return same_key(directory, old).map(KeySource::Same);
        }
        let mut changed = |old_key: &str, new| {
            notes.push(notes::key_type_changed(&old.file(), old_key, new));
            new
        };
        Ok(KeySource::New(match (asked.key_type, model.certificate().map(Certificate::public_key)) {
            (Some(key_type), _) => key_type,
            (None, None) => KeyType::Rsa2048,
            (None, Some(Ok(key))) => match key.algorithm().key_type() {
                Some(key_type) => key_type,
                None => changed(&key.to_string(), key.algorithm().nearest_key_type()),
            },
            (None, Some(Err(_))) => {
                changed("of a kind that Milvus or its clients cannot use", KeyType::Rsa2048)
            }
        }))
    }
}

/// The key of something that was issued to a request, or whose private half was handed over: there is no
/// file of it.
fn key_elsewhere(directory: &Directory, old: &Present) -> Result<Option<PublicKey>, Error> {
    let is_issued = old.files.key.folder().is_some();
    match old.certificate() {
        Some(certificate) if is_issued && directory.state(&old.files.key)?.is_none() => {
            certificate.public_key().map(Some).map_err(Error::in_file(&old.path))
        }
        _ => Ok(None),
    }
}

/// The key that is there, if it is the certificate's.
fn same_key(directory: &Directory, old: &Present) -> Result<PublicKey, Error> {
    let path = directory.path_of(&old.files.key);
    let content = directory.read(&old.files.key)?.ok_or_else(|| {
        Error::new(format!("{}: no such file, so there is no key to use again", path.display()))
            .with_hint("leave --reuse-key out to make a new key".to_owned())
    })?;
    let key = key_from_pem(&content, None).map_err(Error::in_file(&path))?.public_key()?;
    match old.certificate() {
        Some(old) if old.public_key().ok().as_ref() != Some(&key) => {
            Err(Error::in_file(path)(x509::Error::key_mismatch(old.subject())))
        }
        _ => {
            key.check_for(old.kind).map_err(Error::in_file(path))?;
            Ok(key)
        }
    }
}

fn subject(model: Model<'_>, asked: &Asked) -> Result<Subject, x509::Error> {
    let old = match model {
        Model::Certificate(certificate) => certificate.subject().clone(),
        Model::Line(line) => Subject::from_shown(&line.subject)?,
        Model::Nothing => Subject::new(&defaults::SUBJECT)?,
    };
    let subject = asked.subject(old)?;
    // Where names are all that is known, the first is also the CommonName.
    match (model, &asked.common_name, asked.names.first()) {
        (Model::Nothing, None, Some(name)) => {
            subject.with(&Attribute::new(AttributeType::CommonName, &name.to_string())?)
        }
        _ => Ok(subject),
    }
}

fn names(
    old: &Present,
    model: Model<'_>,
    asked: &Asked,
    subject: &Subject,
    notes: &mut Vec<Note>,
) -> Result<Vec<GeneralName>, x509::Error> {
    let kept = if asked.common_name.is_some() { Model::Nothing } else { model };
    let mut names = match kept {
        Model::Certificate(certificate) => taken_over(old, certificate, notes)?,
        Model::Line(line) => line.names.iter().filter_map(|name| name.parse().ok()).collect(),
        Model::Nothing => names_from_common_name(old.kind, subject)?,
    };
    add_names(&mut names, &asked.names);
    if matches!(kept, Model::Nothing) && old.kind == EndEntityKind::Server {
        add_loopback(&mut names);
    }
    Ok(names)
}

/// What the new certificate does not have of the old one, or has in its place.
fn left_out(old: &Present, certificate: &Certificate) -> Vec<Note> {
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
    lost.extend(certificate.extensions.others.iter().cloned());
    if !lost.is_empty() {
        notes.push(notes::left_out(&old.file(), &lost));
    }
    notes
}

/// The names of the old certificate, corrected.
fn taken_over(
    old: &Present,
    certificate: &Certificate,
    notes: &mut Vec<Note>,
) -> Result<Vec<GeneralName>, x509::Error> {
    let mut names = Vec::new();
    for name in certificate.names() {
        let repaired = name.repaired();
        if let Some(name) = repaired.as_ref().filter(|address| !certificate.names().contains(address)) {
            notes.push(notes::address_corrected(&old.file(), name));
        }
        add_names(&mut names, &[repaired.unwrap_or_else(|| name.clone())]);
    }
    for name in &certificate.extensions.unusable_names {
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
