//! Split DWARF: units whose entries are in `.dwo` files or in one `.dwp` file (DWARF 5 §7.3.2, §7.3.5, and GNU's form of
//! DWARF 4 before it).
//!
//! What is found is appended to the sections of the file itself, with offsets that fit, so that the rest of the reader
//! sees ordinary units. Where the files are is the affair of the caller; whether one is the right one is told by its
//! id alone.

use std::borrow::Cow;

use abide_model::{Gap, GapKind};
use bstr::BString;
use gimli::{EndianSlice, IndexSectionId, RunTimeEndian, UnitIndex, UnitType};
use object::Object;
use rustc_hash::FxHashSet;

use super::cursor::Cursor;
use super::gap;
use super::sections::{OwnedSections, Sections, named_content};

/// Units in files of their own; the largest programs have some ten thousand.
const UNITS_MAX: usize = 1 << 20;

/// Absent files that are named each.
const NAMED_MAX: usize = 5;

/// A unit whose entries are in another file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitUnit {
    /// `DW_AT_dwo_name`: its file.
    pub name: BString,
    /// `DW_AT_comp_dir`: where that was written.
    pub folder: BString,
    /// What the unit in that file has as well.
    id: u64,
    /// Offset of the unit that names it.
    skeleton: usize,
}

/// What is looked for.
pub enum SplitWanted<'u> {
    /// The `.dwp` file that was made for the whole program or library.
    Package,
    /// The `.dwo` file of one unit.
    Unit(&'u SplitUnit),
}

/// Hands the content of each file that may be the wanted one to the function, until that returns true.
pub type SplitFiles<'f> = &'f dyn Fn(SplitWanted<'_>, &mut dyn FnMut(&[u8]) -> bool);

/// Where appended units are, and what they take from elsewhere.
#[derive(Default)]
pub(super) struct Joined {
    /// Appended to `.debug_info` and `.debug_types`, in order.
    pub(super) info: Vec<Part>,
    pub(super) types: Vec<Part>,
    /// Offsets of the units whose entries were found.
    pub(super) found: FxHashSet<usize>,
}

/// A run of appended units.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) start: usize,
    /// The unit that names this one: addresses, line table and folder are its.
    pub(super) skeleton: Option<usize>,
    pub(super) str_offsets_base: u64,
}

impl Joined {
    /// The run that an appended unit is in.
    pub(super) fn part(&self, offset: usize, is_in_types: bool) -> Option<Part> {
        let parts = if is_in_types { &self.types } else { &self.info };
        let index = parts.partition_point(|part| part.start <= offset).checked_sub(1)?;
        Some(parts[index])
    }
}

type Slice<'a> = EndianSlice<'a, RunTimeEndian>;

fn dwarf<'a>(sections: &Sections<'a>, types: &'a [u8]) -> gimli::Dwarf<Slice<'a>> {
    let endian = if sections.is_big { RunTimeEndian::Big } else { RunTimeEndian::Little };
    let section = |id: gimli::SectionId| -> Result<Slice<'a>, std::convert::Infallible> {
        let bytes = match id {
            gimli::SectionId::DebugInfo => sections.info,
            gimli::SectionId::DebugTypes => types,
            gimli::SectionId::DebugAbbrev => sections.abbrev,
            gimli::SectionId::DebugStr => sections.str,
            gimli::SectionId::DebugLineStr => sections.line_str,
            gimli::SectionId::DebugStrOffsets => sections.str_offsets,
            gimli::SectionId::DebugAddr => sections.addr,
            _ => &[],
        };
        Ok(EndianSlice::new(bytes, endian))
    };
    gimli::Dwarf::load(section).unwrap_or_else(|never| match never {})
}

/// The units of a file that keep their entries elsewhere.
fn skeletons(sections: &Sections<'_>) -> Vec<SplitUnit> {
    let dwarf = dwarf(sections, &[]);
    let mut found = Vec::new();
    let mut headers = dwarf.units();
    while let Ok(Some(header)) = headers.next() {
        // GNU's form has no mark in the header, but always a table of addresses.
        let may_be = match header.type_() {
            UnitType::Skeleton(_) => true,
            UnitType::Compilation => header.version() < 5 && !sections.addr.is_empty(),
            _ => false,
        };
        let unit = may_be.then(|| split_unit(&dwarf, &header)).flatten();
        found.extend(unit);
        if found.len() >= UNITS_MAX {
            break;
        }
    }
    found
}

