//! Decoding one debugging information entry into the slots that the reader keeps.

use super::abbrev::{Abbreviation, Load, Step, form, slot};
use super::cursor::Cursor;
use super::ranges;
use super::unit::{Source, SourceId, Sources, UnitContext};

/// A reference to an entry: which section of which file, and the offset there.
///
/// Ordered by source and then by offset, so that the smallest of several is the same in every run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct DieRef(u64);

const OFFSET_BITS: u32 = 60;
const OFFSET_MASK: u64 = (1 << OFFSET_BITS) - 1;

impl DieRef {
    /// A reference that cannot be followed: an unknown signature, or a supplementary file that is absent.
    pub(super) const BROKEN: DieRef = DieRef(u64::MAX);

    pub(super) fn new(source: SourceId, offset: u64) -> Self {
        DieRef((source.0 as u64) << OFFSET_BITS | offset & OFFSET_MASK)
    }

    pub(super) fn source(self) -> SourceId {
        SourceId((self.0 >> OFFSET_BITS) as u8)
    }

    pub(super) fn offset(self) -> usize {
        (self.0 & OFFSET_MASK) as usize
    }
}

/// A reference to a string: which section, and the offset there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct StringRef(u64);

/// Where a string lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StringPlace {
    Inline,
    Str,
    LineStr,
    SupplementaryStr,
}

impl StringRef {
    fn new(place: StringPlace, source: SourceId, offset: u64) -> Self {
        StringRef((place as u64) << 62 | (source.0 as u64) << OFFSET_BITS | offset & OFFSET_MASK)
    }

    /// The offset in the main file's `.debug_str`, when it is there.
    #[inline]
    pub(super) fn main_offset(self) -> Option<usize> {
        let main = StringRef::new(StringPlace::Str, SourceId::MAIN, 0).0;
        (self.0 & !OFFSET_MASK == main).then_some((self.0 & OFFSET_MASK) as usize)
    }

    pub(super) fn is_inline(self) -> bool {
        self.0 >> 62 == StringPlace::Inline as u64
    }

    /// The bytes, when the offset is in its section.
    pub(super) fn resolve<'a>(self, sources: &Sources<'a>) -> Option<&'a [u8]> {
        let source = sources.get(SourceId((self.0 >> OFFSET_BITS & 3) as u8))?;
        let offset = (self.0 & OFFSET_MASK) as usize;
        let section = match self.0 >> 62 {
            0 => source.info,
            1 => source.sections.str,
            2 => source.sections.line_str,
            _ => sources.supplementary()?.sections.str,
        };
        super::cursor::string_at(section, offset)
    }
}

/// A decoded entry. Only slots whose bit is set in `present` mean anything.
pub(super) struct Die {
    /// Offset of the entry in its section.
    pub(super) offset: usize,
    /// Offset behind its attributes: its first child, or its next sibling when it has none.
    pub(super) next: usize,
    /// `DW_TAG_*`; 0 for a null entry.
    pub(super) tag: u16,
    pub(super) has_children: bool,
    present: u64,
    signed: u64,
    /// Slots whose value is a block or a reference within the unit: no constant.
    blocks: u64,
    values: [u64; slot::COUNT_OF_SLOTS],
}

/// How a block's place is packed into a slot.
const BLOCK_LEN_BITS: u32 = 16;

impl Die {
    pub(super) fn new() -> Self {
        Die {
            offset: 0,
            next: 0,
            tag: 0,
            has_children: false,
            present: 0,
            signed: 0,
            blocks: 0,
            values: [0; slot::COUNT_OF_SLOTS],
        }
    }

    #[inline]
    pub(super) fn has(&self, slot: u8) -> bool {
        self.present & (1 << slot) != 0
    }

    /// The raw value.
    #[inline]
    fn raw(&self, slot: u8) -> Option<u64> {
        self.has(slot).then(|| self.values[slot as usize])
    }

    /// A constant; blocks are none.
    #[inline]
    pub(super) fn uint(&self, slot: u8) -> Option<u64> {
        if self.blocks & (1 << slot) != 0 { None } else { self.raw(slot) }
    }

    /// A constant with its sign when the form has one.
    pub(super) fn int(&self, slot: u8) -> Option<i128> {
        let value = self.uint(slot)?;
        Some(if self.signed & (1 << slot) != 0 { i128::from(value as i64) } else { i128::from(value) })
    }

    #[inline]
    pub(super) fn flag(&self, slot: u8) -> bool {
        self.raw(slot).is_some_and(|v| v != 0)
    }

