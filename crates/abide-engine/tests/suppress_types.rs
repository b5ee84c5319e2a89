//! `[suppress_type]` and `[allow_type]`: which changes of which types they cover.

mod suppress_common;

use suppress_common::{abignore, run};

const OLD: &str = "struct S { a: int; b: int }\nstruct T { s: struct S *; n: int }\nfn f(s: struct S *)\nfn g(t: struct T *)\n";
const NEW: &str = "struct S { a: int; b: int; c: long }\nstruct T { s: struct S *; n: long; m: int }\nfn f(s: struct S *)\nfn g(t: struct T *)\n";

#[test]
fn names_and_kinds() {
    let s = "struct S: record-size-changed alignment-changed member-added (suppressed)";
    let t = "struct T: record-size-changed type-changed member-added";
    assert_eq!(abignore(OLD, NEW, "[suppress_type]\nname = S\n"), [s, t]);
    assert_eq!(abignore(OLD, NEW, "[suppress_type]\nname_regexp = ^S$\ntype_kind = class\n"), [s, t]);
    assert_eq!(abignore(OLD, NEW, "[suppress_type]\nname_not_regexp = T\n"), [s, t]);
    let union = abignore(OLD, NEW, "[suppress_type]\nname = S\ntype_kind = union\n");
    assert_eq!(union.last().unwrap(), "unused line 1");
    assert!(!union.concat().contains("(suppressed)"));
}

#[test]
fn what_is_reached_only_through_a_suppressed_type_is_hidden() {
    let old = "struct S { a: int }\nstruct T { s: struct S * }\nfn g(t: struct T *)\n";
    let new = "struct S { a: long }\nstruct T { s: struct S *; n: int }\nfn g(t: struct T *)\n";
    let hidden = abignore(old, new, "[suppress_type]\nname = T\n");
    assert!(hidden.iter().all(|f| f.ends_with("(suppressed)")), "{hidden:?}");
    // With another way to it, it stays.
    let more = |text: &str| format!("{text}fn f(s: struct S *)\n");
    let seen = abignore(&more(old), &more(new), "[suppress_type]\nname = T\n");
    assert_eq!(seen.iter().filter(|f| f.ends_with("(suppressed)")).count(), 1, "{seen:?}");
}

#[test]
fn accessed_through() {
    let old = "struct S { a: int }\nfn p(s: struct S *)\n";
    let new = "struct S { a: int; b: int }\nfn p(s: struct S *)\n";
    let rule = |way: &str| format!("[suppress_type]\nname = S\naccessed_through = {way}\n");
    let suppressed = |old: &str, new: &str, way: &str| {
        abignore(old, new, &rule(way)).iter().any(|f| f.ends_with("(suppressed)"))
    };
    for (way, expected) in
        [("pointer", true), ("reference-or-pointer", true), ("reference", false), ("direct", false)]
    {
        assert_eq!(suppressed(old, new, way), expected, "{way}");
    }
    // By value as well: suppressed behind pointers only, the change still stands.
    let by_value = |text: &str| format!("{text}fn v(s: struct S)\n");
    assert!(!suppressed(&by_value(old), &by_value(new), "pointer"));
    let reference = |text: &str| text.replace("struct S *)", "struct S &)");
    assert!(suppressed(&reference(old), &reference(new), "reference"));
}

#[test]
fn exposure_is_that_of_the_ways_that_are_left() {
    let old = "struct S { a: int }\nfn p(s: struct S *)\nfn v(s: struct S)\n";
    let new = "struct S { a: int; b: int }\nfn p(s: struct S *)\nfn v(s: struct S)\n";
    let rules = suppress_common::parse("f", "[suppress_function]\nname = v\n").unwrap();
    let comparison = run(old, new, &rules);
    assert_eq!(comparison.verdict, abide_model::Verdict::Review);
    assert_eq!(rules.unused(&comparison.suppressions_used), []);
}

#[test]
fn typedefs_hide_what_is_behind_them() {
    let old = "struct S { a: int }\ntypedef t = struct S\nfn f(s: t *)\n";
    let new = "struct S { a: long }\ntypedef t = struct S\nfn f(s: t *)\n";
    let found = abignore(old, new, "[suppress_type]\nname = t\ntype_kind = typedef\n");
    assert!(found.iter().all(|f| f.ends_with("(suppressed)")), "{found:?}");
}

#[test]
fn inserted_members() {
    let old = "struct S { a: int; b: int; c: int }\nfn f(s: struct S *)\n";
    let end = "struct S { a: int; b: int; c: int; d: int }\nfn f(s: struct S *)\n";
    let middle = "struct S { a: int; x: int; b: int; c: int }\nfn f(s: struct S *)\n";
    let both = "struct S { a: int; x: int; b: int; c: int; d: int }\nfn f(s: struct S *)\n";
    let deleted = "struct S { a: int; b: int; d: long }\nfn f(s: struct S *)\n";
    // libabigail's own answers for `end`, `middle`, `both` and `deleted`; an offset alone means "from there on".
    for (property, expected) in [
        ("has_data_member_inserted_at = 32", [true, true, true, false]),
        ("has_data_member_inserted_at = 64", [true, false, false, false]),
        ("has_data_member_inserted_at = 100", [false, false, false, false]),
        ("has_data_member_inserted_at = end", [true, false, false, false]),
        ("has_data_member_inserted_at = offset_of(b)", [true, true, true, false]),
        ("has_data_member_inserted_at = offset_after(a)", [true, true, true, false]),
        ("has_data_member_inserted_between = {32, 64}", [false, true, false, false]),
        ("has_data_member_inserted_between = {96, end}", [true, false, false, false]),
        ("has_data_member_inserted_between = {offset_of(zz), end}", [false, false, false, false]),
        ("has_data_members_inserted_between = {{32, 40}, {96, end}}", [true, true, true, false]),
        (
            "has_data_member_inserted_between = {offset_of_first_data_member_regexp(^b), end}",
            [true, true, true, false],
        ),
    ] {
        let rule = format!("[suppress_type]\nname = S\nhas_size_change = yes\n{property}\n");
        let got = [end, middle, both, deleted]
            .map(|new| abignore(old, new, &rule).iter().all(|f| f.ends_with("(suppressed)")));
        assert_eq!(got, expected, "{property}");
    }
    let no_size = abignore(old, end, "[suppress_type]\nname = S\nhas_data_member_inserted_at = end\n");
    assert!(!no_size.concat().contains("(suppressed)"), "{no_size:?}");
}

