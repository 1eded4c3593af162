//! A new CA in place of the old one, without an outage: between the steps, everything old works with
//! everything new.

mod state;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use time::OffsetDateTime;

use crate::base::error::{Error, ErrorKind};
use crate::base::note::Note;
use crate::base::text::{command, counted};
use crate::check::ca;
use crate::engine::folder::IssuedFolder;
use crate::engine::generate::ca_key_pem;
use crate::engine::inventory::{Inventory, Member, Members};
use crate::engine::issuer::{Issuer, Progress};
use crate::engine::leaf::{Action, Asked, LeafSpec};
use crate::engine::notes;
use crate::engine::present::Present;
use crate::engine::renew::{Issued, Model, RenewRequest, Selection};
use crate::engine::report::{CertificateReport, CertificateRole, Report};
use crate::engine::run::{Opening, Run};
use crate::engine::signers::Signers;
use crate::engine::write::{Change, NewFile, write};
use crate::store::{
    Access, EndEntityFiles, Existing, FileRole, NEXT_FOLDER, Protection, RelativePath, path_of,
};
use crate::x509::{
    self, Ca, Certificate, Days, EndEntityKind, KeyType, Passphrase, PrivateKey, SerialNumber, Subject,
    Validity, certificates_from_pem, certificates_to_pem, key_from_pem,
};
pub use state::{RotatedCa, RotationState, RotationStatus, rotation_status};
use state::{Rotation, next};

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

/// What a step did, and how far the replacement is now.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RotationReport {
    /// What was written.
    #[serde(flatten)]
    pub report: Report,
    /// What is there now, or with `dry_run` still.
    #[serde(flatten)]
    pub status: RotationStatus,
}

/// Does a step. A step that was interrupted is gone on with when it is run again; one that was done has
/// nothing to do.
///
/// # Errors
/// Where the step is not the next one, there is no CA or it may not issue, or the file system
/// fails. Then nothing has changed, but of what was issued what the error says.
pub fn rotate(
    request: &RotationRequest,
    now: OffsetDateTime,
    progress: Progress<'_>,
) -> Result<RotationReport, Error> {
    let opening = Opening {
        path: &request.directory,
        dry_run: request.dry_run,
        create: false,
        protection: request.protection,
        among_issued: true,
        output: None,
    };
    let mut status = RotationStatus::default();
    let report = opening.run(now, |run, inventory| {
        let rotation = Rotation::read(&run.directory, inventory)?;
        let mut step = Step { request, run, inventory, rotation };
        match request.step {
            RotationStep::Begin { key_type, days } => step.begin(key_type, days)?,
            RotationStep::SameKey { days } => step.sign_again(days)?,
            RotationStep::Issue => step.issue(progress)?,
            RotationStep::Finish => step.finish()?,
        }
        status = RotationStatus::of(&step.run.directory, now)?;
        Ok(())
    })?;
    Ok(RotationReport { report, status })
}

/// A step in the making.
struct Step<'a> {
    request: &'a RotationRequest,
    run: &'a mut Run,
    inventory: &'a Inventory,
    rotation: Rotation,
}

