//! Two types at one place: a parameter, a member, what a pointer points to.
//!
//! Looks through typedefs and qualifiers on both sides, hands named types on to their own pair, and compares
//! what has no name on the spot.

use abide_model::{BaseEncoding, BaseSpec, PointerKind, Qualifier, TypeId, TypeKind};

use super::{Differ, Flow, Inside, Owner, Side, Via, words};
use crate::change::{ArrayTurn, Change, Fact, PointeeTurn, QualifierTurn, Reach, TypeTurn};
use crate::diff::DEEPEST;
use crate::{layout, names, spell};

/// What a place is, as far as it changes what matters there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Parameter,
    Result,
    Variable,
    Member {
        /// Whether nothing of the record comes after it.
        is_last: bool,
    },
    BitField,
    Element,
    Pointee,
    Other,
}

/// A type without its typedefs and qualifiers.
struct Peeled {
    core: TypeId,
    /// Typedefs, outermost first.
    typedefs: Vec<TypeId>,
    /// Qualifiers outside of the typedef at this index, and so on inwards.
    qualifiers: Vec<(usize, Qualifier)>,
}

impl Peeled {
    fn of(side: &Side<'_>, mut ty: TypeId) -> Self {
        let (mut typedefs, mut qualifiers) = (Vec::new(), Vec::new());
        // A hostile graph may have a cycle of typedefs.
        for _ in 0..side.graph.nodes.len().min(1000) {
            match side.kind(ty) {
                TypeKind::Typedef { target, .. } => {
                    typedefs.push(ty);
                    ty = *target;
                }
                TypeKind::Qualified { qualifier, target } => {
                    qualifiers.push((typedefs.len(), *qualifier));
                    ty = *target;
                }
                _ => break,
            }
        }
        Peeled { core: ty, typedefs, qualifiers }
    }

    /// Qualifiers that stand outside of typedef number `depth`.
    fn has(&self, qualifier: Qualifier, depth: usize) -> bool {
        self.qualifiers.iter().any(|&(at, q)| at <= depth && q == qualifier)
    }

    fn name<'a>(&self, side: &Side<'a>, index: usize) -> Option<&'a bstr::BStr> {
        match side.kind(*self.typedefs.get(index)?) {
            TypeKind::Typedef { name, .. } => Some(side.str(*name)),
            _ => None,
        }
    }
}

/// The class in which a value travels and is understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Integer,
    Float,
    Complex,
    Pointer,
    Aggregate,
    Vector,
    Other,
}

impl<'a> Differ<'a> {
    /// Compares two types at the place where `inside` stands.
    pub(super) fn place(&mut self, inside: &mut Inside, old: TypeId, new: TypeId, role: Role) {
        if self.old.hash(old) == self.new.hash(new) {
            return;
        }
        if inside.steps.len() > DEEPEST || inside.budget == 0 {
            self.out.limited = true;
            if !std::mem::replace(&mut inside.limited, true) {
                self.not_comparable(inside, old, new, "is nested too deep to compare");
            }
            return;
        }
        inside.budget -= 1;
        let (a, b) = (Peeled::of(self.old, old), Peeled::of(self.new, new));
        let shared = self.shared_typedef(&a, &b);
        let (depth_a, depth_b) = shared.unwrap_or((a.typedefs.len(), b.typedefs.len()));
        if role != Role::Element {
            self.qualifiers(inside, &a, depth_a, &b, depth_b, role);
        }
        let found = inside.changes.len();
        match shared {
            Some((i, j)) if !self.is_tagged(a.core, b.core) => {
                let (x, y) = (a.typedefs[i], b.typedefs[j]);
                if self.old.hash(x) != self.new.hash(y) {
                    self.lead(inside, Owner::Typedef, x, y, None);
                }
            }
            _ => self.cores(inside, (old, &a), (new, &b), role),
        }
        if inside.changes.len() == found {
            self.typedef_names(inside, &a, &b);
        }
    }

    /// Whether two types are equal but for typedefs and qualifiers.
    pub(super) fn same_core(&self, old: TypeId, new: TypeId) -> bool {
        let (a, b) = (Peeled::of(self.old, old).core, Peeled::of(self.new, new).core);
        self.old.hash(a) == self.new.hash(b)
    }

