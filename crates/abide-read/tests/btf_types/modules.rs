//! Modules: BTF that continues the kernel's, or an extract of it.

use std::path::Path;

use abide_model::{ElfFacts, ElfKind, Endian, GapKind, NoProgress, Side, SymbolKind};
use abide_read::btf::read_types;
use abide_read::side::{self, OpenOptions};

use crate::common::{compile, facts::exporting, scratch};
use crate::made::describe;
use crate::writer::Writer;

fn facts() -> ElfFacts {
    exporting(ElfKind::KernelModule, Endian::Little, &[("entry", SymbolKind::Func)])
}

/// A kernel with `int`, `struct task { int pid; }` and two functions, one of them named as the module's.
fn kernel() -> (Writer, u32, u32) {
    let mut w = Writer::new(false);
    let int = w.int("int", 4, 1, 32);
    let task = w.record(4, "task", 4, &[("pid", int, 0)], false);
    let prototype = w.prototype(int, &[("t", task)]);
    w.function("entry", prototype, 1);
    (w, int, task)
}

/// A module whose `entry` takes a pointer to the kernel's task and a struct of its own.
fn module(base: &Writer, int: u32, task: u32) -> Writer {
    let mut w = Writer::continuing(base);
    let pointer = w.reference(2, "", task);
    let own = w.record(4, "own", 16, &[("t", pointer, 0), ("n", int, 64)], false);
    let prototype = w.prototype(int, &[("t", pointer), ("o", own)]);
    w.function("entry", prototype, 1);
    w
}

const EXPECTED: &str = concat!(
    "fn entry: (Pointer8(task), own) -> int/4/Signed\n",
    r#"Struct own 16 [] ["t@0:None Pointer8(task)", "n@64:None int/4/Signed"] []"#,
    "\n",
    r#"Struct task 4 [] ["pid@0:None int/4/Signed"] []"#,
    "\n"
);

#[test]
fn numbers_and_names_continue_the_kernels() {
    let (base, int, task) = kernel();
    let own = module(&base, int, task);
    let elf = facts();
    assert_eq!(describe(&elf, read_types(&own.bytes(), Some(&base.bytes()), &elf)), EXPECTED);
    let alone = read_types(&own.bytes(), None, &elf);
    assert!(alone.graph.is_none());
    assert_eq!(alone.gaps[0].kind, GapKind::NoSupplementaryFile, "{:?}", alone.gaps);
}

#[test]
fn another_kernel_is_found_out() {
    let (base, int, task) = kernel();
    let own = module(&base, int, task);
    let elf = facts();
    // The same numbers, but one string more.
    let mut other = Writer::new(false);
    other.name("extra_string");
    let int = other.int("int", 4, 1, 32);
    let task = other.record(4, "task", 4, &[("pid", int, 0)], false);
    let prototype = other.prototype(int, &[("t", task)]);
    other.function("entry", prototype, 1);
    let read = read_types(&own.bytes(), Some(&other.bytes()), &elf);
    assert!(read.graph.is_none());
    assert_eq!(read.gaps[0].kind, GapKind::DebugMismatch, "{:?}", read.gaps);
    // No kernel at all.
    let read = read_types(&own.bytes(), Some(b"nothing"), &elf);
    assert!(read.graph.is_none() && read.gaps.len() == 2, "{:?}", read.gaps);
}

#[test]
fn a_module_with_all_types_of_its_own_needs_no_kernel() {
    let (base, int, task) = kernel();
    let mut own = base;
    let pointer = own.reference(2, "", task);
    let prototype = own.prototype(int, &[("t", pointer)]);
    own.function("init", prototype, 1);
    let elf = exporting(ElfKind::KernelModule, Endian::Little, &[("init", SymbolKind::Func)]);
    let alone = describe(&elf, read_types(&own.bytes(), None, &elf));
    assert!(alone.starts_with("fn init: (Pointer8(task)) -> int/4/Signed\nStruct task 4"), "{alone}");
    let (other, ..) = kernel();
    assert_eq!(describe(&elf, read_types(&own.bytes(), Some(&other.bytes()), &elf)), alone);
}

/// An object file with these sections.
fn object(dir: &Path, name: &str, sections: &[(&str, &[u8])]) -> Vec<u8> {
    let mut text = String::new();
    for (section, content) in sections {
        let file = dir.join(format!("{name}{section}"));
        std::fs::write(&file, content).expect("a section's content");
        text += &format!(".section {section},\"\",@progbits\n.incbin \"{}\"\n", file.display());
    }
    let source = dir.join(format!("{name}.s"));
    std::fs::write(&source, text).expect("a source file");
    compile(dir, "cc", &source, &format!("{name}.o"), &["-c"]).expect("cc assembles")
}

