//! Classes that only exceptions carry: no symbol's type leads to them, and yet programs catch them by value.
//!
//! A class without virtual functions has type information (`_ZTI*`, Itanium C++ ABI §2.9.5) only where it is thrown,
//! caught or named by `typeid`. When a library exports that, the class is read as if an object of it were exported. A
//! class with virtual functions has it in any case; it is reached through these.

use abide_model::{ElfFacts, RootKind};
use rustc_hash::{FxHashMap, FxHashSet};

use super::abbrev::slot;
use super::build::{Builder, UnitKey};
use super::die::{Die, DieRef, after_entry, decode, past_attributes, tag_at};
use super::names::respell;
use super::roots::{Match, Matches, Quality, keep_best};
use super::tag;
use super::unit::{Unit, UnitContext};

/// Exported type information by the last part of the class's name: symbol and qualified name.
pub(super) struct Thrown(FxHashMap<Vec<u8>, Vec<(u32, Vec<u8>)>>);

impl Thrown {
    /// What the exports of `facts` have.
    pub(super) fn new(facts: &ElfFacts) -> Self {
        let tables: FxHashSet<&[u8]> =
            facts.exports().filter_map(|(_, symbol)| symbol.name.strip_prefix(b"_ZTV")).collect();
        let mut thrown: FxHashMap<Vec<u8>, Vec<(u32, Vec<u8>)>> = FxHashMap::default();
        for (index, symbol) in facts.exports() {
            let class = symbol.name.strip_prefix(b"_ZTI").filter(|class| !tables.contains(class));
            let Some(name) = class.and_then(|_| class_name(&symbol.name)) else { continue };
            let name = respell(name.as_bytes());
            thrown.entry(last_part(&name).to_vec()).or_default().push((index as u32, name));
        }
        Thrown(thrown)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The class that a symbol is the type information of; none for pointers and functions.
fn class_name(symbol: &[u8]) -> Option<String> {
    let parse = cpp_demangle::ParseOptions::default().recursion_limit(96);
    let options = cpp_demangle::DemangleOptions::default().recursion_limit(96);
    let name =
        cpp_demangle::Symbol::new_with_options(symbol, &parse).ok()?.demangle_with_options(&options).ok()?;
    let class = name.strip_prefix("typeinfo for ")?;
    (!class.ends_with(['*', '&', ')', ']']) && !class.contains("(anonymous")).then(|| class.to_owned())
}

/// What follows the last `::` outside of template arguments.
fn last_part(name: &[u8]) -> &[u8] {
    let (mut start, mut depth) = (0, 0usize);
    for (at, byte) in name.iter().enumerate() {
        match byte {
            b'<' => depth += 1,
            b'>' => depth = depth.saturating_sub(1),
            b':' if depth == 0 => start = at + 1,
            _ => {}
        }
    }
    &name[start..]
}

impl Builder<'_, '_> {
    /// Finds the definitions of thrown classes in one unit.
    pub(super) fn scan_thrown(&mut self, key: UnitKey, unit: &Unit, thrown: &Thrown, found: &mut Matches) {
        let context = self.enter(key, unit);
        if tag::has_scopes(context.language) {
            let _ = self.walk_thrown(key, &context, thrown, found);
        }
        self.leave();
    }

    fn walk_thrown(
        &mut self,
        key: UnitKey,
        context: &UnitContext,
        thrown: &Thrown,
        found: &mut Matches,
    ) -> Option<()> {
        let (mut position, has_children) = past_attributes(self.sources, context, context.first_die)?;
        let (mut depth, mut die) = (usize::from(has_children), Die::new());
        while depth > 0 && position < context.end {
            let tag = tag_at(self.sources, context, position)?;
            if tag == 0 {
                depth -= 1;
                position = after_entry(self.sources, context, position)?;
            } else if tag::is_class(tag) || matches!(tag, tag::NAMESPACE | tag::MODULE) {
                if tag::is_class(tag) {
                    decode(self.sources, context, position, &mut die)?;
                    self.consider_thrown(key, context, &die, thrown, found);
                }
                let (next, has_children) = past_attributes(self.sources, context, position)?;
                depth += usize::from(has_children);
                position = next;
            } else {
                position = after_entry(self.sources, context, position)?;
            }
        }
        Some(())
    }

    fn consider_thrown(
        &mut self,
        unit: UnitKey,
        context: &UnitContext,
        die: &Die,
        thrown: &Thrown,
        found: &mut Matches,
    ) {
        let Some(place) = die.string(slot::NAME).filter(|_| !die.flag(slot::DECLARATION)) else { return };
        let Some(name) = self.names.at(self.sources, place) else { return };
        let Some(named) = thrown.0.get(self.names.text(name)) else { return };
        let entry = DieRef::new(context.source, die.offset as u64);
        let qualified = self.name_in_scope(entry, name);
        for (symbol, full) in named {
            if self.names.text(qualified) == full.as_slice() {
                let kind = RootKind::Variable;
                keep_best(found, *symbol, Match { quality: Quality::Both, entry, unit, kind });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_named_by_their_type_information() {
        assert_eq!(class_name(b"_ZTIN3sub6thing4E").as_deref(), Some("sub::thing4"));
        assert_eq!(class_name(b"_ZTI5Error").as_deref(), Some("Error"));
        assert_eq!(class_name(b"_ZTIPN3sub6thing4E"), None, "a pointer");
        assert_eq!(class_name(b"_ZTIFvvE"), None, "a function");
    }

    #[test]
    fn the_last_part_of_a_name_is_outside_of_template_arguments() {
        assert_eq!(last_part(b"sub::box<ns::a>"), b"box<ns::a>");
        assert_eq!(last_part(b"plain"), b"plain");
    }
}
