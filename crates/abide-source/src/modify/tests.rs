//! Every action on small specs: what it does, and where the format's existing tool does otherwise.

use std::collections::BTreeMap;

use super::*;

const SPEC: &str = "Name: foo
Version: 1.0
Release: 1%{?dist}
Summary: A A A
License: MIT
Source0: foo.tar.gz
Patch0: a.patch
# comment keepme A
Requires: clang-A clang-A
Requires: clang-A
  Indented: yes
%description
A
%prep
%setup -q
%patch0 -p1
%build
%changelog
* Mon Jan 01 2024 X <x@x> - 1.0-1
- A
";

type Tree = BTreeMap<String, Vec<u8>>;

fn tree(files: &[(&str, &str)]) -> Tree {
    files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect()
}

struct Done {
    tree: Tree,
    notes: Vec<Note>,
}

impl Done {
    fn spec(&self) -> &str {
        let key = self.tree.keys().find(|path| path.ends_with(".spec")).unwrap();
        std::str::from_utf8(&self.tree[key]).unwrap()
    }

    fn warnings(&self) -> Vec<&str> {
        self.notes.iter().filter(|note| note.warning).map(|note| note.message.as_str()).collect()
    }
}

fn run_tree(package: &Tree, actions: &str, tags: &[&str]) -> Result<Done, String> {
    let modifications = config::read(actions).map_err(|e| e.to_string())?;
    let beside = tree(&[
        ("files/b.patch", "x"),
        ("files/c.patch", "x"),
        ("files/my.fix-1.2.patch", "x"),
        ("files/s.pem", "x"),
        ("files/t.pem", "x"),
        ("scripts/x.sh", "true"),
    ]);
    let tags: Vec<String> = tags.iter().map(|tag| (*tag).to_owned()).collect();
    let request = Request {
        modifications: &modifications,
        package,
        beside: &beside,
        date: Date::parse("2025-01-14").unwrap(),
        el_version: Some("9".into()),
        tags: &tags,
        ask_rpm: None,
        scripts: None,
    };
    let outcome = apply(&request).map_err(|e| e.to_string())?;
    let mut tree = package.clone();
    for change in outcome.changes {
        match change.after {
            Some(content) => tree.insert(change.path, content),
            None => tree.remove(&change.path),
        };
    }
    Ok(Done { tree, notes: outcome.notes })
}

/// Applies actions to a spec and gives the lines that differ.
fn differences(spec: &str, actions: &str) -> String {
    let done = run(spec, actions);
    let change = Change {
        path: "foo.spec".into(),
        before: Some(spec.as_bytes().to_vec()),
        after: Some(done.spec().as_bytes().to_vec()),
    };
    let diff = crate::diff::unified(&[change]);
    diff.lines().skip(2).filter(|line| line.starts_with(['+', '-'])).map(|line| format!("{line}\n")).collect()
}

fn run(spec: &str, actions: &str) -> Done {
    run_tree(&tree(&[("foo.spec", spec)]), &format!("actions:\n{actions}"), &[]).unwrap()
}

fn refusal(spec: &str, actions: &str) -> String {
    match run_tree(&tree(&[("foo.spec", spec)]), &format!("actions:\n{actions}"), &[]) {
        Ok(done) => panic!("not refused:\n{}", done.spec()),
        Err(error) => error,
    }
}

fn replace(find: &str, rest: &str) -> String {
    format!("  - replace:\n    - target: spec\n      {find}\n{rest}")
}

#[test]
fn replace_counts_over_the_whole_file() {
    let one = differences(SPEC, &replace("find: clang-A", "      replace: X\n      count: 1\n"));
    assert_eq!(one, "-Requires: clang-A clang-A\n+Requires: X clang-A\n");
    let two = differences(SPEC, &replace("find: clang-A", "      replace: X\n      count: 2\n"));
    assert_eq!(two, "-Requires: clang-A clang-A\n+Requires: X X\n");
    // The existing tool counts expressions anew on each line, and only to one.
    for count in [1, 2] {
        let by_text = differences(
            SPEC,
            &replace("find: clang-A", &format!("      replace: X\n      count: {count}\n")),
        );
        let by_rule = differences(
            SPEC,
            &replace("rfind: clang-.", &format!("      replace: X\n      count: {count}\n")),
        );
        assert_eq!(by_rule, by_text);
    }
    let all = differences(SPEC, &replace("rfind: clang-.", "      replace: X\n"));
    assert_eq!(all, "-Requires: clang-A clang-A\n-Requires: clang-A\n+Requires: X X\n+Requires: X\n");
}

