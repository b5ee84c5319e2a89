//! Two signatures.

use abide_model::{FunctionType, Parameter, TypeGraph, TypeKind};

use super::place::Role;
use super::{Differ, Flow, Inside, Via, words};
use crate::change::{Change, Fact, Reach, VirtualPlace};
use crate::spell;

impl Differ<'_> {
    /// Compares two signatures; `flow` is the way that arguments go.
    pub(super) fn function(&mut self, inside: &mut Inside, a: &FunctionType, b: &FunctionType, flow: Flow) {
        self.attributes(inside, a, b);
        self.slot_of_declared(inside, a, b);
        self.result(inside, a, b, flow);
        if a.is_prototyped != b.is_prototyped {
            let text = |known: bool| if known { "stated" } else { "not stated" };
            let clause = format!(
                "{}the parameters were {} and are {}",
                self.whose(inside),
                text(a.is_prototyped),
                text(b.is_prototyped)
            );
            let change = Change::new(Fact::Prototype, "prototype", clause);
            inside.change(change.values(text(a.is_prototyped), text(b.is_prototyped)));
        }
        // `int f()` of old C says nothing about its parameters.
        if a.is_prototyped && b.is_prototyped {
            self.parameters(inside, &stated(self.old.graph, a), &stated(self.new.graph, b), flow);
        }
    }

    /// `what member 'cb' points to: `, or nothing for a symbol's own signature.
    fn whose(&self, inside: &Inside) -> String {
        match words(self.old.graph, &inside.steps) {
            place if place.is_empty() => String::new(),
            place => format!("{place}: "),
        }
    }

    /// The slot of a member function whose class is only declared on a side, so that the classes tell nothing.
    ///
    /// Compilers state the slot of every virtual function but destructors, also inside a class that they only
    /// declare (`DW_AT_vtable_elem_location`, DWARF 5 §5.7.8): a function without one is not virtual.
    fn slot_of_declared(&self, inside: &mut Inside, a: &FunctionType, b: &FunctionType) {
        if is_class_defined(self.old.graph, a) && is_class_defined(self.new.graph, b) {
            return;
        }
        let (fact, clause) = match (a.virtual_slot, b.virtual_slot) {
            (Some(was), Some(is)) if was != is => {
                (Fact::VirtualMoved, format!("it moved from slot {was} to slot {is} of the virtual table"))
            }
            (None, Some(is)) => (
                Fact::VirtualAdded(VirtualPlace::Elsewhere),
                format!("it became virtual, in slot {is} of the virtual table"),
            ),
            (Some(_), None) => {
                (Fact::VirtualRemoved { was_override: false }, "it is no longer virtual".to_string())
            }
            _ => return,
        };
        let text = |slot: Option<u32>| slot.map_or("none".to_string(), |slot| slot.to_string());
        let change = Change::new(fact, "slot of the virtual table", clause);
        inside.change(change.values(text(a.virtual_slot), text(b.virtual_slot)));
    }

    fn attributes(&self, inside: &mut Inside, a: &FunctionType, b: &FunctionType) {
        let whose = self.whose(inside);
        let text = |on: bool| if on { "yes" } else { "no" };
        if a.is_variadic != b.is_variadic && a.is_prototyped && b.is_prototyped {
            let verb = if b.is_variadic { "takes" } else { "no longer takes" };
            let clause = format!("{whose}it {verb} a variable number of arguments");
            let change = Change::new(Fact::Variadic, format!("{whose}variadic"), clause);
            inside.change(change.values(text(a.is_variadic), text(b.is_variadic)));
        }
        if a.is_noreturn != b.is_noreturn {
            let verb =
                if b.is_noreturn { "no longer returns" } else { "returns now, and was declared not to" };
            let fact = Fact::NoReturn { gained: b.is_noreturn };
            let change = Change::new(fact, format!("{whose}noreturn"), format!("{whose}it {verb}"));
            inside.change(change.values(text(a.is_noreturn), text(b.is_noreturn)));
        }
        if a.calling_convention != b.calling_convention {
            let text = |c: Option<u8>| c.map_or("normal".to_string(), |c| format!("DW_CC {c:#x}"));
            let (was, is) = (text(a.calling_convention), text(b.calling_convention));
            let clause = format!("{whose}the calling convention changed from {was} to {is}");
            let change = Change::new(Fact::CallingConvention, format!("{whose}calling convention"), clause);
            inside.change(change.values(was, is));
        }
    }

    fn result(&mut self, inside: &mut Inside, a: &FunctionType, b: &FunctionType, flow: Flow) {
        let (old, new) = (a.return_type, b.return_type);
        inside.step(Via::Result, old, Reach::Call, |inside| {
            inside.flow = match flow {
                Flow::In => Flow::Out,
                Flow::Out => Flow::In,
                Flow::Unknown => Flow::Unknown,
            };
            self.place(inside, old, new, Role::Result);
        });
    }

    fn parameters(&mut self, inside: &mut Inside, a: &[&Parameter], b: &[&Parameter], flow: Flow) {
        self.order(inside, a, b);
        let (head, tail) = if a.len() == b.len() { (a.len(), 0) } else { self.common_ends(a, b) };
        for i in 0..head {
            self.parameter(inside, i, a[i], b[i], flow);
        }
        // Between the ends that both have: what is left on one side only came or went.
        let (middle_a, middle_b) = (&a[head..a.len() - tail], &b[head..b.len() - tail]);
        let paired = middle_a.len().min(middle_b.len());
        for i in 0..paired {
            self.parameter(inside, head + i, middle_a[i], middle_b[i], flow);
        }
        let has_object = |list: &[&Parameter]| list.first().is_some_and(|p| p.is_artificial);
        if inside.is_mangled && inside.steps.is_empty() && has_object(a) == has_object(b) {
            // Both sides have the same mangled name, so the same parameters: one side's debug information does not
            // have them all, as with gcc's DW_TAG_GNU_formal_parameter_pack.
            return;
        }
        for (i, gone) in middle_a.iter().enumerate().skip(paired) {
            let ty = spell::with_size(self.old.graph, gone.ty);
            let name = gone.name.map(|n| self.old.str(n).to_string());
            let text = format!("{}parameter {}{}", self.whose(inside), head + i + 1, quoted(name));
            let clause = format!("{text} of type {ty} was removed");
            inside.change(Change::new(Fact::ParameterRemoved, text, clause).gone(ty));
        }
        for (i, came) in middle_b.iter().enumerate().skip(paired) {
            let ty = spell::with_size(self.new.graph, came.ty);
            let name = came.name.map(|n| self.new.str(n).to_string());
            let text = format!("{}parameter {}{}", self.whose(inside), head + i + 1, quoted(name));
            let clause = format!("{text} of type {ty} was added");
            inside.change(Change::new(Fact::ParameterAdded, text, clause).came(ty));
        }
        for i in 0..tail {
            let (x, y) = (a.len() - tail + i, b.len() - tail + i);
            self.parameter(inside, x, a[x], b[y], flow);
        }
    }

    /// Names that changed places between parameters of one type: nothing else tells that their values did.
    fn order(&self, inside: &mut Inside, a: &[&Parameter], b: &[&Parameter]) {
        let Some(moved) = permuted(self.old.graph, a, self.new.graph, b) else { return };
        if !moved.iter().any(|&i| self.same_core(a[i].ty, b[i].ty)) {
            return;
        }
        let list = |graph: &TypeGraph, of: &[&Parameter]| {
            let names = moved.iter().filter_map(|&i| of[i].name).map(|n| graph.str(n).to_string());
            names.collect::<Vec<_>>().join(", ")
        };
        let (was, is) = (list(self.old.graph, a), list(self.new.graph, b));
        let whose = self.whose(inside);
        let clause = format!("{whose}parameters of one type are in another order: {is} instead of {was}");
        let what = format!("{whose}order of parameters");
        inside.change(Change::new(Fact::ParameterOrder, what, clause).values(was, is));
    }

    /// How many parameters at the beginning and at the end belong together in lists of unequal length.
    fn common_ends(&self, a: &[&Parameter], b: &[&Parameter]) -> (usize, usize) {
        let same = |x: &Parameter, y: &Parameter| {
            let named = match (x.name, y.name) {
                (Some(m), Some(n)) => self.old.str(m) == self.new.str(n),
                _ => true,
            };
            named && self.old.hash(x.ty) == self.new.hash(y.ty)
        };
        let shorter = a.len().min(b.len());
        let head = (0..shorter).take_while(|&i| same(a[i], b[i])).count();
        let tail = (1..=shorter - head).take_while(|&i| same(a[a.len() - i], b[b.len() - i])).count();
        (head, tail)
    }

    fn parameter(&mut self, inside: &mut Inside, index: usize, a: &Parameter, b: &Parameter, flow: Flow) {
        let via = Via::Parameter { index: index as u32, name: a.name };
        inside.step(via, a.ty, Reach::Call, |inside| {
            inside.flow = flow;
            self.place(inside, a.ty, b.ty, Role::Parameter);
        });
    }
}

