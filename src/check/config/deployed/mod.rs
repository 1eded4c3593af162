//! The judgement of one Milvus: what its effective settings mean, and whether what they name is
//! there.

mod internal;
mod mounted;
mod paths;
mod types;

use crate::base::place::Place;
use crate::base::shown::{list_are, shown};
use crate::check::bundle::Bundle;
use crate::check::codes::Code;
use crate::check::config::deployment::Deployment;
use crate::check::config::findings::Findings;
use crate::check::config::host::Host;
use crate::check::config::mounts::{absolute, is_public};
use crate::check::config::secret::Secret;
use crate::check::config::settings::{Mode, port};
use crate::milvus::container::GRPC_PORT;
use crate::milvus::keys::{Block, Key, PathKey};

/// What is there beside the configuration.
pub(crate) struct Circumstances<'a> {
    pub(crate) host: &'a Host<'a>,
    pub(crate) secrets: &'a [Secret],
    pub(crate) directory: &'a Bundle,
}

struct DeploymentJudge<'a> {
    deployment: &'a Deployment,
    circumstances: &'a Circumstances<'a>,
    findings: &'a mut Findings,
    /// Paths that have been judged: both blocks can name the same files.
    judged: Vec<String>,
    deployed: Vec<Bundle>,
}

/// Judges one Milvus, and returns what its paths lead to, if that has not been judged by itself.
pub(crate) fn judge(
    deployment: &Deployment,
    circumstances: &Circumstances<'_>,
    findings: &mut Findings,
) -> Vec<Bundle> {
    let (judged, deployed) = (Vec::new(), Vec::new());
    let mut judge = DeploymentJudge { deployment, circumstances, findings, judged, deployed };
    judge.types();
    judge.misplaced();
    if deployment.serves_clients {
        judge.for_clients();
    }
    judge.between_components();
    judge.mounted();
    judge.deployed
}

impl DeploymentJudge<'_> {
    fn report(&mut self, code: Code, place: Place, evidence: impl Into<String>) {
        self.findings.report(code, place, evidence);
    }

    /// Blocks that Milvus does not look for where they are.
    fn misplaced(&mut self) {
        for block in Block::ALL {
            let settings = &self.deployment.settings;
            let misplaced: Vec<_> = block
                .keys()
                .iter()
                .filter_map(|key| Some((*key, settings.misplaced(*key)?.clone())))
                .collect();
            let names: Vec<_> = misplaced.iter().map(|(key, _)| key.name()).collect();
            if let Some(place) = misplaced.iter().map(|(_, place)| place.clone()).min() {
                let evidence = format!("{} stands under common: {} not set", block.name(), list_are(&names));
                self.report(Code::TlsUnderCommon, place, evidence);
            }
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
        let mut own = settings.paths(Block::Tls).filter(|(_, path, _)| !is_public(&absolute(path)));
        let named = own.next().map(|(key, _, _)| Key::Path(Block::Tls, key).name());
        let misplaced = Block::Tls.keys().iter().find(|key| settings.misplaced(**key).is_some());
        let mode = match settings.text(Key::TlsMode) {
            Some((text, _)) => format!("{} is {}", Key::TlsMode.name(), shown(text)),
            None => format!("{} is not set", Key::TlsMode.name()),
        };
        let evidence = match named.or(misplaced.map(|key| key.name())) {
            Some(name) => format!("{mode}, but {name} names a file"),
            None if self.leaves_certificates_unused() => format!("{mode}, so clients find no TLS"),
            None => return,
        };
        self.report(Code::TlsOff, settings.nearest(Key::TlsMode), evidence);
    }

    /// Whether there is a certificate directory, and nothing that may set a mode after all.
    fn leaves_certificates_unused(&self) -> bool {
        let is_known = self.deployment.settings.lacks(Key::TlsMode)
            || self.deployment.settings.get(Key::TlsMode).is_some();
        is_known && !self.circumstances.directory.is_empty()
    }

    fn on(&mut self, needed: &[PathKey]) {
        self.rest_port();
        let lacking: Vec<_> = needed.iter().copied().filter(|path| self.lacks(Block::Tls, *path)).collect();
        let (ca, own): (Vec<_>, Vec<_>) = lacking.into_iter().partition(|path| *path == PathKey::CaPem);
        self.not_set(Block::Tls, &own);
        if !ca.is_empty() {
            let key = Key::Path(Block::Tls, PathKey::CaPem);
            let evidence = format!("{} is 2, and {} is not set", Key::TlsMode.name(), key.name());
            self.report(Code::MutualWithoutCa, self.deployment.settings.nearest(key), evidence);
        }
        self.paths(Block::Tls, needed);
    }

    fn lacks(&self, block: Block, path: PathKey) -> bool {
        let settings = &self.deployment.settings;
        let key = Key::Path(block, path);
        settings.lacks(key) && settings.misplaced(key).is_none() && !self.is_mounted_over(path)
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
        let place = settings.nearest(Key::HttpPort);
        if settings.lacks(Key::HttpPort) {
            let mode = settings.text(Key::TlsMode).map_or("".into(), |(text, _)| shown(text));
            let evidence =
                format!("{} is {mode}, and {} is not set", Key::TlsMode.name(), Key::HttpPort.name());
            return self.report(Code::RestPortMissing, place, evidence);
        }
        let Some(rest) = settings.text(Key::HttpPort).and_then(|(text, _)| port(text)) else { return };
        if rest == grpc {
            let evidence = format!("{} is {rest}, as {}", Key::HttpPort.name(), Key::GrpcPort.name());
            self.report(Code::RestPortMissing, place, evidence);
        } else if let Some((place, evidence)) = self.deployment.rest.lacks(rest, grpc) {
            self.report(Code::RestPortNotPublished, place, evidence);
        }
    }
}
