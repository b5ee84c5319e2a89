//! A small pull loop over XML: elements opened and closed, with attributes and text.
//!
//! Namespaces are dropped: repodata uses one prefix (`rpm:`), and no local name means two things where we look.

use std::borrow::Cow;
use std::io::{self, BufRead, Read};

use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::RepoError;
use crate::compress::LimitExceeded;

/// No tag, text or comment is longer.
const EVENT_BYTES_MAX: u64 = 16 << 20;

/// Receives elements in document order.
pub(super) trait Visit {
    /// An element opens.
    fn open(&mut self, tag: &str, element: &Element<'_>) -> Result<(), RepoError>;

    /// An element closes; `text` is what came since the last tag.
    fn close(&mut self, tag: &str, text: &str) -> Result<(), RepoError>;
}

/// An opened element.
pub(super) struct Element<'a>(&'a BytesStart<'a>);

impl Element<'_> {
    /// The value of an attribute.
    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        let attribute = self.0.try_get_attribute(name).ok()??;
        attribute.normalized_value(XmlVersion::Implicit1_0).ok().map(|value| value.into_owned())
    }

    /// Every attribute once, for elements that there are many of.
    pub(super) fn each<'e>(&'e self, mut visit: impl FnMut(&str, Cow<'e, str>)) {
        for attribute in self.0.attributes().with_checks(false).flatten() {
            if let Ok(value) = attribute.normalized_value(XmlVersion::Implicit1_0) {
                visit(attribute.key.as_ref(), value);
            }
        }
    }
}

/// Walks the document `name`.
pub(super) fn walk(name: &str, input: impl BufRead, visitor: &mut impl Visit) -> Result<(), RepoError> {
    let mut reader = Reader::from_reader(PerEvent { inner: input, left_bytes: EVENT_BYTES_MAX });
    let mut buf = Vec::new();
    let mut text = String::new();
    let mut has_root = false;
    let mut open_elements = 0u64;
    loop {
        buf.clear();
        reader.get_mut().left_bytes = EVENT_BYTES_MAX;
        let at = reader.buffer_position();
        let fail = |detail: String| RepoError::Xml { document: name.to_owned(), offset: at, detail };
        match reader.read_event_into(&mut buf).map_err(|e| fail(e.to_string()))? {
            Event::Start(element) => {
                has_root = true;
                open_elements += 1;
                text.clear();
                visitor.open(element.local_name().as_ref(), &Element(&element))?;
            }
            Event::Empty(element) => {
                visitor.open(element.local_name().as_ref(), &Element(&element))?;
                visitor.close(element.local_name().as_ref(), "")?;
            }
            Event::End(element) => {
                open_elements = open_elements.saturating_sub(1);
                visitor.close(element.local_name().as_ref(), &text)?;
                text.clear();
            }
            Event::Text(part) => push(&mut text, &part).map_err(fail)?,
            Event::CData(part) => push(&mut text, &part).map_err(fail)?,
            Event::GeneralRef(reference) => match reference.resolve_char_ref() {
                Ok(Some(c)) => text.push(c),
                // Only the five predefined entities: documents cannot define their own here.
                Ok(None) => match resolve_xml_entity(&reference) {
                    Some(entity) => text.push_str(entity),
                    None => return Err(fail("an entity that XML does not define".to_owned())),
                },
                Err(error) => return Err(fail(error.to_string())),
            },
            Event::Eof if open_elements > 0 => return Err(fail("it ends before its elements do".to_owned())),
            Event::Eof if has_root => return Ok(()),
            Event::Eof => return Err(fail("no element in the document".to_owned())),
            _ => {}
        }
    }
}

fn push(text: &mut String, part: &str) -> Result<(), String> {
    match (text.len() + part.len()) as u64 > EVENT_BYTES_MAX {
        true => Err("text is too long".to_owned()),
        false => {
            text.push_str(part);
            Ok(())
        }
    }
}

/// Stops a single event from growing without end.
struct PerEvent<R> {
    inner: R,
    left_bytes: u64,
}

impl<R: BufRead> Read for PerEvent<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut buf = self.fill_buf()?;
        let count = buf.read(out)?;
        self.consume(count);
        Ok(count)
    }
}

impl<R: BufRead> BufRead for PerEvent<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left_bytes == 0 {
            let limit = LimitExceeded { what: "an element of the metadata", limit_bytes: EVENT_BYTES_MAX };
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, limit));
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.left_bytes = self.left_bytes.saturating_sub(amount as u64);
        self.inner.consume(amount);
    }
}