/// Whether two functions have the same names of parameters in another order.
pub(super) fn is_permuted(old: &TypeGraph, a: &FunctionType, new: &TypeGraph, b: &FunctionType) -> bool {
    // Few have a name that differs at all.
    let differs = |(x, y): (&Parameter, &Parameter)| x.name.map(|n| old.str(n)) != y.name.map(|n| new.str(n));
    a.parameters.len() == b.parameters.len()
        && a.parameters.iter().zip(&b.parameters).any(differs)
        && permuted(old, &stated(old, a), new, &stated(new, b)).is_some()
}

/// The places whose names differ, when the same distinct names stand there on both sides.
fn permuted(old: &TypeGraph, a: &[&Parameter], new: &TypeGraph, b: &[&Parameter]) -> Option<Vec<usize>> {
    if a.len() != b.len() {
        return None;
    }
    let names = |graph: &'_ TypeGraph, list: &[&Parameter]| -> Option<Vec<Vec<u8>>> {
        list.iter().map(|p| p.name.map(|n| graph.str(n).to_vec())).collect()
    };
    let (x, y) = (names(old, a)?, names(new, b)?);
    let moved: Vec<usize> = (0..x.len()).filter(|&i| x[i] != y[i]).collect();
    let sorted = |names: &[Vec<u8>]| {
        let mut names = names.to_vec();
        names.sort_unstable();
        names
    };
    let (p, q) = (sorted(&x), sorted(&y));
    let distinct = p.windows(2).all(|w| w[0] != w[1]);
    (!moved.is_empty() && distinct && p == q).then_some(moved)
}

