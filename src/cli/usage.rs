//! The next step after wrong usage, where clap has none.

use std::error::Error as _;
use std::ffi::OsString;

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::base::text::shell_quoted;
use crate::store::NameUnsafe;
use crate::x509;

/// The next step after what clap has against a command line.
pub(super) fn hint(error: &clap::Error, program: &Command, arguments: &[OsString]) -> Option<String> {
    let command = named(program, arguments);
    from_environment(error, command).or_else(|| match error.kind() {
        ErrorKind::InvalidUtf8 => {
            Some("rename the file or folder, so that messages and JSON can name it".into())
        }
        ErrorKind::InvalidSubcommand => left_out(error),
        ErrorKind::UnknownArgument => misplaced(error, command),
        ErrorKind::ValueValidation => {
            let source = error.source()?;
            let value = source.downcast_ref().and_then(|error: &x509::Error| error.hint("FILE"));
            value.or_else(|| source.downcast_ref().map(NameUnsafe::hint))
        }
        _ => None,
    })
}

/// What other programs call the commands of this one.
const CALLED_ELSEWHERE: [(&str, &[&str]); 5] = [
    ("gen", &["create", "generate", "init", "make", "new", "install"]),
    ("check", &["validate", "verify", "lint", "doctor"]),
    ("inspect", &["show", "list", "ls", "view", "info"]),
    ("issue", &["sign", "add"]),
    ("rotate-ca", &["rotate"]),
];

/// Suggests the command that is meant. clap has `renew` for `create`, nothing for `gne`, and `--for` for `--force`.
pub(super) fn with_what_is_meant(mut error: clap::Error, program: &Command) -> clap::Error {
    if text(&error, ContextKind::InvalidArg) == Some("--force") {
        error.remove(ContextKind::SuggestedArg);
    }
    let Some(word) = text(&error, ContextKind::InvalidSubcommand).map(str::to_lowercase) else {
        return error;
    };
    let elsewhere = CALLED_ELSEWHERE.iter().find(|(_, words)| words.contains(&word.as_str()));
    let near = || {
        let names = program.get_subcommands().map(Command::get_name);
        let distances = names.map(|name| (strsim::osa_distance(&word, name), name));
        distances.min().filter(|(distance, name)| distance * 3 <= name.len()).map(|(_, name)| name)
    };
    error.remove(ContextKind::SuggestedSubcommand);
    if let Some(name) = elsewhere.map(|(name, _)| *name).or_else(near) {
        let names = ContextValue::Strings(vec![name.to_owned()]);
        error.insert(ContextKind::SuggestedSubcommand, names);
    }
    error
}

/// The command that is called, such as `config helm`.
fn named<'c>(program: &'c Command, arguments: &[OsString]) -> &'c Command {
    let mut command = program;
    for word in arguments.iter().skip(1) {
        match command.find_subcommand(word) {
            Some(below) => command = below,
            None => break,
        }
    }
    command
}

/// A value that was not typed.
fn from_environment(error: &clap::Error, command: &Command) -> Option<String> {
    let value = text(error, ContextKind::InvalidValue);
    let named = [ContextKind::InvalidArg, ContextKind::PriorArg].map(|kind| text(error, kind));
    let mut options = command.get_arguments().filter(|option| named.contains(&Some(&option.to_string())));
    options.find_map(|option| {
        let (name, variable) = (option.get_long()?, option.get_env()?.to_str()?);
        let set = std::env::var(variable).ok()?;
        let is_value = |value| set == value || set.split(',').any(|one| one == value);
        value
            .is_none_or(is_value)
            .then(|| format!("the variable {variable} of the environment sets --{name}"))
    })
}

/// A command that this program was built without.
fn left_out(error: &clap::Error) -> Option<String> {
    let is_probe = text(error, ContextKind::InvalidSubcommand) == Some("probe");
    (is_probe && cfg!(not(feature = "probe")))
        .then(|| "this program was built without `probe`; the default features of the crate have it".into())
}

/// A folder or a file without the option that it needs, or with one that it does not need.
fn misplaced(error: &clap::Error, command: &Command) -> Option<String> {
    let word = text(error, ContextKind::InvalidArg)?;
    if command.get_name() == "inspect" && ["-d", "--dir"].contains(&word) {
        return Some(format!("a folder is named without {word}: `milvus-certs inspect certs`"));
    }
    if command.get_name() == "renew" && word == "--force" {
        return Some("`renew` replaces certificates without it, and never the CA".into());
    }
    if word.starts_with('-') {
        return None;
    }
    let takes = |option| command.get_arguments().any(|argument| argument.get_long() == Some(option));
    let (name, quoted) = (command.get_bin_name()?, shell_quoted(word));
    let mut choices = command.get_positionals().flat_map(clap::Arg::get_possible_values);
    if choices.any(|choice| choice.matches(word, false)) {
        return Some(format!("one at a time: run it again with {quoted}"));
    }
    if command.get_positionals().any(clap::Arg::is_required_set) {
        return takes("dir").then(|| format!("a folder is named with -d: `-d {quoted}`"));
    }
    match word.ends_with(".yaml") || word.ends_with(".yml") {
        true if takes("config") => {
            Some(format!("`{name} --config {quoted}` judges what you wrote for Milvus"))
        }
        _ => takes("dir").then(|| format!("a folder is named with -d: `{name} -d {quoted}`")),
    }
}

fn text(error: &clap::Error, kind: ContextKind) -> Option<&str> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text),
        ContextValue::Strings(texts) => texts.first().map(String::as_str),
        _ => None,
    }
}
