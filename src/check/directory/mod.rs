mod access;
mod issued;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use time::OffsetDateTime;

use crate::base::error::Error;
use crate::base::place::Place;
use crate::check::config::{self, Seen, Source};
use crate::check::{self, Bundle, Expectations, Finding, Severity, Verdict};
use crate::milvus::TlsMode;
use crate::store::{FileRole, Survey, View, path_of, read_file};
use crate::x509::{Certificate, GeneralName};
use crate::x509::{day_count, timestamp};

/// What `check` looks at, and what it is held to.
pub struct CheckRequest {
    /// The certificate directory; without one the current folder, if it is one or nothing else is
    /// to be judged.
    pub directory: Option<PathBuf>,
    /// What a person wrote for Milvus.
    pub configs: Vec<Source>,
    /// Names that clients ask for.
    pub server_names: Vec<GeneralName>,
    /// The mode that has to work; without one the configuration's, or else both.
    pub tls_mode: Option<TlsMode>,
    /// A certificate that ends within this time is a finding.
    pub expires_in: Duration,
}

/// What `check` found.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CheckReport {
    /// The certificate directory, if one was judged.
    pub directory: Option<String>,
    /// The configuration files that were judged.
    pub configs: Vec<String>,
    /// What is wrong, the worst first.
    pub findings: Vec<Finding>,
    /// What will work, in each mode that was judged; nothing where no directory was.
    pub verdicts: Vec<Verdict>,
    /// The certificates that were judged: the directory's own, then what else its authority has issued.
    pub certificates: Vec<CheckedCertificate>,
}

/// A certificate that was judged.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CheckedCertificate {
    /// The file that it is in.
    pub file: String,
    /// `ca`, `server` or `client`.
    pub role: &'static str,
    /// Whose it is.
    pub subject: String,
    /// Its serial number in hex.
    pub serial: String,
    /// Its first second, RFC 3339.
    pub not_before: String,
    /// Its last second, RFC 3339.
    pub not_after: String,
    /// Whole days until then; negative when it has passed.
    pub days_left: i64,
    /// Its last second, in seconds since 1970.
    #[serde(skip)]
    pub not_after_seconds: i64,
}

impl CheckRequest {
    /// Of the current folder, in both modes.
    #[must_use]
    pub fn new() -> Self {
        Self {
            directory: None,
            configs: Vec::new(),
            server_names: Vec::new(),
            tls_mode: None,
            expires_in: Self::EXPIRES_IN,
        }
    }

    /// Thirty days: time enough to plan a restart.
    pub const EXPIRES_IN: Duration = Duration::from_secs(30 * 24 * 60 * 60);
}

impl Default for CheckRequest {
    fn default() -> Self {
        Self::new()
    }
}

impl CheckReport {
    /// How many findings are this bad.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.code.severity() == severity).count()
    }

    /// Whether anything was found that is wrong: an error, or with `strict` also a warning.
    #[must_use]
    pub fn fails(&self, strict: bool) -> bool {
        self.count(Severity::Error) > 0 || strict && self.count(Severity::Warning) > 0
    }
}

/// Judges a certificate directory and Milvus' configuration. Nothing is changed.
///
/// # Errors
/// If the directory cannot be looked at.
pub fn check(request: &CheckRequest, now: OffsetDateTime) -> Result<CheckReport, Error> {
    let path = request.directory.as_deref().unwrap_or(Path::new("."));
    View::of(path, |view| Ok(check_in(view, request, now)))
}

