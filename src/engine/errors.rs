//! The errors that several places of the engine raise, each with its words and its hint.

use std::path::Path;

use crate::base::error::{Error, ErrorKind};
use crate::base::text::{command, counted, listed, shell_quoted};
use crate::check::Finding;
use crate::engine::notes::outcome;
use crate::engine::signers::Unvouched;
use crate::store::{FileRole, IssuedName, Recovery};
use crate::x509::EndEntityKind;

fn quoted(path: &Path) -> String {
    shell_quoted(&path.display().to_string())
}

/// The command that makes server.pem or client.pem with the name that is given.
pub(crate) fn renewed_as_named(kind: EndEntityKind) -> String {
    match kind {
        EndEntityKind::Server => "renew server --common-name NAME".into(),
        EndEntityKind::Client => "renew client --client-name NAME".into(),
    }
}

/// A certificate that is not reissued as it lies there; `name` is none for server.pem and client.pem.
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
    Error::new(format!("{}: is not reissued: {reason}", path.display()))
        .of_kind(ErrorKind::Unvouched)
        .with_hint(format!(
            "`{look}` shows it; if all that it says is meant, `{adopt}` reissues it; otherwise `{anew}` makes another"
        ))
}

/// A folder that was named with `issue --out` is not there.
pub(crate) fn output_gone(path: &Path, count: usize) -> Error {
    let (shown, certificates) = (path.display(), counted(count, "certificate"));
    let mkdir = format!("mkdir -p {}", quoted(path));
    Error::new(format!("{shown}: no such folder, and {certificates} in the inventory should be in it"))
        .with_hint(format!("mount it or put it back; if what was in it is withdrawn: `{mkdir}`"))
}

/// What `check` finds, if anything.
pub(crate) fn broken(directory: &Path, findings: &[Finding]) -> Result<(), Error> {
    let Some((finding, more)) = findings.split_first() else { return Ok(()) };
    let more = match more.len() {
        0 => String::new(),
        more => format!("; and {}", counted(more, "more error")),
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
