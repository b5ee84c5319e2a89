//! Whether a `[suppress_type]` rule is about a type, and which of its changes it covers.

use abide_model::{RecordKeyword, TypeGraph, TypeId, TypeKind};
use bstr::{BString, ByteSlice};

use super::layout::{Field, Turnover, fields, turnover};
use super::names::{from_text, type_name};
use super::spec::{Access, KindSpec, TypeSpec};
use crate::change::{ArrayTurn, Change, Fact};
use crate::diff::{Edge, Via};

/// A type on one side.
#[derive(Clone, Copy)]
pub(super) struct Typed<'a> {
    pub(super) graph: &'a TypeGraph,
    pub(super) ty: TypeId,
    /// The typedef that names it, when it has no name of its own.
    pub(super) alias: Option<TypeId>,
}

/// How an edge leads to a type.
pub(super) fn access(edge: &Edge) -> Access {
    let last = edge.steps.iter().rev().find(|s| s.via != Via::Candidate);
    match last.map(|s| s.via) {
        Some(Via::Pointee) => Access::Pointer,
        Some(Via::Referent) => Access::Reference,
        _ => Access::Direct,
    }
}

impl Access {
    /// Whether a rule that asks for `self` holds for a type that is reached by `way`.
    pub(super) fn admits(self, way: Access) -> bool {
        match self {
            Access::ReferenceOrPointer => matches!(way, Access::Pointer | Access::Reference),
            _ => self == way,
        }
    }
}

impl KindSpec {
    fn admits(self, kind: &TypeKind) -> bool {
        let keyword = match kind {
            TypeKind::Record(record) => Some(record.keyword),
            TypeKind::Declaration { keyword, .. } => *keyword,
            _ => None,
        };
        match self {
            KindSpec::Class => matches!(keyword, Some(RecordKeyword::Struct | RecordKeyword::Class)),
            KindSpec::Struct => keyword == Some(RecordKeyword::Struct),
            KindSpec::Union => keyword == Some(RecordKeyword::Union),
            KindSpec::Enum => matches!(kind, TypeKind::Enum(_) | TypeKind::Declaration { keyword: None, .. }),
            KindSpec::Array => matches!(kind, TypeKind::Array { .. }),
            KindSpec::Typedef => matches!(kind, TypeKind::Typedef { .. }),
            KindSpec::Builtin => matches!(kind, TypeKind::Base(_) | TypeKind::Void),
        }
    }
}

