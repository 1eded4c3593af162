use std::path::PathBuf;

use crate::engine::{RotationRequest, RotationStep, rotate, rotation_status};
use crate::milvus::defaults;
use crate::x509::{Days, KeyType};
use clap::builder::BoolishValueParser;
use time::OffsetDateTime;

use crate::cli::args::{CommonArgs, PassphraseArgs, key_type, path, with_passphrase};
use crate::cli::progress::Meter;
use crate::cli::{EXIT_STATUS_OF_MANY, Status, output};

const EXAMPLES: &str = "\
Examples:
  milvus-certs rotate-ca begin -d certs    # then give everybody ca.pem, which trusts both
  milvus-certs rotate-ca issue -d certs    # then give everybody their new certificates
  milvus-certs rotate-ca finish -d certs   # then give everybody ca.pem, which trusts the new one
  milvus-certs rotate-ca status -d certs

Between the steps, everything old works with everything new: take as long as you need. A step
that was interrupted goes on when it is run again. The old authority is kept in DIR/backup-<time>.

`begin --same-key` is for an authority whose certificate is refused or ends soon, such as that of
gen.sh, which has no keyUsage. It signs ca.pem anew with the same key and name: one step is all.";

#[derive(Debug, clap::Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{EXIT_STATUS_OF_MANY}"))]
pub(crate) struct Args {
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, clap::Subcommand)]
#[command(subcommand_value_name = "STEP", subcommand_help_heading = "Steps", disable_help_subcommand = true)]
enum Step {
    /// Make a new authority, and a ca.pem that trusts both, the old one first
    Begin(BeginArgs),
    /// Let the new authority issue, and issue server, client and everything in the inventory again
    Issue(StepArgs),
    /// Let ca.pem trust the new authority alone
    Finish(StepArgs),
    /// Say how far it is, by what the certificates say, and what to do next
    Status(StatusArgs),
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_STATUS_OF_MANY)]
struct BeginArgs {
    #[command(flatten)]
    step: StepArgs,

    /// Sign ca.pem anew with the same key and name, instead of making another authority
    #[arg(long, env = "MILVUS_CERTS_SAME_KEY", hide_env_values = true, value_parser = BoolishValueParser::new(), conflicts_with = "key_type")]
    same_key: bool,

    /// How long the authority lives
    #[arg(long, value_name = "DAYS", env = "MILVUS_CERTS_CA_DAYS", hide_env_values = true, default_value_t = defaults::CA_DAYS, allow_negative_numbers = true)]
    ca_days: Days,

    /// The type of its key [default: that of the old one]
    #[arg(long, value_name = "TYPE", value_parser = key_type(), env = "MILVUS_CERTS_KEY_TYPE", hide_env_values = true)]
    key_type: Option<KeyType>,
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_STATUS_OF_MANY)]
struct StepArgs {
    #[command(flatten)]
    common: CommonArgs,

    #[command(flatten)]
    passphrase: PassphraseArgs,
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_STATUS_OF_MANY)]
struct StatusArgs {
    /// The certificate directory
    #[arg(short, long = "dir", value_name = "DIR", env = "MILVUS_CERTS_DIR", default_value = ".", hide_env_values = true, value_parser = path())]
    dir: PathBuf,

    /// Report in JSON on standard output
    #[arg(long, env = "MILVUS_CERTS_JSON", hide_env_values = true, value_parser = BoolishValueParser::new())]
    json: bool,
}

impl Args {
    pub(super) fn run(self, now: OffsetDateTime) -> anyhow::Result<Status> {
        let (step, args) = match self.step {
            Step::Status(args) => {
                output::rotation_status(&args.dir, &rotation_status(&args.dir, now)?, args.json)?;
                return Ok(Status::Done);
            }
            Step::Begin(BeginArgs { step, same_key: true, ca_days, .. }) => {
                (RotationStep::SameKey { days: ca_days }, step)
            }
            Step::Begin(BeginArgs { step, ca_days, key_type, .. }) => {
                (RotationStep::Begin { key_type, days: ca_days }, step)
            }
            Step::Issue(args) => (RotationStep::Issue, args),
            Step::Finish(args) => (RotationStep::Finish, args),
        };
        args.run(step, now)
    }
}

impl StepArgs {
    fn run(self, step: RotationStep, now: OffsetDateTime) -> anyhow::Result<Status> {
        let (style, quiet) = (output::Style::of(&self.common), self.common.quiet);
        let passphrase = self.passphrase.read()?;
        let protection = self.common.protection.protection();
        let CommonArgs { dir: directory, dry_run, .. } = self.common;
        let mut request = RotationRequest { directory, step, passphrase, dry_run, protection };
        let meter = Meter::new(quiet);
        let rotated = with_passphrase(
            &mut request,
            |request| Some(&mut request.passphrase),
            |request| rotate(request, now, &|done, total| meter.show(done, total)),
        );
        drop(meter);
        output::rotated(&request.step, &rotated?, style)?;
        Ok(Status::Done)
    }
}
