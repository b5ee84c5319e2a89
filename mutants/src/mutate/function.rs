//! Functions: parameters, results, calling.

use super::{Kind, breaking, neutral, unseen};
use crate::generate;
use crate::model::{Function, Library, Param, Pointee, Scalar, Ty, Varargs};
use crate::mutate::record::{int_float, other_sign};
use crate::rng::Rng;

pub(super) const KINDS: &[Kind] = &[
    breaking("parameter-append", |l, r| {
        let ty = generate::passable(l, r);
        let new = generate::param(l, ty);
        functions(l, r, |_| true, |f| f.params.push(new.clone()))
    }),
    breaking("parameter-prepend", |l, r| {
        let ty = generate::passable(l, r);
        let new = generate::param(l, ty);
        functions(l, r, |_| true, |f| f.params.insert(0, new.clone()))
    }),
    breaking("parameter-remove", |l, r| {
        functions(l, r, |f| !f.params.is_empty(), |f| drop(f.params.remove(0)))
    }),
    breaking("parameter-remove-last", |l, r| {
        functions(l, r, |f| !f.params.is_empty(), |f| drop(f.params.pop()))
    }),
    breaking("parameter-swap", |l, r| swap(l, r, false)),
    // Only the names of the parameters show it, and a parameter need not have one.
    unseen("parameter-swap-same-type", |l, r| swap(l, r, true)),
    breaking("parameter-widen", |l, r| {
        retype(l, r, |s| (s.size() < 8 && !s.is_float()).then_some(Scalar::I64))
    }),
    breaking("parameter-narrow", |l, r| {
        retype(l, r, |s| (s.size() > 1 && !s.is_float()).then_some(Scalar::I8))
    }),
    breaking("parameter-sign", |l, r| retype(l, r, other_sign)),
    breaking("parameter-int-float", |l, r| retype(l, r, int_float)),
    breaking("parameter-float-double", |l, r| retype(l, r, |s| (s == Scalar::F32).then_some(Scalar::F64))),
    breaking("parameter-long-double", |l, r| retype(l, r, |s| (s == Scalar::F64).then_some(Scalar::F80))),
    breaking("parameter-to-value", |l, r| {
        params(
            l,
            r,
            |p| matches!(p.ty, Ty::Ptr(Pointee::Rec(_), true)),
            |p| {
                if let Ty::Ptr(Pointee::Rec(record), _) = p.ty {
                    p.ty = Ty::Rec(record);
                }
            },
        )
    }),
    breaking("parameter-to-pointer", |l, r| {
        params(
            l,
            r,
            |p| matches!(p.ty, Ty::Rec(_)),
            |p| {
                if let Ty::Rec(record) = p.ty {
                    p.ty = Ty::Ptr(Pointee::Rec(record), true);
                }
            },
        )
    }),
    breaking("parameter-other-record", |l, r| {
        let count = l.records.len();
        params(
            l,
            r,
            |p| matches!(p.ty, Ty::Ptr(Pointee::Rec(_), _)),
            |p| {
                if let Ty::Ptr(Pointee::Rec(record), _) = &mut p.ty {
                    *record = if *record == 0 { (count - 1).min(4) } else { 0 };
                }
            },
        )
    }),
    breaking("parameter-pointee", |l, r| {
        params(
            l,
            r,
            |p| matches!(p.ty, Ty::Ptr(Pointee::Int(_), _)),
            |p| {
                if let Ty::Ptr(Pointee::Int(scalar), _) = &mut p.ty {
                    *scalar = if scalar.size() == 8 { Scalar::U16 } else { Scalar::I64 };
                }
            },
        )
    }),
    neutral("parameter-pointee-const", |l, r| {
        // C++ names have it in them.
        functions(
            l,
            r,
            |f| f.extern_c && f.params.iter().any(|p| matches!(p.ty, Ty::Ptr(_, false))),
            |f| {
                for p in &mut f.params {
                    if let Ty::Ptr(_, is_const) = &mut p.ty {
                        *is_const = true;
                    }
                }
            },
        )
    }),
    breaking("parameter-pointee-unconst", |l, r| {
        params(
            l,
            r,
            |p| matches!(p.ty, Ty::Ptr(Pointee::Int(_) | Pointee::Rec(_), true)),
            |p| {
                if let Ty::Ptr(_, is_const) = &mut p.ty {
                    *is_const = false;
                }
                p.writes = true;
            },
        )
    }),
    neutral("parameter-top-const", |l, r| params(l, r, |p| !p.top_const, |p| p.top_const = true)),
    neutral("parameter-rename", |l, r| params(l, r, |_| true, |p| p.name = format!("{}_renamed", p.name))),
    neutral("parameter-to-typedef", |l, r| {
        let targets: Vec<Ty> = l.aliases.iter().map(|a| a.target.clone()).collect();
        params(
            l,
            r,
            |p| targets.contains(&p.ty),
            |p| {
                p.ty = Ty::Alias(targets.iter().position(|t| *t == p.ty).unwrap_or(0));
            },
        )
    }),
    breaking("parameter-int-enum", |l, r| {
        params(l, r, |p| matches!(p.ty, Ty::Enum(_)), |p| p.ty = Ty::Int(Scalar::I32))
    }),
    breaking("variadic-add", |l, r| {
        functions(
            l,
            r,
            |f| f.varargs == Varargs::None && !f.params.is_empty(),
            |f| f.varargs = Varargs::Ignored,
        )
    }),
    breaking("variadic-remove", |l, r| {
        functions(l, r, |f| f.varargs == Varargs::Counted, |f| f.varargs = Varargs::Fixed)
    }),
    breaking("result-widen", |l, r| result(l, r, |s| (s.size() < 8 && !s.is_float()).then_some(Scalar::I64))),
    breaking("result-narrow", |l, r| result(l, r, |s| (s.size() > 1 && !s.is_float()).then_some(Scalar::U8))),
    breaking("result-int-float", |l, r| result(l, r, int_float)),
    breaking("result-sign", |l, r| result(l, r, other_sign)),
    breaking("result-bool", |l, r| result(l, r, |s| (!s.is_float()).then_some(Scalar::Bool))),
    breaking("result-to-void", |l, r| functions(l, r, |f| f.ret.is_some(), |f| f.ret = None)),
    breaking("result-from-void", |l, r| {
        functions(l, r, |f| f.ret.is_none(), |f| f.ret = Some(Ty::Int(Scalar::I32)))
    }),
    breaking("result-record", |l, r| {
        let record = (0..l.records.len())
            .find(|&x| l.records[x].place == crate::model::Place::Public && !l.records[x].is_flexible());
        let Some(record) = record else { return false };
        functions(l, r, |f| matches!(f.ret, Some(Ty::Int(_))), |f| f.ret = Some(Ty::Rec(record)))
    }),
    breaking("result-unconst", |l, r| {
        functions(
            l,
            r,
            |f| matches!(f.ret, Some(Ty::Ptr(Pointee::Char, true))),
            |f| {
                f.ret = Some(Ty::Ptr(Pointee::Char, false));
            },
        )
    }),
    // GCC 12 writes no DW_AT_calling_convention for it.
    unseen("calling-convention", |l, r| {
        functions(l, r, |f| f.varargs == Varargs::None, |f| f.attribute = "ms_abi")
    }),
    neutral("function-attributes", |l, r| functions(l, r, |_| true, |f| f.attribute = "cold")),
    neutral("function-noexcept", |l, r| l.cpp && functions(l, r, |_| true, |f| f.noexcept = true)),
    neutral("function-other-body", |l, r| functions(l, r, |_| true, |f| f.other_body = true)),
    breaking("extern-c", |l, r| {
        l.cpp && functions(l, r, |f| f.link.alias.is_none(), |f| f.extern_c = !f.extern_c)
    }),
];

