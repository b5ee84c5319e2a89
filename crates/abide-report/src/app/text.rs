//! The document for people: a line for each pair, then each problem with who needs it and the way out.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use textwrap::{Options, WordSplitter};

use super::document::{AppDocument, AppNeed, AppProblem, AppResult};
use crate::document::printable;
use crate::view::count;

/// Files, and symbols of each, that are named before the rest is counted.
const NAMED: usize = 4;
/// Gaps that are listed for each result before the rest is counted.
const GAPS: usize = 8;

/// Answers up to which every one says what to install.
const INSTALLED: usize = 4;

/// How the text is laid out.
#[derive(Clone, Copy, Debug)]
pub struct AppText {
    /// Columns to wrap at.
    pub width: usize,
    /// Whether to use ANSI colours.
    pub colour: bool,
    /// Whether every file, symbol and harmless remark is named, and why each problem matters.
    pub verbose: bool,
}

/// Renders the document.
pub fn text(document: &AppDocument, options: AppText) -> String {
    let mut page = Page { out: String::new(), options };
    page.table(document);
    for result in &document.results {
        page.result(document, result);
    }
    page.totals(document);
    page.out
}

struct Page {
    out: String,
    options: AppText,
}

impl Page {
    fn style(&self, style: Style, text: &str) -> String {
        let text = printable(text);
        if self.options.colour { format!("{style}{text}{style:#}") } else { text }
    }

    fn line(&mut self, text: &str) {
        self.out.push_str(text.trim_end());
        self.out.push('\n');
    }

    /// A paragraph that is wrapped, its further lines indented by `hang` more.
    fn paragraph(&mut self, indent: usize, hang: usize, text: &str) {
        let (first, rest) = (" ".repeat(indent), " ".repeat(indent + hang));
        let options = Options::new(self.options.width)
            .initial_indent(&first)
            .subsequent_indent(&rest)
            .break_words(false)
            .word_splitter(WordSplitter::NoHyphenation);
        for line in textwrap::wrap(text, options) {
            self.line(&line);
        }
    }

    /// Programs down, distributions with their answers behind each.
    fn table(&mut self, document: &AppDocument) {
        let names = document.distributions.iter().map(|name| printable(name).chars().count());
        let width = names.max().unwrap_or(0).min(40);
        for (index, program) in document.programs.iter().enumerate() {
            let bold = self.style(Style::new().bold(), &program.label);
            self.line(&format!("{bold} ({})", program.kind));
            for note in &program.notes {
                self.paragraph(2, 2, &printable(note));
            }
            for result in document.results.iter().filter(|result| result.program == index) {
                let name = printable(&document.distributions[result.distribution]);
                let answer = self.style(answer_style(&result.answer), words(&result.answer));
                let pad = " ".repeat(width.saturating_sub(name.chars().count()));
                self.paragraph(2, width + 2, &format!("{name}{pad}  {answer}{}", reason(result)));
            }
        }
    }

    fn result(&mut self, document: &AppDocument, result: &AppResult) {
        let shown: Vec<&AppProblem> =
            result.problems.iter().filter(|p| self.options.verbose || p.level != "safe").collect();
        // In a large matrix what is well is one line.
        let install = result
            .install
            .as_ref()
            .filter(|_| self.options.verbose || !shown.is_empty() || document.results.len() <= INSTALLED);
        if shown.is_empty() && result.gaps.is_empty() && install.is_none() {
            return;
        }
        let (program, distribution) =
            (&document.programs[result.program].label, &document.distributions[result.distribution]);
        let title = self.style(Style::new().bold(), &format!("{program} on {distribution}"));
        self.line("");
        self.line(&title);
        for (at, problem) in shown.iter().enumerate() {
            // The way out that the next problem has as well is said there.
            let is_last = shown.get(at + 1).is_none_or(|next| next.way_out != problem.way_out);
            self.problem(problem, is_last);
        }
        let limit = if self.options.verbose { usize::MAX } else { GAPS };
        for gap in result.gaps.iter().take(limit) {
            let mark = self.style(AnsiColor::Yellow.on_default(), "not known");
            self.paragraph(2, 2, &format!("{mark} {}: {}", gap.subject.display(), printable(&gap.detail)));
        }
        if result.gaps.len() > limit {
            let more = result.gaps.len() - limit;
            self.paragraph(2, 2, &format!("… and {} (--verbose lists all)", count(more, "more gap")));
        }
        if let Some(command) = install {
            self.paragraph(2, 2, &format!("what it loads there comes with: {}", printable(command)));
        }
    }

