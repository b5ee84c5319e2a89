//! What packages of modules require of a kernel: `kernel(SYMBOL) = 0xCRC` and `ksym(SYMBOL) = 0xCRC`
//! (kernel-rpm-macros, `find-requires.ksyms`; kmod-devel).

use abide_model::{Dependency, PackageMeta};
use bstr::BString;

/// A symbol with its checksum that a package requires or provides.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Requirement {
    /// The symbol.
    pub symbol: BString,
    /// Its checksum.
    pub crc: u32,
    /// Whether a kernel has to provide it (`kernel(…)`); `ksym(…)` may come from another package of modules.
    pub of_kernel: bool,
}

/// The requirements of a package, sorted by symbol; `provides` asks for what it provides instead.
pub fn requirements(meta: &PackageMeta, provides: bool) -> Vec<Requirement> {
    let all = if provides { &meta.provides } else { &meta.requires };
    let mut found: Vec<Requirement> = all.iter().filter_map(requirement).collect();
    found.sort();
    found.dedup();
    found
}

fn requirement(dependency: &Dependency) -> Option<Requirement> {
    let (kind, rest) = dependency.name.split_once('(')?;
    let symbol = rest.strip_suffix(')')?;
    let of_kernel = match kind {
        "kernel" => true,
        "ksym" => false,
        _ => return None,
    };
    let digits = dependency.version.strip_prefix("0x")?;
    let crc = u32::from_str_radix(digits, 16).ok()?;
    Some(Requirement { symbol: symbol.into(), crc, of_kernel })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_with_checksums_only() {
        let read = |name: &str, version: &str| {
            requirement(&Dependency { name: name.to_owned(), flags: 8, version: version.to_owned() })
        };
        let found = read("kernel(kfree)", "0x037a0cba").expect("a requirement");
        assert_eq!(
            (found.symbol.to_string(), found.crc, found.of_kernel),
            ("kfree".to_owned(), 0x37a0cba, true)
        );
        assert_eq!(read("ksym(zfs_x)", "0x1").map(|r| r.of_kernel), Some(false));
        assert_eq!(read("kernel-modules-for-kernel", "5.14.0"), None);
        assert_eq!(read("kernel(kfree)", "5.14"), None);
        assert_eq!(read("kmod(zfs.ko)", ""), None);
    }
}
