//! From entries to nodes.
//!
//! One builder belongs to one worker. It follows references from the exported symbols' entries, so that only what
//! they reach is read. The recursion goes through unnamed types only and its depth is limited; named records and
//! enums wait in a queue.

use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::abbrev::{AbbreviationTable, Detail, Encoding, Forms, slot};
use super::arena::{self, Arena, NodeId, flag, kind};
use super::declared::Declarations;
use super::die::{Die, DieRef, StringRef, after_subtree, decode};
use super::names::Names;
use super::ranges::Ranged;
use super::roots::Passed;
use super::scope::ScopeTree;
use super::special::Special;
use super::tag;
use super::trail::{Trail, Trails};
use super::unit::{Source, Sources, Unit, UnitContext};

/// A unit's identity across sources.
pub(super) type UnitKey = (u8, u32);

/// Longest chain of unnamed types that is followed.
const MAX_DEPTH: u32 = 200;
/// Longest way down through unnamed types; later steps walk it by recursion.
const MAX_HEIGHT: u32 = 500;
/// Bytes of plans that one worker keeps: for units that share a table, and where units refer to each other.
const MAX_TABLE_BYTES: [usize; 2] = [256 << 10, 16 << 20];
/// Members, parameters or enumerators of one entry that are read.
const MAX_CHILDREN: usize = 1 << 20;

/// Counts of what could not be followed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Trouble {
    /// References to nowhere, entries that make no sense.
    pub(super) broken: u64,
    /// References into a supplementary file that is absent, or to an unknown type unit.
    pub(super) unresolved: u64,
    /// Units whose content is in a `.dwo` file.
    pub(super) split_units: u64,
    /// The first broken place.
    pub(super) first: Option<DieRef>,
}

impl Trouble {
    /// Adds another worker's counts.
    pub(super) fn add(&mut self, other: &Trouble) {
        self.broken += other.broken;
        self.unresolved += other.unresolved;
        self.split_units += other.split_units;
        self.first = match (self.first, other.first) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
}

/// What one worker leaves behind.
pub(super) struct Harvest {
    pub(super) names: Names,
    pub(super) arena: Arena,
    pub(super) trouble: Trouble,
    pub(super) definitions: Vec<(NodeId, UnitKey, NodeId)>,
    pub(super) shared_definitions: FxHashMap<DieRef, NodeId>,
    pub(super) crossings: Vec<(UnitKey, NodeId, DieRef)>,
    pub(super) declarations: Declarations,
}

/// Reads types of one artifact, on one thread.
pub(super) struct Builder<'s, 'd> {
    pub(super) sources: &'s Sources<'d>,
    detail: Detail,
    pub(super) names: Names,
    pub(super) arena: Arena,
    pub(super) trouble: Trouble,
    /// Definitions of named records and enums: (tag node, unit of the entry, definition node).
    definitions: Vec<(NodeId, UnitKey, NodeId)>,
    /// Definition node of each entry that another unit may refer to.
    shared_definitions: FxHashMap<DieRef, NodeId>,
    /// References to definitions in other units: (referring unit, tag node, entry).
    crossings: Vec<(UnitKey, NodeId, DieRef)>,
    /// Nodes of the entries that were read.
    memo: FxHashMap<DieRef, NodeId>,
    /// Whether units refer to each other's entries (dwz, LTO, type units), so that the memory outlives a unit.
    is_shared: bool,
    queue: Vec<(DieRef, NodeId)>,
    current: Option<Open>,
    open_units: FxHashMap<UnitKey, Open>,
    tables: FxHashMap<(u8, usize, Encoding), Arc<AbbreviationTable>>,
    table_bytes: usize,
    depth: u32,
    pool: Vec<Vec<u32>>,
    trails: Trails,
    /// Names that a scan need not look up again.
    pub(super) passed: Passed,
    /// Functions without a plain address that a scan met.
    pub(super) ranged: Vec<Ranged>,
    /// Where the symbols were declared.
    pub(super) declarations: Declarations,
    /// What forms say of their values, in units like the last one.
    forms: Forms,
}

/// A unit that is being read and what was learnt of its scopes.
#[derive(Clone)]
struct Open {
    key: UnitKey,
    context: Rc<UnitContext>,
    scopes: Rc<std::cell::RefCell<ScopeTree>>,
}

impl<'s, 'd> Builder<'s, 'd> {
    pub(super) fn new(sources: &'s Sources<'d>, detail: Detail) -> Self {
        Builder {
            sources,
            detail,
            names: Names::default(),
            arena: Arena::default(),
            trouble: Trouble::default(),
            definitions: Vec::new(),
            shared_definitions: FxHashMap::default(),
            crossings: Vec::new(),
            memo: FxHashMap::default(),
            is_shared: false,
            queue: Vec::new(),
            current: None,
            open_units: FxHashMap::default(),
            tables: FxHashMap::default(),
            table_bytes: 0,
            depth: 0,
            pool: Vec::new(),
            trails: Trails::default(),
            passed: Passed::default(),
            ranged: Vec::new(),
            declarations: Declarations::default(),
            forms: Forms::default(),
        }
    }

