//! Ways to look at a document that renderers share: by place, by source package, and names as people write them.

use std::collections::{BTreeMap, HashMap};

use crate::document::{
    Artifact, Both, Consumer, Counts, Document, Evidence, File, Finding, Gap, Package, Place, SideName,
    Subject, Symbol, Text, Verdict,
};

/// A document with its findings and gaps sorted by place.
pub(crate) struct View<'a> {
    pub(crate) document: &'a Document,
    findings: HashMap<Option<Place>, Vec<&'a Finding>>,
    gaps: HashMap<Option<Place>, Vec<&'a Gap>>,
}

impl<'a> View<'a> {
    pub(crate) fn new(document: &'a Document) -> Self {
        let (mut findings, mut gaps) = (HashMap::new(), HashMap::new());
        for finding in &document.findings {
            findings.entry(finding.place).or_insert_with(Vec::new).push(finding);
        }
        for gap in &document.gaps {
            gaps.entry(gap.place).or_insert_with(Vec::new).push(gap);
        }
        View { document, findings, gaps }
    }

    /// The findings of one place, in the document's order.
    pub(crate) fn findings(&self, place: Option<Place>) -> &[&'a Finding] {
        self.findings.get(&place).map_or(&[], Vec::as_slice)
    }

    /// The gaps of one place, in the document's order.
    pub(crate) fn gaps(&self, place: Option<Place>) -> &[&'a Gap] {
        self.gaps.get(&place).map_or(&[], Vec::as_slice)
    }

    /// The places of a package: itself, then its artifacts.
    pub(crate) fn places(&self, package: usize) -> impl Iterator<Item = Place> + use<> {
        let artifacts = self.document.packages[package].artifacts.len();
        let artifacts = (0..artifacts).map(move |number| Place { package, artifact: Some(number) });
        std::iter::once(Place { package, artifact: None }).chain(artifacts)
    }

    /// Findings and gaps of a package and its artifacts, counted.
    pub(crate) fn counts(&self, package: usize) -> Counts {
        let mut counts = Counts::default();
        for place in self.places(package) {
            self.findings(Some(place)).iter().for_each(|finding| counts.add(finding));
            counts.gaps += self.gaps(Some(place)).len();
        }
        counts
    }

    /// Packages by the source package that they were built from; sources and packages worst first.
    pub(crate) fn sources(&self) -> Vec<Source> {
        let mut by_name: BTreeMap<String, Source> = BTreeMap::new();
        for (index, package) in self.document.packages.iter().enumerate() {
            let name = source_name(package);
            let source = by_name.entry(name.clone()).or_insert_with(|| Source::new(name));
            source.verdict = source.verdict.max(package.verdict);
            source.counts.join(&self.counts(index));
            source.packages.push(index);
        }
        let mut sources: Vec<Source> = by_name.into_values().collect();
        let verdict = |index: &usize| std::cmp::Reverse(self.document.packages[*index].verdict);
        sources.iter_mut().for_each(|source| source.packages.sort_by_key(verdict));
        let weight = |source: &Source| (source.verdict, source.counts.breaks, source.counts.reviews);
        // Stable: names stay sorted among equals.
        sources.sort_by_key(|source| std::cmp::Reverse(weight(source)));
        sources
    }
}

/// A source package and the packages that were built from it.
pub(crate) struct Source {
    /// Name; that of the package itself where no source package is stated.
    pub(crate) name: String,
    /// The worst verdict.
    pub(crate) verdict: Verdict,
    /// Findings and gaps.
    pub(crate) counts: Counts,
    /// Indices into the document's packages.
    pub(crate) packages: Vec<usize>,
}

impl Source {
    fn new(name: String) -> Self {
        Source { name, verdict: Verdict::Compatible, counts: Counts::default(), packages: Vec::new() }
    }
}

/// What a package is grouped under.
pub(crate) fn source_name(package: &Package) -> String {
    let nevra = package.nevra.reference.as_deref().or(package.nevra.candidate.as_deref());
    match (&package.source, nevra) {
        (Some(source), _) => source.clone(),
        (None, Some(nevra)) => name_of(nevra).to_owned(),
        (None, None) => LOOSE.to_owned(),
    }
}

/// What files outside of any package are called.
pub(crate) const LOOSE: &str = "loose files";

/// The name in a NEVRA.
pub(crate) fn name_of(nevra: &str) -> &str {
    nevra.rsplitn(3, '-').nth(2).unwrap_or(nevra)
}

/// The architecture in a NEVRA.
pub(crate) fn arch_of(nevra: &str) -> &str {
    nevra.rsplit_once('.').map_or("", |(_, arch)| arch)
}

/// `libfoo-1.0-1.x86_64 → 1.1-1.x86_64`, from the NEVRAs of both sides.
pub(crate) fn package_name(nevra: &Both<String>) -> String {
    match (&nevra.reference, &nevra.candidate) {
        (Some(old), Some(new)) => arrow(old, new),
        (Some(old), None) => old.clone(),
        (None, Some(new)) => new.clone(),
        (None, None) => LOOSE.to_owned(),
    }
}

