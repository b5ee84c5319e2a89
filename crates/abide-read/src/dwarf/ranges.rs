//! Where functions begin whose code is in several pieces (`DW_AT_ranges`; DWARF 5 §2.17.3, DWARF 4 §2.17.3).
//!
//! Only starts are read: one of them is the address of the function's symbol. The lists are loaded when symbols are
//! left that no plain address belongs to. What a split unit's list says is in another file and is not read.

use std::borrow::Cow;

use rustc_hash::FxHashMap;

use super::cursor::Cursor;
use super::die::DieRef;
use super::unit::{Source, UnitContext};

/// An entry without a plain address, and its list.
pub(super) struct Ranged {
    pub(super) entry: DieRef,
    pub(super) unit: super::build::UnitKey,
    /// Value of `DW_AT_ranges`: an offset, or an index with [`BY_INDEX`].
    pub(super) list: u64,
}

/// Marks a list that is named by its index (`DW_FORM_rnglistx`).
pub(super) const BY_INDEX: u64 = 1 << 63;
/// Pieces of one function that are looked at.
const MAX_PIECES: usize = 1 << 10;

/// The sections of range lists.
#[derive(Default)]
pub(super) struct RangeSections<'d> {
    /// `.debug_rnglists`, of version 5.
    pub(super) lists: Cow<'d, [u8]>,
    /// `.debug_ranges`, of versions before.
    pub(super) ranges: Cow<'d, [u8]>,
    /// Relocated addresses in each, by offset; relocatable files only.
    pub(super) lists_addresses: FxHashMap<usize, u64>,
    pub(super) ranges_addresses: FxHashMap<usize, u64>,
}