    /// The outermost typedefs of one name on both sides.
    fn shared_typedef(&self, a: &Peeled, b: &Peeled) -> Option<(usize, usize)> {
        (0..a.typedefs.len()).find_map(|i| {
            let name = a.name(self.old, i)?;
            let j =
                (0..b.typedefs.len()).find(|&j| b.name(self.new, j).is_some_and(|n| names::same(name, n)))?;
            Some((i, j))
        })
    }

    /// Whether both have a tag, and so a pair of their own.
    fn is_tagged(&self, old: TypeId, new: TypeId) -> bool {
        use TypeKind::{Declaration, Enum, Record};
        let (a, b) = (self.old.kind(old), self.new.kind(new));
        match (a, b) {
            (Record(_), Record(_)) | (Enum(_), Enum(_)) | (Declaration { .. }, Declaration { .. }) => true,
            (Declaration { keyword, .. }, other) | (other, Declaration { keyword, .. }) => match other {
                Record(_) => keyword.is_some(),
                Enum(_) => keyword.is_none(),
                _ => false,
            },
            _ => false,
        }
    }

    fn typedef_names(&self, inside: &mut Inside, a: &Peeled, b: &Peeled) {
        let (was, is) = (a.name(self.old, 0), b.name(self.new, 0));
        let differ = match (was, is) {
            (Some(x), Some(y)) => !names::same(x, y),
            (None, None) => false,
            _ => true,
        };
        if differ {
            let show = |side: &Side<'_>, peeled: &Peeled| {
                spell::spell(side.graph, peeled.typedefs.first().copied().unwrap_or(peeled.core))
            };
            let (was, is) = (show(self.old, a), show(self.new, b));
            self.turn(inside, Fact::TypedefRenamed, "is now called", was, is);
        }
    }

    /// A change of the type at this place, in words.
    fn turn(&self, inside: &mut Inside, fact: Fact, verb: &str, was: String, is: String) {
        let place = words(self.old.graph, &inside.steps);
        let place = if place.is_empty() { "it".to_string() } else { place };
        let clause = match fact {
            Fact::TypedefRenamed => format!("{place} {verb} {is} instead of {was}"),
            _ => format!("{place} {verb} from {was} to {is}"),
        };
        let what = if place == "the type" || place == "it" {
            "type".to_string()
        } else {
            format!("type of {place}")
        };
        inside.change(Change::new(fact, what, clause).values(was, is));
    }

    fn types_turn(&self, inside: &mut Inside, fact: Fact, old: TypeId, new: TypeId) {
        let (was, is) = (spell::with_size(self.old.graph, old), spell::with_size(self.new.graph, new));
        self.turn(inside, fact, "changed", was, is);
    }

    fn not_comparable(&self, inside: &mut Inside, old: TypeId, new: TypeId, reason: &str) {
        let place = words(self.old.graph, &inside.steps);
        let place = if place.is_empty() { "it".to_string() } else { place };
        let (was, is) = (spell::spell(self.old.graph, old), spell::spell(self.new.graph, new));
        let change =
            Change::new(Fact::NotComparable, format!("type of {place}"), format!("{place} {reason}"));
        inside.change(change.values(was, is));
    }

    fn qualifiers(
        &mut self,
        inside: &mut Inside,
        a: &Peeled,
        depth_a: usize,
        b: &Peeled,
        depth_b: usize,
        role: Role,
    ) {
        // An array is const when its elements are: gcc qualifies the one, clang the other.
        let (elements_a, elements_b) = (self.element(self.old, a.core), self.element(self.new, b.core));
        for qualifier in [Qualifier::Const, Qualifier::Volatile, Qualifier::Restrict, Qualifier::Atomic] {
            let holds = |peeled: &Peeled, depth, element: &Option<Peeled>| {
                peeled.has(qualifier, depth) || element.as_ref().is_some_and(|e| e.has(qualifier, usize::MAX))
            };
            let (had, has) = (holds(a, depth_a, &elements_a), holds(b, depth_b, &elements_b));
            if had == has {
                continue;
            }
            if let Some(turn) = qualifier_turn(qualifier, has, role, inside.flow) {
                self.qualifier_change(inside, qualifier, has, turn);
            }
        }
    }

    fn element(&self, side: &Side<'_>, core: TypeId) -> Option<Peeled> {
        match side.kind(core) {
            TypeKind::Array { element, .. } => Some(Peeled::of(side, *element)),
            _ => None,
        }
    }

    fn qualifier_change(&self, inside: &mut Inside, qualifier: Qualifier, gained: bool, turn: QualifierTurn) {
        let word = spell::qualifier(qualifier);
        let place = words(self.old.graph, &inside.steps);
        let place = if place.is_empty() { "it".to_string() } else { place };
        let place = if place == "the type" { "it".to_string() } else { place };
        let clause = format!("{place} {} {word}", if gained { "became" } else { "is no longer" });
        let what = if place == "it" { word.to_string() } else { format!("{word} on {place}") };
        let change = Change::new(Fact::Qualifier(turn), what, clause);
        let text = |on: bool| if on { "yes" } else { "no" };
        inside.change(change.values(text(!gained), text(gained)));
    }

    /// Two types without typedefs and qualifiers.
    fn cores(&mut self, inside: &mut Inside, old: (TypeId, &Peeled), new: (TypeId, &Peeled), role: Role) {
        let (a, b) = (old.1.core, new.1.core);
        if self.old.hash(a) == self.new.hash(b) {
            return;
        }
        if self.is_tagged(a, b) {
            if self.is_substituted(a, b) {
                let declared = |k: &TypeKind| matches!(k, TypeKind::Declaration { .. });
                let incomplete = declared(self.old.kind(a)) && declared(self.new.kind(b));
                return self.types_turn(inside, Fact::TypeReplaced { incomplete }, old.0, new.0);
            }
            return self.lead(inside, Owner::Tagged, a, b, old.1.typedefs.last().copied());
        }
        match (self.old.kind(a), self.new.kind(b)) {
            (TypeKind::Broken, _) | (_, TypeKind::Broken) => {
                self.not_comparable(inside, old.0, new.0, "could not be read on both sides");
            }
            (TypeKind::Ambiguous { .. }, _) | (_, TypeKind::Ambiguous { .. }) => {
                self.ambiguous(inside, old.0, new.0, a, b, role);
            }
            (TypeKind::Base(x), TypeKind::Base(y)) => self.bases(inside, (old.0, x), (new.0, y), role),
            (TypeKind::Pointer { .. }, TypeKind::Pointer { .. }) => {
                self.pointers(inside, (old.0, a), (new.0, b))
            }
            (TypeKind::Array { .. }, TypeKind::Array { .. }) => {
                self.arrays(inside, (old.0, a), (new.0, b), role);
            }
            (TypeKind::Function(x), TypeKind::Function(y)) => {
                let flow = if inside.flow == Flow::In { Flow::Out } else { Flow::In };
                let flow = if inside.flow == Flow::Unknown { Flow::Unknown } else { flow };
                self.function(inside, x, y, flow);
            }
            (
                TypeKind::MemberPointer { class: c, target: t },
                TypeKind::MemberPointer { class: d, target: u },
            ) => {
                inside.step(Via::MemberClass, *c, Reach::Pointer, |i| self.place(i, *c, *d, Role::Pointee));
                inside.step(Via::MemberTarget, *t, Reach::Pointer, |i| self.place(i, *t, *u, Role::Other));
            }
            (TypeKind::Unspecified { .. }, TypeKind::Unspecified { .. }) => {
                self.types_turn(inside, Fact::BaseTypeRenamed, old.0, new.0);
            }
            _ => self.mismatch(inside, (old.0, a), (new.0, b), role),
        }
    }

    fn bases(&mut self, inside: &mut Inside, old: (TypeId, &BaseSpec), new: (TypeId, &BaseSpec), role: Role) {
        let (a, b) = (old.1, new.1);
        let sign = |e: BaseEncoding| match e {
            BaseEncoding::Signed | BaseEncoding::SignedChar => 0,
            BaseEncoding::Unsigned | BaseEncoding::UnsignedChar | BaseEncoding::Utf => 1,
            BaseEncoding::Boolean => 2,
            BaseEncoding::Float | BaseEncoding::ComplexFloat => 3,
            BaseEncoding::Other(_) => 4,
        };
        let (class_a, class_b) = (base_class(a.encoding), base_class(b.encoding));
        let size_counts = role != Role::BitField;
        // Formats of one size: x87 against binary128, binary16 against bfloat16. Debug information tells them
        // apart by name only.
        let other_format = class_a == Class::Float
            && !matches!(a.size_bytes, 4 | 8)
            && !names::same_format(self.old.str(a.name), self.new.str(b.name));
        let fact = if (a.size_bytes != b.size_bytes && size_counts) || class_a != class_b || other_format {
            Fact::TypeChanged(TypeTurn::Representation)
        } else if sign(a.encoding) != sign(b.encoding) {
            let behind_pointer = inside.reach == Reach::Pointer;
            Fact::Signedness { byte_pointee: a.size_bytes == 1 && behind_pointer }
        } else {
            Fact::BaseTypeRenamed
        };
        self.types_turn(inside, fact, old.0, new.0);
    }

    fn pointers(&mut self, inside: &mut Inside, old: (TypeId, TypeId), new: (TypeId, TypeId)) {
        let (
            TypeKind::Pointer { kind: k, target: t, size_bytes: s },
            TypeKind::Pointer { kind: l, target: u, size_bytes: r },
        ) = (self.old.kind(old.1), self.new.kind(new.1))
        else {
            return;
        };
        if s != r {
            self.types_turn(inside, Fact::TypeChanged(TypeTurn::Representation), old.0, new.0);
        } else if k != l {
            self.types_turn(inside, Fact::PointerKind, old.0, new.0);
        }
        let via = if *k == PointerKind::Pointer { Via::Pointee } else { Via::Referent };
        let flow = inside.flow;
        inside.step(via, *t, Reach::Pointer, |inside| {
            inside.flow = flow;
            self.place(inside, *t, *u, Role::Pointee);
        });
    }

    fn arrays(&mut self, inside: &mut Inside, old: (TypeId, TypeId), new: (TypeId, TypeId), role: Role) {
        let (
            TypeKind::Array { element: e, dimensions: d, is_vector: v },
            TypeKind::Array { element: f, dimensions: c, is_vector: w },
        ) = (self.old.kind(old.1), self.new.kind(new.1))
        else {
            return;
        };
        let count =
            |dims: &[Option<u64>]| dims.iter().try_fold(1u64, |n, d| n.checked_mul((*d)?)).filter(|&n| n > 0);
        if v != w {
            self.types_turn(inside, Fact::TypeChanged(TypeTurn::Representation), old.0, new.0);
        } else if d != c
            && !(count(d).is_some_and(|n| count(c) == Some(n)) && self.old.is_compact != self.new.is_compact)
        {
            let fact = match (count(d), count(c)) {
                (Some(m), Some(n)) if m == n => Fact::ArrayShape,
                (Some(m), Some(n)) if n > m && role == (Role::Member { is_last: true }) => {
                    Fact::ArrayLength(ArrayTurn::LastGrew)
                }
                (Some(_), Some(_)) => Fact::ArrayLength(ArrayTurn::Other),
                // `[]` and `[0]`; also an `extern` array of unknown bound, whose size the symbol table tells.
                (None, None) => Fact::ArrayLength(ArrayTurn::Flexible),
                _ if role == Role::Variable || role == Role::Pointee => {
                    Fact::ArrayLength(ArrayTurn::Flexible)
                }
                (Some(1), None) | (None, Some(1)) => Fact::ArrayLength(ArrayTurn::Flexible),
                _ => Fact::ArrayLength(ArrayTurn::Other),
            };
            self.types_turn(inside, fact, old.0, new.0);
        }
        inside.step(Via::Element, *e, Reach::Same, |inside| self.place(inside, *e, *f, Role::Element));
    }

    fn ambiguous(&mut self, inside: &mut Inside, old: TypeId, new: TypeId, a: TypeId, b: TypeId, role: Role) {
        let candidates = |side: &Side<'a>, ty: TypeId| match side.kind(ty) {
            TypeKind::Ambiguous { candidates, .. } => candidates.clone(),
            _ => vec![ty],
        };
        let (mut xs, mut ys) = (candidates(self.old, a), candidates(self.new, b));
        let same_count = xs.len() == ys.len();
        // Definitions that are on both sides need no partner.
        let hashes: Vec<_> = ys.iter().map(|&y| self.new.hash(y)).collect();
        let common: Vec<_> = xs.iter().map(|&x| self.old.hash(x)).filter(|h| hashes.contains(h)).collect();
        xs.retain(|&x| !common.contains(&self.old.hash(x)));
        ys.retain(|&y| !common.contains(&self.new.hash(y)));
        if !same_count || xs.len() != ys.len() {
            let reason = "has several definitions, and debug information does not say which is meant";
            return self.not_comparable(inside, old, new, reason);
        }
        for (x, y) in xs.into_iter().zip(ys) {
            inside.step(Via::Candidate, x, Reach::Same, |inside| self.place(inside, x, y, role));
        }
    }

    /// Types of different kinds.
    fn mismatch(&mut self, inside: &mut Inside, old: (TypeId, TypeId), new: (TypeId, TypeId), role: Role) {
        let (a, b) = (self.old.kind(old.1), self.new.kind(new.1));
        let is_void = |k: &TypeKind| matches!(k, TypeKind::Void);
        // A typedef of `void` is only ever behind a pointer: nobody has a value of it.
        if role == Role::Pointee || role == Role::Other && (is_void(a) || is_void(b)) {
            let turn = if is_void(a) || is_void(b) {
                PointeeTurn::Void
            } else if is_byte(a) || is_byte(b) {
                PointeeTurn::Bytes
            } else {
                PointeeTurn::Other
            };
            return self.types_turn(inside, Fact::Pointee(turn), old.0, new.0);
        }
        let (size_a, size_b) =
            (layout::size_of(self.old.graph, old.1), layout::size_of(self.new.graph, new.1));
        let (class_a, class_b) = (class(a), class(b));
        let turn = if is_void(a) && role == Role::Result && size_b.is_some_and(|s| s <= 16) {
            TypeTurn::FromVoid
        } else if size_a != size_b || size_a.is_none() {
            TypeTurn::Representation
        } else if class_a == class_b && class_a != Class::Other {
            TypeTurn::Nominal
        } else if matches!(
            (class_a, class_b),
            (Class::Pointer, Class::Integer) | (Class::Integer, Class::Pointer)
        ) {
            TypeTurn::PointerInteger
        } else if self.same_leaves(old.1, new.1) {
            TypeTurn::Nominal
        } else {
            TypeTurn::Representation
        };
        self.types_turn(inside, Fact::TypeChanged(turn), old.0, new.0);
    }
}

