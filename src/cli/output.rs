//! Everything that is printed is printed here.
//!
//! - Standard output has the report: text for people, or one JSON document. Notes, errors and hints
//!   go to standard error.
//! - An error is two lines: what happened; then `hint:` and what helps. Wrong usage is said in clap's words.
//! - `--quiet` leaves errors, and JSON if it was asked for. Nothing is coloured but clap's help.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use anyhow::Context;
use serde::Serialize;

use crate::base::error::Error;
use crate::base::note::Note;
use crate::base::text::{is_deceptive, printable};
use crate::check::{Unfit, interrupted_runs as interrupted_runs_in};
use crate::cli::Status;
use crate::cli::render::findings::paragraphs;

/// Raised when a field changes its meaning or goes.
pub(super) const SCHEMA_VERSION: u32 = 1;

/// How a report is to be given.
#[derive(Clone, Copy, Debug)]
pub(super) enum Style {
    Text,
    Json,
    Quiet,
}

impl Style {
    pub(super) fn new(json: bool, quiet: bool) -> Self {
        match (json, quiet) {
            (true, _) => Self::Json,
            (_, true) => Self::Quiet,
            _ => Self::Text,
        }
    }
}

/// Prints what a command did to files, what a person should know of it, and what a person does next.
pub(super) fn did<R: Serialize>(
    command: &'static str,
    style: Style,
    report: &R,
    (has_changed, to_know): (bool, &[Note]),
    next_steps: Vec<String>,
    text: impl FnOnce(&R, &[String]) -> String,
) -> anyhow::Result<()> {
    let content = match style {
        Style::Quiet => return Ok(()),
        Style::Json => json(command, Did { report, next_steps })?,
        Style::Text => {
            notes(to_know);
            text(report, &next_steps)
        }
    };
    write(&content).context(match has_changed {
        true => WRITTEN_BUT_NOT_PRINTED,
        false => NOT_PRINTED,
    })
}

/// Prints what a command saw that changes nothing.
pub(super) fn saw<T: Serialize>(
    command: &'static str,
    style: Style,
    report: &T,
    text: impl FnOnce(&T) -> String,
) -> anyhow::Result<()> {
    match style {
        Style::Quiet => Ok(()),
        Style::Json => print(&json(command, Saw { changed: false, report })?),
        Style::Text => print(&text(report)),
    }
}

const NOT_PRINTED: &str = "the report cannot be printed";
pub(super) const WRITTEN_BUT_NOT_PRINTED: &str = "the files were written, but the report cannot be printed";

pub(super) fn print(text: &str) -> anyhow::Result<()> {
    write(text).context(NOT_PRINTED)
}

/// A reader that has seen enough (`| head`) is no failure.
pub(super) fn write(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// What every JSON document begins with.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Document<T> {
    schema_version: u32,
    command: &'static str,
    #[serde(flatten)]
    content: T,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Did<T> {
    #[serde(flatten)]
    report: T,
    next_steps: Vec<String>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Saw<T> {
    changed: bool,
    #[serde(flatten)]
    report: T,
}

fn json(command: &'static str, content: impl Serialize) -> anyhow::Result<String> {
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

/// Says what a person should know: of many notes of one kind only the first.
fn notes(notes: &[Note]) {
    const LISTED: usize = 5;
    let mut counts = BTreeMap::new();
    for one in notes {
        let count = counts.entry(one.code).or_insert(0);
        *count += 1;
        if *count <= LISTED {
            note(one);
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

/// Prints help, the version, or what clap has against a command line.
pub(super) fn clap(error: &clap::Error, hint: Option<String>) -> Status {
    if !error.use_stderr() {
        return match error.print() {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Status::Failed,
            _ => Status::Done,
        };
    }
    for line in error.render().to_string().lines() {
        let _ = writeln!(io::stderr(), "{}", printable(line));
    }
    hint.iter().for_each(|hint| say("hint", hint));
    Status::WrongUsage
}

/// Prints an error and its hint, after the findings that are its cause.
pub(super) fn error(error: &anyhow::Error) {
    let Some(own) = error.downcast_ref::<Error>() else { return two_lines(&format!("{error:#}"), None) };
    if let Some(Unfit { findings, .. }) = own.cause() {
        let _ = io::stderr().write_all(paragraphs(findings).as_bytes());
    }
    two_lines(&own.to_string(), own.hint());
}

pub(super) fn two_lines(message: &str, hint: Option<&str>) {
    say("error", message);
    hint.iter().for_each(|hint| say("hint", hint));
}

/// A line on standard error. Where that cannot be written there is nobody to be told.
fn say(kind: &str, text: &str) {
    let _ = writeln!(io::stderr(), "{kind}: {}", printable(text));
}
