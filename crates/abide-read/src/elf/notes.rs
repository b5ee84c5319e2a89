//! Notes: the build-id and the GNU properties (gABI "Note Section"; Linux Extensions to gABI §2.1.7).

use object::Endianness;
use object::elf;
use object::read::elf::{ProgramHeader, SectionHeader};

use super::image::{Allowance, Image};
use super::sections::{Known, read_u32};
use super::{Gaps, Header};

/// What the notes say.
#[derive(Default)]
pub(super) struct Notes {
    pub(super) build_id: Option<Vec<u8>>,
    pub(super) properties: Vec<(u32, u32)>,
    pub(super) abi_tag: Option<(u32, [u32; 3])>,
}

/// Reads the loaded note sections, and the note segments where those say nothing: the offsets of a debug file's
/// program headers need not be true, those of its sections are.
pub(super) fn read<H: Header>(image: &Image<'_, H>, known: &Known, gaps: &mut Gaps) -> Notes {
    let mut notes = Notes::default();
    let mut allowance = Allowance::of(image);
    for &index in &known.notes {
        let section = &image.sections[index];
        let bytes = image.section_bytes(section, "a note section", gaps);
        if !allowance.take(bytes, "note sections", gaps) {
            break;
        }
        notes.take_all(image, bytes, section.sh_addralign(image.endian).into(), gaps);
    }
    let mut allowance = Allowance::of(image);
    if notes.build_id.is_none() {
        for segment in image.segments.iter().filter(|s| s.p_type(image.endian) == elf::PT_NOTE) {
            let bytes = image.segment_bytes(segment, "a note segment", gaps);
            if !allowance.take(bytes, "note segments", gaps) {
                break;
            }
            notes.take_all(image, bytes, segment.p_align(image.endian).into(), gaps);
        }
    }
    notes.properties.sort_unstable();
    notes.properties.dedup();
    notes
}

impl Notes {
    fn take_all<H: Header>(&mut self, image: &Image<'_, H>, bytes: &[u8], align: u64, gaps: &mut Gaps) {
        let align = if align == 8 { 8 } else { 4 };
        let mut rest = bytes;
        while !rest.is_empty() {
            let Some((note, next)) = next_note(image.endian, rest, align) else {
                // Zeros at the end are padding of the section.
                if rest.iter().any(|&b| b != 0) {
                    gaps.broken("a note is cut short");
                }
                return;
            };
            rest = next;
            match (note.name, elf::NoteType(note.kind)) {
                (b"GNU\0", elf::NT_GNU_BUILD_ID) if self.build_id.is_none() && !note.content.is_empty() => {
                    self.build_id = Some(note.content.to_vec());
                }
                (b"GNU\0", elf::NT_GNU_ABI_TAG) if self.abi_tag.is_none() => {
                    self.abi_tag = abi_tag(image.endian, note.content);
                }
                (b"GNU\0", elf::NT_GNU_PROPERTY_TYPE_0) => self.take_properties(image, note.content, gaps),
                _ => {}
            }
        }
    }

    /// `pr_type`, `pr_datasz`, data padded to the word size of the class.
    fn take_properties<H: Header>(&mut self, image: &Image<'_, H>, content: &[u8], gaps: &mut Gaps) {
        let word = if image.is_64() { 8 } else { 4 };
        let mut rest = content;
        while !rest.is_empty() {
            let Some((kind, data, next)) = next_property(image.endian, rest, word) else {
                gaps.broken("a GNU property is cut short");
                return;
            };
            let value = data.first_chunk().map_or(0, |b| read_u32(image.endian, *b));
            self.properties.push((kind, value));
            rest = next;
        }
    }
}

/// Operating system, and three numbers of the earliest kernel (LSB Core, "ABI note tag").
fn abi_tag(endian: Endianness, content: &[u8]) -> Option<(u32, [u32; 3])> {
    let word = |at: usize| content.get(at..)?.first_chunk().map(|b| read_u32(endian, *b));
    Some((word(0)?, [word(4)?, word(8)?, word(12)?]))
}

struct Note<'d> {
    name: &'d [u8],
    kind: u32,
    content: &'d [u8],
}

/// The first note and what follows it. Padding after the last one may be absent.
fn next_note(endian: Endianness, bytes: &[u8], align: usize) -> Option<(Note<'_>, &[u8])> {
    let word = |at: usize| bytes.get(at..)?.first_chunk().map(|b| read_u32(endian, *b));
    let name_end = 12usize.checked_add(word(0)? as usize)?;
    let start = name_end.checked_next_multiple_of(align)?;
    let end = start.checked_add(word(4)? as usize)?;
    let note = Note { name: bytes.get(12..name_end)?, kind: word(8)?, content: bytes.get(start..end)? };
    let next = end.checked_next_multiple_of(align)?;
    Some((note, bytes.get(next..).unwrap_or(&[])))
}

fn next_property(endian: Endianness, bytes: &[u8], word: usize) -> Option<(u32, &[u8], &[u8])> {
    let kind = read_u32(endian, *bytes.first_chunk()?);
    let size = read_u32(endian, *bytes.get(4..)?.first_chunk()?) as usize;
    let end = size.checked_add(8)?;
    let next = end.checked_next_multiple_of(word)?;
    Some((kind, bytes.get(8..end)?, bytes.get(next..).unwrap_or(&[])))
}