    /// Ends the work.
    pub(super) fn harvest(self) -> Harvest {
        Harvest {
            names: self.names,
            arena: self.arena,
            trouble: self.trouble,
            definitions: self.definitions,
            shared_definitions: self.shared_definitions,
            crossings: self.crossings,
            declarations: self.declarations,
        }
    }

    /// Makes `unit` the current one; what it refers to inside itself is remembered until [`Builder::leave`].
    pub(super) fn enter(&mut self, key: UnitKey, unit: &Unit) -> Rc<UnitContext> {
        let open = self.open(key, unit);
        let context = open.context.clone();
        self.current = Some(open);
        context
    }

    /// Reads all definitions that the current unit's symbols reach, and forgets the unit.
    pub(super) fn leave(&mut self) {
        self.drain();
        if !self.is_shared {
            self.memo.clear();
        }
        self.current = None;
    }

    fn open(&mut self, key: UnitKey, unit: &Unit) -> Open {
        let abbreviations = self.table(unit);
        let context = Rc::new(self.sources.open(unit, abbreviations));
        Open { key, context, scopes: Rc::default() }
    }

    fn table(&mut self, unit: &Unit) -> Arc<AbbreviationTable> {
        if self.table_bytes > MAX_TABLE_BYTES[usize::from(self.is_shared)] {
            self.tables.clear();
            self.open_units.clear();
            self.table_bytes = 0;
        }
        let Some(source) = self.sources.get(unit.source) else { return Arc::default() };
        let key = (unit.source.info_of().0, unit.abbreviation_offset, unit.encoding);
        let (detail, table_bytes, forms) = (self.detail, &mut self.table_bytes, &mut self.forms);
        let table = self.tables.entry(key).or_insert_with(|| {
            let (section, offset) = (source.sections.abbrev, unit.abbreviation_offset);
            forms.suit(unit.encoding);
            let table = AbbreviationTable::parse(section, offset, source.is_big, forms, detail);
            *table_bytes += table.size_bytes();
            Arc::new(table)
        });
        table.clone()
    }

    /// The unit around `reference`, which need not be the current one.
    fn open_for(&mut self, reference: DieRef) -> Option<Open> {
        if let Some(open) = &self.current {
            let context = &open.context;
            if reference.source() == context.source
                && (context.first_die..context.end).contains(&reference.offset())
            {
                return Some(open.clone());
            }
        }
        let (index, unit) = self.sources.unit_of(reference)?;
        let key = (unit.source.0, index);
        if let Some(open) = self.open_units.get(&key) {
            return Some(open.clone());
        }
        let unit = unit.clone();
        let open = self.open(key, &unit);
        self.open_units.insert(key, open.clone());
        Some(open)
    }

    fn source(&self, context: &UnitContext) -> Option<&'s Source<'d>> {
        self.sources.get(context.source)
    }

    pub(super) fn broken(&mut self, reference: DieRef) -> NodeId {
        if reference == DieRef::BROKEN {
            self.trouble.unresolved += 1;
        } else {
            self.trouble.broken += 1;
            self.trouble.first = Some(self.trouble.first.map_or(reference, |f| f.min(reference)));
        }
        self.arena.intern(&[kind::BROKEN], DieRef::BROKEN)
    }

    fn void(&mut self) -> NodeId {
        self.arena.intern(&[kind::VOID], DieRef::BROKEN)
    }

    /// The type that an entry's `DW_AT_type` names; `void` when it has none.
    pub(super) fn type_of(&mut self, die: &Die) -> NodeId {
        match die.reference(slot::TYPE) {
            Some(reference) => self.node(reference),
            None => self.void(),
        }
    }

    fn is_local(&self, reference: DieRef) -> bool {
        self.current.as_ref().is_some_and(|open| {
            reference.source() == open.context.source
                && (open.context.first_die..open.context.end).contains(&reference.offset())
        })
    }

