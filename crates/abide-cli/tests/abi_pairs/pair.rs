//! One recorded pair: what libabigail said, and what abide says.

use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::common::{Run, Workplace};

/// What a comparison comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Answer {
    Unchanged,
    /// Abide only: nothing but `safe` findings.
    Safe,
    Changed,
    Incompatible,
    Error,
}

impl Answer {
    pub(crate) const ALL: [Answer; 5] =
        [Answer::Unchanged, Answer::Safe, Answer::Changed, Answer::Incompatible, Answer::Error];

    /// Exit status of abidiff and abipkgdiff: bits 1 and 2 are errors, 4 a change, 8 an incompatible one.
    fn of_libabigail(exit: i64) -> Self {
        match exit {
            _ if exit & 3 != 0 || !(0..16).contains(&exit) => Answer::Error,
            _ if exit & 8 != 0 => Answer::Incompatible,
            _ if exit & 4 != 0 => Answer::Changed,
            _ => Answer::Unchanged,
        }
    }

    fn of_document(document: &Value) -> Self {
        let count = |level: &str| document["counts"][level].as_u64().expect("a count");
        match (count("breaks"), count("reviews"), count("safe")) {
            (1.., ..) => Answer::Incompatible,
            (_, 1.., _) => Answer::Changed,
            (.., 1..) => Answer::Safe,
            _ => Answer::Unchanged,
        }
    }

    fn agrees(self, abide: Answer) -> bool {
        match self {
            Answer::Unchanged => matches!(abide, Answer::Unchanged | Answer::Safe),
            Answer::Changed => matches!(abide, Answer::Changed | Answer::Safe),
            Answer::Incompatible => abide == Answer::Incompatible,
            Answer::Safe | Answer::Error => false,
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Answer::Unchanged => "unchanged",
            Answer::Safe => "safe",
            Answer::Changed => "changed",
            Answer::Incompatible => "incompatible",
            Answer::Error => "error",
        })
    }
}

/// What both versions of libabigail said; one answer when they agree or one of them failed.
pub(crate) struct Witness(Vec<Answer>);

impl Witness {
    pub(crate) fn agrees(&self, abide: Answer) -> bool {
        let is_enough = |said: &Answer| said.agrees(abide);
        let wants_break = self.0.contains(&Answer::Incompatible);
        self.0.iter().any(is_enough) && (!wants_break || abide == Answer::Incompatible)
    }
}

impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = self.0.iter().map(Answer::to_string).collect();
        f.write_str(&words.join(" or "))
    }
}

/// One line of `pairs.jsonl`.
pub(crate) struct Pair {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) old: PathBuf,
    pub(crate) new: PathBuf,
    pub(crate) debuginfo: [Vec<PathBuf>; 2],
    headers: [Option<PathBuf>; 2],
    suppressions: Vec<PathBuf>,
    /// Whether the case's own options leave suppression files inside the inputs aside.
    leaves_shipped: bool,
    libabigail: Value,
}

impl Pair {
    /// All of them; `None` when the data is absent.
    pub(crate) fn all() -> Option<Vec<Pair>> {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/abi-pairs");
        let text = std::fs::read_to_string(data.join("pairs.jsonl")).ok()?;
        Some(text.lines().map(|line| Pair::read(&data, line)).collect())
    }

    fn read(data: &Path, line: &str) -> Pair {
        let mut case: Value = serde_json::from_str(line).expect("JSON");
        let text = |key: &str| case[key].as_str().map(str::to_string);
        let paths = |key: &str| -> Vec<PathBuf> {
            let list = case[key].as_array().into_iter().flatten();
            list.map(|path| data.join(path.as_str().expect("a path"))).collect()
        };
        let headers = |side: &str| {
            let given = [format!("{side}_headers"), format!("{side}_devel")];
            given.iter().flat_map(|key| paths(key)).next()
        };
        let old = text("old").expect("an old side");
        Pair {
            id: text("id").expect("an id"),
            kind: text("kind").expect("a kind"),
            new: data.join(text("new").unwrap_or_else(|| old.clone())),
            old: data.join(old),
            debuginfo: [paths("old_debuginfo"), paths("new_debuginfo")],
            headers: [headers("old"), headers("new")],
            suppressions: paths("suppressions"),
            leaves_shipped: case["options"].as_array().into_iter().flatten().any(|o| o == "--no-abignore"),
            libabigail: case["libabigail"].take(),
        }
    }

    /// What libabigail said with `default` options or as `tested`.
    pub(crate) fn witness(&self, run: &str) -> Witness {
        let answer = |version: &str| {
            let exit = self.libabigail[format!("{version}-{run}")]["exit"].as_i64();
            Answer::of_libabigail(exit.expect("an exit status"))
        };
        let mut answers = vec![answer("2.8"), answer("3.0")];
        answers.dedup();
        if answers.len() > 1 {
            answers.retain(|answer| *answer != Answer::Error);
        }
        Witness(answers)
    }

    /// Runs abide as libabigail was run with default options, and as tested; the text says what is wrong with the run
    /// itself.
    pub(crate) fn ask(&self) -> [(Answer, String); 2] {
        let default = self.run(&[]);
        let tested = match self.leaves_shipped {
            true => self.run(&["--no-shipped-suppressions"]),
            false => default.clone(),
        };
        [default, tested]
    }

    fn run(&self, options: &[&str]) -> (Answer, String) {
        let path = |path: &Path| path.display().to_string();
        let mut arguments = vec!["check".to_string(), path(&self.old), path(&self.new)];
        for (option, paths) in ["--debuginfo-old", "--debuginfo-new"].into_iter().zip(&self.debuginfo) {
            paths.iter().for_each(|p| arguments.extend([option.to_string(), path(p)]));
        }
        self.suppressions.iter().for_each(|p| arguments.extend(["--suppressions".to_string(), path(p)]));
        if self.headers.iter().any(Option::is_some) {
            let [old, new] = self.headers.each_ref().map(|p| p.as_deref().map_or(String::new(), path));
            arguments.extend(["--headers".to_string(), format!("{old},{new}")]);
        }
        arguments.extend(options.iter().map(|option| option.to_string()));
        self.judge(&abide(&arguments))
    }

    fn judge(&self, run: &Run) -> (Answer, String) {
        let Ok(document) = serde_json::from_str::<Value>(&run.stdout) else {
            let is_clear =
                run.status == 2 && run.stdout.is_empty() && run.stderr.starts_with("error: failed to read");
            let problem = if is_clear { String::new() } else { format!("crashed: {run:?}") };
            return (Answer::Error, problem);
        };
        let verdict = document["verdict"].as_str().expect("a verdict");
        let wanted = match verdict {
            "compatible" => 0,
            "incompatible" => 1,
            _ => 3,
        };
        let problem =
            if run.status == wanted { String::new() } else { format!("{verdict}: exit {}", run.status) };
        (Answer::of_document(&document), problem)
    }
}

/// `abide check` with one thread: the tests run many at once.
pub(crate) fn abide(arguments: &[String]) -> Run {
    let options = ["--format=json", "-q", "-j1"];
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).chain(options).collect();
    Workplace::new().abide(&arguments)
}
