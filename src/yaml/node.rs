use std::borrow::Cow;
use std::collections::HashSet;

use crate::base::place::{Place, Position};
use crate::base::shown::shortened;
use crate::base::text::escaped;
use crate::yaml::{Base, Content, Document, NodeData, Origin, Scalar, Style, scalar};

/// A value of a document. Aliases have been followed: its place is where it is written.
#[derive(Clone, Copy)]
pub(crate) struct Node<'a> {
    document: &'a Document,
    index: usize,
}

#[derive(Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub(crate) key: Node<'a>,
    pub(crate) value: Node<'a>,
}

impl<'a> Node<'a> {
    pub(crate) fn new(document: &'a Document, index: usize) -> Self {
        Self { document, index }
    }

    fn data(self) -> &'a NodeData {
        &self.document.nodes[self.index]
    }

    fn scalar(self) -> Option<&'a Scalar> {
        match &self.data().content {
            Content::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    pub(crate) fn place(self) -> Place {
        self.document.origin.place(self.data().position)
    }

    /// Where its document begins.
    pub(crate) fn root(self) -> Node<'a> {
        self.document.root()
    }

    pub(crate) fn is_mapping(self) -> bool {
        matches!(self.data().content, Content::Mapping(_))
    }

    pub(crate) fn is_sequence(self) -> bool {
        matches!(self.data().content, Content::Sequence(_))
    }

    /// `null`, `~` or nothing, not quoted.
    pub(crate) fn is_null(self) -> bool {
        self.scalar().is_some_and(|Scalar { text, style }| *style == Style::Plain && scalar::is_null(text))
    }

    /// A scalar as it is written, without its quotes; none for a collection and for null.
    pub(crate) fn as_str(self) -> Option<&'a str> {
        self.scalar().filter(|_| !self.is_null()).map(|scalar| scalar.text.as_str())
    }

    /// A scalar as it can stand on a line of YAML: as it is written, if it is not quoted; none for a collection.
    pub(crate) fn as_yaml(self) -> Option<Cow<'a, str>> {
        let Scalar { text, style } = self.scalar()?;
        Some(match style {
            Style::Plain if text.is_empty() => Cow::Borrowed("null"),
            Style::Plain => Cow::Borrowed(text.as_str()),
            Style::Quoted | Style::Literal => Cow::Owned(format!("\"{}\"", escaped(text))),
        })
    }

    /// A scalar as Go programs that take every value for a string see it; null is empty.
    pub(crate) fn as_go_string(self) -> Option<Cow<'a, str>> {
        let Scalar { text, style } = self.scalar()?;
        Some(match style {
            Style::Plain => scalar::as_go_string(text),
            Style::Quoted | Style::Literal => Cow::Borrowed(text.as_str()),
        })
    }

    /// What it is, as evidence.
    pub(crate) fn described(self) -> String {
        match &self.data().content {
            Content::Mapping(_) => "a mapping".into(),
            Content::Sequence(_) => "a list".into(),
            Content::Scalar(_) if self.is_null() => "empty".into(),
            Content::Scalar(scalar) => shortened(&scalar.text),
            Content::Open => "unfinished".into(),
        }
    }

    /// The items of a list; none of anything else.
    pub(crate) fn items(self) -> impl Iterator<Item = Node<'a>> {
        let items: &[usize] = match &self.data().content {
            Content::Sequence(items) => items,
            _ => &[],
        };
        items.iter().map(move |index| Self::new(self.document, *index))
    }

    fn pairs(self) -> impl DoubleEndedIterator<Item = Entry<'a>> {
        let pairs: &[(usize, usize)] = match &self.data().content {
            Content::Mapping(pairs) => pairs,
            _ => &[],
        };
        let node = move |index| Self::new(self.document, index);
        pairs.iter().map(move |(key, value)| Entry { key: node(*key), value: node(*value) })
    }

    /// The mappings that `<<` brings in, the first of which wins.
    fn merged(self) -> impl Iterator<Item = Node<'a>> {
        let merges = self.pairs().filter(|entry| entry.key.is_merge()).map(|entry| entry.value);
        merges.flat_map(|value| std::iter::once(value).chain(value.items()))
    }

    fn is_merge(self) -> bool {
        self.scalar().is_some_and(|Scalar { text, style }| *style == Style::Plain && text.as_str() == "<<")
    }

    /// The entries of a mapping with what `<<` brings in; none of anything else. Of a repeated key
    /// the last is taken.
    pub(crate) fn entries(self) -> Vec<Entry<'a>> {
        let mut seen = HashSet::new();
        let mut entries = Vec::new();
        self.collect(&mut seen, &mut entries);
        entries
    }

    fn collect(self, seen: &mut HashSet<&'a str>, entries: &mut Vec<Entry<'a>>) {
        let first = entries.len();
        for entry in self.pairs().rev().filter(|entry| !entry.key.is_merge()) {
            if seen.insert(entry.name()) {
                entries.push(entry);
            }
        }
        entries[first..].reverse();
        for merged in self.merged() {
            merged.collect(seen, entries);
        }
    }

    /// The keys of a mapping that stand in it before, too.
    pub(crate) fn repeated(self) -> impl Iterator<Item = Node<'a>> {
        let mut seen = HashSet::new();
        let keys = self.pairs().map(|entry| entry.key);
        keys.filter(move |key| key.scalar().is_some_and(|scalar| !seen.insert(scalar.text.as_str())))
    }

    pub(crate) fn entry(self, key: &str) -> Option<Entry<'a>> {
        let is_asked =
            |entry: &Entry<'_>| entry.key.scalar().is_some_and(|scalar| scalar.text.as_str() == key);
        let own = self.pairs().rev().find(is_asked);
        own.or_else(|| self.merged().find_map(|merged| merged.entry(key)))
    }

    pub(crate) fn get(self, key: &str) -> Option<Node<'a>> {
        self.entry(key).map(|entry| entry.value)
    }

    /// The value at the end of these keys.
    pub(crate) fn at(self, keys: &[&str]) -> Option<Node<'a>> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    pub(crate) fn text(self, key: &str) -> Option<&'a str> {
        self.get(key)?.as_str()
    }

    /// A text that is itself a file, with where its lines are in this one.
    pub(crate) fn embedded(self) -> Option<(&'a str, Origin)> {
        let Scalar { text, style } = self.scalar()?;
        let origin = &self.document.origin;
        let start = origin.position(self.data().position);
        let base = match style {
            // The position is that of the first line that is not empty.
            Style::Literal => {
                let empty = text.len() - text.trim_start_matches('\n').len();
                Base::Block(Position { line: start.line - empty.min(start.line - 1), ..start })
            }
            Style::Plain | Style::Quoted => Base::Within(start),
        };
        Some((text, origin.within(base)))
    }
}

impl<'a> Entry<'a> {
    /// The key as text; empty for a key that is a collection.
    pub(crate) fn name(self) -> &'a str {
        self.key.scalar().map_or("", |scalar| scalar.text.as_str())
    }
}
