use std::path::{Path, PathBuf};

use time::OffsetDateTime;

use crate::base::error::Error;
use crate::base::text::{command, counted, shell_quoted};
use crate::check::bundle::Bundle;
use crate::check::certificates::{Expectations, judge};
use crate::check::codes::{Code, Severity};
use crate::check::finding::Finding;
use crate::milvus::TlsMode;
use crate::store::{FileRole, IssuedFolder, SeenFile, Survey};
use crate::x509::{Certificate, EndEntityKind, GeneralName};

/// A certificate directory, or files that lie anywhere, that `check` finds no error in: as they were judged.
pub(crate) struct FitDirectory {
    survey: Survey,
    bundle: Bundle,
}

/// What a directory has to be fit for.
pub(crate) struct Purpose<'a> {
    pub(crate) mode: TlsMode,
    /// Names that server.pem has to cover.
    pub(crate) server_names: &'a [GeneralName],
    /// Files that may be missing, or unreadable to this user.
    pub(crate) not_needed: &'a [FileRole],
    /// Whose key and certificate are used.
    pub(crate) needs: Option<EndEntityKind>,
}

impl FitDirectory {
    /// Looks at a directory and judges it.
    ///
    /// # Errors
    /// If it cannot be looked at, or would not work: then with what `check` finds.
    pub(crate) fn judge(path: &Path, purpose: &Purpose<'_>, now: OffsetDateTime) -> Result<Self, Error> {
        Self::of(Survey::of(path)?, purpose, now)
    }

    /// Judges files that lie anywhere.
    ///
    /// # Errors
    /// As for a directory.
    pub(crate) fn judge_files(
        files: Vec<(FileRole, PathBuf)>,
        purpose: &Purpose<'_>,
        now: OffsetDateTime,
    ) -> Result<Self, Error> {
        Self::of(Survey::of_files(files)?, purpose, now)
    }

    fn of(survey: Survey, purpose: &Purpose<'_>, now: OffsetDateTime) -> Result<Self, Error> {
        let path = &survey.path;
        if let (Some(IssuedFolder { name, kind }), Some(needed)) = (&survey.issued, purpose.needs)
            && *kind != needed
        {
            let message = format!("{}: was issued to the {kind} {name}, not to a {needed}", path.display());
            let hint = format!("`milvus-certs issue -d DIR {needed} NAME` issues one, where ca.key is");
            return Err(Error::new(message).with_hint(hint));
        }
        let bundle = Bundle::of(&survey);
        let expectations = Expectations {
            directory: survey.named.is_empty().then(|| path.display().to_string()),
            server_names: purpose.server_names.to_vec(),
            ..Expectations::new(&[purpose.mode], now)
        };
        let directory = Self { survey, bundle };
        let may_be_missing: Vec<_> = purpose
            .not_needed
            .iter()
            .filter(|role| directory.file(**role).is_none())
            .map(|role| directory.path_of(*role).display().to_string())
            .collect();
        let (interrupted, findings): (Vec<_>, Vec<_>) = judge(&directory.bundle, &expectations)
            .into_iter()
            .partition(|finding| [Code::InterruptedRun, Code::ForeignJournal].contains(&finding.code));
        // The CA's key and ca.srl are for who issues.
        let is_read = |path: &str| {
            let not_read = purpose.not_needed.iter().chain(&[FileRole::CaKey, FileRole::CaSerial]);
            !not_read.map(|role| directory.path_of(*role).display().to_string()).any(|other| other == path)
        };
        let stands_in_the_way = |finding: &Finding| match finding.code {
            Code::NotJudged => is_read(&finding.place.path),
            code => code.severity() == Severity::Error && !may_be_missing.contains(&finding.place.path),
        };
        let errors: Vec<_> = findings.into_iter().filter(stands_in_the_way).collect();
        match errors.is_empty() {
            true => Ok(directory),
            // An interrupted run may be why.
            false => {
                let findings = errors.into_iter().chain(interrupted).collect();
                let Survey { path, named, .. } = directory.survey;
                let named: Vec<_> = named.iter().map(|(_, path)| path.display().to_string()).collect();
                let (looked_at, more) = match named.is_empty() {
                    true => (path.display().to_string(), command("check", &path)),
                    false => {
                        let quoted: Vec<_> = named.iter().map(|path| shell_quoted(path)).collect();
                        (named.join(", "), format!("milvus-certs inspect {}", quoted.join(" ")))
                    }
                };
                Err(Unfit { looked_at, more, findings }.into())
            }
        }
    }

    pub(crate) fn path_of(&self, role: FileRole) -> PathBuf {
        self.survey.path_of(role)
    }

    /// Whose it is, where it is the folder of something that was issued.
    pub(crate) fn issued(&self) -> Option<&IssuedFolder> {
        self.survey.issued.as_ref()
    }

    pub(crate) fn file(&self, role: FileRole) -> Option<&SeenFile> {
        self.survey.file(role)
    }

    /// The content of a file; empty where there is none.
    pub(crate) fn content(&self, role: FileRole) -> &[u8] {
        self.file(role).and_then(|file| file.content.as_deref().ok()).map_or(&[], |content| content)
    }

    /// The certificates of a file.
    pub(crate) fn certificates(&self, role: FileRole) -> &[Certificate] {
        self.bundle.certificates(role)
    }

    /// The server's or client's own certificate.
    pub(crate) fn end_entity(&self, role: FileRole) -> Option<&Certificate> {
        self.bundle.end_entity(role)
    }
}

/// What `check` finds in what is to be deployed or connected with; errors alone.
#[derive(Debug)]
pub struct Unfit {
    looked_at: String,
    /// The command that says more.
    more: String,
    /// What is wrong with it.
    pub findings: Vec<Finding>,
}

impl std::error::Error for Unfit {}

impl std::fmt::Display for Unfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: would not work: {}", self.looked_at, counted(self.findings.len(), "error"))
    }
}

impl From<Unfit> for Error {
    fn from(unfit: Unfit) -> Self {
        Self::new(unfit.to_string())
            .with_hint(format!("correct it, then run this again; `{}` says more", unfit.more))
            .with_cause(unfit)
    }
}
