//! The options that commands share.

use std::io::IsTerminal;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::{NonEmptyStringValueParser, PossibleValuesParser, TypedValueParser, ValueParser};
use clap::parser::ValueSource;
use clap::{ArgMatches, Args};
use zeroize::Zeroizing;

use crate::base::error::Error;
use crate::base::text::command;
use crate::cli::output::Style;
use crate::cli::terminal;
use crate::milvus::{
    KubernetesName, Manager, NameKind, Release, TlsMode, compose_server_names, standalone_server_names,
};
use crate::store::{Protection, read_file};
use crate::x509::{self, Attribute, AttributeType, GeneralName, KeyType, Passphrase};

// What several commands take. These are not described by `///`: clap would take that for the description of
// the command.

// Where, and how to talk about it.
#[derive(Debug, Args)]
pub(super) struct CommonArgs {
    /// The certificate directory
    #[arg(short, long, value_name = "DIR", default_value = ".", value_parser = path())]
    pub(super) dir: PathBuf,

    /// Say what would be done, and do nothing
    #[arg(long)]
    pub(super) dry_run: bool,

    /// Report in JSON on standard output
    #[arg(long)]
    json: bool,

    /// Print nothing but errors (and JSON, if asked for)
    #[arg(short, long)]
    pub(super) quiet: bool,

    #[command(flatten)]
    pub(super) protection: ProtectionArgs,
}

impl CommonArgs {
    pub(super) fn style(&self) -> Style {
        Style::new(self.json, self.quiet)
    }
}

// What a person gives up.
#[derive(Debug, Args)]
pub(super) struct ProtectionArgs {
    /// Accept a file system without modes (WSL's /mnt, CIFS, vfat): everybody here can read the keys
    #[arg(long)]
    accept_unprotected_keys: bool,
}

impl ProtectionArgs {
    pub(super) fn protection(&self) -> Protection {
        match self.accept_unprotected_keys {
            true => Protection::GivenUp,
            false => Protection::Required,
        }
    }
}

// Whose certificates they are. An empty value leaves an attribute out.
#[derive(Debug, Args)]
#[command(next_help_heading = "Subject (an empty value leaves an attribute out)")]
pub(super) struct SubjectArgs {
    /// The name that clients connect to: a DNS name or an IP address
    #[arg(long, visible_alias = "cn", value_name = "NAME", value_parser = attribute(AttributeType::CommonName))]
    common_name: Option<Attribute>,

    /// Country, two letters
    #[arg(long, value_name = "C", value_parser = attribute(AttributeType::Country))]
    country: Option<Attribute>,

    /// State or province
    #[arg(long, value_name = "ST", value_parser = attribute(AttributeType::State))]
    state: Option<Attribute>,

    /// City or other locality
    #[arg(long, value_name = "L", value_parser = attribute(AttributeType::Locality))]
    location: Option<Attribute>,

    /// Organization
    #[arg(long, value_name = "O", value_parser = attribute(AttributeType::Organization))]
    organization: Option<Attribute>,

    /// Unit of the organization
    #[arg(long, value_name = "OU", value_parser = attribute(AttributeType::OrganizationalUnit))]
    organization_unit: Option<Attribute>,
}

impl SubjectArgs {
    /// The attributes that were given, in the order of Milvus' documentation.
    pub(super) fn attributes(&self) -> Vec<Attribute> {
        let Self { common_name, country, state, location, organization, organization_unit } = self;
        let attributes = [country, state, location, organization, organization_unit, common_name];
        attributes.into_iter().flatten().cloned().collect()
    }
}

// The names beside the CommonName.
#[derive(Debug, Args)]
#[command(next_help_heading = "Names")]
pub(super) struct NameArgs {
    /// One more name of the server, DNS or IP: milvus.example.com, *.example.com, 10.0.0.5, ::1
    ///
    /// `dns:` and `ip:` before it force the kind. Can be repeated, or list names with commas.
    #[arg(long, value_name = "NAME-OR-IP", value_delimiter = ',')]
    pub(super) san: Vec<GeneralName>,

