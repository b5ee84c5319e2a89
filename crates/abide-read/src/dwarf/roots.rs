//! Finding the entries of exported symbols.
//!
//! A symbol's entry is found by address where the entry states one, since several symbols may share an address
//! (aliases, versions) and an entry's name need not be a symbol's. A name decides between several entries at one
//! address, and alone where there is no single address: functions in several ranges, thread-local variables.

use std::borrow::Cow;

use abide_model::{ElfFacts, ElfKind, Endian, RootKind, SymbolKind, SymbolSection};
use rustc_hash::FxHashMap;

use super::abbrev::slot;
use super::arena::NodeId;
use super::build::{Builder, UnitKey};
use super::die::{Die, DieRef, StringRef, after_entry, after_subtree, decode, past_attributes, tag_at};
use super::ranges::{RangeSections, Ranged};
use super::sections::relocatable_address;
use super::tag;
use super::unit::{SourceId, Unit, UnitContext};

/// The symbols that are looked for.
pub(super) struct Wanted<'f> {
    by_address: FxHashMap<u64, Vec<u32>>,
    by_name: FxHashMap<Cow<'f, [u8]>, Vec<u32>>,
    facts: &'f ElfFacts,
    /// Whether a common block is wanted, which has a name and no address yet.
    has_common: bool,
}

/// Places of names that no wanted symbol has, as far as they have been met: thousands of units declare the same
/// functions, and each name is a wait for memory. One bit for each byte of `.debug_str`; other names are not noted.
#[derive(Default)]
pub(super) struct Passed(Vec<u64>);

impl Passed {
    #[inline]
    fn contains(&self, place: StringRef) -> bool {
        let word = place.main_offset().and_then(|at| Some((self.0.get(at / 64)?, at % 64)));
        word.is_some_and(|(word, bit)| word >> bit & 1 == 1)
    }

    fn add(&mut self, place: StringRef, names: &[u8]) {
        let Some(at) = place.main_offset().filter(|at| *at < names.len()) else { return };
        if self.0.is_empty() {
            self.0 = vec![0; names.len().div_ceil(64)];
        }
        self.0[at / 64] |= 1 << (at % 64);
    }
}

/// How far a scan goes down.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// Units and name spaces.
    Top,
    /// Classes too.
    Classes,
    /// And function bodies.
    All,
}

/// The best entry of a symbol so far.
#[derive(Clone, Copy)]
pub(super) struct Match {
    pub(super) quality: Quality,
    pub(super) entry: DieRef,
    pub(super) unit: UnitKey,
    pub(super) kind: RootKind,
}

/// A symbol whose type was read.
#[derive(Clone, Copy)]
pub(super) struct TypedRoot {
    pub(super) symbol: u32,
    pub(super) found: Match,
    pub(super) node: NodeId,
    /// Qualified source name plus one; 0 for none.
    pub(super) source_name: u32,
}

/// The best entry of each symbol.
pub(super) type Matches = FxHashMap<u32, Match>;

/// Keeps `candidate` when it is better than what is known.
pub(super) fn keep_best(matches: &mut Matches, symbol: u32, candidate: Match) {
    match matches.get(&symbol) {
        Some(best) if !candidate.is_better_than(best) => {}
        _ => {
            matches.insert(symbol, candidate);
        }
    }
}

/// How sure a match is; ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Quality {
    /// The entry of an assembler, which names functions and knows nothing of their types.
    Assembler,
    /// A declaration of that name: the symbol's own entry has no place, or it comes from assembler.
    Declaration,
    /// The name agrees; there is no address to compare.
    Name,
    /// The address agrees, of something that is not seen outside of its source file: linkers put equal constants in one
    /// place.
    LocalAddress,
    /// The address agrees.
    Address,
    /// Both agree.
    Both,
}

impl Match {
    /// Whether this match is to be preferred, the same in whatever order matches come.
    pub(super) fn is_better_than(&self, other: &Match) -> bool {
        (self.quality, other.entry) > (other.quality, self.entry)
    }
}

impl<'f> Wanted<'f> {
    /// All exports.
    pub(super) fn new(facts: &'f ElfFacts) -> Self {
        Self::of(facts, |_| true)
    }

