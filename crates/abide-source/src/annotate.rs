//! Comments above patches that say where they come from, written from what was found elsewhere.
//!
//! Nothing is made up and nothing is written twice: a patch whose own comment can be followed stays as it is.

use std::collections::BTreeMap;

use crate::files::{Files, Overlay, ReadError};
use crate::package::{Listed, Package};
use crate::provenance::{Class, Evidence, Grade, Place};
use crate::spec::{Spec, is_comment};
use crate::text;

/// At most so many bugs or CVEs are named.
const MOST_NAMED: usize = 4;

/// Lines written above one patch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// The file they are written in.
    pub file: String,
    /// The patch's line there before, from 1.
    pub line: usize,
    /// The patch's file.
    pub patch: String,
    /// The comment lines.
    pub comment: Vec<String>,
}

/// Writes the missing comments into an overlay of the package's folder and says which.
pub fn annotate(package: &Package, overlay: &mut Overlay<'_>) -> Result<Vec<Annotation>, ReadError> {
    let mut by_file: BTreeMap<&str, Vec<&Listed>> = BTreeMap::new();
    for listed in package.patches.iter().filter(|listed| wants_comment(listed)) {
        by_file.entry(&listed.listed_in).or_default().push(listed);
    }
    let mut annotations = Vec::new();
    for (file, patches) in by_file {
        let Some(bytes) = overlay.read(file)? else { continue };
        let mut spec = Spec::new(&text::decode(&bytes));
        let mark = mark(&spec);
        let statements = spec.statements();
        let single = |line: usize| {
            statements.binary_search_by_key(&line, |s| s.start).is_ok_and(|at| statements[at].end == line + 1)
        };
        let mut inserts = Vec::new();
        // Within the body of a macro a comment would become part of it.
        for listed in patches.into_iter().filter(|listed| single(listed.entry.line)) {
            let comment: Vec<String> =
                words(listed).into_iter().map(|words| format!("{mark}{}", escaped(&words))).collect();
            if comment.is_empty() {
                continue;
            }
            inserts.push((listed.entry.line, comment.clone()));
            let line = listed.entry.line + 1;
            annotations.push(Annotation { file: file.to_owned(), line, patch: listed.file.clone(), comment });
        }
        if inserts.is_empty() {
            continue;
        }
        for (line, comment) in inserts.into_iter().rev() {
            spec.insert(line, comment);
        }
        overlay.write(file, text::encode(&spec.text.text()));
    }
    Ok(annotations)
}

/// Whether something that can be followed is known and neither the patch's own comment nor its group's says it.
fn wants_comment(listed: &Listed) -> bool {
    let followed = |places: &[Place]| {
        listed.evidence.iter().any(|e| e.grade >= Grade::Identifier && places.contains(&e.place))
    };
    !followed(&[Place::Comment, Place::Group, Place::Value])
        && followed(&[Place::Header, Place::Name, Place::Changelog, Place::Modification])
}

/// rpm expands macros in comments too.
fn escaped(words: &str) -> String {
    words.chars().filter(|c| !c.is_control()).collect::<String>().replace('%', "%%")
}

/// The fields of a comment.
fn words(listed: &Listed) -> Vec<String> {
    let known: Vec<&Evidence> = listed.evidence.iter().filter(|e| e.grade >= Grade::Identifier).collect();
    let mut lines = Vec::new();
    let is_origin = |class: Class| !matches!(class, Class::BugTracker | Class::Cve | Class::Own);
    let link = known
        .iter()
        .filter(|e| e.grade == Grade::Link && is_origin(e.class))
        .min_by_key(|e| (e.class, e.place));
    if let Some(link) = link {
        lines.push(format!("Origin: {}", link.text));
    }
    let commit = known.iter().find(|e| e.class == Class::UpstreamCommit && e.grade == Grade::Identifier);
    if let Some(commit) = commit.filter(|commit| link.is_none_or(|link| !link.text.contains(&commit.text))) {
        lines.push(format!("Commit: {}", commit.text));
    }
    let named = |class: Class| {
        let mut texts: Vec<&str> =
            known.iter().filter(|e| e.class == class).map(|e| e.text.as_str()).collect();
        texts.sort_unstable();
        texts.dedup();
        texts.truncate(MOST_NAMED);
        texts
    };
    for (field, class) in [("Bug", Class::BugTracker), ("CVE", Class::Cve)] {
        let mut texts: Vec<String> = named(class).into_iter().map(|text| shown(text, class)).collect();
        texts.sort();
        texts.dedup();
        if !texts.is_empty() {
            lines.push(format!("{field}: {}", texts.join(", ")));
        }
    }
    if lines.is_empty() {
        // Its own words say that it is nobody else's.
        lines.extend(named(Class::Own).first().map(|own| format!("Upstream-Status: not upstream ({own})")));
    }
    lines
}

/// A bare number of a bug needs a word before it to be one.
fn shown(text: &str, class: Class) -> String {
    let bare = class == Class::BugTracker && text.bytes().all(|b| b.is_ascii_digit());
    if bare { format!("#{text}") } else { text.to_owned() }
}

/// How the spec starts comments above its patches: `# ` or `#`.
fn mark(spec: &Spec) -> &'static str {
    let entries = crate::spec::sources::entries(spec);
    let above = entries.iter().filter_map(|entry| spec.lines().get(entry.line.checked_sub(1)?));
    let comments: Vec<&String> = above.filter(|line| is_comment(line)).collect();
    let tight = comments.iter().filter(|line| !line.trim_start().starts_with("# ")).count();
    if tight * 2 > comments.len() { "#" } else { "# " }
}

/// Applies [`annotate`] to a folder and gives the changed files with what was written.
pub fn annotated(
    files: &dyn Files,
    package: &Package,
) -> Result<(Vec<crate::files::Change>, Vec<Annotation>), ReadError> {
    let mut overlay = Overlay::new(files);
    let annotations = annotate(package, &mut overlay)?;
    Ok((overlay.changes()?, annotations))
}
