use std::time::Duration;

use crate::base::error::Error;
use crate::check::ca;
use crate::engine::errors;
use crate::engine::issuer::{Issuer, Progress};
use crate::engine::leaf::{Action, Asked, LeafSpec};
use crate::engine::present::{Found, Present};
use crate::engine::renew::{Issued, Model, RenewRequest, Renewal, Selection};
use crate::engine::rotate::state::{RotationState, next};
use crate::engine::rotate::step::Step;
use crate::engine::signers::Signers;
use crate::engine::write::NewFile;
use crate::store::{Existing, FileRole};
use crate::x509::{Ca, EndEntityKind, Problem, certificates_from_pem, key_from_pem};

impl Step<'_> {
    /// Lets the new CA issue, with server.pem and client.pem at once; then issues again what else there is.
    pub(super) fn issue(&mut self, progress: Progress<'_>) -> Result<(), Error> {
        let passphrase = self.request.passphrase.as_ref();
        let changes_over = self.rotation.state == RotationState::Begun;
        let ca = match self.rotation.state {
            RotationState::None => return Err(self.out_of_turn()),
            RotationState::Begun => self.next_ca()?,
            RotationState::Issuing | RotationState::Issued => {
                ca::of_directory(&self.run.directory, passphrase, self.run.now)?
            }
        };
        let signers = Signers::of(&ca, self.rotation.trusted.clone());
        let specs = self.specs(&ca, &signers)?;
        // The new ca.key, and ca.pem as it is: so the backup has the whole old CA, which comes first in it.
        let ca_files = match changes_over {
            true => vec![
                self.own_file(FileRole::CaKey, next(FileRole::CaKey))?,
                self.own_file(FileRole::CaCertificate, FileRole::CaCertificate.into())?,
            ],
            false => Vec::new(),
        };
        self.run.report.add_ca(Action::Kept, ca.root());
        let now = self.run.now;
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
        // What ends now or is not of this CA.
        let mut rest = RenewRequest::new(&self.request.directory);
        rest.issued = Issued::All;
        rest.dry_run = self.request.dry_run;
        rest.if_due = Some(Duration::ZERO);
        let mut selection = Selection::new(&rest, self.inventory, &signers, None, now);
        selection.renew_issued(&mut issuer, progress)?;
        let mut failures = selection.said.failures;
        // Beside what is kept, too.
        failures.extend(self.run.distribute_ca(self.inventory)?);
        self.clear_next()?;
        Error::of_all(failures)
    }

    /// The CA in `next/`.
    fn next_ca(&self) -> Result<Ca, Error> {
        let directory = &self.run.directory;
        let path = |role| directory.path_of(next(role));
        let read = |role| {
            let content = directory.read(next(role))?;
            content.ok_or_else(|| ca::missing(directory.path(), &path(role)))
        };
        let key = key_from_pem(&read(FileRole::CaKey)?, self.request.passphrase.as_ref())
            .map_err(Error::in_file(path(FileRole::CaKey)))?;
        let in_certificate = || Error::in_file(path(FileRole::CaCertificate));
        let certificates = certificates_from_pem(&read(FileRole::CaCertificate)?).map_err(in_certificate())?;
        Ca::load(certificates, key, self.run.now).map_err(in_certificate())
    }

    fn own_file(&self, role: FileRole, from: crate::store::RelativePath) -> Result<NewFile, Error> {
        let content = self.run.directory.read(from)?.unwrap_or_default();
        NewFile::new(role, &*content).owned_as_in(&self.run.directory)
    }

    /// What the old CA has issued to server and client.
    fn specs(&self, ca: &Ca, signers: &Signers) -> Result<Vec<LeafSpec>, Error> {
        let directory = &self.run.directory;
        let renewal =
            Renewal { directory, ca: ca.validity(), key_mode: None, reuse_key: false, now: self.run.now };
        let mut specs = Vec::new();
        for kind in EndEntityKind::ALL {
            let old = Present::of_directory(directory, kind, true)?;
            let certificate = match &old.found {
                Found::Certificate(certificate, _) => certificate,
                Found::Nothing | Found::NotAFile => continue,
                Found::Unusable(source) if source.problem() == Problem::Empty => continue,
                Found::Unusable(source) => {
                    let path = directory.path_of(&old.files.certificate);
                    return Err(errors::unreadable(&path, source.clone(), kind, None, directory.path()));
                }
            };
            let is_new = certificate.is_issued_by(ca.certificate());
            if !is_new && old.vouch_for_own(signers, self.inventory).is_ok() {
                specs.push(renewal.spec(&old, Model::Certificate(certificate), &Asked::default())?);
            }
        }
        Ok(specs)
    }
}
