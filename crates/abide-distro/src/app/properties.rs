//! What a file says of itself that a distribution may object to, whatever it loads.

use abide_model::{ElfFacts, ElfKind, ProgramContent, ProgramFile};
use bstr::{BStr, BString, ByteSlice};

use super::draft::{Key, New};
use super::judge::need;
use super::system::{Opening, System, Target};

/// `GNU_PROPERTY_X86_ISA_1_NEEDED` (x86-64 psABI, "Program Property").
const X86_ISA_NEEDED: u32 = 0xc000_8002;

/// Directories that everybody may write to.
const OPEN_DIRECTORIES: [&str; 3] = ["/tmp", "/var/tmp", "/dev/shm"];

/// Drafts about one file.
pub(super) fn of(file: &ProgramFile, facts: &ElfFacts, system: &dyn System) -> Vec<New> {
    let mut found = Vec::new();
    found.extend(isa_level(file, facts, system));
    found.extend(kernel(file, facts, system));
    found.extend(private_symbols(file, facts));
    found.extend(facts.executable_stack.then(|| {
        let way_out =
            "mark the assembler sources (.section .note.GNU-stack), or clear it: patchelf --clear-execstack";
        draft(file, "app-executable-stack", None, "it asks for an executable stack".to_owned(), way_out)
    }));
    found.extend(facts.text_relocations.then(|| {
        let way_out = "compile all of it with -fPIC";
        draft(file, "app-text-relocations", None, "it has relocations in its code".to_owned(), way_out)
    }));
    found.extend(search_path(file, facts));
    found.extend(hints(file, system, facts));
    found
}

fn draft(
    file: &ProgramFile,
    rule: &'static str,
    case: Option<&'static str>,
    summary: String,
    way_out: &str,
) -> New {
    New {
        key: Key { rule, case, library: None, version: None },
        summary,
        first_in: None,
        way_out: vec![way_out.to_owned()],
        need: need(file.shown.clone(), None, None),
    }
}

/// The level that a file needs: the highest bit that is set.
pub(super) fn isa_needed(facts: &ElfFacts) -> Option<u8> {
    let bits = facts.gnu_properties.iter().find(|(kind, _)| *kind == X86_ISA_NEEDED)?.1;
    (1..=4).rev().find(|level| bits & (1 << (level - 1)) != 0)
}

fn isa_level(file: &ProgramFile, facts: &ElfFacts, system: &dyn System) -> Option<New> {
    let needed = isa_needed(facts).filter(|level| *level > 1)?;
    let way_out = format!("build it for x86-64-v{} (-march)", system.isa_level().unwrap_or(1));
    let (case, summary) = match system.isa_level() {
        Some(level) if needed <= level => return None,
        Some(level) => (
            None,
            format!("it needs a processor of x86-64-v{needed}; the distribution runs on x86-64-v{level}"),
        ),
        None => (Some("unknown-machine"), format!("it needs a processor of x86-64-v{needed}")),
    };
    Some(draft(file, "app-isa-level", case, summary, &way_out))
}

fn kernel(file: &ProgramFile, facts: &ElfFacts, system: &dyn System) -> Option<New> {
    let (os, floor) = facts.loading.abi_tag?;
    let kernel = system.kernel()?;
    let text = |v: [u32; 3]| format!("{}.{}.{}", v[0], v[1], v[2]);
    (os == 0 && floor > kernel).then(|| {
        let summary =
            format!("it wants Linux {} or later; the distribution has {}", text(floor), text(kernel));
        draft(
            file,
            "app-kernel-floor",
            None,
            summary,
            "build it with a C library that supports the older kernel",
        )
    })
}

fn private_symbols(file: &ProgramFile, facts: &ElfFacts) -> Option<New> {
    // The C library's own files use them among themselves.
    if facts.versions_defined.iter().any(|version| version == "GLIBC_PRIVATE") {
        return None;
    }
    let is_private = |s: &&abide_model::Symbol| s.version.as_ref().is_some_and(|v| v.name == "GLIBC_PRIVATE");
    let symbols: Vec<String> = facts.imports().filter(is_private).map(|s| s.name.to_string()).collect();
    (!symbols.is_empty()).then(|| {
        let summary = "it uses symbols that are private to glibc".to_owned();
        let mut new =
            draft(file, "app-private-symbol", None, summary, "use the public function of the same purpose");
        new.need.symbols = symbols;
        new
    })
}

fn search_path(file: &ProgramFile, facts: &ElfFacts) -> Option<New> {
    let path = facts.runpath.as_ref().or(facts.rpath.as_ref())?;
    let is_open = |element: &[u8]| {
        OPEN_DIRECTORIES.iter().any(|open| {
            element
                .strip_prefix(open.as_bytes())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
        })
    };
    let is_bad =
        |element: &&[u8]| !(element.starts_with(b"/") || element.starts_with(b"$")) || is_open(element);
    let bad: Vec<&[u8]> = path.split_str(":").filter(is_bad).collect();
    (!bad.is_empty()).then(|| {
        let name = |element: &[u8]| match element {
            b"" => "an empty element (the working directory)".to_owned(),
            element => element.as_bstr().to_string(),
        };
        let names: Vec<String> = bad.iter().map(|element| name(element)).collect();
        let summary = format!("its run path has {}", names.join(", "));
        draft(file, "app-search-path", None, summary, "use a path that starts with $ORIGIN")
    })
}

/// Names in the text that are not there; those that are there, and those of the program, need no word.
fn hints(file: &ProgramFile, system: &dyn System, facts: &ElfFacts) -> Vec<New> {
    let ProgramContent::Elf { hints, .. } = &file.content else { return Vec::new() };
    let target = Target::of(facts);
    if system.unknown_libraries(target).is_some()
        || !matches!(facts.kind, ElfKind::Executable | ElfKind::SharedObject)
    {
        return Vec::new();
    }
    let missing = hints.iter().filter(|name| !is_there(system, name.as_bstr(), target));
    let hint = |name: &BString| {
        let summary = format!("its text names {name}, which is not there; it may load it with dlopen");
        let way_out = "install or bundle it if the feature is wanted";
        let mut new = draft(file, "app-library-missing", Some("hint"), summary, way_out);
        new.key.library = Some(name.clone());
        new
    };
    missing.map(hint).collect()
}

fn is_there(system: &dyn System, name: &BStr, target: Target) -> bool {
    let is_file = |path: &BString| matches!(system.open(path.as_bstr()), Opening::Object(_));
    let directories = system.directories(target).default;
    let mut places = directories.iter().map(|dir| super::loader::path::join(dir.as_bstr(), name));
    system.cached(name, target).iter().any(is_file)
        || places.any(|path| is_file(&path))
        || system.elsewhere(name, target).is_some()
}
