use std::io::IsTerminal;

use crate::check::explain;
use clap::builder::BoolishValueParser;

use crate::cli::{Status, output, usage};

const EXAMPLES: &str = "\
Examples:
  milvus-certs explain 'illegal connection params or server unavailable'
  docker logs milvus-standalone 2>&1 | milvus-certs explain -
  python3 app.py 2>&1 | milvus-certs explain

Exit status:
  0  it says what is wrong
  1  the text could not be read
  2  wrong usage
  3  nothing in it is known

Every option can also be given by an environment variable, named in its description.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// What was said; `-` or nothing is standard input
    #[arg(value_name = "TEXT | -")]
    words: Vec<String>,

    /// Report in JSON on standard output
    #[arg(long, env = "MILVUS_CERTS_JSON", hide_env_values = true, value_parser = BoolishValueParser::new())]
    json: bool,
}

impl Args {
    pub(super) fn run(self) -> anyhow::Result<Status> {
        let report = match self.words.join(" ").as_str() {
            "" if std::io::stdin().is_terminal() => return Err(usage::Error::nothing_to_explain().into()),
            "" | "-" => explain("-", std::io::stdin().lock())?,
            text => explain("text", text.as_bytes())?,
        };
        output::explained(&report, self.json)?;
        Ok(if report.findings.is_empty() { Status::Found } else { Status::Done })
    }
}
