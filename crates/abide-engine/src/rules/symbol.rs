//! Functions of the rules about exported symbols.

use abide_model::SymbolKind;

use super::{DEFAULT, Situation};
use crate::change::{Fact, RemovedClass, SizeUse};

type Case = Option<&'static str>;

/// The case of a symbol that went away.
fn removed_case(class: RemovedClass) -> &'static str {
    match class {
        RemovedClass::Public => DEFAULT,
        RemovedClass::Private => "private",
        RemovedClass::Toolchain => "toolchain",
        RemovedClass::Abstract => "abstract",
        RemovedClass::Vague => "vague-linkage",
        RemovedClass::Program => "program",
    }
}

pub(super) fn symbol_removed(fact: &Fact, _: Situation) -> Case {
    let Fact::SymbolRemoved(class) = fact else { return None };
    Some(removed_case(*class))
}

pub(super) fn symbol_version_removed(fact: &Fact, _: Situation) -> Case {
    let Fact::SymbolVersionRemoved { class, binds_unversioned } = fact else { return None };
    Some(match class {
        RemovedClass::Private | RemovedClass::Toolchain | RemovedClass::Abstract => removed_case(*class),
        RemovedClass::Public | RemovedClass::Vague | RemovedClass::Program if *binds_unversioned => {
            "unversioned"
        }
        RemovedClass::Public | RemovedClass::Vague | RemovedClass::Program => DEFAULT,
    })
}

pub(super) fn symbol_versioned(fact: &Fact, _: Situation) -> Case {
    matches!(fact, Fact::SymbolVersioned).then_some(DEFAULT)
}

pub(super) fn symbol_added(fact: &Fact, _: Situation) -> Case {
    matches!(fact, Fact::SymbolAdded).then_some(DEFAULT)
}

pub(super) fn default_version_changed(fact: &Fact, _: Situation) -> Case {
    let Fact::DefaultVersion { has_default } = fact else { return None };
    Some(if *has_default { DEFAULT } else { "no-default" })
}

/// Calls reach `STT_FUNC`, `STT_GNU_IFUNC` and `STT_NOTYPE` alike: through the PLT, by address.
pub(super) fn symbol_kind_changed(fact: &Fact, _: Situation) -> Case {
    use SymbolKind::{Func, Ifunc, NoType};
    let Fact::SymbolKind { old, new } = fact else { return None };
    let is_code = |k: &SymbolKind| matches!(k, Func | Ifunc);
    Some(match (old, new) {
        (a, b) if is_code(a) && is_code(b) => "code",
        (a, NoType) | (NoType, a) if is_code(a) => "code",
        (NoType, _) | (_, NoType) => "no-type",
        _ => DEFAULT,
    })
}

pub(super) fn symbol_binding_changed(fact: &Fact, _: Situation) -> Case {
    matches!(fact, Fact::SymbolBinding).then_some(DEFAULT)
}

pub(super) fn symbol_visibility_changed(fact: &Fact, _: Situation) -> Case {
    let Fact::SymbolVisibility { became_protected, is_data } = fact else { return None };
    Some(match (became_protected, is_data) {
        (true, true) => DEFAULT,
        (true, false) => "function",
        (false, _) => "unprotected",
    })
}

pub(super) fn object_size_changed(fact: &Fact, _: Situation) -> Case {
    let Fact::ObjectSize(usage) = fact else { return None };
    Some(match usage {
        SizeUse::Copied => DEFAULT,
        SizeUse::VtableGrew => "vtable-grew",
        SizeUse::ThreadLocal => "thread-local",
        SizeUse::InPlace => "in-place",
        SizeUse::Unstated => "unstated",
    })
}

pub(super) fn alias_split(fact: &Fact, _: Situation) -> Case {
    let Fact::AliasSplit { joined } = fact else { return None };
    Some(if *joined { "joined" } else { DEFAULT })
}
