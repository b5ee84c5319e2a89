//! A campaign: many old libraries, some mutants of each, all judged by execution and by abide.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use abide_model::Verdict;

use crate::build::{self, Run};
use crate::judge::{self, Answer};
use crate::model::Library;
use crate::mutate::{self, Kind, Neutral};
use crate::rng::Rng;
use crate::{generate, render};

/// Mutants of one old library.
const PER_BASE: usize = 16;

/// What to do.
#[derive(Clone, Debug)]
pub struct Options {
    /// Number of mutants.
    pub count: usize,
    /// Seed of everything.
    pub seed: u64,
    /// Threads.
    pub threads: usize,
    /// Where the files of disagreements are kept.
    pub keep: Option<PathBuf>,
    /// Where work happens.
    pub work: PathBuf,
    /// Only kinds whose name contains this.
    pub only: Option<String>,
    /// Keep all mutants, not only disagreements.
    pub keep_all: bool,
}

/// How execution and abide compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Agreement {
    /// Nothing to object to.
    Fine,
    /// The program broke and abide says `review`: not wrong.
    BrokeReview,
    /// The program broke, abide calls it compatible, and nothing in the binaries tells otherwise.
    NoEvidence,
    /// A neutral change for which abide wants a person to look.
    NeutralReview,
    /// The change was thought neutral, the program broke, and abide saw it: the catalogue is wrong.
    NotNeutral,
    /// A neutral change that abide calls a break.
    FalseAlarm,
    /// The program broke and abide says that it cannot.
    FalseCompatible,
    /// abide failed.
    Failed,
}

/// One mutant.
#[derive(Clone, Debug)]
pub struct Mutant {
    /// Number in the run: with the seed, its identity.
    pub number: usize,
    /// Its kind; two joined by `+` when there are two.
    pub kind: String,
    /// Whether it was expected to be neutral.
    pub neutral: Neutral,
    /// Whether the old program saw something else than before; `None`: the mutant did not compile.
    pub broke: Option<bool>,
    /// abide's verdict without public headers.
    pub plain: Option<Verdict>,
    /// abide's verdict with public headers.
    pub headers: Option<Verdict>,
    /// How the two compare.
    pub agreement: Agreement,
    /// abide's words without headers, or the compiler's.
    pub text: String,
}

/// Runs a campaign; the result depends on the seed and the count only.
pub fn run(options: &Options) -> Result<Vec<Mutant>, String> {
    let mut kinds = mutate::catalogue();
    if let Some(word) = &options.only {
        kinds.retain(|k| k.id.contains(word.as_str()));
    }
    if kinds.is_empty() {
        return Err("no kind of mutation has that name".into());
    }
    Rng::new(options.seed).shuffle(&mut kinds);
    let bases = options.count.div_ceil(PER_BASE);
    let (next, found, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()), Mutex::new(None));
    std::thread::scope(|scope| {
        for _ in 0..options.threads.max(1) {
            scope.spawn(|| {
                loop {
                    let base = next.fetch_add(1, Ordering::Relaxed);
                    if base >= bases {
                        break;
                    }
                    match of_base(options, &kinds, base) {
                        Ok(mutants) => found.lock().unwrap_or_else(PoisonError::into_inner).extend(mutants),
                        Err(error) => {
                            *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                            next.store(bases, Ordering::Relaxed);
                        }
                    }
                }
            });
        }
    });
    if let Some(error) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error);
    }
    let mut mutants = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    mutants.sort_by_key(|m: &Mutant| m.number);
    Ok(mutants)
}

/// One old library and its mutants.
fn of_base(options: &Options, kinds: &[Kind], base: usize) -> Result<Vec<Mutant>, String> {
    let mut rng = Rng::part(options.seed, base as u64);
    let library = generate::library(&mut rng);
    let folder = tempfile::Builder::new().prefix("mutants-").tempdir_in(&options.work);
    let folder = folder.map_err(|e| format!("failed to make a work folder: {e}"))?;
    let old = folder.path().join("old");
    std::fs::create_dir(&old).map_err(|e| format!("failed to make a work folder: {e}"))?;
    let at = |e: String| format!("library {base} of seed {}: {e}", options.seed);
    build::library(&old, &library, &render::library(&library)).map_err(at)?;
    build::program(&old, &library, &render::program(&library)).map_err(at)?;
    let before = build::run(&old, &old)?;
    if !before.output.ends_with(b"done\n") || !before.same(&build::run(&old, &old)?) {
        return Err(at(format!("the program does not run reliably: {} {}", before.status, before.error)));
    }
    let first = base * PER_BASE;
    let wanted = PER_BASE.min(options.count - first);
    let mut out = Vec::new();
    for step in 0..kinds.len() * 2 {
        if out.len() == wanted {
            break;
        }
        let kind = &kinds[(first + step) % kinds.len()];
        let mut mutated = library.clone();
        if !(kind.apply)(&mut mutated, &mut rng) {
            continue;
        }
        let (mut id, mut neutral) = (kind.id.to_string(), kind.neutral);
        if rng.one_in(8) {
            let second = &kinds[rng.below(kinds.len())];
            let both = mutated.clone();
            if (second.apply)(&mut mutated, &mut rng) {
                id = format!("{id}+{}", second.id);
                neutral = weaker(neutral, second.neutral);
            } else {
                mutated = both;
            }
        }
        let task = Task { options, folder: folder.path(), old: &old, library: &library, before: &before };
        out.push(task.mutant(first + out.len(), id, neutral, &mutated)?);
    }
    Ok(out)
}

