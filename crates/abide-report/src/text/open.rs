//! What could not be read or compared, by name.

use std::collections::BTreeMap;

use super::page::{Mark, Page};
use super::{TextOptions, title};
use crate::document::{Artifact, Gap, Verdict};
use crate::view::{View, artifact_place, count, grouped, package_name};
use crate::words;

/// How many lines are listed unless the reader wants all.
const LISTED: usize = 60;

/// Lists the gaps under what they concern, and everything without enough evidence.
pub(super) fn section(page: &mut Page, view: &View<'_>, options: &TextOptions) {
    let document = view.document;
    let open = |artifact: &Artifact| artifact.verdict == Verdict::Undecided;
    let any_open = document.packages.iter().flat_map(|package| &package.artifacts).any(open);
    if document.gaps.is_empty() && !any_open {
        return;
    }
    page.gap();
    let heading = page.mark(Mark::Heading, "Could not be read or compared");
    page.paragraph(0, &heading);
    let mut rest = Rest { room: if options.verbose { usize::MAX } else { LISTED }, ..Rest::default() };
    under(page, "", view.gaps(None), &mut rest);
    for (index, package) in document.packages.iter().enumerate() {
        for place in view.places(index) {
            let own = view.gaps(Some(place));
            let Some(artifact) = place.artifact.map(|number| &package.artifacts[number]) else {
                under(page, &package_name(&package.nevra), own, &mut rest);
                continue;
            };
            if (own.is_empty() && !open(artifact)) || rest.leaves_out(own) {
                continue;
            }
            let name = title(page, &artifact.name.display(), &artifact_place(artifact, package));
            let done = page.mark(Mark::Plain, &compared(artifact, options.verbose || own.is_empty()));
            page.wrapped("  ", 6, &format!("{name}: {done}"));
            own.iter().for_each(|gap| line(page, gap, &names(artifact)));
        }
    }
    rest.say(page);
}

/// What has no room in the list.
#[derive(Default)]
struct Rest {
    /// Lines that still have.
    room: usize,
    /// Artifacts without.
    artifacts: usize,
    /// Gaps without, by kind.
    gaps: BTreeMap<String, usize>,
}

impl Rest {
    /// Takes the room of an artifact and its gaps, or counts them when there is none.
    fn leaves_out(&mut self, gaps: &[&Gap]) -> bool {
        if self.room == 0 {
            self.artifacts += 1;
            self.count(gaps);
            return true;
        }
        self.room = self.room.saturating_sub(1 + gaps.len());
        false
    }

    fn count(&mut self, gaps: &[&Gap]) {
        gaps.iter().for_each(|gap| *self.gaps.entry(gap.kind.clone()).or_default() += 1);
    }

    fn say(&self, page: &mut Page) {
        let mut parts: Vec<String> = Vec::new();
        parts.extend((self.artifacts > 0).then(|| count(self.artifacts, "artifact")));
        parts.extend(self.gaps.iter().map(|(kind, number)| format!("{} {kind}", grouped(*number))));
        if !parts.is_empty() {
            page.paragraph(2, &format!("… and {} (-v lists all)", parts.join(", ")));
        }
    }
}

/// Gaps of a package or side under its name.
fn under(page: &mut Page, name: &str, gaps: &[&Gap], rest: &mut Rest) {
    if gaps.is_empty() {
        return;
    }
    let (shown, left_out) = gaps.split_at(gaps.len().min(rest.room));
    rest.count(left_out);
    rest.room -= shown.len();
    if !name.is_empty() && !shown.is_empty() {
        let name = page.mark(Mark::Plain, name);
        page.wrapped("  ", 6, &name);
    }
    shown.iter().for_each(|gap| line(page, gap, &[name.to_owned()]));
}

/// What an artifact goes by: a gap about one of these needs no subject.
fn names(artifact: &Artifact) -> Vec<String> {
    let files = [&artifact.files.reference, &artifact.files.candidate].into_iter().flatten();
    files.map(|file| file.path.display()).chain([artifact.name.display()]).collect()
}

/// `candidate: subject: what was looked for [kind]`; no subject when it is one of `named`.
fn line(page: &mut Page, gap: &Gap, named: &[String]) {
    let side = gap.side.map_or("both sides", |side| side.word());
    let subject = gap.subject.display();
    let is_named = subject.is_empty() || named.contains(&subject);
    let subject = if is_named { String::new() } else { format!(" {subject}:") };
    let kind = page.mark(Mark::Dim, &format!("[{}]", gap.kind));
    let text = format!("{side}:{subject} {}", gap.detail);
    let text = page.mark(Mark::Plain, &text);
    page.wrapped("    ", 6, &format!("{text} {kind}"));
}

/// How far the comparison of the artifact went.
fn compared(artifact: &Artifact, with_note: bool) -> String {
    let done = words::compared(artifact.compared);
    match &artifact.types_note {
        Some(note) if with_note => format!("{done} ({note})"),
        _ => done.to_owned(),
    }
}
