//! Facts of small files that the C compiler of this machine makes.

use abide_model::{Binding, ElfKind, SymbolKind, SymbolSection, Visibility};

use crate::support::{Workshop, exports, facts, imports, symbol};

const VERSION_SCRIPT: &str = "V1 { global: f; g; counter; local: *; };\nV2 { global: f; } V1;\n";

const VERSIONED: &str = r#"
    __asm__(".symver f_old, f@V1");
    __asm__(".symver f_new, f@@V2");
    int f_old(void) { return 1; }
    int f_new(void) { return 2; }
    int g(void) { return 3; }
    int counter[4] = {1};
    int not_listed(void) { return 4; }
"#;

#[test]
fn versions_of_a_version_script() {
    let shop = Workshop::new();
    shop.write("v.map", VERSION_SCRIPT);
    let arguments = ["-Wl,--version-script=v.map", "-Wl,-soname,libv.so.1"];
    let facts = facts(&shop.library("libv.so", VERSIONED, &arguments));
    assert_eq!(facts.kind, ElfKind::SharedObject);
    assert_eq!(facts.soname, Some("libv.so.1".into()));
    assert_eq!(exports(&facts), ["counter@@V1", "f@V1", "f@@V2", "g@@V1"]);
    assert_eq!(facts.versions_defined, ["V1", "V2"]);
    assert_eq!(symbol(&facts, "counter@@V1").size_bytes, 16);
    assert_eq!(symbol(&facts, "counter@@V1").kind, SymbolKind::Object);
}

#[test]
fn versions_that_a_program_requires() {
    let shop = Workshop::new();
    shop.write("v.map", VERSION_SCRIPT);
    shop.library("libv.so", VERSIONED, &["-Wl,--version-script=v.map", "-Wl,-soname,libv.so.1"]);
    let source = "extern int f(void), g(void); int main(void) { return f() + g(); }";
    let program = facts(&shop.cc("program", source, &["-L.", "-lv", "-Wl,-rpath,/opt/v/lib"]));
    assert_eq!(program.kind, ElfKind::Executable);
    let mut found = imports(&program);
    found.retain(|s| s.contains("@V"));
    assert_eq!(found, ["f@V2", "g@V1"]);
    assert_eq!(symbol(&program, "f@V2").version.as_ref().unwrap().file, Some("libv.so.1".into()));
    assert_eq!(program.needed[0], "libv.so.1");
    let needed: Vec<_> = program
        .versions_needed
        .iter()
        .filter(|n| n.file == "libv.so.1")
        .map(|n| n.version.to_string())
        .collect();
    assert_eq!(needed, ["V1", "V2"]);
    assert!(program.versions_needed.is_sorted());
    assert!(program.interpreter.is_some());
    let path = program.runpath.or(program.rpath);
    assert_eq!(path, Some("/opt/v/lib".into()));
}

#[test]
fn kinds_bindings_and_visibilities() {
    let shop = Workshop::new();
    let source = r#"
        int plain(void) { return 1; }
        extern int twin(void) __attribute__((alias("plain")));
        __attribute__((weak)) int maybe(void) { return 2; }
        __attribute__((visibility("hidden"))) int inner(void) { return 3; }
        __attribute__((visibility("protected"))) int own(void) { return 4; }
        static int choice(void) { return 5; }
        static void *choose(void) { return (void *)choice; }
        int chosen(void) __attribute__((ifunc("choose")));
        __thread long per_thread[3];
        const char text[] = "text";
        extern int elsewhere(void) __attribute__((weak));
        int use(void) { return inner() + (elsewhere ? elsewhere() : 0); }
    "#;
    let facts = facts(&shop.library("libk.so", source, &[]));
    assert_eq!(exports(&facts), ["chosen", "maybe", "own", "per_thread", "plain", "text", "twin", "use"]);
    assert_eq!(symbol(&facts, "chosen").kind, SymbolKind::Ifunc);
    assert_eq!(symbol(&facts, "maybe").binding, Binding::Weak);
    assert_eq!(symbol(&facts, "own").visibility, Visibility::Protected);
    assert_eq!(symbol(&facts, "per_thread").kind, SymbolKind::Tls);
    assert_eq!(symbol(&facts, "per_thread").size_bytes, 24);
    assert_eq!(symbol(&facts, "text").size_bytes, 5);
    assert_eq!(symbol(&facts, "twin").address, symbol(&facts, "plain").address);
    assert!(symbol(&facts, "elsewhere").is_import());
    assert_eq!(symbol(&facts, "elsewhere").binding, Binding::Weak);
}

#[test]
fn a_copied_variable_is_an_import_with_a_size() {
    let shop = Workshop::new();
    let library = "int table[8] = {1}; extern int twin[8] __attribute__((weak, alias(\"table\")));";
    shop.library("libt.so", library, &["-Wl,-soname,libt.so"]);
    let source = "extern int twin[8]; int main(void) { return twin[1]; }";
    // Without position independence every compiler takes the address at link time: a copy relocation.
    let program = facts(&shop.cc("program", source, &["-fno-pie", "-no-pie", "-L.", "-lt"]));
    if !cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) {
        return;
    }
    // The linker adds the strong name beside the weak one, so that both mean the copy.
    let table = symbol(&program, "table");
    assert_eq!((table.section, table.is_export, table.size_bytes), (SymbolSection::Undefined, false, 32));
    assert_eq!(symbol(&program, "twin").section, SymbolSection::Undefined);
    assert!(!exports(&program).iter().any(|e| e == "table" || e == "twin"));
}