    /// The C++ functions and objects of sources that no entry was found for further up, and that can be at this depth:
    /// members of classes that are constants or have no place, and what is local to functions.
    pub(super) fn hidden_inside(&self, found: &Matches, depth: Depth) -> Self {
        Self::of(self.facts, |index| {
            let name = self.facts.symbols[index as usize].name.as_slice();
            // `_ZZ*`: what is local to a function.
            if depth == Depth::Classes && name.starts_with(b"_ZZ") {
                return false;
            }
            // `_ZT*`, `_ZG*`: virtual tables, type information, guards, thunks (Itanium C++ ABI §5.1.4).
            name.starts_with(b"_Z")
                && !name.starts_with(b"_ZT")
                && !name.starts_with(b"_ZG")
                && !found.contains_key(&index)
                && !self.aliases(index).iter().any(|alias| found.contains_key(alias))
        })
    }

    fn of(facts: &'f ElfFacts, is_wanted: impl Fn(u32) -> bool) -> Self {
        let mut wanted = Wanted {
            by_address: FxHashMap::default(),
            by_name: FxHashMap::default(),
            facts,
            has_common: false,
        };
        for (index, symbol) in facts.exports() {
            let index = index as u32;
            if !is_wanted(index) {
                continue;
            }
            wanted.has_common |= symbol.section == SymbolSection::Common;
            wanted.by_name.entry(Cow::Borrowed(symbol.name.as_slice())).or_default().push(index);
            if symbol.section == SymbolSection::Absolute {
                for name in unified(symbol.name.as_slice()) {
                    wanted.by_name.entry(Cow::Owned(name)).or_default().push(index);
                }
            }
            // An IFUNC's address is its resolver's, whose type is not the function's; a TLS symbol's is an offset.
            if !matches!(symbol.kind, SymbolKind::Tls | SymbolKind::Ifunc)
                && let Some(address) = address_of(facts, symbol.section, symbol.address)
            {
                wanted.by_address.entry(address).or_default().push(index);
            }
        }
        wanted
    }

    /// Whether a function has no entry, or one that has no place.
    pub(super) fn misses_functions(&self, found: &Matches) -> bool {
        let is_missed = |index: &u32| found.get(index).is_none_or(|m| m.quality == Quality::Declaration);
        let is_function = |index: &u32| self.facts.symbols[*index as usize].kind == SymbolKind::Func;
        self.by_address
            .values()
            .any(|symbols| symbols.iter().any(is_function) && symbols.iter().all(is_missed))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// Number of symbols.
    pub(super) fn len(&self) -> usize {
        self.by_name.values().map(Vec::len).sum()
    }

    /// Symbols at the same place as `symbol`, which are its aliases.
    pub(super) fn aliases(&self, symbol: u32) -> &[u32] {
        let found = self.facts.symbols.get(symbol as usize);
        found
            .filter(|s| !matches!(s.kind, SymbolKind::Tls | SymbolKind::Ifunc))
            .and_then(|s| self.by_address.get(&address_of(self.facts, s.section, s.address)?))
            .map_or(&[], Vec::as_slice)
    }

    fn accepts(&self, symbol: u32, kind: RootKind) -> bool {
        match self.facts.symbols[symbol as usize].kind {
            SymbolKind::Func | SymbolKind::Ifunc => kind == RootKind::Function,
            SymbolKind::Object | SymbolKind::Tls | SymbolKind::Common => kind == RootKind::Variable,
            _ => true,
        }
    }
}

/// What declarations call a constructor or destructor, which stands for all of its kinds: GCC's `C4` and `D4` in the
/// place of `C1` and the like (Itanium C++ ABI, 5.1.4.3).
fn unified(name: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let is_kind = |at: &usize| {
        name.starts_with(b"_Z")
            && matches!(name[*at..=at + 1], [b'C', b'1'..=b'3'] | [b'D', b'0'..=b'2'])
            && name.get(at + 2) == Some(&b'E')
    };
    (0..name.len().saturating_sub(2)).filter(is_kind).map(|at| {
        let mut unified = name.to_vec();
        unified[at + 1] = b'4';
        unified
    })
}

/// A symbol's address as entries state it.
fn address_of(facts: &ElfFacts, section: SymbolSection, value: u64) -> Option<u64> {
    match section {
        SymbolSection::Index(index) if matches!(facts.kind, ElfKind::Relocatable | ElfKind::KernelModule) => {
            Some(relocatable_address(index, value))
        }
        // Address 0 is what linkers leave of discarded functions.
        SymbolSection::Index(_) if value != 0 => Some(value),
        _ => None,
    }
}

impl<'s, 'd> Builder<'s, 'd> {
    /// Finds the wanted symbols' entries in one unit; reads no types.
    pub(super) fn scan(
        &mut self,
        key: UnitKey,
        unit: &Unit,
        depth: Depth,
        wanted: &Wanted<'_>,
        found: &mut Matches,
    ) {
        if unit.is_type_unit {
            return;
        }
        let context = self.enter(key, unit);
        if depth == Depth::Top && context.is_skeleton {
            self.trouble.split_units += 1;
        }
        let is_worth = depth == Depth::Top || tag::has_scopes(context.language);
        if is_worth && self.walk(key, &context, depth, wanted, found).is_none() {
            self.broken(DieRef::new(unit.source, unit.first_die as u64));
        }
        self.leave();
    }