    /// The node of the type entry at `reference`.
    pub(super) fn node(&mut self, reference: DieRef) -> NodeId {
        let id = match self.memo.get(&reference) {
            Some(&id) => id,
            None => self.read_node(reference),
        };
        if self.is_shared
            && !self.is_local(reference)
            && self.arena.words(id)[0] == kind::TAG
            && let Some(open) = &self.current
        {
            self.crossings.push((open.key, id, reference));
        }
        id
    }

    fn read_node(&mut self, reference: DieRef) -> NodeId {
        if self.depth >= MAX_DEPTH {
            return self.broken(reference);
        }
        let Some(open) = self.open_for(reference) else { return self.broken(reference) };
        let mut die = Die::new();
        if decode(self.sources, &open.context, reference.offset(), &mut die).is_none() {
            return self.broken(reference);
        }
        // What is met again while it is being read can only be an unnamed type inside itself.
        let recursive = self.names.add(b"(recursive unnamed type)");
        let placeholder = self.arena.intern(&[kind::TAG, recursive], DieRef::BROKEN);
        self.memo.insert(reference, placeholder);
        self.is_shared |= !self.is_local(reference);
        let previous = self.current.replace(open.clone());
        self.depth += 1;
        let id = self.read_type(reference, &open, &die);
        self.depth -= 1;
        self.current = previous;
        let id = if self.arena.height(id) > MAX_HEIGHT { self.broken(reference) } else { id };
        self.memo.insert(reference, id);
        id
    }

    /// Reads the definitions that wait.
    fn drain(&mut self) {
        while let Some((reference, tag_node)) = self.queue.pop() {
            let Some(open) = self.open_for(reference) else { continue };
            let previous = self.current.replace(open);
            self.define(reference, tag_node);
            self.current = previous;
        }
    }

    /// Reads the definition of a named record or enum in the current unit.
    fn define(&mut self, reference: DieRef, tag_node: NodeId) {
        let Some(open) = self.current.clone() else { return };
        let mut die = Die::new();
        if decode(self.sources, &open.context, reference.offset(), &mut die).is_none() {
            self.broken(reference);
            return;
        }
        let name = self.arena.words(tag_node)[1] + 1;
        let mut trail = self.trails.start(tag_node);
        let id = if die.tag == tag::ENUMERATION {
            self.enumeration(reference, &open, &die, name, &mut trail)
        } else {
            self.record(reference, &open, &die, name, &mut trail)
        };
        self.trails.end(tag_node, trail, id);
        self.definitions.push((tag_node, open.key, id));
        if self.is_shared {
            self.shared_definitions.insert(reference, id);
        }
    }

    fn read_type(&mut self, reference: DieRef, open: &Open, die: &Die) -> NodeId {
        match die.tag {
            tag::BASE => self.base(reference, die),
            tag::POINTER => self.pointer(reference, open, die, 0),
            tag::REFERENCE => self.pointer(reference, open, die, 1),
            tag::RVALUE_REFERENCE => self.pointer(reference, open, die, 2),
            tag::CONST => self.qualified(reference, die, 0),
            tag::VOLATILE => self.qualified(reference, die, 1),
            tag::RESTRICT => self.qualified(reference, die, 2),
            tag::ATOMIC => self.qualified(reference, die, 3),
            // Neither changes how a value is stored or passed.
            tag::PACKED | tag::SHARED | tag::IMMUTABLE => self.type_of(die),
            tag::TYPEDEF | tag::TEMPLATE_ALIAS => self.typedef(reference, open, die),
            tag::ARRAY => self.array(reference, open, die),
            tag::SUBROUTINE => self.function(reference, open, die),
            tag::PTR_TO_MEMBER => self.member_pointer(reference, die),
            tag::STRUCTURE | tag::CLASS | tag::UNION | tag::INTERFACE | tag::ENUMERATION => {
                self.tagged(reference, open, die)
            }
            tag::UNSPECIFIED => {
                let name = self.own_name(die);
                self.arena.intern(&[kind::UNSPECIFIED, name], reference)
            }
            tag::SUBPROGRAM | tag::VARIABLE | tag::NAMESPACE | tag::MEMBER | 0 => self.broken(reference),
            other => self.opaque(reference, die, other),
        }
    }

    /// A type of which nothing but a word is known.
    pub(super) fn unspecified(&mut self, reference: DieRef, word: &[u8]) -> NodeId {
        let name = self.names.add(word);
        self.arena.intern(&[kind::UNSPECIFIED, name], reference)
    }

