//! Files of a delivery, one after the other, reduced to what can be judged.

use std::collections::BTreeSet;

use abide_model::{Gap, GapKind, PackageMeta, Program, ProgramContent, ProgramFile};
use bstr::{BStr, BString, ByteSlice};

use super::place::Place;
use super::zipped::ZippedFile;
use super::{java, script};
use crate::elf::read_elf;
use crate::input::{ContentKind, HEAD_BYTES};
use crate::payload::{Limits, Listing, Payload, PayloadError, Tree};
use crate::side::walk::WalkedFile;
use crate::source::FileBytes;

/// Names of libraries that are taken as hints from one file.
const HINTS_MAX: usize = 200;

/// Scripts beyond this are only asked for their first line.
const SCRIPT_BYTES_MAX: usize = 4 << 20;

/// What was seen so far.
pub(super) struct Collector {
    place: Place,
    limits: Limits,
    files: Vec<ProgramFile>,
    paths: Vec<BString>,
    links: Vec<(BString, BString)>,
    package: Option<PackageMeta>,
    notes: Vec<String>,
    gaps: Vec<Gap>,
}

impl Collector {
    pub(super) fn new(place: Place, limits: Limits) -> Self {
        let (files, paths, links, notes, gaps) = (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Collector { place, limits, files, paths, links, package: None, notes, gaps }
    }

    pub(super) fn files(&self) -> &[ProgramFile] {
        &self.files
    }

    pub(super) fn gaps(&self) -> &[Gap] {
        &self.gaps
    }

    pub(super) fn gap(&mut self, gap: Gap) {
        self.gaps.push(gap);
    }

    pub(super) fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    pub(super) fn package(&mut self, meta: PackageMeta) {
        for file in &meta.files {
            self.paths.push(file.path.clone());
            if let Some(target) = &file.link_target {
                self.links.push((file.path.clone(), target.clone()));
            }
        }
        self.package = Some(meta);
    }

    /// A symbolic link of the container.
    pub(super) fn link(&mut self, name: &BStr, target: BString) {
        self.links.push((self.place.path(name), target));
    }

    /// A file with its content.
    pub(super) fn file(&mut self, name: &BStr, mode: u16, bytes: &[u8]) {
        let path = self.place.path(name);
        self.paths.push(path.clone());
        if let Some(content) = self.content(name, mode, bytes) {
            self.files.push(ProgramFile { path, shown: name.into(), mode, content });
        }
    }

    /// A file whose content does not matter.
    fn other(&mut self, name: &BStr) {
        self.paths.push(self.place.path(name));
    }

    pub(super) fn on_disk(&mut self, file: &WalkedFile) {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&file.path).map_or(0o644, |m| (m.permissions().mode() & 0o7777) as u16);
        if !is_wanted(file.name.as_bstr(), file.kind, mode) {
            return self.other(file.name.as_bstr());
        }
        match FileBytes::open(&file.path) {
            Ok(bytes) => self.file(file.name.as_bstr(), mode, &bytes),
            Err(error) => self.unreadable(file.name.as_bstr(), format!("cannot be read: {error}")),
        }
    }

    pub(super) fn zipped(&mut self, file: ZippedFile<'_>) {
        match file {
            ZippedFile::Refused { name, why } => {
                self.unreadable(name, format!("was not taken out of the archive: {why}"));
            }
            ZippedFile::Link { name, target } => self.link(name, target.into()),
            ZippedFile::Head { name, mode, head, wants } => {
                *wants = is_wanted(name, ContentKind::detect(head), mode);
                if !*wants {
                    self.other(name);
                }
            }
            ZippedFile::Content { name, mode, bytes } => self.file(name, mode, bytes),
        }
    }

