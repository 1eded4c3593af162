use std::path::PathBuf;

use time::OffsetDateTime;

use crate::base::error::Error;
use crate::cli::args::{
    PassphraseArgs, ProtectionArgs, ReleaseArgs, namespace, one_of, path, tls_mode, with_passphrase,
};
use crate::cli::output::Style;
use crate::cli::render::page::{Page, aligned};
use crate::cli::{EXIT_STATUS, Status, output};
use crate::deploy::{Cluster, ConfigReport, ConfigRequest, ConfigTarget, MountPath, SecretKind, config};
use crate::milvus::container::{GRPC_PORT, METRICS_PORT, REST_PORT};
use crate::milvus::{KubernetesName, Manager, NameKind, TlsMode};
use crate::store::Existing;
use crate::x509::GeneralName;

const EXAMPLES: &str = "\
Examples:
  milvus-certs config compose -d certs --out .
  milvus-certs config operator -d certs --tls-mode 2 | kubectl apply -f -
  milvus-certs config helm -d certs --release my-release --cluster --out deploy
  milvus-certs config secret -d certs --type tls | kubectl apply -f -
  milvus-certs config cert-manager -d certs --out deploy";

#[derive(Debug, clap::Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{EXIT_STATUS}"))]
pub(crate) struct Args {
    #[command(subcommand)]
    target: Target,
}

#[derive(Debug, clap::Subcommand)]
#[command(
    subcommand_value_name = "TARGET",
    subcommand_help_heading = "Targets",
    disable_help_subcommand = true
)]
enum Target {
    /// user.yaml, for a Milvus that is deployed in some other way
    Milvus(PlainArgs),
    /// user.yaml and docker-compose.override.yaml, for Docker Compose
    Compose(PlainArgs),
    /// A Secret and the Milvus resource, for the Milvus operator
    Operator(ClusterArgs),
    /// A Secret, values.yaml and a Service for REST, for Milvus' Helm chart
    Helm(ClusterArgs),
    /// The Secret alone
    Secret(SecretArgs),
    /// Secret of the CA, Issuer, Certificates, and what mounts them: the cluster renews by itself
    ///
    /// The Secret of the CA holds ca.key.
    CertManager(CertManagerArgs),
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_STATUS)]
struct PlainArgs {
    #[command(flatten)]
    common: CommonArgs,
    #[command(flatten)]
    tls: TlsArgs,
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_STATUS)]
struct ClusterArgs {
    #[command(flatten)]
    plain: PlainArgs,
    #[command(flatten)]
    kubernetes: KubernetesArgs,
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_STATUS)]
struct SecretArgs {
    #[command(flatten)]
    common: CommonArgs,

    /// What its files are called: opaque is server.pem, server.key, ca.pem; tls is tls.crt, tls.key, ca.crt
    #[arg(long = "type", value_name = "opaque|tls", value_parser = one_of(&[SecretKind::Opaque, SecretKind::Tls], secret_kind_name), default_value = "opaque", hide_possible_values = true)]
    kind: SecretKind,

    /// The name of the Secret
    #[arg(long, value_name = "NAME", value_parser = secret_name, default_value = "certs")]
    secret_name: KubernetesName,

    /// Where it is
    #[arg(long, value_name = "NAME", value_parser = namespace, default_value = "default")]
    namespace: KubernetesName,
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_STATUS)]
struct CertManagerArgs {
    #[command(flatten)]
    cluster: ClusterArgs,

    /// What runs Milvus
    #[arg(long = "for", value_name = "operator|helm", value_parser = one_of(&[Manager::Operator, Manager::Helm], Manager::name), default_value = "operator", hide_possible_values = true)]
    runner: Manager,

    #[command(flatten, next_help_heading = "CA")]
    passphrase: PassphraseArgs,
}

/// From where, and to where.
#[derive(Debug, clap::Args)]
struct CommonArgs {
    /// The certificate directory
    #[arg(short, long = "dir", value_name = "DIR", default_value = ".", value_parser = path())]
    dir: PathBuf,

    /// Write the files into this folder, instead of printing them
    #[arg(short, long, value_name = "DIR", value_parser = path())]
    out: Option<PathBuf>,

    /// Replace the files that are there
    #[arg(long, requires = "out")]
    force: bool,

    #[command(flatten)]
    protection: ProtectionArgs,

    /// Report in JSON on standard output
    #[arg(long)]
    json: bool,
}

/// What Milvus is told.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "TLS")]
struct TlsArgs {
    /// 1 is one-way: clients verify Milvus; 2 is mutual: Milvus verifies clients too
    #[arg(long, value_name = "1|2", value_parser = tls_mode, default_value = "1")]
    tls_mode: TlsMode,

    /// Also use TLS between Milvus' own components (Milvus 2.5 and later)
    #[arg(long)]
    internal: bool,

    /// The name that the components ask each other for [default: a name of server.pem]
    #[arg(long, value_name = "NAME", requires = "internal")]
    sni: Option<GeneralName>,

    /// The port of REST: with TLS it cannot share gRPC's
    #[arg(long, value_name = "PORT", default_value_t = REST_PORT, value_parser = rest_port)]
    rest_port: u16,