impl TypeSpec {
    /// Whether the rule is about one of these, which are the sides of one type. What a negated rule negates is
    /// everything but the kind of type and the file.
    pub(super) fn is_about(&self, sides: &[Typed<'_>]) -> bool {
        let kind = |t: &Typed<'_>| self.kind.is_none_or(|k| k.admits(t.graph.kind(t.ty)));
        let rest = |t: &Typed<'_>| self.name.matches_one_of(&t.names()) && self.matches_inside(t);
        match self.is_negated {
            false => sides.iter().any(|t| kind(t) && rest(t)),
            true => sides.iter().any(kind) && !sides.iter().any(rest),
        }
    }

    fn matches_inside(&self, t: &Typed<'_>) -> bool {
        let members = !self.data_members.is_empty() || self.data_members_regexp.is_some();
        self.matches_location(t) && (!members || self.matches_members(t))
    }

    fn matches_location(&self, t: &Typed<'_>) -> bool {
        if self.location_not_in.is_empty() && self.location_not_regexp.is_none() {
            return true;
        }
        // Without a place there is no telling, and so no suppression.
        let Some(decl) = t.graph.node(t.ty).decl else { return false };
        let file = t.graph.str(decl.file);
        let is_listed = |entry: &String| {
            let head = file.strip_suffix(entry.as_bytes());
            head.is_some_and(|head| head.is_empty() || head.ends_with(b"/") || entry.starts_with('/'))
        };
        !self.location_not_in.iter().any(is_listed)
            && self.location_not_regexp.as_ref().is_none_or(|r| !r.is_match(file))
    }

    /// One member with such a name is enough.
    fn matches_members(&self, t: &Typed<'_>) -> bool {
        let TypeKind::Record(record) = t.graph.kind(t.ty) else { return false };
        fields(t.graph, record).iter().filter_map(|f| f.name).any(|name| {
            self.data_members.iter().any(|m| m.as_bytes() == name.as_bytes())
                || self.data_members_regexp.as_ref().is_some_and(|r| r.is_match(name))
        })
    }

    /// Which changes of a type that it is about the rule covers, when it says what may change.
    pub(super) fn covers(&self, old: Typed<'_>, new: Typed<'_>, changes: &[Change]) -> Vec<bool> {
        match (old.graph.kind(old.ty), new.graph.kind(new.ty)) {
            (TypeKind::Record(a), TypeKind::Record(b)) if !self.has_enumerators() => {
                let (before, after) = (fields(old.graph, a), fields(new.graph, b));
                // `[1]` that becomes `[]` makes the record smaller.
                let may = b.size_bytes > a.size_bytes || self.flexible_array_conversion;
                let allowed = b.size_bytes == a.size_bytes || (may && self.has_size_change);
                self.covers_record(&before, &after, allowed, changes)
            }
            (TypeKind::Enum(a), TypeKind::Enum(b)) if self.has_enumerators() => {
                let keeps = a.size_bytes == b.size_bytes
                    && !changes.iter().any(|c| matches!(c.fact, Fact::EnumeratorRemoved));
                changes.iter().map(|c| keeps && self.covers_enumerator(c)).collect()
            }
            _ => vec![false; changes.len()],
        }
    }

    /// By the manual nothing is covered when a member was deleted or the size changed (unless `has_size_change`),
    /// and every inserted member must be in a range.
    fn covers_record(
        &self,
        old: &[Field<'_>],
        new: &[Field<'_>],
        size: bool,
        changes: &[Change],
    ) -> Vec<bool> {
        let Turnover { inserted, has_deleted } = turnover(old, new);
        let in_range = |offset: &u64| self.inserted.iter().any(|range| range.contains(old, *offset));
        let ranges = self.inserted.is_empty() || inserted.iter().all(in_range);
        let converted =
            old.last().is_some_and(|f| f.is_fake_flexible) && new.last().is_some_and(|f| f.is_flexible);
        let holds = size && !has_deleted && ranges && (converted || !self.flexible_array_conversion);
        let covers = |change: &Change| match change.fact {
            Fact::RecordSize | Fact::MemberAdded { .. } | Fact::ReservedUsed | Fact::MemberMoved => true,
            // A member with a stricter alignment makes the record's stricter.
            Fact::Alignment => self.has_size_change,
            Fact::ArrayLength(ArrayTurn::Flexible) => self.flexible_array_conversion,
            _ => false,
        };
        changes.iter().map(|change| holds && covers(change)).collect()
    }

    fn covers_enumerator(&self, change: &Change) -> bool {
        let name = change.what.strip_prefix("value of ").unwrap_or_default();
        match change.fact {
            Fact::EnumeratorAdded => true,
            Fact::EnumeratorValue { .. } => {
                self.enumerators.iter().any(|e| e == name)
                    || self.enumerators_regexp.iter().any(|r| r.is_match(name.as_bytes().as_bstr()))
            }
            _ => false,
        }
    }

    /// Whether the rule covers a change of the type at a place, where that type has no finding of its own.
    pub(super) fn covers_place(&self, change: &Change) -> bool {
        // `name_not_regexp` alone says which types to keep; what their members are is a matter of theirs.
        let only_keeps =
            self.name.not_regexp.is_some() && self.name.name.is_none() && self.name.regexp.is_none();
        let is_simple = !self.is_conditional() && !self.looks_inside() && self.access.is_none();
        if !is_simple || self.is_negated || only_keeps {
            return false;
        }
        let kind = match change.fact {
            Fact::TypedefRenamed => Some(KindSpec::Typedef),
            Fact::ArrayLength(_) | Fact::ArrayShape => Some(KindSpec::Array),
            Fact::Signedness { .. } | Fact::BaseTypeRenamed => Some(KindSpec::Builtin),
            Fact::TypeChanged(_) | Fact::PointerKind | Fact::Pointee(_) => None,
            _ => return false,
        };
        let names: Vec<BString> =
            [&change.old, &change.new].into_iter().flatten().map(|t| from_text(t)).collect();
        (self.kind.is_none() || self.kind == kind) && names.iter().any(|n| self.name.matches(n.as_bstr()))
    }
}

impl Typed<'_> {
    fn names(&self) -> Vec<BString> {
        let alias = self.alias.map(|alias| type_name(self.graph, alias));
        std::iter::once(type_name(self.graph, self.ty)).chain(alias).collect()
    }
}
