use std::collections::HashSet;

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why something could not be done, and the next step.
///
/// Unless [`Error::has_changed`] says otherwise nothing has changed, but serial numbers may be used up.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    kind: ErrorKind,
    message: String,
    hint: Option<String>,
    has_changed: bool,
    #[source]
    cause: Option<Cause>,
}

/// The errors that callers tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// There is a file or a folder already that would be replaced.
    AlreadyThere,
    /// Nothing was issued under this name, or it is gone.
    NotIssued,
    /// Another step of `rotate-ca` comes first.
    OutOfTurn,
    /// The CA or the inventory does not vouch for a certificate.
    Unvouched,
    /// Verifiers would refuse what was about to be written.
    Unverifiable,
    /// There is no such folder.
    NoFolder,
    /// There is a folder, a device, or something larger than any certificate where a file should be.
    NotAFile,
    /// An earlier run was interrupted, and this one must not write.
    Interrupted,
    /// An interrupted run can be neither completed nor rolled back, until a person decides.
    Blocked,
    /// An interrupted run could be neither completed nor rolled back, because the file system failed.
    Unfinished,
    /// The file system failed, or something in it is not as it has to be.
    FileSystem,
    Other,
}

impl Error {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        let message = message.into();
        Self { kind: ErrorKind::Other, message, hint: None, has_changed: false, cause: None }
    }

    pub(crate) fn of_kind(self, kind: ErrorKind) -> Self {
        Self { kind, ..self }
    }

    pub(crate) fn with_hint(self, hint: impl Into<Option<String>>) -> Self {
        Self { hint: hint.into(), ..self }
    }

    pub(crate) fn with_cause(self, cause: impl Into<Cause>) -> Self {
        Self { cause: Some(cause.into()), ..self }
    }

    /// Which of the errors that callers tell apart it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The next step: what to look at, or a command that can be pasted.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Whether a part of the work was done before it failed, or an interrupted run was completed or undone.
    #[must_use]
    pub fn has_changed(&self) -> bool {
        self.has_changed
    }

    /// What lies below it, if that is of this type.
    pub(crate) fn cause<E: std::error::Error + 'static>(&self) -> Option<&E> {
        self.cause.as_ref()?.downcast_ref()
    }

    pub(crate) fn reworded(self, words: impl FnOnce(&str) -> String) -> Self {
        Self { message: words(&self.message), ..self }
    }

    /// This error, and what else there is to say of it.
    pub(crate) fn and(self, more: &str) -> Self {
        self.reworded(|message| format!("{message}; {more}"))
    }

    /// This error, and what had changed before it.
    pub(crate) fn after(self, change: &str) -> Self {
        Self { has_changed: true, ..self.and(change) }
    }

    /// This error, and one more thing to do about it.
    pub(crate) fn and_hint(mut self, more: &str) -> Self {
        self.hint = Some(self.hint.map_or_else(|| more.to_owned(), |hint| format!("{hint}; {more}")));
        self
    }

    /// None, one of these, or all of them in one, each once and with the hint of the first.
    pub(crate) fn of_all(mut errors: Vec<Self>) -> Result<(), Self> {
        let mut said = HashSet::new();
        errors.retain(|error| said.insert(error.message.clone()));
        if errors.len() < 2 {
            return errors.pop().map_or(Ok(()), Err);
        }
        let messages: Vec<_> = errors.iter().map(Self::to_string).collect();
        Err(Self::new(messages.join("; ")).with_hint(errors.swap_remove(0).hint))
    }
}
