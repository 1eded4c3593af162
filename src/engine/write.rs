//! From new files to files on disk: staged, verified as peers would, recorded, committed.

use std::path::Path;

use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::base::error::{Error, ErrorKind};
use crate::engine::leaf::{KeySource, LeafSpec};
use crate::engine::report::{FileReport, Report};
use crate::store::{
    Committed, Directory, EndEntityFiles, Existing, FileMode, FileRole, FileState, Owner, RelativePath,
    StagedFile, path_of,
};
use crate::x509::{
    self, EndEntityKind, GeneralName, PublicKey, certificates_from_pem, key_from_pem, verify_chain,
};

pub(crate) struct NewFile {
    pub(crate) role: FileRole,
    pub(crate) path: RelativePath,
    pub(crate) content: Zeroizing<Vec<u8>>,
    pub(crate) mode: FileMode,
    pub(crate) owner: Option<Owner>,
}

impl NewFile {
    /// One of the seven files.
    pub(crate) fn new(role: FileRole, content: impl AsRef<[u8]>) -> Self {
        Self::at(role.into(), role, content)
    }

    /// What is one of them somewhere else.
    pub(crate) fn at(path: RelativePath, role: FileRole, content: impl AsRef<[u8]>) -> Self {
        let content = Zeroizing::new(content.as_ref().to_vec());
        Self { role, path, content, mode: role.mode(), owner: None }
    }

    /// To have the owner of the file that is in its place, and unless it is a key the mode.
    pub(crate) fn owned_as_in(self, directory: &Directory) -> Result<Self, Error> {
        let state = directory.state(&self.path)?;
        Ok(self.like(state))
    }

    /// The same, with what is known of that file.
    pub(crate) fn like(self, replaced: Option<FileState>) -> Self {
        let Some(FileState { mode, owner, .. }) = replaced else { return self };
        let mode = if self.role.is_key() { self.mode } else { mode };
        Self { mode, owner: Some(owner), ..self }
    }

    fn to_stage(&self) -> StagedFile<'_> {
        StagedFile {
            path: self.path.clone(),
            content: &self.content,
            mode: self.mode,
            owner: self.owner,
            reader: None,
        }
    }
}

/// Files that are put into a directory together.
pub(crate) struct Change<'a> {
    pub(crate) files: &'a [NewFile],
    /// The certificates among them, which are verified before anything is committed.
    pub(crate) leaves: &'a [LeafSpec],
    pub(crate) existing: Existing,
}

impl<'a> Change<'a> {
    /// Files without a leaf certificate, whose old ones are not kept.
    pub(crate) fn of(files: &'a [NewFile]) -> Self {
        Self { files, leaves: &[], existing: Existing::Replace }
    }
}

impl Report {
    /// Files that were written into a folder.
    pub(crate) fn add_written(&mut self, mut committed: Committed, files: &[NewFile], folder: &Path) {
        self.changed = true;
        self.backup = self.backup.take().or(committed.backup.take());
        self.add_notes_of(committed);
        self.files.extend(files.iter().map(|file| FileReport {
            path: path_of(folder, &file.path),
            mode: file.mode,
            purpose: file.role.purpose(),
            for_whom: file.role.audience().name(),
            role: file.role,
            is_own: file.path.folder().is_none(),
        }));
    }

    /// What a person should know of files that were written.
    pub(crate) fn add_notes_of(&mut self, committed: Committed) {
        self.notes.extend(committed.owners_not_kept());
        self.notes.extend(committed.left);
    }
}

/// Stages the files, verifies from the disk what the directory will then hold, lets it be recorded, and
/// commits.
pub(crate) fn write(
    directory: &mut Directory,
    change: &Change<'_>,
    now: OffsetDateTime,
    record: &dyn Fn(&Directory) -> Result<(), Error>,
) -> Result<Committed, Error> {
    let files: Vec<_> = change.files.iter().map(NewFile::to_stage).collect();
    directory.write(&files, change.existing, |staged| {
        let directory = staged.directory();
        let read = |path: &RelativePath| staged.read(path);
        for LeafSpec { leaf, key, place, .. } in change.leaves {
            let elsewhere = match key {
                KeySource::Elsewhere(key) => Some(key),
                KeySource::New(_) | KeySource::Same(_) => None,
            };
            verify_pair(directory, leaf.kind, &place.files, elsewhere, &leaf.names, now, read)
                .map_err(unverifiable)?;
        }
        record(directory)
    })
}

/// Judges key and certificate of a server or client as peers would that trust the ca.pem beside them; `elsewhere`
/// is the key where its private half is somewhere else.
pub(crate) fn verify_pair(
    directory: &Directory,
    kind: EndEntityKind,
    files: &EndEntityFiles,
    elsewhere: Option<&PublicKey>,
    names: &[GeneralName],
    now: OffsetDateTime,
    read: impl Fn(&RelativePath) -> Result<Zeroizing<Vec<u8>>, Error>,
) -> Result<(), Error> {
    let in_file = |path: &RelativePath| Error::in_file(directory.path_of(path));
    let key = match elsewhere {
        Some(key) => key.clone(),
        None => key_from_pem(&read(&files.key)?, None).map_err(in_file(&files.key))?.public_key()?,
    };
    let certificates = |path| certificates_from_pem(&read(path)?).map_err(in_file(path));
    let anchors = certificates(&files.ca)?;
    let presented = certificates(&files.certificate)?;
    if presented[0].public_key().ok() != Some(key) {
        return Err(in_file(&files.key)(x509::Error::key_mismatch(presented[0].subject())));
    }
    verify_chain(kind, &presented, &anchors, names, now).map_err(in_file(&files.certificate))
}

/// The file that does not verify is not there yet, so its path would help nobody.
fn unverifiable(error: Error) -> Error {
    let Some(reason) = error.cause::<x509::Error>() else { return error };
    Error::new(format!("the new certificates would be refused, so nothing was changed: {reason}"))
        .of_kind(ErrorKind::Unverifiable)
        .with_hint(
            "ask for names that the CA permits, or use another CA: `milvus-certs gen -d NEW` makes one"
                .to_owned(),
        )
}