    /// The entry's own name without scopes; the empty string when it has none.
    fn own_name(&mut self, die: &Die) -> u32 {
        let name = die.string(slot::NAME).and_then(|place| self.names.at(self.sources, place));
        name.unwrap_or_else(|| self.names.add(b""))
    }

    /// The name with the scopes around the entry at `reference`.
    fn qualified_name(&mut self, reference: DieRef, open: &Open, name: u32) -> u32 {
        if !tag::has_scopes(open.context.language) {
            return name;
        }
        let mut tree = std::mem::take(&mut *open.scopes.borrow_mut());
        let scope = self.scope_name(&open.context, &mut tree, reference.offset());
        *open.scopes.borrow_mut() = tree;
        match scope {
            Some(scope) => self.names.join(scope, name),
            None => name,
        }
    }

    /// The qualified form of an entry's `name`.
    pub(super) fn name_in_scope(&mut self, reference: DieRef, name: u32) -> u32 {
        match self.open_for(reference) {
            Some(open) => self.qualified_name(reference, &open, name),
            None => name,
        }
    }

    fn base(&mut self, reference: DieRef, die: &Die) -> NodeId {
        let name = self.own_name(die);
        let size = die.uint(slot::BYTE_SIZE).or_else(|| die.uint(slot::BIT_SIZE).map(|b| b.div_ceil(8)));
        let [low, high] = arena::split(size.unwrap_or(0));
        let encoding = die.uint(slot::ENCODING).unwrap_or(0) as u32;
        self.arena.intern(&[kind::BASE, name, low, high, encoding], reference)
    }

    fn pointer(&mut self, reference: DieRef, open: &Open, die: &Die, form: u32) -> NodeId {
        let target = self.type_of(die);
        let size = die.uint(slot::BYTE_SIZE).unwrap_or(u64::from(open.context.encoding.address_size));
        self.arena.intern(&[kind::POINTER, form | (size as u32 & 0xff_ffff) << 8, target], reference)
    }

    fn qualified(&mut self, reference: DieRef, die: &Die, qualifier: u32) -> NodeId {
        let target = self.type_of(die);
        self.arena.intern(&[kind::QUALIFIED, qualifier, target], reference)
    }

    fn typedef(&mut self, reference: DieRef, open: &Open, die: &Die) -> NodeId {
        let target = self.type_of(die);
        let name = self.own_name(die);
        let name = self.qualified_name(reference, open, name);
        self.arena.intern(&[kind::TYPEDEF, name, target], reference)
    }

    fn member_pointer(&mut self, reference: DieRef, die: &Die) -> NodeId {
        let class = match die.reference(slot::CONTAINING_TYPE) {
            Some(class) => self.node(class),
            None => self.void(),
        };
        let target = self.type_of(die);
        self.arena.intern(&[kind::MEMBER_POINTER, class, target], reference)
    }

    fn opaque(&mut self, reference: DieRef, die: &Die, tag: u16) -> NodeId {
        let name = self.own_name(die);
        let size = match die.uint(slot::BYTE_SIZE) {
            Some(size) => Some(size),
            // A range type (Ada, Fortran, Rust) is stored as the type that it restricts.
            None if tag == tag::SUBRANGE || tag == tag::GENERIC_SUBRANGE => {
                return if die.has(slot::TYPE) { self.type_of(die) } else { self.broken(reference) };
            }
            None => None,
        };
        let [low, high] = arena::split(size.unwrap_or(0));
        self.arena
            .intern(&[kind::OPAQUE, u32::from(tag), name, u32::from(size.is_some()), low, high], reference)
    }

    fn array(&mut self, reference: DieRef, open: &Open, die: &Die) -> NodeId {
        let element = self.type_of(die);
        let mut words = self.buffer();
        words.extend([kind::ARRAY, u32::from(die.flag(slot::GNU_VECTOR)), element]);
        let lower = tag::default_lower_bound(open.context.language);
        self.for_each_child(open, die, |builder, child| {
            let count = match child.tag {
                tag::SUBRANGE | tag::GENERIC_SUBRANGE => array_count(child, lower),
                tag::ENUMERATION => None,
                _ => return,
            };
            let _ = builder;
            let [low, high] = arena::split(count.unwrap_or(0));
            words.extend([u32::from(count.is_some()), low, high]);
        });
        if words.len() == 3 {
            words.extend([0, 0, 0]);
        }
        self.finish(words, reference)
    }

