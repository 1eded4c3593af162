use std::collections::BTreeSet;

use crate::base::error::Error;
use crate::base::note::Note;
use crate::check::ca;
use crate::engine::ca::AuthorityTemplate;
use crate::engine::issuance::{NewFile, file_reports, path_in, spread, write};
use crate::engine::notes;
use crate::engine::report::CertificateReport;
use crate::engine::rotate::Run;
use crate::engine::rotate::state::{RotationState, next};
use crate::engine::{Action, Report};
use crate::store::{Backup, FileRole};
use crate::x509::CertificateAuthority;
use crate::x509::{
    self, Certificate, Days, KeyType, PrivateKey, SerialNumber, Subject, Validity, certificates_to_pem,
    encrypt_key_to_pem, key_to_pem,
};

impl Run<'_> {
    /// Makes the new authority in `next/`, and lets ca.pem trust it after the old one.
    pub(crate) fn begin(
        &mut self,
        key_type: Option<KeyType>,
        days: Days,
        report: &mut Report,
    ) -> Result<(), Error> {
        match self.rotation.state {
            RotationState::None => self.make_next(key_type, days, report)?,
            // Done already, perhaps but for what was issued.
            RotationState::Begun => {}
            RotationState::Issuing | RotationState::Issued => return Err(self.out_of_turn()),
        }
        self.spread(report)
    }

    fn make_next(&mut self, key_type: Option<KeyType>, days: Days, report: &mut Report) -> Result<(), Error> {
        let passphrase = self.request.passphrase.as_ref();
        let old = ca::of_directory(self.directory, passphrase, self.now)?;
        let old_key = old.certificate().public_key()?;
        let template = AuthorityTemplate {
            subject: self.new_name(old.certificate())?,
            validity: Validity::starting(self.now, days)?,
            serial: SerialNumber::random()?,
        };
        let key = PrivateKey::generate(key_type.unwrap_or_else(|| old_key.algorithm().nearest_key_type()))?;
        let key_pem = match passphrase {
            Some(passphrase) => encrypt_key_to_pem(&key, passphrase)?,
            None => key_to_pem(&key)?,
        };
        let new = CertificateAuthority::create(&template, key)?;
        note_what_differs(&old, &mut report.notes);
        let path = path_in(&report.directory, next(FileRole::CaCertificate));
        report.certificates.push(CertificateReport::of("ca", path, Action::Created, new.root()));
        if self.request.dry_run {
            return Ok(());
        }
        let in_next = |role, content: &[u8]| NewFile::at(next(role), role, content);
        let files = [
            self.trusting(&new)?,
            in_next(FileRole::CaKey, key_pem.as_bytes()),
            in_next(FileRole::CaCertificate, certificates_to_pem([new.root()]).as_bytes()),
        ];
        // An authority that was to come and that ca.pem does not trust any more.
        let backup = match self.directory.state(next(FileRole::CaKey))? {
            Some(_) => Backup::At(self.now),
            None => Backup::None,
        };
        let backup = write(self.directory, &files, &[], backup, self.now, &|_| Ok(()), &mut report.notes)?;
        report.changed = true;
        report.backup = backup.map(|path| path.display().to_string());
        report.files.extend(file_reports(&report.directory, &files));
        Ok(())
    }

    /// The next name that no authority in ca.pem has.
    fn new_name(&self, old: &Certificate) -> Result<Subject, x509::Error> {
        let mut name = old.subject().next_generation()?;
        while self.rotation.trusted.iter().any(|trusted| *trusted.subject() == name) {
            name = name.next_generation()?;
        }
        Ok(name)
    }

    /// ca.pem as it is, to the last byte, and then the new authority.
    fn trusting(&self, new: &CertificateAuthority) -> Result<NewFile, Error> {
        let role = FileRole::CaCertificate;
        let mut content = self.directory.read(role)?.unwrap_or_default();
        if !content.ends_with(b"\n") {
            content.push(b'\n');
        }
        content.extend_from_slice(certificates_to_pem([new.root()]).as_bytes());
        NewFile::new(role, &*content).owned_as_in(self.directory)
    }

    /// Signs ca.pem anew with the key and the name that it has.
    pub(crate) fn sign_anew(&mut self, days: Days, report: &mut Report) -> Result<(), Error> {
        if self.rotation.state != RotationState::None {
            return Err(self.out_of_turn());
        }
        let role = FileRole::CaCertificate;
        let old = ca::of_directory(self.directory, self.request.passphrase.as_ref(), self.now)?;
        let chains = self.rotation.chains.iter();
        let issued = chains.flat_map(|chain| std::iter::once(&chain.leaf).chain(&chain.others));
        let issued: Vec<_> = issued.cloned().collect();
        let validity = Validity::starting(self.now, days)?;
        let new = old
            .reissue(validity, &SerialNumber::random()?, &issued)
            .map_err(Error::in_file(self.directory.path_of(role)))?;
        if new.serial() == old.root().serial() {
            report.notes.push(notes::serial_kept(new.serial()));
        }
        let path = path_in(&report.directory, role);
        report.certificates.push(CertificateReport::of("ca", path, Action::Renewed, &new));
        if self.request.dry_run {
            return Ok(());
        }
        // Whatever else is trusted stays.
        let trusted = &self.rotation.trusted;
        let trusted = trusted.iter().map(|trusted| if trusted == old.root() { &new } else { trusted });
        let files = [NewFile::new(role, certificates_to_pem(trusted)).owned_as_in(self.directory)?];
        let backup = write(
            self.directory,
            &files,
            &[],
            Backup::At(self.now),
            self.now,
            &|_| Ok(()),
            &mut report.notes,
        )?;
        report.changed = true;
        report.backup = backup.map(|path| path.display().to_string());
        report.files.extend(file_reports(&report.directory, &files));
        self.spread(report)
    }

    fn spread(&mut self, report: &mut Report) -> Result<(), Error> {
        let mut failures = Vec::new();
        spread(self.directory, self.inventory, self.now, report, &mut failures)?;
        Error::of_all(failures)
    }
}

/// What the new CA is not that the old one was: it signs itself, and may issue everything.
fn note_what_differs(old: &CertificateAuthority, notes: &mut Vec<Note>) {
    let chain = old.intermediates().iter().chain([old.root()]);
    if !old.intermediates().is_empty() {
        notes.push(notes::no_longer_below(old.certificate().subject(), old.root().subject()));
    }
    let limits: BTreeSet<_> = chain.flat_map(Certificate::limits).collect();
    if !limits.is_empty() {
        notes.push(notes::limits_dropped(&limits.into_iter().collect::<Vec<_>>()));
    }
}