/// `begin`.
impl Step<'_> {
    /// Makes the new CA in `next/`, and lets ca.pem trust it after the old one.
    fn begin(&mut self, key_type: Option<KeyType>, days: Days) -> Result<(), Error> {
        match self.rotation.state {
            RotationState::None => self.make_next(key_type, days)?,
            // Done already, perhaps but for what was issued.
            RotationState::Begun => {}
            RotationState::Issuing | RotationState::Issued => return Err(self.out_of_turn()),
        }
        Error::of_all(self.distribute_ca()?)
    }

    fn make_next(&mut self, key_type: Option<KeyType>, days: Days) -> Result<(), Error> {
        let passphrase = self.request.passphrase.as_ref();
        let old = ca::of_directory(&self.run.directory, passphrase, self.run.now)?;
        let old_key = old.certificate().public_key()?;
        let key = PrivateKey::generate(key_type.unwrap_or_else(|| old_key.algorithm().nearest_key_type()))?;
        let key_pem = ca_key_pem(&key, passphrase)?;
        let validity = Validity::starting(self.run.now, days)?;
        let new = Ca::create(self.new_name(old.certificate())?, validity, key)?;
        let report = &mut self.run.report;
        report.notes.extend(what_differs(&old));
        let path = path_of(&report.directory, next(FileRole::CaCertificate));
        let made = CertificateReport::of(CertificateRole::Ca, path, Action::Created, new.root());
        report.certificates.push(made);
        if self.request.dry_run {
            return Ok(());
        }
        let new_pem = certificates_to_pem([new.root()]);
        // ca.pem as it is, to the last byte, and then the new CA.
        let mut trusted = self.run.directory.read(FileRole::CaCertificate)?.unwrap_or_default();
        if !trusted.ends_with(b"\n") {
            trusted.push(b'\n');
        }
        trusted.extend_from_slice(new_pem.as_bytes());
        let in_next = |role, content: &[u8]| NewFile::at(next(role), role, content);
        let files = [
            self.new_file(FileRole::CaCertificate, &trusted)?,
            in_next(FileRole::CaKey, &key_pem),
            in_next(FileRole::CaCertificate, new_pem.as_bytes()),
        ];
        // A CA in `next/` that ca.pem does not trust any more.
        let existing = match self.run.directory.state(next(FileRole::CaKey))? {
            Some(_) => Existing::BackUp(self.run.now),
            None => Existing::Replace,
        };
        self.write(&files, existing)
    }

    /// The next name that no CA in ca.pem has.
    fn new_name(&self, old: &Certificate) -> Result<Subject, x509::Error> {
        let mut name = old.subject().next_generation()?;
        while self.rotation.trusted.iter().any(|trusted| *trusted.subject() == name) {
            name = name.next_generation()?;
        }
        Ok(name)
    }

    /// Signs ca.pem again with the key and the name that it has.
    fn sign_again(&mut self, days: Days) -> Result<(), Error> {
        if self.rotation.state != RotationState::None {
            return Err(self.out_of_turn());
        }
        let role = FileRole::CaCertificate;
        let directory = &self.run.directory;
        let old = ca::of_directory(directory, self.request.passphrase.as_ref(), self.run.now)?;
        let chains = self.rotation.chains.iter();
        let issued = chains.flat_map(|chain| std::iter::once(&chain.leaf).chain(&chain.others));
        let issued: Vec<_> = issued.cloned().collect();
        let validity = Validity::starting(self.run.now, days)?;
        let new = old
            .reissue(validity, &SerialNumber::random()?, &issued)
            .map_err(Error::in_file(directory.path_of(role)))?;
        if new.serial() == old.root().serial() {
            self.run.report.notes.push(notes::serial_kept(new.serial()));
        }
        self.run.report.add_ca(Action::Renewed, &new);
        if self.request.dry_run {
            return Ok(());
        }
        // Whatever else is trusted stays.
        let trusted = &self.rotation.trusted;
        let trusted = trusted.iter().map(|trusted| if trusted == old.root() { &new } else { trusted });
        let file = self.new_file(role, certificates_to_pem(trusted).as_bytes())?;
        self.write(&[file], Existing::BackUp(self.run.now))?;
        Error::of_all(self.distribute_ca()?)
    }
}

/// What the new CA is not that the old one was: it signs itself, and may issue everything.
fn what_differs(old: &Ca) -> Vec<Note> {
    let mut notes = Vec::new();
    if !old.intermediates().is_empty() {
        notes.push(notes::no_longer_below(old.certificate().subject(), old.root().subject()));
    }
    let chain = old.intermediates().iter().chain([old.root()]);
    let limits: BTreeSet<_> = chain.flat_map(Certificate::limits).collect();
    if !limits.is_empty() {
        notes.push(notes::limits_dropped(&limits.into_iter().collect::<Vec<_>>()));
    }
    notes
}

