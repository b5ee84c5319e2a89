//! Virtual functions of two classes: slots of the virtual table (Itanium C++ ABI §2.5).

use abide_model::{RecordType, TypeKind, VirtualMethod};
use bstr::ByteSlice;

use super::place::Role;
use super::record::Records;
use super::{Differ, Flow, Inside, Side, Via};
use crate::change::{Change, Fact, Reach, VirtualPlace};
use crate::spell;

/// Depth of inheritance that is followed.
const DEEPEST: usize = 32;

impl<'a> Differ<'a> {
    /// Compares the virtual functions that the classes declare.
    pub(super) fn virtual_functions(&mut self, inside: &mut Inside, pair: Records<'a>) {
        let (a, b) = (&pair.a.virtual_methods, &pair.b.virtual_methods);
        let mut free: Vec<bool> = vec![true; b.len()];
        for method in a {
            let partner = self.partner(method, b, &free);
            match partner {
                Some(j) => {
                    free[j] = false;
                    self.virtual_pair(inside, method, &b[j]);
                }
                None => self.virtual_removed(inside, method, pair),
            }
        }
        for (method, _) in b.iter().zip(&free).filter(|(_, free)| **free) {
            self.virtual_added(inside, method, pair);
        }
    }

    /// By linkage name where both have one, else the first of the same name.
    fn partner(&self, method: &VirtualMethod, others: &[VirtualMethod], free: &[bool]) -> Option<usize> {
        let same_name = |other: &VirtualMethod| self.old.str(method.name) == self.new.str(other.name);
        let same_linkage = |other: &VirtualMethod| match (method.linkage_name, other.linkage_name) {
            (Some(x), Some(y)) => self.old.str(x) == self.new.str(y),
            _ => same_name(other),
        };
        // A destructor has one name and several mangled ones; the class may be called otherwise now.
        let is_destructor = |other: &VirtualMethod| {
            self.old.str(method.name).starts_with(b"~") && self.new.str(other.name).starts_with(b"~")
        };
        let find = |test: &dyn Fn(&VirtualMethod) -> bool| {
            others.iter().enumerate().find(|(j, other)| free[*j] && test(other)).map(|(j, _)| j)
        };
        find(&same_linkage).or_else(|| find(&is_destructor))
    }

    fn virtual_pair(&mut self, inside: &mut Inside, a: &VirtualMethod, b: &VirtualMethod) {
        let name = self.label(self.old, a);
        if let (Some(was), Some(is)) = (a.slot, b.slot)
            && was != is
        {
            let clause = format!("{name} moved from slot {was} to slot {is} of the virtual table");
            let change = Change::new(Fact::VirtualMoved, format!("slot of {name}"), clause);
            inside.change(change.values(was.to_string(), is.to_string()));
        }
        if a.is_pure != b.is_pure {
            let text = |pure: bool| if pure { "pure" } else { "with a body" };
            let clause = format!("{name} was {} and is {}", text(a.is_pure), text(b.is_pure));
            let fact = Fact::Purity { became_pure: b.is_pure };
            inside.change(Change::new(fact, name, clause).values(text(a.is_pure), text(b.is_pure)));
        }
        let via = Via::Virtual { name: a.name };
        inside.step(via, a.ty, Reach::Same, |inside| match (self.old.kind(a.ty), self.new.kind(b.ty)) {
            (TypeKind::Function(x), TypeKind::Function(y)) => {
                if self.old.hash(a.ty) != self.new.hash(b.ty) {
                    self.function(inside, x, y, Flow::In);
                }
            }
            _ => self.place(inside, a.ty, b.ty, Role::Other),
        });
    }

    fn virtual_removed(&self, inside: &mut Inside, method: &VirtualMethod, pair: Records<'a>) {
        let name = self.label(self.old, method);
        let was_override = method.slot.is_some_and(|s| s < inherited_slots(self.old, pair.a, 0));
        let clause = format!("{name}{} was removed", slot(method));
        let fact = Fact::VirtualRemoved { was_override };
        inside.change(Change::new(fact, name, clause).gone(self.describe_method(self.old, method)));
    }

    fn virtual_added(&self, inside: &mut Inside, method: &VirtualMethod, pair: Records<'a>) {
        let name = self.label(self.new, method);
        let inherited = inherited_slots(self.old, pair.a, 0);
        let end = own_slots(self.old, pair.a).max(inherited);
        let place = match method.slot {
            Some(slot) if slot < inherited => VirtualPlace::Override,
            Some(slot) if slot >= end && end > 0 && method.is_pure => VirtualPlace::EndPure,
            Some(slot) if slot >= end && end > 0 => VirtualPlace::End,
            _ => VirtualPlace::Elsewhere,
        };
        let clause = format!("{name}{} was added", slot(method));
        let change = Change::new(Fact::VirtualAdded(place), name, clause);
        inside.change(change.came(self.describe_method(self.new, method)));
    }

    fn label(&self, side: &Side<'_>, method: &VirtualMethod) -> String {
        format!("virtual function '{}'", side.str(method.name))
    }

    fn describe_method(&self, side: &Side<'_>, method: &VirtualMethod) -> String {
        let pure = if method.is_pure { ", pure" } else { "" };
        let slot = method.slot.map_or(String::new(), |s| format!(", slot {s}"));
        format!("{}{slot}{pure}", spell::spell(side.graph, method.ty))
    }
}

fn slot(method: &VirtualMethod) -> String {
    method.slot.map_or(String::new(), |s| format!(" (slot {s} of the virtual table)"))
}

/// Slots up to the last that the class itself fills; a destructor takes two (Itanium C++ ABI §2.5.2).
fn own_slots(side: &Side<'_>, record: &RecordType) -> u64 {
    let end = |m: &VirtualMethod| {
        let width = if side.str(m.name).starts_with_str("~") { 2 } else { 1 };
        m.slot.map_or(0, |s| s.saturating_add(width))
    };
    record.virtual_methods.iter().map(end).max().unwrap_or(0)
}

/// Slots of the primary base's table, whose beginning the class shares: the first base at offset 0.
fn inherited_slots(side: &Side<'_>, record: &RecordType, depth: usize) -> u64 {
    let is_dynamic = |r: &RecordType| !r.virtual_methods.is_empty() || !r.bases.is_empty();
    let mut at_start = record.bases.iter().filter(|b| b.offset_bytes == Some(0) && !b.is_virtual);
    // Empty bases may be at offset 0 as well, but have no table.
    let primary = at_start.find_map(|base| match side.kind(base.ty) {
        TypeKind::Record(r) if is_dynamic(r) => Some(r),
        _ => None,
    });
    match primary {
        Some(r) if depth < DEEPEST => own_slots(side, r).max(inherited_slots(side, r, depth + 1)),
        _ => 0,
    }
}
