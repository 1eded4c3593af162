//! The options that commands share.

use std::io::IsTerminal;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::time::Duration;

use crate::base::error::Error;
use crate::x509;
use clap::builder::{
    BoolishValueParser, NonEmptyStringValueParser, PossibleValuesParser, TypedValueParser, ValueParser,
};
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args};

use crate::milvus::TlsMode;
use crate::milvus::{KubernetesName, Manager, NameKind, Release, compose_server_names};
use crate::store::{FileMode, Protection, read_file};
use crate::x509::{Attribute, AttributeType, GeneralName, KeyType, Passphrase};
use zeroize::Zeroizing;

use crate::cli::terminal;

// What several commands take. These are not described by `///`: clap would take that for the description of
// the command.

// Where, and how to talk about it.
#[derive(Debug, Args)]
pub(super) struct CommonArgs {
    /// The certificate directory
    #[arg(short, long = "dir", value_name = "DIR", env = "MILVUS_CERTS_DIR", default_value = ".", hide_env_values = true, value_parser = path())]
    pub(super) dir: PathBuf,

    /// Say what would be done, and do nothing
    #[arg(long, env = "MILVUS_CERTS_DRY_RUN", hide_env_values = true, value_parser = BoolishValueParser::new())]
    pub(super) dry_run: bool,

    /// Report in JSON on standard output
    #[arg(long, env = "MILVUS_CERTS_JSON", hide_env_values = true, value_parser = BoolishValueParser::new())]
    pub(super) json: bool,

    /// Print nothing but errors (and JSON, if asked for)
    #[arg(short, long, env = "MILVUS_CERTS_QUIET", hide_env_values = true, value_parser = BoolishValueParser::new())]
    pub(super) quiet: bool,

    #[command(flatten)]
    pub(super) protection: ProtectionArgs,
}

// What a person gives up.
#[derive(Debug, Args)]
pub(super) struct ProtectionArgs {
    /// Accept a file system without modes (WSL's /mnt, CIFS, vfat): everybody here can read the keys
    #[arg(long, env = "MILVUS_CERTS_ACCEPT_UNPROTECTED_KEYS", hide_env_values = true, value_parser = BoolishValueParser::new())]
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
    #[arg(long, visible_alias = "cn", value_name = "NAME", env = "MILVUS_CERTS_COMMON_NAME", hide_env_values = true, value_parser = attribute(AttributeType::CommonName))]
    common_name: Option<Attribute>,

    /// Country, two letters
    #[arg(long, value_name = "C", env = "MILVUS_CERTS_COUNTRY", hide_env_values = true, value_parser = attribute(AttributeType::Country))]
    country: Option<Attribute>,

    /// State or province
    #[arg(long, value_name = "ST", env = "MILVUS_CERTS_STATE", hide_env_values = true, value_parser = attribute(AttributeType::State))]
    state: Option<Attribute>,

    /// City or other locality
    #[arg(long, value_name = "L", env = "MILVUS_CERTS_LOCATION", hide_env_values = true, value_parser = attribute(AttributeType::Locality))]
    location: Option<Attribute>,

    /// Organization
    #[arg(long, value_name = "O", env = "MILVUS_CERTS_ORGANIZATION", hide_env_values = true, value_parser = attribute(AttributeType::Organization))]
    organization: Option<Attribute>,

    /// Unit of the organization
    #[arg(long, value_name = "OU", env = "MILVUS_CERTS_ORGANIZATION_UNIT", hide_env_values = true, value_parser = attribute(AttributeType::OrganizationalUnit))]
    organization_unit: Option<Attribute>,
}

impl SubjectArgs {
    /// The attributes that were given, in the page's order.
    pub(super) fn into_attributes(self) -> Vec<Attribute> {
        let Self { common_name, country, state, location, organization, organization_unit } = self;
        [country, state, location, organization, organization_unit, common_name]
            .into_iter()
            .flatten()
            .collect()
    }
}

// The names beside the CommonName.
#[derive(Debug, Args)]
#[command(next_help_heading = "Names")]
pub(super) struct NameArgs {
    /// One more name of the server, DNS or IP: milvus.example.com, *.example.com, 10.0.0.5, ::1
    ///
    /// `dns:` and `ip:` before it force the kind. Can be repeated, or list names with commas.
    #[arg(
        long,
        value_name = "NAME-OR-IP",
        env = "MILVUS_CERTS_SAN",
        hide_env_values = true,
        value_delimiter = ','
    )]
    pub(super) san: Vec<GeneralName>,

    /// CommonName and name of the client certificate, where it is not the server's
    #[arg(long, value_name = "NAME", env = "MILVUS_CERTS_CLIENT_NAME", hide_env_values = true, value_parser = attribute(AttributeType::CommonName))]
    pub(super) client_name: Option<Attribute>,
}

// A Milvus in Kubernetes.
#[derive(Debug, Args)]
pub(super) struct ReleaseArgs {
    /// The name of Helm's release or of the operator's resource
    #[arg(long, value_name = "NAME", value_parser = release, env = "MILVUS_CERTS_RELEASE", hide_env_values = true, default_value = "my-release")]
    release: KubernetesName,

