//! ELF files made by hand, for what no compiler of this machine makes: other byte orders, ppc64 descriptors,
//! 64-bit hash words, kernel images and modules, stripped or lying tables.

use abide_model::{Binding, ElfClass, ElfKind, Endian, SymbolKind, SymbolSection};
use abide_read::elf::read_elf;
use bstr::ByteSlice;

use crate::support::{exports, imports, sound, symbol};

const PROGBITS: u32 = 1;
const SYMTAB: u32 = 2;
const STRTAB: u32 = 3;
const RELA: u32 = 4;
const HASH: u32 = 5;
const NOTE: u32 = 7;
const ALLOC: u64 = 2;

/// Where the file is loaded, so that addresses differ from offsets.
const BASE: u64 = 0x1_0000;

struct Section {
    name: &'static str,
    kind: u32,
    flags: u64,
    link: u32,
    info: u32,
    data: Vec<u8>,
}

/// A file of any class and byte order. All of it is one loaded segment, at [`BASE`], when it has a dynamic section.
struct Made {
    is_64: bool,
    is_big: bool,
    machine: u16,
    file_type: u16,
    flags: u32,
    sections: Vec<Section>,
    has_section_headers: bool,
    /// Tags with their value: a number or the address of a section.
    dynamic: Vec<(u64, Value)>,
}