/// What a qualifier that came (`gained`) or went means at a place; `None`: nothing at all.
fn qualifier_turn(qualifier: Qualifier, gained: bool, role: Role, flow: Flow) -> Option<QualifierTurn> {
    // Qualifiers of a value that is copied are the receiver's own business, but `restrict` is a promise of callers.
    let copied = matches!(role, Role::Parameter | Role::Result);
    match qualifier {
        Qualifier::Const if copied => None,
        Qualifier::Const if gained && role == Role::Variable => Some(QualifierTurn::ReadOnly),
        Qualifier::Const if !gained && role == Role::Pointee && flow == Flow::In => {
            Some(QualifierTurn::ConstLost)
        }
        Qualifier::Const => Some(QualifierTurn::Harmless),
        Qualifier::Volatile if copied => None,
        Qualifier::Volatile if gained && role == Role::Variable => Some(QualifierTurn::Volatile),
        Qualifier::Volatile => Some(QualifierTurn::Harmless),
        Qualifier::Restrict if gained && role == Role::Parameter => Some(QualifierTurn::RestrictGained),
        Qualifier::Restrict => Some(QualifierTurn::Harmless),
        Qualifier::Atomic if copied => None,
        Qualifier::Atomic => Some(QualifierTurn::Atomic),
    }
}

fn base_class(encoding: BaseEncoding) -> Class {
    match encoding {
        BaseEncoding::Float => Class::Float,
        BaseEncoding::ComplexFloat => Class::Complex,
        BaseEncoding::Other(_) => Class::Other,
        _ => Class::Integer,
    }
}

fn class(kind: &TypeKind) -> Class {
    match kind {
        TypeKind::Base(base) => base_class(base.encoding),
        TypeKind::Enum(_) => Class::Integer,
        TypeKind::Pointer { .. } | TypeKind::Unspecified { .. } => Class::Pointer,
        TypeKind::Array { is_vector: true, .. } => Class::Vector,
        TypeKind::Record(_) | TypeKind::Array { .. } => Class::Aggregate,
        _ => Class::Other,
    }
}

/// `char` and its kin, which stand for raw memory behind a pointer.
fn is_byte(kind: &TypeKind) -> bool {
    matches!(kind, TypeKind::Base(base) if base.size_bytes == 1 && base_class(base.encoding) == Class::Integer)
}