#[test]
fn replace_leaves_comments_and_the_changelog() {
    let all = differences(SPEC, &replace("find: A", "      replace: Z\n"));
    assert!(all.contains("+Summary: Z Z Z\n") && !all.contains("keepme") && !all.contains("- A"), "{all}");
    let comment = differences(SPEC, &replace("find: '# comment keepme'", "      replace: '# c'\n"));
    assert_eq!(comment, "-# comment keepme A\n+# c A\n");
}

#[test]
fn what_was_put_in_is_not_replaced_again() {
    let all = differences(SPEC, &replace("find: clang-A", "      replace: clang-AA\n"));
    assert!(all.contains("+Requires: clang-AA clang-AA\n+Requires: clang-AA\n"), "{all}");
}

#[test]
fn an_empty_replacement_deletes() {
    let gone = differences(SPEC, &replace("find: ' clang-A'", "      replace: ''\n      count: 1\n"));
    assert_eq!(gone, "-Requires: clang-A clang-A\n+Requires: clang-A\n");
    let block = "find: |\n        Requires: clang-A\n        Indented: yes";
    assert_eq!(
        differences(SPEC, &replace(block, "      replace: ''\n")),
        "-Requires: clang-A\n-  Indented: yes\n"
    );
}

#[test]
fn expressions_may_span_lines_and_use_groups() {
    let lines =
        differences(SPEC, &replace("rfind: \"Requires:.*\\nRequires:.*\"", "      replace: \"R: x\\n\"\n"));
    assert_eq!(lines, "-Requires: clang-A clang-A\n-Requires: clang-A\n+R: x\n");
    let groups =
        differences(SPEC, &replace("rfind: '^(Source)0: (?=foo)'", "      replace: '\\g<1>7: new-'\n"));
    assert_eq!(groups, "-Source0: foo.tar.gz\n+Source7: new-foo.tar.gz\n");
    let error = refusal(SPEC, &replace("rfind: '(a'", "      replace: b\n"));
    assert!(error.contains("replace (line 3)") && error.contains("no regular expression"), "{error}");
}

#[test]
fn blocks_match_whatever_their_indentation_and_keep_it() {
    let spec = SPEC.replace("%build\n", "%build\n    --one \\\n\t--two \\\n");
    let find = "find: |\n        --one \\\n        --two \\";
    let with =
        "      replace: |\n        --one \\\n\n        %ifarch x\n          --three \\\n        %endif\n";
    assert_eq!(
        differences(&spec, &replace(find, with)),
        "-\t--two \\\n+\n+    %ifarch x\n+      --three \\\n+    %endif\n"
    );
    let one = "find: '--one \\'";
    assert_eq!(
        differences(&spec, &replace(one, "      replace: |\n        --a \\\n        --b \\\n")),
        "-    --one \\\n+    --a \\\n+    --b \\\n"
    );
}

#[test]
fn no_match_is_refused_with_the_nearest_line() {
    let error = refusal(SPEC, &replace("find: 'Requires: clang-B'", "      replace: x\n"));
    assert_eq!(
        error,
        "replace (line 3): \"Requires: clang-B\" is not in foo.spec; nearest is line 10: Requires: clang-A"
    );
    let second = "  - replace:\n    - target: spec\n      find: Version\n      replace: V\n    - target: spec\n      \
                  find: nope\n      replace: x\n";
    assert!(refusal(SPEC, second).starts_with("replace (line 6): \"nope\" is not in foo.spec"));
}

#[test]
fn a_count_that_is_not_reached_is_said() {
    let done = run(SPEC, &replace("find: Version", "      replace: V\n      count: 5\n"));
    assert!(done.spec().contains("\nV: 1.0\n"));
    assert_eq!(done.warnings(), ["foo.spec: count is 5, found 1; has the original changed?"]);
}