    /// The signature in the parameters below `die`.
    pub(super) fn function_words(&mut self, words: &mut Vec<u32>, unit: DieRef, die: &Die) {
        let Some(open) = self.open_for(unit) else { return };
        let has_prototypes = tag::has_scopes(open.context.language);
        let mut flags = 0;
        if die.flag(slot::PROTOTYPED) || has_prototypes {
            flags |= flag::PROTOTYPED;
        }
        if die.flag(slot::NORETURN) {
            flags |= flag::NORETURN;
        }
        let convention = match die.uint(slot::CALLING_CONVENTION) {
            // DW_CC_normal and absent are one.
            None | Some(1) => 0,
            Some(other) => (other as u32 & 0xff) + 1,
        };
        let returned = self.type_of(die);
        words.extend([kind::FUNCTION, flags, convention, returned]);
        self.parameters(words, &mut 0, &open, die, false);
    }

    /// Adds the parameters among the children of `die`: of a function, or of a parameter pack in one.
    fn parameters(&mut self, words: &mut Vec<u32>, seen: &mut usize, open: &Open, die: &Die, is_pack: bool) {
        self.for_each_child(open, die, |builder, child| match child.tag {
            tag::FORMAL_PARAMETER => builder.parameter(words, seen, child),
            tag::PARAMETER_PACK if !is_pack => builder.parameters(words, seen, open, child, true),
            tag::UNSPECIFIED_PARAMETERS => words[1] |= flag::VARIADIC,
            _ => {}
        });
    }

    fn parameter(&mut self, words: &mut Vec<u32>, seen: &mut usize, child: &Die) {
        let mut is_artificial = child.flag(slot::ARTIFICIAL);
        let mut ty = child.reference(slot::TYPE);
        if ty.is_none()
            && let Some(origin) = child.reference(slot::ABSTRACT_ORIGIN)
        {
            (ty, is_artificial) = self.parameter_origin(origin, is_artificial);
        }
        // Compilers pass more hidden arguments to some constructors (`__vtt_parm`) and describe them or not;
        // only the object itself counts.
        if is_artificial && *seen > 0 {
            return;
        }
        *seen += 1;
        let node = match ty {
            Some(reference) => self.node(reference),
            None => self.void(),
        };
        words.extend([if is_artificial { flag::ARTIFICIAL } else { 0 }, node]);
    }

    fn parameter_origin(&mut self, origin: DieRef, is_artificial: bool) -> (Option<DieRef>, bool) {
        let Some(open) = self.open_for(origin) else { return (None, is_artificial) };
        let mut die = Die::new();
        if decode(self.sources, &open.context, origin.offset(), &mut die).is_none() {
            return (None, is_artificial);
        }
        (die.reference(slot::TYPE), is_artificial || die.flag(slot::ARTIFICIAL))
    }

    fn function(&mut self, reference: DieRef, _open: &Open, die: &Die) -> NodeId {
        let mut words = self.buffer();
        self.function_words(&mut words, reference, die);
        self.finish(words, reference)
    }

    /// A struct, class, union or enum: a tag when it has a name, its content when it has none.
    fn tagged(&mut self, reference: DieRef, open: &Open, die: &Die) -> NodeId {
        if let Some(signature) = die.reference(slot::SIGNATURE) {
            // The definition is in a type unit (DWARF 5 §5.7.3); this entry may have no name.
            return if signature == DieRef::BROKEN { self.broken(signature) } else { self.node(signature) };
        }
        let (name, place) = self.tag_name(reference, die);
        let is_enum = die.tag == tag::ENUMERATION;
        let Some(name) = name else {
            let trail = &mut Trail::default();
            return if is_enum {
                self.enumeration(reference, open, die, 0, trail)
            } else {
                self.record(reference, open, die, 0, trail)
            };
        };
        let name = self.name_in_scope(place, name);
        let tag_node = self.arena.intern(&[kind::TAG, name], reference);
        if !die.flag(slot::DECLARATION) {
            self.queue.push((reference, tag_node));
        }
        tag_node
    }

    /// The unqualified name and the entry whose place gives the scopes.
    fn tag_name(&mut self, reference: DieRef, die: &Die) -> (Option<u32>, DieRef) {
        if let Some(place) = die.string(slot::NAME) {
            let name = self.names.at(self.sources, place).filter(|&n| !self.names.is_empty(n));
            // A definition may complete a declaration that stands in its scope.
            return (name, die.reference(slot::SPECIFICATION).unwrap_or(reference));
        }
        let Some(declaration) = die.reference(slot::SPECIFICATION) else { return (None, reference) };
        let Some(open) = self.open_for(declaration) else { return (None, reference) };
        let mut other = Die::new();
        if decode(self.sources, &open.context, declaration.offset(), &mut other).is_none() {
            return (None, reference);
        }
        (other.string(slot::NAME).and_then(|place| self.names.at(self.sources, place)), declaration)
    }

