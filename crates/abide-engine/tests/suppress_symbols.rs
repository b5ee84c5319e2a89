//! `[suppress_function]`, `[suppress_variable]` and symbol lists.

mod suppress_common;

use suppress_common::abignore;

fn suppressed(old: &str, new: &str, rule: &str) -> Vec<String> {
    let found = abignore(old, new, rule).into_iter();
    found.filter_map(|f| Some(f.strip_suffix(" (suppressed)")?.to_string())).collect()
}

#[test]
fn kinds_of_change() {
    let (old, new) = ("fn gone()\nfn f(n: int)\nvar v: int\n", "fn f(n: long)\nfn came()\nvar v: long\n");
    let rule = |text: &str| suppressed(old, new, &format!("[suppress_function]\nname_regexp = .*\n{text}\n"));
    assert_eq!(rule(""), ["came: symbol-added", "f: type-changed", "gone: symbol-removed"]);
    assert_eq!(rule("change_kind = added-function"), ["came: symbol-added"]);
    assert_eq!(rule("change_kind = deleted-function"), ["gone: symbol-removed"]);
    assert_eq!(rule("change_kind = function-subtype-change"), ["f: type-changed"]);
    let variable =
        suppressed(old, new, "[suppress_variable]\nname = v\nchange_kind = variable-subtype-change\n");
    assert!(!variable.is_empty() && variable.iter().all(|f| f.starts_with("v:")), "{variable:?}");
    // A label alone stands for all functions, by the manual.
    assert_eq!(suppressed(old, new, "[suppress_function]\nlabel = all\n").len(), 3);
}

#[test]
fn a_suppressed_function_hides_the_types_that_only_it_reaches() {
    let old = "struct S { a: int }\nfn f(s: struct S *)\n";
    let new = "struct S { a: long }\nfn f(s: struct S *)\n";
    assert_eq!(suppressed(old, new, "[suppress_function]\nname = f\n").len(), 1);
    let more = |text: &str| format!("{text}fn g(s: struct S *)\n");
    assert_eq!(suppressed(&more(old), &more(new), "[suppress_function]\nname = f\n").len(), 0);
}

#[test]
fn parameters_and_results() {
    let old = "fn f(n: int, p: const char *) -> int\nfn g(p: const char *) -> void\n";
    let new = "fn f(n: long, p: const char *) -> int\nfn g(p: const char *) -> int\n";
    let rule = |text: &str| suppressed(old, new, &format!("[suppress_function]\n{text}\n"));
    assert_eq!(rule("parameter = '0 int"), ["f: type-changed"]);
    assert_eq!(rule("parameter = '1 const char*"), ["f: type-changed"]);
    assert_eq!(rule("parameter = '0 /char\\\\*/"), ["g: type-changed"]);
    assert_eq!(rule("parameter = '2 int"), [""; 0]);
    assert_eq!(rule("return_type_name = void"), ["g: type-changed"]);
    assert_eq!(rule("return_type_regexp = ^int$"), ["f: type-changed", "g: type-changed"]);
    let (old, new) = ("var v: int *\nvar w: int\n", "var v: long *\nvar w: unsigned int\n");
    let found = suppressed(old, new, "[suppress_variable]\ntype_name = int*\n");
    assert!(!found.is_empty() && found.iter().all(|f| f.starts_with("v:")), "{found:?}");
}

#[test]
fn symbols_and_versions() {
    let (old, new) = ("fn keep()\nfn f@@V1()\nfn f2@@V2()\n", "fn keep()\n");
    let rule = |text: &str| suppressed(old, new, &format!("[suppress_function]\n{text}\n")).len();
    assert_eq!(rule("symbol_name = f"), 1);
    assert_eq!(rule("symbol_name_regexp = ^f"), 2);
    assert_eq!(rule("symbol_name_not_regexp = 2$"), 1);
    assert_eq!(rule("symbol_version = V2"), 1);
    assert_eq!(rule("symbol_version_regexp = ^V\\[0-9\\]$"), 2);
}

#[test]
fn aliases_must_all_match() {
    let (old, new) = ("fn x()\n", "fn x()\nfn bar() at 0x4000\nfn baz() at 0x4000\n");
    let rule = |text: &str| suppressed(old, new, &format!("[suppress_function]\n{text}\n")).len();
    assert_eq!(rule("name = bar"), 0);
    assert_eq!(rule("name_regexp = bar"), 0);
    assert_eq!(rule("name_regexp = bar|baz"), 2);
    assert_eq!(rule("symbol_name = bar"), 0);
    assert_eq!(rule("symbol_name_regexp = bar|baz"), 2);
    assert_eq!(rule("name = bar\nallow_other_aliases = yes"), 2);
}

#[test]
fn allowed_functions_are_those_that_stay() {
    let (old, new) = ("fn api_f()\nfn internal_f()\n", "");
    let found = suppressed(old, new, "[allow_function]\nsymbol_name_regexp = ^api_\n");
    assert_eq!(found, ["internal_f: symbol-removed"]);
}

#[test]
fn symbol_lists_keep_what_is_in_one_of_them() {
    let old = "struct S { a: int }\nfn a()\nfn b()\nfn c(s: struct S *)\n";
    let new = "struct S { a: long }\nfn c(s: struct S *)\n";
    let lists = "[kernel_x86_64_whitelist]\n  a\n  \n[other_symbol_list]\n# none\n  b\n";
    assert_eq!(suppressed(old, new, lists), ["struct S: record-size-changed alignment-changed type-changed"]);
    let one = "[kernel_x86_64_whitelist]\n  a\n";
    assert_eq!(
        suppressed(old, new, one),
        ["b: symbol-removed", "struct S: record-size-changed alignment-changed type-changed"]
    );
    // RHEL's Module.kabi tables name the same.
    let table = "# kabi\n0x1a2b3c4d\ta\tvmlinux\tEXPORT_SYMBOL_GPL\n0x00000001\tb\tvmlinux\tEXPORT_SYMBOL\n";
    assert_eq!(suppressed(old, new, table), ["struct S: record-size-changed alignment-changed type-changed"]);
}