/// `issue`.
impl Step<'_> {
    /// Lets the new CA issue, with server.pem and client.pem at once; then issues again what else there is.
    fn issue(&mut self, progress: Progress<'_>) -> Result<(), Error> {
        let changes_over = self.rotation.state == RotationState::Begun;
        let ca = match self.rotation.state {
            RotationState::None => return Err(self.out_of_turn()),
            RotationState::Begun => self.next_ca()?,
            RotationState::Issuing | RotationState::Issued => {
                ca::of_directory(&self.run.directory, self.request.passphrase.as_ref(), self.run.now)?
            }
        };
        let now = self.run.now;
        let signers = Signers::of(&ca, self.rotation.trusted.clone());
        // Beside server.pem and client.pem, what ends now or is not of this CA.
        let rest = RenewRequest {
            issued: Issued::All,
            dry_run: self.request.dry_run,
            if_due: Some(Duration::ZERO),
            ..RenewRequest::new(&self.request.directory)
        };
        let mut selection = Selection::new(&rest, self.inventory, &signers, None, now);
        let specs = self.specs(&ca, &selection)?;
        // The new ca.key, and ca.pem as it is: so the backup has the whole old CA, which comes first in it.
        let ca_files = match changes_over {
            true => vec![
                self.own_file(FileRole::CaKey, next(FileRole::CaKey))?,
                self.own_file(FileRole::CaCertificate, FileRole::CaCertificate.into())?,
            ],
            false => Vec::new(),
        };
        self.run.report.add_ca(Action::Kept, ca.root());
        let mut issuer = match changes_over {
            true => Issuer::of_new(self.run, self.inventory, &ca)?,
            false => {
                let known: Vec<_> = self.rotation.chains.iter().map(|chain| &chain.leaf).collect();
                Issuer::of(self.run, self.inventory, &ca, &known)?
            }
        };
        if changes_over || !specs.is_empty() {
            issuer.issue_own(&specs, ca_files, Existing::BackUp(now), None)?;
        }
        selection.renew_issued(&mut issuer, progress)?;
        let mut failures = selection.said.failures;
        // Beside what is kept, too.
        failures.extend(self.distribute_ca()?);
        self.clear_next()?;
        Error::of_all(failures)
    }

    fn next_ca(&self) -> Result<Ca, Error> {
        let directory = &self.run.directory;
        let path = |role| directory.path_of(next(role));
        let read = |role| {
            let content = directory.read(next(role))?;
            content.ok_or_else(|| ca::missing(directory, &path(role)))
        };
        let key = key_from_pem(&read(FileRole::CaKey)?, self.request.passphrase.as_ref())
            .map_err(Error::in_file(path(FileRole::CaKey)))?;
        let in_certificate = || Error::in_file(path(FileRole::CaCertificate));
        let certificates = certificates_from_pem(&read(FileRole::CaCertificate)?).map_err(in_certificate())?;
        Ca::load(certificates, key, self.run.now).map_err(in_certificate())
    }

    fn own_file(&self, role: FileRole, from: RelativePath) -> Result<NewFile, Error> {
        self.new_file(role, &self.run.directory.read(from)?.unwrap_or_default())
    }

    /// What the old CA has issued to server and client.
    fn specs(&self, ca: &Ca, selection: &Selection<'_>) -> Result<Vec<LeafSpec>, Error> {
        let directory = &self.run.directory;
        let mut specs = Vec::new();
        for kind in EndEntityKind::ALL {
            let old = Present::of_directory(directory, kind, true)?;
            if old.is_empty() {
                continue;
            }
            let Some(certificate) = old.readable(directory.path())? else { continue };
            let is_new = certificate.is_issued_by(ca.certificate());
            if !is_new && old.vouch_for_own(selection.signers, self.inventory).is_ok() {
                let model = Model::Certificate(certificate);
                specs.push(selection.spec(directory, &old, model, &Asked::default())?);
            }
        }
        Ok(specs)
    }

    /// Removes the files in `next/` once their CA issues.
    fn clear_next(&self) -> Result<(), Error> {
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
}

