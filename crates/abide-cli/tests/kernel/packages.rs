//! Kernels as they are delivered: `kernel-core`, `kernel-modules`, `kernel-devel`, `kernel-debuginfo`,
//! `kernel-abi-stablelists`, and a package of modules of somebody else, made with rpmbuild of what is compiled here.

use std::path::Path;
use std::process::Command;

use crate::build::{ModuleText, Source, image, module};
use crate::common::Workplace;
use crate::says;

const RELEASE: &str = "6.1.0-1-test";

const CODE: &str = r#"
int use(struct dev *d) { return d->first; }
int plain(int a) { return a; }
EXPORT(use, CRC, "", "")
EXPORT(plain, 0x22222222, "_gpl", "")
"#;

const OLD: &str = "struct dev { int first; int second; };\n";
const NEW: &str = "struct dev { int first; int between; int second; };\n";

const SPEC: &str = r#"
%define debug_package %{nil}
%define __os_install_post %{nil}
%define _build_id_links none
Name: kernel
Version: 6.1.0
Release: NUMBER
Summary: Kernel of a test
License: MIT
BuildArch: x86_64
%description
A kernel.
%package core
Summary: Image
%description core
The image.
%package modules
Summary: Modules
%description modules
Modules.
%package devel
Summary: Exports
%description devel
Exports.
%package debuginfo
Summary: Types
%description debuginfo
Types.
%package abi-stablelists
Summary: Promise
%description abi-stablelists
The promise.
%package -n kmod-foo
Summary: Module of somebody else
AutoReqProv: no
Requires: kernel(use) = 0x11111111
%description -n kmod-foo
A module.
%install
cp -r SOURCE/. %{buildroot}/
%files core
/lib/modules/6.1.0-1-test/vmlinuz
/lib/modules/6.1.0-1-test/symvers.gz
%files modules
/lib/modules/6.1.0-1-test/kernel
%files devel
/usr/src/kernels
%files debuginfo
/usr/lib/debug
%files abi-stablelists
/lib/modules/kabi-rhel92
%files -n kmod-foo
/lib/modules/6.1.0-1-test/extra
"#;

