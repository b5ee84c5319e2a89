//! Structs and unions: members, layout, bit-fields, special members.

use super::{Kind, Neutral, breaking, hidden, neutral};
use crate::layout;
use crate::model::{Library, Member, Place, Pointee, Record, Scalar, Ty};
use crate::rng::Rng;

pub(super) const KINDS: &[Kind] = &[
    breaking("member-append", |l, r| insert(l, r, |_, count| count)),
    breaking("member-prepend", |l, r| insert(l, r, |_, _| 0)),
    breaking("member-insert", |l, r| insert(l, r, |rng, count| rng.below(count))),
    breaking("member-insert-record", insert_record),
    breaking("member-remove", |l, r| remove(l, r, |rng, count| rng.below(count))),
    breaking("member-remove-last", |l, r| remove(l, r, |_, count| count - 1)),
    breaking("member-swap", swap),
    breaking("member-to-end", to_end),
    neutral("member-rename", rename),
    breaking("member-into-padding", |l, r| into_padding(l, r, false)),
    breaking("member-into-tail-padding", |l, r| into_padding(l, r, true)),
    breaking("member-widen", |l, r| retype(l, r, |s| if s.size() < 8 { Some(Scalar::I64) } else { None })),
    breaking("member-narrow", |l, r| retype(l, r, |s| if s.size() > 1 { Some(Scalar::U8) } else { None })),
    breaking("member-sign", |l, r| retype(l, r, other_sign)),
    breaking("member-int-float", |l, r| retype(l, r, int_float)),
    breaking("member-int-pointer", |l, r| {
        change(
            l,
            r,
            |m| matches!(m.ty, Ty::Int(Scalar::I64 | Scalar::U64)) && m.bits.is_none(),
            |m| {
                m.ty = Ty::Ptr(Pointee::Void, false);
            },
        )
    }),
    neutral("member-long-longlong", |l, r| {
        !l.cpp && retype(l, r, |s| if s == Scalar::I64 { Some(Scalar::Ill) } else { None })
    }),
    neutral("member-pointee-const", |l, r| {
        change(
            l,
            r,
            |m| matches!(m.ty, Ty::Ptr(_, false)),
            |m| {
                if let Ty::Ptr(_, is_const) = &mut m.ty {
                    *is_const = true;
                }
            },
        )
    }),
    neutral("member-pointer-to-other", |l, r| {
        change(
            l,
            r,
            |m| matches!(m.ty, Ty::Ptr(Pointee::Void, _)),
            |m| {
                m.ty = Ty::Ptr(Pointee::Int(Scalar::U8), false);
            },
        )
    }),
    breaking("member-volatile", |l, r| {
        change(l, r, |m| matches!(m.ty, Ty::Int(_)) && m.qualifier.is_empty(), |m| m.qualifier = "volatile")
    }),
    breaking("member-atomic", |l, r| {
        !l.cpp
            && change(l, r, |m| matches!(m.ty, Ty::Int(_)) && m.bits.is_none(), |m| m.qualifier = "_Atomic")
    }),
    neutral("member-to-typedef", to_typedef),
    breaking("member-align", |l, r| change(l, r, |m| m.bits.is_none(), |m| m.align = Some(32))),
    breaking("array-grow", |l, r| resize(l, r, 1)),
    breaking("array-shrink", |l, r| resize(l, r, -1)),
    breaking("array-of-one", |l, r| {
        change(
            l,
            r,
            |m| matches!(m.ty, Ty::Int(_)) && m.bits.is_none(),
            |m| {
                m.ty = Ty::Arr(Box::new(m.ty.clone()), vec![1]);
            },
        )
    }),
    neutral("array-shape", reshape),
    breaking("flexible-element", |l, r| {
        flexible(l, r, |ty| {
            if let Ty::Flex(scalar, _) = ty {
                *scalar = if *scalar == Scalar::I32 { Scalar::I64 } else { Scalar::I32 };
            }
        })
    }),
    breaking("flexible-to-one", |l, r| {
        flexible(l, r, |ty| {
            if let Ty::Flex(_, is_one) = ty {
                *is_one = true;
            }
        })
    }),
    breaking("bits-widen", |l, r| bits(l, r, |m| m.bits = m.bits.map(|b| b + 1))),
    breaking("bits-narrow", |l, r| bits(l, r, |m| m.bits = m.bits.map(|b| b - 2))),
    breaking("bits-to-member", |l, r| bits(l, r, |m| m.bits = None)),
    breaking("bits-add", bits_add),
    breaking("bits-remove", bits_remove),
    breaking("bits-storage", |l, r| {
        bits(l, r, |m| m.ty = Ty::Int(if m.ty == Ty::Int(Scalar::U64) { Scalar::U32 } else { Scalar::U64 }))
    }),
    breaking("record-pack", |l, r| records(l, r, |x| !x.packed && !x.is_union, |x| x.packed = true)),
    breaking("record-unpack", |l, r| records(l, r, |x| x.packed, |x| x.packed = false)),
    breaking("record-align", |l, r| records(l, r, |x| x.align != Some(32), |x| x.align = Some(32))),
    breaking("record-unalign", |l, r| records(l, r, |x| x.align.is_some(), |x| x.align = None)),
    breaking("record-to-union", |l, r| {
        records(
            l,
            r,
            |x| !x.is_union && !x.is_flexible() && x.members.len() > 1,
            |x| {
                x.is_union = true;
                x.class_keyword = false;
            },
        )
    }),
    neutral("record-rename-c", |l, r| !l.cpp && rename_tag(l, r)),
    breaking("record-rename-cpp", |l, r| l.cpp && rename_tag(l, r)),
    neutral("record-wrap", |l, r| records(l, r, can_wrap, |x| x.wrapped = true)),
    neutral("record-class-keyword", |l, r| {
        l.cpp && records(l, r, |x| !x.is_union, |x| x.class_keyword = !x.class_keyword)
    }),
    breaking("nested-grow", nested_grow),
    breaking("union-add-large", |l, r| {
        union(l, r, |l| l.new_member(Ty::Arr(Box::new(Ty::Int(Scalar::I64)), vec![12])))
    }),
    breaking("union-add-small", |l, r| union(l, r, |l| l.new_member(Ty::Int(Scalar::U8)))),
    breaking("union-remove", union_remove),
    breaking("union-reorder", |l, r| {
        records(l, r, |x| x.is_union && x.members.len() > 1, |x| x.members.reverse())
    }),
    breaking("add-destructor", |l, r| {
        l.cpp && special(l, r, |x| !x.special.destructor, |x| x.special.destructor = true)
    }),
    breaking("remove-destructor", |l, r| {
        l.cpp && special(l, r, |x| x.special.destructor, |x| x.special.destructor = false)
    }),
    breaking("add-copy-constructor", |l, r| {
        l.cpp && special(l, r, |x| !x.special.copy, |x| x.special.copy = true)
    }),
    hidden("opaque-append", |l, r| {
        opaque(l, r, |l, x| {
            let new = l.new_member(Ty::Int(Scalar::I64));
            l.records[x].members.push(new);
        })
    }),
    hidden("opaque-insert", |l, r| {
        opaque(l, r, |l, x| {
            let new = l.new_member(Ty::Arr(Box::new(Ty::Int(Scalar::U16)), vec![5]));
            l.records[x].members.insert(0, new);
        })
    }),
    hidden("opaque-remove", |l, r| opaque(l, r, |l, x| drop(l.records[x].members.remove(0)))),
    hidden("opaque-retype", |l, r| opaque(l, r, |l, x| l.records[x].members[0].ty = Ty::Int(Scalar::F64))),
    hidden("opaque-reorder", |l, r| opaque(l, r, |l, x| l.records[x].members.reverse())),
    hidden("opaque-align", |l, r| opaque(l, r, |l, x| l.records[x].align = Some(64))),
    Kind { id: "opaque-rename", neutral: Neutral::WithHeaders, apply: opaque_rename },
    hidden("opaque-defined-elsewhere", |l, r| {
        opaque(l, r, |l, x| {
            let place = &mut l.records[x].place;
            *place = if *place == Place::Source { Place::PrivateHeader } else { Place::Source };
        })
    }),
];

