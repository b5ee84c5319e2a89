//! What could not be read or compared, by name.

use super::page::{Mark, Page};
use super::{TextOptions, package_name, place, title};
use crate::document::{Artifact, Compared, Document, Gap, Place, Verdict};

/// Lists the gaps under what they concern, and everything without enough evidence.
pub(super) fn section(page: &mut Page, document: &Document, options: &TextOptions) {
    let open = |artifact: &Artifact| artifact.verdict == Verdict::Undecided;
    let any_open = document.packages.iter().flat_map(|package| &package.artifacts).any(open);
    if document.gaps.is_empty() && !any_open {
        return;
    }
    page.gap();
    let heading = page.mark(Mark::Heading, "Could not be read or compared");
    page.paragraph(0, &heading);
    under(page, "", &gaps_at(document, None));
    for (index, package) in document.packages.iter().enumerate() {
        let own = gaps_at(document, Some(Place { package: index, artifact: None }));
        under(page, &package_name(&package.nevra), &own);
        for (number, artifact) in package.artifacts.iter().enumerate() {
            let own = gaps_at(document, Some(Place { package: index, artifact: Some(number) }));
            if own.is_empty() && !open(artifact) {
                continue;
            }
            let name = title(page, &artifact.name.display(), &place(artifact, package));
            let done = page.mark(Mark::Plain, &compared(artifact, options.verbose || own.is_empty()));
            page.wrapped("  ", 6, &format!("{name}: {done}"));
            own.iter().for_each(|gap| line(page, gap, &names(artifact)));
        }
    }
}

fn gaps_at(document: &Document, place: Option<Place>) -> Vec<&Gap> {
    document.gaps.iter().filter(|gap| gap.place == place).collect()
}

/// Gaps of a package or side under its name.
fn under(page: &mut Page, name: &str, gaps: &[&Gap]) {
    if gaps.is_empty() {
        return;
    }
    if !name.is_empty() {
        let name = page.mark(Mark::Plain, name);
        page.wrapped("  ", 6, &name);
    }
    for gap in gaps {
        line(page, gap, &[name.to_owned()]);
    }
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
    let done = match artifact.compared {
        Compared::Identical => "identical",
        Compared::Types => "compared with types",
        Compared::TypesPartly => "compared with some of its types",
        Compared::SymbolsOnly => "compared by symbols only",
        Compared::NoExports => "exports nothing that needs a type",
        Compared::Removed => "not found on the candidate",
        Compared::Added => "not found on the reference",
    };
    match &artifact.types_note {
        Some(note) if with_note => format!("{done} ({note})"),
        _ => done.to_owned(),
    }
}
