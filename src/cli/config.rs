use std::path::{Path, PathBuf};

use clap::builder::{BoolishValueParser, RangedI64ValueParser};
use time::OffsetDateTime;

use crate::base::error::Error;
use crate::base::text::shell_quoted;
use crate::cli::args::{
    PassphraseArgs, ProtectionArgs, namespace, one_of, path, plain_word, release, with_passphrase,
};
use crate::cli::output::Style;
use crate::cli::render::page::{Page, aligned};
use crate::cli::{EXIT_STATUS, Status, output};
use crate::deploy::{
    ChartVersion, ConfigOptions, ConfigReport, ConfigRequest, ConfigTarget, MountPath, RefreshRequest,
    SecretKind, config, refresh,
};
use crate::milvus::container::{GRPC_PORT, INTERNAL_PORTS, METRICS_PORT, OTHER_PORTS};
use crate::milvus::{ClientTls, KubernetesName, Manager, NameKind};
use crate::x509::GeneralName;

const EXAMPLES: &str = "\
Examples:
  milvus-certs config compose -d certs --out .
  milvus-certs config refresh
  milvus-certs config operator -d certs --tls-mode 2 | kubectl apply --server-side -f -
  milvus-certs config helm -d certs --release my-release --cluster --out deploy
  milvus-certs config secret -d certs --type tls | kubectl apply -f -
  milvus-certs config cert-manager -d certs --out deploy";

/// Of all targets that write.
const AGAIN: &str = "\
In a folder with files of an earlier run, what is not said is as it was then. What you have edited
in them stays. Files of yours are not replaced without --force, and then kept in backup-TIME.";

#[derive(Debug, clap::Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{AGAIN}\n\n{EXIT_STATUS}"))]
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
    Compose(ComposeArgs),
    /// The settings in user.yaml, and what the container gets, for Milvus' standalone_embed.sh
    Standalone(StandaloneArgs),
    /// A Secret and the Milvus resource, for the Milvus operator
    Operator(ClusterArgs),
    /// A Secret, values.yaml and a Service for REST, for Milvus' Helm chart
    Helm(HelmArgs),
    /// The Secret alone
    Secret(SecretArgs),
    /// Secret of the CA, Issuer, Certificates, and what mounts them: the cluster renews by itself
    ///
    /// The Secret of the CA holds ca.key.
    CertManager(CertManagerArgs),
    /// What was written into a folder, after a renewal: with the options of then
    Refresh(RefreshArgs),
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_STATUS)]
struct PlainArgs {
    #[command(flatten)]
    common: CommonArgs,
    #[command(flatten)]
    tls: TlsArgs,

    /// Where the certificates are in the container [default: as in Milvus' documentation]
    #[arg(long, value_name = "PATH", help_heading = "TLS")]
    mount_path: Option<MountPath>,
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_STATUS)]
struct StandaloneArgs {
    #[command(flatten)]
    common: CommonArgs,
    #[command(flatten)]
    tls: TlsArgs,

    /// As whom Milvus runs, so that it can read its key [default: by the version in the script]
    #[arg(long, value_name = "UID", value_parser = container_user(), requires = "out", help_heading = "Container")]
    container_user: Option<u32>,
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_STATUS)]
struct ComposeArgs {
    #[command(flatten)]
    plain: PlainArgs,

    /// The service that runs Milvus [default: by its image in the Compose file, or standalone]
    #[arg(long, value_name = "NAME", value_parser = plain_word, help_heading = "Compose")]
    service: Option<String>,

    /// As whom Milvus runs there, so that it can read its key [default: by the version of its image]
    #[arg(long, value_name = "UID", value_parser = container_user(), requires = "out", help_heading = "Compose")]
    container_user: Option<u32>,

    /// Let SELinux share what is mounted with the container (Fedora, RHEL)
    #[arg(long, help_heading = "Compose")]
    selinux: bool,
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
struct HelmArgs {
    #[command(flatten)]
    cluster: ClusterArgs,

    #[command(flatten)]
    chart: ChartArgs,
}

/// What Helm is given.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Helm")]
struct ChartArgs {
    /// A values file of yours, which Helm is given before ours; repeatable
    #[arg(long, value_name = "FILE", value_parser = path())]
    values: Vec<PathBuf>,

    /// The version of the chart [default: the installed one]
    #[arg(long, value_name = "VERSION")]
    chart_version: Option<ChartVersion>,
}

impl ChartArgs {
    fn added_to(self, (target, common, options): Parts) -> Parts {
        let values = (!self.values.is_empty()).then_some(self.values);
        (target, common, ConfigOptions { values, chart_version: self.chart_version, ..options })
    }
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_STATUS)]
struct SecretArgs {
    #[command(flatten)]
    common: CommonArgs,

    /// What its files are called: opaque is server.pem, server.key, ca.pem; tls is tls.crt, tls.key, ca.crt [default: opaque]
    #[arg(long = "type", value_name = "opaque|tls", value_parser = one_of(&[SecretKind::Opaque, SecretKind::Tls], secret_kind_name), hide_possible_values = true)]
    kind: Option<SecretKind>,