/// Records whose definition programs see.
fn public(l: &Library, test: impl Fn(&Record) -> bool) -> Vec<usize> {
    (0..l.records.len()).filter(|&r| l.records[r].place == Place::Public && test(&l.records[r])).collect()
}

fn records(l: &mut Library, r: &mut Rng, test: impl Fn(&Record) -> bool, act: impl Fn(&mut Record)) -> bool {
    let Some(index) = r.pick(&public(l, test)) else { return false };
    act(&mut l.records[index]);
    true
}

/// Changes a member of a public record.
fn change(l: &mut Library, r: &mut Rng, test: impl Fn(&Member) -> bool, act: impl Fn(&mut Member)) -> bool {
    let mut places = Vec::new();
    for index in public(l, |_| true) {
        let members = l.records[index].members.iter().enumerate();
        places.extend(members.filter(|(_, m)| test(m)).map(|(at, _)| (index, at)));
    }
    let Some((index, at)) = r.pick(&places) else { return false };
    act(&mut l.records[index].members[at]);
    true
}

fn insert(l: &mut Library, r: &mut Rng, place: fn(&mut Rng, usize) -> usize) -> bool {
    let Some(index) = r.pick(&public(l, |x| !x.is_union && !x.is_flexible())) else { return false };
    let scalar = r.pick(&Scalar::COMMON).unwrap_or(Scalar::I32);
    let new = l.new_member(Ty::Int(scalar));
    let at = place(r, l.records[index].members.len());
    l.records[index].members.insert(at, new);
    true
}

