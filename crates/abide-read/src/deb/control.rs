//! What a package's control data says: identity, dependencies, checksums of its files.
//!
//! Formats: deb-control(5), deb-version(7), deb-md5sums(5), Debian policy §5 and §7. Stanzas of the same syntax are in
//! the indexes of repositories.

use abide_model::{
    Dependency, FileEntry, FileFlags, FileKind, MetaPackage, Metadata, Nevra, PackageFormat, PackageMeta,
    RelationKind, Script, Sense,
};
use bstr::{BStr, BString, ByteSlice};

/// `RPMSENSE_LESS`, `RPMSENSE_GREATER`, `RPMSENSE_EQUAL`, in which dependencies are kept.
const LESS: u32 = 1 << 1;
const GREATER: u32 = 1 << 2;
const EQUAL: u32 = 1 << 3;

/// A stanza: fields with their values, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stanza<'t> {
    fields: Vec<(&'t BStr, BString)>,
}

/// Why a stanza does not describe a package.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// A field that every package has is not there.
    #[error("the control data has no field `{0}`")]
    Missing(&'static str),
    /// A version that is none.
    #[error("the control data has the version `{0}`, which is none")]
    BadVersion(String),
}

/// Splits a text into stanzas, which empty lines separate. Lines that are none of a field are passed over.
pub fn stanzas(text: &[u8]) -> impl Iterator<Item = Stanza<'_>> {
    let mut lines = text.lines().peekable();
    std::iter::from_fn(move || {
        while lines.next_if(|line| line.trim().is_empty()).is_some() {}
        lines.peek()?;
        let mut stanza = Stanza::default();
        while let Some(line) = lines.next_if(|line| !line.trim().is_empty()) {
            stanza.add(line);
        }
        Some(stanza)
    })
}

impl<'t> Stanza<'t> {
    fn add(&mut self, line: &'t [u8]) {
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            if let Some((_, value)) = self.fields.last_mut() {
                value.push(b'\n');
                value.extend_from_slice(line.trim());
            }
        } else if let Some((name, value)) = line.split_once_str(":")
            && !name.starts_with(b"#")
        {
            self.fields.push((name.trim().as_bstr(), value.trim().into()));
        }
    }

    /// The value of a field; names are compared without case.
    pub fn get(&self, name: &str) -> Option<&BStr> {
        let found = self.fields.iter().find(|(n, _)| n.eq_ignore_ascii_case(name.as_bytes()));
        found.map(|(_, value)| value.as_bstr())
    }

    /// The same as text, `None` when it is empty.
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(|v| v.to_str_lossy().into_owned()).filter(|v| !v.is_empty())
    }
}

/// Identity and dependencies as a stanza states them, without files.
pub fn meta(stanza: &Stanza<'_>) -> Result<PackageMeta, ControlError> {
    let need = |name: &'static str| stanza.text(name).ok_or(ControlError::Missing(name));
    let name = need("Package")?;
    let (version, arch) = (need("Version")?, need("Architecture")?);
    let (epoch, upstream, revision) =
        split_version(&version).ok_or_else(|| ControlError::BadVersion(version.clone()))?;
    let mut requires = dependencies(stanza, "Pre-Depends");
    requires.extend(dependencies(stanza, "Depends"));
    let mut provides = dependencies(stanza, "Provides");
    // A package provides its own name, without a field that says so.
    provides.push(Dependency { name: name.clone(), flags: EQUAL, version: version.clone() });
    for list in [&mut provides, &mut requires] {
        list.sort();
        list.dedup();
    }
    Ok(PackageMeta {
        format: PackageFormat::Deb,
        source_package: Some(source_file(stanza, &name, &version)),
        nevra: Nevra { name, epoch, version: upstream.to_owned(), release: revision.to_owned(), arch },
        provides,
        requires,
        files: Vec::new(),
        scripts: Vec::new(),
        vendor: stanza.text("Origin"),
    })
}

/// Fields that relate a package to others. `Breaks` keeps another from being installed at the same time, as
/// `Conflicts` does; `Replaces` alone says nothing about that.
const RELATIONS: [(&str, RelationKind); 8] = [
    ("Provides", RelationKind::Provides),
    ("Pre-Depends", RelationKind::Requires),
    ("Depends", RelationKind::Requires),
    ("Recommends", RelationKind::Recommends),
    ("Suggests", RelationKind::Suggests),
    ("Enhances", RelationKind::Enhances),
    ("Conflicts", RelationKind::Conflicts),
    ("Breaks", RelationKind::Conflicts),
];

