//! The files of a tar archive: those of a Debian package, or a tree that stands for a directory.

use std::collections::BTreeMap;
use std::sync::Arc;

use abide_model::{FileEntry, FileKind};
use bstr::{BString, ByteSlice};

use super::{PayloadError, StoredFile, Stream, absolute, sorted};
use crate::tar::{Kind, Member, Reader};

/// What the paths of an archive are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tree {
    /// Those of an installed system: absolute.
    Installed,
    /// Those below a directory: relative.
    Directory,
}

/// A further name of a file that came before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HardLink {
    /// The further name.
    pub path: BString,
    /// The name with the content.
    pub target: BString,
}

/// What an archive holds.
#[derive(Debug, Default)]
pub struct Listing {
    /// All paths, sorted.
    pub files: Vec<FileEntry>,
    /// Hard links, in order.
    pub hard_links: Vec<HardLink>,
    /// Members that were not taken, with the reason.
    pub refused: Vec<(BString, &'static str)>,
}

/// An archive that is being read.
pub(super) struct Files<'p> {
    pub(super) archive: Reader<Stream<'p>>,
    tree: Tree,
    listing: Listing,
    /// Names of owners and groups so far.
    names: BTreeMap<BString, Arc<BString>>,
    is_complete: bool,
}

impl<'p> Files<'p> {
    pub(super) fn new(stream: Stream<'p>, tree: Tree) -> Self {
        Self {
            archive: Reader::new(stream),
            tree,
            listing: Listing::default(),
            names: BTreeMap::new(),
            is_complete: false,
        }
    }

    pub(super) fn into_listing(self) -> Option<Listing> {
        let Listing { files, hard_links, refused } = self.listing;
        self.is_complete.then(|| {
            let mut files = sorted(files);
            for link in &hard_links {
                let at = |path: &BString| files.binary_search_by(|f| f.path.cmp(path)).ok();
                if let (Some(own), Some(target)) = (at(&link.path), at(&link.target)) {
                    files[own].size_bytes = files[target].size_bytes;
                }
            }
            Listing { files, hard_links, refused }
        })
    }

    pub(super) fn next_file(
        &mut self,
        count: &mut impl FnMut() -> Result<(), PayloadError>,
    ) -> Result<Option<StoredFile<'p>>, PayloadError> {
        while let Some(member) = self.archive.next_member()? {
            count()?;
            let path = self.path(&member.name);
            if let Some(why) = refusal(&member) {
                self.listing.refused.push((path, why));
                continue;
            }
            if path.is_empty() || path == "/" {
                continue;
            }
            if member.kind == Kind::HardLink {
                let target = self.path(&member.link);
                self.listing.hard_links.push(HardLink { path: path.clone(), target });
            }
            let entry = self.entry(&member, path.clone());
            self.listing.files.push(entry);
            if member.kind == Kind::Regular && member.size_bytes > 0 {
                let size_bytes = member.size_bytes;
                return Ok(Some(StoredFile { path, links: Vec::new(), size_bytes, digest: b"".as_bstr() }));
            }
        }
        self.is_complete = true;
        Ok(None)
    }

    fn entry(&mut self, member: &Member, path: BString) -> FileEntry {
        let kind = match member.kind {
            Kind::Regular | Kind::HardLink => FileKind::Regular,
            Kind::Symlink => FileKind::Symlink,
            Kind::Directory => FileKind::Directory,
            Kind::Sparse | Kind::Special => FileKind::Special,
        };
        FileEntry {
            size_bytes: if kind == FileKind::Regular { member.size_bytes } else { 0 },
            mode: member.mode,
            link_target: (member.kind == Kind::Symlink).then(|| member.link.clone()),
            owner: self.shared(&member.owner),
            group: self.shared(&member.group),
            ..FileEntry::new(path, kind)
        }
    }

    /// A name that many members have in common.
    fn shared(&mut self, name: &BString) -> Option<Arc<BString>> {
        if name.is_empty() {
            return None;
        }
        if let Some(known) = self.names.get(name) {
            return Some(Arc::clone(known));
        }
        let shared = Arc::new(name.clone());
        self.names.insert(name.clone(), Arc::clone(&shared));
        Some(shared)
    }

    /// The path that a name stands for: without `.` and repeated slashes.
    fn path(&self, name: &BString) -> BString {
        let absolute = crate::debuginfo::normalize(absolute(name).as_bstr());
        match self.tree {
            Tree::Installed => absolute,
            Tree::Directory => absolute[1..].into(),
        }
    }
}

/// Why a member is not taken, if it is not: what leads out of the tree is no part of it.
fn refusal(member: &Member) -> Option<&'static str> {
    let leads_out = |path: &BString| path.split_str(b"/").any(|part| part == b"..");
    match member.kind {
        _ if leads_out(&member.name) => Some("its name leads out of the archive"),
        Kind::HardLink if leads_out(&member.link) => Some("it is a link to a file outside of the archive"),
        Kind::Sparse => Some("it is stored as a sparse file"),
        _ => None,
    }
}
