//! A package's sources as the divergence side sees them: its spec, its patches, where each comes from.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::files::{self, Files, ReadError};
use crate::glob;
use crate::lookaside;
use crate::modify::config::{Action, Modifications};
use crate::patch::{MOST_BYTES, Patch};
use crate::provenance::{Evidence, Grade, Place, grade, of_header, of_name, of_text};
use crate::spec::evr::{self, DIST, Evr, Raw};
use crate::spec::macros::{Macros, preamble};
use crate::spec::prep::{Application, Apply, applications, in_a_range};
use crate::spec::sources::{Entry, Kind, entries, includes};
use crate::spec::{Spec, is_comment};

/// One patch of a package.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its line in the spec.
    pub entry: Entry,
    /// The file the line stands in: the spec, or a file of patch lines.
    pub listed_in: String,
    /// The file's name, macros expanded where that is possible.
    pub file: String,
    /// Where the file is; `None` when it is not there.
    pub path: Option<String>,
    /// What the file says; empty when it is not there.
    pub patch: Arc<Patch>,
    /// BLAKE3 of the file.
    pub digest: Option<String>,
    /// Where it comes from.
    pub evidence: Vec<Evidence>,
    /// The comment right above its line, as lines without `#`.
    pub comment: Vec<String>,
    /// Whether `%prep` applies it; `None` where that cannot be told.
    pub applied: Option<bool>,
    /// What keeps the file out of the package, when it is not there.
    pub kept_out: Option<KeptOut>,
}

/// What keeps a patch out of the package's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptOut {
    /// The file that does it: lookaside metadata, or `.gitignore`.
    pub by: String,
    /// The line there, from 1.
    pub line: usize,
    /// The pattern for archives that the patch's name fits, when that is why.
    pub pattern: Option<String>,
}

impl Listed {
    /// How well its origin can be followed.
    pub fn grade(&self) -> Grade {
        grade(&self.evidence)
    }
}

/// One source of a package.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its line in the spec.
    pub entry: Entry,
    /// The file's name, macros expanded where that is possible.
    pub file: String,
    /// Whether the name is known: all its macros are.
    pub is_known: bool,
    /// Where the file is; `None` when it is not there.
    pub path: Option<String>,
}

/// A package.
#[derive(Clone, Debug)]
pub struct Package {
    /// Its name, as the spec says or after the spec's file.
    pub name: String,
    /// The spec's path.
    pub spec_path: String,
    /// The spec.
    pub spec: Spec,
    /// Epoch, version, release; or why they are not known.
    pub evr: Result<Evr, String>,
    /// Its patches, in the order of the spec.
    pub patches: Vec<Listed>,
    /// Its sources, in the order of the spec.
    pub sources: Vec<Source>,
    /// Files that look like patches and that the spec does not name.
    pub unused: Vec<String>,
    /// The head of the newest changelog entry.
    pub changelog: Option<String>,
}

/// Why a folder is no package.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// It has no spec file, or several.
    #[error("it has {0} spec files where one is expected")]
    Specs(usize),
    /// A file could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// The specs of a folder: in it or in `SPECS`.
pub fn specs(files: &dyn Files) -> Vec<String> {
    let is_spec =
        |path: &String| path.ends_with(".spec") && (!path.contains('/') || path.starts_with("SPECS/"));
    let mut specs: Vec<String> = files.paths().into_iter().filter(is_spec).collect();
    specs.sort();
    specs
}

impl Package {
    /// Reads a package. `el_version` is the release of Enterprise Linux that macros are expanded for.
    pub fn read(files: &dyn Files, el_version: Option<&str>) -> Result<Package, PackageError> {
        Self::read_again(files, el_version, &mut Patches::default())
    }