#[test]
fn targets_are_names_paths_and_patterns() {
    let package = tree(&[
        ("foo.spec", SPEC),
        ("a.config", "Q\n"),
        ("b.config", "Z\n"),
        ("tests/t.txt", "Q\n"),
        ("x/same", "Q\n"),
        ("y/same", "Q\n"),
    ]);
    let on = |target: &str| {
        run_tree(
            &package,
            &format!("actions:\n  - replace:\n    - target: '{target}'\n      find: Q\n      replace: R\n"),
            &[],
        )
    };
    assert_eq!(on("*.config").unwrap().tree["a.config"], b"R\n");
    assert_eq!(on("t.txt").unwrap().tree["tests/t.txt"], b"R\n");
    assert_eq!(on("x/same").unwrap().tree["x/same"], b"R\n");
    assert!(on("same").err().unwrap().contains("x/same or y/same"));
    assert!(on("b.config").err().unwrap().contains("\"Q\" is not in b.config"));
    assert!(on("a.confi").err().unwrap().contains("nearest is a.config"));
    assert!(on("*.none").err().unwrap().contains("there is no file \"*.none\""));
}

#[test]
fn bytes_that_are_no_text_stay() {
    let mut package = tree(&[("foo.spec", SPEC)]);
    package.insert("latin1".into(), b"caf\xe9 Q \xff\n".to_vec());
    let actions = "actions:\n  - replace:\n    - target: latin1\n      find: Q\n      replace: é\n";
    let done = run_tree(&package, actions, &[]).unwrap();
    assert_eq!(done.tree["latin1"], b"caf\xe9 \xc3\xa9 \xff\n");
}

fn delete(line: &str) -> String {
    format!("  - delete_line:\n    - target: spec\n      lines:\n        - {line}\n")
}

#[test]
fn whole_lines_are_deleted() {
    assert_eq!(differences(SPEC, &delete("'Requires: clang-A'")), "-Requires: clang-A\n");
    assert_eq!(differences(SPEC, &delete("'Indented: yes'")), "-  Indented: yes\n");
    // The existing tool finds no line whose white space is given.
    assert_eq!(differences(SPEC, &delete("'  Indented: yes'")), "-  Indented: yes\n");
    let block = delete("|\n          %setup -q\n          %patch0 -p1");
    assert_eq!(differences(SPEC, &block), "-%setup -q\n-%patch0 -p1\n");
    let error = refusal(SPEC, &delete("clang"));
    assert!(error.starts_with("delete_line (line 3): \"clang\" is not in foo.spec"), "{error}");
    // What stands in the changelog is history.
    assert!(refusal(SPEC, &delete("'- A'")).contains("is not in foo.spec"));
}

fn release(rest: &str) -> String {
    format!("  - modify_release:\n{rest}")
}

#[test]
fn releases_get_a_suffix() {
    let a = release("    - suffix: .a\n");
    assert_eq!(differences(SPEC, &a), "-Release: 1%{?dist}\n+Release: 1%{?dist}.a\n");
    let twice = release("    - suffix: .a\n    - suffix: .b\n");
    assert!(differences(SPEC, &twice).contains("+Release: 1%{?dist}.a.b\n"));
    // The existing tool stops at the first that is not enabled.
    let second = release("    - suffix: .a\n      enabled: false\n    - suffix: .b\n");
    assert!(differences(SPEC, &second).contains("+Release: 1%{?dist}.b\n"));
    // It writes behind white space, and misses other spellings.
    let space = SPEC.replace("Release: 1%{?dist}", "Release: 1%{?dist}  ");
    assert!(differences(&space, &a).contains("+Release: 1%{?dist}.a  \n"));
    let lower = SPEC.replace("Release:", "release :");
    assert!(differences(&lower, &a).contains("+release : 1%{?dist}.a\n"));
    let none = SPEC.replace("Release:", "Releasing:");
    let error = refusal(&none, &a);
    assert!(error.contains("a Release tag is not in foo.spec; nearest is line 3"), "{error}");
}

#[test]
fn subpackages_have_releases_and_descriptions_do_not() {
    let spec =
        SPEC.replace("%description\nA\n", "%package -n bar\nRelease: 2\n%description\nRelease: notes\n");
    let found = differences(&spec, &release("    - suffix: .a\n"));
    assert_eq!(found, "-Release: 1%{?dist}\n+Release: 1%{?dist}.a\n-Release: 2\n+Release: 2.a\n");
}

#[test]
fn a_release_that_is_counted() {
    let counted = SPEC.replace("Release: 1%{?dist}", "Release: %autorelease");
    let done = run(&counted, &release("    - suffix: .a\n"));
    assert_eq!(done.spec(), counted);
    assert!(done.warnings()[0].contains(".a is not in the spec"), "{:?}", done.warnings());
    let defined =
        format!("%define autorelease(e:n) %{{lua:\n    print(1);\n}}%{{!?-n:%{{?dist}}}}\n{counted}");
    assert_eq!(
        differences(&defined, &release("    - suffix: .a\n")),
        "-}%{!?-n:%{?dist}}\n+}%{!?-n:%{?dist}}.a\n"
    );
}