    fn problem(&mut self, problem: &AppProblem, with_way_out: bool) {
        let mark = self.style(level_style(&problem.level), &problem.level);
        let mut head = format!("{mark} {} [{}]", printable(&problem.summary), problem.rule);
        if let Some(first) = &problem.first_in {
            let _ = write!(head, "; first in {}", printable(first));
        }
        self.paragraph(2, 2, &head);
        let limit = if self.options.verbose { usize::MAX } else { NAMED };
        for need in problem.needed_by.iter().take(limit) {
            self.paragraph(4, 2, &needed(need, limit));
        }
        if problem.needed_by.len() > limit {
            self.paragraph(4, 2, &format!("and {}", count(problem.needed_by.len() - limit, "more file")));
        }
        if self.options.verbose {
            self.paragraph(4, 2, &printable(&problem.why));
        }
        for way in problem.way_out.iter().filter(|_| with_way_out) {
            self.paragraph(4, 2, &format!("→ {}", printable(way)));
        }
    }

    /// Counts of everything, also of what is not listed.
    fn totals(&mut self, document: &AppDocument) {
        let results = &document.results;
        let sum = |of: fn(&AppResult) -> usize| results.iter().map(of).sum::<usize>();
        let with = |answer: &str| results.iter().filter(|r| r.answer == answer).count();
        let level =
            |level: &str| results.iter().flat_map(|r| &r.problems).filter(|p| p.level == level).count();
        let answers = ["runs", "runs-if", "undecided", "will-not-run"];
        let answers: Vec<String> =
            answers.iter().filter(|a| with(a) > 0).map(|a| format!("{} {}", with(a), words(a))).collect();
        self.line("");
        let files = count(sum(|r| r.counts.files), "ELF file");
        let scripts = sum(|r| r.counts.scripts);
        let scripts = if scripts == 0 { String::new() } else { format!(" and {}", count(scripts, "script")) };
        let typed: Vec<usize> = results.iter().filter_map(|r| r.counts.typed).collect();
        let typed = match typed.is_empty() {
            true => String::new(),
            false => format!(", types of {} compared", typed.iter().sum::<usize>()),
        };
        let text = format!(
            "{}: {}; {files}{scripts} looked at, {} bound{}{typed}; {}, {}, {}",
            count(results.len(), "answer"),
            answers.join(", "),
            count(sum(|r| r.counts.symbols), "symbol"),
            match sum(|r| r.counts.by_version) {
                0 => String::new(),
                by_version => format!(" ({by_version} by their version alone)"),
            },
            count(level("break"), "break"),
            count(level("review"), "review"),
            count(sum(|r| r.gaps.len()), "gap"),
        );
        self.paragraph(0, 2, &text);
    }
}

/// The first problem in short, and how many more there are.
fn reason(result: &AppResult) -> String {
    let mut problems = result.problems.iter().filter(|p| p.level != "safe");
    let count = problems.clone().count();
    let Some(first) = problems.next() else {
        return match result.gaps.first() {
            Some(gap) => format!("   {}", printable(&gap.detail)),
            None => String::new(),
        };
    };
    let more = if count > 1 { format!(" (and {} more)", count - 1) } else { String::new() };
    format!("   {}{more}", printable(&first.summary))
}

pub(super) fn needed(need: &AppNeed, limit: usize) -> String {
    let mut text = format!("by {}", need.file.display());
    if let Some(package) = &need.package {
        let _ = write!(text, " of {}", printable(package));
    }
    if !need.symbols.is_empty() {
        let names: Vec<String> = need.symbols.iter().take(limit).map(|s| printable(s)).collect();
        let _ = write!(text, ": {}", names.join(", "));
        if need.symbols.len() > limit {
            let _ = write!(text, " and {} more", need.symbols.len() - limit);
        }
    }
    text
}

pub(super) fn words(answer: &str) -> &str {
    match answer {
        "runs-if" => "runs if …",
        "will-not-run" => "will not run",
        other => other,
    }
}

fn answer_style(answer: &str) -> Style {
    match answer {
        "runs" => AnsiColor::Green.on_default(),
        "will-not-run" => AnsiColor::Red.on_default().bold(),
        _ => AnsiColor::Yellow.on_default().bold(),
    }
}

fn level_style(level: &str) -> Style {
    match level {
        "break" => AnsiColor::Red.on_default().bold(),
        "review" => AnsiColor::Yellow.on_default().bold(),
        _ => AnsiColor::Green.on_default(),
    }
}