/// `old → new`; a package's name that both share is said once: `foo-1.0-1.x86_64 → 1.1-1.x86_64`.
fn arrow(old: &str, new: &str) -> String {
    if old == new {
        return old.to_owned();
    }
    // A version begins with a digit; Debian's need no release, and may have hyphens.
    let name = |nevra: &str| {
        let starts: Vec<usize> = nevra.rmatch_indices('-').map(|(at, _)| at + 1).collect();
        let is_version = |at: &&usize| nevra[**at..].starts_with(|c: char| c.is_ascii_digit());
        starts.iter().skip(1).find(is_version).or(starts.first()).copied()
    };
    match (name(old), name(new)) {
        (Some(a), Some(b)) if old[..a] == new[..b] && !old.contains('/') => format!("{old} → {}", &new[b..]),
        _ => format!("{old} → {new}"),
    }
}

/// Where an artifact is: packages on both sides, or paths for loose files where they say more than the name.
pub(crate) fn artifact_place(artifact: &Artifact, package: &Package) -> String {
    let files = &artifact.files;
    let of = |file: &Option<File>| {
        file.as_ref().map(|file| file.package.clone().unwrap_or_else(|| file.path.display()))
    };
    let both = Both { reference: of(&files.reference), candidate: of(&files.candidate) };
    let name = artifact.name.display();
    match (&both.reference, &both.candidate) {
        (None, None) => package_name(&package.nevra),
        (Some(old), Some(new)) if *old == name && *new == name => String::new(),
        _ => package_name(&both),
    }
}

/// What a finding is about, as a heading.
pub(crate) fn subject_title(subject: &Subject) -> String {
    match subject {
        Subject::Symbol(symbol) => symbol_title(symbol),
        Subject::Type(name) => name.clone(),
        Subject::Artifact => "the file as a whole".to_owned(),
        Subject::Package(name) | Subject::Capability(name) => name.clone(),
    }
}

/// A symbol with its version; the source name where the stored one is mangled.
pub(crate) fn symbol_name(symbol: &Symbol) -> String {
    let mut text = symbol.demangled.as_deref().map_or_else(|| symbol.name.display(), short);
    if let Some(version) = &symbol.version {
        let separator = if symbol.is_default == Some(true) { "@@" } else { "@" };
        text.push_str(&format!("{separator}{}", version.display()));
    }
    text
}

/// A C++ name with `std::string` as people write it.
fn short(name: &str) -> String {
    name.replace(
        "std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >",
        "std::string",
    )
}

/// As [`symbol_name`], and the stored name behind a demangled one.
fn symbol_title(symbol: &Symbol) -> String {
    match symbol.demangled {
        Some(_) => format!("{} [{}]", symbol_name(symbol), symbol.name.display()),
        None => symbol_name(symbol),
    }
}

/// The summary of a finding under a heading that says what it is about.
pub(crate) fn summary_under<'a>(finding: &'a Finding, heading: &str) -> &'a str {
    let bare = finding.summary.strip_prefix(heading).and_then(|rest| rest.strip_prefix(": "));
    bare.unwrap_or(&finding.summary)
}

/// One side's fact; that something is absent is what the summary says.
pub(crate) fn evidence_text(evidence: &Evidence) -> Option<String> {
    let value = if evidence.value == "absent" { "" } else { &evidence.value };
    match (&evidence.declaration, value) {
        (None, "") => None,
        (None, value) => Some(value.to_owned()),
        (Some(declaration), "") => Some(format!("declared at {declaration}")),
        (Some(declaration), value) => Some(format!("{value}, declared at {declaration}")),
    }
}

/// Who uses what changed, and on which side alone they were seen.
pub(crate) fn consumer_name(consumer: &Consumer) -> String {
    let artifact = consumer.artifact.display();
    let mut text = match (&consumer.package, artifact.as_str()) {
        (Some(package), "") => package.clone(),
        (Some(package), _) => format!("{artifact} ({package})"),
        (None, _) => artifact,
    };
    if !consumer.through.is_empty() {
        let way: Vec<String> = consumer.through.iter().map(Text::display).collect();
        text.push_str(&format!(" through {}", way.join(", ")));
    }
    if let [side] = consumer.sides.as_slice() {
        text.push_str(match side {
            SideName::Reference => " on the reference",
            SideName::Candidate => " on the candidate",
        });
    }
    text
}

/// `1 symbol`, `2 symbols`.
pub(crate) fn count(count: usize, what: &str) -> String {
    let many = match what.strip_suffix('y') {
        Some(stem) if count != 1 => format!("{stem}ies"),
        _ if count != 1 => format!("{what}s"),
        _ => what.to_owned(),
    };
    format!("{} {many}", grouped(count))
}

/// A number with its thousands apart: `12,345`.
pub(crate) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_name_that_both_share_is_said_once() {
        let cases = [
            ("foo-1.0-1.x86_64", "foo-1.1-1.x86_64", "foo-1.0-1.x86_64 → 1.1-1.x86_64"),
            (
                "libapt-pkg6.0-2.6.1.amd64",
                "libapt-pkg6.0-2.6.2.amd64",
                "libapt-pkg6.0-2.6.1.amd64 → 2.6.2.amd64",
            ),
            (
                "libevent-2.1-7-2.1.12-stable-8.amd64",
                "libevent-2.1-7-2.1.12-stable-8+deb12u1.amd64",
                "libevent-2.1-7-2.1.12-stable-8.amd64 → 2.1.12-stable-8+deb12u1.amd64",
            ),
            ("foo-1.0-1.x86_64", "bar-1.0-1.x86_64", "foo-1.0-1.x86_64 → bar-1.0-1.x86_64"),
        ];
        for (old, new, text) in cases {
            assert_eq!(super::arrow(old, new), text);
        }
    }
}