    /// The name of the Secret [default: certs]
    #[arg(long, value_name = "NAME", value_parser = secret_name)]
    secret_name: Option<KubernetesName>,

    /// Where it is [default: default]
    #[arg(long, value_name = "NAME", value_parser = namespace)]
    namespace: Option<KubernetesName>,
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_STATUS)]
struct CertManagerArgs {
    #[command(flatten)]
    cluster: ClusterArgs,

    /// What runs Milvus [default: operator]
    #[arg(long = "for", value_name = "operator|helm", value_parser = one_of(&[Manager::Operator, Manager::Helm], Manager::name), hide_possible_values = true)]
    runner: Option<Manager>,

    #[command(flatten)]
    chart: ChartArgs,

    #[command(flatten, next_help_heading = "CA")]
    passphrase: PassphraseArgs,
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_STATUS)]
struct RefreshArgs {
    /// The folder that the files were written into
    #[arg(short, long, value_name = "DIR", default_value = ".", value_parser = path())]
    out: PathBuf,

    #[command(flatten)]
    protection: ProtectionArgs,

    /// Report in JSON on standard output
    #[arg(long)]
    json: bool,

    #[command(flatten, next_help_heading = "CA")]
    passphrase: PassphraseArgs,
}

/// From where, and to where.
#[derive(Debug, clap::Args)]
struct CommonArgs {
    /// The certificate directory [default: .]
    #[arg(short, long = "dir", value_name = "DIR", value_parser = path())]
    dir: Option<PathBuf>,

    /// Write the files into this folder, instead of printing them
    #[arg(short, long, value_name = "DIR", value_parser = path())]
    out: Option<PathBuf>,

    /// Replace what is there: files of yours are kept in backup-TIME
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
    /// 1 is one-way: clients verify Milvus; 2 is mutual: Milvus verifies clients too; 0, with --internal, leaves clients
    /// in plaintext [default: 1]
    #[arg(long, value_name = "0|1|2")]
    tls_mode: Option<ClientTls>,

    /// Also use TLS between Milvus' own components (Milvus 2.5 and later)
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = BoolishValueParser::new(), hide_possible_values = true)]
    internal: Option<bool>,

    /// The name that the components ask each other for [default: a name of server.pem]
    #[arg(long, value_name = "NAME", requires = "internal")]
    sni: Option<GeneralName>,

    /// The port of REST: with TLS it cannot share gRPC's [default: 8080]
    #[arg(long, value_name = "PORT", value_parser = rest_port)]
    rest_port: Option<u16>,
}

/// Which Milvus of the cluster.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Kubernetes")]
struct KubernetesArgs {
    /// The name of Helm's release or of the operator's resource [default: my-release]
    #[arg(long, value_name = "NAME", value_parser = release)]
    release: Option<KubernetesName>,

    /// Where it is [default: default]
    #[arg(long, value_name = "NAME", value_parser = namespace)]
    namespace: Option<KubernetesName>,

    /// The name of the Secret [default: certs]
    #[arg(long, value_name = "NAME", value_parser = secret_name)]
    secret_name: Option<KubernetesName>,

    /// Each component runs by itself, instead of all in one
    #[arg(long, conflicts_with = "standalone")]
    cluster: bool,

    /// All components run in one [default: as it is; where Helm installs Milvus, a cluster]
    #[arg(long)]
    standalone: bool,
}

impl Args {
    pub(super) fn run(self, now: OffsetDateTime) -> anyhow::Result<Status> {
        let passphrase = match &self.target {
            Target::CertManager(args) => args.passphrase.read()?,
            Target::Refresh(args) => args.passphrase.read()?,
            _ => None,
        };
        let (report, json) = match self.target {
            Target::Refresh(RefreshArgs { out, protection, json, .. }) => {
                let protection = protection.protection();
                let report = with_passphrase(passphrase, |passphrase| {
                    refresh(&RefreshRequest { output: out.clone(), passphrase, protection }, now)
                })?;
                (report, json)
            }
            target => {
                let (mut request, json) = target.into_request();
                let report = with_passphrase(passphrase, |passphrase| {
                    request.passphrase = passphrase;
                    config(&request, now)
                })?;
                (report, json)
            }
        };
        output::interrupted_runs(report.directory.as_ref());
        let outcome = (report.changed, &*report.notes);
        output::did("config", Style::new(json, false), &report, outcome, next_steps(&report), text)?;
        Ok(Status::Done)
    }
}

