//! Where a finding or gap is: files in packages, lines of declarations, and names.

use bstr::ByteSlice;

use super::mirror::{ArtifactLocation, Location, LogicalLocation, Message, PhysicalLocation, Region};
use crate::document::{Artifact, Document, Evidence, Finding, Gap, Place, SideName, Subject, Text};
use crate::view::{name_of, package_name, subject_title};

/// The artifact on the side that has it, the candidate's where both have, and the names of what changed.
pub(super) fn of_finding(document: &Document, finding: &Finding) -> Vec<Location> {
    let package = finding.package.reference.as_deref().or(finding.package.candidate.as_deref());
    let mut names: Vec<(String, &'static str)> = Vec::new();
    names.extend(package.map(|nevra| (name_of(nevra).to_owned(), "package")));
    names.extend(finding.artifact.as_ref().map(|name| (name.display(), "module")));
    match &finding.subject {
        Subject::Symbol(_) => names.push((subject_title(&finding.subject), "function")),
        Subject::Type(_) => names.push((subject_title(&finding.subject), "type")),
        // Named already, or the only name there is.
        Subject::Artifact => {}
        Subject::Package(name) if names.is_empty() => names.push((name.clone(), "package")),
        Subject::Package(_) => {}
        Subject::Capability(name) => names.push((name.clone(), "resource")),
    }
    if names.is_empty() {
        names.push(("distribution".to_owned(), "namespace"));
    }
    vec![Location {
        id: None,
        physical_location: physical(document, finding.place, &finding.reference, &finding.candidate),
        logical_locations: logical(&names),
        message: None,
    }]
}

/// The innermost name first (§3.28.4 leaves the order open), each with the names around it.
fn logical(names: &[(String, &'static str)]) -> Vec<LogicalLocation> {
    let mut all = Vec::new();
    for (at, (name, kind)) in names.iter().enumerate().rev() {
        let around: Vec<&str> = names[..=at].iter().map(|(name, _)| name.as_str()).collect();
        let fully_qualified_name = around.join("/");
        all.push(LogicalLocation { name: name.clone(), fully_qualified_name, kind });
    }
    all
}

/// The file in the package: the candidate's, unless it is gone.
fn physical(
    document: &Document,
    place: Option<Place>,
    reference: &Evidence,
    candidate: &Evidence,
) -> Option<PhysicalLocation> {
    let artifact = place.and_then(|place| artifact(document, place));
    let (uri, side) = match artifact {
        Some(Artifact { files, .. }) => match (&files.candidate, &files.reference) {
            (Some(file), _) => (uri(&file.path), SideName::Candidate),
            (None, Some(file)) => (uri(&file.path), SideName::Reference),
            (None, None) => return None,
        },
        // What is about the distribution as a whole is in no file.
        None if candidate.artifact.display().is_empty() && reference.artifact.display().is_empty() => {
            return None;
        }
        None if candidate.value != "absent" => (uri(&candidate.artifact), SideName::Candidate),
        None => (uri(&reference.artifact), SideName::Reference),
    };
    let is_empty = uri.is_empty();
    // A binary has no lines, but code scanning services refuse results without one.
    let region = Some(Region { start_line: 1 });
    (!is_empty).then(|| PhysicalLocation { artifact_location: at(uri, side), region })
}

fn artifact(document: &Document, place: Place) -> Option<&Artifact> {
    document.packages.get(place.package)?.artifacts.get(place.artifact?)
}

/// Both declarations, when they are known.
pub(super) fn declarations(finding: &Finding) -> Vec<Location> {
    let sides = [(&finding.reference, SideName::Reference), (&finding.candidate, SideName::Candidate)];
    let known =
        sides.into_iter().filter_map(|(evidence, side)| Some((evidence.declaration.as_deref()?, side)));
    known
        .enumerate()
        .map(|(number, (declaration, side))| {
            let (file, line) = declaration.rsplit_once(':').unwrap_or((declaration, ""));
            let region = line.parse().ok().filter(|line| *line > 0).map(|start_line| Region { start_line });
            // What is no line number belongs to the name.
            let file = if region.is_some() { file } else { declaration };
            Location {
                id: Some(number),
                physical_location: Some(PhysicalLocation {
                    artifact_location: at(encoded(file.as_bytes()), side),
                    region,
                }),
                logical_locations: Vec::new(),
                message: Some(Message::new(format!("declared here on the {}", side.word()))),
            }
        })
        .collect()
}

/// Where a gap is, as far as it is known.
pub(super) fn of_gap(document: &Document, gap: &Gap) -> Vec<Location> {
    let Some(place) = gap.place else { return Vec::new() };
    let Some(package) = document.packages.get(place.package) else { return Vec::new() };
    let mut names = vec![(package_name(&package.nevra), "package")];
    let artifact = artifact(document, place);
    names.extend(artifact.map(|artifact| (artifact.name.display(), "module")));
    let side = gap.side.unwrap_or(SideName::Candidate);
    let file = artifact.and_then(|artifact| match side {
        SideName::Reference => artifact.files.reference.as_ref(),
        SideName::Candidate => artifact.files.candidate.as_ref(),
    });
    let physical_location =
        file.map(|file| PhysicalLocation { artifact_location: at(uri(&file.path), side), region: None });
    vec![Location { id: None, physical_location, logical_locations: logical(&names), message: None }]
}

fn at(uri: String, side: SideName) -> ArtifactLocation {
    ArtifactLocation { uri, uri_base_id: base_id(side) }
}

/// What the root of a side is called.
pub(super) fn base_id(side: SideName) -> &'static str {
    match side {
        SideName::Reference => "REFERENCE",
        SideName::Candidate => "CANDIDATE",
    }
}

/// A path as a reference below the root of its side.
fn uri(path: &Text) -> String {
    encoded(&path.to_bytes())
}

/// Percent-encodes everything but unreserved characters and `/` (RFC 3986 §2.3): the colon, too, which may not be in
/// the first part of a relative reference (§4.2).
pub(crate) fn encoded(path: &[u8]) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.trim_start_with(|c| c == '/').bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte))
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::encoded;

    #[test]
    fn paths_become_relative_references() {
        assert_eq!(encoded(b"/usr/lib64/libfoo.so.1"), "usr/lib64/libfoo.so.1");
        assert_eq!(encoded(b"a:b c/\xff%\xc3\xa9"), "a%3Ab%20c/%FF%25%C3%A9");
        assert_eq!(encoded(b""), "");
    }
}
