//! Wrong usage, in the two lines of every other error.

use std::error::Error as _;
use std::ffi::OsString;
use std::fmt;

use crate::store::NameUnsafe;
use crate::x509;
use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::cli::Cli;

/// Whether clap's "error" is the help or the version: asked for, or because nothing else was.
pub(crate) fn is_help(error: &clap::Error) -> bool {
    let missing = error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    missing || !error.use_stderr()
}

/// A command line that makes no sense.
#[derive(Debug)]
pub(crate) struct Error {
    message: String,
    hint: String,
}

impl Error {
    /// An option for a certificate that the command leaves alone.
    pub(super) fn without_effect(option: &str, kind: &str) -> Self {
        Self {
            message: format!("{option} is for the {kind}'s certificate, which is not to be renewed"),
            hint: format!("leave {option} out, or name {kind} too"),
        }
    }

    /// A subject for what was issued under a name, which is its subject.
    pub(super) fn subject_stays() -> Self {
        Self {
            message: "the subject can be changed of server and client alone".into(),
            hint: "`milvus-certs issue` issues under another name".into(),
        }
    }

    /// A folder where something is named that was issued.
    pub(super) fn folder_for_a_name(command: &str, folder: &str) -> Self {
        Self {
            message: format!("{folder} is a folder"),
            hint: format!("a folder is named with -d: `milvus-certs {command} -d {}`", shell_quoted(folder)),
        }
    }

    /// `explain` without a text, where nothing is piped in.
    pub(super) fn nothing_to_explain() -> Self {
        Self {
            message: "there is nothing to explain".into(),
            hint: "give the error in quotes, or pipe a log in: `docker logs milvus-standalone 2>&1 | milvus-certs explain`".into(),
        }
    }

