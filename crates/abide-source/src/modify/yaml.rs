//! YAML as a tree that knows its lines and keeps scalars as they are written.
//!
//! Values are given their types by whoever reads them: `0001` is a patch number here and a name there.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle};

/// How deep a document may nest.
const MOST_DEPTH: usize = 32;
/// How many nodes a document may have, aliases counted as often as they are used.
const MOST_NODES: usize = 200_000;

/// A node and the line it starts on, from 1.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) line: usize,
    pub(crate) data: Data,
}

/// What a node is.
#[derive(Clone, Debug)]
pub(crate) enum Data {
    /// A scalar; `plain` when it stands without quotes and so may be a number, a truth value or nothing.
    Scalar { text: String, plain: bool },
    /// A list.
    List(Vec<Node>),
    /// Keys and values in the order of the file.
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// The scalar's text.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.data {
            Data::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// Whether it is nothing: empty, `~` or `null`.
    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.data, Data::Scalar { text, plain: true } if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// What it is, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.data {
            Data::Scalar { .. } if self.is_null() => "nothing",
            Data::Scalar { .. } => "a value",
            Data::List(_) => "a list",
            Data::Map(_) => "a mapping",
        }
    }
}

/// What is wrong with a document, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct YamlError {
    pub(crate) line: usize,
    pub(crate) message: String,
}

/// Reads the first document of a text; `None` when it is empty.
pub(crate) fn read(text: &str) -> Result<Option<Node>, YamlError> {
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) =
            event.map_err(|e| YamlError { line: e.marker().line(), message: e.info().to_owned() })?;
        if builder.event(event, span.start.line())? {
            break;
        }
    }
    Ok(builder.root)
}

/// A list or mapping that is being read.
struct Open {
    node: Node,
    anchor: usize,
    key: Option<Node>,
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: BTreeMap<usize, (Node, usize)>,
    nodes: usize,
    root: Option<Node>,
}

impl Builder {
    /// Takes one event; true at the end of the document.
    fn event(&mut self, event: Event<'_>, line: usize) -> Result<bool, YamlError> {
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let plain = style == ScalarStyle::Plain;
                let node = Node { line, data: Data::Scalar { text: text.into_owned(), plain } };
                self.finished(node, anchor, 1)?;
            }
            Event::SequenceStart(anchor, _) => self.start(Data::List(Vec::new()), anchor, line)?,
            Event::MappingStart(anchor, _) => self.start(Data::Map(Vec::new()), anchor, line)?,
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(open) = self.open.pop() {
                    let size = size(&open.node);
                    self.finished(open.node, open.anchor, size)?;
                }
            }
            Event::Alias(anchor) => {
                let (node, size) = self.anchors.get(&anchor).cloned().ok_or_else(|| YamlError {
                    line,
                    message: "an alias refers to nothing that is whole".into(),
                })?;
                self.finished(Node { line, ..node }, 0, size)?;
            }
            Event::DocumentEnd => return Ok(true),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) => {}
        }
        Ok(false)
    }

    fn start(&mut self, data: Data, anchor: usize, line: usize) -> Result<(), YamlError> {
        if self.open.len() >= MOST_DEPTH {
            return Err(YamlError { line, message: format!("more than {MOST_DEPTH} levels") });
        }
        self.open.push(Open { node: Node { line, data }, anchor, key: None });
        Ok(())
    }

    fn finished(&mut self, node: Node, anchor: usize, size: usize) -> Result<(), YamlError> {
        self.nodes = self.nodes.saturating_add(size);
        if self.nodes > MOST_NODES {
            return Err(YamlError { line: node.line, message: format!("more than {MOST_NODES} values") });
        }
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), size));
        }
        let Some(parent) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match &mut parent.node.data {
            Data::List(items) => items.push(node),
            Data::Map(entries) => match parent.key.take() {
                None => parent.key = Some(node),
                Some(key) => entries.push((key, node)),
            },
            Data::Scalar { .. } => {}
        }
        Ok(())
    }
}

/// How many nodes hang on one; the depth is bounded while reading, aliases included.
fn size(node: &Node) -> usize {
    let mut count = 0usize;
    let mut todo = vec![node];
    while let Some(node) = todo.pop() {
        count += 1;
        if count > MOST_NODES {
            break;
        }
        match &node.data {
            Data::Scalar { .. } => {}
            Data::List(items) => todo.extend(items),
            Data::Map(entries) => todo.extend(entries.iter().flat_map(|(key, value)| [key, value])),
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_raw_scalars() {
        let root = read("a: 0001\nb:\n  - |\n     x\n      y\n  - \"z\"\n").unwrap().unwrap();
        let Data::Map(entries) = &root.data else { panic!() };
        assert_eq!(entries[0].1.text(), Some("0001"));
        let Data::List(items) = &entries[1].1.data else { panic!() };
        assert_eq!((items[0].text(), items[1].text()), (Some("x\n y\n"), Some("z")));
        assert_eq!(items[1].line, 6);
    }

    #[test]
    fn bad_documents() {
        assert!(read("a: [1").is_err());
        assert!(read(&"[".repeat(100)).is_err());
        let bomb: String = std::iter::once("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned())
            .chain((1..9).map(|i| {
                let alias = vec![format!("*a{}", i - 1); 10].join(",");
                format!("a{i}: &a{i} [{alias}]\n")
            }))
            .collect();
        assert!(read(&bomb).is_err());
        assert!(read("").unwrap().is_none());
    }
}
