use std::path::PathBuf;
use std::time::Duration;

use crate::engine::{Fleet, IssueRequest, Recipient, Recipients, SigningRequest, issue_with_progress};
use crate::store::IssuedName;
use crate::x509::{Days, EndEntityKind, GeneralName, KeyType, NamePattern};
use clap::builder::BoolishValueParser;
use clap::error::ErrorKind;
use clap::{ArgMatches, ValueEnum};
use time::OffsetDateTime;

use crate::cli::args::{
    CommonArgs, Mistake, PassphraseArgs, duration, is_typed, key_type, path, with_passphrase,
};
use crate::cli::progress::Meter;
use crate::cli::{EXIT_STATUS_OF_MANY, Status, input, output};

const EXAMPLES: &str = "\
Examples:
  milvus-certs issue client search ingest -d certs
  milvus-certs issue server milvus-2.example.com -d certs --san 10.0.0.7
  milvus-certs issue client search -d certs --csr search.csr
  milvus-certs issue server milvus-3.example.com -d certs --csr milvus-3.csr --allow-san 10.0.0.8
  milvus-certs issue -d certs --from fleet.yaml

A request gives the key, and you say whose it is: NAME is the CommonName, whatever the request asks
for. Of the names that it asks for it gets those that --allow-san lists. What it does not get is said.

fleet.yaml lists everything that the authority is to have issued:

  days: 365            # for all that do not say otherwise
  key-type: p256
  clients:
    - search
    - name: ingest
      san: [ingest.internal]
  servers:
    - name: milvus-2.example.com
      san: [10.0.0.7]
      days: 90

What is missing is made; what ends soon, is not as the file says, or is of a former authority is
made anew; the rest is left. Interrupted, it goes on from there when it is run again.";

/// The most that is read of a list or a request, in bytes.
const LIMIT: u64 = 1024 * 1024;

#[derive(Debug, clap::Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{EXIT_STATUS_OF_MANY}"))]
#[command(group = clap::ArgGroup::new("what").args(["kind", "from"]).required(true))]
pub(crate) struct Args {
    /// What they are for
    #[arg(value_name = "server|client", hide_possible_values = true, requires = "names")]
    kind: Option<Kind>,

    /// What they are called: CommonName, subjectAltName, and the name of folder and files
    #[arg(value_name = "NAME", requires = "kind")]
    names: Vec<IssuedName>,

    /// Sign this request instead of making a key, PEM or DER; `-` is standard input
    #[arg(long, value_name = "FILE", env = "MILVUS_CERTS_CSR", hide_env_values = true, value_parser = path(), requires = "kind", conflicts_with = "from")]
    csr: Option<PathBuf>,

    /// A list of everything that is to be issued, in YAML; `-` is standard input
    #[arg(long, value_name = "FILE", env = "MILVUS_CERTS_FROM", hide_env_values = true, value_parser = path(), conflicts_with_all = ["kind", "names"])]
    from: Option<PathBuf>,

    /// A name that the request may have if it asks for it: a DNS name, an IP address, *.example.com
    ///
    /// Can be repeated, or list names with commas.
    #[arg(
        long,
        value_name = "NAME-OR-IP",
        env = "MILVUS_CERTS_ALLOW_SAN",
        hide_env_values = true,
        value_delimiter = ',',
        help_heading = "Signing request"
    )]
    allow_san: Vec<NamePattern>,

    #[command(flatten)]
    common: CommonArgs,

    /// Another folder than DIR/issued
    #[arg(long, value_name = "FOLDER", env = "MILVUS_CERTS_OUT", hide_env_values = true, value_parser = path())]
    out: Option<PathBuf>,

    /// Replace what is there under these names; a backup is kept
    #[arg(long, env = "MILVUS_CERTS_FORCE", hide_env_values = true, value_parser = BoolishValueParser::new())]
    force: bool,

    /// With --from: renew what ends within this time, or in the last third of a shorter life
    #[arg(long, value_name = "TIME", env = "MILVUS_CERTS_IF_DUE", hide_env_values = true, value_parser = duration, default_value = "30d")]
    if_due: Duration,

    /// One more name of each, DNS or IP
    ///
    /// Can be repeated, or list names with commas.
    #[arg(
        long,
        value_name = "NAME-OR-IP",
        env = "MILVUS_CERTS_SAN",
        hide_env_values = true,
        value_delimiter = ','
    )]
    san: Vec<GeneralName>,

    /// How long the certificates live [default: 3650]
    #[arg(
        long,
        value_name = "DAYS",
        env = "MILVUS_CERTS_DAYS",
        hide_env_values = true,
        allow_negative_numbers = true,
        help_heading = "Validity and keys"
    )]
    days: Option<Days>,

    /// The type of the keys [default: rsa2048]
    #[arg(long, value_name = "TYPE", value_parser = key_type(), env = "MILVUS_CERTS_KEY_TYPE", hide_env_values = true, help_heading = "Validity and keys")]
    key_type: Option<KeyType>,

    #[command(flatten, next_help_heading = "Validity and keys")]
    passphrase: PassphraseArgs,
}