impl Target {
    fn into_request(self) -> (ConfigRequest, bool) {
        let (target, common, options) = match self {
            Self::Milvus(args) => args.into_parts(ConfigTarget::Milvus),
            Self::Compose(ComposeArgs { plain, service, container_user, selinux }) => {
                let (target, common, options) = plain.into_parts(ConfigTarget::Compose);
                let selinux = selinux.then_some(true);
                (target, common, ConfigOptions { service, container_user, selinux, ..options })
            }
            Self::Standalone(StandaloneArgs { common, tls, container_user }) => {
                (ConfigTarget::Standalone, common, ConfigOptions { container_user, ..tls.into_options() })
            }
            Self::Operator(args) => args.into_parts(ConfigTarget::Operator),
            Self::Helm(HelmArgs { cluster, chart }) => chart.added_to(cluster.into_parts(ConfigTarget::Helm)),
            Self::Secret(SecretArgs { common, kind, secret_name, namespace }) => {
                let options =
                    ConfigOptions { secret_kind: kind, secret_name, namespace, ..ConfigOptions::default() };
                (ConfigTarget::Secret, common, options)
            }
            Self::CertManager(CertManagerArgs { cluster, runner, chart, .. }) => {
                let parts = cluster.into_parts(ConfigTarget::CertManager);
                let (target, common, options) = chart.added_to(parts);
                (target, common, ConfigOptions { manager: runner, ..options })
            }
            Self::Refresh(_) => unreachable!("it is told nothing of the deployment"),
        };
        let mut request = ConfigRequest::new(target);
        request.options = ConfigOptions { dir: common.dir, ..options };
        request.output = common.out;
        request.protection = common.protection.protection();
        request.force = common.force;
        (request, common.json)
    }
}

type Parts = (ConfigTarget, CommonArgs, ConfigOptions);

impl PlainArgs {
    fn into_parts(self, target: ConfigTarget) -> Parts {
        let options = ConfigOptions { mount_path: self.mount_path, ..self.tls.into_options() };
        (target, self.common, options)
    }
}

impl TlsArgs {
    fn into_options(self) -> ConfigOptions {
        let Self { tls_mode, internal, sni, rest_port } = self;
        ConfigOptions { tls_mode, internal, sni, rest_port, ..ConfigOptions::default() }
    }
}

impl ClusterArgs {
    fn into_parts(self, target: ConfigTarget) -> Parts {
        let (target, common, options) = self.plain.into_parts(target);
        let KubernetesArgs { release, namespace, secret_name, cluster, standalone } = self.kubernetes;
        let cluster = (cluster || standalone).then_some(cluster);
        (target, common, ConfigOptions { release, namespace, secret_name, cluster, ..options })
    }
}

/// The files as they are piped and redirected, or where they were written.
fn text(report: &ConfigReport, next_steps: &[String]) -> String {
    let documents = &report.documents;
    if documents.iter().any(|document| document.content.is_some()) {
        return documents.iter().filter_map(|found| found.content.as_deref()).map(String::as_str).collect();
    }
    let rows = |changed| {
        let such = documents.iter().filter(|document| document.changed == changed);
        let rows = such.map(|found| [found.path.clone(), found.mode.clone().unwrap_or_default()]);
        aligned(&rows.collect::<Vec<_>>())
    };
    let mut page = Page::default();
    if report.changed {
        page.line(format!("Wrote from the certificates in {}:", report.directory));
        page.gap();
        page.lines(rows(true));
    } else {
        page.line(format!("Nothing to do: what is there suits the certificates in {}.", report.directory));
    }
    let unchanged = rows(false);
    if !unchanged.is_empty() {
        page.gap();
        page.line("As they were:");
        page.gap();
        page.lines(unchanged);
    }
    page.close(report.backup.as_deref().map(Path::new), next_steps)
}

fn next_steps(report: &ConfigReport) -> Vec<String> {
    if !report.changed {
        return Vec::new();
    }
    let last = match report.target {
        "milvus" => Some("put them where their first lines say, and restart Milvus".into()),
        "cert-manager" => None,
        _ => {
            let folder = report.output.as_deref().filter(|folder| *folder != ".");
            let out = folder.map(|folder| format!(" --out {}", shell_quoted(folder))).unwrap_or_default();
            Some(format!("after a renewal: `milvus-certs config refresh{out}`, and the same steps"))
        }
    };
    report.commands.iter().cloned().chain(last).collect()
}

fn container_user() -> RangedI64ValueParser<u32> {
    // The last number is nobody's.
    clap::value_parser!(u32).range(..i64::from(u32::MAX))
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
    let port = match value.parse::<u16>() {
        Ok(0) | Err(_) => return Err(format!("{value:?} is not a port: a number from 1 to 65535")),
        Ok(GRPC_PORT) => {
            return Err(format!("{GRPC_PORT} is the port of gRPC, which REST cannot share when TLS is on"));
        }
        Ok(port) => port,
    };
    let of_others = [("Milvus' metrics", METRICS_PORT)].into_iter().chain(OTHER_PORTS);
    match of_others.chain(INTERNAL_PORTS).find(|(_, other)| *other == port) {
        Some((whose, _)) => Err(format!("{port} is the port of {whose}")),
        None => Ok(port),
    }
}
