//! Suppression files: what is read, what is refused, what is warned of.

mod suppress_common;

use suppress_common::{parse, run};

#[test]
fn every_documented_property_is_known() {
    let text = r"
# comment
[suppress_type]
  file_name_regexp = .*\\.so
  file_name_not_regexp = wrong
  soname_regexp = ^libtest
  soname_not_regexp = wrong
  name = S
  name_regexp = ^S$
  name_not_regexp = ^T$
  type_kind = struct
  source_location_not_in = a.h, dir/b.h
  source_location_not_regexp = .*private.*\\.h
  has_data_member = {a, b}
  has_data_member_regexp = ^m\[0-9\]
  has_data_member_inserted_at = offset_after(a)
  has_data_member_inserted_between = {offset_of_first_data_member_regexp(^m), end}
  has_data_members_inserted_between = {{8, 31}, {offset_of(b), offset_of_last_data_member_regexp(^m)}}
  has_size_change = yes
  has_strict_flexible_array_data_member_conversion = yes
  accessed_through = reference-or-pointer
  drop = no
  label = a label

[suppress_type]
  type_kind = enum
  changed_enumerators = LAST, MAX
  changed_enumerators_regexp = ^.*_LAST$, ^.*_MAX$

; comment
[suppress_function]
  name = f
  name_regexp = ^f
  name_not_regexp = ^g
  change_kind = function-subtype-change
  parameter = '0 int
  parameter = '1 /^struct.*\\*$/
  return_type_name = void
  return_type_regexp = ^v
  symbol_name = f
  symbol_name_regexp = ^f
  symbol_name_not_regexp = ^g
  symbol_version = V1
  symbol_version_regexp = ^V
  allow_other_aliases = yes
  drop_artifact = yes

[suppress_variable]
  name = v
  type_name = int
  type_name_regexp = ^i
  change_kind = added-variable

[suppress_file]
  soname_regexp = ^libwrong

[allow_type]
  name = S
[allow_function]
  symbol_name_regexp = ^public_
[allow_variable]
  name = v
[allow_file]
  file_name_regexp = libtest
[rhel9_x86_64_stablelist]
  printk
[my_kmi_symbol_list]
  kfree
";
    let rules = parse("f.abignore", text).unwrap();
    assert_eq!(rules.len(), 11);
    assert_eq!(rules.warnings(), []);
}

#[test]
fn what_is_unknown_or_without_effect_is_a_warning() {
    let text = "[suppress_type]\nname = S\nshape = round\nname = T\n[supress_type]\nname = S\n[suppress_function]\n\
                change_kind = all\n[suppress_type]\n[suppress_type]\nname = E\nchanged_enumerators = A\n";
    let rules = parse("f.abignore", text).unwrap();
    let warnings: Vec<String> = rules.warnings().iter().map(|w| w.to_string()).collect();
    let expected = [
        "f.abignore:3: the property \"shape\" is unknown in [suppress_type] and was ignored",
        "f.abignore:4: name is given twice; the first counts",
        "f.abignore:5: the section [supress_type] is unknown and was ignored",
        "f.abignore:7: [suppress_function] has no effect: it needs a name, symbol, version, type, file name or soname",
        "f.abignore:9: [suppress_type] has no effect: it needs a name, type_kind, source location, file name or soname",
        "f.abignore:10: [suppress_type] has no effect: changed_enumerators needs type_kind = enum",
    ];
    assert_eq!(warnings, expected);
    assert_eq!(rules.len(), 1);
}

