//! Which of our patches are still needed beside a newer reference.
//!
//! A patch is never called contained on a likeness: its file, its whole change or every one of its places must be there.

use std::collections::{BTreeMap, BTreeSet};

use crate::files::{Files, ReadError};
use crate::package::{Listed, Package};
use crate::patch::Hunk;
use crate::provenance::cves;

/// What can be said of one patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// The reference has this change.
    Contained,
    /// The reference fixes the same CVE in another way.
    FixedOtherwise,
    /// The reference has a part of it, or changes the same lines.
    Conflict,
    /// The reference does not have it.
    Needed,
    /// The file is not there or holds nothing that can be compared.
    Unknown,
}

impl State {
    /// Its name in outputs.
    pub fn id(self) -> &'static str {
        match self {
            State::Contained => "contained",
            State::FixedOtherwise => "fixed-otherwise",
            State::Conflict => "conflict",
            State::Needed => "needed",
            State::Unknown => "unknown",
        }
    }
}

/// What became of one of our patches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retirement {
    /// Its file.
    pub file: String,
    /// Its number.
    pub number: u32,
    /// What can be said of it.
    pub state: State,
    /// How that is known.
    pub how: String,
}

/// What our patches are held against.
pub struct Against<'a> {
    /// The newer reference.
    pub reference: &'a Package,
    /// The reference that ours was made from: what it has is not ours.
    pub base: Option<&'a Package>,
    /// Names of the patches that are ours, when a modification file says so.
    pub names: Option<&'a BTreeSet<String>>,
    /// The new version's sources, unpacked.
    pub sources: Option<&'a dyn Files>,
}

/// Says of each of our patches whether it is still needed.
pub fn retire(ours: &Package, against: &Against<'_>) -> Result<Vec<Retirement>, ReadError> {
    let is_ours = |patch: &&Listed| {
        let named = against.names.is_none_or(|names| names.contains(&patch.file));
        named
            && !against.base.is_some_and(|base| {
                base.patches.iter().any(|b| b.file == patch.file && crate::history::is_same(b, patch))
            })
    };
    let places = Places::new(against.reference);
    ours.patches
        .iter()
        .filter(is_ours)
        .map(|patch| {
            let (state, how) = of_patch(patch, against, &places)?;
            Ok(Retirement { file: patch.file.clone(), number: patch.entry.number, state, how })
        })
        .collect()
}

/// Where the reference's patches change what.
struct Places<'a> {
    keys: BTreeMap<String, &'a str>,
    /// By path: the lines that its patches remove, and which patch does.
    removed: BTreeMap<&'a str, Vec<(&'a str, &'a str)>>,
}

impl<'a> Places<'a> {
    fn new(reference: &'a Package) -> Self {
        let mut places = Places { keys: BTreeMap::new(), removed: BTreeMap::new() };
        for patch in &reference.patches {
            for key in patch.patch.hunk_keys() {
                places.keys.entry(key).or_insert(&patch.file);
            }
            for file in &patch.patch.files {
                for hunk in &file.hunks {
                    let lines =
                        hunk.lines.iter().filter(|(mark, line)| *mark == b'-' && says_something(line));
                    let removed = places.removed.entry(file.path()).or_default();
                    removed.extend(lines.map(|(_, line)| (line.as_str(), patch.file.as_str())));
                }
            }
        }
        places
    }
}

/// Whether a line is more than a brace or a blank.
fn says_something(line: &str) -> bool {
    line.chars().filter(|c| c.is_alphanumeric()).count() >= 8
}

fn of_patch(
    patch: &Listed,
    against: &Against<'_>,
    places: &Places<'_>,
) -> Result<(State, String), ReadError> {
    let reference = against.reference;
    if let Some(same) =
        reference.patches.iter().find(|other| other.digest.is_some() && other.digest == patch.digest)
    {
        return Ok((State::Contained, format!("the reference has this file{}", as_what(patch, same))));
    }
    let change = patch.patch.change_id();
    let same = reference.patches.iter().find(|other| change.is_some() && other.patch.change_id() == change);
    if let Some(same) = same {
        return Ok((State::Contained, format!("the reference has the same change{}", as_what(patch, same))));
    }
    let keys = patch.patch.hunk_keys();
    if keys.is_empty() {
        let how = if patch.path.is_none() {
            "the file is not there"
        } else {
            "the file holds nothing that can be compared"
        };
        return Ok((State::Unknown, how.into()));
    }
    let holders: BTreeSet<&str> = keys.iter().filter_map(|key| places.keys.get(key).copied()).collect();
    let held = keys.iter().filter(|key| places.keys.contains_key(*key)).count();
    if held == keys.len() {
        let names: Vec<&str> = holders.into_iter().collect();
        return Ok((State::Contained, format!("all its places are in {}", names.join(", "))));
    }
    let mut clash = None;
    if let Some(sources) = against.sources {
        match in_sources(patch, sources)? {
            Upstream::All => return Ok((State::Contained, "the new sources have all its places".into())),
            Upstream::Fails(path) => clash = Some(format!("it does not fit {path} of the new sources")),
            Upstream::Fits => {}
        }
    }
    if let Some(fixed) = fixed_cve(patch, reference) {
        return Ok((State::FixedOtherwise, fixed));
    }
    let partly = (held > 0).then(|| format!("the reference has {held} of its {} places", keys.len()));
    if let Some(how) = partly.or(clash).or_else(|| conflict(patch, places)) {
        return Ok((State::Conflict, how));
    }
    Ok((State::Needed, "the reference does not have it".into()))
}

