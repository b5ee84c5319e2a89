//! Tables made by hand: every kind, both byte orders, and what a name means.

use abide_model::{ElfFacts, ElfKind, Endian, GapKind, SymbolKind, TypeKind};
use abide_read::btf::read_types;
use abide_read::dwarf::TypesRead;

use crate::common::{describe_graph, facts::exporting};
use crate::writer::Writer;

pub(crate) fn facts(names: &[(&str, SymbolKind)]) -> ElfFacts {
    exporting(ElfKind::Vmlinux, Endian::Little, names)
}

pub(crate) fn describe(elf: &ElfFacts, read: TypesRead) -> String {
    assert!(read.gaps.is_empty(), "{:?}", read.gaps);
    describe_graph(elf, &read.graph.expect("a graph"))
}

/// A function with one parameter for each type.
fn takes(writer: &mut Writer, name: &str, types: &[u32]) {
    let parameters: Vec<(&str, u32)> = types.iter().map(|&ty| ("p", ty)).collect();
    let prototype = writer.prototype(0, &parameters);
    writer.function(name, prototype, 1);
}

#[test]
fn every_kind_in_both_byte_orders() {
    for is_big in [false, true] {
        let mut w = Writer::new(is_big);
        let int = w.int("int", 4, 1, 32);
        let unsigned = w.int("unsigned int", 4, 0, 32);
        let char = w.int("char", 1, 1, 8);
        let truth = w.int("_Bool", 1, 4, 8);
        let float_name = w.name("double");
        let double = w.raw(float_name, 16 << 24, 8, &[]);
        let old_float = w.int("long double", 16, 0, 128);
        let tagged = w.reference(18, "user", char);
        let pointer = w.reference(2, "", tagged);
        let qualified = w.reference(10, "", pointer);
        let qualified = w.reference(9, "", qualified);
        let qualified = w.reference(11, "", qualified);
        let alias = w.reference(8, "text", qualified);
        let matrix = w.array(unsigned, 8);
        let matrix = w.array(matrix, 4);
        let flexible = w.array(int, 0);
        let signed = w.enumeration("sign", &[("NEG", u32::MAX), ("ONE", 1)], true);
        let plain = w.enumeration("plain", &[("TOP", u32::MAX)], false);
        let wide = w.enumeration64("wide", &[("FAR", 1 << 40)], false);
        let wide_signed = w.enumeration64("wide_signed", &[("LEAST", u64::MAX)], true);
        let later = w.enumeration("later", &[], false);
        let unnamed = w.record(5, "", 8, &[("d", double, 0), ("i", int, 0)], false);
        let bits = w.record(4, "bits", 16, &[("a", int, 5 << 24 | 3), ("", unnamed, 64)], true);
        let old_bits = w.int("unsigned int", 4, 0, 3);
        let old = w.record(4, "old", 4, &[("x", old_bits, 7), ("t", truth, 16)], false);
        let opaque = w.forward("opaque", false);
        let opaque_union = w.forward("opaque_u", true);
        let call = w.prototype(int, &[("", alias), ("", 0)]);
        let types: Vec<u32> = [matrix, flexible, opaque, opaque_union, call, later]
            .into_iter()
            .map(|ty| w.reference(2, "", ty))
            .chain([signed, plain, wide, wide_signed, bits, old, old_float])
            .collect();
        takes(&mut w, "all", &types);
        w.variable("number", double);
        let names = w.name("tag");
        w.raw(names, 17 << 24, bits, &[u32::MAX]);
        w.raw(names, 15 << 24 | 1, 8, &[int, 0, 8]);
        let endian = if is_big { Endian::Big } else { Endian::Little };
        let elf =
            exporting(ElfKind::Vmlinux, endian, &[("all", SymbolKind::Func), ("number", SymbolKind::Object)]);
        let text = describe(&elf, read_types(&w.bytes(), None, &elf));
        let expected = concat!(
            "fn all: (Pointer8(unsigned int/4/Unsigned[Some(4), Some(8)]), Pointer8(int/4/Signed[None]), ",
            "Pointer8(opaque opaque), Pointer8(opaque opaque_u), Pointer8((text=Restrict(Volatile(Const(",
            "Pointer8(char/1/SignedChar)))), ...) -> int/4/Signed), Pointer8(opaque later), sign, plain, wide, ",
            "wide_signed, bits, old, long double/16/Float) -> void\n",
            "var number: double/8/Float\n",
            r#"Struct bits 16 [] ["a@3:Some(5) int/4/Signed", "@64:None Union  8 [] "#,
            r#"[\"d@0:None double/8/Float\", \"i@0:None int/4/Signed\"] []"] []"#,
            "\n",
            r#"Struct old 4 [] ["x@7:Some(3) unsigned int/4/Unsigned", "t@16:None _Bool/1/Boolean"] []"#,
            "\n",
            r#"enum plain 4 ["TOP=4294967295"]"#,
            "\n",
            r#"enum sign 4 ["NEG=-1", "ONE=1"]"#,
            "\n",
            r#"enum wide 8 ["FAR=1099511627776"]"#,
            "\n",
            r#"enum wide_signed 8 ["LEAST=-1"]"#,
            "\n",
        );
        assert_eq!(text, expected, "big-endian: {is_big}");
    }
}