#[test]
fn a_real_change_beside_a_covered_one_stays() {
    let old = "struct S { a: int; b: int }\nfn f(s: struct S *)\n";
    let new = "struct S { a: float; b: int; c: int }\nfn f(s: struct S *)\n";
    let rule = "[suppress_type]\nname = S\nhas_size_change = yes\nhas_data_member_inserted_at = end\n";
    let found = abignore(old, new, rule);
    assert_eq!(found, ["struct S: record-size-changed member-added (suppressed)", "struct S: type-changed"]);
}

#[test]
fn allow_type_covers_what_it_does_not_match() {
    let old = "struct S { a: int; reserved: long }\nstruct T { a: int }\nenum E { A }\nfn f(s: struct S *, t: struct T *, e: enum E)\n";
    let new = "struct S { a: long; reserved: long }\nstruct T { a: long }\nenum E { B }\nfn f(s: struct S *, t: struct T *, e: enum E)\n";
    let found = abignore(old, new, "[allow_type]\ntype_kind = struct\nhas_data_member_regexp = ^reserved\n");
    let suppressed: Vec<&String> = found.iter().filter(|f| f.ends_with("(suppressed)")).collect();
    assert_eq!(suppressed.len(), 1, "{found:?}");
    assert!(suppressed[0].starts_with("struct T:"), "{found:?}");
}

#[test]
fn enumerators() {
    let old = "enum E { A, B, E_LAST }\nfn f(e: enum E)\n";
    let new = "enum E { A, B, C, E_LAST }\nfn f(e: enum E)\n";
    let moved = "enum E { A = 1, B, C, E_LAST }\nfn f(e: enum E)\n";
    let removed = "enum E { A, C = 2, E_LAST }\nfn f(e: enum E)\n";
    let rule = "[suppress_type]\ntype_kind = enum\nchanged_enumerators_regexp = _LAST$\n";
    let found = abignore(old, new, rule);
    assert!(found.iter().all(|f| f.ends_with("(suppressed)")), "{found:?}");
    let found = abignore(old, moved, rule);
    assert!(found.iter().any(|f| f == "enum E: enumerator-value-changed"), "{found:?}");
    // What went away is never covered by a rule about values.
    assert!(!abignore(old, removed, rule).concat().contains("(suppressed)"));
}

#[test]
fn flexible_arrays() {
    let old = "struct S { n: int; data: char[1] }\nfn f(s: struct S *)\n";
    let new = "struct S { n: int; data: char[] }\nfn f(s: struct S *)\n";
    let rule = "[suppress_type]\ntype_kind = struct\nhas_strict_flexible_array_data_member_conversion = yes\nhas_size_change = yes\n";
    let found = abignore(old, new, rule);
    assert!(found.iter().all(|f| f.ends_with("(suppressed)")), "{found:?}");
    let grown = "struct S { n: long; data: char[] }\nfn f(s: struct S *)\n";
    assert!(abignore(old, grown, rule).iter().any(|f| !f.ends_with("(suppressed)")));
}

#[test]
fn locations_and_files() {
    let with = |text: &str| format!("soname libtest.so.1\nfile \"src/private.h\"\n{text}");
    let (old, new) = (with(OLD), with(NEW));
    let all = |rule: &str| {
        let found = abignore(&old, &new, &format!("[suppress_type]\n{rule}\n"));
        found.iter().filter(|f| f.ends_with("(suppressed)")).count()
    };
    assert_eq!(all("source_location_not_in = public.h, api.h"), 2);
    assert_eq!(all("source_location_not_in = private.h"), 0);
    assert_eq!(all("source_location_not_regexp = .*private\\\\.h"), 0);
    assert_eq!(all("source_location_not_regexp = include/"), 2);
    assert_eq!(all("soname_regexp = ^libtest\\\\.so\\\\.1$"), 2);
    assert_eq!(all("soname_not_regexp = ^libtest"), 0);
    assert_eq!(all("file_name_regexp = /usr/lib64/libtest.*\\\\.0$"), 2);
    assert_eq!(all("file_name_not_regexp = ^libother"), 2);
    assert_eq!(all("file_name_regexp = ^libtest"), 2);
    assert_eq!(all("file_name_not_regexp = libtest"), 0);
}

#[test]
fn a_suppressed_file_is_left_aside() {
    let found = abignore(
        &format!("soname libtest.so.1\n{OLD}fn gone()\n"),
        &format!("soname libtest.so.2\n{NEW}"),
        "[suppress_file]\nsoname_regexp = ^libtest\n",
    );
    assert!(found.len() >= 4 && found.iter().all(|f| f.ends_with("(suppressed)")), "{found:?}");
}
