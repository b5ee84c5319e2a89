//! The reader of CTF on dictionaries made by hand: every kind, both byte orders, archives, what no compiler writes.

mod common;

use std::time::{Duration, Instant};

use abide_model::{ElfFacts, ElfKind, Endian, GapKind, SymbolKind, TypeKind};
use abide_read::ctf::{is_raw, read_types};
use common::{describe_graph, facts::exporting};

/// A dictionary that is being written.
struct Writer {
    is_big: bool,
    types: Vec<u8>,
    strings: Vec<u8>,
    functions: Vec<(u32, u32)>,
    objects: Vec<(u32, u32)>,
    variables: Vec<(u32, u32)>,
    parent: u32,
    next: u32,
}

impl Writer {
    fn new(is_big: bool) -> Self {
        let (types, strings) = (Vec::new(), vec![0]);
        let (functions, objects, variables) = (Vec::new(), Vec::new(), Vec::new());
        Writer { is_big, types, strings, functions, objects, variables, parent: 0, next: 1 }
    }

    /// A dictionary that continues the one of this name.
    fn child(parent: &str) -> Self {
        let mut writer = Writer::new(false);
        writer.parent = writer.name(parent);
        writer.next = 0x8000_0001;
        writer
    }

    fn name(&mut self, text: &str) -> u32 {
        if text.is_empty() {
            return 0;
        }
        let at = self.strings.len() as u32;
        self.strings.extend_from_slice(text.as_bytes());
        self.strings.push(0);
        at
    }

    fn word(&self, word: u32) -> [u8; 4] {
        if self.is_big { word.to_be_bytes() } else { word.to_le_bytes() }
    }

    /// Any entry; returns its number.
    fn raw(&mut self, name: &str, kind: u32, count: usize, words: &[u32]) -> u32 {
        let name = self.name(name);
        let info = kind << 26 | 1 << 25 | count as u32;
        for word in [name, info].iter().chain(words) {
            let bytes = self.word(*word);
            self.types.extend(bytes);
        }
        self.next += 1;
        self.next - 1
    }

    fn int(&mut self, name: &str, size: u32, format: u32) -> u32 {
        self.raw(name, 1, 0, &[size, (format << 24) | (size * 8)])
    }

    /// Kinds that refer to one type: 3 pointer, 10 typedef, 11 volatile, 12 const, 13 restrict; 9 a declaration.
    fn reference(&mut self, kind: u32, name: &str, target: u32) -> u32 {
        self.raw(name, kind, 0, &[target])
    }

    fn array(&mut self, element: u32, count: u32) -> u32 {
        self.raw("", 4, 0, &[0, element, element, count])
    }

    fn slice(&mut self, ty: u32, offset: u32, bits: u32) -> u32 {
        let halves = if self.is_big { offset << 16 | bits } else { bits << 16 | offset };
        self.raw("", 14, 0, &[1, ty, halves])
    }

    /// A struct (6) or union (7) of members: name, type, offset.
    fn record(&mut self, kind: u32, name: &str, size: u32, members: &[(&str, u32, u32)]) -> u32 {
        let rows: Vec<u32> = members.iter().flat_map(|(n, ty, at)| [self.name(n), *at, *ty]).collect();
        self.raw(name, kind, members.len(), &[&[size], &rows[..]].concat())
    }

    fn function(&mut self, returned: u32, parameters: &[u32]) -> u32 {
        let padding = &[0][..parameters.len() % 2];
        self.raw("", 5, parameters.len(), &[&[returned], parameters, padding].concat())
    }

    fn export(&mut self, name: &str, function: u32) {
        let name = self.name(name);
        self.functions.push((name, function));
    }

    fn bytes(&self) -> Vec<u8> {
        let list = |pairs: &[(u32, u32)], f: fn(&(u32, u32)) -> Vec<u32>| -> Vec<u8> {
            pairs.iter().flat_map(f).flat_map(|w| self.word(w)).collect()
        };
        let body = [
            list(&self.objects, |p| vec![p.1]),
            list(&self.functions, |p| vec![p.1]),
            list(&self.objects, |p| vec![p.0]),
            list(&self.functions, |p| vec![p.0]),
            list(&self.variables, |p| vec![p.0, p.1]),
            self.types.clone(),
        ];
        let mut offsets = vec![0, self.parent, 0, 0];
        body.iter().fold(0, |at, part| {
            offsets.push(at);
            at + part.len() as u32
        });
        offsets.push(body.iter().map(Vec::len).sum::<usize>() as u32);
        offsets.push(self.strings.len() as u32);
        let magic = if self.is_big { 0xdff2_0402u32.to_be_bytes() } else { 0x0204_dff2u32.to_le_bytes() };
        let header: Vec<u8> = magic.into_iter().chain(offsets.iter().flat_map(|w| self.word(*w))).collect();
        [&header[..], &body.concat(), &self.strings].concat()
    }
}