    /// Reads a package of which another state was read before; patches that are the same are not read again.
    pub fn read_again(
        files: &dyn Files,
        el_version: Option<&str>,
        known: &mut Patches,
    ) -> Result<Package, PackageError> {
        let specs = specs(files);
        let [spec_path] = specs.as_slice() else { return Err(PackageError::Specs(specs.len())) };
        let spec = Spec::new(&crate::text::decode(&files.read(spec_path)?.unwrap_or_default()));
        let head = preamble(&spec, evr::macros(el_version));
        let name = head.tag("name").and_then(|tag| tag.value.clone().ok());
        let stem = files::name(spec_path).trim_end_matches(".spec").to_owned();
        let mut macros = head.macros;
        // In file names the mark would be wrong.
        macros.define("dist", "");
        let paths = files.paths();
        let applications = applications(&spec);
        let used = BTreeMap::new();
        let mut reader = Reader { files, paths: &paths, macros: &macros, applications, known, used };
        let mut patches = reader.patches(spec_path, &spec)?;
        let sources = reader.sources(&spec);
        for name in includes(&spec).into_iter().filter(|name| name.ends_with(".patches")) {
            if let Some(path) = paths.iter().find(|path| files::name(path) == name) {
                let list = Spec::new(&crate::text::decode(&files.read(path)?.unwrap_or_default()));
                patches.extend(reader.patches(path, &list)?);
            }
        }
        let used = reader.used;
        known.by_digest = used;
        from_changelog(&spec, &mut patches);
        kept_out(files, &paths, &mut patches)?;
        let unused = unused(&paths, &patches, &spec);
        let evr = evr::evr(&spec, el_version, Raw::default()).map_err(|e| e.to_string());
        let changelog = newest_entry(&spec);
        Ok(Package {
            name: name.unwrap_or(stem),
            spec_path: spec_path.clone(),
            spec,
            evr,
            patches,
            sources,
            unused,
            changelog,
        })
    }

    /// Adds what a modification file says of its patches.
    pub fn learn(&mut self, modifications: &Modifications) {
        for step in &modifications.steps {
            let (Action::AddFile(add), Some(origin)) = (&step.action, &step.origin) else { continue };
            for patch in self.patches.iter_mut().filter(|patch| patch.file == add.name) {
                patch.evidence.extend(of_text(&origin.comment().join("\n"), Place::Modification));
                patch.evidence.sort();
            }
        }
    }

    /// Version and release for people: from the spec, otherwise from the changelog.
    pub fn version(&self) -> String {
        match (&self.evr, &self.changelog) {
            (Ok(evr), _) => evr.shown(),
            (Err(_), Some(head)) => head.rsplit(' ').next().unwrap_or_default().to_owned(),
            _ => "unknown".into(),
        }
    }
}

struct Reader<'a> {
    files: &'a dyn Files,
    paths: &'a [String],
    macros: &'a Macros,
    applications: Vec<Application>,
    known: &'a Patches,
    used: BTreeMap<String, Arc<Patch>>,
}

/// The patches of the state that was read last, by the digests of their files.
#[derive(Clone, Debug, Default)]
pub struct Patches {
    by_digest: BTreeMap<String, Arc<Patch>>,
}