#[test]
fn what_is_wrong_is_an_error_with_its_place_and_a_next_step() {
    for (name, text, place) in [
        ("f", "hello\n", "f:1: \"hello\" stands before any section"),
        ("f", "[s", "f:1: a section needs a name and a closing ']'"),
        ("f", "[suppress_type]\nname = S\ntype_kind = strukt\n", "f:3: type_kind is \"strukt\""),
        ("f", "[suppress_type]\nname_regexp = (a\n", "f:2: name_regexp: the regular expression \"(a\""),
        ("f", "[suppress_type]\nname = S\naccessed_through = air\n", "f:3: accessed_through is \"air\""),
        ("f", "[suppress_type]\nname = S\nhas_size_change = maybe\n", "f:3: has_size_change is \"maybe\""),
        (
            "f",
            "[suppress_type]\nname = S\nhas_data_member_inserted_at = middle\n",
            "f:3: has_data_member_inserted_at",
        ),
        (
            "f",
            "[suppress_type]\nname = S\nhas_data_member_inserted_between = {1}\n",
            "f:3: has_data_member_inserted_b",
        ),
        (
            "f",
            "[suppress_type]\nname = S\nhas_data_member = {a, b\n",
            "f:3: the tuple of has_data_member is not closed",
        ),
        ("f", "[suppress_function]\nparameter = 0 int\n", "f:2: parameter is \"0 int\""),
        ("f", "[suppress_function]\nname = f\nchange_kind = new\n", "f:3: change_kind is \"new\""),
        ("f.toml", "[[suppress]]\nrule = \"x\"\n", "f.toml:1: the rule has no reason"),
        ("f.toml", "\n[[suppress]]\nreason = \"x\"\n", "f.toml:2: the rule would suppress everything"),
        (
            "f.toml",
            "[[suppress]]\nreason = \"x\"\nexpire = \"2026-01-01\"\n",
            "f.toml:3: unknown field `expire`",
        ),
        (
            "f.toml",
            "[[suppress]]\nreason = \"x\"\nrule = \"y\"\nexpires = \"01.02.2026\"\n",
            "f.toml:1: expires is",
        ),
        ("f.toml", "[[suppress]]\nreason = \"x\"\ntype = \"/(/\"\n", "f.toml:1: type: "),
        ("f.toml", "[[suppress]\n", "f.toml:1: "),
    ] {
        let error = parse(name, text).unwrap_err();
        assert!(error.to_string().starts_with(place), "{error} / {place}");
        assert!(!error.hint.is_empty());
    }
}

#[test]
fn odd_bytes_do_no_harm() {
    for bytes in [
        &b"\xff\xfe[suppress_type]\nname = \xff\n"[..],
        b"[suppress_type]\nname_regexp = \x00\n",
        b"",
        b"\\",
        b"[a]\n\\",
    ] {
        let _ = abide_engine::suppress::Suppressions::parse("f", bytes, suppress_common::today());
    }
}

#[test]
fn large_files_take_bounded_time_and_memory() {
    let many = |head: &str, line: &str, count: usize| head.to_string() + &line.repeat(count);
    for text in [
        many("[s]\na = {\n", "x\n", 1_000_000),
        many("[suppress_type]\nname = S\n", "name = S\n", 300_000),
        many("", "[suppress_type]\nname_regexp = a{1,999}\n", 100_000),
        many("[s]\na = ", "{", 1_000_000),
        many("[s]\na", "\\\n", 1_000_000),
        many("", "[", 4_000_000),
        many("[suppress_type]\nname = S\nhas_data_members_inserted_between = {", "{1, 2},", 300_000) + "}\n",
        many("[suppress_type]\nname_regexp = ", "(", 1_000_000),
        many("", "x", 5 << 20),
    ] {
        let _ = parse("f", &text);
    }
}

#[test]
fn merged_files_work_together() {
    let mut rules = parse("a.abignore", "[suppress_function]\nname = f\n").unwrap();
    rules.merge(
        parse("b.toml", "[[suppress]]\nsymbol = \"g\"\nreason = \"never used\"\nowner = \"me\"\n").unwrap(),
    );
    let comparison = run("fn f()\nfn g()\nfn h()\n", "fn h()\n", &rules);
    let reasons: Vec<&str> = comparison.findings.iter().filter_map(|f| f.suppressed.as_deref()).collect();
    assert_eq!(reasons, ["[suppress_function] name = f (a.abignore:1)", "never used (me, b.toml:1)"]);
    assert_eq!(comparison.verdict, abide_model::Verdict::Compatible);
    assert_eq!(rules.unused(&comparison.suppressions_used), []);
}
