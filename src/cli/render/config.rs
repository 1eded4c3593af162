//! What `config` says of the files that it wrote.

use milvus_certs::actions::ConfigReport;
use zeroize::Zeroizing;

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
    let mut lines = vec![format!("Wrote from the certificates in {}:", report.directory), String::new()];
    let width =
        report.documents.iter().map(|document| document.path.chars().count()).max().unwrap_or_default();
    for document in &report.documents {
        let padding = " ".repeat(width - document.path.chars().count());
        lines.push(format!("  {}{padding}  {}", document.path, document.mode.as_deref().unwrap_or_default()));
    }
    lines.push(String::new());
    lines.extend(next_steps(report).iter().map(|step| format!("next: {step}")));
    lines.join("\n") + "\n"
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
