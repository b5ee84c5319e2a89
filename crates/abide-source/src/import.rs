//! What is taken over from elsewhere as the base of a branch: how a source package is laid out as files of a branch,
//! and what is missing or wrong in what was taken.
//!
//! Whether a file is an archive is told by its content, and never of a file that a `Patch` line names.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::files::{self, Files, ReadError};
use crate::lint::{Rule, lint};
use crate::lookaside::{self, Algorithm, Stored};
use crate::package::{Package, PackageError};

/// So many bytes at the start of a file tell whether it is text, as they do for git.
const LOOKED_AT_BYTES: usize = 8000;

/// Where files of a source package go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// `SPECS/NAME.spec`, `SOURCES/…` and `.NAME.metadata`.
    Folders,
    /// All in one folder, with `sources`.
    Flat,
}

impl Layout {
    /// The layout that a folder has; none when it has no spec.
    pub fn of(files: &dyn Files) -> Option<Layout> {
        let specs = crate::package::specs(files);
        let flat = specs.first().map(|path| !path.contains('/'))?;
        Some(if flat { Layout::Flat } else { Layout::Folders })
    }
}

/// Why a source package cannot be laid out.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// It has no spec, or several, or what there is cannot be read.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// A file's name would lead out of the folder or into git's own.
    #[error("it has a file named {0:?}")]
    Name(String),
    /// Two of its files would be one.
    #[error("it has {0:?} twice")]
    Twice(String),
}

/// The files of a source package, which all are in one folder, as those of a branch. Archives stay among them; the
/// metadata and `.gitignore` say which they are.
pub fn laid_out(
    package: BTreeMap<String, Vec<u8>>,
    layout: Layout,
) -> Result<BTreeMap<String, Vec<u8>>, ImportError> {
    let (spec_folder, source_folder) = match layout {
        Layout::Folders => ("SPECS/", "SOURCES/"),
        Layout::Flat => ("", ""),
    };
    let mut tree = BTreeMap::new();
    for (name, content) in package {
        if !is_plain(&name) || name.contains('/') {
            return Err(ImportError::Name(name));
        }
        let folder = if name.ends_with(".spec") { spec_folder } else { source_folder };
        let path = format!("{folder}{name}");
        if tree.insert(path, content).is_some() {
            return Err(ImportError::Twice(name));
        }
    }
    let read = Package::read(&tree, None)?;
    let patches: BTreeSet<&str> = read.patches.iter().filter_map(|patch| patch.path.as_deref()).collect();
    let is_archive =
        |path: &str, content: &[u8]| path != read.spec_path && !patches.contains(path) && is_binary(content);
    let archives: Vec<(String, String)> = tree
        .iter()
        .filter(|(path, content)| is_archive(path, content))
        .map(|(path, content)| (path.clone(), metadata_line(layout, path, content)))
        .collect();
    if !archives.is_empty() {
        let stem = files::name(&read.spec_path).trim_end_matches(".spec");
        let metadata = match layout {
            Layout::Folders => format!(".{stem}.metadata"),
            Layout::Flat => "sources".to_owned(),
        };
        let (mut lines, mut ignored) = (String::new(), String::new());
        for (path, line) in archives {
            // Writing to a string cannot fail.
            let _ = writeln!(lines, "{line}");
            let _ = writeln!(ignored, "/{path}");
        }
        for (path, text) in [(metadata, lines), (".gitignore".to_owned(), ignored)] {
            if tree.insert(path.clone(), text.into_bytes()).is_some() {
                return Err(ImportError::Twice(path));
            }
        }
    }
    Ok(tree)
}

fn metadata_line(layout: Layout, path: &str, content: &[u8]) -> String {
    match layout {
        Layout::Folders => format!("{} {path}", Algorithm::Sha256.digest(content)),
        Layout::Flat => format!("SHA512 ({path}) = {}", Algorithm::Sha512.digest(content)),
    }
}

/// Whether a path stays below its folder and out of git's own.
pub fn is_plain(path: &str) -> bool {
    let is_part = |part: &str| !matches!(part, "" | "." | "..") && !part.eq_ignore_ascii_case(".git");
    path.split('/').all(is_part) && !path.contains(['\0', '\n', '\r', '\\'])
}

fn is_binary(content: &[u8]) -> bool {
    content[..content.len().min(LOOKED_AT_BYTES)].contains(&0)
}

/// How a file that is kept beside git was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It is not here: nothing is known of its content.
    Absent,
    /// It is here and is what the metadata means.
    Verified,
    /// It is here and is something else.
    Differs,
}

