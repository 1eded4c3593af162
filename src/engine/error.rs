use std::collections::HashSet;
use std::path::{Path, PathBuf};

use time::OffsetDateTime;

use crate::engine::inventory::Unvouched;
use crate::engine::{Action, Report, RotationState};
use crate::check::Finding;
use crate::base::place::Place;
use crate::deploy::platforms::TLS_FOLDER;
use crate::x509::{self, EndEntityKind, moment};
use crate::base::text::{listed, shell_quoted};
use crate::store::{self, FileRole, IssuedName, Recovery};

/// Why a command could not do its work. Unless it says that a part was done, or the store that a run
/// is unfinished, nothing has changed; serial numbers may be used up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The directory or a file in it.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A file that cannot be read.
    #[error("{}: cannot be read: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The content of a file.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: x509::Error,
    },
    /// A CA that was given, and is not one of this program's directory.
    #[error("{}: {source}", path.display())]
    GivenCa {
        /// The file of its certificate.
        path: PathBuf,
        /// What is wrong with it.
        source: x509::Error,
    },
    /// A certificate that is to be renewed cannot be read.
    #[error("{}: {source}", path.display())]
    OldCertificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: x509::Error,
    },
    /// A run failed, and what it had staged could not be removed.
    #[error("{source}; and what it had written cannot be removed: {}: {reason}", path.display())]
    LeftBehind {
        /// Why it failed.
        source: Box<Error>,
        /// What is left.
        path: PathBuf,
        /// Why.
        reason: std::io::Error,
    },
    /// The run failed, but not before it had mended what an earlier one left.
    #[error("{source}; an earlier run had been interrupted, and was {} first", outcome(*recovery))]
    AfterRecovery {
        /// What became of the earlier run.
        recovery: Recovery,
        /// Why this one failed.
        source: Box<Error>,
    },
    /// A clock that nobody has set.
    #[error("the clock of this machine says {}, a time before this program was made", moment(*now))]
    ClockBehind {
        /// What it says.
        now: OffsetDateTime,
    },
    /// What was asked for.
    #[error(transparent)]
    Request(#[from] x509::Error),
    /// What was made would not work: the authority does not permit it.
    #[error("the new certificates would be refused, so nothing was changed: {source}")]
    Unverifiable {
        /// What the verifier said.
        source: x509::Error,
    },
    /// `gen` where files are already.
    #[error("{}: already has {}", directory.display(), files_listed(files))]
    FilesPresent {
        /// The directory.
        directory: PathBuf,
        /// The files.
        files: Vec<FileRole>,
    },
    /// `gen --if-missing` where only some of the files are.
    #[error("{}: is incomplete, {} missing", directory.display(), listed_with_verb(missing))]
    Incomplete {
        /// The directory.
        directory: PathBuf,
        /// The files that are not there.
        missing: Vec<FileRole>,
    },
    /// `renew` without an authority.
    #[error("{}: no such file, and nothing can be renewed without it", path.display())]
    AuthorityMissing {
        /// The directory.
        directory: PathBuf,
        /// The file that is not there.
        path: PathBuf,
    },
    /// What `check` finds in a directory that is to be deployed or connected with.
    #[error("{}: would not work: {}", directory.display(), counted(findings.len()))]
    Unfit {
        /// The directory.
        directory: PathBuf,
        /// What is wrong with it; errors alone.
        findings: Vec<Finding>,
    },
    /// A server certificate without a name that can be asked for as it stands.
    #[error("{}: has no name but wildcards, so it does not say what Milvus is called", path.display())]
    NoServerName {
        /// The certificate.
        path: PathBuf,
    },
    /// The authority's key lies where the container would get it.
    #[error("{}: is in the folder that Milvus' container gets, and must not be", path.display())]
    AuthorityInTlsFolder {
        /// The key.
        path: PathBuf,
    },
    /// The operating system denies what network connections need.
    #[error("cannot make network connections: {source}")]
    NoRuntime {
        /// Why.
        source: std::io::Error,
    },
    /// The file that lists what is to be issued.
    #[error("{place}: {reason}")]
    FleetMalformed {
        /// Where.
        place: Place,
        /// What is wrong there.
        reason: String,
    },
    /// `issue` with a name twice.
    #[error("{name} is named twice")]
    NamedTwice {
        /// The name.
        name: IssuedName,
    },
    /// A certificate that is not reissued as it lies there.
    #[error("{}: is not reissued: {reason}", path.display())]
    Unvouched {
        /// The certificate.
        path: PathBuf,
        /// Why not.
        reason: Unvouched,
        /// What it is for.
        kind: EndEntityKind,
        /// What it is called; nothing for server.pem and client.pem.
        name: Option<IssuedName>,
        /// The certificate directory.
        directory: PathBuf,
    },
    /// What `check` finds in a directory whose certificates are to be left alone, or where a renewal would not
    /// help.
    #[error("{}: {}{}", finding.place, finding.evidence, and_more(*more))]
    Broken {
        /// The directory.
        directory: PathBuf,
        /// The first error.
        finding: Box<Finding>,
        /// How many more there are.
        more: usize,
    },
    /// Several certificates that cannot be renewed.
    #[error("{}", sources.iter().map(Self::to_string).collect::<Vec<_>>().join("; "))]
    Several {
        /// Why each of them cannot.
        sources: Vec<Error>,
    },
    /// A certificate that was issued cannot be read.
    #[error("{source}")]
    IssuedUnusable {
        /// Which, and what is wrong with it.
        source: Box<Error>,
        /// What it is called.
        name: IssuedName,
        /// The certificate directory.
        directory: PathBuf,
    },
    /// `renew` with a name that the inventory does not have.
    #[error("nothing called {name} was issued here")]
    NotIssued {
        /// The name.
        name: IssuedName,
        /// The certificate directory.
        directory: PathBuf,
    },
    /// `renew` with a name under which nothing is any more.
    #[error("{}: no such file any more, so there is nothing to renew", path.display())]
    Withdrawn {
        /// The certificate that was there.
        path: PathBuf,
        /// What it was called.
        name: IssuedName,
        /// The certificate directory.
        directory: PathBuf,
    },
    /// `issue` with a name under which there is something.
    #[error("{}: was issued already", folder.display())]
    AlreadyIssued {
        /// The folder of that name.
        folder: PathBuf,
        /// The name.
        name: IssuedName,
        /// The certificate directory.
        directory: PathBuf,
    },
    /// A step of `rotate-ca` that is not the next one.
    #[error("{}: {}", directory.display(), out_of_turn(*state, *left))]
    RotationOutOfTurn {
        /// The directory.
        directory: PathBuf,
        /// How far the replacement is.
        state: RotationState,
        /// How many certificates of the old authority are left.
        left: usize,
    },
    /// `rotate-ca finish` while something may be of the old CA.
    #[error("the old CA stays in ca.pem, because a certificate may be of it: {source}")]
    OldCaNeeded {
        /// What, and why it is not of the new one.
        source: Box<Error>,
    },
    /// A private key lies where a signing request's certificate would.
    #[error("{}: is another key than that of the request", path.display())]
    KeyInTheWay {
        /// The key.
        path: PathBuf,
    },
    /// A name that is taken but for its case.
    #[error("{}: is there, and on some disks a name that differs only in case is the same", path.display())]
    OtherSpelling {
        /// The folder.
        path: PathBuf,
    },
    /// A folder that was named with `issue --out` is not there.
    #[error("{}: no such folder, and {} in the inventory should be in it", path.display(), match count { 1 => "1 certificate".to_owned(), more => format!("{more} certificates") })]
    OutputGone {
        /// The folder.
        path: PathBuf,
        /// How many certificates.
        count: usize,
    },
    /// `issue --out` with the certificate directory itself.
    #[error("{}: is the certificate directory itself, and what is issued needs a folder of its own", path.display())]
    OutputIsDirectory {
        /// The folder.
        path: PathBuf,
    },
    /// Of many certificates some were issued before the run failed.
    #[error("{source}; {done} of {total} certificates were issued before, and are in their places")]
    AfterSome {
        /// How many were issued.
        done: usize,
        /// How many were to be.
        total: usize,
        /// Why no more.
        source: Box<Error>,
    },
    /// Of several changes some were made before the run failed.
    #[error("{source}; {done}")]
    AfterPart {
        /// What was done, and stays.
        done: String,
        /// Why no more.
        source: Box<Error>,
    },
    /// A line of `issued/index.jsonl` that no run wrote.
    #[error("{}: line {line} is damaged: {reason}", path.display())]
    InventoryDamaged {
        /// The inventory.
        path: PathBuf,
        /// The line, counted from one.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// `renew --reuse-key` without a key.
    #[error("{}: no such file, so there is no key to use again", path.display())]
    KeyMissing {
        /// The file that is not there.
        path: PathBuf,
    },
}

impl Error {
    /// The next step.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Store(error) => error.hint(),
            Self::AfterRecovery { source, .. } => source.hint(),
            Self::LeftBehind { source, path, .. } => {
                let remove =
                    format!("`rm -r {}` removes what is left", shell_quoted(&path.display().to_string()));
                Some(source.hint().map_or(remove.clone(), |hint| format!("{hint}; {remove}")))
            }
            Self::Unreadable { path, .. } => Some(format!(
                "`ls -ld {}` shows what is there; it has to be a regular file of at most 1 MiB that you may read",
                shell_quoted(&path.display().to_string())
            )),
            Self::File { path, source } => source.hint(&path.display().to_string()),
            Self::OldCertificate { path, .. } => Some(spelled_out(path)),
            Self::Unvouched { path, kind, name, directory, .. } => {
                let look = format!("milvus-certs inspect {}", shell_quoted(&path.display().to_string()));
                let (called, anew) = match name {
                    Some(name) => (name.to_string(), format!("issue {kind} {name} --force")),
                    None => (kind.to_string(), renewed_as_named(*kind)),
                };
                let adopt = command(&format!("renew --adopt {called}"), directory);
                let anew = command(&anew, directory);
                Some(format!(
                    "`{look}` shows it; if all that it says is meant, `{adopt}` reissues it; otherwise `{anew}` makes another"
                ))
            }
            Self::Several { sources } => sources.first().and_then(Self::hint),
            Self::OldCaNeeded { source } => source.hint(),
            Self::GivenCa { path, source } => match source {
                x509::Error::AuthorityExpired { .. } => Some(
                    "have it renewed by whoever made it; without --ca-cert and --ca-key a new CA is made"
                        .into(),
                ),
                source => source.hint(&path.display().to_string()),
            },
            Self::ClockBehind { .. } => {
                Some("`date -u` shows that clock: set it, then run this again".into())
            }
            Self::Request(error) => error.hint("FILE"),
            Self::Unverifiable { .. } => Some(
                "ask for names that the CA permits, or use another CA: `milvus-certs gen -d NEW` makes one"
                    .into(),
            ),
            Self::FilesPresent { directory, .. } => Some(format!(
                "`{}` makes new certificates from this authority; `gen --force` replaces all files and keeps a backup; `gen --if-missing` leaves a valid directory alone",
                command("renew", directory)
            )),
            Self::Incomplete { directory, missing } => Some(
                match missing.iter().any(|role| [FileRole::CaKey, FileRole::CaCertificate].contains(role)) {
                    true => format!(
                        "`{}` makes all files anew and keeps a backup",
                        command("gen --force", directory)
                    ),
                    false => format!("`{}` makes what is missing", command("renew", directory)),
                },
            ),
            Self::AuthorityMissing { directory, .. } => Some(format!(
                "put it back from a backup, or start a new authority with `{}`",
                command("gen --force", directory)
            )),
            Self::Unfit { directory, .. } => {
                Some(format!("mend it, then run this again; `{}` says more", command("check", directory)))
            }
            Self::Broken { directory, .. } => {
                Some(format!("`{}` says why it matters and what helps", command("check", directory)))
            }
            Self::NoServerName { .. } => {
                Some("name the host with --sni, or for `connect` with --server-name".into())
            }
            Self::AuthorityInTlsFolder { .. } => Some(format!(
                "keep certificates and ca.key in a folder of another name, such as certs, and let {TLS_FOLDER} have copies"
            )),
            Self::NoRuntime { .. } => {
                Some("raise the limit of open files (`ulimit -n`), then run this again".into())
            }
            Self::FleetMalformed { .. } => {
                Some("`milvus-certs issue --help` shows what such a file says".into())
            }
            Self::NamedTwice { .. } => Some("name it once; names that differ only in case are one".into()),
            Self::IssuedUnusable { name, directory, .. } => Some(format!(
                "restore it from a backup, or `{}` issues another",
                command(&format!("issue client {name} --force"), directory)
            )),
            Self::NotIssued { name, directory } => Some(format!(
                "`{}` lists what was; `{}` issues it",
                match directory.display().to_string().as_str() {
                    "." => "milvus-certs inspect".to_owned(),
                    directory => format!("milvus-certs inspect {}", shell_quoted(directory)),
                },
                command(&format!("issue client {name}"), directory)
            )),
            Self::RotationOutOfTurn { directory, state, .. } => Some(match state {
                RotationState::None => format!("`{}` begins", command("rotate-ca begin", directory)),
                RotationState::Begun | RotationState::Issuing => {
                    format!("`{}` goes on", command("rotate-ca issue", directory))
                }
                RotationState::Issued => format!("`{}` ends it", command("rotate-ca finish", directory)),
            }),
            Self::KeyInTheWay { .. } => Some("move it away, or give the certificate another NAME".into()),
            Self::OtherSpelling { .. } => Some("use that name as it is, or another one".into()),
            Self::Withdrawn { name, directory, .. } => Some(format!(
                "`{}` issues it again",
                command(&format!("issue client {name} --force"), directory)
            )),
            Self::AlreadyIssued { name, directory, .. } => Some(format!(
                "`{}` renews it; --force issues another, and keeps this one in a backup",
                command(&format!("renew {name}"), directory)
            )),
            Self::OutputGone { path, .. } => Some(format!(
                "mount it or put it back; if what was in it is withdrawn: `mkdir -p {}`",
                shell_quoted(&path.display().to_string())
            )),
            Self::OutputIsDirectory { .. } => Some("leave --out out, or name another folder".into()),
            Self::AfterSome { source, .. } | Self::AfterPart { source, .. } => {
                source.hint().map(|hint| format!("{hint}; run the same again, and it goes on from there"))
            }
            Self::InventoryDamaged { path, line, .. } => Some(format!(
                "restore it from a backup, or remove the line: `sed -i {line}d {}`; without it nothing knows that its serial number is in use",
                shell_quoted(&path.display().to_string())
            )),
            Self::KeyMissing { .. } => Some("leave --reuse-key out to make a new key".into()),
        }
    }

    /// Whether a passphrase for ca.key would have helped.
    #[must_use]
    pub fn needs_passphrase(&self) -> bool {
        match self {
            Self::File { source, .. } => matches!(source, x509::Error::KeyEncrypted),
            Self::AfterRecovery { source, .. }
            | Self::LeftBehind { source, .. }
            | Self::AfterSome { source, .. }
            | Self::AfterPart { source, .. } => source.needs_passphrase(),
            _ => false,
        }
    }

    /// This error, and that an earlier run was mended before it.
    pub(crate) fn after(self, recovery: Option<Recovery>) -> Self {
        match recovery {
            Some(recovery) => Self::AfterRecovery { recovery, source: Box::new(self) },
            None => self,
        }
    }

    /// This error, and that a part of the work was done before it.
    pub(crate) fn after_some(self, done: usize, total: usize) -> Self {
        match done {
            0 => self,
            _ => Self::AfterSome { done, total, source: Box::new(self) },
        }
    }

    /// This error; and if a change had been made before it, which.
    pub(crate) fn after_part(self, report: &Report) -> Self {
        const LISTED: usize = 3;
        if report.files.is_empty() || matches!(self, Self::AfterSome { .. }) {
            return self;
        }
        let made = report.certificates.iter().filter(|found| found.action != Action::Kept);
        let made: Vec<_> = made.map(|found| found.path.as_str()).collect();
        let done = match made.as_slice() {
            [] => "what was done before stays".into(),
            [one] => format!("{one} was made before, and stays"),
            more if more.len() <= LISTED => format!("{} were made before, and stay", listed(more)),
            more => format!(
                "{} and {} more certificates were made before, and stay",
                more[..LISTED].join(", "),
                more.len() - LISTED
            ),
        };
        Self::AfterPart { done, source: Box::new(self) }
    }

    /// This error, where it is about one certificate and keeps no other from being renewed.
    ///
    /// # Errors
    /// This error, where it is the file system's.
    pub(crate) fn of_one_certificate(self) -> Result<Self, Self> {
        if matches!(self, Self::Store(_)) { Err(self) } else { Ok(self) }
    }

    /// One of these, or all of them, each once.
    pub(crate) fn of_all(mut errors: Vec<Self>) -> Result<(), Self> {
        let mut said = HashSet::new();
        errors.retain(|error| said.insert(error.to_string()));
        match errors.len() {
            0 => Ok(()),
            1 => Err(errors.swap_remove(0)),
            _ => Err(Self::Several { sources: errors }),
        }
    }

    /// This error, where it is about a certificate that was issued.
    pub(crate) fn of_issued(self, name: &IssuedName, directory: &Path) -> Self {
        match self {
            Self::OldCertificate { .. } => Self::IssuedUnusable {
                source: Box::new(self),
                name: name.clone(),
                directory: directory.to_owned(),
            },
            other => other,
        }
    }

    /// These findings, if there are any.
    pub(crate) fn broken(directory: &Path, mut findings: Vec<Finding>) -> Result<(), Self> {
        if findings.is_empty() {
            return Ok(());
        }
        let finding = Box::new(findings.remove(0));
        Err(Self::Broken { directory: directory.to_owned(), finding, more: findings.len() })
    }

    pub(crate) fn in_file(path: impl Into<PathBuf>) -> impl FnOnce(x509::Error) -> Self {
        let path = path.into();
        |source| Self::File { path, source }
    }
}

