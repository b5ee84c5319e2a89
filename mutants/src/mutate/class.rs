//! C++ classes: virtual tables, bases, members, names.

use super::{Kind, breaking, hidden, neutral};
use crate::generate;
use crate::model::{Class, Library, Method, Scalar, Ty};
use crate::rng::Rng;

pub(super) const KINDS: &[Kind] = &[
    breaking("virtual-append", |l, r| add_virtual(l, r, false, true, |count, _| count)),
    breaking("virtual-append-unused", |l, r| add_virtual(l, r, false, false, |count, _| count)),
    breaking("virtual-prepend", |l, r| add_virtual(l, r, false, true, |_, _| 0)),
    breaking("virtual-insert", |l, r| add_virtual(l, r, false, true, |count, r| r.below(count))),
    breaking("virtual-append-pure", |l, r| add_virtual(l, r, true, true, |count, _| count)),
    breaking("virtual-remove", |l, r| {
        classes(
            l,
            r,
            |c| own(c).len() > 1,
            |c| {
                let at = own(c)[0];
                c.methods.remove(at);
            },
        )
    }),
    breaking("virtual-reorder", |l, r| {
        classes(
            l,
            r,
            |c| own(c).len() > 1,
            |c| {
                let places = own(c);
                c.methods.swap(places[0], places[1]);
            },
        )
    }),
    breaking("virtual-to-pure", |l, r| {
        method(l, r, |m| m.is_virtual && !m.pure && !m.overrides, |m| m.pure = true)
    }),
    breaking("pure-to-virtual", |l, r| method(l, r, |m| m.pure, |m| m.pure = false)),
    breaking("method-to-virtual", |l, r| {
        method(l, r, |m| !m.is_virtual && !m.is_static && !m.inline, |m| m.is_virtual = true)
    }),
    breaking("virtual-to-method", |l, r| {
        method(l, r, |m| m.is_virtual && !m.pure && !m.overrides, |m| m.is_virtual = false)
    }),
    breaking("virtual-rename", |l, r| {
        method(l, r, |m| m.is_virtual && !m.overrides, |m| m.name = format!("{}_renamed", m.name))
    }),
    breaking("virtual-parameter", |l, r| {
        method(
            l,
            r,
            |m| m.is_virtual && !m.overrides,
            |m| {
                m.param = if m.param == Scalar::F64 { Scalar::I32 } else { Scalar::F64 };
            },
        )
    }),
    breaking("virtual-result", |l, r| {
        method(
            l,
            r,
            |m| m.is_virtual && !m.overrides,
            |m| {
                m.ret = if m.ret == Scalar::F64 { Scalar::I32 } else { Scalar::F64 };
            },
        )
    }),
    breaking("override-add", override_add),
    breaking("override-remove", |l, r| {
        let places: Vec<(usize, usize)> = pairs(l, |m| m.overrides);
        let Some((c, m)) = r.pick(&places) else { return false };
        l.classes[c].methods.remove(m);
        true
    }),
    breaking("virtual-destructor-add", |l, r| {
        classes(l, r, |c| !c.virtual_destructor, |c| c.virtual_destructor = true)
    }),
    breaking("virtual-destructor-remove", |l, r| {
        classes(l, r, |c| c.virtual_destructor, |c| c.virtual_destructor = false)
    }),
    neutral("method-override-keyword", |l, r| {
        method(l, r, |m| m.overrides && m.suffix.is_empty(), |m| m.suffix = "override")
    }),
    breaking("method-const", |l, r| {
        method(l, r, |m| !m.is_static && !m.is_virtual, |m| m.is_const = !m.is_const)
    }),
    breaking("method-static", |l, r| {
        method(l, r, |m| !m.is_static && !m.is_virtual && !m.inline && !m.is_const, |m| m.is_static = true)
    }),
    neutral("method-noexcept", |l, r| method(l, r, |m| !m.is_virtual, |m| m.noexcept = true)),
    neutral("method-default-argument", |l, r| {
        method(l, r, |m| !m.default_argument, |m| m.default_argument = true)
    }),
    neutral("method-private", |l, r| method(l, r, |m| !m.is_virtual, |m| m.private = true)),
    neutral("method-outline", |l, r| method(l, r, |m| m.inline, |m| m.inline = false)),
    breaking("method-inline", |l, r| {
        method(l, r, |m| !m.inline && !m.pure && !m.is_static, |m| m.inline = true)
    }),
    breaking("method-remove", |l, r| {
        let places = pairs(l, |m| !m.is_virtual && !m.inline);
        let Some((c, m)) = r.pick(&places) else { return false };
        l.classes[c].methods.remove(m);
        true
    }),
    neutral("method-add", |l, r| {
        let mut new = generate::method(l, r, "more");
        new.is_new = true;
        classes(l, r, |_| true, |c| c.methods.push(new.clone()))
    }),
    neutral("method-reorder", |l, r| {
        let plain = |c: &Class| -> Vec<usize> {
            (0..c.methods.len()).filter(|&m| !c.methods[m].is_virtual).collect()
        };
        classes(
            l,
            r,
            |c| plain(c).len() > 1,
            |c| {
                let places = plain(c);
                c.methods.swap(places[0], places[1]);
            },
        )
    }),
    breaking("class-member-append", |l, r| class_member(l, r, |count| count)),
    breaking("class-member-prepend", |l, r| class_member(l, r, |_| 0)),
    breaking("class-member-remove", |l, r| classes(l, r, |c| c.members.len() > 1, |c| drop(c.members.pop()))),
    breaking("class-member-swap", |l, r| {
        classes(l, r, |c| c.members.len() > 1 && c.members[0].ty != c.members[1].ty, |c| c.members.swap(0, 1))
    }),
    breaking("class-member-retype", |l, r| {
        classes(l, r, |c| !c.members.is_empty(), |c| c.members[0].ty = Ty::Int(Scalar::F80))
    }),
    neutral("class-member-rename", |l, r| {
        classes(
            l,
            r,
            |c| !c.members.is_empty(),
            |c| c.members[0].name = format!("{}_renamed", c.members[0].name),
        )
    }),
    neutral("static-member-add", |l, r| classes(l, r, |_| true, |c| c.statics.push("extra_total".into()))),
    breaking("static-member-remove", |l, r| classes(l, r, |c| !c.statics.is_empty(), |c| c.statics.clear())),
    hidden("pimpl-grow", |l, r| classes(l, r, |c| c.pimpl.is_some(), |c| c.pimpl = Some(9))),
    breaking("pimpl-remove", |l, r| classes(l, r, |c| c.pimpl.is_some(), |c| c.pimpl = None)),
    breaking("base-add-empty", |l, r| base_add(l, r, 0, true)),
    breaking("base-add-first", |l, r| base_add(l, r, 1, true)),
    breaking("base-add-last", |l, r| base_add(l, r, 1, false)),
    breaking("base-add-polymorphic", |l, r| base_add(l, r, 2, false)),
    breaking("base-remove", |l, r| {
        // What overrides nothing any more would be a new virtual function as well.
        classes(l, r, |c| c.bases.len() > 1, |c| c.bases.truncate(c.bases.len() - 1))
    }),
    breaking("base-reorder", |l, r| classes(l, r, |c| c.bases.len() > 1, |c| c.bases.reverse())),
    breaking("base-virtual", |l, r| {
        classes(l, r, |c| c.bases.iter().any(|b| !b.1), |c| c.bases.iter_mut().for_each(|b| b.1 = true))
    }),
    breaking("base-not-virtual", |l, r| {
        classes(l, r, |c| c.bases.iter().any(|b| b.1), |c| c.bases.iter_mut().for_each(|b| b.1 = false))
    }),
    neutral("class-keyword", |l, r| classes(l, r, |_| true, |c| c.struct_keyword = !c.struct_keyword)),
    neutral("class-noise", |l, r| classes(l, r, |c| !c.noise, |c| c.noise = true)),
    breaking("class-rename", |l, r| classes(l, r, |_| true, |c| c.name = format!("{}_renamed", c.name))),
    breaking("namespace", |l, _| {
        l.namespace = "other".into();
        l.cpp
    }),
    breaking("inline-namespace", |l, _| {
        l.inline_namespace = Some("v2".into());
        l.cpp
    }),
    breaking("abi-tag", |l, r| {
        let places: Vec<usize> = l.functions.iter().filter(|f| !f.extern_c).map(|f| f.id).collect();
        l.abi_tag = r.pick(&places);
        l.abi_tag.is_some()
    }),
];