impl State {
    /// Its name in outputs.
    pub fn id(self) -> &'static str {
        match self {
            State::Absent => "absent",
            State::Verified => "verified",
            State::Differs => "differs",
        }
    }
}

/// Something that is missing or wrong in what was taken over.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file it stands in.
    pub file: String,
    /// The line there, from 1; 0 when it is about the file itself.
    pub line: usize,
    /// What it is about.
    pub rule: &'static str,
    /// The patch or source.
    pub subject: String,
    /// In words.
    pub message: String,
}

/// What was taken over.
#[derive(Clone, Debug)]
pub struct Examined {
    /// The package.
    pub package: Package,
    /// Files that are kept beside git, and how they were found.
    pub lookaside: Vec<(Stored, State)>,
    /// What is missing or wrong, sorted.
    pub problems: Vec<Problem>,
}

/// Looks at what was taken over. `beside` is where files of the lookaside may be, by their names, beside the folder
/// itself.
pub fn examine(
    files: &dyn Files,
    beside: Option<&dyn Files>,
    el_version: Option<&str>,
) -> Result<Examined, PackageError> {
    let package = Package::read(files, el_version)?;
    let paths = files.paths();
    let mut problems = of_patches(&package);
    let mut lookaside = Vec::new();
    for path in paths.iter().filter(|path| lookaside::is_metadata(path)) {
        let text = crate::text::decode(&files.read(path)?.unwrap_or_default());
        let metadata = lookaside::read(path, &text);
        for line in metadata.unknown {
            problems.push(Problem {
                file: path.clone(),
                line,
                rule: "metadata",
                subject: path.clone(),
                message: "this line is not understood".into(),
            });
        }
        for stored in metadata.stored {
            let state = state(&stored, files, &paths, beside)?;
            if state == State::Differs {
                problems.push(Problem {
                    file: stored.listed_in.clone(),
                    line: stored.line,
                    rule: "digest",
                    subject: stored.path.clone(),
                    message: format!("the file is not the one with this {}", stored.algorithm.id()),
                });
            }
            lookaside.push((stored, state));
        }
    }
    of_sources(&package, &lookaside, &mut problems);
    problems.sort();
    Ok(Examined { package, lookaside, problems })
}

fn state(
    stored: &Stored,
    files: &dyn Files,
    paths: &[String],
    beside: Option<&dyn Files>,
) -> Result<State, ReadError> {
    let name = stored.name();
    let own = [stored.path.clone(), format!("SOURCES/{name}"), name.to_owned()]
        .into_iter()
        .find(|path| paths.binary_search(path).is_ok());
    let content = match (own, beside) {
        (Some(path), _) => files.read(&path)?,
        (None, Some(beside)) => in_cache(stored, beside)?,
        (None, None) => None,
    };
    Ok(match content {
        None => State::Absent,
        Some(content) if stored.is(&content) => State::Verified,
        Some(_) => State::Differs,
    })
}

/// A cache names files by their digests (`HASH`, `NAME/sha512/HASH/NAME`) or by their names.
fn in_cache(stored: &Stored, cache: &dyn Files) -> Result<Option<Vec<u8>>, ReadError> {
    let paths = cache.paths();
    let by_digest = paths.iter().find(|path| path.split('/').any(|part| part == stored.digest));
    let found = by_digest.or_else(|| paths.iter().find(|path| files::name(path) == stored.name()));
    found.map_or(Ok(None), |path| cache.read(path))
}

/// What the lint finds that is about files; where patches come from is not asked here.
fn of_patches(package: &Package) -> Vec<Problem> {
    let is_about_files = |rule: Rule| {
        !matches!(rule, Rule::NoProvenance | Rule::WeakProvenance | Rule::Expired | Rule::NotApplied)
    };
    let findings = lint(package, None).into_iter().filter(|finding| is_about_files(finding.rule));
    findings
        .map(|finding| Problem {
            file: finding.file,
            line: finding.line,
            rule: finding.rule.id(),
            subject: finding.patch,
            message: finding.message,
        })
        .collect()
}

