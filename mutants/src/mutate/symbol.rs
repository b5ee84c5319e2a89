//! Symbols and the file as a whole: removal, aliases, versions, visibility, soname, objects.

use super::function::functions;
use super::{Kind, breaking, neutral};
use crate::generate;
use crate::model::{Library, Link, Object, Scalar, Ty};
use crate::rng::Rng;

pub(super) const KINDS: &[Kind] = &[
    breaking("function-remove", |l, r| {
        let index = r.below(l.functions.len());
        l.functions.remove(index);
        true
    }),
    breaking("function-rename", |l, r| functions(l, r, |_| true, |f| f.name = format!("{}_renamed", f.name))),
    neutral("function-rename-keep-alias", |l, r| {
        functions(
            l,
            r,
            |f| f.link.alias.is_none() && f.extern_c,
            |f| {
                f.link.alias = Some(f.name.clone());
                f.name = format!("{}_renamed", f.name);
            },
        )
    }),
    breaking("function-hide", |l, r| functions(l, r, |f| f.link.alias.is_none(), |f| f.link.hidden = true)),
    breaking("function-protect", |l, r| {
        functions(l, r, |f| f.link.alias.is_none(), |f| f.link.protected = true)
    }),
    neutral("function-weaken", |l, r| functions(l, r, |f| f.link.alias.is_none(), |f| f.link.weak = true)),
    neutral("function-ifunc", |l, r| {
        !l.cpp && functions(l, r, |f| f.link.alias.is_none() && f.attribute.is_empty(), |f| f.ifunc = true)
    }),
    neutral("function-add", |l, r| {
        let id = l.fresh();
        let Some(mut new) = l.functions.get(r.below(l.functions.len())).cloned() else { return false };
        new.name = format!("call{id}");
        new.id = id;
        new.link.alias = None;
        l.functions.push(new);
        true
    }),
    breaking("alias-remove", |l, r| functions(l, r, |f| f.link.alias.is_some(), |f| f.link.alias = None)),
    neutral("alias-split-function", |l, r| {
        functions(l, r, |f| f.link.alias.is_some() && !f.link.alias_split, |f| f.link.alias_split = true)
    }),
    neutral("alias-add", |l, r| {
        functions(
            l,
            r,
            |f| f.link.alias.is_none() && f.extern_c,
            |f| f.link.alias = Some(format!("{}_more", f.name)),
        )
    }),
    breaking("version-remove", |l, _| {
        let has = l.versions.len() > 1;
        if has {
            l.versions.truncate(1);
            l.functions.iter_mut().for_each(|f| f.link.version = 0);
            l.objects.iter_mut().for_each(|o| o.link.version = 0);
        }
        has
    }),
    breaking("version-remove-all", |l, _| {
        let has = !l.versions.is_empty();
        l.versions.clear();
        has
    }),
    breaking("version-rename", |l, r| {
        let index = r.below(l.versions.len());
        let Some(version) = l.versions.get_mut(index) else { return false };
        *version = format!("{version}_RENAMED");
        true
    }),
    neutral("version-add", |l, _| {
        let has = !l.versions.is_empty();
        if has {
            l.versions.push("SUB_3".into());
        }
        has
    }),
    breaking("version-move", |l, r| {
        l.versions.len() > 1 && functions(l, r, |_| true, |f| f.link.version = 1 - f.link.version.min(1))
    }),
    breaking("version-first", |l, _| {
        let none = l.versions.is_empty() && !l.cpp;
        if none {
            l.versions = vec!["SUB_1".into()];
        }
        none
    }),
    neutral("default-switch-keep", |l, r| {
        switch_default(l, r, |l, r| {
            let new = generate::param(l, Ty::Int(Scalar::F64));
            let index = r;
            l.functions[index].params.insert(0, new);
        })
    }),
    neutral("default-switch-same", |l, r| switch_default(l, r, |_, _| {})),
    breaking("default-switch-drop", |l, r| {
        let done = switch_default(l, r, |_, _| {});
        l.functions.iter_mut().for_each(|f| f.compat = None);
        done
    }),
    breaking("default-switch-old-changed", |l, r| {
        let fresh = generate::param(l, Ty::Int(Scalar::F64));
        let done = switch_default(l, r, |_, _| {});
        for f in &mut l.functions {
            if let Some(old) = &mut f.compat {
                old.params.insert(0, fresh.clone());
            }
        }
        done
    }),
    breaking("soname", |l, _| {
        l.soname = "libsubject.so.2".into();
        true
    }),
    breaking("object-remove", |l, r| {
        let index = r.below(l.objects.len());
        l.objects.remove(index);
        true
    }),
    breaking("object-grow", |l, r| resize(l, r, 3)),
    breaking("object-shrink", |l, r| resize(l, r, -1)),
    breaking("object-widen", |l, r| {
        objects(l, r, |o| matches!(o.ty, Ty::Int(s) if s.size() < 8), |o| o.ty = Ty::Int(Scalar::I64))
    }),
    breaking("object-int-float", |l, r| {
        objects(l, r, |o| matches!(o.ty, Ty::Int(Scalar::I32 | Scalar::U32)), |o| o.ty = Ty::Int(Scalar::F32))
    }),
    breaking("object-const", |l, r| {
        objects(
            l,
            r,
            |o| !o.is_const && !o.tls && o.link.alias.is_none(),
            |o| {
                o.is_const = true;
                o.link.alias = None;
            },
        )
    }),
    breaking("object-unconst", |l, r| objects(l, r, |o| o.is_const, |o| o.is_const = false)),
    breaking("object-tls", |l, r| {
        objects(l, r, |o| !o.tls && !o.is_const && o.link.alias.is_none(), |o| o.tls = true)
    }),
    breaking("object-untls", |l, r| objects(l, r, |o| o.tls, |o| o.tls = false)),
    breaking("object-volatile", |l, r| objects(l, r, |o| !o.volatile, |o| o.volatile = true)),
    breaking("object-hide", |l, r| objects(l, r, |o| o.link.alias.is_none(), |o| o.link.hidden = true)),
    breaking("object-protect", |l, r| {
        objects(l, r, |o| o.link.alias.is_none() && !o.tls, |o| o.link.protected = true)
    }),
    breaking("object-alias-remove", |l, r| {
        objects(l, r, |o| o.link.alias.is_some(), |o| o.link.alias = None)
    }),
    breaking("object-alias-split", |l, r| {
        objects(l, r, |o| o.link.alias.is_some() && !o.link.alias_split, |o| o.link.alias_split = true)
    }),
    neutral("object-add", |l, r| {
        let id = l.fresh();
        let Some(mut new) = l.objects.get(r.below(l.objects.len())).cloned() else { return false };
        new.name = format!("value{id}");
        new.id = id;
        new.link = Link::default();
        l.objects.push(new);
        true
    }),
];

