//! `abide app MODULE… --types` and `--from`: would a module that loads work, with kernels and modules that are compiled here.

use crate::build::{ModuleText, Source, image, module};
use crate::common::{Run, Workplace};
use crate::says;

/// A kernel with one function that takes a structure, and one variable.
const CODE: &str = r#"
int use(struct dev *d) { return d->first; }
struct dev shared;
int plain(int a) { return a; }
EXPORT(use, 0x11111111, "", "")
EXPORT(shared, 0x22222222, "", "")
EXPORT(plain, 0x33333333, "", "")
"#;

const OLD: &str = "struct dev { int first; int second; long reserved1; };\n";
const MOVED: &str = "struct dev { int first; int between; int second; long reserved1; };\n";
const RESERVED: &str = "struct dev { int first; int second; long flags; };\n";
const GREW: &str = "struct dev { int first; int second; long reserved1; long more; };\n";

const INFO: &[&str] = &["name=foo", "vermagic=6.1.0-1-test SMP ", "license=GPL"];
const VERSIONS: &[(&str, u32)] = &[("use", 0x1111_1111), ("shared", 0x2222_2222), ("plain", 0x3333_3333)];

const USES: &str = "int use(struct dev *); extern struct dev shared;\n\
    int start(struct dev *d) { return use(d) + d->second + shared.second; }\n";

/// A module that was built for [`OLD`], on a kernel with another header.
fn on_kernel(header: &str, code: &str, options: &[&str]) -> Run {
    let work = Workplace::new();
    image(&work, "old/vmlinux", &Source { header: OLD, code: CODE });
    image(&work, "new/vmlinux", &Source { header, code: CODE });
    let code = format!("{OLD}{code}");
    module(&work, "m/foo.ko", &ModuleText { info: INFO, versions: Some(VERSIONS), code: &code });
    work.abide(&[&["app", "m/foo.ko", "--on", "new/vmlinux"], options].concat())
}

#[test]
fn what_the_checksums_hide_is_a_problem_of_the_module() {
    says(&on_kernel(MOVED, USES, &[]), 0, &["runs"]);
    let run = on_kernel(MOVED, USES, &["--types", "--verbose"]);
    let words = [
        "will not run",
        "struct dev",
        "'second' moved",
        "no checksum tells",
        "[kmod-type-differs]",
        "foo.ko",
    ];
    says(&run, 1, &words);
}

#[test]
fn a_module_that_was_built_for_the_kernel_works() {
    says(&on_kernel(OLD, USES, &["--types"]), 0, &["runs", "types of 2 compared"]);
}

#[test]
fn a_reserved_member_in_use_is_no_problem() {
    says(&on_kernel(RESERVED, USES, &["--types"]), 0, &["runs"]);
}

#[test]
fn what_was_appended_is_for_a_person() {
    let code = "int use(struct dev *);\nint start(struct dev *d) { return use(d) + d->second; }\n";
    says(&on_kernel(GREW, code, &["--types"]), 3, &["runs if", "grew"]);
}

#[test]
fn what_the_module_does_not_use_is_no_problem() {
    let code = "int plain(int);\nint start(int a) { return plain(a); }\n";
    says(&on_kernel(MOVED, code, &["--types"]), 0, &["runs"]);
}

#[test]
fn a_pointer_to_what_the_module_never_sees_is_no_problem() {
    let work = Workplace::new();
    image(&work, "vmlinux", &Source { header: MOVED, code: CODE });
    let code = "struct dev;\nint use(struct dev *);\nint start(struct dev *d) { return use(d); }\n";
    module(&work, "m/foo.ko", &ModuleText { info: INFO, versions: Some(VERSIONS), code });
    says(&work.abide(&["app", "m/foo.ko", "--types", "--on", "vmlinux"]), 0, &["runs"]);
}

#[test]
fn without_debug_information_it_is_open() {
    let work = Workplace::new();
    image(&work, "vmlinux", &Source { header: OLD, code: CODE });
    let code = format!("{OLD}{USES}");
    let file = module(&work, "m/foo.ko", &ModuleText { info: INFO, versions: Some(VERSIONS), code: &code });
    let run = std::process::Command::new("strip").arg("-g").arg(&file).status().expect("strip is installed");
    assert!(run.success());
    says(&work.abide(&["app", "m/foo.ko", "--types", "--on", "vmlinux"]), 3, &["undecided", "no debug info"]);
    // A list of exports has no types.
    work.write(
        "Module.symvers",
        "0x11111111\tuse\tvmlinux\tEXPORT_SYMBOL\t\n0x22222222\tshared\tvmlinux\tEXPORT_SYMBOL\t\n",
    );
    module(&work, "m/foo.ko", &ModuleText { info: INFO, versions: Some(VERSIONS), code: &code });
    let run = work.abide(&["app", "m/foo.ko", "--types", "--on", "Module.symvers", "--verbose"]);
    says(&run, 3, &["undecided", "do not define shared, use"]);
}

#[test]
fn modules_of_one_set_are_held_against_each_other() {
    let work = Workplace::new();
    image(&work, "vmlinux", &Source { header: OLD, code: CODE });
    let provider = "struct own { int a; int b; };\nint own(struct own *o) { return o->b; }\n\
        EXPORT(own, 0x44444444, \"\", \"\")\n";
    let user = "struct own { int a; int between; int b; };\nint own(struct own *);\n\
        int start(struct own *o) { return own(o) + o->b; }\n";
    let info = ["name=one", "vermagic=6.1.0-1-test SMP ", "license=GPL"];
    module(&work, "m/one.ko", &ModuleText { info: &info, versions: Some(&[]), code: provider });
    let versions: &[(&str, u32)] = &[("own", 0x4444_4444)];
    let info = ["name=two", "vermagic=6.1.0-1-test SMP ", "license=GPL"];
    module(&work, "m/two.ko", &ModuleText { info: &info, versions: Some(versions), code: user });
    let run = work.abide(&["app", "m/two.ko", "--types", "--on", "vmlinux,m/one.ko"]);
    assert_ne!(run.status, 0, "{}", run.stdout);
    let run = work.abide(&["app", "m", "--types", "--on", "vmlinux", "--verbose"]);
    says(&run, 1, &["will not run", "struct own", "two.ko: own"]);
}

#[test]
fn what_changed_between_two_kernels_for_a_module() {
    let run = on_kernel(MOVED, USES, &["--from", "old/vmlinux", "--verbose"]);
    says(&run, 1, &["will not run", "struct dev", "[kernel-hidden-change]", "foo.ko: shared, use"]);
    says(&on_kernel(OLD, USES, &["--from", "old/vmlinux"]), 0, &["runs"]);
    let code = "int plain(int);\nint start(int a) { return plain(a); }\n";
    says(&on_kernel(MOVED, code, &["--from", "old/vmlinux"]), 0, &["runs"]);
    let run = on_kernel(MOVED, USES, &["--from", "m"]);
    assert_eq!(run.status, 2, "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("there is no kernel in m"), "{}", run.stderr);
}
