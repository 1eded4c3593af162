//! The judgement of one Milvus: what its effective settings mean, and whether what they name is
//! there.

mod files;
mod ingress;
mod types;

use std::path::Path;

use crate::base::place::Place;
use crate::base::shown::{list_are, shortened, shown};
use crate::check::bundle::{Bundle, own_certificate};
use crate::check::codes::Code;
use crate::check::config::deployment::Deployment;
use crate::check::config::findings::Findings;
use crate::check::config::host::Host;
use crate::check::config::mounts::{Lookup, absolute, is_public};
use crate::check::config::secret::Secret;
use crate::check::config::settings::{Misplaced, Mode, port};
use crate::check::finding::Finding;
use crate::check::fix::{Advice, Context, Part};
use crate::milvus::container::GRPC_PORT;
use crate::milvus::keys::{Block, Key, PathKey};
use crate::store::FileRole;
use crate::x509::{Certificate, GeneralName, certificates_from_pem, covers, texts};

struct DeploymentJudge<'a> {
    deployment: &'a Deployment,
    host: &'a Host<'a>,
    secrets: &'a [Secret],
    directory: &'a Bundle,
    findings: &'a mut Findings,
    /// Paths that have been judged: both blocks can name the same files.
    judged: Vec<String>,
    deployed: &'a mut Vec<Bundle>,
}

/// Judges one Milvus, and adds to `deployed` what its paths lead to, if that has not been judged by itself.
pub(crate) fn judge(
    deployment: &Deployment,
    host: &Host<'_>,
    secrets: &[Secret],
    directory: &Bundle,
    findings: &mut Findings,
    deployed: &mut Vec<Bundle>,
) {
    let judged = Vec::new();
    let mut judge = DeploymentJudge { deployment, host, secrets, directory, findings, judged, deployed };
    judge.types();
    judge.repeated();
    judge.misplaced();
    if deployment.serves_clients {
        judge.for_clients();
        judge.ingresses();
    }
    judge.between_components();
    judge.mounted();
}

