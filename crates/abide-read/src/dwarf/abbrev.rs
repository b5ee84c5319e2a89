//! Abbreviation tables, compiled into decode plans (DWARF 5 §7.5.3).
//!
//! A plan lists only the attributes that its reader uses ([`Detail`]). Runs of others whose size is known are one
//! skip. An entry of no interest is not decoded at all: where it ends, or where its sibling is, is one addition or
//! one load at a place that the plan knows ([`Abbreviation::extent`]).

use super::cursor::Cursor;
use super::tag;

/// Attributes that the reader keeps; each is an index into [`super::die::Die`].
pub(super) mod slot {
    macro_rules! slots {
        ($($name:ident = $value:expr;)*) => { $(pub(in crate::dwarf) const $name: u8 = $value;)* };
    }
    slots! {
        NAME = 0; TYPE = 1; BYTE_SIZE = 2; BIT_SIZE = 3; SIBLING = 4; SPECIFICATION = 5; ABSTRACT_ORIGIN = 6;
        DECLARATION = 7; EXTERNAL = 8; LOW_PC = 9; LOCATION = 10; MEMBER_LOCATION = 11; DATA_BIT_OFFSET = 12;
        BIT_OFFSET = 13; ENCODING = 14; CONST_VALUE = 15; LINKAGE_NAME = 16; COUNT = 17; UPPER_BOUND = 18;
        LOWER_BOUND = 19; ARTIFICIAL = 20; VIRTUALITY = 21; VTABLE_ELEM = 22; DECL_FILE = 23; DECL_LINE = 24;
        SIGNATURE = 25; CALLING_CONVENTION = 26; ALIGNMENT = 27; ENUM_CLASS = 28; PROTOTYPED = 29;
        NORETURN = 30; CONTAINING_TYPE = 31; GNU_VECTOR = 32; RANGES = 33; STR_OFFSETS_BASE = 34;
        ADDR_BASE = 35; STMT_LIST = 36; COMP_DIR = 37; LANGUAGE = 38; DWO_NAME = 39; BIT_STRIDE = 40;
        DEFAULTED = 41; DELETED = 42; RNGLISTS_BASE = 43;
    }
    /// Number of slots.
    pub(in crate::dwarf) const COUNT_OF_SLOTS: usize = 44;
    /// No slot: the attribute is skipped.
    pub(in crate::dwarf) const NONE: u8 = 0xff;
}

/// One step of a plan.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// Bytes to skip before the value.
    pub(super) skip_before: u32,
    /// Slot, or `slot::NONE` for a value of unknown size that is only skipped.
    pub(super) slot: u8,
    /// `DW_FORM_*`.
    pub(super) form: u16,
    /// Value of `DW_FORM_implicit_const`.
    pub(super) implicit: i64,
    /// The value's place behind the code, in a plain entry.
    pub(super) at: u32,
    /// How it is loaded from there.
    pub(super) load: Load,
}

/// Values that are one load from a known place, in the little-endian form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Load {
    U8,
    U16,
    U32,
    U64,
    /// `DW_FORM_ref4`.
    Ref4,
    /// `DW_FORM_strp` with 32-bit offsets.
    Strp4,
    /// `DW_FORM_flag_present`.
    One,
    /// `DW_FORM_implicit_const`.
    Implicit,
    /// Anything else.
    Other,
}

impl Load {
    fn of(form: u16, encoding: Encoding) -> Self {
        match form {
            form::DATA1 | form::FLAG => Load::U8,
            form::DATA2 => Load::U16,
            form::DATA4 => Load::U32,
            form::DATA8 => Load::U64,
            form::SEC_OFFSET if encoding.offset_size == 4 => Load::U32,
            form::STRP if encoding.offset_size == 4 => Load::Strp4,
            form::REF4 => Load::Ref4,
            form::FLAG_PRESENT => Load::One,
            form::IMPLICIT_CONST => Load::Implicit,
            _ => Load::Other,
        }
    }
}

/// A declared abbreviation with its plan.
#[derive(Clone, Debug)]
pub(super) struct Abbreviation {
    pub(super) tag: u16,
    pub(super) has_children: bool,
    first_step: u32,
    last_step: u32,
    /// Bytes to skip after the last step.
    pub(super) skip_after: u32,
    /// What is known of the entries' places without decoding them.
    pub(super) extent: Extent,
    /// Whether every form has a fixed size and every value that is kept is one load.
    pub(super) is_plain: bool,
}

