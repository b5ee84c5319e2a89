//! Changes of an artifact as a whole: soname, architecture, dependencies, hardening, required versions.

use std::collections::BTreeMap;

use abide_model::{ElfClass, ElfFacts, ElfKind, Endian};
use bstr::{BStr, BString, ByteSlice};

use crate::change::{Change, Fact, VersionLoss};
use crate::hardening;
use crate::version;

/// All changes outside of symbols and types, in a fixed order.
pub(crate) fn changes(old: &ElfFacts, new: &ElfFacts) -> Vec<Change> {
    let mut out = Vec::new();
    identity(old, new, &mut out);
    dependencies(old, new, &mut out);
    loading(old, new, &mut out);
    hardening::changes(old, new, &mut out);
    properties(old, new, &mut out);
    required_versions(old, new, &mut out);
    version_definitions(old, new, &mut out);
    out
}

/// Whether values of the two sides can be compared at all: same class, byte order and machine.
pub(crate) fn same_architecture(old: &ElfFacts, new: &ElfFacts) -> bool {
    (old.class, old.endian, old.machine) == (new.class, new.endian, new.machine)
}

fn identity(old: &ElfFacts, new: &ElfFacts, out: &mut Vec<Change>) {
    if old.soname != new.soname {
        let (a, b) = (show(old.soname.as_ref()), show(new.soname.as_ref()));
        let clause = format!("the soname changed from {a} to {b}");
        out.push(Change::new(Fact::Soname { had: old.soname.is_some() }, "soname", clause).values(a, b));
    }
    if !same_architecture(old, new) {
        let (a, b) = (architecture(old), architecture(new));
        let clause = format!("the architecture changed from {a} to {b}");
        out.push(Change::new(Fact::Architecture, "architecture", clause).values(a, b));
    } else if old.flags != new.flags {
        let (a, b) = (format!("{:#x}", old.flags), format!("{:#x}", new.flags));
        let convention = convention_differs(old.machine, old.flags, new.flags);
        let clause = format!("the ELF header's flags changed from {a} to {b}");
        out.push(Change::new(Fact::ElfFlags { convention }, "e_flags", clause).values(a, b));
    }
    if old.os_abi != new.os_abi {
        let gnu = [old.os_abi, new.os_abi].iter().all(|abi| matches!(abi, 0 | 3));
        let (a, b) = (os_abi(old.os_abi), os_abi(new.os_abi));
        let clause = format!("the OS ABI in the ELF header changed from {a} to {b}");
        out.push(Change::new(Fact::OsAbi { gnu }, "EI_OSABI", clause).values(a, b));
    }
    if old.kind != new.kind {
        let lost_library = old.kind == ElfKind::SharedObject;
        let (a, b) = (kind(old.kind), kind(new.kind));
        let clause = format!("the file was {a} and is {b}");
        out.push(Change::new(Fact::ArtifactKind { lost_library }, "kind of file", clause).values(a, b));
    }
}

/// The bits of `e_flags` that choose how functions are called, by machine (psABI of each).
fn convention_differs(machine: u16, old: u32, new: u32) -> bool {
    let differs = |mask: u32| old & mask != new & mask;
    match machine {
        // EM_ARM, AAELF32 §5.1: EABI version; EF_ARM_ABI_FLOAT_SOFT 0x200 and _HARD 0x400, both clear when the
        // producer did not say.
        40 => differs(0xff00_0000) || (differs(0x600) && old & 0x600 != 0 && new & 0x600 != 0),
        // EM_RISCV, psABI §8.1: EF_RISCV_FLOAT_ABI and EF_RISCV_RVE.
        243 => differs(0x6 | 0x8),
        // EM_PPC64, ELFv2 §3.1: EF_PPC64_ABI; 0 is "not stated".
        21 => differs(0x3) && old & 3 != 0 && new & 3 != 0,
        // EM_MIPS: EF_MIPS_ABI, EF_MIPS_ABI2, EF_MIPS_NAN2008.
        8 => differs(0xf000 | 0x20 | 0x400),
        // EM_LOONGARCH, psABI: base ABI modifier and object ABI version.
        258 => differs(0x7 | 0xc0),
        _ => false,
    }
}

