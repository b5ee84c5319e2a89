//! Names of releases and modules, as paths and vermagic have them.

use bstr::{BStr, BString, ByteSlice};

/// The kernel release in a path: `/lib/modules/REL/…`, `/usr/src/kernels/REL/…`, `/usr/src/linux-headers-REL/…`,
/// `/boot/vmlinuz-REL`, `/boot/symvers-REL.gz`.
pub(crate) fn release_in_path(path: &BStr) -> Option<String> {
    let mut parts = path.split(|b| *b == b'/').peekable();
    while let Some(part) = parts.next() {
        let next = parts.peek().copied().unwrap_or_default();
        let found = match part {
            b"modules" | b"kernels" => Some(next),
            _ => part.strip_prefix(b"linux-headers-").or_else(|| file_release(part)),
        };
        if let Some(release) = found.filter(|r| is_release(r)) {
            return Some(release.to_str_lossy().into_owned());
        }
    }
    None
}

/// A path with the kernel's release in it replaced by `#`, so that those of two kernels are alike; compression does not
/// count.
pub(crate) fn without_release(path: &BStr) -> BString {
    let path = [&b".xz"[..], b".gz", b".zst"].iter().find_map(|end| path.strip_suffix(*end)).unwrap_or(path);
    match release_in_path(path.as_bstr()) {
        Some(release) => path.replace(release, "#").into(),
        None => path.into(),
    }
}

/// `vmlinuz-REL`, `vmlinux-REL`, `symvers-REL.gz`.
fn file_release(name: &[u8]) -> Option<&[u8]> {
    if let Some(rest) = name.strip_prefix(b"symvers-") {
        return [&b".gz"[..], b".xz", b".zst"].iter().find_map(|end| rest.strip_suffix(*end));
    }
    name.strip_prefix(b"vmlinuz-").or_else(|| name.strip_prefix(b"vmlinux-"))
}

/// `5.14.0-284.30.1.el9_2.x86_64`, `6.1.0-47-amd64`.
fn is_release(text: &[u8]) -> bool {
    let mut parts = text.split(|b| *b == b'.');
    let is_number = |part: Option<&[u8]>| part.is_some_and(|p| p.first().is_some_and(u8::is_ascii_digit));
    is_number(parts.next()) && is_number(parts.next())
}

/// The name of a module, as the kernel has it: the file's name without `.ko` and compression, hyphens as underscores.
pub(crate) fn module_name(path: &BStr) -> String {
    let name = path.rsplit(|b| *b == b'/').next().unwrap_or_default();
    let end = name.find(".ko").unwrap_or(name.len());
    name[..end].to_str_lossy().replace('-', "_")
}

/// The architecture that a kernel release ends with, if it does: `x86_64` of `5.14.0-70.el9.x86_64+debug`.
pub(crate) fn arch_in_release(release: &str) -> Option<&'static str> {
    const ARCHES: [(&str, &str); 10] = [
        ("x86_64", "x86_64"),
        ("aarch64", "aarch64"),
        ("ppc64le", "ppc64le"),
        ("s390x", "s390x"),
        ("riscv64", "riscv64"),
        ("i686", "i686"),
        ("amd64", "x86_64"),
        ("arm64", "aarch64"),
        ("powerpc64le", "ppc64le"),
        ("ppc64", "ppc64"),
    ];
    ARCHES.iter().find(|(text, _)| release.contains(text)).map(|(_, arch)| *arch)
}

/// The architecture of an ELF machine, by RPM's name (gABI, "Machine Information").
pub(crate) fn arch_of_machine(machine: u16, is_big_endian: bool) -> Option<&'static str> {
    Some(match (machine, is_big_endian) {
        (62, _) => "x86_64",
        (183, _) => "aarch64",
        (21, false) => "ppc64le",
        (21, true) => "ppc64",
        (22, _) => "s390x",
        (243, _) => "riscv64",
        (3, _) => "i686",
        _ => return None,
    })
}

/// What kernels of one line share: the release without its numbers (`#-#-amd64`, `#-#.el9.x86_64+debug`).
pub(crate) fn flavour(release: &str) -> String {
    let mut out = String::new();
    let end = ["x86_64", "aarch64", "ppc64le", "s390x", "amd64", "arm64"]
        .iter()
        .find_map(|arch| release.find(arch))
        .unwrap_or(0);
    let text = if end > 0 { &release[end..] } else { release };
    for c in text.chars() {
        match c.is_ascii_digit() && end == 0 {
            true if out.ends_with('#') => {}
            true => out.push('#'),
            false => out.push(c),
        }
    }
    // Debian's variants come before the architecture: `6.1.0-47-rt-amd64`.
    let variant = ["-rt-", "-cloud-"].iter().find(|v| release.contains(**v)).copied().unwrap_or_default();
    format!("{variant}{out}")
}

/// Whether a shell pattern with `*` and `?` matches all of `text`.
pub(crate) fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(b'?') => (p, t) = (p + 1, t + 1),
            Some(c) if *c == text[t] => (p, t) = (p + 1, t + 1),
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    (p, t) = (at + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|b| *b == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_in_paths() {
        let release = |path: &str| release_in_path(path.into());
        let el9 = Some("5.14.0-284.30.1.el9_2.x86_64".to_owned());
        assert_eq!(release("/lib/modules/5.14.0-284.30.1.el9_2.x86_64/kernel/fs/ext4/ext4.ko.xz"), el9);
        assert_eq!(release("/boot/symvers-5.14.0-284.30.1.el9_2.x86_64.gz"), el9);
        assert_eq!(release("/usr/src/kernels/5.14.0-284.30.1.el9_2.x86_64/Module.symvers"), el9);
        let debian = Some("6.1.0-47-amd64".to_owned());
        assert_eq!(release("/usr/src/linux-headers-6.1.0-47-amd64/Module.symvers"), debian);
        assert_eq!(release("boot/vmlinuz-6.1.0-47-amd64"), debian);
        assert_eq!(release("/lib/modules/kabi-rhel92/kabi_stablelist_x86_64"), None);
        assert_eq!(release("Module.symvers"), None);
    }

    #[test]
    fn modules_flavours_patterns() {
        assert_eq!(module_name("/x/snd-hda-intel.ko.xz".into()), "snd_hda_intel");
        assert_eq!(module_name("drivers/net/vrf".into()), "vrf");
        assert_eq!(flavour("6.1.0-47-amd64"), flavour("6.1.0-55-amd64"));
        assert_ne!(flavour("6.1.0-47-amd64"), flavour("6.1.0-47-rt-amd64"));
        assert_eq!(flavour("5.14.0-70.el9.x86_64"), flavour("5.14.0-115.1.1.el9_2.x86_64"));
        assert_ne!(flavour("5.14.0-70.el9.x86_64"), flavour("5.14.0-70.el9.x86_64+debug"));
        assert!(matches(b"drivers/net/*", b"drivers/net/vrf"));
        assert!(matches(b"kvm_*_x?", b"kvm_a_b_x1"));
        assert!(!matches(b"kvm_", b"kvm_x"));
    }
}