impl Reader<'_> {
    fn patches(&mut self, list_path: &str, list: &Spec) -> Result<Vec<Listed>, ReadError> {
        let all = entries(list);
        let is_patch = |entry: &&Entry| entry.kind == Kind::Patch;
        let lines: BTreeSet<usize> = all.iter().filter(is_patch).map(|entry| entry.line).collect();
        let mut patches = Vec::new();
        for entry in all.into_iter().filter(|entry| entry.kind == Kind::Patch) {
            let (file, path) = self.find(entry.file());
            let mut listed = Listed {
                comment: comment_above(list, entry.line),
                applied: self.applied(entry.number, &file),
                entry,
                listed_in: list_path.to_owned(),
                file,
                path,
                patch: Arc::default(),
                digest: None,
                evidence: Vec::new(),
                kept_out: None,
            };
            self.fill(&mut listed)?;
            let mut evidence = of_text(&listed.comment.join("\n"), Place::Comment);
            evidence.extend(
                of_text(&listed.entry.value, Place::Value).into_iter().filter(|e| e.text.contains("://")),
            );
            evidence.extend(of_header(&listed.patch));
            if listed.comment.is_empty() {
                evidence.extend(of_text(
                    &group_comment(list, &lines, listed.entry.line).join("\n"),
                    Place::Group,
                ));
            }
            evidence.extend(of_name(&listed.file));
            evidence.sort();
            evidence.dedup();
            listed.evidence = evidence;
            patches.push(listed);
        }
        Ok(patches)
    }

    fn sources(&self, spec: &Spec) -> Vec<Source> {
        let entries = entries(spec).into_iter().filter(|entry| entry.kind == Kind::Source);
        let read = |entry: Entry| {
            let is_known = self.macros.expand(entry.file()).is_ok();
            let (file, path) = self.find(entry.file());
            Source { entry, file, is_known, path }
        };
        entries.map(read).collect()
    }

    fn fill(&mut self, listed: &mut Listed) -> Result<(), ReadError> {
        let Some(path) = &listed.path else { return Ok(()) };
        let Some(bytes) = self.files.read(path)? else { return Ok(()) };
        let digest = blake3::hash(&bytes).to_hex().to_string();
        if bytes.len() <= MOST_BYTES {
            let known = self.used.get(&digest).or_else(|| self.known.by_digest.get(&digest)).cloned();
            listed.patch = known.unwrap_or_else(|| Arc::new(Patch::new(&bytes)));
            self.used.insert(digest.clone(), Arc::clone(&listed.patch));
        }
        listed.digest = Some(digest);
        Ok(())
    }

    /// The file a name means and where it is.
    fn find(&self, name: &str) -> (String, Option<String>) {
        let expanded = match self.macros.expand(name) {
            Ok(text) => text,
            Err(_) => {
                // What is not known may be anything; one file that fits is the one.
                let pattern = unknown_as_star(name);
                let mut fitting = self.paths.iter().filter(|path| glob::matches(&pattern, files::name(path)));
                return match (fitting.next(), fitting.next()) {
                    (Some(path), None) => (files::name(path).to_owned(), Some(path.clone())),
                    _ => (name.to_owned(), None),
                };
            }
        };
        let path = [format!("SOURCES/{expanded}"), expanded.clone()]
            .into_iter()
            .find(|path| self.paths.binary_search(path).is_ok());
        let path = path.or_else(|| self.paths.iter().find(|path| files::name(path) == expanded).cloned());
        (expanded, path)
    }

    fn applied(&self, number: u32, file: &str) -> Option<bool> {
        if in_a_range(&self.applications, number) {
            return Some(true);
        }
        let single = |application: &Application| match &application.how {
            Apply::Numbered(n) | Apply::Option { number: n, .. } | Apply::Argument(n) => *n == number,
            Apply::Function(name) => self.macros.expand(name).is_ok_and(|name| files::name(&name) == file),
            Apply::All { .. } => false,
        };
        if self.applications.iter().any(single) {
            return Some(true);
        }
        // Without a line that applies any patch, it happens some other way.
        (!self.applications.is_empty()).then_some(false)
    }
}

/// A name in which macros may be anything.
fn unknown_as_star(name: &str) -> String {
    let mut pattern = String::new();
    let mut rest = name;
    while let Some(at) = rest.find("%{") {
        pattern.push_str(&rest[..at]);
        pattern.push('*');
        rest = rest[at..].find('}').map_or("", |end| &rest[at + end + 1..]);
    }
    pattern.push_str(rest);
    pattern
}

/// The lines of the comment right above a line, without `#`.
fn comment_above(spec: &Spec, line: usize) -> Vec<String> {
    let lines = spec.lines();
    let start = lines[..line].iter().rposition(|text| !is_comment(text)).map_or(0, |at| at + 1);
    lines[start..line]
        .iter()
        .filter(|text| !is_switched_off(text))
        .map(|text| text.trim().trim_start_matches('#').trim().to_owned())
        .collect()
}

/// Whether a comment is a patch or source line that was taken out. `# Source: …` says where a patch comes from.
fn is_switched_off(line: &str) -> bool {
    let entry = crate::spec::sources::entry(line.trim().trim_start_matches('#'));
    entry.is_some_and(|(kind, number, _)| kind == Kind::Patch || number.is_some())
}

/// The comment above the run of patch lines that a line without a comment of its own is in: what stands above a source
/// is about that source. Comments of one field (`Origin: …`) belong to their own patch only.
fn group_comment(spec: &Spec, patches: &BTreeSet<usize>, line: usize) -> Vec<String> {
    let lines = spec.lines();
    let mut at = line;
    while at > 0 && patches.contains(&(at - 1)) {
        at -= 1;
    }
    let comment = comment_above(spec, at);
    let of_one = |text: &String| FIELDS.iter().any(|field| text.starts_with(field));
    if at == line || lines[..at].is_empty() || comment.iter().any(of_one) { Vec::new() } else { comment }
}

/// The fields of comments that `origin:` and annotations write.
pub const FIELDS: &[&str] =
    &["Origin:", "Commit:", "Kind:", "Bug:", "CVE:", "Upstream-Status:", "Approved-By:", "Expires:"];