fn insert_record(l: &mut Library, r: &mut Rng) -> bool {
    let Some(index) = r.pick(&public(l, |x| !x.is_union && !x.is_flexible())) else { return false };
    let inner: Vec<usize> = public(l, |x| !x.is_flexible()).into_iter().filter(|&i| i < index).collect();
    let Some(inner) = r.pick(&inner) else { return false };
    let new = l.new_member(Ty::Rec(inner));
    let at = r.below(l.records[index].members.len() + 1);
    l.records[index].members.insert(at, new);
    true
}

fn remove(l: &mut Library, r: &mut Rng, place: fn(&mut Rng, usize) -> usize) -> bool {
    let Some(index) = r.pick(&public(l, |x| !x.is_union && x.members.len() > 1)) else { return false };
    let members = &mut l.records[index].members;
    members.remove(place(r, members.len()));
    true
}

fn swap(l: &mut Library, r: &mut Rng) -> bool {
    let Some(index) = r.pick(&public(l, |x| !x.is_union && x.members.len() > 1 && !x.is_flexible())) else {
        return false;
    };
    let members = &mut l.records[index].members;
    let at = r.below(members.len() - 1);
    members.swap(at, at + 1);
    true
}

fn to_end(l: &mut Library, r: &mut Rng) -> bool {
    let Some(index) = r.pick(&public(l, |x| !x.is_union && x.members.len() > 1 && !x.is_flexible())) else {
        return false;
    };
    let members = &mut l.records[index].members;
    let moved = members.remove(r.below(members.len() - 1));
    members.push(moved);
    true
}

fn rename_tag(l: &mut Library, r: &mut Rng) -> bool {
    records(l, r, |_| true, |x| x.tag = format!("{}_renamed", x.tag))
}

fn rename(l: &mut Library, r: &mut Rng) -> bool {
    change(l, r, |_| true, |m| m.name = format!("{}_renamed", m.name))
}

