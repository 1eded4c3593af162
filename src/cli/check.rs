use std::path::PathBuf;
use std::time::Duration;

use crate::check::{CheckRequest, check};
use crate::milvus::TlsMode;
use crate::store::MAX_FILE_SIZE;
use crate::x509::GeneralName;
use clap::ArgMatches;
use clap::builder::BoolishValueParser;
use clap::error::ErrorKind;
use time::OffsetDateTime;

use crate::cli::args::{Mistake, duration, is_typed, path, tls_mode};
use crate::cli::output::Format;
use crate::cli::{Status, input, output};

const EXAMPLES: &str = "\
Examples:
  milvus-certs check -d certs
  milvus-certs check -d certs --server-name milvus.example.com --tls-mode 1
  milvus-certs check -d certs --config user.yaml --config docker-compose.yaml
  kubectl get secret certs -o yaml | milvus-certs check --config -
  milvus-certs check -d certs --format prometheus > milvus_certs.prom

Exit status:
  0  no errors were found (with --strict: no warnings either)
  1  it could not look
  2  wrong usage
  3  something is wrong

Every option can also be given by an environment variable, named in its description.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The certificate directory [default: the current folder]
    #[arg(short, long = "dir", value_name = "DIR", env = "MILVUS_CERTS_DIR", hide_env_values = true, value_parser = path())]
    dir: Option<PathBuf>,

    /// A name that clients connect to, and that server.pem has to cover
    ///
    /// Can be repeated, or list names with commas.
    #[arg(
        long,
        value_name = "NAME-OR-IP",
        env = "MILVUS_CERTS_SERVER_NAME",
        hide_env_values = true,
        value_delimiter = ','
    )]
    server_name: Vec<GeneralName>,

    /// The mode that has to work: 1 is one-way, 2 mutual [default: the configuration's, or both]
    #[arg(long, value_name = "1|2", env = "MILVUS_CERTS_TLS_MODE", hide_env_values = true, value_parser = tls_mode)]
    tls_mode: Option<TlsMode>,

    /// Warn of certificates that end within this time, such as 30d
    #[arg(long, value_name = "TIME", env = "MILVUS_CERTS_EXPIRES_IN", hide_env_values = true, value_parser = duration, default_value = "30d")]
    expires_in: Duration,

    /// What you wrote for Milvus, to be judged together with the certificates; `-` is standard input
    ///
    /// milvus.yaml or user.yaml, docker-compose.yaml, the operator's Milvus resource, Helm's
    /// values.yaml, or a Kubernetes Secret. Can be repeated.
    #[arg(long, value_name = "FILE", env = "MILVUS_CERTS_CONFIG", hide_env_values = true, value_parser = path())]
    config: Vec<PathBuf>,

    /// Take warnings for errors
    #[arg(long, env = "MILVUS_CERTS_STRICT", hide_env_values = true, value_parser = BoolishValueParser::new())]
    strict: bool,

    /// How to report [default: text]
    #[arg(long, value_name = "FORMAT", env = "MILVUS_CERTS_FORMAT", hide_env_values = true)]
    format: Option<Format>,

    /// The same as --format json
    #[arg(long, env = "MILVUS_CERTS_JSON", hide_env_values = true, value_parser = BoolishValueParser::new())]
    json: bool,
}

impl Args {
    /// Brings --format and --json together: what was typed wins over what the environment says.
    pub(super) fn settle_format(&mut self, given: &ArgMatches) -> Result<(), Mistake> {
        self.format = match (self.format, self.json.then_some(Format::Json)) {
            (Some(format), Some(json)) if format != json => {
                match (is_typed(given, "format"), is_typed(given, "json")) {
                    (true, false) => Some(format),
                    (false, true) => Some(json),
                    _ => {
                        return Err((
                            ErrorKind::ArgumentConflict,
                            "--json cannot be used with another --format than json".into(),
                        ));
                    }
                }
            }
            (format, json) => format.or(json),
        };
        Ok(())
    }

    pub(super) fn run(self, now: OffsetDateTime) -> anyhow::Result<Status> {
        let format = self.format.unwrap_or(Format::Text);
        let strict = self.strict;
        let looked = self.into_request().and_then(|request| Ok(check(&request, now)?));
        let report = looked.inspect_err(|_| output::not_checked(format))?;
        output::checked(&report, format)?;
        Ok(if report.fails(strict) { Status::Found } else { Status::Done })
    }

    fn into_request(self) -> anyhow::Result<CheckRequest> {
        let configs = self.config.iter().map(|path| input::source(path, MAX_FILE_SIZE));
        Ok(CheckRequest {
            directory: self.dir,
            configs: configs.collect::<Result<_, _>>()?,
            server_names: self.server_name,
            tls_mode: self.tls_mode,
            expires_in: self.expires_in,
        })
    }
}
