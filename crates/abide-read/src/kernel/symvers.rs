//! `Module.symvers`: every export of a kernel build (Linux `scripts/mod/modpost.c`, `write_dump`).
//!
//! Four columns up to 5.3 and in Red Hat's `Module.kabi_ARCH`: checksum, symbol, module, kind of export. Five since: the
//! namespace comes last, in 5.4 and 5.5 third. Columns are separated by tabs, so that an empty namespace is a column.

use abide_model::{ExportKind, KernelExport};
use bstr::{BString, ByteSlice};

use super::{KernelTextError, lines, shown};

/// Reads the exports, sorted by name; of two lines about one symbol the first counts.
///
/// # Errors
/// At the first line that has other columns.
pub fn read_symvers(text: &[u8]) -> Result<Vec<KernelExport>, KernelTextError> {
    let mut exports =
        lines(text).map(|(number, line)| export(number, line)).collect::<Result<Vec<_>, _>>()?;
    if exports.is_empty() {
        return Err(KernelTextError::Empty);
    }
    exports.sort_by(|a, b| a.name.cmp(&b.name));
    exports.dedup_by(|a, b| a.name == b.name);
    Ok(exports)
}

/// Whether a line begins like one of these.
pub(super) fn is_line(line: &[u8]) -> bool {
    let columns = columns(line);
    columns.len() >= 2 && crc(columns[0]).is_some()
}

fn columns(line: &[u8]) -> Vec<&[u8]> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match line.contains(&b'\t') {
        true => line.split(|b| *b == b'\t').map(<[u8]>::trim_ascii).collect(),
        false => line.fields().collect(),
    }
}

fn crc(text: &[u8]) -> Option<u32> {
    let digits = text.strip_prefix(b"0x").or_else(|| text.strip_prefix(b"0X"))?;
    // Kernels before 4.9 wrote 16 digits.
    let is_number = (1..=16).contains(&digits.len()) && digits.iter().all(u8::is_ascii_hexdigit);
    let value = u64::from_str_radix(digits.to_str().ok().filter(|_| is_number)?, 16).ok()?;
    u32::try_from(value).ok()
}

fn export(line: u32, text: &[u8]) -> Result<KernelExport, KernelTextError> {
    let columns = columns(text);
    let checksum = columns.first().copied().unwrap_or_default();
    if !matches!(columns.len(), 4 | 5) {
        return Err(KernelTextError::Columns { line, found: columns.len() });
    }
    let crc = crc(checksum).ok_or_else(|| KernelTextError::Checksum { line, text: shown(checksum) })?;
    let (owner, kind, namespace) = match columns.as_slice() {
        [_, _, namespace, owner, kind] if ExportKind::from_word(kind).is_some() => (owner, kind, *namespace),
        [_, _, owner, kind, namespace] => (owner, kind, *namespace),
        [_, _, owner, kind] => (owner, kind, &b""[..]),
        _ => return Err(KernelTextError::Columns { line, found: columns.len() }),
    };
    let kind =
        ExportKind::from_word(kind).ok_or_else(|| KernelTextError::Export { line, text: shown(kind) })?;
    let name = columns[1];
    if name.is_empty() || name.iter().any(u8::is_ascii_whitespace) {
        return Err(KernelTextError::Symbol { line, text: shown(name) });
    }
    Ok(KernelExport {
        name: name.into(),
        // Checksum 0: built without CONFIG_MODVERSIONS, or genksyms found no declaration.
        crc: Some(crc).filter(|crc| *crc != 0),
        kind,
        namespace: Some(namespace).filter(|n| !n.is_empty()).map(BString::from),
        owner: (*owner).into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<KernelExport> {
        read_symvers(text.as_bytes()).expect("a Module.symvers")
    }

    #[test]
    fn four_and_five_columns_in_every_order() {
        let four = read("0x75d19f57\tkfree\tvmlinux\tEXPORT_SYMBOL\n");
        assert_eq!((four[0].crc, four[0].kind), (Some(0x75d1_9f57), ExportKind::Plain));
        let five = read("0x00000000\tcrypto_x\tcrypto/x\tEXPORT_SYMBOL_GPL\tCRYPTO_INTERNAL\n");
        assert_eq!((five[0].crc, five[0].kind.is_gpl_only()), (None, true));
        assert_eq!(five[0].namespace, Some("CRYPTO_INTERNAL".into()));
        let third = read("0x00000001\tx\tNS\tdrivers/x\tEXPORT_SYMBOL\n");
        assert_eq!(third[0].namespace, Some("NS".into()));
        assert_eq!(third[0].owner, "drivers/x");
        let empty = read("0x00000001\tx\tvmlinux\tEXPORT_SYMBOL\t\n");
        assert_eq!(empty[0].namespace, None);
        let spaces = read("0x00000001 x vmlinux EXPORT_SYMBOL\r\n");
        assert_eq!(spaces[0].owner, "vmlinux");
    }

    #[test]
    fn foreign_columns_are_named() {
        let error = |text: &str| read_symvers(text.as_bytes()).expect_err("refused").to_string();
        assert!(error("0x1\ta\tvmlinux\tEXPORT_SYMBOL\n0x1\tb\n").starts_with("line 2 has 2 columns"));
        assert!(error("0x1\ta\tb\tc\td\te\n").starts_with("line 1 has 6 columns"));
        assert!(error("0x123456789\ta\tb\tEXPORT_SYMBOL\n").contains("is no checksum"));
        assert!(error("0x1\ta\tb\tEXPORT_WHATEVER\n").contains("is no kind of export"));
        assert!(error("ffffffff81000000\tT\t_text\tx\n").contains("is no checksum"));
        assert_eq!(error("\n\n"), "no line in it names a symbol");
    }
}
