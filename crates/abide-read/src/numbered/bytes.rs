//! Numbers and strings out of bytes of either byte order; what lies outside is `None`.

use memchr::memchr;

/// Longest name that is read; the longest in a kernel has some hundred bytes.
const MAX_NAME_BYTES: usize = 4096;

/// Bytes with a byte order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bytes<'d> {
    pub(crate) data: &'d [u8],
    pub(crate) is_big: bool,
}

impl<'d> Bytes<'d> {
    fn array<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        self.data.get(at..at.checked_add(N)?)?.try_into().ok()
    }

    pub(crate) fn u16(&self, at: usize) -> Option<u16> {
        let bytes = self.array(at)?;
        Some(if self.is_big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    }

    pub(crate) fn u32(&self, at: usize) -> Option<u32> {
        let bytes = self.array(at)?;
        Some(if self.is_big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    pub(crate) fn u64(&self, at: usize) -> Option<u64> {
        let bytes = self.array(at)?;
        Some(if self.is_big { u64::from_be_bytes(bytes) } else { u64::from_le_bytes(bytes) })
    }

    /// `len` bytes from `start`.
    pub(crate) fn part(&self, start: u64, len: u64) -> Option<Bytes<'d>> {
        let (start, len) = (usize::try_from(start).ok()?, usize::try_from(len).ok()?);
        let data = self.data.get(start..start.checked_add(len)?)?;
        Some(Bytes { data, is_big: self.is_big })
    }

    /// Successive numbers of 32 bits.
    pub(crate) fn words(self) -> impl Iterator<Item = u32> {
        (0..self.data.len() / 4).filter_map(move |i| self.u32(i * 4))
    }

    /// Successive entries of `N` numbers of 32 bits.
    pub(crate) fn rows<const N: usize>(self) -> impl Iterator<Item = [u32; N]> {
        self.data.chunks_exact(N * 4).map(move |row| {
            let row = Bytes { data: row, is_big: self.is_big };
            std::array::from_fn(|i| row.u32(i * 4).unwrap_or(0))
        })
    }
}

/// The string at `offset`; one without an end, or a longer one than any compiler makes, is `None`.
pub(crate) fn text_at(strings: &[u8], offset: usize) -> Option<&[u8]> {
    let rest = strings.get(offset..)?;
    let window = &rest[..rest.len().min(MAX_NAME_BYTES + 1)];
    memchr(0, window).map(|end| &window[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_both_orders_and_no_others() {
        let little = Bytes { data: &[1, 2, 3, 4, 5], is_big: false };
        let big = Bytes { is_big: true, ..little };
        assert_eq!((little.u16(0), big.u16(0)), (Some(0x0201), Some(0x0102)));
        assert_eq!((little.u32(1), big.u32(1)), (Some(0x0504_0302), Some(0x0203_0405)));
        assert_eq!((little.u32(2), little.u16(usize::MAX), big.u32(5)), (None, None, None));
        assert_eq!(little.words().collect::<Vec<_>>(), [0x0403_0201]);
        assert!(little.part(4, 1).is_some() && little.part(4, 2).is_none());
        assert!(little.part(u64::MAX, 1).is_none() && little.part(1, u64::MAX).is_none());
    }

    #[test]
    fn strings_end_and_are_not_endless() {
        assert_eq!(text_at(b"\0abc\0", 1), Some(&b"abc"[..]));
        assert_eq!(text_at(b"\0abc\0", 4), Some(&b""[..]));
        assert_eq!((text_at(b"abc", 0), text_at(b"abc\0", 5)), (None, None));
        let mut long = vec![b'x'; MAX_NAME_BYTES + 1];
        long.push(0);
        assert_eq!(text_at(&long, 0), None);
        assert_eq!(text_at(&long, 1).map(<[u8]>::len), Some(MAX_NAME_BYTES));
    }
}
