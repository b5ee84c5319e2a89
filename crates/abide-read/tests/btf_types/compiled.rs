//! Compiled sources: what BTF can say is the same graph as from DWARF.

use std::path::{Path, PathBuf};
use std::process::Command;

use abide_model::ElfFacts;
use abide_read::elf::read_elf;
use abide_read::{btf, dwarf};

use crate::common::{compile, describe_graph, scratch};

/// Everything that all writers of BTF have a form for.
const SOURCE: &str = r#"
typedef unsigned long size_type;
enum color { RED = -1, GREEN, BLUE = 70000 };
enum plain { ONE = 1, TWO };
struct list { struct list *next; int value : 5; unsigned flags : 3; char name[8]; };
union either { long d; struct { short a, b; } pair; _Bool b; signed char sc; unsigned char uc; };
struct opaque;
typedef int (*callback)(const struct list *, enum color, ...);
typedef char row[16];
struct shape {
    union either e; volatile int *p; struct list by_value; callback cb; row line;
    struct { struct opaque *o; union { int i; unsigned u; }; }; char tail[];
};
static struct hidden { int x; } secret;
int measure(struct shape *s, struct opaque *o, size_type n, enum plain k) { (void)s; (void)o; (void)k; secret.x = (int)n; return secret.x; }
struct list copy(union either e, callback cb, char *restrict q) { struct list l = { 0 }; (void)e; (void)cb; (void)q; return l; }
void nothing(void *p) { (void)p; }
int many(int a, ...) { return a; }
int alias_of(int) __attribute__((alias("real_one")));
int real_one(int a) { return a; }
static int private_one(struct hidden *h) { return h->x; }
int uses(int a) { return a + private_one(&secret); }
"#;

/// Variables, floating point and arrays of arrays, in the forms of compilers.
const MORE: &str = r#"
typedef char row[16];
struct point { double x, y; float f; char grid[4][8][2]; row rows[3]; };
struct point origin;
const char *const names[3] = { "a", "b", "c" };
int at(struct point *p, long double d) { (void)d; return p == &origin; }
"#;

fn describe_dwarf(data: &[u8], elf: &ElfFacts) -> String {
    let read = dwarf::read_types(data, None, elf);
    assert!(read.gaps.is_empty(), "{:?}", read.gaps);
    describe_graph(elf, &read.graph.expect("DWARF"))
}

fn describe(data: &[u8], elf: &ElfFacts) -> String {
    let read = btf::read_types(data, None, elf);
    assert!(read.gaps.is_empty(), "{:?}", read.gaps);
    describe_graph(elf, &read.graph.expect("BTF"))
}

fn source(dir: &Path, text: &str) -> PathBuf {
    let source = dir.join("lib.c");
    std::fs::write(&source, text).expect("a source file");
    source
}

/// BTF that pahole makes of the DWARF in `file`.
fn pahole(file: &Path) -> Option<Vec<u8>> {
    let out = file.with_extension("btf");
    let _ = std::fs::remove_file(&out);
    let option = format!("--btf_encode_detached={}", out.display());
    let run = Command::new("pahole").arg("--btf_gen_floats").arg(option).arg(file).status().ok()?;
    run.success().then(|| std::fs::read(&out).expect("pahole's output"))
}

#[test]
fn what_pahole_makes_of_dwarf_is_the_same_graph() {
    let dir = scratch("btf-pahole");
    let data = compile(&dir, "cc", &source(&dir, SOURCE), "lib.so", &["-shared", "-fPIC", "-g"]).expect("cc");
    let elf = read_elf(&data).expect("an ELF file").facts;
    let Some(table) = pahole(&dir.join("lib.so")) else {
        println!("skipped: there is no pahole, or it does not write BTF to a file");
        return;
    };
    assert!(btf::is_raw(&table));
    let expected = describe_dwarf(&data, &elf);
    assert!(expected.contains("fn alias_of: (int/4/Signed) -> int/4/Signed"), "{expected}");
    assert_eq!(describe(&table, &elf), expected);
}

#[test]
fn what_the_compiler_writes_is_the_same_graph() {
    let dir = scratch("btf-cc");
    for (name, text) in [("lib", SOURCE), ("more", MORE)] {
        let source = source(&dir, text);
        let both = |options: &[&str], output: &str| {
            let table = compile(
                &dir,
                "cc",
                &source,
                &format!("{name}-btf{output}"),
                &[&["-gbtf"], options].concat(),
            )?;
            let data =
                compile(&dir, "cc", &source, &format!("{name}-dwarf{output}"), &[&["-g"], options].concat())?;
            Some((table, data))
        };
        for (options, output) in [(&["-c"][..], ".o"), (&["-shared", "-fPIC"], ".so")] {
            let Some((table, data)) = both(options, output) else {
                println!("skipped: this compiler does not take -gbtf");
                return;
            };
            let elf = |data: &[u8]| read_elf(data).expect("an ELF file").facts;
            let expected = describe_dwarf(&data, &elf(&data));
            assert_eq!(describe(&table, &elf(&table)), expected, "{name} {output}");
        }
    }
}

#[test]
fn real_objects_with_btf() {
    let data =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/abi-pairs/test-abidiff-exit/btf");
    if !data.is_dir() {
        println!("skipped: the real data is absent");
        return;
    }
    let text = |name: &str| {
        let file = std::fs::read(data.join(name)).expect("an object file");
        let elf = read_elf(&file).expect("an ELF file").facts;
        describe(&file, &elf)
    };
    let (old, new) = (text("test0-v0.o"), text("test0-v1.o"));
    assert!(old.contains("fn ") && old.contains("Struct "), "{old}");
    assert_ne!(old, new);
}
