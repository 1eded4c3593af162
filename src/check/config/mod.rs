//! What a person wrote for Milvus, judged together with the certificates: milvus.yaml and
//! user.yaml, Compose files, the operator's resource, Helm values, and Kubernetes Secrets.

mod certificates;
pub(crate) mod compose;
mod deployed;
mod deployment;
mod documents;
mod findings;
mod host;
mod ingress;
mod kubernetes;
mod mounts;
mod secret;
mod settings;
pub(crate) mod source;
mod values;

use crate::base::place::Place;
use crate::base::shown::{list_are, shown};
use crate::check::bundle::Bundle;
use crate::check::codes::Code;
use crate::check::finding::Finding;
use crate::check::fix::Context;
use crate::milvus::TlsMode;
use crate::milvus::keys::Key;
use deployment::Deployment;
use documents::Documents;
use findings::Findings;
use host::Host;
use mounts::Volume;
use secret::Secret;
use settings::{Mode, Settings};
pub(crate) use source::Look;
pub use source::Source;
use values::Values;

/// What was found.
#[derive(Debug)]
pub(crate) struct Judgement {
    /// What is wrong, in the order of the files.
    pub findings: Vec<Finding>,
    /// The effective tlsMode, if the configuration says one, and not several.
    pub tls_mode: Option<u8>,
    /// The certificates and keys of Secrets, and of what Milvus' paths lead to, to be judged like those of
    /// a directory.
    pub bundles: Vec<Bundle>,
    /// Where modes are set, and which.
    modes: Vec<(u8, Place)>,
}

impl Judgement {
    /// Finds modes that are not the one that is asked for.
    pub(crate) fn hold_to(&mut self, asked: TlsMode) {
        for (mode, place) in self.modes.iter().filter(|(mode, _)| *mode != asked.value()) {
            self.findings.retain(|finding| finding.place != *place || finding.code != Code::TlsOff);
            let evidence = format!("{} is {mode}, and {} is asked for", Key::TlsMode.name(), asked.value());
            let finding = Finding::new(Code::TlsModeDiffers, place.clone(), evidence, Context::default());
            if !self.findings.contains(&finding) {
                self.findings.push(finding);
            }
        }
    }
}

/// Judges all that was given as the configuration of one Milvus, with its certificate directory.
#[must_use]
pub(crate) fn judge(sources: &[Source], directory: &Bundle, look: Look<'_>) -> Judgement {
    let mut findings = Findings::new(sources, directory);
    let files = documents::read(sources, &mut findings);
    let documents = Documents::sort(&files, &mut findings);
    let secrets: Vec<_> = documents.secrets.iter().map(|node| Secret::read(*node, &mut findings)).collect();
    let host = Host::new(sources, look);

    let deployments = deployments(&documents, &host, &mut findings);
    let mut deployed = Vec::new();
    for deployment in &deployments {
        deployed::judge(deployment, &host, &secrets, directory, &mut findings, &mut deployed);
    }
    let mut bundles = judge_secrets(&secrets, &documents, &deployments, directory, &mut findings);
    let is_judged = !deployments.is_empty() || secrets.iter().any(Secret::is_recognised);
    documents.report_unjudged(is_judged, &mut findings);
    bundles.extend(deployed);
    let modes = modes(&deployments);
    let is_only = |mode: &u8| modes.iter().all(|(other, _)| other == mode);
    let tls_mode = modes.first().map(|(mode, _)| *mode).filter(is_only);
    Judgement { findings: findings.sorted(), tls_mode, bundles, modes }
}

/// All that runs Milvus. Settings that no deployment reads by itself are the base of each; without a
/// deployment Milvus may run anywhere.
fn deployments(documents: &Documents<'_>, host: &Host<'_>, findings: &mut Findings) -> Vec<Deployment> {
    let mut deployments = compose::deployments(&documents.compose, host, findings);
    deployments.extend(documents.milvus.iter().map(|node| kubernetes::of_operator(*node, findings)));
    if !documents.helm.is_empty() {
        deployments.push(kubernetes::of_helm(&Values::new(documents.helm.clone()), findings));
    }
    let mut base = Settings::default();
    let mut names = Vec::new();
    for (name, document) in documents.plain.iter().filter(|(name, _)| !host.is_followed(name)) {
        base.add_document(document.root().place(), *document);
        names.push(shown(name));
    }
    for (service, place) in deployments.iter().filter_map(|found| found.unmounted.as_ref()) {
        if !names.is_empty() {
            let evidence = format!("{} not mounted into the service {}", list_are(&names), shown(service));
            findings.report(Code::SettingsNotMounted, place.clone(), evidence);
        }
    }
    for deployment in &mut deployments {
        let own = std::mem::replace(&mut deployment.settings, base.clone());
        deployment.settings.add_layer(own);
    }
    if deployments.is_empty() && !documents.plain.is_empty() {
        deployments.push(Deployment::of(base));
    }
    for deployment in &mut deployments {
        deployment.ingresses.extend(documents.ingresses.iter().cloned());
    }
    deployments
}

/// Judges Secrets and returns their certificates. An Issuer's Secret has to hold a CA's key;
/// and where it is known which ones Milvus gets, others are somebody else's.
fn judge_secrets(
    secrets: &[Secret],
    documents: &Documents<'_>,
    deployments: &[Deployment],
    directory: &Bundle,
    findings: &mut Findings,
) -> Vec<Bundle> {
    let mounts = deployments.iter().filter_map(|deployment| deployment.mounts.as_ref());
    let mounted =
        mounts.flat_map(|mounts| mounts.by_target.values()).filter_map(|mount| match &mount.volume {
            Volume::Secret(volume) => Some(volume.among(secrets)),
            Volume::Host(_) | Volume::Text { .. } | Volume::Other => None,
        });
    let mounted: Vec<_> = mounted.collect();
    let is_milvus = |secret: &&Secret| match mounted.is_empty() {
        true => !documents.issuer_secrets.contains(&secret.name.as_str()),
        false => mounted.iter().flatten().any(|found| std::ptr::eq(*found, *secret)),
    };
    let nothing = Bundle::new();
    let mut bundles = Vec::new();
    for secret in secrets.iter().filter(is_milvus) {
        let bundle = secret.bundle();
        if !bundle.is_empty() {
            let is_its = !mounted.is_empty() || secret.is_related_to(&bundle, directory);
            secret.judge(&bundle, if is_its { directory } else { &nothing }, findings);
            bundles.push(bundle);
        }
    }
    bundles
}

/// The modes that deployments set, and where.
fn modes(deployments: &[Deployment]) -> Vec<(u8, Place)> {
    let mode_of = |Deployment { settings, .. }: &Deployment| {
        let mode = match settings.mode() {
            Mode::Off => 0,
            Mode::OneWay => 1,
            Mode::Mutual => 2,
            Mode::Unset | Mode::Invalid | Mode::Unknown => return None,
        };
        Some((mode, settings.nearest(Key::TlsMode)))
    };
    deployments.iter().filter(|deployment| deployment.serves_clients).filter_map(mode_of).collect()
}

#[cfg(test)]
mod tests;
