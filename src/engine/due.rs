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
use crate::engine::issuance::{IssuedFolder, Signers};
use crate::engine::notes;
use crate::milvus::TlsMode;
use crate::store::{Directory, EndEntityFiles, FileRole, RelativePath, path_of};
use crate::x509::{Attribute, Certificate, Days, EndEntityKind, GeneralName, KeyType};

/// A certificate directory as it is judged.
pub(crate) struct Judged {
    directory: PathBuf,
    /// The seven files.
    bundle: Bundle,
    expectations: Expectations,
    findings: Vec<Finding>,
}

/// What a certificate was asked to be on the command line, or in a list.
#[derive(Default)]
pub(crate) struct Asked<'a> {
    /// Names that it is to have.
    pub(crate) names: &'a [GeneralName],
    /// Whether it is to have no others.
    pub(crate) names_alone: bool,
    /// Attributes of its subject, the CommonName among them.
    pub(crate) attributes: Vec<&'a Attribute>,
    pub(crate) days: Option<Days>,
    /// The type of its key, where that is made here.
    pub(crate) key_type: Option<KeyType>,
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

    /// Whether a new server.pem or client.pem helps.
    pub(crate) fn is_own_broken(
        &self,
        kind: EndEntityKind,
        certificate: &Certificate,
    ) -> Result<bool, Error> {
        let (key, own) = FileRole::pair_of(kind);
        let paths = [key, own].map(|role| path_of(&self.directory, role).display().to_string());
        let findings = self.findings.iter().filter(|finding| paths.contains(&finding.place.path));
        self.is_broken(findings, certificate)
    }

    /// The same for something that was issued.
    pub(crate) fn is_issued_broken(
        &self,
        folder: &IssuedFolder,
        files: &EndEntityFiles,
        kind: EndEntityKind,
        certificate: &Certificate,
    ) -> Result<bool, Error> {
        let (key_role, role) = FileRole::pair_of(kind);
        let mut bundle = Bundle::new();
        add(&mut bundle, &folder.directory, key_role, &files.key)?;
        add(&mut bundle, &folder.directory, role, &files.certificate)?;
        let name = files.certificate.folder().map(str::to_owned);
        let issued = Issued { kind, name, output: None, path: folder.path_of(&files.certificate) };
        let findings = IssuedJudge::new(&self.bundle, &self.expectations).judge(&issued, &bundle);
        self.is_broken(findings.iter(), certificate)
    }

    fn is_broken<'f>(
        &self,
        findings: impl Iterator<Item = &'f Finding>,
        certificate: &Certificate,
    ) -> Result<bool, Error> {
        let algorithm = certificate.signature_algorithm();
        let is_about_it = |code| match code {
            // That of an issuer which stands beside it stays.
            Code::WeakSignature | Code::UnsupportedSignature => {
                algorithm.is_weak() || algorithm.is_unknown_to_go()
            }
            _ => true,
        };
        let findings: Vec<_> = findings.filter(|finding| is_about_it(finding.code)).collect();
        let fails = findings.iter().filter(|finding| finding.code.renewal() == Renewal::Fails);
        let fails: Vec<_> = fails.map(|finding| (**finding).clone()).collect();
        broken(&self.directory, &fails)?;
        Ok(findings.iter().any(|finding| finding.code.renewal() == Renewal::Helps))
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

/// By what it is told whether a certificate is due that has no finding.
pub(crate) struct Due<'a> {
    pub(crate) signers: &'a Signers,
    /// What ends within this time is due.
    pub(crate) within: Duration,
    pub(crate) now: OffsetDateTime,
}

impl Due<'_> {
    /// Whether another CA signed a certificate than the one that signs now, it is not as it was asked for, or
    /// it ends soon.
    pub(crate) fn is(
        &self,
        file: &str,
        certificate: &Certificate,
        asked: &Asked<'_>,
        notes: &mut Vec<Note>,
    ) -> Result<bool, Error> {
        Ok(!certificate.is_issued_by(self.signers.current())
            || !asked.is_met(certificate, self.signers)?
            || self.ends_soon(file, certificate, notes))
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

impl Asked<'_> {
    /// Whether a certificate is so.
    fn is_met(&self, certificate: &Certificate, signers: &Signers) -> Result<bool, Error> {
        let has = |name| certificate.names().contains(name);
        let has_names = self.names.iter().all(has)
            && (!self.names_alone || certificate.names().len() == self.names.len());
        let mut subject = certificate.subject().clone();
        for attribute in &self.attributes {
            subject = subject.with(attribute)?;
        }
        let validity = certificate.validity();
        let has_days = self.days.is_none_or(|days| {
            // Where the CA ends earlier, so does the certificate.
            let is_cut = validity.not_after == signers.validity().not_after && validity.days() < days;
            validity.days() == days || is_cut
        });
        let key_type = || certificate.public_key().ok().and_then(|key| key.algorithm().key_type());
        let has_key = self.key_type.is_none_or(|wanted| key_type() == Some(wanted));
        let has_subject = subject.to_string() == certificate.subject().to_string();
        Ok(has_names && has_subject && has_days && has_key)
    }
}
