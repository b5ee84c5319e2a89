//! Enums, typedefs, callback types and templates.

use super::{Kind, breaking, neutral};
use crate::generate;
use crate::model::{Enum, Enumerator, Library, Scalar, Ty};
use crate::rng::Rng;

pub(super) const KINDS: &[Kind] = &[
    neutral("enum-append", |l, r| {
        let id = l.fresh();
        enums(
            l,
            r,
            |_| true,
            |e| {
                let value = e.items.iter().filter_map(|i| i.value).max().map_or(60, |v| v + 60);
                e.items.push(Enumerator { id, name: format!("{}_NEW{id}", e.name), value: Some(value) });
            },
        )
    }),
    breaking("enum-insert", |l, r| {
        let id = l.fresh();
        enums(
            l,
            r,
            |_| true,
            |e| {
                e.items.insert(0, Enumerator { id, name: format!("{}_NEW{id}", e.name), value: None });
            },
        )
    }),
    breaking("enum-remove", |l, r| enums(l, r, |e| e.items.len() > 1, |e| drop(e.items.remove(0)))),
    breaking("enum-remove-last", |l, r| enums(l, r, |e| e.items.len() > 1, |e| drop(e.items.pop()))),
    breaking("enum-value", |l, r| {
        enums(
            l,
            r,
            |_| true,
            |e| {
                let last = e.items.len() - 1;
                e.items[last].value = Some(90);
            },
        )
    }),
    breaking("enum-swap", |l, r| enums(l, r, |e| e.items.len() > 1, |e| e.items.swap(0, 1))),
    neutral("enum-reorder-stated", enum_reorder),
    neutral("enum-rename", |l, r| {
        enums(l, r, |_| true, |e| e.items[0].name = format!("{}_renamed", e.items[0].name))
    }),
    breaking("enum-large-value", |l, r| {
        let id = l.fresh();
        enums(
            l,
            r,
            |e| e.underlying.is_none(),
            |e| {
                e.items.push(Enumerator { id, name: format!("{}_NEW{id}", e.name), value: Some(1 << 40) });
            },
        )
    }),
    breaking("enum-negative-value", |l, r| {
        let id = l.fresh();
        enums(
            l,
            r,
            |e| e.underlying.is_none(),
            |e| {
                e.items.push(Enumerator { id, name: format!("{}_NEW{id}", e.name), value: Some(-5) });
            },
        )
    }),
    breaking("enum-underlying", |l, r| {
        l.cpp
            && enums(
                l,
                r,
                |e| e.scoped,
                |e| {
                    e.underlying =
                        Some(if e.underlying == Some(Scalar::I64) { Scalar::I32 } else { Scalar::I64 });
                },
            )
    }),
    breaking("enum-packed", |l, r| !l.cpp && enums(l, r, |e| !e.packed, |e| e.packed = true)),
    neutral("enum-name-c", |l, r| !l.cpp && rename_tag(l, r)),
    breaking("enum-name-cpp", |l, r| l.cpp && rename_tag(l, r)),
    breaking("enum-scoped", |l, r| l.cpp && enums(l, r, |_| true, |e| e.scoped = !e.scoped)),
    neutral("typedef-rename", |l, r| {
        let index = r.below(l.aliases.len());
        l.aliases[index].name = format!("{}_renamed", l.aliases[index].name);
        true
    }),
    breaking("typedef-target", |l, r| {
        let index = r.below(l.aliases.len());
        let to = if l.aliases[index].target == Ty::Int(Scalar::I64) { Scalar::U8 } else { Scalar::I64 };
        l.aliases[index].target = Ty::Int(to);
        true
    }),
    breaking("typedef-float", |l, r| {
        let index = r.below(l.aliases.len());
        let to = if l.aliases[index].target == Ty::Int(Scalar::F64) { Scalar::I64 } else { Scalar::F64 };
        l.aliases[index].target = Ty::Int(to);
        true
    }),
    neutral("typedef-of-typedef", |l, r| {
        let index = r.below(l.aliases.len());
        let target = l.aliases[index].target.clone();
        l.aliases.insert(0, crate::model::Alias { name: "inner_t".into(), target });
        shift_aliases(l);
        l.aliases[index + 1].target = Ty::Alias(0);
        true
    }),
    breaking("callback-parameter-add", |l, r| {
        let index = r.below(l.signatures.len());
        let new = generate::param(l, Ty::Int(Scalar::I32));
        l.signatures[index].params.push(new);
        true
    }),
    breaking("callback-parameter-remove", |l, r| {
        let index = r.below(l.signatures.len());
        let params = &mut l.signatures[index].params;
        let removed = params.len() > 1;
        if removed {
            params.remove(0);
        }
        removed
    }),
    breaking("callback-parameter-retype", |l, r| {
        let index = r.below(l.signatures.len());
        let ty = &mut l.signatures[index].params[0].ty;
        *ty = Ty::Int(if *ty == Ty::Int(Scalar::F64) { Scalar::I32 } else { Scalar::F64 });
        true
    }),
    breaking("callback-result", |l, r| {
        let index = r.below(l.signatures.len());
        let ret = &mut l.signatures[index].ret;
        *ret = if ret.is_float() { Scalar::I64 } else { Scalar::F64 };
        true
    }),
    breaking("template-member", |l, r| {
        let new = l.new_member(Ty::Int(Scalar::I64));
        let at = r.below(2);
        let Some(t) = l.templates.first_mut() else { return false };
        t.members.insert(at.min(t.members.len()), new);
        true
    }),
    breaking("template-member-swap", |l, _| {
        let Some(t) = l.templates.first_mut() else { return false };
        let many = t.members.len() > 1;
        t.members.reverse();
        many
    }),
    breaking("template-instance-removed", |l, _| {
        let Some(t) = l.templates.first_mut() else { return false };
        t.instances.retain(|i| *i != t.used_with);
        true
    }),
    neutral("template-instance-added", |l, _| {
        let Some(t) = l.templates.first_mut() else { return false };
        t.instances.push(Scalar::U16);
        true
    }),
    breaking("template-argument", |l, _| {
        let Some(t) = l.templates.first_mut() else { return false };
        t.used_with = Scalar::F64;
        true
    }),
    neutral("template-method", |l, _| {
        let Some(t) = l.templates.first_mut() else { return false };
        t.more_methods = true;
        true
    }),
];

