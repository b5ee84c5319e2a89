//! Two definitions of a struct, class or union: everything but members and virtual functions.

use abide_model::{Base, BaseEncoding, PassBy, RecordKeyword, RecordType, TypeId, TypeKind};

use super::place::Role;
use super::{Differ, Inside, Side, Via, passing, words};
use crate::change::{Change, Fact, QualifierTurn, Reach};
use crate::symbols::bytes;
use crate::{layout, names, spell};

/// Two records with their ids.
#[derive(Clone, Copy)]
pub(super) struct Records<'a> {
    pub(super) old: TypeId,
    pub(super) new: TypeId,
    pub(super) a: &'a RecordType,
    pub(super) b: &'a RecordType,
}

impl<'a> Differ<'a> {
    /// Compares the two records of the node at hand.
    pub(super) fn records(&mut self, inside: &mut Inside, pair: Records<'a>) {
        let size_at = inside.changes.len();
        self.keyword(inside, pair);
        self.base_classes(inside, pair);
        self.virtual_functions(inside, pair);
        let reason = self.members(inside, pair);
        self.passing(inside, pair);
        // Size and alignment come first: they say most in the fewest words.
        let rest = inside.changes.split_off(size_at);
        self.size(inside, pair, reason);
        self.alignment(inside, pair);
        inside.changes.extend(rest);
        self.name_change(inside, pair.old, pair.new);
    }

    fn size(&self, inside: &mut Inside, pair: Records<'a>, because: Option<String>) {
        let (was, is) = (pair.a.size_bytes, pair.b.size_bytes);
        if was != is {
            let verb = if is > was { "grew" } else { "shrank" };
            let clause = format!("{verb} from {was} to {}", bytes(is));
            let change = Change::new(Fact::RecordSize, "size", clause).values(bytes(was), bytes(is));
            inside.change(Change { because, ..change });
        }
    }

    fn alignment(&self, inside: &mut Inside, pair: Records<'a>) {
        if self.old.is_compact != self.new.is_compact {
            return;
        }
        let align = |side: &Side<'_>, ty| layout::align_of(side.graph, ty, side.scalar_alignment);
        let (Some(was), Some(is)) = (align(self.old, pair.old), align(self.new, pair.new)) else { return };
        if was != is {
            let clause = format!("the alignment changed from {was} to {}", bytes(is));
            inside.change(Change::new(Fact::Alignment, "alignment", clause).values(bytes(was), bytes(is)));
        }
    }

    fn keyword(&self, inside: &mut Inside, pair: Records<'a>) {
        let is_union = |r: &RecordType| r.keyword == RecordKeyword::Union;
        if is_union(pair.a) != is_union(pair.b) {
            let matters = pair.a.members.len().max(pair.b.members.len()) > 1;
            let (was, is) = (spell::keyword(pair.a.keyword), spell::keyword(pair.b.keyword));
            let clause = format!("was a {was} and is a {is}");
            inside.change(Change::new(Fact::RecordKeyword { matters }, "keyword", clause).values(was, is));
        }
    }

