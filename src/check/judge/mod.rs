//! Judges certificates and keys that belong together.

mod authority;
pub(crate) mod bundle;
mod chain;
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
use crate::check::finding::{Authority, Beside, Remedy};
use crate::check::judge::bundle::Content;
use crate::check::{Bundle, Code, Finding};
use crate::milvus::TlsMode;
use crate::store::{FileMode, FileRole, Interruption, RelativePath, path_of};
use crate::x509::{self, Certificate, EndEntityKind, GeneralName, Problem, SerialCounter};

/// What a bundle is held to.
#[derive(Clone, Debug)]
pub struct Expectations {
    /// The folder of the files, for missing ones and for commands that mend them; none for a Secret,
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
pub fn judge(bundle: &Bundle, expectations: &Expectations) -> Vec<Finding> {
    let mut judge = Judge::of(bundle, expectations);
    judge.presence();
    judge.contents();
    judge.authority();
    for kind in judge.kinds() {
        judge.end_entity(kind);
    }
    judge.keys();
    judge.serials();
    judge.into_findings()
}

/// Judges what is deployed: what it shares with the certificate directory, and what was found already, is
/// not said again.
#[must_use]
pub fn judge_deployed(
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
pub(crate) struct Judge<'a> {
    pub(crate) bundle: &'a Bundle,
    pub(crate) expectations: &'a Expectations,
    /// What the certificates are to be trusted by.
    pub(crate) anchors: &'a [Certificate],
    authority: Authority,
    beside: Option<Beside<'a>>,
    findings: Vec<Finding>,
}

impl<'a> Judge<'a> {
    /// Of what belongs together.
    pub(crate) fn of(bundle: &'a Bundle, expectations: &'a Expectations) -> Self {
        let authority = bundle.authority(expectations.now);
        let anchors = bundle.certificates(FileRole::CaCertificate);
        Self { bundle, expectations, anchors, authority, beside: None, findings: Vec::new() }
    }

    /// Of what lies in a folder of a certificate directory, whose authority this is.
    pub(crate) fn beside(mut self, beside: Beside<'a>, authority: Authority) -> Self {
        (self.beside, self.authority) = (Some(beside), authority);
        self
    }

    pub(crate) fn into_findings(self) -> Vec<Finding> {
        self.findings
    }

    /// Whether this was found.
    pub(crate) fn has_found(&self, codes: &[Code]) -> bool {
        self.findings.iter().any(|finding| codes.contains(&finding.code))
    }

    /// What a file is called.
    pub(crate) fn shown(&self, role: FileRole) -> String {
        let place = self.bundle.file(role).filter(|_| self.beside.is_some()).map(|file| &file.place.path);
        let name = place.and_then(|path| Path::new(path).file_name());
        name.map_or_else(|| role.to_string(), |name| name.to_string_lossy().into_owned())
    }

    /// The end entities that matter in the modes that are judged.
    pub(crate) fn kinds(&self) -> Vec<EndEntityKind> {
        self.expectations.kinds()
    }

    /// Reports something about a file; returns the finding, to say more about it.
    pub(crate) fn report(&mut self, code: Code, role: FileRole, evidence: impl Into<String>) -> &mut Finding {
        self.report_name(code, role, evidence, None)
    }

    /// The same about a name that clients ask for.
    pub(crate) fn report_name(
        &mut self,
        code: Code,
        role: FileRole,
        evidence: impl Into<String>,
        name: Option<&str>,
    ) -> &mut Finding {
        let directory = self.expectations.directory.as_deref();
        let place = match (self.bundle.file(role), directory) {
            (Some(file), _) => file.place.clone(),
            (None, Some(directory)) => Place::file(path_of(directory.as_ref(), role).display().to_string()),
            (None, None) => Place::file(role.file_name()),
        };
        let called = self.bundle.file(role).and_then(|file| file.name.as_ref());
        let evidence = evidence.into();
        let evidence = called.map(|name| format!("{name}: {evidence}")).unwrap_or(evidence);
        let (authority, beside) = (self.authority, self.beside);
        let remedy = Remedy { directory, kind: role.kind(), name, is_key: role.is_key(), authority, beside };
        let index = self.findings.len();
        self.findings.push(Finding::new(code, place, evidence, &remedy).about(role));
        &mut self.findings[index]
    }

