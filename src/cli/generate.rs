use std::path::PathBuf;

use clap::ArgMatches;
use time::OffsetDateTime;

use crate::base::error::Error;
use crate::base::text::command;
use crate::cli::args::{CommonArgs, NameArgs, PassphraseArgs, SubjectArgs, key_type, path, with_passphrase};
use crate::cli::render::certificates::{self, OF_AN_INTERRUPTED_RUN, nothing_to_do, place};
use crate::cli::{EXIT_STATUS, Status, output};
use crate::engine::{Action, ExistingCa, GenerateRequest, IfPresent, Report, generate};
use crate::milvus::defaults;
use crate::store::FileMode;
use crate::x509::{Days, KeyType};

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

    /// Replace the files that are there, and keep them in backup-TIME
    #[arg(long, conflicts_with = "if_missing")]
    force: bool,

    /// Leave a complete directory alone whose certificates are valid
    #[arg(long)]
    if_missing: bool,

    #[command(flatten)]
    subject: SubjectArgs,

    #[command(flatten)]
    names: NameArgs,

    /// How long the server's and the client's certificates live
    #[arg(long, value_name = "DAYS", default_value_t = defaults::DAYS, allow_negative_numbers = true, help_heading = "Validity and keys")]
    days: Days,

    /// How long the CA lives
    #[arg(long, value_name = "DAYS", default_value_t = defaults::CA_DAYS, allow_negative_numbers = true, conflicts_with = "ca_cert", help_heading = "Validity and keys")]
    ca_days: Days,

    /// The type of all three keys
    #[arg(long, value_name = "TYPE", value_parser = key_type(), default_value_t = KeyType::Rsa2048, help_heading = "Validity and keys")]
    key_type: KeyType,

    /// The mode of server.key and client.key, such as 0640 for a container's group
    ///
    /// Without it 0600, or that of the files that are replaced.
    #[arg(long, value_name = "MODE", help_heading = "Validity and keys")]
    key_mode: Option<FileMode>,

    /// Use this CA instead of making one; for an intermediate CA, append its issuers
    #[arg(long, value_name = "FILE", value_parser = path(), requires = "ca_key", help_heading = "CA")]
    ca_cert: Option<PathBuf>,

    /// The key of that CA
    #[arg(long, value_name = "FILE", value_parser = path(), requires = "ca_cert", help_heading = "CA")]
    ca_key: Option<PathBuf>,

    #[command(flatten, next_help_heading = "CA")]
    passphrase: PassphraseArgs,
}

impl Args {
    pub(super) fn check_usage(&self, given: &ArgMatches) -> Result<(), Error> {
        self.names.platform.check_usage(given)
    }

    pub(super) fn run(self, now: OffsetDateTime) -> anyhow::Result<Status> {
        let style = self.common.style();
        let passphrase = self.passphrase.read()?;
        let config_command = self.names.platform.config_command(&self.common.dir);
        let mut request = self.into_request();
        let report = with_passphrase(passphrase, |passphrase| {
            request.passphrase = passphrase;
            generate(&request, now)
        })?;
        let outcome = (report.changed, &*report.notes);
        output::did("gen", style, &report, outcome, next_steps(&report, config_command), text)?;
        Ok(Status::Done)
    }

    fn into_request(self) -> GenerateRequest {
        let existing = self.ca_cert.zip(self.ca_key);
        GenerateRequest {
            directory: self.common.dir,
            subject: self.subject.attributes(),
            names: self.names.server_names(),
            client_name: self.names.client_name,
            days: self.days,
            ca_days: self.ca_days,
            key_type: self.key_type,
            ca: existing.map(|(certificate, key)| ExistingCa { certificate, key }),
            passphrase: None,
            key_mode: self.key_mode,
            if_present: match (self.force, self.if_missing) {
                (true, _) => IfPresent::Replace,
                (_, true) => IfPresent::Keep,
                _ => IfPresent::Refuse,
            },
            dry_run: self.common.dry_run,
            protection: self.common.protection.protection(),
        }
    }
}

fn text(report: &Report, next_steps: &[String]) -> String {
    let place = place(&report.directory);
    let makes_any = report.certificates.iter().any(|found| found.action != Action::Kept);
    let headline = match (makes_any, report.dry_run) {
        (false, _) => nothing_to_do(report),
        (true, false) => format!("Made a CA, a server and a client certificate in {place}:"),
        (true, true) => format!("Would make a CA, a server and a client certificate in {place}:"),
    };
    certificates::text(headline, report, next_steps)
}

/// `config_command` writes the files of the deployment, where one was named.
fn next_steps(report: &Report, config_command: Option<String>) -> Vec<String> {
    match (report.changed, report.files.is_empty()) {
        (false, _) => Vec::new(),
        (true, true) => vec![OF_AN_INTERRUPTED_RUN.into()],
        (true, false) => vec![
            config_command.unwrap_or_else(|| {
                "copy server.key, server.pem and ca.pem to where Milvus reads them, set its tlsMode, and restart it"
                    .into()
            }),
            "give clients ca.pem, not server.pem; with tlsMode 2 also client.pem and client.key".into(),
            format!("keep ca.key and ca.srl safe, for `{}`", command("renew", &report.directory)),
        ],
    }
}
