//! Java class files and archives: which release of Java they need (JVMS §4.1).

use abide_model::ProgramContent;
use bstr::{BString, ByteSlice};

use super::zipped::{ZipError, ZippedFile, each};
use crate::payload::Limits;

/// `major_version` of a class file; `None` for anything else.
pub fn class_version(bytes: &[u8]) -> Option<u16> {
    let [0xca, 0xfe, 0xba, 0xbe, _, _, high, low, ..] = *bytes else { return None };
    // Fat Mach-O files have the same magic and a small count here; Java began with 45.
    Some(u16::from_be_bytes([high, low])).filter(|major| *major >= 45)
}

/// The highest class-file version of an archive. Classes for later releases of a multi-release archive
/// (`META-INF/versions`), and `module-info`, which older releases do not read, are left aside.
pub(super) fn archive(bytes: &[u8], limits: Limits) -> Result<Option<ProgramContent>, ZipError> {
    let mut highest: Option<(u16, BString)> = None;
    let mut classes = 0;
    each(bytes, limits, &mut |file| {
        let ZippedFile::Head { name, head, .. } = file else { return };
        if name.starts_with(b"META-INF/versions/") || name.ends_with_str("module-info.class") {
            return;
        }
        let Some(version) = class_version(head).filter(|_| name.ends_with(b".class")) else { return };
        classes += 1;
        if highest.as_ref().is_none_or(|(known, _)| version > *known) {
            highest = Some((version, name.into()));
        }
    })?;
    Ok(highest.map(|class_version| ProgramContent::Java { class_version, classes }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_class_files() {
        assert_eq!(class_version(&[0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 61, 0]), Some(61));
        assert_eq!(class_version(&[0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 2]), None);
        assert_eq!(class_version(b"\xca\xfe"), None);
    }
}
