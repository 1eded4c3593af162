use crate::base::error::Error;
use crate::engine::issuance::{NewFile, file_reports, path_in, spread, write};
use crate::engine::notes;
use crate::engine::report::CertificateReport;
use crate::engine::rotate::Run;
use crate::engine::rotate::state::RotationState;
use crate::engine::{Action, Report};
use crate::store::{Existing, FileRole};
use crate::x509::certificates_to_pem;

impl Run<'_> {
    /// Lets ca.pem trust the new authority alone.
    pub(crate) fn finish(&mut self, report: &mut Report) -> Result<(), Error> {
        match self.rotation.state {
            // Done already, perhaps but for what was issued.
            RotationState::None => {}
            // Nobody can have what came into its place a moment ago.
            RotationState::Issued if self.is_mended => return Err(self.not_in(RotationState::Issuing)),
            RotationState::Issued => match self.rotation.unsettled.is_empty() {
                true => self.drop_old(report)?,
                false => {
                    let sources = std::mem::take(&mut self.rotation.unsettled);
                    return Err(match Error::of_all(sources) {
                        Ok(()) => self.out_of_turn(),
                        Err(error) => error.reworded(|reason| {
                            format!(
                                "the old CA stays in ca.pem, because a certificate may be of it: {reason}"
                            )
                        }),
                    });
                }
            },
            RotationState::Begun | RotationState::Issuing => return Err(self.out_of_turn()),
        }
        let mut failures = Vec::new();
        spread(self.directory, self.inventory, self.now, report, &mut failures)?;
        self.clear_next()?;
        Error::of_all(failures)
    }

    fn drop_old(&mut self, report: &mut Report) -> Result<(), Error> {
        let role = FileRole::CaCertificate;
        let Some((new, old)) = self.rotation.trusted.split_last() else { return Ok(()) };
        let path = path_in(&report.directory, role);
        report.certificates.push(CertificateReport::of("ca", path, Action::Kept, new));
        let dropped = old.iter().map(|old| notes::no_longer_trusted(old.subject()));
        report.notes.extend(dropped);
        if self.request.dry_run {
            return Ok(());
        }
        let files = [NewFile::new(role, certificates_to_pem([new])).owned_as_in(self.directory)?];
        write(self.directory, &files, &[], Existing::Replace, self.now, &|_| Ok(()), &mut report.notes)?;
        report.changed = true;
        report.files.extend(file_reports(&report.directory, &files));
        Ok(())
    }
}