/// What a stanza says of other packages; texts go to the table of `metadata`.
pub fn listed(stanza: &Stanza<'_>, nevra: Nevra, metadata: &mut Metadata) -> MetaPackage {
    let mut package = MetaPackage::new(nevra);
    let name = package.nevra.name.clone();
    // A package provides its own name, without a field that says so.
    let own = metadata.relation(&name, Sense::EQUAL, &stanza.text("Version").unwrap_or_default());
    package.add(RelationKind::Provides, own);
    for (field, kind) in RELATIONS {
        for found in dependencies(stanza, field) {
            let relation = metadata.relation(&found.name, Sense::of_flags(found.flags), &found.version);
            package.add(kind, relation);
        }
    }
    let multi_arch = stanza.text("Multi-Arch");
    package.serves_any_architecture = matches!(multi_arch.as_deref(), Some("foreign" | "allowed"));
    package
}

/// `[EPOCH:]UPSTREAM[-REVISION]` (deb-version(7)); no revision is a revision of its own, the empty one.
pub fn split_version(version: &str) -> Option<(u32, &str, &str)> {
    let (epoch, rest) = match version.split_once(':') {
        Some((epoch, rest)) => (epoch.parse().ok()?, rest),
        None => (0, version),
    };
    let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
    (!upstream.is_empty()).then_some((epoch, upstream, revision))
}

/// File name of the source package, which all binary packages of one build share.
fn source_file(stanza: &Stanza<'_>, package: &str, version: &str) -> String {
    let source = stanza.text("Source").unwrap_or_else(|| package.to_owned());
    // `NAME (VERSION)` when the source has another version than the binary.
    let (name, stated) = match source.split_once('(') {
        Some((name, rest)) => (name.trim(), rest.trim_end_matches(')').trim()),
        None => (source.trim(), version),
    };
    let without_epoch = stated.split_once(':').map_or(stated, |(_, rest)| rest);
    format!("{name}_{without_epoch}.dsc")
}

fn dependencies(stanza: &Stanza<'_>, field: &str) -> Vec<Dependency> {
    let text = stanza.text(field).unwrap_or_default();
    text.split(',').map(str::trim).filter(|d| !d.is_empty()).map(dependency).collect()
}

/// One dependency; alternatives become one rich dependency, as rpm would write it.
fn dependency(text: &str) -> Dependency {
    let mut alternatives: Vec<Dependency> = text.split('|').map(|a| single(a.trim())).collect();
    if alternatives.len() == 1 {
        return alternatives.remove(0);
    }
    let words: Vec<String> = alternatives.iter().map(in_words).collect();
    Dependency { name: format!("({})", words.join(" or ")), flags: 0, version: String::new() }
}

/// `name[:arch] [(op version)] [[archs]] [<profiles>]`.
fn single(text: &str) -> Dependency {
    let end = text.find(['(', '[', '<']).unwrap_or(text.len());
    let name = text[..end].trim();
    // `:any` and the like say which builds of the package will do, not which package.
    let name = name.split_once(':').map_or(name, |(name, _)| name).to_owned();
    let constraint = text[end..].strip_prefix('(').and_then(|rest| rest.split_once(')'));
    let Some((constraint, _)) = constraint else {
        return Dependency { name, flags: 0, version: String::new() };
    };
    let at = constraint.find(|c: char| !"<>= ".contains(c)).unwrap_or(constraint.len());
    let flags = match constraint[..at].trim() {
        "<<" => LESS,
        "<=" | "<" => LESS | EQUAL,
        "=" => EQUAL,
        ">=" | ">" => GREATER | EQUAL,
        ">>" => GREATER,
        _ => 0,
    };
    Dependency { name, flags, version: constraint[at..].trim().to_owned() }
}

fn in_words(dependency: &Dependency) -> String {
    let sign = [(LESS, "<"), (GREATER, ">"), (EQUAL, "=")];
    let sign: String =
        sign.iter().filter(|(flag, _)| dependency.flags & flag != 0).map(|(_, s)| *s).collect();
    match sign.is_empty() {
        true => dependency.name.clone(),
        false => format!("{} {sign} {}", dependency.name, dependency.version),
    }
}