    /// CommonName and name of the client certificate, where it is not the server's
    #[arg(long, value_name = "NAME", value_parser = attribute(AttributeType::CommonName))]
    pub(super) client_name: Option<Attribute>,

    #[command(flatten)]
    pub(super) platform: PlatformArgs,
}

impl NameArgs {
    /// All names of the server beside its CommonName.
    pub(super) fn server_names(&self) -> Vec<GeneralName> {
        [self.san.clone(), self.platform.names()].concat()
    }
}

// A Milvus in Kubernetes.
#[derive(Debug, Args)]
pub(super) struct ReleaseArgs {
    /// The name of Helm's release or of the operator's resource
    #[arg(long, value_name = "NAME", value_parser = release, default_value = "my-release")]
    release: KubernetesName,

    /// Where it is
    #[arg(long, value_name = "NAME", value_parser = namespace, default_value = "default")]
    namespace: KubernetesName,
}

impl ReleaseArgs {
    pub(super) fn release(&self, manager: Manager) -> Release {
        Release { manager, name: self.release.clone(), namespace: self.namespace.clone() }
    }
}

pub(super) fn release(value: &str) -> Result<KubernetesName, Error> {
    KubernetesName::new(NameKind::Release, value)
}

pub(super) fn namespace(value: &str) -> Result<KubernetesName, Error> {
    KubernetesName::new(NameKind::Namespace, value)
}

// The names that clients inside a deployment use.
#[derive(Debug, Args)]
pub(super) struct PlatformArgs {
    /// Add the names that clients inside use: of the service, the container, and in cluster DNS
    #[arg(long = "for", value_name = "compose|standalone|operator|helm", hide_possible_values = true)]
    pub(super) platform: Option<PlatformName>,

    #[command(flatten)]
    release: ReleaseArgs,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(super) enum PlatformName {
    Compose,
    Standalone,
    Operator,
    Helm,
}

/// What was typed, and does not only stand in the environment, where it may be meant for other commands.
pub(super) fn is_typed(given: &ArgMatches, id: &str) -> bool {
    given.value_source(id) == Some(ValueSource::CommandLine)
}

impl PlatformArgs {
    /// --release and --namespace are of a deployment.
    pub(super) fn check_usage(&self, given: &ArgMatches) -> Result<(), Error> {
        let idle = ["release", "namespace"].into_iter().find(|id| is_typed(given, id));
        match idle.filter(|_| self.platform.is_none()) {
            Some(id) => Err(Error::new(format!("--{id} has no effect without --for"))
                .with_hint(format!("leave --{id} out, or say what runs Milvus with --for"))),
            None => Ok(()),
        }
    }

    /// What writes the files of the deployment that is named, from a certificate directory.
    pub(super) fn config_command(&self, directory: &Path) -> Option<String> {
        let ReleaseArgs { release, namespace } = &self.release;
        let (target, options) = match self.platform? {
            PlatformName::Compose => ("compose", " --out .".to_owned()),
            PlatformName::Standalone => ("standalone", " --out .".to_owned()),
            PlatformName::Operator | PlatformName::Helm => {
                let name =
                    if matches!(self.platform, Some(PlatformName::Helm)) { "helm" } else { "operator" };
                (name, format!(" --release {release} --namespace {namespace} --out deploy"))
            }
        };
        Some(command(&format!("config {target}"), directory) + &options)
    }

