//! What the certificate of a server or client is to say, whose key it is for, and where its files go.

use serde::Serialize;

use crate::base::error::Error;
use crate::base::note::Note;
use crate::engine::notes;
use crate::store::{Directory, EndEntityFiles, FileMode, FileState, Owner};
use crate::x509::{
    self, Attribute, Certificate, Days, EndEntityKind, GeneralName, KeyType, PublicKey, Subject, Validity,
    add_names,
};

/// What became of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// It is new.
    Created,
    /// It takes the place of another.
    Renewed,
    /// It is as it was.
    Kept,
}

/// What a certificate of a server or client says.
#[derive(Clone, Debug)]
pub(crate) struct Leaf {
    pub kind: EndEntityKind,
    pub subject: Subject,
    /// subjectAltName.
    pub names: Vec<GeneralName>,
    pub validity: Validity,
}

/// A certificate that is to be made.
pub(crate) struct LeafSpec {
    pub(crate) leaf: Leaf,
    pub(crate) key: KeySource,
    pub(crate) place: LeafPlace,
    pub(crate) action: Action,
    /// What a person should know of it, once it is made.
    pub(crate) notes: Vec<Note>,
}

/// Whose key it is for.
pub(crate) enum KeySource {
    /// One that is made.
    New(KeyType),
    /// The key that is there; its file stays as it is.
    Same(PublicKey),
    /// A key whose private half is somewhere else.
    Elsewhere(PublicKey),
}

/// Where key and certificate go, with mode and owner of the files that they replace.
pub(crate) struct LeafPlace {
    pub(crate) files: EndEntityFiles,
    pub(crate) key_mode: FileMode,
    pub(crate) key_owner: Option<Owner>,
    /// The certificate's file that is replaced.
    pub(crate) certificate: Option<FileState>,
}

/// What a command line or a list asks of a certificate. Whatever it does not ask for stays, or is as the
/// documentation page has it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    /// Attributes of the subject other than the CommonName.
    pub(crate) attributes: Vec<Attribute>,
    /// The CommonName, which also replaces the names.
    pub(crate) common_name: Option<Attribute>,
    /// Names that it is to have.
    pub(crate) names: Vec<GeneralName>,
    /// Whether it is to have no others.
    pub(crate) names_alone: bool,
    pub(crate) days: Option<Days>,
    /// The type of its key, where that is made here.
    pub(crate) key_type: Option<KeyType>,
}

impl KeySource {
    /// The type of key that is to be made, if one is.
    pub(crate) fn new_key_type(&self) -> Option<KeyType> {
        match self {
            Self::New(key_type) => Some(*key_type),
            Self::Same(_) | Self::Elsewhere(_) => None,
        }
    }

    pub(crate) fn in_words(&self) -> String {
        match self {
            Self::New(key_type) => key_type.to_string(),
            Self::Same(key) | Self::Elsewhere(key) => key.to_string(),
        }
    }
}

impl LeafPlace {
    /// In a directory, if there is one yet. The key's file gets the mode that was asked for, or the old one as
    /// long as it keeps others out: a container's group that could read the key still can.
    pub(crate) fn of(
        directory: Option<&Directory>,
        files: EndEntityFiles,
        asked: Option<FileMode>,
        notes: &mut Vec<Note>,
    ) -> Result<Self, Error> {
        let state = |path| directory.map(|directory| directory.state(path)).transpose().map(Option::flatten);
        let (key, certificate) = (state(&files.key)?, state(&files.certificate)?);
        let old_mode = key.as_ref().map(|key| key.mode);
        let kept = old_mode.and_then(FileMode::for_key);
        let tightened = old_mode.filter(|_| asked.is_none() && kept.is_none());
        notes.extend(tightened.map(|old| notes::key_mode_tightened(&files.key.to_string(), old)));
        let key_mode = asked.or(kept).unwrap_or(FileMode::PRIVATE);
        Ok(Self { key_mode, key_owner: key.map(|key| key.owner), certificate, files })
    }
}

impl Asked {
    /// Whether it says itself whose certificate it is.
    pub(crate) fn spells_out(&self) -> bool {
        self.common_name.is_some() || !self.names.is_empty()
    }

    /// A subject with the attributes that are asked for.
    pub(crate) fn subject(&self, mut subject: Subject) -> Result<Subject, x509::Error> {
        for attribute in self.attributes.iter().chain(&self.common_name) {
            subject = subject.with(attribute)?;
        }
        Ok(subject)
    }

    /// Whether a certificate is so. `ca` is how long its CA lives.
    pub(crate) fn is_met(&self, certificate: &Certificate, ca: Validity) -> Result<bool, Error> {
        let has = |name| certificate.names().contains(name);
        let has_names = self.names.iter().all(has)
            && (!self.names_alone || certificate.names().len() == self.names.len());
        let validity = certificate.validity();
        let has_days = self.days.is_none_or(|days| {
            // Where the CA ends earlier, so does the certificate.
            let is_cut = validity.not_after == ca.not_after && validity.days() < days;
            validity.days() == days || is_cut
        });
        let key_type = || certificate.public_key().ok().and_then(|key| key.algorithm().key_type());
        let has_key = self.key_type.is_none_or(|wanted| key_type() == Some(wanted));
        let subject = self.subject(certificate.subject().clone())?;
        let has_subject = subject.to_string() == certificate.subject().to_string();
        Ok(has_names && has_subject && has_days && has_key)
    }
}

/// The validity of the certificate in a file from now on, cut to that of the CA.
pub(crate) fn validity(
    days: Days,
    ca: Validity,
    now: time::OffsetDateTime,
    files: &EndEntityFiles,
    notes: &mut Vec<Note>,
) -> Result<Validity, x509::Error> {
    let wanted = Validity::starting(now, days)?;
    let validity = wanted.within(ca);
    if validity.not_after < wanted.not_after {
        notes.push(notes::cut_to_ca(&files.certificate.to_string(), validity.not_after));
    }
    Ok(validity)
}

/// The subjectAltName that belongs to a CommonName. That of a client can be a person or an e-mail address,
/// which is no name that anybody asks for.
pub(crate) fn names_from_common_name(
    kind: EndEntityKind,
    subject: &Subject,
) -> Result<Vec<GeneralName>, x509::Error> {
    let common_name = subject.common_name().ok_or_else(x509::Error::common_name_empty);
    let name = common_name.and_then(|common_name| common_name.parse());
    match (kind, name) {
        (EndEntityKind::Client, Err(_)) => Ok(Vec::new()),
        (_, name) => Ok(vec![name?]),
    }
}

/// A server called `localhost` is also reached by the addresses that this name stands for.
pub(crate) fn add_loopback(names: &mut Vec<GeneralName>) {
    if names.iter().any(|name| matches!(name, GeneralName::Dns(name) if name.as_str() == "localhost")) {
        add_names(
            names,
            &[GeneralName::Ip([127, 0, 0, 1].into()), GeneralName::Ip(std::net::Ipv6Addr::LOCALHOST.into())],
        );
    }
}
