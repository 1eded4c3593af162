use std::io::Read;

use serde::Serialize;

use super::Error;
use crate::audit::{self, Finding};
use crate::store;

/// What a text says of TLS.
#[derive(Debug, Serialize)]
pub struct ExplainReport {
    /// What the text is called.
    pub source: String,
    /// Each distinct cause once, where it is first said.
    pub findings: Vec<Finding>,
}

/// Recognises what programs say when TLS fails: in an error, or in a whole log.
///
/// # Errors
/// If the text cannot be read.
pub fn explain(name: &str, text: impl Read) -> Result<ExplainReport, Error> {
    let findings = audit::explain(name, text).map_err(|source| {
        let path = if name == "-" { "standard input" } else { name }.into();
        store::Error::Read { path, source }
    })?;
    Ok(ExplainReport { source: name.to_owned(), findings })
}