/// What the first entry of a unit says of the file that has the others.
fn split_unit(dwarf: &gimli::Dwarf<Slice<'_>>, header: &gimli::UnitHeader<Slice<'_>>) -> Option<SplitUnit> {
    use gimli::constants;
    let abbreviations = dwarf.abbreviations(header).ok()?;
    let mut entries = header.entries(&abbreviations);
    entries.next_dfs().ok()?;
    let root = entries.current()?;
    let name = root.attr_value(constants::DW_AT_dwo_name);
    let name = name.or_else(|| root.attr_value(constants::DW_AT_GNU_dwo_name))?;
    let base = match root.attr_value(constants::DW_AT_str_offsets_base) {
        Some(gimli::AttributeValue::DebugStrOffsetsBase(base)) => base,
        _ => gimli::DebugStrOffsetsBase(0),
    };
    let text = |value: gimli::AttributeValue<Slice<'_>>| -> Option<BString> {
        let slice = match value {
            gimli::AttributeValue::String(slice) => slice,
            gimli::AttributeValue::DebugStrRef(at) => dwarf.debug_str.get_str(at).ok()?,
            gimli::AttributeValue::DebugLineStrRef(at) => dwarf.debug_line_str.get_str(at).ok()?,
            gimli::AttributeValue::DebugStrOffsetsIndex(index) => {
                let at = dwarf.debug_str_offsets.get_str_offset(header.format(), base, index).ok()?;
                dwarf.debug_str.get_str(at).ok()?
            }
            _ => return None,
        };
        Some(slice.slice().into())
    };
    let id = match header.type_() {
        UnitType::Skeleton(id) => id.0,
        _ => gnu_id(dwarf, header)?,
    };
    let folder = root.attr_value(constants::DW_AT_comp_dir).and_then(text).unwrap_or_default();
    Some(SplitUnit { name: text(name)?, folder, id, skeleton: header.offset().0 })
}

/// `DW_AT_GNU_dwo_id` of a unit.
fn gnu_id(dwarf: &gimli::Dwarf<Slice<'_>>, header: &gimli::UnitHeader<Slice<'_>>) -> Option<u64> {
    let abbreviations = dwarf.abbreviations(header).ok()?;
    let mut entries = header.entries(&abbreviations);
    entries.next_dfs().ok()?;
    match entries.current()?.attr_value(gimli::constants::DW_AT_GNU_dwo_id)? {
        gimli::AttributeValue::DwoId(id) => Some(id.0),
        _ => None,
    }
}

/// Appends the entries of all units that keep them elsewhere, as far as `files` has them.
pub(super) fn join(sections: &mut OwnedSections<'_>, files: SplitFiles<'_>, gaps: &mut Vec<Gap>) {
    let mut absent = skeletons(&sections.view());
    if absent.is_empty() {
        return;
    }
    files(SplitWanted::Package, &mut |bytes| {
        if let Some(file) = SplitFile::load(bytes, sections.view().is_big) {
            file.append_package(sections, &mut absent);
        }
        absent.is_empty()
    });
    let mut is_other = false;
    absent.retain(|unit| {
        let mut is_found = false;
        files(SplitWanted::Unit(unit), &mut |bytes| {
            if let Some(file) = SplitFile::load(bytes, sections.view().is_big) {
                is_found = file.append_alone(sections, unit);
                is_other |= !is_found;
            }
            is_found
        });
        !is_found
    });
    if is_other && !absent.is_empty() {
        let detail = "a .dwo file was found and belongs to another compilation".to_owned();
        gaps.push(gap(GapKind::DebugMismatch, detail));
    }
    for unit in absent.iter().take(NAMED_MAX) {
        let detail =
            format!("the file {} of {} was not found, nor a .dwp file with it", unit.name, unit.folder);
        gaps.push(gap(GapKind::NoSplitDwarf, detail));
    }
}

/// The sections of a `.dwo` or `.dwp` file.
struct SplitFile<'d> {
    info: Cow<'d, [u8]>,
    types: Cow<'d, [u8]>,
    abbrev: Cow<'d, [u8]>,
    str: Cow<'d, [u8]>,
    str_offsets: Cow<'d, [u8]>,
    cu_index: Cow<'d, [u8]>,
    tu_index: Cow<'d, [u8]>,
    is_big: bool,
}

/// Where a contribution to a section is.
#[derive(Clone, Copy, Default)]
struct Range {
    offset: usize,
    size: usize,
}

impl Range {
    fn of(self, bytes: &[u8]) -> Option<&[u8]> {
        bytes.get(self.offset..self.offset.checked_add(self.size)?)
    }
}