    fn enumeration(
        &mut self,
        reference: DieRef,
        open: &Open,
        die: &Die,
        name: u32,
        trail: &mut Trail,
    ) -> NodeId {
        let underlying = match die.reference(slot::TYPE) {
            Some(ty) => self.node(ty) + 1,
            None => 0,
        };
        let mut words = self.buffer();
        let [low, high] = arena::split(die.uint(slot::BYTE_SIZE).unwrap_or(0));
        let scoped = if die.flag(slot::ENUM_CLASS) { flag::SCOPED } else { 0 };
        words.extend([kind::ENUM, scoped, name, low, high, underlying]);
        self.for_each_child(open, die, |builder, child| {
            if child.tag == tag::ENUMERATOR {
                let name = builder.trailed(trail, child).unwrap_or_else(|| builder.names.add(b""));
                words.extend(arena::enumerator_words(name, child.int(slot::CONST_VALUE).unwrap_or(0)));
            }
        });
        self.finish_like(words, reference, trail.definition)
    }

    fn record(&mut self, reference: DieRef, open: &Open, die: &Die, name: u32, trail: &mut Trail) -> NodeId {
        let mut parts = RecordParts {
            trail,
            bases: self.buffer(),
            members: self.buffer(),
            methods: Vec::new(),
            special: Special::default(),
        };
        let size = die.uint(slot::BYTE_SIZE).unwrap_or(0);
        let is_union = die.tag == tag::UNION;
        self.record_children(open, die, &mut parts, 0, is_union);
        parts.methods.sort_by_key(|m| (m[4] & flag::HAS_SLOT == 0, m[3]));
        let keyword = match die.tag {
            tag::STRUCTURE => 0,
            tag::UNION => 2,
            _ => 1,
        };
        // DW_CC_pass_by_reference = 4, DW_CC_pass_by_value = 5 (DWARF 5 §7.15); GCC states neither.
        let pass = match die.uint(slot::CALLING_CONVENTION) {
            Some(4) => 1 << 8,
            Some(5) => 2 << 8,
            _ if parts.special.is_nontrivial() => 1 << 8,
            _ => 0,
        };
        let ([size_low, size_high], [align_low, align_high]) =
            (arena::split(size), arena::split(die.uint(slot::ALIGNMENT).unwrap_or(0)));
        let mut words = self.buffer();
        let base_count = (parts.bases.len() / arena::BASE_WORDS) as u32;
        let member_count = (parts.members.len() / arena::MEMBER_WORDS) as u32;
        words.extend([kind::RECORD, keyword | pass, name, size_low, size_high, align_low, align_high, 0]);
        words.extend([base_count, member_count]);
        words.extend_from_slice(&parts.bases);
        words.extend_from_slice(&parts.members);
        parts.methods.iter().for_each(|m| words.extend(m));
        let known = parts.trail.definition;
        self.recycle(parts.bases);
        self.recycle(parts.members);
        self.finish_like(words, reference, known)
    }

    fn record_children(
        &mut self,
        open: &Open,
        die: &Die,
        parts: &mut RecordParts<'_>,
        depth: u32,
        is_union: bool,
    ) {
        self.for_each_child(open, die, |builder, child| match child.tag {
            tag::MEMBER => builder.member(open, child, parts, is_union),
            tag::INHERITANCE => builder.inheritance(open, child, parts),
            tag::SUBPROGRAM => {
                if !die.has(slot::CALLING_CONVENTION) {
                    let class = DieRef::new(open.context.source, die.offset as u64);
                    parts.special.look(builder, class, die, child);
                }
                if child.uint(slot::VIRTUALITY).unwrap_or(0) != 0 {
                    builder.method(open, child, parts);
                }
            }
            // Rust's enums and Ada's discriminated records keep members below variants.
            tag::VARIANT_PART | tag::VARIANT if depth < 8 => {
                builder.record_children(open, child, parts, depth + 1, is_union);
            }
            _ => {}
        });
    }

