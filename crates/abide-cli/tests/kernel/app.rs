//! `abide app MODULE… --on KERNEL`, with kernels and modules that are compiled here.

use crate::build::{ModuleText, Source, image, module};
use crate::common::{Run, Workplace};
use crate::says;

const CODE: &str = r#"
int kept(int a) { return a; }
int other(int a) { return a + 1; }
int only_gpl(int a) { return a + 2; }
int spaced(int a) { return a + 3; }
EXPORT(kept, 0x11111111, "", "")
EXPORT(other, 0x22222222, "", "")
EXPORT(only_gpl, 0x33333333, "_gpl", "")
EXPORT(spaced, 0x44444444, "", "SPACE")
"#;

const USES: &str = "int kept(int); int other(int); int only_gpl(int); int spaced(int); int gone(int);\n";

/// The module on the kernel above; its functions are what `calls` names.
fn on_kernel(calls: &str, info: &[&str], versions: Option<&[(&str, u32)]>, options: &[&str]) -> Run {
    let work = Workplace::new();
    image(&work, "vmlinux", &Source { header: "struct unused;\n", code: CODE });
    let code = format!("{USES}int start(int a) {{ return {calls}; }}\n");
    module(&work, "m/foo.ko", &ModuleText { info, versions, code: &code });
    work.write("kabi/Module.kabi_x86_64", "0x11111111\tkept\tvmlinux\tEXPORT_SYMBOL\n");
    work.abide(&[&["app", "m/foo.ko", "--on", "vmlinux"], options].concat())
}

const GPL: &[&str] = &["name=foo", "vermagic=6.1.0-1-test SMP ", "license=GPL", "import_ns=SPACE"];

#[test]
fn a_module_that_loads() {
    // Whether the kernel's own modules export more is not known from its image alone, and need not be.
    let versions: &[(&str, u32)] = &[("kept", 0x1111_1111), ("spaced", 0x4444_4444)];
    let run = on_kernel("kept(a) + spaced(a)", GPL, Some(versions), &[]);
    says(&run, 0, &["runs"]);
}

#[test]
fn every_refusal_is_named() {
    let versions: &[(&str, u32)] =
        &[("kept", 0x1111_1111), ("other", 0x99), ("only_gpl", 0x3333_3333), ("spaced", 0x4444_4444)];
    let info = ["name=foo", "vermagic=6.1.0-1-test SMP ", "license=Proprietary"];
    let run =
        on_kernel("kept(a) + other(a) + only_gpl(a) + spaced(a)", &info, Some(versions), &["--verbose"]);
    says(
        &run,
        1,
        &[
            "1 module was built with other checksums of other",
            "other (built with 0x00000099, found 0x22222222)",
            "only_gpl is for GPL-compatible licences, and 1 module has another",
            "1 module does not import the namespace of spaced",
            "1 module has no signature",
        ],
    );
}

#[test]
fn what_is_not_known_leaves_it_open() {
    let run = on_kernel("kept(a) + gone(a)", GPL, Some(&[("kept", 0x1111_1111), ("gone", 1)]), &[]);
    says(&run, 3, &["undecided", "not all exports of the kernel are known", "gone"]);
}

#[test]
fn symbols_outside_of_the_list_are_told() {
    let versions: &[(&str, u32)] = &[("kept", 0x1111_1111), ("other", 0x2222_2222)];
    let options = ["--kabi", "kabi/Module.kabi_x86_64", "--verbose"];
    let run = on_kernel("kept(a) + other(a)", GPL, Some(versions), &options);
    says(&run, 0, &["1 of the 2 symbols of the kernel that it uses are not promised", "other"]);
}

#[test]
fn a_module_without_checksums_is_refused_by_a_kernel_with_them() {
    let run = on_kernel("kept(a)", GPL, None, &[]);
    says(&run, 1, &["it has no checksums, and the kernel checks them"]);
}

#[test]
fn a_list_of_promised_symbols_is_no_whole_kernel() {
    let work = Workplace::new();
    let code = format!("{USES}int start(int a) {{ return kept(a) + other(a); }}\n");
    let versions: &[(&str, u32)] = &[("kept", 0x1111_1111), ("other", 0x2222_2222)];
    module(&work, "m/foo.ko", &ModuleText { info: GPL, versions: Some(versions), code: &code });
    work.write("Module.kabi_x86_64", "0x11111111\tkept\tvmlinux\tEXPORT_SYMBOL\n");
    let run = work.abide(&["app", "m/foo.ko", "--on", "Module.kabi_x86_64"]);
    says(&run, 3, &["undecided", "other"]);
    let run = work.abide(&["app", "m/foo.ko", "--on", "m/foo.ko", "--kabi", "Module.kabi_x86_64"]);
    assert_eq!(run.status, 2, "a list is no kernel: {}{}", run.stdout, run.stderr);
}