/// Where the next entry is, as far as the forms alone tell.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Extent {
    /// Bytes of all attributes, when every form has a fixed size.
    pub(super) size: Option<u32>,
    /// Where `DW_AT_sibling` stands behind the code, when it is a `DW_FORM_ref4` behind fixed sizes.
    pub(super) sibling_at: Option<u32>,
}

/// What the plans are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    /// Which entries are symbols'.
    Symbols,
    /// Types: whatever makes up their identity, and where symbols were declared.
    Types,
    /// Where types were declared, besides.
    Places,
}

impl Detail {
    /// The slots that plans for entries with this tag keep, as bits.
    fn kept(self, tag: u16) -> u64 {
        match self {
            // Nobody asks for more than the way past them.
            _ if tag::is_inside_bodies(tag) => 1 << slot::SIBLING,
            Detail::Symbols if tag::is_unit(tag) || tag::may_hold_symbols(tag) => SYMBOLS,
            Detail::Symbols => 1 << slot::SIBLING,
            Detail::Types if tag::is_unit(tag) || tag::is_symbol(tag) => u64::MAX,
            Detail::Types => !PLACES,
            Detail::Places => u64::MAX,
        }
    }
}

/// Slots of [`Detail::Symbols`].
const SYMBOLS: u64 = 1 << slot::SIBLING
    | 1 << slot::NAME
    | 1 << slot::LINKAGE_NAME
    | 1 << slot::EXTERNAL
    | 1 << slot::SPECIFICATION
    | 1 << slot::ABSTRACT_ORIGIN
    | 1 << slot::LOW_PC
    | 1 << slot::RANGES
    | 1 << slot::LOCATION
    | 1 << slot::LANGUAGE
    | 1 << slot::DWO_NAME
    | 1 << slot::STR_OFFSETS_BASE
    | 1 << slot::ADDR_BASE
    | 1 << slot::RNGLISTS_BASE;

/// Slots that for entries of types only [`Detail::Places`] has.
const PLACES: u64 = 1 << slot::DECL_FILE | 1 << slot::DECL_LINE | 1 << slot::STMT_LIST | 1 << slot::COMP_DIR;

/// All abbreviations of a unit.
#[derive(Debug, Default)]
pub(super) struct AbbreviationTable {
    /// By code - 1, when codes are dense; `tag == 0` marks a hole.
    dense: Vec<Abbreviation>,
    /// Codes beyond the dense part, sorted.
    sparse: Vec<(u64, Abbreviation)>,
    steps: Vec<Step>,
}

/// What a unit's header says about sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Encoding {
    pub(super) version: u16,
    pub(super) address_size: u8,
    pub(super) offset_size: u8,
}

/// More abbreviations than any compiler makes.
const MAX_ABBREVIATIONS: usize = 1 << 20;
/// What most units have room in.
const USUAL_ABBREVIATIONS: usize = 64;

impl AbbreviationTable {
    /// Parses the table at `offset`; stops without an error where the bytes stop making sense, since the
    /// entries that use a missing code are then reported.
    pub(super) fn parse(section: &[u8], offset: usize, is_big: bool, forms: &Forms, detail: Detail) -> Self {
        let mut table = AbbreviationTable {
            dense: Vec::with_capacity(USUAL_ABBREVIATIONS),
            sparse: Vec::new(),
            steps: Vec::with_capacity(4 * USUAL_ABBREVIATIONS),
        };
        let mut cursor = Cursor::new(section, offset, is_big);
        while table.dense.len() + table.sparse.len() < MAX_ABBREVIATIONS {
            match table.parse_one(&mut cursor, forms, detail) {
                Some(true) => {}
                Some(false) | None => break,
            }
        }
        table.sparse.sort_by_key(|(code, _)| *code);
        table
    }