fn check_in(view: &View, request: &CheckRequest, now: OffsetDateTime) -> CheckReport {
    let survey = view.survey();
    // The current folder need not be meant.
    let is_meant = request.directory.is_some() || request.configs.is_empty() || !survey.files.is_empty();
    let looked_at = is_meant.then_some((view, survey));
    let bundle = looked_at.as_ref().map(|(_, survey)| bundle_of(survey)).unwrap_or_default();
    let mut configuration = config::judge(&request.configs, &bundle, &look);
    request.tls_mode.into_iter().for_each(|mode| configuration.hold_to(mode));
    let modes = modes(request.tls_mode, configuration.tls_mode);

    let directory = looked_at.as_ref().map(|(_, survey)| survey.path.display().to_string());
    let expectations = |directory| Expectations {
        directory,
        modes: modes.clone(),
        server_names: request.server_names.clone(),
        expires_in: request.expires_in,
        now,
    };
    let mut findings = Vec::new();
    if directory.is_some() {
        findings = check::judge(&bundle, &expectations(directory.clone()));
    }
    if let Some((view, survey)) = &looked_at {
        access::judge(view, survey, &mut findings);
    }
    let issued = looked_at.map(|(view, survey)| {
        issued::look(view, &survey, &bundle, &expectations(directory.clone()), &findings)
    });
    let issued = issued.unwrap_or_default();
    findings.extend(configuration.findings);
    for deployed in &configuration.bundles {
        let found = check::judge_deployed(deployed, &bundle, &expectations(None), &findings);
        findings.extend(found);
    }
    findings.extend(issued.findings);
    findings.sort_by_key(|finding| finding.code.severity());

    // Without certificates nothing can be said of them.
    let judged_modes = modes.iter().filter(|_| directory.is_some());
    let own = directory.as_deref().map(|path| certificates(&bundle, path, now)).unwrap_or_default();
    CheckReport {
        verdicts: judged_modes.map(|mode| Verdict::of(*mode, &findings)).collect(),
        configs: request.configs.iter().map(|source| source.name.clone()).collect(),
        certificates: own.into_iter().chain(issued.certificates).collect(),
        directory,
        findings,
    }
}

pub(crate) fn bundle_of(survey: &Survey) -> Bundle {
    let mut bundle = Bundle::new();
    for file in &survey.files {
        let path = path_of(&survey.path, file.role);
        let mode = file.mode.filter(|_| !is_mounted_by_kubernetes(&path));
        let content = file.content.as_ref().map(|content| content.as_slice()).map_err(Clone::clone);
        bundle.add(file.role, Place::file(path.display().to_string()), mode, content);
    }
    bundle.set_interruption(survey.interruption.clone());
    bundle
}

/// Kubernetes mounts a Secret's files as links through `..data`. Their modes are the Secret's default,
/// in a container that nobody else is in.
fn is_mounted_by_kubernetes(path: &Path) -> bool {
    std::fs::read_link(path).is_ok_and(|target| target.starts_with("..data"))
}

/// The modes to judge: those that were asked for, or that the configuration sets.
fn modes(asked: Option<TlsMode>, configured: Option<u8>) -> Vec<TlsMode> {
    let configured = || TlsMode::ALL.into_iter().find(|mode| Some(mode.value()) == configured);
    match asked.or_else(configured) {
        Some(mode) => vec![mode],
        None => TlsMode::ALL.to_vec(),
    }
}

/// What is at a path that a configuration names.
fn look(path: &Path) -> Seen {
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Seen::Absent,
        Ok(metadata) if metadata.is_dir() => match std::fs::read_dir(path) {
            Ok(entries) => {
                let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
                Seen::Folder(names.collect())
            }
            Err(_) => Seen::Unknown,
        },
        Ok(metadata) if metadata.is_file() => read_file(path).map_or(Seen::Unknown, Seen::File),
        _ => Seen::Unknown,
    }
}

fn certificates(bundle: &Bundle, directory: &str, now: OffsetDateTime) -> Vec<CheckedCertificate> {
    let roles = [
        (FileRole::CaCertificate, "ca"),
        (FileRole::ServerCertificate, "server"),
        (FileRole::ClientCertificate, "client"),
    ];
    let mut checked = Vec::new();
    for (role, name) in roles {
        let file = path_of(directory.as_ref(), role).display().to_string();
        let certificates = match name {
            "ca" => bundle.certificates(role).iter().collect(),
            _ => bundle.end_entity(role).into_iter().collect::<Vec<_>>(),
        };
        checked.extend(certificates.into_iter().map(|found| CheckedCertificate::of(&file, name, found, now)));
    }
    checked
}

impl CheckedCertificate {
    fn of(file: &str, role: &'static str, certificate: &Certificate, now: OffsetDateTime) -> Self {
        let validity = certificate.validity();
        Self {
            file: file.to_owned(),
            role,
            subject: certificate.subject().to_string(),
            serial: certificate.serial().to_string(),
            not_before: timestamp(validity.not_before),
            not_after: timestamp(validity.not_after),
            days_left: day_count(now, validity.not_after),
            not_after_seconds: validity.not_after.unix_timestamp(),
        }
    }
}
