//! From a plan to certificates, and from certificates to verified files.

use std::path::PathBuf;
use std::thread;

use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::report::{CertificateReport, texts, timestamp};
use super::{Action, Error, FileReport, Note};
use crate::pki::{
    self, Certificate, CertificateAuthority, EndEntity, EndEntityKind, GeneralName, KeyType, PrivateKey,
    SerialCounter, SerialNumber, Subject, Validity, certificates_from_pem, certificates_to_pem, key_from_pem,
    key_to_pem, verify_chain,
};
use crate::store::{Backup, Directory, FileMode, FileRole, Owner, StagedFile};

/// What is to be issued to a server or a client.
pub(super) struct Plan {
    pub(super) kind: EndEntityKind,
    pub(super) subject: Subject,
    pub(super) names: Vec<GeneralName>,
    pub(super) validity: Validity,
    pub(super) key: KeyPlan,
    /// Mode and owner of the key's file.
    pub(super) key_mode: FileMode,
    pub(super) key_owner: Option<Owner>,
    pub(super) certificate_owner: Option<Owner>,
    pub(super) action: Action,
}

/// Where its key comes from.
pub(super) enum KeyPlan {
    New(KeyType),
    /// The key that is there; its file stays as it is.
    Same(Box<PrivateKey>),
}

/// A file that is to be written.
pub(super) struct NewFile {
    pub(super) role: FileRole,
    pub(super) content: Zeroizing<Vec<u8>>,
    pub(super) mode: FileMode,
    pub(super) owner: Option<Owner>,
}

impl NewFile {
    pub(super) fn new(role: FileRole, content: impl AsRef<[u8]>) -> Self {
        Self { role, content: Zeroizing::new(content.as_ref().to_vec()), mode: role.mode(), owner: None }
    }
}

