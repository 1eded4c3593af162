use std::path::PathBuf;

use crate::base::error::{Error, ErrorKind};
use crate::base::text::command;
use crate::engine::inventory::Inventory;
use crate::engine::rotate::state::{Rotation, RotationState, next};
use crate::engine::run::Run;
use crate::engine::write::{Change, NewFile, write};
use crate::store::{Existing, FileRole, NEXT_FOLDER, Protection};
use crate::x509::{Days, KeyType, Passphrase};

/// What `rotate-ca` is to do.
#[derive(Debug)]
pub struct RotationRequest {
    /// The certificate directory.
    pub directory: PathBuf,
    /// Which step.
    pub step: RotationStep,
    /// Opens ca.key if it is encrypted; then the new one is, too.
    pub passphrase: Option<Passphrase>,
    /// Only say what would be done.
    pub dry_run: bool,
    /// Whether the directory has to keep modes.
    pub protection: Protection,
}

/// A step of the replacement.
#[derive(Clone, Debug)]
pub enum RotationStep {
    /// Makes the new CA, and lets ca.pem trust both.
    Begin {
        /// The type of its key; that of the old one where it is not said.
        key_type: Option<KeyType>,
        /// How long it lives.
        days: Days,
    },
    /// Signs ca.pem anew with the same key and name, which is all that is to be done.
    SameKey {
        /// How long it lives.
        days: Days,
    },
    /// Lets the new CA issue, and issues everything again.
    Issue,
    /// Lets ca.pem trust the new CA alone.
    Finish,
}

/// A step in the making; each file of this folder is one.
pub(crate) struct Step<'a> {
    pub(crate) request: &'a RotationRequest,
    pub(crate) run: &'a mut Run,
    pub(crate) inventory: &'a Inventory,
    pub(crate) rotation: Rotation,
}

impl Step<'_> {
    /// Writes files of the CA.
    pub(crate) fn write(&mut self, files: &[NewFile], existing: Existing) -> Result<(), Error> {
        let Run { directory, report, now, .. } = &mut *self.run;
        let written = write(directory, &Change { existing, ..Change::of(files) }, *now, &|_| Ok(()))?;
        let folder = report.directory.clone();
        report.add_written(written, files, &folder);
        Ok(())
    }

    /// Removes the files in `next/` once their CA issues.
    pub(crate) fn clear_next(&self) -> Result<(), Error> {
        let directory = &self.run.directory;
        if self.request.dry_run
            || directory.read(next(FileRole::CaKey))? != directory.read(FileRole::CaKey)?
        {
            return Ok(());
        }
        // The key last: as long as it is there, so is what this is about.
        let files = [FileRole::CaCertificate, FileRole::CaKey].map(FileRole::file_name);
        directory.remove_files(NEXT_FOLDER, &files)
    }

    /// That this step is not the next one.
    pub(crate) fn out_of_turn(&self) -> Error {
        self.not_in(self.rotation.state)
    }

    pub(crate) fn not_in(&self, state: RotationState) -> Error {
        let what = match (state, self.rotation.left) {
            (RotationState::None, _) => "no new CA was begun".into(),
            (RotationState::Begun, _) => "a new CA was begun, and has issued nothing yet".into(),
            (RotationState::Issuing, 0) => "a run of the new CA was interrupted".into(),
            (RotationState::Issuing, 1) => "the new CA has still to issue 1 certificate again".into(),
            (RotationState::Issuing, more) => {
                format!("the new CA has still to issue {more} certificates again")
            }
            (RotationState::Issued, _) => {
                "the new CA has issued everything, and ca.pem still trusts the old one".into()
            }
        };
        let (step, does) = match state {
            RotationState::None => ("begin", "begins"),
            RotationState::Begun | RotationState::Issuing => ("issue", "goes on"),
            RotationState::Issued => ("finish", "ends it"),
        };
        let directory = self.run.directory.path();
        let next = command(&format!("rotate-ca {step}"), directory);
        Error::new(format!("{}: {what}", directory.display()))
            .of_kind(ErrorKind::OutOfTurn)
            .with_hint(format!("`{next}` {does}"))
    }
}