fn weaker(a: Neutral, b: Neutral) -> Neutral {
    match (a, b) {
        (Neutral::Unseen, _) | (_, Neutral::Unseen) => Neutral::Unseen,
        (Neutral::No, _) | (_, Neutral::No) => Neutral::No,
        (Neutral::WithHeaders, _) | (_, Neutral::WithHeaders) => Neutral::WithHeaders,
        _ => Neutral::Yes,
    }
}

/// What all mutants of one library share.
struct Task<'a> {
    options: &'a Options,
    folder: &'a Path,
    old: &'a Path,
    library: &'a Library,
    before: &'a Run,
}

impl Task<'_> {
    fn mutant(&self, number: usize, kind: String, neutral: Neutral, new: &Library) -> Result<Mutant, String> {
        let folder = self.folder.join(format!("new{number}"));
        std::fs::create_dir(&folder).map_err(|e| format!("failed to make a work folder: {e}"))?;
        let mut mutant = Mutant {
            number,
            kind,
            neutral,
            broke: None,
            plain: None,
            headers: None,
            agreement: Agreement::Fine,
            text: String::new(),
        };
        if let Err(error) = build::library(&folder, new, &render::library(new)) {
            mutant.text = error;
            self.keep(&mutant, &folder, None, None)?;
            return Ok(mutant);
        }
        let after = build::run(self.old, &folder)?;
        let (a, b) = (self.old.join(&self.library.soname), folder.join(&new.soname));
        let (plain, headers) = (judge::ask(&a, &b, false), judge::ask(&a, &b, true));
        mutant.broke = Some(!after.same(self.before));
        mutant.plain = plain.verdict;
        mutant.headers = headers.verdict;
        mutant.agreement = agreement(&mutant);
        mutant.text.clone_from(&plain.text);
        self.keep(&mutant, &folder, Some(&after), Some((&plain, &headers)))?;
        let _ = std::fs::remove_dir_all(&folder);
        Ok(mutant)
    }

    /// Copies what is needed to look at a disagreement.
    fn keep(
        &self,
        mutant: &Mutant,
        folder: &Path,
        after: Option<&Run>,
        answers: Option<(&Answer, &Answer)>,
    ) -> Result<(), String> {
        let worth =
            mutant.agreement >= Agreement::NeutralReview || mutant.broke.is_none() || self.options.keep_all;
        let Some(keep) = self.options.keep.as_ref().filter(|_| worth) else { return Ok(()) };
        let what =
            if mutant.broke.is_none() { "Unbuildable".into() } else { format!("{:?}", mutant.agreement) };
        let place = keep.join(format!("{what}-{}-{}", mutant.kind, mutant.number));
        let copy = || -> std::io::Result<()> {
            copy_files(self.old, &place.join("old"))?;
            copy_files(folder, &place.join("new"))?;
            std::fs::write(place.join("before.txt"), &self.before.output)?;
            if let Some(after) = after {
                std::fs::write(place.join("after.txt"), &after.output)?;
                std::fs::write(place.join("status.txt"), format!("{}\n{}", after.status, after.error))?;
            }
            match answers {
                Some((plain, headers)) => {
                    std::fs::write(place.join("abide.txt"), &plain.text)?;
                    std::fs::write(place.join("abide-headers.txt"), &headers.text)
                }
                None => std::fs::write(place.join("compiler.txt"), &mutant.text),
            }
        };
        copy().map_err(|e| format!("failed to keep {}: {e}", place.display()))
    }
}

fn copy_files(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        std::fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

/// Classifies a mutant that was built.
fn agreement(m: &Mutant) -> Agreement {
    let (Some(plain), Some(headers)) = (m.plain, m.headers) else { return Agreement::Failed };
    let broke = m.broke == Some(true);
    let alarm = match m.neutral {
        Neutral::No | Neutral::Unseen => None,
        Neutral::Yes => Some(plain.max(headers)),
        Neutral::WithHeaders => Some(headers),
    };
    match (broke, alarm) {
        (true, _) if plain == Verdict::Compatible || headers == Verdict::Compatible => match m.neutral {
            Neutral::Unseen => Agreement::NoEvidence,
            _ => Agreement::FalseCompatible,
        },
        (true, Some(_)) => Agreement::NotNeutral,
        (true, None) if plain != Verdict::Incompatible || headers != Verdict::Incompatible => {
            Agreement::BrokeReview
        }
        (false, Some(Verdict::Incompatible)) => Agreement::FalseAlarm,
        (false, Some(Verdict::Review | Verdict::Undecided)) => Agreement::NeutralReview,
        _ => Agreement::Fine,
    }
}