    pub(crate) fn hint(&self) -> &str {
        &self.hint
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl Error {
    /// What clap says of a command line.
    pub(crate) fn of(error: &clap::Error, typed: &[OsString]) -> Self {
        let typed = Typed::new(typed);
        match error.kind() {
            ErrorKind::ValueValidation => typed.invalid_value(error),
            ErrorKind::InvalidUtf8 => Self {
                message: "a value on the command line is not UTF-8".into(),
                hint: "rename the file or folder, so that messages and JSON can name it".into(),
            },
            ErrorKind::ArgumentConflict => Self {
                message: message_of(error),
                hint: "leave one of them out, also where it is an environment variable".into(),
            },
            kind => {
                let own = match kind {
                    ErrorKind::UnknownArgument => typed.misplaced(error),
                    ErrorKind::InvalidValue => typed.folder_for_a_kind(error),
                    ErrorKind::InvalidSubcommand => left_out(error),
                    ErrorKind::MissingRequiredArgument => typed.request_without_name(),
                    _ => None,
                };
                let message = message_of(error);
                Self {
                    message: match typed.variable(error) {
                        Some((variable, option)) => message.replace(&format!("'{option}'"), &variable),
                        None => message,
                    },
                    hint: own.or_else(|| tip_of(error)).unwrap_or_else(|| typed.help()),
                }
            }
        }
    }
}

/// A command line, as far as hints need it.
struct Typed {
    /// The command as it stands in the line, and what it takes.
    name: String,
    command: clap::Command,
    rest: Vec<String>,
}

impl Typed {
    fn new(typed: &[OsString]) -> Self {
        let mut rest: Vec<_> = typed.iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
        let (mut name, mut command) = (String::from("milvus-certs"), Cli::command());
        command.build();
        while let Some(found) = rest.first().and_then(|word| command.find_subcommand(word).cloned()) {
            name = format!("{name} {}", found.get_name());
            command = found;
            rest.remove(0);
        }
        Self { name, command, rest }
    }

    fn help(&self) -> String {
        let what = match self.command.has_subcommands() {
            true => "lists the commands",
            false => "lists the options and what they take",
        };
        format!("`{} --help` {what}", self.name)
    }

    fn takes(&self, option: &str) -> bool {
        self.command.get_arguments().any(|argument| argument.get_long() == Some(option))
    }

    /// A folder or a file without the option that it needs, or with one that is not needed.
    fn misplaced(&self, error: &clap::Error) -> Option<String> {
        let word = text(error, ContextKind::InvalidArg)?;
        let (name, quoted) = (&self.name, shell_quoted(word));
        let is_yaml = word.ends_with(".yaml") || word.ends_with(".yml");
        if !word.starts_with('-') {
            return match self.takes("dir") {
                true if is_yaml && self.takes("config") => {
                    Some(format!("`{name} --config {quoted}` judges what you wrote for Milvus"))
                }
                true => Some(format!("a folder is named with -d: `{name} -d {quoted}`")),
                false => None,
            };
        }
        let value = self.rest.iter().skip_while(|typed| *typed != word).nth(1);
        let value = value.filter(|value| !value.starts_with('-')).map_or("certs", String::as_str);
        let is_folder = ["-d", "--dir"].contains(&word) && self.command.get_positionals().next().is_some();
        is_folder.then(|| format!("a folder is named without {word}: `{name} {}`", shell_quoted(value)))
    }

    /// A folder where `server` or `client` can be named.
    fn folder_for_a_kind(&self, error: &clap::Error) -> Option<String> {
        let argument = text(error, ContextKind::InvalidArg)?;
        let word = text(error, ContextKind::InvalidValue)?;
        let word = shell_quoted(word);
        (argument.starts_with('[') && self.takes("dir")).then(|| match self.takes("csr") {
            true => format!("say what it is for first: `{} client {word}`", self.name),
            false => format!(
                "server or client can be named here; a folder is named with -d: `{} -d {word}`",
                self.name
            ),
        })
    }

    /// A signing request without whose it is.
    fn request_without_name(&self) -> Option<String> {
        let request = |pair: &[String]| (pair[0] == "--csr").then(|| pair[1].clone());
        let joined = self.rest.iter().find_map(|word| word.strip_prefix("--csr=").map(str::to_owned));
        let file = joined.or_else(|| self.rest.windows(2).find_map(request))?;
        let (name, file) = (&self.name, shell_quoted(&file));
        Some(format!("say whose certificate it is: `{name} client NAME --csr {file}`, or `server NAME`"))
    }

    /// What this program's own types say of a value.
    fn invalid_value(&self, error: &clap::Error) -> Error {
        let option = text(error, ContextKind::InvalidArg).unwrap_or("an option");
        let option = option.split(' ').next().unwrap_or(option).to_owned();
        let variable = self.variable(error).map(|(variable, _)| variable);
        let is_switch = self.argument(&option).is_some_and(|argument| !takes_values(argument));
        // clap puts what may be left out into brackets.
        let bare = option.strip_prefix('[').and_then(|rest| rest.rsplit_once(']'));
        let place = variable.as_deref().or(bare.map(|(name, _)| name)).unwrap_or(&option);
        let value = text(error, ContextKind::InvalidValue).unwrap_or_default();
        if is_switch {
            return Error {
                message: format!("{place}: {value:?} is neither true nor false"),
                hint: format!("give {place} the value true or false, or leave it out"),
            };
        }
        let source = error.source();
        let own = source.and_then(|source| source.downcast_ref::<x509::Error>());
        // Elsewhere it names what is there.
        let name = source.filter(|_| self.takes("csr"));
        let name = name.and_then(|source| source.downcast_ref::<NameUnsafe>());
        Error {
            message: match source {
                Some(source) => format!("{place}: {source}"),
                None => format!("{place}: the value cannot be used"),
            },
            hint: own
                .and_then(|own| own.hint("FILE"))
                .or_else(|| name.map(NameUnsafe::hint))
                .unwrap_or_else(|| self.help()),
        }
    }

    /// The environment variable that a wrong value came from, and what clap calls its option: the line has
    /// no such option.
    fn variable(&self, error: &clap::Error) -> Option<(String, String)> {
        let shown = text(error, ContextKind::InvalidArg)?;
        let argument = self.argument(shown.split(' ').next()?)?;
        let variable = argument.get_env().filter(|variable| std::env::var_os(variable).is_some())?;
        let long = argument.get_long_and_visible_aliases().unwrap_or_default();
        let is_typed = |word: &String| {
            let name = word.split('=').next().unwrap_or(word);
            let is_long = long.iter().any(|long| name.strip_prefix("--") == Some(*long));
            is_long || argument.get_short().is_some_and(|short| word.starts_with(&format!("-{short}")))
        };
        let is_typed = self.rest.iter().any(is_typed);
        (!is_typed).then(|| (variable.to_string_lossy().into_owned(), shown.to_owned()))
    }

    fn argument(&self, option: &str) -> Option<&clap::Arg> {
        self.command.get_arguments().find(|argument| argument.get_long() == option.strip_prefix("--"))
    }
}

/// A command that this program was built without.
fn left_out(error: &clap::Error) -> Option<String> {
    let is_probe = text(error, ContextKind::InvalidSubcommand) == Some("probe");
    (is_probe && cfg!(not(feature = "probe")))
        .then(|| "this program was built without `probe`; the default features of the crate have it".into())
}

fn takes_values(argument: &clap::Arg) -> bool {
    !matches!(argument.get_action(), clap::ArgAction::SetTrue | clap::ArgAction::SetFalse)
}

fn text(error: &clap::Error, kind: ContextKind) -> Option<&str> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text),
        ContextValue::Strings(texts) => texts.first().map(String::as_str),
        _ => None,
    }
}

fn shell_quoted(word: &str) -> String {
    shlex::try_quote(word).map_or_else(|_| word.to_owned(), |quoted| quoted.into_owned())
}

/// clap's own message, without its usage.
fn message_of(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let lines = text.lines().map(str::trim).take_while(|line| !line.is_empty());
    let message = lines.collect::<Vec<_>>().join(" ");
    message.strip_prefix("error: ").unwrap_or(&message).to_owned()
}

/// clap's tip, unless it is how to pass an option as a value, which nobody wants here.
fn tip_of(error: &clap::Error) -> Option<String> {
    let text = error.render().to_string();
    let tip = text.lines().find_map(|line| line.trim().strip_prefix("tip: "));
    tip.filter(|tip| !tip.contains("as a value")).map(str::to_owned)
}
