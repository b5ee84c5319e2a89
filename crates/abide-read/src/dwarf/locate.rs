//! Filling in what is no part of a type's identity: declarations' files and lines, names of parameters, keywords of
//! declarations. Only the entries of nodes that are kept are read again.

use std::rc::Rc;

use abide_model::{DeclLocation, RecordKeyword, StrId, TypeId, TypeKind};
use bstr::ByteSlice;
use gimli::{DebugLineOffset, EndianSlice, LineProgramHeader, RunTimeEndian};
use rustc_hash::FxHashMap;

use super::abbrev::slot;
use super::build::Builder;
use super::cursor::string_at;
use super::die::{Die, DieRef};
use super::merge::{Assembled, declaration};
use super::tag;
use super::unit::{SourceId, UnitContext};

/// File names by unit (source and offset of the unit).
type Files = FxHashMap<(SourceId, usize), Rc<Vec<Vec<u8>>>>;

/// Reads the places of all nodes and roots.
pub(super) fn locate(builder: &mut Builder<'_, '_>, assembled: &mut Assembled) {
    let mut locator = Locator { builder, files: Files::default(), interned: FxHashMap::default() };
    for index in 0..assembled.graph.nodes.len() {
        locator.node(assembled, TypeId(index as u32));
    }
    for index in 0..assembled.graph.roots.len() {
        locator.root(assembled, index);
    }
}

struct Locator<'b, 's, 'd> {
    builder: &'b mut Builder<'s, 'd>,
    files: Files,
    interned: FxHashMap<(SourceId, usize, u64), StrId>,
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
        assembled.graph.nodes[index].decl = self.place(assembled, &context, &die);
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
        let mut place = self.place(assembled, &context, &die);
        let mut next = Some(entry);
        // The entry that states the parameters is the abstract instance, when there is one.
        for _ in 0..4 {
            let Some(reference) = next else { break };
            let Some(context) = self.builder.entry(reference, &mut die) else { break };
            if place.is_none() {
                place = self.place(assembled, &context, &die);
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

    fn place(&mut self, assembled: &mut Assembled, context: &UnitContext, die: &Die) -> Option<DeclLocation> {
        let line = line_of(die);
        let file = die.uint(slot::DECL_FILE)?;
        let key = (context.source, context.offset, file);
        if let Some(&file) = self.interned.get(&key) {
            return Some(DeclLocation { file, line });
        }
        let files = self.file_table(context);
        let name = files.get(usize::try_from(file).ok()?)?;
        if name.is_empty() {
            return None;
        }
        let location = declaration(&mut assembled.graph, name, line);
        self.interned.insert(key, location.file);
        Some(location)
    }

    fn file_table(&mut self, context: &UnitContext) -> Rc<Vec<Vec<u8>>> {
        let key = (context.source, context.offset);
        if let Some(files) = self.files.get(&key) {
            return files.clone();
        }
        let files = Rc::new(self.read_files(context).unwrap_or_default());
        self.files.insert(key, files.clone());
        files
    }

    /// The unit's file names by index (DWARF 5 §6.2.4).
    fn read_files(&self, context: &UnitContext) -> Option<Vec<Vec<u8>>> {
        let sources = self.builder.sources;
        let source = sources.get(context.source)?;
        let endian = if source.is_big { RunTimeEndian::Big } else { RunTimeEndian::Little };
        let section = gimli::DebugLine::new(source.sections.line, endian);
        let offset = DebugLineOffset(usize::try_from(context.stmt_list?).ok()?);
        let program = section.program(offset, context.encoding.address_size, None, None).ok()?;
        let header = program.header();
        let comp_dir = context.comp_dir.and_then(|place| place.resolve(sources)).unwrap_or(b"");
        let text = |value: gimli::AttributeValue<EndianSlice<'_, RunTimeEndian>>| -> Option<Vec<u8>> {
            match value {
                gimli::AttributeValue::String(s) => Some(s.slice().to_vec()),
                gimli::AttributeValue::DebugStrRef(o) => {
                    string_at(source.sections.str, o.0).map(<[u8]>::to_vec)
                }
                gimli::AttributeValue::DebugLineStrRef(o) => {
                    string_at(source.sections.line_str, o.0).map(<[u8]>::to_vec)
                }
                gimli::AttributeValue::DebugStrRefSup(o) => {
                    string_at(sources.supplementary()?.sections.str, o.0).map(<[u8]>::to_vec)
                }
                _ => None,
            }
        };
        // Indexes count from 1 before version 5; slot 0 stays empty there.
        let mut files = if header.version() < 5 { vec![Vec::new()] } else { Vec::new() };
        for entry in header.file_names() {
            let name = text(entry.path_name()).unwrap_or_default();
            let directory = directory(header, entry.directory_index()).and_then(&text).unwrap_or_default();
            files.push(joined(comp_dir, &directory, &name));
        }
        Some(files)
    }
}

fn directory<'d>(
    header: &LineProgramHeader<EndianSlice<'d, RunTimeEndian>>,
    index: u64,
) -> Option<gimli::AttributeValue<EndianSlice<'d, RunTimeEndian>>> {
    if header.version() < 5 && index == 0 { None } else { header.directory(index) }
}

/// `name` below `directory` below `comp_dir`, without `.` and `..`.
fn joined(comp_dir: &[u8], directory: &[u8], name: &[u8]) -> Vec<u8> {
    let mut path: Vec<u8> = Vec::new();
    for part in [comp_dir, directory, name] {
        if part.starts_with(b"/") {
            path.clear();
        } else if !path.is_empty() && !part.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(part);
    }
    let is_absolute = path.starts_with(b"/");
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split_str("/") {
        match part {
            b"" | b"." => {}
            b".." if parts.last().is_some_and(|&last| last != b"..") => {
                parts.pop();
            }
            b".." if is_absolute => {}
            other => parts.push(other),
        }
    }
    let mut out = if is_absolute { b"/".to_vec() } else { Vec::new() };
    out.extend_from_slice(&bstr::join("/", parts));
    out
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

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn paths_are_joined_and_normal() {
        assert_eq!(joined(b"/src/lib", b"../include", b"a.h"), b"/src/include/a.h");
        assert_eq!(joined(b"/src", b"/usr/include", b"b.h"), b"/usr/include/b.h");
        assert_eq!(joined(b"", b"", b"./c.c"), b"c.c");
        assert_eq!(joined(b"/", b"..", b"d"), b"/d");
    }
}
