//! Entries of one or more BTF tables, each with a number of its own (btf.rst, section 2.2).

use abide_model::{BaseEncoding, Gap, GapKind, Qualifier, RecordKeyword, RootKind};

use super::base::Relocation;
use super::blob::{Blob, EntryError, Head, kind};
use crate::numbered::{Bytes, RawMember, Ref, Shape, Table, gap, text_at};

/// `BTF_INT_SIGNED`, `BTF_INT_CHAR`, `BTF_INT_BOOL`.
mod int {
    pub(super) const SIGNED: u32 = 1;
    pub(super) const CHAR: u32 = 2;
    pub(super) const BOOL: u32 = 4;
}

/// One table among those of a file, and how its numbers and string offsets are to be read.
pub(super) struct Part<'d> {
    pub(super) blob: Blob<'d>,
    /// Reference of its type 1, or of the first type that it adds to its base.
    first: u32,
    /// Number of types of its own.
    pub(super) count: u32,
    /// The part that it continues.
    base: Option<usize>,
    /// Whether it is an extract that knows of records and enums not more than their sizes.
    pub(super) is_extract: bool,
}

/// All types of a file.
pub(super) struct BtfTable<'d> {
    pub(super) parts: Vec<Part<'d>>,
    /// Place in its part and the part, by reference.
    entries: Vec<(u32, u32)>,
    problems: Vec<EntryError>,
    /// Whether unsigned enums are told from signed ones: `kind_flag` says so since Linux 6.0, before it was always 0.
    states_signs: bool,
    is_innermost_first: bool,
    /// What the types of an extract are in the kernel.
    relocation: Relocation,
}

/// An entry that names a function or variable.
pub(super) struct Named<'d> {
    pub(super) name: &'d [u8],
    pub(super) kind: RootKind,
    pub(super) ty: Ref,
    pub(super) linkage: u32,
}

impl<'d> BtfTable<'d> {
    fn empty() -> Self {
        BtfTable {
            parts: Vec::new(),
            entries: vec![(0, 0)],
            problems: Vec::new(),
            states_signs: false,
            is_innermost_first: false,
            relocation: Relocation::default(),
        }
    }

