//! The ELF file around a type table: its section, its compilers. Symbols are the affair of the formats.

use object::{File as ElfFile, Object, ObjectSection};

use super::Bytes;

/// An ELF file, or the plain bytes of a table.
pub(crate) struct File<'d> {
    data: &'d [u8],
    elf: Option<ElfFile<'d>>,
}

/// A section that may hold a table.
pub(crate) enum Section<'d> {
    /// There is none, or it is empty.
    Absent,
    /// It cannot be read; why.
    Unreadable(String),
    /// Its bytes.
    Content(&'d [u8]),
}

impl<'d> File<'d> {
    /// Looks at the headers.
    pub(crate) fn new(data: &'d [u8]) -> Self {
        File { data, elf: ElfFile::parse(data).ok() }
    }

    /// The ELF file, when it is one.
    pub(crate) fn elf(&self) -> Option<&ElfFile<'d>> {
        self.elf.as_ref()
    }

    /// The section `name`, or the whole of what is no ELF file. Of several sections of the name, as linkers leave them
    /// in relocatable files, it is the first with content.
    pub(crate) fn section(&self, name: &str) -> Section<'d> {
        let Some(elf) = &self.elf else {
            return if self.data.starts_with(b"\x7fELF") {
                Section::Unreadable("the ELF file cannot be read".into())
            } else {
                Section::Content(self.data)
            };
        };
        let mut named = elf.sections().filter(|section| section.name_bytes() == Ok(name.as_bytes()));
        let Some(section) = named.find(|section| section.size() > 0) else { return Section::Absent };
        match section.compressed_data() {
            Ok(data) if data.format != object::CompressionFormat::None => {
                Section::Unreadable(format!("section {name} is compressed, which is not read"))
            }
            Ok(data) if data.data.is_empty() => Section::Absent,
            Ok(data) => Section::Content(data.data),
            Err(error) => Section::Unreadable(format!("section {name}: {error}")),
        }
    }

    /// Whether nested arrays are stated innermost first.
    ///
    /// GCC 12 before 12.4 and 13 before 13.3 walk the subranges of an array in the wrong direction when they write
    /// CTF and BTF (GCC PR debug/114186). `.comment` tells which compilers took part; only when all of them did so are
    /// the dimensions turned around.
    pub(crate) fn is_innermost_first(&self) -> bool {
        let Some(Section::Content(comment)) = self.elf.as_ref().map(|_| self.section(".comment")) else {
            return false;
        };
        let mut lines = comment.split(|&b| b == 0).filter(|l| l.starts_with(b"GCC: (")).peekable();
        lines.peek().is_some() && lines.all(|line| version(line).is_some_and(is_affected))
    }
}

/// Major and minor version in `GCC: (VENDOR) 12.2.0 DATE`.
fn version(line: &[u8]) -> Option<(u32, u32)> {
    let text = std::str::from_utf8(line).ok()?;
    let number = text.rsplit_once(") ")?.1.split(' ').next()?;
    let mut parts = number.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

fn is_affected((major, minor): (u32, u32)) -> bool {
    match major {
        12 => minor < 4,
        13 => minor < 3,
        _ => false,
    }
}

/// Whether `data` starts with `magic` in either byte order, and in which (true: big).
pub(crate) fn byte_order(data: &[u8], magic: u16) -> Option<bool> {
    let little = Bytes { data, is_big: false };
    match little.u16(0)? {
        found if found == magic => Some(false),
        found if found == magic.swap_bytes() => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_compilers() {
        assert_eq!(version(b"GCC: (Debian 12.2.0-14+deb12u1) 12.2.0"), Some((12, 2)));
        assert_eq!(version(b"GCC: (GNU) 14.2.1 20240912 (Red Hat 14.2.1-3)"), Some((14, 2)));
        assert_eq!(version(b"GCC: (GNU) 8.5.0 20210514"), Some((8, 5)));
        assert_eq!(version(b"GCC: (GNU)"), None);
        assert!(is_affected((12, 2)) && is_affected((13, 2)) && is_affected((12, 0)));
        assert!(
            !is_affected((8, 5)) && !is_affected((12, 4)) && !is_affected((13, 3)) && !is_affected((14, 1))
        );
    }
}
