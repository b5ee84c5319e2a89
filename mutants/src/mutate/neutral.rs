//! Changes of the source and of how it is compiled that leave the binary interface alone.

use super::{Kind, neutral};
use crate::model::{Library, Style};
use crate::rng::Rng;

pub(super) const KINDS: &[Kind] = &[
    neutral("comments", |l, _| set(l, |s| &mut s.comments)),
    neutral("definition-order", |l, _| set(l, |s| &mut s.reversed)),
    neutral("private-things", |l, _| set(l, |s| &mut s.private_things)),
    neutral("unnamed-parameters", |l, _| set(l, |s| &mut s.unnamed_parameters)),
    neutral("attributes", |l, _| set(l, |s| &mut s.attributes)),
    neutral("macros", |l, _| set(l, |s| &mut s.macros)),
    neutral("optimisation", |l, _| set(l, |s| &mut s.optimise)),
    neutral("dwarf-version", |l, _| set(l, |s| &mut s.dwarf4)),
    neutral("debug-compression", |l, _| set(l, |s| &mut s.compressed)),
    neutral("type-units", |l, _| set(l, |s| &mut s.type_units)),
    neutral("forward-declarations", |l, _| set(l, |s| &mut s.forward)),
    neutral("data-only", |l, r: &mut Rng| {
        l.style.build = r.range(2, 999) as u32;
        true
    }),
    neutral("function-order", |l, r| {
        let by = r.range(1, l.functions.len() - 1);
        l.functions.rotate_left(by);
        true
    }),
    neutral("object-order", |l, r| {
        let by = r.range(1, l.objects.len() - 1);
        l.objects.rotate_left(by);
        true
    }),
];

fn set(l: &mut Library, switch: fn(&mut Style) -> &mut bool) -> bool {
    let switch = switch(&mut l.style);
    *switch = !*switch;
    true
}
