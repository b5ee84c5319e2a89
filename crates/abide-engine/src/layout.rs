//! Sizes and alignments of types, as far as a graph tells them.
//!
//! Sizes of records and enums are facts; alignments that debug information does not state are derived from the
//! members, the way the psABIs lay records out.

use abide_model::{BaseEncoding, RecordKeyword, RecordType, TypeGraph, TypeId, TypeKind};

/// Nesting beyond which nothing is derived: real types nest by value a dozen deep.
const DEEPEST: usize = 64;

/// Largest alignment of a scalar on the 64-bit psABIs.
pub(crate) const SCALAR_ALIGNMENT: u64 = 16;

/// `sizeof`; `None` for functions, incomplete types and what is too deep or too large.
pub(crate) fn size_of(graph: &TypeGraph, ty: TypeId) -> Option<u64> {
    let (mut ty, mut factor) = (ty, 1u64);
    for _ in 0..DEEPEST * 16 {
        let size = match graph.kind(ty) {
            TypeKind::Typedef { target, .. } | TypeKind::Qualified { target, .. } => {
                ty = *target;
                continue;
            }
            TypeKind::Array { element, dimensions, .. } => {
                // A flexible array has no size of its own.
                let count = dimensions.iter().try_fold(1u64, |n, d| n.checked_mul(d.unwrap_or(0)))?;
                factor = factor.checked_mul(count)?;
                ty = *element;
                continue;
            }
            TypeKind::Base(base) => base.size_bytes,
            TypeKind::Pointer { size_bytes, .. } => *size_bytes,
            TypeKind::Record(record) => record.size_bytes,
            TypeKind::Enum(e) => e.size_bytes,
            TypeKind::Opaque { size_bytes, .. } => (*size_bytes)?,
            // Itanium C++ ABI §2.3: a data member pointer is a ptrdiff_t, a function one is two words. The word
            // is taken for 8 bytes, since both sides of a comparison are wrong alike where it is not.
            TypeKind::MemberPointer { target, .. } => match graph.kind(*target) {
                TypeKind::Function(_) => 16,
                _ => 8,
            },
            _ => return None,
        };
        return size.checked_mul(factor);
    }
    None
}

/// Types that one derivation may visit: a hostile record that contains itself twice would take exponential time.
const MOST_VISITED: u32 = 20_000;

/// `alignof`, stated or derived; `None` where `sizeof` is none.
///
/// `scalar` is the largest alignment that the psABI gives a scalar (4 on i386, for example).
pub(crate) fn align_of(graph: &TypeGraph, ty: TypeId, scalar: u64) -> Option<u64> {
    Aligner { graph, scalar, budget: MOST_VISITED }.align(ty, 0)
}

struct Aligner<'a> {
    graph: &'a TypeGraph,
    scalar: u64,
    budget: u32,
}

impl Aligner<'_> {
    fn align(&mut self, ty: TypeId, depth: usize) -> Option<u64> {
        self.budget = self.budget.checked_sub(1)?;
        if depth > DEEPEST {
            return None;
        }
        let scalar = self.scalar;
        let by_size = |size: u64| Some(size.clamp(1, scalar));
        match self.graph.kind(ty) {
            TypeKind::Typedef { target, .. } | TypeKind::Qualified { target, .. } => {
                self.align(*target, depth + 1)
            }
            TypeKind::Array { element, .. } => self.align(*element, depth + 1),
            TypeKind::Base(base) if base.encoding == BaseEncoding::ComplexFloat => {
                by_size(base.size_bytes / 2)
            }
            TypeKind::Base(base) => by_size(base.size_bytes),
            TypeKind::Pointer { size_bytes, .. } => by_size(*size_bytes),
            TypeKind::Enum(e) => by_size(e.size_bytes),
            TypeKind::MemberPointer { .. } => by_size(8),
            TypeKind::Record(record) => self.record(record, depth),
            _ => None,
        }
    }

    /// The stated alignment, or the largest of the parts as far as size and offsets allow it.
    fn record(&mut self, record: &RecordType, depth: usize) -> Option<u64> {
        if let Some(stated) = record.alignment_bytes {
            return Some(stated.max(1));
        }
        // A packed record shows itself by an offset or size that is no multiple of the natural alignment.
        let mut largest = 1;
        let bases = record.bases.iter().map(|b| (b.ty, b.offset_bytes.unwrap_or(0)));
        let members =
            record.members.iter().filter(|m| m.bit_size.is_none()).map(|m| (m.ty, m.offset_bits / 8));
        for (ty, offset) in bases.chain(members) {
            let natural = self.align(ty, depth + 1)?;
            largest = largest.max(fitting(natural, offset));
        }
        Some(fitting(largest, record.size_bytes))
    }
}

/// The largest power of two up to `align` that divides `value`.
fn fitting(align: u64, value: u64) -> u64 {
    if value == 0 { align } else { align.min(1 << value.trailing_zeros()) }
}

/// Size of a record that ends after its last part, rounded up to its alignment.
pub(crate) fn natural_size(graph: &TypeGraph, record: &RecordType) -> u64 {
    let end = end_bits(graph, record).div_ceil(8);
    let parts = record.bases.iter().map(|b| b.ty).chain(record.members.iter().map(|m| m.ty));
    let align = parts.filter_map(|ty| align_of(graph, ty, SCALAR_ALIGNMENT)).max().unwrap_or(1);
    let align = align.max(record.alignment_bytes.unwrap_or(1)).max(1);
    // Itanium C++ ABI §2.4: an empty class has size 1; an empty C struct (GNU) 0.
    end.div_ceil(align) * align
}

/// Bit offset at which a part of type `ty` comes to lie after those that are there.
pub(crate) fn next_offset(graph: &TypeGraph, record: &RecordType, ty: TypeId) -> u64 {
    if record.keyword == RecordKeyword::Union {
        return 0;
    }
    let align = align_of(graph, ty, SCALAR_ALIGNMENT).unwrap_or(1).max(1);
    end_bits(graph, record).div_ceil(align * 8) * align * 8
}

/// Bit after the last part.
pub(crate) fn end_bits(graph: &TypeGraph, record: &RecordType) -> u64 {
    let bits = |ty: TypeId| size_of(graph, ty).unwrap_or(0).saturating_mul(8);
    let bases = record
        .bases
        .iter()
        .filter_map(|b| Some(b.offset_bytes?.saturating_mul(8).saturating_add(bits(b.ty))));
    let members =
        record.members.iter().map(|m| m.offset_bits.saturating_add(m.bit_size.unwrap_or_else(|| bits(m.ty))));
    bases.chain(members).max().unwrap_or(0)
}