    /// Every file of a payload.
    pub(super) fn payload(&mut self, payload: &mut Payload<'_>) -> Result<(), PayloadError> {
        while let Some(stored) = payload.next_file()? {
            let kind = ContentKind::detect(payload.head(HEAD_BYTES as u64)?);
            // The mode comes with the listing, when all files were seen; a script is told by its first line.
            if !is_wanted(stored.path.as_bstr(), kind, 0o755) {
                self.other(stored.path.as_bstr());
                continue;
            }
            if stored.size_bytes > self.limits.file_bytes {
                let detail =
                    format!("has more than the {} bytes that are read of one file", self.limits.file_bytes);
                self.gaps.push(Gap { kind: GapKind::LimitReached, subject: stored.path.clone(), detail });
                continue;
            }
            let bytes = payload.content()?;
            self.file(stored.path.as_bstr(), 0o755, &bytes);
            for link in stored.links {
                let target = self.place.path(stored.path.as_bstr());
                self.link(link.as_bstr(), target);
            }
        }
        Ok(())
    }

    /// Links and refused members, which an archive tells at its end.
    pub(super) fn listing(&mut self, listing: Option<Listing>) {
        let Some(Listing { files, hard_links, refused }) = listing else { return };
        for entry in files {
            self.paths.push(self.place.path(entry.path.as_bstr()));
            if let Some(target) = entry.link_target {
                self.link(entry.path.as_bstr(), target);
            }
        }
        for link in hard_links {
            let target = self.place.path(link.target.as_bstr());
            self.link(link.path.as_bstr(), target);
        }
        for (path, why) in refused {
            self.unreadable(path.as_bstr(), format!("was not taken out of the archive: {why}"));
        }
    }

    /// A layer of a container image: its files replace those of the layers below, whiteouts take them away
    /// (OCI image-spec, "Layer").
    pub(super) fn layer(&mut self, bytes: &[u8]) -> Result<(), PayloadError> {
        let mut above = Collector::new(self.place.clone(), self.limits);
        let mut payload = Payload::tar(bytes, None, Tree::Installed, self.limits)?;
        above.payload(&mut payload)?;
        above.listing(payload.into_listing());
        self.white_out(&above.paths);
        let names: BTreeSet<&BString> = above.paths.iter().collect();
        let replaced = |path: &BString| names.contains(path);
        self.files.retain(|file| !replaced(&file.path));
        self.links.retain(|(path, _)| !replaced(path));
        self.files.extend(above.files);
        self.links.extend(above.links);
        self.paths.extend(above.paths.into_iter().filter(|path| !is_whiteout(path.as_bstr())));
        self.gaps.extend(above.gaps);
        Ok(())
    }

    fn white_out(&mut self, above: &[BString]) {
        for path in above {
            let Some((directory, name)) = path.rsplit_once_str("/") else { continue };
            let Some(hidden) = name.strip_prefix(b".wh.") else { continue };
            let gone: BString = match hidden {
                b".wh..opq" => [directory, b"/"].concat().into(),
                hidden => [directory, b"/", hidden].concat().into(),
            };
            let stays = |path: &BString| {
                let rest = path.strip_prefix(&gone[..]);
                !rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/") || gone.ends_with(b"/"))
            };
            self.files.retain(|file| stays(&file.path));
            self.links.retain(|(path, _)| stays(path));
            self.paths.retain(stays);
        }
    }

    /// A Java archive.
    pub(super) fn java(&mut self, name: &BStr, bytes: &[u8]) {
        let path = self.place.path(name);
        match java::archive(bytes, self.limits) {
            Ok(Some(content)) => {
                self.files.push(ProgramFile { path, shown: name.into(), mode: 0o644, content });
            }
            Ok(None) => {}
            Err(error) => self.unreadable(name, error.to_string()),
        }
    }

    fn unreadable(&mut self, name: &BStr, detail: String) {
        self.gaps.push(Gap { kind: GapKind::Unreadable, subject: name.into(), detail });
    }

    fn content(&mut self, name: &BStr, mode: u16, bytes: &[u8]) -> Option<ProgramContent> {
        match ContentKind::detect(&bytes[..bytes.len().min(HEAD_BYTES)]) {
            ContentKind::Elf => self.elf(name, bytes),
            ContentKind::Zip if is_java_archive(name) => {
                self.java(name, bytes);
                None
            }
            _ if name.ends_with(b".class") => {
                let version = java::class_version(bytes)?;
                Some(ProgramContent::Java { class_version: (version, name.into()), classes: 1 })
            }
            _ => script::content(name, mode, &bytes[..bytes.len().min(SCRIPT_BYTES_MAX)]),
        }
    }