#[test]
fn suffixes_count_on_from_tags() {
    let actions = "actions:\n  - modify_release:\n    - suffix: .a.1\n      auto_increment: true\n";
    let on = |tags: &[&str]| {
        let done = run_tree(&tree(&[("foo.spec", SPEC)]), actions, tags).unwrap();
        done.spec().lines().nth(2).unwrap().to_owned()
    };
    assert_eq!(on(&[]), "Release: 1%{?dist}.a.1");
    assert_eq!(
        on(&["changed/a9/foo-1.0-1.el9.a.9", "changed/a9/foo-1.0-1.el9_5.a.10"]),
        "Release: 1%{?dist}.a.11"
    );
    assert_eq!(on(&["changed/a9/foo-1.1-1.el9.a.9"]), "Release: 1%{?dist}.a.1");
}

fn entry(name: &str, line: &str) -> String {
    format!("    - name: {name}\n      email: e@e\n      line:\n        - {line}\n")
}

#[test]
fn changelog_entries() {
    let two = format!("  - changelog_entry:\n{}{}", entry("N1", "first"), entry("N2", "second"));
    let expected = "+* Tue Jan 14 2025 N1 <e@e> - 1.0-1\n+- first\n+\n+* Tue Jan 14 2025 N2 <e@e> - 1.0-1\n+- second\n+\n";
    assert_eq!(differences(SPEC, &two), expected);
    // The existing tool writes nothing after a header with white space, and says that it has.
    assert_eq!(differences(&SPEC.replace("%changelog", "%changelog "), &two), expected);
    let epoch = SPEC.replace("Version:", "Epoch: 2\nVersion:");
    let one = format!("  - changelog_entry:\n{}", entry("N", "x"));
    assert!(differences(&epoch, &one).contains(" - 2:1.0-1\n"));
    let auto = SPEC.replace("* Mon Jan 01 2024 X <x@x> - 1.0-1\n- A\n", "%autochangelog\n");
    assert_eq!(differences(&auto, &one), "");
    let none = SPEC.split("%changelog").next().unwrap();
    assert!(refusal(none, &one).contains("a %changelog section is not in foo.spec"));
}

#[test]
fn changelog_names_the_release_of_the_end() {
    let entry = format!("  - changelog_entry:\n{}", entry("N", "x"));
    let suffix = release("    - suffix: .a\n");
    for actions in [format!("{entry}{suffix}"), format!("{suffix}{entry}")] {
        assert!(differences(SPEC, &actions).contains("<e@e> - 1.0-1.a\n"));
    }
}

#[test]
fn a_release_that_needs_rpm_is_refused_unless_taken_as_written() {
    let spec = SPEC.replace("Version: 1.0", "Version: %(date)");
    let entry = format!("  - changelog_entry:\n{}", entry("N", "x"));
    let error = refusal(&spec, &entry);
    assert!(
        error.contains("Version (%(date)) is not known without running rpm: it runs a program"),
        "{error}"
    );
    let actions = format!("parameters:\n  ignore_version_macros: true\nactions:\n{entry}");
    let done = run_tree(&tree(&[("foo.spec", &spec)]), &actions, &[]).unwrap();
    assert!(done.spec().contains("<e@e> - %(date)-1\n"));
}

fn add(kind: &str, files: &[&str]) -> String {
    let entries = files.iter().map(|file| format!("    - type: {kind}\n      name: {file}\n"));
    format!("  - add_files:\n{}", entries.collect::<String>())
}

#[test]
fn patches_are_named_and_applied() {
    assert_eq!(
        differences(SPEC, &add("patch", &["my.fix-1.2.patch"])),
        "+\n+# AlmaLinux Patch\n+Patch1: my.fix-1.2.patch\n+\n+# Applying AlmaLinux Patch\n+%patch1 -p1 -b .myfix-12\n"
    );
    assert_eq!(
        differences(SPEC, &add("patch", &["b.patch\n      number: 1000", "c.patch\n      no_backup: true"])),
        "+\n+# AlmaLinux Patch\n+Patch1000: b.patch\n+Patch1001: c.patch\n+\n+# Applying AlmaLinux Patch\n\
         +%patch1000 -p1 -b .b\n+%patch1001 -p1\n"
    );
    assert!(run(SPEC, &add("patch", &["b.patch"])).tree.contains_key("b.patch"));
    assert!(refusal(SPEC, &add("patch", &["zz.patch"])).contains("there is no files/zz.patch"));
}

