//! The reader of CTF on libraries that the test compiles: what CTF can say is the same graph as from DWARF.

mod common;

use std::io::Write;
use std::path::Path;

use abide_model::progress::NoProgress;
use abide_model::{DebugSource, Gap, GapKind, TypeEvidence, TypeKind};
use abide_read::ctf::read_types;
use abide_read::dwarf;
use abide_read::elf::read_elf;
use abide_read::side::{self, OpenOptions};
use common::{compile, describe_graph, scratch};
use object::{Object, ObjectSection};

/// Everything that CTF has a form for.
const SOURCE: &str = r#"
typedef unsigned long size_type;
enum color { RED = -1, GREEN, BLUE = 70000 };
enum later;
struct list { struct list *next; int value : 5; unsigned flags : 3; enum color c : 8; char name[4][8][2]; };
union either { double d; long double ld; struct { short a, b; } pair; _Bool b; signed char sc; unsigned char uc; };
struct opaque;
typedef int (*callback)(const struct list *, enum color, ...);
typedef char row[16];
struct shape {
    union either e; volatile int *p; struct list by_value; callback cb; row rows[3];
    struct { struct opaque *o; union { int i; float f; }; }; char tail[];
};
struct list head;
const char *const names[3] = { "a", "b", "c" };
static struct hidden { int x; } secret;
int measure(struct shape *s, struct opaque *o, size_type n, enum later *l) { (void)s; (void)o; (void)l; secret.x = (int)n; return secret.x; }
struct list copy(union either e, callback cb, char *restrict q) { struct list l = head; (void)e; (void)cb; (void)q; return l; }
void nothing(void *p) { (void)p; }
int many(int a, ...) { return a; }
int alias_of(int) __attribute__((alias("real_one")));
int real_one(int a) { return a; }
static int private_one(struct hidden *h) { return h->x; }
int uses(int a) { return a + private_one(&secret); }
"#;

/// The graph from CTF as text.
fn describe(data: &[u8]) -> String {
    let elf = read_elf(data).expect("an ELF file").facts;
    let read = read_types(data, &elf);
    assert!(read.gaps.is_empty(), "{:?}", read.gaps);
    describe_graph(&elf, &read.graph.expect("CTF"))
}

fn describe_dwarf(data: &[u8]) -> String {
    let elf = read_elf(data).expect("an ELF file").facts;
    let read = dwarf::read_types(data, None, &elf);
    assert!(read.gaps.is_empty(), "{:?}", read.gaps);
    describe_graph(&elf, &read.graph.expect("DWARF"))
}

/// A file with both; `None` when the compiler does not write CTF.
fn both(dir: &Path, source: &Path, output: &str, options: &[&str]) -> Option<Vec<u8>> {
    let data = compile(dir, "cc", source, output, &[&["-g", "-gctf"], options].concat());
    let data = data.filter(|data| object_has(data, ".ctf"));
    if data.is_none() {
        println!("skipped {output}: this compiler or linker does not write CTF with {options:?}");
    }
    data
}

fn object_has(data: &[u8], section: &str) -> bool {
    let file = object::File::parse(data).expect("an ELF file");
    file.section_by_name(section).is_some_and(|section| section.size() > 0)
}

/// Where `.ctf` is in the file, and its size.
fn section_place(data: &[u8]) -> (usize, usize) {
    let file = object::File::parse(data).expect("an ELF file");
    let range = file.section_by_name(".ctf").and_then(|section| section.file_range());
    range.map(|(start, size)| (start as usize, size as usize)).expect("the section")
}

#[test]
fn one_source_is_one_graph_in_ctf_and_dwarf() {
    let dir = scratch("ctf-c");
    let source = dir.join("lib.c");
    std::fs::write(&source, SOURCE).expect("a source file");
    let Some(library) = both(&dir, &source, "lib.so", &["-shared", "-fPIC"]) else { return };
    let expected = describe_dwarf(&library);
    assert!(expected.contains("fn alias_of: (int/4/Signed) -> int/4/Signed"), "{expected}");
    assert_eq!(describe(&library), expected, "a shared library");
    for (name, options) in [
        ("lib.o", &["-c"][..]),
        ("sections.o", &["-c", "-ffunction-sections", "-fdata-sections"]),
        ("optimised.so", &["-shared", "-fPIC", "-O2"]),
        ("gold.so", &["-shared", "-fPIC", "-fuse-ld=gold"]),
    ] {
        if let Some(data) = both(&dir, &source, name, options) {
            assert_eq!(describe(&data), expected, "{name}");
        }
    }
}

