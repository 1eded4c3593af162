use std::path::PathBuf;

use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::base::error::Error;
use crate::base::error::ErrorKind;
use crate::base::note::Note;
use crate::engine::FileReport;
use crate::engine::errors;
use crate::engine::issuance::{KeyPlan, Plan};
use crate::engine::notes;
use crate::store::{
    Backup, Committed, Directory, EndEntityFiles, FileMode, FileRole, FileState, Owner, RelativePath,
    StagedFile, Transaction,
};
use crate::x509::{
    self, EndEntityKind, GeneralName, PublicKey, certificates_from_pem, key_from_pem, verify_chain,
};

/// A file that is to be written.
pub(crate) struct NewFile {
    /// What it is.
    pub(crate) role: FileRole,
    /// Where.
    pub(crate) path: RelativePath,
    pub(crate) content: Zeroizing<Vec<u8>>,
    pub(crate) mode: FileMode,
    pub(crate) owner: Option<Owner>,
}

impl NewFile {
    /// One of the seven files.
    pub(crate) fn new(role: FileRole, content: impl AsRef<[u8]>) -> Self {
        let content = Zeroizing::new(content.as_ref().to_vec());
        Self { role, path: role.into(), content, mode: role.mode(), owner: None }
    }

    /// What is one of them somewhere else.
    pub(crate) fn at(path: RelativePath, role: FileRole, content: impl AsRef<[u8]>) -> Self {
        Self { path, ..Self::new(role, content) }
    }

    /// To have the owner of the file that is in its place, and unless it is a key the mode.
    pub(crate) fn owned_as_in(self, directory: &Directory) -> Result<Self, Error> {
        let state = directory.state(&self.path)?;
        Ok(self.like(state))
    }

    /// The same, with what is known of that file.
    pub(crate) fn like(self, replaced: Option<FileState>) -> Self {
        let Some(FileState { mode, owner }) = replaced else { return self };
        let mode = if self.role.is_key() { self.mode } else { mode };
        Self { mode, owner: Some(owner), ..self }
    }

    fn to_stage(&self) -> StagedFile<'_> {
        StagedFile { path: self.path.clone(), content: &self.content, mode: self.mode, owner: self.owner }
    }
}

/// Reads a file of a directory.
type Read<'a> = &'a dyn Fn(&RelativePath) -> Result<Zeroizing<Vec<u8>>, Error>;

/// Judges key and certificate of a server or client as peers would that trust its ca.pem.
pub(crate) fn verify_files(
    directory: &Directory,
    files: &EndEntityFiles,
    kind: EndEntityKind,
    names: &[GeneralName],
    now: OffsetDateTime,
    read: Read<'_>,
) -> Result<(), Error> {
    let key =
        key_from_pem(&read(&files.key)?, None).map_err(Error::in_file(directory.path_of(&files.key)))?;
    verify_certificate(directory, files, kind, &key.public_key()?, names, now, read)
}

/// The same where the private key is somewhere else.
fn verify_certificate(
    directory: &Directory,
    files: &EndEntityFiles,
    kind: EndEntityKind,
    key: &PublicKey,
    names: &[GeneralName],
    now: OffsetDateTime,
    read: Read<'_>,
) -> Result<(), Error> {
    let in_file = |path: &RelativePath| Error::in_file(directory.path_of(path));
    let anchors = certificates_from_pem(&read(&files.authority)?).map_err(in_file(&files.authority))?;
    let presented = certificates_from_pem(&read(&files.certificate)?).map_err(in_file(&files.certificate))?;
    if presented[0].public_key().ok().as_ref() != Some(key) {
        return Err(in_file(&files.key)(x509::Error::key_mismatch(presented[0].subject())));
    }
    verify_chain(kind, &presented, &anchors, names, now).map_err(in_file(&files.certificate))
}

/// Stages the files, verifies from the disk what the directory will then hold, lets it be recorded, and
/// commits.
pub(crate) fn write(
    directory: &mut Directory,
    files: &[NewFile],
    plans: &[&Plan],
    backup: Backup,
    now: OffsetDateTime,
    record: &dyn Fn(&Directory) -> Result<(), Error>,
    notes: &mut Vec<Note>,
) -> Result<Option<PathBuf>, Error> {
    let paths: Vec<_> = files.iter().map(|file| file.path.clone()).collect();
    let mut transaction = directory.begin(&paths, backup)?;
    match prepare(&mut transaction, files, plans, now, record, notes) {
        Ok(()) => {
            let Committed { backup, left } = transaction.commit()?;
            notes.extend(left);
            Ok(backup)
        }
        Err(error) => Err(match transaction.abandon() {
            Ok(()) => error,
            Err((path, reason)) => errors::left_behind(error, &path, &reason),
        }),
    }
}

fn prepare(
    transaction: &mut Transaction<'_>,
    files: &[NewFile],
    plans: &[&Plan],
    now: OffsetDateTime,
    record: &dyn Fn(&Directory) -> Result<(), Error>,
    notes: &mut Vec<Note>,
) -> Result<(), Error> {
    let staged: Vec<_> = files.iter().map(NewFile::to_stage).collect();
    let foreign = transaction.stage(&staged)?;
    notes.extend(foreign.into_iter().map(|file| notes::owner_not_kept(&file.to_string())));
    let transaction = &*transaction;
    let read = |path: &RelativePath| transaction.read(path).map_err(Error::from);
    for Plan { kind, files, names, key, .. } in plans {
        let directory = transaction.directory();
        let verified = match key {
            KeyPlan::Elsewhere(key) => verify_certificate(directory, files, *kind, key, names, now, &read),
            _ => verify_files(directory, files, *kind, names, now, &read),
        };
        verified.map_err(unverifiable)?;
    }
    record(transaction.directory())
}

/// The file that does not verify is not there yet, so its path would help nobody.
fn unverifiable(error: Error) -> Error {
    match error.cause::<x509::Error>().map(ToString::to_string) {
        Some(reason) => Error::new(format!(
            "the new certificates would be refused, so nothing was changed: {reason}"
        ))
        .of_kind(ErrorKind::Unverifiable)
        .with_hint(
            "ask for names that the CA permits, or use another CA: `milvus-certs gen -d NEW` makes one"
                .to_owned(),
        ),
        None => error,
    }
}

/// The written files, in the order of the documentation page.
pub(crate) fn file_reports(directory: &str, files: &[NewFile]) -> Vec<FileReport> {
    let file = |role| files.iter().find(|file| file.role == role);
    FileRole::AS_LISTED
        .into_iter()
        .filter_map(file)
        .map(|file| FileReport::of(file.role, path_in(directory, &file.path), file.mode))
        .collect()
}

/// The path of a file as reports name it.
pub(crate) fn path_in(directory: &str, file: impl Into<RelativePath>) -> String {
    crate::store::path_of(directory.as_ref(), file).display().to_string()
}
