//! Prints what the type reader finds in a file: `types ARTIFACT [DEBUG_FILE [SUPPLEMENTARY]]`.
use std::time::Instant;
fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|a| a != "-v").collect();
    let verbose = std::env::args().any(|a| a == "-v");
    let map = |p: &String| map_file(p);
    let artifact = map(&args[0]);
    let debug = args.get(1).map(map);
    let alt = args.get(2).map(map);
    let elf = abide_read::elf::read_elf(&artifact).expect("ELF");
    let start = Instant::now();
    let read =
        abide_read::dwarf::read_types(debug.as_deref().unwrap_or(&artifact), alt.as_deref(), &elf.facts);
    let took = start.elapsed();
    for gap in &read.gaps {
        println!("gap {}: {}", gap.kind.id(), gap.detail);
    }
    let Some(graph) = read.graph else { return println!("no graph") };
    let exports = elf.facts.exports().count();
    println!(
        "{took:?}: {} exports, {} roots, {} nodes, {} strings",
        exports,
        graph.roots.len(),
        graph.nodes.len(),
        graph.strings.len()
    );
    let count = |f: fn(&abide_model::TypeKind) -> bool| graph.nodes.iter().filter(|n| f(&n.kind)).count();
    use abide_model::TypeKind as K;
    println!(
        "records {} enums {} declarations {} ambiguous {} broken {}",
        count(|k| matches!(k, K::Record(_))),
        count(|k| matches!(k, K::Enum(_))),
        count(|k| matches!(k, K::Declaration { .. })),
        count(|k| matches!(k, K::Ambiguous { .. })),
        count(|k| matches!(k, K::Broken))
    );
    for n in &graph.nodes {
        if let K::Ambiguous { name, candidates } = &n.kind {
            println!("  ambiguous {} x{}", graph.str(*name), candidates.len());
        }
    }
    if verbose {
        let typed: std::collections::BTreeSet<u32> = graph.roots.iter().map(|r| r.symbol).collect();
        for (i, s) in elf.facts.exports() {
            if !typed.contains(&(i as u32)) {
                println!("untyped {:?} {}", s.kind, s.name);
            }
        }
        for r in &graph.roots {
            println!(
                "root {} {:?} {:?} decl {:?}",
                elf.facts.symbols[r.symbol as usize].name,
                r.kind,
                r.source_name.map(|n| graph.str(n)),
                r.decl.map(|d| (graph.str(d.file), d.line))
            );
        }
        for (i, n) in graph.nodes.iter().enumerate() {
            println!("#{i} {:?} {:?}", n.decl.map(|d| (graph.str(d.file), d.line)), n.kind);
        }
    }
}
/// Maps a file.
#[allow(unsafe_code)]
fn map_file(path: &str) -> memmap2::Mmap {
    let file = std::fs::File::open(path).expect("a file");
    // SAFETY: a development tool; nobody changes the file meanwhile.
    unsafe { memmap2::Mmap::map(&file) }.expect("a map")
}
