//! Wrong usage, in the two lines of every other error.

use std::error::Error as _;
use std::fmt;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use milvus_certs::pki;

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

impl From<clap::Error> for Error {
    fn from(error: clap::Error) -> Self {
        match error.kind() {
            ErrorKind::ValueValidation => invalid_value(&error),
            ErrorKind::InvalidUtf8 => Self {
                message: "a value on the command line is not UTF-8".into(),
                hint: "rename the file or folder, so that messages and JSON can name it".into(),
            },
            _ => from_clap(&error),
        }
    }
}

/// What this program's own types say of a value.
fn invalid_value(error: &clap::Error) -> Error {
    let option = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(argument)) => argument.split(' ').next().unwrap_or(argument),
        _ => "an option",
    };
    let source = error.source();
    let own = source.and_then(|source| source.downcast_ref::<pki::Error>());
    Error {
        message: match source {
            Some(source) => format!("{option}: {source}"),
            None => format!("{option}: the value cannot be used"),
        },
        hint: own.and_then(|own| own.hint("FILE")).unwrap_or_else(|| HELP.into()),
    }
}

const HELP: &str = "`milvus-certs COMMAND --help` lists the options and what they take";

/// clap's own message, without its usage; its tip, if it has one, is the hint.
fn from_clap(error: &clap::Error) -> Error {
    let text = error.render().to_string();
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    let message: Vec<_> = lines.iter().take_while(|line| !line.is_empty()).copied().collect();
    let message = message.join(" ");
    let tip = lines.iter().find_map(|line| line.strip_prefix("tip: "));
    Error {
        message: message.strip_prefix("error: ").unwrap_or(&message).to_owned(),
        hint: tip.unwrap_or(HELP).to_owned(),
    }
}