    /// Reads the types of one unit's roots.
    pub(super) fn read_roots(&mut self, key: UnitKey, unit: &Unit, roots: &[(u32, Match)]) -> Vec<TypedRoot> {
        self.enter(key, unit);
        let mut typed = Vec::with_capacity(roots.len());
        let mut die = Die::new();
        for &(symbol, found) in roots {
            if self.entry(found.entry, &mut die).is_none() {
                continue;
            }
            let identity = self.identity(found.entry, &die);
            let node = match found.kind {
                _ if found.quality == Quality::Assembler => self.unspecified(found.entry, b"assembler"),
                RootKind::Function => self.root_function(found.entry, &die, &identity),
                RootKind::Variable if tag::is_class(die.tag) => self.node(found.entry),
                RootKind::Variable => self.root_variable(&identity),
            };
            self.declare(found.entry);
            typed.push(TypedRoot { symbol, found, node, source_name: self.root_name(&identity) });
        }
        self.leave();
        typed
    }

    fn walk(
        &mut self,
        key: UnitKey,
        context: &UnitContext,
        reach: Depth,
        wanted: &Wanted<'_>,
        found: &mut Matches,
    ) -> Option<()> {
        let mut die = Die::new();
        decode(self.sources, context, context.first_die, &mut die)?;
        if !die.has_children {
            return Some(());
        }
        let mut position = die.next;
        let mut depth = 1usize;
        while depth > 0 && position < context.end {
            // Types make up most of a unit, and none of them is a symbol.
            let tag = tag_at(self.sources, context, position)?;
            if !tag::may_hold_symbols(tag) {
                if !may_enclose_symbols(tag, reach) {
                    position = after_entry(self.sources, context, position)?;
                } else {
                    let (next, has_children) = past_attributes(self.sources, context, position)?;
                    depth += usize::from(has_children);
                    position = next;
                }
                continue;
            }
            decode(self.sources, context, position, &mut die)?;
            match die.tag {
                0 => {
                    depth -= 1;
                    position = die.next;
                    continue;
                }
                tag::NAMESPACE | tag::MODULE if die.has_children => {
                    depth += 1;
                    position = die.next;
                    continue;
                }
                tag::SUBPROGRAM => self.consider_function(key, context, &die, wanted, found),
                tag::VARIABLE => self.consider_variable(key, context, &die, wanted, found),
                tag::MEMBER if die.flag(slot::EXTERNAL) => {
                    self.consider_variable(key, context, &die, wanted, found);
                }
                _ => {}
            }
            if reach == Depth::All && die.has_children {
                depth += 1;
                position = die.next;
                continue;
            }
            position = after_subtree(self.sources, context, &die)?;
        }
        Some(())
    }

    fn consider_function(
        &mut self,
        key: UnitKey,
        context: &UnitContext,
        die: &Die,
        wanted: &Wanted<'_>,
        found: &mut Matches,
    ) {
        if let (None, Some(list)) = (die.uint(slot::LOW_PC), die.uint(slot::RANGES)) {
            let entry = DieRef::new(context.source, die.offset as u64);
            self.ranged.push(Ranged { entry, unit: key, list });
        }
        let at_address = match die.uint(slot::LOW_PC) {
            Some(address) => wanted.by_address.get(&address).map(Vec::as_slice),
            None if die.has(slot::RANGES) || die.flag(slot::EXTERNAL) => None,
            None => return,
        };
        self.consider(key, context, die, RootKind::Function, at_address, wanted, found);
    }

    /// The symbols at one of the places where an entry's pieces begin.
    pub(super) fn consider_ranged(
        &mut self,
        ranged: &Ranged,
        sections: &RangeSections<'_>,
        wanted: &Wanted<'_>,
        found: &mut Matches,
    ) {
        let mut die = Die::new();
        let Some(context) = self.entry(ranged.entry, &mut die) else { return };
        let Some(source) = self.sources.get(context.source) else { return };
        let unit = self.sources.unit_of(ranged.entry);
        if unit.is_none_or(|(_, unit)| self.sources.joined(unit).is_some()) {
            return;
        }
        for start in sections.starts(source, &context, ranged.list) {
            if let Some(symbols) = wanted.by_address.get(&start) {
                let at = Some(symbols.as_slice());
                self.consider(ranged.unit, &context, &die, RootKind::Function, at, wanted, found);
            }
        }
    }