fn objects(l: &mut Library, r: &mut Rng, test: impl Fn(&Object) -> bool, act: impl Fn(&mut Object)) -> bool {
    let places: Vec<usize> = (0..l.objects.len()).filter(|&o| test(&l.objects[o])).collect();
    let Some(index) = r.pick(&places) else { return false };
    act(&mut l.objects[index]);
    true
}

fn resize(l: &mut Library, r: &mut Rng, by: i64) -> bool {
    objects(
        l,
        r,
        |o| matches!(o.ty, Ty::Arr(..)),
        |o| {
            if let Ty::Arr(_, dimensions) = &mut o.ty {
                dimensions[0] = dimensions[0].saturating_add_signed(by);
            }
        },
    )
}

/// A function gets a newer default version, and the old one stays for old programs.
fn switch_default(l: &mut Library, r: &mut Rng, act: fn(&mut Library, usize)) -> bool {
    let places: Vec<usize> = (0..l.functions.len())
        .filter(|&f| {
            let f = &l.functions[f];
            f.link.alias.is_none() && f.compat.is_none() && !f.ifunc
        })
        .collect();
    if l.versions.is_empty() {
        return false;
    }
    let Some(index) = r.pick(&places) else { return false };
    let old = l.functions[index].clone();
    if !l.versions.iter().any(|v| v == "SUB_3") {
        l.versions.push("SUB_3".into());
    }
    act(l, index);
    let last = l.versions.len() - 1;
    let f = &mut l.functions[index];
    f.link.version = last;
    f.compat = Some(Box::new(old));
    true
}
