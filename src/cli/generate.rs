use std::path::PathBuf;

use crate::engine::{ExistingAuthority, GenerateRequest, IfPresent, generate};
use crate::milvus::defaults;
use crate::store::FileMode;
use crate::x509::{Days, KeyType};
use clap::ArgMatches;
use clap::builder::BoolishValueParser;
use time::OffsetDateTime;

use crate::cli::args::{
    CommonArgs, Mistake, NameArgs, PassphraseArgs, PlatformArgs, SubjectArgs, key_mode, key_type, path,
    with_passphrase,
};
use crate::cli::{EXIT_STATUS, Status, output};

const EXAMPLES: &str = "\
Examples:
  milvus-certs gen -d certs
  milvus-certs gen -d certs --common-name milvus.example.com --san 10.0.0.5
  milvus-certs gen -d certs --if-missing --json
  milvus-certs gen -d certs --ca-cert corp-ca.pem --ca-key corp-ca.key";

#[derive(Debug, clap::Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{EXIT_STATUS}"))]
#[command(mut_arg("common_name", |arg| arg.default_value(defaults::COMMON_NAME)))]
#[command(mut_arg("country", |arg| arg.default_value(defaults::COUNTRY)))]
#[command(mut_arg("state", |arg| arg.default_value(defaults::STATE)))]
#[command(mut_arg("location", |arg| arg.default_value(defaults::LOCATION)))]
#[command(mut_arg("organization", |arg| arg.default_value(defaults::ORGANIZATION)))]
#[command(mut_arg("organization_unit", |arg| arg.default_value(defaults::ORGANIZATION_UNIT)))]
pub(crate) struct Args {
    #[command(flatten)]
    common: CommonArgs,

    /// Replace the files that are there, and keep them in backup-<UTC time>
    #[arg(long, env = "MILVUS_CERTS_FORCE", hide_env_values = true, value_parser = BoolishValueParser::new(), conflicts_with = "if_missing")]
    force: bool,

    /// Leave a complete directory alone whose certificates are valid
    #[arg(long, env = "MILVUS_CERTS_IF_MISSING", hide_env_values = true, value_parser = BoolishValueParser::new())]
    if_missing: bool,

    #[command(flatten)]
    subject: SubjectArgs,

    #[command(flatten)]
    names: NameArgs,

    #[command(flatten, next_help_heading = "Names")]
    platform: PlatformArgs,

    /// How long the server's and the client's certificates live
    #[arg(long, value_name = "DAYS", env = "MILVUS_CERTS_DAYS", hide_env_values = true, default_value_t = defaults::DAYS, allow_negative_numbers = true, help_heading = "Validity and keys")]
    days: Days,

    /// How long the authority lives
    #[arg(long, value_name = "DAYS", env = "MILVUS_CERTS_CA_DAYS", hide_env_values = true, default_value_t = defaults::CA_DAYS, allow_negative_numbers = true, conflicts_with = "ca_cert", help_heading = "Validity and keys")]
    ca_days: Days,

    /// The type of all three keys
    #[arg(long, value_name = "TYPE", value_parser = key_type(), env = "MILVUS_CERTS_KEY_TYPE", hide_env_values = true, default_value_t = KeyType::Rsa2048, help_heading = "Validity and keys")]
    key_type: KeyType,

    /// The mode of server.key and client.key, such as 0640 for a container's group
    ///
    /// Without it 0600, or that of the files that are replaced.
    #[arg(long, value_name = "MODE", env = "MILVUS_CERTS_KEY_MODE", hide_env_values = true, value_parser = key_mode, help_heading = "Validity and keys")]
    key_mode: Option<FileMode>,

    /// Use this authority instead of making one; for an intermediate one, append its issuers
    #[arg(long, value_name = "FILE", env = "MILVUS_CERTS_CA_CERT", hide_env_values = true, value_parser = path(), requires = "ca_key", help_heading = "Authority")]
    ca_cert: Option<PathBuf>,

    /// The key of that authority
    #[arg(long, value_name = "FILE", env = "MILVUS_CERTS_CA_KEY", hide_env_values = true, value_parser = path(), requires = "ca_cert", help_heading = "Authority")]
    ca_key: Option<PathBuf>,

    #[command(flatten, next_help_heading = "Authority")]
    passphrase: PassphraseArgs,
}

impl Args {
    pub(super) fn check_effect(&self, given: &ArgMatches) -> Result<(), Mistake> {
        self.platform.check_effect(given)
    }

    pub(super) fn run(self, now: OffsetDateTime) -> anyhow::Result<Status> {
        let style = output::Style::of(&self.common);
        let mut request = self.into_request()?;
        let report = with_passphrase(
            &mut request,
            |request| Some(&mut request.passphrase),
            |request| generate(request, now),
        )?;
        output::report("gen", &report, style)?;
        Ok(Status::Done)
    }

    fn into_request(self) -> anyhow::Result<GenerateRequest> {
        let existing = self.ca_cert.zip(self.ca_key);
        let mut names = self.names.san;
        names.extend(self.platform.names());
        Ok(GenerateRequest {
            directory: self.common.dir,
            subject: self.subject.into_attributes(),
            names,
            client_name: self.names.client_name,
            days: self.days,
            ca_days: self.ca_days,
            key_type: self.key_type,
            authority: existing.map(|(certificate, key)| ExistingAuthority { certificate, key }),
            passphrase: self.passphrase.read()?,
            key_mode: self.key_mode,
            if_present: match (self.force, self.if_missing) {
                (true, _) => IfPresent::Replace,
                (_, true) => IfPresent::Keep,
                _ => IfPresent::Refuse,
            },
            dry_run: self.common.dry_run,
            protection: self.common.protection.protection(),
        })
    }
}
