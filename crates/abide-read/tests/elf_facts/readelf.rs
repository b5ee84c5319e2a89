//! `readelf` as a second opinion: exports and imports of real files, where it is installed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use abide_model::{ElfFacts, ElfKind, SymbolKind};
use abide_read::elf::{is_elf, read_elf};

use crate::support::{Workshop, spelled};

/// One line of a symbol table as `readelf -W` prints it.
struct Line {
    name: String,
    is_import: bool,
    kind: String,
    size: String,
}

fn readelf(path: &Path, is_relocatable: bool) -> Option<Vec<Line>> {
    let table = if is_relocatable { "--syms" } else { "--dyn-syms" };
    let run = Command::new("readelf").args(["-W", table]).arg(path).env("LC_ALL", "C").output().ok()?;
    let text = String::from_utf8_lossy(&run.stdout).replace("<OS specific>: 10", "UNIQUE");
    Some(text.lines().filter_map(line).collect())
}

/// `Num: Value Size Type Bind Vis [Other] Ndx Name [(version index)]`; local and hidden symbols are left out.
fn line(text: &str) -> Option<Line> {
    let text = match (text.find(" ["), text.find(']')) {
        (Some(start), Some(end)) if start < end && text[..start].contains("DEFAULT") => {
            format!("{}{}", &text[..start], &text[end + 1..])
        }
        _ => text.to_owned(),
    };
    let fields: Vec<&str> = text.split_whitespace().collect();
    let [number, _, size, kind, binding, visibility, section, name, ..] = fields[..] else { return None };
    number.strip_suffix(':')?.parse::<u32>().ok()?;
    let is_import = section == "UND";
    let is_hidden = !is_import && matches!(visibility, "HIDDEN" | "INTERNAL");
    if binding == "LOCAL" || matches!(kind, "SECTION" | "FILE") || is_hidden {
        return None;
    }
    Some(Line { name: name.to_owned(), is_import, kind: kind.to_owned(), size: size.to_owned() })
}

/// What abide leaves out or turns round on purpose: start-file symbols, version names, copied variables.
fn is_exempt(name: &str, facts: &ElfFacts, imports: &[String]) -> bool {
    let bare = name.split('@').next().unwrap_or(name);
    let marks = ["_end", "_edata", "__bss_start", "_init", "_fini", "__data_start", "data_start", "_start"];
    let start_files = ["_IO_stdin_used", "__libc_csu_init", "__libc_csu_fini"];
    let is_copied = facts.kind == ElfKind::Executable && imports.iter().any(|i| i == name);
    marks.contains(&bare)
        || start_files.contains(&bare)
        || facts.versions_defined.iter().any(|v| v == bare)
        || is_copied
}

fn differences(path: &Path, facts: &ElfFacts) -> Option<Vec<String>> {
    let theirs = readelf(path, facts.kind == ElfKind::Relocatable)?;
    let imports: Vec<String> = facts.imports().map(spelled).collect();
    let mut count: BTreeMap<(bool, String), i32> = BTreeMap::new();
    for symbol in &facts.symbols {
        *count.entry((symbol.is_import(), spelled(symbol))).or_default() += 1;
    }
    for theirs in &theirs {
        *count.entry((theirs.is_import, theirs.name.clone())).or_default() -= 1;
    }
    let is_copy = |name: &str| {
        facts.kind == ElfKind::Executable && theirs.iter().any(|t| t.name == name && !t.is_import)
    };
    let unexplained = count.into_iter().filter(|((is_import, name), n)| match (*is_import, *n) {
        (_, 0) => false,
        (false, n) if n < 0 => !is_exempt(name, facts, &imports),
        (true, n) if n > 0 => !is_copy(name),
        _ => true,
    });
    let mut all: Vec<String> = unexplained.map(|((_, name), n)| format!("{name}: {n:+}")).collect();
    all.extend(theirs.iter().filter_map(|t| wrong_shape(t, facts)));
    Some(all)
}

/// Kind and size of a symbol that both have.
fn wrong_shape(line: &Line, facts: &ElfFacts) -> Option<String> {
    let mut same =
        facts.symbols.iter().filter(|s| spelled(s) == line.name && s.is_import() == line.is_import);
    let (Some(symbol), None) = (same.next(), same.next()) else { return None };
    let kind = match symbol.kind {
        SymbolKind::NoType => "NOTYPE",
        SymbolKind::Object => "OBJECT",
        SymbolKind::Func => "FUNC",
        SymbolKind::Common => "COMMON",
        SymbolKind::Tls => "TLS",
        SymbolKind::Ifunc => "IFUNC",
        SymbolKind::Other(_) => return None,
    };
    let size = match line.size.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok()?,
        None => line.size.parse().ok()?,
    };
    (kind != line.kind || size != symbol.size_bytes)
        .then(|| format!("{}: {} {}", line.name, line.kind, line.size))
}

fn has_readelf() -> bool {
    let found = Command::new("readelf").arg("--version").output().is_ok_and(|o| o.status.success());
    if !found {
        println!("readelf is not installed: nothing is cross-checked");
    }
    found
}

fn files_under(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut entries: Vec<_> = entries.filter_map(|e| e.ok()).collect();
    entries.sort_by_key(|e| e.path());
    for entry in entries {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => files_under(&entry.path(), found),
            Ok(kind) if kind.is_file() => found.push(entry.path()),
            _ => {}
        }
    }
}

/// Compares every ELF file of a list; the number of files that were compared.
fn compare_all(files: &[PathBuf]) -> usize {
    let mut compared = 0;
    for path in files {
        let bytes = std::fs::read(path).unwrap();
        if !is_elf(&bytes) {
            continue;
        }
        let read = read_elf(&bytes).unwrap();
        if matches!(read.facts.kind, ElfKind::KernelModule | ElfKind::Vmlinux) {
            continue;
        }
        assert_eq!(read.gaps, [], "{}", path.display());
        assert_eq!(differences(path, &read.facts), Some(vec![]), "{}", path.display());
        compared += 1;
    }
    compared
}

#[test]
fn compiled_files_as_readelf_sees_them() {
    if !has_readelf() {
        return;
    }
    let shop = Workshop::new();
    let source = r#"
        #include <stdio.h>
        #include <stdlib.h>
        extern char **environ;
        __thread int mine;
        const long list[3] = {1, 2, 3};
        __attribute__((weak)) int maybe(void) { return 1; }
        int show(void) { return printf("%d %p", mine, (void *)environ); }
        int main(void) { fputs("x", stderr); return show() + maybe() + atoi("1"); }
    "#;
    let files = [
        shop.library("liba.so", source, &[]),
        shop.library("libb.so", source, &["-Wl,--hash-style=sysv"]),
        shop.cc("program", source, &["-fno-pie", "-no-pie", "-rdynamic"]),
        shop.cc("a.o", source, &["-c"]),
    ];
    assert_eq!(compare_all(&files), files.len());
}

#[test]
fn real_files_of_many_architectures_as_readelf_sees_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/abi-pairs");
    if !folder.is_dir() {
        println!("../shared/data/abi-pairs is absent: real files are not cross-checked");
        return;
    }
    if !has_readelf() {
        return;
    }
    let mut files = Vec::new();
    files_under(&folder, &mut files);
    let compared = compare_all(&files);
    println!("{compared} files agree with readelf");
    assert!(compared > 250, "{compared}");
}
