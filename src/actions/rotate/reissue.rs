use std::time::Duration;

use zeroize::Zeroizing;

use super::Run;
use super::state::{RotationState, next, stands_below};
use crate::actions::issuance::{
    InventoryEntry, Issuer, NewFile, Plan, Progress, Serials, file_reports, issue_all, path_in, spread, write,
};
use crate::actions::renew::{self, Changes, Issued, Old, RenewRequest, Renewal};
use crate::actions::report::CertificateReport;
use crate::actions::{Action, Error, Report, authority};
use crate::pki::{CertificateAuthority, EndEntityKind, certificates_from_pem, generate_keys, key_from_pem};
use crate::store::{Backup, Directory, FileRole};

impl Run<'_> {
    /// Lets the new authority issue, with server.pem and client.pem at once; then issues again what else
    /// there is.
    pub(super) fn issue(&mut self, progress: Progress<'_>, report: &mut Report) -> Result<(), Error> {
        let authority = match self.rotation.state {
            RotationState::None => return Err(self.out_of_turn()),
            RotationState::Begun => self.next_authority()?,
            RotationState::Issuing | RotationState::Issued => {
                authority::of_directory(self.directory, self.request.passphrase.as_ref(), self.now)?
            }
        };
        let mut serials = match self.rotation.state {
            RotationState::Begun => Serials::new(&authority)?,
            _ => Serials::of(self.directory, &authority, &[], self.inventory)?,
        };
        let path = path_in(&report.directory, FileRole::CaCertificate);
        report.certificates.push(CertificateReport::of("ca", path, Action::Kept, authority.root()));
        if self.rotation.state == RotationState::Begun {
            self.change_over(&authority, &mut serials, report)?;
        }
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
        renew::renew_issued(&rest, self.inventory, &mut issuer, progress, report)?;
        // Beside what is kept, too.
        spread(self.directory, self.inventory, self.now, report)?;
        self.clear_next()
    }

    /// The authority in `next/`.
    fn next_authority(&self) -> Result<CertificateAuthority, Error> {
        let read = |role| -> Result<Zeroizing<Vec<u8>>, Error> {
            let path = self.directory.path_of(next(role));
            let missing = || Error::AuthorityMissing { directory: self.directory.path().to_owned(), path };
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

    /// Puts the new authority's key into its place, and with it the certificates that it issues to
    /// server and client: all of it at once. A backup keeps the old authority.
    fn change_over(
        &mut self,
        authority: &CertificateAuthority,
        serials: &mut Serials,
        report: &mut Report,
    ) -> Result<(), Error> {
        let plans = self.plan(authority, report)?;
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
        let (mut files, mut entries) = (self.authority_files()?, Vec::new());
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
        files.push(serials.file());
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

    /// What the old authority has issued to server and client.
    fn plan(&self, authority: &CertificateAuthority, report: &mut Report) -> Result<Vec<Plan>, Error> {
        let request = RenewRequest::new(&self.request.directory);
        let renewal = Renewal { request: &request, directory: self.directory, authority, now: self.now };
        let mut plans = Vec::new();
        for kind in EndEntityKind::ALL {
            let old = Old::of_directory(self.directory, kind, true)?;
            let Some(certificate) = &old.certificate else { continue };
            let chain = self.rotation.chains.iter().find(|chain| chain.contains(certificate));
            let is_theirs = |chain: &Vec<_>| self.rotation.trusted.iter().any(|old| stands_below(chain, old));
            if chain.is_some_and(is_theirs) {
                plans.push(renewal.plan(&old, &Changes::default(), &mut report.notes)?);
            }
        }
        Ok(plans)
    }
}