fn run(command: &mut Command) {
    let output = command.output().expect("the program is installed");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn place(from: &Path, to: &Path) {
    std::fs::create_dir_all(to.parent().expect("inside the folder")).expect("a folder");
    std::fs::copy(from, to).expect("a copy");
}

/// Makes the packages of one kernel in `NAME/`; `false` when there is no rpmbuild.
fn packages(work: &Workplace, name: &str, header: &str, crc: &str) -> bool {
    if !Command::new("rpmbuild").arg("--version").output().is_ok_and(|output| output.status.success()) {
        println!("skipped: rpmbuild is not installed");
        assert!(std::env::var_os("CI").is_none(), "rpmbuild is wanted under CI");
        return false;
    }
    let code = CODE.replace("CRC", crc);
    let vmlinux = image(work, &format!("{name}.made/vmlinux"), &Source { header, code: &code });
    let root = work.path(&format!("{name}.root"));
    let at = |path: &str| root.join(path);
    place(&vmlinux, &at(&format!("usr/lib/debug/lib/modules/{RELEASE}/vmlinux")));
    let notes = Command::new("readelf").arg("-n").arg(&vmlinux).output().expect("readelf is installed");
    let notes = String::from_utf8_lossy(&notes.stdout).into_owned();
    let id = notes.lines().find_map(|line| line.trim().strip_prefix("Build ID: ")).expect("a build-id");
    let link = at(&format!("usr/lib/debug/.build-id/{}/{}.debug", &id[..2], &id[2..]));
    std::fs::create_dir_all(link.parent().expect("inside the folder")).expect("a folder");
    std::os::unix::fs::symlink(format!("../../lib/modules/{RELEASE}/vmlinux"), link).expect("a link");
    // The image has no types: those are in kernel-debuginfo.
    run(Command::new("strip").arg(&vmlinux));
    let packed = zstd::encode_all(&std::fs::read(&vmlinux).expect("the image")[..], 3).expect("zstd");
    let boot = work.write(&format!("{name}.made/vmlinuz"), testkit::boot_image(&packed));
    place(&boot, &at(&format!("lib/modules/{RELEASE}/vmlinuz")));
    let symvers = format!(
        "{crc}\tuse\tvmlinux\tEXPORT_SYMBOL\t\n0x22222222\tplain\tvmlinux\tEXPORT_SYMBOL_GPL\t\n0x00000033\town\tdrivers/own\tEXPORT_SYMBOL\t\n"
    );
    let symvers = work.write(&format!("{name}.made/symvers"), symvers);
    place(&symvers, &at(&format!("usr/src/kernels/{RELEASE}/Module.symvers")));
    run(Command::new("gzip").arg("-n").arg(&symvers));
    place(&symvers.with_extension("gz"), &at(&format!("lib/modules/{RELEASE}/symvers.gz")));
    let list =
        work.write(&format!("{name}.made/Module.kabi_x86_64"), "0x11111111\tuse\tvmlinux\tEXPORT_SYMBOL\n");
    place(&list, &at("lib/modules/kabi-rhel92/Module.kabi_x86_64"));
    let vermagic = format!("vermagic={RELEASE} SMP ");
    let info = ["name=own", &vermagic, "license=GPL", "intree=Y"];
    let code = "int own(int a) { return a; }\nEXPORT(own, 0x33, \"\", \"\")\n";
    let own =
        module(work, &format!("{name}.made/own.ko"), &ModuleText { info: &info, versions: Some(&[]), code });
    run(Command::new("xz").args(["-k", "--check=crc32"]).arg(&own));
    place(&own.with_extension("ko.xz"), &at(&format!("lib/modules/{RELEASE}/kernel/own.ko.xz")));
    let info = ["name=foo", &vermagic, "license=GPL"];
    let code =
        format!("{OLD}int use(struct dev *);\nint start(struct dev *d) {{ return use(d) + d->second; }}\n");
    let versions: &[(&str, u32)] = &[("use", 0x1111_1111)];
    let driver = module(
        work,
        &format!("{name}.made/foo.ko"),
        &ModuleText { info: &info, versions: Some(versions), code: &code },
    );
    place(&driver, &at(&format!("lib/modules/{RELEASE}/extra/foo.ko")));
    let spec = SPEC.replace("SOURCE", &root.display().to_string()).replace("NUMBER", &name.len().to_string());
    let spec = work.write(&format!("{name}.made/kernel.spec"), spec);
    let built = work.path(&format!("{name}.rpms"));
    let define = |key: &str, value: &Path| format!("{key} {}", value.display());
    run(Command::new("rpmbuild")
        .args(["-bb", "--quiet", "--target", "x86_64-linux", "--define", &define("_rpmdir", &built)])
        .args(["--define", &define("_topdir", &work.path(&format!("{name}.top")))])
        .args(["--define", "_rpmfilename %%{NAME}.rpm"])
        .arg(spec));
    true
}

#[test]
fn kernels_in_packages() {
    let work = Workplace::new();
    if !packages(&work, "a", OLD, "0x11111111") || !packages(&work, "bb", NEW, "0x11111112") {
        return;
    }
    let kmod = work.path("a.rpms/kmod-foo.rpm");
    let aside = work.path("kmod-foo.rpm");
    std::fs::rename(&kmod, &aside).expect("moved");
    std::fs::remove_file(work.path("bb.rpms/kmod-foo.rpm")).expect("removed");

    let run = work.abide(&["check", "a.rpms", "bb.rpms", "--all"]);
    let words = [
        "3 → 3 exports; 1 of 3 checksums changed, 1 explained by 1 difference of types",
        "struct dev",
        "checksum of use: 0x11111111 → 0x11111112",
        "of 1 promised symbols 1 are gone or changed",
    ];
    says(&run, 1, &words);
    // The exports alone, without image and types.
    let run = work.abide(&["check", "a.rpms/kernel-devel.rpm", "bb.rpms/kernel-devel.rpm"]);
    says(&run, 1, &["3 → 3 exports; 1 of 3 checksums changed", "use has another checksum"]);

    let run = work.abide(&["app", "kmod-foo.rpm", "--on", "a.rpms", "--types"]);
    says(&run, 0, &["runs", "types of 1 compared"]);
    let run = work.abide(&["app", "kmod-foo.rpm", "--on", "bb.rpms", "--types", "--verbose"]);
    let words = [
        "will not run",
        "use (built with 0x11111111, found 0x11111112)",
        "1 package requires 1 checksum that the kernel does not provide",
        "'second' moved from byte 4 to byte 8",
        "the checksum of the symbol that reaches it differs, too",
    ];
    says(&run, 1, &words);
}
