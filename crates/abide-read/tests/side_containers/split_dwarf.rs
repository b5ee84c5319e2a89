//! Split DWARF: `.dwo` files and `.dwp` packages, of both forms and compilers, found, absent, and of another compilation.

use std::path::PathBuf;
use std::process::Command;

use abide_model::{GapKind, Side, TypeGraph};

use crate::support::{artifact, has, open, open_with, run};

const ONE: &str =
    "struct pair { int a; long b; }; long sum(struct pair *p) { return p->a + p->b; } int counter;";
const TWO: &str = "enum mode { OFF, ON }; struct box { enum mode m; struct box *next; }; \
    int depth(struct box *b) { return b ? 1 + depth(b->next) : 0; }";

struct Made {
    folder: tempfile::TempDir,
    library: PathBuf,
    dwo: Vec<PathBuf>,
}

/// Compiles two units to a library; their `.dwo` files lie beside it.
fn made(compiler: &str, flags: &[&str]) -> Made {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let mut command = Command::new(compiler);
    command.current_dir(dir).args(["-O1", "-fPIC", "-c"]).args(flags);
    for (name, source) in [("one.c", ONE), ("two.c", TWO)] {
        std::fs::write(dir.join(name), source).unwrap();
        command.arg(name);
    }
    run(&mut command);
    let library = dir.join("libsplit.so");
    run(Command::new(compiler).current_dir(dir).args(["-shared", "-o", "libsplit.so", "one.o", "two.o"]));
    let dwo = ["one.dwo", "two.dwo"].map(|name| dir.join(name)).to_vec();
    Made { folder, library, dwo }
}

fn graph(side: &Side) -> Option<&TypeGraph> {
    artifact(side, "libsplit.so").types.graph()
}

fn kinds(side: &Side) -> Vec<GapKind> {
    artifact(side, "libsplit.so").gaps.iter().map(|g| g.kind).collect()
}

fn described(side: &Side) -> Vec<String> {
    let graph = graph(side).unwrap();
    let mut roots: Vec<String> =
        graph.roots.iter().map(|r| format!("{:?}", graph.nodes[r.ty.0 as usize])).collect();
    roots.sort();
    roots
}

fn whole(compiler: &str, version: &str) -> Made {
    made(compiler, &["-g", version])
}

#[test]
fn units_in_files_of_their_own_read_as_if_they_were_not() {
    for compiler in ["gcc", "clang"] {
        for version in ["-gdwarf-4", "-gdwarf-5"] {
            if !has(compiler) {
                continue;
            }
            let expected = open(&whole(compiler, version).library);
            for more in [&[][..], &["-gz"]] {
                let flags = [&["-g", "-gsplit-dwarf", version][..], more].concat();
                let made = made(compiler, &flags);
                let case = format!("{compiler} {flags:?}");
                let side = open(&made.library);
                let found = graph(&side)
                    .unwrap_or_else(|| panic!("{case}: {:?}", artifact(&side, "libsplit.so").gaps));
                assert_eq!(kinds(&side), [], "{case}: {:?}", artifact(&side, "libsplit.so").gaps);
                assert_eq!(found.nodes.len(), graph(&expected).unwrap().nodes.len(), "{case}");
                assert_eq!(found.roots.len(), 3, "{case}");
                let located = found.nodes.iter().filter(|n| format!("{n:?}").contains("one.c")).count();
                let in_one = graph(&expected).unwrap().nodes.iter();
                assert_eq!(located, in_one.filter(|n| format!("{n:?}").contains("one.c")).count(), "{case}");
                // As a directory, where the .dwo files are no artifacts.
                assert_eq!(
                    open(made.folder.path()).packages[0].artifacts.len(),
                    3,
                    "two objects and the library"
                );
            }
        }
    }
}

#[test]
fn found_elsewhere_absent_and_of_another_compilation() {
    if !has("gcc") {
        return;
    }
    for version in ["-gdwarf-4", "-gdwarf-5"] {
        let flags = ["-g", "-gsplit-dwarf", version];
        let made = made("gcc", &flags);
        let expected = described(&open(&made.library));
        let elsewhere = tempfile::tempdir().unwrap();
        for dwo in &made.dwo {
            std::fs::rename(dwo, elsewhere.path().join(dwo.file_name().unwrap())).unwrap();
        }
        let side = open(&made.library);
        assert!(kinds(&side).contains(&GapKind::NoSplitDwarf), "{:?}", artifact(&side, "libsplit.so").gaps);
        let gaps = &artifact(&side, "libsplit.so").gaps;
        for name in ["one.dwo", "two.dwo"] {
            assert!(gaps.iter().any(|g| g.detail.contains(name)), "{gaps:?}");
        }
        let side = open_with(&made.library, &[elsewhere.path()]);
        assert_eq!((kinds(&side), described(&side)), (vec![], expected.clone()));
        // The same names with other content.
        let other = self::made("gcc", &["-g", "-gsplit-dwarf", version, "-O0", "-DOTHER"]);
        let side = open_with(&made.library, &[other.folder.path()]);
        assert!(kinds(&side).contains(&GapKind::DebugMismatch), "{:?}", artifact(&side, "libsplit.so").gaps);
        assert!(kinds(&side).contains(&GapKind::NoSplitDwarf));
    }
}

#[test]
fn packages_of_split_units() {
    for (compiler, packer) in [("gcc", "dwp"), ("clang", "llvm-dwp")] {
        // What binutils' dwp makes of DWARF 5 is not read: a gap.
        let versions = if packer == "dwp" { &["-gdwarf-4"][..] } else { &["-gdwarf-4", "-gdwarf-5"] };
        for &version in versions {
            if !has(compiler) || !has(packer) {
                continue;
            }
            let made = made(compiler, &["-g", "-gsplit-dwarf", version]);
            let expected = described(&open(&made.library));
            let package = made.folder.path().join("libsplit.so.dwp");
            let mut command = Command::new(packer);
            command.args(&made.dwo).arg("-o").arg(&package);
            if !command.output().is_ok_and(|o| o.status.success()) {
                println!("not tested: {packer} does not read {version}");
                continue;
            }
            made.dwo.iter().for_each(|dwo| std::fs::remove_file(dwo).unwrap());
            let side = open(&made.library);
            let case = format!("{packer} {version}: {:?}", artifact(&side, "libsplit.so").gaps);
            assert_eq!(kinds(&side), [], "{case}");
            assert_eq!(described(&side), expected, "{case}");
            // Damaged anywhere, it is survived.
            let bytes = std::fs::read(&package).unwrap();
            for at in (0..bytes.len()).step_by(29) {
                let mut bad = bytes.clone();
                bad[at] ^= 0x5a;
                std::fs::write(&package, bad).unwrap();
                open(&made.library);
            }
        }
    }
}
