//! Everything that is printed is printed here.
//!
//! - Standard output has the report: text for people, or one JSON document. Notes, errors and hints
//!   go to standard error.
//! - An error is two lines: what happened; then `hint:` and what helps.
//! - `--quiet` leaves errors, and JSON if it was asked for. Nothing is coloured but clap's help.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::process::ExitCode;

use crate::base::error::Error;
use crate::base::note::Note;
use crate::base::text::{is_deceptive, printable};
use crate::check::CheckReport;
use crate::check::Unfit;
use crate::check::interrupted_runs as interrupted_runs_in;
use crate::check::{ExplainReport, InspectReport};
use crate::deploy::{ConfigReport, ConnectReport};
use crate::engine::{Report, RotationReport, RotationStatus, RotationStep};
use anyhow::Context;
use clap::ValueEnum;
use serde::Serialize;

use crate::cli::args::CommonArgs;
use crate::cli::render::page::Page;
use crate::cli::render::{check, config, inspect, issued, prometheus, rotation, run};
use crate::cli::usage;

/// Raised when a field changes its meaning or goes.
const SCHEMA_VERSION: u32 = 1;

/// How a report is to be given.
#[derive(Clone, Copy, Debug)]
pub(super) enum Style {
    Text,
    Json,
    Quiet,
}

impl Style {
    pub(super) fn of(args: &CommonArgs) -> Self {
        match (args.json, args.quiet) {
            (true, _) => Self::Json,
            (_, true) => Self::Quiet,
            _ => Self::Text,
        }
    }
}

/// Prints what a command did.
pub(super) fn report(command: &str, report: &Report, style: Style) -> anyhow::Result<()> {
    let text = match style {
        Style::Quiet => return Ok(()),
        Style::Json => document(command, WithSteps { report, next_steps: next_steps(command, report) })?,
        Style::Text => {
            notes(&report.notes);
            text(command, report)
        }
    };
    print(&text).with_context(|| match report.changed {
        true => "the files were written, but the report cannot be printed",
        false => "the report cannot be printed",
    })
}

/// How findings are to be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Text,
    /// One document.
    Json,
    /// For the text file collector of Prometheus' node exporter.
    Prometheus,
}

/// Prints what `check` found.
pub(super) fn checked(report: &CheckReport, format: Format) -> anyhow::Result<()> {
    let text = match format {
        Format::Text => check::text(report),
        Format::Json => document("check", Look { changed: false, report })?,
        Format::Prometheus => prometheus::text(report),
    };
    print(&text).context("the findings cannot be printed")
}

/// Prints what a step of `rotate-ca` did, and how far it is now.
pub(super) fn rotated(step: &RotationStep, rotated: &RotationReport, style: Style) -> anyhow::Result<()> {
    let next_steps = rotation::next_steps_after(step, rotated);
    let text = match style {
        Style::Quiet => return Ok(()),
        Style::Json => document("rotate-ca", WithSteps { report: rotated, next_steps })?,
        Style::Text => {
            notes(&rotated.report.notes);
            rotation::text(step, rotated)
        }
    };
    print(&text).with_context(|| match rotated.report.changed {
        true => "the files were written, but the report cannot be printed",
        false => "the report cannot be printed",
    })
}

/// Prints how far the replacement of an authority is.
pub(super) fn rotation_status(directory: &Path, status: &RotationStatus, json: bool) -> anyhow::Result<()> {
    interrupted_runs(directory);
    let next_steps = rotation::next_steps(directory, status);
    let text = match json {
        true => {
            let report = WithSteps { report: status, next_steps };
            document("rotate-ca", Look { changed: false, report: InDirectory { directory, report } })?
        }
        false => rotation::status(directory, status),
    };
    print(&text).context("the status cannot be printed")
}

fn text(command: &str, report: &Report) -> String {
    match command {
        "issue" => issued::text(report),
        _ => run::text(command, report),
    }
}

fn next_steps(command: &str, report: &Report) -> Vec<String> {
    match command {
        "issue" => issued::next_steps(report),
        _ => run::next_steps(command, report),
    }
}

/// Says what a person should know: of many notes of one kind only the first.
fn notes(notes: &[Note]) {
    const LISTED: usize = 5;
    let mut counts = BTreeMap::new();
    for note in notes {
        let count = counts.entry(note.code).or_insert(0);
        *count += 1;
        if *count <= LISTED {
            say("note", &note.message);
        }
    }
    for (code, count) in counts.into_iter().filter(|(_, count)| *count > LISTED) {
        say("note", &format!("{} more of the kind {code}; --json has them all", count - LISTED));
    }
}

/// Says it at once.
pub(super) fn note(note: &Note) {
    say("note", &note.message);
}

/// Says where a run was interrupted in a directory that is only looked at. Where that cannot be told, neither
/// can what was asked for.
pub(super) fn interrupted_runs(directory: &Path) {
    notes(&interrupted_runs_in(directory).unwrap_or_default());
}

/// Says how far a long run is.
pub(super) fn progress(done: usize, total: usize) {
    say("progress", &format!("{done} of {total} certificates"));
}

/// Tells Prometheus that `check` could not look: where metrics are awaited, silence would pass for
/// health.
pub(super) fn not_checked(format: Format) {
    if format == Format::Prometheus {
        // The error itself is about to be printed.
        let _ = print(&prometheus::failure());
    }
}

