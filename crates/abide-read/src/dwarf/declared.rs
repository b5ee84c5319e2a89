//! Where symbols were declared and what their parameters are called: read together with their types, while their
//! units are open.

use rustc_hash::FxHashMap;

use super::abbrev::slot;
use super::build::Builder;
use super::die::{Die, DieRef, StringRef};
use super::files::LineTable;
use super::tag;
use super::unit::{SourceId, UnitContext};

/// A unit: which list it is in, and its offset there.
pub(super) type UnitPlace = (SourceId, usize);

/// A declaration, as its entry numbers it.
#[derive(Clone, Copy)]
pub(super) struct Numbered {
    pub(super) unit: UnitPlace,
    /// Number of the file in the unit's line table.
    pub(super) file: u64,
    /// 1 for the first; 0 when unknown.
    pub(super) line: u32,
}

/// What the entries of a symbol say of its declaration.
pub(super) struct Declared {
    pub(super) place: Option<Numbered>,
    /// Names of the parameters that the signature counts; empty when none has a name.
    pub(super) parameters: Vec<Option<StringRef>>,
}

/// The declarations of symbols, and the line tables that they name.
#[derive(Default)]
pub(super) struct Declarations {
    pub(super) of_entries: FxHashMap<DieRef, Declared>,
    pub(super) tables: FxHashMap<UnitPlace, LineTable>,
}

impl Declarations {
    /// Adds another worker's.
    pub(super) fn join(&mut self, other: Declarations) {
        self.of_entries.extend(other.of_entries);
        self.tables.extend(other.tables);
    }
}

/// Entries that complete each other: concrete instance, abstract instance, declaration.
const MAX_CHAIN: usize = 4;

impl Builder<'_, '_> {
    /// Notes the declaration of a symbol whose entry is `entry`, if that is known now.
    pub(super) fn declare(&mut self, entry: DieRef) {
        if self.declarations.of_entries.contains_key(&entry) {
            return;
        }
        let (mut die, mut chain, mut place) = (Die::new(), Vec::with_capacity(MAX_CHAIN), None);
        let mut next = Some(entry);
        while let Some(reference) = next.filter(|_| chain.len() < MAX_CHAIN) {
            let Some(context) = self.entry(reference, &mut die) else { break };
            // Of other entries (a class, a static member of one) the plans for types do not keep the places.
            if !tag::is_symbol(die.tag) {
                return;
            }
            place = place.or_else(|| self.numbered(&context, &die));
            chain.push(reference);
            next = die.reference(slot::ABSTRACT_ORIGIN).or_else(|| die.reference(slot::SPECIFICATION));
        }
        // The entry that states the parameters is the abstract instance, when there is one.
        let mut parameters = Vec::new();
        for reference in chain.into_iter().rev() {
            if self.entry(reference, &mut die).is_some() && die.tag == tag::SUBPROGRAM {
                parameters = self.parameter_names(reference, &die);
            }
            if parameters.iter().any(Option::is_some) {
                break;
            }
            parameters.clear();
        }
        self.declarations.of_entries.insert(entry, Declared { place, parameters });
    }

    /// The declaration that an entry states.
    fn numbered(&mut self, context: &UnitContext, die: &Die) -> Option<Numbered> {
        let (unit, file) = ((context.source, context.offset), die.uint(slot::DECL_FILE)?);
        let sources = self.sources;
        self.declarations.tables.entry(unit).or_insert_with(|| LineTable::of(sources, context));
        Some(Numbered { unit, file, line: line_of(die) })
    }

    fn parameter_names(&mut self, unit: DieRef, die: &Die) -> Vec<Option<StringRef>> {
        let mut names = Vec::new();
        self.for_each_child_of(unit, die, |_, child| {
            let is_hidden = child.flag(slot::ARTIFICIAL) && !names.is_empty();
            if child.tag == tag::FORMAL_PARAMETER && !is_hidden {
                names.push(child.string(slot::NAME));
            }
        });
        names
    }
}

/// The line of a declaration; 0 when it states none.
pub(super) fn line_of(die: &Die) -> u32 {
    die.uint(slot::DECL_LINE).and_then(|l| u32::try_from(l).ok()).unwrap_or(0)
}