/// Own virtual functions that override nothing.
fn own(c: &Class) -> Vec<usize> {
    (0..c.methods.len()).filter(|&m| c.methods[m].is_virtual && !c.methods[m].overrides).collect()
}

fn classes(l: &mut Library, r: &mut Rng, test: impl Fn(&Class) -> bool, act: impl Fn(&mut Class)) -> bool {
    let places: Vec<usize> = (0..l.classes.len()).filter(|&c| test(&l.classes[c])).collect();
    let Some(index) = r.pick(&places) else { return false };
    act(&mut l.classes[index]);
    true
}

fn pairs(l: &Library, test: impl Fn(&Method) -> bool) -> Vec<(usize, usize)> {
    let mut out = Vec::new();
    for (index, class) in l.classes.iter().enumerate() {
        out.extend((0..class.methods.len()).filter(|&m| test(&class.methods[m])).map(|m| (index, m)));
    }
    out
}

fn method(l: &mut Library, r: &mut Rng, test: impl Fn(&Method) -> bool, act: impl Fn(&mut Method)) -> bool {
    let Some((c, m)) = r.pick(&pairs(l, test)) else { return false };
    let key = l.classes[c].methods[m].key.clone();
    act(&mut l.classes[c].methods[m]);
    // Overrides follow what they override, or the source would not compile.
    let changed = l.classes[c].methods[m].clone();
    for other in l.classes.iter_mut().flat_map(|c| &mut c.methods).filter(|m| m.key == key && m.overrides) {
        (other.name, other.param, other.ret) = (changed.name.clone(), changed.param, changed.ret);
    }
    true
}