    /// Tables that do not know of each other.
    pub(super) fn new(blobs: &[Blob<'d>]) -> Self {
        let mut table = Self::empty();
        blobs.iter().for_each(|blob| table.add(*blob, None));
        table
    }

    /// A table that continues another one: the kernel's, or an extract of it, whose types are then looked up there.
    pub(super) fn with_base(base: &Blob<'d>, own: &Blob<'d>, kernel: Option<&Blob<'d>>) -> Self {
        let mut table = Self::empty();
        table.add(*base, None);
        table.add(*own, Some(0));
        if let Some(kernel) = kernel {
            table.add(*kernel, None);
        }
        table
    }

    /// Says that the first part is an extract of the kernel's types, and finds them in the third one.
    pub(super) fn relocated(mut self) -> Self {
        if let Some(extract) = self.parts.first_mut() {
            extract.is_extract = true;
        }
        self.relocation = Relocation::new(&self);
        self
    }

    pub(super) fn innermost_first(mut self, yes: bool) -> Self {
        self.is_innermost_first = yes;
        self
    }

    fn add(&mut self, blob: Blob<'d>, base: Option<usize>) {
        let (part, first) = (self.parts.len() as u32, self.entries.len() as u32);
        let (entries, states_signs) = (&mut self.entries, &mut self.states_signs);
        let problem = blob.for_each(|at, head| {
            entries.push((at, part));
            *states_signs |= head.kind == kind::ENUM64 || (head.kind == kind::ENUM && head.flag);
        });
        self.problems.extend(problem);
        let count = self.entries.len() as u32 - first;
        self.parts.push(Part { blob, first, count, base, is_extract: false });
    }

    /// What could not be read of the tables.
    pub(super) fn report(&self, gaps: &mut Vec<Gap>) {
        for problem in &self.problems {
            let kind = match problem {
                EntryError::Cut(_) => GapKind::BrokenDebugInfo,
                EntryError::UnknownKind(..) => GapKind::Unsupported,
            };
            gaps.push(gap(kind, format!("BTF: {problem}")));
        }
    }

    fn entry(&self, id: Ref) -> Option<(&Part<'d>, usize, Head)> {
        if id == Ref::VOID {
            return None;
        }
        let &(at, part) = self.entries.get(id.0 as usize)?;
        let part = &self.parts[part as usize];
        Some((part, at as usize, part.blob.head(at as usize)?))
    }

    /// The reference that the number `id` means in `part`.
    fn reference(&self, part: &Part<'d>, id: u32) -> Ref {
        let Some(before) = id.checked_sub(1) else { return Ref::VOID };
        let base = part.base.and_then(|base| self.parts.get(base));
        let base_count = base.map_or(0, |base| base.count);
        match before.checked_sub(base_count) {
            None => self.relocation.of(Ref(base.map_or(0, |base| base.first) + before)),
            Some(own) if own < part.count => Ref(part.first + own),
            Some(_) => Ref::NOWHERE,
        }
    }

    /// The string at `offset` as seen from `part`, with the section that it is in.
    fn text_in(&self, part: &Part<'d>, offset: u32) -> (&'d [u8], usize) {
        let base = part.base.and_then(|base| self.parts.get(base)).map(|base| base.blob.strings);
        let offset = offset as usize;
        match base {
            Some(strings) if offset < strings.len() => (strings, offset),
            Some(strings) => (part.blob.strings, offset - strings.len()),
            None => (part.blob.strings, offset),
        }
    }

    fn text(&self, part: &Part<'d>, offset: u32) -> &'d [u8] {
        let (strings, offset) = self.text_in(part, offset);
        text_at(strings, offset).unwrap_or_default()
    }

    /// Functions and variables of all parts that describe the file itself.
    pub(super) fn named(&self) -> impl Iterator<Item = Named<'d>> {
        let bases: Vec<usize> = self.parts.iter().filter_map(|part| part.base).collect();
        // The kernel's functions are not the module's.
        let is_own = move |part: usize| bases.is_empty() || self.parts[part].base.is_some();
        self.entries
            .iter()
            .enumerate()
            .skip(1)
            .filter(move |(_, (_, part))| is_own(*part as usize))
            .filter_map(|(_, &(at, part))| {
                let part = &self.parts[part as usize];
                let head = part.blob.head(at as usize)?;
                let (kind, linkage) = match head.kind {
                    kind::FUNC => (RootKind::Function, u32::from(head.count)),
                    kind::VAR => (RootKind::Variable, part.blob.tail(at as usize, &head).u32(0)?),
                    _ => return None,
                };
                let ty = self.reference(part, head.size_or_type);
                Some(Named { name: self.text(part, head.name), kind, ty, linkage })
            })
    }

    /// Heads of the entries of one part.
    pub(super) fn heads(&self, part: usize) -> impl Iterator<Item = (Ref, Head, &'d [u8])> {
        let whole = &self.parts[part];
        (whole.first..whole.first + whole.count).filter_map(move |id| {
            let (part, _, head) = self.entry(Ref(id))?;
            Some((Ref(id), head, self.text(part, head.name)))
        })
    }

    /// Whether every number and name of the first part is its own.
    pub(super) fn stands_alone(&self) -> bool {
        self.parts.first().is_some_and(|part| self.is_sound(part))
    }

    /// Whether the numbers of the second part are its own or of the first, and its names begin where strings begin:
    /// the strings of another kernel are at other places.
    pub(super) fn continues_well(&self) -> bool {
        self.parts.get(1).is_some_and(|part| self.is_sound(part))
    }

    fn is_sound(&self, part: &Part<'d>) -> bool {
        let starts = |offset: u32| {
            let (strings, at) = self.text_in(part, offset);
            match at.checked_sub(1) {
                None => !strings.is_empty() || offset == 0,
                Some(before) => at < strings.len() && strings[before] == 0,
            }
        };
        let is_known = |id: u32| self.reference(part, id) != Ref::NOWHERE;
        (part.first..part.first + part.count).all(|id| {
            let Some((_, at, head)) = self.entry(Ref(id)) else { return false };
            let tail = part.blob.tail(at, &head);
            let is_sized = matches!(
                head.kind,
                kind::INT
                    | kind::ARRAY
                    | kind::STRUCT
                    | kind::UNION
                    | kind::ENUM
                    | kind::ENUM64
                    | kind::FLOAT
            ) || matches!(head.kind, kind::FWD | kind::DATASEC);
            starts(head.name)
                && (is_sized || is_known(head.size_or_type))
                && match head.kind {
                    kind::ARRAY => tail.words().take(2).all(is_known),
                    kind::STRUCT | kind::UNION => {
                        tail.rows().all(|[name, ty, _]: [u32; 3]| starts(name) && is_known(ty))
                    }
                    kind::FUNC_PROTO => tail.rows().all(|[name, ty]: [u32; 2]| starts(name) && is_known(ty)),
                    kind::ENUM => tail.rows().all(|[name, _]: [u32; 2]| starts(name)),
                    kind::ENUM64 => tail.rows().all(|[name, _, _]: [u32; 3]| starts(name)),
                    _ => true,
                }
        })
    }

    /// Width and start of the bits of an integer behind qualifiers and typedefs, when it is narrower than its storage:
    /// the form of bit-fields before `kind_flag`.
    fn narrow_bits(&self, mut id: Ref) -> Option<(u64, u64)> {
        for _ in 0..16 {
            let (part, at, head) = self.entry(id)?;
            match head.kind {
                kind::TYPEDEF | kind::CONST | kind::VOLATILE | kind::RESTRICT | kind::TYPE_TAG => {
                    id = self.reference(part, head.size_or_type);
                }
                kind::INT => {
                    let data = part.blob.tail(at, &head).u32(0)?;
                    let (bits, start) = (u64::from(data & 0xff), u64::from(data >> 16 & 0xff));
                    let is_narrow = bits != u64::from(head.size_or_type) * 8 || start != 0;
                    // One bit of a whole byte is how a truth value may be stated.
                    let is_bool = data >> 24 & int::BOOL != 0;
                    return (is_narrow && !is_bool).then_some((bits, start));
                }
                _ => return None,
            }
        }
        None
    }

    fn members_of(&self, id: Ref) -> (Option<&Part<'d>>, Bytes<'d>, bool) {
        match self.entry(id) {
            Some((part, at, head)) if matches!(head.kind, kind::STRUCT | kind::UNION) => {
                (Some(part), part.blob.tail(at, &head), head.flag)
            }
            _ => (None, NOTHING, false),
        }
    }

    /// Rows of a prototype without the last one of a variadic function, and whether there was one.
    fn prototype(&self, part: &Part<'d>, at: usize, head: &Head) -> (Bytes<'d>, bool) {
        let tail = part.blob.tail(at, head);
        let Some(last) = tail.data.len().checked_sub(8) else { return (tail, false) };
        match (tail.u32(last), tail.u32(last + 4)) {
            (Some(0), Some(0)) => (Bytes { data: &tail.data[..last], ..tail }, true),
            _ => (tail, false),
        }
    }
}

const NOTHING: Bytes<'static> = Bytes { data: &[], is_big: false };

impl Table for BtfTable<'_> {
    fn len(&self) -> usize {
        self.entries.len()
    }

