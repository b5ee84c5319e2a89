//! Files that are not what they seem: a named error, or a gap.

use crate::build::{ModuleText, module};
use crate::common::Workplace;

fn refused(name: &str, content: &[u8]) -> String {
    let work = Workplace::new();
    work.write(name, content);
    let run = work.abide(&["check", name, name]);
    assert_eq!(run.status, 2, "{}{}", run.stdout, run.stderr);
    run.stderr
}

#[test]
fn symvers_with_foreign_columns() {
    let text = b"0x1\ta\tvmlinux\tEXPORT_SYMBOL\t\n0x2\tb\tvmlinux\tEXPORT_SYMBOL\t\t\t\n";
    insta::assert_snapshot!(refused("Module.symvers", text));
}

#[test]
fn a_vmlinuz_of_an_unknown_compression() {
    let mut image = vec![0u8; 2048];
    image[0x202..0x206].copy_from_slice(b"HdrS");
    image[0x206..0x208].copy_from_slice(&0x020fu16.to_le_bytes());
    image[0x1f1] = 1;
    image[0x24c..0x250].copy_from_slice(&64u32.to_le_bytes());
    image[1024..1028].copy_from_slice(b"\xde\xad\xbe\xef");
    insta::assert_snapshot!(refused("vmlinuz", &image));
}

#[test]
fn a_truncated_module_is_a_gap() {
    let work = Workplace::new();
    let text = ModuleText {
        info: &["vermagic=6.1 SMP ", "license=GPL"],
        versions: Some(&[("x", 1)]),
        code: "int a;",
    };
    let whole = std::fs::read(module(&work, "t.ko", &text)).expect("a module");
    for side in ["old", "new"] {
        work.write(&format!("{side}/whole.ko"), &whole);
    }
    work.write("old/cut.ko", &whole);
    work.write("new/cut.ko", &whole[..whole.len() / 2]);
    let run = work.abide(&["check", "old", "new"]);
    assert_eq!(run.status, 3, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("the file is cut short"), "{}", run.stdout);
}