fn of_sources(package: &Package, lookaside: &[(Stored, State)], problems: &mut Vec<Problem>) {
    for source in package.sources.iter().filter(|source| source.path.is_none()) {
        if lookaside.iter().any(|(stored, _)| stored.name() == source.file) {
            continue;
        }
        let (rule, message) = if source.is_known {
            ("missing-source", "the file is neither here nor in the lookaside's metadata")
        } else {
            ("unknown-source", "which file this is cannot be told without running rpm")
        };
        problems.push(Problem {
            file: package.spec_path.clone(),
            line: source.entry.line + 1,
            rule,
            subject: source.file.clone(),
            message: message.into(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: &str = "Name: foo\nVersion: 1.0\nRelease: 1\nSource0: foo-%{version}.tar.gz\nSource1: foo.conf\n\
                        Source2: logo.png\nPatch0: a.patch\nPatch1: wants-network-online.target.patch\n%prep\n%autosetup\n";

    fn tree(files: &[(&str, &[u8])]) -> BTreeMap<String, Vec<u8>> {
        files.iter().map(|(path, content)| ((*path).to_owned(), content.to_vec())).collect()
    }

    fn problems(examined: &Examined) -> Vec<String> {
        let shown = |p: &Problem| format!("{}:{} {} {}: {}", p.file, p.line, p.rule, p.subject, p.message);
        examined.problems.iter().map(shown).collect()
    }

    const DIFFERENCE: &[u8] = b"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n";

    #[test]
    fn archives_are_told_by_content_and_patches_never_are() {
        let package = tree(&[
            ("foo.spec", SPEC.as_bytes()),
            ("foo-1.0.tar.gz", b"\x1f\x8b\0\0"),
            ("foo.conf", b"a = 1\n"),
            ("logo.png", b"\x89PNG\0"),
            ("a.patch", b"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-\0\n+b\n"),
            ("wants-network-online.target.patch", DIFFERENCE),
        ]);
        let folders = laid_out(package.clone(), Layout::Folders).unwrap();
        let text =
            |tree: &BTreeMap<String, Vec<u8>>, path: &str| String::from_utf8(tree[path].clone()).unwrap();
        assert_eq!(text(&folders, ".gitignore"), "/SOURCES/foo-1.0.tar.gz\n/SOURCES/logo.png\n");
        let metadata = lookaside::read(".foo.metadata", &text(&folders, ".foo.metadata"));
        assert!(metadata.unknown.is_empty() && metadata.stored.len() == 2);
        let examined = examine(&folders, None, None).unwrap();
        assert!(examined.lookaside.iter().all(|(_, state)| *state == State::Verified));
        assert_eq!(problems(&examined), [""; 0]);
        let flat = laid_out(package, Layout::Flat).unwrap();
        assert!(flat.contains_key("foo.spec") && flat.contains_key("a.patch"));
        assert!(text(&flat, "sources").starts_with("SHA512 (foo-1.0.tar.gz) = "));
        assert_eq!((Layout::of(&flat), Layout::of(&folders)), (Some(Layout::Flat), Some(Layout::Folders)));
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for name in ["../x", "a/b", ".git", "..", "", "a\nb", ".GIT"] {
            let package = tree(&[("foo.spec", SPEC.as_bytes()), (name, b"")]);
            assert!(matches!(laid_out(package, Layout::Flat), Err(ImportError::Name(_))), "{name:?}");
        }
        let none = tree(&[("a.patch", b"")]);
        assert!(matches!(laid_out(none, Layout::Flat), Err(ImportError::Package(PackageError::Specs(0)))));
    }

    #[test]
    fn what_is_missing_or_wrong_is_told() {
        let digest = Algorithm::Sha1.digest(b"archive");
        let metadata = format!(
            "{digest} SOURCES/foo-1.0.tar.gz\n{digest} SOURCES/wants-network-online.target.patch\nwords\n"
        );
        let files = tree(&[
            ("SPECS/foo.spec", SPEC.as_bytes()),
            ("SOURCES/foo-1.0.tar.gz", b"another"),
            ("SOURCES/foo.conf", b""),
            (".foo.metadata", metadata.as_bytes()),
        ]);
        let examined = examine(&files, None, None).unwrap();
        assert_eq!(
            problems(&examined),
            [
                ".foo.metadata:1 digest SOURCES/foo-1.0.tar.gz: the file is not the one with this sha1",
                ".foo.metadata:3 metadata .foo.metadata: this line is not understood",
                "SPECS/foo.spec:6 missing-source logo.png: the file is neither here nor in the lookaside's metadata",
                "SPECS/foo.spec:7 missing-file a.patch: the file is not there",
                "SPECS/foo.spec:8 mistaken-archive wants-network-online.target.patch: the file is not there: \
                 .foo.metadata (line 2) has it for an archive, since its name fits *.tar*",
            ]
        );
        let states: Vec<State> = examined.lookaside.iter().map(|(_, state)| *state).collect();
        assert_eq!(states, [State::Differs, State::Absent]);
        let mut without = files;
        without.remove("SOURCES/foo-1.0.tar.gz");
        let cache = tree(&[(&format!("foo/{digest}"), b"archive")]);
        let examined = examine(&without, Some(&cache), None).unwrap();
        assert_eq!(examined.lookaside[0].1, State::Verified);
    }
}