#[test]
fn marks_can_be_left_out_or_carry_another_name() {
    let off = differences(SPEC, &add("patch", &["b.patch\n      insert_almalinux_line: false"]));
    assert_eq!(off, "+Patch1: b.patch\n+%patch1 -p1 -b .b\n");
    let other = format!("parameters:\n  vendor: Rocky\nactions:\n{}", add("patch", &["b.patch"]));
    let done = run_tree(&tree(&[("foo.spec", SPEC)]), &other, &[]).unwrap();
    assert!(done.spec().contains("# Rocky Patch\n") && done.spec().contains("# Applying Rocky Patch\n"));
}

#[test]
fn every_style_of_applying() {
    let style = |prep: &str| {
        let spec = SPEC.replace("%setup -q\n%patch0 -p1\n", prep);
        let found = differences(
            &spec,
            &add("patch", &["b.patch\n      number: 7\n      insert_almalinux_line: false"]),
        );
        found.strip_prefix("+Patch7: b.patch\n").unwrap_or(&found).to_owned()
    };
    assert_eq!(style("%setup -q\n%patch0 -p1\n"), "+%patch7 -p1 -b .b\n");
    assert_eq!(style("%setup -q\n%patch -P 0 -p1\n"), "+%patch -P 7 -p1 -b .b\n");
    assert_eq!(style("%setup -q\n%patch -P0 -p1\n"), "+%patch -P7 -p1 -b .b\n");
    assert_eq!(style("%setup -q\n%patch 0 -p1\n"), "+%patch 7 -p1 -b .b\n");
    assert_eq!(style("%setup -q\n"), "+%patch -P 7 -p1 -b .b\n");
    assert_eq!(
        style("ApplyPatch()\n{\n  ApplyPatch $1\n}\nApplyOptionalPatch a.patch\n"),
        "+ApplyPatch b.patch\n"
    );
    for whole in [
        "%autosetup -p1\n",
        "%setup -q\n%autopatch -p1\n",
        "%autopatch -m 5 -M 9 -p1\n",
        "git am %{patches}\n",
    ] {
        assert_eq!(style(whole), "", "{whole}");
    }
    assert_eq!(style("%setup -q\n%autopatch -p1 -M 5\n"), "+%patch -P 7 -p1 -b .b\n");
    assert_eq!(style("%autosetup -N\n"), "+%patch -P 7 -p1 -b .b\n");
}

#[test]
fn a_spec_that_applies_nothing_is_refused() {
    let spec = SPEC.replace("%setup -q\n%patch0 -p1\n", "tar xf x\n");
    let error = refusal(&spec, &add("patch", &["b.patch"]));
    assert!(error.starts_with("add_files (line 3): foo.spec has neither %setup nor"), "{error}");
}

#[test]
fn patches_go_behind_conditions() {
    let spec = SPEC
        .replace("Patch0: a.patch\n", "Patch0: a.patch\n%if 1\nPatch1: z.patch\n%endif\n")
        .replace("%patch0 -p1\n", "%patch0 -p1\n%if 1\n%patch1 -p1\n%endif\n");
    let done = run(&spec, &add("patch", &["b.patch\n      number: 1000"]));
    // The existing tool cuts the comment off from the line it stands above.
    assert!(
        done.spec().contains("%endif\n\n# AlmaLinux Patch\nPatch1000: b.patch\n# comment keepme A\nRequires")
    );
    assert!(done.spec().contains("%endif\n\n# Applying AlmaLinux Patch\n%patch1000 -p1 -b .b\n%build"));
    let pushed = SPEC.replace("%patch0 -p1\n", "pushd x\n%patch0 -p1\npopd\n");
    assert!(
        run(&pushed, &add("patch", &["b.patch"]))
            .spec()
            .contains("popd\n\n# Applying AlmaLinux Patch\n%patch1")
    );
}

