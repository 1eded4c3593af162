use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::ValueParser;
use clap::{ArgMatches, ValueEnum};
use time::OffsetDateTime;

use crate::base::error::Error;
use crate::base::text::counted;
use crate::check::config::Source;
use crate::check::config::compose::files_of_project;
use crate::check::{CheckReport, CheckRequest, Client, Code, Exception, Outcome, Severity, Verdict, check};
use crate::cli::args::{duration, is_typed, one_of, path, tls_mode};
use crate::cli::output::Style;
use crate::cli::render::findings::findings;
use crate::cli::render::page::Page;
use crate::cli::{Status, input, output, prometheus};
use crate::milvus::TlsMode;
use crate::store::{Access, Directory, MAX_FILE_SIZE, Protection, RelativePath};
use crate::x509::GeneralName;

const EXAMPLES: &str = "\
Examples:
  milvus-certs check -d certs
  milvus-certs check -d certs --server-name milvus.example.com
  milvus-certs check -d certs --tls-mode 1 --client pymilvus,go
  milvus-certs check -d certs --config user.yaml --config docker-compose.yaml
  kubectl get secret certs -o yaml | milvus-certs check --config -
  milvus-certs check -d certs --format prometheus > milvus_certs.prom

Exit status:
  0  every client that was asked about will connect, and nothing is an error
     (with --strict: nor a warning)
  1  it could not look
  2  wrong usage
  3  something is wrong";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The certificate directory [default: the current folder]
    #[arg(short, long = "dir", value_name = "DIR", value_parser = path())]
    dir: Option<PathBuf>,

    /// A name that clients connect to, and that server.pem has to cover
    ///
    /// Can be repeated, or list names with commas.
    #[arg(long, value_name = "NAME-OR-IP", value_delimiter = ',')]
    server_name: Vec<GeneralName>,

    /// The mode that has to work: 1 is one-way, 2 mutual [default: the configuration's, or both]
    #[arg(long, value_name = "1|2", value_parser = tls_mode)]
    tls_mode: Option<TlsMode>,

    /// A client that has to work [default: all]
    ///
    /// Can be repeated, or list clients with commas. What stops other clients alone is shown, and changes neither the
    /// table nor the exit status.
    #[arg(long, value_name = "CLIENT", value_delimiter = ',', value_parser = client())]
    client: Vec<Client>,

    /// Warn of certificates that end within this time, such as 30d
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "30d")]
    expires_in: Duration,

    /// What you wrote for Milvus, to be judged together with the certificates; `-` is standard input
    ///
    /// milvus.yaml or user.yaml, docker-compose.yaml or its folder, the operator's Milvus resource,
    /// Helm's values.yaml, or a Kubernetes Secret. Can be repeated.
    #[arg(long, value_name = "FILE", value_parser = path())]
    config: Vec<PathBuf>,

    /// Take warnings for errors
    #[arg(long)]
    strict: bool,

    /// How to report [default: text]
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,

    /// The same as --format json
    #[arg(long)]
    json: bool,
}

/// How findings are to be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// One document.
    Json,
    /// For the text file collector of Prometheus' node exporter.
    Prometheus,
}

impl Args {
    /// Brings --format and --json together: what was typed wins over what the environment says.
    pub(super) fn check_usage(&mut self, given: &ArgMatches) -> Result<(), Error> {
        let json = self.json.then_some(Format::Json);
        self.format = match (is_typed(given, "format"), is_typed(given, "json")) {
            (true, false) => self.format,
            (false, true) => json,
            _ if json.is_some() && self.format.is_some_and(|format| format != Format::Json) => {
                return Err(Error::new("--json cannot be used with another --format than json").with_hint(
                    "leave one of them out, also where it is an environment variable".to_owned(),
                ));
            }
            _ => self.format.or(json),
        };
        Ok(())
    }

    pub(super) fn run(self, now: OffsetDateTime) -> anyhow::Result<Status> {
        let (format, strict) = (self.format.unwrap_or(Format::Text), self.strict);
        let report = self.into_request().and_then(|request| check(&request, now));
        let report = report.inspect_err(|_| {
            // Where metrics are awaited, silence would pass for health. The error itself is about to be printed.
            if format == Format::Prometheus {
                let _ = output::print(&prometheus::failure());
            }
        })?;
        match format {
            Format::Text => output::saw("check", Style::Text, &report, text)?,
            Format::Json => output::saw("check", Style::Json, &report, text)?,
            Format::Prometheus => output::print(&prometheus::text(&report))?,
        }
        Ok(if report.fails(strict) { Status::Found } else { Status::Done })
    }