/// The regular files that `md5sums` lists: their paths and digests, without sizes and modes.
pub fn md5sums(text: &[u8]) -> Vec<FileEntry> {
    let entry = |line: &[u8]| {
        let (digest, path) = line.split_at_checked(32)?;
        let path = path.strip_prefix(b"  ").or_else(|| path.strip_prefix(b" *"))?;
        digest.iter().all(u8::is_ascii_hexdigit).then(|| FileEntry {
            digest: digest.to_str_lossy().into_owned(),
            ..FileEntry::new(super::absolute(path), FileKind::Regular)
        })
    };
    let mut files: Vec<FileEntry> = text.lines().filter_map(entry).collect();
    files.sort();
    files
}

/// The paths that `conffiles` lists; one that is removed on upgrade is no file of the package.
pub fn conffiles(text: &[u8]) -> impl Iterator<Item = BString> + '_ {
    text.lines().map(<[u8]>::trim).filter(|line| line.starts_with(b"/")).map(BString::from)
}

/// Marks the configuration files; those that `md5sums` leaves out, as debhelper does, are added.
pub fn mark_conffiles(files: &mut Vec<FileEntry>, paths: impl Iterator<Item = BString>) {
    // dpkg asks before it replaces one that was changed.
    let flags = FileFlags { is_config: true, is_noreplace: true, ..FileFlags::default() };
    let mut added = Vec::new();
    for path in paths {
        match files.binary_search_by(|file| file.path.cmp(&path)) {
            Ok(at) => files[at].flags = flags,
            Err(_) => added.push(FileEntry { flags, ..FileEntry::new(path, FileKind::Regular) }),
        }
    }
    files.append(&mut added);
    files.sort();
}

/// A maintainer script: what runs it is in its first line (Debian policy §6.1).
pub fn script(event: &str, text: Vec<u8>) -> Script {
    let first = text.lines().next().and_then(|line| line.strip_prefix(b"#!")).unwrap_or_default();
    Script { event: event.to_owned(), program: first.trim().into(), text: text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTROL: &[u8] =
        b"Package: libfoo1\nSource: foo (1:1.2-3)\nVersion: 1:1.2-3+b1\nArchitecture: amd64\n\
        Pre-Depends: dpkg (>= 1.15)\nDepends: libc6 (>= 2.34), libbar2:any | libbaz (<< 2~),\n libqux\n\
        Provides: libfoo-abi (= 1)\nDescription: foo\n Text: with a colon\n .\n more\n";

    #[test]
    fn a_stanza_becomes_a_header() {
        let all: Vec<_> = stanzas(CONTROL).collect();
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].get("description").unwrap(), "foo\nText: with a colon\n.\nmore");
        let meta = meta(&all[0]).unwrap();
        assert_eq!(meta.nevra.to_string(), "libfoo1-1:1.2-3+b1.amd64");
        assert_eq!(meta.source_package.as_deref(), Some("foo_1.2-3.dsc"));
        let texts = |list: &[Dependency]| list.iter().map(in_words).collect::<Vec<_>>();
        assert_eq!(
            texts(&meta.requires),
            ["(libbar2 or libbaz < 2~)", "dpkg >= 1.15", "libc6 >= 2.34", "libqux"]
        );
        assert_eq!(texts(&meta.provides), ["libfoo-abi = 1", "libfoo1 = 1:1.2-3+b1"]);
    }

    #[test]
    fn stanzas_are_separated_by_empty_lines() {
        let text = b"\n\nA: 1\nB: 2\n\n \nA: 3\nno field\n continued\n";
        let all: Vec<_> = stanzas(text).collect();
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].text("B").as_deref(), Some("2"));
        assert_eq!(all[1].text("a").as_deref(), Some("3\ncontinued"));
        assert_eq!(meta(&all[0]), Err(ControlError::Missing("Package")));
    }

    #[test]
    fn versions_are_split_at_their_last_hyphen() {
        assert_eq!(split_version("1:2-3-4"), Some((1, "2-3", "4")));
        assert_eq!(split_version("20240101"), Some((0, "20240101", "")));
        assert_eq!(split_version("x:1"), None);
        assert_eq!(split_version(""), None);
    }

    #[test]
    fn listed_files() {
        let files = md5sums(
            b"d41d8cd98f00b204e9800998ecf8427e  usr/lib/b\nd41d8cd98f00b204e9800998ecf8427f  usr/a\nnoise\n",
        );
        let paths: Vec<_> = files.iter().map(|f| (f.path.to_string(), f.digest.as_str())).collect();
        assert_eq!(
            paths,
            [
                ("/usr/a".to_owned(), "d41d8cd98f00b204e9800998ecf8427f"),
                ("/usr/lib/b".to_owned(), "d41d8cd98f00b204e9800998ecf8427e")
            ]
        );
    }
}