    #[inline]
    pub(super) fn reference(&self, slot: u8) -> Option<DieRef> {
        self.raw(slot).map(DieRef)
    }

    #[inline]
    pub(super) fn string(&self, slot: u8) -> Option<StringRef> {
        self.raw(slot).map(StringRef)
    }

    /// The bytes of a block or expression.
    pub(super) fn block<'a>(&self, slot: u8, source: &Source<'a>) -> Option<(usize, &'a [u8])> {
        if self.blocks & (1 << slot) == 0 {
            return None;
        }
        let packed = self.raw(slot)?;
        let start = (packed >> BLOCK_LEN_BITS) as usize;
        let len = (packed & ((1 << BLOCK_LEN_BITS) - 1)) as usize;
        Some((start, source.info.get(start..start + len)?))
    }

    #[inline]
    fn set(&mut self, slot: u8, value: u64) {
        self.present |= 1 << slot;
        self.values[slot as usize] = value;
    }
}

/// Decodes the entry at `position`; `None` where the bytes make no sense.
#[inline]
pub(super) fn decode(
    sources: &Sources<'_>,
    context: &UnitContext,
    position: usize,
    die: &mut Die,
) -> Option<()> {
    let source = sources.get(context.source)?;
    let mut cursor = Cursor::new(source.bounded(context), position, source.is_big);
    die.offset = position;
    die.present = 0;
    die.signed = 0;
    die.blocks = 0;
    let code = cursor.uleb()?;
    if code == 0 {
        die.tag = 0;
        die.has_children = false;
        die.next = cursor.position;
        return Some(());
    }
    let entry = context.abbreviations.get(code)?;
    die.tag = entry.tag;
    die.has_children = entry.has_children;
    if let Some(size) = entry.extent.size.filter(|_| entry.is_plain && !source.is_big) {
        die.next = cursor.position.checked_add(size as usize)?;
        let bytes = source.bounded(context).get(cursor.position..die.next)?;
        return load_plain(context, entry, bytes, die);
    }
    for step in context.abbreviations.steps(entry) {
        cursor.skip(step.skip_before as usize)?;
        read_value(sources, source, context, &mut cursor, step, step.form, die)?;
    }
    cursor.skip(entry.skip_after as usize)?;
    die.next = cursor.position;
    Some(())
}

/// Loads the values of an entry whose forms say where each is.
#[inline]
fn load_plain(context: &UnitContext, entry: &Abbreviation, bytes: &[u8], die: &mut Die) -> Option<()> {
    for step in context.abbreviations.steps(entry) {
        let field = bytes.get(step.at as usize..)?;
        let value = match step.load {
            Load::U8 => u64::from(*field.first()?),
            Load::U16 => u64::from(u16::from_le_bytes(*field.first_chunk()?)),
            Load::U32 => u64::from(u32::from_le_bytes(*field.first_chunk()?)),
            Load::U64 => u64::from_le_bytes(*field.first_chunk()?),
            Load::Strp4 => {
                let offset = u64::from(u32::from_le_bytes(*field.first_chunk()?));
                StringRef::new(StringPlace::Str, context.source, offset).0
            }
            Load::Ref4 => {
                let relative = u64::from(u32::from_le_bytes(*field.first_chunk()?));
                mark(&mut die.blocks, step.slot);
                DieRef::new(context.source, relative.checked_add(context.offset as u64)?).0
            }
            Load::One => 1,
            Load::Implicit => {
                mark(&mut die.signed, step.slot);
                step.implicit as u64
            }
            Load::Other => return None,
        };
        if step.slot != slot::NONE {
            die.set(step.slot, value);
        }
    }
    Some(())
}

