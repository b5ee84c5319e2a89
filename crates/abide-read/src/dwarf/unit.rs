//! Units: headers, the sections they need, and what their first entry says (DWARF 5 §7.5.1).

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::abbrev::{AbbreviationTable, Detail, Encoding, Forms, slot};
use super::cursor::Cursor;
use super::die::{Die, DieRef, decode};
use super::sections::Sections;
use super::split::Part;

/// Which list of units: `.debug_info` or `.debug_types` of the main file, `.debug_info` of the supplementary one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct SourceId(pub(super) u8);

impl SourceId {
    pub(super) const MAIN: SourceId = SourceId(0);
    pub(super) const TYPES: SourceId = SourceId(1);
    pub(super) const SUPPLEMENTARY: SourceId = SourceId(2);

    /// Where `DW_FORM_ref_addr` points: the `.debug_info` of the same file.
    pub(super) fn info_of(self) -> SourceId {
        if self == SourceId::SUPPLEMENTARY { self } else { SourceId::MAIN }
    }
}

/// A unit's header.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    pub(super) source: SourceId,
    /// Offset of the header.
    pub(super) offset: usize,
    /// Offset behind the unit.
    pub(super) end: usize,
    /// Offset of the first entry.
    pub(super) first_die: usize,
    pub(super) encoding: Encoding,
    pub(super) abbreviation_offset: usize,
    pub(super) is_type_unit: bool,
    /// `DW_UT_skeleton`, `DW_UT_split_*`.
    pub(super) is_split: bool,
}

/// A unit that is being read: its header, its plans, and the bases from its first entry.
pub(super) struct UnitContext {
    pub(super) source: SourceId,
    pub(super) offset: usize,
    pub(super) end: usize,
    pub(super) first_die: usize,
    pub(super) encoding: Encoding,
    pub(super) abbreviations: Arc<AbbreviationTable>,
    pub(super) language: u64,
    pub(super) str_offsets_base: u64,
    pub(super) addr_base: u64,
    pub(super) rnglists_base: u64,
    /// What range lists are relative to.
    pub(super) low_pc: u64,
    pub(super) stmt_list: Option<u64>,
    pub(super) comp_dir: Option<super::die::StringRef>,
    pub(super) is_skeleton: bool,
}

/// One list of units with its sections.
pub(super) struct Source<'a> {
    pub(super) info: &'a [u8],
    pub(super) sections: &'a Sections<'a>,
    pub(super) is_big: bool,
    pub(super) units: Vec<Unit>,
}

/// Everything that entries may refer to.
pub(super) struct Sources<'a> {
    list: [Option<Source<'a>>; 3],
    signatures: FxHashMap<u64, DieRef>,
    /// Descriptions of headers that made no sense.
    pub(super) broken_headers: Vec<String>,
}

impl<'a> Source<'a> {
    /// The section up to the unit's end, so that a read cannot run into the next unit.
    #[inline]
    pub(super) fn bounded(&self, context: &UnitContext) -> &'a [u8] {
        &self.info[..context.end]
    }

    /// An address in the entry, with its relocation in a relocatable file.
    #[inline]
    pub(super) fn address(&self, cursor: &mut Cursor<'_>, size: u8) -> Option<u64> {
        let position = cursor.position;
        let stored = cursor.uint(size)?;
        Some(self.sections.info_addresses.get(&position).copied().unwrap_or(stored))
    }

    pub(super) fn indexed_address(&self, context: &UnitContext, index: u64) -> Option<u64> {
        let size = context.encoding.address_size;
        let position = context.addr_base.checked_add(index.checked_mul(u64::from(size))?)?;
        let position = usize::try_from(position).ok()?;
        let stored = Cursor::new(self.sections.addr, position, self.is_big).uint(size)?;
        Some(self.sections.addr_addresses.get(&position).copied().unwrap_or(stored))
    }

    pub(super) fn string_offset(&self, context: &UnitContext, index: u64) -> Option<u64> {
        let size = context.encoding.offset_size;
        let position = context.str_offsets_base.checked_add(index.checked_mul(u64::from(size))?)?;
        Cursor::new(self.sections.str_offsets, usize::try_from(position).ok()?, self.is_big).uint(size)
    }
}