    /// Where the certificates are in the container [default: as in Milvus' documentation]
    #[arg(long, value_name = "PATH")]
    mount_path: Option<MountPath>,
}

/// Which Milvus of the cluster.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Kubernetes")]
struct KubernetesArgs {
    #[command(flatten)]
    release: ReleaseArgs,

    /// The name of the Secret
    #[arg(long, value_name = "NAME", value_parser = secret_name, default_value = "certs")]
    secret_name: KubernetesName,

    /// Each component runs by itself, instead of all in one
    #[arg(long)]
    cluster: bool,
}

impl Args {
    pub(super) fn run(self, now: OffsetDateTime) -> anyhow::Result<Status> {
        let passphrase = match &self.target {
            Target::CertManager(args) => args.passphrase.read()?,
            _ => None,
        };
        let (mut request, json) = self.target.into_request();
        let report = with_passphrase(passphrase, |passphrase| {
            request.passphrase = passphrase;
            config(&request, now)
        })?;
        output::interrupted_runs(report.directory.as_ref());
        let outcome = (report.changed, &*report.notes);
        output::did("config", Style::new(json, false), &report, outcome, next_steps(&report), text)?;
        Ok(Status::Done)
    }
}

impl Target {
    fn into_request(self) -> (ConfigRequest, bool) {
        let (common, tls, target) = match self {
            Self::Milvus(PlainArgs { common, tls }) => (common, Some(tls), ConfigTarget::Milvus),
            Self::Compose(PlainArgs { common, tls }) => (common, Some(tls), ConfigTarget::Compose),
            Self::Operator(ClusterArgs { plain: PlainArgs { common, tls }, kubernetes }) => {
                (common, Some(tls), ConfigTarget::Kubernetes(kubernetes.into_cluster(Manager::Operator)))
            }
            Self::Helm(ClusterArgs { plain: PlainArgs { common, tls }, kubernetes }) => {
                (common, Some(tls), ConfigTarget::Kubernetes(kubernetes.into_cluster(Manager::Helm)))
            }
            Self::Secret(SecretArgs { common, kind, secret_name: name, namespace }) => {
                (common, None, ConfigTarget::Secret { name, namespace, kind })
            }
            Self::CertManager(args) => {
                let ClusterArgs { plain: PlainArgs { common, tls }, kubernetes } = args.cluster;
                (common, Some(tls), ConfigTarget::CertManager(kubernetes.into_cluster(args.runner)))
            }
        };
        let mut request = ConfigRequest::new(common.dir, target);
        request.output = common.out;
        request.protection = common.protection.protection();
        request.existing = if common.force { Existing::Replace } else { Existing::Refuse };
        if let Some(tls) = tls {
            request.tls_mode = tls.tls_mode;
            request.internal = tls.internal;
            request.sni = tls.sni;
            request.rest_port = tls.rest_port;
            request.mount_path = tls.mount_path;
        }
        (request, common.json)
    }
}

impl KubernetesArgs {
    fn into_cluster(self, manager: Manager) -> Cluster {
        Cluster {
            release: self.release.release(manager),
            secret_name: self.secret_name,
            is_distributed: self.cluster,
        }
    }
}

/// The files as they are piped and redirected, or where they were written.
fn text(report: &ConfigReport, next_steps: &[String]) -> String {
    let documents = &report.documents;
    if !report.changed {
        return documents.iter().filter_map(|found| found.content.as_deref()).map(String::as_str).collect();
    }
    let mut page = Page::default();
    page.line(format!("Wrote from the certificates in {}:", report.directory));
    page.gap();
    let rows = documents.iter().map(|found| [found.path.clone(), found.mode.clone().unwrap_or_default()]);
    page.lines(aligned(&rows.collect::<Vec<_>>()));
    page.close(None, next_steps)
}

fn next_steps(report: &ConfigReport) -> Vec<String> {
    if !report.changed {
        return Vec::new();
    }
    let last = match report.target {
        "milvus" => Some("put them where their first lines say, and restart Milvus".into()),
        "cert-manager" => None,
        _ => Some("after a renewal: this again with --force, and the same steps".into()),
    };
    report.commands.iter().cloned().chain(last).collect()
}

fn secret_kind_name(kind: SecretKind) -> &'static str {
    match kind {
        SecretKind::Opaque => "opaque",
        SecretKind::Tls => "tls",
    }
}

fn secret_name(value: &str) -> Result<KubernetesName, Error> {
    KubernetesName::new(NameKind::Secret, value)
}

/// REST cannot have a port that Milvus uses for something else.
fn rest_port(value: &str) -> Result<u16, String> {
    match value.parse::<u16>() {
        Ok(GRPC_PORT) => {
            Err(format!("{GRPC_PORT} is the port of gRPC, which REST cannot share when TLS is on"))
        }
        Ok(METRICS_PORT) => Err(format!("{METRICS_PORT} is the port of Milvus' metrics")),
        Ok(0) | Err(_) => Err(format!("{value:?} is not a port: a number from 1 to 65535")),
        Ok(port) => Ok(port),
    }
}
