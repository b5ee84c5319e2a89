//! `Module.symvers` and lists of promised symbols, written here.

use crate::common::{Run, Workplace};

const OLD: &str = "\
0x00000001\tadd\tvmlinux\tEXPORT_SYMBOL\t
0x00000002\tdrop\tvmlinux\tEXPORT_SYMBOL_GPL\t
0x00000003\tnet_x\tdrivers/net/x\tEXPORT_SYMBOL_GPL\tNET
";
const NEW: &str = "\
0x00000011\tadd\tvmlinux\tEXPORT_SYMBOL\t
0x00000003\tnet_x\tdrivers/net/y\tEXPORT_SYMBOL_GPL\t
0x00000004\tmore\tvmlinux\tEXPORT_SYMBOL\t
";

fn check(files: &[(&str, &str)], arguments: &[&str]) -> Run {
    let work = Workplace::new();
    for (name, text) in files {
        work.write(name, text);
    }
    work.abide(&[&["check"], arguments].concat())
}

#[test]
fn two_symvers() {
    let files = [("old/Module.symvers", OLD), ("new/Module.symvers", NEW)];
    insta::assert_snapshot!(check(&files, &["old/Module.symvers", "new/Module.symvers", "--all"]).golden());
}

#[test]
fn two_lists_of_one_major_release_and_of_two_minor_ones() {
    let same = [("a.el8_8/Module.kabi_x86_64", OLD), ("a.el8_9/Module.kabi_x86_64", NEW)];
    let run = check(&same, &["a.el8_8/Module.kabi_x86_64", "a.el8_9/Module.kabi_x86_64"]);
    insta::assert_snapshot!(run.golden());
    let other = [("a.el9_2/Module.kabi_x86_64", OLD), ("a.el9_3/Module.kabi_x86_64", NEW)];
    let run = check(&other, &["a.el9_2/Module.kabi_x86_64", "a.el9_3/Module.kabi_x86_64"]);
    assert_eq!(run.status, 3, "{}", run.stdout);
    assert!(run.stdout.contains("review: drop is no longer on the list"), "{}", run.stdout);
    let files = [other[0], other[1], ("policy.toml", "[kernel]\npromise = \"major\"\n")];
    let run = check(
        &files,
        &["a.el9_2/Module.kabi_x86_64", "a.el9_3/Module.kabi_x86_64", "--policy", "policy.toml"],
    );
    assert_eq!(run.status, 1, "{}", run.stdout);
}

#[test]
fn a_kernel_against_the_promised_list() {
    let list =
        "0x00000001\tadd\tvmlinux\tEXPORT_SYMBOL\n0x00000003\tnet_x\tdrivers/net/x\tEXPORT_SYMBOL_GPL\n";
    let files = [("Module.kabi_x86_64", list), ("Module.symvers", OLD)];
    let kept = check(&files, &["Module.kabi_x86_64", "Module.symvers"]);
    assert_eq!(kept.status, 1, "a namespace came: {}", kept.stdout);
    let files =
        [("Module.kabi_x86_64", "0x00000001\tadd\tvmlinux\tEXPORT_SYMBOL\n"), ("Module.symvers", OLD)];
    let kept = check(&files, &["Module.kabi_x86_64", "Module.symvers"]);
    assert_eq!(kept.status, 0, "{}{}", kept.stdout, kept.stderr);
}

#[test]
fn compressed_symvers_in_a_folder_of_the_kernel() {
    let work = Workplace::new();
    let path = "lib/modules/5.14.0-1.el9_2.x86_64/symvers.zst";
    for (side, text) in [("old", OLD), ("new", OLD)] {
        let packed = zstd::encode_all(text.as_bytes(), 3).expect("in memory");
        work.write(&format!("{side}/{path}"), packed);
    }
    let run = work.abide(&["check", "old", "new"]);
    assert_eq!(run.status, 0, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("3 → 3 exports; 0 of 3 checksums changed"), "{}", run.stdout);
}