    fn into_request(self) -> Result<CheckRequest, Error> {
        let mut configs = Vec::new();
        for path in &self.config {
            match std::fs::metadata(path).is_ok_and(|found| found.is_dir()) {
                true => configs.extend(compose_project(path)?),
                false => configs.push(input::source(path, MAX_FILE_SIZE)?),
            }
        }
        Ok(CheckRequest {
            directory: self.dir,
            configs,
            server_names: self.server_name,
            tls_mode: self.tls_mode,
            clients: self.client,
            expires_in: self.expires_in,
        })
    }
}

/// The files that Compose reads in a folder.
fn compose_project(folder: &Path) -> Result<Vec<Source>, Error> {
    let opened = Directory::open(folder, Access::LookAsItIs, Protection::Required)?;
    let names = files_of_project(|name| opened.read(RelativePath::in_directory(name.to_owned())))?;
    if names.is_empty() {
        return Err(Error::new(format!("{}: has no Compose file", folder.display()))
            .with_hint("name the files themselves".to_owned()));
    }
    let path = |name: &String| if folder == Path::new(".") { name.into() } else { folder.join(name) };
    names.iter().map(|name| input::source(&path(name), MAX_FILE_SIZE)).collect()
}

fn client() -> ValueParser {
    one_of(&Client::ALL, Client::word)
}

/// The findings for people, and what will work.
fn text(report: &CheckReport) -> String {
    let mut page = Page::default();
    findings(&mut page, &report.findings);
    if !report.verdicts.is_empty() {
        page.lines(table(&report.verdicts));
        page.gap();
    }
    page.line(summary(report));
    page.into_text()
}

/// Which mode works with which client, and why not.
fn table(verdicts: &[Verdict]) -> Vec<String> {
    let cells = |first: &str, rest: &[&str]| {
        let rest: String = rest.iter().map(|cell| format!("{cell:<10}")).collect();
        format!("  {first:<9}{}", rest.trim_end())
    };
    let mut lines = Vec::new();
    for verdict in verdicts {
        if lines.is_empty() {
            let names: Vec<_> = verdict.clients.iter().map(|outcome| outcome.client.name()).collect();
            lines.push(cells("", &names));
        }
        let outcomes: Vec<_> = verdict.clients.iter().map(cell).collect();
        lines.push(cells(verdict.tls_mode.name(), &outcomes));
        let because: Vec<_> = verdict.because().map(Code::name).collect();
        let fails = (!because.is_empty()).then(|| format!("fails: {}", because.join(", ")));
        let partly = verdict
            .exceptions()
            .map(|Exception { because, versions }| format!("partly: {because}, not with {versions}"));
        lines.extend(fails.into_iter().chain(partly).map(|reason| cells("", &[&reason])));
    }
    lines
}

fn cell(outcome: &Outcome) -> &'static str {
    match (outcome.works, outcome.not_with.is_empty()) {
        (false, _) => "fails",
        (true, true) => "works",
        (true, false) => "partly",
    }
}

fn summary(report: &CheckReport) -> String {
    let looked_at: Vec<_> = report.directory.iter().chain(&report.configs).map(|path| named(path)).collect();
    let place = looked_at.join(", ");
    let severities = [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Info, "remark")];
    let counts = severities.map(|(severity, noun)| (report.count(severity), noun)).into_iter();
    let counts = counts.filter(|(count, _)| *count > 0).map(|(count, noun)| counted(count, noun));
    let counts: Vec<_> = counts.collect();
    match counts.is_empty() {
        true => format!("{place}: nothing is wrong."),
        false => format!("{place}: {}.", counts.join(", ")),
    }
}

/// A path as a person would say it.
fn named(path: &str) -> &str {
    match path.strip_prefix("./").unwrap_or(path) {
        "." | "" => "this folder",
        "-" => "standard input",
        path => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_named_as_it_was_given() {
        for (path, name) in [
            (".", "this folder"),
            ("./", "this folder"),
            ("./certs", "certs"),
            ("../certs", "../certs"),
            ("a./b", "a./b"),
            ("a/./b", "a/./b"),
            ("-", "standard input"),
        ] {
            assert_eq!(named(path), name);
        }
    }
}
