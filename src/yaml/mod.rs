//! YAML with positions, as Go's readers take it, and bounded whatever a file holds.
//!
//! A document is a flat list of nodes. An alias is a reference to the anchored node, never a copy,
//! and what the aliases of a document would unfold to is counted, not built: whoever walks through
//! a document, or copies all that is in it, has a bounded task.

mod build;
mod node;
mod scalar;

use zeroize::Zeroizing;

use crate::base::place::{Place, Position};
pub(crate) use node::{Entry, Node};

/// milvus.yaml has 60 KiB; a Kubernetes Secret can have 1 MiB at most.
const MAX_BYTES: usize = 1 << 20;
/// milvus.yaml has some 3,000.
const MAX_NODES: usize = 100_000;
/// What a document may weigh with its aliases unfolded: a node weighs one, and one more for every
/// [`TEXT_WEIGHT`] octets of its text. Without aliases no document of [`MAX_BYTES`] reaches it.
const MAX_WEIGHT: usize = 200_000;
const TEXT_WEIGHT: usize = 16;
const MAX_DOCUMENTS: usize = 100;
const MAX_DEPTH: usize = 200;

pub(crate) struct Document {
    nodes: Vec<NodeData>,
    root: usize,
    origin: Origin,
    /// Why not every reader takes it, although it can be read. YAML 1.2 3.2.1.1 wants keys to be unique.
    /// go-yaml v3, so Compose, and kubectl refuse a repeated key; go-yaml v2, so Milvus and Helm, take the last
    /// value without a word, and so does the rest of this program.
    defect: Option<Malformed>,
}

struct NodeData {
    position: Position,
    content: Content,
    /// What it weighs unfolded.
    weight: usize,
}

enum Content {
    Scalar(Scalar),
    Sequence(Vec<usize>),
    /// Keys and values.
    Mapping(Vec<(usize, usize)>),
    /// A collection whose end has not come yet.
    Open,
}

/// Wiped when dropped: a Secret's keys go through here.
struct Scalar {
    text: Zeroizing<String>,
    style: Style,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    /// Not quoted: it can be a number, a boolean or nothing at all.
    Plain,
    Quoted,
    /// A literal block (`|`): each of its lines is a line of the file.
    Literal,
}

/// Where a text comes from.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    path: String,
    base: Base,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Base {
    File,
    /// The text is a literal block in the file: it begins at this position.
    Block(Position),
    /// The text is a scalar in the file whose lines are not the file's; this is where it begins.
    Within(Position),
}

/// Why a file is no YAML that Go's readers take.
#[derive(Clone, Debug)]
pub(crate) struct Malformed {
    pub(crate) place: Place,
    pub(crate) reason: String,
}

pub(crate) fn read(text: &str, origin: &Origin) -> Result<Vec<Document>, Malformed> {
    check_size(text.len(), origin)?;
    // YAML and Go take a tab after a key's colon, the parser does not where a letter follows.
    match text.contains(":\t") {
        true => build::documents(&Zeroizing::new(text.replace(":\t", ": ")), origin),
        false => build::documents(text, origin),
    }
}

pub(crate) fn read_file(content: &[u8], origin: &Origin) -> Result<Vec<Document>, Malformed> {
    check_size(content.len(), origin)?;
    match std::str::from_utf8(content) {
        Ok(text) => read(text, origin),
        Err(error) => {
            let before = String::from_utf8_lossy(&content[..error.valid_up_to()]);
            Err(origin.malformed(end_of(&before), "is not UTF-8".into()))
        }
    }
}

fn check_size(octets: usize, origin: &Origin) -> Result<(), Malformed> {
    let reason = || format!("has {octets} octets; more than {MAX_BYTES} are not read");
    match octets > MAX_BYTES {
        true => Err(origin.malformed(Position { line: 1, column: 1 }, reason())),
        false => Ok(()),
    }
}

fn end_of(text: &str) -> Position {
    let line = text.matches('\n').count() + 1;
    let column = text.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Position { line, column }
}

impl Document {
    pub(crate) fn root(&self) -> Node<'_> {
        Node::new(self, self.root)
    }

    pub(crate) fn defect(&self) -> Option<Malformed> {
        self.defect.clone()
    }
}

impl Origin {
    pub(crate) fn file(path: impl Into<String>) -> Self {
        Self { path: path.into(), base: Base::File }
    }

    fn within(&self, base: Base) -> Self {
        Self { path: self.path.clone(), base }
    }

    fn place(&self, position: Position) -> Place {
        Place::at(self.path.clone(), self.position(position))
    }

    fn position(&self, inner: Position) -> Position {
        match self.base {
            Base::File => inner,
            Base::Block(start) => {
                Position { line: start.line + inner.line - 1, column: start.column + inner.column - 1 }
            }
            Base::Within(start) => start,
        }
    }

    fn malformed(&self, position: Position, reason: String) -> Malformed {
        Malformed { place: self.place(position), reason }
    }
}

#[cfg(test)]
mod tests;