#[test]
fn values_are_signed_where_no_enum_says_so() {
    let mut w = Writer::new(false);
    let old = w.enumeration("old", &[("NEG", u32::MAX)], false);
    takes(&mut w, "f", &[old]);
    let elf = facts(&[("f", SymbolKind::Func)]);
    assert!(describe(&elf, read_types(&w.bytes(), None, &elf)).contains("NEG=-1"));
}

#[test]
fn only_what_exports_reach_is_kept() {
    let mut w = Writer::new(false);
    let int = w.int("int", 4, 1, 32);
    let other = w.record(4, "other", 4, &[("i", int, 0)], false);
    let kept = w.record(4, "kept", 4, &[("i", int, 0)], false);
    takes(&mut w, "private", &[other]);
    takes(&mut w, "public", &[kept]);
    let elf = facts(&[("public", SymbolKind::Func), ("unknown", SymbolKind::Func)]);
    let graph = read_types(&w.bytes(), None, &elf).graph.expect("a graph");
    assert_eq!((graph.roots.len(), graph.nodes.len()), (1, 4), "{:?}", graph.nodes);
    assert!(graph.strings.find(b"other").is_none());
    assert_eq!(graph.roots[0].source_name.map(|n| graph.str(n).to_string()), Some("public".into()));
    let TypeKind::Function(public) = graph.kind(graph.roots[0].ty) else { panic!("a function") };
    assert_eq!(public.parameters[0].name.map(|n| graph.str(n).to_string()), Some("p".into()));
}

