//! What a run did, or with `dry_run` would do.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::base::error::Error;
use crate::base::note::Note;
use crate::base::text::listed;
use crate::engine::leaf::{Action, Leaf, LeafSpec};
use crate::store::{EndEntityFiles, FileMode, FileRole, IssuedName, path_of};
use crate::x509::{Certificate, EndEntityKind, GeneralName, SerialNumber, Subject, Validity};

/// What a command did, or with `dry_run` would do.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Report {
    /// The certificate directory, as it was named.
    pub directory: PathBuf,
    /// Whether anything in it is different now.
    pub changed: bool,
    /// Whether the command only looked.
    pub dry_run: bool,
    /// Where the replaced files are.
    pub backup: Option<PathBuf>,
    /// The certificates that the command is about: CA, server, client, then what else was issued.
    pub certificates: Vec<CertificateReport>,
    /// The files that were written.
    pub files: Vec<FileReport>,
    /// What a person should know.
    pub notes: Vec<Note>,
}

/// What is said of certificates that are not made, or before others are.
#[derive(Default)]
pub(crate) struct Said {
    pub(crate) kept: Vec<CertificateReport>,
    pub(crate) notes: Vec<Note>,
    /// What cannot be made does not keep the rest from it.
    pub(crate) failures: Vec<Error>,
}

/// Whose certificate it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CertificateRole {
    Ca,
    Server,
    Client,
}

/// A certificate of the directory.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CertificateReport {
    pub role: CertificateRole,
    /// The name under which it was issued; none for ca.pem, server.pem and client.pem.
    #[serde(skip)]
    pub issued_as: Option<IssuedName>,
    pub path: PathBuf,
    pub action: Action,
    /// The subject's CommonName.
    pub common_name: String,
    pub subject: Subject,
    pub issuer: Subject,
    /// None before it is made.
    pub serial: Option<SerialNumber>,
    #[serde(flatten)]
    pub validity: Validity,
    /// subjectAltName.
    pub names: Vec<GeneralName>,
    /// Its key: `rsa2048`, or in words where keys of its kind are not made here.
    pub key: String,
    /// SHA-256 of the certificate; none before it is made.
    pub sha256_fingerprint: Option<String>,
}

/// A file that was written.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FileReport {
    pub path: PathBuf,
    /// Its permissions.
    pub mode: FileMode,
    /// What it is for.
    pub purpose: &'static str,
    /// Who needs it.
    pub for_whom: &'static str,
    #[serde(skip)]
    pub role: FileRole,
    /// Whether it is one of the seven files, and does not lie in a folder of what was issued.
    #[serde(skip)]
    pub is_own: bool,
}

impl Report {
    pub(crate) fn new(directory: &Path, dry_run: bool) -> Self {
        Self {
            directory: directory.to_owned(),
            changed: false,
            dry_run,
            backup: None,
            certificates: Vec::new(),
            files: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// The CA's certificate in ca.pem.
    pub(crate) fn add_ca(&mut self, action: Action, certificate: &Certificate) {
        let path = path_of(&self.directory, FileRole::CaCertificate);
        self.certificates.push(CertificateReport::of(CertificateRole::Ca, path, action, certificate));
    }

    /// Certificates that would be made, and whose files would go into a folder.
    pub(crate) fn preview(&mut self, specs: &[LeafSpec], folder: &Path, issuer: &Subject) {
        self.certificates.extend(specs.iter().map(|spec| CertificateReport::of_spec(spec, folder, issuer)));
        self.notes.extend(specs.iter().flat_map(|spec| spec.notes.iter().cloned()));
    }
}

impl Said {
    /// Adds to a report what was said, but for the failures.
    pub(crate) fn report(&mut self, report: &mut Report) {
        report.certificates.append(&mut self.kept);
        report.notes.append(&mut self.notes);
    }
}

/// `ca`, `server` or `client`.
impl std::fmt::Display for CertificateRole {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Ca => "ca",
            Self::Server => "server",
            Self::Client => "client",
        })
    }
}

impl From<EndEntityKind> for CertificateRole {
    fn from(kind: EndEntityKind) -> Self {
        match kind {
            EndEntityKind::Server => Self::Server,
            EndEntityKind::Client => Self::Client,
        }
    }
}

impl CertificateReport {
    /// What is not made yet, as far as it is like a CA.
    pub(crate) fn not_made_yet(path: PathBuf, subject: &Subject, validity: Validity, key: String) -> Self {
        Self {
            role: CertificateRole::Ca,
            issued_as: None,
            path,
            action: Action::Created,
            common_name: subject.common_name().unwrap_or_default(),
            subject: subject.clone(),
            issuer: subject.clone(),
            serial: None,
            validity,
            names: Vec::new(),
            key,
            sha256_fingerprint: None,
        }
    }

    /// The certificate of a server or client; `folder` is where its files are.
    pub(crate) fn of_leaf(
        kind: EndEntityKind,
        folder: &Path,
        files: &EndEntityFiles,
        action: Action,
        certificate: &Certificate,
    ) -> Self {
        let path = path_of(folder, &files.certificate);
        Self { issued_as: files.issued_as(), ..Self::of(kind.into(), path, action, certificate) }
    }

    /// The certificate of a server or client that is not made yet.
    pub(crate) fn of_spec(spec: &LeafSpec, folder: &Path, issuer: &Subject) -> Self {
        let Leaf { kind, subject, names, validity } = &spec.leaf;
        let path = path_of(folder, &spec.place.files.certificate);
        Self {
            role: (*kind).into(),
            issued_as: spec.place.files.issued_as(),
            action: spec.action,
            issuer: issuer.clone(),
            names: names.clone(),
            ..Self::not_made_yet(path, subject, *validity, spec.key.in_words())
        }
    }

    pub(crate) fn of(
        role: CertificateRole,
        path: PathBuf,
        action: Action,
        certificate: &Certificate,
    ) -> Self {
        let key = match certificate.public_key() {
            Ok(key) => {
                key.algorithm().key_type().map_or_else(|| key.to_string(), |key_type| key_type.to_string())
            }
            Err(_) => "unknown".into(),
        };
        Self {
            role,
            issued_as: None,
            path,
            action,
            common_name: certificate.subject().common_name().unwrap_or_default(),
            subject: certificate.subject().clone(),
            issuer: certificate.issuer().clone(),
            serial: Some(certificate.serial().clone()),
            validity: certificate.validity(),
            names: certificate.names().to_vec(),
            key,
            sha256_fingerprint: Some(certificate.fingerprint()),
        }
    }
}

impl Error {
    /// This error; and if a change had been made before it, which.
    pub(crate) fn after_part(self, report: &Report) -> Self {
        const LISTED: usize = 3;
        if report.files.is_empty() || self.has_changed() {
            return self;
        }
        let made = report.certificates.iter().filter(|found| found.action != Action::Kept);
        let made: Vec<_> = made.map(|found| found.path.display().to_string()).collect();
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

    /// This error, and that a part of the certificates was issued before it.
    pub(crate) fn after_some(self, done: usize, total: usize) -> Self {
        match done {
            0 => self,
            _ => self.after_part_of_the_work(&format!(
                "{done} of {total} certificates were issued before, and are in their places"
            )),
        }
    }

    fn after_part_of_the_work(self, done: &str) -> Self {
        let error = self.after(done);
        match error.hint() {
            Some(_) => error.and_hint("run the same again, and it goes on from there"),
            None => error,
        }
    }
}
