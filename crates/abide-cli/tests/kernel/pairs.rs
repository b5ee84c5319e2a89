//! Every kind of change between two kernels that are compiled here.

use std::process::Command;

use crate::build::{ModuleText, Source, image, module};
use crate::common::{Run, Workplace};
use crate::says;

const HEADER: &str = "\
struct inner { int a; long b; };
struct shared { int first; struct inner in; unsigned long reserved1; unsigned long reserved2; };
int use_shared(struct shared *s);
";

const CODE: &str = r#"
struct hidden { int x; };
int use_shared(struct shared *s) { return s->first; }
int plain(int a) { return a; }
int own(struct hidden *h) { return h->x; }
EXPORT(use_shared, 0x11111111, "", "")
EXPORT(plain, 0x22222222, "_gpl", "")
EXPORT(own, 0x33333333, "", "NS_OLD")
"#;

/// Checks the kernel above against one that differs by these replacements of text.
fn check(header: &[(&str, &str)], code: &[(&str, &str)], options: &[&str]) -> (Workplace, Run) {
    let work = Workplace::new();
    let replaced = |text: &str, changes: &[(&str, &str)]| {
        changes.iter().fold(text.to_owned(), |text, (from, to)| {
            assert!(text.contains(from), "{from} is not in the source");
            text.replace(from, to)
        })
    };
    let (new_header, new_code) = (replaced(HEADER, header), replaced(CODE, code));
    image(&work, "old/vmlinux", &Source { header: HEADER, code: CODE });
    image(&work, "new/vmlinux", &Source { header: &new_header, code: &new_code });
    let run = work.abide(&[&["check", "old/vmlinux", "new/vmlinux", "--all"], options].concat());
    (work, run)
}

#[test]
fn the_same_kernel_keeps_its_exports() {
    let (_, run) = check(&[], &[], &[]);
    says(&run, 0, &["3 → 3 exports; 0 of 3 checksums changed"]);
}

#[test]
fn a_changed_checksum_has_its_cause() {
    let (_, run) =
        check(&[("int a; long b;", "int a; long b; long c;")], &[("0x11111111", "0x11111112")], &[]);
    says(
        &run,
        1,
        &[
            "struct inner",
            "the checksum of 1 exported symbol changed [kernel-checksum-changed]",
            "checksum of use_shared: 0x11111111 → 0x11111112",
            "1 of 3 checksums changed, 1 explained by 1 difference of types",
        ],
    );
    assert!(!run.stdout.contains("[record-size-changed]"), "judged twice:\n{}", run.stdout);
}

#[test]
fn a_checksum_without_a_cause_is_said_to_have_none() {
    let (_, run) = check(&[], &[("0x22222222", "0x22222223")], &[]);
    says(
        &run,
        1,
        &["plain has another checksum; no difference of types tells why", "[kernel-checksum-changed]"],
    );
}

#[test]
fn exports_come_and_go() {
    let (_, run) = check(
        &[],
        &[
            ("EXPORT(plain, 0x22222222", "EXPORT(use_shared2, 0x22222222"),
            ("int plain", "int use_shared2(void) { return 0; }\nint plain"),
        ],
        &[],
    );
    says(
        &run,
        1,
        &[
            "break: plain is no longer exported [kernel-export-removed]",
            "safe: use_shared2 is exported now [kernel-export-added]",
        ],
    );
}

#[test]
fn licences_and_namespaces() {
    let (_, run) = check(
        &[],
        &[
            ("0x11111111, \"\"", "0x11111111, \"_gpl\""),
            ("0x22222222, \"_gpl\"", "0x22222222, \"\""),
            ("NS_OLD", "NS_NEW"),
        ],
        &[],
    );
    says(
        &run,
        1,
        &[
            "break: use_shared is exported to modules of GPL-compatible licences only",
            "safe: plain is exported to modules of every licence now",
            "break: own is exported in the namespace NS_NEW now",
        ],
    );
}

#[test]
fn what_equal_checksums_hide() {
    let (_, run) = check(&[("unsigned long reserved1;", "unsigned long used;")], &[], &[]);
    says(
        &run,
        0,
        &["struct shared", "[kernel-hidden-change]", "1 difference of types that no checksum tells of"],
    );
    let (_, run) = check(&[("int first; struct inner in;", "struct inner in; int first;")], &[], &[]);
    says(&run, 1, &["break: member 'first' moved from byte 0 to byte 16", "[kernel-hidden-change]"]);
    let (_, run) =
        check(&[("unsigned long reserved2; };", "unsigned long reserved2; long more; };")], &[], &[]);
    says(&run, 3, &["review: ", "member 'more'", "[kernel-hidden-change]"]);
    let (_, run) = check(&[], &[("struct hidden { int x; };", "struct hidden { long w; int x; };")], &[]);
    says(&run, 0, &["struct hidden", "[kernel-hidden-change]", "in a header of the kernel's own"]);
}

/// An object file with rules of gendwarfksyms.
fn rules(work: &Workplace, rules: &str) {
    let section = r#"__attribute__((section(".discard.gendwarfksyms.kabi_rules"), used, aligned(1)))"#;
    work.write("rules.c", format!("static const char rule[] {section} = {rules};\n"));
    let status = Command::new("cc")
        .args(["-c", "-o"])
        .args([work.path("rules.o"), work.path("rules.c")])
        .status()
        .expect("cc is installed");
    assert!(status.success());
}