impl<'a> Sources<'a> {
    /// Reads all unit headers of the main file and, when there is one, of the supplementary file.
    pub(super) fn new(main: &'a Sections<'a>, supplementary: Option<&'a Sections<'a>>) -> Self {
        let mut sources = Sources {
            list: [None, None, None],
            signatures: FxHashMap::default(),
            broken_headers: Vec::new(),
        };
        sources.add(SourceId::MAIN, main, main.info);
        if !main.types.is_empty() {
            sources.add(SourceId::TYPES, main, main.types);
        }
        if let Some(sections) = supplementary {
            sources.add(SourceId::SUPPLEMENTARY, sections, sections.info);
        }
        sources
    }

    fn add(&mut self, id: SourceId, sections: &'a Sections<'a>, info: &'a [u8]) {
        let mut source = Source { info, sections, is_big: sections.is_big, units: Vec::new() };
        let mut position = 0usize;
        while position < info.len() {
            match parse_header(id, info, position, sections.is_big) {
                Some((unit, type_entry)) => {
                    position = unit.end;
                    if let Some((signature, offset)) = type_entry {
                        self.signatures.entry(signature).or_insert(DieRef::new(id, offset as u64));
                    }
                    if unit.encoding.version != 0 {
                        source.units.push(unit);
                    } else if self.broken_headers.len() < MAX_NOTES {
                        let offset = unit.offset;
                        self.broken_headers.push(format!("unit of an unknown version at offset {offset:#x}"));
                    }
                }
                None => {
                    self.broken_headers.push(format!("unit header at offset {position:#x}"));
                    break;
                }
            }
        }
        self.list[id.0 as usize] = Some(source);
    }

    #[inline]
    pub(super) fn get(&self, id: SourceId) -> Option<&Source<'a>> {
        self.list.get(id.0 as usize)?.as_ref()
    }

    pub(super) fn supplementary(&self) -> Option<&Source<'a>> {
        self.get(SourceId::SUPPLEMENTARY)
    }

    pub(super) fn type_unit(&self, signature: u64) -> Option<DieRef> {
        self.signatures.get(&signature).copied()
    }

    /// The unit that holds `reference`.
    pub(super) fn unit_of(&self, reference: DieRef) -> Option<(u32, &Unit)> {
        let units = &self.get(reference.source())?.units;
        let offset = reference.offset();
        let index = units.partition_point(|u| u.offset <= offset).checked_sub(1)?;
        let unit = &units[index];
        (offset >= unit.first_die && offset < unit.end).then_some((index as u32, unit))
    }

    /// Prepares a unit for reading.
    pub(super) fn open(&self, unit: &Unit, abbreviations: Arc<AbbreviationTable>) -> UnitContext {
        let mut context = UnitContext {
            source: unit.source,
            offset: unit.offset,
            end: unit.end,
            first_die: unit.first_die,
            encoding: unit.encoding,
            abbreviations,
            language: 0,
            // Without a base attribute the first table of the section is meant; its header is 8 or 16 bytes.
            str_offsets_base: if unit.encoding.offset_size == 8 { 16 } else { 8 },
            addr_base: 8,
            rnglists_base: if unit.encoding.offset_size == 8 { 20 } else { 12 },
            low_pc: 0,
            stmt_list: None,
            comp_dir: None,
            is_skeleton: unit.is_split,
        };
        let joined = self.joined(unit);
        if let Some(joined) = joined {
            context.str_offsets_base = joined.str_offsets_base;
            if let Some(skeleton) = joined.skeleton.and_then(|offset| self.skeleton(offset)) {
                context.addr_base = skeleton.addr_base;
                context.stmt_list = skeleton.stmt_list;
                context.comp_dir = skeleton.comp_dir;
            }
        }
        let mut die = Die::new();
        if decode(self, &context, unit.first_die, &mut die).is_some() {
            context.language = die.uint(slot::LANGUAGE).unwrap_or(0);
            // What an appended type unit names is a table of `.debug_line.dwo`, with other numbers than the file's own.
            context.stmt_list = match joined {
                Some(_) if unit.is_type_unit => None,
                Some(_) => context.stmt_list,
                None => die.uint(slot::STMT_LIST),
            };
            context.comp_dir = die.string(slot::COMP_DIR).or(context.comp_dir);
            context.is_skeleton |= die.has(slot::DWO_NAME);
            if let Some(base) = die.uint(slot::STR_OFFSETS_BASE) {
                context.str_offsets_base = base;
            }
            if let Some(base) = die.uint(slot::ADDR_BASE) {
                context.addr_base = base;
            }
            if let Some(base) = die.uint(slot::RNGLISTS_BASE) {
                context.rnglists_base = base;
            }
            context.low_pc = die.uint(slot::LOW_PC).unwrap_or(0);
        }
        context.is_skeleton &= !self.is_joined(unit);
        context
    }

    /// What a unit that was appended from another file takes from elsewhere.
    pub(super) fn joined(&self, unit: &Unit) -> Option<Part> {
        let sections = self.get(unit.source).filter(|_| unit.source != SourceId::SUPPLEMENTARY)?.sections;
        sections.joined.part(unit.offset, unit.source == SourceId::TYPES)
    }

    /// Whether the entries that a unit keeps in another file were appended, or it is such an appended unit itself.
    fn is_joined(&self, unit: &Unit) -> bool {
        let is_main = unit.source == SourceId::MAIN;
        let found = self.get(unit.source).filter(|_| is_main).map(|source| &source.sections.joined.found);
        self.joined(unit).is_some() || found.is_some_and(|found| found.contains(&unit.offset))
    }

    /// The unit at this offset of the main file, which says where an appended one has its addresses.
    fn skeleton(&self, offset: usize) -> Option<UnitContext> {
        let main = self.get(SourceId::MAIN)?;
        let index = main.units.binary_search_by_key(&offset, |unit| unit.offset).ok()?;
        let unit = &main.units[index];
        // An appended unit names none that was appended.
        if self.joined(unit).is_some() {
            return None;
        }
        let (at, is_big, forms) = (unit.abbreviation_offset, main.is_big, Forms::of(unit.encoding));
        let table = AbbreviationTable::parse(main.sections.abbrev, at, is_big, &forms, Detail::Places);
        Some(self.open(unit, Arc::new(table)))
    }
}