fn read_value(
    sources: &Sources<'_>,
    source: &Source<'_>,
    context: &UnitContext,
    cursor: &mut Cursor<'_>,
    step: &Step,
    form: u16,
    die: &mut Die,
) -> Option<()> {
    let id = context.source;
    let offset_size = context.encoding.offset_size;
    let value = match form {
        form::DATA1 | form::FLAG => u64::from(cursor.u8()?),
        form::DATA2 => u64::from(cursor.u16()?),
        form::DATA4 => u64::from(cursor.u32()?),
        form::DATA8 => cursor.u64()?,
        form::DATA16 => {
            // Only the low half is kept; no attribute that the reader uses needs more.
            let (first, second) = (cursor.u64()?, cursor.u64()?);
            if source.is_big { second } else { first }
        }
        form::UDATA => cursor.uleb()?,
        form::SDATA => {
            mark(&mut die.signed, step.slot);
            cursor.sleb()? as u64
        }
        form::IMPLICIT_CONST => {
            mark(&mut die.signed, step.slot);
            step.implicit as u64
        }
        form::FLAG_PRESENT => 1,
        form::SEC_OFFSET => cursor.uint(offset_size)?,
        form::RNGLISTX => cursor.uleb()? | ranges::BY_INDEX,
        form::LOCLISTX => cursor.uleb()?,
        form::REF1 | form::REF2 | form::REF4 | form::REF8 | form::REF_UDATA => {
            let relative = match form {
                form::REF1 => u64::from(cursor.u8()?),
                form::REF2 => u64::from(cursor.u16()?),
                form::REF4 => u64::from(cursor.u32()?),
                form::REF8 => cursor.u64()?,
                _ => cursor.uleb()?,
            };
            // A bound that is another entry's value is no constant.
            mark(&mut die.blocks, step.slot);
            DieRef::new(id, relative.checked_add(context.offset as u64)?).0
        }
        form::REF_ADDR => {
            let size =
                if context.encoding.version <= 2 { context.encoding.address_size } else { offset_size };
            DieRef::new(id.info_of(), cursor.uint(size)?).0
        }
        form::GNU_REF_ALT => supplementary(sources, cursor.uint(offset_size)?),
        form::REF_SUP4 => supplementary(sources, u64::from(cursor.u32()?)),
        form::REF_SUP8 => supplementary(sources, cursor.u64()?),
        form::REF_SIG8 => {
            let signature = cursor.u64()?;
            sources.type_unit(signature).unwrap_or(DieRef::BROKEN).0
        }
        form::STRP => StringRef::new(StringPlace::Str, id, cursor.uint(offset_size)?).0,
        form::LINE_STRP => StringRef::new(StringPlace::LineStr, id, cursor.uint(offset_size)?).0,
        form::STRP_SUP | form::GNU_STRP_ALT => {
            StringRef::new(StringPlace::SupplementaryStr, id, cursor.uint(offset_size)?).0
        }
        form::STRING => {
            let start = cursor.position as u64;
            cursor.skip_string()?;
            StringRef::new(StringPlace::Inline, id, start).0
        }
        form::STRX | form::STRX1 | form::STRX2 | form::STRX3 | form::STRX4 | form::GNU_STR_INDEX => {
            let index = indexed(form, cursor)?;
            StringRef::new(StringPlace::Str, id, source.string_offset(context, index)?).0
        }
        form::ADDR => source.address(cursor, context.encoding.address_size)?,
        form::ADDRX | form::ADDRX1 | form::ADDRX2 | form::ADDRX3 | form::ADDRX4 | form::GNU_ADDR_INDEX => {
            let index = indexed(form, cursor)?;
            match source.indexed_address(context, index) {
                Some(address) => address,
                // An address that cannot be found is an attribute that is not there.
                None => return Some(()),
            }
        }
        form::EXPRLOC | form::BLOCK | form::BLOCK1 | form::BLOCK2 | form::BLOCK4 => {
            let len = match form {
                form::BLOCK1 => u64::from(cursor.u8()?),
                form::BLOCK2 => u64::from(cursor.u16()?),
                form::BLOCK4 => u64::from(cursor.u32()?),
                _ => cursor.uleb()?,
            };
            let start = cursor.position as u64;
            cursor.skip(usize::try_from(len).ok()?)?;
            mark(&mut die.blocks, step.slot);
            start << BLOCK_LEN_BITS | len.min((1 << BLOCK_LEN_BITS) - 1)
        }
        form::INDIRECT => {
            let actual = u16::try_from(cursor.uleb()?).ok()?;
            // An indirect form of an indirect form or of a constant in the table is malformed (§7.5.3).
            if actual == form::INDIRECT || actual == form::IMPLICIT_CONST {
                return None;
            }
            return read_value(sources, source, context, cursor, step, actual, die);
        }
        _ => return None,
    };
    if step.slot != slot::NONE {
        die.set(step.slot, value);
    }
    Some(())
}

fn mark(bits: &mut u64, slot: u8) {
    if slot != slot::NONE {
        *bits |= 1 << slot;
    }
}

fn supplementary(sources: &Sources<'_>, offset: u64) -> u64 {
    if sources.supplementary().is_some() {
        DieRef::new(SourceId::SUPPLEMENTARY, offset).0
    } else {
        DieRef::BROKEN.0
    }
}

fn indexed(form: u16, cursor: &mut Cursor<'_>) -> Option<u64> {
    match form {
        form::STRX1 | form::ADDRX1 => cursor.uint(1),
        form::STRX2 | form::ADDRX2 => cursor.uint(2),
        form::STRX3 | form::ADDRX3 => cursor.uint(3),
        form::STRX4 | form::ADDRX4 => cursor.uint(4),
        _ => cursor.uleb(),
    }
}