/// Puts a member into unused bytes, so that nothing moves and nothing grows.
fn into_padding(l: &mut Library, r: &mut Rng, tail: bool) -> bool {
    let mut places = Vec::new();
    for index in public(l, |x| !x.is_union && !x.is_flexible() && !x.packed) {
        let Some(layout) = layout::record(l, &l.records[index]) else { continue };
        let count = l.records[index].members.len();
        let holes = layout.holes.into_iter().filter(|h| (h.0 == count) == tail);
        places.extend(holes.map(|hole| (index, hole)));
    }
    let Some((index, (at, offset, size))) = r.pick(&places) else { return false };
    let fits = |s: &&Scalar| s.size() <= size && offset % s.size() == 0;
    let Some(scalar) = [Scalar::U32, Scalar::U16, Scalar::U8].iter().find(fits) else { return false };
    let new = l.new_member(Ty::Int(*scalar));
    l.records[index].members.insert(at, new);
    true
}

fn retype(l: &mut Library, r: &mut Rng, to: fn(Scalar) -> Option<Scalar>) -> bool {
    let new = |m: &Member| match m.ty {
        Ty::Int(scalar) if m.bits.is_none() => to(scalar),
        _ => None,
    };
    change(l, r, |m| new(m).is_some(), |m| m.ty = Ty::Int(new(m).unwrap_or(Scalar::I32)))
}

pub(super) fn other_sign(scalar: Scalar) -> Option<Scalar> {
    Some(match scalar {
        Scalar::I8 => Scalar::U8,
        Scalar::U8 => Scalar::I8,
        Scalar::I16 => Scalar::U16,
        Scalar::U16 => Scalar::I16,
        Scalar::I32 => Scalar::U32,
        Scalar::U32 => Scalar::I32,
        _ => return None,
    })
}

pub(super) fn int_float(scalar: Scalar) -> Option<Scalar> {
    Some(match scalar {
        Scalar::I32 | Scalar::U32 => Scalar::F32,
        Scalar::I64 | Scalar::U64 => Scalar::F64,
        Scalar::F32 => Scalar::I32,
        Scalar::F64 => Scalar::I64,
        _ => return None,
    })
}

fn to_typedef(l: &mut Library, r: &mut Rng) -> bool {
    let targets: Vec<Ty> = l.aliases.iter().map(|a| a.target.clone()).collect();
    let find = |m: &Member| targets.iter().position(|t| *t == m.ty);
    change(l, r, |m| m.bits.is_none() && find(m).is_some(), |m| m.ty = Ty::Alias(find(m).unwrap_or(0)))
}

fn resize(l: &mut Library, r: &mut Rng, by: i64) -> bool {
    change(
        l,
        r,
        |m| matches!(m.ty, Ty::Arr(..)),
        |m| {
            if let Ty::Arr(_, dimensions) = &mut m.ty {
                dimensions[0] = dimensions[0].saturating_add_signed(by);
            }
        },
    )
}

fn reshape(l: &mut Library, r: &mut Rng) -> bool {
    change(
        l,
        r,
        |m| matches!(&m.ty, Ty::Arr(_, d) if d.len() == 2),
        |m| {
            if let Ty::Arr(_, dimensions) = &mut m.ty {
                *dimensions = vec![dimensions.iter().product()];
            }
        },
    )
}

fn flexible(l: &mut Library, r: &mut Rng, act: fn(&mut Ty)) -> bool {
    change(l, r, |m| matches!(m.ty, Ty::Flex(..)), |m| act(&mut m.ty))
}

fn bits(l: &mut Library, r: &mut Rng, act: fn(&mut Member)) -> bool {
    let narrow = |m: &Member| m.bits.is_some_and(|b| b < 8);
    change(l, r, narrow, act)
}