fn dependencies(old: &ElfFacts, new: &ElfFacts, out: &mut Vec<Change>) {
    for name in old.needed.iter().filter(|n| !new.needed.contains(n)) {
        let clause = format!("{name} is no longer among the needed libraries");
        let fact = Fact::NeededRemoved { always_loaded: is_always_loaded(name.as_bstr()) };
        out.push(Change::new(fact, "needed library", clause).gone(name.to_string()));
    }
    for name in new.needed.iter().filter(|n| !old.needed.contains(n)) {
        let clause = format!("{name} is needed now");
        out.push(Change::new(Fact::NeededAdded, "needed library", clause).came(name.to_string()));
    }
    for (tag, a, b) in [("runpath", &old.runpath, &new.runpath), ("rpath", &old.rpath, &new.rpath)] {
        if a != b {
            let fact = Fact::Runpath { gained: a.is_none() };
            let (a, b) = (show(a.as_ref()), show(b.as_ref()));
            out.push(Change::new(fact, tag, format!("the {tag} changed from {a} to {b}")).values(a, b));
        }
    }
    if old.interpreter != new.interpreter {
        let (a, b) = (show(old.interpreter.as_ref()), show(new.interpreter.as_ref()));
        let clause = format!("the program interpreter changed from {a} to {b}");
        out.push(Change::new(Fact::Interpreter, "interpreter", clause).values(a, b));
    }
}

/// The C library and the dynamic linker: every dynamically linked program names them itself.
fn is_always_loaded(name: &BStr) -> bool {
    name == "libc.so.6" || name.starts_with(b"ld-linux") || name.starts_with(b"ld64.so")
}

fn loading(old: &ElfFacts, new: &ElfFacts, out: &mut Vec<Change>) {
    let mut flag = |what: &str, a: bool, b: bool, fact: fn(bool) -> Fact| {
        if a != b {
            let clause = format!("{what}: {} to {}", yes_no(a), yes_no(b));
            out.push(Change::new(fact(b), what, clause).values(yes_no(a), yes_no(b)));
        }
    };
    flag("executable stack", old.executable_stack, new.executable_stack, |gained| Fact::ExecutableStack {
        gained,
    });
    flag("text relocations", old.text_relocations, new.text_relocations, |gained| Fact::TextRelocations {
        gained,
    });
    flag("static TLS", old.static_tls, new.static_tls, |gained| Fact::StaticTls { gained });
}

/// `GNU_PROPERTY_X86_FEATURE_1_AND` (x86-64 psABI, "Program Property").
const X86_FEATURE_1_AND: u32 = 0xc000_0002;
/// `GNU_PROPERTY_AARCH64_FEATURE_1_AND` (AAELF64).
const AARCH64_FEATURE_1_AND: u32 = 0xc000_0000;
/// `GNU_PROPERTY_X86_ISA_1_NEEDED`.
const X86_ISA_1_NEEDED: u32 = 0xc000_8002;

fn properties(old: &ElfFacts, new: &ElfFacts, out: &mut Vec<Change>) {
    let value =
        |facts: &ElfFacts, kind: u32| facts.gnu_properties.iter().find(|p| p.0 == kind).map_or(0, |p| p.1);
    let (kind, names): (u32, &[&str]) = match new.machine {
        3 | 62 => (X86_FEATURE_1_AND, &["indirect branch tracking (IBT)", "shadow stack (SHSTK)"]),
        183 => (AARCH64_FEATURE_1_AND, &["BTI", "PAC", "GCS"]),
        _ => return,
    };
    let (a, b) = (value(old, kind), value(new, kind));
    for (bit, name) in names.iter().enumerate() {
        let (had, has) = (a >> bit & 1 == 1, b >> bit & 1 == 1);
        if had != has {
            let clause = format!("{name} is {} marked", if had { "no longer" } else { "now" });
            let change = Change::new(Fact::BranchProtection { lost: had }, *name, clause);
            out.push(change.values(yes_no(had), yes_no(has)));
        }
    }
    // Bit 0 is the x86-64 baseline itself, which every x86-64 processor has.
    let (a, b) = (value(old, X86_ISA_1_NEEDED), value(new, X86_ISA_1_NEEDED));
    if kind == X86_FEATURE_1_AND && a >> 1 != b >> 1 {
        let fact = Fact::IsaBaseline { raised: b >> 1 & !(a >> 1) != 0 };
        let (a, b) = (isa_level(a), isa_level(b));
        let clause = format!("the processor baseline changed from {a} to {b}");
        out.push(Change::new(fact, "processor baseline", clause).values(a, b));
    }
}