/// Where the tables of a file begin after they were appended.
#[derive(Clone, Copy)]
struct Bases {
    abbrev: u64,
    str: u64,
}

impl<'d> SplitFile<'d> {
    fn load(bytes: &'d [u8], is_big: bool) -> Option<Self> {
        let file = object::File::parse(bytes).ok()?;
        if (file.endianness() == object::Endianness::Big) != is_big {
            return None;
        }
        let section = |name: &'static str| named_content(bytes, name).ok();
        Some(Self {
            info: section(".debug_info.dwo")?,
            types: section(".debug_types.dwo")?,
            abbrev: section(".debug_abbrev.dwo")?,
            str: section(".debug_str.dwo")?,
            str_offsets: section(".debug_str_offsets.dwo")?,
            cu_index: section(".debug_cu_index")?,
            tu_index: section(".debug_tu_index")?,
            is_big,
        })
    }

    /// Ids of the units of a `.dwo` file.
    fn ids(&self) -> Vec<u64> {
        let none = Default::default();
        let sections = Sections {
            info: &self.info,
            abbrev: &self.abbrev,
            str: &self.str,
            str_offsets: &self.str_offsets,
            types: &[],
            line_str: &[],
            addr: &[],
            line: &[],
            info_addresses: &none,
            addr_addresses: &none,
            joined: &Joined::default(),
            is_big: self.is_big,
        };
        let mut dwarf = dwarf(&sections, &[]);
        dwarf.file_type = gimli::DwarfFileType::Dwo;
        let (mut headers, mut ids) = (dwarf.units(), Vec::new());
        while let Ok(Some(header)) = headers.next() {
            match header.type_() {
                UnitType::SplitCompilation(id) => ids.push(id.0),
                UnitType::Compilation => {
                    ids.extend(gnu_id(&dwarf, &header));
                }
                _ => {}
            }
        }
        ids
    }

    /// Appends a whole `.dwo` file, when it is the one of `unit`.
    fn append_alone(&self, sections: &mut OwnedSections<'_>, unit: &SplitUnit) -> bool {
        if !self.cu_index.is_empty() || !self.ids().contains(&unit.id) {
            return false;
        }
        let bases = self.append_tables(sections);
        let all = |bytes: &[u8]| Range { offset: 0, size: bytes.len() };
        let range = all(&self.str_offsets);
        let Some(strings) = self.append_str_offsets(sections, range, &self.info, bases.str) else {
            return false;
        };
        let abbrev = bases.abbrev;
        let is_done =
            self.append_units(sections, all(&self.info), false, abbrev, strings, Some(unit.skeleton));
        self.append_units(sections, all(&self.types), true, abbrev, strings, Some(unit.skeleton));
        if is_done {
            sections.joined.found.insert(unit.skeleton);
        }
        is_done
    }

    /// Appends the units of a `.dwp` file that are wanted, and takes them from the list.
    fn append_package(&self, sections: &mut OwnedSections<'_>, absent: &mut Vec<SplitUnit>) {
        let endian = if self.is_big { RunTimeEndian::Big } else { RunTimeEndian::Little };
        let Ok(units) = gimli::DebugCuIndex::new(&self.cu_index, endian).index() else { return };
        let before = absent.len();
        let bases = self.append_tables(sections);
        absent.retain(|unit| {
            let row = units.find(unit.id);
            let is_done = row.is_some_and(|row| {
                self.append_row(sections, &units, row, bases, Some(unit.skeleton)) == Some(true)
            });
            if is_done {
                sections.joined.found.insert(unit.skeleton);
            }
            !is_done
        });
        if absent.len() == before {
            return;
        }
        if let Ok(types) = gimli::DebugTuIndex::new(&self.tu_index, endian).index() {
            for row in 1..=types.unit_count() {
                self.append_row(sections, &types, row, bases, None);
            }
        }
    }