/// Offset of the entry after `die` and everything below it.
pub(super) fn after_subtree(sources: &Sources<'_>, context: &UnitContext, die: &Die) -> Option<usize> {
    if !die.has_children {
        return Some(die.next);
    }
    if let Some(sibling) = die.reference(slot::SIBLING) {
        let offset = sibling.offset();
        if sibling.source() == context.source && offset > die.next.saturating_sub(1) && offset < context.end {
            return Some(offset);
        }
    }
    after_children(sources, context, die.next)
}

/// Offset behind the null entry that ends the list of children at `position`.
fn after_children(sources: &Sources<'_>, context: &UnitContext, mut position: usize) -> Option<usize> {
    let mut depth = 1usize;
    while depth > 0 {
        match glance(sources, context, position)? {
            Glance::End(next) => {
                depth -= 1;
                position = next;
            }
            Glance::Leaf(next) => position = next,
            Glance::Below(next) => {
                depth += 1;
                position = next;
            }
        }
    }
    Some(position)
}

/// Where the walk goes on after an entry of no interest.
enum Glance {
    /// A null entry; what follows belongs to the entry above.
    End(usize),
    /// The entry's next sibling is here.
    Leaf(usize),
    /// The entry's first child is here, and nothing says where its sibling is.
    Below(usize),
}

/// Looks at the entry at `position` no more than is needed to get past it.
#[inline]
fn glance(sources: &Sources<'_>, context: &UnitContext, position: usize) -> Option<Glance> {
    let source = sources.get(context.source)?;
    let mut cursor = Cursor::new(source.bounded(context), position, source.is_big);
    let code = cursor.uleb()?;
    if code == 0 {
        return Some(Glance::End(cursor.position));
    }
    let entry = context.abbreviations.get(code)?;
    let start = cursor.position;
    if entry.has_children
        && let Some(at) = entry.extent.sibling_at
    {
        cursor.skip(at as usize)?;
        let sibling = context.offset.checked_add(cursor.u32()? as usize)?;
        if sibling > cursor.position.saturating_sub(1) && sibling < context.end {
            return Some(Glance::Leaf(sibling));
        }
    }
    let next = match entry.extent.size {
        Some(size) => {
            cursor.position = start;
            cursor.skip(size as usize)?;
            cursor.position
        }
        None => {
            let mut scratch = Die::new();
            decode(sources, context, position, &mut scratch)?;
            match scratch.reference(slot::SIBLING).filter(|_| scratch.has_children) {
                Some(s)
                    if s.source() == context.source
                        && s.offset() >= scratch.next
                        && s.offset() < context.end =>
                {
                    return Some(Glance::Leaf(s.offset()));
                }
                _ => scratch.next,
            }
        }
    };
    Some(if entry.has_children { Glance::Below(next) } else { Glance::Leaf(next) })
}

/// Offset behind the attributes of the entry at `position`, where its children begin if it has any.
#[inline]
pub(super) fn past_attributes(
    sources: &Sources<'_>,
    context: &UnitContext,
    position: usize,
) -> Option<(usize, bool)> {
    let source = sources.get(context.source)?;
    let mut cursor = Cursor::new(source.bounded(context), position, source.is_big);
    let entry = context.abbreviations.get(cursor.uleb()?)?;
    if let Some(size) = entry.extent.size {
        cursor.skip(size as usize)?;
        return Some((cursor.position, entry.has_children));
    }
    let mut die = Die::new();
    decode(sources, context, position, &mut die)?;
    Some((die.next, die.has_children))
}

/// The tag of the entry at `position`, 0 for a null entry, without its attributes.
#[inline]
pub(super) fn tag_at(sources: &Sources<'_>, context: &UnitContext, position: usize) -> Option<u16> {
    let source = sources.get(context.source)?;
    let code = Cursor::new(source.bounded(context), position, source.is_big).uleb()?;
    if code == 0 { Some(0) } else { context.abbreviations.get(code).map(|entry| entry.tag) }
}

/// Offset of the entry after the one at `position` and everything below it; for a null entry, behind it.
#[inline]
pub(super) fn after_entry(sources: &Sources<'_>, context: &UnitContext, position: usize) -> Option<usize> {
    match glance(sources, context, position)? {
        Glance::End(next) | Glance::Leaf(next) => Some(next),
        Glance::Below(next) => after_children(sources, context, next),
    }
}
