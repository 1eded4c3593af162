use std::path::PathBuf;

use crate::base::error::Error;
use crate::deploy::{Cluster, ConfigRequest, ConfigTarget, MountPath, SecretKind, config};
use crate::milvus::TlsMode;
use crate::milvus::container::REST_PORT;
use crate::milvus::{KubernetesName, Manager, NameKind};
use crate::store::Existing;
use crate::x509::{GeneralName, Passphrase};
use clap::builder::{BoolishValueParser, PossibleValuesParser, TypedValueParser, ValueParser};
use time::OffsetDateTime;

use crate::cli::args::{PassphraseArgs, ProtectionArgs, ReleaseArgs, path, tls_mode, with_passphrase};
use crate::cli::{EXIT_STATUS, Status, output};

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
    /// Secret of the authority, Issuer, Certificates, and what mounts them: the cluster renews by itself
    ///
    /// The Secret of the authority holds ca.key.
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
    #[arg(long = "type", value_name = "opaque|tls", value_parser = secret_kind(), env = "MILVUS_CERTS_TYPE", hide_env_values = true, default_value = "opaque", hide_possible_values = true)]
    kind: SecretKind,

    /// The name of the Secret
    #[arg(long, value_name = "NAME", value_parser = secret_name, env = "MILVUS_CERTS_SECRET_NAME", hide_env_values = true, default_value = "certs")]
    secret_name: KubernetesName,

    /// Where it is
    #[arg(long, value_name = "NAME", value_parser = super::args::namespace, env = "MILVUS_CERTS_NAMESPACE", hide_env_values = true, default_value = "default")]
    namespace: KubernetesName,
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_STATUS)]
struct CertManagerArgs {
    #[command(flatten)]
    cluster: ClusterArgs,

    /// What runs Milvus
    #[arg(long = "for", value_name = "operator|helm", value_parser = ["operator", "helm"], env = "MILVUS_CERTS_FOR", hide_env_values = true, default_value = "operator", hide_possible_values = true)]
    platform: String,

    #[command(flatten, next_help_heading = "Authority")]
    passphrase: PassphraseArgs,
}

/// From where, and to where.
#[derive(Debug, clap::Args)]
struct CommonArgs {
    /// The certificate directory
    #[arg(short, long = "dir", value_name = "DIR", env = "MILVUS_CERTS_DIR", default_value = ".", hide_env_values = true, value_parser = path())]
    dir: PathBuf,

    /// Write the files into this folder, instead of printing them
    #[arg(short, long, value_name = "DIR", env = "MILVUS_CERTS_OUT", hide_env_values = true, value_parser = path())]
    out: Option<PathBuf>,

    /// Replace the files that are there
    #[arg(long, env = "MILVUS_CERTS_FORCE", hide_env_values = true, value_parser = BoolishValueParser::new(), requires = "out")]
    force: bool,

    #[command(flatten)]
    protection: ProtectionArgs,

    /// Report in JSON on standard output
    #[arg(long, env = "MILVUS_CERTS_JSON", hide_env_values = true, value_parser = BoolishValueParser::new())]
    json: bool,
}

/// What Milvus is told.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "TLS")]
struct TlsArgs {
    /// 1 is one-way: clients verify Milvus; 2 is mutual: Milvus verifies clients too
    #[arg(long, value_name = "1|2", env = "MILVUS_CERTS_TLS_MODE", hide_env_values = true, value_parser = tls_mode, default_value = "1")]
    tls_mode: TlsMode,

    /// Also use TLS between Milvus' own components (Milvus 2.5 and later)
    #[arg(long, env = "MILVUS_CERTS_INTERNAL", hide_env_values = true, value_parser = BoolishValueParser::new())]
    internal: bool,

    /// The name that the components ask each other for [default: a name of server.pem]
    #[arg(
        long,
        value_name = "NAME",
        env = "MILVUS_CERTS_SNI",
        hide_env_values = true,
        requires = "internal"
    )]
    sni: Option<GeneralName>,

    /// The port of REST: with TLS it cannot share gRPC's
    #[arg(long, value_name = "PORT", env = "MILVUS_CERTS_REST_PORT", hide_env_values = true, default_value_t = REST_PORT, value_parser = rest_port)]
    rest_port: u16,

    /// Where the certificates are in the container [default: as in Milvus' documentation]
    #[arg(long, value_name = "PATH", env = "MILVUS_CERTS_MOUNT_PATH", hide_env_values = true)]
    mount_path: Option<MountPath>,
}

