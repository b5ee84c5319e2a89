//! `modules.yaml`: which streams of modules there are, which packages belong to them, which are the default.
//!
//! Format: libmodulemd's `yaml_specs` (`modulemd-v2.yaml`, `modulemd-defaults-v1.yaml`). Read as a stream of events:
//! nothing of the documents is kept but what [`ModuleStream`] has.

use std::collections::BTreeMap;

use abide_model::ModuleStream;
use saphyr_parser::{Event, Parser};

use super::RepoError;

/// How deep a document may nest.
const DEPTH_MAX: usize = 32;

/// No repository has more streams, and no stream more packages.
const ITEMS_MAX: usize = 1_000_000;

/// Reads all documents; streams in the order of the text.
pub fn read_modules(text: &str) -> Result<Vec<ModuleStream>, RepoError> {
    let mut reader = Reader::default();
    for event in Parser::new_from_str(text) {
        let fail = |offset: usize, detail: String| RepoError::Yaml {
            document: "modules.yaml".to_owned(),
            line: offset as u64,
            detail,
        };
        let (event, span) = event.map_err(|e| fail(e.marker().line(), e.info().to_owned()))?;
        reader.event(event).map_err(|detail| fail(span.start.line(), detail.to_owned()))?;
    }
    Ok(reader.finish())
}

/// A mapping with the key whose value comes next, or a list.
enum Frame {
    Map(Option<String>),
    List,
}

impl Frame {
    fn key(&self) -> &str {
        match self {
            Frame::Map(key) => key.as_deref().unwrap_or_default(),
            Frame::List => "-",
        }
    }
}

#[derive(Default)]
struct Reader {
    open: Vec<Frame>,
    kind: String,
    current: ModuleStream,
    items: usize,
    found: Vec<ModuleStream>,
    /// Default stream by module.
    defaults: BTreeMap<String, String>,
}

impl Reader {
    fn event(&mut self, event: Event<'_>) -> Result<(), &'static str> {
        match event {
            Event::Scalar(text, ..) => self.scalar(&text)?,
            // What an alias stands for is of no use where it may stand.
            Event::Alias(_) => self.scalar("")?,
            Event::MappingStart(..) => self.start(Frame::Map(None))?,
            Event::SequenceStart(..) => self.start(Frame::List)?,
            Event::MappingEnd | Event::SequenceEnd => {
                self.open.pop();
                self.value_done();
            }
            Event::DocumentEnd => self.document(),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) => {}
        }
        Ok(())
    }

    fn start(&mut self, frame: Frame) -> Result<(), &'static str> {
        if self.open.len() >= DEPTH_MAX {
            return Err("the document nests too deeply");
        }
        if let (Frame::List, ["data", "dependencies", "-", "requires", module]) = (&frame, &self.path()[..]) {
            // No stream stands for any.
            self.current.requires.push(((*module).to_owned(), Vec::new()));
        }
        self.open.push(frame);
        Ok(())
    }

    /// The keys that lead to the value that comes next; `-` for an item of a list.
    fn path(&self) -> Vec<&str> {
        self.open.iter().map(Frame::key).collect()
    }

    fn scalar(&mut self, text: &str) -> Result<(), &'static str> {
        if let Some(Frame::Map(key @ None)) = self.open.last_mut() {
            *key = Some(text.to_owned());
            return Ok(());
        }
        self.items += 1;
        if self.items > ITEMS_MAX * 16 {
            return Err("there are too many values");
        }
        let text = text.to_owned();
        match &self.path()[..] {
            ["document"] => self.kind = text,
            ["data", "name" | "module"] => self.current.name = text,
            ["data", "stream"] => self.current.stream = text,
            ["data", "version"] => self.current.version = text.parse().unwrap_or(0),
            ["data", "artifacts", "rpms", "-"] => {
                if self.current.artifacts.len() >= ITEMS_MAX {
                    return Err("a stream has too many packages");
                }
                self.current.artifacts.push(text);
            }
            ["data", "dependencies", "-", "requires", _, "-"] => {
                if let Some((_, streams)) = self.current.requires.last_mut() {
                    streams.push(text);
                }
            }
            _ => {}
        }
        self.value_done();
        Ok(())
    }

    fn value_done(&mut self) {
        if let Some(Frame::Map(key)) = self.open.last_mut() {
            *key = None;
        }
    }

    fn document(&mut self) {
        self.open.clear();
        let current = std::mem::take(&mut self.current);
        match std::mem::take(&mut self.kind).as_str() {
            "modulemd" | "modulemd-stream" if self.found.len() < ITEMS_MAX => self.found.push(current),
            "modulemd-defaults" => {
                self.defaults.insert(current.name, current.stream);
            }
            _ => {}
        }
    }

    fn finish(mut self) -> Vec<ModuleStream> {
        for stream in &mut self.found {
            stream.is_default = self.defaults.get(&stream.name) == Some(&stream.stream);
        }
        self.found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "---
document: modulemd
version: 2
data:
  name: ruby
  stream: \"3.1\"
  version: 9020020230201
  context: abcd
  summary: >-
    A language
  dependencies:
  - buildrequires: {platform: [el9]}
    requires:
      platform: [el9]
      perl: []
  artifacts:
    rpms:
    - ruby-0:3.1.2-1.module_el9.x86_64
    - ruby-libs-0:3.1.2-1.module_el9.i686
...
---
document: modulemd-defaults
version: 1
data:
  module: ruby
  stream: 3.1
  profiles: {3.1: [common]}
...
";

    #[test]
    fn streams_and_defaults() {
        let found = read_modules(TEXT).unwrap();
        assert_eq!(found.len(), 1);
        let stream = &found[0];
        assert_eq!((stream.name.as_str(), stream.stream.as_str(), stream.is_default), ("ruby", "3.1", true));
        assert_eq!(stream.version, 9_020_020_230_201);
        assert_eq!(stream.artifacts.len(), 2);
        assert_eq!(
            stream.requires,
            [("platform".to_owned(), vec!["el9".to_owned()]), ("perl".to_owned(), Vec::new())]
        );
    }

    #[test]
    fn damage_is_named_by_its_line() {
        let error = read_modules("document: modulemd\ndata: [1, 2\nname: {").unwrap_err();
        assert!(error.to_string().starts_with("modules.yaml is damaged in line "), "{error}");
        let deep = "- ".repeat(200);
        assert!(read_modules(&deep).is_err());
        assert!(read_modules("").unwrap().is_empty());
    }
}