    /// Where it is
    #[arg(long, value_name = "NAME", value_parser = namespace, env = "MILVUS_CERTS_NAMESPACE", hide_env_values = true, default_value = "default")]
    namespace: KubernetesName,
}

impl ReleaseArgs {
    pub(super) fn into_release(self, manager: Manager) -> Release {
        Release { manager, name: self.release, namespace: self.namespace }
    }
}

fn release(value: &str) -> Result<KubernetesName, Error> {
    KubernetesName::new(NameKind::Release, value)
}

pub(super) fn namespace(value: &str) -> Result<KubernetesName, Error> {
    KubernetesName::new(NameKind::Namespace, value)
}

// The names that clients inside a deployment use.
#[derive(Debug, Args)]
pub(super) struct PlatformArgs {
    /// Add the names that clients inside use: of the service, the container, and in cluster DNS
    #[arg(long = "for", value_name = "compose|operator|helm", value_parser = ["compose", "operator", "helm"], env = "MILVUS_CERTS_FOR", hide_env_values = true, hide_possible_values = true)]
    pub(super) platform: Option<String>,

    #[command(flatten)]
    release: ReleaseArgs,
}

/// Options that do not go together, and how clap calls that.
pub(super) type Mistake = (ErrorKind, String);

/// What was typed, and does not only stand in the environment, where it may be meant for other commands.
pub(super) fn is_typed(given: &ArgMatches, id: &str) -> bool {
    given.value_source(id) == Some(ValueSource::CommandLine)
}

impl PlatformArgs {
    /// --release and --namespace are of a deployment.
    pub(super) fn check_effect(&self, given: &ArgMatches) -> Result<(), Mistake> {
        let idle = ["release", "namespace"].into_iter().find(|id| is_typed(given, id));
        match idle.filter(|_| self.platform.is_none()) {
            Some(id) => {
                Err((ErrorKind::MissingRequiredArgument, format!("--{id} has no effect without --for")))
            }
            None => Ok(()),
        }
    }

    /// The names; none where no deployment is named.
    pub(super) fn names(self) -> Vec<GeneralName> {
        match self.platform.as_deref() {
            Some("compose") => compose_server_names(),
            Some("operator") => self.release.into_release(Manager::Operator).server_names(),
            Some("helm") => self.release.into_release(Manager::Helm).server_names(),
            _ => Vec::new(),
        }
    }
}

// The file with the passphrase of ca.key.
#[derive(Debug, Args)]
pub(super) struct PassphraseArgs {
    /// A file whose first line is the passphrase of ca.key
    ///
    /// The variable MILVUS_CERTS_CA_PASSPHRASE can hold the passphrase itself.
    #[arg(long, value_name = "FILE", env = "MILVUS_CERTS_CA_PASSPHRASE_FILE", hide_env_values = true, value_parser = path())]
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

/// Does what may need ca.key, and again with its passphrase where that was lacking and there is somebody at
/// a terminal to ask. `slot` is where the request has it.
pub(super) fn with_passphrase<R, T>(
    request: &mut R,
    slot: impl Fn(&mut R) -> Option<&mut Option<Passphrase>>,
    act: impl Fn(&R) -> Result<T, Error>,
) -> Result<T, Error> {
    let outcome = act(request);
    if !outcome.as_ref().is_err_and(needs_passphrase) || !std::io::stdin().is_terminal() {
        return outcome;
    }
    match (slot(request), ask()) {
        (Some(slot), Some(passphrase)) => {
            *slot = Some(passphrase);
            act(request)
        }
        _ => outcome,
    }
}

fn needs_passphrase(error: &Error) -> bool {
    error.cause::<x509::Error>().is_some_and(|cause| cause.problem() == x509::Problem::KeyEncrypted)
}

fn ask() -> Option<Passphrase> {
    Passphrase::from_first_line(&terminal::ask("Passphrase of ca.key: ").ok()?).ok()
}

/// Reads one attribute of a subject.
fn attribute(kind: AttributeType) -> ValueParser {
    ValueParser::from(move |value: &str| Attribute::new(kind, value))
}

/// Paths are UTF-8, so that every message and JSON can name them.
pub(super) fn path() -> ValueParser {
    ValueParser::from(NonEmptyStringValueParser::new().map(PathBuf::from))
}

/// Reads Milvus' tlsMode, where it is on.
pub(super) fn tls_mode(value: &str) -> Result<TlsMode, String> {
    TlsMode::ALL
        .into_iter()
        .find(|mode| mode.value().to_string() == value)
        .ok_or_else(|| format!("{value:?} is neither 1 (one-way) nor 2 (mutual)"))
}

/// Reads a type of key, and lists them in the help.
pub(super) fn key_type() -> ValueParser {
    let names = PossibleValuesParser::new(KeyType::ALL.map(KeyType::name));
    ValueParser::from(names.try_map(|name| name.parse::<KeyType>()))
}

pub(super) fn key_mode(value: &str) -> Result<FileMode, crate::store::ModeInvalid> {
    value.parse()
}

/// Reads a length of time, which needs a unit: 30 what?
pub(super) fn duration(value: &str) -> Result<Duration, String> {
    humantime::parse_duration(value)
        .map_err(|_| format!("{value:?} is not a length of time such as 30d or 12h"))
}