    fn base_classes(&mut self, inside: &mut Inside, pair: Records<'a>) {
        let (old, new) = (&pair.a.bases, &pair.b.bases);
        let partner = |base: &Base| {
            let name = base_name(self.old, base);
            new.iter().position(|other| base_name(self.new, other) == name)
        };
        let partners: Vec<Option<usize>> = old.iter().map(partner).collect();
        for (base, partner) in old.iter().zip(&partners) {
            match partner {
                Some(at) => self.base_pair(inside, base, &new[*at]),
                None => {
                    let name = class_name(self.old, base.ty);
                    let fact = Fact::BaseRemoved { empty: is_empty(self.old, base.ty) };
                    let change = Change::new(fact, "base class", format!("base class {name} was removed"));
                    inside.change(change.gone(format!("{name} at{}", base_place(base))));
                }
            }
        }
        for (at, base) in new.iter().enumerate() {
            if !partners.contains(&Some(at)) {
                let name = class_name(self.new, base.ty);
                let fact = Fact::BaseAdded { empty: is_empty(self.new, base.ty) };
                let change = Change::new(fact, "base class", format!("base class {name} was added"));
                inside.change(change.came(format!("{name} at{}", base_place(base))));
            }
        }
        let kept: Vec<usize> = partners.into_iter().flatten().collect();
        if !kept.is_sorted() {
            let order = |side: &Side<'_>, bases: &[Base]| {
                let names: Vec<String> = bases.iter().map(|b| class_name(side, b.ty)).collect();
                names.join(", ")
            };
            let (was, is) = (order(self.old, old), order(self.new, new));
            let clause = format!("the base classes are in another order: {is} instead of {was}");
            inside.change(Change::new(Fact::BaseMoved, "order of base classes", clause).values(was, is));
        }
    }

    fn base_pair(&mut self, inside: &mut Inside, a: &Base, b: &Base) {
        if (a.offset_bytes, a.is_virtual) != (b.offset_bytes, b.is_virtual) {
            let name = class_name(self.old, a.ty);
            let (was, is) = (base_place(a), base_place(b));
            let clause = format!("base class {name} moved from{was} to{is}");
            let change = Change::new(Fact::BaseMoved, format!("place of base class {name}"), clause);
            inside.change(change.values(was.trim_start(), is.trim_start()));
        }
        inside.step(Via::Base, a.ty, Reach::Same, |inside| self.place(inside, a.ty, b.ty, Role::Other));
    }

    /// How objects of the record are passed, where size and members alone do not tell.
    fn passing(&self, inside: &mut Inside, pair: Records<'a>) {
        let (a, b) = (pair.a, pair.b);
        // A class of which nothing is stated and in which nothing is non-trivial is passed by value.
        let pass_by = |side, ty| passing::pass_by(side, ty).unwrap_or(PassBy::Value);
        match (pass_by(self.old, pair.old), pass_by(self.new, pair.new)) {
            (was, is) if was != is => {
                let text = |p| match p {
                    PassBy::Value => "in registers or as a copy",
                    PassBy::Reference => "by the address of a temporary",
                };
                let verb = if is == PassBy::Reference { "is no longer" } else { "became" };
                let clause =
                    format!("{verb} trivial for calls: it was passed {} and is {}", text(was), text(is));
                let change = Change::new(Fact::Triviality, "passed by value", clause);
                inside.change(change.values(text(was), text(is)));
            }
            _ if a.size_bytes == b.size_bytes && self.passes_differently(pair.old, pair.new) => {
                let (was, is) = self.passing_words(pair.old, pair.new);
                let clause = "travels in other registers when it is passed by value";
                inside.change(Change::new(Fact::ArgumentClass, "argument registers", clause).values(was, is));
            }
            _ => {}
        }
    }

    /// Whether another type was put in the place of one that is still there under its name, so that the place
    /// changed and not the type. Types of one layout do not count: which of them is meant is only a name.
    pub(super) fn is_substituted(&self, old: TypeId, new: TypeId) -> bool {
        let (Some(x), Some(y)) = (self.old.tag_name(old), self.new.tag_name(new)) else { return false };
        !names::same(x, y) && (self.new.has_tag(x) || self.old.has_tag(y)) && !self.has_same_layout(old, new)
    }

    /// Whether two records have the same members at the same places.
    fn has_same_layout(&self, old: TypeId, new: TypeId) -> bool {
        let (TypeKind::Record(a), TypeKind::Record(b)) = (self.old.kind(old), self.new.kind(new)) else {
            return false;
        };
        let same_bases = a.bases.len() == b.bases.len()
            && a.bases
                .iter()
                .zip(&b.bases)
                .all(|(x, y)| x.offset_bytes == y.offset_bytes && self.old.hash(x.ty) == self.new.hash(y.ty));
        let same_members = a.members.len() == b.members.len()
            && a.members.iter().zip(&b.members).all(|(x, y)| {
                (x.offset_bits, x.bit_size) == (y.offset_bits, y.bit_size)
                    && self.has_same_shape(x.ty, y.ty, SHAPE_DEPTH)
            });
        a.size_bytes == b.size_bytes
            && same_bases
            && same_members
            && a.virtual_methods.len() == b.virtual_methods.len()
    }

    /// Whether two types are one apart from typedefs, qualifiers and spellings of the same number.
    fn has_same_shape(&self, old: TypeId, new: TypeId, depth: u32) -> bool {
        let (a, b) = (core(self.old, old), core(self.new, new));
        if self.old.hash(a) == self.new.hash(b) {
            return true;
        }
        let Some(depth) = depth.checked_sub(1) else { return false };
        match (self.old.kind(a), self.new.kind(b)) {
            (TypeKind::Base(x), TypeKind::Base(y)) => {
                (x.encoding, x.size_bytes) == (y.encoding, y.size_bytes)
                    && (x.encoding != BaseEncoding::Float
                        || names::same_format(self.old.str(x.name), self.new.str(y.name)))
            }
            (
                TypeKind::Pointer { kind: x, target: t, size_bytes: s },
                TypeKind::Pointer { kind: y, target: u, size_bytes: r },
            ) => x == y && s == r && self.has_same_shape(*t, *u, depth),
            (
                TypeKind::Array { element: e, dimensions: x, is_vector: v },
                TypeKind::Array { element: f, dimensions: y, is_vector: w },
            ) => x == y && v == w && self.has_same_shape(*e, *f, depth),
            _ => false,
        }
    }

    /// Another name: the same layout renamed, or another type in its place.
    pub(super) fn name_change(&self, inside: &mut Inside, old: TypeId, new: TypeId) {
        let name = |side: &Side<'a>, ty| side.tag_name(ty);
        let (was, is) = (name(self.old, old), name(self.new, new));
        let (Some(x), Some(y)) = (was, is) else {
            if was.is_some() != is.is_some() {
                self.renamed(inside, old, new);
            }
            return;
        };
        if names::same(x, y) {
            return;
        }
        if inside.changes.iter().all(|c| is_cosmetic(&c.fact)) {
            return self.renamed(inside, old, new);
        }
        self.replaced(inside, old, new, false);
    }

    fn renamed(&self, inside: &mut Inside, old: TypeId, new: TypeId) {
        let (was, is) = (spell::spell(self.old.graph, old), spell::spell(self.new.graph, new));
        let clause = format!("{is} stands in its place, with the same layout");
        inside.changes.insert(0, Change::new(Fact::TypeRenamed, "name", clause).values(was, is));
    }

    /// Another type stands here: comparing the insides of unrelated types would be noise.
    pub(super) fn replaced(&self, inside: &mut Inside, old: TypeId, new: TypeId, incomplete: bool) {
        inside.changes.clear();
        inside.leads.clear();
        let is = spell::spell(self.new.graph, new);
        let clause = format!("{is} stands in its place");
        let (was, is) = (words::layout(self.old.graph, old), words::layout(self.new.graph, new));
        inside.change(Change::new(Fact::TypeReplaced { incomplete }, "type", clause).values(was, is));
    }
}

