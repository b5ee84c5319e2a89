//! A bounds-checked cursor over section bytes of either byte order.
//!
//! Every read says `None` at the end of the bytes; nothing here panics or allocates.

/// Position in a byte slice.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    /// Next byte to read.
    pub(super) position: usize,
    is_big: bool,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8], position: usize, is_big: bool) -> Self {
        Cursor { bytes, position, is_big }
    }

    #[inline]
    pub(super) fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let end = self.position.checked_add(len)?;
        let slice = self.bytes.get(self.position..end)?;
        self.position = end;
        Some(slice)
    }

    #[inline]
    pub(super) fn skip(&mut self, len: usize) -> Option<()> {
        let end = self.position.checked_add(len)?;
        if end > self.bytes.len() {
            return None;
        }
        self.position = end;
        Some(())
    }

    #[inline]
    pub(super) fn u8(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.position)?;
        self.position += 1;
        Some(byte)
    }

    #[inline]
    pub(super) fn u16(&mut self) -> Option<u16> {
        let raw: [u8; 2] = self.take(2)?.try_into().ok()?;
        Some(if self.is_big { u16::from_be_bytes(raw) } else { u16::from_le_bytes(raw) })
    }

    #[inline]
    pub(super) fn u24(&mut self) -> Option<u32> {
        let raw = self.take(3)?;
        let (a, b, c) = (u32::from(raw[0]), u32::from(raw[1]), u32::from(raw[2]));
        Some(if self.is_big { a << 16 | b << 8 | c } else { c << 16 | b << 8 | a })
    }

    #[inline]
    pub(super) fn u32(&mut self) -> Option<u32> {
        let raw: [u8; 4] = self.take(4)?.try_into().ok()?;
        Some(if self.is_big { u32::from_be_bytes(raw) } else { u32::from_le_bytes(raw) })
    }

    #[inline]
    pub(super) fn u64(&mut self) -> Option<u64> {
        let raw: [u8; 8] = self.take(8)?.try_into().ok()?;
        Some(if self.is_big { u64::from_be_bytes(raw) } else { u64::from_le_bytes(raw) })
    }

    /// An unsigned integer of 1, 2, 3, 4 or 8 bytes.
    #[inline]
    pub(super) fn uint(&mut self, size: u8) -> Option<u64> {
        match size {
            1 => self.u8().map(u64::from),
            2 => self.u16().map(u64::from),
            3 => self.u24().map(u64::from),
            4 => self.u32().map(u64::from),
            8 => self.u64(),
            _ => None,
        }
    }

    /// DWARF 5 §7.6, unsigned LEB128; bits beyond 64 are dropped.
    #[inline]
    pub(super) fn uleb(&mut self) -> Option<u64> {
        let first = self.u8()?;
        if first < 0x80 {
            return Some(u64::from(first));
        }
        let mut value = u64::from(first & 0x7f);
        let mut shift = 7u32;
        loop {
            let byte = self.u8()?;
            if shift < 64 {
                value |= u64::from(byte & 0x7f) << shift;
            }
            shift = shift.saturating_add(7);
            if byte < 0x80 {
                return Some(value);
            }
        }
    }

    /// DWARF 5 §7.6, signed LEB128; bits beyond 64 are dropped.
    #[inline]
    pub(super) fn sleb(&mut self) -> Option<i64> {
        let mut value = 0u64;
        let mut shift = 0u32;
        loop {
            let byte = self.u8()?;
            if shift < 64 {
                value |= u64::from(byte & 0x7f) << shift;
            }
            shift = shift.saturating_add(7);
            if byte < 0x80 {
                if byte & 0x40 != 0 && shift < 64 {
                    value |= u64::MAX << shift;
                }
                return Some(value as i64);
            }
        }
    }

    /// Moves behind the next NUL.
    #[inline]
    pub(super) fn skip_string(&mut self) -> Option<()> {
        let rest = self.bytes.get(self.position..)?;
        let len = memchr::memchr(0, rest)?;
        self.position += len + 1;
        Some(())
    }
}

/// The NUL-terminated string at `offset`.
pub(super) fn string_at(bytes: &[u8], offset: usize) -> Option<&[u8]> {
    let rest = bytes.get(offset..)?;
    let len = memchr::memchr(0, rest)?;
    Some(&rest[..len])
}