    /// The names; none where no deployment is named.
    fn names(&self) -> Vec<GeneralName> {
        match self.platform {
            None => Vec::new(),
            Some(PlatformName::Compose) => compose_server_names(),
            Some(PlatformName::Standalone) => standalone_server_names(),
            Some(PlatformName::Operator) => self.release.release(Manager::Operator).server_names(),
            Some(PlatformName::Helm) => self.release.release(Manager::Helm).server_names(),
        }
    }
}

// The file with the passphrase of ca.key.
#[derive(Debug, Args)]
pub(super) struct PassphraseArgs {
    /// A file whose first line is the passphrase of ca.key
    ///
    /// The variable MILVUS_CERTS_CA_PASSPHRASE can hold the passphrase itself.
    #[arg(long, value_name = "FILE", value_parser = path())]
    ca_passphrase_file: Option<PathBuf>,
}

impl PassphraseArgs {
    /// From the file, or from the environment; never from the command line, which others can see.
    pub(super) fn read(&self) -> Result<Option<Passphrase>, Error> {
        const VARIABLE: &str = "MILVUS_CERTS_CA_PASSPHRASE";
        let (path, content) = match (&self.ca_passphrase_file, std::env::var_os(VARIABLE)) {
            (Some(path), _) => (path.clone(), read_file(path)?),
            (None, Some(value)) => (PathBuf::from(VARIABLE), Zeroizing::new(value.into_vec())),
            (None, None) => return Ok(None),
        };
        Passphrase::from_first_line(&content).map(Some).map_err(Error::in_file(path))
    }
}

/// Does what may need ca.key with the passphrase that was given, and again with another where that was lacking and
/// there is somebody at a terminal to ask.
pub(super) fn with_passphrase<T>(
    given: Option<Passphrase>,
    mut act: impl FnMut(Option<Passphrase>) -> Result<T, Error>,
) -> Result<T, Error> {
    let outcome = act(given);
    let is_lacking = outcome.as_ref().is_err_and(|error| {
        error.cause::<x509::Error>().is_some_and(|cause| cause.problem() == x509::Problem::KeyEncrypted)
    });
    if !is_lacking || !std::io::stdin().is_terminal() {
        return outcome;
    }
    let line = terminal::ask("Passphrase of ca.key: ").ok();
    match line.and_then(|line| Passphrase::from_first_line(&line).ok()) {
        Some(passphrase) => act(Some(passphrase)),
        None => outcome,
    }
}

/// Reads one attribute of a subject.
fn attribute(kind: AttributeType) -> ValueParser {
    ValueParser::from(move |value: &str| Attribute::new(kind, value))
}

/// Paths are UTF-8, so that every message and JSON can name them.
pub(super) fn path() -> ValueParser {
    ValueParser::from(NonEmptyStringValueParser::new().map(PathBuf::from))
}

/// Reads one of several by its name, and lists the names in the help.
pub(super) fn one_of<T>(all: &'static [T], name: fn(T) -> &'static str) -> ValueParser
where
    T: Copy + Send + Sync + 'static,
{
    let names = PossibleValuesParser::new(all.iter().copied().map(name));
    ValueParser::from(names.map(move |given| {
        let is_given = |one: &T| name(*one) == given;
        all.iter().copied().find(is_given).unwrap_or_else(|| unreachable!("only names are let through"))
    }))
}

pub(super) fn key_type() -> ValueParser {
    one_of(&KeyType::ALL, KeyType::name)
}

/// Reads a name that stands on a line.
pub(super) fn plain_word(value: &str) -> Result<String, String> {
    match value.is_empty() || value.contains(char::is_control) {
        true => Err(format!("{value:?} is no name")),
        false => Ok(value.to_owned()),
    }
}

/// Reads Milvus' tlsMode, where it is on.
pub(super) fn tls_mode(value: &str) -> Result<TlsMode, String> {
    TlsMode::ALL
        .into_iter()
        .find(|mode| mode.value().to_string() == value)
        .ok_or_else(|| format!("{value:?} is neither 1 (one-way) nor 2 (mutual)"))
}

/// Reads a length of time, which needs a unit: 30 what?
pub(super) fn duration(value: &str) -> Result<Duration, String> {
    humantime::parse_duration(value)
        .map_err(|_| format!("{value:?} is not a length of time such as 30d or 12h"))
}
