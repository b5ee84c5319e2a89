//! The files that declarations name, in the line tables of their units (DWARF 5 §6.2.4).
//!
//! Only the headers of line tables are read, by gimli, and only of units in which something was declared that is kept.

use abide_model::{DeclLocation, StrId, TypeGraph};
use bstr::ByteSlice;
use gimli::{DebugLineOffset, EndianSlice, IncompleteLineProgram, LineProgramHeader, RunTimeEndian};

use super::cursor::string_at;
use super::sections::Sections;
use super::unit::{SourceId, Sources, UnitContext};

/// Files that declarations name, and where each is described.
#[derive(Default)]
pub(super) struct Files {
    pub(super) units: Vec<LineTable>,
    /// A unit of the list, and the number of a file in its line table.
    pub(super) list: Vec<(u32, u64)>,
}

/// What a unit says about its line table.
#[derive(Clone)]
pub(super) struct LineTable {
    is_supplementary: bool,
    offset: Option<usize>,
    address_size: u8,
    comp_dir: Vec<u8>,
}

impl LineTable {
    pub(super) fn of(sources: &Sources<'_>, context: &UnitContext) -> Self {
        let comp_dir = context.comp_dir.and_then(|place| place.resolve(sources));
        LineTable {
            is_supplementary: context.source == SourceId::SUPPLEMENTARY,
            offset: context.stmt_list.and_then(|offset| usize::try_from(offset).ok()),
            address_size: context.encoding.address_size,
            comp_dir: comp_dir.unwrap_or(b"").to_vec(),
        }
    }
}

/// A line table of which only the header was parsed.
type Program<'d> = IncompleteLineProgram<EndianSlice<'d, RunTimeEndian>>;

/// Its header.
type Header<'d> = LineProgramHeader<EndianSlice<'d, RunTimeEndian>>;

/// An attribute of a file or directory.
type Value<'d> = gimli::AttributeValue<EndianSlice<'d, RunTimeEndian>>;

impl Files {
    /// Gives every declaration in `graph` the name of its file, or none when that cannot be read.
    pub(super) fn name(&self, graph: &mut TypeGraph, main: &Sections<'_>, other: Option<&Sections<'_>>) {
        let mut order: Vec<u32> = (0..self.list.len() as u32).collect();
        order.sort_by_key(|&index| self.list[index as usize]);
        let mut names: Vec<Option<StrId>> = vec![None; self.list.len()];
        // One unit's files after the other's, so that each header is read once.
        for files in order.chunk_by(|&a, &b| self.list[a as usize].0 == self.list[b as usize].0) {
            let Some(table) = files.first().and_then(|&f| self.units.get(self.list[f as usize].0 as usize))
            else {
                continue;
            };
            let sections = if table.is_supplementary { other } else { Some(main) };
            let Some((sections, program)) = sections.and_then(|s| Some((s, program(table, s)?))) else {
                continue;
            };
            for &index in files {
                let name = file_name(table, program.header(), self.list[index as usize].1, sections, other);
                names[index as usize] = name.map(|name| graph.strings.intern(&name));
            }
        }
        let resolve = |decl: &mut Option<DeclLocation>| {
            *decl = decl.and_then(|d| {
                let file = names.get(d.file.0 as usize).copied().flatten()?;
                Some(DeclLocation { file, ..d })
            });
        };
        graph.nodes.iter_mut().for_each(|node| resolve(&mut node.decl));
        graph.roots.iter_mut().for_each(|root| resolve(&mut root.decl));
    }
}

fn program<'d>(table: &LineTable, sections: &Sections<'d>) -> Option<Program<'d>> {
    let endian = if sections.is_big { RunTimeEndian::Big } else { RunTimeEndian::Little };
    let section = gimli::DebugLine::new(sections.line, endian);
    section.program(DebugLineOffset(table.offset?), table.address_size, None, None).ok()
}

/// The path of the file with this number, which counts from 1 before version 5.
fn file_name<'d>(
    table: &LineTable,
    header: &Header<'d>,
    file: u64,
    sections: &Sections<'d>,
    other: Option<&Sections<'d>>,
) -> Option<Vec<u8>> {
    let text = |value: Value<'d>| -> Option<&'d [u8]> {
        match value {
            gimli::AttributeValue::String(s) => Some(s.slice()),
            gimli::AttributeValue::DebugStrRef(o) => string_at(sections.str, o.0),
            gimli::AttributeValue::DebugLineStrRef(o) => string_at(sections.line_str, o.0),
            gimli::AttributeValue::DebugStrRefSup(o) => string_at(other?.str, o.0),
            _ => None,
        }
    };
    let entry = header.file(file)?;
    let name = text(entry.path_name()).unwrap_or_default();
    let directory = directory(header, entry.directory_index()).and_then(text).unwrap_or_default();
    Some(joined(&table.comp_dir, directory, name)).filter(|name| !name.is_empty())
}

fn directory<'d>(header: &Header<'d>, index: u64) -> Option<Value<'d>> {
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
