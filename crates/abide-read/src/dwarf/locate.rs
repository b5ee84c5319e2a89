//! Filling in what is no part of a type's identity: declarations' files and lines, names of parameters, keywords of
//! declarations. Only the entries of nodes that are kept are read again. What the files are called is found in `files`.

use abide_model::{DeclLocation, RecordKeyword, StrId, TypeId, TypeKind};
use rustc_hash::FxHashMap;

use super::abbrev::slot;
use super::build::Builder;
use super::die::{Die, DieRef};
use super::files::{Files, LineTable};
use super::merge::Assembled;
use super::tag;
use super::unit::{SourceId, UnitContext};

/// Reads the declarations of all nodes and roots, and returns the files that they name.
///
/// In the order of the file, so that one unit after the other is opened. Until [`Files::name`] the `file` of a
/// declaration is its place in that list: the files' names are in the line tables, which are not here yet.
pub(super) fn locate(builder: &mut Builder<'_, '_>, assembled: &mut Assembled) -> Files {
    let mut locator = Locator { builder, files: Files::default(), known: FxHashMap::default() };
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
    files: Files,
    /// Units (by source and offset) and files (by unit and number) in the lists of `files`.
    known: FxHashMap<(SourceId, usize, Option<u64>), u32>,
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
        let mut die = Die::new();
        let Some(context) = self.builder.entry(entry, &mut die) else { return };
        let mut names: Vec<Option<Vec<u8>>> = Vec::new();
        let mut place = self.place(&context, &die);
        let mut next = Some(entry);
        // The entry that states the parameters is the abstract instance, when there is one.
        for _ in 0..4 {
            let Some(reference) = next else { break };
            let Some(context) = self.builder.entry(reference, &mut die) else { break };
            if place.is_none() {
                place = self.place(&context, &die);
            }
            let listed = self.parameter_names(reference, &die);
            if listed.iter().any(Option::is_some) || names.is_empty() {
                names = listed;
            }
            next = die.reference(slot::ABSTRACT_ORIGIN).or_else(|| die.reference(slot::SPECIFICATION));
        }
        assembled.graph.roots[index].decl = place;
        let ty = assembled.graph.roots[index].ty;
        let strings = &mut assembled.graph.strings;
        if let TypeKind::Function(function) = &mut assembled.graph.nodes[ty.0 as usize].kind
            && names.len() == function.parameters.len()
        {
            for (parameter, name) in function.parameters.iter_mut().zip(names) {
                parameter.name = name.map(|n| strings.intern(&n));
            }
        }
        if assembled.graph.nodes[ty.0 as usize].decl.is_none()
            && matches!(assembled.graph.nodes[ty.0 as usize].kind, TypeKind::Function(_))
        {
            assembled.graph.nodes[ty.0 as usize].decl = place;
        }
    }

    /// Names of the parameters that the signature counts.
    fn parameter_names(&mut self, unit: DieRef, die: &Die) -> Vec<Option<Vec<u8>>> {
        let mut names = Vec::new();
        self.builder.for_each_child_of(unit, die, |builder, child| {
            let is_hidden = child.flag(slot::ARTIFICIAL) && !names.is_empty();
            if child.tag == tag::FORMAL_PARAMETER && !is_hidden {
                let place = child.string(slot::NAME);
                names.push(place.and_then(|p| p.resolve(builder.sources)).map(<[u8]>::to_vec));
            }
        });
        names
    }

    fn place(&mut self, context: &UnitContext, die: &Die) -> Option<DeclLocation> {
        let file = die.uint(slot::DECL_FILE)?;
        let (sources, files) = (self.builder.sources, &mut self.files);
        let unit = *self.known.entry((context.source, context.offset, None)).or_insert_with(|| {
            files.units.push(LineTable::of(sources, context));
            files.units.len() as u32 - 1
        });
        let index = *self.known.entry((context.source, context.offset, Some(file))).or_insert_with(|| {
            files.list.push((unit, file));
            files.list.len() as u32 - 1
        });
        Some(DeclLocation { file: StrId(index), line: line_of(die) })
    }
}

fn line_of(die: &Die) -> u32 {
    die.uint(slot::DECL_LINE).and_then(|l| u32::try_from(l).ok()).unwrap_or(0)
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