/// An archive of named dictionaries.
fn archive(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let (mut list, mut names, mut content) = (Vec::new(), Vec::new(), Vec::new());
    for (name, dict) in members {
        list.extend((names.len() as u64).to_le_bytes());
        list.extend((content.len() as u64).to_le_bytes());
        names.extend(name.as_bytes());
        names.push(0);
        content.extend((dict.len() as u64).to_le_bytes());
        content.extend(dict);
    }
    let start = 40 + list.len() as u64;
    let head = [0x8b47_f2a4_d762_3eeb, 2, members.len() as u64, start + content.len() as u64, start];
    let head: Vec<u8> = head.iter().flat_map(|w: &u64| w.to_le_bytes()).collect();
    [head, list, content, names].concat()
}

fn facts(names: &[&str]) -> ElfFacts {
    let names: Vec<(&str, SymbolKind)> = names.iter().map(|name| (*name, SymbolKind::Func)).collect();
    exporting(ElfKind::SharedObject, Endian::Little, &names)
}

fn describe(data: &[u8], elf: &ElfFacts) -> String {
    let read = read_types(data, elf);
    assert!(read.gaps.is_empty(), "{:?}", read.gaps);
    describe_graph(elf, &read.graph.expect("a graph"))
}

#[test]
fn every_kind_in_both_byte_orders() {
    for is_big in [false, true] {
        let mut w = Writer::new(is_big);
        let int = w.int("int", 4, 1);
        let char = w.int("char", 1, 3);
        let truth = w.int("_Bool", 1, 4);
        let void = w.raw("void", 1, 0, &[0, 1 << 24]);
        let complex = w.raw("complex float", 2, 0, &[8, 3 << 24 | 64]);
        let narrow = w.raw("unsigned int", 1, 0, &[4, 2 << 16 | 3]);
        let mut text = char;
        for kind in [12, 3, 11, 13] {
            text = w.reference(kind, "", text);
        }
        let text = w.reference(10, "text", text);
        let matrix = w.array(int, 8);
        let matrix = w.array(matrix, 4);
        let flexible = w.array(char, 0);
        let (red, sign) = (w.name("RED"), w.name("NEG"));
        let color = w.raw("color", 8, 2, &[4, red, 70_000, sign, u32::MAX]);
        let declared =
            [("s", 6), ("u", 7), ("e", 8), ("z", 0)].map(|(name, kind)| w.reference(9, name, kind));
        let bits = w.slice(int, 2, 5);
        let inner = w.record(7, "", 8, &[("c", complex, 0), ("t", truth, 0)]);
        let record = w.record(
            6,
            "record",
            24,
            &[("b", bits, 64), ("n", narrow, 96), ("", inner, 128), ("tail", flexible, 192)],
        );
        // Members of records from 512 MiB on have wide offsets; a size beyond 32 bits has a word of its own.
        let (far, near) = (w.name("far"), w.name("near"));
        let large = w.raw("large", 6, 1, &[0x3000_0000, far, 1, int, 0x8000_0000]);
        let huge = w.raw("huge", 6, 1, &[u32::MAX, 2, 16, near, 0, int, 32]);
        let call = w.function(void, &[text, color, 0]);
        let mut types = vec![matrix, call, large, huge];
        types.extend(declared);
        let mut types: Vec<u32> = types.into_iter().map(|ty| w.reference(3, "", ty)).collect();
        types.push(record);
        let all = w.function(int, &types);
        w.export("all", all);
        let number = w.name("number");
        w.objects.push((number, color));
        let other = w.name("other");
        w.variables.push((other, int));
        let endian = if is_big { Endian::Big } else { Endian::Little };
        let names =
            [("all", SymbolKind::Func), ("number", SymbolKind::Object), ("other", SymbolKind::Object)];
        let elf = exporting(ElfKind::SharedObject, endian, &names);
        assert!(is_raw(&w.bytes()));
        let expected = concat!(
            "fn all: (Pointer8(int/4/Signed[Some(4), Some(8)]), Pointer8((text=Restrict(Volatile(Pointer8(",
            "Const(char/1/SignedChar)))), color, ...) -> void), Pointer8(large), Pointer8(huge), ",
            "Pointer8(opaque s), Pointer8(opaque u), Pointer8(opaque e), Pointer8(opaque z), record) -> ",
            "int/4/Signed\nvar number: color\nvar other: int/4/Signed\n",
            r#"Struct huge 8589934608 [] ["near@32:None int/4/Signed"] []"#,
            "\n",
            r#"Struct large 805306368 [] ["far@6442450944:None int/4/Signed"] []"#,
            "\n",
            r#"Struct record 24 [] ["b@66:Some(5) int/4/Signed", "n@98:Some(3) unsigned int/4/Unsigned", "#,
            r#""@128:None Union  8 [] [\"c@0:None complex float/8/ComplexFloat\", "#,
            r#"\"t@0:None _Bool/1/Boolean\"] []", "tail@192:None char/1/SignedChar[None]"] []"#,
            "\n",
            r#"enum color 4 ["RED=70000", "NEG=-1"]"#,
            "\n",
        );
        assert_eq!(describe(&w.bytes(), &elf), expected, "big-endian: {is_big}");
    }
}