fn bits_add(l: &mut Library, r: &mut Rng) -> bool {
    let has = |x: &Record| x.members.iter().any(|m| m.bits.is_some());
    let Some(index) = r.pick(&public(l, has)) else { return false };
    let mut new = l.new_member(Ty::Int(Scalar::U32));
    new.bits = Some(3);
    new.value_bits = 2;
    let places: Vec<usize> = (0..l.records[index].members.len())
        .filter(|&at| l.records[index].members[at].bits.is_some())
        .collect();
    let at = r.pick(&places).unwrap_or(0) + r.below(2);
    l.records[index].members.insert(at, new);
    true
}

fn bits_remove(l: &mut Library, r: &mut Rng) -> bool {
    let has = |x: &Record| x.members.len() > 1 && x.members.iter().any(|m| m.bits.is_some());
    let Some(index) = r.pick(&public(l, has)) else { return false };
    let members = &mut l.records[index].members;
    let Some(at) = members.iter().position(|m| m.bits.is_some()) else { return false };
    members.remove(at);
    true
}

/// Wrapping changes nothing only where the inner struct is laid out as the outer one was.
fn can_wrap(x: &Record) -> bool {
    !x.is_union && !x.packed && !x.wrapped && !x.is_flexible() && !x.special.destructor
}

fn nested_grow(l: &mut Library, r: &mut Rng) -> bool {
    let mut inner: Vec<usize> = Vec::new();
    for record in &l.records {
        for m in &record.members {
            match &m.ty {
                Ty::Rec(index) => inner.push(*index),
                Ty::Arr(element, _) => inner.extend(match **element {
                    Ty::Rec(index) => Some(index),
                    _ => None,
                }),
                _ => {}
            }
        }
    }
    let Some(index) = r.pick(&inner) else { return false };
    let new = l.new_member(Ty::Arr(Box::new(Ty::Int(Scalar::I64)), vec![4]));
    l.records[index].members.push(new);
    true
}

fn union(l: &mut Library, r: &mut Rng, make: fn(&mut Library) -> Member) -> bool {
    let Some(index) = r.pick(&public(l, |x| x.is_union)) else { return false };
    let new = make(l);
    l.records[index].members.push(new);
    true
}

fn union_remove(l: &mut Library, r: &mut Rng) -> bool {
    records(l, r, |x| x.is_union && x.members.len() > 1, |x| drop(x.members.pop()))
}

/// Special members: not where a union or a flexible array forbids them.
fn special(l: &mut Library, r: &mut Rng, test: fn(&Record) -> bool, act: fn(&mut Record)) -> bool {
    let in_union: Vec<usize> = l
        .records
        .iter()
        .filter(|x| x.is_union)
        .flat_map(|x| x.members.iter())
        .filter_map(|m| if let Ty::Rec(r) = m.ty { Some(r) } else { None })
        .collect();
    let places: Vec<usize> = public(l, |x| !x.is_union && !x.is_flexible() && test(x))
        .into_iter()
        .filter(|index| !in_union.contains(index))
        .collect();
    let Some(index) = r.pick(&places) else { return false };
    act(&mut l.records[index]);
    true
}

fn opaque(l: &mut Library, r: &mut Rng, act: fn(&mut Library, usize)) -> bool {
    let places: Vec<usize> = (0..l.records.len())
        .filter(|&x| {
            l.records[x].place != Place::Public && l.records[x].members.len() > 1 && !l.records[x].packed
        })
        .collect();
    let Some(index) = r.pick(&places) else { return false };
    act(l, index);
    // A type of another kind takes no bit-field.
    if l.records[index].members.iter().any(|m| m.bits.is_some() && m.ty == Ty::Int(Scalar::F64)) {
        l.records[index]
            .members
            .iter_mut()
            .filter(|m| m.ty == Ty::Int(Scalar::F64))
            .for_each(|m| m.bits = None);
    }
    true
}

fn opaque_rename(l: &mut Library, r: &mut Rng) -> bool {
    // C++ names of functions have the type's name in them.
    !l.cpp && opaque(l, r, |l, x| l.records[x].tag = format!("{}_impl", l.records[x].tag))
}
