//! The files of an RPM: members of its cpio archive, with what the package's header says of them.

use bstr::{BStr, BString, ByteSlice};
use rustc_hash::FxHashMap;

use super::{PayloadError, StoredFile, Stream, absolute};
use crate::cpio::{Member, Name, Reader};
use crate::rpm::meta::{PayloadPlan, PlannedFile};

/// Identity of a hard-linked file: the archive's own numbers, or the package header's for a stripped archive.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Inode {
    Archive((u32, u32, u32)),
    Header((u64, u64)),
}

/// An archive that is being read.
pub(super) struct Files<'p> {
    pub(super) archive: Reader<Stream<'p>>,
    plan: &'p PayloadPlan,
    by_path: FxHashMap<&'p BStr, &'p PlannedFile>,
    links: FxHashMap<Inode, Vec<BString>>,
}

impl<'p> Files<'p> {
    pub(super) fn new(stream: Stream<'p>, plan: &'p PayloadPlan) -> Self {
        Self {
            archive: Reader::new(stream),
            plan,
            by_path: plan.files.iter().map(|f| (f.path.as_bstr(), f)).collect(),
            links: FxHashMap::default(),
        }
    }

    pub(super) fn next_file(
        &mut self,
        count: &mut impl FnMut() -> Result<(), PayloadError>,
    ) -> Result<Option<StoredFile<'p>>, PayloadError> {
        let plan = self.plan;
        let stored_bytes = |index: u32| plan.files.get(index as usize).map(|f| f.stored_bytes);
        while let Some(member) = self.archive.next_member(stored_bytes)? {
            count()?;
            if let Some(file) = self.stored_file(member) {
                return Ok(Some(file));
            }
        }
        Ok(None)
    }

    fn stored_file(&mut self, member: Member) -> Option<StoredFile<'p>> {
        let (path, mode, inode, planned) = match member.name {
            Name::Path(name) => {
                let path = absolute(&name);
                let planned = self.by_path.get(path.as_bstr()).copied();
                let inode = (member.links > 1).then_some(Inode::Archive(member.inode));
                (path, member.mode, inode, planned)
            }
            Name::Index(index) => {
                let planned = self.plan.files.get(index as usize)?;
                let inode = (planned.inode != (0, 0)).then_some(Inode::Header(planned.inode));
                (planned.path.clone(), u32::from(planned.mode), inode, Some(planned))
            }
        };
        if mode & 0o170_000 != 0o100_000 {
            return None;
        }
        if member.size_bytes == 0 {
            inode.into_iter().for_each(|i| self.links.entry(i).or_default().push(path.clone()));
            return None;
        }
        let links = inode.and_then(|i| self.links.remove(&i)).unwrap_or_default();
        let digest = planned.map_or(b"".as_bstr(), |f| f.digest.as_bstr());
        Some(StoredFile { path, links, size_bytes: member.size_bytes, digest })
    }
}
