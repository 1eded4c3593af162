//! Judges certificates and keys that belong together.

mod ca;
mod chain;
mod critical;
mod end_entity;
pub(crate) mod issued;
mod keys;
mod names;
pub(crate) mod rotation;
mod serials;

use std::path::Path;
use std::time::Duration;

use time::OffsetDateTime;

use crate::base::place::Place;
use crate::check::bundle::{Bundle, FileContent};
use crate::check::codes::Code;
use crate::check::finding::Finding;
use crate::check::fix::{CaKey, Context, Location};
use crate::milvus::TlsMode;
use crate::store::{FileMode, FileRole, Interruption, RelativePath, path_of};
use crate::x509::{self, Certificate, EndEntityKind, GeneralName, Problem};

/// What a bundle is held to.
#[derive(Clone, Debug)]
pub(crate) struct Expectations {
    /// The folder of the files, for missing ones and for the commands of fixes; none for a Secret,
    /// which need not hold everything.
    pub directory: Option<String>,
    /// The modes that have to work; client certificates matter only in mutual TLS.
    pub modes: Vec<TlsMode>,
    /// Names that clients ask for.
    pub server_names: Vec<GeneralName>,
    /// A certificate that ends within this time is a finding.
    pub expires_in: Duration,
    /// The time of the judgement.
    pub now: OffsetDateTime,
}

impl Expectations {
    /// Thirty days: time enough to plan a restart.
    pub(crate) const EXPIRES_IN: Duration = Duration::from_secs(30 * 24 * 60 * 60);

    /// To work in these modes for thirty days.
    #[must_use]
    pub(crate) fn new(modes: &[TlsMode], now: OffsetDateTime) -> Self {
        let (modes, expires_in) = (modes.to_vec(), Self::EXPIRES_IN);
        Self { directory: None, modes, server_names: Vec::new(), expires_in, now }
    }

    /// The end entities that matter in the modes that are judged.
    pub(crate) fn kinds(&self) -> Vec<EndEntityKind> {
        match self.modes.contains(&TlsMode::Mutual) {
            true => EndEntityKind::ALL.to_vec(),
            false => vec![EndEntityKind::Server],
        }
    }
}

/// Finds everything that is wrong with certificates and keys that belong together.
#[must_use]
pub(crate) fn judge(bundle: &Bundle, expectations: &Expectations) -> Vec<Finding> {
    let mut judge = BundleJudge::of(bundle, expectations);
    judge.presence();
    judge.contents();
    judge.ca();
    for kind in judge.kinds() {
        judge.end_entity(kind);
    }
    judge.keys();
    judge.serials();
    judge.findings
}

/// Judges what is deployed: what it shares with the certificate directory, and what was found already, is
/// not said again.
pub(crate) fn judge_deployed(
    bundle: &Bundle,
    directory: &Bundle,
    expectations: &Expectations,
    known: &[Finding],
) -> Vec<Finding> {
    let is_directorys = |finding: &Finding| {
        bundle.role_at(&finding.place).is_some_and(|role| bundle.has_same(directory, role))
    };
    let is_known = |finding: &Finding| {
        known.iter().filter(|other| other.code == finding.code).any(|other| {
            other.place == finding.place || other.evidence == finding.evidence && is_directorys(finding)
        })
    };
    let findings = judge(bundle, expectations).into_iter();
    findings.filter(|finding| !is_known(finding)).collect()
}

/// A judgement in the making; each file of this folder adds its part.
pub(crate) struct BundleJudge<'a> {
    bundle: &'a Bundle,
    expectations: &'a Expectations,
    /// What the certificates are to be trusted by.
    anchors: &'a [Certificate],
    ca_key: CaKey,
    location: Location,
    findings: Vec<Finding>,
}

impl<'a> BundleJudge<'a> {
    fn of(bundle: &'a Bundle, expectations: &'a Expectations) -> Self {
        let ca_key = bundle.ca_key(expectations.now);
        let anchors = bundle.certificates(FileRole::CaCertificate);
        Self { bundle, expectations, anchors, ca_key, location: bundle.location(), findings: Vec::new() }
    }

    /// Of what lies in a folder of a certificate directory, whose CA key this is.
    fn beside(bundle: &'a Bundle, expectations: &'a Expectations, location: Location, ca_key: CaKey) -> Self {
        Self { location, ca_key, ..Self::of(bundle, expectations) }
    }

    /// What a file is called.
    fn shown(&self, role: FileRole) -> String {
        let file = self.bundle.file(role).filter(|_| self.location != Location::Directory);
        let name = file.and_then(|file| Path::new(&file.place.path).file_name());
        name.map_or_else(|| role.to_string(), |name| name.to_string_lossy().into_owned())
    }

    /// Whose files are judged: of something that was issued, its own alone.
    fn kinds(&self) -> Vec<EndEntityKind> {
        let mut kinds = self.expectations.kinds();
        if let Some(folder) = &self.bundle.issued {
            kinds.retain(|kind| *kind == folder.kind);
        }
        kinds
    }

    /// Reports something about a file; returns the finding, to say more about it.
    fn report(&mut self, code: Code, role: FileRole, evidence: impl Into<String>) -> &mut Finding {
        self.report_name(code, role, evidence, None)
    }