fn add_virtual(
    l: &mut Library,
    r: &mut Rng,
    pure: bool,
    driven: bool,
    place: fn(usize, &mut Rng) -> usize,
) -> bool {
    let mut new = generate::method(l, r, "fresh");
    (new.is_virtual, new.pure, new.driven, new.is_new) = (true, pure, driven, true);
    let places: Vec<usize> = (0..l.classes.len()).filter(|&c| l.is_polymorphic(c)).collect();
    let Some(index) = r.pick(&places) else { return false };
    let methods = &mut l.classes[index].methods;
    let at = place(methods.len(), r);
    methods.insert(at, new);
    true
}

/// A class takes over a function of a base that it left alone, with the same result.
fn override_add(l: &mut Library, r: &mut Rng) -> bool {
    let mut places = Vec::new();
    for (index, class) in l.classes.iter().enumerate() {
        // With a virtual base two overriders might need a third.
        if class.bases.len() == 1 && !class.bases[0].1 {
            let inherited = l.callable(class.bases[0].0);
            let free = |m: &&Method| !m.pure && !class.methods.iter().any(|own| own.key == m.key);
            places.extend(inherited.iter().filter(free).map(|m| (index, m.clone())));
        }
    }
    let at = r.below(places.len());
    let Some((index, mut new)) = places.into_iter().nth(at) else { return false };
    new.overrides = true;
    new.delegates = Some(l.classes[l.classes[index].bases[0].0].name.clone());
    new.id = l.fresh();
    l.classes[index].methods.push(new);
    true
}

fn class_member(l: &mut Library, r: &mut Rng, place: fn(usize) -> usize) -> bool {
    let scalar = r.pick(&Scalar::COMMON).unwrap_or(Scalar::I32);
    let new = l.new_member(Ty::Int(scalar));
    classes(l, r, |_| true, |c| c.members.insert(place(c.members.len()), new.clone()))
}

/// A base that did not exist before: empty (0), with a member (1), with a virtual function (2).
fn base_add(l: &mut Library, r: &mut Rng, kind: usize, first: bool) -> bool {
    if l.classes.is_empty() {
        return false;
    }
    let target = r.below(l.classes.len());
    let mut base = Class {
        name: "NewBase".into(),
        bases: Vec::new(),
        methods: Vec::new(),
        members: Vec::new(),
        statics: Vec::new(),
        virtual_destructor: false,
        struct_keyword: true,
        noise: false,
        pimpl: None,
        is_new: true,
    };
    if kind > 0 {
        base.members.push(l.new_member(Ty::Int(Scalar::I64)));
    }
    if kind == 2 {
        let mut new = generate::method(l, r, "fresh");
        (new.is_virtual, new.is_new) = (true, true);
        base.methods.push(new);
    }
    // Classes derive only from those before them.
    l.classes.insert(0, base);
    for class in &mut l.classes {
        class.bases.iter_mut().for_each(|b| b.0 += 1);
    }
    let bases = &mut l.classes[target + 1].bases;
    let at = if first { 0 } else { bases.len() };
    bases.insert(at, (0, false));
    true
}