fn as_what(ours: &Listed, theirs: &Listed) -> String {
    let mut what = Vec::new();
    if ours.file != theirs.file {
        what.push(theirs.file.clone());
    }
    if ours.entry.number != theirs.entry.number {
        what.push(format!("number {}", theirs.entry.number));
    }
    if what.is_empty() { String::new() } else { format!(", as {}", what.join(", ")) }
}

/// How the reference fixes every CVE that a patch is for.
fn fixed_cve(patch: &Listed, reference: &Package) -> Option<String> {
    let wanted = cves(&patch.evidence);
    if wanted.is_empty() {
        return None;
    }
    let changelog = reference.spec.section("changelog");
    let mut how = Vec::new();
    for cve in wanted {
        let by_patch = reference.patches.iter().find(|other| cves(&other.evidence).contains(&cve));
        let lines = changelog.iter().flat_map(|section| section.body()..section.end);
        let by_entry = lines.into_iter().find(|line| names_cve(&reference.spec.lines()[*line], cve));
        match (by_patch, by_entry) {
            (Some(other), _) => how.push(format!("{cve} by {}", other.file)),
            (None, Some(line)) => how.push(format!("{cve} in its changelog (line {})", line + 1)),
            (None, None) => return None,
        }
    }
    Some(format!("the reference fixes {}", how.join(", ")))
}

/// Whether a line names a CVE and not one that only starts like it.
fn names_cve(line: &str, cve: &str) -> bool {
    line.match_indices(cve).any(|(at, _)| !line[at + cve.len()..].starts_with(|c: char| c.is_ascii_digit()))
}

/// A patch of the reference that removes lines which ours stands on.
fn conflict(patch: &Listed, places: &Places<'_>) -> Option<String> {
    for file in &patch.patch.files {
        let Some(removed) = places.removed.get(file.path()) else { continue };
        for hunk in &file.hunks {
            for line in hunk.side(b'-').filter(|line| says_something(line)) {
                if let Some((_, other)) = removed.iter().find(|(gone, _)| gone.trim() == line.trim()) {
                    return Some(format!(
                        "{other} removes a line of {} that it stands on: {}",
                        file.path(),
                        crate::text::shown(line.trim())
                    ));
                }
            }
        }
    }
    None
}

/// How a patch stands to unpacked sources.
enum Upstream {
    /// Every place is as the patch makes it.
    All,
    /// Every place is as the patch makes it or as it wants to find it.
    Fits,
    /// A place in this file is neither.
    Fails(String),
}

fn in_sources(patch: &Listed, sources: &dyn Files) -> Result<Upstream, ReadError> {
    let mut all = true;
    let paths = sources.paths();
    for file in patch.patch.files.iter().filter(|file| !file.hunks.is_empty()) {
        let path = file.path();
        let found = in_archive(&paths, path);
        let content = match found {
            Some(found) => sources.read(found)?.map(|bytes| crate::text::decode(&bytes)),
            None => None,
        };
        let Some(content) = content else {
            // A file that the patch makes is missing as it should be.
            if file.old == "/dev/null" {
                all = false;
                continue;
            }
            return Ok(Upstream::Fails(path.to_owned()));
        };
        let lines: Vec<&str> = content.lines().map(str::trim).collect();
        for hunk in &file.hunks {
            if holds(&lines, hunk, b'+') {
                continue;
            }
            all = false;
            if !holds(&lines, hunk, b'-') {
                return Ok(Upstream::Fails(path.to_owned()));
            }
        }
    }
    Ok(if all { Upstream::All } else { Upstream::Fits })
}

/// The path of a patch's file among those of an archive: itself, below the archive's own folder, or the only one that
/// ends so, for patches that are applied elsewhere than at the top.
fn in_archive<'p>(paths: &'p [String], path: &str) -> Option<&'p String> {
    let exact =
        paths.iter().find(|p| *p == path || p.split_once('/').is_some_and(|(_, below)| below == path));
    let ends = |p: &&String| p.strip_suffix(path).is_some_and(|above| above.ends_with('/'));
    let mut ending = paths.iter().filter(ends);
    exact.or_else(|| match (ending.next(), ending.next()) {
        (Some(one), None) => Some(one),
        _ => None,
    })
}

/// Whether lines hold one side of a place, all of it in a row.
fn holds(lines: &[&str], hunk: &Hunk, sign: u8) -> bool {
    let wanted: Vec<&str> = hunk.side(sign).map(str::trim).collect();
    if wanted.is_empty() || wanted.len() > lines.len() {
        return wanted.is_empty() && lines.is_empty();
    }
    lines.windows(wanted.len()).any(|window| window == wanted.as_slice())
}
