//! What differs between two symbols that belong together.

use abide_model::{ElfFacts, ElfKind, Symbol, SymbolKind, Visibility};

use super::{binding_word, bytes, is_dynamic, kind_word, names, readable, visibility_word};
use crate::change::{Change, Fact, SizeUse};

/// Changes of kind, binding, visibility and size.
pub(super) fn changes(old: &ElfFacts, new: &ElfFacts, a: &Symbol, b: &Symbol) -> Vec<Change> {
    let mut out = Vec::new();
    if names::is_toolchain(a) {
        return out;
    }
    out.extend(kind(a, b));
    if a.binding != b.binding {
        let (was, is) = (binding_word(a.binding), binding_word(b.binding));
        let clause = format!("the binding of {} changed from {was} to {is}", readable(a));
        out.push(Change::new(Fact::SymbolBinding, "binding", clause).values(was, is));
    }
    if a.visibility != b.visibility {
        let (was, is) = (visibility_word(a.visibility), visibility_word(b.visibility));
        let became_protected = b.visibility == Visibility::Protected && is_dynamic(old) && is_dynamic(new);
        let fact = Fact::SymbolVisibility { became_protected, is_data: a.is_data() || b.is_data() };
        let clause = format!("the visibility of {} changed from {was} to {is}", readable(a));
        out.push(Change::new(fact, "visibility", clause).values(was, is));
    }
    out.extend(size(old, new, a, b));
    out
}

fn kind(a: &Symbol, b: &Symbol) -> Option<Change> {
    // A common block is an object that was not yet placed.
    let placed = |k| if k == SymbolKind::Common { SymbolKind::Object } else { k };
    if placed(a.kind) == placed(b.kind) {
        return None;
    }
    let (was, is) = (kind_word(a.kind), kind_word(b.kind));
    let clause = format!("{} changed from {was} to {is}", readable(a));
    Some(Change::new(Fact::SymbolKind { old: a.kind, new: b.kind }, "symbol type", clause).values(was, is))
}

/// Only data has a size that programs rely on: a function's is the length of its code.
fn size(old: &ElfFacts, new: &ElfFacts, a: &Symbol, b: &Symbol) -> Option<Change> {
    if !a.is_data() || !b.is_data() || a.size_bytes == b.size_bytes {
        return None;
    }
    let usage = if a.size_bytes == 0 || b.size_bytes == 0 {
        SizeUse::Unstated
    } else if a.kind == SymbolKind::Tls && b.kind == SymbolKind::Tls {
        SizeUse::ThreadLocal
    } else if !is_dynamic(old) || !is_dynamic(new) || old.kind == ElfKind::Executable {
        SizeUse::InPlace
    } else if a.name.starts_with(b"_ZTV") && b.size_bytes > a.size_bytes {
        SizeUse::VtableGrew
    } else {
        SizeUse::Copied
    };
    let (was, is) = (bytes(a.size_bytes), bytes(b.size_bytes));
    let verb = if b.size_bytes > a.size_bytes { "grew" } else { "shrank" };
    let clause = format!("object {} {verb} from {} to {is}", readable(a), a.size_bytes);
    Some(Change::new(Fact::ObjectSize(usage), "size of the object", clause).values(was, is))
}