fn quoted(name: Option<String>) -> String {
    name.map_or(String::new(), |n| format!(" '{n}'"))
}

/// Whether the class of a member function is known with its virtual table.
fn is_class_defined(graph: &TypeGraph, function: &FunctionType) -> bool {
    let Some(mut ty) = function.parameters.first().filter(|p| p.is_artificial).map(|p| p.ty) else {
        return false;
    };
    // `this` is a constant pointer to the class, which may be `const` itself.
    for _ in 0..8 {
        match graph.kind(ty) {
            TypeKind::Qualified { target, .. } | TypeKind::Pointer { target, .. } => ty = *target,
            kind => return matches!(kind, TypeKind::Record(_)),
        }
    }
    false
}

/// The parameters without those that compilers describe or not as they like: the hidden ones of constructors and
/// destructors of classes with virtual bases (`__in_chrg`, `__vtt_parm` with gcc, `vtt` with Clang).
fn stated<'a>(graph: &TypeGraph, function: &'a FunctionType) -> Vec<&'a Parameter> {
    let is_hidden = |p: &Parameter| {
        p.is_artificial
            && p.name.is_some_and(|n| {
                let name: &[u8] = graph.str(n);
                [&b"__in_chrg"[..], b"__vtt_parm", b"vtt"].contains(&name)
            })
    };
    // A lone `void` parameter, as some producers write `f(void)`.
    let is_void = |p: &Parameter| matches!(graph.kind(p.ty), TypeKind::Void);
    function.parameters.iter().filter(|p| !is_hidden(p) && !is_void(p)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn hidden_parameters_do_not_count() {
        let facts = fixture::artifact("a", "fn f(this: int *, __in_chrg: int, __x: int)").unwrap();
        let graph = facts.types.graph().unwrap();
        let TypeKind::Function(function) = graph.kind(graph.roots[0].ty) else { panic!() };
        assert_eq!(stated(graph, function).len(), 2);
    }
}