    fn shape(&self, id: Ref) -> Shape<'_> {
        if id == Ref::VOID {
            return Shape::Void;
        }
        let Some((part, at, head)) = self.entry(id) else { return Shape::Broken };
        let target = || self.reference(part, head.size_or_type);
        let name = || self.text(part, head.name);
        let size_bytes = u64::from(head.size_or_type);
        match head.kind {
            kind::INT => {
                let encoding = part.blob.tail(at, &head).u32(0).unwrap_or(0) >> 24;
                Shape::Base { name: name(), size_bytes, encoding: int_encoding(name(), size_bytes, encoding) }
            }
            kind::FLOAT => Shape::Base { name: name(), size_bytes, encoding: float_encoding(name()) },
            kind::PTR => Shape::Pointer(target()),
            kind::CONST => Shape::Qualified(Qualifier::Const, target()),
            kind::VOLATILE => Shape::Qualified(Qualifier::Volatile, target()),
            kind::RESTRICT => Shape::Qualified(Qualifier::Restrict, target()),
            kind::TYPEDEF => Shape::Typedef { name: name(), target: target() },
            kind::TYPE_TAG => Shape::Same(target()),
            kind::ARRAY => {
                let [element, _, count] = part.blob.tail(at, &head).rows().next().unwrap_or([u32::MAX; 3]);
                let count = Some(u64::from(count)).filter(|&count| count != 0);
                Shape::Array { element: self.reference(part, element), count }
            }
            kind::STRUCT | kind::UNION | kind::ENUM | kind::ENUM64 if part.is_extract && head.count == 0 => {
                Shape::Declaration { keyword: keyword(&head), name: name() }
            }
            kind::STRUCT | kind::UNION => {
                let keyword = keyword(&head).unwrap_or(RecordKeyword::Struct);
                Shape::Record { keyword, name: name(), size_bytes }
            }
            // A declared enum is one without enumerators.
            kind::ENUM if head.count == 0 && head.name != 0 => {
                Shape::Declaration { keyword: None, name: name() }
            }
            kind::ENUM | kind::ENUM64 => Shape::Enum { name: name(), size_bytes },
            kind::FWD => Shape::Declaration { keyword: keyword(&head), name: name() },
            kind::FUNC_PROTO => {
                let (parameters, is_variadic) = self.prototype(part, at, &head);
                // C before C23 has no variadic function without a parameter: `f()` says nothing of its parameters.
                let is_prototyped = !(is_variadic && parameters.data.is_empty());
                Shape::Function { returned: target(), is_variadic, is_prototyped }
            }
            _ => Shape::Broken,
        }
    }

    fn members(&self, id: Ref) -> impl Iterator<Item = RawMember<'_>> {
        let (part, rows, has_flag) = self.members_of(id);
        rows.rows().filter_map(move |[name, ty, place]: [u32; 3]| {
            let part = part?;
            let (name, ty) = (self.text(part, name), self.reference(part, ty));
            let (mut offset_bits, mut bit_size) = (u64::from(place), None);
            if has_flag {
                offset_bits = u64::from(place & 0xff_ffff);
                bit_size = Some(u64::from(place >> 24)).filter(|&bits| bits != 0);
            } else if let Some((bits, start)) = self.narrow_bits(ty) {
                offset_bits += start;
                bit_size = Some(bits);
            }
            Some(RawMember { name, ty, offset_bits, bit_size })
        })
    }

    fn parameters(&self, id: Ref) -> impl Iterator<Item = (&[u8], Ref)> {
        let found = self.entry(id).filter(|(_, _, head)| head.kind == kind::FUNC_PROTO);
        let (part, rows) = match found {
            Some((part, at, head)) => (Some(part), self.prototype(part, at, &head).0),
            None => (None, NOTHING),
        };
        rows.rows().filter_map(move |[name, ty]: [u32; 2]| {
            let part = part?;
            Some((self.text(part, name), self.reference(part, ty)))
        })
    }

    fn enumerators(&self, id: Ref) -> impl Iterator<Item = (&[u8], i128)> {
        let found = self.entry(id).filter(|(_, _, head)| matches!(head.kind, kind::ENUM | kind::ENUM64));
        let (is_wide, is_signed) = found.as_ref().map_or((false, false), |(_, _, head)| {
            (head.kind == kind::ENUM64, head.flag || !self.states_signs)
        });
        let part = found.as_ref().map(|(part, _, _)| *part);
        let rows = found.map_or(NOTHING, |(part, at, head)| part.blob.tail(at, &head));
        let row_bytes = if is_wide { 12 } else { 8 };
        rows.data.chunks_exact(row_bytes).filter_map(move |row| {
            let row = Bytes { data: row, is_big: rows.is_big };
            let value = match (row.u32(4)?, row.u32(8)) {
                (low, Some(high)) => {
                    let value = u64::from(low) | u64::from(high) << 32;
                    if is_signed { i128::from(value as i64) } else { i128::from(value) }
                }
                (value, None) if is_signed => i128::from(value as i32),
                (value, None) => i128::from(value),
            };
            Some((self.text(part?, row.u32(0)?), value))
        })
    }

    fn definitions_behind(&self, _: Ref) -> &[Ref] {
        &[]
    }

    fn string_bytes(&self) -> usize {
        self.parts.iter().map(|part| part.blob.strings.len()).sum()
    }

    fn is_innermost_first(&self) -> bool {
        self.is_innermost_first
    }

    fn format(&self) -> &'static str {
        "BTF"
    }
}

