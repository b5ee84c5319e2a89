//! What tests of type readers share: compiling, and a graph as text.
#![allow(dead_code, reason = "each test program uses what it needs")]

pub(crate) mod facts;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use abide_model::{ElfFacts, RootKind, TypeGraph, TypeId, TypeKind};

/// An empty folder for a test's files.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&dir).expect("a scratch folder");
    dir
}

/// Compiles `source`; `None` when this compiler does not know one of the options.
pub(crate) fn compile(
    dir: &Path,
    compiler: &str,
    source: &Path,
    output: &str,
    options: &[&str],
) -> Option<Vec<u8>> {
    let out = dir.join(output);
    let run = Command::new(compiler).args(options).arg("-o").arg(&out).arg(source).output().ok()?;
    if !run.status.success() {
        let message = String::from_utf8_lossy(&run.stderr).into_owned();
        assert!(
            ["unrecognized", "unknown", "not supported", "unsupported", "invalid"]
                .iter()
                .any(|w| message.contains(w)),
            "{compiler} {options:?}: {message}"
        );
        return None;
    }
    Some(std::fs::read(&out).expect("the compiler's output"))
}

/// The graph as text, without what is no part of a type's identity.
pub(crate) fn describe_graph(elf: &ElfFacts, graph: &TypeGraph) -> String {
    let mut out = String::new();
    for root in &graph.roots {
        let name = &elf.symbols[root.symbol as usize].name;
        let kind = if root.kind == RootKind::Function { "fn" } else { "var" };
        writeln!(out, "{kind} {name}: {}", spell(graph, root.ty)).expect("text");
    }
    let mut definitions = BTreeSet::new();
    for index in 0..graph.nodes.len() {
        let id = TypeId(index as u32);
        if matches!(graph.kind(id), TypeKind::Record(r) if r.name.is_some())
            || matches!(graph.kind(id), TypeKind::Enum(e) if e.name.is_some())
        {
            definitions.insert(define(graph, id));
        }
    }
    definitions.iter().for_each(|d| writeln!(out, "{d}").expect("text"));
    out
}

fn spell(graph: &TypeGraph, id: TypeId) -> String {
    let of = |id| spell(graph, id);
    match graph.kind(id) {
        TypeKind::Void => "void".into(),
        TypeKind::Base(b) => format!("{}/{}/{:?}", graph.str(b.name), b.size_bytes, b.encoding),
        TypeKind::Pointer { kind, target, size_bytes } => format!("{kind:?}{size_bytes}({})", of(*target)),
        TypeKind::Qualified { qualifier, target } => format!("{qualifier:?}({})", of(*target)),
        TypeKind::Typedef { name, target } => format!("{}={}", graph.str(*name), of(*target)),
        TypeKind::Array { element, dimensions, .. } => format!("{}{dimensions:?}", of(*element)),
        TypeKind::Function(f) => {
            let parameters: Vec<String> = f.parameters.iter().map(|p| of(p.ty)).collect();
            let dots = if f.is_variadic { ", ..." } else { "" };
            format!("({}{dots}) -> {}", parameters.join(", "), of(f.return_type))
        }
        TypeKind::Record(r) => r.name.map_or_else(|| define(graph, id), |n| graph.str(n).to_string()),
        TypeKind::Enum(e) => e.name.map_or_else(|| define(graph, id), |n| graph.str(n).to_string()),
        TypeKind::MemberPointer { class, target } => format!("{}::*{}", of(*class), of(*target)),
        TypeKind::Ambiguous { name, candidates } => {
            // What they are is told elsewhere: they may lead back here.
            let short = |&id: &TypeId| match graph.kind(id) {
                TypeKind::Record(r) => format!("{:?} {}", r.keyword, r.size_bytes),
                TypeKind::Enum(e) => format!("enum {}", e.size_bytes),
                other => format!("{other:?}"),
            };
            let mut list: Vec<String> = candidates.iter().map(short).collect();
            list.sort();
            format!("ambiguous {} {list:?}", graph.str(*name))
        }
        TypeKind::Declaration { name, .. } => format!("opaque {}", graph.str(*name)),
        other => format!("{other:?}"),
    }
}

fn define(graph: &TypeGraph, id: TypeId) -> String {
    match graph.kind(id) {
        TypeKind::Record(r) => {
            let name = r.name.map_or(String::new(), |n| graph.str(n).to_string());
            let bases: Vec<String> =
                r.bases.iter().map(|b| format!("{}@{:?}", spell(graph, b.ty), b.offset_bytes)).collect();
            let members: Vec<String> = r
                .members
                .iter()
                .map(|m| {
                    let name = m.name.map_or(String::new(), |n| graph.str(n).to_string());
                    format!("{name}@{}:{:?} {}", m.offset_bits, m.bit_size, spell(graph, m.ty))
                })
                .collect();
            let methods: Vec<String> = r
                .virtual_methods
                .iter()
                .map(|v| format!("{} slot {:?} pure {}", graph.str(v.name), v.slot, v.is_pure))
                .collect();
            format!("{:?} {name} {} {bases:?} {members:?} {methods:?}", r.keyword, r.size_bytes)
        }
        TypeKind::Enum(e) => {
            let name = e.name.map_or(String::new(), |n| graph.str(n).to_string());
            let list: Vec<String> =
                e.enumerators.iter().map(|v| format!("{}={}", graph.str(v.name), v.value)).collect();
            format!("enum {name} {} {list:?}", e.size_bytes)
        }
        _ => String::new(),
    }
}