#[test]
fn rules_about_checksums_say_what_is_hidden_on_purpose() {
    let moved = [("int first; struct inner in;", "struct inner in; int first;")];
    let (work, _) = check(&moved, &[], &[]);
    let again = ["check", "old/vmlinux", "new/vmlinux", "--all", "--kabi", "rules.o"];
    rules(&work, r#""1\0declonly\0shared\0""#);
    says(&work.abide(&again), 0, &["struct shared", "safe: member 'first' moved", "KABI_DECLONLY"]);
    rules(&work, r#""1\0byte_size\0shared\0""48""#);
    says(&work.abide(&again), 3, &["review: member 'first' moved", "KABI_BYTE_SIZE"]);
    // A rule about another type, and names that begin alike, say nothing.
    rules(&work, r#""1\0declonly\0share\0\0""1\0declonly\0shared_more\0""#);
    says(&work.abide(&again), 1, &["break: member 'first' moved"]);
    rules(&work, r#""1\0surprise\0shared\0""#);
    let run = work.abide(&again);
    assert_eq!(run.status, 2, "{}", run.stdout);
    assert!(run.stderr.contains("rule 1 is of the kind \"surprise\""), "{}", run.stderr);
    let run = work.abide(&["check", "old/vmlinux", "new/vmlinux", "--kabi", "old/vmlinux"]);
    assert_eq!(run.status, 2, "{}", run.stdout);
    assert!(run.stderr.contains("no section .discard.gendwarfksyms.kabi_rules"), "{}", run.stderr);
}

/// `scripts/gendwarfksyms/examples/kabi.h`: what a member becomes that is put in the place of a reserved one.
#[test]
fn members_in_the_place_of_what_gendwarfksyms_reserves() {
    let reserved =
        "struct shared { int first; struct inner in; unsigned long __kabi_reserved0; unsigned long b; };";
    let before = [(
        "struct shared { int first; struct inner in; unsigned long reserved1; unsigned long reserved2; };",
        reserved,
    )];
    let used = reserved.replace(
        "unsigned long __kabi_reserved0;",
        "union { int now; struct { unsigned long __kabi_reserved0; }; union { }; };",
    );
    let work = check(&before, &[], &[]).0;
    std::fs::rename(work.path("new"), work.path("first")).expect("renamed");
    let header = HEADER.replace(before[0].0, &used);
    image(&work, "new/vmlinux", &Source { header: &header, code: CODE });
    let run = work.abide(&["check", "first/vmlinux", "new/vmlinux", "--all"]);
    says(&run, 0, &["struct shared", "safe: ", "[kernel-hidden-change]"]);
}

#[test]
fn what_is_not_on_the_list_needs_a_person() {
    let list = |work: &Workplace| {
        work.write("kabi/Module.kabi_x86_64", "0x11111111\tuse_shared\tvmlinux\tEXPORT_SYMBOL\n");
        work.write("kabi/severities", "pla* PASS\n");
    };
    let change = [("EXPORT(plain, 0x22222222, \"_gpl\", \"\")", "")];
    let (work, _) = check(&[], &change, &[]);
    list(&work);
    let run = work.abide(&["check", "old/vmlinux", "new/vmlinux", "--kabi", "kabi/Module.kabi_x86_64"]);
    says(&run, 3, &["review: plain is no longer exported", "of 1 promised symbols 0 are gone or changed"]);
    let run = work.abide(&["check", "old/vmlinux", "new/vmlinux", "--kabi", "kabi/severities", "--all"]);
    says(&run, 0, &["safe: plain is no longer exported"]);
}

#[test]
fn a_stripped_image_has_the_same_exports() {
    let (work, _) = check(&[], &[("0x22222222", "0x22222223")], &[]);
    for side in ["old", "new"] {
        let status =
            Command::new("strip").arg(work.path(&format!("{side}/vmlinux"))).status().expect("strip");
        assert!(status.success());
    }
    let run = work.abide(&["check", "old/vmlinux", "new/vmlinux"]);
    says(&run, 1, &["3 → 3 exports; 1 of 3 checksums changed", "plain has another checksum"]);
}

#[test]
fn a_symbol_that_moved_to_a_module_is_still_there() {
    let info = ["name=t", "vermagic=6.1.0-1-test SMP ", "license=GPL", "intree=Y"];
    let plain = ModuleText {
        info: &info,
        versions: Some(&[]),
        code: "int plain(int a) { return a; }\nEXPORT(plain, 0x22222222, \"_gpl\", \"\")\n",
    };
    let other =
        ModuleText { code: "int else_(int a) { return a; }\nEXPORT(else_, 0x1, \"\", \"\")\n", ..plain };
    let (work, _) = check(&[], &[("EXPORT(plain, 0x22222222, \"_gpl\", \"\")", "")], &[]);
    module(&work, "old/kernel/t.ko", &other);
    module(&work, "new/kernel/t.ko", &plain);
    for side in ["old", "new"] {
        std::fs::remove_dir_all(work.path(&format!("{side}/vmlinux.build"))).expect("a folder");
        std::fs::remove_dir_all(work.path(&format!("{side}/kernel/t.ko.build"))).expect("a folder");
    }
    let run = work.abide(&["check", "old", "new"]);
    says(
        &run,
        1,
        &["review: plain moved from the kernel itself to module t", "break: else_ is no longer exported"],
    );
    assert!(!run.stdout.contains("plain is no longer exported"), "{}", run.stdout);
}