/// `None` for an enum. `kind_flag` of a forward declaration means a union; GCC before 14 leaves the kind that CTF has
/// for it (8: an enum) where the kernel wants a 0.
pub(super) fn keyword(head: &Head) -> Option<RecordKeyword> {
    match head.kind {
        kind::UNION => Some(RecordKeyword::Union),
        kind::FWD if head.flag => Some(RecordKeyword::Union),
        kind::FWD if head.size_or_type == 8 => None,
        kind::STRUCT | kind::FWD => Some(RecordKeyword::Struct),
        _ => None,
    }
}

/// Some writers say no more than `signed` of a character, and nothing of a floating-point number. C has no other
/// types of one byte than characters and truth values.
fn int_encoding(name: &[u8], size_bytes: u64, flags: u32) -> BaseEncoding {
    if flags == 0 && (name.ends_with(b"float") || name.ends_with(b"double") || name.starts_with(b"_Float")) {
        return float_encoding(name);
    }
    let is_char = flags & int::CHAR != 0 || size_bytes == 1;
    match (flags & int::BOOL != 0, is_char, flags & int::SIGNED != 0) {
        (true, _, _) => BaseEncoding::Boolean,
        (_, true, true) => BaseEncoding::SignedChar,
        (_, true, false) => BaseEncoding::UnsignedChar,
        (_, false, true) => BaseEncoding::Signed,
        (_, false, false) => BaseEncoding::Unsigned,
    }
}

fn float_encoding(name: &[u8]) -> BaseEncoding {
    let is_complex = name.starts_with(b"complex ") || name.starts_with(b"_Complex ");
    if is_complex { BaseEncoding::ComplexFloat } else { BaseEncoding::Float }
}
