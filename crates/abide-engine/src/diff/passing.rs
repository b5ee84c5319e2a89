//! In which registers a record travels, as far as two layouts of one size may differ in it.
//!
//! Records of up to two words travel in registers by the kind of their parts (x86-64 psABI §3.2.3: each eightbyte
//! is INTEGER or SSE), records of up to four equal floating-point parts in vector registers (AAPCS64 §6.8.2:
//! homogeneous aggregates; also ELFv2 and s390x). So a float where an int was, or an int in what was padding
//! beside a float, moves the argument to another register though no offset and no size changed.

use std::fmt;

use abide_model::{BaseEncoding, PassBy, TypeId, TypeKind};

use super::{Differ, Side};
use crate::layout;

/// Bytes beyond which every ABI passes a record in memory or by address: four quad-precision parts.
const LARGEST: u64 = 64;

/// Types that may be looked at, and nesting; beyond, nothing is said.
const MOST_VISITED: u32 = 1000;
const DEEPEST: usize = 16;

/// A scalar inside a record: offset and size in bits, and what it is.
type Leaf = (u64, u64, Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Integer,
    Float,
    Complex,
    Vector,
}

/// How a record travels; printed for readers.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Class {
    /// Per eightbyte of a record of at most 16 bytes: whether it is floating point throughout.
    eightbytes: Option<Vec<bool>>,
    /// Size and number of the parts of a homogeneous floating-point aggregate.
    homogeneous: Option<(u64, usize)>,
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((bits, count)) = self.homogeneous {
            return write!(f, "{count} × {}-byte floating point", bits / 8);
        }
        let Some(eightbytes) = &self.eightbytes else { return f.write_str("in memory") };
        let words: Vec<&str> = eightbytes.iter().map(|&v| if v { "vector" } else { "general" }).collect();
        f.write_str(&words.join(" and "))
    }
}

impl Differ<'_> {
    /// Whether two records of one size travel differently; false when that cannot be told.
    pub(super) fn passes_differently(&self, old: TypeId, new: TypeId) -> bool {
        match (classify(self.old, old), classify(self.new, new)) {
            (Some(a), Some(b)) => a != b,
            _ => false,
        }
    }

    /// How two records travel, in words.
    pub(super) fn passing_words(&self, old: TypeId, new: TypeId) -> (String, String) {
        let text = |class: Option<Class>| class.map_or("unknown".to_string(), |c| c.to_string());
        (text(classify(self.old, old)), text(classify(self.new, new)))
    }

    /// Whether two types of different kinds consist of the same scalars: `struct { int x; }` and `int`.
    pub(super) fn same_leaves(&self, old: TypeId, new: TypeId) -> bool {
        match (leaves(self.old, old), leaves(self.new, new)) {
            (Some(a), Some(b)) => !a.is_empty() && a == b,
            _ => false,
        }
    }
}

/// How a record is passed: as the debug information states it, or by address because something inside it is
/// (Itanium C++ ABI §3.1.1: a class with a non-trivial member or base is not trivial itself).
///
/// GCC states it of no class, and the reader of debug information finds out only what the class itself declares.
pub(super) fn pass_by(side: &Side<'_>, ty: TypeId) -> Option<PassBy> {
    let mut budget = MOST_VISITED;
    by_address(side, ty, 0, &mut budget)
}

fn by_address(side: &Side<'_>, ty: TypeId, depth: usize, budget: &mut u32) -> Option<PassBy> {
    *budget = budget.checked_sub(1)?;
    if depth > DEEPEST {
        return None;
    }
    match side.kind(ty) {
        TypeKind::Typedef { target, .. } | TypeKind::Qualified { target, .. } => {
            by_address(side, *target, depth + 1, budget)
        }
        TypeKind::Array { element, .. } => by_address(side, *element, depth + 1, budget),
        TypeKind::Record(record) if record.pass_by.is_some() => record.pass_by,
        // The copy constructor of a class with virtual functions or bases is not trivial ([class.copy.ctor]).
        TypeKind::Record(record)
            if !record.virtual_methods.is_empty() || record.bases.iter().any(|b| b.is_virtual) =>
        {
            Some(PassBy::Reference)
        }
        TypeKind::Record(record) => {
            let parts = record.bases.iter().map(|b| b.ty).chain(record.members.iter().map(|m| m.ty));
            let mut parts = parts.map(|part| by_address(side, part, depth + 1, budget));
            parts.find(|p| *p == Some(PassBy::Reference)).flatten()
        }
        _ => None,
    }
}

