//! Data members of a record as suppressions see them.

use abide_model::{RecordType, TypeGraph, TypeId, TypeKind};
use bstr::BStr;

use crate::layout;

/// Nesting of unnamed members that is looked through.
const DEEPEST: usize = 16;

/// Members of one record that are looked at.
const MOST: usize = 1 << 16;

/// A data member; those of unnamed structs and unions count as the record's own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field<'a> {
    pub(super) name: Option<&'a BStr>,
    /// Bits from the start of the record.
    pub(super) offset: u64,
    /// Width in bits.
    pub(super) width: u64,
    /// `[]`.
    pub(super) is_flexible: bool,
    /// `[0]` or `[1]`, which older sources wrote instead.
    pub(super) is_fake_flexible: bool,
}

impl Field<'_> {
    /// The first bit behind the member.
    pub(super) fn end(&self) -> u64 {
        self.offset.saturating_add(self.width)
    }
}

/// All data members that sources name.
pub(super) fn fields<'a>(graph: &'a TypeGraph, record: &'a RecordType) -> Vec<Field<'a>> {
    let mut out = Vec::new();
    collect(graph, record, 0, 0, &mut out);
    out
}

fn collect<'a>(
    graph: &'a TypeGraph,
    record: &'a RecordType,
    at: u64,
    depth: usize,
    out: &mut Vec<Field<'a>>,
) {
    for member in record.members.iter().filter(|m| !m.is_artificial) {
        if out.len() >= MOST {
            return;
        }
        let offset = at.saturating_add(member.offset_bits);
        let core = peel(graph, member.ty);
        match graph.kind(core) {
            TypeKind::Record(inner) if member.name.is_none() && depth < DEEPEST => {
                collect(graph, inner, offset, depth + 1, out);
            }
            _ if member.name.is_none() => {}
            kind => {
                let outer = match kind {
                    TypeKind::Array { dimensions, .. } => dimensions.first().copied(),
                    _ => None,
                };
                let size = || layout::size_of(graph, member.ty).unwrap_or(0).saturating_mul(8);
                out.push(Field {
                    name: member.name.map(|n| graph.str(n)),
                    offset,
                    width: member.bit_size.unwrap_or_else(size),
                    is_flexible: outer == Some(None),
                    is_fake_flexible: matches!(outer, Some(Some(0 | 1))),
                });
            }
        }
    }
}

/// The type behind typedefs and qualifiers.
pub(super) fn peel(graph: &TypeGraph, mut ty: TypeId) -> TypeId {
    for _ in 0..1000 {
        match graph.kind(ty) {
            TypeKind::Typedef { target, .. } | TypeKind::Qualified { target, .. } => ty = *target,
            _ => break,
        }
    }
    ty
}

/// What came and went between two records, by name.
#[derive(Debug, Default)]
pub(super) struct Turnover {
    /// Offsets of members that only the new record has.
    pub(super) inserted: Vec<u64>,
    /// Whether a member went away and no new one took its place.
    pub(super) has_deleted: bool,
}

/// Compares the members of two records by name. A member whose place a new one took was replaced, not deleted.
pub(super) fn turnover(old: &[Field<'_>], new: &[Field<'_>]) -> Turnover {
    use rustc_hash::FxHashSet;
    let names = |fields: &[Field<'_>]| -> FxHashSet<Vec<u8>> {
        fields.iter().filter_map(|f| f.name).map(|n| n.to_vec()).collect()
    };
    let (before, after) = (names(old), names(new));
    let is_in =
        |f: &Field<'_>, all: &FxHashSet<Vec<u8>>| f.name.is_some_and(|n| all.contains(n.as_ref() as &[u8]));
    let mut inserted: Vec<u64> = new.iter().filter(|f| !is_in(f, &before)).map(|f| f.offset).collect();
    inserted.sort_unstable();
    let replaced = |f: &Field<'_>| {
        let next = inserted.partition_point(|&offset| offset < f.offset);
        inserted.get(next).is_some_and(|&offset| offset == f.offset || offset < f.end())
    };
    let has_deleted = old.iter().any(|f| !is_in(f, &after) && !replaced(f));
    Turnover { inserted, has_deleted }
}
