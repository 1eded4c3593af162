use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, Tag};
use zeroize::Zeroizing;

use crate::base::place::Position;
use crate::base::shown::shortened;
use crate::yaml::{
    Content, Document, MAX_DEPTH, MAX_DOCUMENTS, MAX_NODES, MAX_WEIGHT, Malformed, NodeData, Origin, Scalar,
    Style, TEXT_WEIGHT,
};

/// Reads all documents of a text that is not too long.
pub(crate) fn documents(text: &str, origin: &Origin) -> Result<Vec<Document>, Malformed> {
    let mut documents: Vec<Document> = Vec::new();
    let mut builder = Builder::new(origin);
    let mut count = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| builder.refuse(at(error.marker()), error.info()))?;
        if matches!(event, Event::DocumentEnd) {
            documents.extend(std::mem::replace(&mut builder, Builder::new(origin)).finish());
            continue;
        }
        if matches!(event, Event::DocumentStart(_)) && documents.len() == MAX_DOCUMENTS {
            return Err(builder.refuse(at(&span.start), format!("has more than {MAX_DOCUMENTS} documents")));
        }
        count += usize::from(begins_node(&event));
        if count > MAX_NODES {
            return Err(builder.refuse(at(&span.start), format!("has more than {MAX_NODES} values")));
        }
        builder.take(event, span)?;
    }
    Ok(documents)
}

fn begins_node(event: &Event<'_>) -> bool {
    matches!(event, Event::Scalar(..) | Event::SequenceStart(..) | Event::MappingStart(..) | Event::Alias(_))
}

struct Builder<'o> {
    origin: &'o Origin,
    nodes: Vec<NodeData>,
    open: Vec<Open>,
    /// Of this document alone: the parser itself remembers those of the documents before.
    anchors: HashMap<usize, usize>,
    root: Option<usize>,
    defect: Option<Malformed>,
}

/// A collection whose end has not come yet.
struct Open {
    node: usize,
    children: Vec<usize>,
    weight: usize,
}

impl<'o> Builder<'o> {
    fn new(origin: &'o Origin) -> Self {
        Self {
            origin,
            nodes: Vec::new(),
            open: Vec::new(),
            anchors: HashMap::new(),
            root: None,
            defect: None,
        }
    }

    fn finish(self) -> Option<Document> {
        let root = self.root?;
        Some(Document { nodes: self.nodes, root, origin: self.origin.clone(), defect: self.defect })
    }

    fn refuse(&self, position: Position, reason: impl Into<String>) -> Malformed {
        self.origin.malformed(position, reason.into())
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Malformed> {
        let position = at(&span.start);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let has_prefix = anchor != 0 || tag.is_some();
                let style = style_of(style, tag.as_deref(), has_prefix);
                let scalar = Scalar { text: Zeroizing::new(text.into_owned()), style };
                let node = self.add(Content::Scalar(scalar), position, anchor);
                self.attach(node, position)
            }
            Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _) => {
                let node = self.add(Content::Open, position, anchor);
                self.open.push(Open { node, children: Vec::new(), weight: 1 });
                match self.open.len() > MAX_DEPTH {
                    true => Err(self.refuse(position, format!("is nested more than {MAX_DEPTH} deep"))),
                    false => Ok(()),
                }
            }
            Event::SequenceEnd => self.close(Content::Sequence),
            Event::MappingEnd => self.close_mapping(),
            Event::Alias(anchor) => self.alias(anchor, position),
            _ => Ok(()),
        }
    }

    fn add(&mut self, content: Content, position: Position, anchor: usize) -> usize {
        let node = self.nodes.len();
        let weight = match &content {
            Content::Scalar(scalar) => 1 + scalar.text.len() / TEXT_WEIGHT,
            _ => 1,
        };
        self.nodes.push(NodeData { position, content, weight });
        // The parser counts anchors from one.
        if anchor != 0 {
            self.anchors.insert(anchor, node);
        }
        node
    }

    /// Go's readers refuse what is refused here: an anchor of another document, one that contains
    /// itself, and aliases that unfold to much more than is written.
    fn alias(&mut self, anchor: usize, position: Position) -> Result<(), Malformed> {
        match self.anchors.get(&anchor).copied() {
            None => Err(self.refuse(position, "the alias has no anchor in its document")),
            Some(node) if matches!(self.nodes[node].content, Content::Open) => {
                Err(self.refuse(position, "the alias stands within its own anchor"))
            }
            Some(node) => self.attach(node, position),
        }
    }

    fn attach(&mut self, node: usize, position: Position) -> Result<(), Malformed> {
        let weight = self.nodes[node].weight;
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        open.children.push(node);
        open.weight = open.weight.saturating_add(weight);
        match open.weight > MAX_WEIGHT {
            true => Err(self.refuse(position, "its aliases unfold to much more than is written")),
            false => Ok(()),
        }
    }

    fn close(&mut self, content: impl FnOnce(Vec<usize>) -> Content) -> Result<(), Malformed> {
        let Some(Open { node, children, weight }) = self.open.pop() else { return Ok(()) };
        self.nodes[node].content = content(children);
        self.nodes[node].weight = weight;
        self.attach(node, self.nodes[node].position)
    }

    fn close_mapping(&mut self) -> Result<(), Malformed> {
        if self.defect.is_none() {
            self.defect = self.open.last().and_then(|open| self.repeated_key(&open.children));
        }
        self.close(|children| {
            Content::Mapping(children.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect())
        })
    }

    fn repeated_key(&self, children: &[usize]) -> Option<Malformed> {
        let mut seen = HashSet::new();
        children.iter().step_by(2).find_map(|key| {
            let NodeData { content: Content::Scalar(scalar), position, .. } = &self.nodes[*key] else {
                return None;
            };
            let key = scalar.text.as_str();
            let reason =
                || format!("the key {} stands here again: what came before it is lost", shortened(key));
            (!seen.insert(key)).then(|| self.refuse(*position, reason()))
        })
    }
}

/// The parser counts lines from one and columns from zero.
fn at(marker: &Marker) -> Position {
    Position { line: marker.line(), column: marker.col() + 1 }
}

/// A tag or an anchor before a literal block hides where its text begins.
fn style_of(style: ScalarStyle, tag: Option<&Tag>, has_prefix: bool) -> Style {
    let is_string = tag.is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "str");
    match style {
        ScalarStyle::Plain if !is_string => Style::Plain,
        ScalarStyle::Literal if !has_prefix => Style::Literal,
        _ => Style::Quoted,
    }
}