    fn append_row(
        &self,
        sections: &mut OwnedSections<'_>,
        index: &UnitIndex<Slice<'_>>,
        row: u32,
        bases: Bases,
        skeleton: Option<usize>,
    ) -> Option<bool> {
        let (mut info, mut types) = (None, None);
        let (mut abbrev, mut str_offsets) = (Range::default(), Range::default());
        for section in index.sections(row).ok()? {
            let range = Range { offset: section.offset as usize, size: section.size as usize };
            match section.section {
                IndexSectionId::DebugInfo => info = Some(range),
                IndexSectionId::DebugTypes => types = Some(range),
                IndexSectionId::DebugAbbrev => abbrev = range,
                IndexSectionId::DebugStrOffsets => str_offsets = range,
                _ => {}
            }
        }
        let (range, is_in_types) = info.map(|range| (range, false)).or(types.map(|range| (range, true)))?;
        let units = range.of(if is_in_types { &self.types } else { &self.info })?;
        let strings = self.append_str_offsets(sections, str_offsets, units, bases.str)?;
        let abbrev = bases.abbrev.checked_add(abbrev.offset as u64)?;
        Some(self.append_units(sections, range, is_in_types, abbrev, strings, skeleton))
    }

    /// Appends what units of the file share.
    fn append_tables(&self, sections: &mut OwnedSections<'_>) -> Bases {
        let append = |to: &mut Cow<'_, [u8]>, bytes: &[u8]| {
            let base = to.len() as u64;
            to.to_mut().extend_from_slice(bytes);
            base
        };
        Bases {
            abbrev: append(&mut sections.abbrev, &self.abbrev),
            str: append(&mut sections.str, &self.str),
        }
    }

    /// Appends offsets of strings, corrected by where the strings are now; the result is where the first entry is.
    fn append_str_offsets(
        &self,
        sections: &mut OwnedSections<'_>,
        range: Range,
        units: &[u8],
        str_base: u64,
    ) -> Option<u64> {
        let mut table = range.of(&self.str_offsets)?.to_vec();
        let mut header = Cursor::new(units, 0, self.is_big);
        let is_long = header.u32()? == u32::MAX;
        if is_long {
            header.skip(8)?;
        }
        // A table has a header from version 5 on; before, its entries have four bytes.
        let (first, size) = match (header.u16()? >= 5, is_long) {
            (true, true) => (16, 8),
            (true, false) => (8, 4),
            (false, _) => (0, 4),
        };
        for entry in table.get_mut(first..).into_iter().flat_map(|t| t.chunks_exact_mut(size)) {
            let value = Cursor::new(entry, 0, self.is_big).uint(size as u8)?.checked_add(str_base)?;
            put(entry, value, self.is_big)?;
        }
        let base = sections.str_offsets.len() as u64 + first as u64;
        sections.str_offsets.to_mut().extend_from_slice(&table);
        Some(base)
    }

    /// Appends units, whose headers then name their abbreviations where these are now.
    fn append_units(
        &self,
        sections: &mut OwnedSections<'_>,
        range: Range,
        is_in_types: bool,
        abbrev_base: u64,
        str_offsets_base: u64,
        skeleton: Option<usize>,
    ) -> bool {
        let from = if is_in_types { &self.types } else { &self.info };
        let Some(mut units) = range.of(from).map(<[u8]>::to_vec).filter(|units| !units.is_empty()) else {
            return false;
        };
        if correct_headers(&mut units, abbrev_base, self.is_big).is_none() {
            return false;
        }
        let to = if is_in_types { &mut sections.types } else { &mut sections.info };
        let part = Part { start: to.len(), skeleton, str_offsets_base };
        to.to_mut().extend_from_slice(&units);
        let parts = if is_in_types { &mut sections.joined.types } else { &mut sections.joined.info };
        parts.push(part);
        true
    }
}

/// Adds `base` to the offset of the abbreviations in every unit's header.
fn correct_headers(units: &mut [u8], base: u64, is_big: bool) -> Option<()> {
    let mut start = 0;
    while start < units.len() {
        let mut cursor = Cursor::new(units, start, is_big);
        let mut length = u64::from(cursor.u32()?);
        let size = if length == u64::from(u32::MAX) { 8 } else { 4 };
        if size == 8 {
            length = cursor.u64()?;
        }
        let end = cursor.position.checked_add(usize::try_from(length).ok()?)?;
        if cursor.u16()? >= 5 {
            cursor.skip(2)?;
        }
        let at = cursor.position;
        let value = cursor.uint(size)?.checked_add(base)?;
        put(units.get_mut(at..at + usize::from(size))?, value, is_big)?;
        start = end;
    }
    Some(())
}

/// Writes a number that has to fit.
fn put(field: &mut [u8], value: u64, is_big: bool) -> Option<()> {
    let size = field.len();
    if size < 8 && value >> (8 * size) != 0 {
        return None;
    }
    match is_big {
        true => field.copy_from_slice(&value.to_be_bytes()[8 - size..]),
        false => field.copy_from_slice(&value.to_le_bytes()[..size]),
    }
    Some(())
}