#[test]
fn linker_marks_are_no_exports() {
    let shop = Workshop::new();
    let source = "int _init_of_mine(void) { return 1; } int end = 7; int f(void) { return 2; }";
    // `_end` and the like are exported where a program is linked with --export-dynamic.
    let source = &format!("{source} int main(void) {{ return f(); }}");
    let program = facts(&shop.cc("program", source, &["-rdynamic"]));
    assert_eq!(exports(&program), ["_init_of_mine", "end", "f", "main"]);
    assert_eq!(symbol(&program, "end").size_bytes, 4);
}

#[test]
fn flags_of_the_dynamic_section() {
    let shop = Workshop::new();
    let source = "extern __thread int t; int f(void) { return t; }";
    let plain = facts(&shop.library("libp.so", source, &["-Wl,-z,noexecstack"]));
    assert!(!plain.executable_stack && !plain.static_tls && !plain.text_relocations);
    let flagged = facts(&shop.library(
        "libq.so",
        source,
        &["-Wl,-z,execstack", "-ftls-model=initial-exec", "-Wl,--disable-new-dtags", "-Wl,-rpath,/opt/q"],
    ));
    assert!(flagged.executable_stack && flagged.static_tls);
    assert_eq!(flagged.rpath, Some("/opt/q".into()));
    assert_eq!(flagged.runpath, None);
}

#[test]
fn build_id_and_debug_information() {
    let shop = Workshop::new();
    let source = "int f(void) { return 1; }";
    let id = "0123456789abcdef0123456789abcdef01234567";
    let with = facts(&shop.library("liba.so", source, &["-g", &format!("-Wl,--build-id=0x{id}")]));
    let hex: String = with.build_id.unwrap().iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(hex, id);
    assert!(with.has_debug_info);
    let without = facts(&shop.library("libb.so", source, &["-g0", "-Wl,--build-id=none"]));
    assert_eq!(without.build_id, None);
    assert!(!without.has_debug_info);
}

#[test]
fn kinds_of_files() {
    let shop = Workshop::new();
    let main = "int main(void) { return 0; }";
    assert_eq!(facts(&shop.cc("pie", main, &["-fPIE", "-pie"])).kind, ElfKind::Executable);
    assert_eq!(facts(&shop.cc("fixed", main, &["-fno-pie", "-no-pie"])).kind, ElfKind::Executable);
    let object = facts(&shop.cc("f.o", "int f(void) { return 1; }", &["-c"]));
    assert_eq!(object.kind, ElfKind::Relocatable);
    // An interpreter does not make a library with a soname an executable (libc.so.6 has both).
    let source =
        "const char i[] __attribute__((section(\".interp\"))) = \"/lib/ld.so\"; int f(void) { return 1; }";
    let library = facts(&shop.library("libi.so", source, &["-Wl,-soname,libi.so.1"]));
    assert_eq!(library.interpreter, Some("/lib/ld.so".into()));
    assert_eq!(library.kind, ElfKind::SharedObject);
}

#[test]
fn symbols_of_a_relocatable_file() {
    let shop = Workshop::new();
    let source = r#"
        int common_block[5];
        int defined(void) { return 1; }
        static int local(void) { return 2; }
        __attribute__((visibility("hidden"))) int hidden(void) { return 3; }
        extern int needed(void);
        int caller(void) { return needed() + local() + hidden(); }
    "#;
    let object = facts(&shop.cc("f.o", source, &["-c", "-fcommon", "-Wa,--noexecstack"]));
    assert_eq!(exports(&object), ["caller", "common_block", "defined"]);
    assert!(imports(&object).contains(&"needed".to_owned()));
    assert_eq!(symbol(&object, "common_block").section, SymbolSection::Common);
    assert_eq!(symbol(&object, "common_block").size_bytes, 20);
    assert!(!object.executable_stack);
}

#[test]
fn one_function_a_section_keeps_its_index() {
    let shop = Workshop::new();
    // More than 0xff00 sections: indices in .symtab_shndx, counts in section 0.
    let mut source = String::new();
    for i in 0..33_000 {
        source.push_str(&format!(
            ".section .a{i},\"aw\"\n.globl s{i}\ns{i}: .byte 1\n.section .b{i},\"aw\"\n.byte 2\n"
        ));
    }
    shop.write("many.s", &source);
    let run = std::process::Command::new("cc")
        .args(["-c", "-o"])
        .args([shop.path("many.o"), shop.path("many.s")])
        .status()
        .unwrap();
    assert!(run.success());
    let object = facts(&shop.path("many.o"));
    assert_eq!(object.symbols.len(), 33_000);
    let highest = object.symbols.iter().map(|s| match s.section {
        SymbolSection::Index(i) => i,
        other => panic!("{other:?}"),
    });
    assert!(highest.max().unwrap() > 0xffff);
}
