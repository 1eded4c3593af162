use rayon::prelude::*;

use crate::base::error::Error;
use crate::base::workers::share;
use crate::engine::Action;
use crate::engine::ca::EndEntity;
use crate::engine::issuance::NewFile;
use crate::engine::report::CertificateReport;
use crate::store::{EndEntityFiles, FileMode, FileRole, FileState, Owner};
use crate::x509::CertificateAuthority;
use crate::x509::add_names;
use crate::x509::{
    self, Certificate, EndEntityKind, GeneralName, KeyAlgorithm, KeyType, PrivateKey, PublicKey,
    SerialNumber, Subject, Validity, certificates_to_pem, key_to_pem,
};
use crate::x509::{texts, timestamp};

/// What is to be issued to a server or a client.
pub(crate) struct Plan {
    pub(crate) kind: EndEntityKind,
    pub(crate) files: EndEntityFiles,
    pub(crate) subject: Subject,
    pub(crate) names: Vec<GeneralName>,
    pub(crate) validity: Validity,
    pub(crate) key: KeyPlan,
    /// Mode and owner of the key's file.
    pub(crate) key_mode: FileMode,
    pub(crate) key_owner: Option<Owner>,
    /// The file that the certificate replaces, whose mode and owner it keeps.
    pub(crate) certificate: Option<FileState>,
    pub(crate) action: Action,
}

/// Where its key comes from.
pub(crate) enum KeyPlan {
    New(KeyType),
    /// The key that is there; its file stays as it is.
    Same(Box<PrivateKey>),
    /// A key whose private half is somewhere else.
    Elsewhere(PublicKey),
}

impl Plan {
    /// The type of key that is to be made, if one is.
    pub(crate) fn new_key_type(&self) -> Option<KeyType> {
        match self.key {
            KeyPlan::New(key_type) => Some(key_type),
            KeyPlan::Same(_) | KeyPlan::Elsewhere(_) => None,
        }
    }

    /// Issues the certificate, to `new_key` if the plan asks for one, and makes the files of both.
    fn issue(
        &self,
        authority: &CertificateAuthority,
        serial: SerialNumber,
        new_key: Option<&PrivateKey>,
    ) -> Result<(Certificate, Vec<NewFile>), Error> {
        let public_key = match (&self.key, new_key) {
            (KeyPlan::Same(key), _) => key.public_key()?,
            (KeyPlan::Elsewhere(key), _) => key.clone(),
            (KeyPlan::New(_), Some(key)) => key.public_key()?,
            (KeyPlan::New(_), None) => unreachable!("a key was made for every plan that asks for one"),
        };
        let end_entity = EndEntity {
            kind: self.kind,
            subject: self.subject.clone(),
            names: self.names.clone(),
            validity: self.validity,
            serial,
        };
        let certificate = authority.issue(&end_entity, &public_key);
        let certificate = certificate.map_err(Error::in_file(self.files.certificate.to_string()))?;
        let chain = std::iter::once(&certificate).chain(authority.intermediates());
        let (key_role, certificate_role) = FileRole::pair_of(self.kind);
        let mut files = vec![NewFile {
            path: self.files.certificate.clone(),
            ..NewFile::new(certificate_role, certificates_to_pem(chain)).like(self.certificate)
        }];
        if let Some(key) = new_key {
            files.push(NewFile {
                path: self.files.key.clone(),
                mode: self.key_mode,
                owner: self.key_owner,
                ..NewFile::new(key_role, key_to_pem(key)?.as_bytes())
            });
        }
        Ok((certificate, files))
    }

    /// What would be issued.
    pub(crate) fn report(&self, authority: &Subject, path: String) -> CertificateReport {
        let in_words = |key: &PublicKey| key.to_string();
        let key = match &self.key {
            KeyPlan::New(key_type) => key_type.to_string(),
            KeyPlan::Same(key) => key.public_key().map_or_else(|_| "unknown".into(), |key| in_words(&key)),
            KeyPlan::Elsewhere(key) => in_words(key),
        };
        CertificateReport {
            role: self.kind.name(),
            path,
            action: self.action,
            common_name: self.subject.common_name().unwrap_or_default(),
            subject: self.subject.to_string(),
            issuer: authority.to_string(),
            serial: None,
            not_before: timestamp(self.validity.not_before),
            not_after: timestamp(self.validity.not_after),
            names: texts(&self.names),
            key,
            sha256_fingerprint: None,
        }
    }
}

/// Issues what was planned, on all cores, to new keys where the plans ask for one.
pub(crate) fn issue_all(
    plans: &[Plan],
    authority: &CertificateAuthority,
    serials: Vec<SerialNumber>,
    new_keys: Vec<PrivateKey>,
) -> Result<Vec<(Certificate, Vec<NewFile>)>, Error> {
    const WORTH_SHARING: usize = 8;
    let mut new_keys = new_keys.into_iter();
    let new_keys = plans.iter().map(|plan| plan.new_key_type().and_then(|_| new_keys.next()));
    let each = plans.iter().zip(serials).zip(new_keys);
    let issue = |((plan, serial), new_key): ((&Plan, SerialNumber), Option<PrivateKey>)| {
        plan.issue(authority, serial, new_key.as_ref())
    };
    // A few signatures of another kind are made before the threads have started.
    let signs_slowly = matches!(authority.certificate().key_algorithm(), KeyAlgorithm::Rsa(_));
    match signs_slowly || plans.len() >= WORTH_SHARING {
        true => share(|| each.collect::<Vec<_>>().into_par_iter().map(issue).collect()),
        false => each.map(issue).collect(),
    }
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