fn isa_level(bits: u32) -> String {
    match bits.checked_ilog2() {
        None | Some(0) => "x86-64".to_string(),
        Some(level) => format!("x86-64-v{}", level + 1),
    }
}

/// Per (library, version family): the highest version that is required.
fn required(facts: &ElfFacts) -> BTreeMap<(&BStr, &BStr), (Vec<u64>, &BStr)> {
    let mut out: BTreeMap<_, (Vec<u64>, &BStr)> = BTreeMap::new();
    for need in facts.versions_needed.iter().filter(|n| !n.is_weak) {
        let (family, numbers) = version::split(need.version.as_bstr());
        let entry = out
            .entry((need.file.as_bstr(), family))
            .or_insert_with(|| (numbers.clone(), need.version.as_bstr()));
        if numbers > entry.0 {
            *entry = (numbers, need.version.as_bstr());
        }
    }
    out
}

fn required_versions(old: &ElfFacts, new: &ElfFacts, out: &mut Vec<Change>) {
    let before = required(old);
    for ((file, family), (numbers, version)) in required(new) {
        // A library that is needed for the first time is its own change.
        if !old.needed.iter().any(|n| n == file) {
            continue;
        }
        let known = before.get(&(file, family));
        let raised = known.is_none_or(|(old_numbers, _)| numbers > *old_numbers);
        if !raised && known.is_some_and(|(old_numbers, _)| numbers == *old_numbers) {
            continue;
        }
        let was = known.map(|(_, v)| v.to_string());
        let clause = match &was {
            Some(was) if raised => format!("{version} of {file} is required, {was} was enough before"),
            Some(was) => format!("{version} of {file} is enough, {was} was required before"),
            None => format!("{version} of {file} is required, no {family} version was before"),
        };
        let what = format!("required version of {file}");
        let change = Change::new(Fact::RequiredVersion { raised }, what, clause).came(version.to_string());
        out.push(Change { old: was, ..change });
    }
}

fn version_definitions(old: &ElfFacts, new: &ElfFacts, out: &mut Vec<Change>) {
    for version in old.versions_defined.iter().filter(|v| !new.versions_defined.contains(v)) {
        // A file that defines no version at all is accepted with a warning; its symbols are judged one by one.
        let case = match new.versions_defined.is_empty() {
            _ if version::is_private(version.as_bstr()) => VersionLoss::Private,
            true => VersionLoss::All,
            false => VersionLoss::One,
        };
        let fact = Fact::VersionDefinition(case);
        let clause = format!("version {version} is no longer defined");
        out.push(Change::new(fact, "version definition", clause).gone(version.to_string()));
    }
    for version in new.versions_defined.iter().filter(|v| !old.versions_defined.contains(v)) {
        let clause = format!("version {version} is defined now");
        let change = Change::new(Fact::VersionDefinitionAdded, "version definition", clause);
        out.push(change.came(version.to_string()));
    }
}

fn show(value: Option<&BString>) -> String {
    value.map_or_else(|| "none".to_string(), |v| v.to_string())
}

fn yes_no(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}

/// Class, byte order and machine in words.
fn architecture(facts: &ElfFacts) -> String {
    let bits = if facts.class == ElfClass::Elf64 { 64 } else { 32 };
    let order = if facts.endian == Endian::Little { "little-endian" } else { "big-endian" };
    let machine = match facts.machine {
        3 => "i386",
        8 => "MIPS",
        20 => "PowerPC",
        21 => "PowerPC 64",
        22 => "S/390",
        40 => "ARM",
        50 => "IA-64",
        62 => "x86-64",
        183 => "AArch64",
        243 => "RISC-V",
        258 => "LoongArch",
        other => return format!("machine {other} ({bits}-bit {order})"),
    };
    format!("{machine} ({bits}-bit {order})")
}

fn os_abi(value: u8) -> String {
    match value {
        0 => "System V".to_string(),
        3 => "GNU".to_string(),
        other => other.to_string(),
    }
}

fn kind(kind: ElfKind) -> String {
    match kind {
        ElfKind::Relocatable => "a relocatable object".to_string(),
        ElfKind::Executable => "an executable".to_string(),
        ElfKind::SharedObject => "a shared object".to_string(),
        ElfKind::KernelModule => "a kernel module".to_string(),
        ElfKind::Vmlinux => "a kernel image".to_string(),
        ElfKind::Other(value) => format!("of ELF type {value}"),
    }
}
