//! Whether a certificate is to be renewed now: one judgement, which is also that of `check`. Due is what has
//! a finding that a new certificate helps against, what ends soon, what another CA signed than the one that
//! signs now, and what is not as it was asked for.

use std::path::PathBuf;
use std::time::Duration;

use time::OffsetDateTime;

use crate::base::error::Error;
use crate::base::note::Note;
use crate::base::place::Place;
use crate::check::{self, Bundle, Code, Expectations, Finding, Issued, IssuedJudge, Renewal, Severity};
use crate::engine::errors::broken;
use crate::engine::folder::IssuedFolder;
use crate::engine::leaf::Asked;
use crate::engine::notes;
use crate::engine::present::Present;
use crate::engine::signers::Signers;
use crate::milvus::TlsMode;
use crate::store::{Directory, FileRole, RelativePath, path_of};
use crate::x509::Certificate;

/// A certificate directory as it is judged.
pub(crate) struct Judged {
    directory: PathBuf,
    /// The seven files.
    bundle: Bundle,
    expectations: Expectations,
    findings: Vec<Finding>,
}

impl Judged {
    /// Judges the files of a directory.
    ///
    /// # Errors
    /// Where one of them cannot be read: nobody could say what is due.
    pub(crate) fn of(directory: &Directory, now: OffsetDateTime) -> Result<Self, Error> {
        let mut bundle = Bundle::new();
        for role in FileRole::AS_LISTED {
            add(&mut bundle, directory, role, &role.into())?;
        }
        let expectations = Expectations {
            directory: Some(directory.path().display().to_string()),
            modes: TlsMode::ALL.to_vec(),
            server_names: Vec::new(),
            // What ends soon depends on how long it lives.
            expires_in: Duration::ZERO,
            now,
        };
        let findings = check::judge(&bundle, &expectations);
        Ok(Self { directory: directory.path().to_owned(), bundle, expectations, findings })
    }

    /// The errors because of which certificates do not work. That of a kind of key which was chosen is not
    /// among them.
    pub(crate) fn errors(&self) -> Vec<Finding> {
        let is_meant = |finding: &&Finding| {
            finding.code.severity() == Severity::Error && finding.code.renewal() != Renewal::DoesNotMatter
        };
        self.findings.iter().filter(is_meant).cloned().collect()
    }

    /// Whether a new certificate helps, in the directory or in a folder of what was issued.
    fn is_broken(
        &self,
        present: &Present,
        certificate: &Certificate,
        folder: Option<&IssuedFolder>,
    ) -> Result<bool, Error> {
        let found = match folder {
            Some(folder) => self.judge_issued(present, folder)?,
            None => {
                let (key, own) = FileRole::pair_of(present.kind);
                let paths = [key, own].map(|role| path_of(&self.directory, role).display().to_string());
                let own = self.findings.iter().filter(|finding| paths.contains(&finding.place.path));
                own.cloned().collect()
            }
        };
        let algorithm = certificate.signature_algorithm();
        let is_about_it = |finding: &Finding| match finding.code {
            // That of an issuer which stands beside it stays.
            Code::WeakSignature | Code::UnsupportedSignature => {
                algorithm.is_weak() || algorithm.is_unknown_to_go()
            }
            _ => true,
        };
        let found: Vec<_> = found.into_iter().filter(is_about_it).collect();
        let (fails, others): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|finding| finding.code.renewal() == Renewal::Fails);
        broken(&self.directory, &fails)?;
        Ok(others.iter().any(|finding| finding.code.renewal() == Renewal::Helps))
    }

    fn judge_issued(&self, present: &Present, folder: &IssuedFolder) -> Result<Vec<Finding>, Error> {
        let Present { kind, files, .. } = present;
        let (key_role, role) = FileRole::pair_of(*kind);
        let mut bundle = Bundle::new();
        add(&mut bundle, &folder.directory, key_role, &files.key)?;
        add(&mut bundle, &folder.directory, role, &files.certificate)?;
        let name = files.certificate.folder().map(str::to_owned);
        let path = path_of(&folder.path, &files.certificate).display().to_string();
        let issued = Issued { kind: *kind, name, output: None, path };
        Ok(IssuedJudge::new(&self.bundle, &self.expectations).judge(&issued, &bundle))
    }
}

/// Reads a file into a bundle, if it is there.
fn add(bundle: &mut Bundle, directory: &Directory, role: FileRole, path: &RelativePath) -> Result<(), Error> {
    if let Some(content) = directory.read(path)? {
        let place = Place::file(directory.path_of(path).display().to_string());
        bundle.add(role, place, None, Ok(&content));
    }
    Ok(())
}

/// By what it is told whether a certificate is due.
pub(crate) struct Due<'a> {
    pub(crate) signers: &'a Signers,
    /// What `check` says of the files; none where that does not matter.
    pub(crate) judged: Option<&'a Judged>,
    /// What ends within this time is due.
    pub(crate) within: Duration,
    pub(crate) now: OffsetDateTime,
}

impl Due<'_> {
    /// Whether a certificate is due: a finding of it goes by a new one, another CA signed it than the one that signs
    /// now, it is not as it was asked for, or it ends soon. `folder` is where it is, if it was issued.
    pub(crate) fn is(
        &self,
        present: &Present,
        certificate: &Certificate,
        folder: Option<&IssuedFolder>,
        asked: &Asked,
        notes: &mut Vec<Note>,
    ) -> Result<bool, Error> {
        let is_broken =
            self.judged.map_or(Ok(false), |judged| judged.is_broken(present, certificate, folder))?;
        Ok(is_broken
            || !certificate.is_issued_by(self.signers.current())
            || !asked.is_met(certificate, self.signers.validity())?
            || self.ends_soon(&present.file(), certificate, notes))
    }

    /// Whether it ends within the time, or in the last third of a life that is shorter than three times that.
    /// One that ends with its CA is not due: a new one would end at the same time.
    fn ends_soon(&self, file: &str, certificate: &Certificate, notes: &mut Vec<Note>) -> bool {
        let validity = certificate.validity();
        let third = (validity.not_after - validity.not_before) / 3;
        let within = match time::Duration::try_from(self.within) {
            Ok(within) if within <= third => within,
            _ => {
                notes.push(notes::short_life(file, third));
                third
            }
        };
        if validity.not_after - self.now > within {
            return false;
        }
        let can_be_longer = validity.not_after < self.signers.validity().not_after;
        if !can_be_longer {
            notes.push(notes::ca_ends(file, validity.not_after));
        }
        can_be_longer
    }
}
