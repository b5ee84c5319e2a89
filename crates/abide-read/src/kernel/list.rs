//! Lists of the symbols that are promised: Red Hat's `Module.kabi_ARCH` (with checksums) and `kabi_stablelist_ARCH`,
//! libabigail's and Android's lists, which have the form of the latter.

use abide_model::{KernelList, ListedExport, ListedSymbol};
use bstr::{BStr, BString, ByteSlice};

use super::{KernelTextError, lines, read_symvers, shown, symvers};

/// Reads a list; `path` may tell its architecture and release.
///
/// # Errors
/// At the first line that is no symbol, or when there is none.
pub fn read_list(path: &BStr, text: &[u8]) -> Result<KernelList, KernelTextError> {
    let mut list =
        KernelList { arch: arch_of_name(path), release: release_of_path(path), symbols: Vec::new() };
    let first = lines(text).map(|(_, line)| line).find(|line| !is_comment(line));
    if first.is_some_and(symvers::is_line) {
        let listed = read_symvers(text)?.into_iter().map(|e| ListedSymbol {
            name: e.name,
            export: e.crc.map(|crc| ListedExport { crc, owner: e.owner, kind: e.kind }),
        });
        list.symbols = listed.collect();
        return Ok(list);
    }
    // Lines in front of any section count, as in a list without sections.
    let mut is_wanted = true;
    for (line, text) in lines(text).filter(|(_, line)| !is_comment(line)) {
        let word = text.trim_ascii();
        if let Some(section) = word.strip_prefix(b"[").and_then(|w| w.strip_suffix(b"]")) {
            is_wanted = is_list_section(section);
            if is_wanted {
                list.release = list.release.or_else(|| release_of_section(section));
                list.arch = list.arch.take().or_else(|| arch_of_section(section));
            }
            continue;
        }
        if !is_wanted {
            continue;
        }
        if word.iter().any(|b| b.is_ascii_whitespace() || b"=[]{}".contains(b)) {
            return Err(KernelTextError::Symbol { line, text: shown(word) });
        }
        list.symbols.push(ListedSymbol { name: word.into(), export: None });
    }
    if list.symbols.is_empty() {
        return Err(KernelTextError::Empty);
    }
    list.symbols.sort();
    list.symbols.dedup();
    Ok(list)
}

fn is_comment(line: &[u8]) -> bool {
    line.trim_ascii_start().starts_with(b"#") || line.trim_ascii_start().starts_with(b";")
}

/// `[rhel9_x86_64_stablelist]`, `[abi_symbol_list]`, `[kernel_whitelist]` (libabigail, "KMI whitelists").
pub(super) fn is_list_section(name: &[u8]) -> bool {
    ["symbol_list", "stablelist", "whitelist", "symbollist"].iter().any(|end| name.ends_with(end.as_bytes()))
}

const ARCHES: [&str; 8] = ["x86_64", "aarch64", "ppc64le", "ppc64", "s390x", "i686", "riscv64", "s390"];

/// `Module.kabi_x86_64`, `kabi_stablelist_x86_64`.
fn arch_of_name(path: &BStr) -> Option<String> {
    let name = path.rsplit(|b| *b == b'/').next()?;
    ARCHES.iter().find(|arch| name.ends_with_str(arch)).map(|arch| (*arch).to_owned())
}

fn arch_of_section(name: &[u8]) -> Option<String> {
    ARCHES.iter().find(|arch| name.contains_str(arch)).map(|arch| (*arch).to_owned())
}

/// `/lib/modules/kabi-rhel92/kabi_stablelist_x86_64` is 9.2's; `kabi-rhel810` is 8.10's, `kabi-rhel100` is 10.0's.
fn release_of_path(path: &BStr) -> Option<(u32, Option<u32>)> {
    let folder = path.split(|b| *b == b'/').find_map(|part| part.strip_prefix(b"kabi-rhel"))?;
    let digits = folder.to_str().ok().filter(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit()))?;
    let major = if digits.starts_with('1') { digits.len().min(2) } else { 1 };
    let (major, minor) = digits.split_at(major);
    Some((major.parse().ok()?, minor.parse().ok()))
}

/// `rhel9_x86_64_stablelist` is 9's.
fn release_of_section(name: &[u8]) -> Option<(u32, Option<u32>)> {
    let rest = BString::from(name.strip_prefix(b"rhel")?);
    let digits: String = rest.bytes().take_while(u8::is_ascii_digit).map(char::from).collect();
    Some((digits.parse().ok()?, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &KernelList) -> Vec<String> {
        list.symbols.iter().map(|s| s.name.to_string()).collect()
    }

    #[test]
    fn red_hat_lists_with_and_without_checksums() {
        let path = BStr::new("/lib/modules/kabi-rhel92/kabi_stablelist_aarch64");
        let list = read_list(path, b"[rhel9_aarch64_stablelist]\n\t__kmalloc\n    kfree\n").expect("a list");
        assert_eq!(names(&list), ["__kmalloc", "kfree"]);
        assert_eq!((list.arch.as_deref(), list.release), (Some("aarch64"), Some((9, Some(2)))));
        let table =
            b"0x00000002\tkfree\tvmlinux\tEXPORT_SYMBOL\n0x00000001\tabs\tvmlinux\tEXPORT_SYMBOL_GPL\n";
        let list = read_list(BStr::new("Module.kabi_s390x"), table).expect("a list");
        assert_eq!(names(&list), ["abs", "kfree"]);
        assert_eq!(list.symbols[0].export.as_ref().map(|e| e.crc), Some(1));
        assert_eq!(list.arch.as_deref(), Some("s390x"));
    }

    #[test]
    fn lists_of_android_and_libabigail() {
        let text = b"# a comment\n[abi_symbol_list]\n  kfree\n\n# another\n  add_cpu # no\n";
        assert!(read_list(BStr::new("x"), text).is_err(), "a comment behind a symbol is no symbol");
        let text = b"[abi_symbol_list]\n  kfree\n[other]\n  not_this\n[vendor_symbol_list]\n  add_cpu\n";
        assert_eq!(names(&read_list(BStr::new("x"), text).expect("a list")), ["add_cpu", "kfree"]);
        assert_eq!(read_list(BStr::new("x"), b"[abi_symbol_list]\n"), Err(KernelTextError::Empty));
    }

    #[test]
    fn releases_by_folder() {
        let release = |path: &str| release_of_path(BStr::new(path));
        assert_eq!(release("lib/modules/kabi-rhel810/x"), Some((8, Some(10))));
        assert_eq!(release("lib/modules/kabi-rhel100/x"), Some((10, Some(0))));
        assert_eq!(release("lib/modules/kabi-rhel9/x"), Some((9, None)));
        assert_eq!(release("lib/modules/kabi-current/x"), None);
    }
}
