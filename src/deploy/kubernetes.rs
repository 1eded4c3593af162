use std::str::FromStr;

use minijinja::context;
use serde::{Deserialize, Serialize};

use crate::base::error::Error;
use crate::base::text::shell_quoted;
use crate::deploy::helm_values::HelmValues;
use crate::deploy::secret::{SecretKind, secret};
use crate::deploy::server_files::ServerFiles;
use crate::deploy::settings::TlsSettings;
use crate::deploy::template::{Document, Template, template, verbatim};
use crate::milvus::{KubernetesName, Manager, Release, TlsMode};

/// The operator's resource.
pub(crate) const RESOURCE: Template = template!("milvus.yaml");
const REST_SERVICE: Template = template!("rest-service.yaml");
/// The values of the Helm chart: what `helm` takes, and not `kubectl`.
pub(crate) const VALUES: Template = template!("values.yaml");

/// A Milvus in Kubernetes, and the Secret that it gets.
#[derive(Clone, Debug)]
pub(crate) struct Cluster {
    pub release: Release,
    /// The Secret with its certificates.
    pub secret_name: KubernetesName,
    /// Whether each component runs by itself, or all in one; none where nobody says so, and it is left as it is.
    pub is_distributed: Option<bool>,
    /// The version of Helm's chart; without one, the installed one.
    pub chart_version: Option<ChartVersion>,
}

/// A version of Milvus' Helm chart that mounts our Secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct ChartVersion(String);

/// The first that has `volumes` and `volumeMounts` for all components.
const LEAST_CHART: [u64; 3] = [4, 2, 31];

impl FromStr for ChartVersion {
    type Err = Error;

    fn from_str(version: &str) -> Result<Self, Error> {
        let numbers: Vec<u64> = version.split('.').map_while(|part| part.parse().ok()).collect();
        match numbers.len() == 3 && numbers.len() == version.split('.').count() {
            false => Err(Error::new(format!("{version:?} is no version of a chart, such as 5.0.10"))),
            true if *numbers < LEAST_CHART[..] => Err(Error::new(format!(
                "chart {version} does not mount the Secret: its values have no volumes before 4.2.31"
            ))
            .with_hint("upgrade the release to chart 4.2.31 or newer first".to_owned())),
            true => Ok(Self(version.to_owned())),
        }
    }
}

impl TryFrom<String> for ChartVersion {
    type Error = Error;

    fn try_from(version: String) -> Result<Self, Error> {
        version.parse()
    }
}

impl Cluster {
    /// What installs the chart, or upgrades it, with our values last: what the release was told otherwise stays, and so
    /// does its chart. In parts, for those who have short lines.
    pub(crate) fn helm_command(&self, theirs: &[String], values: &str) -> [String; 3] {
        let Release { name, namespace, .. } = &self.release;
        let version = match &self.chart_version {
            Some(version) => version.0.clone(),
            None => format!(
                "\"$(helm get metadata {name} --namespace {namespace} 2>/dev/null | sed -n 's/^VERSION: *//p')\""
            ),
        };
        let files = theirs.iter().map(String::as_str).chain([values]);
        let files: Vec<_> = files.map(|file| format!("-f {}", shell_quoted(file))).collect();
        [
            format!(
                "helm upgrade --install {name} milvus/milvus --namespace {namespace} --reset-then-reuse-values"
            ),
            format!("--version {version}"),
            files.join(" "),
        ]
    }
}

/// The files for the Milvus operator, or for Milvus' Helm chart.
#[must_use]
pub(crate) fn kubernetes(
    cluster: &Cluster,
    settings: &TlsSettings,
    theirs: &HelmValues,
    files: &ServerFiles<'_>,
) -> Vec<Document> {
    let kind = SecretKind::Opaque;
    let mut documents = vec![secret(&cluster.secret_name, &cluster.release.namespace, kind, files)];
    documents.extend(without_secret(cluster, settings, theirs, kind, Some(&files.fingerprint)));
    documents
}

/// All but the Secret; without a fingerprint where others renew the certificates.
pub(crate) fn without_secret(
    cluster: &Cluster,
    settings: &TlsSettings,
    theirs: &HelmValues,
    kind: SecretKind,
    fingerprint: Option<&str>,
) -> Vec<Document> {
    let is_distributed = cluster.is_distributed.or(theirs.is_distributed);
    let values = context! {
        release => cluster.release.name.as_str(),
        namespace => cluster.release.namespace.as_str(),
        service => cluster.release.service(),
        rest_service => cluster.release.rest_service(),
        says_cluster => cluster.is_distributed.is_some(),
        // Helm's chart makes a cluster where nobody says otherwise.
        cluster => is_distributed.unwrap_or(cluster.release.manager == Manager::Helm),
        knows_cluster => is_distributed.is_some(),
        settings => theirs.user_yaml.clone().map_or_else(|| settings.render(kind), verbatim),
        // With mutual TLS an Ingress has no certificate to show: `check` says what helps.
        ingress => theirs.has_ingress && settings.mode.0 == Some(TlsMode::OneWay),
        has_theirs => !theirs.files.is_empty(),
        helm_command => verbatim(cluster.helm_command(&theirs.files, VALUES.name).join(" \\\n#     ")),
        volumes => verbatim(theirs.volumes.as_str()),
        mounts => verbatim(theirs.mounts.as_str()),
        clients => settings.serves_clients(),
        rest_port => settings.rest_port,
        fingerprint,
        secret_name => cluster.secret_name.as_str(),
        mount_path => settings.mount_path.as_str(),
    };
    let templates: &[Template] = match cluster.release.manager {
        Manager::Operator => &[RESOURCE],
        // The chart makes no Service for REST.
        Manager::Helm if settings.serves_clients() => &[REST_SERVICE, VALUES],
        Manager::Helm => &[VALUES],
    };
    templates.iter().map(|template| template.document(values.clone())).collect()
}
