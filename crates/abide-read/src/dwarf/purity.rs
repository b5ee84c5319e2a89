//! Pure functions that only the virtual table knows: GCC does not state them in debug information.

use abide_model::{ElfFacts, PureSlots, TypeGraph, TypeKind, VirtualMethod};
use rustc_hash::FxHashMap;

/// Marks the functions whose slot holds `__cxa_pure_virtual`.
pub(super) fn mark(graph: &mut TypeGraph, elf: &ElfFacts) {
    if elf.pure_slots.is_empty() {
        return;
    }
    let tables: FxHashMap<&[u8], &PureSlots> =
        elf.pure_slots.iter().filter_map(|p| Some((class_code(&p.table)?, p))).collect();
    let TypeGraph { nodes, strings, .. } = graph;
    for node in nodes {
        let TypeKind::Record(record) = &mut node.kind else { continue };
        for method in record.virtual_methods.iter_mut().filter(|m| !m.is_pure) {
            let name: &[u8] = strings.get(method.name);
            let linkage = method.linkage_name.map(|id| -> &[u8] { strings.get(id) });
            let table = linkage.and_then(|l| class_of(l, name)).and_then(|class| tables.get(class));
            method.is_pure = table.is_some_and(|t| has_slot(t, method));
        }
    }
}

fn has_slot(table: &PureSlots, method: &VirtualMethod) -> bool {
    method.slot.and_then(|s| u32::try_from(s).ok()).is_some_and(|s| table.slots.binary_search(&s).is_ok())
}

/// The class of a virtual table as its members' names begin: `_ZTVN2ns1AE` → `2ns1A`, `_ZTV1A` → `1A`.
fn class_code(table: &[u8]) -> Option<&[u8]> {
    let code = table.strip_prefix(b"_ZTV")?;
    match code.strip_prefix(b"N") {
        Some(nested) => nested.strip_suffix(b"E"),
        None => Some(code),
    }
}

/// The class of a member function called `name`: `_ZNK2ns1A1fEv` → `2ns1A` (Itanium C++ ABI §5.1.2).
///
/// Operators and conversions are mangled otherwise than they are called, and so are not found; a destructor is never
/// without a body.
fn class_of<'l>(linkage: &'l [u8], name: &[u8]) -> Option<&'l [u8]> {
    let code = linkage.strip_prefix(b"_ZN")?;
    let start = code.iter().take_while(|b| b"rVKRO".contains(b)).count();
    let code = &code[start..];
    let own = [name.len().to_string().as_bytes(), name].concat();
    // The one that ends the nested name is the function: a class may have the same name.
    let ends = code.windows(own.len()).enumerate().filter(|(_, w)| *w == own).map(|(at, _)| at);
    let mut ends = ends.filter(|&at| at > 0 && follows_name(&code[at + own.len()..]));
    ends.next().map(|at| &code[..at])
}

/// Whether what follows is the end of a nested name, or an ABI tag of it.
fn follows_name(rest: &[u8]) -> bool {
    matches!(rest.first(), Some(b'E' | b'B'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_and_functions_of_a_class_have_one_code() {
        for (table, function, name) in [
            ("_ZTV1A", "_ZN1A1fEv", "f"),
            ("_ZTVN2ns1AE", "_ZNK2ns1A1fEi", "f"),
            ("_ZTV1VIiE", "_ZN1VIiE1fEv", "f"),
            ("_ZTVN2ns1VIiEE", "_ZN2ns1VIiE4areaEv", "area"),
            ("_ZTVSt9exception", "_ZNKSt9exception4whatEv", "what"),
            ("_ZTVN1f1fE", "_ZN1f1f1fEv", "f"),
        ] {
            let class = class_of(function.as_bytes(), name.as_bytes());
            assert_eq!(class, class_code(table.as_bytes()), "{table} {function}");
            assert!(class.is_some(), "{table}");
        }
        assert_eq!(class_of(b"_ZN1A1B1fEv", b"f"), Some(&b"1A1B"[..]));
        assert_eq!(class_of(b"_ZN1AcviEv", b"operator int"), None);
        assert_eq!(class_of(b"_ZN1AD1Ev", b"~A"), None);
        assert_eq!(class_of(b"f", b"f"), None);
    }
}
