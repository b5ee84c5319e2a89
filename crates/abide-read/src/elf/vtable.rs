//! Pure entries of C++ virtual tables.
//!
//! GCC does not say in debug information that a function is pure, but the table does: its slot holds
//! `__cxa_pure_virtual` (Itanium C++ ABI §3.2.6), and the dynamic relocation there names it. Nothing else of a table
//! is read.

use abide_model::{PureSlots, Symbol, SymbolKind};
use object::read::elf::{Rel, Rela};
use rustc_hash::FxHashMap;

use super::Header;
use super::dynamic::Dynamic;
use super::hash::relocations;
use super::image::Image;

/// What the slot of a pure function is bound to.
const PURE: &[u8] = b"__cxa_pure_virtual";

/// Tables are short; what lies further from a table's beginning is damage.
const LARGEST_TABLE: u64 = 1 << 20;

/// What of the dynamic symbols has to do with virtual tables.
#[derive(Default)]
pub(super) struct Vtables {
    has_pure: bool,
    /// By index in the dynamic symbol table.
    bound: FxHashMap<usize, Bound>,
    tables: Vec<Table>,
}

impl Vtables {
    /// Notes the dynamic symbol number `index`, which will be the `kept`th that is kept.
    pub(super) fn note(&mut self, index: usize, symbol: &Symbol, kept: usize) {
        if symbol.is_import() && symbol.name == PURE {
            self.has_pure = true;
            self.bound.insert(index, Bound::Pure);
        } else if symbol.name.starts_with(b"_ZTI") {
            self.bound.insert(index, Bound::TypeInfo);
        } else if symbol.is_export && symbol.kind == SymbolKind::Object && symbol.name.starts_with(b"_ZTV") {
            let size_bytes = symbol.size_bytes.min(LARGEST_TABLE);
            self.tables.push(Table { kept, start: symbol.address, size_bytes });
        }
    }

    /// The pure slots of each exported virtual table that has any, sorted by table; `symbols` are those kept.
    ///
    /// Only entries that are bound by name count: where `libstdc++` is linked statically nothing tells.
    pub(super) fn pure_slots<H: Header>(
        &self,
        image: &Image<'_, H>,
        dynamic: &Dynamic<'_>,
        symbols: &[Symbol],
    ) -> Vec<PureSlots> {
        if !self.has_pure || self.tables.is_empty() {
            return Vec::new();
        }
        let places = self.places(image, dynamic);
        let mut out = Vec::new();
        for table in &self.tables {
            let slots = table.pure_slots(image, &places);
            if let Some(symbol) = symbols.get(table.kept).filter(|_| !slots.is_empty()) {
                out.push(PureSlots { table: symbol.name.clone(), slots });
            }
        }
        out.sort_unstable();
        out.dedup();
        out
    }

    /// Places that are bound to a name of interest, by address.
    fn places<H: Header>(&self, image: &Image<'_, H>, dynamic: &Dynamic<'_>) -> Vec<(u64, Bound)> {
        let (endian, mips64el) = (image.endian, image.header.is_mips64el(image.endian));
        let mut out = Vec::new();
        let mut take = |symbol: u32, offset: u64| {
            if let Some(bound) = self.bound.get(&(symbol as usize)) {
                out.push((offset, *bound));
            }
        };
        for r in relocations::<H::Rela, H>(image, dynamic.rela) {
            take(r.r_sym(endian, mips64el), r.r_offset(endian).into());
        }
        for r in relocations::<H::Rel, H>(image, dynamic.rel) {
            take(r.r_sym(endian), r.r_offset(endian).into());
        }
        out.sort_unstable_by_key(|place| place.0);
        out
    }
}

/// What a word of a table is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bound {
    Pure,
    TypeInfo,
}

/// A virtual table group: the class's own table and those of its bases.
struct Table {
    /// Index of its symbol among those kept.
    kept: usize,
    start: u64,
    size_bytes: u64,
}

impl Table {
    fn pure_slots<H: Header>(&self, image: &Image<'_, H>, bound: &[(u64, Bound)]) -> Vec<u32> {
        let word = if image.is_64() { 8 } else { 4 };
        let end = self.start.saturating_add(self.size_bytes);
        let from = bound.partition_point(|p| p.0 < self.start);
        let inside = &bound[from..from + bound[from..].partition_point(|p| p.0 < end)];
        if !inside.iter().any(|p| p.1 == Bound::Pure) {
            return Vec::new();
        }
        let mut infos = inside.iter().filter(|p| p.1 == Bound::TypeInfo).map(|p| p.0);
        // The functions follow the pointer to the type information (§2.5.2). Where that is bound to no name, a table
        // whose first word is the zero offset to the top has none of a virtual base's offsets before it.
        let info = match infos.next() {
            Some(place) => place,
            None if self.first_word_is_zero(image, word) => self.start.saturating_add(word),
            None => return Vec::new(),
        };
        // The next type information begins a base's table, two words before its functions at least.
        let end = infos.next().map_or(end, |next| next.saturating_sub(word));
        let first = info.saturating_add(word);
        let slot = |place: u64| u32::try_from((place - first) / word).ok();
        let pure = inside.iter().filter(|p| p.1 == Bound::Pure && (first..end).contains(&p.0));
        pure.filter_map(|p| slot(p.0)).collect()
    }

    fn first_word_is_zero<H: Header>(&self, image: &Image<'_, H>, word: u64) -> bool {
        let bytes = image.at(self.start).unwrap_or(&[]);
        bytes.get(..word as usize).is_some_and(|b| b.iter().all(|&byte| byte == 0))
    }
}