/// Makes keys of these types, each on a thread of its own: the search for primes is nearly all of
/// the work of a run.
pub(super) fn generate_keys(key_types: &[KeyType]) -> Result<Vec<PrivateKey>, pki::Error> {
    thread::scope(|scope| {
        let threads: Vec<_> =
            key_types.iter().map(|key_type| scope.spawn(|| PrivateKey::generate(*key_type))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

impl Plan {
    /// The type of key that is to be made, if one is.
    pub(super) fn new_key_type(&self) -> Option<KeyType> {
        match self.key {
            KeyPlan::New(key_type) => Some(key_type),
            KeyPlan::Same(_) => None,
        }
    }

    /// Issues the certificate, to `new_key` if the plan asks for one, and makes the files of both.
    pub(super) fn issue(
        &self,
        authority: &CertificateAuthority,
        serial: SerialNumber,
        new_key: Option<&PrivateKey>,
    ) -> Result<(Certificate, Vec<NewFile>), pki::Error> {
        let (key_role, certificate_role) = FileRole::pair_of(self.kind);
        let key = match (&self.key, new_key) {
            (KeyPlan::Same(key), _) => key.as_ref(),
            (KeyPlan::New(_), Some(key)) => key,
            (KeyPlan::New(_), None) => unreachable!("a key was made for every plan that asks for one"),
        };
        let end_entity = EndEntity {
            kind: self.kind,
            subject: self.subject.clone(),
            names: self.names.clone(),
            validity: self.validity,
            serial,
        };
        let certificate = authority.issue(&end_entity, &key.public_key()?)?;
        let chain = std::iter::once(&certificate).chain(authority.intermediates());
        let mut files = vec![NewFile {
            owner: self.certificate_owner,
            ..NewFile::new(certificate_role, certificates_to_pem(chain))
        }];
        if let Some(key) = new_key {
            let key_file = NewFile::new(key_role, key_to_pem(key)?.as_bytes());
            files.push(NewFile { mode: self.key_mode, owner: self.key_owner, ..key_file });
        }
        Ok((certificate, files))
    }

    /// What would be issued.
    pub(super) fn report(&self, authority: &Subject, path: String) -> CertificateReport {
        let key = match &self.key {
            KeyPlan::New(key_type) => key_type.to_string(),
            KeyPlan::Same(key) => key.public_key().map_or_else(|_| "unknown".into(), |key| key.to_string()),
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

/// Takes the next serial number that is not in use.
pub(super) fn next_serial(
    counter: &mut SerialCounter,
    in_use: &[SerialNumber],
    notes: &mut Vec<Note>,
) -> Result<SerialNumber, pki::Error> {
    loop {
        let serial = counter.advance()?;
        if !in_use.contains(&serial) {
            return Ok(serial);
        }
        notes.push(Note::SerialSkipped { serial });
    }
}

/// The subjectAltName that belongs to a CommonName.
pub(super) fn names_from_common_name(subject: &Subject) -> Result<Vec<GeneralName>, pki::Error> {
    let common_name = subject.common_name().ok_or(pki::Error::CommonNameEmpty)?;
    Ok(vec![common_name.parse()?])
}

/// Adds names that are not there yet.
pub(super) fn add_names(names: &mut Vec<GeneralName>, more: &[GeneralName]) {
    for name in more {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
}

/// A server called `localhost` is also reached by the addresses that this name stands for.
pub(super) fn add_loopback(names: &mut Vec<GeneralName>) {
    if names.iter().any(|name| matches!(name, GeneralName::Dns(name) if name.as_str() == "localhost")) {
        add_names(
            names,
            &[GeneralName::Ip([127, 0, 0, 1].into()), GeneralName::Ip(std::net::Ipv6Addr::LOCALHOST.into())],
        );
    }
}

/// Judges key and certificate of a kind as peers would that trust ca.pem.
pub(super) fn verify_files(
    directory: &Directory,
    kind: EndEntityKind,
    names: &[GeneralName],
    now: OffsetDateTime,
    read: &dyn Fn(FileRole) -> Result<Zeroizing<Vec<u8>>, Error>,
) -> Result<(), Error> {
    let (key_role, certificate_role) = FileRole::pair_of(kind);
    let in_file = |role| Error::in_file(directory.path_of(role));
    let anchors =
        certificates_from_pem(&read(FileRole::CaCertificate)?).map_err(in_file(FileRole::CaCertificate))?;
    let presented = certificates_from_pem(&read(certificate_role)?).map_err(in_file(certificate_role))?;
    let key = key_from_pem(&read(key_role)?, None).map_err(in_file(key_role))?;
    if presented[0].public_key().ok().as_ref() != Some(&key.public_key()?) {
        let subject = presented[0].subject().clone();
        return Err(in_file(key_role)(pki::Error::KeyMismatch { subject }));
    }
    verify_chain(kind, &presented, &anchors, names, now).map_err(in_file(certificate_role))
}

/// Stages the files, verifies from the disk what the directory will then hold, and commits.
pub(super) fn write(
    directory: &mut Directory,
    files: &[NewFile],
    plans: &[Plan],
    backup: Backup,
    now: OffsetDateTime,
    notes: &mut Vec<Note>,
) -> Result<Option<PathBuf>, Error> {
    let roles: Vec<_> = files.iter().map(|file| file.role).collect();
    let mut transaction = directory.begin(&roles, backup)?;
    for NewFile { role, content, mode, owner } in files {
        let file = StagedFile { role: *role, content, mode: *mode, owner: *owner };
        if !transaction.stage(&file)? {
            notes.push(Note::OwnerNotKept { role: *role });
        }
    }
    let read = |role| transaction.read(role).map_err(Error::from);
    for plan in plans {
        verify_files(transaction.directory(), plan.kind, &plan.names, now, &read).map_err(unverifiable)?;
    }
    Ok(transaction.commit()?)
}

/// The file that does not verify is not there yet, so its path would help nobody.
fn unverifiable(error: Error) -> Error {
    match error {
        Error::File { source, .. } => Error::Unverifiable { source },
        other => other,
    }
}

/// The written files, in the order of the documentation page.
pub(super) fn file_reports(directory: &str, files: &[NewFile]) -> Vec<FileReport> {
    let file = |role| files.iter().find(|file| file.role == role);
    FileRole::AS_LISTED
        .into_iter()
        .filter_map(file)
        .map(|file| FileReport::of(file.role, path_in(directory, file.role), file.mode))
        .collect()
}

/// The path of a file as reports name it.
pub(super) fn path_in(directory: &str, role: FileRole) -> String {
    crate::store::path_of(directory.as_ref(), role).display().to_string()
}