#[test]
fn a_compressed_body_is_read() {
    let dir = scratch("ctf-large");
    let source = dir.join("large.c");
    let mut text = String::new();
    for i in 0..200 {
        text += &format!("struct item{i} {{ int field{i}[{i} + 1]; struct item{i} *next; }};\n");
        text += &format!("void take{i}(struct item{i} *item) {{ (void)item; }}\n");
    }
    std::fs::write(&source, text).expect("a source file");
    let Some(object) = both(&dir, &source, "large.o", &["-c"]) else { return };
    let elf = read_elf(&object).expect("an ELF file").facts;
    // In a relocatable file the dictionary has all its strings in itself.
    let (start, size) = section_place(&object);
    let plain = &object[start..start + size];
    assert_eq!(plain[3] & 1, 0, "the compiler does not compress");
    let mut compressed = plain[..52].to_vec();
    compressed[3] |= 1;
    let mut encoder = flate2::write::ZlibEncoder::new(&mut compressed, flate2::Compression::default());
    encoder.write_all(&plain[52..]).expect("compressed");
    encoder.finish().expect("compressed");
    let read = read_types(&compressed, &elf);
    assert!(read.gaps.is_empty(), "{:?}", read.gaps);
    let text = describe_graph(&elf, &read.graph.expect("a graph"));
    assert!(text.contains("fn take199: (Pointer8(item199)) -> void"), "{text}");
    assert_eq!(text, describe_dwarf(&object));
    // One after the other, as linkers that do not know CTF leave them.
    let twice = read_types(&[&compressed[..], &[0; 3], plain].concat(), &elf);
    assert_eq!(twice.graph.expect("a graph").roots.len(), 0, "types of two dictionaries are not compared");
    assert_eq!(twice.gaps[0].kind, GapKind::UntypedSymbols, "{:?}", twice.gaps);
    // What is cut off cannot be decompressed, and what claims to be large is not tried.
    let cut = read_types(&compressed[..compressed.len() - 9], &elf);
    assert!(cut.graph.is_none() && cut.gaps[0].kind == GapKind::BrokenDebugInfo, "{:?}", cut.gaps);
    compressed[48..52].copy_from_slice(&0x7000_0000u32.to_le_bytes());
    let bomb = read_types(&compressed, &elf);
    assert!(bomb.graph.is_none() && bomb.gaps[0].kind == GapKind::LimitReached, "{:?}", bomb.gaps);
}

