//! Text that keeps every byte: decoding of files that may not be UTF-8, and lines.
//!
//! A byte that belongs to no valid UTF-8 sequence becomes a character of the last private plane and turns back into
//! that byte when written. A file that holds such a character itself is taken byte by byte, so nothing is lost.

/// Characters from here on stand for bytes.
const ESCAPE: u32 = 0x0010_ff00;

/// The text of a file, reversibly.
pub fn decode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c as u32 >= ESCAPE {
                let mut buffer = [0; 4];
                c.encode_utf8(&mut buffer).bytes().for_each(|byte| text.push(escaped(byte)));
            } else {
                text.push(c);
            }
        }
        chunk.invalid().iter().for_each(|byte| text.push(escaped(*byte)));
    }
    text
}

fn escaped(byte: u8) -> char {
    char::from_u32(ESCAPE + u32::from(byte)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// The bytes that [`decode`] was given, or those of a text that was changed since.
pub fn encode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.chars() {
        match (c as u32).checked_sub(ESCAPE).and_then(|byte| u8::try_from(byte).ok()) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    bytes
}

/// For people: what is no character shows as such.
pub fn shown(text: &str) -> String {
    text.chars().map(|c| if c as u32 >= ESCAPE { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// A text as lines that can be changed one by one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    /// The lines, without their line feeds.
    pub lines: Vec<String>,
    /// Whether the last line ends with a line feed.
    pub ends_with_newline: bool,
}

impl Lines {
    /// Splits a text.
    pub fn new(text: &str) -> Self {
        let ends_with_newline = text.ends_with('\n');
        let body = text.strip_suffix('\n').unwrap_or(text);
        let lines = if text.is_empty() { Vec::new() } else { body.split('\n').map(str::to_owned).collect() };
        Lines { lines, ends_with_newline }
    }

    /// The text again.
    pub fn text(&self) -> String {
        let mut text = self.lines.join("\n");
        if self.ends_with_newline {
            text.push('\n');
        }
        text
    }
}

/// The lines of a value that a person wrote as a block: its last line feed ends the last line and starts none.
pub fn block(value: &str) -> Vec<&str> {
    value.strip_suffix('\n').unwrap_or(value).split('\n').collect()
}

/// The white space a line starts with.
pub fn indentation(line: &str) -> &str {
    &line[..line.len() - line.trim_start().len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_bytes_come_back() {
        let mut bytes: Vec<u8> = (0..=255).collect();
        bytes.extend("ěß\u{10ffff}\u{10ff41}".bytes());
        assert_eq!(encode(&decode(&bytes)), bytes);
    }

    #[test]
    fn any_line_ends_come_back() {
        for text in ["", "\n", "a", "a\n", "a\n\n", "\n\na", "a\r\nb\r\n"] {
            assert_eq!(Lines::new(text).text(), text);
        }
    }
}