/// Which Milvus of the cluster.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Kubernetes")]
struct KubernetesArgs {
    #[command(flatten)]
    release: ReleaseArgs,

    /// The name of the Secret
    #[arg(long, value_name = "NAME", value_parser = secret_name, env = "MILVUS_CERTS_SECRET_NAME", hide_env_values = true, default_value = "certs")]
    secret_name: KubernetesName,

    /// Each component runs by itself, instead of all in one
    #[arg(long, env = "MILVUS_CERTS_CLUSTER", hide_env_values = true, value_parser = BoolishValueParser::new())]
    cluster: bool,
}

impl Args {
    pub(super) fn run(self, now: OffsetDateTime) -> anyhow::Result<Status> {
        let (mut request, json) = self.target.into_request()?;
        output::rendered(
            &with_passphrase(&mut request, passphrase_of, |request| config(request, now))?,
            json,
        )?;
        Ok(Status::Done)
    }
}

/// What cert-manager's Secret needs; the others take nothing from ca.key.
fn passphrase_of(request: &mut ConfigRequest) -> Option<&mut Option<Passphrase>> {
    match &mut request.target {
        ConfigTarget::CertManager { passphrase, .. } => Some(passphrase),
        _ => None,
    }
}

impl Target {
    fn into_request(self) -> anyhow::Result<(ConfigRequest, bool)> {
        let (common, tls, target) = match self {
            Self::Milvus(PlainArgs { common, tls }) => (common, Some(tls), ConfigTarget::Milvus),
            Self::Compose(PlainArgs { common, tls }) => (common, Some(tls), ConfigTarget::Compose),
            Self::Operator(ClusterArgs { plain: PlainArgs { common, tls }, kubernetes }) => {
                let cluster = kubernetes.into_cluster(Manager::Operator);
                (common, Some(tls), ConfigTarget::Kubernetes(cluster))
            }
            Self::Helm(ClusterArgs { plain: PlainArgs { common, tls }, kubernetes }) => {
                (common, Some(tls), ConfigTarget::Kubernetes(kubernetes.into_cluster(Manager::Helm)))
            }
            Self::Secret(SecretArgs { common, kind, secret_name: name, namespace }) => {
                (common, None, ConfigTarget::Secret { name, namespace, kind })
            }
            Self::CertManager(args) => {
                let ClusterArgs { plain: PlainArgs { common, tls }, kubernetes } = args.cluster;
                let manager = if args.platform == "helm" { Manager::Helm } else { Manager::Operator };
                let cluster = kubernetes.into_cluster(manager);
                let passphrase = args.passphrase.read()?;
                (common, Some(tls), ConfigTarget::CertManager { cluster, passphrase })
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
        Ok((request, common.json))
    }
}

impl KubernetesArgs {
    fn into_cluster(self, manager: Manager) -> Cluster {
        Cluster {
            release: self.release.into_release(manager),
            secret_name: self.secret_name,
            is_distributed: self.cluster,
        }
    }
}

fn secret_name(value: &str) -> Result<KubernetesName, Error> {
    KubernetesName::new(NameKind::Secret, value)
}

fn secret_kind() -> ValueParser {
    ValueParser::from(PossibleValuesParser::new(["opaque", "tls"]).map(|name| match name.as_str() {
        "tls" => SecretKind::Tls,
        _ => SecretKind::Opaque,
    }))
}

/// REST cannot have a port that Milvus uses for something else.
fn rest_port(value: &str) -> Result<u16, String> {
    use crate::milvus::container::{GRPC_PORT, METRICS_PORT};
    match value.parse::<u16>() {
        Ok(GRPC_PORT) => {
            Err(format!("{GRPC_PORT} is the port of gRPC, which REST cannot share when TLS is on"))
        }
        Ok(METRICS_PORT) => Err(format!("{METRICS_PORT} is the port of Milvus' metrics")),
        Ok(0) | Err(_) => Err(format!("{value:?} is not a port: a number from 1 to 65535")),
        Ok(port) => Ok(port),
    }
}
