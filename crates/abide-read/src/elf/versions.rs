//! Symbol versions: `.gnu.version_d` and `.gnu.version_r` (LSB Core, "Symbol Versioning").

use abide_model::VersionNeed;
use bstr::{BStr, BString, ByteSlice};
use object::elf::{self, Verdaux, Verdef, Vernaux, Verneed};
use object::pod::{self, Pod};

use object::Endianness;

use super::dynamic::Dynamic;
use super::image::Image;
use super::{Gaps, Header};

/// What a version index of `.gnu.version` stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Version<'d> {
    /// The name that stands for the file itself (`VER_FLG_BASE`): no version.
    Base,
    /// Defined by this file.
    Defined(&'d BStr),
    /// Required of another file.
    Needed { name: &'d BStr, file: &'d BStr },
}

/// All versions of a file.
#[derive(Default)]
pub(super) struct Versions<'d> {
    by_index: Vec<Option<Version<'d>>>,
    pub(super) defined: Vec<BString>,
    pub(super) needed: Vec<VersionNeed>,
    pub(super) base: Option<BString>,
}

impl<'d> Versions<'d> {
    pub(super) fn read<H: Header>(image: &Image<'d, H>, dynamic: &Dynamic<'d>, gaps: &mut Gaps) -> Self {
        let mut versions = Versions::default();
        if let Some(address) = dynamic.verdef {
            let done = image.at(address).and_then(|b| versions.read_defined(image, dynamic.strings, b));
            if done.is_none() {
                gaps.broken("the version definitions (DT_VERDEF) cannot be read to their end");
            }
        }
        if let Some(address) = dynamic.verneed {
            let done = image.at(address).and_then(|b| versions.read_needed(image, dynamic.strings, b));
            if done.is_none() {
                gaps.broken("the required versions (DT_VERNEED) cannot be read to their end");
            }
        }
        versions.needed.sort_unstable();
        versions.needed.dedup();
        versions
    }

    /// The version behind an index; `None` for an index that the file does not define.
    pub(super) fn get(&self, index: u16) -> Option<Version<'d>> {
        self.by_index.get(usize::from(index)).copied().flatten()
    }

    /// Whether the file defines a version of this name.
    pub(super) fn defines(&self, name: &[u8]) -> bool {
        self.defined.iter().any(|d| d == name)
    }

    fn put(&mut self, index: u16, version: Version<'d>) {
        let index = usize::from(index & elf::VERSYM_VERSION);
        if self.by_index.len() <= index {
            self.by_index.resize(index + 1, None);
        }
        self.by_index[index] = Some(version);
    }

    /// `None` when the chain breaks off. Every step goes forward by at least one entry, so a chain has no more
    /// steps than the file has room for.
    fn read_defined<H: Header>(
        &mut self,
        image: &Image<'d, H>,
        strings: &'d [u8],
        bytes: &'d [u8],
    ) -> Option<()> {
        let endian = image.endian;
        let mut at = 0usize;
        loop {
            let entry: &Verdef<Endianness> = entry_at(bytes, at)?;
            if entry.vd_cnt.get(endian) > 0 {
                let aux: &Verdaux<Endianness> = entry_at(bytes, step(at, entry.vd_aux.get(endian))?)?;
                let name = image.string(strings, aux.vda_name.get(endian).into())?.as_bstr();
                let index = entry.vd_ndx.get(endian).0;
                if entry.vd_flags.get(endian).contains(elf::VER_FLG_BASE) {
                    self.put(index, Version::Base);
                    self.base = Some(name.into());
                } else {
                    self.put(index, Version::Defined(name));
                    self.defined.push(name.into());
                }
            }
            match entry.vd_next.get(endian) {
                0 => return Some(()),
                next => at = forward::<Verdef<Endianness>>(at, next)?,
            }
        }
    }

    fn read_needed<H: Header>(
        &mut self,
        image: &Image<'d, H>,
        strings: &'d [u8],
        bytes: &'d [u8],
    ) -> Option<()> {
        let endian = image.endian;
        let mut at = 0usize;
        loop {
            let entry: &Verneed<Endianness> = entry_at(bytes, at)?;
            let file = image.string(strings, entry.vn_file.get(endian).into())?.as_bstr();
            let first = step(at, entry.vn_aux.get(endian))?;
            self.read_needed_of(image, strings, bytes, file, first, entry.vn_cnt.get(endian))?;
            match entry.vn_next.get(endian) {
                0 => return Some(()),
                next => at = forward::<Verneed<Endianness>>(at, next)?,
            }
        }
    }

    fn read_needed_of<H: Header>(
        &mut self,
        image: &Image<'d, H>,
        strings: &'d [u8],
        bytes: &'d [u8],
        file: &'d BStr,
        first: usize,
        count: u16,
    ) -> Option<()> {
        let mut at = first;
        for left in (0..count).rev() {
            let aux: &Vernaux<Endianness> = entry_at(bytes, at)?;
            let name = image.string(strings, aux.vna_name.get(image.endian).into())?.as_bstr();
            if !image.spend(file.len()) {
                return None;
            }
            self.put(aux.vna_other.get(image.endian).0, Version::Needed { name, file });
            self.needed.push(VersionNeed {
                file: file.into(),
                version: name.into(),
                is_weak: aux.vna_flags.get(image.endian).contains(elf::VER_FLG_WEAK),
            });
            if left > 0 {
                at = forward::<Vernaux<Endianness>>(at, aux.vna_next.get(image.endian))?;
            }
        }
        Some(())
    }
}

fn entry_at<T: Pod>(bytes: &[u8], offset: usize) -> Option<&T> {
    pod::from_bytes::<T>(bytes.get(offset..)?).ok().map(|(entry, _)| entry)
}

fn step(at: usize, by: u32) -> Option<usize> {
    at.checked_add(usize::try_from(by).ok()?)
}

/// A step to the next entry of a chain, which must not overlap this one.
fn forward<T>(at: usize, by: u32) -> Option<usize> {
    step(at, by).filter(|_| by as usize >= size_of::<T>())
}
