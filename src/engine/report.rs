use std::path::Path;

use serde::Serialize;

use crate::base::note::Note;
use crate::engine::notes;
use crate::store::{FileMode, FileRole, Recovery};
use crate::x509::{Certificate, Validity};
use crate::x509::{texts, timestamp};

/// What a command did, or with `dry_run` would do.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Report {
    /// The certificate directory, as it was named.
    pub directory: String,
    /// Whether anything in it is different now.
    pub changed: bool,
    /// Whether the command only looked.
    pub dry_run: bool,
    /// Where the replaced files are.
    pub backup: Option<String>,
    /// The certificates of the directory: authority, server, client.
    pub certificates: Vec<CertificateReport>,
    /// The files that were written, or would be.
    pub files: Vec<FileReport>,
    /// What a person should know.
    pub notes: Vec<Note>,
}

/// What became of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// It is new.
    Created,
    /// It takes the place of another.
    Renewed,
    /// It is as it was.
    Kept,
}

/// A certificate of the directory.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CertificateReport {
    /// `ca`, `server` or `client`.
    pub role: &'static str,
    /// Its path.
    pub path: String,
    /// What became of it.
    pub action: Action,
    /// The subject's CommonName.
    pub common_name: String,
    /// Whose it is.
    pub subject: String,
    /// Who issued it.
    pub issuer: String,
    /// Its serial number in hex; none before it is made.
    pub serial: Option<String>,
    /// Its first second, RFC 3339.
    pub not_before: String,
    /// Its last second, RFC 3339.
    pub not_after: String,
    /// subjectAltName.
    pub names: Vec<String>,
    /// Its key: `rsa2048`, or in words where it is of another kind.
    pub key: String,
    /// SHA-256 of it; none before it is made.
    pub sha256_fingerprint: Option<String>,
}

/// A file that was written.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FileReport {
    /// Its path.
    pub path: String,
    /// Its permissions in octal.
    pub mode: String,
    /// What it is for.
    pub purpose: &'static str,
    /// Who needs it.
    pub for_whom: &'static str,
}

impl Report {
    /// Of a run that has not done anything yet, but perhaps mended what an earlier one left.
    pub(crate) fn new(directory: &Path, dry_run: bool, recovery: Option<Recovery>) -> Self {
        Self {
            directory: directory.display().to_string(),
            // What the earlier run had made is in its place only now.
            changed: recovery == Some(Recovery::Completed),
            dry_run,
            backup: None,
            certificates: Vec::new(),
            files: Vec::new(),
            notes: recovery.map(notes::recovered).into_iter().collect(),
        }
    }

    /// Takes note of what an earlier run left in another folder.
    pub(crate) fn add_recovery(&mut self, recovery: Option<Recovery>) {
        self.changed |= recovery == Some(Recovery::Completed);
        self.notes.extend(recovery.map(notes::recovered));
    }
}

impl CertificateReport {
    pub(crate) fn of(role: &'static str, path: String, action: Action, certificate: &Certificate) -> Self {
        let Validity { not_before, not_after } = certificate.validity();
        Self {
            role,
            path,
            action,
            common_name: certificate.subject().common_name().unwrap_or_default(),
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            serial: Some(certificate.serial().to_string()),
            not_before: timestamp(not_before),
            not_after: timestamp(not_after),
            names: texts(certificate.names()),
            key: key_name(certificate),
            sha256_fingerprint: Some(certificate.fingerprint()),
        }
    }
}

impl FileReport {
    pub(crate) fn of(role: FileRole, path: String, mode: FileMode) -> Self {
        Self { path, mode: mode.to_string(), purpose: role.purpose(), for_whom: role.audience().name() }
    }
}

fn key_name(certificate: &Certificate) -> String {
    match certificate.public_key() {
        Ok(key) => key.key_type().map_or_else(|| key.to_string(), |key_type| key_type.to_string()),
        Err(_) => "unknown".into(),
    }
}