/// `finish`.
impl Step<'_> {
    /// Lets ca.pem trust the new CA alone.
    fn finish(&mut self) -> Result<(), Error> {
        match self.rotation.state {
            // Done already, perhaps but for what was issued.
            RotationState::None => {}
            // Nobody can have what came into its place a moment ago.
            RotationState::Issued if self.run.is_issued_recovered => {
                return Err(self.not_in(RotationState::Issuing));
            }
            RotationState::Issued => {
                let unsettled = std::mem::take(&mut self.rotation.unsettled);
                Error::of_all(unsettled).map_err(|error| {
                    error.reworded(|reason| {
                        format!("the old CA stays in ca.pem, because a certificate may be of it: {reason}")
                    })
                })?;
                self.drop_old()?;
            }
            RotationState::Begun | RotationState::Issuing => return Err(self.out_of_turn()),
        }
        let failures = self.distribute_ca()?;
        self.clear_next()?;
        Error::of_all(failures)
    }

    fn drop_old(&mut self) -> Result<(), Error> {
        let Some((new, old)) = self.rotation.trusted.split_last() else { return Ok(()) };
        self.run.report.add_ca(Action::Kept, new);
        let dropped = old.iter().map(|old| notes::no_longer_trusted(old.subject()));
        self.run.report.notes.extend(dropped);
        if self.request.dry_run {
            return Ok(());
        }
        let file = self.new_file(FileRole::CaCertificate, certificates_to_pem([new]).as_bytes())?;
        self.write(&[file], Existing::Replace)
    }
}

/// What several steps do.
impl Step<'_> {
    /// A file of the directory, which belongs to whom the old one belongs.
    fn new_file(&self, role: FileRole, content: &[u8]) -> Result<NewFile, Error> {
        NewFile::new(role, content).owned_as_in(&self.run.directory)
    }

    fn write(&mut self, files: &[NewFile], existing: Existing) -> Result<(), Error> {
        let Run { directory, report, now, .. } = &mut *self.run;
        let written = write(directory, &Change { existing, ..Change::of(files) }, *now, &|_| Ok(()))?;
        let folder = report.directory.clone();
        report.add_written(written, files, &folder);
        Ok(())
    }

    /// Puts the directory's ca.pem beside everything that was issued, where another one is; in batches, so that
    /// it can be gone on with. Returns why it cannot be done for some.
    fn distribute_ca(&mut self) -> Result<Vec<Error>, Error> {
        const BATCH: usize = 100;
        let Run { directory, report, now, .. } = &mut *self.run;
        let trusted = directory.read(FileRole::CaCertificate)?.unwrap_or_default();
        let access = if report.dry_run { Access::Look } else { Access::Change };
        let mut failures = Vec::new();
        for Members { folder, members } in self.inventory.members() {
            let chosen = directory.path().join(&folder);
            let opened = IssuedFolder::open_if_there(directory, Some(&chosen), access)?;
            let Some(mut folder) = opened else { continue };
            let mut files = Vec::new();
            for member in members {
                match ca_beside(&folder, &member, &trusted) {
                    Ok(file) => files.extend(file),
                    Err(error) => failures.push(error),
                }
            }
            if report.dry_run {
                continue;
            }
            for batch in files.chunks(BATCH) {
                let written = write(&mut folder.directory, &Change::of(batch), *now, &|_| Ok(()))?;
                report.add_written(written, batch, &folder.path);
            }
        }
        Ok(failures)
    }

    /// That this step is not the next one.
    fn out_of_turn(&self) -> Error {
        self.not_in(self.rotation.state)
    }

    fn not_in(&self, state: RotationState) -> Error {
        let what = match (state, self.rotation.left) {
            (RotationState::None, _) => "no new CA was begun".into(),
            (RotationState::Begun, _) => "a new CA was begun, and has issued nothing yet".into(),
            (RotationState::Issuing, 0) => "a run of the new CA was interrupted".into(),
            (RotationState::Issuing, left) => {
                format!("the new CA has still to issue {} again", counted(left, "certificate"))
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

/// The ca.pem that is to lie beside a certificate, where it is there and has another.
fn ca_beside(folder: &IssuedFolder, member: &Member, trusted: &[u8]) -> Result<Option<NewFile>, Error> {
    let EndEntityFiles { certificate, ca, .. } = EndEntityFiles::issued(&member.name);
    let is_there = folder.directory.state(&certificate)?.is_some();
    if !is_there || folder.directory.read(&ca)?.is_some_and(|own| *own == trusted) {
        return Ok(None);
    }
    let file = NewFile::at(ca, FileRole::CaCertificate, trusted);
    file.owned_as_in(&folder.directory).map(Some)
}
