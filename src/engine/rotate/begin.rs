use std::collections::BTreeSet;

use crate::base::error::Error;
use crate::base::note::Note;
use crate::check::ca;
use crate::engine::generate::ca_key_pem;
use crate::engine::leaf::Action;
use crate::engine::notes;
use crate::engine::report::CertificateReport;
use crate::engine::rotate::state::{RotationState, next};
use crate::engine::rotate::step::Step;
use crate::engine::write::NewFile;
use crate::store::{Existing, FileRole, path_of};
use crate::x509::{
    self, Ca, Certificate, Days, KeyType, PrivateKey, SerialNumber, Subject, Validity, certificates_to_pem,
};

impl Step<'_> {
    /// Makes the new CA in `next/`, and lets ca.pem trust it after the old one.
    pub(super) fn begin(&mut self, key_type: Option<KeyType>, days: Days) -> Result<(), Error> {
        match self.rotation.state {
            RotationState::None => self.make_next(key_type, days)?,
            // Done already, perhaps but for what was issued.
            RotationState::Begun => {}
            RotationState::Issuing | RotationState::Issued => return Err(self.out_of_turn()),
        }
        Error::of_all(self.run.distribute_ca(self.inventory)?)
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
        report.certificates.push(CertificateReport::of_ca(path, Action::Created, new.root()));
        if self.request.dry_run {
            return Ok(());
        }
        let in_next = |role, content: &[u8]| NewFile::at(next(role), role, content);
        let files = [
            self.trusting(&new)?,
            in_next(FileRole::CaKey, &key_pem),
            in_next(FileRole::CaCertificate, certificates_to_pem([new.root()]).as_bytes()),
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

    /// ca.pem as it is, to the last byte, and then the new CA.
    fn trusting(&self, new: &Ca) -> Result<NewFile, Error> {
        let role = FileRole::CaCertificate;
        let mut content = self.run.directory.read(role)?.unwrap_or_default();
        if !content.ends_with(b"\n") {
            content.push(b'\n');
        }
        content.extend_from_slice(certificates_to_pem([new.root()]).as_bytes());
        NewFile::new(role, &*content).owned_as_in(&self.run.directory)
    }

    /// Signs ca.pem again with the key and the name that it has.
    pub(super) fn sign_again(&mut self, days: Days) -> Result<(), Error> {
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
        let file = NewFile::new(role, certificates_to_pem(trusted)).owned_as_in(&self.run.directory)?;
        self.write(&[file], Existing::BackUp(self.run.now))?;
        Error::of_all(self.run.distribute_ca(self.inventory)?)
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
