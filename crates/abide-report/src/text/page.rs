//! The page that text is written on: indentation, wrapping, and the few styles there are.

use anstyle::{AnsiColor, Style};
use textwrap::{Options, WordSplitter};

use crate::document::{Level, Verdict, printable};

/// Collects lines.
pub(super) struct Page {
    out: String,
    width: usize,
    colour: bool,
}

/// Ways to mark text; each reads the same without colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// No mark.
    Plain,
    /// A heading.
    Heading,
    /// Less important than its surroundings.
    Dim,
    /// A level.
    Level(Level),
    /// A verdict.
    Verdict(Verdict),
}

impl Mark {
    fn style(self) -> Style {
        match self {
            Mark::Plain => Style::new(),
            Mark::Heading => Style::new().bold(),
            Mark::Dim => Style::new().dimmed(),
            Mark::Level(Level::Break) | Mark::Verdict(Verdict::Incompatible) => {
                AnsiColor::Red.on_default().bold()
            }
            Mark::Level(Level::Review) | Mark::Verdict(Verdict::Review | Verdict::Undecided) => {
                AnsiColor::Yellow.on_default().bold()
            }
            Mark::Level(Level::Safe) | Mark::Verdict(Verdict::Compatible) => AnsiColor::Green.on_default(),
        }
    }
}

impl Page {
    pub(super) fn new(width: usize, colour: bool) -> Self {
        Page { out: String::new(), width, colour }
    }

    /// The finished text.
    pub(super) fn finish(self) -> String {
        self.out
    }

    /// `text`, marked when the page has colours; control characters are escaped.
    pub(super) fn mark(&self, mark: Mark, text: &str) -> String {
        let text = printable(text);
        if !self.colour || mark == Mark::Plain {
            return text;
        }
        let style = mark.style();
        format!("{style}{text}{style:#}")
    }

    /// An empty line.
    pub(super) fn gap(&mut self) {
        self.out.push('\n');
    }

    /// Text that wraps at `indent`; marks inside it are kept.
    pub(super) fn paragraph(&mut self, indent: usize, text: &str) {
        self.wrapped(&" ".repeat(indent), indent, text);
    }

    /// A label and text that wraps in a column of its own.
    pub(super) fn field(&mut self, indent: usize, column: usize, label: &str, text: &str) {
        let room = column.saturating_sub(indent);
        let label = format!(
            "{}{} ",
            " ".repeat(indent),
            self.mark(Mark::Dim, &format!("{label:<w$}", w = room.saturating_sub(1)))
        );
        self.wrapped(&label, column, text);
    }

    /// Text behind `start`; what follows the first line begins in `column`.
    pub(super) fn wrapped(&mut self, start: &str, column: usize, text: &str) {
        let rest = " ".repeat(column);
        // Names are not broken: a reader searches for them.
        let options = Options::new(self.width)
            .initial_indent(start)
            .subsequent_indent(&rest)
            .word_splitter(WordSplitter::NoHyphenation)
            .break_words(false);
        for line in textwrap::wrap(text, options) {
            self.out.push_str(line.trim_end());
            self.out.push('\n');
        }
    }
}
