use crate::base::error::Error;
use crate::engine::leaf::Action;
use crate::engine::notes;
use crate::engine::rotate::state::RotationState;
use crate::engine::rotate::step::Step;
use crate::engine::write::NewFile;
use crate::store::{Existing, FileRole};
use crate::x509::certificates_to_pem;

impl Step<'_> {
    /// Lets ca.pem trust the new CA alone.
    pub(super) fn finish(&mut self) -> Result<(), Error> {
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
        let failures = self.run.distribute_ca(self.inventory)?;
        self.clear_next()?;
        Error::of_all(failures)
    }

    fn drop_old(&mut self) -> Result<(), Error> {
        let role = FileRole::CaCertificate;
        let Some((new, old)) = self.rotation.trusted.split_last() else { return Ok(()) };
        self.run.report.add_ca(Action::Kept, new);
        let dropped = old.iter().map(|old| notes::no_longer_trusted(old.subject()));
        self.run.report.notes.extend(dropped);
        if self.request.dry_run {
            return Ok(());
        }
        let file = NewFile::new(role, certificates_to_pem([new])).owned_as_in(&self.run.directory)?;
        self.write(&[file], Existing::Replace)
    }
}
