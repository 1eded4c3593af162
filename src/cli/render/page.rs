//! A text for people, line by line. Values come from files that somebody else wrote: here, where every
//! line passes, what could forge another line or hide a part of one is escaped.

use milvus_certs::pki::printable;

/// What is printed for people.
#[derive(Default)]
pub(crate) struct Page(String);

impl Page {
    /// Adds a line, whose values may hold anything.
    pub(crate) fn line(&mut self, line: impl AsRef<str>) {
        self.0.push_str(&printable(line.as_ref()));
        self.0.push('\n');
    }

    /// Adds lines.
    pub(crate) fn lines(&mut self, lines: impl IntoIterator<Item = impl AsRef<str>>) {
        lines.into_iter().for_each(|line| self.line(line));
    }

    /// Adds an empty line.
    pub(crate) fn gap(&mut self) {
        self.0.push('\n');
    }

    /// The whole text.
    pub(crate) fn into_text(self) -> String {
        self.0
    }
}