    fn member(&mut self, open: &Open, child: &Die, parts: &mut RecordParts<'_>, is_union: bool) {
        // Static data members are variables of their own: DWARF 4 says so by `DW_AT_external` and `declaration`.
        if child.flag(slot::EXTERNAL) || child.flag(slot::DECLARATION) {
            return;
        }
        let ty = self.type_of(child);
        let name = self.trailed(parts.trail, child).map_or(0, |name| name + 1);
        let (offset, bits) = self.member_place(open, child, ty, is_union);
        let [low, high] = arena::split(offset);
        let artificial = if child.flag(slot::ARTIFICIAL) { flag::ARTIFICIAL } else { 0 };
        parts.members.extend([
            name,
            ty,
            low,
            high,
            bits.map_or(0, |b| b.min(u64::from(u32::MAX - 1)) as u32 + 1),
            artificial,
        ]);
    }

    /// Offset in bits, and the width of a bit-field (DWARF 5 §5.7.6, DWARF 3 §5.5.6).
    fn member_place(&self, open: &Open, child: &Die, ty: NodeId, is_union: bool) -> (u64, Option<u64>) {
        let bits = child.uint(slot::BIT_SIZE);
        if let Some(offset) = child.uint(slot::DATA_BIT_OFFSET) {
            return (offset, bits);
        }
        let bytes = match child.uint(slot::MEMBER_LOCATION) {
            Some(bytes) => bytes,
            None if is_union => 0,
            None => self.constant_block(open, child, slot::MEMBER_LOCATION).unwrap_or(0),
        };
        let start = bytes.wrapping_mul(8);
        let (Some(width), Some(from_msb)) = (bits, child.int(slot::BIT_OFFSET)) else { return (start, bits) };
        // The old form counts from the most significant bit of a storage unit of `DW_AT_byte_size` bytes.
        let unit_bytes = child.uint(slot::BYTE_SIZE).or_else(|| self.size_of(ty, 0)).unwrap_or(4);
        let is_big = self.source(&open.context).is_some_and(|s| s.is_big);
        let unit_bits = i128::from(unit_bytes) * 8;
        let within = if is_big { from_msb } else { unit_bits - from_msb - i128::from(width) };
        ((i128::from(start) + within) as u64, Some(width))
    }

    /// Size of a base type or enum behind typedefs and qualifiers.
    fn size_of(&self, id: NodeId, depth: u32) -> Option<u64> {
        let words = self.arena.words(id);
        match words[0] {
            kind::BASE => Some(u64::from(words[2])),
            kind::ENUM => Some(u64::from(words[3])),
            kind::TYPEDEF | kind::QUALIFIED if depth < 64 => self.size_of(words[2], depth + 1),
            _ => None,
        }
    }

    /// `DW_OP_plus_uconst N` or `DW_OP_constu N`: the form of constants before DWARF 4.
    fn constant_block(&self, open: &Open, die: &Die, slot: u8) -> Option<u64> {
        let (_, block) = die.block(slot, self.source(&open.context)?)?;
        let mut cursor = super::cursor::Cursor::new(block, 0, self.source(&open.context)?.is_big);
        let value = match cursor.u8()? {
            0x23 | 0x10 => cursor.uleb()?,
            0x08 => u64::from(cursor.u8()?),
            0x0a => u64::from(cursor.u16()?),
            0x0c => u64::from(cursor.u32()?),
            0x0e => cursor.u64()?,
            0x11 => cursor.sleb()? as u64,
            literal @ 0x30..=0x4f => u64::from(literal - 0x30),
            _ => return None,
        };
        (cursor.position == block.len()).then_some(value)
    }

    fn inheritance(&mut self, open: &Open, child: &Die, parts: &mut RecordParts<'_>) {
        let ty = self.type_of(child);
        let mut flags = 0;
        if child.uint(slot::VIRTUALITY).unwrap_or(0) != 0 {
            flags |= flag::VIRTUAL_BASE;
        }
        let offset = child
            .uint(slot::MEMBER_LOCATION)
            .or_else(|| self.constant_block(open, child, slot::MEMBER_LOCATION))
            .filter(|_| flags == 0);
        if offset.is_some() {
            flags |= flag::HAS_OFFSET;
        }
        let [low, high] = arena::split(offset.unwrap_or(0));
        parts.bases.extend([ty, flags, low, high]);
    }

    fn method(&mut self, open: &Open, child: &Die, parts: &mut RecordParts<'_>) {
        let name = self.own_name(child);
        let linkage = child.string(slot::LINKAGE_NAME).and_then(|place| self.names.at(self.sources, place));
        let reference = DieRef::new(open.context.source, child.offset as u64);
        let mut words = self.buffer();
        self.function_words(&mut words, reference, child);
        let ty = self.finish(words, reference);
        let slot = self.vtable_slot(open, child);
        let mut flags = 0;
        if child.uint(slot::VIRTUALITY) == Some(2) {
            flags |= flag::PURE;
        }
        if slot.is_some() {
            flags |= flag::HAS_SLOT;
        }
        parts.methods.push([name, linkage.map_or(0, |l| l + 1), ty, slot.unwrap_or(0), flags]);
    }