impl RangeSections<'_> {
    /// The address at which each piece begins; an empty list where the bytes make no sense.
    pub(super) fn starts(&self, source: &Source<'_>, context: &UnitContext, list: u64) -> Vec<u64> {
        let mut starts = Vec::new();
        if context.encoding.version >= 5 {
            let offset = match list & BY_INDEX {
                0 => usize::try_from(list).ok(),
                _ => self.indexed(source, context, list & !BY_INDEX),
            };
            offset.and_then(|offset| self.read_list(source, context, offset, &mut starts));
        } else if let Ok(offset) = usize::try_from(list) {
            self.read_pairs(source, context, offset, &mut starts);
        }
        starts
    }

    /// Offset of the list with an index (DWARF 5 §7.28).
    fn indexed(&self, source: &Source<'_>, context: &UnitContext, index: u64) -> Option<usize> {
        let size = context.encoding.offset_size;
        let position = context.rnglists_base.checked_add(index.checked_mul(u64::from(size))?)?;
        let mut cursor = Cursor::new(&self.lists, usize::try_from(position).ok()?, source.is_big);
        usize::try_from(context.rnglists_base.checked_add(cursor.uint(size)?)?).ok()
    }

    /// `DW_RLE_*` entries (DWARF 5 §2.17.3, §7.25).
    fn read_list(
        &self,
        source: &Source<'_>,
        context: &UnitContext,
        offset: usize,
        starts: &mut Vec<u64>,
    ) -> Option<()> {
        let size = context.encoding.address_size;
        let mut cursor = Cursor::new(&self.lists, offset, source.is_big);
        let mut base = context.low_pc;
        let address = |cursor: &mut Cursor<'_>| {
            let position = cursor.position;
            let stored = cursor.uint(size)?;
            Some(self.lists_addresses.get(&position).copied().unwrap_or(stored))
        };
        for _ in 0..MAX_PIECES {
            match cursor.u8()? {
                0 => break,
                1 => base = source.indexed_address(context, cursor.uleb()?)?,
                2 | 3 => {
                    starts.push(source.indexed_address(context, cursor.uleb()?)?);
                    cursor.uleb()?;
                }
                4 => {
                    starts.push(base.wrapping_add(cursor.uleb()?));
                    cursor.uleb()?;
                }
                5 => base = address(&mut cursor)?,
                6 => {
                    starts.push(address(&mut cursor)?);
                    address(&mut cursor)?;
                }
                7 => {
                    starts.push(address(&mut cursor)?);
                    cursor.uleb()?;
                }
                _ => return None,
            }
        }
        Some(())
    }

    /// Pairs of begin and end; the largest address selects a new base.
    fn read_pairs(
        &self,
        source: &Source<'_>,
        context: &UnitContext,
        offset: usize,
        starts: &mut Vec<u64>,
    ) -> Option<()> {
        let size = context.encoding.address_size;
        let largest = u64::MAX >> (64 - 8 * u32::from(size.clamp(1, 8)));
        let mut cursor = Cursor::new(&self.ranges, offset, source.is_big);
        let mut base = context.low_pc;
        for _ in 0..MAX_PIECES {
            let position = cursor.position;
            let (begin, end) = (cursor.uint(size)?, cursor.uint(size)?);
            let relocated = |at: usize| self.ranges_addresses.get(&at).copied();
            match relocated(position) {
                Some(address) => starts.push(address),
                None if begin == 0 && end == 0 => break,
                None if begin == largest => {
                    base = relocated(position + usize::from(size)).unwrap_or(end);
                }
                None => starts.push(base.wrapping_add(begin)),
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::dwarf::abbrev::Encoding;
    use crate::dwarf::sections::OwnedSections;
    use crate::dwarf::unit::SourceId;

    fn starts(version: u16, bytes: &[u8], list: u64) -> Vec<u64> {
        let sections = OwnedSections::default();
        let view = sections.view();
        let source = Source { info: &[], sections: &view, is_big: false, units: Vec::new() };
        let context = UnitContext {
            source: SourceId::MAIN,
            offset: 0,
            end: 0,
            first_die: 0,
            encoding: Encoding { version, address_size: 4, offset_size: 4 },
            abbreviations: Arc::default(),
            language: 0,
            str_offsets_base: 8,
            addr_base: 8,
            rnglists_base: 4,
            low_pc: 0x1000,
            stmt_list: None,
            comp_dir: None,
            is_skeleton: false,
        };
        let bytes = Cow::Borrowed(bytes);
        let ranges = match version {
            5 => RangeSections { lists: bytes, ..RangeSections::default() },
            _ => RangeSections { ranges: bytes, ..RangeSections::default() },
        };
        ranges.starts(&source, &context, list)
    }

    #[test]
    fn lists_of_version_5_are_relative_to_the_unit_or_to_a_base_of_their_own() {
        let offset_pair = [4, 0x10, 0x20];
        let base = [5, 0, 0x50, 0, 0];
        let start_length = [7, 0x78, 0x56, 0x34, 0x12, 9];
        let list = [&offset_pair[..], &base, &offset_pair, &start_length, &[0], &offset_pair].concat();
        assert_eq!(starts(5, &list, 0), [0x1010, 0x5010, 0x1234_5678]);
    }

    #[test]
    fn a_list_by_index_is_found_through_the_table_of_offsets() {
        let bytes = [0, 0, 0, 0, 8, 0, 0, 0, 10, 0, 0, 0, 0, 0, 4, 0x30, 1, 0];
        assert_eq!(starts(5, &bytes, 1 | BY_INDEX), [0x1030]);
        assert!(starts(5, &bytes, u64::MAX).is_empty());
    }

    #[test]
    fn pairs_of_earlier_versions_end_with_zeros() {
        let words: [u32; 8] = [0x10, 0x20, u32::MAX, 0x4000, 8, 9, 0, 0];
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        assert_eq!(starts(4, &bytes, 0), [0x1010, 0x4008]);
    }

    #[test]
    fn lists_that_end_in_the_middle_give_what_was_there() {
        assert_eq!(starts(5, &[4, 0x10, 0x20, 7, 1], 0), [0x1010]);
        assert!(starts(5, &[99], 0).is_empty());
        assert!(starts(4, &[1, 0, 0], 0).is_empty());
    }
}