/// Prints what `inspect` saw, and on standard error what it could not read.
pub(super) fn inspected(report: &InspectReport, json: bool) -> anyhow::Result<()> {
    let text = match json {
        true => document("inspect", Look { changed: false, report })?,
        false => inspect::text(report),
    };
    print(&text).context("what was seen cannot be printed")?;
    for target in report.targets.iter().filter(|target| target.is_directory) {
        interrupted_runs(target.path.as_ref());
    }
    for file in report.targets.iter().flat_map(|target| &target.files) {
        if let Some(error) = &file.error {
            two_lines(error, file.hint.as_deref());
        }
    }
    Ok(())
}

/// Prints what `config` rendered, or where it was written.
pub(super) fn rendered(report: &ConfigReport, json: bool) -> anyhow::Result<()> {
    interrupted_runs(report.directory.as_ref());
    if !json {
        report.notes.iter().for_each(|note| say("note", &note.message));
    }
    let printed = match (json, report.changed) {
        (true, _) => {
            print(&document("config", WithSteps { report, next_steps: config::next_steps(report) })?)
        }
        (false, false) => print(&config::documents(report)),
        (false, true) => print(&config::text(report)),
    };
    printed.with_context(|| match report.changed {
        true => "the files were written, but the report cannot be printed",
        false => "the files cannot be printed",
    })
}

/// Prints how a client connects.
pub(super) fn connected(report: &ConnectReport, json: bool) -> anyhow::Result<()> {
    interrupted_runs(report.directory.as_ref());
    let printed = match json {
        true => print(&document("connect", Look { changed: false, report })?),
        false => print(&report.content),
    };
    printed.context("the file cannot be printed")
}

/// Prints what a text means.
pub(super) fn explained(report: &ExplainReport, json: bool) -> anyhow::Result<()> {
    let text = match (json, report.findings.is_empty()) {
        (true, _) => document("explain", Look { changed: false, report })?,
        (false, true) => {
            let message = "nothing in the text is known as an error of TLS";
            two_lines(message, Some("`milvus-certs probe` looks at the server itself"));
            return Ok(());
        }
        (false, false) => check::paragraphs(&report.findings).trim_end().to_owned() + "\n",
    };
    print(&text).context("the explanation cannot be printed")
}

/// Prints where the manual pages are.
pub(super) fn manual(count: usize, folder: &Path) -> anyhow::Result<()> {
    let mut page = Page::default();
    page.line(format!("Wrote {count} manual pages to {}.", folder.display()));
    print(&page.into_text()).context("the pages were written, but this cannot be printed")
}

/// Prints a script as it is.
pub(super) fn script(script: &[u8]) -> anyhow::Result<()> {
    print(&String::from_utf8_lossy(script)).context("the script cannot be printed")
}

/// Prints what `probe` saw.
#[cfg(feature = "probe")]
pub(super) fn probed(report: &crate::check::ProbeReport, json: bool) -> anyhow::Result<()> {
    report.directory.iter().for_each(|directory| interrupted_runs(directory.as_ref()));
    let text = match json {
        true => document("probe", Look { changed: false, report })?,
        false => super::render::probe::text(report),
    };
    print(&text).context("what was seen cannot be printed")
}

/// A command that only looks.
#[derive(Serialize)]
struct Look<T> {
    changed: bool,
    #[serde(flatten)]
    report: T,
}

/// Prints help or version, which clap treats as errors.
pub(crate) fn help(help: &clap::Error, status: u8) -> ExitCode {
    match help.print() {
        Err(error) if status == 0 && error.kind() != ErrorKind::BrokenPipe => ExitCode::FAILURE,
        _ => ExitCode::from(status),
    }
}

/// Prints an error and its hint.
pub(crate) fn error(error: &anyhow::Error) {
    let (message, hint) = match (error.downcast_ref::<Error>(), error.downcast_ref::<usage::Error>()) {
        (Some(error), _) => {
            if let Some(Unfit { findings, .. }) = error.cause() {
                let _ = io::stderr().write_all(check::paragraphs(findings).as_bytes());
            }
            (error.to_string(), error.hint())
        }
        (_, Some(error)) => (error.to_string(), Some(error.hint())),
        _ => (format!("{error:#}"), None),
    };
    two_lines(&message, hint);
}

fn two_lines(message: &str, hint: Option<&str>) {
    say("error", message);
    if let Some(hint) = hint {
        say("hint", hint);
    }
}

/// A line on standard error. Where that cannot be written there is nobody to be told.
fn say(kind: &str, text: &str) {
    let _ = writeln!(io::stderr(), "{kind}: {}", printable(text));
}

/// A reader that has seen enough (`| head`) is no failure.
fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// What every JSON document begins with.
#[derive(Serialize)]
struct Document<'a, T> {
    schema_version: u32,
    command: &'a str,
    #[serde(flatten)]
    content: T,
}

/// One JSON document about a command.
fn document(command: &str, content: impl Serialize) -> anyhow::Result<String> {
    let document = Document { schema_version: SCHEMA_VERSION, command, content };
    Ok(escaped_in_json(&serde_json::to_string_pretty(&document)?) + "\n")
}

/// What a terminal must not be sent, in JSON's own escapes. JSON allows such characters in strings
/// alone, and serde_json has escaped those that it does not allow.
fn escaped_in_json(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for character in json.chars() {
        if character == '\n' || !is_deceptive(character) {
            escaped.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            escaped.push_str(&format!("\\u{unit:04x}"));
        }
    }
    escaped
}

#[derive(Serialize)]
struct WithSteps<T> {
    #[serde(flatten)]
    report: T,
    next_steps: Vec<String>,
}

#[derive(Serialize)]
struct InDirectory<'a, T> {
    directory: &'a Path,
    #[serde(flatten)]
    report: T,
}