    fn vtable_slot(&self, open: &Open, die: &Die) -> Option<u32> {
        let stated =
            die.uint(slot::VTABLE_ELEM).or_else(|| self.constant_block(open, die, slot::VTABLE_ELEM))?;
        u32::try_from(stated).ok()
    }

    /// The slot in the virtual table that the entry at `reference` states.
    pub(super) fn slot_of(&mut self, reference: DieRef, die: &Die) -> Option<u32> {
        if !die.has(slot::VTABLE_ELEM) {
            return None;
        }
        let open = self.open_for(reference)?;
        self.vtable_slot(&open, die)
    }

    /// The name of a member or enumerator.
    fn trailed(&mut self, trail: &mut Trail, child: &Die) -> Option<u32> {
        let place = child.string(slot::NAME)?;
        match self.trails.expected(trail, place) {
            Some(name) => Some(name),
            None => {
                let name = self.names.at(self.sources, place)?;
                trail.note(place, name);
                Some(name)
            }
        }
    }

    /// The bytes of a string.
    pub(super) fn text(&self, place: StringRef) -> Option<&'d [u8]> {
        place.resolve(self.sources)
    }

    /// Calls `f` with each child of `die`.
    pub(super) fn for_each_child_of(&mut self, unit: DieRef, die: &Die, f: impl FnMut(&mut Self, &Die)) {
        if let Some(open) = self.open_for(unit) {
            self.for_each_child(&open, die, f);
        }
    }

    fn for_each_child(&mut self, open: &Open, die: &Die, mut f: impl FnMut(&mut Self, &Die)) {
        if !die.has_children {
            return;
        }
        let mut child = Die::new();
        let mut position = die.next;
        for _ in 0..MAX_CHILDREN {
            if decode(self.sources, &open.context, position, &mut child).is_none() {
                self.broken(DieRef::new(open.context.source, position as u64));
                return;
            }
            if child.tag == 0 {
                return;
            }
            f(self, &child);
            match after_subtree(self.sources, &open.context, &child) {
                Some(next) => position = next,
                None => {
                    self.broken(DieRef::new(open.context.source, position as u64));
                    return;
                }
            }
        }
        self.trouble.broken += 1;
    }

    /// Decodes the entry at `reference` with its unit.
    pub(super) fn entry(&mut self, reference: DieRef, die: &mut Die) -> Option<Rc<UnitContext>> {
        let open = self.open_for(reference)?;
        decode(self.sources, &open.context, reference.offset(), die)?;
        Some(open.context)
    }

    pub(super) fn buffer(&mut self) -> Vec<u32> {
        self.pool.pop().unwrap_or_default()
    }

    fn recycle(&mut self, mut words: Vec<u32>) {
        words.clear();
        self.pool.push(words);
    }

    pub(super) fn finish(&mut self, words: Vec<u32>, reference: DieRef) -> NodeId {
        self.finish_like(words, reference, None)
    }

    /// The node with this content, which is probably `known`.
    fn finish_like(&mut self, words: Vec<u32>, reference: DieRef, known: Option<NodeId>) -> NodeId {
        let id = match known.filter(|&id| self.arena.words(id) == words) {
            Some(id) => self.arena.meet(id, reference),
            None => self.arena.intern(&words, reference),
        };
        self.recycle(words);
        id
    }
}

/// Lists of a record that is being read.
struct RecordParts<'t> {
    trail: &'t mut Trail,
    bases: Vec<u32>,
    members: Vec<u32>,
    methods: Vec<[u32; arena::METHOD_WORDS]>,
    special: Special,
}

/// Number of elements; `None` when the bound is unknown or not constant.
fn array_count(child: &Die, default_lower: i128) -> Option<u64> {
    if let Some(count) = child.uint(slot::COUNT) {
        return Some(count);
    }
    // Bounds that are references or expressions are not constants.
    let upper = child.int(slot::UPPER_BOUND)?;
    let lower = child.int(slot::LOWER_BOUND).unwrap_or(default_lower);
    // GCC states the bound of a zero-length array as -1, in as many bits as the form has.
    if matches!(upper, 0xffff_ffff_ffff_ffff | 0xffff_ffff) && lower == 0 {
        return Some(0);
    }
    u64::try_from(upper - lower + 1).ok()
}