/// What can be issued.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    Server,
    Client,
}

impl From<Kind> for EndEntityKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Server => Self::Server,
            Kind::Client => Self::Client,
        }
    }
}

/// Options that are for some recipients alone, by their names in clap and on the command line.
const FOR_SOME: [(&str, &str, &[&str]); 6] = [
    ("force", "--force", &["kind", "csr"]),
    ("san", "--san", &["kind", "csr"]),
    ("days", "--days", &["kind", "csr"]),
    ("key_type", "--key-type", &["kind"]),
    ("allow_san", "--allow-san", &["csr"]),
    ("if_due", "--if-due", &["from"]),
];

impl Args {
    /// What was typed and would do nothing is a mistake; a variable of the environment may be meant for
    /// other commands.
    pub(super) fn check_effect(&self, given: &ArgMatches) -> Result<(), Mistake> {
        let way = match (&self.csr, &self.from) {
            (Some(_), _) => "csr",
            (None, Some(_)) => "from",
            (None, None) => "kind",
        };
        if way == "csr" && self.names.len() > 1 {
            let message = format!("--csr is for one NAME, and {} are given", self.names.len());
            return Err((ErrorKind::WrongNumberOfValues, message));
        }
        let idle = FOR_SOME.iter().find(|(id, _, ways)| is_typed(given, id) && !ways.contains(&way));
        match (idle, way) {
            (None, _) => Ok(()),
            (Some((_, option, _)), "kind") if *option == "--allow-san" => {
                Err((ErrorKind::ArgumentConflict, format!("{option} has no effect without --csr")))
            }
            (Some((_, option, _)), "kind") => {
                Err((ErrorKind::ArgumentConflict, format!("{option} has no effect where names are given")))
            }
            (Some((_, option, _)), way) => {
                Err((ErrorKind::ArgumentConflict, format!("{option} has no effect with --{way}")))
            }
        }
    }

    pub(super) fn run(self, now: OffsetDateTime) -> anyhow::Result<Status> {
        let (style, quiet) = (output::Style::of(&self.common), self.common.quiet);
        let meter = Meter::new(quiet);
        let mut request = self.into_request()?;
        let report = with_passphrase(
            &mut request,
            |request| Some(&mut request.passphrase),
            |request| issue_with_progress(request, now, &|done, total| meter.show(done, total)),
        );
        drop(meter);
        output::report("issue", &report?, style)?;
        Ok(Status::Done)
    }

    fn into_request(self) -> anyhow::Result<IssueRequest> {
        let passphrase = self.passphrase.read()?;
        Ok(IssueRequest {
            to: match (self.kind, &self.csr, &self.from) {
                (_, _, Some(from)) => Recipients::Fleet {
                    fleet: Fleet::read(&input::source(from, LIMIT)?)?,
                    if_due: self.if_due,
                },
                (kind, csr, None) => {
                    let kind = kind.map_or(EndEntityKind::Client, EndEntityKind::from);
                    let recipients = self.names.into_iter().map(|name| Recipient {
                        kind,
                        name,
                        names: self.san.clone(),
                        days: self.days,
                        key_type: self.key_type,
                    });
                    match csr.as_ref().zip(recipients.clone().next()) {
                        Some((csr, recipient)) => Recipients::Request(SigningRequest {
                            content: input::source(csr, LIMIT)?,
                            recipient,
                            allowed: self.allow_san,
                        }),
                        None => Recipients::Named(recipients.collect()),
                    }
                }
            },
            directory: self.common.dir,
            output: self.out,
            passphrase,
            replace: self.force,
            dry_run: self.common.dry_run,
            protection: self.common.protection.protection(),
        })
    }
}