    fn parse_one(&mut self, cursor: &mut Cursor<'_>, forms: &Forms, detail: Detail) -> Option<bool> {
        let code = cursor.uleb()?;
        if code == 0 {
            return Some(false);
        }
        let tag = u16::try_from(cursor.uleb()?).ok()?;
        let has_children = cursor.u8()? != 0;
        let kept = detail.kept(tag);
        let first_step = self.steps.len() as u32;
        let mut pending_skip = 0u32;
        let mut extent = Extent { size: Some(0), sibling_at: None };
        let mut is_plain = true;
        loop {
            let name = cursor.uleb()?;
            let form = u16::try_from(cursor.uleb()?).ok()?;
            if name == 0 && form == 0 {
                break;
            }
            let implicit = if form == form::IMPLICIT_CONST { cursor.sleb()? } else { 0 };
            let slot = match slot_of(name) {
                slot if slot != slot::NONE && kept >> slot & 1 == 1 => slot,
                _ => slot::NONE,
            };
            let (size, load) = forms.get(form);
            if slot == slot::SIBLING && form == form::REF4 {
                extent.sibling_at = extent.size;
            }
            let offset = extent.size;
            extent.size = extent.size.zip(size).and_then(|(before, size)| before.checked_add(size));
            match size {
                Some(size) if slot == slot::NONE => pending_skip = pending_skip.saturating_add(size),
                _ => {
                    let at = offset.unwrap_or(0);
                    is_plain &= load != Load::Other;
                    self.steps.push(Step { skip_before: pending_skip, slot, form, implicit, at, load });
                    pending_skip = 0;
                }
            }
        }
        let last_step = self.steps.len() as u32;
        let skip_after = pending_skip;
        is_plain &= extent.size.is_some();
        let entry = Abbreviation { tag, has_children, first_step, last_step, skip_after, extent, is_plain };
        if code == self.dense.len() as u64 + 1 {
            self.dense.push(entry);
        } else {
            self.sparse.push((code, entry));
        }
        Some(true)
    }

    /// Memory that the table takes.
    pub(super) fn size_bytes(&self) -> usize {
        size_of_val(&self.dense[..]) + size_of_val(&self.sparse[..]) + size_of_val(&self.steps[..])
    }

    #[inline]
    pub(super) fn get(&self, code: u64) -> Option<&Abbreviation> {
        match self.dense.get((code as usize).wrapping_sub(1)) {
            Some(entry) => Some(entry),
            None => {
                let index = self.sparse.binary_search_by_key(&code, |(c, _)| *c).ok()?;
                Some(&self.sparse[index].1)
            }
        }
    }

    #[inline]
    pub(super) fn steps(&self, entry: &Abbreviation) -> &[Step] {
        &self.steps[entry.first_step as usize..entry.last_step as usize]
    }
}

/// `DW_FORM_*` (DWARF 5 §7.5.6 and GNU extensions).
pub(super) mod form {
    macro_rules! forms {
        ($($name:ident = $value:expr;)*) => { $(pub(in crate::dwarf) const $name: u16 = $value;)* };
    }
    forms! {
        ADDR = 0x01; BLOCK2 = 0x03; BLOCK4 = 0x04; DATA2 = 0x05; DATA4 = 0x06; DATA8 = 0x07; STRING = 0x08;
        BLOCK = 0x09; BLOCK1 = 0x0a; DATA1 = 0x0b; FLAG = 0x0c; SDATA = 0x0d; STRP = 0x0e; UDATA = 0x0f;
        REF_ADDR = 0x10; REF1 = 0x11; REF2 = 0x12; REF4 = 0x13; REF8 = 0x14; REF_UDATA = 0x15;
        INDIRECT = 0x16; SEC_OFFSET = 0x17; EXPRLOC = 0x18; FLAG_PRESENT = 0x19; STRX = 0x1a; ADDRX = 0x1b;
        REF_SUP4 = 0x1c; STRP_SUP = 0x1d; DATA16 = 0x1e; LINE_STRP = 0x1f; REF_SIG8 = 0x20;
        IMPLICIT_CONST = 0x21; LOCLISTX = 0x22; RNGLISTX = 0x23; REF_SUP8 = 0x24; STRX1 = 0x25; STRX2 = 0x26;
        STRX3 = 0x27; STRX4 = 0x28; ADDRX1 = 0x29; ADDRX2 = 0x2a; ADDRX3 = 0x2b; ADDRX4 = 0x2c;
        GNU_ADDR_INDEX = 0x1f01; GNU_STR_INDEX = 0x1f02; GNU_REF_ALT = 0x1f20; GNU_STRP_ALT = 0x1f21;
    }
}

/// What forms say of their values, looked up once for all units with the same sizes.
pub(super) struct Forms {
    encoding: Encoding,
    standard: [(Option<u32>, Load); Forms::COUNT],
}

impl Forms {
    /// Forms of the standard; those of extensions are beyond.
    const COUNT: usize = 0x2d;

    pub(super) fn of(encoding: Encoding) -> Self {
        Forms { encoding, standard: std::array::from_fn(|form| Forms::compute(form as u16, encoding)) }
    }

    /// Makes it that of `encoding`.
    pub(super) fn suit(&mut self, encoding: Encoding) {
        if self.encoding != encoding {
            *self = Forms::of(encoding);
        }
    }

    fn compute(form: u16, encoding: Encoding) -> (Option<u32>, Load) {
        (fixed_size(form, encoding), Load::of(form, encoding))
    }

