use std::fs::{self, File};
use std::io::IsTerminal;

use crate::base::error::Error;
use crate::base::text::shell_quoted;
use crate::check::explain;
use crate::cli::output::Style;
use crate::cli::render::findings::paragraphs;
use crate::cli::{Status, output};
use crate::store::unreadable;

const EXAMPLES: &str = "\
Examples:
  milvus-certs explain 'illegal connection params or server unavailable'
  docker logs milvus-standalone 2>&1 | milvus-certs explain -
  python3 app.py 2>&1 | milvus-certs explain
  milvus-certs explain app.log

Exit status:
  0  it says what is wrong
  1  the text could not be read
  2  wrong usage
  3  nothing in it is known";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// What was said, or a file with it; `-` or nothing is standard input
    #[arg(value_name = "TEXT | FILE | -")]
    words: Vec<String>,

    /// Report in JSON on standard output
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(super) fn check_usage(&self) -> Result<(), Error> {
        match !self.words.join(" ").is_empty() || !std::io::stdin().is_terminal() {
            true => Ok(()),
            false => Err(Error::new("there is nothing to explain").with_hint(
                "give the error in quotes, or pipe a log in: `docker logs milvus-standalone 2>&1 | milvus-certs explain`"
                    .to_owned(),
            )),
        }
    }

    pub(super) fn run(self) -> anyhow::Result<Status> {
        let text = self.words.join(" ");
        let (report, may_be_path) = match text.as_str() {
            "" | "-" => (explain("-", std::io::stdin().lock())?, false),
            path if fs::metadata(path).is_ok_and(|found| found.is_file()) => {
                (explain(path, File::open(path).map_err(unreadable(path.as_ref()))?)?, false)
            }
            text => (explain("text", text.as_bytes())?, !text.contains(char::is_whitespace)),
        };
        let is_known = !report.findings.is_empty();
        match is_known || self.json {
            true => output::saw("explain", Style::new(self.json, false), &report, |report| {
                paragraphs(&report.findings).trim_end().to_owned() + "\n"
            })?,
            false => {
                let hint = match may_be_path {
                    true => {
                        format!(
                            "there is no file called {}, so it was taken for the text",
                            shell_quoted(&text)
                        )
                    }
                    false => "`milvus-certs probe` looks at the server itself".to_owned(),
                };
                output::two_lines("nothing in the text is known as an error of TLS", Some(&hint));
            }
        }
        Ok(if is_known { Status::Done } else { Status::Found })
    }
}