    fn elf(&mut self, name: &BStr, bytes: &[u8]) -> Option<ProgramContent> {
        match read_elf(bytes) {
            Ok(read) => {
                let is_damaged = !read.gaps.is_empty();
                self.gaps.extend(read.gaps.into_iter().map(|gap| Gap { subject: name.into(), ..gap }));
                let known = read.facts.needed.iter().chain(&read.facts.soname);
                let hints = hints(bytes, &known.collect::<Vec<_>>());
                Some(ProgramContent::Elf { facts: Box::new(read.facts), is_damaged, hints })
            }
            Err(error) => {
                self.unreadable(name, error.to_string());
                None
            }
        }
    }

    pub(super) fn finish(mut self, label: &str, kind: &str) -> Program {
        self.files.sort_by(|a, b| a.path.cmp(&b.path));
        self.files.dedup_by(|a, b| a.path == b.path);
        self.paths.sort_unstable();
        self.paths.dedup();
        self.links.sort_unstable();
        self.links.dedup();
        self.gaps.sort();
        Program {
            label: label.to_owned(),
            input_kind: kind.to_owned(),
            files: self.files,
            paths: self.paths,
            links: self.links,
            package: self.package,
            notes: self.notes,
            gaps: self.gaps,
        }
    }
}

fn is_whiteout(path: &BStr) -> bool {
    path.rsplit_once_str("/").is_some_and(|(_, name)| name.starts_with(b".wh."))
}

fn is_java_archive(name: &BStr) -> bool {
    [b".jar".as_slice(), b".war", b".ear"].iter().any(|end| name.ends_with(end))
}

/// Whether a file is one that can be judged, from its name and its first bytes.
fn is_wanted(name: &BStr, kind: ContentKind, mode: u16) -> bool {
    match kind {
        ContentKind::Elf => true,
        ContentKind::Zip => is_java_archive(name),
        ContentKind::Unknown => {
            mode & 0o111 != 0
                || [b".py".as_slice(), b".pm", b".pl", b".class"].iter().any(|end| name.ends_with(end))
        }
        _ => false,
    }
}

/// Names of libraries in the text of a file: whole strings `libNAME.so` or `libNAME.so.N`, without those that the file
/// needs anyway.
fn hints(bytes: &[u8], known: &[&BString]) -> Vec<BString> {
    let mut found: Vec<BString> = Vec::new();
    for at in memchr::memmem::find_iter(bytes, b".so") {
        let start = bytes[..at].iter().rev().take(64).position(|&b| b == 0).map(|n| at - n);
        let length = bytes[at..].iter().take(16).position(|&b| b == 0);
        let (Some(start), Some(length)) = (start, length) else { continue };
        let name = &bytes[start..at + length];
        if is_library_name(name) && !known.iter().any(|k| *k == name) && !found.iter().any(|f| f == name) {
            found.push(name.into());
        }
        if found.len() >= HINTS_MAX {
            break;
        }
    }
    found.sort_unstable();
    found
}

fn is_library_name(name: &[u8]) -> bool {
    let is_plain = |b: &u8| b.is_ascii_alphanumeric() || b"_-+.".contains(b);
    let Some((stem, version)) = name.split_once_str(".so") else { return false };
    let is_version = version.is_empty()
        || (version.starts_with(b".") && version.iter().all(|b| b.is_ascii_digit() || *b == b'.'));
    stem.starts_with(b"lib") && stem.len() > 3 && stem.iter().all(is_plain) && is_version
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_the_text_are_hints() {
        let text = b"\0libfoo.so.1\0/usr/lib/libbar.so\0libbaz.so\0xlibq.so.1\0lib%s.so\0libknown.so.2\0";
        let known = BString::from("libknown.so.2");
        assert_eq!(hints(text, &[&known]), ["libbaz.so", "libfoo.so.1"]);
    }
}
