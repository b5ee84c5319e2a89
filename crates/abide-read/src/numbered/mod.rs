//! Types that are numbered in a table: what the readers of BTF and CTF share.
//!
//! Both formats state one list of types that refer to each other by number, and name the functions and variables
//! that have them. A format's own reader decodes entries (`Table`) and says which symbol has which type
//! (`Candidate`); here the exports are matched by name (`roots`), the types that they reach are found (`reach`), and
//! the graph is built with the conventions of the DWARF reader (`build`): named records and enums are met by
//! reference, unnamed types are walked with a bounded depth, a declaration means the definition of that name.

mod build;
mod bytes;
mod file;
mod reach;
mod roots;

use abide_model::{BaseEncoding, ElfClass, ElfFacts, Gap, GapKind, Qualifier, RecordKeyword, TypeGraph};

pub(crate) use bytes::{Bytes, text_at};
pub(crate) use file::{File, Section, byte_order};
pub(crate) use roots::{Candidate, Exports, Rank};

/// Index of a type among all types of a table; 0 is `void`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Ref(pub(crate) u32);

impl Ref {
    /// No type: C's `void`.
    pub(crate) const VOID: Ref = Ref(0);
    /// A number that the table does not have.
    pub(crate) const NOWHERE: Ref = Ref(u32::MAX);
}

/// What an entry is, without its list of members, parameters or enumerators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape<'d> {
    Void,
    Base {
        name: &'d [u8],
        size_bytes: u64,
        encoding: BaseEncoding,
    },
    Pointer(Ref),
    Qualified(Qualifier, Ref),
    Typedef {
        name: &'d [u8],
        target: Ref,
    },
    /// One dimension; no count: flexible, unknown, or zero.
    Array {
        element: Ref,
        count: Option<u64>,
    },
    Function {
        returned: Ref,
        is_variadic: bool,
        is_prototyped: bool,
    },
    /// A definition, named or not (then the name is empty).
    Record {
        keyword: RecordKeyword,
        name: &'d [u8],
        size_bytes: u64,
    },
    /// A definition, named or not.
    Enum {
        name: &'d [u8],
        size_bytes: u64,
    },
    /// `None`: an enum.
    Declaration {
        keyword: Option<RecordKeyword>,
        name: &'d [u8],
    },
    /// What it refers to, as far as storage goes (a type tag).
    Same(Ref),
    /// The writer met a type for which the format has no form.
    Inexpressible,
    /// No type at all, or one that makes no sense.
    Broken,
}

/// A member as stored, with the bit-field forms of the format resolved.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RawMember<'d> {
    pub(crate) name: &'d [u8],
    pub(crate) ty: Ref,
    pub(crate) offset_bits: u64,
    pub(crate) bit_size: Option<u64>,
}

/// The types of one file.
pub(crate) trait Table {
    /// Number of references that mean something, with `void`.
    fn len(&self) -> usize;
    /// What the entry is.
    fn shape(&self, id: Ref) -> Shape<'_>;
    /// Members of a record, in order; empty for anything else.
    fn members(&self, id: Ref) -> impl Iterator<Item = RawMember<'_>>;
    /// Parameters of a function, without the mark of a variadic one.
    fn parameters(&self, id: Ref) -> impl Iterator<Item = (&[u8], Ref)>;
    /// Enumerators of an enum.
    fn enumerators(&self, id: Ref) -> impl Iterator<Item = (&[u8], i128)>;
    /// Definitions that a declaration stands for although nothing else leads to them.
    fn definitions_behind(&self, declaration: Ref) -> &[Ref];
    /// Bytes of all strings, which bound what names may take.
    fn string_bytes(&self) -> usize;
    /// Whether nested arrays are stated innermost first.
    fn is_innermost_first(&self) -> bool;
    /// Name of the format for messages.
    fn format(&self) -> &'static str;

    /// Whether an object of this type cannot exist: `void` behind typedefs and qualifiers. Writers leave it where
    /// they had no form for the real type.
    fn is_void(&self, mut id: Ref) -> bool {
        for _ in 0..16 {
            match self.shape(id) {
                Shape::Void => return true,
                Shape::Qualified(_, target) | Shape::Typedef { target, .. } | Shape::Same(target) => {
                    id = target
                }
                _ => return false,
            }
        }
        false
    }
}

/// Builds the graph of the exports that `exports` found candidates for, and says what is missing in it.
pub(crate) fn graph<T: Table>(
    table: &T,
    exports: Exports<'_, '_>,
    elf: &ElfFacts,
    gaps: &mut Vec<Gap>,
) -> TypeGraph {
    let found = exports.matched(table);
    let format = table.format();
    let untyped = [
        (&found.contradicted, "have several different types"),
        (&found.shared, "belong to several exported symbols at different addresses"),
    ];
    for (names, what) in untyped.into_iter().filter(|(names, _)| !names.is_empty()) {
        let detail = format!(
            "{} exported names {what} in {format}, and have none here: {}",
            names.len(),
            listed(names)
        );
        gaps.push(gap(GapKind::UntypedSymbols, detail));
    }
    let reached = reach::reach(table, found.roots.iter().map(|root| root.ty));
    let pointer_bytes = if elf.class == ElfClass::Elf32 { 4 } else { 8 };
    let built = build::build(table, &found.roots, reached, pointer_bytes);
    for (count, kind, what) in [
        (built.broken, GapKind::BrokenDebugInfo, "references or entries could not be followed"),
        (built.inexpressible, GapKind::BrokenDebugInfo, "types are missing that the format has no form for"),
        (
            built.refused_names,
            GapKind::LimitReached,
            "names were left out, since they take more room than the strings",
        ),
    ] {
        if count > 0 {
            gaps.push(gap(kind, format!("{count} {what} ({format})")));
        }
    }
    built.graph
}

/// The first of some names.
fn listed(names: &[&[u8]]) -> String {
    let shown: Vec<_> = names.iter().take(8).map(|name| String::from_utf8_lossy(name)).collect();
    let more = if names.len() > shown.len() { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// A gap without a subject.
pub(crate) fn gap(kind: GapKind, detail: String) -> Gap {
    Gap { kind, subject: Default::default(), detail }
}