/// Pointers and arrays that are looked through when two layouts are compared.
const SHAPE_DEPTH: u32 = 8;

/// A type without typedefs and qualifiers.
fn core(side: &Side<'_>, mut ty: TypeId) -> TypeId {
    // A hostile graph may have a cycle of typedefs.
    for _ in 0..side.graph.nodes.len().min(1000) {
        match side.kind(ty) {
            TypeKind::Typedef { target, .. } | TypeKind::Qualified { target, .. } => ty = *target,
            _ => break,
        }
    }
    ty
}

/// Differences that leave layout and meaning of every byte alone.
fn is_cosmetic(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::MemberRenamed
            | Fact::TypedefRenamed
            | Fact::BaseTypeRenamed
            | Fact::TypeRenamed
            | Fact::EnumeratorRenamed
            | Fact::Qualifier(QualifierTurn::Harmless)
    )
}

/// What tells base classes apart: their name in its normal spelling.
fn base_name(side: &Side<'_>, base: &Base) -> Vec<u8> {
    let mut ty = base.ty;
    for _ in 0..32 {
        match side.kind(ty) {
            TypeKind::Typedef { target, .. } | TypeKind::Qualified { target, .. } => ty = *target,
            _ => break,
        }
    }
    side.tag_name(ty).map_or(Vec::new(), |n| names::normal(n).to_vec())
}

/// The name of a class without its keyword.
fn class_name(side: &Side<'_>, ty: TypeId) -> String {
    words::class_name(side.graph, ty)
}

fn base_place(base: &Base) -> String {
    match (base.is_virtual, base.offset_bytes) {
        (true, _) => " a virtual base".to_string(),
        (false, Some(offset)) => format!(" byte {offset}"),
        (false, None) => " an unknown offset".to_string(),
    }
}

/// Whether a base class occupies nothing and has no table: an empty class (Itanium C++ ABI §2.4).
fn is_empty(side: &Side<'_>, ty: TypeId) -> bool {
    match side.kind(ty) {
        TypeKind::Record(r) => {
            r.members.is_empty() && r.bases.is_empty() && r.virtual_methods.is_empty() && r.size_bytes <= 1
        }
        TypeKind::Typedef { target, .. } => matches!(side.kind(*target), TypeKind::Record(r)
            if r.members.is_empty() && r.bases.is_empty() && r.virtual_methods.is_empty() && r.size_bytes <= 1),
        _ => false,
    }
}