pub(super) fn functions(
    l: &mut Library,
    r: &mut Rng,
    test: impl Fn(&Function) -> bool,
    act: impl Fn(&mut Function),
) -> bool {
    let places: Vec<usize> = (0..l.functions.len())
        .filter(|&f| l.functions[f].compat.is_none() && test(&l.functions[f]))
        .collect();
    let Some(index) = r.pick(&places) else { return false };
    act(&mut l.functions[index]);
    true
}

fn params(l: &mut Library, r: &mut Rng, test: impl Fn(&Param) -> bool, act: impl Fn(&mut Param)) -> bool {
    functions(
        l,
        r,
        |f| f.params.iter().any(&test),
        |f| {
            if let Some(param) = f.params.iter_mut().find(|p| test(p)) {
                act(param);
            }
        },
    )
}

fn retype(l: &mut Library, r: &mut Rng, to: fn(Scalar) -> Option<Scalar>) -> bool {
    let new = |p: &Param| if let Ty::Int(scalar) = p.ty { to(scalar).filter(|n| *n != scalar) } else { None };
    params(l, r, |p| new(p).is_some(), |p| p.ty = Ty::Int(new(p).unwrap_or(Scalar::I32)))
}

fn result(l: &mut Library, r: &mut Rng, to: fn(Scalar) -> Option<Scalar>) -> bool {
    let new = |f: &Function| match f.ret {
        Some(Ty::Int(scalar)) => to(scalar).filter(|n| *n != scalar),
        _ => None,
    };
    functions(l, r, |f| new(f).is_some(), |f| f.ret = new(f).map(Ty::Int))
}

/// Swaps the first two parameters, where they are of one type or of two.
fn swap(l: &mut Library, r: &mut Rng, same: bool) -> bool {
    let aliases: Vec<Ty> = l.aliases.iter().map(|a| a.target.clone()).collect();
    let plain = |p: &Param| if let Ty::Alias(index) = p.ty { aliases[index].clone() } else { p.ty.clone() };
    let fits = |f: &Function| f.params.len() > 1 && (plain(&f.params[0]) == plain(&f.params[1])) == same;
    functions(l, r, fits, |f| f.params.swap(0, 1))
}
