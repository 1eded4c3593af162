//! The errors that several places of the engine raise, each with its words and its hint.

use std::path::Path;

use super::inventory::Unvouched;
use super::notes::outcome;
use super::{Action, Report, RotationState};
use crate::base::error::{Error, ErrorKind};
use crate::base::text::{command, listed, shell_quoted};
use crate::check::Finding;
use crate::store::{FileRole, IssuedName, Recovery};
use crate::x509::{self, EndEntityKind};

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn quoted(path: &Path) -> String {
    shell_quoted(&shown(path))
}

/// The content of server.pem or client.pem, which does not say any more whose it is.
pub(crate) fn old_certificate(path: &Path, source: x509::Error) -> Error {
    let directory = path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
    let is_client = path.file_name().is_some_and(|name| name == FileRole::ClientCertificate.file_name());
    let kind = if is_client { EndEntityKind::Client } else { EndEntityKind::Server };
    let renew = command(&renewed_as_named(kind), directory);
    Error::new(format!("{}: {source}", shown(path)))
        .with_hint(format!("restore it from a backup; or `{renew}` makes one with the name that you give"))
        .with_cause(source)
}

/// The content of a certificate that was issued.
pub(crate) fn old_issued(path: &Path, source: x509::Error, name: &IssuedName, directory: &Path) -> Error {
    let again = command(&format!("issue client {name} --force"), directory);
    Error::new(format!("{}: {source}", shown(path)))
        .with_hint(format!("restore it from a backup, or `{again}` issues another"))
        .with_cause(source)
}

/// The command that makes a certificate with the name that is given.
fn renewed_as_named(kind: EndEntityKind) -> String {
    match kind {
        EndEntityKind::Server => "renew server --common-name NAME".into(),
        EndEntityKind::Client => "renew client --client-name NAME".into(),
    }
}

/// A certificate that is not reissued as it lies there; `name` is nothing for server.pem and client.pem.
pub(crate) fn unvouched(
    path: &Path,
    reason: &Unvouched,
    kind: EndEntityKind,
    name: Option<&IssuedName>,
    directory: &Path,
) -> Error {
    let look = format!("milvus-certs inspect {}", quoted(path));
    let (called, anew) = match name {
        Some(name) => (name.to_string(), format!("issue {kind} {name} --force")),
        None => (kind.to_string(), renewed_as_named(kind)),
    };
    let adopt = command(&format!("renew --adopt {called}"), directory);
    let anew = command(&anew, directory);
    Error::new(format!("{}: is not reissued: {reason}", shown(path))).of_kind(ErrorKind::Unvouched).with_hint(format!(
        "`{look}` shows it; if all that it says is meant, `{adopt}` reissues it; otherwise `{anew}` makes another"
    ))
}

/// A file of the CA that is not there.
pub(crate) fn output_gone(path: &Path, count: usize) -> Error {
    let certificates = if count == 1 { "1 certificate".to_owned() } else { format!("{count} certificates") };
    Error::new(format!(
        "{}: no such folder, and {certificates} in the inventory should be in it",
        shown(path)
    ))
    .with_hint(format!(
        "mount it or put it back; if what was in it is withdrawn: `mkdir -p {}`",
        quoted(path)
    ))
}

/// A private key lies where a signing request's certificate would.
pub(crate) fn key_in_the_way(path: &Path) -> Error {
    Error::new(format!("{}: is another key than that of the request", shown(path)))
        .of_kind(ErrorKind::AlreadyThere)
        .with_hint("move it away, or give the certificate another NAME".to_owned())
}

/// A step of `rotate-ca` that is not the next one; `left` is how many certificates of the old CA are left.
pub(crate) fn out_of_turn(directory: &Path, state: RotationState, left: usize) -> Error {
    let what = match (state, left) {
        (RotationState::None, _) => "no new CA was begun".into(),
        (RotationState::Begun, _) => "a new CA was begun, and has issued nothing yet".into(),
        (RotationState::Issuing, 0) => "a run of the new CA was interrupted".into(),
        (RotationState::Issuing, 1) => "the new CA has still to issue 1 certificate again".into(),
        (RotationState::Issuing, more) => format!("the new CA has still to issue {more} certificates again"),
        (RotationState::Issued, _) => {
            "the new CA has issued everything, and ca.pem still trusts the old one".into()
        }
    };
    let (step, does) = match state {
        RotationState::None => ("begin", "begins"),
        RotationState::Begun | RotationState::Issuing => ("issue", "goes on"),
        RotationState::Issued => ("finish", "ends it"),
    };
    let next = command(&format!("rotate-ca {step}"), directory);
    Error::new(format!("{}: {what}", shown(directory)))
        .of_kind(ErrorKind::OutOfTurn)
        .with_hint(format!("`{next}` {does}"))
}

/// What `check` finds, if anything.
pub(crate) fn broken(directory: &Path, findings: &[Finding]) -> Result<(), Error> {
    let Some((finding, more)) = findings.split_first() else { return Ok(()) };
    let more = match more.len() {
        0 => String::new(),
        1 => "; and 1 error more".into(),
        more => format!("; and {more} errors more"),
    };
    let check = command("check", directory);
    Err(Error::new(format!("{}: {}{more}", finding.place, finding.evidence))
        .with_hint(format!("`{check}` says why it matters and what helps")))
}

/// These files, as a person lists them.
pub(crate) fn files_listed(files: &[FileRole]) -> String {
    listed(&files.iter().map(|role| role.file_name()).collect::<Vec<_>>())
}

impl Error {
    /// This error, and that an interrupted run was completed or undone before it.
    pub(crate) fn after_recovery(self, recovery: Option<Recovery>) -> Self {
        match recovery {
            Some(recovery) => self
                .after(&format!("an earlier run had been interrupted, and was {} first", outcome(recovery))),
            None => self,
        }
    }

    /// This error, and that a part of the certificates was issued before it.
    pub(crate) fn after_some(self, done: usize, total: usize) -> Self {
        match done {
            0 => self,
            _ => self.after_part_of_the_work(&format!(
                "{done} of {total} certificates were issued before, and are in their places"
            )),
        }
    }

    /// This error; and if a change had been made before it, which.
    pub(crate) fn after_part(self, report: &Report) -> Self {
        const LISTED: usize = 3;
        if report.files.is_empty() || self.has_changed() {
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
        self.after_part_of_the_work(&done)
    }

    fn after_part_of_the_work(self, done: &str) -> Self {
        let error = self.after(done);
        match error.hint() {
            Some(_) => error.and_hint("run the same again, and it goes on from there"),
            None => error,
        }
    }

    /// This error, where it is about one certificate and keeps no other from being renewed.
    ///
    /// # Errors
    /// This error, where it is the file system's.
    pub(crate) fn of_one_certificate(self) -> Result<Self, Self> {
        match self.kind() {
            ErrorKind::NoFolder
            | ErrorKind::NotAFile
            | ErrorKind::Interrupted
            | ErrorKind::Blocked
            | ErrorKind::Unfinished
            | ErrorKind::FileSystem => Err(self),
            _ => Ok(self),
        }
    }
}