fn enums(l: &mut Library, r: &mut Rng, test: impl Fn(&Enum) -> bool, act: impl Fn(&mut Enum)) -> bool {
    let places: Vec<usize> = (0..l.enums.len()).filter(|&e| test(&l.enums[e])).collect();
    let Some(index) = r.pick(&places) else { return false };
    act(&mut l.enums[index]);
    true
}

fn rename_tag(l: &mut Library, r: &mut Rng) -> bool {
    enums(l, r, |_| true, |e| e.name = format!("{}_renamed", e.name))
}

/// States every value and then turns the order round.
fn enum_reorder(l: &mut Library, r: &mut Rng) -> bool {
    enums(
        l,
        r,
        |e| e.items.len() > 1,
        |e| {
            let mut next = 0;
            for item in &mut e.items {
                let value = item.value.unwrap_or(next);
                item.value = Some(value);
                next = value + 1;
            }
            e.items.reverse();
        },
    )
}

/// Every use of a typedef after one was put before all others.
fn shift_aliases(l: &mut Library) {
    fn shift(ty: &mut Ty) {
        match ty {
            Ty::Alias(index) => *index += 1,
            Ty::Arr(element, _) => shift(element),
            _ => {}
        }
    }
    l.records.iter_mut().flat_map(|r| &mut r.members).for_each(|m| shift(&mut m.ty));
    for f in &mut l.functions {
        f.params.iter_mut().for_each(|p| shift(&mut p.ty));
        f.ret.iter_mut().for_each(shift);
    }
}
