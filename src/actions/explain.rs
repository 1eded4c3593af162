use serde::Serialize;

use crate::audit::{self, Finding};

/// What a text says of TLS.
#[derive(Debug, Serialize)]
pub struct ExplainReport {
    /// What the text is called.
    pub source: String,
    /// Each distinct cause once, where it is first said.
    pub findings: Vec<Finding>,
}

/// Recognises what programs say when TLS fails: in an error, or in a whole log.
#[must_use]
pub fn explain(name: &str, text: &str) -> ExplainReport {
    ExplainReport { source: name.to_owned(), findings: audit::explain(name, text) }
}
