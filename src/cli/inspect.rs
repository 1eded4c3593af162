use std::path::{Path, PathBuf};

use crate::check::inspect;
use crate::check::{INSPECT_LIMIT, InspectTarget};
use clap::builder::BoolishValueParser;
use time::OffsetDateTime;

use crate::cli::args::path;
use crate::cli::{Status, input, output};

const EXAMPLES: &str = "\
Examples:
  milvus-certs inspect certs
  milvus-certs inspect server.pem client.csr
  ssh milvus cat certs/server.pem | milvus-certs inspect -

Exit status:
  0  everything was read
  1  something could not be read
  2  wrong usage

Every option can also be given by an environment variable, named in its description.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Files or folders; `-` is standard input [default: the current folder]
    #[arg(value_name = "FILE|DIR|-", value_parser = path())]
    targets: Vec<PathBuf>,

    /// Report in JSON on standard output
    #[arg(long, env = "MILVUS_CERTS_JSON", hide_env_values = true, value_parser = BoolishValueParser::new())]
    json: bool,
}

impl Args {
    pub(super) fn run(self, now: OffsetDateTime) -> anyhow::Result<Status> {
        let targets = match self.targets.as_slice() {
            [] => vec![InspectTarget::Path(PathBuf::from("."))],
            targets => targets.iter().map(|path| target(path)).collect::<Result<_, _>>()?,
        };
        let report = inspect(&targets, now);
        output::inspected(&report, self.json)?;
        Ok(if report.is_complete() { Status::Done } else { Status::Failed })
    }
}

fn target(path: &Path) -> anyhow::Result<InspectTarget> {
    Ok(match input::is_stdin(path) {
        true => InspectTarget::Content(input::source(path, INSPECT_LIMIT)?),
        false => InspectTarget::Path(path.to_owned()),
    })
}
