use std::time::Duration;

use zeroize::Zeroizing;

use crate::base::error::Error;
use crate::check::ca;
use crate::engine::errors;
use crate::engine::issuance::{
    Issuer, NewFile, Plan, Progress, Serials, Signers, file_reports, issue_all, path_in, spread, write,
};
use crate::engine::renew::{Changes, Found, Issued, Model, Old, RenewRequest, Renewal, Selection};
use crate::engine::report::CertificateReport;
use crate::engine::rotate::Run;
use crate::engine::rotate::state::{RotationState, next};
use crate::engine::{Action, Report};
use crate::store::inventory::InventoryEntry;
use crate::store::{Backup, Directory, FileRole};
use crate::x509::{
    CertificateAuthority, EndEntityKind, Problem, certificates_from_pem, generate_keys, key_from_pem,
};

impl Run<'_> {
    /// Lets the new authority issue, with server.pem and client.pem at once; then issues again what else
    /// there is.
    pub(crate) fn issue(&mut self, progress: Progress<'_>, report: &mut Report) -> Result<(), Error> {
        let authority = match self.rotation.state {
            RotationState::None => return Err(self.out_of_turn()),
            RotationState::Begun => self.next_authority()?,
            RotationState::Issuing | RotationState::Issued => {
                ca::of_directory(self.directory, self.request.passphrase.as_ref(), self.now)?
            }
        };
        let mut serials = match self.rotation.state {
            RotationState::Begun => Serials::new(self.directory, &authority, self.inventory)?,
            _ => {
                let known: Vec<_> = self.rotation.chains.iter().map(|chain| &chain.leaf).collect();
                Serials::of(self.directory, &authority, &known, self.inventory)?
            }
        };
        let path = path_in(&report.directory, FileRole::CaCertificate);
        report.certificates.push(CertificateReport::of("ca", path, Action::Kept, authority.root()));
        self.reissue_own(&authority, &mut serials, report)?;
        let trusted_now = ca::trusted(self.directory)?;
        let signers = Signers::of(&authority, trusted_now);
        let trusted = self.directory.read(FileRole::CaCertificate)?.unwrap_or_default();
        let mut issuer = Issuer {
            certificates: self.directory,
            authority: &authority,
            serials: &mut serials,
            trusted: &trusted,
            first_entries: Vec::new(),
            backup: Backup::None,
            now: self.now,
        };
        // What ends now or is not of this authority.
        let mut rest = RenewRequest::new(&self.request.directory);
        rest.issued = Issued::All;
        rest.if_due = Some(Duration::ZERO);
        rest.dry_run = self.request.dry_run;
        let selection = Selection {
            request: &rest,
            inventory: self.inventory,
            signers: &signers,
            judged: None,
            now: self.now,
        };
        let mut failures = Vec::new();
        selection.renew_issued(&mut issuer, progress, report, &mut failures)?;
        // Beside what is kept, too.
        spread(self.directory, self.inventory, self.now, report, &mut failures)?;
        self.clear_next()?;
        Error::of_all(failures)
    }

    /// The authority in `next/`.
    fn next_authority(&self) -> Result<CertificateAuthority, Error> {
        let read = |role| -> Result<Zeroizing<Vec<u8>>, Error> {
            let path = self.directory.path_of(next(role));
            let missing = || ca::missing(self.directory.path(), &path);
            self.directory.read(next(role))?.ok_or_else(missing)
        };
        let in_file = |role| Error::in_file(self.directory.path_of(next(role)));
        let key = key_from_pem(&read(FileRole::CaKey)?, self.request.passphrase.as_ref());
        let certificates = certificates_from_pem(&read(FileRole::CaCertificate)?);
        let (key, certificates) =
            (key.map_err(in_file(FileRole::CaKey))?, certificates.map_err(in_file(FileRole::CaCertificate))?);
        let authority = CertificateAuthority::load(certificates, key, self.now);
        authority.map_err(in_file(FileRole::CaCertificate))
    }

    /// Issues server.pem and client.pem again where the old CA issued them; with them, the first time, the
    /// new CA's key comes into its place, all of it at once. A backup keeps the old CA.
    fn reissue_own(
        &mut self,
        authority: &CertificateAuthority,
        serials: &mut Serials,
        report: &mut Report,
    ) -> Result<(), Error> {
        let plans = self.plan(authority, report)?;
        let changes_over = self.rotation.state == RotationState::Begun;
        if plans.is_empty() && !changes_over {
            return Ok(());
        }
        if self.request.dry_run {
            let issuer = authority.certificate().subject();
            let path = |plan: &Plan| path_in(&report.directory, &plan.files.certificate);
            let planned: Vec<_> = plans.iter().map(|plan| plan.report(issuer, path(plan))).collect();
            report.certificates.extend(planned);
            return Ok(());
        }
        let key_types: Vec<_> = plans.iter().filter_map(Plan::new_key_type).collect();
        let serial_numbers = serials.take(plans.len(), &mut report.notes)?;
        let issued = issue_all(&plans, authority, serial_numbers, generate_keys(&key_types)?)?;
        let (mut files, mut entries) = (Vec::new(), Vec::new());
        if changes_over {
            files = self.authority_files()?;
        }
        for (plan, (certificate, issued)) in plans.iter().zip(issued) {
            let file = &plan.files.certificate;
            entries.push(InventoryEntry::of(plan.kind, &certificate, file.to_string(), self.now));
            let path = path_in(&report.directory, file);
            report.certificates.push(CertificateReport::of(
                plan.kind.name(),
                path,
                plan.action,
                &certificate,
            ));
            files.extend(issued);
        }
        files.push(serials.file().owned_as_in(self.directory)?);
        let record = |directory: &Directory| self.inventory.add(directory, &entries);
        let plans: Vec<_> = plans.iter().collect();
        let backup = Backup::At(self.now);
        let backup = write(self.directory, &files, &plans, backup, self.now, &record, &mut report.notes)?;
        report.changed = true;
        report.backup = backup.map(|path| path.display().to_string());
        report.files.extend(file_reports(&report.directory, &files));
        Ok(())
    }

    /// The new ca.key, and ca.pem as it is: so the backup has the whole old authority, which comes first
    /// in it.
    fn authority_files(&self) -> Result<Vec<NewFile>, Error> {
        let read = |path| Ok::<_, Error>(self.directory.read(path)?.unwrap_or_default());
        let (key, certificate) = (FileRole::CaKey, FileRole::CaCertificate);
        Ok(vec![
            NewFile::new(key, &*read(next(key))?).owned_as_in(self.directory)?,
            NewFile::new(certificate, &*read(certificate.into())?).owned_as_in(self.directory)?,
        ])
    }

    /// What the old CA has issued to server and client.
    fn plan(&self, authority: &CertificateAuthority, report: &mut Report) -> Result<Vec<Plan>, Error> {
        let request = RenewRequest::new(&self.request.directory);
        let renewal = Renewal { request: &request, directory: self.directory, authority, now: self.now };
        let signers = Signers::of(authority, self.rotation.trusted.clone());
        let mut plans = Vec::new();
        for kind in EndEntityKind::ALL {
            let old = Old::of_directory(self.directory, kind, true)?;
            let certificate = match &old.found {
                Found::Certificate(certificate, _) => certificate,
                Found::Nothing | Found::NotAFile => continue,
                Found::Unusable(source) if source.problem() == Problem::Empty => continue,
                Found::Unusable(source) => {
                    let path = self.directory.path_of(&old.files.certificate);
                    return Err(errors::old_certificate(&path, source.clone()));
                }
            };
            let is_new = certificate.is_issued_by(authority.certificate());
            if !is_new && old.vouch_for_own(&signers, self.inventory).is_ok() {
                let (model, changes) = (Model::Certificate(certificate), Changes::default());
                plans.push(renewal.plan(&old, model, &changes, &mut report.notes)?);
            }
        }
        Ok(plans)
    }
}
