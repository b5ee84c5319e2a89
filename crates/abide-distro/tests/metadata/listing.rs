//! Metadata as text: a package a line, what it says in the lines below.

use abide_model::{
    ListedFile, ListedKind, MetaPackage, Metadata, ModuleStream, Nevra, PackageFormat, RelationKind, Sense,
};

/// Reads a listing.
pub(crate) fn listing(format: PackageFormat, text: &str) -> Metadata {
    let mut metadata = Metadata::new("made", format);
    metadata.repositories.push("made".to_owned());
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        match line.strip_prefix("  ") {
            Some(line) => detail(&mut metadata, line),
            None if line.starts_with("module ") => module(&mut metadata, line),
            None => package(&mut metadata, line),
        }
    }
    metadata
}

fn package(metadata: &mut Metadata, nevra: &str) {
    let nevra = self::nevra(nevra);
    let build = format!("{}:{}-{}", nevra.epoch, nevra.version, nevra.release);
    let build = build.strip_prefix("0:").unwrap_or(&build).to_owned();
    let own = metadata.relation(&nevra.name, Sense::EQUAL, &build);
    let mut package = MetaPackage::new(nevra);
    package.add(RelationKind::Provides, own);
    metadata.packages.push(package);
}

/// `name-[epoch:]version-release.arch`.
fn nevra(text: &str) -> Nevra {
    let (rest, arch) = text.rsplit_once('.').expect("an architecture");
    let mut parts = rest.rsplitn(3, '-');
    let (release, version) = (parts.next().expect("a release"), parts.next().expect("a version"));
    let (epoch, version) = version.split_once(':').unwrap_or(("0", version));
    Nevra {
        name: parts.next().expect("a name").to_owned(),
        epoch: epoch.parse().expect("a number"),
        version: version.to_owned(),
        release: release.to_owned(),
        arch: arch.to_owned(),
    }
}

fn module(metadata: &mut Metadata, line: &str) {
    let words: Vec<&str> = line.split(' ').collect();
    metadata.modules.push(ModuleStream {
        name: words[1].to_owned(),
        stream: words[2].to_owned(),
        is_default: words.get(3) == Some(&"default"),
        ..ModuleStream::default()
    });
}

fn detail(metadata: &mut Metadata, line: &str) {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    let kind = match word {
        "provides" => RelationKind::Provides,
        "requires" => RelationKind::Requires,
        "recommends" => RelationKind::Recommends,
        "suggests" => RelationKind::Suggests,
        "conflicts" => RelationKind::Conflicts,
        "obsoletes" => RelationKind::Obsoletes,
        other => return special(metadata, other, rest),
    };
    let words: Vec<&str> = rest.split(' ').collect();
    let relation = match &words[..] {
        [name, sign, version] if !name.starts_with('(') => {
            metadata.relation(name, Sense::of_sign(sign).expect("a sign"), version)
        }
        _ => metadata.relation(rest, Sense::ANY, ""),
    };
    metadata.packages.last_mut().expect("a package").add(kind, relation);
}

fn special(metadata: &mut Metadata, word: &str, rest: &str) {
    let path = metadata.names.intern(rest.as_bytes());
    let number = metadata.packages.len() as u32;
    match word {
        "artifact" => {
            metadata.modules.last_mut().expect("a module").artifacts.push(rest.to_owned());
            return;
        }
        // All paths of the side are known.
        "files" => {
            metadata.files.get_or_insert_default();
            return;
        }
        "path" => {
            let (folder, name) = rest.split_at(rest.rfind('/').expect("a path") + 1);
            let (folder, name) =
                (metadata.names.intern(folder.as_bytes()), metadata.names.intern(name.as_bytes()));
            let file = ListedFile { folder, name, package: number - 1, kind: ListedKind::File };
            metadata.files.get_or_insert_default().push(file);
            return;
        }
        _ => {}
    }
    let package = metadata.packages.last_mut().expect("a package");
    match word {
        "file" => package.files.push(path),
        "checksum" => rest.clone_into(&mut package.checksum),
        "foreign" => package.serves_any_architecture = true,
        other => panic!("what is {other:?}?"),
    }
}