    /// Size in bytes where it is fixed, and how the value is loaded.
    #[inline]
    fn get(&self, form: u16) -> (Option<u32>, Load) {
        match self.standard.get(usize::from(form)) {
            Some(known) => *known,
            None => Forms::compute(form, self.encoding),
        }
    }
}

impl Default for Forms {
    fn default() -> Self {
        Forms::of(Encoding { version: 5, address_size: 8, offset_size: 4 })
    }
}

/// Size in bytes of a value of this form, when the form and the unit's header fix it.
fn fixed_size(form: u16, encoding: Encoding) -> Option<u32> {
    let offset = u32::from(encoding.offset_size);
    let address = u32::from(encoding.address_size);
    Some(match form {
        form::ADDR => address,
        form::DATA1 | form::FLAG | form::REF1 | form::STRX1 | form::ADDRX1 => 1,
        form::DATA2 | form::REF2 | form::STRX2 | form::ADDRX2 => 2,
        form::STRX3 | form::ADDRX3 => 3,
        form::DATA4 | form::REF4 | form::REF_SUP4 | form::STRX4 | form::ADDRX4 => 4,
        form::DATA8 | form::REF8 | form::REF_SIG8 | form::REF_SUP8 => 8,
        form::DATA16 => 16,
        form::FLAG_PRESENT | form::IMPLICIT_CONST => 0,
        form::STRP | form::SEC_OFFSET | form::LINE_STRP | form::STRP_SUP => offset,
        form::GNU_REF_ALT | form::GNU_STRP_ALT => offset,
        form::REF_ADDR if encoding.version <= 2 => address,
        form::REF_ADDR => offset,
        _ => return None,
    })
}

/// Slots by `DW_AT_*` value.
const SLOTS: [u8; 0x90] = {
    let mut slots = [slot::NONE; 0x90];
    slots[0x03] = slot::NAME;
    slots[0x49] = slot::TYPE;
    slots[0x0b] = slot::BYTE_SIZE;
    slots[0x0d] = slot::BIT_SIZE;
    slots[0x01] = slot::SIBLING;
    slots[0x47] = slot::SPECIFICATION;
    slots[0x31] = slot::ABSTRACT_ORIGIN;
    slots[0x3c] = slot::DECLARATION;
    slots[0x3f] = slot::EXTERNAL;
    slots[0x11] = slot::LOW_PC;
    slots[0x02] = slot::LOCATION;
    slots[0x38] = slot::MEMBER_LOCATION;
    slots[0x6b] = slot::DATA_BIT_OFFSET;
    slots[0x0c] = slot::BIT_OFFSET;
    slots[0x3e] = slot::ENCODING;
    slots[0x1c] = slot::CONST_VALUE;
    slots[0x6e] = slot::LINKAGE_NAME;
    slots[0x37] = slot::COUNT;
    slots[0x2f] = slot::UPPER_BOUND;
    slots[0x22] = slot::LOWER_BOUND;
    slots[0x34] = slot::ARTIFICIAL;
    slots[0x4c] = slot::VIRTUALITY;
    slots[0x4d] = slot::VTABLE_ELEM;
    slots[0x3a] = slot::DECL_FILE;
    slots[0x3b] = slot::DECL_LINE;
    slots[0x69] = slot::SIGNATURE;
    slots[0x36] = slot::CALLING_CONVENTION;
    slots[0x88] = slot::ALIGNMENT;
    slots[0x6d] = slot::ENUM_CLASS;
    slots[0x27] = slot::PROTOTYPED;
    slots[0x87] = slot::NORETURN;
    slots[0x1d] = slot::CONTAINING_TYPE;
    slots[0x55] = slot::RANGES;
    slots[0x72] = slot::STR_OFFSETS_BASE;
    slots[0x73] = slot::ADDR_BASE;
    slots[0x74] = slot::RNGLISTS_BASE;
    slots[0x10] = slot::STMT_LIST;
    slots[0x1b] = slot::COMP_DIR;
    slots[0x13] = slot::LANGUAGE;
    slots[0x76] = slot::DWO_NAME;
    slots[0x2e] = slot::BIT_STRIDE;
    slots[0x8b] = slot::DEFAULTED;
    slots[0x8a] = slot::DELETED;
    slots
};

/// The slot of a `DW_AT_*` value.
fn slot_of(name: u64) -> u8 {
    match name {
        0x2007 => slot::LINKAGE_NAME,
        0x2107 => slot::GNU_VECTOR,
        0x2130 => slot::DWO_NAME,
        // `DW_AT_GNU_addr_base`
        0x2133 => slot::ADDR_BASE,
        _ => SLOTS.get(name as usize).copied().unwrap_or(slot::NONE),
    }
}
