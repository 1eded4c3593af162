use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::base::error as base;
use crate::base::text::shell_quoted;

/// What is wrong with a name, a number, a key or a certificate.
///
/// `Display` says what happened, with the evidence; [`Error::hint`] says what to do next.
#[derive(Clone, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    problem: Problem,
    message: String,
    hint: Option<Hint>,
}

/// The problems that callers tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    Empty,
    /// Certificates or keys in another format: DER, PKCS#12, PKCS#7, a Java keystore.
    NotPem,
    Utf16,
    ByteOrderMark,
    /// A PEM header that does not stand on a line of its own.
    FoldedPem,
    KeyEncrypted,
    KeyMalformed,
    CaExpired,
    Other,
}

/// Made of the path of the file that the error is about.
type Hint = Arc<dyn Fn(&str) -> String + Send + Sync>;

impl Error {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { problem: Problem::Other, message: message.into(), hint: None }
    }

    pub(crate) fn of(self, problem: Problem) -> Self {
        Self { problem, ..self }
    }

    pub(crate) fn with_hint(self, hint: impl Into<String>) -> Self {
        let hint = hint.into();
        Self { hint: Some(Arc::new(move |_| hint.clone())), ..self }
    }

    /// With a hint whose command names the file, quoted for a shell.
    pub(crate) fn with_hint_on_file(self, hint: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        Self { hint: Some(Arc::new(move |file| hint(&shell_quoted(file)))), ..self }
    }

    /// With a hint that begins with a command for the certificate directory in which the file is.
    pub(crate) fn with_hint_on_directory(self, command: &'static str, effect: &'static str) -> Self {
        Self { hint: Some(Arc::new(move |file| format!("`{}` {effect}", beside(command, file)))), ..self }
    }

    pub fn problem(&self) -> Problem {
        self.problem
    }

    /// The next step, with `file` as the file that the error is about.
    pub fn hint(&self, file: &str) -> Option<String> {
        self.hint.as_ref().map(|hint| hint(file))
    }

    /// What should never happen, inside a dependency.
    pub(crate) fn signing(error: impl fmt::Display) -> Self {
        Self::new(format!("cannot make the certificate: {error}"))
    }
}

/// A command for the certificate directory that a file is in.
fn beside(command: &str, file: &str) -> String {
    match file.rsplit_once('/') {
        None => format!("milvus-certs {command}"),
        Some(("", _)) => format!("milvus-certs {command} -d /"),
        Some((directory, _)) => format!("milvus-certs {command} -d {}", shell_quoted(directory)),
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({:?}, {:?})", self.problem, self.message)
    }
}

impl From<getrandom::Error> for Error {
    fn from(error: getrandom::Error) -> Self {
        Self::new(format!("the operating system gave no random numbers: {error}"))
    }
}

impl From<Error> for base::Error {
    fn from(error: Error) -> Self {
        Self::new(error.to_string()).with_hint(error.hint("FILE")).with_cause(error)
    }
}

impl base::Error {
    /// What is wrong with the content of a file.
    pub(crate) fn in_file(path: impl Into<PathBuf>) -> impl FnOnce(Error) -> Self {
        let path = path.into();
        move |source| {
            let path = path.display().to_string();
            Self::new(format!("{path}: {source}")).with_hint(source.hint(&path)).with_cause(source)
        }
    }
}