fn classify(side: &Side<'_>, ty: TypeId) -> Option<Class> {
    let size = layout::size_of(side.graph, ty)?;
    let leaves = leaves(side, ty)?;
    let eightbytes = (size <= 16).then(|| {
        (0..size.div_ceil(8))
            .map(|i| {
                let within = |l: &&Leaf| l.0 / 64 == i || (l.0 < i * 64 && l.0 + l.1 > i * 64);
                leaves.iter().filter(within).all(|l| l.2 != Kind::Integer)
            })
            .collect()
    });
    let all_float = leaves.iter().all(|l| matches!(l.2, Kind::Float | Kind::Vector));
    let first = leaves.first()?;
    let homogeneous = (all_float && leaves.len() <= 4 && leaves.iter().all(|l| l.1 == first.1))
        .then_some((first.1, leaves.len()));
    Some(Class { eightbytes, homogeneous })
}

/// All scalars of a small type, sorted; `None` when it is too large or not known in full.
fn leaves(side: &Side<'_>, ty: TypeId) -> Option<Vec<Leaf>> {
    if layout::size_of(side.graph, ty)? > LARGEST {
        return None;
    }
    let mut out = Leaves { list: Vec::new(), budget: MOST_VISITED };
    collect(side, ty, 0, 0, &mut out)?;
    out.list.sort_unstable();
    out.list.dedup();
    Some(out.list)
}

/// Scalars found so far, and how many types may still be looked at.
struct Leaves {
    list: Vec<Leaf>,
    budget: u32,
}

fn collect(side: &Side<'_>, ty: TypeId, at: u64, depth: usize, out: &mut Leaves) -> Option<()> {
    out.budget = out.budget.checked_sub(1)?;
    if depth > DEEPEST {
        return None;
    }
    let bits = || layout::size_of(side.graph, ty).and_then(|s| s.checked_mul(8));
    match side.kind(ty) {
        TypeKind::Typedef { target, .. } | TypeKind::Qualified { target, .. } => {
            collect(side, *target, at, depth + 1, out)
        }
        TypeKind::Base(base) => {
            let kind = match base.encoding {
                BaseEncoding::Float => Kind::Float,
                BaseEncoding::ComplexFloat => Kind::Complex,
                _ => Kind::Integer,
            };
            out.list.push((at, bits()?, kind));
            Some(())
        }
        TypeKind::Pointer { .. } | TypeKind::Enum(_) => {
            out.list.push((at, bits()?, Kind::Integer));
            Some(())
        }
        TypeKind::Array { is_vector: true, .. } => {
            out.list.push((at, bits()?, Kind::Vector));
            Some(())
        }
        TypeKind::Array { element, .. } => {
            let step = layout::size_of(side.graph, *element)?.checked_mul(8).filter(|&s| s > 0)?;
            (0..bits()? / step).try_for_each(|i| {
                collect(side, *element, at.checked_add(i.checked_mul(step)?)?, depth + 1, out)
            })
        }
        TypeKind::Record(record) => {
            for base in &record.bases {
                let offset = base.offset_bytes?.checked_mul(8)?;
                collect(side, base.ty, at.checked_add(offset)?, depth + 1, out)?;
            }
            for member in &record.members {
                let offset = at.checked_add(member.offset_bits)?;
                match member.bit_size {
                    Some(bits) => out.list.push((offset, bits, Kind::Integer)),
                    None => collect(side, member.ty, offset, depth + 1, out)?,
                }
            }
            // A union's parts overlap; they are sorted with the others.
            Some(())
        }
        _ => None,
    }
}
