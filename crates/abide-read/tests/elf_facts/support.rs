//! The C compiler in a directory of its own, and short ways to ask facts.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use abide_model::{ElfFacts, Symbol};
use abide_read::elf::{ElfRead, read_elf};

/// A directory that is removed at the end.
pub(crate) struct Workshop(PathBuf);

impl Workshop {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("abide-elf-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Workshop(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes a file, for instance a version script.
    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// Compiles `source` to `output` with `cc` and its arguments; paths in the arguments are relative to the
    /// workshop.
    pub(crate) fn cc(&self, output: &str, source: &str, arguments: &[&str]) -> PathBuf {
        let file = format!("{output}.c");
        self.write(&file, source);
        let run = Command::new("cc")
            .current_dir(&self.0)
            .args(["-g0", "-O1", "-o", output, &file])
            .args(arguments)
            .output()
            .expect("the C compiler `cc` is needed");
        assert!(run.status.success(), "cc failed: {}", String::from_utf8_lossy(&run.stderr));
        self.path(output)
    }

    /// A shared library.
    pub(crate) fn library(&self, output: &str, source: &str, arguments: &[&str]) -> PathBuf {
        let arguments: Vec<&str> = ["-shared", "-fPIC"].iter().chain(arguments).copied().collect();
        self.cc(output, source, &arguments)
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The facts of a file that is sound.
pub(crate) fn facts(path: &Path) -> ElfFacts {
    sound(&std::fs::read(path).unwrap())
}

/// The facts of bytes that must be readable without a gap.
pub(crate) fn sound(bytes: &[u8]) -> ElfFacts {
    let ElfRead { facts, gaps, is_cut } = read_elf(bytes).unwrap();
    assert!(!is_cut);
    assert_eq!(gaps, [], "a sound file has no gaps");
    facts
}

/// `name`, `name@version` or `name@@version`.
pub(crate) fn spelled(symbol: &Symbol) -> String {
    match &symbol.version {
        None => symbol.name.to_string(),
        Some(v) if v.is_default => format!("{}@@{}", symbol.name, v.name),
        Some(v) => format!("{}@{}", symbol.name, v.name),
    }
}

/// Exports as spelled, in the order of the facts.
pub(crate) fn exports(facts: &ElfFacts) -> Vec<String> {
    facts.exports().map(|(_, s)| spelled(s)).collect()
}

/// Imports as spelled, in the order of the facts.
pub(crate) fn imports(facts: &ElfFacts) -> Vec<String> {
    facts.imports().map(spelled).collect()
}

/// The one symbol that is spelled so.
pub(crate) fn symbol<'a>(facts: &'a ElfFacts, spelling: &str) -> &'a Symbol {
    let mut found = facts.symbols.iter().filter(|s| spelled(s) == spelling);
    let symbol = found.next().unwrap_or_else(|| panic!("no symbol {spelling}"));
    assert!(found.next().is_none(), "several symbols {spelling}");
    symbol
}