/// More notes than this say nothing new.
const MAX_NOTES: usize = 8;

/// `DW_UT_*`.
mod unit_type {
    pub(super) const TYPE: u8 = 2;
    pub(super) const SKELETON: u8 = 4;
    pub(super) const SPLIT_COMPILE: u8 = 5;
    pub(super) const SPLIT_TYPE: u8 = 6;
}

/// A unit, and for a type unit its signature and the offset of its type. Version 0 marks a unit of an unknown
/// version, which is stepped over.
type Header = (Unit, Option<(u64, usize)>);

fn parse_header(id: SourceId, info: &[u8], offset: usize, is_big: bool) -> Option<Header> {
    let mut cursor = Cursor::new(info, offset, is_big);
    let mut length = u64::from(cursor.u32()?);
    let mut offset_size = 4u8;
    if length == 0xffff_ffff {
        length = cursor.u64()?;
        offset_size = 8;
    } else if length >= 0xffff_fff0 {
        return None;
    }
    let end = cursor.position.checked_add(usize::try_from(length).ok()?)?;
    if end > info.len() {
        return None;
    }
    let mut unit = Unit {
        source: id,
        offset,
        end,
        first_die: end,
        encoding: Encoding { version: 0, address_size: 0, offset_size },
        abbreviation_offset: 0,
        is_type_unit: id == SourceId::TYPES,
        is_split: false,
    };
    let body = parse_body(&mut cursor, &mut unit);
    match body {
        Some(type_entry) => Some((unit, type_entry)),
        None => {
            unit.encoding.version = 0;
            Some((unit, None))
        }
    }
}

fn parse_body(cursor: &mut Cursor<'_>, unit: &mut Unit) -> Option<Option<(u64, usize)>> {
    let version = cursor.u16()?;
    let offset_size = unit.encoding.offset_size;
    if !(2..=5).contains(&version) {
        return None;
    }
    unit.encoding.version = version;
    if version == 5 {
        let kind = cursor.u8()?;
        unit.encoding.address_size = cursor.u8()?;
        unit.abbreviation_offset = usize::try_from(cursor.uint(offset_size)?).ok()?;
        unit.is_type_unit = matches!(kind, unit_type::TYPE | unit_type::SPLIT_TYPE);
        unit.is_split =
            matches!(kind, unit_type::SKELETON | unit_type::SPLIT_COMPILE | unit_type::SPLIT_TYPE);
        if matches!(kind, unit_type::SKELETON | unit_type::SPLIT_COMPILE) {
            cursor.skip(8)?;
        }
    } else {
        unit.abbreviation_offset = usize::try_from(cursor.uint(offset_size)?).ok()?;
        unit.encoding.address_size = cursor.u8()?;
    }
    let mut type_entry = None;
    if unit.is_type_unit {
        let signature = cursor.u64()?;
        let relative = usize::try_from(cursor.uint(offset_size)?).ok()?;
        let target = unit.offset.checked_add(relative)?;
        type_entry = (target < unit.end).then_some((signature, target));
    }
    unit.first_die = cursor.position;
    Some(type_entry)
}