impl DeploymentJudge<'_> {
    fn report(&mut self, code: Code, place: Place, evidence: impl Into<String>) {
        self.findings.report(code, place, evidence);
    }

    /// What Milvus does not look for where it is: one finding for all that belongs to one section and stands in
    /// one place.
    fn misplaced(&mut self) {
        let settings = &self.deployment.settings;
        // Without TLS it is no matter where REST is.
        let is_on = matches!(settings.mode(), Mode::OneWay | Mode::Mutual);
        let misplaced = Key::all().filter(|key| is_on || *key != Key::HttpPort);
        let misplaced: Vec<_> =
            misplaced.filter_map(|key| Some((key, settings.misplaced(key)?.clone()))).collect();
        let section = |key: Key| key.enclosing().next().unwrap_or_default();
        let is_alike = |one: &(Key, Misplaced), other: &(Key, Misplaced)| {
            section(one.0) == section(other.0) && one.1.found == other.1.found
        };
        for alike in misplaced.chunk_by(is_alike) {
            let (names, places): (Vec<_>, Vec<_>) =
                alike.iter().map(|(key, misplaced)| (key.name(), &misplaced.place)).unzip();
            let (Some((first, Misplaced { found, is_under_common, .. })), Some(place)) =
                (alike.first(), places.into_iter().min())
            else {
                continue;
            };
            if *is_under_common {
                let evidence =
                    format!("{} stands under common: {} not set", section(*first), list_are(&names));
                self.report(Code::TlsUnderCommon, place.clone(), evidence);
                continue;
            }
            let stands = if names.len() == 1 { "it stands" } else { "they stand" };
            let evidence = format!("{} not set: {stands} {found}", list_are(&names));
            let stopped = self.stopped_without(*first);
            self.findings.report_with(Code::MisplacedSetting, place.clone(), evidence, |finding| {
                finding.stops(stopped);
                finding.advise(where_it_belongs(*first));
            });
        }
    }

    /// What clients connect to.
    fn for_clients(&mut self) {
        use PathKey::{CaPem, ServerKey, ServerPem};
        match self.deployment.settings.mode() {
            Mode::Off | Mode::Unset => self.off(),
            Mode::OneWay => self.on(&[ServerPem, ServerKey]),
            Mode::Mutual => self.on(&[ServerPem, ServerKey, CaPem]),
            // With a mode that is none, nothing else comes to matter.
            Mode::Invalid | Mode::Unknown => {}
        }
    }

    /// Certificates that are not the image's, and yet no TLS.
    fn off(&mut self) {
        let settings = &self.deployment.settings;
        let is_own = |key: &&Key| settings.text(**key).is_some_and(|(path, _)| !is_public(&absolute(path)));
        if let Some(place) = settings.tls_enabled() {
            let evidence = format!("tlsEnabled is true, and {} is not set", Key::TlsMode.name());
            return self.report(Code::TlsEnabledIsGone, place.clone(), evidence);
        }
        // Then that is why.
        if settings.misplaced(Key::TlsMode).is_some() {
            return;
        }
        let is_misplaced = |key: &&Key| settings.misplaced(**key).is_some();
        let mut keys = Block::Tls.keys().iter();
        let mode = match settings.text(Key::TlsMode) {
            Some((text, _)) => format!("{} is {}", Key::TlsMode.name(), shown(text)),
            None => format!("{} is not set", Key::TlsMode.name()),
        };
        let named = keys.clone().find(is_own).or_else(|| keys.find(is_misplaced));
        let evidence = match named {
            Some(key) => format!("{mode}, but {} names a file", key.name()),
            None if self.leaves_certificates_unused() => format!("{mode}, so clients find no TLS"),
            None => return,
        };
        let place = settings.nearest(Key::TlsMode);
        let is_named = named.is_some();
        self.findings.report_with(Code::TlsOff, place, evidence, |finding| {
            if is_named {
                finding.because(
                    "certificates are named, yet the ports stay in plaintext: clients that use TLS say `WRONG_VERSION_NUMBER`",
                );
            }
        });
    }

    /// Whether there is a certificate directory, and nothing that may set a mode after all.
    fn leaves_certificates_unused(&self) -> bool {
        let settings = &self.deployment.settings;
        let is_known = settings.lacks(Key::TlsMode) || settings.get(Key::TlsMode).is_some();
        is_known && !self.directory.is_empty()
    }

    fn on(&mut self, needed: &[PathKey]) {
        self.rest_port();
        let (ca, own): (Vec<_>, Vec<_>) =
            self.lacking(Block::Tls, needed).into_iter().partition(|path| *path == PathKey::CaPem);
        self.not_set(Block::Tls, &own);
        if !ca.is_empty() {
            let key = Key::Path(Block::Tls, PathKey::CaPem);
            let evidence = format!("{} is 2, and {} is not set", Key::TlsMode.name(), key.name());
            self.report(Code::MutualWithoutCa, self.deployment.settings.nearest(key), evidence);
        }
        self.paths(Block::Tls, needed);
    }

    /// Which paths of a block are neither set, nor stand where Milvus does not look, nor are those of the image.
    fn lacking(&self, block: Block, needed: &[PathKey]) -> Vec<PathKey> {
        let settings = &self.deployment.settings;
        let lacks = |path: &PathKey| {
            let key = Key::Path(block, *path);
            settings.lacks(key) && settings.misplaced(key).is_none() && !self.is_mounted_over(*path)
        };
        needed.iter().copied().filter(lacks).collect()
    }

    fn not_set(&mut self, block: Block, paths: &[PathKey]) {
        let names: Vec<_> = paths.iter().map(|path| Key::Path(block, *path).name()).collect();
        if let Some(first) = paths.first() {
            let place = self.deployment.settings.nearest(Key::Path(block, *first));
            self.report(Code::TlsPathNotSet, place, format!("{} not set", list_are(&names)));
        }
    }

    /// REST cannot share gRPC's port when TLS is on (milvus' internal/distributed/proxy/
    /// listener_manager.go), unless it is switched off.
    fn rest_port(&mut self) {
        let settings = &self.deployment.settings;
        if settings.get(Key::HttpEnabled).is_some() && settings.is_true(Key::HttpEnabled) != Some(true) {
            return;
        }
        let Some(grpc) = settings.port(Key::GrpcPort, GRPC_PORT) else { return };
        if settings.lacks(Key::HttpPort) && settings.misplaced(Key::HttpPort).is_some() {
            return;
        }
        if settings.lacks(Key::HttpPort) {
            // Where it is empty its own place is the nearest.
            let asking = settings.asking(Key::HttpPort).filter(|_| settings.get(Key::HttpPort).is_none());
            let place = asking.cloned().unwrap_or_else(|| settings.nearest(Key::HttpPort));
            let mode = settings.text(Key::TlsMode).map_or("".into(), |(text, _)| shown(text));
            let evidence =
                format!("{} is {mode}, and {} is not set", Key::TlsMode.name(), Key::HttpPort.name());
            return self.report(Code::RestPortMissing, place, evidence);
        }
        let Some(rest) = settings.text(Key::HttpPort).and_then(|(text, _)| port(text)) else { return };
        if rest == grpc {
            let place = settings.nearest(Key::HttpPort);
            let evidence = format!("{} is {rest}, as {}", Key::HttpPort.name(), Key::GrpcPort.name());
            self.report(Code::RestPortMissing, place, evidence);
        } else if let Some((place, evidence)) = self.deployment.rest.lacks(rest, grpc) {
            self.report(Code::RestPortNotPublished, place, evidence);
        }
    }

    /// Internal TLS: all components show the same certificate and ask each other for the same name.
    fn between_components(&mut self) {
        let settings = &self.deployment.settings;
        if settings.is_true(Key::InternalTlsEnabled) != Some(true) {
            return;
        }
        let needed = [PathKey::ServerPem, PathKey::ServerKey, PathKey::CaPem];
        self.not_set(Block::InternalTls, &self.lacking(Block::InternalTls, &needed));
        self.paths(Block::InternalTls, &needed);
        match settings.text(Key::Sni) {
            Some((sni, place)) => self.sni(sni, place),
            None if settings.lacks(Key::Sni) && settings.misplaced(Key::Sni).is_none() => {
                let evidence =
                    format!("{} is true, and {} is not set", Key::InternalTlsEnabled.name(), Key::Sni.name());
                self.report(Code::InternalTlsWithoutSni, settings.nearest(Key::Sni), evidence);
            }
            None => {}
        }
    }

    fn sni(&mut self, sni: &str, place: &Place) {
        let Some((certificate, name)) = self.internal_certificate() else { return };
        if sni.parse::<GeneralName>().is_ok_and(|sni| covers(&certificate, &sni)) {
            return;
        }
        let names = texts(certificate.names());
        let names = if names.is_empty() { "no name at all".into() } else { names.join(", ") };
        let evidence = format!("{} is {}, {name} covers {names}", Key::Sni.name(), shortened(sni));
        // What could be a key is in no command either.
        let name = Some(sni).filter(|sni| shown(sni) == **sni).and_then(|sni| sni.parse().ok());
        let role = Some(FileRole::ServerCertificate);
        let context = Context { role, name, ..self.findings.context() };
        self.findings.add(Finding::new(Code::SniNotCovered, place.clone(), evidence, context));
    }

    /// What components show each other, and its name: what the path leads to, or where that cannot
    /// be told the directory's, if the path is that of its file.
    fn internal_certificate(&self) -> Option<(Certificate, String)> {
        let path =
            |block| self.deployment.settings.text(Key::Path(block, PathKey::ServerPem)).map(|(path, _)| path);
        let internal = path(Block::InternalTls)?;
        match self.find(internal) {
            Lookup::File(file) => {
                let certificates = certificates_from_pem(&file.content).ok()?;
                Some((own_certificate(&certificates)?.clone(), file.name))
            }
            // The path itself is a finding.
            Lookup::Public => None,
            Lookup::Missing(_)
            | Lookup::MissingMount(_)
            | Lookup::Folder(..)
            | Lookup::NotMounted
            | Lookup::Unknown => {
                let role = FileRole::ServerCertificate;
                let names = [role.file_name(), role.name_in_tls_secret()];
                let is_named_so = names.into_iter().any(|name| Path::new(internal).ends_with(name));
                let is_directorys = is_named_so || path(Block::Tls) == Some(internal);
                let certificate = self.directory.end_entity(role).filter(|_| is_directorys)?;
                Some((certificate.clone(), self.directory.file(role)?.place.to_string()))
            }
        }
    }
}

/// Where Milvus looks for a setting.
fn where_it_belongs(key: Key) -> Advice {
    match key {
        Key::TlsMode | Key::InternalTlsEnabled => {
            &[Part::Say("put it under `security:`, which stands under `common:` at the top level")]
        }
        Key::GrpcPort | Key::HttpEnabled | Key::HttpPort => {
            &[Part::Say("put it under `http:`, which stands under `proxy:` at the top level")]
        }
        Key::Path(Block::Tls, _) => &[Part::Say("put them under `tls:` at the top level")],
        Key::Path(Block::InternalTls, _) | Key::Sni => {
            &[Part::Say("put them under `internaltls:` at the top level")]
        }
    }
}
