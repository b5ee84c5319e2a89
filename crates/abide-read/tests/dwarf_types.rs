//! The type reader on libraries that the test compiles: one source gives one graph in every form of debug information.

mod common;

use abide_model::TypeKind;
use abide_read::dwarf::read_types;
use abide_read::elf::read_elf;
use common::{compile, describe_graph, scratch};

const C_SOURCE: &str = r#"
typedef unsigned long size_type;
enum color { RED = -1, GREEN, BLUE = 70000 };
struct list { struct list *next; int value : 5; unsigned flags : 3; char name[4][8]; };
union either { double d; struct { short a, b; } pair; };
struct opaque;
typedef int (*callback)(const struct list *, enum color, ...);
struct shape { union either e; volatile int *p; struct list by_value; callback cb; char tail[]; };
struct list head;
const char *const names[3] = { "a", "b", "c" };
static struct hidden { int x; } secret;
int measure(struct shape *s, struct opaque *o, size_type n) { (void)s; (void)o; secret.x = (int)n; return secret.x; }
struct list copy(union either e, callback cb) { struct list l = head; (void)e; (void)cb; return l; }
void nothing(void) {}
int alias_of(void) __attribute__((alias("real_one")));
int real_one(void) { return 1; }
"#;

const CXX_SOURCE: &str = r#"
namespace geo {
struct base { virtual ~base(); virtual int area(int scale) const = 0; int tag; };
template <class T> struct box { T *content; enum class state : unsigned char { open, shut } s; struct inner { T *value; } in; };
struct square : public base { ~square(); int area(int scale) const override; static const int corners; box<base> held; };
base::~base() {}
square::~square() {}
int square::area(int scale) const { return scale * tag; }
const int square::corners = 4;
square &pick(box<box<base *> > &&b, int square::*member, box<int> *) { (void)b; (void)member; throw 1; }
namespace { struct local { int x; }; }
struct holder { local *mine; };
void hold(holder) {}
}
"#;

/// The graph from DWARF as text.
fn describe(data: &[u8]) -> String {
    describe_with(data, None)
}

fn describe_with(data: &[u8], supplementary: Option<&[u8]>) -> String {
    let elf = read_elf(data).expect("an ELF file").facts;
    let read = read_types(data, supplementary, &elf);
    assert!(read.gaps.is_empty(), "{:?}", read.gaps);
    describe_graph(&elf, &read.graph.expect("debug information"))
}

