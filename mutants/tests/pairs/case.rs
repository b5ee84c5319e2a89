//! The form of a written pair.
//!
//! ```text
//! ## name
//! Words about it, as many lines as one likes.
//! : c++                                    the language, else C; also rust, fortran; programs are in C then
//! : flags -O2                              of both sides; also old-flags, new-flags
//! : clang                                  the compiler; also old-clang, new-clang
//! : in-source                              types are declared in the library's source, not in its header
//! : target arm-linux-gnueabihf             another machine: Clang and lld, without a C library
//! : incompatible                           the verdict
//! : break symbol-removed                   a finding or detail that must be there; also review, safe
//! : not alignment-changed                  a rule that must not fire
//! : breaks                                 the program sees a difference; also runs
//! --- both                                 text of both sides' sources; also old, new
//! --- old.map                              version script; also new.map
//! --- program                              built with the old side
//! ```

/// One pair.
#[derive(Clone, Debug, Default)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) language: Language,
    pub(crate) in_source: bool,
    pub(crate) target: Option<String>,
    pub(crate) verdict: String,
    /// `break [rule]` and the like.
    pub(crate) findings: Vec<String>,
    pub(crate) absent: Vec<String>,
    /// Whether the program must see a difference; `None` without a program.
    pub(crate) breaks: Option<bool>,
    pub(crate) old: Half,
    pub(crate) new: Half,
    pub(crate) program: String,
}

/// What the sources are written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Language {
    #[default]
    C,
    Cpp,
    Rust,
    Fortran,
}

/// What one side is made of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Half {
    pub(crate) clang: bool,
    pub(crate) flags: Vec<String>,
    pub(crate) source: String,
    pub(crate) map: String,
}

/// The pairs of one file.
pub(crate) fn parse(text: &str) -> Result<Vec<Case>, String> {
    text.split("\n## ").skip(1).map(one).collect()
}

fn one(text: &str) -> Result<Case, String> {
    let (name, rest) = text.split_once('\n').ok_or("a pair without text")?;
    let mut case = Case { name: name.trim().to_string(), ..Case::default() };
    let mut part = None;
    for line in rest.lines() {
        if let Some(name) = line.strip_prefix("--- ") {
            part = Some(name.trim());
        } else if let Some(part) = part {
            case.text(part, line).map_err(|e| format!("{}: {e}", case.name))?;
        } else if let Some(word) = line.strip_prefix(": ") {
            case.word(word.trim()).map_err(|e| format!("{}: {e}", case.name))?;
        }
    }
    match case.verdict.is_empty() || case.program.is_empty() != case.breaks.is_none() {
        true => Err(format!("{}: no verdict, or a program without an outcome", case.name)),
        false => Ok(case),
    }
}

impl Case {
    fn text(&mut self, part: &str, line: &str) -> Result<(), String> {
        let places: Vec<&mut String> = match part {
            "both" => vec![&mut self.old.source, &mut self.new.source],
            "old" => vec![&mut self.old.source],
            "new" => vec![&mut self.new.source],
            "map" => vec![&mut self.old.map, &mut self.new.map],
            "old.map" => vec![&mut self.old.map],
            "new.map" => vec![&mut self.new.map],
            "program" => vec![&mut self.program],
            other => return Err(format!("unknown part {other}")),
        };
        for place in places {
            place.push_str(line);
            place.push('\n');
        }
        Ok(())
    }

    fn word(&mut self, line: &str) -> Result<(), String> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let flags = || rest.split_whitespace().map(str::to_string);
        match word {
            "c++" => self.language = Language::Cpp,
            "rust" => self.language = Language::Rust,
            "fortran" => self.language = Language::Fortran,
            "in-source" => self.in_source = true,
            "flags" => {
                self.old.flags.extend(flags());
                self.new.flags.extend(flags());
            }
            "old-flags" => self.old.flags.extend(flags()),
            "new-flags" => self.new.flags.extend(flags()),
            "clang" => (self.old.clang, self.new.clang) = (true, true),
            "old-clang" => self.old.clang = true,
            "new-clang" => self.new.clang = true,
            "target" => {
                self.target = Some(rest.to_string());
                (self.old.clang, self.new.clang) = (true, true);
            }
            "break" | "review" | "safe" if !rest.is_empty() => self.findings.push(format!("{word} [{rest}]")),
            "not" => self.absent.push(format!("[{rest}]")),
            "breaks" => self.breaks = Some(true),
            "runs" => self.breaks = Some(false),
            "compatible" | "review" | "incompatible" | "undecided" => self.verdict = word.to_string(),
            _ => return Err(format!("unknown word {line}")),
        }
        Ok(())
    }
}
