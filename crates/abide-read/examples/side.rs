//! Opens an input and prints what was read: `cargo run --release --example side -- INPUT [DEBUGINFO…]`.
use abide_model::{NoProgress, TypeEvidence};
use abide_read::side::{self, OpenOptions};

fn main() {
    let mut args = std::env::args().skip(1);
    let label = args.next().expect("an input");
    let options = OpenOptions { debuginfo: args.map(Into::into).collect(), ..OpenOptions::default() };
    match side::open(&label, &options, &NoProgress) {
        Err(error) => println!("error: {error}\nhint: {}", error.hint()),
        Ok(side) => {
            println!(
                "{} ({}), headers {:?}",
                side.label,
                side.input_kind,
                side.public_headers.as_ref().map(Vec::len)
            );
            for gap in &side.gaps {
                println!("  gap {gap:?}");
            }
            for package in &side.packages {
                let name = package.meta.as_ref().map_or("-".into(), |m| m.nevra.to_string());
                println!("  {name} {} artifacts", package.artifacts.len());
                for gap in &package.gaps {
                    println!("    gap {gap:?}");
                }
                for artifact in &package.artifacts {
                    let types = match &artifact.types {
                        TypeEvidence::Read { graph, source, supplementary } => {
                            format!(
                                "{} nodes {} roots {source:?} {supplementary:?}",
                                graph.nodes.len(),
                                graph.roots.len()
                            )
                        }
                        other => format!("{other:?}"),
                    };
                    let exports = artifact.elf.exports().count();
                    println!("    {} {:?} {exports} exports: {types}", artifact.path, artifact.aliases);
                    for gap in &artifact.gaps {
                        println!("      gap {gap:?}");
                    }
                }
            }
        }
    }
}
