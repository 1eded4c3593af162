//! What `config` says of the files that it wrote.

use crate::deploy::{ConfigReport, RenderedDocument};
use zeroize::Zeroizing;

use crate::cli::render::page::Page;

/// The files, each with its text: as they are piped and redirected.
pub(crate) fn documents(report: &ConfigReport) -> Zeroizing<String> {
    let contents = || report.documents.iter().filter_map(|document| document.content.as_deref());
    // A text that grows would leave the beginnings of a key behind.
    let mut text = Zeroizing::new(String::with_capacity(contents().map(String::len).sum()));
    contents().for_each(|content| text.push_str(content));
    text
}

/// The files that were written, and what comes next.
pub(crate) fn text(report: &ConfigReport) -> String {
    let mut page = Page::default();
    page.line(format!("Wrote from the certificates in {}:", report.directory));
    page.gap();
    let width = |document: &RenderedDocument| document.path.chars().count();
    let widest = report.documents.iter().map(width).max().unwrap_or_default();
    for document in &report.documents {
        let padding = " ".repeat(widest - width(document));
        let mode = document.mode.as_deref().unwrap_or_default();
        page.line(format!("  {}{padding}  {mode}", document.path));
    }
    page.gap();
    page.lines(next_steps(report).iter().map(|step| format!("next: {step}")));
    page.into_text()
}

/// What a person does after it.
pub(crate) fn next_steps(report: &ConfigReport) -> Vec<String> {
    if !report.changed {
        return Vec::new();
    }
    let mut steps = report.commands.clone();
    match report.target {
        "milvus" => steps.push("put them where their first lines say, and restart Milvus".into()),
        "cert-manager" => {}
        _ => steps.push("after a renewal: this again with --force, and the same steps".into()),
    }
    steps
}
