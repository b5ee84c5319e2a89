//! Filling in what is no part of a type's identity: declarations' files and lines, names of parameters, keywords of
//! declarations. Only the entries of nodes that are kept are read again. What the files are called is found in `files`.

use abide_model::{DeclLocation, RecordKeyword, StrId, TypeId, TypeKind};
use rustc_hash::FxHashMap;

use super::abbrev::slot;
use super::build::Builder;
use super::declared::{Declarations, Numbered, UnitPlace, line_of};
use super::die::{Die, DieRef};
use super::files::{Files, LineTable};
use super::merge::Assembled;
use super::tag;
use super::unit::UnitContext;

/// Reads the declarations of all nodes and roots, and returns the files that they name.
///
/// In the order of the file, so that one unit after the other is opened. Until [`Files::name`] the `file` of a
/// declaration is its place in that list: the files' names are in the line tables, which are not here yet.
pub(super) fn locate(
    builder: &mut Builder<'_, '_>,
    declarations: Declarations,
    assembled: &mut Assembled,
) -> Files {
    let mut locator = Locator {
        builder,
        declarations,
        files: Files::default(),
        units: FxHashMap::default(),
        numbers: FxHashMap::default(),
    };
    for index in sorted(&assembled.origins) {
        locator.node(assembled, TypeId(index));
    }
    for index in sorted(&assembled.root_entries) {
        locator.root(assembled, index as usize);
    }
    locator.files
}

/// Positions of the entries in the order of the entries.
fn sorted(entries: &[DieRef]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..entries.len() as u32).collect();
    order.sort_by_key(|&index| entries[index as usize]);
    order
}

struct Locator<'b, 's, 'd> {
    builder: &'b mut Builder<'s, 'd>,
    /// What was noted with the types of the roots.
    declarations: Declarations,
    files: Files,
    /// Units in the list of `files`.
    units: FxHashMap<UnitPlace, u32>,
    /// Files in the other list, by unit in the first and number in its line table.
    numbers: FxHashMap<(u32, u64), u32>,
}

impl Locator<'_, '_, '_> {
    fn node(&mut self, assembled: &mut Assembled, id: TypeId) {
        let origin = assembled.origins[id.0 as usize];
        let index = id.0 as usize;
        let is_wanted = matches!(
            assembled.graph.nodes[index].kind,
            TypeKind::Record(_) | TypeKind::Enum(_) | TypeKind::Typedef { .. } | TypeKind::Declaration { .. }
        );
        if origin == DieRef::BROKEN || !is_wanted {
            return;
        }
        let mut die = Die::new();
        let Some(context) = self.builder.entry(origin, &mut die) else { return };
        assembled.graph.nodes[index].decl = self.place(&context, &die);
        match &mut assembled.graph.nodes[index].kind {
            TypeKind::Declaration { keyword, .. } => {
                *keyword = match die.tag {
                    tag::STRUCTURE => Some(RecordKeyword::Struct),
                    tag::CLASS | tag::INTERFACE => Some(RecordKeyword::Class),
                    tag::UNION => Some(RecordKeyword::Union),
                    _ => None,
                };
            }
            TypeKind::Record(record) => {
                let mut lines = record.members.iter_mut();
                let methods = &mut record.virtual_methods;
                self.builder.for_each_child_of(origin, &die, |builder, child| match child.tag {
                    tag::MEMBER if !child.flag(slot::EXTERNAL) && !child.flag(slot::DECLARATION) => {
                        if let Some(member) = lines.next() {
                            member.decl_line = line_of(child);
                        }
                    }
                    tag::SUBPROGRAM if child.uint(slot::VIRTUALITY).unwrap_or(0) != 0 => {
                        method_line(builder, assembled_strings(&assembled.graph.strings), methods, child);
                    }
                    _ => {}
                });
            }
            _ => {}
        }
    }

    fn root(&mut self, assembled: &mut Assembled, index: usize) {
        let entry = assembled.root_entries[index];
        let declared = self.declarations.of_entries.get(&entry);
        let place = match declared {
            Some(declared) => declared.place.and_then(|place| self.declared_place(place)),
            None => {
                let mut die = Die::new();
                let Some(context) = self.builder.entry(entry, &mut die) else { return };
                self.place(&context, &die)
            }
        };
        assembled.graph.roots[index].decl = place;
        let ty = assembled.graph.roots[index].ty;
        let strings = &mut assembled.graph.strings;
        let node = &mut assembled.graph.nodes[ty.0 as usize];
        let TypeKind::Function(function) = &mut node.kind else { return };
        if let Some(declared) = self.declarations.of_entries.get(&entry)
            && declared.parameters.len() == function.parameters.len()
        {
            for (parameter, name) in function.parameters.iter_mut().zip(&declared.parameters) {
                let name = name.and_then(|place| self.builder.text(place));
                parameter.name = name.map(|n| strings.intern(n));
            }
        }
        node.decl = node.decl.or(place);
    }

    fn place(&mut self, context: &UnitContext, die: &Die) -> Option<DeclLocation> {
        let (unit, file) = ((context.source, context.offset), die.uint(slot::DECL_FILE)?);
        let sources = self.builder.sources;
        let file = self.file(unit, file, || LineTable::of(sources, context));
        Some(DeclLocation { file, line: line_of(die) })
    }

    fn declared_place(&mut self, place: Numbered) -> Option<DeclLocation> {
        let table = self.declarations.tables.get(&place.unit)?.clone();
        Some(DeclLocation { file: self.file(place.unit, place.file, || table), line: place.line })
    }

    /// The place of a file in the list of files.
    fn file(&mut self, unit: UnitPlace, file: u64, table: impl FnOnce() -> LineTable) -> StrId {
        let files = &mut self.files;
        let index = *self.units.entry(unit).or_insert_with(|| {
            files.units.push(table());
            files.units.len() as u32 - 1
        });
        StrId(*self.numbers.entry((index, file)).or_insert_with(|| {
            files.list.push((index, file));
            files.list.len() as u32 - 1
        }))
    }
}

fn assembled_strings(strings: &abide_model::StringTable) -> &abide_model::StringTable {
    strings
}

/// Sets the line of the method that `child` describes: the one with its mangled name, or else its plain name.
fn method_line(
    builder: &Builder<'_, '_>,
    strings: &abide_model::StringTable,
    methods: &mut [abide_model::VirtualMethod],
    child: &Die,
) {
    let place = child.string(slot::LINKAGE_NAME).or_else(|| child.string(slot::NAME));
    let Some(name) = place.and_then(|p| p.resolve(builder.sources)) else { return };
    let line = line_of(child);
    for method in methods {
        let own = method.linkage_name.unwrap_or(method.name);
        if method.decl_line == 0 && strings.get(own) == name {
            method.decl_line = line;
            return;
        }
    }
}
