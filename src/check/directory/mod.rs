mod access;
mod issued;
mod report;
mod signed;

use std::path::{Path, PathBuf};
use std::time::Duration;

use time::OffsetDateTime;

pub use report::{CheckReport, CheckedCertificate};

use crate::base::error::Error;
use crate::check::bundle::Bundle;
use crate::check::certificates::{Expectations, judge, judge_deployed};
use crate::check::clients::Client;
use crate::check::config;
use crate::check::config::source::{AtPath, Source};
use crate::check::verdict::Verdict;
use crate::milvus::TlsMode;
use crate::store::{View, file_state, read_file};
use crate::x509::GeneralName;

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
    /// The clients that have to work; all, where none is named.
    pub clients: Vec<Client>,
    /// A certificate that ends within this time is a finding.
    pub expires_in: Duration,
}

impl Default for CheckRequest {
    fn default() -> Self {
        Self {
            directory: None,
            configs: Vec::new(),
            server_names: Vec::new(),
            tls_mode: None,
            clients: Vec::new(),
            expires_in: Expectations::EXPIRES_IN,
        }
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
    let bundle = if is_meant { Bundle::of(&survey) } else { Bundle::new() };
    let directory = is_meant.then(|| survey.path.display().to_string());
    let mut configuration = config::judge(&request.configs, &bundle, &look);
    request.tls_mode.into_iter().for_each(|mode| configuration.hold_to(mode));
    let modes = modes(request.tls_mode, configuration.tls_mode);
    let (server_names, expires_in) = (request.server_names.clone(), request.expires_in);
    let expectations = Expectations {
        directory: directory.clone(),
        server_names,
        expires_in,
        ..Expectations::new(&modes, now)
    };

    let (mut findings, mut certificates) = (Vec::new(), Vec::new());
    let mut issued = issued::IssuedReport::default();
    if directory.is_some() {
        findings = judge(&bundle, &expectations);
        access::judge(view, &survey, &mut findings);
        certificates = CheckedCertificate::all_of(&bundle, now);
        issued = issued::look(view, &survey, &bundle, &expectations, &findings);
    }
    findings.extend(configuration.findings);
    let expectations = Expectations { directory: None, ..expectations };
    for deployed in &configuration.bundles {
        let found = judge_deployed(deployed, &bundle, &expectations, &findings);
        findings.extend(found);
    }
    findings.extend(issued.findings);
    findings.sort_by_key(|finding| finding.code.severity());
    certificates.extend(issued.certificates);

    // Without certificates nothing can be said of them.
    let judged_modes = modes.iter().filter(|_| directory.is_some());
    let clients = if request.clients.is_empty() { &Client::ALL[..] } else { &request.clients };
    CheckReport {
        verdicts: judged_modes.map(|mode| Verdict::of(*mode, clients, &findings)).collect(),
        configs: request.configs.iter().map(|source| source.name.clone()).collect(),
        certificates,
        directory,
        findings,
    }
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
fn look(path: &Path) -> AtPath {
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => AtPath::Nothing,
        Ok(metadata) if metadata.is_dir() => std::fs::read_dir(path).map_or(AtPath::Unknown, |entries| {
            let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
            AtPath::Folder(names.collect())
        }),
        Ok(metadata) if metadata.is_file() => {
            read_file(path).map_or(AtPath::Unknown, |content| AtPath::File(content, file_state(path).ok()))
        }
        _ => AtPath::Unknown,
    }
}