#[test]
fn children_continue_their_parent() {
    let mut parent = Writer::new(false);
    let int = parent.int("int", 4, 1);
    let state = parent.reference(9, "state", 6);
    let pointer = parent.reference(3, "", state);
    let shared = parent.function(int, &[pointer]);
    parent.export("shared", shared);
    let child = |size: u32, symbol: &str| {
        let mut w = Writer::child("common");
        let own = w.record(6, "state", size, &[("a", int, 0)]);
        let function = w.function(int, &[own, pointer]);
        w.export(symbol, function);
        w.bytes()
    };
    let (one, two) = (child(4, "one"), child(8, "two"));
    let both = archive(&[("one.c", one.clone()), ("common", parent.bytes()), ("two.c", two)]);
    assert!(is_raw(&both));
    let text = describe(&both, &facts(&["one", "shared"]));
    let expected = concat!(
        r#"fn one: (state, Pointer8(ambiguous state ["Struct 4", "Struct 8"])) -> int/4/Signed"#,
        "\n",
        r#"fn shared: (Pointer8(ambiguous state ["Struct 4", "Struct 8"])) -> int/4/Signed"#,
        "\n",
        r#"Struct state 4 [] ["a@0:None int/4/Signed"] []"#,
        "\n",
        r#"Struct state 8 [] ["a@0:None int/4/Signed"] []"#,
        "\n",
    );
    assert_eq!(text, expected);
    let single = archive(&[("common", parent.bytes()), ("one.c", one.clone())]);
    let text = describe(&single, &facts(&["shared"]));
    assert!(text.starts_with("fn shared: (Pointer8(state)) -> int/4/Signed\nStruct state 4"), "{text}");
    // Without its parent a child says nothing.
    for orphan in [one.clone(), archive(&[("one.c", one)])] {
        let read = read_types(&orphan, &facts(&["one"]));
        assert!(read.graph.is_none() && read.gaps[0].detail.contains("`common`"), "{:?}", read.gaps);
    }
}

#[test]
fn other_versions_and_forms_are_named() {
    let mut w = Writer::new(false);
    let int = w.int("int", 4, 1);
    let function = w.function(int, &[int]);
    w.export("f", function);
    let elf = facts(&["f"]);
    for version in [1, 2, 3, 5] {
        let mut other = w.bytes();
        other[2] = version;
        let read = read_types(&other, &elf);
        assert!(read.graph.is_none());
        assert_eq!(read.gaps[0].kind, GapKind::Unsupported, "{:?}", read.gaps);
    }
    // Types of functions without the flag that says what they are.
    let mut old = w.bytes();
    old[3] = 0;
    let read = read_types(&old, &elf);
    assert_eq!(read.gaps[0].kind, GapKind::Unsupported, "{:?}", read.gaps);
    assert!(read.graph.expect("a graph").roots.is_empty());
    // A name in a string table that is not here.
    let mut external = Writer::new(false);
    external.raw("x", 1, 0, &[4, 1 << 24 | 32]);
    external.types[..4].copy_from_slice(&0x8000_0001u32.to_le_bytes());
    let read = read_types(&external.bytes(), &elf);
    assert!(read.graph.is_none() && read.gaps[0].detail.contains("string table"), "{:?}", read.gaps);
    let big = exporting(ElfKind::SharedObject, Endian::Big, &[]);
    let read = read_types(&w.bytes(), &big);
    assert_eq!(read.gaps[0].kind, GapKind::DebugMismatch, "{:?}", read.gaps);
}