#[test]
fn a_declaration_means_the_reached_definition_of_its_name() {
    let mut w = Writer::new(false);
    let int = w.int("int", 4, 1, 32);
    let declared = w.forward("state", false);
    let declared = w.reference(2, "", declared);
    let as_union = w.forward("state", true);
    let as_union = w.reference(2, "", as_union);
    let one = w.record(4, "state", 4, &[("a", int, 0)], false);
    let two = w.record(4, "state", 8, &[("a", int, 0), ("b", int, 32)], false);
    takes(&mut w, "by_name", &[declared, as_union]);
    takes(&mut w, "one", &[one]);
    takes(&mut w, "two", &[two]);
    let text = |names: &[&str]| {
        let names: Vec<(&str, SymbolKind)> = names.iter().map(|name| (*name, SymbolKind::Func)).collect();
        let elf = facts(&names);
        let text = describe(&elf, read_types(&w.bytes(), None, &elf));
        text.lines().next().expect("a line").to_owned()
    };
    assert_eq!(text(&["by_name"]), "fn by_name: (Pointer8(opaque state), Pointer8(opaque state)) -> void");
    assert_eq!(text(&["by_name", "two"]), "fn by_name: (Pointer8(state), Pointer8(opaque state)) -> void");
    let both = text(&["by_name", "one", "two"]);
    assert!(both.contains(r#"ambiguous state ["Struct 4", "Struct 8"]"#), "{both}");
}

#[test]
fn names_with_several_types_are_no_roots() {
    let mut w = Writer::new(false);
    let int = w.int("int", 4, 1, 32);
    let long = w.int("long int", 8, 1, 64);
    let (of_int, of_long) = (w.prototype(int, &[("a", int)]), w.prototype(int, &[("a", long)]));
    let same = w.prototype(int, &[("b", int)]);
    w.function("twice", of_int, 0);
    w.function("twice", of_long, 0);
    w.function("again", of_int, 0);
    w.function("again", same, 0);
    w.function("ranked", of_int, 0);
    w.function("ranked", of_long, 1);
    w.function("data", of_int, 1);
    let names = ["again", "alias", "data", "ranked", "twice"];
    let mut elf = facts(&names.map(|name| (name, SymbolKind::Func)));
    elf.symbols[2].kind = SymbolKind::Object;
    // An alias is at the same place as another symbol; one without a size proves nothing.
    elf.symbols[1].address = elf.symbols[3].address;
    let read = read_types(&w.bytes(), None, &elf);
    let graph = read.graph.expect("a graph");
    let found: Vec<String> =
        graph.roots.iter().map(|root| elf.symbols[root.symbol as usize].name.to_string()).collect();
    assert_eq!(found, ["again", "alias", "ranked"]);
    assert_eq!(graph.roots[1].ty, graph.roots[2].ty);
    assert_eq!(read.gaps.len(), 1);
    assert_eq!(read.gaps[0].kind, GapKind::UntypedSymbols);
    assert!(read.gaps[0].detail.starts_with("1 exported names"), "{:?}", read.gaps);
    elf.symbols[1].size_bytes = 0;
    assert_eq!(read_types(&w.bytes(), None, &elf).graph.expect("a graph").roots.len(), 2);
    // Two versions of one name at different addresses.
    elf.symbols[1].name = "again".into();
    elf.symbols[1].is_export = true;
    let read = read_types(&w.bytes(), None, &elf);
    assert_eq!(read.graph.expect("a graph").roots.len(), 1);
    assert!(read.gaps.iter().any(|gap| gap.detail.contains("several exported symbols")), "{:?}", read.gaps);
}

#[test]
fn storage_without_a_type_is_a_gap() {
    let mut w = Writer::new(false);
    let nothing = w.reference(8, "four_t", 0);
    let record = w.record(4, "holder", 16, &[("v", nothing, 0)], false);
    let pointer = w.reference(2, "", nothing);
    takes(&mut w, "f", &[record, pointer]);
    let elf = facts(&[("f", SymbolKind::Func)]);
    let read = read_types(&w.bytes(), None, &elf);
    let text = describe_graph(&elf, &read.graph.expect("a graph"));
    assert!(text.contains("(holder, Pointer8(four_t=void))") && text.contains("v@0:None Broken"), "{text}");
    assert_eq!(read.gaps.len(), 1, "{:?}", read.gaps);
    assert_eq!(read.gaps[0].kind, GapKind::BrokenDebugInfo);
}

#[test]
fn tables_of_several_objects_one_after_the_other() {
    let table = |name: &str, size: u32| {
        let mut w = Writer::new(false);
        let int = w.int("int", size, 1, size * 8);
        takes(&mut w, name, &[int]);
        w.bytes()
    };
    let elf = facts(&[("one", SymbolKind::Func), ("two", SymbolKind::Func)]);
    let both = [table("one", 4), vec![0; 3], table("two", 8)].concat();
    let text = describe(&elf, read_types(&both, None, &elf));
    assert_eq!(text, "fn one: (int/4/Signed) -> void\nfn two: (int/8/Signed) -> void\n");
    let followed = [table("one", 4), b"something".to_vec()].concat();
    let read = read_types(&followed, None, &elf);
    assert_eq!(read.gaps[0].kind, GapKind::BrokenDebugInfo, "{:?}", read.gaps);
    assert_eq!(read.graph.expect("a graph").roots.len(), 1);
}