    /// The same about a name that clients ask for.
    fn report_name(
        &mut self,
        code: Code,
        role: FileRole,
        evidence: impl Into<String>,
        name: Option<GeneralName>,
    ) -> &mut Finding {
        let directory = self.expectations.directory.as_deref();
        let file = self.bundle.file(role);
        let place = match (file, directory) {
            (Some(file), _) => file.place.clone(),
            (None, Some(directory)) => {
                let name =
                    self.bundle.issued.as_ref().map_or(role.file_name().into(), |own| own.name_of(role));
                let path = path_of(directory.as_ref(), RelativePath::in_directory(name));
                Place::file(path.display().to_string())
            }
            (None, None) => Place::file(role.file_name()),
        };
        let (evidence, location) = match file.and_then(|file| file.in_secret.as_ref()) {
            Some(name) => (format!("{name}: {}", evidence.into()), Location::Secret),
            None => (evidence.into(), self.location.clone()),
        };
        let directory = directory.map(str::to_owned);
        let context = Context { directory, role: Some(role), name, ca_key: self.ca_key, location };
        let index = self.findings.len();
        self.findings.push(Finding::new(code, place, evidence, context));
        &mut self.findings[index]
    }

    /// What is missing. A folder without `ca.key` is one where Milvus or a client runs.
    fn presence(&mut self) {
        let Some(directory) = &self.expectations.directory else { return };
        if let Some(interruption) = &self.bundle.interruption {
            self.findings.push(judge_interruption(interruption, directory, directory));
        }
        if self.bundle.is_empty() {
            self.report(Code::NothingThere, FileRole::CaCertificate, "has none of the seven files").place =
                Place::file(directory.clone());
            return;
        }
        let has = |role| self.bundle.file(role).is_some();
        let (has_key, has_serial) = (has(FileRole::CaKey), has(FileRole::CaSerial));
        let needed = self.kinds().into_iter().map(FileRole::pair_of);
        let needed = needed.flat_map(|(key, certificate)| [key, certificate]);
        for role in std::iter::once(FileRole::CaCertificate).chain(needed) {
            if self.bundle.file(role).is_none() {
                self.report(Code::MissingFile, role, "no such file");
            }
        }
        if self.bundle.issued.is_some() {
            return;
        }
        if !has_key {
            self.report(Code::NoAuthorityKey, FileRole::CaKey, "no such file");
        } else if !has_serial {
            self.report(Code::SerialFileMissing, FileRole::CaSerial, "no such file");
        }
    }

    /// What cannot be read as what it should be.
    fn contents(&mut self) {
        for role in FileRole::AS_LISTED {
            let Some(file) = self.bundle.file(role).filter(|_| self.is_judged(role)) else { continue };
            match &file.content {
                FileContent::Unreadable(why) if why.is_denied => {
                    let evidence = format!("is not judged, this user may not read it: {why}");
                    self.report(Code::NotJudged, role, evidence);
                }
                FileContent::Unreadable(reason) => {
                    self.report(Code::UnreadableFile, role, format!("cannot be read: {reason}"));
                }
                FileContent::Unusable(error) => {
                    self.report(code_of(error), role, error.to_string());
                }
                FileContent::Serial(content) => self.serial_file(content),
                FileContent::Certificates(_) | FileContent::Key(_) => {}
            }
            if let Some(mode) = file.mode.filter(|mode| file.holds_key && FileMode::is_open_to_others(*mode))
            {
                self.report(Code::KeyReadable, role, format!("has mode {mode}"));
            }
        }
    }

    /// Client files do not matter where only one-way TLS is judged.
    fn is_judged(&self, role: FileRole) -> bool {
        role.kind().is_none_or(|kind| self.kinds().contains(&kind))
    }
}

/// What an interrupted run left in a folder of a certificate directory, or in the directory itself.
pub(crate) fn judge_interruption(interruption: &Interruption, folder: &str, directory: &str) -> Finding {
    let (code, path, evidence) = match interruption {
        Interruption::Own => {
            (Code::InterruptedRun, folder.to_owned(), "an earlier run was interrupted".to_owned())
        }
        Interruption::AtWork => {
            let evidence = "a run is at work in it, and does not go on".to_owned();
            (Code::InterruptedRun, folder.to_owned(), evidence)
        }
        Interruption::NotOwn { journal, reason } => {
            let path = path_of(Path::new(folder), RelativePath::in_directory(*journal));
            let evidence = format!("is what an interrupted run leaves, but not one of yours: {reason}");
            (Code::ForeignJournal, path.display().to_string(), evidence)
        }
    };
    Finding::in_directory(code, path, evidence, directory)
}

/// The code for a file that does not hold what it should.
fn code_of(error: &x509::Error) -> Code {
    match error.problem() {
        Problem::Empty => Code::EmptyFile,
        Problem::NotPem => Code::NotPem,
        Problem::Utf16 => Code::Utf16,
        Problem::ByteOrderMark => Code::ByteOrderMark,
        Problem::FoldedPem => Code::FoldedPem,
        _ => Code::DamagedFile,
    }
}