#[test]
fn one_source_is_one_graph_in_every_form_of_dwarf() {
    let dir = scratch("dwarf-c");
    let source = dir.join("lib.c");
    std::fs::write(&source, C_SOURCE).expect("a source file");
    let base = ["-shared", "-fPIC"];
    let reference = compile(&dir, "cc", &source, "ref.so", &[&base[..], &["-g", "-gdwarf-5"]].concat())
        .or_else(|| compile(&dir, "cc", &source, "ref.so", &[&base[..], &["-g"]].concat()))
        .expect("cc compiles with -g");
    let expected = describe(&reference);
    assert!(
        expected.contains("fn measure: (Pointer8(shape), Pointer8(opaque opaque), size_type="),
        "{expected}"
    );
    assert!(
        expected.contains("fn alias_of: () -> int/4/Signed"),
        "an alias has its target's type:\n{expected}"
    );
    assert!(expected.contains("var head: list"), "{expected}");
    assert!(expected.contains(r#"enum color 4 ["RED=-1", "GREEN=0", "BLUE=70000"]"#), "{expected}");
    assert!(expected.contains("value@64:Some(5)") && expected.contains("flags@69:Some(3)"), "{expected}");
    assert!(expected.contains("[Some(4), Some(8)]"), "{expected}");
    assert!(!expected.contains("hidden"), "what no export reaches is not kept:\n{expected}");
    let mut compared = 0;
    for (index, form) in [
        &["-gdwarf-2", "-gstrict-dwarf"][..],
        &["-gdwarf-3"],
        &["-gdwarf-4"],
        &["-gdwarf-4", "-fdebug-types-section"],
        &["-gdwarf-5", "-fdebug-types-section"],
        &["-gdwarf-5", "-gz=zlib"],
        &["-gdwarf-4", "-gz=zlib-gnu"],
        &["-gdwarf-5", "-gz=zstd"],
        &["-gdwarf-5", "-gdwarf64"],
        &["-g", "-flto"],
        &["-g", "-O2"],
    ]
    .iter()
    .enumerate()
    {
        let options = [&base[..], &["-g"], form].concat();
        let Some(data) = compile(&dir, "cc", &source, &format!("{index}.so"), &options) else {
            println!("skipped: this compiler does not take {form:?}");
            continue;
        };
        compared += 1;
        assert_eq!(describe(&data), expected, "{form:?}");
    }
    assert!(compared >= 3, "only {compared} forms could be compiled");
    let object =
        compile(&dir, "cc", &source, "lib.o", &["-c", "-g", "-ffunction-sections"]).expect("an object file");
    assert_eq!(describe(&object), expected, "a relocatable file");
}

#[test]
fn classes_have_qualified_names_bases_and_slots() {
    let dir = scratch("dwarf-cxx");
    let source = dir.join("lib.cc");
    std::fs::write(&source, CXX_SOURCE).expect("a source file");
    let base = ["-shared", "-fPIC", "-g"];
    let Some(reference) = compile(&dir, "c++", &source, "ref.so", &base) else {
        println!("skipped: there is no C++ compiler");
        return;
    };
    let expected = describe(&reference);
    assert!(
        expected.contains("geo::box<geo::box<geo::base*>>"),
        "one spelling of template names:\n{expected}"
    );
    assert!(expected.contains("geo::(anonymous namespace)::local 4"), "{expected}");
    assert_eq!(expected.matches("area slot Some(2)").count(), 2, "{expected}");
    assert!(expected.contains(r#"["geo::base@Some(0)"]"#), "{expected}");
    assert!(expected.contains(r#"enum geo::box<geo::base>::state 1 ["open=0", "shut=1"]"#), "{expected}");
    assert!(expected.contains("geo::box<geo::base>::inner"), "{expected}");
    for form in [
        &["-gdwarf-4"][..],
        &["-gdwarf-4", "-fdebug-types-section"],
        &["-gdwarf-5", "-fdebug-types-section"],
        &["-flto"],
    ] {
        match compile(&dir, "c++", &source, "other.so", &[&base[..], form].concat()) {
            Some(data) => assert_eq!(describe(&data), expected, "{form:?}"),
            None => println!("skipped: this compiler does not take {form:?}"),
        }
    }
}

#[test]
fn a_name_with_two_definitions_means_its_own_units() {
    let dir = scratch("dwarf-two");
    let one = dir.join("one.c");
    let two = dir.join("two.c");
    std::fs::write(&one, "struct state { int a; }; struct state *get_one(void) { return 0; }")
        .expect("a source");
    std::fs::write(&two, "struct state { long a, b; }; struct state *get_two(void) { return 0; }")
        .expect("a source");
    let two_path = two.to_string_lossy().into_owned();
    let data =
        compile(&dir, "cc", &one, "two.so", &["-shared", "-fPIC", "-g", &two_path]).expect("cc compiles");
    let elf = read_elf(&data).expect("an ELF file").facts;
    let graph = read_types(&data, None, &elf).graph.expect("types");
    let size_of = |symbol: &str| {
        let root =
            graph.roots.iter().find(|r| elf.symbols[r.symbol as usize].name == symbol).expect("the root");
        let TypeKind::Function(f) = graph.kind(root.ty) else { panic!("a function") };
        let TypeKind::Pointer { target, .. } = graph.kind(f.return_type) else { panic!("a pointer") };
        let TypeKind::Record(r) = graph.kind(*target) else {
            panic!("a record, not {:?}", graph.kind(*target))
        };
        r.size_bytes
    };
    assert_eq!((size_of("get_one"), size_of("get_two")), (4, 16));
}

#[test]
fn cut_or_changed_debug_information_is_a_gap_and_never_a_panic() {
    let dir = scratch("dwarf-bad");
    let source = dir.join("lib.c");
    std::fs::write(&source, C_SOURCE).expect("a source file");
    let data = compile(&dir, "cc", &source, "bad.so", &["-shared", "-fPIC", "-g"]).expect("cc compiles");
    let elf = read_elf(&data).expect("an ELF file").facts;
    for cut in (0..data.len()).step_by(97) {
        read_types(&data[..cut], None, &elf);
    }
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    for _ in 0..3000 {
        let mut copy = data.clone();
        for _ in 0..4 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let place = (state >> 16) as usize % copy.len();
            copy[place] = state as u8;
        }
        read_types(&copy, None, &elf);
    }
}

#[test]
fn special_members_tell_how_a_class_is_passed() {
    use abide_model::PassBy::Reference;
    let dir = scratch("dwarf-passing");
    let source = dir.join("lib.cc");
    let text = "
        struct plain { long a; plain(int); plain(const plain *); void set(const plain &); };
        struct ended { long a; ~ended(); };
        struct ended_trivially { long a; ~ended_trivially() = default; };
        struct copied { long a; copied(); copied(const copied &); };
        struct moved { long a; moved(); moved(moved &&); };
        struct copied_trivially { long a; copied_trivially(const copied_trivially &) = default; };
        struct never_copied { long a; never_copied(const never_copied &) = delete; };
        struct outside { long a; ~outside(); };
        template <class T> struct box { T a; box(const box &); };
        outside::~outside() = default;
        extern \"C\" void use(plain *, ended *, ended_trivially *, copied *, moved *, copied_trivially *,
                            never_copied *, outside *, box<int> *) {}
        long forced(box<int> b) { return b.a; }
    ";
    std::fs::write(&source, text).expect("a source file");
    let mut compared = 0;
    for form in [&["-gdwarf-5"][..], &["-gdwarf-4"], &["-gdwarf-5", "-fdebug-types-section"]] {
        let arguments = [&["-std=c++17", "-shared", "-fPIC"][..], form].concat();
        let Some(data) = compile(&dir, "c++", &source, "lib.so", &arguments) else { continue };
        let elf = read_elf(&data).expect("an ELF file").facts;
        let graph = read_types(&data, None, &elf).graph.expect("types");
        let root =
            graph.roots.iter().find(|r| elf.symbols[r.symbol as usize].name == "use").expect("the root");
        let TypeKind::Function(f) = graph.kind(root.ty) else { panic!("a function") };
        let by_address: Vec<String> = f
            .parameters
            .iter()
            .filter_map(|p| {
                let TypeKind::Pointer { target, .. } = graph.kind(p.ty) else { panic!("a pointer") };
                let TypeKind::Record(r) = graph.kind(*target) else { panic!("a record") };
                (r.pass_by == Some(Reference)).then(|| graph.str(r.name.expect("a name")).to_string())
            })
            .collect();
        assert_eq!(
            by_address,
            ["ended", "copied", "moved", "never_copied", "outside", "box<int>"],
            "{form:?}"
        );
        compared += 1;
    }
    println!("compared in {compared} forms");
}

#[test]
fn names_that_dwz_moved_are_found_also_where_it_moved_nothing_else() {
    let dir = scratch("dwarf-dwz");
    let text = |unit: &str| {
        format!(
            "struct a_name_long_enough_to_be_shared_{unit} {{ int a_member_of_a_name_that_both_have; long {unit}; }};
             int use_{unit}(struct a_name_long_enough_to_be_shared_{unit} *p) {{ return p->a_member_of_a_name_that_both_have; }}"
        )
    };
    let mut plain = Vec::new();
    for unit in ["one", "two"] {
        let source = dir.join(format!("{unit}.c"));
        std::fs::write(&source, text(unit)).expect("a source file");
        let options = ["-shared", "-fPIC", "-g"];
        plain.push(compile(&dir, "cc", &source, &format!("{unit}.so"), &options).expect("cc compiles"));
    }
    let common = dir.join("common.debug");
    let run = std::process::Command::new("dwz")
        .current_dir(&dir)
        .args(["-m", "common.debug", "one.so", "two.so"])
        .output();
    if !run.is_ok_and(|r| r.status.success()) || !common.exists() {
        println!("skipped: dwz is not installed, or found nothing to share");
        return;
    }
    let supplementary = std::fs::read(&common).expect("the supplementary file");
    for (unit, plain) in ["one", "two"].iter().zip(&plain) {
        let moved = std::fs::read(dir.join(format!("{unit}.so"))).expect("the library");
        let link = abide_read::dwarf::supplementary_link(&moved).expect("a link to the supplementary file");
        assert_eq!(link.path, "common.debug");
        assert_eq!(describe_with(&moved, Some(&supplementary)), describe(plain), "{unit}");
        let elf = read_elf(&moved).expect("an ELF file").facts;
        assert!(!read_types(&moved, None, &elf).gaps.is_empty(), "its absence is told");
    }
}

/// A function whose rare part lies apart has no plain address in its entry; its symbol has another name than its source.
const SPLIT_SOURCE: &str = r#"
extern void fail(int) __attribute__((cold));
static int internal_name(int *p, long n) __attribute__((used));
__attribute__((noinline)) static int internal_name(int *p, long n) {
    if (__builtin_expect(!p, 0)) { fail(1); fail(2); fail((int)n); return -1; }
    return p[n];
}
extern int public_name(int *, long) __attribute__((alias("internal_name")));
int caller(int *p) { return internal_name(p, 3) + internal_name(p, 4); }
"#;

#[test]
fn a_function_in_pieces_is_found_by_where_a_piece_begins() {
    let dir = scratch("dwarf-pieces");
    let source = dir.join("lib.c");
    std::fs::write(&source, SPLIT_SOURCE).expect("a source file");
    let mut compared = 0;
    for (index, form) in ["-gdwarf-5", "-gdwarf-4", "-gdwarf-2"].into_iter().enumerate() {
        for (kind, options) in [("so", &["-shared", "-fPIC"][..]), ("o", &["-c"])] {
            let options =
                [options, &["-g", "-O2", "-fno-ipa-cp", "-freorder-blocks-and-partition", form]].concat();
            let Some(built) = compile(&dir, "cc", &source, &format!("{index}.{kind}"), &options) else {
                continue;
            };
            let text = describe(&built);
            let expected = "fn public_name: (Pointer8(int/4/Signed), long int/8/Signed) -> int/4/Signed";
            assert!(text.contains(expected), "{options:?}:\n{text}");
            compared += 1;
        }
    }
    assert!(compared > 0, "no form could be compiled");
}

/// The type of an export as the graph has it, and its source name.
fn root_of(data: &[u8], symbol: &str) -> Option<(TypeKind, Option<String>)> {
    let elf = read_elf(data).expect("an ELF file").facts;
    let graph = read_types(data, None, &elf).graph.expect("types");
    let root = graph.roots.iter().find(|r| elf.symbols[r.symbol as usize].name == symbol)?;
    Some((graph.kind(root.ty).clone(), root.source_name.map(|name| graph.str(name).to_string())))
}

#[test]
fn an_assembler_knows_names_and_no_types() {
    let dir = scratch("dwarf-assembler");
    let source = dir.join("lib.S");
    let text = ".globl f\n.type f, @function\nf:\nret\n.size f, .-f\n.section .note.GNU-stack\n";
    std::fs::write(&source, text).expect("a source file");
    let options = ["-shared", "-nostdlib", "-gdwarf-5"];
    let Some(data) = compile(&dir, "cc", &source, "lib.so", &options) else { return };
    // Assemblers before binutils 2.35 write no entry for the function.
    if let Some((kind, _)) = root_of(&data, "f") {
        assert!(matches!(kind, TypeKind::Unspecified { .. }), "{kind:?}");
    }
}

#[test]
fn a_constant_that_the_linker_put_in_one_place_with_another_keeps_its_type() {
    let dir = scratch("dwarf-merged");
    let source = dir.join("lib.c");
    // Equal constants of two files have one address; the exported one has another name in its own entry.
    let text = "struct other { long a, b; };
        static const struct other local = { 0, 0 };
        const void *use(void) { return &local; }
        struct address { unsigned char bytes[16]; };
        extern const struct address hidden_name __attribute__((visibility(\"hidden\")));
        const struct address hidden_name = { { 0 } };
        extern const struct address any __attribute__((alias(\"hidden_name\")));";
    std::fs::write(&source, text).expect("a source file");
    let options = ["-shared", "-nostdlib", "-fPIC", "-g", "-O2", "-fmerge-all-constants"];
    let Some(data) = compile(&dir, "cc", &source, "lib.so", &options) else { return };
    let (_, name) = root_of(&data, "any").expect("a type");
    assert_eq!(name.as_deref(), Some("hidden_name"));
}

#[test]
fn what_a_file_imports_is_found_in_its_declarations() {
    let dir = scratch("dwarf-imports");
    let source = dir.join("lib.c");
    let text = "struct s { int a; }; int taken(struct s *, long); extern struct s held; int printf(const char *, ...);
        int use(void) { held.a = taken(&held, 3); printf(\"%s\\n\", \"text\"); return 0; }";
    std::fs::write(&source, text).expect("a source file");
    let options = ["-shared", "-nostdlib", "-fPIC", "-g", "-O2"];
    let Some(data) = compile(&dir, "cc", &source, "lib.so", &options) else { return };
    let elf = read_elf(&data).expect("an ELF file").facts.expected();
    let graph = read_types(&data, None, &elf).graph.expect("types");
    let names: Vec<String> =
        graph.roots.iter().map(|root| elf.symbols[root.symbol as usize].name.to_string()).collect();
    // `puts`, which the compiler made of `printf`, has no type that a source states.
    assert_eq!(names, ["held", "taken"]);
    let TypeKind::Function(taken) = graph.kind(graph.roots[1].ty) else { panic!("a function") };
    assert_eq!(taken.parameters.len(), 2);
}
