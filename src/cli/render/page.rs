//! A text for people, line by line. Values come from files that somebody else wrote: here, where every
//! line passes, what could forge another line or hide a part of one is escaped.

use std::path::Path;

use crate::base::text::printable;

/// The rows of a table, with columns that are as wide as their widest cell.
pub(crate) fn aligned<const N: usize>(rows: &[[String; N]]) -> Vec<String> {
    let shown = |row: &[String; N]| row.each_ref().map(|cell| printable(cell).into_owned());
    let rows: Vec<_> = rows.iter().map(shown).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; N] = std::array::from_fn(width);
    let line = |row: &[String; N]| {
        let cells: Vec<_> = row.iter().zip(widths).map(|(cell, width)| padded(cell, width)).collect();
        format!("  {}", cells.join("  ")).trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// A cell of a table. A format string has no room for more than 65,535 characters.
fn padded(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.chars().count());
    text.to_owned() + &" ".repeat(missing)
}

/// What is printed for people.
#[derive(Default)]
pub(crate) struct Page(String);

impl Page {
    /// Adds a line, whose values may hold anything.
    pub(crate) fn line(&mut self, line: impl AsRef<str>) {
        self.0.push_str(&printable(line.as_ref()));
        self.0.push('\n');
    }

    pub(crate) fn lines(&mut self, lines: impl IntoIterator<Item = impl AsRef<str>>) {
        lines.into_iter().for_each(|line| self.line(line));
    }

    pub(crate) fn gap(&mut self) {
        self.0.push('\n');
    }

    /// Ends with where the replaced files are, and with what a person does next.
    pub(crate) fn close(mut self, backup: Option<&Path>, next_steps: &[String]) -> String {
        if let Some(backup) = backup {
            self.gap();
            self.line(format!("The files that were there are in {}.", backup.display()));
        }
        if !next_steps.is_empty() {
            self.gap();
            self.lines(next_steps.iter().map(|step| format!("next: {step}")));
        }
        self.into_text()
    }

    pub(crate) fn into_text(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::padded;

    #[test]
    fn a_column_can_be_wider_than_a_format_string_allows() {
        assert_eq!(padded("é", 3), "é  ");
        assert_eq!(padded("longer", 3), "longer");
        assert_eq!(padded("a", 70_000).len(), 70_000);
    }
}
