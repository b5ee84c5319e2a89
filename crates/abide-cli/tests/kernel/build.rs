//! Compiles a kernel image and modules out of a few lines of C, laid out as Linux's build lays them out
//! (`include/linux/export.h`, `include/asm-generic/vmlinux.lds.h`, `scripts/mod/modpost.c`).

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;

use crate::common::Workplace;

/// `EXPORT(symbol, checksum, "" or "_gpl", namespace)`.
const EXPORT: &str = r#"
#define EXPORT(sym, crc, kind, ns) asm( \
  ".section \"__ksymtab_strings\",\"aMS\",@progbits,1\n" \
  "__kstrtab_" #sym ": .asciz \"" #sym "\"\n__kstrtabns_" #sym ": .asciz \"" ns "\"\n.previous\n" \
  ".section \"___ksymtab" kind "+" #sym "\",\"a\"\n.balign 4\n__ksymtab_" #sym ":\n" \
  ".long " #sym " - .\n.long __kstrtab_" #sym " - .\n.long __kstrtabns_" #sym " - .\n.previous\n" \
  ".section \"___kcrctab" kind "+" #sym "\",\"a\"\n.balign 4\n__crc_" #sym ": .long " #crc "\n.previous\n");
"#;

/// Both tables of each kind in the order of the names, as `vmlinux.lds` sorts them.
const SCRIPT: &str = "\
SECTIONS {
  __ksymtab : { *(SORT(___ksymtab+*)) }
  __ksymtab_gpl : { *(SORT(___ksymtab_gpl+*)) }
  __kcrctab : { *(SORT(___kcrctab+*)) }
  __kcrctab_gpl : { *(SORT(___kcrctab_gpl+*)) }
  __ksymtab_strings : { *(__ksymtab_strings) }
}
INSERT AFTER .rodata;
";

const BANNER: &str = r#"const char linux_banner[] = "Linux version 6.1.0-1-test (builder) #1 SMP";"#;

/// One kernel: what is in its public header, and its source.
pub(crate) struct Source<'a> {
    pub(crate) header: &'a str,
    pub(crate) code: &'a str,
}

/// Compiles and links an image to `NAME`.
pub(crate) fn image(work: &Workplace, name: &str, source: &Source<'_>) -> PathBuf {
    let folder = format!("{name}.build");
    work.write(&format!("{folder}/include/linux/t.h"), source.header);
    let code = format!("#include <linux/t.h>\n{EXPORT}\n{BANNER}\n{}", source.code);
    work.write(&format!("{folder}/core.c"), code);
    work.write(&format!("{folder}/vmlinux.lds"), SCRIPT);
    let output = work.path(name);
    std::fs::create_dir_all(output.parent().expect("inside the folder")).expect("a folder");
    let common = ["-g", "-O1", "-ffreestanding", "-fno-pic", "-mcmodel=large", "-Iinclude"];
    let link = ["-nostdlib", "-static", "-no-pie", "-Wl,-T,vmlinux.lds", "-Wl,--build-id", "-Wl,-e,0"];
    cc(work, &folder, &[&common[..], &link, &["core.c", "-o", output.to_str().expect("UTF-8")]].concat());
    output
}

/// What a module says of itself.
pub(crate) struct ModuleText<'a> {
    /// `key=value` of `.modinfo`.
    pub(crate) info: &'a [&'a str],
    /// `__versions`.
    pub(crate) versions: Option<&'a [(&'a str, u32)]>,
    pub(crate) code: &'a str,
}

/// Compiles a module to `NAME`.
pub(crate) fn module(work: &Workplace, name: &str, text: &ModuleText<'_>) -> PathBuf {
    let folder = format!("{name}.build");
    let mut code = format!("{EXPORT}\n{}\n", text.code);
    for (number, entry) in text.info.iter().enumerate() {
        let place = r#"__attribute__((section(".modinfo"), used, aligned(1)))"#;
        let _ = writeln!(code, "static const char info_{number}[] {place} = \"{entry}\";");
    }
    if let Some(versions) = text.versions {
        let entries: Vec<String> =
            versions.iter().map(|(symbol, crc)| format!("{{ {crc:#x}ul, \"{symbol}\" }}")).collect();
        let _ = writeln!(
            code,
            "static const struct {{ unsigned long crc; char name[56]; }} versions[] \
             __attribute__((section(\"__versions\"), used)) = {{ {} }};",
            entries.join(", ")
        );
    }
    code += "struct module { int state; void *list[2]; char name[56]; char rest[100]; };\n\
        struct module __this_module __attribute__((section(\".gnu.linkonce.this_module\"))) = { .name = \"t\" };\n";
    work.write(&format!("{folder}/module.c"), code);
    let output = work.path(name);
    std::fs::create_dir_all(output.parent().expect("inside the folder")).expect("a folder");
    let options = ["-g", "-O1", "-ffreestanding", "-fno-pic", "-c", "module.c", "-o"];
    cc(work, &folder, &[&options[..], &[output.to_str().expect("UTF-8")]].concat());
    output
}

fn cc(work: &Workplace, folder: &str, options: &[&str]) {
    let folder = work.path(folder);
    let status = Command::new("cc")
        .current_dir(&folder)
        .arg(format!("-fdebug-prefix-map={}=/src", folder.display()))
        .args(options)
        .status()
        .expect("cc is installed");
    assert!(status.success(), "cc failed");
}