#[test]
fn an_extract_stands_for_the_kernels_types() {
    let dir = scratch("btf-extract");
    // The extract knows the size of what is embedded, and of what is pointed to the name.
    let mut extract = Writer::new(false);
    let int = extract.int("int", 4, 1, 32);
    let task = extract.record(4, "task", 0, &[], false);
    let cred = extract.record(4, "cred", 8, &[], false);
    let mode = extract.enumeration("mode", &[], false);
    let gone = extract.forward("gone", false);
    let mut own = Writer::continuing(&extract);
    let pointers: Vec<u32> = [task, gone].map(|ty| own.reference(2, "", ty)).into();
    let prototype = own.prototype(int, &[("t", pointers[0]), ("c", cred), ("m", mode), ("g", pointers[1])]);
    own.function("entry", prototype, 1);
    let file = object(&dir, "module", &[(".BTF", &own.bytes()), (".BTF.base", &extract.bytes())]);
    let elf = facts();
    let alone = read_types(&file, None, &elf);
    assert_eq!(alone.gaps[0].kind, GapKind::NoSupplementaryFile, "{:?}", alone.gaps);
    let text = crate::common::describe_graph(&elf, &alone.graph.expect("a graph"));
    let opaque = "fn entry: (Pointer8(opaque task), opaque cred, opaque mode, Pointer8(opaque gone)) -> int/4/Signed\n";
    assert_eq!(text, opaque);

    // A later kernel, in which everything has another number.
    let mut kernel = Writer::new(false);
    let long = kernel.int("long int", 8, 1, 64);
    let int = kernel.int("int", 4, 1, 32);
    kernel.enumeration("mode", &[("READ", 1)], false);
    kernel.record(4, "cred", 4, &[("uid", int, 0)], false);
    kernel.record(4, "cred", 8, &[("uid", long, 0)], false);
    kernel.record(4, "task", 16, &[("pid", int, 0), ("stack", long, 64)], false);
    let kernel = object(&dir, "kernel", &[(".BTF", &kernel.bytes())]);
    let text = describe(&elf, read_types(&file, Some(&kernel), &elf));
    let expected = concat!(
        "fn entry: (Pointer8(task), cred, mode, Pointer8(opaque gone)) -> int/4/Signed\n",
        r#"Struct cred 8 [] ["uid@0:None long int/8/Signed"] []"#,
        "\n",
        r#"Struct task 16 [] ["pid@0:None int/4/Signed", "stack@64:None long int/8/Signed"] []"#,
        "\n",
        r#"enum mode 4 ["READ=1"]"#,
        "\n"
    );
    assert_eq!(text, expected);
}

/// An object with what makes it a kernel module, and this BTF.
fn module_file(folder: &Path, btf: &[u8]) -> std::path::PathBuf {
    let source = r#"
        int entry(void *t) { return t != 0; }
        const char modinfo[] __attribute__((section(".modinfo"))) = "license=GPL";
        void *__ksymtab_entry __attribute__((section("__ksymtab"))) = (void *)entry;
    "#;
    let (c, object, blob) = (folder.join("own.c"), folder.join("own.ko"), folder.join("own.blob"));
    std::fs::write(&c, source).unwrap();
    std::fs::write(&blob, btf).unwrap();
    let run = |command: &mut std::process::Command| assert!(command.status().unwrap().success());
    run(std::process::Command::new("cc").args(["-c", "-o"]).arg(&object).arg(&c));
    let section = format!(".BTF={}", blob.display());
    run(std::process::Command::new("objcopy").args(["--add-section", &section]).arg(&object));
    std::fs::remove_file(c).unwrap();
    std::fs::remove_file(blob).unwrap();
    object
}

fn open(path: &Path, btf_base: Option<&Path>) -> Side {
    let btf_base = btf_base.map(Path::to_owned);
    let options = OpenOptions { use_host_debug: false, btf_base, ..OpenOptions::default() };
    side::open(&path.to_string_lossy(), &options, &NoProgress).unwrap()
}

#[test]
fn the_kernel_is_the_named_one_or_the_one_beside() {
    let folder = tempfile::tempdir().unwrap();
    let (base, int, task) = kernel();
    let file = module_file(folder.path(), &module(&base, int, task).bytes());
    let elsewhere = tempfile::tempdir().unwrap();
    let vmlinux = elsewhere.path().join("vmlinux");
    std::fs::write(&vmlinux, base.bytes()).unwrap();
    let types = |side: &Side, name: &str| {
        let found = side.packages.iter().flat_map(|p| &p.artifacts).find(|a| a.path == name);
        let found = found.unwrap_or_else(|| panic!("no {name}"));
        (found.types.graph().map(|graph| graph.roots.len()), found.gaps.clone())
    };
    let (roots, gaps) = types(&open(&file, None), "own.ko");
    assert_eq!(roots, None);
    assert!(gaps.iter().any(|g| g.kind == GapKind::NoSupplementaryFile), "{gaps:?}");
    assert_eq!(types(&open(&file, Some(&vmlinux)), "own.ko"), (Some(1), vec![]));
    // A kernel in the same folder; alone, it is an artifact with all that its BTF names.
    std::fs::copy(&vmlinux, folder.path().join("kernel.btf")).unwrap();
    let side = open(folder.path(), None);
    assert_eq!(types(&side, "own.ko"), (Some(1), vec![]));
    assert_eq!(types(&side, "kernel.btf"), (Some(1), vec![]));
    let side = open(&vmlinux, None);
    assert_eq!((side.input_kind.as_str(), types(&side, "vmlinux")), ("BTF", (Some(1), vec![])));
    let names: Vec<_> =
        side.packages[0].artifacts[0].elf.exports().map(|(_, s)| s.name.to_string()).collect();
    assert_eq!(names, ["entry"]);
    let lone = elsewhere.path().join("module");
    std::fs::write(&lone, module(&base, int, task).bytes()).unwrap();
    let error = side::open(&lone.to_string_lossy(), &OpenOptions::default(), &NoProgress).err().unwrap();
    assert!(error.to_string().contains("continues that of a kernel"), "{error}");
}