#[test]
fn patches_that_rpm_counts() {
    let spec = SPEC.replace("Patch0:", "Patch:").replace("%patch0", "%patch -P 0");
    assert_eq!(
        differences(&spec, &add("patch", &["b.patch", "c.patch"])),
        "+\n+# AlmaLinux Patch\n+Patch: b.patch\n+Patch: c.patch\n+\n+# Applying AlmaLinux Patch\n\
         +%patch -P 1 -p1 -b .b\n+%patch -P 2 -p1 -b .c\n"
    );
}

#[test]
fn lists_of_patches() {
    let spec = SPEC
        .replace("Patch0: a.patch\n", "")
        .replace("%setup -q\n%patch0 -p1\n", "%autosetup\n")
        .replace("%description\n", "%patchlist\na.patch\n\n%description\n");
    let done = run(&spec, &add("patch", &["b.patch"]));
    assert!(
        done.spec().contains("%patchlist\na.patch\n\n# AlmaLinux Patch\nb.patch\n\n%description"),
        "{}",
        done.spec()
    );
    let numbered = run(&spec, &add("patch", &["b.patch\n      number: 1"]));
    assert!(numbered.spec().contains("Source0: foo.tar.gz\n\n# AlmaLinux Patch\nPatch1: b.patch\n"));
}

#[test]
fn files_of_patch_lines() {
    let spec = SPEC
        .replace("Patch0: a.patch\n", "Source1: foo.patches\n%include %{SOURCE1}\n")
        .replace("%setup -q\n%patch0 -p1\n", "%setup -q\ngit am %{patches}\n");
    let package = tree(&[("foo.spec", &spec), ("foo.patches", "Patch0001: 1.patch\nPatch0002: 2.patch\n")]);
    let actions = format!("actions:\n{}", add("patch", &["b.patch", "c.patch\n      number: 9"]));
    let done = run_tree(&package, &actions, &[]).unwrap();
    assert_eq!(done.spec(), spec);
    let list = String::from_utf8(done.tree["foo.patches"].clone()).unwrap();
    assert_eq!(
        list,
        "Patch0001: 1.patch\nPatch0002: 2.patch\n\n# AlmaLinux Patch\nPatch3: b.patch\nPatch9: c.patch\n"
    );
}

#[test]
fn sources_are_named_where_they_belong() {
    assert_eq!(
        differences(SPEC, &add("source", &["s.pem", "t.pem\n      number: 300"])),
        "+\n+# AlmaLinux Source\n+Source1: s.pem\n+Source300: t.pem\n"
    );
    let layout = tree(&[("SPECS/foo.spec", SPEC), ("SOURCES/y", "")]);
    let done = run_tree(&layout, &format!("actions:\n{}", add("source", &["s.pem"])), &[]).unwrap();
    assert!(done.tree.contains_key("SOURCES/s.pem"));
    let only = run(SPEC, &add("source", &["s.pem\n      modify_spec: false"]));
    assert!(only.spec() == SPEC && only.tree.contains_key("s.pem"));
}

#[test]
fn a_number_for_two_files_is_refused() {
    let patches = refusal(SPEC, &add("patch", &["b.patch\n      number: 5", "c.patch\n      number: 5"]));
    assert!(
        patches.starts_with(
            "add_files (line 3): Patch 5 would stand for b.patch (foo.spec, line 10) and c.patch"
        ),
        "{patches}"
    );
    // The existing tool does not look at sources.
    let sources = refusal(SPEC, &add("source", &["s.pem\n      number: 5", "t.pem\n      number: 5"]));
    assert!(sources.contains("Source 5 would stand for s.pem"), "{sources}");
    // What a later step takes away does not count.
    let spec = SPEC.replace("Source0:", "Source5: old\nSource0:");
    let swapped = format!("{}{}", add("source", &["s.pem\n      number: 5"]), delete("'Source5: old'"));
    assert!(run(&spec, &swapped).spec().contains("Source5: s.pem"));
}