enum Value {
    Number(u64),
    AddressOf(&'static str),
}

/// Name, `st_info`, section, value, size.
type Entry = (&'static str, u8, u16, u64, u64);

impl Made {
    fn new(is_64: bool, is_big: bool, machine: u16, file_type: u16) -> Self {
        let sections = vec![Section { name: "", kind: 0, flags: 0, link: 0, info: 0, data: Vec::new() }];
        Made {
            is_64,
            is_big,
            machine,
            file_type,
            flags: 0,
            sections,
            has_section_headers: true,
            dynamic: Vec::new(),
        }
    }

    fn number(&self, value: u64, bytes: usize) -> Vec<u8> {
        match self.is_big {
            true => value.to_be_bytes()[8 - bytes..].to_vec(),
            false => value.to_le_bytes()[..bytes].to_vec(),
        }
    }

    fn word(&self) -> usize {
        if self.is_64 { 8 } else { 4 }
    }

    /// Index of the new section.
    fn section(&mut self, name: &'static str, kind: u32, flags: u64, data: Vec<u8>) -> u32 {
        self.sections.push(Section { name, kind, flags, link: 0, info: 0, data });
        (self.sections.len() - 1) as u32
    }

    /// A symbol table and its strings; the null entry is added.
    fn symbols(
        &mut self,
        name: &'static str,
        strings_name: &'static str,
        kind: u32,
        entries: &[Entry],
    ) -> u32 {
        let mut strings = vec![0u8];
        let mut table = Vec::new();
        for &(name, info, section, value, size) in [("", 0, 0, 0, 0)].iter().chain(entries) {
            let at = if name.is_empty() { 0 } else { strings.len() as u64 };
            if !name.is_empty() {
                strings.extend_from_slice(name.as_bytes());
                strings.push(0);
            }
            table.extend(self.number(at, 4));
            let tail = [vec![info, 0], self.number(section.into(), 2)].concat();
            if self.is_64 {
                table.extend([tail, self.number(value, 8), self.number(size, 8)].concat());
            } else {
                table.extend([self.number(value, 4), self.number(size, 4), tail].concat());
            }
        }
        let strings_index = self.section(strings_name, STRTAB, ALLOC, strings);
        let index = self.section(name, kind, ALLOC, table);
        self.sections[index as usize].link = strings_index;
        index
    }

    /// 64-bit `Rela` entries for a section: offset, symbol, type, addend.
    fn relocations(&mut self, name: &'static str, of: u32, symbols: u32, entries: &[(u64, u64, u64, u64)]) {
        let mut data = Vec::new();
        for &(offset, symbol, kind, addend) in entries {
            data.extend([offset, symbol << 32 | kind, addend].iter().flat_map(|&n| self.number(n, 8)));
        }
        let index = self.section(name, RELA, 0, data) as usize;
        self.sections[index].link = symbols;
        self.sections[index].info = of;
    }

    fn build(mut self) -> Vec<u8> {
        let mut names = vec![0u8];
        let mut name_offsets = Vec::new();
        for name in self.sections.iter().map(|s| s.name).chain([".shstrtab"]) {
            name_offsets.push(names.len() as u64);
            names.extend_from_slice(name.as_bytes());
            names.push(0);
        }
        self.section(".shstrtab", STRTAB, 0, names);
        let (header, segment, section) = if self.is_64 { (64, 56, 64) } else { (52, 32, 40) };
        let segments = if self.dynamic.is_empty() { 0 } else { 2 };
        let mut offsets = Vec::new();
        let mut at = header + segments * segment;
        for s in &self.sections {
            at = u64::next_multiple_of(at, 8);
            offsets.push(at);
            at += s.data.len() as u64;
        }
        let dynamic_at = at.next_multiple_of(8);
        let dynamic = self.dynamic_data(&offsets);
        let headers_at = (dynamic_at + dynamic.len() as u64).next_multiple_of(8);
        let mut file = self.header(segments, if self.has_section_headers { headers_at } else { 0 });
        if segments > 0 {
            file.extend(self.segment(1, 0, headers_at));
            file.extend(self.segment(2, dynamic_at, dynamic.len() as u64));
        }
        for (s, &offset) in self.sections.iter().zip(&offsets) {
            file.resize(offset as usize, 0);
            file.extend(&s.data);
        }
        file.resize(dynamic_at as usize, 0);
        file.extend(dynamic);
        file.resize(headers_at as usize, 0);
        if self.has_section_headers {
            for (i, s) in self.sections.iter().enumerate() {
                file.extend(self.section_header(s, name_offsets[i], offsets[i]));
            }
            assert_eq!(file.len() as u64, headers_at + section * self.sections.len() as u64);
        }
        file
    }

    fn header(&self, segments: u64, sections_at: u64) -> Vec<u8> {
        let ident = [0x7f, b'E', b'L', b'F', 1 + u8::from(self.is_64), 1 + u8::from(self.is_big), 1];
        let mut out = ident.to_vec();
        out.resize(16, 0);
        let (size, segment, section) = if self.is_64 { (64, 56, 64) } else { (52, 32, 40) };
        let count = if self.has_section_headers { self.sections.len() as u64 } else { 0 };
        let word = self.word();
        let fields = [
            (self.file_type.into(), 2),
            (self.machine.into(), 2),
            (1, 4),
            (0, word),
            (if segments > 0 { size } else { 0 }, word),
            (sections_at, word),
            (self.flags.into(), 4),
            (size, 2),
            (segment, 2),
            (segments, 2),
            (section, 2),
            (count, 2),
            (count.saturating_sub(1), 2),
        ];
        out.extend(fields.iter().flat_map(|&(value, bytes)| self.number(value, bytes)));
        out
    }

    fn segment(&self, kind: u64, offset: u64, size: u64) -> Vec<u8> {
        let flags = 6;
        let fields: Vec<(u64, usize)> = if self.is_64 {
            vec![(kind, 4), (flags, 4), (offset, 8), (BASE + offset, 8), (0, 8), (size, 8), (size, 8), (8, 8)]
        } else {
            vec![(kind, 4), (offset, 4), (BASE + offset, 4), (0, 4), (size, 4), (size, 4), (flags, 4), (8, 4)]
        };
        fields.iter().flat_map(|&(value, bytes)| self.number(value, bytes)).collect()
    }

    fn section_header(&self, s: &Section, name: u64, offset: u64) -> Vec<u8> {
        let word = self.word();
        let address = if s.flags & ALLOC != 0 && !self.dynamic.is_empty() { BASE + offset } else { 0 };
        let fields = [
            (name, 4),
            (s.kind.into(), 4),
            (s.flags, word),
            (address, word),
            (offset, word),
            (s.data.len() as u64, word),
            (s.link.into(), 4),
            (s.info.into(), 4),
            (4, word),
            (0, word),
        ];
        fields.iter().flat_map(|&(value, bytes)| self.number(value, bytes)).collect()
    }

    fn dynamic_data(&self, offsets: &[u64]) -> Vec<u8> {
        if self.dynamic.is_empty() {
            return Vec::new();
        }
        let address = |name: &str| {
            BASE + offsets[self.sections.iter().position(|s| s.name == name).expect("a section of this name")]
        };
        let entries = self.dynamic.iter().map(|(tag, value)| match value {
            Value::Number(n) => (*tag, *n),
            Value::AddressOf(name) => (*tag, address(name)),
        });
        let all: Vec<(u64, u64)> = entries.chain([(0, 0)]).collect();
        all.iter()
            .flat_map(|&(t, v)| [self.number(t, self.word()), self.number(v, self.word())].concat())
            .collect()
    }
}

const FUNC: u8 = 0x12;
const OBJECT: u8 = 0x11;
const NOTYPE: u8 = 0x10;
const LOCAL_NOTYPE: u8 = 0x00;
const LOCAL_FUNC: u8 = 0x02;

/// A library whose only count of symbols is in `DT_HASH`, with words of `hash_word` bytes.
fn hashed_library(is_64: bool, is_big: bool, machine: u16, hash_word: usize) -> Vec<u8> {
    let mut made = Made::new(is_64, is_big, machine, 3);
    made.symbols(
        ".dynsym",
        ".dynstr",
        11,
        &[("imported", FUNC, 0, 0, 0), ("f", FUNC, 1, 0x500, 8), ("v", OBJECT, 1, 0x600, 4)],
    );
    let hash: Vec<u8> = [1u64, 4, 1, 0, 2, 3, 0].iter().flat_map(|&n| made.number(n, hash_word)).collect();
    made.section(".hash", HASH, ALLOC, hash);
    let strings = made.sections.iter().find(|s| s.name == ".dynstr").unwrap().data.len() as u64;
    made.dynamic = vec![
        (5, Value::AddressOf(".dynstr")),
        (10, Value::Number(strings)),
        (6, Value::AddressOf(".dynsym")),
        (4, Value::AddressOf(".hash")),
    ];
    made.has_section_headers = false;
    made.build()
}

#[test]
fn every_class_and_byte_order() {
    const EM_PPC: u16 = 20;
    for (is_64, is_big, machine) in
        [(false, false, 3), (false, true, EM_PPC), (true, false, 62), (true, true, 21)]
    {
        let facts = sound(&hashed_library(is_64, is_big, machine, 4));
        assert_eq!(facts.class, if is_64 { ElfClass::Elf64 } else { ElfClass::Elf32 });
        assert_eq!(facts.endian, if is_big { Endian::Big } else { Endian::Little });
        assert_eq!(facts.machine, machine);
        assert_eq!(exports(&facts), ["f", "v"]);
        assert_eq!(imports(&facts), ["imported"]);
        assert_eq!(symbol(&facts, "v").size_bytes, 4);
    }
}

#[test]
fn hash_words_of_s390x_and_alpha_have_64_bits() {
    for (is_big, machine) in [(true, 22), (false, 0x9026)] {
        assert_eq!(exports(&sound(&hashed_library(true, is_big, machine, 8))), ["f", "v"]);
    }
}

#[test]
fn without_a_count_of_symbols_there_is_a_gap() {
    let mut made = Made::new(true, false, 62, 3);
    made.symbols(".dynsym", ".dynstr", 11, &[("f", FUNC, 1, 0x500, 8)]);
    made.dynamic =
        vec![(5, Value::AddressOf(".dynstr")), (10, Value::Number(3)), (6, Value::AddressOf(".dynsym"))];
    made.has_section_headers = false;
    let read = read_elf(&made.build()).unwrap();
    assert!(exports(&read.facts).is_empty());
    assert!(read.gaps[0].detail.contains("number of dynamic symbols"), "{:?}", read.gaps);
}

#[test]
fn versions_that_do_not_exist_are_a_gap() {
    let mut made = Made::new(true, false, 62, 3);
    made.symbols(".dynsym", ".dynstr", 11, &[("f", FUNC, 1, 0x500, 8), ("g", FUNC, 1, 0x508, 8)]);
    made.section(".gnu.version", 0x6fff_ffff, ALLOC, vec![0, 0, 1, 0, 9, 0]);
    made.dynamic = vec![
        (5, Value::AddressOf(".dynstr")),
        (10, Value::Number(5)),
        (6, Value::AddressOf(".dynsym")),
        (0x6fff_fff0, Value::AddressOf(".gnu.version")),
    ];
    let read = read_elf(&made.build()).unwrap();
    assert_eq!(exports(&read.facts), ["f", "g"]);
    assert!(read.gaps[0].detail.starts_with("1 symbols have a version"), "{:?}", read.gaps);
}

#[test]
fn a_chain_of_versions_cannot_loop() {
    let mut made = Made::new(true, false, 62, 3);
    made.symbols(".dynsym", ".dynstr", 11, &[("f", FUNC, 1, 0x500, 8)]);
    // One entry with 65,535 versions, each the next of itself.
    let mut needed = [1u16, 0xffff].iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<u8>>();
    needed.extend([1u32, 16, 0].iter().flat_map(|n| n.to_le_bytes()));
    needed.extend([0u8; 16]);
    made.section(".gnu.version_r", 0x6fff_fffe, ALLOC, needed);
    made.dynamic = vec![
        (5, Value::AddressOf(".dynstr")),
        (10, Value::Number(3)),
        (6, Value::AddressOf(".dynsym")),
        (0x6fff_fffe, Value::AddressOf(".gnu.version_r")),
    ];
    let read = read_elf(&made.build()).unwrap();
    assert_eq!(exports(&read.facts), ["f"]);
    assert_eq!(read.facts.versions_needed.len(), 1);
    assert!(read.gaps[0].detail.contains("DT_VERNEED"), "{:?}", read.gaps);
}

#[test]
fn descriptors_of_ppc64_lead_to_the_entry_point() {
    let mut made = Made::new(true, true, 21, 3);
    let descriptor: Vec<u8> = [0x1234u64, 0, 0].iter().flat_map(|&n| made.number(n, 8)).collect();
    let opd = made.section(".opd", PROGBITS, ALLOC, descriptor) as u16;
    // The null section is empty, so `.opd` is the first content after the headers: 64 + 2 * 56 = 176.
    made.symbols(
        ".dynsym",
        ".dynstr",
        11,
        &[("f", FUNC, opd, BASE + 176, 8), ("v", OBJECT, opd, BASE + 176, 8)],
    );
    made.dynamic =
        vec![(5, Value::AddressOf(".dynstr")), (10, Value::Number(5)), (6, Value::AddressOf(".dynsym"))];
    let facts = sound(&made.build());
    assert_eq!(symbol(&facts, "f").address, 0x1234);
    assert_eq!(symbol(&facts, "v").address, BASE + 176);
}

#[test]
fn descriptors_of_a_relocatable_ppc64_file() {
    for (abi, expected) in [(1, 0x140), (2, 24)] {
        let mut made = Made::new(true, true, 21, 1);
        made.flags = abi;
        let text = made.section(".text", PROGBITS, ALLOC, vec![0; 0x200]) as u16;
        let opd = made.section(".opd", PROGBITS, ALLOC, vec![0; 48]);
        let symbols = made.symbols(
            ".symtab",
            ".strtab",
            SYMTAB,
            &[("", 3, text, 0, 0), ("f", FUNC, opd as u16, 24, 16), ("v", OBJECT, opd as u16, 24, 16)],
        );
        made.relocations(".rela.opd", opd, symbols, &[(0, 1, 38, 0x100), (24, 1, 38, 0x140)]);
        let facts = sound(&made.build());
        assert_eq!(symbol(&facts, "f").address, expected);
        assert_eq!(symbol(&facts, "v").address, 24);
    }
}

#[test]
fn thumb_functions_have_even_addresses() {
    let mut made = Made::new(false, false, 40, 1);
    let text = made.section(".text", PROGBITS, ALLOC, vec![0; 16]) as u16;
    made.symbols(".symtab", ".strtab", SYMTAB, &[("f", FUNC, text, 5, 4), ("v", OBJECT, text, 5, 1)]);
    let facts = sound(&made.build());
    assert_eq!((symbol(&facts, "f").address, symbol(&facts, "v").address), (4, 5));
}

/// The symbols of a module or kernel image that exports `shown` and the local `chosen`.
fn kernel_symbols(text: u16, ksymtab: u16) -> Vec<Entry> {
    vec![
        ("__ksymtab_shown", LOCAL_NOTYPE, ksymtab, 0, 0),
        ("__ksymtab_chosen", LOCAL_NOTYPE, ksymtab, 12, 0),
        ("chosen", LOCAL_FUNC, text, 16, 4),
        ("shown", FUNC, text, 0, 8),
        ("internal", FUNC, text, 8, 8),
        ("printk", NOTYPE, 0, 0, 0),
    ]
}

#[test]
fn a_kernel_module_exports_what_ksymtab_names() {
    let mut made = Made::new(true, false, 62, 1);
    let text = made.section(".text", PROGBITS, ALLOC, vec![0; 32]) as u16;
    let ksymtab = made.section("__ksymtab_gpl", PROGBITS, ALLOC, vec![0; 24]) as u16;
    made.section(".modinfo", PROGBITS, ALLOC, b"license=GPL\0".to_vec());
    made.symbols(".symtab", ".strtab", SYMTAB, &kernel_symbols(text, ksymtab));
    let facts = sound(&made.build());
    assert_eq!(facts.kind, ElfKind::KernelModule);
    assert_eq!(exports(&facts), ["chosen", "shown"]);
    assert_eq!(imports(&facts), ["printk"]);
    assert_eq!(symbol(&facts, "chosen").binding, Binding::Local);
    assert_eq!(symbol(&facts, "shown").section, SymbolSection::Index(text.into()));
}

#[test]
fn a_stripped_kernel_module_exports_what_its_relocations_name() {
    let mut made = Made::new(true, false, 62, 1);
    let text = made.section(".text", PROGBITS, ALLOC, vec![0; 32]) as u16;
    let ksymtab = made.section("__ksymtab", PROGBITS, ALLOC, vec![0; 8]);
    made.section(".modinfo", PROGBITS, ALLOC, b"license=GPL\0".to_vec());
    let entries = [("", 3, 3, 0, 0), ("shown", FUNC, text, 0, 8), ("internal", FUNC, text, 8, 8)];
    let symbols = made.symbols(".symtab", ".strtab", SYMTAB, &entries);
    made.relocations(".rela__ksymtab", ksymtab, symbols, &[(0, 2, 2, 0), (4, 1, 2, 0)]);
    assert_eq!(exports(&sound(&made.build())), ["shown"]);
}

#[test]
fn a_kernel_image_exports_what_ksymtab_names() {
    let mut made = Made::new(true, false, 62, 2);
    let text = made.section(".text", PROGBITS, ALLOC, vec![0; 32]) as u16;
    let ksymtab = made.section("__ksymtab", PROGBITS, ALLOC, vec![0; 24]) as u16;
    made.symbols(".symtab", ".strtab", SYMTAB, &kernel_symbols(text, ksymtab));
    let facts = sound(&made.build());
    assert_eq!(facts.kind, ElfKind::Vmlinux);
    assert_eq!(exports(&facts), ["chosen", "shown"]);
    assert_eq!(imports(&facts), Vec::<String>::new());
}

#[test]
fn a_kernel_image_without_symbols_is_a_gap() {
    let mut made = Made::new(true, false, 62, 2);
    made.section("__ksymtab", PROGBITS, ALLOC, vec![0; 24]);
    let read = read_elf(&made.build()).unwrap();
    assert_eq!(read.facts.kind, ElfKind::Vmlinux);
    assert!(read.gaps[0].detail.contains("no .symtab"), "{:?}", read.gaps);
}

#[test]
fn an_exported_kernel_symbol_without_definition_is_a_gap() {
    let mut made = Made::new(true, false, 62, 2);
    let ksymtab = made.section("__ksymtab", PROGBITS, ALLOC, vec![0; 24]) as u16;
    made.symbols(".symtab", ".strtab", SYMTAB, &[("__ksymtab_gone", LOCAL_NOTYPE, ksymtab, 0, 0)]);
    let read = read_elf(&made.build()).unwrap();
    assert!(read.gaps[0].detail.starts_with("1 exported kernel symbols"), "{:?}", read.gaps);
}

fn note(made: &Made, kind: u64, content: &[u8]) -> Vec<u8> {
    let mut note =
        [4, content.len() as u64, kind].iter().flat_map(|&n| made.number(n, 4)).collect::<Vec<u8>>();
    note.extend(b"GNU\0");
    note.extend(content);
    note
}

#[test]
fn notes_and_gnu_properties() {
    for (is_64, is_big) in [(true, false), (false, true)] {
        let mut made = Made::new(is_64, is_big, 62, 1);
        let id = note(&made, 3, &[1, 2, 3, 4]);
        made.section(".note.gnu.build-id", NOTE, ALLOC, id);
        let mut properties = Vec::new();
        for (kind, value) in [(0xc000_8002, 3), (0xc000_0002, 1)] {
            properties.extend([kind, 4, value].iter().flat_map(|&n| made.number(n, 4)));
            if is_64 {
                properties.extend([0; 4]);
            }
        }
        let properties = note(&made, 5, &properties);
        made.section(".note.gnu.property", NOTE, ALLOC, properties);
        // Not loaded: not looked at, so its nonsense is no gap.
        made.section(".gnu.build.attributes", NOTE, 0, vec![0xff; 40]);
        let facts = sound(&made.build());
        assert_eq!(facts.build_id.as_deref(), Some(&[1u8, 2, 3, 4][..]));
        assert_eq!(facts.gnu_properties, [(0xc000_0002, 1), (0xc000_8002, 3)]);
    }
}

#[test]
fn debug_link_and_old_compressed_debug_information() {
    let mut made = Made::new(true, true, 21, 3);
    made.section(".gnu_debuglink", PROGBITS, 0, b"libx.so.debug\0\0\0\x01\x02\x03\x04".to_vec());
    made.section(".zdebug_info", PROGBITS, 0, vec![1]);
    let facts = sound(&made.build());
    assert_eq!(facts.debug_link, Some(("libx.so.debug".into(), 0x0102_0304)));
    assert!(facts.has_debug_info);
}

#[test]
fn x86_without_a_stack_note_has_an_executable_stack() {
    for (machine, expected) in [(62, true), (3, true), (183, false)] {
        assert_eq!(sound(&hashed_library(machine != 3, false, machine, 4)).executable_stack, expected);
    }
}

#[test]
fn version_names_and_linker_marks_are_no_exports() {
    let mut made = Made::new(true, false, 62, 3);
    const ABS: u16 = 0xfff1;
    let entries = [
        ("V1", OBJECT, ABS, 0, 0),
        ("answer", NOTYPE, ABS, 42, 0),
        ("_edata", NOTYPE, ABS, 0x2000, 0),
        ("_fini", FUNC, 1, 0x700, 0),
        ("_init", FUNC, 1, 0x500, 0),
    ];
    made.symbols(".dynsym", ".dynstr", 11, &entries);
    let strings = made.sections.iter().find(|s| s.name == ".dynstr").unwrap().data.clone();
    let name_at = strings.find(b"V1\0").unwrap() as u32;
    let mut defined = [1u16, 0, 2, 1].iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<u8>>();
    defined.extend([0u32, 20, 0, name_at, 0].iter().flat_map(|n| n.to_le_bytes()));
    made.section(".gnu.version_d", 0x6fff_fffd, ALLOC, defined);
    made.dynamic = vec![
        (5, Value::AddressOf(".dynstr")),
        (10, Value::Number(strings.len() as u64)),
        (6, Value::AddressOf(".dynsym")),
        (0x6fff_fffc, Value::AddressOf(".gnu.version_d")),
        (12, Value::Number(0x500)),
    ];
    let facts = sound(&made.build());
    assert_eq!(facts.versions_defined, ["V1"]);
    // `_fini` is not where DT_FINI says (there is none): a function like any other.
    assert_eq!(exports(&facts), ["_fini", "answer"]);
    assert_eq!(symbol(&facts, "answer").kind, SymbolKind::NoType);
    assert_eq!(symbol(&facts, "answer").section, SymbolSection::Absolute);
}