    fn consider_variable(
        &mut self,
        key: UnitKey,
        context: &UnitContext,
        die: &Die,
        wanted: &Wanted<'_>,
        found: &mut Matches,
    ) {
        // A constant has no place, and neither has a declaration.
        let may_be_named = die.flag(slot::EXTERNAL) || die.has(slot::LINKAGE_NAME);
        if !die.has(slot::LOCATION) && !may_be_named {
            return;
        }
        let at_address =
            self.static_address(context, die).and_then(|a| wanted.by_address.get(&a)).map(Vec::as_slice);
        self.consider(key, context, die, RootKind::Variable, at_address, wanted, found);
    }

    /// The operand of a location that is just `DW_OP_addr` or `DW_OP_addrx`.
    fn static_address(&self, context: &UnitContext, die: &Die) -> Option<u64> {
        let source = self.sources.get(context.source)?;
        let (start, block) = die.block(slot::LOCATION, source)?;
        let size = context.encoding.address_size;
        let mut cursor =
            super::cursor::Cursor::new(&source.info[..start + block.len()], start, source.is_big);
        match cursor.u8()? {
            0x03 if block.len() == 1 + usize::from(size) => source.address(&mut cursor, size),
            0xa1 | 0xfb => {
                let index = cursor.uleb()?;
                (cursor.position == start + block.len()).then(|| source.indexed_address(context, index))?
            }
            _ => None,
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn consider(
        &mut self,
        key: UnitKey,
        context: &UnitContext,
        die: &Die,
        kind: RootKind,
        at_address: Option<&[u32]>,
        wanted: &Wanted<'_>,
        found: &mut Matches,
    ) {
        let entry = DieRef::new(context.source, die.offset as u64);
        // Only an entry with no plain address is looked for by its name.
        let needs_name = at_address.is_none() && die.uint(slot::LOW_PC).is_none();
        if at_address.is_none() && !needs_name {
            return;
        }
        // An address that belongs to no wanted symbol says that the entry is another's; a common block has none yet.
        if needs_name
            && kind == RootKind::Variable
            && !wanted.has_common
            && self.static_address(context, die).is_some()
        {
            return;
        }
        let own = die.string(slot::LINKAGE_NAME);
        if needs_name && own.is_some_and(|place| self.passed.contains(place)) {
            return;
        }
        let identity = self.identity(entry, die);
        let place = identity.symbol_name;
        if needs_name && (!identity.is_external || place.is_none_or(|place| self.passed.contains(place))) {
            return;
        }
        // GCC states no types where it declares its own functions.
        let source_name = identity.source_name.filter(|_| needs_name).and_then(|n| n.resolve(self.sources));
        if source_name.is_some_and(|name| name.starts_with(b"__builtin_")) {
            return;
        }
        let name = place.and_then(|place| place.resolve(self.sources));
        let by_name: &[u32] = match name.filter(|_| needs_name) {
            Some(name) => wanted.by_name.get(name).map_or(&[], Vec::as_slice),
            None => &[],
        };
        if let Some(place) = place.filter(|_| needs_name && by_name.is_empty()) {
            let names = self.sources.get(SourceId::MAIN).map_or(&[][..], |main| main.sections.str);
            self.passed.add(place, names);
        }
        for &symbol in at_address.unwrap_or(by_name) {
            if !wanted.accepts(symbol, kind) {
                continue;
            }
            let agrees = name.is_some_and(|n| n == wanted.facts.symbols[symbol as usize].name.as_slice());
            let has_place = die.has(slot::RANGES) || die.has(slot::LOCATION);
            // What is local to a function has no linkage name, so that its address says all that there is to say.
            let is_local =
                kind == RootKind::Variable && wanted.facts.symbols[symbol as usize].name.starts_with(b"_ZZ");
            let quality = match (at_address.is_some(), agrees || is_local) {
                _ if context.language == tag::LANGUAGE_ASSEMBLER => Quality::Assembler,
                (true, true) => Quality::Both,
                (true, false) if identity.is_external => Quality::Address,
                (true, false) => Quality::LocalAddress,
                (false, _) if has_place => Quality::Name,
                (false, _) => Quality::Declaration,
            };
            keep_best(found, symbol, Match { quality, entry, unit: key, kind });
        }
    }

    /// Follows `DW_AT_abstract_origin` and `DW_AT_specification` and collects what they add.
    fn identity(&mut self, entry: DieRef, die: &Die) -> Identity {
        let mut identity = Identity {
            symbol_name: die.string(slot::LINKAGE_NAME),
            source_name: die.string(slot::NAME),
            ty: die.reference(slot::TYPE),
            is_external: die.flag(slot::EXTERNAL),
            abstract_entry: None,
            named_entry: entry,
            virtual_slot: self.slot_of(entry, die),
        };
        let mut next = die.reference(slot::ABSTRACT_ORIGIN).or_else(|| die.reference(slot::SPECIFICATION));
        let mut is_origin = die.has(slot::ABSTRACT_ORIGIN);
        let mut other = Die::new();
        for _ in 0..4 {
            let Some(reference) = next else { break };
            if self.entry(reference, &mut other).is_none() {
                break;
            }
            if is_origin && identity.abstract_entry.is_none() {
                identity.abstract_entry = Some(reference);
            }
            identity.symbol_name = identity.symbol_name.or_else(|| other.string(slot::LINKAGE_NAME));
            if other.has(slot::NAME) {
                identity.source_name = identity.source_name.or_else(|| other.string(slot::NAME));
                identity.named_entry = reference;
            }
            identity.ty = identity.ty.or_else(|| other.reference(slot::TYPE));
            identity.is_external |= other.flag(slot::EXTERNAL);
            identity.virtual_slot = identity.virtual_slot.or_else(|| self.slot_of(reference, &other));
            is_origin = other.has(slot::ABSTRACT_ORIGIN);
            next = other.reference(slot::ABSTRACT_ORIGIN).or_else(|| other.reference(slot::SPECIFICATION));
        }
        identity.symbol_name = identity.symbol_name.or(identity.source_name);
        identity
    }

    /// The signature: of the abstract instance when there is one, since a concrete one may have lost parameters.
    fn root_function(&mut self, entry: DieRef, die: &Die, identity: &Identity) -> NodeId {
        let mut words = self.buffer();
        let mut other = Die::new();
        match identity.abstract_entry {
            Some(reference) if self.entry(reference, &mut other).is_some() => {
                self.function_words(&mut words, reference, &other);
            }
            _ => self.function_words(&mut words, entry, die),
        }
        if words.len() > 3 {
            if let Some(ty) = identity.ty {
                words[3] = self.node(ty);
            }
            // A definition without a prototype (`int f() {}`) still states what it takes.
            if die.has(slot::LOW_PC) || die.has(slot::RANGES) {
                words[1] |= super::arena::flag::PROTOTYPED;
            }
            // The slot shares the word of the calling convention.
            words[2] |= identity.virtual_slot.filter(|&s| s < 0xffff).map_or(0, |s| (s + 1) << 16);
        }
        self.finish(words, entry)
    }

    fn root_variable(&mut self, identity: &Identity) -> NodeId {
        match identity.ty {
            Some(ty) => self.node(ty),
            None => self.broken(identity.named_entry),
        }
    }

    fn root_name(&mut self, identity: &Identity) -> u32 {
        let Some(name) = identity.source_name.and_then(|place| self.names.at(self.sources, place)) else {
            return 0;
        };
        self.name_in_scope(identity.named_entry, name) + 1
    }
}

/// Whether a scan that goes down so far looks for entries of symbols below an entry with this tag.
fn may_enclose_symbols(tag: u16, reach: Depth) -> bool {
    match reach {
        Depth::Top => false,
        Depth::Classes => matches!(tag, tag::CLASS | tag::STRUCTURE | tag::UNION | tag::INTERFACE),
        Depth::All => !matches!(tag, tag::ENUMERATION | tag::SUBROUTINE | tag::ARRAY | tag::FORMAL_PARAMETER),
    }
}

/// What an entry and the entries that it completes say together.
struct Identity {
    symbol_name: Option<super::die::StringRef>,
    source_name: Option<super::die::StringRef>,
    ty: Option<DieRef>,
    is_external: bool,
    abstract_entry: Option<DieRef>,
    named_entry: DieRef,
    virtual_slot: Option<u32>,
}

/// Whether the facts and a debug file are of the same byte order.
pub(super) fn same_byte_order(facts: &ElfFacts, is_big: bool) -> bool {
    (facts.endian == Endian::Big) == is_big
}