#[test]
fn types_in_the_order_of_symbols_need_symbols() {
    let mut w = Writer::new(false);
    let int = w.int("int", 4, 1);
    let function = w.function(int, &[int]);
    w.export("f", function);
    let mut unnamed = w.bytes();
    // The list of functions' names is empty: it ends where it begins.
    let shift = |field: usize, unnamed: &mut Vec<u8>| {
        let at = 4 + field * 4;
        let value = u32::from_le_bytes(unnamed[at..at + 4].try_into().expect("four bytes")) - 4;
        unnamed[at..at + 4].copy_from_slice(&value.to_le_bytes());
    };
    (8..11).for_each(|field| shift(field, &mut unnamed));
    unnamed.drain(52 + 4..52 + 8);
    let read = read_types(&unnamed, &facts(&["f"]));
    assert!(read.graph.expect("a graph").roots.is_empty());
    assert_eq!(read.gaps[0].kind, GapKind::DebugMismatch, "{:?}", read.gaps);
}

#[test]
fn cycles_chains_and_slices_out_of_place_end() {
    let mut w = Writer::new(false);
    // Number 1 points to itself, 2 and 3 are each other's typedef, 4 is an array of itself.
    w.reference(3, "", 1);
    w.reference(10, "a", 3);
    w.reference(10, "b", 2);
    w.array(4, 2);
    let int = w.int("int", 4, 1);
    let slice = w.slice(int, 0, 3);
    let sliced = w.slice(slice, 0, 2);
    let holder = w.record(6, "holder", 4, &[("s", sliced, 0), ("f", slice, 8)]);
    let mut chain = int;
    for _ in 0..5000 {
        chain = w.reference(3, "", chain);
    }
    let function = w.function(0, &[1, 2, 4, slice, holder, chain, 0x7fff_0000, 0x8000_0001]);
    w.export("f", function);
    let read = read_types(&w.bytes(), &facts(&["f"]));
    let graph = read.graph.expect("a graph");
    assert_eq!(read.gaps.len(), 1, "{:?}", read.gaps);
    assert_eq!(read.gaps[0].kind, GapKind::BrokenDebugInfo);
    let TypeKind::Function(f) = graph.kind(graph.roots[0].ty) else { panic!("a function") };
    assert_eq!(f.parameters.len(), 8);
    assert_eq!(*graph.kind(f.parameters[3].ty), TypeKind::Broken, "a slice is no parameter's type");
    let TypeKind::Record(holder) = graph.kind(f.parameters[4].ty) else { panic!("a struct") };
    assert_eq!(*graph.kind(holder.members[0].ty), TypeKind::Broken, "a slice of a slice");
    assert_eq!((holder.members[1].offset_bits, holder.members[1].bit_size), (8, Some(3)));
    assert!(graph.nodes.len() < 600, "{}", graph.nodes.len());
}

#[test]
fn hostile_archives_end_soon() {
    let start = Instant::now();
    let mut w = Writer::new(false);
    for _ in 0..20_000 {
        w.int("int", 4, 1);
    }
    let dict = w.bytes();
    let elf = facts(&["f"]);
    // Many members that are the same bytes, under the same and under shifted offsets.
    let mut many = archive(&[("a", dict)]);
    let (content, names) = (many.split_off(56), 0u64);
    for step in [0u64, 8] {
        let count = 20_000u64;
        let mut bytes = many[..16].to_vec();
        let start = 40 + count * 16;
        [count, start + content.len() as u64 - 2, start].iter().for_each(|w| bytes.extend(w.to_le_bytes()));
        (0..count).for_each(|i| [names, i * step].iter().for_each(|w| bytes.extend(w.to_le_bytes())));
        bytes.extend(&content);
        let read = read_types(&bytes, &elf);
        assert!(step == 0 || !read.gaps.is_empty());
    }
    let mut claims = archive(&[]);
    claims[16..24].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(read_types(&claims, &elf).graph.is_none());
    assert!(start.elapsed() < Duration::from_secs(5), "took {:?}", start.elapsed());
}