    /// What is missing. A folder without `ca.key` is one where Milvus or a client runs.
    fn presence(&mut self) {
        let expectations = self.expectations;
        let Some(directory) = &expectations.directory else { return };
        if let Some(interruption) = self.bundle.interruption() {
            self.findings.push(judge_interruption(interruption, directory, directory));
        }
        if self.bundle.is_empty() {
            self.report(Code::NothingThere, FileRole::CaCertificate, "has none of the seven files").place =
                Place::file(directory.clone());
            return;
        }
        let needed =
            self.kinds().into_iter().map(FileRole::pair_of).flat_map(|(key, certificate)| [key, certificate]);
        for role in std::iter::once(FileRole::CaCertificate).chain(needed) {
            if self.bundle.file(role).is_none() {
                self.report(Code::MissingFile, role, "no such file");
            }
        }
        let has = |role| self.bundle.file(role).is_some();
        match (has(FileRole::CaKey), has(FileRole::CaSerial)) {
            (false, _) => {
                self.report(Code::NoAuthorityKey, FileRole::CaKey, "no such file");
            }
            (true, false) => {
                self.report(Code::SerialFileMissing, FileRole::CaSerial, "no such file");
            }
            (true, true) => {}
        }
    }

    /// What cannot be read as what it should be.
    pub(crate) fn contents(&mut self) {
        for role in FileRole::AS_LISTED {
            let Some(file) = self.bundle.file(role).filter(|_| self.is_judged(role)) else { continue };
            match &file.content {
                Content::Unreadable(reason) => {
                    self.report(Code::UnreadableFile, role, format!("cannot be read: {reason}"));
                }
                Content::Unusable(error) => {
                    self.report(code_of(error), role, error.to_string());
                }
                Content::Serial(content) => self.serial_file(content),
                Content::Certificates(_) | Content::Key(_) => {}
            }
            if file.holds_key && file.mode.is_some_and(FileMode::is_open_to_others) {
                let mode = file.mode.map(|mode| mode.to_string()).unwrap_or_default();
                self.report(Code::KeyReadable, role, format!("has mode {mode}"));
            }
        }
    }

    /// Whether a number can be taken from ca.srl.
    fn serial_file(&mut self, content: &[u8]) {
        let role = FileRole::CaSerial;
        match SerialCounter::parse(content) {
            Err(error) => {
                self.report(Code::SerialFileMalformed, role, error.to_string());
            }
            Ok(counter) if counter.is_exhausted() => {
                self.report(Code::SerialFileExhausted, role, format!("is at its end: {}", counter.last()));
            }
            Ok(_) => {}
        }
    }

    /// Client files do not matter where only one-way TLS is judged.
    fn is_judged(&self, role: FileRole) -> bool {
        role.kind().is_none_or(|kind| self.kinds().contains(&kind))
    }
}

/// What an interrupted run left in a folder of a certificate directory, or in the directory itself.
#[must_use]
pub fn judge_interruption(interruption: &Interruption, folder: &str, directory: &str) -> Finding {
    match interruption {
        Interruption::Own | Interruption::AtWork => {
            let evidence = match interruption {
                Interruption::AtWork => "a run is at work in it, and does not go on",
                _ => "an earlier run was interrupted",
            };
            Finding::in_directory(Code::InterruptedRun, folder.to_owned(), evidence, directory)
        }
        Interruption::NotOwn { journal, reason } => {
            let path = RelativePath::in_directory(*journal).below(Path::new(folder));
            let evidence = format!("is what an interrupted run leaves, but not one of yours: {reason}");
            Finding::in_directory(Code::ForeignJournal, path.display().to_string(), evidence, directory)
        }
    }
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
