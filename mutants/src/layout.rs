//! Sizes and holes of generated records by the x86-64 psABI §3.1.2: where a member fits into padding.

use crate::model::{Library, Pointee, Record, Ty};

/// Size and alignment; `None` for what is not computed here (bit-fields).
pub fn of(library: &Library, ty: &Ty) -> Option<(u64, u64)> {
    match ty {
        Ty::Int(scalar) => Some((scalar.size(), scalar.size())),
        Ty::Enum(index) => {
            let e = &library.enums[*index];
            let size = if e.packed { 1 } else { e.underlying.map_or(4, |u| u.size()) };
            Some((size, size))
        }
        Ty::Rec(index) => record(library, &library.records[*index]).map(|l| (l.size, l.align)),
        Ty::Arr(element, dimensions) => {
            let (size, align) = of(library, element)?;
            Some((size * dimensions.iter().product::<u64>(), align))
        }
        Ty::Flex(scalar, is_one) => Some((if *is_one { scalar.size() } else { 0 }, scalar.size())),
        Ty::Ptr(Pointee::Void | Pointee::Char | Pointee::Int(_) | Pointee::Rec(_), _) | Ty::Fn(_) => {
            Some((8, 8))
        }
        Ty::Alias(index) => of(library, &library.aliases[*index].target),
    }
}

/// A record's layout.
pub struct Layout {
    /// Size in bytes.
    pub size: u64,
    /// Alignment in bytes.
    pub align: u64,
    /// Unused bytes before the member with this index (the number of members: at the end), and where they begin.
    pub holes: Vec<(usize, u64, u64)>,
}

/// The layout of a record without bit-fields.
pub fn record(library: &Library, record: &Record) -> Option<Layout> {
    let (mut at, mut largest, mut align) = (0u64, 0u64, 1u64);
    let mut holes = Vec::new();
    for (index, member) in record.members.iter().enumerate() {
        if member.bits.is_some() {
            return None;
        }
        let (size, natural) = of(library, &member.ty)?;
        let natural = if record.packed { 1 } else { natural };
        let own = natural.max(member.align.map_or(1, u64::from));
        align = align.max(own);
        if record.is_union {
            largest = largest.max(size);
            continue;
        }
        let start = at.next_multiple_of(own);
        if start > at {
            holes.push((index, at, start - at));
        }
        at = start + size;
    }
    let end = if record.is_union { largest } else { at };
    let align = align.max(record.align.map_or(1, u64::from));
    let size = end.next_multiple_of(align);
    if size > end && !record.is_union {
        holes.push((record.members.len(), end, size - end));
    }
    Some(Layout { size, align, holes })
}