/// A command line that a person can paste.
pub(crate) fn command(verb: &str, directory: &Path) -> String {
    match directory.display().to_string().as_str() {
        "." => format!("milvus-certs {verb}"),
        path => format!("milvus-certs {verb} -d {}", shell_quoted(path)),
    }
}

/// What helps where server.pem or client.pem does not say any more whose it is.
fn spelled_out(path: &Path) -> String {
    let directory = path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
    let is_client = path.file_name().is_some_and(|name| name == FileRole::ClientCertificate.file_name());
    let kind = if is_client { EndEntityKind::Client } else { EndEntityKind::Server };
    format!(
        "restore it from a backup; or `{}` makes one with the name that you give",
        command(&renewed_as_named(kind), directory)
    )
}

/// The command that makes a certificate with the name that is given.
fn renewed_as_named(kind: EndEntityKind) -> String {
    match kind {
        EndEntityKind::Server => "renew server --common-name NAME".into(),
        EndEntityKind::Client => "renew client --client-name NAME".into(),
    }
}

/// What became of an interrupted run, in one word.
pub(crate) fn outcome(recovery: Recovery) -> &'static str {
    match recovery {
        Recovery::Completed => "completed",
        Recovery::RolledBack => "undone",
        Recovery::RolledBackKeepingCa => {
            "undone, with its CA, which somebody may have used, kept in the newest folder backup-undone,"
        }
    }
}

fn out_of_turn(state: RotationState, left: usize) -> String {
    match state {
        RotationState::None => "no new authority was begun".into(),
        RotationState::Begun => "a new authority was begun, and has issued nothing yet".into(),
        RotationState::Issuing if left == 0 => "a run of the new authority was interrupted".into(),
        RotationState::Issuing => match left {
            1 => "the new authority has still to issue 1 certificate again".into(),
            more => format!("the new authority has still to issue {more} certificates again"),
        },
        RotationState::Issued => {
            "the new authority has issued everything, and ca.pem still trusts the old one".into()
        }
    }
}

fn and_more(errors: usize) -> String {
    match errors {
        0 => String::new(),
        more => format!("; and {} more", counted(more)),
    }
}

fn counted(errors: usize) -> String {
    match errors {
        1 => "1 error".into(),
        more => format!("{more} errors"),
    }
}

fn files_listed(files: &[FileRole]) -> String {
    listed(&files.iter().map(|role| role.file_name()).collect::<Vec<_>>())
}

fn listed_with_verb(files: &[FileRole]) -> String {
    let verb = if files.len() == 1 { "is" } else { "are" };
    format!("{} {verb}", files_listed(files))
}