#[test]
fn an_origin_becomes_the_comment_above_the_patch() {
    let origin = "b.patch\n      origin:\n        link: https://example.org/commit/1\n        kind: bug\n        reason: |\n          \
                  It crashed at 100%.\n          Often.\n        bug: [RHEL-1, RHEL-2]\n        cve: CVE-2024-12345\n        \
                  upstream: merged in 1.1\n        approved-by: A. Person\n        expires: 2026-01-31";
    let found = differences(SPEC, &add("patch", &[origin]));
    assert!(
        found.starts_with(
            "+\n+# AlmaLinux Patch\n+# It crashed at 100%%.\n+# Often.\n+# Origin: https://example.org/commit/1\n+# Kind: bug\n\
             +# Bug: RHEL-1, RHEL-2\n+# CVE: CVE-2024-12345\n+# Upstream-Status: merged in 1.1\n+# Approved-By: A. Person\n\
             +# Expires: 2026-01-31\n+Patch1: b.patch\n"
        ),
        "{found}"
    );
    for (origin, words) in [
        ("kind: odd", "kind is one of"),
        ("cve: CVE-1", "no CVE identifier"),
        ("expires: soon", "expires is a date"),
        ("lnik: x", "did you mean \"link\""),
    ] {
        let error = refusal(SPEC, &add("patch", &[&format!("b.patch\n      origin:\n        {origin}")]));
        assert!(error.contains(words) && error.starts_with("line 6:"), "{error}");
    }
}

#[test]
fn files_are_deleted_or_taken_out_of_the_metadata() {
    let metadata = "00 SOURCES/a.patch\n01 SOURCES/foo.tar.gz\n";
    let sources = "SHA512 (fooXtar.gz) = aa\nSHA512 (foo.tar.gz) = bb\n";
    let package =
        tree(&[("foo.spec", SPEC), ("a.patch", "x"), (".foo.metadata", metadata), ("sources", sources)]);
    let delete = |name: &str| {
        run_tree(&package, &format!("actions:\n  - delete_files:\n    - file_name: {name}\n"), &[])
    };
    let present = delete("a.patch").unwrap();
    assert!(!present.tree.contains_key("a.patch"));
    assert_eq!(present.tree[".foo.metadata"], metadata.as_bytes());
    let archive = delete("foo.tar.gz").unwrap();
    assert_eq!(archive.tree["sources"], b"SHA512 (fooXtar.gz) = aa\n");
    assert_eq!(archive.tree[".foo.metadata"], b"00 SOURCES/a.patch\n");
    // The existing tool is content with a file that is nowhere.
    assert!(delete("nope").err().unwrap().contains("there is no file \"nope\""));
}

fn add_line(section: &str, location: &str, rest: &str) -> String {
    format!(
        "  - add_line:\n    - target: spec\n      section: {section}\n      location: {location}\n      content: make\n{rest}"
    )
}

#[test]
fn lines_are_added_to_sections() {
    let at = |actions: &str| run(SPEC, actions).spec().to_owned();
    assert!(at(&add_line("global", "top", "")).starts_with("make\n\nName: foo\n"));
    assert!(at(&add_line("build", "bottom", "")).contains("%build\nmake\n\n%changelog\n"));
    assert!(at(&add_line("prep", "top", "")).contains("%prep\nmake\n\n%setup -q\n"));
    let error = refusal(SPEC, &add_line("check", "bottom", ""));
    assert!(error.starts_with("add_line (line 3): a section check is not in foo.spec"), "{error}");
}

#[test]
fn sections_of_subpackages() {
    let spec =
        SPEC.replace("%changelog", "%files\n/a\n\n%if 1\n# of bar\n%files -n bar\n/b\n%endif\n\n%changelog");
    let main = run(&spec, &add_line("files", "bottom", ""));
    assert!(
        main.spec().contains("%files\n/a\n\nmake\n\n%if 1\n# of bar\n%files -n bar\n"),
        "{}",
        main.spec()
    );
    let bar = run(&spec, &add_line("files", "top", "      subpackage: bar\n"));
    assert!(bar.spec().contains("%files -n bar\nmake\n\n/b\n"));
    let twice = format!("{spec}%files\n/c\n");
    assert!(refusal(&twice, &add_line("files", "top", "")).contains("more than once"));
}

#[test]
fn scripts_run_only_when_allowed() {
    let error = refusal(SPEC, "  - run_script:\n    - script: x.sh\n");
    assert!(error.contains("scripts/x.sh was not run: scripts run only when allowed"), "{error}");
    assert!(refusal(SPEC, "  - run_script:\n    - script: y.sh\n").contains("there is no scripts/y.sh"));
}

#[test]
fn a_package_has_one_spec() {
    let two = tree(&[("a.spec", SPEC), ("b.spec", SPEC)]);
    let actions = "actions:\n  - modify_release:\n    - suffix: .a\n";
    assert!(run_tree(&two, actions, &[]).err().unwrap().contains("2 spec files"));
    assert!(run_tree(&Tree::new(), actions, &[]).err().unwrap().contains("no spec file"));
}