/// Finds what keeps missing patches out: the lookaside has them, or git is told to pass them over.
fn kept_out(files: &dyn Files, paths: &[String], patches: &mut [Listed]) -> Result<(), ReadError> {
    if patches.iter().all(|patch| patch.path.is_some()) {
        return Ok(());
    }
    let text = |path: &str| Ok(crate::text::decode(&files.read(path)?.unwrap_or_default()));
    let mut stored = Vec::new();
    for path in paths.iter().filter(|path| lookaside::is_metadata(path)) {
        stored.extend(lookaside::read(path, &text(path)?).stored);
    }
    let ignored = text(".gitignore")?;
    for patch in patches.iter_mut().filter(|patch| patch.path.is_none()) {
        let beside = stored.iter().find(|stored| stored.name() == patch.file).map(|stored| KeptOut {
            by: stored.listed_in.clone(),
            line: stored.line,
            pattern: lookaside::mistaken_by(&patch.file).map(str::to_owned),
        });
        patch.kept_out = beside.or_else(|| ignoring(&ignored, &patch.file));
    }
    Ok(())
}

/// The line of a `.gitignore` that fits a file in the package's folder or its `SOURCES`.
fn ignoring(text: &str, file: &str) -> Option<KeptOut> {
    let fits = |pattern: &str| {
        let anchored = pattern.trim_start_matches('/');
        let alone = anchored.strip_prefix("SOURCES/").unwrap_or(anchored);
        !alone.is_empty() && !alone.ends_with('/') && glob::matches(alone, file)
    };
    let lines = text.lines().map(str::trim).enumerate();
    let mut found = None;
    for (index, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
        match line.strip_prefix('!') {
            Some(pattern) if fits(pattern) => found = None,
            None if fits(line) => {
                let pattern = glob::is_pattern(line).then(|| line.to_owned());
                found = Some(KeptOut { by: ".gitignore".into(), line: index + 1, pattern });
            }
            _ => {}
        }
    }
    found
}

/// What a changelog item says of a patch that it names.
fn from_changelog(spec: &Spec, patches: &mut [Listed]) {
    let Some(section) = spec.section("changelog") else { return };
    let body = &spec.lines()[section.body()..section.end];
    for patch in patches.iter_mut().filter(|patch| patch.grade() < Grade::Identifier && patch.file.len() > 8)
    {
        let Some(at) = body.iter().position(|line| line.contains(&patch.file)) else { continue };
        let start = body[..=at].iter().rposition(|line| line.starts_with('-')).unwrap_or(at);
        let end = body[at + 1..].iter().position(|line| line.starts_with(['-', '*']) || line.is_empty());
        let item = &body[start..end.map_or(body.len(), |end| at + 1 + end)];
        patch.evidence.extend(of_text(&item.join("\n"), Place::Changelog));
        patch.evidence.sort();
        patch.evidence.dedup();
    }
}

/// Whether patch lines are made by a program within the spec: then nobody can say which files they name.
fn makes_patch_lines(spec: &Spec) -> bool {
    let Some(preamble) = spec.sections().into_iter().next() else { return false };
    let statements = spec.statements().into_iter().filter(|s| s.start < preamble.end);
    statements.map(|s| spec.lines()[s.start..s.end].join("\n")).any(|text| {
        let runs = text.contains("%{lua:") || text.contains("%(") || text.contains("%{expand:");
        runs && text.contains("Patch") && !is_comment(&text)
    })
}

/// Patch files that neither a patch line nor anything else in the spec names.
fn unused(paths: &[String], patches: &[Listed], spec: &Spec) -> Vec<String> {
    if makes_patch_lines(spec) {
        return Vec::new();
    }
    let used: BTreeSet<&str> = patches.iter().filter_map(|patch| patch.path.as_deref()).collect();
    let end = spec.changelog_start();
    let text = spec.lines()[..end].join("\n");
    paths
        .iter()
        .filter(|path| path.ends_with(".patch") && matches!(path.split('/').count(), 1 | 2))
        .filter(|path| !path.contains('/') || path.starts_with("SOURCES/"))
        .filter(|path| !used.contains(path.as_str()) && !text.contains(files::name(path)))
        .cloned()
        .collect()
}

fn newest_entry(spec: &Spec) -> Option<String> {
    let section = spec.section("changelog")?;
    let head = spec.lines()[section.body()..section.end].iter().find(|line| line.starts_with('*'))?;
    Some(head.trim_start_matches('*').trim().replace(DIST, ""))
}
