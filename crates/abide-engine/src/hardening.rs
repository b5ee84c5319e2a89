//! Changes of how a program defends itself: read-only relocations, early binding, random addresses, guarded stacks,
//! checked functions of the C library.
//!
//! What the linker and the compiler leave in the file is all that is looked at; branch protection, executable stacks
//! and text relocations are properties of the loaded process and live in `artifact`.

use std::collections::BTreeSet;

use abide_model::{ElfFacts, ElfKind};
use bstr::{BStr, ByteSlice};

use crate::change::{Change, Fact};

/// The changes, in a fixed order; none for files that are not loaded as programs or libraries.
pub(crate) fn changes(old: &ElfFacts, new: &ElfFacts, out: &mut Vec<Change>) {
    let is_loaded = |facts: &ElfFacts| matches!(facts.kind, ElfKind::Executable | ElfKind::SharedObject);
    if !is_loaded(old) || !is_loaded(new) {
        return;
    }
    let mut flag = |what: &str, had: bool, has: bool, fact: fn(bool) -> Fact| {
        if had != has {
            let words = |on: bool| if on { "yes" } else { "no" };
            let clause = format!("{what}: {} to {}", words(had), words(has));
            out.push(Change::new(fact(had), what, clause).values(words(had), words(has)));
        }
    };
    flag("read-only relocations (RELRO)", old.has_relro, new.has_relro, |lost| Fact::Relro { lost });
    // A program without dynamic linking has nothing to bind.
    if !old.needed.is_empty() && !new.needed.is_empty() {
        flag("immediate binding (BIND_NOW)", old.bind_now, new.bind_now, |lost| Fact::BindNow { lost });
    }
    if old.kind == ElfKind::Executable && new.kind == ElfKind::Executable {
        flag("position-independent executable", old.is_pie, new.is_pie, |lost| Fact::Pie { lost });
    }
    flag("stack protector", guards_stack(old), guards_stack(new), |lost| Fact::StackProtector { lost });
    fortify(old, new, out);
}

/// GCC and Clang call `__stack_chk_fail` where a guard was overwritten (libssp; LSB Core has it too).
fn guards_stack(facts: &ElfFacts) -> bool {
    facts.imports().any(|symbol| symbol.name == "__stack_chk_fail" || symbol.name == "__stack_chk_guard")
}

/// `memcpy` of `__memcpy_chk`: functions that `_FORTIFY_SOURCE` replaces (glibc, `include/bits/*2.h`).
fn checked(facts: &ElfFacts) -> BTreeSet<&BStr> {
    let base = |name: &'_ BStr| -> Option<(usize, usize)> {
        let is_checked = name.starts_with(b"__") && name.ends_with(b"_chk") && name.len() > 6;
        is_checked.then(|| (2, name.len() - 4))
    };
    let names = facts.imports().map(|symbol| symbol.name.as_bstr());
    names.filter_map(|name| base(name).map(|(start, end)| name[start..end].as_bstr())).collect()
}

fn fortify(old: &ElfFacts, new: &ElfFacts, out: &mut Vec<Change>) {
    let (had, has) = (checked(old), checked(new));
    if had.is_empty() == has.is_empty() {
        return;
    }
    let lost = has.is_empty();
    let unchecked = lost && new.imports().any(|symbol| had.contains(symbol.name.as_bstr()));
    let names = |set: &BTreeSet<&BStr>| match set.len() {
        0 => "none".to_owned(),
        1..=3 => bstr::join(", ", set).as_bstr().to_string(),
        more => format!("{more} functions"),
    };
    let clause = match lost {
        true => format!("checked functions of the C library (FORTIFY) are no longer called: {}", names(&had)),
        false => format!("checked functions of the C library (FORTIFY) are called: {}", names(&has)),
    };
    let change = Change::new(Fact::Fortify { lost, unchecked }, "checked functions (FORTIFY)", clause);
    out.push(change.values(names(&had), names(&has)));
}