#[test]
fn sources_that_disagree_have_dictionaries_of_their_own() {
    let dir = scratch("ctf-two");
    let (one, two) = (dir.join("one.c"), dir.join("two.c"));
    let shared =
        "struct kept { int i; }; struct opened; struct holder { struct state *s; struct opened *o; };";
    std::fs::write(
        &one,
        format!("struct state {{ int a; }}; {shared} struct holder *hold_one(struct state s) {{ (void)s; return 0; }} struct kept *kept(void *p) {{ (void)p; return 0; }}"),
    )
    .expect("a source");
    std::fs::write(
        &two,
        format!("struct state {{ long a, b; }}; {shared} struct opened {{ int in; }}; struct holder *hold_two(struct state *s) {{ (void)s; return 0; }} struct opened *opened(void *p) {{ (void)p; return 0; }}"),
    )
    .expect("a source");
    let two = two.to_string_lossy().into_owned();
    let Some(data) = both(&dir, &one, "two.so", &["-shared", "-fPIC", &two]) else { return };
    let text = describe(&data);
    assert!(text.contains("fn kept: (Pointer8(void)) -> Pointer8(kept)"), "{text}");
    let holder = text.lines().find(|line| line.starts_with("Struct holder")).expect("struct holder");
    assert!(holder.contains(r#"ambiguous state [\"Struct 16\", \"Struct 4\"]"#), "{holder}");
    assert!(holder.contains("Pointer8(opened)"), "{holder}");
    // The same as from DWARF, where the shared record does not say which is meant either.
    let dwarf = describe_dwarf(&data);
    assert!(dwarf.lines().any(|line| line == holder), "{dwarf}");
}

#[test]
fn what_ctf_cannot_express_is_a_gap() {
    let dir = scratch("ctf-vector");
    let source = dir.join("lib.c");
    let text =
        "typedef int four __attribute__((vector_size(16))); four sum(four a, int b) { (void)b; return a; }";
    std::fs::write(&source, text).expect("a source file");
    let Some(data) = both(&dir, &source, "lib.so", &["-shared", "-fPIC"]) else { return };
    let elf = read_elf(&data).expect("an ELF file").facts;
    let read = read_types(&data, &elf);
    let graph = read.graph.expect("a graph");
    let TypeKind::Function(sum) = graph.kind(graph.roots[0].ty) else { panic!("a function") };
    let TypeKind::Typedef { target, .. } = graph.kind(sum.return_type) else { panic!("a typedef") };
    if matches!(graph.kind(*target), TypeKind::Array { .. }) {
        println!("skipped: this compiler writes vectors as arrays");
        return;
    }
    assert_eq!(*graph.kind(*target), TypeKind::Broken);
    assert_eq!(read.gaps.len(), 1, "{:?}", read.gaps);
    assert!(read.gaps[0].detail.contains("no form for"), "{:?}", read.gaps);
}

#[test]
fn damage_is_a_gap_and_never_a_panic() {
    let dir = scratch("ctf-bad");
    let source = dir.join("lib.c");
    std::fs::write(&source, SOURCE).expect("a source file");
    for (name, options) in [("bad.o", &["-c"][..]), ("bad.so", &["-shared", "-fPIC"])] {
        let Some(data) = both(&dir, &source, name, options) else { return };
        let elf = read_elf(&data).expect("an ELF file").facts;
        let (start, size) = section_place(&data);
        for cut in 0..size {
            read_types(&data[start..start + cut], &elf);
        }
        let mut state = 0x9e37_79b9_7f4a_7c15u64;
        for _ in 0..3000 {
            let mut copy = data.clone();
            for _ in 0..4 {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                copy[start + (state >> 16) as usize % size] = state as u8;
            }
            let read = read_types(&copy, &elf);
            let again = read_types(&copy, &elf);
            assert!(read.graph == again.graph && read.gaps == again.gaps);
        }
    }
}

/// The types of the only artifact that exports anything.
fn opened(path: &Path) -> (TypeEvidence, Vec<Gap>) {
    let options = OpenOptions { use_host_debug: false, ..OpenOptions::default() };
    let side = side::open(&path.to_string_lossy(), &options, &NoProgress).expect("a side");
    let artifacts = side.packages.into_iter().flat_map(|package| package.artifacts);
    let artifact = artifacts.into_iter().find(|a| a.elf.exports().next().is_some()).expect("an artifact");
    (artifact.types, artifact.gaps)
}

#[test]
fn an_artifact_without_dwarf_has_its_types_from_ctf() {
    let dir = scratch("ctf-side");
    let source = dir.join("lib.c");
    std::fs::write(&source, SOURCE).expect("a source file");
    let Some(_) = both(&dir, &source, "both.so", &["-shared", "-fPIC"]) else { return };
    compile(&dir, "cc", &source, "ctf.so", &["-gctf", "-shared", "-fPIC"]).expect("cc compiles");
    let (types, gaps) = opened(&dir.join("ctf.so"));
    let TypeEvidence::Read { graph, source: DebugSource::InFile, .. } = types else { panic!("{types:?}") };
    assert!(gaps.is_empty(), "{gaps:?}");
    assert!(graph.roots.iter().all(|root| root.decl.is_none()), "CTF knows of no places");
    // With both forms, the one that says more.
    let (types, _) = opened(&dir.join("both.so"));
    let graph = types.graph().expect("types");
    assert!(graph.roots.iter().any(|root| root.decl.is_some()), "DWARF knows of places");
    compile(&dir, "cc", &source, "none.so", &["-shared", "-fPIC"]).expect("cc compiles");
    let (types, gaps) = opened(&dir.join("none.so"));
    assert_eq!(types, TypeEvidence::Absent);
    assert_eq!(gaps[0].kind, GapKind::NoDebugInfo);
}

#[test]
fn real_libraries_with_ctf() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/abi-pairs/test-diff-pkg-ctf");
    if !data.is_dir() {
        println!("skipped: the real data is absent");
        return;
    }
    let file = |name: &str| std::fs::read(data.join(name)).expect("a library");
    let both = file("symlink-dir-test1/dir2/targets/libfoo.so");
    assert_eq!(describe(&both), describe_dwarf(&both));
    let (old, new) = (file("dirpkg-1-dir1/libobj-v0.so"), file("dirpkg-1-dir2/libobj-v0.so"));
    assert_ne!(describe(&old), describe(&new));
    for name in ["dirpkg-2-dir1", "dirpkg-2-dir2", "dirpkg-3-dir1", "dirpkg-3-dir2"] {
        let text = describe(&file(&format!("{name}/libobj-v0.so")));
        assert!(text.contains("fn ") && text.contains("Struct "), "{name}: {text}");
    }
    let (types, gaps) = opened(&data.join("cracklib-2.9.6-15-ol8u6.x86_64.rpm"));
    assert!(gaps.is_empty(), "{gaps:?}");
    assert_eq!(types.graph().expect("types").roots.len(), 31);
}
